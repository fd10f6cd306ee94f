"""Files of a log: which there are, what is wanted of them, and what they are when opened."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from crmmodels.engines.duckdb import literal
from crmmodels.exceptions import DataError

if TYPE_CHECKING:
    import duckdb

Connection = Any
PLACE: Final = "place_of_crmmodels"
"""Column of a report that names file and line of a row."""
RAW: Final = "text_of_crmmodels_"
"""Prefix of the columns of a report that hold the text of a number."""
PARQUET: Final = (".parquet", ".pq")
CSV: Final = tuple(kind + packed for kind in (".csv", ".tsv", ".txt") for packed in ("", ".gz"))
WORKBOOKS: Final = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")


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
    """Files of one kind that a path or glob names, as absolute paths in order; a path that exists is taken as it is."""
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


def paths(files: Sequence[str]) -> str:
    """List of paths in SQL, in which no character is a pattern."""
    return f"[{', '.join(literal(glob.escape(name)) for name in files)}]"


def twins_of(name: str, names: Sequence[str]) -> str:
    """Word that another column's name differs in case alone; empty where none does."""
    twins = [other for other in names if other != name and other.casefold() == name.casefold()]
    if name not in names or not twins:
        return ""
    return f"columns {name!r} and {twins[0]!r} differ in case alone, which DuckDB does not tell apart; rename one, or read the file into a frame"
