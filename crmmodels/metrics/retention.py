"""Who comes back, by the age of cohorts."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from crmmodels._typing import AnyArray, IntArray, Period
from crmmodels.data.orders.bounded import log_of
from crmmodels.data.orders.orders import Orders
from crmmodels.kernels.orders.periods import first_day_of_period
from crmmodels.kernels.orders.retention import CohortActivity, cohort_activity
from crmmodels.metrics.measures import check_level
from crmmodels.metrics.whole_periods import shares_with_limits, whole_periods

_MOST_PERIODS: Final = 2_000
"""Periods of a triangle of cohorts that is still made."""


def retention_curve(
    orders: Orders, *, period: Period = "M", as_of: str | dt.date | np.datetime64 | None = None, level: float = 0.95
) -> Any:
    r"""Share of customers who order so many periods after the period of their first order.

    Use it to see how fast a customer base thins out. Each age rests on the customers whose period of that age is over: those
    who came too late for it are left out and counted, neither retained nor lost. Ages are calendar periods, so that age 1 is
    the period after the first order's, whatever day that was.

    Parameters
    ----------
    orders : Orders
        The log.
    period : {"D", "W", "M", "Q", "Y"}, default "M"
        Days, weeks from Monday, calendar months, quarters or years.
    as_of : str or date, optional
        Last day that counts; a period that goes on after it is left out. Default: ``until``, or the day after the last order.
    level : float, default 0.95
        Nominal coverage of the intervals.

    Returns
    -------
    dataframe of the kind of the log
        One row per age: ``age``, in periods; ``value``, the share who ordered in that period; ``lower, upper``, Wilson's
        interval, none at age 0; ``n``, customers observed at that age; ``n_left_out``, customers who are not yet that old.

    Raises
    ------
    ParameterError
        If ``orders`` is no order log, or a parameter is out of range.
    DataError
        If no order is left, or no period is over.

    Warns
    -----
    ReturnsOnlyWarning
        If customers with returns and no order are left out.

    Notes
    -----
    With :math:`N_c` customers in cohort :math:`c`, of whom :math:`a_{ck}` order in period :math:`c + k`, and :math:`L` the
    last period that is over

    .. math:: \hat r_k = \frac{\sum_{c \leq L - k} a_{ck}}{\sum_{c \leq L - k} N_c}

    A log that begins amid a firm's life takes old customers for new ones in its first periods, and a customer who pauses is
    not lost: the curve may rise. Later ages rest on older cohorts only.

    References
    ----------
    Fader, P. S. & Hardie, B. G. S. (2007). How to project customer retention. Journal of Interactive Marketing 21(1), 76-90.
    doi:10.1002/dir.20074

    Examples
    --------
    >>> import crmmodels as crm
    >>> log = crm.datasets.load_cdnow()
    >>> orders = crm.Orders(log, customer="customer_id", time="date", amount="spend")
    >>> crm.metrics.retention_curve(orders, as_of="1998-06-30").head(3).round(3)
       age  value  lower  upper     n  n_left_out
    0    0  1.000  1.000  1.000  2357           0
    1    1  0.146  0.133  0.161  2357           0
    2    2  0.123  0.110  0.136  2357           0
    """
    found = _cohorts("retention_curve", orders, period, as_of, level)
    n_periods = len(found.counts.size)
    ages = np.arange(n_periods)
    n = np.cumsum(found.counts.size)[::-1]
    active = found.counts.active.sum(axis=0)
    kept = n > 0
    return log_of(orders).table(
        {
            "age": ages[kept],
            **_retained(active[kept], n[kept], ages[kept], level),
            "n_left_out": found.n_customers - n[kept],
        }
    )


def cohort_table(
    orders: Orders, *, period: Period = "M", as_of: str | dt.date | np.datetime64 | None = None, level: float = 0.95
) -> Any:
    """Share of each cohort's customers who order so many periods after the period of their first order.

    Use it to see whether customers who came later stay as well as those who came earlier; `plot_cohort_table` draws it.

    Parameters
    ----------
    orders : Orders
        The log.
    period : {"D", "W", "M", "Q", "Y"}, default "M"
        Days, weeks from Monday, calendar months, quarters or years.
    as_of : str or date, optional
        Last day that counts; a period that goes on after it is left out. Default: ``until``, or the day after the last order.
    level : float, default 0.95
        Nominal coverage of the intervals.

    Returns
    -------
    dataframe of the kind of the log
        One row per cohort and age that is over, by both: ``cohort``, first day of the period of the first order; ``age``, in
        periods; ``value``, the share who ordered in that period; ``lower, upper``, Wilson's interval; ``n``, customers of the
        cohort. Periods in which nobody came have no rows.

    Raises
    ------
    ParameterError
        If ``orders`` is no order log, or a parameter is out of range.
    DataError
        If no order is left, or no period is over.

    Warns
    -----
    ReturnsOnlyWarning
        If customers with returns and no order are left out.

    See Also
    --------
    retention_curve : All cohorts together.

    Notes
    -----
    The intervals hold for one cell each: among many cells some lie outside by chance.

    Examples
    --------
    >>> import crmmodels as crm
    >>> log = crm.datasets.load_cdnow()
    >>> orders = crm.Orders(log, customer="customer_id", time="date", amount="spend")
    >>> table = crm.metrics.cohort_table(orders, as_of="1998-06-30")
    >>> table.loc[table["age"] == 1, ["value", "lower", "upper", "n"]].round(3)
        value  lower  upper    n
    1   0.159  0.135  0.186  781
    19  0.156  0.134  0.182  857
    36  0.121  0.099  0.147  719
    """
    found = _cohorts("cohort_table", orders, period, as_of, level)
    n_periods = len(found.counts.size)
    cohort, age = np.nonzero(np.add.outer(np.arange(n_periods), np.arange(n_periods)) < n_periods)
    kept = found.counts.size[cohort] > 0
    cohort, age = cohort[kept], age[kept]
    return log_of(orders).table(
        {
            "cohort": first_day_of_period(found.first + cohort, period).astype("datetime64[D]"),
            "age": age,
            **_retained(found.counts.active[cohort, age], found.counts.size[cohort], age, level),
        }
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Cohorts:
    """Cohorts from the first period of a log to the last that is over."""

    counts: CohortActivity
    first: int
    n_customers: int


def _cohorts(
    reader: str, orders: Orders, period: Period, as_of: str | dt.date | np.datetime64 | None, level: float
) -> _Cohorts:
    check_level(reader, level)
    found = whole_periods(reader, orders, period, as_of, _MOST_PERIODS)
    return _Cohorts(cohort_activity(found.customer, found.period, found.n_periods), found.first, found.n_customers)


def _retained(active: IntArray, n: IntArray, age: IntArray, level: float) -> dict[str, AnyArray]:
    """Columns of shares retained; at age 0 all are, by definition."""
    columns = shares_with_limits(active, n, level)
    return columns | {name: np.where(age == 0, 1.0, columns[name]) for name in ("lower", "upper")}
