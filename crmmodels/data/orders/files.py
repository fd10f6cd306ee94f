"""Order logs in files: Parquet and CSV by DuckDB, workbooks by pandas."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import pandas as pd

from crmmodels.data.orders.collecting import Watched
from crmmodels.data.orders.options import READER, refused
from crmmodels.data.orders.roles import ROLES
from crmmodels.engines.engine import engine_named
from crmmodels.engines.files import PLACE, FileColumn, FileOptions, files_of, kind_of, short
from crmmodels.engines.reading import open_files, require
from crmmodels.exceptions import DataError, MissingDependencyError, ParameterError

_OF_CSV: Final = ("encoding", "delimiter", "decimal")
_EXACT: Final = 2**53
"""Whole numbers below this are exact in a spreadsheet."""
_OF_ENGINE: Final = ("memory_limit", "threads")


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A frame that is read as a log.

    Attributes
    ----------
    native : dataframe
        The rows, all columns.
    report : callable or None
        Of files, makes the same rows with `PLACE`, to say what is wrong with them.
    watched : Watched or None
        The engine, where it says how far it is.
    """

    native: Any
    report: Callable[[], Any] | None = None
    watched: Watched | None = None


def open_source(path: str | Path, options: Mapping[str, Any]) -> Source:
    """Open the files that a path or glob names: a relation, with numbers of CSV as floats, or a pandas frame of workbooks."""
    if kind_of(str(path)) != "workbook":
        require(READER)
    files = files_of(path, READER)
    kind = kind_of(files[0])
    unfit = () if kind == "csv" else _OF_CSV
    unfit = (*unfit, *(("sheet",) if kind != "workbook" else (*_OF_ENGINE,)))
    for name in unfit:
        if options[name] is not None:
            raise ParameterError.must_be(READER, name, f"left out for files like {short(files[0])!r}", options[name])
    if kind == "workbook":
        if options["output"] is not None and not engine_named(options["output"]).in_memory:
            raise ParameterError.must_be(READER, "output", "'pandas', 'polars' or 'pyarrow' for workbooks", options["output"])
        return _open_workbooks(files, options)
    roles = {role: options[role] for role in ROLES if options[role] is not None}
    columns = [
        FileColumn(name=column, kind=ROLES[role].kind, meaning=f" ({role}: {ROLES[role].meaning})")
        for role, column in roles.items()
    ]
    columns += [FileColumn(name=name, kind="text", meaning=" (keep)") for name in options["keep"] if name not in roles.values()]
    given = {name: options[name] for name in (*_OF_CSV, *_OF_ENGINE)}
    opened = open_files(files, columns, FileOptions(reader=READER, **given))
    return Source(opened.relation, opened.report, opened)


def _open_workbooks(files: Sequence[str], options: Mapping[str, Any]) -> Source:
    if find_spec("python_calamine") is None:
        raise MissingDependencyError.needed("Orders reading workbooks", "python-calamine", "excel")
    parts: dict[str, pd.DataFrame] = {}
    for path in files:
        for name, sheet in _sheets(path, options["sheet"]).items():
            parts[f"{short(path)} sheet {name!r}" if len(files) > 1 else f"sheet {name!r}"] = sheet
    first = next(iter(parts))
    columns = list(parts[first].columns)
    problems = [
        f"{name} has the columns {list(part.columns)}, and {first} {columns}; give all the same first row, or read them apart"
        for name, part in parts.items()
        if set(part.columns) != set(columns)
    ]
    if problems:
        raise refused(*problems)
    frame = pd.concat([part[columns] for part in parts.values()], ignore_index=True)
    keys = [options[role] for role in ROLES if ROLES[role].kind in {"key", "text"} and options[role] in columns]
    frame = frame.assign(
        **{name: _named_cells(frame[name]) for name in dict.fromkeys((*keys, *options["keep"])) if name in columns}
    )

    def report() -> pd.DataFrame:
        places = [f"{name} row {i + 1}" for name, part in parts.items() for i in part.index]
        return frame.assign(**{PLACE: places})

    return Source(frame, report)


def _sheets(path: str, wanted: str | Sequence[str] | None) -> dict[str, pd.DataFrame]:
    """Sheets of a workbook that are wanted; without a wish its only one that is not empty."""
    try:
        with pd.ExcelFile(path, engine="calamine") as book:
            there = [str(name) for name in book.sheet_names]
            names = there if wanted is None else [wanted] if isinstance(wanted, str) else list(wanted)
            unknown = [name for name in names if name not in there]
            sheets = {name: _cells(book, name) for name in names if name in there}
    except (OSError, ValueError, KeyError) as error:
        raise DataError(READER, [f"file {short(path)!r} cannot be read as a workbook ({error})"], "path") from error
    except Exception as error:  # the reader's own error has no public base class
        if type(error).__module__.partition(".")[0] != "python_calamine":
            raise
        raise DataError(READER, [f"file {short(path)!r} cannot be read as a workbook ({error})"], "path") from error
    if unknown:
        must = f"among the sheets of {short(path)!r}, {there}"
        raise ParameterError.must_be(READER, "sheet", must, unknown[0] if len(unknown) == 1 else unknown)
    filled = {name: sheet for name, sheet in sheets.items() if len(sheet)} if wanted is None else sheets
    if wanted is None and len(filled) > 1:
        raise refused(
            f"file {short(path)!r} has several sheets, {list(filled)}; say which: sheet={next(iter(filled))!r}, or sheet={list(filled)!r}"
        )
    return filled or dict(list(sheets.items())[:1])


def _cells(book: pd.ExcelFile, sheet: str) -> pd.DataFrame:
    """Rows of a sheet below its first, with cells as they are: text stays text, be it "001" or "NA"; empty rows are none."""
    cells = pd.read_excel(book, sheet_name=sheet, header=None, dtype=object, keep_default_na=False, na_values=[""])
    if not len(cells):
        return cells
    if cells.iloc[0].isna().all():
        raise refused(f"sheet {sheet!r} begins with an empty row; its first row must name the columns")
    names = [str(name) if not pd.isna(name) else f"column_{i}" for i, name in enumerate(cells.iloc[0])]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise refused(f"sheet {sheet!r} names columns {repeated} more than once; name each column once")
    return cells.iloc[1:].set_axis(names, axis=1).dropna(how="all")


def _named_cells(cells: pd.Series[Any]) -> pd.Series[Any]:
    """Names as spreadsheets mean them: whole numbers without decimals, and text where cells are of several types."""
    if beyond := [cell for cell in cells if isinstance(cell, int | float) and _EXACT <= abs(cell) < math.inf]:
        raise refused(
            f"column {cells.name!r} holds {len(beyond):,} numbers of more digits than a spreadsheet keeps (such as {beyond[0]:.0f}), so that "
            "different ids are one; store them as text"
        )
    plain = [int(cell) if isinstance(cell, float) and cell.is_integer() else cell for cell in cells]
    whole = pd.Series(plain, index=cells.index, dtype=object, name=cells.name)
    inferred = pd.api.types.infer_dtype(whole, skipna=True)
    if inferred == "integer":
        return whole.astype("Int64")
    return whole.map(str, na_action="ignore").astype(object) if inferred.startswith("mixed") else whole
