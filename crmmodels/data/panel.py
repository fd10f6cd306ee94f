"""Panels, one row per customer and period, read for models of what customers do from period to period."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import narwhals as nw
import numpy as np
import pandas as pd

from crmmodels._typing import AnyArray, FloatArray, IntArray, Period
from crmmodels.data.tables.frames import Table
from crmmodels.data.tables.hints import as_order_log
from crmmodels.data.tables.schema import LARGEST_COUNT, LARGEST_TIME, Column, read_number, read_values, unnameable
from crmmodels.exceptions import DataError, missing_columns
from crmmodels.kernels.orders.periods import first_day_of_period, period_of_day
from crmmodels.wording import count_of

_ROW: Final = "row of the panel"
_SHOWN: Final = 3
_ROWS_AT_ONCE: Final = 1 << 20
_LARGEST_INT32: Final = 2**31 - 1


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """Counts of orders, customer after customer and period after period.

    Attributes
    ----------
    row : ndarray of int, shape (n_rows,)
        Row of the table.
    period : ndarray of int, shape (n_rows,)
        Number of the period, consecutive within a customer.
    count, exposure : ndarray of float64, shape (n_rows,)
        Orders, and the share of the period that was observed.
    length : ndarray of int64, shape (n_customers,)
        Periods of each customer.
    is_dated : bool
        Whether periods are calendar periods, numbered from that of 1970-01-01, or numbers that the table gives.
    """

    row: AnyArray
    period: AnyArray
    count: FloatArray
    exposure: FloatArray
    length: IntArray
    is_dated: bool

    @property
    def start(self) -> IntArray:
        """First row of each customer."""
        return np.concatenate([[0], np.cumsum(self.length)[:-1]]).astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class PanelTable(Table):
    """A table whose customers have several rows; answers have one for each customer, in the order in which they appear.

    Attributes
    ----------
    rows : narwhals DataFrame
        The rows of the panel.
    panel : Panel
        What they hold.
    """

    rows: nw.DataFrame[Any]
    panel: Panel


def panel_columns() -> tuple[Column, ...]:
    """Columns that a panel has beside the key; ``exposure`` may come on top."""
    return (Column(name="period", minimum=-LARGEST_TIME, maximum=LARGEST_TIME, whole=True), Column.count("n_orders"))


def panel_table(table: Table, period: Period, reader: str) -> PanelTable:
    """Read a panel whose rows may come in any order, or raise one DataError that names every problem of columns, periods and histories."""
    frame = table.frame
    key = table.key
    absent = [name for name in (key, "period", "n_orders") if name not in frame.columns]
    if absent:
        problem = missing_columns(absent, frame.columns, hint=next(as_order_log(frame, key), ""))
        raise DataError(reader, [*(["it has no rows; at least one customer is needed"] if frame.is_empty() else []), problem])
    values, problems = _numbers(frame, key, reader)
    problems += _key_problems(frame, key)
    number, is_dated, found = _period_numbers(frame, period)
    problems += found
    exposure = values.get("exposure")
    if exposure is not None and (n_none := int((exposure == 0).sum())):
        problems.append(
            f"column 'exposure' has {count_of(n_none, 'value')} of 0; leave out periods in which nothing was observed"
        )
    if problems or number is None:
        raise DataError(reader, problems)
    code, first = _customers(frame[key])
    count = values.pop("n_orders")
    if exposure is None:
        exposure = np.broadcast_to(np.float64(1.0), count.shape)
    order = _order(code, number)
    if order is None:
        order = np.arange(len(code), dtype=code.dtype)
    else:
        code, number, count, exposure = code[order], number[order], count[order], exposure[order]
    length = np.bincount(code, minlength=len(first)).astype(np.int64)
    panel = Panel(order, number, count, exposure, length, is_dated)
    names = frame[key][first.tolist()]
    if problems := list(_history_problems(panel, code, names, period)):
        raise DataError(reader, problems)
    customers = nw.maybe_reset_index(names.to_frame())
    index = pd.Index(names.to_native(), name=key) if table.index is not None else None
    return PanelTable(customers, key, table.origin, index, frame, panel)


def without_first_orders(panel: Panel) -> Panel:
    """Leave out the order with which each customer begins, in a panel of an order log, which starts with it."""
    count = panel.count.copy()
    count[panel.start] -= 1.0
    return Panel(panel.row, panel.period, count, panel.exposure, panel.length, panel.is_dated)


def until(panel: Panel, last: int) -> tuple[Panel, IntArray]:
    """Histories as they stood after a period, of the customers who were there, and their positions, of shape (n_there,)."""
    kept = panel.period <= last
    length = np.add.reduceat(kept, panel.start).astype(np.int64)
    there = np.flatnonzero(length)
    cut = Panel(panel.row[kept], panel.period[kept], panel.count[kept], panel.exposure[kept], length[there], panel.is_dated)
    return cut, there


def shown_period(number: int, period: Period, *, is_dated: bool) -> str:
    """Word a period: its first day, such as "2026-01-01", or its number."""
    if not is_dated:
        return str(number)
    return str(np.datetime64(int(first_day_of_period(np.array([number]), period)[0]), "D"))


def _numbers(frame: nw.DataFrame[Any], key: str, reader: str) -> tuple[dict[str, FloatArray], list[str]]:
    """Orders and, where they are there, exposures, and what is wrong with them."""
    names = ("n_orders", *(("exposure",) if "exposure" in frame.columns else ()))
    if not frame.is_empty():
        read = {name: read_number(frame[name])[0] for name in names}
        found = {name: array for name, array in read.items() if array is not None and _is_usable(array, name)}
        if len(found) == len(names):
            return found, []
    columns = (Column.count("n_orders"), Column(name="exposure", minimum=0, maximum=1))[: len(names)]
    try:
        # Every row is a row of its own; which customers they are of is looked at elsewhere.
        return dict(read_values(frame.with_row_index(_ROW), columns, _ROW, reader)), []
    except DataError as error:
        return {}, [problem.replace(repr(_ROW), repr(key)) for problem in error.problems]


def _is_usable(array: FloatArray, name: str) -> bool:
    """Whether all counts are whole, or all exposures shares, from 0 on."""
    if not (np.isfinite(array).all() and array.min() >= 0):
        return False
    if name == "n_orders":
        return bool(array.max() <= LARGEST_COUNT and (array == np.floor(array)).all())
    return bool(array.max() <= 1)


def _key_problems(frame: nw.DataFrame[Any], key: str) -> Iterator[str]:
    column = frame[key]
    if problem := unnameable(column, "customer"):
        yield problem
        return
    missing = column.is_null()
    if column.dtype.is_float():
        missing = missing | column.is_nan()
    if n_missing := int(missing.sum()):
        yield f"column {key!r} misses {count_of(n_missing, 'value')}; every row needs its customer"


def _period_numbers(frame: nw.DataFrame[Any], period: Period) -> tuple[AnyArray | None, bool, list[str]]:
    """Number of each row's period, whether it is a calendar period, and what is wrong with the column."""
    column = frame["period"]
    if n_missing := int(column.is_null().sum()):
        return None, False, [f"column 'period' misses {count_of(n_missing, 'value')}; every row needs its period"]
    if isinstance(column.dtype, nw.Date | nw.Datetime):
        if isinstance(column.dtype, nw.Datetime) and column.dtype.time_zone is not None:
            column = column.dt.replace_time_zone(None)
        return _from_days(column.to_numpy(), period)
    if column.dtype == nw.Object and all(isinstance(item, dt.date) for item in column.to_list()):
        return _from_days(np.array(column.to_list(), dtype="datetime64[D]"), period)
    numbers = read_number(column)[0]
    if numbers is not None:
        usable = np.isfinite(numbers) & (numbers == np.floor(numbers)) & (np.abs(numbers) < 2**53)
        if usable.all():
            return numbers.astype(np.int32 if np.abs(numbers).max(initial=0.0) < 2**30 else np.int64), False, []
        problem = (
            f"column 'period' has {count_of(int((~usable).sum()), 'value')} that are no whole numbers (such as "
            f"{float(numbers[~usable][0]):g}); number the periods one after the other"
        )
        return None, False, [problem]
    example = column.head(1).to_list()
    shown = f" such as {example[0]!r}" if example else ""
    problem = (
        f"column 'period' must hold dates or whole numbers, which have an order; it is {column.dtype}{shown}: convert it first"
    )
    return None, False, [problem]


