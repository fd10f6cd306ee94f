"""Public names are loaded when they are first used; editors and type checkers see every one of them."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import crmmodels as crm


def _ran(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    return done.stdout.strip()


def _seen_by_editors() -> dict[str, str]:
    """Module of each name that is imported for type checkers only."""
    (block,) = (node for node in ast.parse(Path(crm.__file__).read_text("utf-8")).body if _is_for_checkers(node))
    return {alias.asname or "": node.module for node in block.body for alias in node.names}


def _is_for_checkers(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def test_every_public_name_is_what_editors_see() -> None:
    seen = _seen_by_editors()
    assert sorted([*seen, *crm.exceptions.__all__]) == crm.__all__
    for name, module in seen.items():
        assert getattr(crm, name) is getattr(import_module(module), name)


def test_importing_loads_nothing_that_is_not_used() -> None:
    loaded = _ran("import sys, crmmodels; print(*sorted(name for name in sys.modules if name.startswith('crmmodels')))")
    assert loaded.split() == ["crmmodels", "crmmodels.exceptions", "crmmodels.models"]
    heavy = ["scipy", "matplotlib", "statsmodels", "duckdb", "polars", "crmmodels.plotting", "crmmodels.models.clv"]
    code = f"import sys, crmmodels as crm; crm.Orders; crm.RFMModel; print([name for name in {heavy} if name in sys.modules])"
    assert _ran(code) == "[]"


def test_names_are_listed_and_others_refused() -> None:
    assert dir(crm) == crm.__all__
    assert _ran("from crmmodels import *; print(RFMModel.__name__, compare.__name__, plotting.__name__)") == (
        "RFMModel compare crmmodels.plotting"
    )
    with pytest.raises(AttributeError, match="module 'crmmodels' has no attribute 'RFModel'"):
        crm.RFModel  # noqa: B018
