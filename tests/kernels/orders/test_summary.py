"""Customers and panels against a walk over the order lines with plain dictionaries."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmmodels._typing import Period
from crmmodels.kernels.orders.periods import period_of_day
from crmmodels.kernels.orders.summary import (
    OrderLines,
    combine_lines,
    count_by_period,
    exact_unit,
    fill_panel,
    panel_start,
    summarise_orders,
)

LAWS = settings(max_examples=80, deadline=None)
N_CODES = 9
NO_DAY = 10**9

# Codes 0, 2, 4, ... only, so that some have no line; quarters, so that every sum is exact.
line = st.tuples(
    st.integers(0, (N_CODES - 1) // 2).map(lambda code: 2 * code),
    st.integers(-40, 40) | st.integers(17_000, 17_400),
    st.integers(-40, 40).map(lambda quarters: quarters / 4) | st.just(0.0),
)
logs = st.lists(line, min_size=1, max_size=40)
Log = list[tuple[int, int, float]]


@dataclass
class Bought:
    """What a plain loop knows of a customer."""

    n_orders: int = 0
    spend: float = 0.0
    ordered: dict[int, float] = field(default_factory=lambda: defaultdict(float))
    returned: dict[int, float] = field(default_factory=lambda: defaultdict(float))
    order_days: set[int] = field(default_factory=set)

    def repeat_spend(self) -> float:
        """Money left of the orders after the first order day; returns take the oldest money that is left."""
        held: list[list[float]] = []
        for day in sorted(self.ordered | self.returned):
            held.append([day, self.ordered[day]])
            for entry in held:
                taken = min(entry[1], self.returned[day])
                entry[1] -= taken
                self.returned[day] -= taken
        return sum(money for day, money in held if day != min(self.order_days))


def walk(log: Log) -> dict[int, Bought]:
    customers: dict[int, Bought] = {}
    for customer, day, amount in log:
        bought = customers.setdefault(customer, Bought())
        bought.spend += amount
        if amount < 0:
            bought.returned[day] -= amount
        else:
            bought.ordered[day] += amount
            bought.n_orders += 1
            bought.order_days.add(day)
    return customers


def arrays(log: Log) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    customer, day, amount = zip(*log, strict=True)
    return np.array(customer), np.array(day), np.array(amount)


@LAWS
@given(logs)
def test_the_summary_agrees_with_a_walk_over_the_lines(log: Log) -> None:
    summary = summarise_orders(*arrays(log), N_CODES)
    expected = walk(log)
    assert summary.customer.tolist() == sorted(expected)
    for i, code in enumerate(summary.customer.tolist()):
        bought = expected[code]
        assert summary.n_orders[i] == bought.n_orders
        assert summary.n_order_days[i] == len(bought.order_days)
        assert summary.spend[i] == bought.spend
        if bought.n_orders:
            first = min(bought.order_days)
            assert (summary.first_day[i], summary.last_day[i]) == (first, max(bought.order_days))
            assert summary.repeat_spend[i] == bought.repeat_spend()


@LAWS
@given(logs)
def test_without_amounts_every_line_is_an_order(log: Log) -> None:
    customer, day, amount = arrays(log)
    without = summarise_orders(customer, day, None, N_CODES)
    free = summarise_orders(customer, day, np.zeros(len(amount)), N_CODES)
    for name in ("customer", "n_orders", "n_order_days", "first_day", "last_day", "spend", "repeat_spend"):
        np.testing.assert_array_equal(getattr(without, name), getattr(free, name))
    assert without.n_orders.sum() == len(log)


@LAWS
@given(logs, st.randoms(use_true_random=False))
def test_the_order_of_the_lines_does_not_matter(log: Log, random: object) -> None:
    shuffled = list(log)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    before, after = (summarise_orders(*arrays(rows), N_CODES) for rows in (log, shuffled))
    for name in ("customer", "n_orders", "n_order_days", "spend"):
        np.testing.assert_array_equal(getattr(before, name), getattr(after, name))


def test_a_return_lowers_the_spend_but_is_no_order() -> None:
    """By hand: a return before the first order, one on its day, and one after the last."""
    day, amount = np.array([1, 5, 5, 9, 12]), np.array([-2.0, 10.0, -3.0, 7.0, -1.0])
    summary = summarise_orders(np.zeros(5, np.int64), day, amount, 1)
    assert (summary.n_orders[0], summary.n_order_days[0], summary.first_day[0], summary.last_day[0]) == (2, 2, 5, 9)
    # What is returned on day 5 and day 12 is of the order of day 5; what is returned before it, of none.
    assert (summary.spend[0], summary.repeat_spend[0]) == (11.0, 7.0)


def test_a_large_first_order_cancels_no_digit_of_later_ones() -> None:
    summary = summarise_orders(np.zeros(2, np.int64), np.array([0, 1]), np.array([1e17, 0.1]), 1)
    assert summary.repeat_spend[0] == 0.1


@pytest.mark.parametrize("n_codes", [0, 3])
def test_an_empty_log_has_no_customers(n_codes: int) -> None:
    none = np.empty(0, np.int64)
    summary = summarise_orders(none, none, np.empty(0), n_codes)
    assert all(len(getattr(summary, name)) == 0 for name in ("customer", "n_orders", "spend", "repeat_spend"))


def test_a_large_log_agrees_with_pandas() -> None:
    rng = np.random.default_rng(11)
    n = 20_000
    frame = pd.DataFrame(
        {"customer": rng.integers(0, 3000, n), "day": rng.integers(17_000, 18_000, n), "amount": rng.integers(-3, 20, n) / 2}
    )
    summary = summarise_orders(frame["customer"].to_numpy(), frame["day"].to_numpy(), frame["amount"].to_numpy(), 3000)
    orders = frame[frame["amount"] >= 0].groupby("customer")
    expected = pd.DataFrame(
        {
            "n_orders": orders.size(),
            "n_order_days": orders["day"].nunique(),
            "first_day": orders["day"].min(),
            "last_day": orders["day"].max(),
        }
    )
    kept = summary.n_orders > 0
    for name, column in expected.items():
        np.testing.assert_array_equal(getattr(summary, str(name))[kept], column.to_numpy())
    np.testing.assert_array_equal(summary.spend, frame.groupby("customer")["amount"].sum().to_numpy())


@LAWS
@given(st.lists(st.tuples(line, st.integers(0, 4)), min_size=1, max_size=30), st.booleans())
def test_the_lines_of_an_order_become_one_line_on_its_first_day(rows: list[tuple], with_amount: bool) -> None:
    customer, day, amount = arrays([row for row, _ in rows])
    order = np.array([number for _, number in rows])
    expected: dict[tuple[int, int], list[float]] = {}
    for (code, when, money), number in rows:
        held = expected.setdefault((code, number), [when, 0.0])
        held[0] = min(held[0], when)
        held[1] += money
    combined = combine_lines(OrderLines(customer, day, amount if with_amount else None), order)
    keys = sorted(expected)
    assert combined.customer.tolist() == [code for code, _ in keys]
    assert combined.day.tolist() == [expected[key][0] for key in keys]
    if with_amount:
        assert combined.amount is not None
        assert combined.amount.tolist() == [expected[key][1] for key in keys]
    else:
        assert combined.amount is None


def test_an_order_whose_lines_cancel_but_for_rounding_is_free_and_no_return() -> None:
    lines = OrderLines(np.zeros(3, np.int64), np.zeros(3, np.int64), np.array([-0.1234567, -0.2, 0.3234567]))
    for rows in ([0, 1, 2], [2, 1, 0], [1, 2, 0]):
        combined = combine_lines(lines.take(np.array(rows)), np.zeros(3, np.int64))
        assert combined.amount is not None
        assert combined.amount.tolist() == [0.0]


@LAWS
@given(logs, st.sampled_from(get_args(Period)))
def test_cells_agree_with_a_walk_over_the_lines(log: Log, period: Period) -> None:
    customer, day, amount = arrays(log)
    number = period_of_day(day, period)
    counts = count_by_period(OrderLines(customer, day, amount), number, NO_DAY)
    expected: dict[tuple[int, int], list[float]] = {}
    for (code, when, money), cell in zip(log, number.tolist(), strict=True):
        held = expected.setdefault((code, cell), [0, 0.0, NO_DAY])
        held[1] += money
        if money >= 0:
            held[0] += 1
            held[2] = min(held[2], when)
    found = zip(counts.customer.tolist(), counts.period.tolist(), strict=True)
    assert list(found) == sorted(expected)
    figures = zip(counts.n_orders.tolist(), counts.spend.tolist(), counts.first_day.tolist(), strict=True)
    assert list(map(list, figures)) == [expected[key] for key in sorted(expected)]


recent = st.lists(
    st.tuples(st.integers(0, N_CODES - 1), st.integers(17_000, 17_400), st.integers(-8, 20).map(lambda q: q / 4)),
    min_size=1,
    max_size=30,
)


@LAWS
@given(recent, st.integers(0, 100), st.sampled_from(["W", "M", "Q", "Y"]))
def test_the_panel_keeps_every_order_and_all_money(log: Log, later: int, period: Period) -> None:
    customer, day, amount = arrays(log)
    as_of = int(day.max()) + later
    number = period_of_day(day, period)
    counts = count_by_period(OrderLines(customer, day, amount), number, NO_DAY)
    start = panel_start(counts, N_CODES, as_of, period, NO_DAY)
    panel = fill_panel(counts, start, N_CODES, as_of, period)
    assert start.n_rows == len(panel.customer)
    assert start.n_returns_only == sum(bought.n_orders == 0 for bought in walk(log).values())
    walked = {code: bought for code, bought in walk(log).items() if bought.n_orders}
    assert sorted(set(panel.customer.tolist())) == sorted(walked)
    assert ((panel.exposure > 0) & (panel.exposure <= 1)).all()
    last = int(period_of_day(np.array([as_of]), period)[0])
    for code, bought in walked.items():
        mine = panel.customer == code
        first = int(period_of_day(np.array([min(bought.order_days)]), period)[0])
        assert panel.period[mine].tolist() == list(range(first, last + 1))
        assert panel.n_orders[mine].sum() == bought.n_orders
        assert panel.spend[mine].sum() == bought.spend
        orders, money = defaultdict(int), defaultdict(float)
        for cell, given_amount in zip(number[customer == code], amount[customer == code], strict=True):
            orders[cell] += int(given_amount >= 0)
            # Returns before the first order count in its period.
            money[max(int(cell), first)] += given_amount
        assert panel.n_orders[mine].tolist() == [orders[cell] for cell in range(first, last + 1)]
        assert panel.spend[mine].tolist() == [money[cell] for cell in range(first, last + 1)]


def test_a_customer_with_returns_only_has_no_panel() -> None:
    lines = OrderLines(np.array([0, 1]), np.array([3, 4]), np.array([-5.0, 5.0]))
    counts = count_by_period(lines, period_of_day(lines.day, "D"), NO_DAY)
    start = panel_start(counts, 2, 4, "D", NO_DAY)
    assert (start.n_returns_only, start.n_rows) == (1, 1)
    assert fill_panel(counts, start, 2, 4, "D").customer.tolist() == [1]


@LAWS
@given(st.lists(st.integers(-(10**6), 10**9), min_size=1, max_size=50), st.sampled_from([1, 100, 10_000]))
def test_decimal_amounts_have_a_unit_that_makes_them_whole(cents: list[int], per_unit: int) -> None:
    amount = np.array(cents) / per_unit
    unit = exact_unit(amount)
    assert unit <= per_unit
    assert (np.rint(amount * unit) / unit == amount).all()


def test_no_amounts_need_no_unit() -> None:
    assert exact_unit(np.empty(0)) == 1.0


@pytest.mark.parametrize("amounts", [[0.123456], [1 / 3, 2.0], [1e300], [2.0**52, 2.0**52], [0.01, 1e14]])
def test_other_amounts_have_none(amounts: list[float]) -> None:
    assert exact_unit(np.array(amounts)) == 1.0


@LAWS
@given(st.lists(st.integers(-(10**7), 10**7), min_size=1, max_size=60), st.randoms(use_true_random=False))
def test_sums_of_cents_are_exact_in_any_order(cents: list[int], random: object) -> None:
    shuffled = list(cents)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    n = len(cents)
    for values in (cents, shuffled):
        summary = summarise_orders(np.zeros(n, np.int64), np.arange(n) % 7, np.array(values) / 100, 1)
        assert summary.spend[0] == sum(cents) / 100
