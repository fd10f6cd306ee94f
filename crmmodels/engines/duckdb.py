"""Files and relations of DuckDB."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, Final

import narwhals as nw

from crmmodels.engines.any_frame import AnyFrame, repeated
from crmmodels.engines.engine import TypedFrame
from crmmodels.engines.text_dates import FIRST_OF_1900S, ISO_DATE, MONTHS, UNMATCHED, DatePattern

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


_TURN: Final = RLock()
_SHOWN: Final = 80
"""Characters of a line that a message shows."""
ENCODING_ADVICE: Final = (
    "give encoding=, such as 'gb18030' (Chinese Excel), 'cp1252' (Western Excel) or 'utf-16' (Unicode text)"
)


class DuckDB(AnyFrame):
    """Relations: plans in SQL, of which rows come back as Arrow. A connection serves one caller at a time."""

    name = "duckdb"
    plans = True
    preserves_order = False
    is_divisible = True
    keeps_zones = False

    def owns(self, native: object) -> bool:
        return type(native).__name__ == "DuckDBPyRelation"

    def locked(self) -> AbstractContextManager[Any]:
        return _TURN

    def odd_columns(self, native: Any) -> str | None:
        return repeated(native.columns)

    def typed(self, native: Any, wanted: Mapping[str, tuple[str, str]], time_zone: str | None) -> TypedFrame:
        types = {name: str(kind) for name, kind in zip(native.columns, native.types, strict=True)}
        # UUIDs become the texts that they are written as, which other frames know.
        texts = {name: f"CAST({identifier(name)} AS VARCHAR)" for name, kind in types.items() if kind == "UUID"}
        time = wanted["time"][0]
        is_local = time_zone is not None and types.get(time) == "TIMESTAMP WITH TIME ZONE"
        if time_zone is not None and is_local:
            texts[time] = f"timezone({literal(time_zone)}, {identifier(time)})"
        replaced = ", ".join(f"{text} AS {identifier(name)}" for name, text in texts.items())
        relation = native.project(f"* REPLACE ({replaced})") if texts else native
        return TypedFrame(super().typed(relation, wanted, time_zone).native, is_local=is_local)

    def renamed(self, native: Any, names: Mapping[str, str]) -> Any:
        return native.project(", ".join(f"{identifier(name)} AS {identifier(to)}" for name, to in names.items()))

    def with_iso_dates(self, native: Any, column: str, pattern: DatePattern, *, is_float: bool = False) -> Any:
        name = identifier(column)
        text = f"CAST({name} AS VARCHAR)"
        text = f"regexp_replace({text}, '[.]0$', '')" if is_float else text
        return native.project(f"* REPLACE ({_iso_text(text, pattern)} AS {name})")

    def with_day(self, native: Any, column: str, day: str) -> Any:
        text = identifier(column)
        # A cast decides on plain dates faster than a pattern, but alone would take years before the first, which begin with "-".
        plain = f"{text} LIKE '____-__-__' AND {text} >= '0001-01-01'"
        of_plain = f"TRY_CAST({text} AS DATE)"
        of_other = f"CASE WHEN regexp_matches({text}, {literal(ISO_DATE)}) THEN CAST({text}[:10] AS DATE) END"
        return native.project(f"*, CASE WHEN {plain} THEN {of_plain} ELSE {of_other} END AS {identifier(day)}")

    def part(self, native: Any, column: str, number: int, n_parts: int) -> Any:
        return native.filter(f"hash({identifier(column)}) % {n_parts} = {number}")

    def answer(self, origin: Any, rows: nw.DataFrame[Any], ordered: Sequence[tuple[str, Sequence[str]]] = ()) -> Any:
        with self.locked():
            return answer_relation(origin, rows.to_arrow(), ordered)

    def errors(self) -> tuple[type[Exception], ...]:
        return (*super().errors(), sys.modules["duckdb"].Error)

    def reason(self, error: Exception) -> str:
        return reason(error)


def reason(error: Exception) -> str:
    """One sentence: where a line of a CSV file cannot be read, which and why; where memory was short, what to do."""
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


def answer_relation(
    origin: duckdb.DuckDBPyRelation, answer: pa.Table, ordered: Sequence[tuple[str, Sequence[str]]] = ()
) -> duckdb.DuckDBPyRelation:
    """Relation over an Arrow table on the connection of another relation; ``ordered`` columns are ENUMs of their values."""
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


def identifier(name: str) -> str:
    """Name of a column in SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Text in SQL."""
    return "'" + text.replace("'", "''") + "'"


def _quoted(values: Sequence[str]) -> str:
    return ", ".join(literal(value) for value in values)


def _iso_text(text: str, pattern: DatePattern) -> str:
    """ISO 8601 text of a text in SQL."""
    expression = literal(pattern.expression)
    group = {name: f"regexp_extract({text}, {expression}, {i})" for i, name in enumerate(pattern.parts, 1)}
    padded = {name: f"lpad({value}, 2, '0')" for name, value in group.items()}
    year = group.get("year") or (
        f"CASE WHEN {group['short_year']} >= '{FIRST_OF_1900S}' THEN '19' ELSE '20' END || {group['short_year']}"
    )
    month = padded.get("month")
    if month is None:
        names = ", ".join(literal(name) for name in MONTHS)
        month = f"lpad(CAST(list_position([{names}], lower(left({group['month_name']}, 3))) AS VARCHAR), 2, '0')"
    iso = f"({year}) || '-' || {month} || '-' || {padded['day']}"
    if "hour" in group:
        hour = padded["hour"]
        if "half" in group:
            half = f"CASE WHEN lower(left({group['half']}, 1)) = 'p' THEN 12 ELSE 0 END"
            hour = f"lpad(CAST(CAST({group['hour']} AS INTEGER) % 12 + {half} AS VARCHAR), 2, '0')"
        iso += (
            f" || 'T' || {hour} || ':' || {padded.get('minute', literal('00'))} || ':' || {padded.get('second', literal('00'))}"
        )
    is_date = f"regexp_full_match({text}, {expression}) AND regexp_matches({iso}, {literal(ISO_DATE)})"
    return f"CASE WHEN {is_date} THEN {iso} ELSE {literal(UNMATCHED)} || {text} END"
