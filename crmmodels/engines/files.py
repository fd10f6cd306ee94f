"""Parquet and CSV files, read by DuckDB: columns by name, types without loss, nothing guessed."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from crmmodels.engines.duckdb import identifier, literal, reason
from crmmodels.exceptions import DataError, MissingDependencyError, ParameterError, missing_column

if TYPE_CHECKING:
    import duckdb

Connection = Any
PLACE: Final = "place_of_crmmodels"
"""Column of a report that names file and line of a row."""
RAW: Final = "text_of_crmmodels_"
"""Prefix of the columns of a report that hold the text of a number."""
_FILE: Final = "file_of_crmmodels"
PARQUET: Final = (".parquet", ".pq")
CSV: Final = tuple(kind + packed for kind in (".csv", ".tsv", ".txt") for packed in ("", ".gz"))
WORKBOOKS: Final = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
_INTEGERS: Final = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
_STAMPS: Final = ("DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS")
_EXACT: Final = 2**53
"""Whole numbers up to this are exact as floats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileColumn:
    """A column that is wanted of files.

    Attributes
    ----------
    name : str
        Its name.
    kind : {"key", "time", "number", "text"}
        What it must hold.
    meaning : str
        What it is wanted for, after its name in a message.
    """

    name: str
    kind: Literal["key", "time", "number", "text"]
    meaning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOptions:
    """How files are read.

    Attributes
    ----------
    reader : str
        Who reads, for errors.
    encoding, delimiter, decimal : str or None
        Of CSV files: the encoding of their text (UTF-8 for None), the sign between two fields, and that before decimals.
    memory_limit : str or None
        Memory that DuckDB may use before it spills to disk, such as "4GB"; its own default for None.
    threads : int or None
        Threads that DuckDB may use; its own default for None.
    """

    reader: str
    encoding: str | None = None
    delimiter: str | None = None
    decimal: str | None = None
    memory_limit: str | None = None
    threads: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class OpenedFiles:
    """Files as relations on one connection; nothing is read before it is wanted.

    Attributes
    ----------
    relation : duckdb.DuckDBPyRelation
        All columns. Wanted numbers of CSV files are floats, infinite where the text is no number; other columns of CSV are text.
    report : callable
        Makes a relation of the same rows to say what is wrong with them, with `PLACE`, and for each wanted number of CSV
        files its text in a column `RAW` + name.
    connection : duckdb.DuckDBPyConnection
        Where they live.
    """

    relation: duckdb.DuckDBPyRelation
    report: Callable[[], Any]
    connection: Connection

    def share_done(self) -> float:
        """Share of the running query that is done; below 0 where it is not known."""
        done: float = self.connection.query_progress() / 100.0
        return done

    def interrupt(self) -> None:
        """End the running query."""
        self.connection.interrupt()


def files_of(pattern: str | Path, reader: str) -> list[str]:
    """Files that a path or glob names, as absolute paths in order; a path that exists is taken as it is.

    Parameters
    ----------
    pattern : str or Path
        Path or glob.
    reader : str
        Who reads, for the error.

    Returns
    -------
    list of str
        At least one file; all of one kind, known by their endings.

    Raises
    ------
    DataError
        If there is no file, a folder, or files of an unknown kind or of several.
    """
    path = os.path.expanduser(str(pattern))  # noqa: PTH111  (a pattern, and no path)
    try:
        found = [path] if Path(path).exists() else sorted(glob.glob(path, recursive=True))
    except (OSError, ValueError) as error:
        raise DataError(reader, [f"{path[:80]!r} is no path ({error.__class__.__name__}: {error})"[:300]], "path") from error
    if Path(path).is_dir():
        ending = next((kind for kind in (".parquet", ".csv") if glob.glob(glob.escape(path) + "/*" + kind)), ".parquet")
        raise DataError(reader, [f"{path!r} is a folder; give a glob such as {path.rstrip('/') + '/*' + ending!r}"], "path")
    files = [str(Path(name).absolute()) for name in found if not Path(name).is_dir()]
    if not files:
        remote = " (only files of this machine are read; fetch remote ones first)" if "://" in path else ""
        raise DataError(reader, [f"no file matches {path!r}{remote}; give a path or a glob such as 'orders/*.parquet'"], "path")
    kinds = {kind_of(name) for name in files}
    if None in kinds:
        other = next(name for name in files if kind_of(name) is None)
        problem = (
            f"{short(other)!r} ends neither in .parquet nor in .csv (.tsv, .txt, also with .gz) nor in .xlsx; "
            "name the files with their ending"
        )
        raise DataError(reader, [problem], "path")
    if len(kinds) > 1:
        problem = f"{path!r} matches files of several kinds ({', '.join(sorted(map(str, kinds)))}); give a glob of one kind"
        raise DataError(reader, [problem], "path")
    return files


