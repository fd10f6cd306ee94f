"""Print constraints: the oldest version that pyproject.toml allows of what it names, constraints.txt for everything else."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BOUND = re.compile(r"([\w.-]+)>=([\w.]+)")


def oldest() -> dict[str, str]:
    """Name of each package that users may install to its lower bound."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    bounds = (BOUND.fullmatch(requirement) for group in groups for requirement in group)
    return {bound[1].lower(): bound[2] for bound in bounds if bound}


def main() -> None:
    """Print one line per package."""
    lowest = oldest()
    pinned = (line.split("==") for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines())
    for name, version in sorted({name.lower(): version for name, version in pinned}.items() | lowest.items()):
        if version == lowest.get(name, version):
            print(f"{name}=={version}")


if __name__ == "__main__":
    main()
