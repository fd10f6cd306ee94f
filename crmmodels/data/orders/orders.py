"""The order log: what was bought by whom and when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from functools import wraps
from pathlib import Path
from typing import Any, Final, Literal, get_args

import narwhals as nw
import numpy as np

from crmmodels._typing import AnyArray, Period, TimeUnit
from crmmodels.data.orders.checks import nothing_left, only_returns, stray_concern, without_returns_only
from crmmodels.data.orders.files import Source, open_source
from crmmodels.data.orders.logs import ArrayLog, BadRowsError, Bounds, OrderDays, OrderLog, read_bounds
from crmmodels.data.orders.options import READER, Reading, check_options, refused
from crmmodels.data.orders.plans import KEPT, SAME_ORDER_DAYS, USED_AGAIN, day_of_line
from crmmodels.data.orders.reading import Lines, OpenedLog, open_log
from crmmodels.data.orders.roles import ROLES
from crmmodels.data.orders.split import Split
from crmmodels.data.orders.stray_dates import FAR, strays_after, strays_before
from crmmodels.data.tables.dates import as_date, check_unit
from crmmodels.data.tables.frames import OrderTables, in_kind_of, in_output
from crmmodels.engines.engine import Engine, OutputKind, engine_named, engine_of
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


@dataclass(frozen=True, eq=False, repr=False)
class Orders(OrderTables):
    r"""An order log, validated, from which customers, panels and splits are made.

    Use it to turn rows "who, when, how much" into the one row per customer that models read. It takes any dataframe and
    answers in the same kind. It is frozen: nothing that the caller had is changed, and nothing is repaired silently.

    Parameters
    ----------
    frame : dataframe, str or Path
        pandas, Polars (eager or lazy), PyArrow table, DuckDB relation, or a path or glob of Parquet or CSV files, which
        DuckDB reads without loading them whole, or of workbooks (.xlsx). Names of columns are exact, never patterns.
    customer : str
        Column that names the customer.
    time : str
        Column with dates, timestamps or ISO 8601 strings, or text of ``date_format``. Only the calendar day counts. Nothing
        else is taken for a date.
    amount : str, optional
        Column with the money of the line. Negative amounts are returns: they lower the spend of their customer, but they
        are no orders and do not move the first or last order; what they are netted from is said under :ref:`returns`.
        Without it the spend columns are left out.
    order_id : str, optional
        Column that names the order, where an order may have several rows. Without it each row is an order.
    quantity, unit_price : str, optional
        Units of the line, and what one of them was paid. With both, the money of the line is their product and ``amount`` is
        left out. A quantity below 0 beside an amount above 0 is refused, since the amount then is of one unit.
    list_price, unit_cost, category, sku, channel, discount, service_cost, reference_price, currency : str, optional
        Further roles, which some models need; see `lines`.
    time_zone : str, optional
        Zone in which the day of zoned timestamps is taken, such as "Asia/Shanghai". Default: the zone of the column.
    keep : sequence of str, optional
        Further columns of the log, such as a country. `customers` gives the last value of each that is not missing: that of
        the latest time, of several at one time the greatest.
    date_format : str, optional
        Format of text dates in the notation of ``strptime``, such as "%d/%m/%Y" or "%d.%m.%Y %H:%M"; English names of
        months; years of two digits from 69 on are of the 1900s. Whole numbers such as 20260131 are read as their digits.
    missing : {"refuse", "drop"}, default "refuse"
        What becomes of rows without customer, time, amount or order id: a DataError, or they are left out and counted in a
        warning. Empty text is missing, too.
    duplicates : {"keep", "drop", "refuse"}, default "keep"
        What becomes of rows that repeat another in every column of ``frame``, whether it has a role or not: each is an order,
        all but one are left out and counted in a warning, or a DataError.
    after, until : str or date, optional
        Count only orders after one day, and up to another, which then is the latest and the default ``as_of``. Default: all.
    output : {"pandas", "polars", "pyarrow", "duckdb"}, optional
        Kind of the answers when ``frame`` is a path; default "pandas".
    encoding : str, optional
        Encoding of CSV files, such as "gb18030" or "cp1252"; default UTF-8.
    delimiter : str, optional
        Sign between the fields of CSV files. Default: that of comma, semicolon, tab and bar at which the first line comes
        apart into the columns that are named here.
    decimal : {".", ","}, optional
        Sign before decimals in CSV files; the other one, spaces and apostrophes may then group thousands. Default: only plain
        numbers such as -1234.50 are read.
    sheet : str or sequence of str, optional
        Sheets of a workbook, one below the other. Default: its only sheet.
    memory_limit : str, optional
        Memory that DuckDB may use when ``frame`` is a path, such as "4GB"; beyond it DuckDB spills to disk.
    threads : int, optional
        Threads that DuckDB may use when ``frame`` is a path; default all.

    Raises
    ------
    DataError
        If a column is missing or of a wrong type, or rows have no customer, time or amount, or the log is empty: one error
        names every problem with counts and examples. Rows of lazy frames and files are checked by the call
        that reads them, which names file and line.
    ParameterError
        If a parameter is out of range.
    MissingDependencyError
        If a path is given and DuckDB and PyArrow, or python-calamine for workbooks, are not installed.

    Warns
    -----
    DuplicatesWarning, MissingRowsWarning
        If rows were left out as asked.
    UnitPriceWarning
        If ``amount`` is named as a price, beside quantities.
    StrayDateWarning
        By the first call that needs the last day: if a few orders lie far from all others.
    OrderIdWarning
        By the first call that counts orders: if lines of one order id lie more than a week apart.

    Notes
    -----
    Every value of a CSV file is text: ids stay as they are written ("007" is not "7"), times follow the rules of text
    in memory. Several files are one log by the names of their columns: CSV files must all have the same names in their first
    lines, Parquet files the columns that are named here. Types that differ between Parquet files are widened where no value
    changes, and refused where one would. Nothing is fetched: only files of this machine are read.

    Orders of one customer on one calendar day are one order day. With :math:`d_0 < \dots < d_x` the order days of a customer
    up to ``as_of``: frequency :math:`x`, age at last :math:`t_x = d_x - d_0`, age :math:`T = \text{as\_of} - d_0`.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005). "Counting Your Customers" the Easy Way. Marketing Science 24(2),
    275-284. doi:10.1287/mksc.1040.0098

    Examples
    --------
    >>> import pandas as pd
    >>> import crmmodels as crm
    >>> frame = pd.DataFrame(
    ...     {"id": ["a", "a", "b"], "date": ["2026-01-01", "2026-01-15", "2026-01-10"], "spend": [10.0, 30.0, 5.0]}
    ... )
    >>> orders = crm.Orders(frame, customer="id", time="date", amount="spend")
    >>> orders.customers(as_of="2026-01-31")[["customer_id", "n_orders", "days_since_last", "spend"]]
      customer_id  n_orders  days_since_last  spend
    0           a         2               16   40.0
    1           b         1               21    5.0
    """

    frame: Any
    customer: str
    time: str
    amount: str | None = None
    order_id: str | None = None
    quantity: str | None = None
    unit_price: str | None = None
    list_price: str | None = None
    unit_cost: str | None = None
    category: str | None = None
    sku: str | None = None
    channel: str | None = None
    discount: str | None = None
    service_cost: str | None = None
    reference_price: str | None = None
    currency: str | None = None
    time_zone: str | None = None
    keep: Sequence[str] = ()
    date_format: str | None = None
    missing: Literal["refuse", "drop"] = "refuse"
    duplicates: Literal["keep", "drop", "refuse"] = "keep"
    after: str | dt.date | np.datetime64 | None = None
    until: str | dt.date | np.datetime64 | None = None
    output: OutputKind | None = None
    encoding: str | None = None
    delimiter: str | None = None
    decimal: Literal[".", ","] | None = None
    sheet: str | Sequence[str] | None = None
    memory_limit: str | None = None
    threads: int | None = None

    def __post_init__(self) -> None:
        """Check parameters, columns and, in memory, rows."""
        check_options(self._arguments())
        bounds = read_bounds(self.after, self.until)
        reading = Reading(
            roles=self.roles,
            keep=tuple(self.keep),
            time_zone=self.time_zone,
            date_format=self.date_format,
            decimal=self.decimal,
            drops_missing=self.missing == "drop",
            drops_duplicates=self.duplicates == "drop",
            refuses_duplicates=self.duplicates == "refuse",
        )
        source = open_source(self.frame, self._arguments()) if isinstance(self.frame, str | Path) else Source(self.frame)
        with engine_of(source.native).locked():
            opened = open_log(source.native, reading, source.report, source.watched)
        for name, value in (("_opened", opened), ("_bounds", bounds), ("_said", set())):
            object.__setattr__(self, name, value)
        for concern in opened.concerns:
            warn(concern)

    _opened: OpenedLog = field(init=False)
    _bounds: Bounds = field(init=False)
    _said: set[tuple[object, ...]] = field(init=False)

    @property
    def _lines(self) -> Lines:
        return self._opened.lines

    @property
    def _log(self) -> OrderLog:
        return self._opened.log

    def _say(self, concern: CrmModelsWarning, about: object = None) -> None:
        """Warn, once a log, whichever call notices it."""
        key = (type(concern).__name__, str(about))
        if key not in self._said:
            self._said.add(key)
            warn(concern)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle and copy by the arguments: a connection to files cannot be carried along, but opened again."""
        return _again, (type(self), self._arguments())

    def _arguments(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self) if field.init}

    @property
    def roles(self) -> dict[str, str]:
        """Column of each role that was given."""
        named: dict[str, str | None] = {role: getattr(self, role) for role in ROLES}
        return {role: column for role, column in named.items() if column is not None}

    @property
    def known_roles(self) -> frozenset[str]:
        """Roles that were given, and the amount where quantity and unit price make it."""
        return frozenset(self.roles) | ({"amount"} if self.unit_price is not None else set())

    def customers(
        self, as_of: str | dt.date | np.datetime64 | None = None, unit: TimeUnit = "D", window_days: int | None = None
    ) -> Any:
        """One row per customer who ordered up to a date.

        Parameters
        ----------
        as_of : str or date, optional
            Last day that counts; later orders are left out. Default: ``until``, or the day after the last line of the log.
        unit : {"D", "W", "M", "Y"}, default "D"
            Unit of ``age`` and ``age_at_last``: days, or exactly 7, 30.4375 or 365.25 days; never truncated.
        window_days : int, optional
            Count only orders of so many days up to ``as_of``. Ages then start at the first order in the window, so purchase
            models should not read them. Default: all history.

        Returns
        -------
        dataframe of the kind of ``frame``
            Sorted by customer, except for relations. ``customer_id``; ``n_orders``; ``frequency``, order days after the
            first; ``age_at_last`` and ``age``, from the first order to the last one and to ``as_of``, in ``unit``;
            ``days_since_last``; ``spend``, ordered less returned; ``mean_repeat_spend``, the mean money of order days after the
            first (0 without any), less what returns take from it by the rule of :ref:`returns`, so that it is never
            negative; ``first_order``, ``last_order`` and ``as_of``, dates.

        Raises
        ------
        DataError
            If no order is left, or a lazy log holds bad rows.
        ParameterError
            If a parameter is out of range.

        Warns
        -----
        ReturnsOnlyWarning
            If customers with returns and no order are left out.
        """
        check_unit(unit)
        with self._turn():
            return self._customers_as_given(as_of, unit, window_days)

    def _customers_as_given(self, as_of: str | dt.date | np.datetime64 | None, unit: TimeUnit, window_days: int | None) -> Any:
        days = plain(window_days)
        # Of an order that began before `after` no line is left to an engine that has added up its orders, and its last line may end the log.
        in_orders = self._bounds.after is not None and self.order_id is not None
        if (
            as_of is None
            and days is None
            and self._bounds.until is None
            and not in_orders
            and not isinstance(self._log, ArrayLog)
        ):
            return self._native(self._customers_of_all(unit))
        end = self._end(as_of, "customers")
        if days is not None and (type(days) is not int or not 1 <= days <= (end - dt.date.min).days):
            must = "a whole number of days, 1 or more, that does not begin before the year 1"
            raise ParameterError.must_be("customers", "window_days", must, days)
        bounds = self._bounded(None if days is None else end - dt.timedelta(days=days), end)
        return self._native(without_returns_only(self._customers(bounds, end, unit), bounds, self._say))

    def _customers_of_all(self, unit: TimeUnit) -> nw.DataFrame[Any]:
        """Customers as of the day after the last line, for which an engine need not look for that day first."""
        bounds = self._bounds
        try:
            result = self._counted(bounds, None, unit)
        except OverflowError:
            raise self._bad_rows() from None
        if result.is_empty():
            raise self._nothing_left(bounds)
        end = _as_date(result["as_of"][0])
        if len(result) < _MANY or _has_gap(result, end):
            self._last_day()
        return without_returns_only(result, self._bounded(None, end), self._say)

    def panel(self, period: Period = "M", as_of: str | dt.date | np.datetime64 | None = None) -> Any:
        """One row per customer and calendar period, from the first order on, empty periods included.

        Parameters
        ----------
        period : {"D", "W", "M", "Q", "Y"}, default "M"
            Days, weeks from Monday, calendar months, quarters or years.
        as_of : str or date, optional
            Last day that counts. Default: ``until``, or the day after the last line of the log.

        Returns
        -------
        dataframe of the kind of ``frame``
            ``customer_id``; ``period``, its first day; ``n_orders``; ``spend``; ``exposure``, the share of the period's days
            from the first order to ``as_of``. Returns before the first order count in the first period.

        Raises
        ------
        DataError
            If no order is left, or a lazy log holds bad rows.
        ParameterError
            If a parameter is out of range, or the panel would not fit in memory.

        Warns
        -----
        ReturnsOnlyWarning
            If customers with returns and no order are left out.
        """
        if period not in tuple(get_args(Period)):
            raise ParameterError.unknown_choice("panel", "period", get_args(Period), period)
        with self._turn():
            return self._panel_as_given(period, as_of)

    def _panel_as_given(self, period: Period, as_of: str | dt.date | np.datetime64 | None) -> Any:
        end = self._end(as_of, "panel")
        bounds = self._bounded(None, end)
        try:
            answer = self._log.panel(bounds, end, period)
        except BadRowsError:
            raise self._bad_rows() from None
        if answer.frame.is_empty():
            raise only_returns(bounds) if answer.n_returns_only else self._nothing_left(bounds)
        if answer.n_returns_only:
            left_out = count_of(answer.n_returns_only, "customer")
            self._say(ReturnsOnlyWarning(f"{left_out} with returns and no order {bounds} left out"), bounds)
        return self._native(answer.frame if "amount" in self.known_roles else answer.frame.drop("spend"))

    def split(self, at: str | dt.date | np.datetime64, until: str | dt.date | np.datetime64 | None = None) -> Split:
        """Calibration and holdout: the orders up to a date, and those after it.

        Parameters
        ----------
        at : str or date
            Last day of the calibration.
        until : str or date, optional
            Last day of the holdout. Default: the last day of the log.

        Returns
        -------
        Split
            Two order logs and the joined table.

        Raises
        ------
        ParameterError
            If ``until`` is not after ``at``.
        DataError
            If a date leaves no order.
        """
        with self._turn():
            last = self._last_day()
        first_end = as_date(at, "split", "at")
        end = last if until is None else as_date(until, "split", "until")
        if self._bounds.until is not None:
            end = min(end, self._bounds.until)
        if end <= first_end:
            must = f"before the end of the holdout, {end.isoformat()}"
            raise ParameterError.must_be("split", "at", must, first_end.isoformat())
        calibration = self._within(self._bounds.after, first_end)
        return Split(calibration, self._within(first_end, end), first_end, end)

    def lines(self) -> Any:
        """The log itself under canonical column names, with the lines of the days after ``after`` and up to ``until``.

        A line of such a day whose order began before ``after`` is among them, though its order is not counted.

        Returns
        -------
        dataframe of the kind of ``frame``
            One column per role that was given, named as the role. A DuckDB relation where ``frame`` is a path, so that nothing
            is read before it is wanted.
        """
        with self._turn():
            lines = self._lines_within()
            further = {f"{KEPT}{i}": name for i, name in enumerate(self.keep)}
            roles = [nw.col(name) for name in ROLES if name in self.known_roles]
            return self._native(lines.select(*roles, *(nw.col(name).alias(to) for name, to in further.items())))

    def _lines_within(self) -> Lines:
        lines, bounds = self._lines, self._bounds
        if isinstance(self._log, ArrayLog) and isinstance(lines, nw.DataFrame):
            kept: Any = nw.new_series("kept", self._log.kept(bounds), backend=lines.implementation)
            return lines.filter(kept)
        day = day_of_line(lines.collect_schema(), self.time_zone)
        for bound, keeps in ((bounds.after, day.__gt__), (bounds.until, day.__le__)):
            lines = lines if bound is None else lines.filter(keeps(nw.lit(bound)))
        return lines

    def _turn(self) -> AbstractContextManager[Any]:
        return engine_of(self._lines.to_native()).locked()

    def __repr__(self) -> str:
        """Kind, roles and bounds."""
        kind = "files" if isinstance(self.frame, str | Path) else type(self.frame).__module__.split(".")[0]
        size = f", {count_of(len(self._lines), 'line')}" if isinstance(self._lines, nw.DataFrame) else ""
        roles = ", ".join(f"{role}={column!r}" for role, column in self.roles.items())
        bounds = [f"{name} {day}" for name, day in (("after", self._bounds.after), ("until", self._bounds.until)) if day]
        return f"Orders({kind}{size}; {roles}{'; ' + ' '.join(bounds) if bounds else ''})"

    def _bad_rows(self) -> DataError:
        return refused(*(self._opened.problems() or ["its sums or days are out of range; check the amounts and times"]))

    def _nothing_left(self, bounds: Bounds) -> DataError:
        return nothing_left(self._lines, self._opened.problems(), bounds)

    def _end(self, as_of: str | dt.date | np.datetime64 | None, verb: str) -> dt.date:
        until = self._bounds.until
        if as_of is not None:
            end = as_date(as_of, verb, "as_of")
            if until is not None and end > until:
                must = f"at most {until.isoformat()}, where this log ends"
                raise ParameterError.must_be(verb, "as_of", must, end.isoformat())
            return end
        if until is not None:
            return until
        last = self._last_day()
        return last if last == dt.date.max else last + dt.timedelta(days=1)

    def _last_day(self) -> dt.date:
        try:
            days = self._log.days(self._bounds)
            last = days.last()
        except OverflowError:
            raise self._bad_rows() from None
        if last is None:
            raise self._nothing_left(self._bounds)
        for which, find in (("after", strays_after), ("before", strays_before)):
            if (found := find(days.day, days.n)) is not None and (StrayDateWarning.__name__, which) not in self._said:
                self._say(stray_concern(self._opened.rows(), self.time_zone, found, which), which)
        return last

    def _bounded(self, after: dt.date | None, until: dt.date) -> Bounds:
        own = self._bounds
        latest_start = max((day for day in (own.after, after) if day is not None), default=None)
        return Bounds(latest_start, until if own.until is None else min(until, own.until))

    def _within(self, after: dt.date | None, until: dt.date) -> Orders:
        part = object.__new__(type(self))
        part.__dict__.update(self.__dict__, after=after, until=until, _bounds=Bounds(after, until))
        return part

    def _customers_until(self, end: dt.date, unit: TimeUnit) -> nw.DataFrame[Any]:
        bounds = self._bounded(None, end)
        with self._turn():
            return without_returns_only(self._customers(bounds, end, unit), bounds, self._say)

    def _customers(self, bounds: Bounds, end: dt.date, unit: TimeUnit) -> nw.DataFrame[Any]:
        result = self._counted(bounds, end, unit)
        if result.is_empty():
            raise self._nothing_left(bounds)
        return result

    def _order_days(self) -> OrderDays:
        """First and repeat order days by calendar day, for tracking."""
        with self._turn():
            if not len((found := self._log.order_days(self._bounds)).day):
                raise self._nothing_left(self._bounds)
            return found

    def _counted(self, bounds: Bounds, end: dt.date | None, unit: TimeUnit) -> nw.DataFrame[Any]:
        """Canonical customer columns, sorted where the answer's kind has an order; no rows where no order is left."""
        try:
            result = self._log.customers(bounds, end, unit)
        except BadRowsError:
            raise self._bad_rows() from None
        if USED_AGAIN in result.columns:
            self._say_used_again(result)
            result = result.drop(USED_AGAIN)
        if not isinstance(self._log, ArrayLog) and self._answers_by().preserves_order:
            result = result.sort("customer_id")
        return result if "amount" in self.known_roles else result.drop(*_MONEY_COLUMNS)

    def _say_used_again(self, result: nw.DataFrame[Any]) -> None:
        again = result.filter(nw.col(USED_AGAIN) > 0)
        if n := int(again[USED_AGAIN].sum() or 0):
            shown = again["customer_id"].head(EXAMPLES_SHOWN).to_list()
            self._say(
                OrderIdWarning(
                    f"Orders: {count_of(n, 'order id')} (column {self.order_id!r}) with purchases more than {SAME_ORDER_DAYS} days "
                    f"apart, of customers such as {shown}; each counts as one order on its first day. If numbers are used again, "
                    "join the day to the order id first"
                )
            )

    def _answers_by(self) -> Engine:
        return engine_named(self.output) if isinstance(self.frame, str | Path) else engine_of(self.frame)

    def _native(self, result: Lines) -> Any:
        """Return a result in the kind of the caller's frame, or in the kind asked for where there is none."""
        if isinstance(result, nw.LazyFrame):
            return result.to_native()
        if isinstance(self.frame, str | Path):
            return in_output(result, self._answers_by(), self._lines.to_native(), READER)
        return in_kind_of(self.frame, result)

    def _table(self, columns: Mapping[str, AnyArray]) -> Any:
        """Return columns of a result as a frame of the caller's kind."""
        backend: Any = engine_of(self._lines.to_native()).backend
        series = [nw.new_series(name, column, backend=backend) for name, column in columns.items()]
        return self._native(series[0].to_frame().with_columns(*series[1:]))


