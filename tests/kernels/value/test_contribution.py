"""The accounting of realised value: the hand-checked case, the identity, and what it must not depend on."""

from __future__ import annotations

from dataclasses import replace

import mpmath as mp
import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from crmmodels.kernels.value.contribution import (
    Components,
    ValueLines,
    base,
    components,
    contribution,
    discount_factor,
    growth_split,
    premium,
    saving,
)
from crmmodels.kernels.value.reference_prices import shrunk_discounts

A, B = 0, 1
COFFEE, TEA = 0, 1


def hand_checked() -> ValueLines:
    """Customers A, with three orders, and B, with one; a first order has 10 % off and costs 10 to serve."""
    category = np.array([COFFEE, COFFEE, TEA, COFFEE])
    list_price = np.array([100.0, 100.0, 50.0, 100.0])
    net_price = np.array([90.0, 95.0, 50.0, 90.0])
    quantity = np.array([1.0, 2.0, 1.0, 1.0])
    is_first = np.array([True, False, False, True])
    off = quantity * (1.0 - net_price / list_price)
    first_units = np.bincount(category, quantity * is_first)
    first_off = np.bincount(category, off * is_first)
    discounts = shrunk_discounts(np.array([COFFEE, TEA]), first_units, first_off, 2, shrinkage=10.0)
    return ValueLines(
        customer=np.array([A, A, A, B]),
        quantity=quantity,
        net_price=net_price,
        unit_cost=np.array([60.0, 60.0, 20.0, 60.0]),
        service_cost=np.array([10.0, 6.0, 6.0, 10.0]),
        reference_price=list_price * (1.0 - discounts.cell[category]),
        reference_service=np.full(4, 10.0),
        discount=discount_factor(np.array([0.0, 30.0, 60.0, 40.0]), 0.0),
        is_first=is_first,
        in_first_categories=np.array([True, True, False, True]),
    )


def total(found: Components) -> np.ndarray:
    return found.clv1 + found.clv2 + found.clv3 + found.clv4 + found.clv6


money = st.floats(-1e4, 1e4).map(lambda value: round(value, 2))


@st.composite
def value_lines(draw: st.DrawFn) -> ValueLines:
    n = draw(st.integers(1, 30))

    def column(values: st.SearchStrategy[float]) -> np.ndarray:
        return draw(arrays(np.float64, n, elements=values))

    return ValueLines(
        customer=draw(arrays(np.int64, n, elements=st.integers(0, 4))),
        quantity=column(st.integers(-3, 9).map(float)),
        net_price=column(money),
        unit_cost=column(money),
        service_cost=column(money),
        reference_price=column(money),
        reference_service=column(money),
        discount=column(st.floats(0.0, 2.0)),
        is_first=draw(arrays(np.bool_, n)),
        in_first_categories=draw(arrays(np.bool_, n)),
    )


