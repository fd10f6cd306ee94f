"""Histories of counts by period as frequency, recency and age."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crmmodels._typing import FloatArray
from crmmodels.kernels.hmm.forward import active
from crmmodels.kernels.hmm.histories import Histories


@dataclass(frozen=True, slots=True, eq=False)
class Recency:
    """What a purchase model reads of histories; one period is one unit of time.

    Attributes
    ----------
    frequency : ndarray of float64, shape (n_histories,)
        Orders.
    age_at_last : ndarray of float64, shape (n_histories,)
        Time observed from the beginning of the history to the last order; 0 without any.
    age : ndarray of float64, shape (n_histories,)
        Time observed.
    """

    frequency: FloatArray
    age_at_last: FloatArray
    age: FloatArray


def recency_of(histories: Histories) -> Recency:
    r"""Frequency, recency and age of each history.

    Parameters
    ----------
    histories : Histories
        Counts.

    Returns
    -------
    Recency
        The last order always comes after the beginning and before the end.

    Notes
    -----
    Of y orders that fall anywhere in a period of which the share e was observed, the last is expected after

    .. math:: \frac{y}{y + 1} e

    as the largest of y independent numbers that are uniform between 0 and e.

    References
    ----------
    David, H. A. & Nagaraja, H. N. (2003). Order Statistics. Wiley, 3rd edition, section 3.1.
    """
    n_histories = len(histories)
    frequency, last, age = np.zeros(n_histories), np.zeros(n_histories), np.zeros(n_histories)
    for period in range(int(histories.length.max())):
        n = active(histories.length, period)
        symbol = histories.symbol[histories.start[:n] + period]
        count, exposure = histories.count[symbol], histories.exposure[symbol]
        last[:n] = np.where(count > 0, age[:n] + exposure * (count / (count + 1.0)), last[:n])
        frequency[:n] += count
        age[:n] += exposure
    return Recency(frequency, np.minimum(last, age), age)
