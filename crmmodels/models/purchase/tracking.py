"""Expected and actual repeat orders, period by period."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from crmmodels._typing import AnyArray, FloatArray
from crmmodels.data.orders.bounded import log_of
from crmmodels.data.orders.logs import EPOCH
from crmmodels.data.orders.orders import Orders
from crmmodels.exceptions import ParameterError
from crmmodels.parameters import is_number, is_whole
from crmmodels.progress import Progress

_MOST_PERIODS: Final = 100_000


def track(
    orders: Orders,
    periods: int,
    length: float,
    days_per_unit: float,
    expected_purchases_new: Callable[[FloatArray], FloatArray],
) -> Mapping[str, AnyArray]:
    """Repeat orders by period since the first order of a log.

    Parameters
    ----------
    orders : Orders
        The log.
    periods : int
        How many.
    length : float
        Length of a period, in a unit.
    days_per_unit : float
        Days in that unit.
    expected_purchases_new : callable
        Times since a first order, in that unit, to expected repeat orders.

    Returns
    -------
    mapping of str to ndarray, shape (periods,)
        ``period, end, expected, actual, expected_cumulative, actual_cumulative``.

    Raises
    ------
    ParameterError
        If an argument is out of range.
    """
    if not isinstance(orders, Orders):
        raise ParameterError.must_be(
            "tracking", "orders", "an order log, such as crm.Orders(frame, ...)", type(orders).__name__
        )
    if not is_whole(periods) or not 1 <= periods <= _MOST_PERIODS:
        raise ParameterError.must_be("tracking", "periods", f"a whole number from 1 to {_MOST_PERIODS:,}", periods)
    if not is_number(length) or not 0 < length < np.inf:
        raise ParameterError.must_be("tracking", "length", "a number above 0, in the unit of the model", length)
    days = log_of(orders).order_days()
    # A period ends with the last day that is whole in it, and ages count from day to day, as those of customers do.
    ends = np.floor(np.arange(1, periods + 1) * length * days_per_unit).astype(np.int64)
    passed = days.day - days.day[0]
    actual = np.concatenate([[0.0], np.cumsum(days.n_repeat)])[np.searchsorted(passed, ends, side="left")]
    born = days.n_first > 0
    expected = np.zeros(periods)
    births = list(zip(passed[born].tolist(), days.n_first[born].tolist(), strict=True))
    with Progress("tracking", "days of first orders") as progress:
        for birth, n in progress.over(births):
            age = ends - 1 - birth
            expected[age > 0] += n * expected_purchases_new(age[age > 0] / days_per_unit)
    last = log_of(orders).bounds.until or log_of(orders).last_day()
    unseen = days.day[0] + ends - 1 > (last - EPOCH).days
    actual[unseen] = np.nan
    return {
        "period": np.arange(1, periods + 1),
        "end": (days.day[0] + ends - 1).astype("datetime64[D]"),
        "expected": np.diff(expected, prepend=0.0),
        "actual": np.diff(actual, prepend=0.0),
        "expected_cumulative": expected,
        "actual_cumulative": actual,
    }
