"""Environments of peers that do not go with this project's packages or licence, and their scripts run there.

seminr is GPL-3 and plspm breaks on pandas 3. Neither is imported by the package or its tests; each is installed from PyPI into a
virtual environment of its own, made once in the benchmarks' folder, and is run in a process of its own.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PINS = {
    "seminr": ("seminr==0.2.1", "numpy==2.4.6", "scipy==1.17.1"),
    "plspm": (
        "plspm==0.5.7",
        "pandas==2.3.3",
        "numpy==2.4.6",
        "scipy==1.17.1",
        "scikit-learn==1.9.1",
        "statsmodels==0.15.0",
    ),
}
INSTALL_TIMEOUT_S, RUN_TIMEOUT_S = 900, 1800
FIGURES = ("cpu_s", "wall_s")


def environment(peer: str, folder: Path) -> Path | str:
    """Folder of the peer's environment, made if there is none; or why there is none."""
    path = folder / f".venv-{peer}"
    complete = path / "complete"
    pins = "\n".join(PINS[peer])
    if complete.exists() and complete.read_text(encoding="utf-8") == pins:
        return path
    folder.mkdir(parents=True, exist_ok=True)
    python = str(path / "bin" / "python")
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(path)],
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PINS[peer]],
    ):
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired:
            return f"not installed: stopped after {INSTALL_TIMEOUT_S} s"
        if done.returncode:
            return f"not installed: {(done.stderr.strip().splitlines() or ['no reason given'])[-1]}"
    complete.write_text(pins, encoding="utf-8")
    return path


def measure_peer(found: Path | str, script: str, *arguments: str, repeat: int) -> dict[str, Any]:
    """Median figures of fresh processes with one BLAS thread; or why there are none."""
    label = {"contender": "_".join([script, *arguments[2:]])}
    if isinstance(found, str):
        return {**label, "error": found}
    command = [str(found / "bin" / "python"), "-m", f"benchmarks.peers.{script}", *arguments]
    threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    runs = []
    for _ in range(repeat):
        try:
            done = subprocess.run(
                command,
                cwd=ROOT,
                env={**os.environ, **threads},
                capture_output=True,
                text=True,
                timeout=RUN_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return {**label, "error": f"stopped after {RUN_TIMEOUT_S} s"}
        if done.returncode:
            return {**label, "error": (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]}
        runs.append(json.loads(done.stdout.splitlines()[-1]))
    medians = {name: statistics.median(run[name] for run in runs) for name in FIGURES}
    spread = [min(run["cpu_s"] for run in runs), max(run["cpu_s"] for run in runs)]
    kept = {name: runs[0][name] for name in ("n_replicates", "paths", "packages")}
    return {**label, **medians, "cpu_range_s": spread, "repeat": repeat, **kept}
