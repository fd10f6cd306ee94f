"""What the arguments of an order log may be."""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crmmodels.data.orders.roles import ROLES
from crmmodels.engines.engine import OutputKind
from crmmodels.engines.text_dates import date_pattern
from crmmodels.exceptions import DataError, ParameterError

READER: Final = "Orders"
_SUBJECT: Final = "order log"
_CHOICES: Final = {
    "duplicates": ("keep", "drop", "refuse"),
    "missing": ("refuse", "drop"),
    "output": (*get_args(OutputKind), None),
    "decimal": (".", ",", None),
}
_OF_FILES: Final = ("output", "memory_limit", "threads", "encoding", "delimiter", "decimal", "sheet")
_MOST_THREADS: Final = 1_024
TAKEN: Final = frozenset(
    (
        *("customer_id", "n_orders", "frequency", "age_at_last", "age", "days_since_last", "spend", "mean_repeat_spend"),
        *("first_order", "last_order", "as_of", "n_orders_holdout", "order_days_holdout", "spend_holdout", "duration_holdout"),
    )
)
"""Columns of a table of customers, which no further column may be named as."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a log is read.

    Attributes
    ----------
    roles : mapping of str to str
        Column of each role that is known.
    keep : sequence of str
        Further columns.
    time_zone, date_format : str or None
        Zone in which the days of zoned timestamps are taken, and the format of text dates.
    decimal : str or None
        Sign before decimals in files, for advice.
    drops_missing, drops_duplicates, refuses_duplicates : bool
        What becomes of rows that miss something, and of rows that repeat another in every column.
    """

    roles: Mapping[str, str]
    keep: Sequence[str] = ()
    time_zone: str | None = None
    date_format: str | None = None
    decimal: str | None = None
    drops_missing: bool = False
    drops_duplicates: bool = False
    refuses_duplicates: bool = False


def refused(*problems: str) -> DataError:
    """Word the refusal of an order log."""
    return DataError(READER, problems, _SUBJECT)


def check_options(options: Mapping[str, Any]) -> None:
    """Refuse arguments out of range."""
    for name in ROLES:
        column, needed = options[name], name in {"customer", "time"}
        if not isinstance(column, str) and (needed or column is not None):
            must = "the name of a column" if needed else "the name of a column, or None"
            raise ParameterError.must_be(READER, name, must, column)
    for name, choices in _CHOICES.items():
        if options[name] not in choices:
            raise ParameterError.unknown_choice(READER, name, map(str, choices), options[name])
    _check_unit_price(options)
    _check_threads(options["threads"])
    _check_keep(options["keep"])
    _check_formats(options)
    if not isinstance(options["frame"], str | Path):
        for name in _OF_FILES:
            if options[name] is not None:
                raise ParameterError.must_be(READER, name, "left out unless frame is a path", options[name])


def _check_threads(threads: Any) -> None:
    if threads is not None and (type(threads) is not int or not 1 <= threads <= _MOST_THREADS):
        raise ParameterError.must_be(READER, "threads", f"a whole number from 1 to {_MOST_THREADS:,}", threads)


def _check_unit_price(options: Mapping[str, Any]) -> None:
    if options["unit_price"] is None:
        return
    if options["quantity"] is None:
        must = "given together with quantity=, since the money of a line is quantity times unit price"
        raise ParameterError.must_be(READER, "unit_price", must, options["unit_price"])
    if options["amount"] is not None:
        must = "left out where amount= is given: the money of a line is one or the other"
        raise ParameterError.must_be(READER, "unit_price", must, options["unit_price"])


def _check_keep(keep: Any) -> None:
    named = isinstance(keep, list | tuple) and all(isinstance(column, str) for column in keep)
    if not named or len(set(keep)) < len(keep):
        raise ParameterError.must_be(READER, "keep", "a list of names of columns, each once", keep)
    if taken := sorted(TAKEN.intersection(keep)):
        must = f"columns that are not named as one of the table of customers, as {taken} are; rename them in the log first"
        raise ParameterError.must_be(READER, "keep", must, keep)


def _check_formats(options: Mapping[str, Any]) -> None:
    if options["time_zone"] is not None and not _is_zone(options["time_zone"]):
        must = "the name of a time zone, such as 'Asia/Shanghai'"
        raise ParameterError.must_be(READER, "time_zone", must, options["time_zone"])
    date_format = options["date_format"]
    if date_format is not None:
        wrong = date_pattern(date_format) if isinstance(date_format, str) else "is no text"
        if isinstance(wrong, str):
            must = f"a format of dates as strptime has it, such as '%d/%m/%Y' or '%d.%m.%Y %H:%M'; this one {wrong}"
            raise ParameterError.must_be(READER, "date_format", must, date_format)
    encoding = options["encoding"]
    if encoding is not None and not _is_encoding(encoding):
        raise ParameterError.must_be(READER, "encoding", "the name of a text encoding, such as 'gb18030' or 'cp1252'", encoding)
    delimiter = options["delimiter"]
    if delimiter is not None and not (isinstance(delimiter, str) and len(delimiter) == 1 and delimiter not in '"\r\n'):
        raise ParameterError.must_be(READER, "delimiter", r"one character, such as ';' or '\t'", delimiter)
    if delimiter is not None and delimiter == options["decimal"]:
        must = "another sign than that before decimals"
        raise ParameterError.must_be(READER, "delimiter", must, delimiter)
    sheet = options["sheet"]
    named = sheet is None or isinstance(sheet, str)
    if not named and not (isinstance(sheet, list | tuple) and sheet and all(isinstance(name, str) for name in sheet)):
        raise ParameterError.must_be(READER, "sheet", "the name of a sheet, or a list of names", sheet)


def _is_zone(name: Any) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        return False
    return True


def _is_encoding(name: Any) -> bool:
    try:
        return isinstance(name, str) and isinstance("".encode(name), bytes) and codecs.lookup(name).name != "undefined"
    except (LookupError, ValueError):
        return False
