"""Two ways to read an order log: arrays in memory, or plans for a lazy engine."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import narwhals as nw
import numpy as np
import pandas as pd

from crmmodels._typing import AnyArray, BoolArray, FloatArray, IntArray, Period, TimeUnit
from crmmodels.data.orders import plans as order_plans
from crmmodels.data.orders.collecting import Watched, collected, told
from crmmodels.data.orders.kept import KeptColumn, kept_columns, last_kept
from crmmodels.data.orders.options import READER
from crmmodels.data.tables.dates import as_date
from crmmodels.data.tables.frames import OrderDays
from crmmodels.exceptions import ParameterError
from crmmodels.kernels.orders.periods import DAYS_PER_UNIT, first_day_of_period, period_of_day
from crmmodels.kernels.orders.summary import (
    OrderLines,
    OrderSummary,
    Panel,
    PeriodCounts,
    combine_lines,
    count_by_period,
    fill_panel,
    panel_start,
    spread_orders,
    summarise_orders,
)

EPOCH: Final = order_plans.EPOCH
NO_DAY: Final = 10**9
"""A day number later than any date."""
_DIGITS_LOST: Final = 1e3
_SURELY_CENTS: Final = 1e6
"""Money of a customer up to which sums err by less than a billionth, and how many times what is left it may be."""
_FIRST_DAY: Final = (dt.date.min - EPOCH).days
MOST_PANEL_ROWS: Final = 200_000_000
"""Rows of a panel that are still made: about 20 gigabytes."""


LINES_AT_ONCE: Final = 20_000_000
"""Lines of customers with returns that are held in memory at a time: about two gigabytes, with what the kernel needs."""


class BadRowsError(Exception):
    """A log turned out to hold rows that cannot be read or added up; the caller says which."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The days that count: after one date and up to another, open where None."""

    after: dt.date | None
    until: dt.date | None

    def __str__(self) -> str:
        after = "" if self.after is None else f"after {self.after.isoformat()}"
        until = "" if self.until is None else f"up to {self.until.isoformat()}"
        return " and ".join(filter(None, (after, until))) or "in it"


@dataclass(frozen=True, slots=True, eq=False)
class PanelAnswer:
    """A panel, and what is not in it.

    Attributes
    ----------
    frame : narwhals DataFrame
        Canonical panel columns.
    n_returns_only : int
        Customers left out since they have no order.
    """

    frame: nw.DataFrame[Any]
    n_returns_only: int


def read_bounds(after: str | dt.date | np.datetime64 | None, until: str | dt.date | np.datetime64 | None) -> Bounds:
    """Read the days that count from the arguments of an order log; some must be left."""
    bounds = Bounds(
        None if after is None else as_date(after, READER, "after"), None if until is None else as_date(until, READER, "until")
    )
    if bounds.after is not None and bounds.until is not None and bounds.after >= bounds.until:
        must = f"before until={bounds.until.isoformat()}"
        raise ParameterError.must_be(READER, "after", must, bounds.after.isoformat())
    return bounds


@dataclass(frozen=True, slots=True, eq=False)
class DayCounts:
    """How much a log holds of each day.

    Attributes
    ----------
    day : ndarray of int64, shape (n_days,)
        Days since 1970-01-01, ascending.
    n : ndarray of int64, shape (n_days,)
        Lines of the day.
    """

    day: IntArray
    n: IntArray

    def last(self) -> dt.date | None:
        """Last day; None without any."""
        return EPOCH + dt.timedelta(days=int(self.day[-1])) if len(self.day) else None


