"""What the purchase models read of customers: distinct rows with their weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crmmodels._typing import FloatArray, IntArray


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
    by_row = np.lexsort(columns[::-1])
    new = np.zeros(len(by_row), np.bool_)
    new[:1] = True
    for column in columns:
        ordered = column[by_row]
        new[1:] |= ordered[1:] != ordered[:-1]
    row = np.empty(len(by_row), np.int64)
    row[by_row] = np.cumsum(new) - 1
    return Distinct(by_row[new], row)
