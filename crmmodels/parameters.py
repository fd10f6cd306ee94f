"""What a parameter may be."""

from __future__ import annotations

from math import isnan
from typing import TypeGuard


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
