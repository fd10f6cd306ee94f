"""The order log: what was bought by whom and when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from functools import wraps
from pathlib import Path
from typing import Any, Literal, get_args

import narwhals as nw
import numpy as np

from crmmodels._typing import Period, TimeUnit
from crmmodels.data.orders.bounded import BoundedLog, log_of
from crmmodels.data.orders.files import Source, open_source
from crmmodels.data.orders.logs import read_bounds
from crmmodels.data.orders.options import Reading, check_options
from crmmodels.data.orders.plans import KEPT
from crmmodels.data.orders.reading import open_log
from crmmodels.data.orders.roles import ROLES
from crmmodels.data.tables.dates import as_date, check_unit
from crmmodels.data.tables.frames import OrderTables
from crmmodels.engines.engine import OutputKind, engine_of
from crmmodels.exceptions import (
    ParameterError,
    warn,
)
from crmmodels.kernels.orders.periods import DAYS_PER_UNIT
from crmmodels.wording import count_of


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
        object.__setattr__(self, "_log", BoundedLog(opened, bounds, self.frame, self.output))
        for concern in opened.concerns:
            warn(concern)

    _log: BoundedLog = field(init=False)

    def __order_log__(self) -> BoundedLog:
        """The log, for the other rooms of this package."""
        return self._log

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
        return self._log.known_roles

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
        with self._log.turn():
            return self._log.native(self._log.customers(as_of, unit, window_days))

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
        with self._log.turn():
            return self._log.native(self._log.panel(period, as_of))

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
        with self._log.turn():
            last = self._log.last_day()
        first_end = as_date(at, "split", "at")
        end = last if until is None else as_date(until, "split", "until")
        if self._log.bounds.until is not None:
            end = min(end, self._log.bounds.until)
        if end <= first_end:
            must = f"before the end of the holdout, {end.isoformat()}"
            raise ParameterError.must_be("split", "at", must, first_end.isoformat())
        calibration = part_of(self, self._log.bounds.after, first_end)
        return Split(calibration, part_of(self, first_end, end), first_end, end)

    def lines(self) -> Any:
        """The log itself under canonical column names, with the lines of the days after ``after`` and up to ``until``.

        A line of such a day whose order began before ``after`` is among them, though its order is not counted.

        Returns
        -------
        dataframe of the kind of ``frame``
            One column per role that was given, named as the role. A DuckDB relation where ``frame`` is a path, so that nothing
            is read before it is wanted.
        """
        with self._log.turn():
            lines = self._log.lines_within()
            further = {f"{KEPT}{i}": name for i, name in enumerate(self.keep)}
            roles = [nw.col(name) for name in ROLES if name in self.known_roles]
            return self._log.native(lines.select(*roles, *(nw.col(name).alias(to) for name, to in further.items())))

    def __repr__(self) -> str:
        """Kind, roles and bounds."""
        kind = "files" if isinstance(self.frame, str | Path) else type(self.frame).__module__.split(".")[0]
        size = f", {count_of(len(self._log.lines), 'line')}" if isinstance(self._log.lines, nw.DataFrame) else ""
        roles = ", ".join(f"{role}={column!r}" for role, column in self.roles.items())
        bounds = [
            f"{name} {day}" for name, day in (("after", self._log.bounds.after), ("until", self._log.bounds.until)) if day
        ]
        return f"Orders({kind}{size}; {roles}{'; ' + ' '.join(bounds) if bounds else ''})"


@dataclass(frozen=True, eq=False)
class Split:
    """An order log cut at a date.

    Attributes
    ----------
    calibration : Orders
        Orders up to ``at``.
    holdout : Orders
        Orders after ``at``, up to ``until``.
    at, until : date
        Last day of the calibration and of the holdout.
    """

    calibration: Orders
    holdout: Orders
    at: dt.date
    until: dt.date

    def customers(self, unit: TimeUnit = "D") -> Any:
        """The customers of the calibration, with what they did in the holdout.

        Parameters
        ----------
        unit : {"D", "W", "M", "Y"}, default "D"
            Unit of the ages.

        Returns
        -------
        dataframe of the kind of the log
            The columns of `Orders.customers` as of ``at``, then ``n_orders_holdout``, ``order_days_holdout``,
            ``spend_holdout``, the sum of the holdout's money, returns of earlier orders included (0 for who did not order), and
            ``duration_holdout`` (in ``unit``).

        Raises
        ------
        DataError
            If no order is left in the calibration, or a lazy log holds bad rows.
        ParameterError
            If the unit is unknown.
        """
        check_unit(unit)
        before = log_of(self.calibration).customers_until(self.at, unit)
        zeros: dict[str, float] = {"n_orders": 0, "order_days": 0, "spend": 0.0}
        if "spend" not in before.columns:
            zeros.pop("spend")
        joined = self._with_holdout(before, zeros, unit)
        duration = (self.until - self.at).days / DAYS_PER_UNIT[unit]
        joined = joined.with_columns(nw.lit(duration).alias("duration_holdout")).sort("customer_id")
        return log_of(self.calibration).native(joined)

    def _with_holdout(self, before: nw.DataFrame[Any], zeros: dict[str, float], unit: TimeUnit) -> nw.DataFrame[Any]:
        holdout = log_of(self.holdout)
        with holdout.turn():
            after = holdout.counted(holdout.bounds, self.until, unit)
        if after.is_empty():
            joined = before.with_columns(*(nw.lit(zero).alias(f"{name}_holdout") for name, zero in zeros.items()))
            return joined.with_columns(*(nw.col(f"{name}_holdout").cast(nw.Int64) for name in zeros if name != "spend"))
        counted = after.with_columns((nw.col("frequency") + 1).alias("order_days")).select(
            "customer_id", *(nw.col(name).alias(f"{name}_holdout") for name in zeros)
        )
        joined = before.join(counted, on="customer_id", how="left").with_columns(
            *(nw.col(f"{name}_holdout").fill_null(zero) for name, zero in zeros.items())
        )
        return joined.with_columns(*(nw.col(f"{name}_holdout").cast(nw.Int64) for name in zeros if name != "spend"))


def part_of(orders: Orders, after: dt.date | None, until: dt.date) -> Orders:
    """The same log of other days, without reading it again."""
    part = object.__new__(type(orders))
    part.__dict__.update(orders.__dict__, after=after, until=until, _log=log_of(orders).within(after, until))
    return part


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