class OrderLog(Protocol):
    """What `Orders` asks of a log."""

    def days(self, bounds: Bounds) -> DayCounts:
        """Days with a line, and how many of them."""
        ...

    def customers(self, bounds: Bounds, as_of: dt.date | None, unit: TimeUnit) -> nw.DataFrame[Any]:
        """Canonical customer columns, and perhaps `USED_AGAIN`; a customer with returns only has ``n_orders`` 0.

        Without ``as_of`` that is the day after the last line.
        """
        ...

    def panel(self, bounds: Bounds, as_of: dt.date, period: Period) -> PanelAnswer:
        """Canonical panel columns."""
        ...

    def order_days(self, bounds: Bounds) -> OrderDays:
        """First and repeat order days by calendar day."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class ArrayLog:
    """A log held in memory as arrays; sums run in kernels.

    Attributes
    ----------
    lines : OrderLines
        Customer codes, days and amounts.
    order : ndarray of int, shape (n_lines,), or None
        Order code of each line; None where each line is an order.
    keys : object
        Customer of each code, ascending: a pandas Index or array.
    build : callable
        Makes a narwhals frame from named arrays.
    keep : tuple of KeptColumn
        Further columns, of which the last values are carried along.
    """

    lines: OrderLines
    order: AnyArray | None
    keys: Any
    build: Callable[[dict[str, Any]], nw.DataFrame[Any]]
    keep: tuple[KeptColumn, ...] = ()

    def days(self, bounds: Bounds) -> DayCounts:
        """Count by day."""
        return DayCounts(*np.unique(self.lines.day[self.kept(bounds)].astype(np.int64), return_counts=True))

    def customers(self, bounds: Bounds, as_of: dt.date | None, unit: TimeUnit) -> nw.DataFrame[Any]:
        """Reduce the lines to customers by counting sorts."""
        lines = self.within(bounds)
        as_of = day_after(int(lines.day.max(initial=_FIRST_DAY))) if as_of is None else as_of
        summary = summarise_orders(lines.customer, lines.day, lines.amount, len(self.keys))
        again = {} if self.order is None else {order_plans.USED_AGAIN: self._used_again(bounds)[summary.customer]}
        if not (np.isfinite(summary.spend).all() and np.isfinite(summary.repeat_spend).all()):
            raise BadRowsError
        return self.build(
            {
                "customer_id": self.keys.take(summary.customer),
                "n_orders": summary.n_orders,
                "frequency": summary.n_order_days - 1,
                **age_columns(summary.first_day, summary.last_day, as_of, unit),
                "spend": summary.spend,
                "mean_repeat_spend": mean_repeat_spend(summary),
                **date_columns(summary.first_day, summary.last_day, as_of),
                **last_kept(self.keep, self.lines.customer, self.kept(bounds), summary.customer),
                **again,
            }
        )

    def _used_again(self, bounds: Bounds) -> IntArray:
        """Order ids of each customer that came back much later."""
        lines = self.lines
        kept = self.kept(bounds) if lines.amount is None else self.kept(bounds) & (lines.amount >= 0)
        order = np.arange(len(kept)) if self.order is None else self.order
        return np.bincount(spread_orders(lines.take(kept), order[kept], order_plans.SAME_ORDER_DAYS), minlength=len(self.keys))

    def panel(self, bounds: Bounds, as_of: dt.date, period: Period) -> PanelAnswer:
        """Count by period, then fill the gaps."""
        lines = self.within(bounds)
        if len(lines.day) == 0:
            nothing = np.empty(0, np.int64)
            counts = PeriodCounts(nothing, nothing, nothing, np.empty(0), nothing)
        else:
            counts = count_by_period(lines, period_of_day(lines.day, period), NO_DAY)
        panel, n_returns_only = _filled(counts, len(self.keys), as_of, period)
        columns = {"customer_id": self.keys.take(panel.customer), **panel_columns(panel, period)}
        return PanelAnswer(self.build(columns), n_returns_only)

    def order_days(self, bounds: Bounds) -> OrderDays:
        """Count each customer once a day."""
        lines = self.within(bounds)
        if lines.amount is not None:
            lines = lines.take(lines.amount >= 0)
        by_day = np.lexsort((lines.day, lines.customer))
        customer, day = lines.customer[by_day], lines.day[by_day]
        same = customer[1:] == customer[:-1]
        is_first, is_repeat = np.ones(len(day), np.bool_), np.zeros(len(day), np.bool_)
        is_first[1:], is_repeat[1:] = ~same, same & (day[1:] != day[:-1])
        days, where = np.unique(day.astype(np.int64), return_inverse=True)
        n_first, n_repeat = (np.bincount(where[kept], minlength=len(days)) for kept in (is_first, is_repeat))
        return OrderDays(days, n_first, n_repeat)

    def kept(self, bounds: Bounds) -> AnyArray:
        """Whether the day of each line counts."""
        day = self.lines.day
        kept = np.ones(len(day), np.bool_)
        if bounds.after is not None:
            kept &= day > (bounds.after - EPOCH).days
        if bounds.until is not None:
            kept &= day <= (bounds.until - EPOCH).days
        return kept

    def within(self, bounds: Bounds) -> OrderLines:
        """Orders of the days that count; an order's day is that of its first line, and lines after the end do not count."""
        lines, order = self.lines, self.order
        if bounds.until is not None:
            keep = lines.day <= (bounds.until - EPOCH).days
            order = None if order is None else order[keep]
            lines = lines if keep.all() else lines.take(keep)
        if order is not None:
            lines = combine_lines(lines, order)
        return lines if bounds.after is None else lines.take(lines.day > (bounds.after - EPOCH).days)


