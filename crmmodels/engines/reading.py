"""Parquet and CSV files opened by DuckDB."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec
from typing import Any

from crmmodels.engines.csv_files import open_csv
from crmmodels.engines.duckdb import reason
from crmmodels.engines.files import Connection, FileColumn, FileOptions, OpenedFiles, kind_of, short
from crmmodels.engines.parquet_files import open_parquet
from crmmodels.exceptions import DataError, MissingDependencyError, ParameterError


def open_files(files: Sequence[str], columns: Sequence[FileColumn], options: FileOptions) -> OpenedFiles:
    """Relation over Parquet or CSV files on a connection of its own; no more than their heads are read.

    Raises DataError where the files do not have the columns, contradict each other or cannot be read, MissingDependencyError without
    DuckDB or PyArrow, ParameterError for a setting that DuckDB does not accept.
    """
    connection = connect(options)
    import duckdb  # noqa: PLC0415  (known to be there)

    try:
        if kind_of(files[0]) == "csv":
            return open_csv(connection, files, columns, options)
        return open_parquet(connection, files, columns, options.reader)
    except duckdb.Error as error:
        culprit = next((name for name in files if name in str(error)), files[0])
        raise DataError(options.reader, [f"DuckDB cannot read {short(culprit)!r}: {reason(error)}"], "path") from error


def require(reader: str) -> None:
    """Refuse to read files without DuckDB, and without PyArrow, by which it answers."""
    for package in ("duckdb", "pyarrow"):
        if not _is_there(package):
            raise MissingDependencyError.needed(f"{reader} reading files", package, "duckdb")


def _is_there(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except (ImportError, ValueError):
        return False


def connect(options: FileOptions) -> Connection:
    """Connection of DuckDB that reads files of this machine only, and never fetches an extension."""
    require(options.reader)
    import duckdb  # noqa: PLC0415  (imported where used: an extra)

    settings: dict[str, Any] = {"memory_limit": options.memory_limit, "threads": options.threads}
    given = {name: value for name, value in settings.items() if value is not None}
    # The operating system caches files already; a copy of DuckDB's own would only take memory.
    own = {
        "enable_external_file_cache": False,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    try:
        connection = duckdb.connect(config={**given, **own})
    except duckdb.Error as error:
        must = f"what DuckDB accepts, such as memory_limit='4GB', threads=4 ({error})"
        raise ParameterError.must_be(options.reader, ", ".join(given), must, tuple(given.values())) from error
    # In a notebook without ipywidgets DuckDB does not tell how far it is, and says so by an error.
    with suppress(duckdb.Error):
        for setting in ("enable_progress_bar_print = false", "enable_progress_bar = true"):
            connection.execute(f"SET {setting}").fetchall()
    return connection
