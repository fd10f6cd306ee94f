"""Tracking against a loop over customers and periods."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crmmodels as crm
from crmmodels.testing.strategies import order_logs

UNIT_DAYS = {"D": 1.0, "W": 7.0, "M": 30.4375, "Q": 91.3125, "Y": 365.25}
ROLES = {"customer": "customer_id", "time": "date"}


def at(kind: type, values: Any, **options: Any) -> Any:
    return kind.from_parameters(kind._family.parameters(*values), **{"horizon": 4, "unit": "W", **options})


MODELS = {
    "NBD": at(crm.NBDModel, (0.5, 9.0)),
    "BG": at(crm.BetaGeoModel, (0.4, 4.0, 0.8, 2.5)),
    "MBG": at(crm.ModifiedBetaGeoModel, (0.7, 6.0, 0.9, 1.6)),
    "Pareto": at(crm.ParetoNBDModel, (0.7, 8.0, 0.6, 12.0)),
}


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    """Customers whose first orders are staggered over ten weeks, some with two orders on a day."""
    drawn = MODELS["Pareto"].simulate(60, np.linspace(20, 30, 60), rng=1, until="2025-07-01")
    drawn["date"] = drawn["date"].dt.normalize()
    return pd.concat([drawn, drawn.iloc[::9]])[["customer_id", "date"]].sample(frac=1.0, random_state=0)


def tracked(model: Any, log: pd.DataFrame, periods: int, length: float, until: Any = None) -> pd.DataFrame:
    """Day by day and customer by customer: every day of observation belongs to the period that holds the whole of it."""
    days = log.drop_duplicates()
    first = days.groupby("customer_id")["date"].min()
    start, last = first.min(), pd.Timestamp(until) if until else days["date"].max()
    repeats = days[days["date"] > days["customer_id"].map(first)]
    rows, before_expected, before_actual = [], 0.0, 0
    new = cache(lambda age: model.expected_purchases_new(age / UNIT_DAYS[model.unit]))
    for period in range(1, periods + 1):
        end = start + pd.Timedelta(days=math.floor(period * length * UNIT_DAYS[model.unit]) - 1)
        expected = 0.0
        for birth in first:
            age = (end - birth).days
            if age > 0:
                expected += new(age)
        seen = end <= last
        actual = int((repeats["date"] <= end).sum()) if seen else math.nan
        rows.append((period, end, expected - before_expected, actual - before_actual, expected, actual))
        before_expected, before_actual = expected, actual
    names = ["period", "end", "expected", "actual", "expected_cumulative", "actual_cumulative"]
    return pd.DataFrame(rows, columns=names)


def agree(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    assert found.columns.tolist() == expected.columns.tolist()
    assert pd.to_datetime(found["end"]).tolist() == expected["end"].tolist()
    pd.testing.assert_frame_equal(
        found.drop(columns="end"), expected.drop(columns="end"), check_dtype=False, rtol=1e-10, atol=1e-12
    )


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(("periods", "length"), [(35, 1.0), (13, 2.5), (60, 3 / 7)])
def test_every_period_is_that_of_a_loop_over_customers(name, periods, length, log):
    model = MODELS[name]
    expected = tracked(model, log, periods, length)
    agree(model.tracking(crm.Orders(log, **ROLES), periods, length), expected)
    assert expected["actual"].isna().any() == (length >= 1.0)  # the log ends within the periods
    assert expected["actual"].sum() > 20


@pytest.mark.parametrize(("unit", "periods"), [("D", 40), ("M", 8), ("Y", 2)])
def test_periods_are_of_the_unit_of_the_model(unit, periods, log):
    factor = 7.0 / UNIT_DAYS[unit]
    model = at(crm.ParetoNBDModel, (0.7, 8.0 * factor, 0.6, 12.0 * factor), unit=unit)
    agree(model.tracking(crm.Orders(log, **ROLES), periods), tracked(model, log, periods, 1.0))


@settings(max_examples=25)
@given(log=order_logs(), periods=st.integers(1, 20), length=st.sampled_from([0.2, 1.0, 3.0]))
def test_any_log(log, periods, length):
    """Single orders, ties, several orders a day."""
    names = {name: log.columns[place] for place, name in enumerate(("customer_id", "date"))}
    log = pd.DataFrame({new: log[old] for new, old in names.items()})
    orders = crm.Orders(log, **ROLES)
    whole = log.assign(date=pd.to_datetime(log["date"]).dt.normalize())
    found = MODELS["BG"].tracking(orders, periods, length)
    agree(found, tracked(MODELS["BG"], whole, periods, length))


def test_engines_agree_in_their_kind(log):
    model = MODELS["BG"]
    expected = model.tracking(crm.Orders(log, **ROLES), 30)
    arrow = pa.Table.from_pandas(log, preserve_index=False)
    for frame in (pl.from_arrow(arrow), pl.from_arrow(arrow).lazy(), arrow, duckdb.connect().from_arrow(arrow)):
        found = model.tracking(crm.Orders(frame, **ROLES), 30)
        if isinstance(found, pl.LazyFrame):
            found = found.collect()
        assert isinstance(found, pa.Table) == isinstance(frame, pa.Table)
        assert isinstance(found, pl.DataFrame) == isinstance(frame, pl.DataFrame | pl.LazyFrame)
        table = (
            found.df()
            if isinstance(found, duckdb.DuckDBPyRelation)
            else found.to_pandas()
            if not isinstance(found, pd.DataFrame)
            else found
        )
        agree(table.sort_values("period").reset_index(drop=True), expected.assign(end=pd.to_datetime(expected["end"])))


def test_periods_after_the_end_of_the_log_are_expected_but_not_actual(log):
    orders = crm.Orders(log, **ROLES)
    found = MODELS["Pareto"].tracking(orders, 100)
    unseen = pd.to_datetime(found["end"]) > log["date"].max()
    assert unseen.sum() > 60
    assert found.loc[unseen, ["actual", "actual_cumulative"]].isna().all(axis=None)
    assert found.loc[~unseen].notna().all(axis=None)
    assert (found["expected"] > 0).all()
    assert found["expected_cumulative"].is_monotonic_increasing


def test_a_log_that_is_bounded_ends_at_its_bound(log):
    """Silent days up to the end of a half of a split have no orders, which is known."""
    split = crm.Orders(log, **ROLES).split(at="2025-03-31")
    calibration = split.calibration
    found = MODELS["NBD"].tracking(calibration, 30)
    agree(found, tracked(MODELS["NBD"], log[log["date"] <= "2025-03-31"], 30, 1.0, until="2025-03-31"))


@pytest.mark.parametrize("unit", ["D", "W", "M"])
@pytest.mark.parametrize("name", MODELS)
def test_a_log_drawn_from_the_model_is_tracked_without_bias(name, unit):
    """Of customers who all begin on one day; orders of one day count as one, hence the long unit or few orders a day."""
    factor = 60.0 / UNIT_DAYS[unit]  # parameters as if in units of 60 days
    values = [value * factor if field in MODELS[name]._family.scales else value
              for field, value in zip(MODELS[name]._family.names, MODELS[name].fitted.values.tolist(), strict=True)]  # fmt: skip
    model = at(type(MODELS[name]), values, unit=unit)
    unbiased(model, 20.0 * factor, 20, factor)


@pytest.mark.parametrize("unit", ["D", "W", "M", "Q", "Y"])
def test_a_log_drawn_from_opportunities_is_tracked_without_bias(unit):
    """What counts is the number of opportunities since the first order that were taken."""
    unbiased(at(crm.BetaGeoBetaBinomModel, (0.6, 2.0, 0.7, 8.0), unit=unit), 12, 12, 1.0)


def unbiased(model: Any, horizon: float, periods: int, length: float) -> None:
    n = 4000
    drawn = model.simulate(n, horizon, rng=5, until="2026-01-01")
    found = model.tracking(crm.Orders(drawn, **ROLES), periods, length).dropna()
    assert len(found) >= periods - 2
    per_customer = drawn.groupby("customer_id").size() - 1
    noise = 4 * per_customer.std() * np.sqrt(n)
    assert noise < 0.2 * per_customer.sum()
    assert found["actual_cumulative"].iloc[-1] > 0.8 * per_customer.sum()
    # A day, at whose ends periods begin and end, is as good as nothing against 4 standard deviations.
    assert (found["expected_cumulative"] - found["actual_cumulative"]).abs().max() < noise


def test_arguments_of_tracking(log):
    orders = crm.Orders(log, **ROLES)
    model = MODELS["BG"]
    for periods in (0, -1, 2.5, "3", None, True, 100_001):
        with pytest.raises(crm.ParameterError, match=r"tracking\(periods=\.\.\.\) must be a whole number from 1 to 100,000"):
            model.tracking(orders, periods)
    for length in (0, -1, math.inf, math.nan, "1", None):
        with pytest.raises(crm.ParameterError, match=r"tracking\(length=\.\.\.\) must be a number above 0"):
            model.tracking(orders, 3, length)
    with pytest.raises(crm.NotFittedError):
        crm.BetaGeoModel(horizon=3, unit="W").tracking(orders, 3)