@dataclass(frozen=True, slots=True, eq=False)
class EngineLog:
    """A log that an engine holds or reads; only results are collected.

    Attributes
    ----------
    log : narwhals LazyFrame
        Columns customer, time and, where known, amount and order_id.
    time_zone : str or None
        Zone in which the days of zoned timestamps are taken.
    keep : tuple of str
        Names of further columns, of which the last values are carried along.
    watched : Watched or None
        The engine, where it says how far it is.
    """

    log: nw.LazyFrame[Any]
    time_zone: str | None
    keep: tuple[str, ...] = ()
    watched: Watched | None = None

    def days(self, bounds: Bounds) -> DayCounts:
        """Count by day in the engine."""
        counted = self.run(lambda: self._lines(bounds).group_by("day").agg(nw.len().alias("n")))
        counted = counted.filter(~counted["day"].is_null()).sort("day")
        return DayCounts(_day_numbers(counted["day"]), counted["n"].to_numpy().astype(np.int64))

    def customers(self, bounds: Bounds, as_of: dt.date | None, unit: TimeUnit) -> nw.DataFrame[Any]:
        """Reduce the lines to customers by two group-bys of the engine; customers with returns are read once more, into the kernel."""
        again = [order_plans.USED_AGAIN] if "order_id" in self.log.collect_schema() else []
        columns = [*order_plans.customer_columns(), nw.col(order_plans.LAST_LINE), *map(nw.col, again)]
        result = self.run(lambda: order_plans.by_customer(self.orders(bounds)).select(*columns))
        if _has_missing(result["customer_id"]) or not result["spend"].is_finite().all():
            raise BadRowsError
        first, last = (_day_numbers(result[name]) for name in ("first_order", "last_order"))
        if as_of is None:
            as_of = day_after(int(_day_numbers(result[order_plans.LAST_LINE]).max(initial=_FIRST_DAY)))
        backend: Any = result.implementation
        counted = result["n_orders"].to_numpy()
        n_orders = counted.astype(np.int64)
        money = {name: result[name].to_numpy() for name in ("spend", "mean_repeat_spend")}
        n_lines = n_orders + ((counted - n_orders) / order_plans.RETURN_COUNTS).astype(np.int64)
        unsure = (n_lines > n_orders) | _cancelled(result["frequency"].to_numpy(), **money)
        if unsure.any():
            money = self._by_kernel(bounds, result["customer_id"], n_lines, unsure, money)

        def series(columns: dict[str, AnyArray]) -> list[nw.Series[Any]]:
            return [nw.new_series(name, column, backend=backend) for name, column in columns.items()]

        customers = (
            result.select("customer_id")
            .with_columns(*series({"n_orders": n_orders}), result["frequency"])
            .with_columns(*series({**age_columns(first, last, as_of, unit), **money, **date_columns(first, last, as_of)}))
            .with_columns(*(result[name] for name in again))
        )
        return self._with_kept(customers, bounds) if self.keep else customers

    def _with_kept(self, customers: nw.DataFrame[Any], bounds: Bounds) -> nw.DataFrame[Any]:
        day = order_plans.day_of_line(self.log.collect_schema(), self.time_zone)
        last = self.run(lambda: order_plans.last_values(self.log, day, self.keep, bounds.until, bounds.after))
        # PyArrow joins no columns of the type null.
        last = last.with_columns(*(last[name].cast(nw.String) for name in self.keep if last[name].dtype == nw.Unknown))
        return customers.join(last, left_on="customer_id", right_on="customer", how="left")

    def _by_kernel(
        self, bounds: Bounds, customers: nw.Series[Any], n_lines: IntArray, where: BoolArray, money: dict[str, FloatArray]
    ) -> dict[str, FloatArray]:
        """Money columns in which some customers have what the kernel makes of their lines, so many at a time as memory holds."""
        money = {name: column.copy() for name, column in money.items()}
        rows = np.flatnonzero(where)
        part = np.cumsum(n_lines[rows]) // LINES_AT_ONCE
        for some in np.split(rows, np.flatnonzero(np.diff(part)) + 1):
            summary = self._summary_of(customers[some.tolist()], bounds)
            if not (np.isfinite(summary.spend).all() and np.isfinite(summary.repeat_spend).all()):
                raise BadRowsError
            money["spend"][some[summary.customer]] = summary.spend
            money["mean_repeat_spend"][some[summary.customer]] = mean_repeat_spend(summary)
        return money

    def _summary_of(self, customers: nw.Series[Any], bounds: Bounds) -> OrderSummary:
        """What the kernel makes of the lines of some customers, coded by their position."""
        codes = nw.new_series("code", np.arange(len(customers), dtype=np.int32), backend=customers.implementation)
        coded = customers.alias("customer").to_frame().with_columns(codes)
        log = EngineLog(order_plans.of_customers(self.log, coded), self.time_zone, watched=self.watched)
        lines = self.run(lambda: log.orders(bounds).select("customer", "day", "amount"))
        amount = lines["amount"].to_numpy().astype(np.float64, copy=False)
        return summarise_orders(lines["customer"].to_numpy(), _day_numbers(lines["day"]), amount, len(customers))

    def panel(self, bounds: Bounds, as_of: dt.date, period: Period) -> PanelAnswer:
        """Count by period in the engine, then fill the gaps in memory."""
        cells = self.run(lambda: order_plans.by_period(self.orders(bounds), period))
        unread = _has_missing(cells["customer"]) or cells["when"].is_null().any()
        if unread or not cells["spend"].is_finite().all():
            raise BadRowsError
        cells = cells.sort("customer", "when")
        starts, codes = _runs(cells["customer"])
        when = cells["when"]
        no_order = cells["first_day"].is_null().to_numpy()
        counts = PeriodCounts(
            codes,
            period_of_day(_day_numbers(when), period) if when.dtype.is_temporal() else when.to_numpy().astype(np.int64),
            cells["n_orders"].to_numpy().astype(np.int64),
            cells["spend"].to_numpy().astype(np.float64),
            np.where(no_order, NO_DAY, _day_numbers(cells["first_day"])),
        )
        panel, n_returns_only = _filled(counts, len(starts), as_of, period)
        key = cells["customer"][starts[panel.customer].tolist()].alias("customer_id")
        backend: Any = cells.implementation
        columns = panel_columns(panel, period)
        frame = key.to_frame().with_columns(*(nw.new_series(n, c, backend=backend) for n, c in columns.items()))
        return PanelAnswer(frame, n_returns_only)

    def order_days(self, bounds: Bounds) -> OrderDays:
        """Count the customers of each day, and those whose first day it is, in the engine."""
        counted = self.run(lambda: order_plans.customers_by_day(self.orders(bounds)))
        first = self.run(lambda: order_plans.first_days(self.orders(bounds)))
        day = _day_numbers(counted["day"])
        by_day = np.argsort(day)
        n_first = np.zeros(len(day), np.int64)
        n_first[np.searchsorted(day[by_day], _day_numbers(first["day"]))] = first["n"].to_numpy()
        return OrderDays(day[by_day], n_first, counted["n"].to_numpy()[by_day].astype(np.int64) - n_first)

    def run(self, plan: Callable[[], nw.LazyFrame[Any]]) -> nw.DataFrame[Any]:
        """Plan and run."""
        with told(self.log):
            planned = plan()
        return collected(planned, watched=self.watched)

    def _lines(self, bounds: Bounds) -> nw.LazyFrame[Any]:
        lines = order_plans.lines(self.log, self.time_zone)
        lines = lines if bounds.until is None else order_plans.up_to(lines, bounds.until)
        return lines if bounds.after is None else order_plans.after(lines, bounds.after)

    def orders(self, bounds: Bounds) -> nw.LazyFrame[Any]:
        """Plan of the orders of the days that count."""
        lines = order_plans.lines(self.log, self.time_zone)
        if bounds.until is not None:
            lines = order_plans.up_to(lines, bounds.until)
        orders = order_plans.orders_of_lines(lines)
        return orders if bounds.after is None else order_plans.after(orders, bounds.after)


