"""Reliability and validity against the textbook's sums over pairs of items."""

from __future__ import annotations

import math
import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from crmmodels.kernels.pls.design import PathDesign
from crmmodels.kernels.pls.estimates import estimate
from crmmodels.kernels.pls.quality import fornell_larcker, goodness_of_fit, htmt, reliability
from crmmodels.kernels.pls.weights import outer_weights

HERE = Path(__file__).parent
book = SimpleNamespace(**runpy.run_path(str(HERE / "textbook_pls.py")))
cases = SimpleNamespace(**runpy.run_path(str(HERE / "survey_cases.py")))


@pytest.mark.parametrize("standardise", [True, False])
@pytest.mark.parametrize("modes", [("A",) * 5, ("A", "B", "sum", "A", "B")])
def test_reliability_is_that_of_the_textbook(modes, standardise):
    answers = cases.simulated_answers()
    design = cases.simulated_design(modes)
    expected = book.textbook_pls(answers, design.blocks, design.paths, modes, "path", standardise=standardise)
    found = estimate(design, cases.moments(answers), standardised=standardise, tolerance=1e-12)
    columns = [book.standardised(column) if standardise else book.centred(column) for column in answers.T]
    for k, block in enumerate(design.blocks):
        if len(block) == 1:
            assert (found.alpha[k], found.rho_a[k], found.rho_c[k], found.ave[k]) == (1, 1, 1, 1)
            continue
        assert found.alpha[k] == pytest.approx(book.cronbach_alpha(np.column_stack(columns), block))
        assert found.rho_c[k] == pytest.approx(book.composite_reliability(expected.loadings[k]))
        assert found.ave[k] == pytest.approx(np.mean(expected.loadings[k] ** 2))
        rho = book.dijkstra_rho(columns, block, expected.weights[k]) if modes[k] == "A" else 1.0
        assert found.rho_a[k] == pytest.approx(rho)


def test_htmt_is_the_ratio_of_means_over_pairs():
    answers = cases.simulated_answers()
    design = cases.simulated_design()
    found = htmt(design, np.corrcoef(answers, rowvar=False))
    assert found == pytest.approx(found.T)
    assert np.diagonal(found).tolist() == [1.0] * 5
    for i in range(5):
        for j in range(i):
            assert found[i, j] == pytest.approx(book.heterotrait_monotrait(answers, design.blocks[i], design.blocks[j]))


def test_constructs_that_share_items_have_no_htmt():
    design = PathDesign((np.array([0, 1]), np.array([2, 3]), np.arange(4)), np.zeros((3, 3), bool), ("A",) * 3, "path", 4)
    found = htmt(design, np.corrcoef(cases.simulated_answers()[:, :4], rowvar=False))
    assert np.isnan(found[2, :2]).all()
    assert np.isfinite(found[0, 1])


def test_items_without_variance_are_not_counted():
    answers = cases.simulated_answers()
    design = cases.simulated_design()
    matrix = np.corrcoef(answers, rowvar=False)
    matrix[7] = matrix[:, 7] = 0.0
    kept = np.delete(np.arange(13), 7)
    smaller = PathDesign(
        tuple(np.searchsorted(kept, block[block != 7]) for block in design.blocks), design.paths, design.modes, "path", 12
    )
    rest = matrix[np.ix_(kept, kept)]
    assert htmt(design, matrix) == pytest.approx(htmt(smaller, rest))
    found, expected = [], []
    for which, blocks, into in ((design, matrix, found), (smaller, rest, expected)):
        weights = outer_weights(which, blocks).weights
        own = weights[which.entries, which.owners]
        loadings = (blocks @ weights)[which.entries, which.owners]
        present = np.diagonal(blocks)[which.entries] > 0
        quality = reliability(which, blocks, own, loadings, present)
        into += [quality.alpha, quality.rho_a, quality.rho_c, quality.ave]
        into.append(goodness_of_fit(which, loadings, present, np.full(5, 0.5)))
    for a, b in zip(found, expected, strict=True):
        assert a == pytest.approx(b)


def test_parallel_items_have_equal_reliabilities():
    """With equal correlations r of K items, alpha and rho_A are K r / (1 + (K - 1) r) (Spearman and Brown)."""
    matrix = np.full((5, 5), 0.5) + 0.5 * np.eye(5)
    matrix[:4, 4] = matrix[4, :4] = 0.4
    design = PathDesign((np.arange(4), np.array([4])), np.array([[0, 1], [0, 0]], bool), ("A", "A"), "path", 5)
    weights = outer_weights(design, matrix).weights
    own, loadings = weights[design.entries, design.owners], (matrix @ weights)[design.entries, design.owners]
    found = reliability(design, matrix, own, loadings, np.ones(5, bool))
    assert found.alpha[0] == pytest.approx(4 * 0.5 / (1 + 3 * 0.5))
    assert found.rho_a[0] == pytest.approx(4 * 0.5 / (1 + 3 * 0.5))


def test_goodness_of_fit_counts_items_of_blocks_with_several():
    design = PathDesign((np.array([0]), np.array([1, 2])), np.array([[0, 1], [0, 0]], bool), ("A", "A"), "path", 3)
    fit = goodness_of_fit(design, np.array([1.0, 0.8, 0.6]), np.ones(3, bool), np.array([np.nan, 0.5]))
    assert fit == pytest.approx(math.sqrt((0.64 + 0.36) / 2 * 0.5))
    single = PathDesign((np.array([0]), np.array([1])), design.paths, ("A", "A"), "path", 2)
    assert goodness_of_fit(single, np.ones(2), np.ones(2, bool), np.array([np.nan, 0.49])) == pytest.approx(0.7)


def test_fornell_larcker_has_the_roots_of_ave_on_its_diagonal():
    matrix = np.array([[1.0, 0.3], [0.3, 1.0]])
    assert fornell_larcker(np.array([0.49, 0.64]), matrix).tolist() == [[0.7, 0.3], [0.3, 0.8]]
    assert matrix[0, 0] == 1.0
