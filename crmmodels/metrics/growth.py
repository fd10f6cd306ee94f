"""Who came, stayed, came back and went, from one period to the next."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import numpy as np

from crmmodels._typing import FloatArray, Period
from crmmodels.data.orders.bounded import log_of
from crmmodels.data.orders.orders import Orders
from crmmodels.exceptions import DataError
from crmmodels.kernels.inference.proportions import wilson_interval
from crmmodels.kernels.orders.periods import first_day_of_period
from crmmodels.kernels.orders.retention import period_flows
from crmmodels.metrics.measures import check_level
from crmmodels.metrics.whole_periods import shares_with_limits, whole_periods

_MOST_PERIODS: Final = 100_000


def churn_rate(
    orders: Orders, *, period: Period = "M", as_of: str | dt.date | np.datetime64 | None = None, level: float = 0.95
) -> Any:
    """Share of the customers of each period who do not order in the next.

    Without a contract nobody says goodbye: who pauses for a period counts as churned here, and as resurrected in
    `growth_accounting` on coming back. Choose a period in which a customer usually orders; for the probability that a customer
    is gone for good, fit a purchase model.

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
        One row per period that is over, from the second on: ``period``, its first day; ``value``, the share of the
        customers of the period before who did not order in it; ``lower, upper``, Wilson's interval; ``n``, customers who
        ordered in the period before. NaN after a period without orders.

    Raises
    ------
    ParameterError
        If ``orders`` is no order log, or a parameter is out of range.
    DataError
        If no order is left, or fewer than two periods are over.

    Warns
    -----
    ReturnsOnlyWarning
        If customers with returns and no order are left out.

    Examples
    --------
    >>> import crmmodels as crm
    >>> log = crm.datasets.load_cdnow()
    >>> orders = crm.Orders(log, customer="customer_id", time="date", amount="spend")
    >>> table = crm.metrics.churn_rate(orders, period="Q", as_of="1998-06-30")
    >>> table[["value", "lower", "upper", "n"]].head(2).round(3)
       value  lower  upper     n
    0  0.778  0.760  0.794  2357
    1  0.592  0.549  0.633   524
    """
    reader = "churn_rate"
    check_level(reader, level)
    found = whole_periods(reader, orders, period, as_of, _MOST_PERIODS)
    if found.n_periods == 1:
        problem = f"only one period ({period}) is over, and churn is told from two; take a shorter period or a later as_of"
        raise DataError(reader, [problem], "order log")
    flows = period_flows(found.customer, found.period, found.n_periods)
    day = first_day_of_period(found.first + np.arange(1, found.n_periods), period)
    return log_of(orders).table(
        {"period": day.astype("datetime64[D]"), **shares_with_limits(flows.churned[1:], flows.active[:-1], level)}
    )


def growth_accounting(
    orders: Orders, *, period: Period = "M", as_of: str | dt.date | np.datetime64 | None = None, level: float = 0.95
) -> Any:
    r"""Customers of each period as new, retained and resurrected ones, those who churned, and the quick ratio.

    Use it to see whether a base grows since many come or since few go: two firms with the same number of active customers may
    differ in nothing else so much.

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
        One row per period that is over: ``period``, its first day; ``new``, customers whose first order is in it;
        ``retained``, who ordered in the period before, too; ``resurrected``, who ordered earlier but not in the period before;
        ``churned``, who ordered in the period before and not in it; ``active``, who ordered in it; ``net``, active less those
        of the period before; ``value``, the quick ratio, with ``lower, upper`` and ``n``, the gains and losses it rests on.

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
    churn_rate : Churned customers as a share, with an interval.

    Notes
    -----
    .. math:: A_t = \mathrm{new}_t + \mathrm{retained}_t + \mathrm{resurrected}_t, \quad
        A_t - A_{t-1} = \mathrm{new}_t + \mathrm{resurrected}_t - \mathrm{churned}_t

    The quick ratio is :math:`(\mathrm{new} + \mathrm{resurrected}) / \mathrm{churned}`: infinite where nobody churned, and NaN
    where nobody came, either. Of gains and losses together the gains are a share :math:`p` with Wilson's interval, whose
    limits become those of the ratio by :math:`p / (1 - p)`. The counts themselves are complete and have no interval.

    In the first periods of a log that begins amid a firm's life, old customers count as new.

    Examples
    --------
    >>> import crmmodels as crm
    >>> log = crm.datasets.load_cdnow()
    >>> orders = crm.Orders(log, customer="customer_id", time="date", amount="spend")
    >>> table = crm.metrics.growth_accounting(orders, as_of="1998-06-30")
    >>> table[["new", "retained", "resurrected", "churned", "active", "net"]].head(3)
       new  retained  resurrected  churned  active  net
    0  781         0            0        0     781  781
    1  857       124            0      657     981  200
    2  719       168           61      813     948  -33
    """
    reader = "growth_accounting"
    check_level(reader, level)
    found = whole_periods(reader, orders, period, as_of, _MOST_PERIODS)
    flows = period_flows(found.customer, found.period, found.n_periods)
    gained = flows.new + flows.resurrected
    moved = gained + flows.churned
    limits = wilson_interval(gained, moved, level)
    day = first_day_of_period(found.first + np.arange(found.n_periods), period)
    return log_of(orders).table(
        {
            "period": day.astype("datetime64[D]"),
            "new": flows.new,
            "retained": flows.retained,
            "resurrected": flows.resurrected,
            "churned": flows.churned,
            "active": flows.active,
            "net": gained - flows.churned,
            "value": _ratio(gained.astype(np.float64), flows.churned.astype(np.float64)),
            "lower": _ratio(limits.lower, 1.0 - limits.lower),
            "upper": _ratio(limits.upper, 1.0 - limits.upper),
            "n": moved,
        }
    )


def _ratio(gain: FloatArray, loss: FloatArray) -> FloatArray:
    """A quotient that is infinite where nothing was lost, and NaN where nothing was gained, either."""
    without_loss = np.where(gain > 0, np.inf, np.nan)
    return np.divide(gain, loss, out=without_loss, where=~(loss == 0))
