"""What the arguments of an order log may be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crmmodels.data.roles import ROLES
from crmmodels.data.tables import OutputKind
from crmmodels.exceptions import DataError, ParameterError

READER: Final = "Orders"
_SUBJECT: Final = "order log"


def refused(*problems: str) -> DataError:
    """Word the refusal of an order log."""
    return DataError(READER, problems, _SUBJECT)


def check_options(options: Mapping[str, Any]) -> None:
    """Refuse arguments out of range.

    Parameters
    ----------
    options : mapping of str to object
        Arguments of `Orders` by name.

    Raises
    ------
    ParameterError
        If a role is no name of a column, a choice or zone is unknown, or an option for files is given for a frame.
    """
    for name in ROLES:
        column, needed = options[name], name in {"customer", "time"}
        if not isinstance(column, str) and (needed or column is not None):
            must = "the name of a column" if needed else "the name of a column, or None"
            raise ParameterError.must_be(READER, name, must, column)
    for name, choices in (("duplicates", ("keep", "drop", "refuse")), ("output", (*get_args(OutputKind), None))):
        if options[name] not in choices:
            raise ParameterError.unknown_choice(READER, name, map(str, choices), options[name])
    if options["time_zone"] is not None and not _is_zone(options["time_zone"]):
        must = "the name of a time zone, such as 'Asia/Shanghai'"
        raise ParameterError.must_be(READER, "time_zone", must, options["time_zone"])
    if not isinstance(options["frame"], str | Path):
        for name in ("output", "memory_limit", "threads"):
            if options[name] is not None:
                raise ParameterError.must_be(READER, name, "left out unless frame is a path", options[name])


def _is_zone(name: Any) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        return False
    return True