def test_the_hand_checked_case_is_right_to_the_cent() -> None:
    found = components(hand_checked(), 2)
    acquisition_cost = np.array([15.0, 0.0])
    np.testing.assert_allclose(found.clv1 - acquisition_cost, [5.0, 20.0], atol=1e-12)
    np.testing.assert_allclose(found.clv2, [50.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(found.clv3, [15.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(found.clv4, [8.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(found.clv6, [15.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(found.own - acquisition_cost, [93.0, 20.0], atol=1e-12)


@given(money, money, money, money, money, money)
def test_the_parts_of_a_line_are_its_contribution(q: float, p: float, c: float, s: float, b: float, sigma: float) -> None:
    parts = base(q, b, c, sigma) + saving(sigma, s) + premium(q, p, b)
    assert parts == pytest.approx(contribution(q, p, c, s), abs=1e-6, rel=1e-12)


@given(value_lines())
def test_components_add_up_to_the_discounted_contribution(lines: ValueLines) -> None:
    found = components(lines, 5)
    expected = np.zeros(5)
    for row in range(len(lines.customer)):
        margin = lines.quantity[row] * (lines.net_price[row] - lines.unit_cost[row]) - lines.service_cost[row]
        expected[lines.customer[row]] += lines.discount[row] * margin
    np.testing.assert_allclose(found.own, expected, rtol=1e-12, atol=1e-8)
    np.testing.assert_allclose(total(found), expected, rtol=1e-12, atol=1e-7)


@given(value_lines())
def test_each_component_is_the_sum_over_its_own_lines(lines: ValueLines) -> None:
    found = components(lines, 5)
    expected = {name: np.zeros(5) for name in ("clv1", "clv2", "clv3", "clv4", "clv6")}
    for row in range(len(lines.customer)):
        q, p, c, s = lines.quantity[row], lines.net_price[row], lines.unit_cost[row], lines.service_cost[row]
        b, sigma, factor, who = (
            lines.reference_price[row],
            lines.reference_service[row],
            lines.discount[row],
            lines.customer[row],
        )
        if lines.is_first[row]:
            expected["clv1"][who] += factor * (q * (p - c) - s)
            continue
        expected["clv2" if lines.in_first_categories[row] else "clv3"][who] += factor * (q * (b - c) - sigma)
        expected["clv4"][who] += factor * (sigma - s)
        expected["clv6"][who] += factor * q * (p - b)
    for name, values in expected.items():
        np.testing.assert_allclose(getattr(found, name), values, rtol=1e-12, atol=1e-8)


@given(value_lines(), value_lines())
def test_own_value_does_not_depend_on_the_benchmarks(lines: ValueLines, others: ValueLines) -> None:
    n = len(lines.customer)
    elsewhere = replace(
        lines, reference_price=np.resize(others.reference_price, n), reference_service=np.resize(others.reference_service, n)
    )
    np.testing.assert_array_equal(components(lines, 5).own, components(elsewhere, 5).own)
    np.testing.assert_array_equal(components(lines, 5).clv1, components(elsewhere, 5).clv1)


@given(value_lines(), st.sampled_from([0.01, 7.1, 100.0]))
def test_money_in_another_unit_scales_every_component(lines: ValueLines, factor: float) -> None:
    moneys = ("net_price", "unit_cost", "service_cost", "reference_price", "reference_service")
    scaled = components(replace(lines, **{name: factor * getattr(lines, name) for name in moneys}), 5)
    found = components(lines, 5)
    for name in Components.__slots__:
        np.testing.assert_allclose(getattr(scaled, name), factor * getattr(found, name), rtol=1e-11, atol=1e-8 * factor)


def test_a_cost_without_an_order_goes_to_repetition_and_saving() -> None:
    """A service call of 30 where one to a new customer costs 12: q = 0, and prices say nothing."""
    one = np.ones(1)
    call = ValueLines(
        np.array([1]), 0 * one, 5 * one, 3 * one, 30 * one, 9 * one, 12 * one, 0.5 * one, np.array([False]), np.array([True])
    )
    found = components(call, 3)
    np.testing.assert_array_equal(found.clv2, [0.0, -6.0, 0.0])
    np.testing.assert_array_equal(found.clv4, [0.0, -9.0, 0.0])
    np.testing.assert_array_equal(found.own, [0.0, -15.0, 0.0])
    assert not np.any([found.clv1, found.clv3, found.clv6])


def test_no_lines_make_zeros() -> None:
    empty = ValueLines(np.zeros(0, np.int64), *[np.zeros(0)] * 7, *[np.zeros(0, np.bool_)] * 2)
    found = components(empty, 2)
    for name in Components.__slots__:
        values = getattr(found, name)
        assert values.tolist() == [0.0, 0.0]
        assert values.dtype == np.float64


@pytest.mark.parametrize("native", [pd.DataFrame, pl.DataFrame, pl.LazyFrame, pa.table, "duckdb"])
def test_the_same_functions_serve_expressions_of_dataframes(native) -> None:
    lines = hand_checked()
    names = ("quantity", "net_price", "unit_cost", "service_cost", "reference_price", "reference_service")
    table = {name: getattr(lines, name) for name in names} | {"days": np.array([0.0, 30.0, 400.5, -20.0])}
    if native == "duckdb":
        duckdb = pytest.importorskip("duckdb")
        connection = duckdb.connect()
        frame = nw.from_native(connection.from_arrow(pa.table(table)))
    else:
        frame = nw.from_native(native(table))
    q, p, c, s, b, sigma = (nw.col(name) for name in names)
    split = growth_split(base(q, b, c, sigma), 20.0, discount_factor(nw.col("days"), 0.15))
    found = frame.select(
        contribution=contribution(q, p, c, s),
        base=base(q, b, c, sigma),
        saving=saving(sigma, s),
        premium=premium(q, p, b),
        factor=discount_factor(nw.col("days"), 0.15),
        repetition=split.repetition,
        growth=split.growth,
    )
    found = found.collect() if isinstance(found, nw.LazyFrame) else found
    expected = growth_split(
        base(table["quantity"], table["reference_price"], table["unit_cost"], table["reference_service"]),
        20.0,
        discount_factor(table["days"], 0.15),
    )
    arrays_of = [table[name] for name in names]
    np.testing.assert_array_equal(found["contribution"].to_numpy(), contribution(*arrays_of[:4]))
    np.testing.assert_array_equal(found["base"].to_numpy(), base(arrays_of[0], arrays_of[4], arrays_of[2], arrays_of[5]))
    np.testing.assert_array_equal(found["saving"].to_numpy(), saving(arrays_of[5], arrays_of[3]))
    np.testing.assert_array_equal(found["premium"].to_numpy(), premium(arrays_of[0], arrays_of[1], arrays_of[4]))
    np.testing.assert_allclose(found["factor"].to_numpy(), discount_factor(table["days"], 0.15), rtol=1e-15)
    np.testing.assert_allclose(found["repetition"].to_numpy(), expected.repetition, rtol=1e-15)
    np.testing.assert_allclose(found["growth"].to_numpy(), expected.growth, rtol=1e-14)


@given(st.floats(-40_000.0, 40_000.0), st.floats(-0.5, 3.0))
def test_the_discount_factor_is_that_of_thirty_digits(days: float, rate: float) -> None:
    with mp.workdps(30):
        delta = mp.log1p(mp.mpf(rate)) / mp.mpf("365.25")
        exact = mp.exp(-delta * mp.mpf(days))
        assert abs(mp.mpf(discount_factor(days, rate)) / exact - 1) < 1e-13


def test_nothing_is_discounted_at_a_rate_of_zero() -> None:
    assert np.all(discount_factor(np.linspace(-1e5, 1e5, 101), 0.0) == 1.0)


orders = st.lists(st.tuples(st.integers(0, 3), money, st.floats(0.1, 1.5)), max_size=20)


@given(orders, arrays(np.float64, 4, elements=money))
def test_growth_is_what_later_orders_bring_beyond_the_first(later: list[tuple[int, float, float]], first: np.ndarray) -> None:
    repetition, growth, together, factors = np.zeros(4), np.zeros(4), np.zeros(4), np.zeros(4)
    for who, amount, factor in later:
        repetition[who] += factor * first[who]
        growth[who] += factor * (amount - first[who])
        together[who] += factor * amount
        factors[who] += factor
    found = growth_split(together, first, factors)
    np.testing.assert_allclose(found.repetition, repetition, rtol=1e-12, atol=1e-8)
    np.testing.assert_allclose(found.growth, growth, rtol=1e-12, atol=1e-8)
    np.testing.assert_allclose(found.repetition + found.growth, together, rtol=1e-12, atol=1e-8)
