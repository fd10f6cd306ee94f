"""An opened log and the days of it that count: what Orders and those who read one ask."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Protocol

import narwhals as nw
import numpy as np

from crmmodels._typing import AnyArray, Period, TimeUnit
from crmmodels.data.orders.checks import nothing_left, only_returns, stray_concern, without_returns_only
from crmmodels.data.orders.logs import EPOCH, ArrayLog, BadRowsError, Bounds, OrderLog
from crmmodels.data.orders.options import READER, refused
from crmmodels.data.orders.plans import DAY, SAME_ORDER_DAYS, USED_AGAIN, day_of_line
from crmmodels.data.orders.reading import Lines, OpenedLog
from crmmodels.data.orders.stray_dates import FAR, strays_after, strays_before
from crmmodels.data.tables.dates import as_date
from crmmodels.data.tables.frames import OrderDays, in_kind_of, in_output
from crmmodels.engines.engine import Engine, engine_named, engine_of
from crmmodels.exceptions import (
    CrmModelsWarning,
    DataError,
    OrderIdWarning,
    ParameterError,
    ReturnsOnlyWarning,
    StrayDateWarning,
    warn,
)
from crmmodels.wording import EXAMPLES_SHOWN, count_of, plain

_MANY: Final = 10_000
"""Customers from which on a log is looked at for stray dates only where there is a sign of them."""
_MONEY_COLUMNS: Final = ("spend", "mean_repeat_spend")


@dataclass(frozen=True, slots=True, eq=False)
class BoundedLog:
    """An opened log and the days of it that count; answers are of the kind of ``frame``, or ``output`` where that is a path."""

    opened: OpenedLog
    bounds: Bounds
    frame: Any
    output: str | None
    said: set[tuple[str, str]] = field(default_factory=set)

    @property
    def known_roles(self) -> frozenset[str]:
        """Roles that were given, and the amount where quantity and unit price make it."""
        roles = self.opened.reading.roles
        return frozenset(roles) | ({"amount"} if "unit_price" in roles else set())

    @property
    def lines(self) -> Lines:
        """Lines with canonical columns."""
        return self.opened.lines

    @property
    def log(self) -> OrderLog:
        """The lines, to be summed."""
        return self.opened.log

    def say(self, concern: CrmModelsWarning, about: object = None) -> None:
        """Warn, once a log, whichever call notices it."""
        key = (type(concern).__name__, str(about))
        if key not in self.said:
            self.said.add(key)
            warn(concern)

    def turn(self) -> AbstractContextManager[Any]:
        """Hold the lock of the engine while the log is worked with."""
        return engine_of(self.lines.to_native()).locked()

    def customers(
        self, as_of: str | dt.date | np.datetime64 | None, unit: TimeUnit, window_days: int | None
    ) -> nw.DataFrame[Any]:
        """Canonical customer columns, as `Orders.customers` is asked for them."""
        days = plain(window_days)
        # Of an order that began before `after` no line is left to an engine that has added up its orders, and its last line may end the log.
        in_orders = self.bounds.after is not None and self.opened.reading.roles.get("order_id") is not None
        if (
            as_of is None
            and days is None
            and self.bounds.until is None
            and not in_orders
            and not isinstance(self.log, ArrayLog)
        ):
            return self._customers_of_all(unit)
        end = self.end(as_of, "customers")
        if days is not None and (type(days) is not int or not 1 <= days <= (end - dt.date.min).days):
            must = "a whole number of days, 1 or more, that does not begin before the year 1"
            raise ParameterError.must_be("customers", "window_days", must, days)
        bounds = self.bounded(None if days is None else end - dt.timedelta(days=days), end)
        return without_returns_only(self._of_days(bounds, end, unit), bounds, self.say)

    def _customers_of_all(self, unit: TimeUnit) -> nw.DataFrame[Any]:
        """Customers as of the day after the last line, for which an engine need not look for that day first."""
        bounds = self.bounds
        try:
            result = self.counted(bounds, None, unit)
        except OverflowError:
            raise self.bad_rows() from None
        if result.is_empty():
            raise self.nothing_left(bounds)
        end = _as_date(result["as_of"][0])
        if len(result) < _MANY or _has_gap(result, end):
            self.last_day()
        return without_returns_only(result, self.bounded(None, end), self.say)

    def panel(self, period: Period, as_of: str | dt.date | np.datetime64 | None) -> nw.DataFrame[Any]:
        """Canonical panel columns."""
        end = self.end(as_of, "panel")
        bounds = self.bounded(None, end)
        try:
            answer = self.log.panel(bounds, end, period)
        except BadRowsError:
            raise self.bad_rows() from None
        if answer.frame.is_empty():
            raise only_returns(bounds) if answer.n_returns_only else self.nothing_left(bounds)
        if answer.n_returns_only:
            left_out = count_of(answer.n_returns_only, "customer")
            self.say(ReturnsOnlyWarning(f"{left_out} with returns and no order {bounds} left out"), bounds)
        return answer.frame if "amount" in self.known_roles else answer.frame.drop("spend")

    def customers_until(self, end: dt.date, unit: TimeUnit) -> nw.DataFrame[Any]:
        """Canonical customer columns as of a day."""
        bounds = self.bounded(None, end)
        with self.turn():
            return without_returns_only(self._of_days(bounds, end, unit), bounds, self.say)

    def _of_days(self, bounds: Bounds, end: dt.date, unit: TimeUnit) -> nw.DataFrame[Any]:
        result = self.counted(bounds, end, unit)
        if result.is_empty():
            raise self.nothing_left(bounds)
        return result

    def counted(self, bounds: Bounds, end: dt.date | None, unit: TimeUnit) -> nw.DataFrame[Any]:
        """Canonical customer columns, sorted where the answer's kind has an order; no rows where no order is left."""
        try:
            result = self.log.customers(bounds, end, unit)
        except BadRowsError:
            raise self.bad_rows() from None
        if USED_AGAIN in result.columns:
            self._say_used_again(result)
            result = result.drop(USED_AGAIN)
        if not isinstance(self.log, ArrayLog) and self._answers_by().preserves_order:
            result = result.sort("customer_id")
        return result if "amount" in self.known_roles else result.drop(*_MONEY_COLUMNS)

    def _say_used_again(self, result: nw.DataFrame[Any]) -> None:
        again = result.filter(nw.col(USED_AGAIN) > 0)
        if n := int(again[USED_AGAIN].sum() or 0):
            shown = again["customer_id"].head(EXAMPLES_SHOWN).to_list()
            self.say(
                OrderIdWarning(
                    f"Orders: {count_of(n, 'order id')} (column {self.opened.reading.roles.get('order_id')!r}) with purchases more than {SAME_ORDER_DAYS} days "
                    f"apart, of customers such as {shown}; each counts as one order on its first day. If numbers are used again, "
                    "join the day to the order id first"
                )
            )

    def order_days(self) -> OrderDays:
        """First and repeat order days by calendar day, for tracking."""
        with self.turn():
            if not len((found := self.log.order_days(self.bounds)).day):
                raise self.nothing_left(self.bounds)
        return replace(found, last=((self.bounds.until or self.last_day()) - EPOCH).days)

    def dated_lines(self) -> Lines:
        """Lines of the days that count, with `DAY` where it is known of them in memory."""
        lines, log = self.lines_within(), self.log
        if not (isinstance(log, ArrayLog) and isinstance(lines, nw.DataFrame)):
            return lines
        days: Any = log.lines.day[log.kept(self.bounds)].astype("datetime64[D]").astype("datetime64[us]")
        backend: Any = lines.implementation
        return lines.with_columns(nw.new_series(DAY, days, backend=backend))

    def lines_within(self) -> Lines:
        """Lines of the days that count."""
        lines, bounds = self.lines, self.bounds
        if isinstance(self.log, ArrayLog) and isinstance(lines, nw.DataFrame):
            kept: Any = nw.new_series("kept", self.log.kept(bounds), backend=lines.implementation)
            return lines.filter(kept)
        day = day_of_line(lines.collect_schema(), self.opened.reading.time_zone)
        for bound, keeps in ((bounds.after, day.__gt__), (bounds.until, day.__le__)):
            lines = lines if bound is None else lines.filter(keeps(nw.lit(bound)))
        return lines

    def within(self, after: dt.date | None, until: dt.date) -> BoundedLog:
        """The same log of other days."""
        return replace(self, bounds=Bounds(after, until))

    def end(self, as_of: str | dt.date | np.datetime64 | None, verb: str) -> dt.date:
        """End of observation: that asked for, else ``until``, else the day after the last line."""
        until = self.bounds.until
        if as_of is not None:
            end = as_date(as_of, verb, "as_of")
            if until is not None and end > until:
                must = f"at most {until.isoformat()}, where this log ends"
                raise ParameterError.must_be(verb, "as_of", must, end.isoformat())
            return end
        if until is not None:
            return until
        last = self.last_day()
        return last if last == dt.date.max else last + dt.timedelta(days=1)

    def last_day(self) -> dt.date:
        """Day of the last line; stray days are warned of."""
        try:
            days = self.log.days(self.bounds)
            last = days.last()
        except OverflowError:
            raise self.bad_rows() from None
        if last is None:
            raise self.nothing_left(self.bounds)
        for which, find in (("after", strays_after), ("before", strays_before)):
            if (found := find(days.day, days.n)) is not None and (StrayDateWarning.__name__, which) not in self.said:
                self.say(stray_concern(self.opened.rows(), self.opened.reading.time_zone, found, which), which)
        return last

    def bounded(self, after: dt.date | None, until: dt.date) -> Bounds:
        """Days that count, cut further."""
        own = self.bounds
        latest_start = max((day for day in (own.after, after) if day is not None), default=None)
        return Bounds(latest_start, until if own.until is None else min(until, own.until))

    def bad_rows(self) -> DataError:
        """Word what is wrong with the rows."""
        return refused(*(self.opened.problems() or ["its sums or days are out of range; check the amounts and times"]))

    def nothing_left(self, bounds: Bounds) -> DataError:
        """Word that no line is of some days."""
        return nothing_left(self.lines, self.opened.problems(), bounds)

    def _answers_by(self) -> Engine:
        return engine_named(self.output) if isinstance(self.frame, str | Path) else engine_of(self.frame)

    def native(self, result: Lines) -> Any:
        """Return a result in the kind of the caller's frame, or in the kind asked for where there is none."""
        if isinstance(result, nw.LazyFrame):
            return result.to_native()
        if isinstance(self.frame, str | Path):
            return in_output(result, self._answers_by(), self.lines.to_native(), READER)
        return in_kind_of(self.frame, result)

    def table(self, columns: Mapping[str, AnyArray]) -> Any:
        """Return columns of a result as a frame of the caller's kind."""
        backend: Any = engine_of(self.lines.to_native()).backend
        series = [nw.new_series(name, column, backend=backend) for name, column in columns.items()]
        return self.native(series[0].to_frame().with_columns(*series[1:]))


class HasOrderLog(Protocol):
    """What has a log, as `Orders` does."""

    def __order_log__(self) -> BoundedLog:
        """The log."""
        ...


def log_of(orders: HasOrderLog) -> BoundedLog:
    """The log of an `Orders`, for those who count more than it answers by itself."""
    return orders.__order_log__()


def _has_gap(customers: nw.DataFrame[Any], end: dt.date) -> bool:
    """Whether first or last orders of customers leave a gap, so that a look at all days may find stray ones beyond it."""
    for name in ("first_order", "last_order"):
        day = np.unique(customers.filter(nw.col("n_orders") > 0)[name].to_numpy().astype("datetime64[D]").astype(np.int64))
        if np.diff(day, append=(end - dt.date(1970, 1, 1)).days if name == "last_order" else day[-1:]).max(initial=0) > FAR:
            return True
    return False


def _as_date(value: Any) -> dt.date:
    return value.date() if isinstance(value, dt.datetime) else value
