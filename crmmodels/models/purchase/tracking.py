"""Expected and actual repeat orders, period by period."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from crmmodels._typing import AnyArray
from crmmodels.data.tables.frames import OrderDays
from crmmodels.exceptions import ParameterError
from crmmodels.models.purchase.process import PurchaseProcess
from crmmodels.parameters import is_number, is_whole
from crmmodels.progress import Progress

_MOST_PERIODS: Final = 100_000


def track(
    days: OrderDays, periods: int, length: float, *, unit: str, process: PurchaseProcess, parameters: Any
) -> Mapping[str, AnyArray]:
    """Repeat orders by period since the first order of a log, expected and actual; each column is of shape (periods,)."""
    if not is_whole(periods) or not 1 <= periods <= _MOST_PERIODS:
        raise ParameterError.must_be("tracking", "periods", f"a whole number from 1 to {_MOST_PERIODS:,}", periods)
    if not is_number(length) or not 0 < length < np.inf:
        raise ParameterError.must_be("tracking", "length", "a number above 0, in the unit of the model", length)
    days_per_unit = process.scale(unit).days
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
            expected[age > 0] += n * process.expected_purchases_new(age[age > 0] / days_per_unit, parameters)
    actual[days.day[0] + ends - 1 > days.last] = np.nan
    return {
        "period": np.arange(1, periods + 1),
        "end": (days.day[0] + ends - 1).astype("datetime64[D]"),
        "expected": np.diff(expected, prepend=0.0),
        "actual": np.diff(actual, prepend=0.0),
        "expected_cumulative": expected,
        "actual_cumulative": actual,
    }
