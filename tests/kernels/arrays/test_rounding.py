"""`crmmodels.kernels.arrays.rounding` against decimal arithmetic."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crmmodels.kernels.arrays.rounding import significant

money = st.integers(-(10**12), 10**12)
numbers = st.floats(allow_nan=False, allow_infinity=False)


def one(value: float) -> float:
    return float(significant(np.array([value]))[0])


def test_sums_equal_but_for_rounding_are_equal() -> None:
    assert 0.1 + 0.2 != 0.3
    assert one(0.1 + 0.2) == one(0.3) == 0.3


@given(money)
def test_money_in_cents_stays_what_it_is(cents: int) -> None:
    assert one(cents / 100) == cents / 100


@given(st.lists(st.integers(1, 10**7), min_size=2, max_size=4))
def test_cents_added_in_any_order_are_equal(cents: list[int]) -> None:
    sums = set()
    for order in permutations(cents):
        total = 0.0
        for amount in order:
            total += amount / 100
        sums.add(one(total))
    assert sums == {sum(cents) / 100}


@given(numbers)
def test_a_value_moves_by_half_a_unit_of_the_thirteenth_digit_at_most(value: float) -> None:
    assert abs(Fraction(one(value)) - Fraction(value)) <= abs(Fraction(value)) * Fraction(51, 10**14)


@example(5.9688990086835e249)
@given(st.floats(1e-250, 1e250))
def test_usual_values_go_to_the_nearest_decimal(value: float) -> None:
    exact, found = Decimal(value), Decimal(one(value))
    unit = Decimal(10) ** (exact.adjusted() - 12)
    # Halfway between two decimals the product with a power of ten, which rounds too, may go either way.
    assert abs(found - exact) <= unit * Decimal("0.505")
    assert abs(found / unit - round(found / unit)) <= Decimal("0.01")


@given(st.lists(numbers, min_size=2, max_size=20))
def test_the_order_of_values_is_kept(values: list[float]) -> None:
    assert (np.diff(significant(np.sort(np.array(values)))) >= 0).all()


@pytest.mark.parametrize("value", [0.0, -0.0, 5e-324, 1.7976931348623157e308, -1.7976931348623157e308, 1e-300])
def test_zero_and_the_extremes_stay(value: float) -> None:
    assert one(value) == value
