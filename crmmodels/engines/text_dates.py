"""Dates written in a stated format, as one pattern by which every engine turns them into ISO 8601 text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

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
FIRST_OF_1900S: Final = 69
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
    """Read a format in the notation of ``strptime``, such as "%d.%m.%Y %H:%M", or say what is wrong with it."""
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
    return "19" if short_year >= FIRST_OF_1900S else "20"
