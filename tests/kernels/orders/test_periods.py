"""Calendar periods against the Period arithmetic of pandas."""

from __future__ import annotations

import datetime as dt
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmmodels._typing import Period
from crmmodels.kernels.orders.periods import DAYS_PER_UNIT, first_day_of_period, period_grid, period_of_day

LAWS = settings(max_examples=40, deadline=None)
PERIODS = get_args(Period)
EVERY_DAY = np.arange(-40_000, 60_000)  # 1860 to 2134
days = st.integers(-20_000, 40_000)


def pandas_periods(day: np.ndarray, period: str) -> pd.PeriodIndex:
    return pd.DatetimeIndex(day.astype("datetime64[D]").astype("datetime64[s]")).to_period(period)


def epoch_day(dates: pd.DatetimeIndex) -> np.ndarray:
    return dates.to_numpy().astype("datetime64[D]").astype(np.int64)


@pytest.mark.parametrize("period", PERIODS)
def test_every_day_lies_in_the_period_that_pandas_says(period: Period) -> None:
    number = period_of_day(EVERY_DAY, period)
    expected = pandas_periods(EVERY_DAY, period)
    np.testing.assert_array_equal(number - number[0], expected.asi8 - expected.asi8[0])
    np.testing.assert_array_equal(first_day_of_period(number, period), epoch_day(expected.start_time))


@pytest.mark.parametrize("period", PERIODS)
def test_the_epoch_lies_in_period_zero(period: Period) -> None:
    assert period_of_day(np.array([0]), period).tolist() == [0]


def test_weeks_begin_on_monday() -> None:
    first = first_day_of_period(period_of_day(EVERY_DAY, "W"), "W")
    assert {dt.date.fromordinal(719_163 + int(day)).weekday() for day in np.unique(first)} == {0}


@LAWS
@given(st.lists(st.tuples(days, st.integers(0, 800)), min_size=1, max_size=6), st.sampled_from(PERIODS))
def test_the_grid_holds_every_period_and_the_observed_share_of_it(gaps: list[tuple[int, int]], period: Period) -> None:
    as_of = max(day for day, _ in gaps)
    first_day = np.array([as_of - gap for _, gap in gaps])
    grid = period_grid(first_day, as_of, period)
    expected = []
    for position, first in enumerate(first_day):
        observed = pandas_periods(np.arange(first, as_of + 1), period)
        for each in observed.unique():
            length = (each.end_time.normalize() - each.start_time).days + 1
            expected.append((position, int((observed == each).sum()) / length))
    assert list(zip(grid.row.tolist(), grid.exposure.tolist(), strict=True)) == expected
    assert grid.start.tolist() == [grid.row.tolist().index(position) for position in range(len(gaps))]
    within = np.diff(grid.row) == 0
    assert (np.diff(grid.period)[within] == 1).all()
    assert (grid.exposure > 0).all()
    assert (grid.exposure <= 1).all()


@pytest.mark.parametrize(
    ("period", "first", "shares"),
    [("M", "2026-02-17", [12 / 28, 10 / 31]), ("Y", "2026-01-01", [69 / 365]), ("D", "2026-03-09", [1.0, 1.0])],
)
def test_exposure_counts_the_first_day_and_the_last(period: Period, first: str, shares: list[float]) -> None:
    """By hand, to 10 March 2026: 12 days of February and 10 of March, 31 + 28 + 10 days of the year, two days."""
    begin, end = (int(np.datetime64(day).astype(np.int64)) for day in (first, "2026-03-10"))
    assert period_grid(np.array([begin]), end, period).exposure.tolist() == shares


def test_units_are_parts_of_one_year() -> None:
    assert DAYS_PER_UNIT == {"D": 1.0, "W": 7.0, "M": 365.25 / 12, "Y": 365.25}
