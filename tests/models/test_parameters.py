"""What counts as a number among the parameters."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from crmmodels.models.parameters import is_number


@pytest.mark.parametrize("value", [0, -3, 2.5, float("inf"), np.float64(1.5), np.int64(2), np.float32(0.5), Fraction(1, 3)])
def test_real_numbers_are_numbers(value: Any) -> None:
    assert is_number(value)


@pytest.mark.parametrize(
    "value", [True, np.bool_(True), "1", None, float("nan"), np.float64("nan"), 1j, Decimal(1), (1,), np.ones(1)]
)
def test_other_values_are_not(value: Any) -> None:
    assert not is_number(value)
