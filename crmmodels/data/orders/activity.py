"""When customers ordered, reduced by the engine to what measures of retention count."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np

from crmmodels._typing import BoolArray, IntArray, Period
from crmmodels.data.orders.bounded import BoundedLog
from crmmodels.data.orders.checks import only_returns
from crmmodels.data.orders.logs import EPOCH, NO_DAY, ArrayLog, Bounds
from crmmodels.data.orders.plans import by_period, is_missing
from crmmodels.exceptions import ReturnsOnlyWarning
from crmmodels.kernels.orders.periods import period_of_day
from crmmodels.kernels.orders.summary import count_by_period
from crmmodels.wording import count_of


@dataclass(frozen=True, slots=True, eq=False)
class ActivePeriods:
    """The periods in which each customer ordered.

    Attributes
    ----------
    customer, period : ndarray of int64, shape (n_cells,)
        Number of the customer, and period as `period_of_day` counts; sorted by both, each pair once.
    end : int
        Last day of observation, in days since 1970-01-01.
    """

    customer: IntArray
    period: IntArray
    end: int


@dataclass(frozen=True, slots=True, eq=False)
class SecondOrders:
    """Customers by their first two order days.

    Attributes
    ----------
    first, second : ndarray of int64, shape (n_rows,)
        Days since 1970-01-01; ``second`` is `NO_DAY` for customers without a second order day.
    n_customers : ndarray of int64, shape (n_rows,)
        Customers with these days.
    end : int
        Last day of observation, in days since 1970-01-01.
    """

    first: IntArray
    second: IntArray
    n_customers: IntArray
    end: int


def active_periods(
    orders: BoundedLog, period: Period, as_of: str | dt.date | np.datetime64 | None, reader: str
) -> ActivePeriods:
    """The periods in which each customer ordered, by a group-by of the engine; returns are no orders.

    At least one is left, else DataError; customers left out for having returns only are warned of.
    """
    with orders.turn():
        end = orders.end(as_of, reader)
        bounds = orders.bounded(None, end)
        cells = _cells(orders, bounds, period)
        customer, number = cells.customer[cells.is_active], cells.period[cells.is_active]
        _check_left(orders, bounds, _n_distinct(customer), _n_distinct(cells.customer))
    # To an engine each day of a week is a cell.
    differs = _is_start(customer) | (np.diff(number, prepend=number[:1] - 1) != 0)
    return ActivePeriods(customer[differs], number[differs], (end - EPOCH).days)


def second_orders(orders: BoundedLog, as_of: str | dt.date | np.datetime64 | None, reader: str) -> SecondOrders:
    """Number of customers with each pair of first order days, by group-bys of the engine; orders of one day are one.

    At least one customer is left, else DataError; customers left out for having returns only are warned of.
    """
    with orders.turn():
        end = orders.end(as_of, reader)
        bounds = orders.bounded(None, end)
        pairs = _day_pairs(orders, bounds)
        ordered = pairs.first < NO_DAY
        first, second, n = pairs.first[ordered], pairs.second[ordered], pairs.n_customers[ordered]
        _check_left(orders, bounds, int(n.sum()), int(pairs.n_customers.sum()))
    return SecondOrders(first, second, n, (end - EPOCH).days)


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """Customers and periods, sorted by both, and whether there was an order; to an engine a week is its days."""

    customer: IntArray
    period: IntArray
    is_active: BoolArray


@dataclass(frozen=True, slots=True, eq=False)
class _DayPairs:
    """First and second order days, `NO_DAY` for none, and how many customers have them."""

    first: IntArray
    second: IntArray
    n_customers: IntArray


def _cells(orders: BoundedLog, bounds: Bounds, period: Period) -> _Cells:
    log = orders.log
    if isinstance(log, ArrayLog):
        return _array_cells(log, bounds, period)
    rows = _answer(orders, bounds, lambda lines: by_period(lines, period))
    if _is_missing(rows["customer"]) or rows["when"].is_null().any() or not rows["spend"].is_finite().all():
        raise orders.bad_rows()
    rows = rows.sort("customer", "when")
    # A comparison with the row before, which the first lacks.
    changed = (rows["customer"] != rows["customer"].shift(1)).fill_null(value=True).to_numpy().astype(np.bool_)
    changed[:1] = True
    when = rows["when"]
    number = period_of_day(_days(when), period) if when.dtype.is_temporal() else when.to_numpy().astype(np.int64)
    return _Cells(np.cumsum(changed) - 1, number, rows["n_orders"].to_numpy() > 0)


def _array_cells(log: ArrayLog, bounds: Bounds, period: Period) -> _Cells:
    lines = log.within(bounds)
    if len(lines.day) == 0:
        none = np.empty(0, np.int64)
        return _Cells(none, none, none.astype(np.bool_))
    counts = count_by_period(lines, period_of_day(lines.day, period), NO_DAY)
    return _Cells(counts.customer, counts.period, counts.n_orders > 0)


def _day_pairs(orders: BoundedLog, bounds: Bounds) -> _DayPairs:
    log = orders.log
    if not isinstance(log, ArrayLog):
        rows = _answer(orders, bounds, _pairs_plan)
        if rows["n_unread"].sum() or not rows["spend"].is_finite().all():
            raise orders.bad_rows()
        return _DayPairs(_days(rows["first_day"]), _days(rows["second_day"]), rows["n"].to_numpy().astype(np.int64))
    cells = _array_cells(log, bounds, "D")
    start = np.flatnonzero(_is_start(cells.customer))
    if len(start) == 0:
        return _DayPairs(start, start, start)
    day = np.where(cells.is_active, cells.period, NO_DAY)
    first = np.minimum.reduceat(day, start)
    of_cell = np.repeat(first, np.diff(start, append=len(day)))
    second = np.minimum.reduceat(np.where(day > of_cell, day, NO_DAY), start)
    pairs, n = np.unique(np.stack([first, second]), axis=1, return_counts=True)
    return _DayPairs(pairs[0], pairs[1], n.astype(np.int64))


def _pairs_plan(orders: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Customers by the days of their first two order days; what cannot be read makes the money infinite, or is counted."""
    days = by_period(orders, "D")
    order_day = nw.when(nw.col("n_orders") > 0).then(nw.col("when"))
    days = days.select("customer", "spend", order_day.alias("day"))
    first = days.group_by("customer").agg(nw.col("day").min().alias("first_day"))
    later = nw.when(nw.col("day") > nw.col("first_day")).then(nw.col("day"))
    customers = (
        days.join(first, on="customer", how="left")
        .with_columns(later.alias("later_day"))
        .group_by("customer")
        .agg(nw.col("first_day").min(), nw.col("later_day").min().alias("second_day"), nw.col("spend").sum())
    )
    unread = nw.when(is_missing("customer", customers.collect_schema())).then(1).otherwise(0)
    return (
        customers.with_columns(unread.alias("unread"))
        .group_by("first_day", "second_day")
        .agg(nw.len().alias("n"), nw.col("unread").sum().alias("n_unread"), nw.col("spend").sum())
    )


