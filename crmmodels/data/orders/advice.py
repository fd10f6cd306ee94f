"""What to do with a column that is no date, by the value that stands in it."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Any, Final

import numpy as np

from crmmodels.engines.text_dates import ISO_DATE, DatePattern, date_pattern, iso_text

_FORMATS: Final = (
    *("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%Y年%m月%d日"),
    *(
        "%d/%m/%y",
        "%m/%d/%y",
        "%d.%m.%y",
        "%d-%m-%y",
        "%m-%d-%y",
        "%y%m%d",
        "%y-%m-%d",
        "%y/%m/%d",
        "%y.%m.%d",
        "%d %b %Y",
        "%d-%b-%Y",
        "%d-%b-%y",
        "%b %d, %Y",
    ),
    *("%B %d, %Y", "%d %B %Y", "%A, %d %B %Y", "%Y-%m-%d", "%Y%m%d%H%M%S"),
)
_TIMES: Final = ("", " %H:%M", " %H:%M:%S", "T%H:%M:%S", " %I:%M %p", " %I:%M:%S %p", " %H:%M:%S %z", " %H:%M:%S.%f")
_MOST: Final = 3
_SINCE_1970: Final = ((9, 10, "s"), (12, 13, "ms"), (15, 16, "us"), (18, 19, "ns"))
_FIRST_SERIAL, _LAST_SERIAL = 20_000, 80_000
_TEXT_OF: Final = {False: "str", True: "'Int64').astype('string'"}
"""What makes texts of whole numbers, and of whole numbers that stand as floats."""
_YEARS: Final = range(1900, 2101)


def formats_of(text: str) -> list[str]:
    """Formats, at most a few, in which a text is a date; a format with a time of day only where the text has one."""
    found = []
    for day in _FORMATS:
        for time in _TIMES:
            pattern = date_pattern(day + time)
            if isinstance(pattern, DatePattern) and _is_day(iso_text(text, pattern)):
                found.append(day + time)
    return found[:_MOST]


def advice_on_text(texts: list[str], column: str) -> str:
    """Say how dates that are not ISO 8601 are read."""
    fitting = [formats for formats in map(formats_of, texts) if formats]
    shared = [name for name in fitting[0] if all(name in others for others in fitting)] if fitting else []
    if not shared and (number := _number_of(texts)) is not None:
        advice = _advice_on_number(number, f"frame[{column!r}].astype(float)")
        return f"read the file into a frame, and {advice}" if "pandas." in advice else advice
    if not shared:
        return "give date_format=, such as '%d/%m/%Y', if all are dates of one format"
    which = "" if len(shared) == 1 else ", whichever holds for all"
    return "give date_format=" + " or ".join(repr(name) for name in shared) + which


def _number_of(texts: list[str]) -> float | None:
    """The first text as a number, if all of them are."""
    try:
        numbers = [float(text) for text in texts]
    except ValueError:
        return None
    return numbers[0] if numbers else None


def advice_on_value(value: Any, column: str) -> str:
    """Say how a value that is neither date, timestamp nor text may become a date."""
    frame = f"frame[{column!r}]"
    kind = type(value).__name__
    if isinstance(value, dt.timedelta | np.timedelta64):
        return f"a duration is no date: add it to the day from which it counts, as in pandas.Timestamp('2026-01-01') + {frame}"
    if isinstance(value, dt.time):
        return "a time of day is no date: give the column with the day"
    if kind == "Period":
        return f"convert it first: {frame}.dt.to_timestamp()"
    if isinstance(value, int | float | Decimal | np.number) and not isinstance(value, bool):
        return _advice_on_number(float(value), frame, is_float=not isinstance(value, int | np.integer))
    return f"convert it first: pandas.to_datetime({frame})"


def _advice_on_number(value: float, frame: str, *, is_float: bool = False) -> str:
    if value != value or value % 1 or value < 0:  # noqa: PLR0124  (only NaN differs from itself)
        if _FIRST_SERIAL < value < _LAST_SERIAL:
            return f"if it counts days as spreadsheets do: pandas.to_datetime({frame}, unit='D', origin='1899-12-30')"
        return "a number like this is no date: give a column with dates"
    digits = str(int(value))
    for shortest, longest, unit in _SINCE_1970:
        if shortest <= len(digits) <= longest:
            return f"if it counts from 1970 on: pandas.to_datetime({frame}, unit={unit!r})"
    if formats := [name for name in ("%Y%m%d", "%y%m%d", "%d%m%Y", "%m%d%Y", "%d%m%y", "%m%d%y") if _fits(digits, name)]:
        return (
            f"if it is written as {' or '.join(formats)}: give date_format={formats[0]!r}, "
            f"or pandas.to_datetime({frame}.astype({_TEXT_OF[is_float]}), format={formats[0]!r})"
        )
    if _FIRST_SERIAL < value < _LAST_SERIAL:
        return f"if it counts days as spreadsheets do: pandas.to_datetime({frame}, unit='D', origin='1899-12-30')"
    if int(value) in _YEARS:
        return "a year is no day: give the column with the full date"
    return "a number like this counts something (a day of the week, days since another order) and is no date: give a column with dates"


def _fits(digits: str, date_format: str) -> bool:
    pattern = date_pattern(date_format)
    return isinstance(pattern, DatePattern) and _is_day(iso_text(digits, pattern))


def _is_day(iso: str) -> bool:
    return re.match(ISO_DATE, iso) is not None and int(iso[:4]) in _YEARS
