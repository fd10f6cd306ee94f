"""What a parameter may be."""

from __future__ import annotations

from math import isnan
from typing import TypeGuard


def is_number(value: object) -> TypeGuard[float]:
    """Whether a parameter is a real number: no boolean, no text, not NaN."""
    return isinstance(value, int | float) and not isinstance(value, bool) and not isnan(value)


def is_whole(value: object) -> TypeGuard[int]:
    """Whether a parameter is a whole number: no boolean, no float."""
    return isinstance(value, int) and not isinstance(value, bool)
