"""Check what `make dist` built, with nothing installed but the wheel and its base packages."""

import importlib.util
import sys
import tarfile
import zipfile
from pathlib import Path

import pandas as pd

import crmmodels as crm

ROOT = Path(__file__).resolve().parent.parent
EXTRAS = ("duckdb", "lifetimes", "matplotlib", "polars", "pyarrow", "python_calamine")


def check(*, holds: bool, message: str) -> None:
    """Leave with a message where something does not hold."""
    if not holds:
        sys.exit(message)


def check_files() -> None:
    """The wheel holds the package and nothing else; the sources hold what its tests need."""
    (wheel,), (sources,) = (ROOT / "dist").glob("*.whl"), (ROOT / "dist").glob("*.tar.gz")
    packed = set(zipfile.ZipFile(wheel).namelist())
    foreign = sorted(name for name in packed if not name.startswith(("crmmodels/", "crmmodels-")))
    check(holds=not foreign, message=f"{wheel.name} holds {foreign}")
    expected = {path.relative_to(ROOT).as_posix() for path in (ROOT / "crmmodels").rglob("*.py")} | {"crmmodels/py.typed"}
    check(holds=expected <= packed, message=f"{wheel.name} lacks {sorted(expected - packed)}")
    with tarfile.open(sources) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    needed = {"pyproject.toml", "constraints.txt", "Makefile", "LICENSE", "tests/saved/test_saved.py", "docs/figures.py"}
    check(holds=needed <= names, message=f"{sources.name} lacks {sorted(needed - names)}")
    left = sorted(name for name in names if "__pycache__" in name or name.startswith((".venv", ".cache", "docs/_build")))
    check(holds=not left, message=f"{sources.name} holds {left[:5]}")
    print(f"{wheel.name}: {len(packed)} files; {sources.name}: {len(names)} files")


def check_package() -> None:
    """Without extras, an order log in pandas becomes scores and segments."""
    check(holds=not Path(crm.__file__).is_relative_to(ROOT / "crmmodels"), message="the checkout was imported, not the wheel")
    found = [name for name in EXTRAS if importlib.util.find_spec(name)]
    check(holds=not found, message=f"this environment is to hold base packages only, but has {found}")
    orders = pd.DataFrame(
        {
            "customer": ["ann", "ann", "bob", "cem", "cem", "cem", "dee", "eve"],
            "date": pd.to_datetime(
                ["2026-01-05", "2026-03-01", "2026-01-07"] + ["2026-02-01", "2026-02-20", "2026-03-05"] + ["2026-02-02"] * 2
            ),
            "money": [10.0, 20.0, 5.0, 30.0, 40.0, 50.0, 8.0, 9.0],
        }
    )
    customers = crm.Orders(orders, customer="customer", time="date", amount="money").customers()
    model = crm.RFMModel(n_bins=2, segments="eight").fit(customers)
    table = model.score(customers).assign(segment=model.segment(customers))
    check(
        holds=list(customers["customer_id"]) == ["ann", "bob", "cem", "dee", "eve"],
        message=f"unexpected customers:\n{customers}",
    )
    check(holds=table["segment"].astype(str)[2] == "key value", message=f"the best customer is not the best:\n{table}")
    print(table.to_string())


if __name__ == "__main__":
    check_files()
    check_package()
