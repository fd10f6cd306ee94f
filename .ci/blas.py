"""Run a command where the linear algebra rounds otherwise: as on other processors, and with two threads.

    python .ci/blas.py COMMAND ...

A machine that sets OPENBLAS_CORETYPE itself says which kernels it computes right with, and is left at that.
"""

import os
import platform
import subprocess
import sys

KERNELS = {"Haswell": {"Haswell"}, "Prescott": {"Prescott", "Katmai"}}
"""Names by which OpenBLAS calls the kernels that it was asked for; those of the Prescott stand for all older ones."""
SHOW = """
import numpy, scipy.linalg, threadpoolctl
for pool in threadpoolctl.threadpool_info():
    if pool["internal_api"] == "openblas":
        print(pool["architecture"], pool["num_threads"])
"""


def settings() -> list[dict[str, str]]:
    """What to set for each run."""
    two_threads = {"OPENBLAS_NUM_THREADS": "2"}
    if platform.machine() not in {"x86_64", "AMD64"}:
        print("no x86 processor: run with two threads only")
        return [two_threads]
    if given := os.environ.get("OPENBLAS_CORETYPE"):
        print(f"this machine asks for the kernels of {given} itself: run with two threads only")
        return [two_threads]
    return [*({"OPENBLAS_CORETYPE": kernel, "OPENBLAS_NUM_THREADS": "1"} for kernel in KERNELS), two_threads]


def check(setting: dict[str, str]) -> None:
    """Leave where a setting is not in force in NumPy and SciPy."""
    shown = subprocess.run([sys.executable, "-c", SHOW], env=os.environ | setting, check=True, capture_output=True, text=True)
    pools = [line.split() for line in shown.stdout.splitlines()]
    print(f"\n{' '.join(f'{name}={value}' for name, value in setting.items())}: OpenBLAS {pools}", flush=True)
    wanted = KERNELS.get(setting.get("OPENBLAS_CORETYPE", ""), {kernel for kernel, _ in pools})
    threads = {str(min(int(setting["OPENBLAS_NUM_THREADS"]), os.cpu_count() or 1))}
    if not pools or not {kernel for kernel, _ in pools} <= wanted or {threads_of for _, threads_of in pools} != threads:
        sys.exit("which is not what was set")


def main(command: list[str]) -> int:
    """Run a command with each setting; the number of settings with which it failed."""
    failed = []
    for setting in settings():
        check(setting)
        if subprocess.run(command, env=os.environ | setting, check=False).returncode:
            failed.append(setting)
    for setting in failed:
        print(f"failed with {setting}", file=sys.stderr)
    return len(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
