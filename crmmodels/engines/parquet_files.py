"""Parquet files: columns by name, types without loss, nothing guessed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from crmmodels.engines.duckdb import identifier, literal
from crmmodels.engines.files import PLACE, Connection, FileColumn, OpenedFiles, paths, short, twins_of
from crmmodels.exceptions import DataError, missing_column

_FILE: Final = "file_of_crmmodels"
_INTEGERS: Final = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
_STAMPS: Final = ("DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS")
_EXACT: Final = 2**53
"""Whole numbers up to this are exact as floats."""


def open_parquet(connection: Connection, files: Sequence[str], columns: Sequence[FileColumn], reader: str) -> OpenedFiles:
    """Relation over Parquet files; types that differ between them are widened, or refused where a value would change."""
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
