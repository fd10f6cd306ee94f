"""What a parameter may be, and the refusals that models share."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import TypeGuard

from crmmodels.exceptions import ParameterError


def is_number(value: object) -> TypeGuard[float]:
    """Whether a parameter is a real number that a float can hold: no boolean, no text, not NaN."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    try:
        return not isnan(value)
    except OverflowError:
        return False


def is_whole(value: object) -> TypeGuard[int]:
    """Whether a parameter is a whole number: no boolean, no float."""
    return isinstance(value, int) and not isinstance(value, bool)


def check_whole(owner: str, name: str, value: object, least: int) -> None:
    """Refuse what is no whole number from ``least`` on."""
    if not is_whole(value) or value < least:
        raise ParameterError.must_be(owner, name, f"a whole number, {least} or more", value)


def check_choice(owner: str, name: str, value: object, choices: Sequence[str]) -> None:
    """Refuse what is not among the choices."""
    if value not in choices:
        raise ParameterError.unknown_choice(owner, name, choices, value)


def check_switch(owner: str, name: str, value: object) -> None:
    """Refuse what is neither True nor False."""
    if not isinstance(value, bool):
        raise ParameterError.must_be(owner, name, "True or False", value)


def check_level(owner: str, level: object) -> None:
    """Refuse a confidence level that is none."""
    if not is_number(level) or not 0 < level < 1:
        raise ParameterError.must_be(owner, "level", "between 0 and 1", level)