def _answer(orders: BoundedLog, bounds: Bounds, plan: Callable[[nw.LazyFrame[Any]], nw.LazyFrame[Any]]) -> nw.DataFrame[Any]:
    """Let the engine of a log run a plan on the orders of some days."""
    log: Any = orders.log
    result: nw.DataFrame[Any] = log.run(lambda: plan(log.orders(bounds)))
    return result


def _check_left(orders: BoundedLog, bounds: Bounds, n_customers: int, n_present: int) -> None:
    """Refuse a log without orders, and say who is left out for having returns only."""
    if n_present == 0:
        raise orders.nothing_left(bounds)
    if n_customers == 0:
        raise only_returns(bounds)
    if n_customers < n_present:
        left_out = count_of(n_present - n_customers, "customer")
        orders.say(ReturnsOnlyWarning(f"{left_out} with returns and no order {bounds} left out"), bounds)


def _is_start(customer: IntArray) -> BoolArray:
    starts: BoolArray = np.diff(customer, prepend=-1) != 0
    return starts


def _n_distinct(customer: IntArray) -> int:
    return int(_is_start(customer).sum())


def _days(dates: nw.Series[Any]) -> IntArray:
    """Days since 1970-01-01; `NO_DAY` where there is no date."""
    days = dates.fill_null(EPOCH).to_numpy().astype("datetime64[D]").astype(np.int64)
    return np.where(dates.is_null().to_numpy(), NO_DAY, days)


def _is_missing(key: nw.Series[Any]) -> bool:
    return bool(key.is_null().any() or (key.dtype.is_float() and key.is_nan().any()))
