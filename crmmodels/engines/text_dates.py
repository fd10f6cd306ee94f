"""Dates written in a stated format, turned into ISO 8601 text in every engine by one pattern."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

import narwhals as nw

from crmmodels.engines.duckdb import identifier, is_relation, literal

UNMATCHED: Final = "\N{REPLACEMENT CHARACTER}"
"""Stands before a text that is not of the format, so that no rule takes it for a date."""
_YEAR: Final = r"(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])"
_LEAP_YEAR: Final = r"(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)"
ISO_DATE: Final = (
    rf"^(?:{_YEAR}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    r"|02-(?:0[1-9]|1[0-9]|2[0-8]))"
    rf"|{_LEAP_YEAR}-02-29)"
    r"(?:[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?(?: ?(?:Z|UTC|[+-][0-9]{2}(?::?[0-9]{2})?))?)?$"
)
"""ISO 8601 dates of the years 1 to 9999, with or without a time of day.

Complete, leap years included, so that every engine refuses the same strings and none fails while parsing."""
MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMES: Final = (
    "january|february|march|april|may|june|july|august|september|october|november|december|" + "|".join(MONTHS) + "|sept"
)
_NUMBERS: Final = {"m": "month", "d": "day", "H": "hour", "I": "hour", "M": "minute", "S": "second"}
_IGNORED: Final = {
    "f": "[0-9]{1,9}",
    "z": "(?:[zZ]|[+-][0-9]{2}:?[0-9]{2})",
    "Z": "[A-Za-z/_+-]+",
    "a": "[A-Za-z]{2,3}[.]?",
    "A": "[A-Za-z]+",
}
_SHORT: Final = {"T": "%H:%M:%S", "F": "%Y-%m-%d", "D": "%m/%d/%y", "R": "%H:%M"}
DIRECTIVES: Final = ("%Y", "%y", "%m", "%b", "%B", "%d", "%H", "%I", "%p", "%M", "%S", "%f", "%z", "%Z", "%a", "%A")
_DIGITS_IN_SQL: Final = "regexp_replace(CAST({} AS VARCHAR), '[.]0$', '')"
"""Text of a column in SQL, in which whole numbers that stand as floats have no point."""
_TEXT_IN_SQL: Final = "CAST({} AS VARCHAR)"
_FIRST_OF_1900S: Final = 69
"""Two-digit years from here on are of the twentieth century, as POSIX has it."""


@dataclass(frozen=True, slots=True)
class DatePattern:
    """A format of dates as a regular expression that every engine understands.

    Attributes
    ----------
    expression : str
        Unanchored, with one group per part.
    parts : tuple of str
        What the groups hold, in order: ``year``, ``short_year``, ``month``, ``month_name``, ``day``, ``hour``, ``half``,
        ``minute``, ``second``.
    """

    expression: str
    parts: tuple[str, ...]


def date_pattern(date_format: str) -> DatePattern | str:
    """Read a format in the notation of ``strptime``.

    Parameters
    ----------
    date_format : str
        Such as "%d.%m.%Y %H:%M".

    Returns
    -------
    DatePattern or str
        The pattern, or what is wrong with the format.
    """
    spelled = re.sub("%([TFDR])", lambda match: _SHORT[match.group(1)], date_format)
    tokens = re.findall(r"%-?.|[^%]+|%$", spelled.replace("%%", "\x00"))
    expression, parts = "", []
    for i, token in enumerate(tokens):
        directive = token.replace("-", "")[1:] if token.startswith("%") else None
        beside = [tokens[j] for j in (i - 1, i + 1) if 0 <= j < len(tokens)]
        tight = any(other.startswith("%") for other in beside)
        if directive is None:
            expression += re.sub(r"(?:\\?[ \t])+", r"[ \\t]+", re.escape(token.replace("\x00", "%")))
        elif directive in _IGNORED:
            expression += _IGNORED[directive]
        elif (known := _group(directive, tight=tight)) is None:
            return f"holds {token!r}, which is not known; known are {', '.join(DIRECTIVES)}"
        else:
            expression += f"({known[0]})"
            parts.append(known[1])
    lacks = [
        said
        for said, names in (("a year", ("year", "short_year")), ("a month", ("month", "month_name")), ("a day", ("day",)))
        if sum(parts.count(name) for name in names) != 1
    ]
    if lacks or len(set(parts)) < len(parts):
        return f"names {' and '.join(lacks) or 'a part'} not once"
    return DatePattern(expression, tuple(parts))


def _group(directive: str, *, tight: bool) -> tuple[str, str] | None:
    """Expression and name of a part; digits that touch other digits are of full length."""
    if directive == "Y":
        return "[0-9]{4}", "year"
    if directive == "y":
        return "[0-9]{2}", "short_year"
    if directive in {"b", "B"}:
        return f"(?i:{_NAMES})", "month_name"
    if directive == "p":
        return "(?i:am|pm|a[.]m[.]|p[.]m[.])", "half"
    name = _NUMBERS.get(directive)
    return None if name is None else ("[0-9]{2}" if tight else "[0-9]{1,2}", name)


def with_iso_dates(frame: Any, column: str, pattern: DatePattern, *, is_float: bool = False) -> Any | None:
    """Replace the texts of a column by ISO 8601 ones.

    Parameters
    ----------
    frame : dataframe
        A native frame of pandas, Polars, PyArrow or DuckDB.
    column : str
        Column of text or whole numbers.
    pattern : DatePattern
        The format.
    is_float : bool, default False
        Whether whole numbers stand as floats, as they do in pandas where one is missing.

    Returns
    -------
    dataframe or None
        The frame; `UNMATCHED` stands before texts that are not of the format. None for other kinds of frames.
    """
    if is_relation(frame):
        name = identifier(column)
        return frame.project(
            f"* REPLACE ({_in_sql((_DIGITS_IN_SQL if is_float else _TEXT_IN_SQL).format(name), pattern)} AS {name})"
        )
    opened = nw.from_native(frame)
    kind, zero = opened.implementation, ".0" if is_float else ""
    if kind.is_polars():
        return frame.with_columns(_in_polars(column, pattern, zero))
    if kind.is_pandas():
        values = frame[column].astype("string").str.removesuffix(zero).astype(object)
        distinct = {value: iso_text(value, pattern) for value in values.dropna().unique()}
        return frame.assign(**{column: values.map(distinct).astype("string")})
    if kind.is_pyarrow():
        import pyarrow as pa  # noqa: PLC0415  (the caller's table is a PyArrow table)

        coded = frame[column].cast(pa.string()).combine_chunks().dictionary_encode()
        words = pa.array(
            [None if word is None else iso_text(word.removesuffix(zero), pattern) for word in coded.dictionary.to_pylist()],
            pa.string(),
        )
        return frame.set_column(frame.column_names.index(column), column, words.take(coded.indices))
    return None


def iso_text(text: str, pattern: DatePattern) -> str:
    """ISO 8601 text of a text, with the time of day where the format has one; `UNMATCHED` and the text where it does not match."""
    match = re.fullmatch(pattern.expression, text)
    if match is None:
        return UNMATCHED + text
    part = dict(zip(pattern.parts, match.groups(), strict=True))
    year = part.get("year") or _century(int(part["short_year"])) + part["short_year"]
    month = part.get("month") or str(MONTHS.index(part["month_name"][:3].lower()) + 1)
    iso = f"{year}-{month.zfill(2)}-{part['day'].zfill(2)}"
    if "hour" in part:
        hour = int(part["hour"])
        if "half" in part:
            hour = hour % 12 + 12 * (part["half"][0] in "pP")
        iso += f"T{hour:02d}:{part.get('minute', '0').zfill(2)}:{part.get('second', '0').zfill(2)}"
    return iso if re.match(ISO_DATE, iso) else UNMATCHED + text


def _century(short_year: int) -> str:
    return "19" if short_year >= _FIRST_OF_1900S else "20"


def _in_sql(text: str, pattern: DatePattern) -> str:
    """The same in SQL."""
    expression = literal(pattern.expression)
    group = {name: f"regexp_extract({text}, {expression}, {i})" for i, name in enumerate(pattern.parts, 1)}
    padded = {name: f"lpad({value}, 2, '0')" for name, value in group.items()}
    year = group.get("year") or (
        f"CASE WHEN {group['short_year']} >= '{_FIRST_OF_1900S}' THEN '19' ELSE '20' END || {group['short_year']}"
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


def _in_polars(column: str, pattern: DatePattern, zero: str) -> Any:
    """The same as an expression of Polars."""
    import polars as pl  # noqa: PLC0415  (the caller's frame is of it)

    # A name from ^ to $ would be a pattern in pl.col.
    text = pl.selectors.by_name(column).as_expr().cast(pl.String).str.strip_suffix(zero)
    whole = f"^(?:{pattern.expression})$"
    group = {name: text.str.extract(whole, i) for i, name in enumerate(pattern.parts, 1)}
    two = {name: value.str.zfill(2) for name, value in group.items()}
    if "year" in group:
        year = group["year"]
    else:
        century = pl.when(group["short_year"] >= str(_FIRST_OF_1900S)).then(pl.lit("19")).otherwise(pl.lit("20"))
        year = century + group["short_year"]
    month = two.get("month")
    if month is None:
        numbers = {name: f"{i:02d}" for i, name in enumerate(MONTHS, 1)}
        month = group["month_name"].str.slice(0, 3).str.to_lowercase().replace(numbers)
    iso = year + pl.lit("-") + month + pl.lit("-") + two["day"]
    if "hour" in group:
        hour = two["hour"]
        if "half" in group:
            half = pl.when(group["half"].str.to_lowercase().str.starts_with("p")).then(12).otherwise(0)
            hour = (group["hour"].cast(pl.Int32) % 12 + half).cast(pl.String).str.zfill(2)
        iso = (
            iso
            + pl.lit("T")
            + hour
            + pl.lit(":")
            + two.get("minute", pl.lit("00"))
            + pl.lit(":")
            + two.get("second", pl.lit("00"))
        )
    is_date = text.str.contains(whole) & iso.str.contains(ISO_DATE)
    return pl.when(is_date).then(iso).otherwise(pl.lit(UNMATCHED) + text).alias(column)
