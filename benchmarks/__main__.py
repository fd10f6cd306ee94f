"""Measure everything that docs/explanation/performance.md shows: python -m benchmarks [--only SECTION ...] [--largest 10000000] [--write].

Each figure is the median of fresh processes. With --write the results replace those sections of benchmarks/results.json, from which
the page is made. The order logs take an hour at the largest, the purchase models and customer value a quarter of one
each, satisfaction and lifecycle some minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.data import LINES_PER_CUSTOMER, order_files
from benchmarks.lifecycle import lifecycle
from benchmarks.measure import measure
from benchmarks.purchases import purchases
from benchmarks.satisfaction import satisfaction
from benchmarks.value import value

RESULTS = Path(__file__).resolve().parent / "results.json"
SECTIONS = ("import", "rfm", "customers", "purchases", "value", "satisfaction", "lifecycle")
OWN_MACHINE = {"purchases", "value", "satisfaction", "lifecycle"}
"""Sections that say themselves what they were measured on."""
SIZES = (1_000_000, 10_000_000, 100_000_000)
LAZY = ("duckdb_ours", "duckdb_by_hand", "polars_ours", "polars_by_hand")
IN_MEMORY = ("pandas_ours", "lifetimes")
LARGEST_IN_MEMORY = 10_000_000
LARGEST_POLARS = 100_000_000
REPEAT = {1_000_000: 5, 10_000_000: 5, 100_000_000: 3}
SMALL_LIMIT = "3GB"


def customers(largest: int, folder: Path) -> list[dict[str, Any]]:
    """Orders.customers() against queries written by hand, and lifetimes."""
    results = []
    for size in (size for size in SIZES if size <= largest):
        files = order_files(size, folder)
        names = [name for name in LAZY if "duckdb" in name or size <= LARGEST_POLARS]
        for name in (*names, *(IN_MEMORY if size <= LARGEST_IN_MEMORY else ())):
            results.append({"n_lines": size, **measure(name, files, repeat=REPEAT[size])})
            print(results[-1], flush=True)
    results.append({"n_lines": size, "memory_limit": SMALL_LIMIT, **measure("duckdb_ours", files, SMALL_LIMIT, repeat=1)})
    print(results[-1], flush=True)
    return results


def rfm(repeat: int = 7) -> list[dict[str, Any]]:
    """RFM of a million customers against the common snippet."""
    return [{"n_customers": 1_000_000, **measure(name, 1_000_000, repeat=repeat)} for name in ("rfm_ours", "rfm_by_qcut")]


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    packages = ("numpy", "pandas", "narwhals", "polars", "duckdb", "lifetimes")
    return {
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "packages": {name: version(name) for name in packages},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--largest",
        type=float,
        default=10_000_000,
        help="most order lines, or ten times the customers; 1e8 needs 4 GB of disk and an hour",
    )
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "crmmodels-benchmarks")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=SECTIONS, help="sections to measure")
    parser.add_argument("--write", action="store_true", help="replace these sections of benchmarks/results.json")
    arguments = parser.parse_args()
    measured = {
        "import": lambda: measure("import_ours", repeat=9),
        "rfm": rfm,
        "customers": lambda: customers(int(arguments.largest), arguments.folder),
        "purchases": lambda: purchases(int(arguments.largest) // LINES_PER_CUSTOMER, arguments.folder),
        "value": lambda: value(int(arguments.largest), arguments.folder),
        "satisfaction": lambda: satisfaction(int(arguments.largest) // LINES_PER_CUSTOMER, arguments.folder),
        "lifecycle": lambda: lifecycle(int(arguments.largest) // LINES_PER_CUSTOMER),
    }
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    if set(arguments.only) - OWN_MACHINE:
        results["machine"] = machine()
    results |= {section: measured[section]() for section in SECTIONS if section in arguments.only}
    if arguments.write:
        RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
