"""Chances that the histories of BG/BB customers are sums of, over the opportunity after which a customer drops out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from crmmodels._typing import FloatArray, IntArray

_BLOCK_TERMS: Final = 1 << 17
"""Terms over j and x at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class Lanes:
    """Customers by their number of orders; what is computed for one number serves all of them.

    Attributes
    ----------
    frequencies : ndarray of int64, shape (n_frequencies,)
        Numbers of orders, ascending.
    lane : ndarray of int64, shape (n_customers,)
        Place of the customer's number among them.
    by_lane : ndarray of int64, shape (n_customers,)
        Customers in the order of their lanes.
    starts : ndarray of int64, shape (n_frequencies + 1,)
        Where in this order each lane starts, and the end.
    """

    frequencies: IntArray
    lane: IntArray
    by_lane: IntArray
    starts: IntArray

    def rows(self, lanes: slice) -> IntArray:
        """Customers of consecutive lanes.

        Parameters
        ----------
        lanes : slice
            With both ends.

        Returns
        -------
        ndarray of int64, shape (n_rows,)
            In the order of their lanes.
        """
        return self.by_lane[self.starts[lanes.start] : self.starts[lanes.stop]]


def lanes_of(frequency: FloatArray | IntArray) -> Lanes:
    """Customers by their number of orders.

    Parameters
    ----------
    frequency : ndarray of float64 or int64, shape (n_customers,)
        Orders, whole numbers.

    Returns
    -------
    Lanes
        One lane for each number that occurs.
    """
    x = frequency.astype(np.int64)
    counts = np.bincount(x)
    frequencies = np.flatnonzero(counts)
    lane = (np.cumsum(counts > 0) - 1)[x]
    # Short integers sort by their digits, much faster than long ones.
    by_lane = np.argsort(lane.astype(np.uint16) if len(frequencies) <= 1 << 16 else lane, kind="stable")
    return Lanes(frequencies, lane, by_lane, np.concatenate([[0], np.cumsum(counts[frequencies])]))


