"""Measure one call in a process of its own: CPU time, wall time and peak memory.

CPU time is that of all threads, user and system, and is what a noisy machine disturbs least. Peak memory is that of the whole
process, with what the call was given.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def measure(contender: str, *arguments: Any, repeat: int = 3, timeout_s: float = 3600) -> dict[str, Any]:
    """Median figures of fresh processes, one per repetition; or why there are none."""
    runs = [_run(contender, arguments, timeout_s) for _ in range(repeat)]
    if failed := [run["error"] for run in runs if "error" in run]:
        return {"contender": contender, "error": failed[0]}
    medians = {name: statistics.median(run[name] for run in runs) for name in ("cpu_s", "wall_s", "peak_mb")}
    spread = [min(run["cpu_s"] for run in runs), max(run["cpu_s"] for run in runs)]
    return {"contender": contender, **medians, "cpu_range_s": spread, "repeat": repeat, "answer": runs[0]["answer"]}


def _run(contender: str, arguments: tuple[Any, ...], timeout_s: float) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.measure", contender, json.dumps(arguments)]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=timeout_s, check=False)
    except subprocess.TimeoutExpired:
        return {"error": f"stopped after {timeout_s:.0f} s"}
    if done.returncode:
        return {"error": (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]}
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def main(contender: str, arguments: str) -> None:
    from benchmarks import contenders

    call = getattr(contenders, contender)(*json.loads(arguments))
    before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    answer = call()
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"cpu_s": cpu, "wall_s": wall, "peak_mb": after.ru_maxrss / 1024, "answer": answer}))


if __name__ == "__main__":
    main(*sys.argv[1:])
