"""Replicates by plspm, in its own environment: python -m benchmarks.peers.plspm_replicates MODEL N.

Its bootstrap makes at least 100, in a process beside, and keeps weights, loadings, paths, total effects and R². Items are declared
numeric, so that each is standardised in each replicate; ``scaled=True`` does not standardise them one by one and finds other paths (0.494
for the first). Standardised beforehand, and not again in each replicate, they cost half as much again. The one fit that comes with the bootstrap is taken off.
"""

from __future__ import annotations

import json
import sys
import warnings

import pandas as pd
from plspm import config
from plspm.mode import Mode
from plspm.plspm import Plspm
from plspm.scale import Scale
from plspm.scheme import Scheme

from benchmarks.peers.timing import print_result, timed

MAX_ITERATIONS, TOLERANCE = 300, 1e-7
LEAST = 100


def main(model: str, n_replicates: str) -> None:
    warnings.simplefilter("ignore")
    given, n = json.loads(model), max(LEAST, int(n_replicates))
    answers = pd.read_csv(given["file"]).astype(float)
    structure = config.Structure()
    for source, target in given["paths"]:
        structure.add_path([source], [target])
    design = config.Config(structure.path(), default_scale=Scale.NUM)
    for name, items in given["indicators"].items():
        design.add_lv(name, Mode.A, *map(config.MV, items))
    fitted = Plspm(answers, design, Scheme.PATH, MAX_ITERATIONS, TOLERANCE)

    def replicates() -> None:
        found = Plspm(answers, design, Scheme.PATH, MAX_ITERATIONS, TOLERANCE, True, n, 1).bootstrap()
        if found.weights().isna().to_numpy().any():
            raise RuntimeError("no replicate succeeded")

    estimate = timed(lambda: Plspm(answers, design, Scheme.PATH, MAX_ITERATIONS, TOLERANCE))
    whole = timed(replicates)
    figures = {name: whole[name] - estimate[name] for name in whole}
    direct = fitted.effects().set_index(["from", "to"])["direct"]
    paths = [float(direct[tuple(path)]) for path in given["paths"]]
    packages = ("plspm", "pandas", "numpy", "scipy", "scikit-learn", "statsmodels")
    print_result(packages, **figures, n_replicates=n, paths=paths)


if __name__ == "__main__":
    main(*sys.argv[1:])
