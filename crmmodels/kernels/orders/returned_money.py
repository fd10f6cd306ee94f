"""Money that is left of a customer's orders after returns."""

from __future__ import annotations

from typing import Final

import numpy as np

from crmmodels._typing import FloatArray, IntArray

ROUNDING: Final = 1e-13
"""Share of the money added up below which what is left over is rounding and no money: thirteen digits, as in `significant`."""


def money_left(start: IntArray, net: FloatArray) -> FloatArray:
    r"""Money left of the orders of each customer when each return takes back the oldest money that has not been returned.

    With :math:`o_d` ordered and :math:`r_d` returned on day :math:`d`, orders of a day before its returns, the money left is

    .. math:: s_d = \max(0, s_{d-1} + o_d - r_d), \qquad s_0 = 0

    for no more than there is can be taken back: the rest was ordered before the log begins. What is taken back is the oldest
    money, so of the orders after the first order day, worth :math:`p`, :math:`\min(p, s)` is left.

    ========= ===========
    symbol    name
    ========= ===========
    o_d - r_d ``net``
    s         the answer
    ========= ===========

    Parameters
    ----------
    start : ndarray of int, shape (n_customers + 1,)
        Where the days of each customer begin in ``net``, and the end of it.
    net : ndarray of float64, shape (n_days,)
        Ordered less returned money of each customer and day, days ascending.

    Returns
    -------
    ndarray of float64, shape (n_customers,)
        At least 0; exact where ``net`` is in whole numbers.

    References
    ----------
    Lindley, D. V. (1952). The theory of queues with a single server. Mathematical Proceedings of the Cambridge Philosophical
    Society 48(2), 277-289. doi:10.1017/S0305004100027638
    """
    n_days = np.diff(start)
    longest_first = np.argsort(-n_days, kind="stable")
    begin = np.asarray(start[:-1], np.int64)[longest_first]
    # Number of customers with more than 0, 1, 2, ... days.
    n_with_more = np.cumsum(np.bincount(n_days)[::-1])[::-1][1:]
    is_exact = np.array_equal(np.rint(net), net)
    left, moved = np.zeros(len(begin)), np.zeros(len(begin))
    for passed, n in enumerate(n_with_more):
        of_day = net[begin[:n] + passed]
        left[:n] = np.maximum(left[:n] + of_day, 0.0)
        if not is_exact:
            moved[:n] += np.abs(of_day)
            nothing = left[:n] <= ROUNDING * moved[:n]
            left[:n][nothing] = moved[:n][nothing] = 0.0
    answer = np.empty(len(begin))
    answer[longest_first] = left
    return answer
