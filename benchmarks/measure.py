"""Measure one call in a process of its own: CPU time, wall time, peak memory and what the call added to it.

CPU time is that of all threads, user and system, and is what a noisy machine disturbs least. Peak memory is that of the whole
process during the call, with what it was given; what was added is the peak less what the process held before. With warm calls the first one
is not counted, and the times are medians of the others.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MODULES = (
    "benchmarks.contenders",
    "benchmarks.contenders_purchases",
    "benchmarks.contenders_value",
    "benchmarks.contenders_satisfaction",
    "benchmarks.contenders_lifecycle",
    "benchmarks.record_posterior",
)
STATUS = Path("/proc/self/status")
FIGURES = ("cpu_s", "wall_s", "peak_mb", "added_mb")


def measure(
    contender: str, *arguments: Any, repeat: int = 3, warm: int = 0, blas_threads: int | None = None, timeout_s: float = 3600
) -> dict[str, Any]:
    """Median figures of fresh processes, one per repetition; or why there are none."""
    environment = os.environ if blas_threads is None else {**os.environ, "OPENBLAS_NUM_THREADS": str(blas_threads)}
    runs = [_run(contender, arguments, warm, environment, timeout_s) for _ in range(repeat)]
    if failed := [run["error"] for run in runs if "error" in run]:
        return {"contender": contender, "error": failed[0]}
    medians = {name: statistics.median(run[name] for run in runs) for name in FIGURES}
    spread = [min(run["cpu_s"] for run in runs), max(run["cpu_s"] for run in runs)]
    return {"contender": contender, **medians, "cpu_range_s": spread, "repeat": repeat, "answer": runs[0]["answer"]}


def _run(
    contender: str, arguments: tuple[Any, ...], warm: int, environment: Mapping[str, str], timeout_s: float
) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.measure", contender, json.dumps(arguments), str(warm)]
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired:
        return {"error": f"stopped after {timeout_s:.0f} s"}
    if done.returncode:
        return {"error": (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]}
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def main(contender: str, arguments: str, warm: str) -> None:
    call = _contender(contender)(*json.loads(arguments))
    if int(warm):
        call()
    held = _start_of_peak()
    timings = [_timed(call) for _ in range(max(int(warm), 1))]
    figures = {name: statistics.median(timing[name] for timing in timings) for name in ("cpu_s", "wall_s")}
    peak = _peak_mb()
    print(json.dumps({**figures, "peak_mb": peak, "added_mb": peak - held, "answer": timings[0]["answer"]}))


def _timed(call: Callable[[], Any]) -> dict[str, Any]:
    before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    answer = call()
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"cpu_s": cpu, "wall_s": wall, "answer": answer}


def _contender(name: str) -> Callable[..., Callable[[], Any]]:
    for module in map(importlib.import_module, MODULES):
        if found := getattr(module, name, None):
            return found
    raise LookupError(name)


def _start_of_peak() -> float:
    """What the process holds, from which on Linux its peak starts anew; elsewhere its peak so far, so that what is added may be too little."""
    if STATUS.exists():
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _peak_mb()


def _peak_mb() -> float:
    """Largest memory of the process; on Linux not from getrusage, which counts what the parent held when it started this one."""
    if STATUS.exists():
        line = next(line for line in STATUS.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