def day_after(day: int) -> dt.date:
    """Date after a day given as days since 1970-01-01; the last date has none after it."""
    return min(EPOCH + dt.timedelta(days=day), dt.date.max - dt.timedelta(days=1)) + dt.timedelta(days=1)


def _cancelled(frequency: IntArray, spend: FloatArray, mean_repeat_spend: FloatArray) -> BoolArray:
    """Whether the money after the first order day, a difference, lost digits that count to that of the first day."""
    left = np.abs(mean_repeat_spend * frequency)
    lost: BoolArray = np.abs(spend) > np.where(left > 0.0, _DIGITS_LOST * left, _SURELY_CENTS)
    return lost & (frequency > 0)


def mean_repeat_spend(summary: OrderSummary) -> FloatArray:
    """Money left of the orders after the first order day, per order day after the first; 0 without any."""
    repeats = summary.n_order_days - 1
    means: FloatArray = np.divide(summary.repeat_spend, repeats, out=np.zeros(len(repeats)), where=repeats > 0)
    return means


def age_columns(first_day: IntArray, last_day: IntArray, as_of: dt.date, unit: TimeUnit) -> dict[str, AnyArray]:
    """Ages in a unit, and days since the last order; divided here since engines round the quotient differently."""
    end = (as_of - EPOCH).days
    return {
        "age_at_last": (last_day - first_day) / DAYS_PER_UNIT[unit],
        "age": (end - first_day) / DAYS_PER_UNIT[unit],
        "days_since_last": end - last_day,
    }


