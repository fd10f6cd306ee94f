"""The calendar periods of an order log that are over, which alone can be compared."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import get_args

import numpy as np

from crmmodels._typing import AnyArray, IntArray, Period
from crmmodels.data.orders.activity import active_periods
from crmmodels.data.orders.bounded import log_of
from crmmodels.data.orders.logs import EPOCH
from crmmodels.data.orders.orders import Orders
from crmmodels.exceptions import DataError, ParameterError
from crmmodels.kernels.inference.proportions import wilson_interval
from crmmodels.kernels.orders.periods import period_of_day


@dataclass(frozen=True, slots=True, eq=False)
class WholePeriods:
    """Customers and the periods that are over in which they ordered.

    Attributes
    ----------
    customer, period : ndarray of int64, shape (n_cells,)
        Sorted by both; periods count from ``first``.
    first : int
        First period, as `period_of_day` counts.
    n_periods : int
        Periods from the first to the last that is over.
    n_customers : int
        Customers of the log, whether their first period is over or not.
    """

    customer: IntArray
    period: IntArray
    first: int
    n_periods: int
    n_customers: int


def whole_periods(
    reader: str, orders: Orders, period: Period, as_of: str | dt.date | np.datetime64 | None, most: int
) -> WholePeriods:
    """Read the periods in which customers ordered, up to the last that is over.

    Parameters
    ----------
    reader : str
        Who reads, for the error.
    orders : Orders
        The log.
    period : {"D", "W", "M", "Q", "Y"}
        The calendar period.
    as_of : str, date or None
        Last day that counts.
    most : int
        Periods that may be.

    Returns
    -------
    WholePeriods
        At least one period.

    Raises
    ------
    ParameterError
        If ``orders`` is no order log, the period is unknown or too short, or ``as_of`` is no date.
    DataError
        If no order is left, or no period is over.
    """
    if not isinstance(orders, Orders):
        raise ParameterError.must_be(reader, "orders", "an order log, such as crm.Orders(frame, ...)", type(orders).__name__)
    if period not in get_args(Period):
        raise ParameterError.unknown_choice(reader, "period", get_args(Period), period)
    found = active_periods(log_of(orders), period, as_of, reader)
    first = int(found.period.min())
    # The period of the day after the end has not ended, and the one before has.
    n_periods = int(period_of_day(np.array([found.end + 1]), period)[0]) - first
    if n_periods < 1:
        end = (EPOCH + dt.timedelta(days=found.end)).isoformat()
        problem = f"no period ({period}) from the first order on is over on {end}; take a shorter period or a later as_of"
        raise DataError(reader, [problem], "order log")
    if n_periods > most:
        must = f"a longer one, for the log has {n_periods:,} periods and at most {most:,} are counted"
        raise ParameterError.must_be(reader, "period", must, period)
    number = found.period - first
    over = number < n_periods
    n_customers = int(np.count_nonzero(np.diff(found.customer, prepend=-1)))
    return WholePeriods(found.customer[over], number[over], first, n_periods, n_customers)


def shares_with_limits(counts: AnyArray, n: AnyArray, level: float) -> dict[str, AnyArray]:
    """Columns of a table of shares.

    Parameters
    ----------
    counts, n : ndarray, shape (n_rows,)
        Customers of whom it is true, and customers.
    level : float
        Nominal coverage.

    Returns
    -------
    dict of str to ndarray, shape (n_rows,)
        ``value, lower, upper, n``; NaN where there are no customers.
    """
    limits = wilson_interval(counts, n, level)
    share = np.divide(counts, n, out=np.full(len(n), np.nan), where=n > 0)
    return {"value": share, "lower": limits.lower, "upper": limits.upper, "n": n.astype(np.int64)}
