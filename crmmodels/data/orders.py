"""The order log: what was bought by whom and when."""

from __future__ import annotations

import copy
import datetime as dt
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import narwhals as nw
import numpy as np
import pandas as pd

from crmmodels._typing import Period, TimeUnit
from crmmodels.data.order_checks import row_problems
from crmmodels.data.order_log import ArrayLog, BadRowsError, Bounds, OrderLog
from crmmodels.data.order_reading import READER, Lines, canonical_lines, open_log, refused
from crmmodels.data.roles import ROLES
from crmmodels.data.schema import count_of
from crmmodels.data.split import Split
from crmmodels.data.tables import in_kind_of
from crmmodels.engines import duckdb as duckdb_engine
from crmmodels.exceptions import DataError, MissingDependencyError, ParameterError, ReturnsOnlyWarning
from crmmodels.kernels.periods import DAYS_PER_UNIT

OutputKind = Literal["pandas", "polars", "pyarrow", "duckdb"]

_MONEY_COLUMNS: Final = ("spend", "mean_repeat_spend")


@dataclass(frozen=True, eq=False, repr=False)
class Orders:
    r"""An order log, validated, from which customers, panels and splits are made.

    Use it to turn rows "who, when, how much" into the one row per customer that models read. It takes any dataframe and
    answers in the same kind. It is frozen: nothing that the caller had is changed, and nothing is repaired silently.

    Parameters
    ----------
    frame : dataframe, str or Path
        pandas, Polars (eager or lazy), PyArrow table, DuckDB relation, another lazy frame that narwhals knows, or a path
        or glob of Parquet or CSV files, which DuckDB reads without loading them whole.
    customer : str
        Column that names the customer.
    time : str
        Column with dates, timestamps or ISO 8601 strings. Only the calendar day counts.
    amount : str, optional
        Column with the money of the line. Negative amounts are returns: they lower the spend of their customer, but they
        are no orders and do not move the first or last order. Without it the spend columns are left out.
    order_id : str, optional
        Column that names the order, where an order may have several rows. Without it each row is an order.
    quantity, list_price, unit_cost, category, sku, channel, discount, service_cost : str, optional
        Further roles, which some models need; see `lines`.
    time_zone : str, optional
        Zone in which the day of zoned timestamps is taken, such as "Asia/Shanghai". Default: the zone of the column.
    duplicates : {"keep", "drop", "refuse"}, default "keep"
        What becomes of rows that repeat another in every role: each is an order, all but one are removed, or a DataError.
    output : {"pandas", "polars", "pyarrow", "duckdb"}, optional
        Kind of the answers when ``frame`` is a path; default "pandas".
    memory_limit : str, optional
        Memory that DuckDB may use when ``frame`` is a path, such as "4GB"; beyond it DuckDB spills to disk.
    threads : int, optional
        Threads that DuckDB may use when ``frame`` is a path; default all.

    Raises
    ------
    DataError
        If a column is missing or of a wrong type, or rows have no customer, time or amount, or the log is empty: one error
        names every problem with counts and examples. Rows of lazy frames and files are checked by the call
        that reads them.
    ParameterError
        If a parameter is out of range.
    MissingDependencyError
        If a path is given and DuckDB is not installed.

    Notes
    -----
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
    list_price: str | None = None
    unit_cost: str | None = None
    category: str | None = None
    sku: str | None = None
    channel: str | None = None
    discount: str | None = None
    service_cost: str | None = None
    time_zone: str | None = None
    duplicates: Literal["keep", "drop", "refuse"] = "keep"
    output: OutputKind | None = None
    memory_limit: str | None = None
    threads: int | None = None

    def __post_init__(self) -> None:
        """Check parameters, columns and, in memory, rows."""
        self._check_parameters()
        native = self.frame
        if isinstance(native, str | Path):
            native = duckdb_engine.open_files(native, reader=READER, memory_limit=self.memory_limit, threads=self.threads)
        roles = self.roles
        lines = canonical_lines(native, roles, self.time_zone, drop_duplicates=self.duplicates == "drop")
        log = open_log(lines, roles, self.time_zone, refuse_duplicates=self.duplicates == "refuse")
        object.__setattr__(self, "_lines", lines)
        object.__setattr__(self, "_bounds", Bounds(None, None))
        object.__setattr__(self, "_log", log)

    _lines: Lines = field(init=False)
    _bounds: Bounds = field(init=False)
    _log: OrderLog = field(init=False)

    @property
    def roles(self) -> dict[str, str]:
        """Column of each role that was given."""
        named = {role: getattr(self, role) for role in ROLES}
        return {role: column for role, column in named.items() if column is not None}

    def customers(self, as_of: str | dt.date | None = None, unit: TimeUnit = "D", window_days: int | None = None) -> Any:
        """One row per customer who ordered up to a date.

        Parameters
        ----------
        as_of : str or date, optional
            Last day that counts; later orders are left out. Default: the day after the last order.
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
            ``days_since_last``; ``spend``; ``mean_repeat_spend``, the mean of order days after the first (0 without any);
            ``first_order``, ``last_order`` and ``as_of``, dates.

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
        if unit not in DAYS_PER_UNIT:
            raise ParameterError.unknown_choice("customers", "unit", DAYS_PER_UNIT, unit)
        if window_days is not None and (not isinstance(window_days, int) or window_days < 1):
            raise ParameterError.must_be("customers", "window_days", "a whole number of days, 1 or more", window_days)
        end = self._end(as_of, "customers")
        bounds = self._bounded(None if window_days is None else end - dt.timedelta(days=window_days), end)
        return self._native(self._without_returns_only(self._customers(bounds, end, unit), end))

    def panel(self, period: Period = "M", as_of: str | dt.date | None = None) -> Any:
        """One row per customer and calendar period, from the first order on, empty periods included.

        Parameters
        ----------
        period : {"D", "W", "M", "Q", "Y"}, default "M"
            Days, weeks from Monday, calendar months, quarters or years.
        as_of : str or date, optional
            Last day that counts. Default: the day after the last order.

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
            If a parameter is out of range.
        """
        if period not in get_args(Period):
            raise ParameterError.unknown_choice("panel", "period", get_args(Period), period)
        end = self._end(as_of, "panel")
        try:
            result = self._log.panel(self._bounded(None, end), end, period)
        except BadRowsError:
            raise self._bad_rows() from None
        if result.is_empty():
            raise self._only_returns(end) if self._log.last_day(self._bounded(None, end)) else self._nothing_left(end)
        return self._native(result if "amount" in self.roles else result.drop("spend"))

    def split(self, at: str | dt.date, until: str | dt.date | None = None) -> Split:
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
        last = self._log.last_day(self._bounds)
        first_end = _as_date(at, "split", "at")
        end = last if until is None else _as_date(until, "split", "until")
        if end is None:
            raise self._bad_rows()
        if end <= first_end:
            must = f"before the end of the holdout, {end.isoformat()}"
            raise ParameterError.must_be("split", "at", must, first_end.isoformat())
        calibration = self._within(Bounds(self._bounds.after, first_end))
        return Split(calibration, self._within(Bounds(first_end, end)), first_end, end)

    def lines(self) -> Any:
        """The log itself under canonical column names.

        Returns
        -------
        dataframe of the kind of ``frame``
            One column per role that was given, named as the role.
        """
        return self._native(self._lines)

    def __repr__(self) -> str:
        """Kind, roles and bounds."""
        kind = "files" if isinstance(self.frame, str | Path) else type(self.frame).__module__.split(".")[0]
        size = f", {count_of(len(self._lines), 'line')}" if isinstance(self._lines, nw.DataFrame) else ""
        roles = ", ".join(f"{role}={column!r}" for role, column in self.roles.items())
        bounds = [f"{name} {day}" for name, day in (("after", self._bounds.after), ("until", self._bounds.until)) if day]
        return f"Orders({kind}{size}; {roles}{'; ' + ' '.join(bounds) if bounds else ''})"

    def _check_parameters(self) -> None:
        for name, choices in (("duplicates", ("keep", "drop", "refuse")), ("output", (*get_args(OutputKind), None))):
            if getattr(self, name) not in choices:
                raise ParameterError.unknown_choice(READER, name, map(str, choices), getattr(self, name))
        if self.time_zone is not None:
            try:
                ZoneInfo(self.time_zone)
            except (ZoneInfoNotFoundError, ValueError, TypeError):
                must = "the name of a time zone, such as 'Asia/Shanghai'"
                raise ParameterError.must_be(READER, "time_zone", must, self.time_zone) from None
        if not isinstance(self.frame, str | Path):
            for name in ("output", "memory_limit", "threads"):
                if getattr(self, name) is not None:
                    raise ParameterError.must_be(READER, name, "left out unless frame is a path", getattr(self, name))

    def _bad_rows(self) -> DataError:
        problems = row_problems(self._lines, self.roles, refuse_duplicates=self.duplicates == "refuse")
        return refused(*(problems or ["its sums overflow; check the amounts"]))

    def _only_returns(self, end: dt.date) -> DataError:
        return refused(
            f"all amounts up to as_of={end.isoformat()} are negative, which are returns; at least one order is needed"
        )

    def _nothing_left(self, end: dt.date) -> DataError:
        if problems := row_problems(self._lines, self.roles, refuse_duplicates=False):
            return refused(*problems)
        first, last = self._first_and_last()
        return refused(
            f"no order is left up to as_of={end.isoformat()}; the log runs from {first} to {last}: choose a date in "
            "it, or after it"
        )

    def _first_and_last(self) -> tuple[str, str]:
        time = self._lines.select(nw.col("time").min().alias("first"), nw.col("time").max().alias("last"))
        rows = (time.collect() if isinstance(time, nw.LazyFrame) else time).row(0)
        first, last = (str(value)[:10] for value in rows)
        return first, last

    def _end(self, as_of: str | dt.date | None, verb: str) -> dt.date:
        if as_of is not None:
            return _as_date(as_of, verb, "as_of")
        if self._bounds.until is not None:
            return self._bounds.until
        last = self._log.last_day(self._bounds)
        if last is None:
            raise self._bad_rows()
        return last + dt.timedelta(days=1)

    def _bounded(self, after: dt.date | None, until: dt.date) -> Bounds:
        own = self._bounds
        latest_start = max((day for day in (own.after, after) if day is not None), default=None)
        return Bounds(latest_start, until if own.until is None else min(until, own.until))

    def _within(self, bounds: Bounds) -> Orders:
        part = copy.copy(self)
        object.__setattr__(part, "_bounds", bounds)
        return part

    def _customers_until(self, end: dt.date, unit: TimeUnit) -> nw.DataFrame[Any]:
        return self._without_returns_only(self._customers(self._bounded(None, end), end, unit), end)

    def _customers(self, bounds: Bounds, end: dt.date, unit: TimeUnit) -> nw.DataFrame[Any]:
        try:
            result = self._log.customers(bounds, end, unit)
        except BadRowsError:
            raise self._bad_rows() from None
        if result.is_empty():
            raise self._nothing_left(end)
        if not isinstance(self._log, ArrayLog) and self._answer_kind() != "duckdb":
            result = result.sort("customer_id")
        return result if "amount" in self.roles else result.drop(*_MONEY_COLUMNS)

    def _without_returns_only(self, result: nw.DataFrame[Any], end: dt.date) -> nw.DataFrame[Any]:
        bought = nw.col("n_orders") > 0
        n_left_out = int((result["n_orders"] == 0).sum())
        if n_left_out == 0:
            return result
        kept = result.filter(bought)
        if kept.is_empty():
            raise self._only_returns(end)
        left_out = result.filter(~bought)
        warnings.warn(
            f"{count_of(n_left_out, 'customer')} with returns and no order up to {end.isoformat()} left out "
            f"(such as {left_out['customer_id'].head(3).to_list()}, total {float(left_out['spend'].sum()):,.2f})",
            ReturnsOnlyWarning,
            stacklevel=3,
        )
        return kept

    def _answer_kind(self) -> str:
        if isinstance(self.frame, str | Path):
            return self.output or "pandas"
        return "duckdb" if duckdb_engine.is_relation(self.frame) else "given"

    def _native(self, result: Lines) -> Any:
        """Return a result in the kind of the caller's frame, or in the kind asked for where there is none."""
        if not isinstance(self.frame, str | Path):
            return result.to_native() if isinstance(result, nw.LazyFrame) else in_kind_of(self.frame, result)
        if isinstance(result, nw.LazyFrame):
            return result.to_native()
        kind = self._answer_kind()
        if kind == "duckdb":
            return in_kind_of(self._lines.to_native(), result)
        try:
            return _as_pandas(result) if kind == "pandas" else result.to_polars() if kind == "polars" else result.to_arrow()
        except ImportError as error:
            extra = "polars" if kind == "polars" else "duckdb"
            raise MissingDependencyError.needed(f"Orders(output={kind!r})", kind, extra) from error


def _as_pandas(result: nw.DataFrame[Any]) -> pd.DataFrame:
    """Return a result as pandas, with dates as a frame in memory has them."""
    frame: pd.DataFrame = result.to_arrow().to_pandas(date_as_object=False)
    dates = {name: frame[name].dt.as_unit("s") for name in frame.columns if frame[name].dtype.kind == "M"}
    return frame.assign(**dates)


def _as_date(value: str | dt.date | np.datetime64, verb: str, name: str) -> dt.date:
    """Read a date; a time of day is refused, since orders count by whole days."""
    if isinstance(value, str):
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            raise ParameterError.must_be(verb, name, "a date such as '1998-07-01'", value) from None
    if isinstance(value, np.datetime64):
        value = pd.Timestamp(value)
    if isinstance(value, dt.datetime):
        if value.time() != dt.time():
            raise ParameterError.must_be(verb, name, "a date without a time of day", value)
        return value.date()
    if isinstance(value, dt.date):
        return value
    raise ParameterError.must_be(verb, name, "a date such as '1998-07-01'", value)