def date_columns(first_day: IntArray, last_day: IntArray, as_of: dt.date) -> dict[str, AnyArray]:
    """First and last order and the end of observation as dates."""
    return {
        "first_order": first_day.astype("datetime64[D]"),
        "last_order": last_day.astype("datetime64[D]"),
        "as_of": np.full(len(first_day), np.datetime64(as_of, "D")),
    }


def panel_columns(panel: Panel, period: Period) -> dict[str, AnyArray]:
    """Canonical columns of a panel beside the customer."""
    return {
        "period": first_day_of_period(panel.period, period).astype("datetime64[D]"),
        "n_orders": panel.n_orders,
        "spend": panel.spend,
        "exposure": panel.exposure,
    }


def array_log(
    frame: pd.DataFrame, time_zone: str | None, build: Callable[[dict[str, Any]], nw.DataFrame[Any]], keep: Sequence[str] = ()
) -> ArrayLog:
    """Turn a checked pandas frame with canonical columns into arrays; ``build`` makes frames of the caller's kind, kept columns stand under `KEPT` and a number."""
    codes, keys = pd.factorize(frame["customer"])
    ascending = _values(keys).argsort()
    rank = np.empty(len(keys), np.int32)
    rank[ascending] = np.arange(len(keys), dtype=np.int32)
    amount = frame["amount"].to_numpy(dtype=np.float64) if "amount" in frame else None
    lines = OrderLines(rank[codes], days_of(frame["time"], time_zone), amount)
    order = pd.factorize(frame["order_id"], use_na_sentinel=False)[0] if "order_id" in frame else None
    columns = {name: frame[f"{order_plans.KEPT}{i}"] for i, name in enumerate(keep)}
    return ArrayLog(lines, order, keys.take(ascending), build, kept_columns(columns, frame["time"]))


