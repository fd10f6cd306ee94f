"""What is measured of the purchase models, for benchmarks/__main__.py: fits, scores, values and posteriors, with lifetimes beside.

All have one BLAS thread: those of OpenBLAS wait for each other in a busy loop, so that CPU time would tell how busy the machine is.
What multiplies matrices most, values and posteriors, is measured with the threads as they are, too.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any

from benchmarks.measure import measure
from benchmarks.purchase_data import UNIFORM, customer_file

MODELS = ("beta_geo", "pareto_nbd")
MILLION = 1_000_000
SIZES = (10_000, 100_000, MILLION, 10_000_000)
PACKAGES = ("numpy", "scipy", "pandas", "lifetimes")
# Of each model, how many customers lifetimes fits within minutes, and how often that is measured.
LIFETIMES_SIZES = {"beta_geo": {10_000: 3, 100_000: 3, MILLION: 3}, "pareto_nbd": {10_000: 3, 100_000: 1}}
# Of customers who never drop out; the fit is compared with that of as many who do.
UNIFORM_SIZES = (20_000, 600_000)
REPEAT = {10_000: 7, 100_000: 7, MILLION: 7, 10_000_000: 1}


def purchases(largest: int, folder: Path) -> dict[str, Any]:
    """Every figure, with no more customers than the largest, and what it was measured on."""
    runs = []
    for run in chain(
        _cdnow(),
        _sizes(largest, folder),
        _edges(largest, folder),
        _spend(folder),
        _scores(folder),
        _posteriors(folder),
        _quantiles(),
    ):
        runs.append(run)
        print(run, flush=True)
    machine = {
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "packages": {name: version(name) for name in PACKAGES},
    }
    return {"machine": machine, "runs": runs}


def _cdnow() -> Iterator[dict[str, Any]]:
    """Fits in a process that has fitted before."""
    for model in MODELS:
        for name, warm in (("fit_ours", 15), ("fit_lifetimes", 5)):
            yield {"data": "cdnow", "model": model, **_measured(name, model, repeat=7, warm=warm)}


def _sizes(largest: int, folder: Path) -> Iterator[dict[str, Any]]:
    """Fits of ever more customers."""
    for model in MODELS:
        for size in (size for size in SIZES if size <= largest):
            file = customer_file(model, size, folder)
            yield {"n_customers": size, "model": model, **_measured("fit_ours", model, file, repeat=REPEAT[size])}
            if repeat := LIFETIMES_SIZES[model].get(size):
                yield {"n_customers": size, "model": model, **_measured("fit_lifetimes", model, file, repeat=repeat)}


def _edges(largest: int, folder: Path) -> Iterator[dict[str, Any]]:
    """Fits of Pareto/NBD where nobody drops out, and beside them those of as many customers who do; the ratio of medians is told."""
    for size in (size for size in UNIFORM_SIZES if size <= largest):
        for data in ("drawn", UNIFORM):
            file = customer_file("pareto_nbd" if data == "drawn" else UNIFORM, size, folder)
            yield {
                "n_customers": size,
                "data": data,
                "model": "pareto_nbd",
                **_measured("fit_quietly", "pareto_nbd", file, repeat=7),
            }


def _spend(folder: Path) -> Iterator[dict[str, Any]]:
    file = customer_file("gamma_gamma", MILLION, folder)
    for name, repeat in (("fit_ours", 7), ("fit_lifetimes", 3)):
        yield {"n_customers": MILLION, "model": "gamma_gamma", **_measured(name, "gamma_gamma", file, repeat=repeat)}


def _scores(folder: Path) -> Iterator[dict[str, Any]]:
    """Scores of a million customers, and their values over three years."""
    for model in MODELS:
        file = customer_file(model, MILLION, folder)
        for name, repeat in (("score_ours", 7), ("score_lifetimes", 5), ("value_ours", 7), ("value_lifetimes", 1)):
            yield {"n_customers": MILLION, "model": model, **_measured(name, model, file, repeat=repeat)}


def _posteriors(folder: Path) -> Iterator[dict[str, Any]]:
    """4,000 draws, and the values once more."""
    for model in MODELS:
        file = customer_file(model, MILLION, folder)
        for threads in (1, None):
            yield {"data": "cdnow", "model": model, **_measured("posterior_ours", model, repeat=3, threads=threads)}
            yield {
                "n_customers": MILLION,
                "model": model,
                **_measured("posterior_ours", model, file, repeat=3, threads=threads),
            }
        yield {"n_customers": MILLION, "model": model, **_measured("value_ours", model, file, repeat=7, threads=None)}


def _quantiles() -> Iterator[dict[str, Any]]:
    """Posteriors at the priors at which NUTS was recorded."""
    for model in MODELS:
        yield {"data": "cdnow", "model": model, **_measured("quantiles_ours", model, repeat=3)}


def _measured(contender: str, *arguments: Any, repeat: int, warm: int = 0, threads: int | None = 1) -> dict[str, Any]:
    return {"blas_threads": threads, **measure(contender, *arguments, repeat=repeat, warm=warm, blas_threads=threads)}
