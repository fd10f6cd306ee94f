"""Replicates by Python seminr, in its own environment: python -m benchmarks.peers.seminr_replicates MODEL N bootstrap|summaries.

Its own bootstrap keeps weights, loadings, paths, total effects and HTMT of each replicate. What else is fitted (R², f², VIF, reliability,
cross-loadings) it reports in the summary of an estimate; with ``summaries`` each replicate is an estimate and its summary.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import seminr

from benchmarks.peers.timing import print_result, timed

WARM = 3


def main(model: str, n_replicates: str, kind: str) -> None:
    given = json.loads(model)
    with Path(given["file"]).open(newline="", encoding="utf-8") as lines:
        names, *rows = csv.reader(lines)
    answers, n = np.array(rows, np.float64), int(n_replicates)
    measurement = seminr.constructs(*(seminr.composite(name, list(items)) for name, items in given["indicators"].items()))
    structure = seminr.relationships(*(seminr.paths(source, target) for source, target in given["paths"]))

    def estimate(rows: Any) -> Any:
        return seminr.estimate_pls((names, rows), measurement, structure)

    def summaries(replicates: int) -> None:
        rng = np.random.default_rng(0)
        for _ in range(replicates):
            seminr.summarize(estimate(answers[rng.integers(0, len(answers), len(answers))]))

    fitted = estimate(answers)
    replicate = {"bootstrap": lambda m: seminr.bootstrap_model(fitted, nboot=m, seed=0), "summaries": summaries}[kind]
    replicate(WARM)
    figures = timed(lambda: replicate(n))
    paths = [float(fitted.path_coef.get(source, target)) for source, target in given["paths"]]
    print_result(("seminr", "numpy", "scipy"), **figures, n_replicates=n, paths=paths)


if __name__ == "__main__":
    main(*sys.argv[1:])
