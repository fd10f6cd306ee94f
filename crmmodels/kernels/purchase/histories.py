"""What the purchase models read of customers: distinct rows with their weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from crmmodels._typing import AnyArray, FloatArray, IntArray

_MOST_KEYS: Final = 2**62
_WIDEST_RANGE: Final = 2.0**40
_MOST_VALUES: Final = 2**14
"""Values of a column that is worth numbering; numbering more takes longer than sorting by the values themselves."""
_KEYS_PER_ROW: Final = 4
"""Possible combinations for each row, up to which ticking them off is faster than sorting."""


@dataclass(frozen=True, slots=True, eq=False)
class PurchaseTable:
    """Distinct customers of a purchase model, with how many there are of each.

    Attributes
    ----------
    frequency : ndarray of float64, shape (n_rows,)
        Repeat orders x, whole numbers.
    age_at_last : ndarray of float64, shape (n_rows,)
        Time t_x from the first to the last order; 0 where x is 0.
    age : ndarray of float64, shape (n_rows,)
        Time T from the first order to the end of observation, at least t_x.
    weight : ndarray of float64, shape (n_rows,)
        Customers with these three values.
    """

    frequency: FloatArray
    age_at_last: FloatArray
    age: FloatArray
    weight: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Prospects:
    """What to expect of customers within a horizon.

    Attributes
    ----------
    probability_alive : ndarray of float64, shape (n_customers,)
        Chance that a customer has not dropped out by the end of observation.
    expected_purchases : ndarray of float64, shape (n_customers,)
        Expected orders within the horizon.
    probability_no_purchase : ndarray of float64, shape (n_customers,)
        Chance of no order within the horizon.
    """

    probability_alive: FloatArray
    expected_purchases: FloatArray
    probability_no_purchase: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class DistinctRows:
    """Rows without repetition, and where each row went.

    Attributes
    ----------
    table : PurchaseTable
        Rows in ascending order of frequency, age at last and age, whatever the order of the customers.
    row : ndarray of int64, shape (n_customers,)
        Row of the table that each customer is.
    """

    table: PurchaseTable
    row: IntArray


def distinct_rows(
    frequency: FloatArray, age_at_last: FloatArray, age: FloatArray, weight: FloatArray | None = None
) -> DistinctRows:
    """Customers reduced to distinct rows, on which a likelihood is the same and much faster.

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of float64, shape (n_customers,)
        Repeat orders, time to the last order and to the end of observation.
    weight : ndarray of float64, shape (n_customers,), optional
        Weight of each customer; 1 for all if None.

    Returns
    -------
    DistinctRows
        The same to the last bit in any order of the customers, where the weights are whole numbers.
    """
    found = distinct((frequency, age_at_last, age))
    counts = np.bincount(found.row, weights=weight, minlength=len(found.first)).astype(np.float64, copy=False)
    first = found.first
    return DistinctRows(PurchaseTable(frequency[first], age_at_last[first], age[first], counts), found.row)


@dataclass(frozen=True, slots=True, eq=False)
class Distinct:
    """Where distinct combinations of several columns first stand, and which of them each row is.

    Attributes
    ----------
    first : ndarray of int64, shape (n_distinct,)
        A row of each combination, in ascending order of the columns.
    row : ndarray of int64, shape (n_rows,)
        Combination of each row.
    """

    first: IntArray
    row: IntArray


def distinct(columns: tuple[FloatArray, ...]) -> Distinct:
    """Distinct combinations of columns.

    Parameters
    ----------
    columns : tuple of ndarray of float64, shape (n_rows,)
        At least one.

    Returns
    -------
    Distinct
        Sorted by the first column, then the second, and so on.
    """
    found = _counted(columns)
    return _sorted(columns) if found is None else found


@dataclass(frozen=True, slots=True, eq=False)
class _Codes:
    """Numbers of the values of a column, in ascending order.

    Attributes
    ----------
    code : ndarray of int64, shape (n_rows,)
        Number of each row's value, from 0.
    n_codes : int
        More than the largest.
    """

    code: IntArray
    n_codes: int


def _counted(columns: tuple[FloatArray, ...]) -> Distinct | None:
    """Distinct combinations of columns of whole or of few values, each row as one integer; None of other columns."""
    n_rows = len(columns[0])
    row_bits = n_rows.bit_length()
    key, n_keys = np.zeros(n_rows, np.int64), 1
    for column in columns:
        codes = _codes(column) if n_rows else None
        if codes is None or n_keys * codes.n_codes << row_bits > _MOST_KEYS:
            return None
        if n_keys > 1:
            key *= codes.n_codes
        key += codes.code
        n_keys *= codes.n_codes
    if n_keys <= _KEYS_PER_ROW * n_rows:
        seen = np.zeros(n_keys, np.bool_)
        seen[key] = True
        row = (np.cumsum(seen) - 1)[key]
        first = np.empty(int(np.count_nonzero(seen)), np.int64)
        first[row] = np.arange(n_rows)
        return Distinct(first, row)
    # The row below the key in one integer, so that sorting values also says where they came from.
    key <<= row_bits
    key |= np.arange(n_rows)
    key.sort()
    by_row = key & ((1 << row_bits) - 1)
    key >>= row_bits
    return _in_order(by_row, (key,))


def _codes(column: FloatArray) -> _Codes | None:
    low, high = float(column.min()), float(column.max())
    if high - low < _WIDEST_RANGE and abs(low) < _WIDEST_RANGE:
        whole = column.astype(np.int64)
        if (whole == column).all():
            return _Codes(whole - int(low), int(high) - int(low) + 1)
    ordered = np.sort(column)
    new = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    if np.count_nonzero(new) > _MOST_VALUES:
        return None
    values = ordered[new]
    return _Codes(np.searchsorted(values, column), len(values))


def _sorted(columns: tuple[FloatArray, ...]) -> Distinct:
    by_row = np.lexsort(columns[::-1])
    return _in_order(by_row, tuple(column[by_row] for column in columns))


def _in_order(by_row: IntArray, ordered: tuple[AnyArray, ...]) -> Distinct:
    """Distinct combinations of columns in ascending order, given the row that each place came from."""
    new = np.zeros(len(by_row), np.bool_)
    new[:1] = True
    for column in ordered:
        new[1:] |= column[1:] != column[:-1]
    row = np.empty(len(by_row), np.int64)
    row[by_row] = np.cumsum(new) - 1
    return Distinct(by_row[new], row)
