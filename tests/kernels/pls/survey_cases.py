"""Surveys that the tests of the path-model kernels share: simulated ones, and the published data where they are beside the checkout."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from crmmodels.kernels.moments.moments import Moments
from crmmodels.kernels.pls.design import PathDesign

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
MOBI, SATISFACTION = DATA / "mobi.csv", DATA / "satisfaction.csv"

ECSI = "IMAG>EXP IMAG>SAT IMAG>LOY EXP>QUAL EXP>VAL EXP>SAT QUAL>VAL QUAL>SAT VAL>SAT SAT>COMP SAT>LOY COMP>LOY"
ACSI = "EXP>QUAL EXP>VAL EXP>SAT QUAL>VAL QUAL>SAT VAL>SAT SAT>COMP SAT>LOY COMP>LOY"
MOBI_ITEMS = {"IMAG": "IMAG", "EXP": "CUEX", "QUAL": "PERQ", "VAL": "PERV", "SAT": "CUSA", "COMP": "CUSCO", "LOY": "CUSL"}


def read(path):
    with path.open(newline="") as lines:
        header, *rows = csv.reader(lines)
    numeric = [k for k, name in enumerate(header) if name != "gender"]
    return [header[k] for k in numeric], np.array([[float(row[k]) for k in numeric] for row in rows])


def moments(answers, weight=None):
    if weight is None:
        return Moments(answers.mean(axis=0), np.cov(answers, rowvar=False), float(len(answers)))
    return Moments(
        np.average(answers, axis=0, weights=weight), np.cov(answers, rowvar=False, fweights=weight), float(weight.sum())
    )


def graph(names, edges):
    paths = np.zeros((len(names), len(names)), bool)
    for edge in edges.split():
        start, end = edge.split(">")
        paths[names.index(start), names.index(end)] = True
    return paths


def mobi(edges=ECSI, scheme="path", mode="A"):
    """Names of constructs and items, design and answers of the mobile-phone survey."""
    header, answers = read(MOBI)
    names = [name for name in MOBI_ITEMS if name in edges]
    blocks = tuple(
        np.array([k for k, item in enumerate(header) if item.rstrip("0123456789") == MOBI_ITEMS[name]]) for name in names
    )
    used = np.sort(np.concatenate(blocks))
    blocks = tuple(np.searchsorted(used, block) for block in blocks)
    design = PathDesign(blocks, graph(names, edges), (mode,) * len(names), scheme, len(used))
    return names, [header[k] for k in used], design, answers[:, used]


def simulated_design(modes=None, scheme="path", **options):
    """Five constructs of 3, 2, 4, 1 and 3 items."""
    blocks = tuple(np.array(block) for block in ([0, 1, 2], [3, 4], [5, 6, 7, 8], [9], [10, 11, 12]))
    paths = graph(list("ABCDE"), "A>B A>C B>C B>D C>D C>E D>E")
    modes = ("A",) * 5 if modes is None else tuple(modes)
    return PathDesign(blocks, paths, modes, scheme, 13, **options)


def simulated_answers(n_respondents=70, seed=0, *, whole=True):
    """Answers on 1 to 10 that follow the design's graph, with loadings and scales that differ."""
    rng = np.random.default_rng(seed)
    a = rng.standard_normal(n_respondents)
    b = 0.6 * a + 0.8 * rng.standard_normal(n_respondents)
    c = 0.4 * a + 0.5 * b + 0.7 * rng.standard_normal(n_respondents)
    d = 0.3 * b + 0.4 * c + 0.8 * rng.standard_normal(n_respondents)
    e = 0.5 * c - 0.3 * d + 0.8 * rng.standard_normal(n_respondents)
    latent = np.column_stack([a, b, c, d, e])[:, np.repeat(np.arange(5), [3, 2, 4, 1, 3])]
    noise = rng.uniform(0.4, 1.1, 13) * rng.standard_normal((n_respondents, 13))
    answers = rng.uniform(5, 7, 13) + rng.uniform(0.8, 2.0, 13) * (latent + noise)
    return np.clip(np.round(answers), 1, 10) if whole else answers
