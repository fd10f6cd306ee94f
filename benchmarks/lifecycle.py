"""What is measured of the lifecycle model, for benchmarks/__main__.py: EM, fits and scores, with hmmlearn beside."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from typing import Any

from benchmarks.measure import measure

CUSTOMERS = 100_000
MILLION = 1_000_000
ITERATIONS = 5
GRIDS = (7, 11)
PACKAGES = ("numpy", "scipy", "pandas", "hmmlearn")


def lifecycle(largest: int = MILLION) -> dict[str, Any]:
    """Every figure, with no more customers than the largest, and what it was measured on."""
    n = min(CUSTOMERS, largest)
    plan: list[tuple[str, tuple[Any, ...], int]] = [
        *(("em_step_ours", (n, grid), 5) for grid in GRIDS),
        ("lifecycle_fit_ours", (n,), 3),
        ("em_alike_ours", (n, ITERATIONS), 5),
        ("em_alike_hmmlearn", (n, ITERATIONS), 1),
        ("lifecycle_score_ours", (min(MILLION, largest),), 3),
    ]
    runs = []
    for contender, arguments, repeat in plan:
        runs.append({"arguments": list(arguments), **measure(contender, *arguments, repeat=repeat, blas_threads=1)})
        print(runs[-1], flush=True)
    machine = {
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "packages": {name: version(name) for name in PACKAGES},
    }
    return {"machine": machine, "runs": runs}
