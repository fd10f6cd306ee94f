"""What is measured of customer value, for benchmarks/__main__.py: accounts by engine and size, fit and score, and referral forests.

Nothing else splits value into six components. What stands beside the accounts is the query that a data scientist would write for
their sum, the discounted contribution of each customer: the ratio is what the split, the checks and the ages cost.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any

from benchmarks.measure import measure
from benchmarks.value_data import retail_files

SIZES = (100_000, 1_000_000, 10_000_000)
REPEAT = {100_000: 5, 1_000_000: 5, 10_000_000: 3}
ENGINES = ("duckdb", "polars", "pandas")
PACKAGES = ("numpy", "scipy", "pandas", "narwhals", "polars", "duckdb")
SMALL_LIMIT = "600MB"
N_DRAWS = 200
FORESTS = (("tenth", 1), ("tenth", "all"), ("random", "all"), ("chain", 1), ("chain", "all"))
FOREST_SIZE = 1_000_000


def value(largest: int, folder: Path) -> dict[str, Any]:
    """Every figure, with no more lines than the largest, and what it was measured on."""
    sizes = [size for size in SIZES if size <= largest]
    runs = []
    for run in chain(_accounts(sizes, folder), _models(sizes, folder), _forests()):
        runs.append(run)
        print(run, flush=True)
    machine = {
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "packages": {name: version(name) for name in PACKAGES},
    }
    return {"machine": machine, "runs": runs}


def _accounts(sizes: list[int], folder: Path) -> Iterator[dict[str, Any]]:
    for size in sizes:
        lines, tables = asdict(retail_files(size, folder)).values()
        for engine in ENGINES:
            about = {"n_lines": size, "engine": engine}
            yield {**about, **measure("value_accounts", engine, lines, tables, repeat=REPEAT[size], blas_threads=1)}
            yield {**about, **measure("own_value_by_hand", engine, lines, repeat=REPEAT[size], blas_threads=1)}
    limited = measure("value_accounts", "duckdb", lines, tables, SMALL_LIMIT, repeat=1, blas_threads=1)
    yield {"n_lines": size, "engine": "duckdb", "memory_limit": SMALL_LIMIT, **limited}


def _models(sizes: list[int], folder: Path) -> Iterator[dict[str, Any]]:
    for size in sizes:
        lines, tables = asdict(retail_files(size, folder)).values()
        few = 1 if size == max(SIZES) else REPEAT[size]
        yield {"n_lines": size, **measure("value_fit", lines, tables, repeat=REPEAT[size], blas_threads=1)}
        for n_draws in (1, N_DRAWS):
            measured = measure("value_score", lines, tables, n_draws, repeat=few, blas_threads=1)
            yield {"n_lines": size, "n_draws": n_draws, **measured}
    for engine, limit in (("duckdb", None), ("polars", None), ("duckdb", SMALL_LIMIT)):
        measured = measure("value_whole", engine, lines, tables, N_DRAWS, limit, repeat=1, blas_threads=1)
        about = {"n_lines": size, "engine": engine, "n_draws": N_DRAWS}
        yield {**about, **({} if limit is None else {"memory_limit": limit}), **measured}


def _forests() -> Iterator[dict[str, Any]]:
    for kind, generations in FORESTS:
        measured = measure("referral_forest", kind, FOREST_SIZE, generations, repeat=5, blas_threads=1)
        yield {"n_customers": FOREST_SIZE, "forest": kind, "generations": generations, **measured}
