"""Days and calendar periods as integers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from crmmodels._typing import FloatArray, IntArray, Period, TimeUnit

DAYS_PER_UNIT: Final[dict[TimeUnit, float]] = {"D": 1.0, "W": 7.0, "M": 30.4375, "Y": 365.25}
"""Days in one unit of age; a month is a twelfth of 365.25 days."""

_MONTHS: Final[dict[str, int]] = {"M": 1, "Q": 3, "Y": 12}
_THURSDAY_TO_MONDAY: Final = 3  # 1970-01-01 was a Thursday


def period_of_day(day: IntArray, period: Period) -> IntArray:
    """Number of the calendar period in which each day lies.

    Parameters
    ----------
    day : ndarray of int64
        Days since 1970-01-01.
    period : {"D", "W", "M", "Q", "Y"}
        Days, weeks from Monday, calendar months, quarters or years.

    Returns
    -------
    ndarray of int64
        Consecutive integers; 0 is the period of 1970-01-01.
    """
    if period == "D":
        return day.astype(np.int64)
    if period == "W":
        return (day.astype(np.int64) + _THURSDAY_TO_MONDAY) // 7
    months = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return months // _MONTHS[period]


def first_day_of_period(number: IntArray, period: Period) -> IntArray:
    """First day, in days since 1970-01-01, of each period number.

    Parameters
    ----------
    number : ndarray of int64
        Period numbers as given by `period_of_day`.
    period : {"D", "W", "M", "Q", "Y"}
        The same period.

    Returns
    -------
    ndarray of int64
        Days since 1970-01-01.
    """
    if period == "D":
        return number.astype(np.int64)
    if period == "W":
        return number.astype(np.int64) * 7 - _THURSDAY_TO_MONDAY
    months = (number.astype(np.int64) * _MONTHS[period]).astype("datetime64[M]")
    return months.astype("datetime64[D]").astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class PeriodGrid:
    """Every period of every customer, from the first order to the end of observation.

    Attributes
    ----------
    row : ndarray of int64, shape (n_rows,)
        Position of the customer.
    period : ndarray of int64, shape (n_rows,)
        Period number, ascending within a customer.
    exposure : ndarray of float64, shape (n_rows,)
        Share of the period's days that was observed, in (0, 1].
    start : ndarray of int64, shape (n_customers,)
        First row of each customer.
    """

    row: IntArray
    period: IntArray
    exposure: FloatArray
    start: IntArray


def period_grid(first_day: IntArray, as_of_day: int, period: Period) -> PeriodGrid:
    """Lay out all periods between each customer's first order and the end, both included.

    Parameters
    ----------
    first_day : ndarray of int64, shape (n_customers,)
        First order day, in days since 1970-01-01; none later than ``as_of_day``.
    as_of_day : int
        Last observed day.
    period : {"D", "W", "M", "Q", "Y"}
        The calendar period.

    Returns
    -------
    PeriodGrid
        One row per customer and period.
    """
    first = period_of_day(first_day, period)
    last = int(period_of_day(np.array([as_of_day]), period)[0])
    lengths = last - first + 1
    start = np.concatenate([[0], np.cumsum(lengths)])[:-1].astype(np.int64)
    row = np.repeat(np.arange(len(first_day)), lengths)
    number = np.arange(len(row)) - start[row] + first[row]
    begin = first_day_of_period(number, period)
    end = first_day_of_period(number + 1, period)
    observed = np.minimum(end, as_of_day + 1) - np.maximum(begin, first_day[row])
    return PeriodGrid(row, number, observed / (end - begin), start)