def kind_of(path: str) -> Literal["parquet", "csv", "workbook"] | None:
    """Kind of a file by its ending; None where that is unknown."""
    lowered = path.lower()
    if lowered.endswith(PARQUET):
        return "parquet"
    if lowered.endswith(WORKBOOKS):
        return "workbook"
    return "csv" if lowered.endswith(CSV) else None


def short(path: str) -> str:
    """Name of a file for messages: as little of its path as tells it."""
    return Path(path).name


def open_files(files: Sequence[str], columns: Sequence[FileColumn], options: FileOptions) -> OpenedFiles:
    """Relation over Parquet or CSV files, without reading more than their heads.

    Parameters
    ----------
    files : sequence of str
        Of `files_of`.
    columns : sequence of FileColumn
        What is wanted of them.
    options : FileOptions
        How to read.

    Returns
    -------
    OpenedFiles
        Relations on a connection of their own.

    Raises
    ------
    MissingDependencyError
        If DuckDB, or PyArrow, by which it answers, is not installed.
    DataError
        If the files do not have the columns, contradict each other, or cannot be read.
    ParameterError
        If DuckDB does not accept a setting.
    """
    from crmmodels.engines.csv_files import open_csv  # noqa: PLC0415  (reads what stands here)

    connection = connect(options)
    import duckdb  # noqa: PLC0415  (known to be there)

    try:
        if kind_of(files[0]) == "csv":
            return open_csv(connection, files, columns, options)
        return _open_parquet(connection, files, columns, options.reader)
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


def paths(files: Sequence[str]) -> str:
    """List of paths in SQL, in which no character is a pattern."""
    return f"[{', '.join(literal(glob.escape(name)) for name in files)}]"


def _open_parquet(connection: Connection, files: Sequence[str], columns: Sequence[FileColumn], reader: str) -> OpenedFiles:
    types = _types_of(connection, files)
    _check_case(types, columns, reader)
    casts = _widened(connection, types, columns, reader)
    groups: dict[frozenset[tuple[str, str]], list[str]] = {}
    for name in files:
        groups.setdefault(frozenset(types[name].items()), []).append(name)
    replaced = ", ".join(f"CAST({identifier(c)} AS {to}) AS {identifier(c)}" for c, to in casts.items())
    stars = f"* REPLACE ({replaced})" if casts else "*"
    # Folders named as in year=2026 give a column where no file has one of that name, and never in its place.
    in_files = {column.casefold() for kinds in types.values() for column in kinds}
    by_folder = bool(_partitions(files)) and not _partitions(files) & in_files
    folders = f", hive_partitioning={str(by_folder).lower()}, hive_types_autocast=false"

    def relation(extra: str = "", arguments: str = "") -> Any:
        parts = [f"SELECT {stars}{extra} FROM read_parquet({paths(group)}{folders}{arguments})" for group in groups.values()]  # noqa: S608
        return connection.sql(" UNION ALL BY NAME ".join(parts))

    place = f", parse_filename({_FILE}) || ' row ' || file_row_number AS {PLACE}"
    numbered = f", filename={literal(_FILE)}, file_row_number=true"
    return OpenedFiles(relation(), lambda: relation(place, numbered), connection)


def _partitions(files: Sequence[str]) -> set[str]:
    """Names of columns that the folders of files stand for."""
    return {part.partition("=")[0].casefold() for name in files for part in Path(name).parts[:-1] if "=" in part}


def _check_case(types: Mapping[str, Mapping[str, str]], columns: Sequence[FileColumn], reader: str) -> None:
    """Refuse columns that DuckDB does not tell from others, since their names differ in case alone."""
    problems = [
        f"file {short(name)!r}: {twins_of(column.name, list(kinds))}"
        for name, kinds in types.items()
        for column in columns
        if twins_of(column.name, list(kinds))
    ]
    if problems:
        raise DataError(reader, problems[:3], "order log")