def _from_days(days: AnyArray, period: Period) -> tuple[AnyArray | None, bool, list[str]]:
    number = np.empty(len(days), np.int32)
    for low in range(0, len(days), _ROWS_AT_ONCE):
        part = slice(low, low + _ROWS_AT_ONCE)
        number[part] = period_of_day(days[part].astype("datetime64[D]").astype(np.int64), period)
    return number, True, []


def _customers(column: nw.Series[Any]) -> tuple[AnyArray, IntArray]:
    """Number of each row's customer, in the order in which they appear, and the first row of each."""
    begins = (column != column.shift(1)).fill_null(value=True).to_numpy().astype(np.bool_)
    begins[0] = True
    heads = np.flatnonzero(begins)
    codes, _ = pd.factorize(np.asarray(column[heads.tolist()].to_numpy()))
    _, first = np.unique(codes, return_index=True)
    kind = np.int32 if len(begins) < _LARGEST_INT32 else np.int64
    return np.repeat(codes.astype(kind), np.diff(heads, append=len(begins))), heads[first]


def _order(code: AnyArray, number: AnyArray) -> AnyArray | None:
    """Rows by customer and period; None where they are so already."""
    same = code[1:] == code[:-1]
    if ((code[1:] > code[:-1]) | (same & (number[1:] >= number[:-1]))).all():
        return None
    return np.lexsort((number, code))


def _history_problems(panel: Panel, code: AnyArray, names: nw.Series[Any], period: Period) -> Iterator[str]:
    """Word what keeps rows from being histories."""
    step = np.diff(panel.period)
    within = code[1:] == code[:-1]

    def examples(rows: IntArray, what: str) -> str:
        shown = [
            f"{names[int(code[row])]!r} {what} {shown_period(int(panel.period[row]), period, is_dated=panel.is_dated)}"
            for row in rows[:_SHOWN].tolist()
        ]
        return f"such as {', '.join(shown)}"

    if len(twice := np.flatnonzero(within & (step == 0))):
        yield (
            f"{count_of(len(twice), 'row')} with a customer and period that another has ({examples(twice, 'in')}); "
            "one row per customer and period is expected: add them up first"
        )
    if len(gap := np.flatnonzero(within & (step > 1))):
        n_customers, n_periods = len(np.unique(code[gap])), int((step[gap] - 1).sum())
        yield (
            f"{count_of(n_customers, 'customer')} without rows for {count_of(n_periods, 'period')} inside the history "
            f"({examples(gap, 'after')}); a period without orders needs a row with n_orders 0"
        )
    last = panel.start + panel.length - 1
    end = int(panel.period.max())
    if len(early := last[panel.period[last] < end]):
        yield (
            f"{count_of(len(early), 'customer')} whose history ends before {shown_period(end, period, is_dated=panel.is_dated)}, the last "
            f"period of the table ({examples(early, 'after')}); a period without orders needs a row with n_orders 0"
        )
