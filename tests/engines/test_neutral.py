"""Nothing above the engines names one, so that adding one changes nothing there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import crmmodels
from crmmodels.engines.engine import ENGINES

ROOT = Path(crmmodels.__file__).parent
FILES = sorted(path for room in ("data", "models") for path in (ROOT / room).rglob("*.py"))
LIBRARIES = ("duckdb", "polars", "pyarrow", "dask", "pyspark", "ibis", "modin", "cudf")
_NAMED = re.compile(r"(?:^|_)(?:" + "|".join(LIBRARIES) + r")(?:_|$)|^is_pandas$|^ArrowDtype$", re.IGNORECASE)


def words(node: ast.AST) -> list[str]:
    """What a node of code names; sentences name nothing."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.arg(arg=name) | ast.keyword(arg=str(name)):
            return [name]
        case ast.Import(names=names):
            return [part for alias in names for part in alias.name.split(".")]
        case ast.ImportFrom(module=module, names=names):
            return [*(module or "").split("."), *(alias.name for alias in names)]
        case ast.Constant(value=str(text)) if " " not in text:
            return [text]
    return []


def named(source: str) -> Iterator[str]:
    """Names, attributes, arguments, imports and words in quotes that name a library."""
    engines = {engine.name for engine in ENGINES}
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name(id="isinstance"), args=[_, classes]):
                kinds = [ast.unparse(part) for part in ast.walk(classes) if isinstance(part, ast.Attribute)]
                # Tables of results, which are pandas, are told from Series.
                if "pd.DataFrame" in kinds and "pd.Series" not in kinds:
                    yield f"line {node.lineno}: isinstance(…, pd.DataFrame)"
        for word in words(node):
            if _NAMED.search(word) or (isinstance(node, ast.Constant) and word in engines):
                yield f"line {node.lineno}: {word}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_engine_is_named(path: Path) -> None:
    assert list(named(path.read_text("utf-8"))) == []


def test_the_files_are_looked_into() -> None:
    assert len(FILES) > 80


@pytest.mark.parametrize(
    "code",
    [
        "import duckdb",
        "from crmmodels.engines import duckdb as engine",
        "from crmmodels.engines.polars_lazy import PolarsLazy",
        "frame.implementation.is_polars()",
        "frame.implementation.is_pandas()",
        "kind == 'pandas'",
        "new_series(name, column, backend='pyarrow')",
        "isinstance(data, pd.DataFrame)",
        "isinstance(data, str | pd.DataFrame)",
        "def of_duckdb(): ...",
    ],
)
def test_what_names_one_is_found(code: str) -> None:
    assert list(named(code))


@pytest.mark.parametrize(
    "code", ["import pandas as pd", "pd.DataFrame({})", "'read by DuckDB'", "isinstance(x, pd.Series)", "def f():\n    'pandas, Polars'"]
)  # fmt: skip
def test_what_names_none_is_not(code: str) -> None:
    assert not list(named(code))
