"""Files and relations of DuckDB."""

from __future__ import annotations

import glob
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, Final

from crmmodels.exceptions import DataError, MissingDependencyError, ParameterError

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


_TURN: Final = RLock()


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
        Its words, with advice of ours instead of DuckDB's where it had too little memory.
    """
    module = sys.modules.get("duckdb")
    if module is None or not isinstance(error, module.OutOfMemoryException):
        return str(error)
    said = str(error).partition("Possible solutions")[0].strip()
    return f"{said}; raise memory_limit=, lower threads=, or free space for what DuckDB puts aside on disk"


def open_files(pattern: str | Path, *, reader: str, memory_limit: str | None, threads: int | None) -> Any:
    """Relation over a Parquet or CSV file, or a glob of them, without reading it.

    Parameters
    ----------
    pattern : str or Path
        Path or glob; the ending says whether the files are Parquet or CSV.
    reader : str
        Who reads, for the error.
    memory_limit : str or None
        Memory that DuckDB may use before it spills to disk, such as "4GB"; its own default for None.
    threads : int or None
        Threads that DuckDB may use; its own default for None.

    Returns
    -------
    duckdb.DuckDBPyRelation
        A relation on a connection of its own.

    Raises
    ------
    MissingDependencyError
        If DuckDB is not installed.
    DataError
        If no file matches, the ending is neither Parquet nor CSV, or DuckDB cannot read the files.
    ParameterError
        If DuckDB does not accept a setting.
    """
    try:
        import duckdb  # noqa: PLC0415  (imported where used: an extra)
    except ImportError as error:
        raise MissingDependencyError.needed(f"{reader} reading files", "duckdb", "duckdb") from error
    path = str(pattern)
    if not glob.glob(path, recursive=True):
        raise DataError(reader, [f"no file matches {path!r}; give a path or a glob such as 'orders/*.parquet'"], "path")
    config: dict[str, str | bool | int | float | list[str]] = {}
    if memory_limit is not None:
        config["memory_limit"] = memory_limit
    if threads is not None:
        config["threads"] = threads
    try:
        # The operating system caches files already; a copy of DuckDB's own would only take memory.
        connection = duckdb.connect(config={**config, "enable_external_file_cache": False})
    except duckdb.Error as error:
        must = f"what DuckDB accepts, such as memory_limit='4GB', threads=4 ({error})"
        raise ParameterError.must_be(reader, ", ".join(config), must, tuple(config.values())) from error
    lowered = path.lower()
    try:
        if lowered.endswith((".parquet", ".pq")):
            return connection.read_parquet(path)
        if lowered.endswith((".csv", ".csv.gz", ".tsv", ".txt")):
            return connection.read_csv(path)
    except duckdb.Error as error:
        raise DataError(reader, [f"DuckDB cannot read {path!r}: {error}"], "path") from error
    if Path(path).is_dir():
        raise DataError(reader, [f"{path!r} is a folder; give a glob such as '{path}/*.parquet'"], "path")
    problem = f"{path!r} ends neither in .parquet nor in .csv (.csv.gz, .tsv, .txt); name the files with their ending"
    raise DataError(reader, [problem], "path")


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
    name = '"' + column.replace('"', '""') + '"'
    return relation.filter(f"hash({name}) % {n_parts} = {number}")


def to_local_time(relation: duckdb.DuckDBPyRelation, column: str, time_zone: str) -> duckdb.DuckDBPyRelation:
    """Replace a TIMESTAMP WITH TIME ZONE column by the wall-clock time in a time zone."""
    name = '"' + column.replace('"', '""') + '"'
    zone = time_zone.replace("'", "''")
    return relation.project(f"* REPLACE (timezone('{zone}', {name}) AS {name})")


def identifier(name: str) -> str:
    """Name of a column in SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Text in SQL."""
    return "'" + text.replace("'", "''") + "'"


def _quoted(values: Sequence[str]) -> str:
    return ", ".join("'" + value.replace("'", "''") + "'" for value in values)
