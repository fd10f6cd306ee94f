"""Panels and splits: worked out by hand, by brute force, and alike on every engine."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crmmodels as crm
from crmmodels.testing.strategies import order_logs

PERIODS = {"D": "D", "W": "W-SUN", "M": "M", "Q": "Q-DEC", "Y": "Y-DEC"}


def orders_of(native: Any) -> crm.Orders:
    return crm.Orders(native, customer="customer_id", time="date", amount="amount")


def by_brute_force(log: pd.DataFrame, period: str, end: dt.date) -> dict[tuple[int, str], tuple[int, float, float]]:
    """(customer, first day of the period) -> orders, spend, exposure; one day at a time."""
    cells: dict[tuple[int, str], list[float]] = {}
    for customer, lines in log[log["date"] <= pd.Timestamp(end)].groupby("customer_id"):
        orders = lines[lines["amount"] >= 0]
        if orders.empty:
            continue
        start = orders["date"].min()
        for day in pd.date_range(start, end):
            within = day.to_period(PERIODS[period])
            cell = cells.setdefault((int(customer), str(within.start_time.date())), [0, 0.0, 0.0])
            cell[2] += 1 / ((within.end_time - within.start_time).days + 1)
        first = str(start.to_period(PERIODS[period]).start_time.date())
        for row in lines.itertuples():
            home = max(first, str(row.date.to_period(PERIODS[period]).start_time.date()))
            cells[int(customer), home][0] += row.amount >= 0
            cells[int(customer), home][1] += row.amount
    return {key: (int(n), spend, exposure) for key, (n, spend, exposure) in cells.items()}


@pytest.mark.filterwarnings("ignore::crmmodels.ReturnsOnlyWarning")
@settings(max_examples=12)
@given(log=order_logs(returns=True), period=st.sampled_from(list(PERIODS)), extra=st.integers(0, 40))
def test_panels_agree_with_brute_force(
    engine: Any, tmp_path_factory: Any, as_pandas: Any, log: pd.DataFrame, period: Any, extra: int
) -> None:
    end = (log["date"].max() + pd.Timedelta(days=extra - 20)).date()
    expected = by_brute_force(log, period, end)
    orders = orders_of(engine.make(log, tmp_path_factory.mktemp("log")))
    if not expected:
        with pytest.raises(crm.DataError):
            orders.panel(period, as_of=end)
        return
    panel = as_pandas(orders.panel(period, as_of=end))
    expected = {(engine.key(customer), day): cell for (customer, day), cell in expected.items()}
    actual = {
        (row.customer_id, str(row.period.date())): (row.n_orders, row.spend, row.exposure)
        for row in panel.itertuples(index=False)
    }
    assert actual.keys() == expected.keys()
    for key, (n_orders, spend, exposure) in expected.items():
        assert actual[key] == (n_orders, pytest.approx(spend, abs=1e-9), pytest.approx(exposure, abs=1e-12))


def test_a_panel_starts_at_the_first_order_and_holds_empty_periods(engine: Any, tmp_path: Path, as_pandas: Any) -> None:
    log = pd.DataFrame(
        {
            "customer_id": ["b", "a", "a"],
            "date": pd.to_datetime(["2026-03-31", "2026-01-17", "2026-03-01"]),
            "amount": [5.0, 10.0, 20.0],
        }
    )
    panel = as_pandas(orders_of(engine.make(log, tmp_path)).panel(as_of="2026-04-15"))
    assert panel["customer_id"].tolist() == ["a"] * 4 + ["b"] * 2
    assert panel["period"].dt.strftime("%Y-%m").tolist() == ["2026-01", "2026-02", "2026-03", "2026-04", "2026-03", "2026-04"]
    assert panel["n_orders"].tolist() == [1, 0, 1, 0, 1, 0]
    assert panel["spend"].tolist() == [10.0, 0.0, 20.0, 0.0, 5.0, 0.0]
    assert panel["exposure"].tolist() == [15 / 31, 1.0, 1.0, 0.5, 1 / 31, 0.5]


def test_a_split_joins_what_calibration_customers_did_later(engine: Any, tmp_path: Path, as_pandas: Any) -> None:
    log = pd.DataFrame(
        {
            "customer_id": ["a", "a", "a", "a", "b", "z"],
            "date": pd.to_datetime(["2026-01-01", "2026-02-01", "2026-02-01", "2026-02-28", "2026-01-31", "2026-02-05"]),
            "amount": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        }
    )
    split = orders_of(engine.make(log, tmp_path)).split("2026-01-31")
    customers = as_pandas(split.customers(unit="W"))
    assert customers["customer_id"].tolist() == ["a", "b"]
    assert customers["n_orders"].tolist() == [1, 1]
    assert customers["age"].tolist() == [30 / 7, 0.0]
    assert customers["n_orders_holdout"].tolist() == [3, 0]
    assert customers["order_days_holdout"].tolist() == [2, 0]
    assert customers["spend_holdout"].tolist() == [9.0, 0.0]
    assert customers["duration_holdout"].tolist() == [28 / 7] * 2
    assert as_pandas(split.calibration.customers())["as_of"].unique().tolist() == [pd.Timestamp("2026-01-31")]
    holdout = as_pandas(split.holdout.customers())
    assert holdout["customer_id"].tolist() == ["a", "z"]
    assert holdout["n_orders"].tolist() == [3, 1]


def test_a_holdout_without_orders_counts_zero(engine: Any, tmp_path: Path, as_pandas: Any) -> None:
    log = pd.DataFrame({"customer_id": ["a"], "date": pd.to_datetime(["2026-01-01"]), "amount": [1.0]})
    customers = as_pandas(orders_of(engine.make(log, tmp_path)).split("2026-01-31", until="2026-02-28").customers())
    assert customers[["n_orders_holdout", "order_days_holdout", "spend_holdout"]].to_numpy().tolist() == [[0, 0, 0]]


@settings(max_examples=25)
@given(log=order_logs(), at=st.integers(0, 119))
def test_calibration_and_holdout_together_hold_every_order(log: pd.DataFrame, at: int) -> None:
    day = log["date"].min() + pd.Timedelta(days=at)
    if day >= log["date"].max():
        return
    split = orders_of(log).split(day)
    customers = split.customers()
    before = log[log["date"] <= day]
    assert customers["n_orders"].sum() == len(before)
    assert customers["n_orders_holdout"].sum() == log["customer_id"].isin(before["customer_id"]).sum() - len(before)


def test_a_bad_row_of_the_holdout_is_refused_not_counted_as_silence() -> None:
    frame = pl.DataFrame(
        {
            "customer_id": ["x", "y", "x", "y"],
            "date": ["2020-01-01", "2020-01-02", "2020-03-01", "2020-03-02"],
            "amount": [1.0, 2.0, 3.0, None],
        }
    )
    for native in (frame.lazy(), duckdb.from_arrow(frame.to_arrow())):
        with pytest.raises(crm.DataError, match="1 row without an amount"):
            orders_of(native).split("2020-02-01").customers()


LOG = pd.DataFrame(
    {
        "customer_id": ["x", "y", "x", "y"],
        "date": ["2020-01-01", "2020-01-02", "2020-03-01", "2020-03-02"],
        "amount": [1.0, 2.0, 3.0, 4.0],
    }
)


def test_a_split_does_not_reach_beyond_the_end_of_its_log() -> None:
    part = crm.Orders(LOG, customer="customer_id", time="date", amount="amount", until="2020-02-15")
    with pytest.raises(crm.ParameterError) as caught:
        part.split("2020-03-01", until="2020-12-31")
    assert str(caught.value) == "split(at=...) must be before the end of the holdout, 2020-02-15; got '2020-03-01'."
    assert part.split("2020-01-01", until="2020-12-31").until == dt.date(2020, 2, 15)


@pytest.mark.parametrize(
    "make", [lambda frame: frame, pl.from_pandas, pa.Table.from_pandas, lambda f: pl.from_pandas(f).lazy()]
)
def test_parts_of_a_log_of_text_dates_show_their_lines(make: Any, as_pandas: Any) -> None:
    split = orders_of(make(LOG)).split("2020-02-01")
    assert as_pandas(split.calibration.lines(), "customer")["amount"].tolist() == [1.0, 2.0]
    assert as_pandas(split.holdout.lines(), "customer")["amount"].tolist() == [3.0, 4.0]


@pytest.mark.parametrize(
    ("options", "call", "text"),
    [
        ({"after": "2021-02-01"}, {}, "after 2021-02-01"),
        ({"after": "2020-02-01"}, {"as_of": "2020-01-15"}, "after 2020-02-01 and up to 2020-01-15"),
        ({}, {"as_of": "2020-02-15", "window_days": 3}, "after 2020-02-12 and up to 2020-02-15"),
    ],
)
def test_bounds_that_leave_nothing_are_named(options: dict[str, str], call: dict[str, Any], text: str) -> None:
    with pytest.raises(crm.DataError) as caught:
        crm.Orders(LOG, customer="customer_id", time="date", **options).customers(**call)
    expected = f"- no order is left {text}; the log runs from 2020-01-01 to 2020-03-02: choose other dates"
    assert str(caught.value).splitlines()[1] == expected


def test_bounds_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(crm.ParameterError) as caught:
        crm.Orders(LOG, customer="customer_id", time="date", after="2020-03-01", until="2020-02-01")
    assert str(caught.value) == "Orders(after=...) must be before until=2020-02-01; got '2020-03-01'."
