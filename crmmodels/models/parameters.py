"""What a parameter may be."""

from __future__ import annotations

from math import isnan
from numbers import Real
from typing import TypeGuard


def is_number(value: object) -> TypeGuard[float]:
    """Whether a parameter is a real number: no boolean, no text, not NaN."""
    return isinstance(value, Real) and not isinstance(value, bool) and not isnan(value)