def lanes_at_a_time(most: int) -> int:
    """Lanes whose terms fit in a block.

    Parameters
    ----------
    most : int
        Largest number of opportunities.

    Returns
    -------
    int
        At least one.
    """
    return max(1, _BLOCK_TERMS // (most + 1))


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """Logarithms of chances over j with their derivatives by the logarithms of two shapes.

    Attributes
    ----------
    log : ndarray of float64, shape (n_steps,) or (n_steps, n_frequencies)
        The logarithms.
    slopes : ndarray of float64, shape (2, ...)
        Their derivatives.
    curvatures : ndarray of float64, shape (3, ...)
        Their second derivatives, in the order of the upper triangle.
    """

    log: FloatArray
    slopes: FloatArray
    curvatures: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class DropoutTerms:
    """Chances of dropout, whatever was ordered.

    Attributes
    ----------
    lost : Terms
        To drop out after j opportunities, j = 0 to most.
    there : Terms
        To be there still at opportunity j.
    """

    lost: Terms
    there: Terms


def log_order_chances(frequencies: IntArray, most: int, alpha: float, beta: float) -> FloatArray:
    r"""Logarithms of the chances that customers order x times at given ones out of j opportunities.

    Parameters
    ----------
    frequencies : ndarray of int64, shape (n_frequencies,)
        Orders x, at most ``most``.
    most : int
        Largest j.
    alpha, beta : float
        Shapes of the order probabilities.

    Returns
    -------
    ndarray of float64, shape (most + 1, n_frequencies)
        For j from 0; minus infinity where j is below x.

    Notes
    -----
    .. math:: \ln A(x, j) = \ln\frac{B(\alpha + x, \beta + j - x)}{B(\alpha, \beta)}

    summed up from x orders first and one opportunity after the other without: terms of one sign.
    """
    i = np.arange(most, dtype=np.float64)
    ordered = np.zeros(most + 1)
    np.cumsum(-np.log1p(beta / (alpha + i)), out=ordered[1:])
    missed = i[:, None] - frequencies
    log = np.empty((most + 1, len(frequencies)))
    log[0] = ordered[frequencies]
    log[1:] = -np.log1p((alpha + frequencies) / (beta + np.maximum(missed, 0.0)))
    log[1:] *= missed >= 0.0
    np.cumsum(log, axis=0, out=log)
    log[np.arange(most + 1)[:, None] < frequencies] = -np.inf
    return log


def order_terms(frequencies: IntArray, most: int, alpha: float, beta: float) -> Terms:
    """`log_order_chances` with their derivatives by the logarithms of α and β.

    Parameters
    ----------
    frequencies : ndarray of int64, shape (n_frequencies,)
        Orders x, at most ``most``.
    most : int
        Largest j.
    alpha, beta : float
        Shapes of the order probabilities.

    Returns
    -------
    Terms
        Of shape (most + 1, n_frequencies); where j is below x the derivatives are those at x.
    """
    i = np.arange(most, dtype=np.float64)
    ordered, all_of = alpha + i, alpha + beta + i
    square = all_of * all_of
    by_order = alpha * beta / (ordered * all_of)
    first = np.zeros((5, most + 1))
    first[:, 1:] = np.cumsum(
        [
            by_order,
            -beta / all_of,
            by_order * (i / ordered - alpha / all_of),
            alpha * beta / square,
            -beta * ordered / square,
        ],
        axis=1,
    )
    missed = np.maximum(i[:, None] - frequencies, 0.0)
    refused = beta + missed
    by_miss = beta * (alpha + frequencies) / (refused * all_of[:, None])
    table = np.empty((5, most + 1, len(frequencies)))
    table[:, 0] = first[:, frequencies]
    table[0, 1:] = (-alpha / all_of)[:, None]
    table[1, 1:] = by_miss
    table[2, 1:] = (-alpha * (beta + i) / square)[:, None]
    table[3, 1:] = (alpha * beta / square)[:, None]
    table[4, 1:] = by_miss * (missed / refused - beta / all_of[:, None])
    table[:, 1:] *= i[:, None] >= frequencies
    np.cumsum(table, axis=1, out=table)
    return Terms(log_order_chances(frequencies, most, alpha, beta), table[:2], table[2:])


def dropout_terms(most: int, gamma: float, delta: float) -> DropoutTerms:
    r"""Logarithms of the chances to drop out and to be there still, with derivatives by the logarithms of γ and δ.

    Parameters
    ----------
    most : int
        Largest j.
    gamma, delta : float
        Shapes of the dropout probabilities.

    Returns
    -------
    DropoutTerms
        Of shape (most + 1,).

    Notes
    -----
    .. math:: \theta_j = \frac{B(\gamma + 1, \delta + j)}{B(\gamma, \delta)}, \quad S(j) = \frac{B(\gamma, \delta + j)}{B(\gamma, \delta)}
    """
    j = np.arange(most + 1, dtype=np.float64)
    stayed, all_of = delta + j, gamma + delta + j
    square = all_of * all_of
    by_stay = gamma * delta / (stayed * all_of)
    both = np.array([-gamma * stayed / square, gamma * delta / square])

    def before(terms: list[FloatArray]) -> FloatArray:
        sums = np.zeros((len(terms), most + 1))
        sums[:, 1:] = np.cumsum(terms, axis=1)[:, :-1]
        return sums

    log = before([-np.log1p(gamma / stayed)])[0]
    slopes = before([-gamma / all_of, by_stay])
    curvatures = before([both[0], both[1], by_stay * (j / stayed - delta / all_of)])
    lost = Terms(
        log - np.log1p(stayed / gamma),
        slopes + np.array([stayed / all_of, -delta / all_of]),
        curvatures + np.array([both[0], both[1], -delta * (gamma + j) / square]),
    )
    return DropoutTerms(lost, Terms(log, slopes, curvatures))


@dataclass(frozen=True, slots=True, eq=False)
class HistoryChances:
    """Chances of histories, and the sums over j that they are made of.

    Attributes
    ----------
    log_lost : ndarray of float64, shape (most, n_frequencies)
        Logarithms of the chances to order x times and to drop out after j opportunities.
    log_there : ndarray of float64, shape (most + 1, n_frequencies)
        Logarithms of the chances to order x times and to be there still at j.
    log_rest : ndarray of float64, shape (most + 1, n_frequencies)
        Logarithms of the sums of the former over all from j on; minus infinity at the end.
    log : ndarray of float64, shape (n_rows,)
        Logarithms of the chances of the histories.
    """

    log_lost: FloatArray
    log_there: FloatArray
    log_rest: FloatArray
    log: FloatArray


def history_chances(
    lane: IntArray, age_at_last: IntArray, age: IntArray, log_orders: FloatArray, dropout: DropoutTerms
) -> HistoryChances:
    r"""Chances of histories of any age in one table.

    Parameters
    ----------
    lane, age_at_last, age : ndarray of int64, shape (n_rows,)
        Place of the number of orders among the frequencies, opportunity of the last order, opportunities so far.
    log_orders : ndarray of float64, shape (most + 1, n_frequencies)
        As `log_order_chances` gives them.
    dropout : DropoutTerms
        As `dropout_terms` gives them.

    Returns
    -------
    HistoryChances
        Rows in the order of ``lane``.

    Notes
    -----
    .. math:: L = A(x, n)\, S(n) + Q(x, t_x) - Q(x, n), \quad Q(x, j) = \sum_{i \geq j} A(x, i)\, \theta_i

    As A falls in i, :math:`Q(x, n) \leq A(x, n) \sum_{i \geq n} \theta_i \leq A(x, n)\, S(n)`: no term is larger than L.
    """
    log_lost = log_orders[:-1] + dropout.lost.log[:-1, None]
    log_there = log_orders + dropout.there.log[:, None]
    log_rest = np.full(log_there.shape, -np.inf)
    np.logaddexp.accumulate(log_lost[::-1], axis=0, out=log_rest[-2::-1])
    there, first, cut = log_there[age, lane], log_rest[age_at_last, lane], log_rest[age, lane]
    base = np.maximum(there, first)
    log = base + np.log(np.exp(there - base) + (np.exp(first - base) - np.exp(cut - base)))
    return HistoryChances(log_lost, log_there, log_rest, log)
