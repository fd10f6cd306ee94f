"""Order lines to one row per customer, and to one row per customer and period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from crmmodels._typing import AnyArray, BoolArray, FloatArray, IntArray, Period
from crmmodels.kernels.orders.periods import period_grid, period_of_day
from crmmodels.kernels.orders.returned_money import ROUNDING, money_left

_FEW: Final = 1_000


@dataclass(frozen=True, slots=True, eq=False)
class OrderSummary:
    """What an order log says of each customer.

    Attributes
    ----------
    customer : ndarray of int64, shape (n_customers,)
        Codes of the customers with at least one line, ascending.
    n_orders : ndarray of int64, shape (n_customers,)
        Lines that are orders; returns do not count.
    n_order_days : ndarray of int64, shape (n_customers,)
        Distinct days with at least one order.
    first_day, last_day : ndarray of int64, shape (n_customers,)
        First and last order day, in days since 1970-01-01; meaningless where ``n_orders`` is 0.
    spend : ndarray of float64, shape (n_customers,)
        Sum of all amounts, returns included.
    repeat_spend : ndarray of float64, shape (n_customers,)
        Money left of the orders after the first order day, at least 0, where returns take back the oldest money first (see
        `money_left`); summed as such, so that no large first order cancels digits.
    """

    customer: IntArray
    n_orders: IntArray
    n_order_days: IntArray
    first_day: IntArray
    last_day: IntArray
    spend: FloatArray
    repeat_spend: FloatArray


def summarise_orders(customer: IntArray, day: IntArray, amount: FloatArray | None, n_customers: int) -> OrderSummary:
    """Reduce order lines to one row per customer by counting sorts.

    The lines are the entries of a sparse customers × days matrix. Converting it from coordinate
    to compressed rows is a counting sort that adds same-day lines up on the way: linear in the
    number of lines, in compiled code, where a general sort or a hash group-by takes several times as long.

    Parameters
    ----------
    customer : ndarray of int, shape (n_lines,)
        Codes from 0 to ``n_customers - 1``.
    day : ndarray of int, shape (n_lines,)
        Days since 1970-01-01.
    amount : ndarray of float64, shape (n_lines,), or None
        Money of each line; a negative amount is a return. None: every line is an order of amount 0.
    n_customers : int
        Number of codes.

    Returns
    -------
    OrderSummary
        One entry per customer that has a line.
    """
    if len(day) == 0:
        none, zero = np.empty(0, np.int64), np.empty(0)
        return OrderSummary(none, none, none, none, none, zero, zero)
    first = int(day.min())
    offset = (day - first).astype(np.int32)
    shape = (n_customers, int(offset.max()) + 1)
    rows = customer.astype(np.int32, copy=False)
    lines = np.bincount(rows, minlength=n_customers)
    money = np.zeros(len(day)) if amount is None else amount
    unit = 1.0 if amount is None else exact_unit(amount)
    if unit > 1.0:
        money = np.rint(money * unit)
    is_return = money < 0
    indptr, column, total = _compress(rows, offset, money, shape)
    if is_return.any():
        kept = ~is_return
        n_orders = np.bincount(rows[kept], minlength=n_customers)
        order_indptr, order_column, ordered = _compress(rows[kept], offset[kept], money[kept], shape)
        if not np.array_equal(np.rint(money), money):
            total[np.abs(total) < ROUNDING * _compress(rows, offset, np.abs(money), shape)[2]] = 0.0
    else:
        n_orders, order_indptr, order_column, ordered = lines, indptr, column, total
    present = np.flatnonzero(lines)
    buyers = present[n_orders[present] > 0]
    first_offset = np.zeros(n_customers, np.int64)
    last_offset = np.zeros(n_customers, np.int64)
    first_offset[buyers] = order_column[order_indptr[buyers]]
    last_offset[buyers] = order_column[order_indptr[buyers + 1] - 1]
    n_order_days = np.diff(order_indptr)
    repeats = ordered.copy()
    repeats[order_indptr[buyers]] = 0.0
    repeat_spend = np.zeros(n_customers)
    netted = np.flatnonzero((n_order_days > 1) & (lines > n_orders))
    with np.errstate(over="ignore", invalid="ignore"):
        spend = np.add.reduceat(total, indptr[present])
        if len(buyers):
            repeat_spend[buyers] = np.add.reduceat(repeats, order_indptr[buyers])
        repeat_spend[netted] = np.minimum(repeat_spend[netted], money_left(*_runs_of(indptr, total, netted)))
    return OrderSummary(
        customer=present,
        n_orders=n_orders[present].astype(np.int64),
        n_order_days=n_order_days[present].astype(np.int64),
        first_day=first_offset[present] + first,
        last_day=last_offset[present] + first,
        spend=spend / unit,
        repeat_spend=repeat_spend[present] / unit,
    )


def exact_unit(amount: FloatArray) -> float:
    """Power of ten that makes whole numbers of decimal amounts, so that their sums are exact.

    Amounts of 0.1 and 0.2 then make as much as one of 0.3, to the last bit and in any order.

    Parameters
    ----------
    amount : ndarray of float64, shape (n_lines,)
        Finite; at least one.

    Returns
    -------
    float
        1, 100 or 10,000; 1 where the amounts have more decimals, or their sum would not fit into the 53 bits of a float.
    """
    largest = float(np.abs(amount).max(initial=0.0))
    for unit in (1.0, 100.0, 10_000.0):
        if largest * unit * len(amount) >= 2.0**53:
            return 1.0
        # A few amounts tell most units off without a look at all.
        if all(np.array_equal(np.rint(part * unit) / unit, part) for part in (amount[:_FEW], amount)):
            return unit
    return 1.0


@dataclass(frozen=True, slots=True, eq=False)
class OrderLines:
    """Order lines as arrays.

    Attributes
    ----------
    customer : ndarray of int, shape (n_lines,)
        Customer codes.
    day : ndarray of int, shape (n_lines,)
        Days since 1970-01-01.
    amount : ndarray of float64, shape (n_lines,), or None
        Money of each line; None where it is not known.
    """

    customer: AnyArray
    day: AnyArray
    amount: FloatArray | None

    def take(self, keep: BoolArray) -> OrderLines:
        """Some of the lines.

        Parameters
        ----------
        keep : ndarray of bool, shape (n_lines,)
            Which.

        Returns
        -------
        OrderLines
            Those lines, in the same order.
        """
        return OrderLines(self.customer[keep], self.day[keep], None if self.amount is None else self.amount[keep])


def combine_lines(lines: OrderLines, order: AnyArray) -> OrderLines:
    """Add the lines of each order up.

    Parameters
    ----------
    lines : OrderLines
        The lines.
    order : ndarray of int, shape (n_lines,)
        Order code of each line, from 0.

    Returns
    -------
    OrderLines
        One line per customer and order, on the day of its first line. Where the money of its lines cancels but for rounding, the
        order is one of amount 0, and no return.
    """
    key = _order_key(lines, order)
    by_key = np.argsort(key, kind="stable")
    starts = np.flatnonzero(np.diff(key[by_key], prepend=-1))
    day = np.minimum.reduceat(lines.day[by_key], starts)
    amount = None if lines.amount is None else _without_rounding(lines.amount[by_key], starts)
    return OrderLines(lines.customer[by_key][starts], day, amount)


def _order_key(lines: OrderLines, order: AnyArray) -> IntArray:
    """One number for each customer and order, of shape (n_lines,)."""
    key: IntArray = lines.customer.astype(np.int64) * (int(order.max(initial=0)) + 1) + order
    return key


def spread_orders(lines: OrderLines, order: AnyArray, n_days: int) -> IntArray:
    """Customers of orders whose lines lie far apart.

    Parameters
    ----------
    lines : OrderLines
        The lines.
    order : ndarray of int, shape (n_lines,)
        Order code of each line, from 0.
    n_days : int
        Days that may lie between the first and the last line of an order.

    Returns
    -------
    ndarray of int64, shape (n_spread,)
        Code of the customer of each order with more days between its first and last line.
    """
    key = _order_key(lines, order)
    by_key = np.lexsort((lines.day, key))
    ordered, day = key[by_key], lines.day[by_key].astype(np.int64)
    starts = np.flatnonzero(np.diff(ordered, prepend=-1))
    ends = np.append(starts[1:], len(ordered)) - 1 if len(starts) else starts
    spread = day[ends] - day[starts] > n_days
    customers: IntArray = lines.customer[by_key][starts][spread].astype(np.int64)
    return customers


@dataclass(frozen=True, slots=True, eq=False)
class PeriodCounts:
    """Orders and money per customer and period, only where there are any.

    Attributes
    ----------
    customer, period : ndarray of int64, shape (n_cells,)
        Customer code and period number.
    n_orders : ndarray of int64, shape (n_cells,)
        Orders in the period.
    spend : ndarray of float64, shape (n_cells,)
        Money in the period, returns included.
    first_day : ndarray of int64, shape (n_cells,)
        First order day in the period; a number above any date where there are only returns.
    """

    customer: IntArray
    period: IntArray
    n_orders: IntArray
    spend: FloatArray
    first_day: IntArray


def count_by_period(lines: OrderLines, period: IntArray, no_day: int) -> PeriodCounts:
    """Count orders and add money up per customer and period.

    Parameters
    ----------
    lines : OrderLines
        At least one line; negative amounts are returns, which are money but no orders.
    period : ndarray of int64, shape (n_lines,)
        Period number of each line.
    no_day : int
        First day of a cell without orders.

    Returns
    -------
    PeriodCounts
        One entry per customer and period with at least one line, sorted by both.
    """
    low, high = int(period.min()), int(period.max())
    width = high - low + 1
    key = lines.customer.astype(np.int64) * width + (period - low)
    by_key = np.argsort(key, kind="stable")
    starts = np.flatnonzero(np.diff(key[by_key], prepend=-1))
    cells = key[by_key][starts]
    money = np.zeros(len(key)) if lines.amount is None else lines.amount[by_key]
    is_order = money >= 0
    spend = _exact_sums(money, starts)
    return PeriodCounts(
        customer=cells // width,
        period=cells % width + low,
        n_orders=np.add.reduceat(is_order.astype(np.int64), starts),
        spend=spend,
        first_day=np.minimum.reduceat(np.where(is_order, lines.day[by_key].astype(np.int64), no_day), starts),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """Every period of every customer from the first order on.

    Attributes
    ----------
    customer : ndarray of int64, shape (n_rows,)
        Customer code.
    period : ndarray of int64, shape (n_rows,)
        Period number, ascending within a customer.
    n_orders : ndarray of int64, shape (n_rows,)
        Orders in the period, 0 where there are none.
    spend : ndarray of float64, shape (n_rows,)
        Money in the period.
    exposure : ndarray of float64, shape (n_rows,)
        Share of the period's days that was observed.
    """

    customer: IntArray
    period: IntArray
    n_orders: IntArray
    spend: FloatArray
    exposure: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class PanelStart:
    """Who is in a panel, from which day on, and how many rows that makes.

    Attributes
    ----------
    customer : ndarray of int64, shape (n_present,)
        Codes of the customers with an order, ascending.
    first_day : ndarray of int64, shape (n_present,)
        Their first order day.
    n_returns_only : int
        Customers without an order, who are left out.
    n_rows : int
        Rows of the panel.
    """

    customer: IntArray
    first_day: IntArray
    n_returns_only: int
    n_rows: int


def panel_start(counts: PeriodCounts, n_customers: int, as_of_day: int, period: Period, no_day: int) -> PanelStart:
    """Customers with an order, and the size of their panel, before it is made.

    Parameters
    ----------
    counts : PeriodCounts
        Counts where there are any.
    n_customers : int
        Number of customer codes.
    as_of_day : int
        Last observed day.
    period : {"D", "W", "M", "Q", "Y"}
        The calendar period.
    no_day : int
        First day of a cell without orders.

    Returns
    -------
    PanelStart
        What `fill_panel` fills.
    """
    first_day = np.full(n_customers, no_day, np.int64)
    np.minimum.at(first_day, counts.customer, counts.first_day)
    present = np.flatnonzero(first_day < no_day)
    n_with_lines = len(np.unique(counts.customer))
    last = int(period_of_day(np.array([as_of_day]), period)[0])
    n_rows = int((last - period_of_day(first_day[present], period) + 1).sum())
    return PanelStart(present, first_day[present], n_with_lines - len(present), n_rows)


def fill_panel(counts: PeriodCounts, start: PanelStart, n_customers: int, as_of_day: int, period: Period) -> Panel:
    """Lay the counts out over every period from a customer's first order to the end.

    Parameters
    ----------
    counts : PeriodCounts
        Counts where there are any; a return before the first order counts in the first period.
    start : PanelStart
        The customers with an order.
    n_customers : int
        Number of customer codes.
    as_of_day : int
        Last observed day.
    period : {"D", "W", "M", "Q", "Y"}
        The calendar period.

    Returns
    -------
    Panel
        No rows for a customer without an order.
    """
    present = start.customer
    grid = period_grid(start.first_day, as_of_day, period)
    position = np.full(n_customers, -1, np.int64)
    position[present] = np.arange(len(present))
    known = position[counts.customer] >= 0
    row = position[counts.customer[known]]
    begin = grid.start[row]
    cell = begin + np.maximum(counts.period[known] - grid.period[begin], 0)
    n_orders = np.bincount(cell, weights=counts.n_orders[known], minlength=len(grid.row)).astype(np.int64)
    spend = np.bincount(cell, weights=counts.spend[known], minlength=len(grid.row)).astype(np.float64, copy=False)
    return Panel(present[grid.row], grid.period, n_orders, spend, grid.exposure)


def _exact_sums(money: FloatArray, starts: IntArray) -> FloatArray:
    """Sums of runs, exact where the money is in whole cents."""
    unit = exact_unit(money)
    with np.errstate(over="ignore"):
        sums: FloatArray = np.add.reduceat(np.rint(money * unit) if unit > 1.0 else money, starts)
    return sums / unit


def _without_rounding(money: FloatArray, starts: IntArray) -> FloatArray:
    """Sums of runs, 0 where no more than rounding is left of money that cancels."""
    sums = _exact_sums(money, starts)
    if (money < 0).any():
        with np.errstate(over="ignore"):
            moved = np.add.reduceat(np.abs(money), starts)
        sums[np.abs(sums) < ROUNDING * moved] = 0.0
    return sums


def _compress(
    row: AnyArray, column: AnyArray, value: FloatArray, shape: tuple[int, int]
) -> tuple[AnyArray, AnyArray, FloatArray]:
    """Rows compressed and sorted, equal (row, column) pairs added up: indptr, columns, values."""
    from scipy.sparse import coo_array  # noqa: PLC0415  (scipy is not imported before it is used)

    matrix = coo_array((value, (row, column)), shape=shape).tocsr()
    matrix.sum_duplicates()
    return matrix.indptr, matrix.indices, matrix.data


def _runs_of(indptr: AnyArray, value: FloatArray, rows: IntArray) -> tuple[IntArray, FloatArray]:
    """Some rows of a compressed matrix: where each begins, and their values."""
    length = np.diff(indptr)[rows].astype(np.int64)
    start = np.concatenate([np.zeros(1, np.int64), np.cumsum(length)])
    return start, value[np.repeat(indptr[rows] - start[:-1], length) + np.arange(start[-1])]
