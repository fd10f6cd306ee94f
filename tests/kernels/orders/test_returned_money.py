"""Money left after returns against a queue in which every cent is an entry."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmmodels.kernels.orders.returned_money import money_left
from crmmodels.kernels.orders.summary import summarise_orders

LAWS = settings(max_examples=200, deadline=None)
# Days and whole cents; few days and amounts, so that returns of a day of orders, exact returns and orders of 0 are met often.
lines = st.lists(
    st.tuples(st.integers(0, 12), st.integers(-60, 60) | st.sampled_from([0, 50, -50, -100])), min_size=1, max_size=25
)
customers = st.lists(lines, min_size=1, max_size=5)
Lines = list[tuple[int, int]]


def queue(log: Lines) -> tuple[int, int]:
    """Cents left of all orders, and of those after the first order day, when each returned cent takes the oldest one ordered."""
    first = min((day for day, cents in log if cents >= 0), default=None)
    held: deque[int] = deque()
    for day, cents in sorted(log, key=lambda line: (line[0], line[1] < 0)):
        if cents >= 0:
            held.extend([day] * cents)
            continue
        for _ in range(min(-cents, len(held))):
            held.popleft()
    return len(held), sum(day != first for day in held)


def as_arrays(logs: list[Lines]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows = [(code, day, cents) for code, log in enumerate(logs) for day, cents in log]
    customer, day, cents = (np.array(column) for column in zip(*rows, strict=True))
    return customer, day, cents / 100


@LAWS
@given(customers)
def test_what_is_left_is_what_a_queue_of_cents_holds(logs: list[Lines]) -> None:
    summary = summarise_orders(*as_arrays(logs), len(logs))
    for i, log in enumerate(logs):
        assert summary.spend[i] == sum(cents for _, cents in log) / 100
        assert summary.repeat_spend[i] == queue(log)[1] / 100


@LAWS
@given(customers)
def test_the_money_left_is_that_of_the_queue(logs: list[Lines]) -> None:
    days = [{day: sum(cents for when, cents in log if when == day) for day, _ in sorted(log)} for log in logs]
    start = np.cumsum([0, *(len(net) for net in days)])
    net = np.array([cents for of_customer in days for cents in of_customer.values()], float)
    assert money_left(start, net).tolist() == [queue(log)[0] for log in logs]


@LAWS
@given(lines, st.randoms(use_true_random=False), st.floats(0.01, 1e6))
def test_amounts_that_are_no_cents_follow_the_same_rule(log: Lines, random: object, price: float) -> None:
    """In units of any price, in any order of the rows: nothing left is 0, and no residue of rounding."""
    shuffled = list(log)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    day, cents = np.array(shuffled).T
    summary = summarise_orders(np.zeros(len(day), np.int64), day, cents * (price / 3.0), 1)
    expected = queue(log)[1] * (price / 3.0)
    assert summary.repeat_spend[0] == pytest.approx(expected, rel=1e-12, abs=0.0)


@LAWS
@given(customers)
def test_between_nothing_and_the_money_of_the_repeat_orders(logs: list[Lines]) -> None:
    bought = [[line for line in log if line[1] >= 0] for log in logs]
    repeats = summarise_orders(*as_arrays(logs), len(logs)).repeat_spend
    for repeat_spend, log in zip(repeats, bought, strict=True):
        most = summarise_orders(*as_arrays([log]), 1).repeat_spend[0] if log else 0.0
        assert 0.0 <= repeat_spend <= most


@pytest.mark.parametrize(
    ("amounts", "repeat_spend"),
    [
        ((100.0, -100.0, 20.0), 20.0),  # The first order is returned.
        ((100.0, -30.0, 20.0), 20.0),  # A part of it is.
        ((100.0, 20.0, -110.0), 10.0),  # All of it and a part of the next.
        ((-100.0, 20.0, 30.0), 30.0),  # An order of before the log is.
        ((10.0, -50.0, 20.0), 20.0),  # So is a part of what is returned here.
        ((10.0, 20.0, -50.0), 0.0),
        ((100.1, 50.3, -150.4), 0.0),  # In floating point 100.1 + 50.3 - 150.4 is not 0.
        ((100.123, 50.377777, -150.500777), 0.0),
        ((0.0, 20.0, -5.0), 15.0),  # A free order is the first.
        ((1e17, -1e17, 0.1), 0.1),
    ],
)
def test_worked_out_by_hand(amounts: tuple[float, ...], repeat_spend: float) -> None:
    n = len(amounts)
    summary = summarise_orders(np.zeros(n, np.int64), 4 * np.arange(n), np.array(amounts), 1)
    assert summary.repeat_spend[0] == pytest.approx(repeat_spend, rel=1e-12, abs=0.0)


def test_orders_of_a_day_come_before_returns_of_it() -> None:
    day, amount = np.array([0, 3, 3, 9]), np.array([10.0, -30.0, 25.0, 7.0])
    for rows in (slice(None), slice(None, None, -1)):
        summary = summarise_orders(np.zeros(4, np.int64), day[rows], amount[rows], 1)
        assert summary.repeat_spend[0] == 12.0


def test_money_of_a_day_that_cancels_but_for_rounding_is_none() -> None:
    day, amount = np.array([0, 1, 3, 3, 3]), np.array([5.0, -5.0, 100.123, 50.377777, -150.500777])
    summary = summarise_orders(np.zeros(5, np.int64), day, amount, 1)
    assert (summary.spend[0], summary.repeat_spend[0]) == (0.0, 0.0)


def test_nobody_has_nothing_left() -> None:
    assert money_left(np.zeros(1, np.int64), np.empty(0)).shape == (0,)
    assert money_left(np.array([0, 0, 1, 1]), np.array([5.0])).tolist() == [0.0, 5.0, 0.0]
