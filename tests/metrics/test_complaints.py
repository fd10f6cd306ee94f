"""Complaint rates, and the change of rates: published numbers, counts from columns, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import crmmodels as crm
from crmmodels.metrics import complaint_rate, csat, nps, rate_change


def test_published_fall_of_the_complaint_rate() -> None:
    """5 % to 2 % with 1,000 customers each: -3.0 points [-4.7, -1.4], Newcombe (1998), method 10."""
    before, after = complaint_rate(50, 1000), complaint_rate(20, 1000)
    change = rate_change(before, after)
    assert (before.value, after.value) == (0.05, 0.02)
    assert [round(100 * x, 1) for x in (change.value, change.lower, change.upper)] == [-3.0, -4.7, -1.4]
    assert change.n == 2000
    back = rate_change(after, before)
    assert (back.value, back.lower, back.upper) == pytest.approx((-change.value, -change.upper, -change.lower))
    wider = rate_change(before, after, level=0.99)
    assert wider.lower < change.lower < change.upper < wider.upper


def test_a_customer_counts_once_however_often() -> None:
    people = [f"c{k}" for k in range(40)]
    once = complaint_rate(2, 40)
    for kind in (list, pd.Series, pl.Series, np.array):
        assert complaint_rate(kind(["c1", "c7", "c1", "c1"]), kind(people)) == once
    assert complaint_rate(["c1", "c7"], 40) == once
    assert complaint_rate(2, people) == once
    assert (once.value, once.n, once.n_effective, once.n_left_out) == (0.05, 40, 40.0, 0)


def test_nobody_complained() -> None:
    for complaints in (0, []):
        rate = complaint_rate(complaints, 30)
        assert rate.value == rate.lower == 0.0
        assert 0.1 < rate.upper < 0.12


def test_weighted_rates_change_by_their_effective_numbers() -> None:
    before, after = csat([5, 1, 1, 4], weights=[3, 1, 1, 1]), csat([5, 5, 1])
    change = rate_change(before, after)
    assert change.value == pytest.approx(2 / 3 - 4 / 6)
    assert change.n_effective == pytest.approx(36 / 12 + 3)


@pytest.mark.parametrize(
    ("complaints", "customers", "message"),
    [
        (["a", None], 5, "column 'complaints' misses the customer of 1 complaint in row 1"),
        ([1.0, float("nan")], 5, "misses the customer of 1 complaint"),
        (["a", "x", "y"], ["a", "b"], r"2 customers in 'complaints' not among 'customers' \(such as 'x', 'y'\)"),
        (["a"], ["a", "b", "a"], r"column 'customers' repeats 1 value \(such as 'a'\)"),
        (["a"], ["a", None], "column 'customers' misses 1 value"),
        (0, [], "column 'customers' is empty; at least one customer is needed"),
        ("a", 5, "must be a column"),
        (pl.Series([["a"], ["b"]]), 5, "must name customers by text or numbers"),
    ],
)
def test_columns_that_cannot_be_read_are_refused(complaints: Any, customers: Any, message: str) -> None:
    with pytest.raises(crm.DataError, match=rf"complaint_rate cannot read this .*:\n- .*{message}"):
        complaint_rate(complaints, customers)


@pytest.mark.parametrize(
    ("complaints", "customers", "message"),
    [
        (1, 0, r"customers=.*whole number, 1 or more.*got 0"),
        (-1, 5, r"complaints=.*whole number, 0 or more.*got -1"),
        (1.5, 5, r"complaints=.*got 1\.5"),
        (True, 5, r"complaints=.*got True"),
        (6, 5, r"complaints=.*at most as many customers as there are, 5; got 6"),
        (["a", "b"], 1, r"complaints=.*at most as many customers as there are, 1; got 2"),
    ],
)
def test_numbers_are_checked(complaints: Any, customers: Any, message: str) -> None:
    with pytest.raises(crm.ParameterError, match=message):
        complaint_rate(complaints, customers)


def test_only_rates_change() -> None:
    rate = complaint_rate(1, 5)
    with pytest.raises(crm.ParameterError, match=r"rate_change\(after=.*a Rate"):
        rate_change(rate, nps([9]))
    with pytest.raises(crm.ParameterError, match=r"rate_change\(before=.*got 0\.2"):
        rate_change(0.2, rate)
    for level in (0, 1, "0.95", float("nan")):
        with pytest.raises(crm.ParameterError, match="level="):
            rate_change(rate, rate, level=level)
        with pytest.raises(crm.ParameterError, match="level="):
            complaint_rate(1, 5, level=level)