def twins_of(name: str, names: Sequence[str]) -> str:
    """Word that another column's name differs in case alone; empty where none does."""
    twins = [other for other in names if other != name and other.casefold() == name.casefold()]
    if name not in names or not twins:
        return ""
    return f"columns {name!r} and {twins[0]!r} differ in case alone, which DuckDB does not tell apart; rename one, or read the file into a frame"


def _types_of(connection: Connection, files: Sequence[str]) -> dict[str, dict[str, str]]:
    """Types of the columns of each file, those inside nested ones left out."""
    rows = connection.sql(
        f"SELECT file_name, name, duckdb_type, num_children FROM parquet_schema({paths(files)})"  # noqa: S608
    ).fetchall()
    types: dict[str, dict[str, str]] = {name: {} for name in files}
    inside: dict[str, int] = {}
    for name, column, kind, n_children in rows:
        if name not in inside:
            # The first row of a file is its root, whose children are the columns.
            inside[name] = 0
            continue
        if inside[name] == 0:
            types[name][column] = kind or "nested"
        else:
            inside[name] -= 1
        inside[name] += int(n_children or 0)
    return types


def _widened(
    connection: Connection, types: Mapping[str, Mapping[str, str]], columns: Sequence[FileColumn], reader: str
) -> dict[str, str]:
    """Type to which each column whose type differs between files is widened."""
    casts: dict[str, str] = {}
    problems: list[str] = []
    for column in columns:
        there = {name: kinds[column.name] for name, kinds in types.items() if column.name in kinds}
        # A column without a value has no type, and is of any.
        found = {name: kind for name, kind in there.items() if "NULL" not in kind}
        lacking = [name for name in types if name not in there and f"{os.sep}{column.name}=" not in name]
        if there and lacking:
            problems += [
                f"file {short(name)!r}: {missing_column(column.name, list(types[name]), column.meaning)}"
                for name in lacking[:3]
            ]
        if len(set(found.values())) == 1 and len(found) < len(there):
            casts[column.name] = next(iter(found.values()))
        if len(set(found.values())) > 1:
            wide = _common_type(column.kind, set(found.values()))
            inexact = _beyond_floats(connection, found, column.name) if wide == "DOUBLE" and column.kind != "number" else None
            if wide is None or inexact is not None:
                problems.append(_types_differ(found, column, inexact))
            else:
                casts[column.name] = wide
    if problems:
        raise DataError(reader, problems, "order log")
    return casts


def _types_differ(found: Mapping[str, str], column: FileColumn, inexact: str | None) -> str:
    examples = {kind: short(name) for name, kind in reversed(list(found.items()))}
    listed = " and ".join(f"{kind} in {name!r}" for kind, name in examples.items())
    why = "" if inexact is None else f", and {short(inexact)!r} holds numbers too long for it"
    return f"column {column.name!r}{column.meaning} is {listed}{why}; write the files with one type"


def _common_type(kind: str, types: set[str]) -> str | None:
    """Type that holds every value of some types; None where there is none, or the values would mean something else."""
    if types <= set(_STAMPS):
        return "TIMESTAMP"
    numeric = {name for name in types if name in _INTEGERS or name in {"FLOAT", "DOUBLE"} or name.startswith("DECIMAL")}
    if kind == "time" or numeric != types:
        return None
    if kind != "number" and types <= set(_INTEGERS):
        return "HUGEINT" if "HUGEINT" in types or "UBIGINT" in types else "BIGINT"
    return "DOUBLE"


def _beyond_floats(connection: Connection, found: Mapping[str, str], column: str) -> str | None:
    """File with a whole number that a float would round; None for none."""
    for name, kind in found.items():
        if kind in {"BIGINT", "HUGEINT", "UBIGINT"} or kind.startswith("DECIMAL"):
            beyond = f"{identifier(column)} NOT BETWEEN -{_EXACT} AND {_EXACT}"
            query = f"SELECT count(*) FROM read_parquet({paths([name])}) WHERE {beyond}"  # noqa: S608
            if connection.sql(query).fetchall()[0][0]:
                return name
    return None
