"""Customers who come back: by the age of their cohort, and from one period to the next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crmmodels._typing import IntArray


@dataclass(frozen=True, slots=True, eq=False)
class CohortActivity:
    """Customers of each cohort who ordered, period by period since they came.

    Attributes
    ----------
    size : ndarray of int64, shape (n_periods,)
        Customers who first ordered in each period.
    active : ndarray of int64, shape (n_periods, n_periods)
        Of each cohort (rows) those who ordered so many periods later (columns); 0 beyond the last period.
    """

    size: IntArray
    active: IntArray


def cohort_activity(customer: IntArray, period: IntArray, n_periods: int) -> CohortActivity:
    """Count the customers of each cohort who ordered at each age.

    Parameters
    ----------
    customer, period : ndarray of int64, shape (n_cells,)
        Customers and periods with an order, sorted by both, each pair once; periods count from 0.
    n_periods : int
        Number of periods.

    Returns
    -------
    CohortActivity
        Sizes, and customers by cohort and age.

    Examples
    --------
    >>> found = cohort_activity(np.array([0, 0, 1]), np.array([0, 2, 1]), 3)
    >>> found.size, found.active[0]
    (array([1, 1, 0]), array([1, 0, 1]))
    """
    is_first = np.diff(customer, prepend=-1) != 0
    cohort = period[is_first][np.cumsum(is_first) - 1]
    cell = cohort * n_periods + period - cohort
    active = np.bincount(cell, minlength=n_periods * n_periods).reshape(n_periods, n_periods)
    return CohortActivity(active[:, 0].copy(), active)


@dataclass(frozen=True, slots=True, eq=False)
class PeriodFlows:
    """Who ordered in each period, by what they did before.

    Attributes
    ----------
    new : ndarray of int64, shape (n_periods,)
        Customers whose first period it is.
    retained : ndarray of int64, shape (n_periods,)
        Customers who ordered in the period before, too.
    resurrected : ndarray of int64, shape (n_periods,)
        Customers who ordered earlier, but not in the period before.
    churned : ndarray of int64, shape (n_periods,)
        Customers who ordered in the period before and not in this one.
    active : ndarray of int64, shape (n_periods,)
        Customers who ordered.
    """

    new: IntArray
    retained: IntArray
    resurrected: IntArray
    churned: IntArray
    active: IntArray


def period_flows(customer: IntArray, period: IntArray, n_periods: int) -> PeriodFlows:
    r"""Count who came, stayed, came back and went, period by period.

    Parameters
    ----------
    customer, period : ndarray of int64, shape (n_cells,)
        Customers and periods with an order, sorted by both, each pair once; periods count from 0.
    n_periods : int
        Number of periods.

    Returns
    -------
    PeriodFlows
        Counts of each period.

    Notes
    -----
    .. math:: A_t = \mathrm{new}_t + \mathrm{retained}_t + \mathrm{resurrected}_t, \quad
        A_{t-1} = \mathrm{retained}_t + \mathrm{churned}_t

    Examples
    --------
    >>> flows = period_flows(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 2]), 3)
    >>> flows.retained, flows.resurrected, flows.churned
    (array([0, 1, 0]), array([0, 0, 1]), array([0, 1, 1]))
    """
    is_first = np.diff(customer, prepend=-1) != 0
    gap = np.diff(period, prepend=0)
    counts = [
        np.bincount(period[kept], minlength=n_periods) for kept in (is_first, ~is_first & (gap == 1), ~is_first & (gap > 1))
    ]
    new, retained, resurrected = counts
    active = new + retained + resurrected
    before = np.concatenate([[0], active[:-1]])
    return PeriodFlows(new, retained, resurrected, before - retained, active)