def _has_gap(customers: nw.DataFrame[Any], end: dt.date) -> bool:
    """Whether first or last orders of customers leave a gap, so that a look at all days may find stray ones beyond it."""
    for name in ("first_order", "last_order"):
        day = np.unique(customers.filter(nw.col("n_orders") > 0)[name].to_numpy().astype("datetime64[D]").astype(np.int64))
        if np.diff(day, append=(end - dt.date(1970, 1, 1)).days if name == "last_order" else day[-1:]).max(initial=0) > FAR:
            return True
    return False


def _as_date(value: Any) -> dt.date:
    return value.date() if isinstance(value, dt.datetime) else value


def _again(kind: type[Orders], arguments: dict[str, Any]) -> Orders:
    return kind(**arguments)


def _with_advice(init: Callable[..., None]) -> Callable[..., None]:
    """Say of an argument that does not exist what was meant, or how a further column is carried along."""
    known = [field.name for field in fields(Orders) if field.init]

    @wraps(init)
    def checked(self: Orders, *args: Any, **arguments: Any) -> None:
        for name, value in arguments.items():
            if name not in known:
                close = get_close_matches(name, known, n=1, cutoff=0.75)
                meant = f"did you mean {close[0]!r}? " if close else ""
                column = repr(value) if isinstance(value, str) else "'column'"
                msg = (
                    f"Orders has no argument {name!r}; {meant}Further columns are carried along by keep=[{column}], and the arguments are "
                    f"{', '.join(known)}."
                )
                raise ParameterError(msg)
        init(self, *args, **arguments)

    return checked


Orders.__init__ = _with_advice(Orders.__init__)  # type: ignore[method-assign]
