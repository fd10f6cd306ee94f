"""CPU time of one call in a process of its own, of its children too, and what the process ran with."""

from __future__ import annotations

import json
import platform
import resource
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any


def timed(call: Callable[[], Any]) -> dict[str, float]:
    """Seconds of the call."""
    before, started = _cpu_seconds(), time.perf_counter()
    call()
    return {"cpu_s": _cpu_seconds() - before, "wall_s": time.perf_counter() - started}


def print_result(packages: Sequence[str], **figures: Any) -> None:
    """One line of JSON, the last that the process prints."""
    versions = {"python": platform.python_version(), **{name: version(name) for name in packages}}
    print(json.dumps({**figures, "packages": versions}))


def _cpu_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(of.ru_utime + of.ru_stime for of in used)
