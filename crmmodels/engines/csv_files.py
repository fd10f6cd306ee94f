"""CSV files: columns by the names in the first line of each, every value as text, numbers by one stated rule."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO, cast

from crmmodels.engines.duckdb import ENCODING_ADVICE, identifier, literal
from crmmodels.engines.files import PLACE, RAW, Connection, FileColumn, FileOptions, OpenedFiles, paths, short, twins_of
from crmmodels.exceptions import DataError

DELIMITERS: Final = (",", ";", "\t", "|")
"""Signs between fields that are tried, where none is given; the one at which the names of the columns come apart is taken."""
_GROUPS: Final = {".": ",' \u00a0\u202f\u2019", ",": ".' \u00a0\u202f\u2019"}
"""Signs that may group thousands, by the sign before decimals."""
_TABLE: Final = "files_of_crmmodels"
_CHUNK: Final = 1 << 20
_ROW: Final = "row_number() OVER ()"


@dataclass(frozen=True, slots=True)
class _Source:
    """A file as DuckDB reads it, and what is said of it."""

    path: str
    name: str
    header: tuple[str, ...]


def open_csv(connection: Connection, files: Sequence[str], columns: Sequence[FileColumn], options: FileOptions) -> OpenedFiles:
    """Relation over CSV files.

    Raises DataError where a file has no first line of names, other names than the first file, or text that is not of the encoding.
    """
    firsts = {name: _first_line(name, options) for name in files}
    delimiter = options.delimiter or _delimiter(firsts[files[0]], [column.name for column in columns])
    sources = [_Source(name, short(name), _fields(line, delimiter)) for name, line in firsts.items()]
    _check_headers(sources, columns, delimiter, options)
    names = sources[0].header
    numbers = [column.name for column in columns if column.kind == "number" and column.name in names]
    if is_utf8(options.encoding):
        rows = _joined(_select(group, names, delimiter) for group in _by_header(sources))
        report = _joined(_select([source], names, delimiter, _line(source.header)) for source in sources)
    else:
        _store(connection, sources, names, delimiter, options)
        rows, report = f"SELECT * EXCLUDE ({PLACE}) FROM {_TABLE}", f"SELECT * FROM {_TABLE}"  # noqa: S608
    typed = {name: _number(identifier(name), options.decimal) for name in numbers}
    replaced = ", ".join(f"{number} AS {identifier(name)}" for name, number in typed.items())
    raw = "".join(f", {identifier(name)} AS {identifier(RAW + name)}" for name in numbers)
    stars = f"* REPLACE ({replaced})" if typed else "*"
    return OpenedFiles(
        connection.sql(f"SELECT {stars} FROM ({rows})"),  # noqa: S608
        lambda: connection.sql(f"SELECT {stars}{raw} FROM ({report})"),  # noqa: S608
        connection,
    )


def is_utf8(encoding: str | None) -> bool:
    """Whether an encoding is UTF-8, with or without a mark at the beginning."""
    return encoding is None or codecs.lookup(encoding).name in {"utf-8", "utf-8-sig", "ascii"}


def _opened(path: str, encoding: str | None) -> TextIO:
    named = "utf-8-sig" if is_utf8(encoding) else encoding
    if path.lower().endswith(".gz"):
        return cast("TextIO", gzip.open(path, "rt", encoding=named, newline=""))
    return Path(path).open(encoding=named, newline="")


def _first_line(path: str, options: FileOptions) -> str:
    """Text of a file up to the end of its first line."""
    try:
        with _opened(path, options.encoding) as file:
            line = file.readline()
            while line.count('"') % 2 and (more := file.readline()):
                line += more
    except UnicodeError as error:
        raise _not_of_encoding(path, 1, options, error) from error
    except (OSError, EOFError) as error:
        raise DataError(options.reader, [f"file {short(path)!r} cannot be read ({error})"], "path") from error
    if not line.strip():
        problem = f"file {short(path)!r} begins with an empty line; its first line must name the columns"
        raise DataError(options.reader, [problem], "path")
    if line.startswith("sep=") and len(line.strip()) <= len("sep=") + 1:
        problem = f"file {short(path)!r} begins with {line.strip()!r}, by which spreadsheets are told of a delimiter; remove that line"
        raise DataError(options.reader, [problem], "path")
    if "\x00" in line:
        problem = f"file {short(path)!r} is no text of the encoding {options.encoding or 'utf-8'!r}; {ENCODING_ADVICE}"
        raise DataError(options.reader, [problem], "path")
    return line


def _not_of_encoding(path: str, line: int, options: FileOptions, error: UnicodeError) -> DataError:
    """Word that text is of another encoding; ``line`` is the one at which the piece that was decoded begins."""
    what, bad = options.encoding or "utf-8", ""
    if isinstance(error, UnicodeDecodeError):
        line += error.object[: error.start].count(b"\n")
        bad = f" (byte {error.object[error.start]:#04x})"
    problem = f"file {short(path)!r}, line {line}: is no text of the encoding {what!r}{bad}; {ENCODING_ADVICE}"
    return DataError(options.reader, [problem], "path")


def _fields(line: str, delimiter: str) -> tuple[str, ...]:
    """Names in a first line; columns without one, such as an index that was written along, are named by their number."""
    fields = next(csv.reader(io.StringIO(line.rstrip("\r\n"), newline=""), delimiter=delimiter), [])
    return tuple(field or f"column_{i}" for i, field in enumerate(fields))


def _delimiter(line: str, names: Sequence[str]) -> str:
    """Sign at which a first line comes apart into the names that are wanted; else that with the most fields."""
    by_sign = {sign: _fields(line, sign) for sign in DELIMITERS}
    return max(DELIMITERS, key=lambda sign: (len(set(names) & set(by_sign[sign])), len(by_sign[sign])))


def _check_headers(sources: Sequence[_Source], columns: Sequence[FileColumn], delimiter: str, options: FileOptions) -> None:
    first = sources[0]
    problems = []
    if len(first.header) == 1 or any(_is_value(field) for field in first.header):
        problems = [
            f"file {first.name!r} names no column {column.name!r}{column.meaning} in its first line, which reads "
            f"{delimiter.join(first.header)!r}; a first line must name the columns, and delimiter= say what stands between them"
            for column in columns
            if column.name not in first.header
        ]
    problems += [twins for column in columns if (twins := twins_of(column.name, first.header))]
    for source in sources:
        repeated = sorted({name for name in source.header if source.header.count(name) > 1})
        if repeated:
            problems.append(f"file {source.name!r} names columns {repeated} more than once; name each column once")
        lacking, more = (
            [name for name in one if name not in other]
            for one, other in ((first.header, source.header), (source.header, first.header))
        )
        if lacking or more:
            said = [f"lacks {lacking}"] * bool(lacking) + [f"has {more} besides"] * bool(more)
            problems.append(
                f"file {source.name!r} {' and '.join(said)}, by its first line, compared with {first.name!r}; "
                "give every file the same first line, or read them apart"
            )
    if problems:
        raise DataError(options.reader, problems, "order log")


def _is_value(field: str) -> bool:
    """Whether a field is a number or an ISO date, as no column is named."""
    return re.fullmatch(r"[+-]?[0-9]+([.,][0-9]+)?|[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?", field) is not None


def _by_header(sources: Sequence[_Source]) -> Iterator[list[_Source]]:
    groups: dict[tuple[str, ...], list[_Source]] = {}
    for source in sources:
        groups.setdefault(source.header, []).append(source)
    yield from groups.values()


def _joined(selects: Iterator[str]) -> str:
    return " UNION ALL ".join(selects)


def _select(group: Sequence[_Source], names: Sequence[str], delimiter: str, line: str | None = None) -> str:
    """Query of files with one first line: the columns by name, as text, and, of a single file, the place of each row from its line in SQL."""
    header = group[0].header
    types = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(header)))
    taken = ", ".join(f"c{header.index(name)} AS {identifier(name)}" for name in names)
    place = f", {literal(group[0].name)} || ' line ' || ({line}) AS {PLACE}" if line else ""
    return (
        f"SELECT {taken}{place} FROM read_csv({paths([source.path for source in group])}, header=true, auto_detect=false, "  # noqa: S608
        f"delim={literal(delimiter)}, quote='\"', escape='\"', columns={{{types}}})"
    )


def _line(header: Sequence[str]) -> str:
    """Line at which a row begins, in SQL: one more for each row before it, and for each line end in a quoted field before it.

    The sum includes the row itself and is taken off again, since DuckDB keeps all rows for a sum that ends before it.
    """
    text = f"concat({', '.join(f'c{i}' for i in range(len(header)))})"
    ends = f"length({text}) - length(replace({text}, chr(10), ''))"
    first = 1 + "".join(header).count("\n")
    return f"CAST({_ROW} + {first} + sum({ends}) OVER (ROWS UNBOUNDED PRECEDING) - ({ends}) AS BIGINT)"


def _number(text: str, decimal: str | None) -> str:
    """Number of a text in SQL, infinite where it is none; without a decimal sign only plain numbers are read."""
    infinite = f"WHEN {text} IS NOT NULL THEN CAST('infinity' AS DOUBLE)"
    if decimal is None:
        number = f"TRY_CAST({text} AS DOUBLE)"
        return f"CASE WHEN isfinite({number}) AND NOT contains({text}, '_') THEN {number} {infinite} END"
    group, point = f"[{_GROUPS[decimal]}]", "\\" + decimal
    pattern = literal(rf"^\s*[+-]?(?:[0-9]+|[0-9]{{1,3}}(?:{group}[0-9]{{3}})+)?(?:{point}[0-9]*)?(?:[eE][+-]?[0-9]+)?\s*$")
    plain = f"replace(regexp_replace({text}, {literal(group)}, '', 'g'), {literal(decimal)}, '.')"
    number = f"TRY_CAST({plain} AS DOUBLE)"
    return f"CASE WHEN regexp_matches({text}, {pattern}) AND isfinite({number}) THEN {number} {infinite} END"


def _store(
    connection: Connection, sources: Sequence[_Source], names: Sequence[str], delimiter: str, options: FileOptions
) -> None:
    """Put files of another encoding into a table of the connection, which DuckDB reads as it reads UTF-8."""
    with tempfile.TemporaryDirectory(prefix="crmmodels-") as folder:
        selects = []
        for i, source in enumerate(sources):
            target = str(Path(folder) / f"{i}.csv")
            # Where no field is quoted, no field has a line end: counting them in every row takes as long as all the rest.
            line = _line(source.header) if _transcode(source.path, target, options) else f"{_ROW} + 1"
            selects.append(_select([_Source(target, source.name, source.header)], names, delimiter, line))
        connection.execute(f"CREATE TEMP TABLE {_TABLE} AS {_joined(iter(selects))}").fetchall()


def _transcode(path: str, target: str, options: FileOptions) -> bool:
    """Write a file as UTF-8, and tell whether it has a quotation mark."""
    line, is_quoted = 1, False
    try:
        with _opened(path, options.encoding) as file, Path(target).open("w", encoding="utf-8", newline="") as out:
            while chunk := file.read(_CHUNK):
                line += chunk.count("\n")
                is_quoted |= '"' in chunk
                out.write(chunk)
    except UnicodeError as error:
        raise _not_of_encoding(path, line, options, error) from error
    return is_quoted
