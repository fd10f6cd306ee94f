"""First and repeat order days by calendar day: the same from every kind of log, and what a slow count says."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given

import crmmodels as crm
from crmmodels.data.orders.bounded import log_of
from crmmodels.exceptions import DataError
from crmmodels.testing.strategies import order_logs

LOG = pd.DataFrame(
    {
        "who": ["a", "a", "a", "b", "b", "c", "d", "a"],
        "when": [
            "2026-01-01",
            "2026-01-01",
            "2026-01-03",
            "2026-01-03",
            "2026-01-05",
            "2026-01-02",
            "2026-01-05",
            "2026-01-04",
        ],
        "sum": [10.0, 5.0, 3.0, 1.0, 2.0, -4.0, 7.0, -2.0],
    }
)


def counted(orders: crm.Orders) -> dict[int, tuple[int, int]]:
    days = log_of(orders).order_days()
    first = days.day[0]
    return {d - first: (f, r) for d, f, r in zip(days.day.tolist(), days.n_first.tolist(), days.n_repeat.tolist(), strict=True)}


def test_returns_do_not_count_and_a_day_counts_once(engine, tmp_path):
    orders = crm.Orders(engine.make(LOG, tmp_path), customer="who", time="when", amount="sum")
    assert counted(orders) == {0: (1, 0), 2: (1, 1), 4: (1, 1)}


def test_bounds_are_kept(engine, tmp_path):
    orders = crm.Orders(
        engine.make(LOG, tmp_path), customer="who", time="when", amount="sum", after="2026-01-01", until="2026-01-04"
    )
    assert counted(orders) == {0: (2, 0)}


def test_a_log_of_returns_is_refused(engine, tmp_path):
    orders = crm.Orders(engine.make(LOG[LOG["sum"] < 0], tmp_path), customer="who", time="when", amount="sum")
    with pytest.raises(DataError, match=r"only returns|no order|are negative"):
        log_of(orders).order_days()


@given(order_logs(returns=True))
def test_it_agrees_with_a_slow_count(frame):
    kept = frame[frame["amount"] >= 0]
    if kept.empty:
        return
    days = kept.drop_duplicates(["customer_id", "date"]).sort_values("date")
    is_first = ~days.duplicated("customer_id")
    expected = {
        (day - days["date"].min()).days: (int(is_first[part.index].sum()), int((~is_first[part.index]).sum()))
        for day, part in days.groupby("date")
    }
    assert counted(crm.Orders(frame, customer="customer_id", time="date", amount="amount")) == expected