def _values(keys: pd.Index[Any]) -> pd.Index[Any]:
    """Customers as they sort: categories without an order by their values."""
    dtype = keys.dtype
    return keys.astype(dtype.categories.dtype) if isinstance(dtype, pd.CategoricalDtype) and not dtype.ordered else keys


def days_of(time: pd.Series[Any], time_zone: str | None) -> AnyArray:
    """Days since 1970-01-01 of a time column of pandas."""
    if isinstance(time.dtype, pd.DatetimeTZDtype):
        time = (time if time_zone is None else time.dt.tz_convert(time_zone)).dt.tz_localize(None)
    if time.dtype.kind != "M":
        # Few distinct days: each string is parsed once.
        codes, distinct = pd.factorize(time.str.slice(0, 10))
        return np.array(list(distinct), dtype="datetime64[D]").astype(np.int32)[codes]
    return time.to_numpy().astype("datetime64[D]").astype(np.int32)


def _day_numbers(dates: nw.Series[Any]) -> IntArray:
    """Days since 1970-01-01; 0 where there is no date."""
    return dates.fill_null(EPOCH).to_numpy().astype("datetime64[D]").astype(np.int64)


def _runs(key: nw.Series[Any]) -> tuple[AnyArray, AnyArray]:
    """Start of each run of equal values, and the number of the run that each value is in."""
    if len(key) == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    changed = (key != key.shift(1)).fill_null(value=True).to_numpy().astype(np.bool_)
    changed[0] = True
    return np.flatnonzero(changed), np.cumsum(changed) - 1


def _has_missing(key: nw.Series[Any]) -> bool:
    empty = (key.dtype.is_float() and key.is_nan().any()) or (key.dtype == nw.String and (key == "").any())
    return bool(key.is_null().any() or empty)


def _filled(counts: PeriodCounts, n_customers: int, as_of: dt.date, period: Period) -> tuple[Panel, int]:
    """Return a panel, and the customers left out of it, unless it would not fit in memory."""
    end = (as_of - EPOCH).days
    start = panel_start(counts, n_customers, end, period, NO_DAY)
    if start.n_rows > MOST_PANEL_ROWS:
        must = f"longer for this log, whose panel would have {start.n_rows:,} rows (at most {MOST_PANEL_ROWS:,}); split the customers, too"
        raise ParameterError.must_be("panel", "period", must, period)
    panel = fill_panel(counts, start, n_customers, end, period)
    if not np.isfinite(panel.spend).all():
        raise BadRowsError
    return panel, start.n_returns_only
