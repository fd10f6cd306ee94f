"""Files and relations of DuckDB."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


_TURN: Final = RLock()
_SHOWN: Final = 80
"""Characters of a line that a message shows."""
ENCODING_ADVICE: Final = (
    "give encoding=, such as 'gb18030' (Chinese Excel), 'cp1252' (Western Excel) or 'utf-16' (Unicode text)"
)


def turn(native: object) -> AbstractContextManager[Any]:
    """Wait for one's turn where a native frame is a relation: a connection of DuckDB serves one caller at a time.

    Parameters
    ----------
    native : object
        A frame, or anything else.

    Returns
    -------
    context manager
        Holds a lock of this process while a relation is worked with; nothing for other frames.
    """
    return _TURN if is_relation(native) else nullcontext()


def errors() -> tuple[type[Exception], ...]:
    """What DuckDB raises where it cannot read; nothing where it is not in use."""
    module = sys.modules.get("duckdb")
    return () if module is None else (module.Error,)


def reason(error: Exception) -> str:
    """Say why an engine failed, and what to do where it ran out of memory.

    Parameters
    ----------
    error : Exception
        What an engine raised.

    Returns
    -------
    str
        One sentence: where a line of a CSV file cannot be read, which and why; its own words elsewhere, with advice of ours
        where it had too little memory.
    """
    module = sys.modules.get("duckdb")
    if module is None or not isinstance(error, module.OutOfMemoryException):
        return (
            _csv_reason(str(error)) if "CSV Error" in str(error) else str(error).partition("\n\nLINE")[0].partition("\nLINE")[0]
        )
    said = str(error).partition("Possible solutions")[0].strip()
    return f"{said}; raise memory_limit=, lower threads=, or free space for what DuckDB puts aside on disk"


def _csv_reason(said: str) -> str:
    """File, line and fault of what DuckDB says of a CSV file on twenty lines."""

    def found(pattern: str) -> str:
        match = re.search(pattern, said, re.MULTILINE)
        return "" if match is None else match.group(1).strip()

    name, line, text = found(r"^ *file = (.*)$"), found(r"CSV Error on Line: (\d+)"), found(r"Original Line: (.*)$")
    place = f"file {Path(name).name!r}, line {line}"
    expected, got = found(r"Expected Number of Columns: (\d+)"), found(r"Found: (\d+)")
    if "unicode" in said.lower():
        return f"{place}: is no text of the encoding 'utf-8'; {ENCODING_ADVICE}"
    shown = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
    if expected and got:
        return f"{place}: has {got} fields where the first line has {expected} ({shown}); correct that line"
    if "quote" in said.lower():
        return f"{place}: a quotation mark is not closed, or stands inside a field ({shown}); correct that line"
    return f"{place}: {found(r'^(?!Invalid Input|Original Line)(.+)$') or said.splitlines()[0]} ({shown}); correct that line"


def with_plain_ids(relation: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """Turn UUIDs into the texts that they are written as, which other frames know."""
    columns = [name for name, kind in zip(relation.columns, relation.types, strict=True) if str(kind) == "UUID"]
    replaced = ", ".join(f"CAST({identifier(name)} AS VARCHAR) AS {identifier(name)}" for name in columns)
    return relation.project(f"* REPLACE ({replaced})") if columns else relation


def renamed(relation: duckdb.DuckDBPyRelation, names: Mapping[str, str]) -> duckdb.DuckDBPyRelation:
    """Give columns other names; in SQL, since the names of expressions are patterns where they hold an asterisk."""
    return relation.project(", ".join(f"{identifier(name)} AS {identifier(to)}" for name, to in names.items()))


def with_day_of_text(relation: duckdb.DuckDBPyRelation, column: str, iso_date: str, day: str) -> duckdb.DuckDBPyRelation:
    """Add the calendar day of ISO 8601 text, missing where it is none; a cast decides on plain dates, which is faster than a pattern."""
    text = identifier(column)
    # A cast alone would take years before the first, which begin with "-" and so come before "0001".
    plain = f"{text} LIKE '____-__-__' AND {text} >= '0001-01-01'"
    of_plain = f"TRY_CAST({text} AS DATE)"
    of_other = f"CASE WHEN regexp_matches({text}, {literal(iso_date)}) THEN CAST({text}[:10] AS DATE) END"
    return relation.project(f"*, CASE WHEN {plain} THEN {of_plain} ELSE {of_other} END AS {identifier(day)}")


def is_relation(frame: object) -> bool:
    """Whether a native frame is a DuckDB relation; does not import DuckDB."""
    return type(frame).__name__ == "DuckDBPyRelation"


def to_arrow(relation: duckdb.DuckDBPyRelation) -> pa.Table:
    """Run a relation and return its rows as an Arrow table."""
    return relation.to_arrow_table()


def answer_relation(
    origin: duckdb.DuckDBPyRelation, answer: pa.Table, ordered: Sequence[tuple[str, Sequence[str]]] = ()
) -> duckdb.DuckDBPyRelation:
    """Relation over an Arrow table on the connection of another relation, so that the two can be joined.

    Parameters
    ----------
    origin : duckdb.DuckDBPyRelation
        A relation of the caller's.
    answer : pyarrow.Table
        The rows.
    ordered : sequence of (str, sequence of str)
        Columns to turn into ENUMs, with their values in order.

    Returns
    -------
    duckdb.DuckDBPyRelation
        The rows of ``answer``.
    """
    enums = "".join(f', "{name}"::ENUM({_quoted(values)}) AS "{name}"' for name, values in ordered)
    replaced = ", ".join(f'"{name}"' for name, _ in ordered)
    columns = f"* EXCLUDE ({replaced}){enums}" if ordered else "*"
    # The relation's connection is not public; a query through the relation runs on it and finds the table in this function by
    # its name, which no table of the caller's has.
    crmmodels_answer_of_this_call = answer  # noqa: F841
    relation = origin.query("crmmodels_origin_of_this_call", f"SELECT {columns} FROM crmmodels_answer_of_this_call")  # noqa: S608
    if relation is None:  # pragma: no cover  (only for statements without a result)
        msg = "DuckDB returned no relation"
        raise TypeError(msg)
    return relation


def part(relation: duckdb.DuckDBPyRelation, column: str, number: int, n_parts: int) -> duckdb.DuckDBPyRelation:
    """Rows of a relation whose value of a column falls into one of so many parts."""
    return relation.filter(f"hash({identifier(column)}) % {n_parts} = {number}")


def to_local_time(relation: duckdb.DuckDBPyRelation, column: str, time_zone: str) -> duckdb.DuckDBPyRelation:
    """Replace a TIMESTAMP WITH TIME ZONE column by the wall-clock time in a time zone."""
    name = identifier(column)
    return relation.project(f"* REPLACE (timezone({literal(time_zone)}, {name}) AS {name})")


def identifier(name: str) -> str:
    """Name of a column in SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Text in SQL."""
    return "'" + text.replace("'", "''") + "'"


def _quoted(values: Sequence[str]) -> str:
    return ", ".join(literal(value) for value in values)
