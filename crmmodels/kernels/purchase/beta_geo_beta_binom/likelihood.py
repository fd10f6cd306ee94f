"""The BG/BB model of customers who order, or not, at discrete opportunities: its likelihood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from crmmodels._typing import FloatArray, IntArray
from crmmodels.kernels.arrays.blocks import in_blocks
from crmmodels.kernels.inference.newton import Likelihood
from crmmodels.kernels.purchase.beta_geo_beta_binom.terms import (
    DropoutTerms,
    HistoryChances,
    Terms,
    dropout_terms,
    history_chances,
    lanes_at_a_time,
    lanes_of,
    order_terms,
)
from crmmodels.kernels.purchase.histories import PurchaseTable

_NEAR_ONE: Final = -0.5
"""Logarithm of a likelihood above which its complement has the more digits."""


@dataclass(frozen=True, slots=True)
class BetaGeoBetaBinomParameters:
    """Parameters of the BG/BB model.

    Attributes
    ----------
    alpha, beta : float
        Shapes of the beta distribution of order probabilities among customers, whose mean is alpha / (alpha + beta).
    gamma, delta : float
        Shapes of the beta distribution of dropout probabilities, whose mean is gamma / (gamma + delta).
    """

    alpha: float
    beta: float
    gamma: float
    delta: float


def log_likelihood(log_parameters: FloatArray, table: PurchaseTable) -> Likelihood:
    r"""Log-likelihood of orders at discrete opportunities, such as yearly events, with silent dropout before each.

    For fitting where customers can order at set times only. Where they can at any time, use BG/NBD or Pareto/NBD.

    Parameters
    ----------
    log_parameters : ndarray of float64, shape (4,)
        Natural logarithms of α, β, γ and δ.
    table : PurchaseTable
        The customers, with times in opportunities: whole numbers.

    Returns
    -------
    Likelihood
        Value, gradient of shape (4,) and Hessian of shape (4, 4), in the order α, β, γ, δ.

    Notes
    -----
    .. math:: L = A(x, n)\, S(n) + \sum_{j=t_x}^{n-1} A(x, j)\, \theta_j, \quad
        A(x, j) = \frac{B(\alpha + x, \beta + j - x)}{B(\alpha, \beta)}, \quad
        S(j) = \frac{B(\gamma, \delta + j)}{B(\gamma, \delta)}, \quad
        \theta_j = \frac{B(\gamma + 1, \delta + j)}{B(\gamma, \delta)}.

    A, S and θ are built up as products of chances, so that no beta functions need to be subtracted. With
    :math:`Q(x, j) = \sum_{i \geq j} A(x, i)\, \theta_i` the sum is :math:`Q(x, t_x) - Q(x, n)`, and all customers share one table
    of Q over x and j, however many different n there are. That difference loses nothing: A falls in i, so that Q(x, n) is at most
    the first term of L. For x = 0 the likelihood can be next to 1; then it is what its complement leaves.

    ================== ==================================================
    symbol             name
    ================== ==================================================
    :math:`x`          ``frequency``: orders at opportunities 1 to n
    :math:`t_x`        ``age_at_last``: opportunity of the last order, or 0
    :math:`n`          ``age``: opportunities so far
    :math:`j`          opportunities before dropout
    ================== ==================================================

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Shang, J. (2010). Customer-Base Analysis in a Discrete-Time Noncontractual Setting.
    Marketing Science 29(6), 1086-1108. doi:10.1287/mksc.1100.0580
    """
    parameters = BetaGeoBetaBinomParameters(*np.exp(log_parameters).tolist())
    lanes, most = lanes_of(table.frequency), int(table.age.max())
    dropout = dropout_terms(most, parameters.gamma, parameters.delta)

    def part(block: slice) -> Likelihood:
        rows, frequencies = lanes.rows(block), lanes.frequencies[block]
        t_x, n = table.age_at_last[rows].astype(np.int64), table.age[rows].astype(np.int64)
        orders = order_terms(frequencies, most, parameters.alpha, parameters.beta)
        histories = _Histories(lanes.lane[rows] - block.start, t_x, n, table.weight[rows])
        return _block_likelihood(histories, orders, dropout, starts_at_zero=bool(frequencies[0] == 0))

    parts = in_blocks(part, len(lanes.frequencies), lanes_at_a_time(most))
    return Likelihood(
        sum(one.value for one in parts),
        np.sum([one.gradient for one in parts], axis=0),
        np.sum([one.hessian for one in parts], axis=0),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Histories:
    """Rows of a table, by the places of their numbers of orders."""

    lane: IntArray
    t_x: IntArray
    n: IntArray
    weight: FloatArray


def _block_likelihood(rows: _Histories, orders: Terms, dropout: DropoutTerms, *, starts_at_zero: bool) -> Likelihood:
    """Likelihood of customers of any age, in arrays of shape (most + 1, frequencies)."""
    chances = history_chances(rows.lane, rows.t_x, rows.n, orders.log, dropout)
    at_first, at_end = (rows.t_x, rows.lane), (rows.n, rows.lane)
    # What the three terms of a row are of its likelihood; the last of them counts negative.
    there = np.exp(chances.log_there[at_end] - chances.log)
    first, cut = (np.exp(chances.log_rest[at] - chances.log) for at in (at_first, at_end))
    recursion = _recursion(chances, orders, dropout)
    slopes = np.concatenate([orders.slopes[:, rows.n, rows.lane], dropout.there.slopes[:, rows.n]])
    means = (slopes, recursion.mean[:, rows.t_x, rows.lane], recursion.mean[:, rows.n, rows.lane])
    row_gradient = there * means[0] + (first * means[1] - cut * means[2])
    hessian = np.zeros((4, 4))
    for chance, mean in zip((there, first, -cut), means, strict=True):
        apart = mean - row_gradient
        hessian += (apart * (rows.weight * chance)) @ apart.T

    def spread(values: FloatArray, at: tuple[IntArray, IntArray]) -> FloatArray:
        flat = np.bincount(at[0] * orders.log.shape[1] + at[1], weights=values, minlength=orders.log.size)
        return flat.astype(np.float64, copy=False).reshape(orders.log.shape)

    # Customers whose sum reaches term j, in proportion to what is left of it there.
    reach = spread(rows.weight * first, at_first) - spread(rows.weight * cut, at_end)
    for j in range(1, len(recursion.stay)):
        reach[j] += reach[j - 1] * recursion.stay[j - 1]
    lost, ended = reach[:-1] * recursion.rate, spread(rows.weight * there, at_end)
    flat = recursion.apart.reshape(4, -1)
    hessian += (flat * (lost * recursion.stay).ravel()) @ flat.T
    of_orders = np.tensordot(orders.curvatures[:, :-1], lost, 2) + np.tensordot(orders.curvatures, ended, 2)
    of_dropout = dropout.lost.curvatures[:, :-1] @ lost.sum(axis=1) + dropout.there.curvatures @ ended.sum(axis=1)
    hessian[:2, :2] += of_orders[[[0, 1], [1, 2]]]
    hessian[2:, 2:] += of_dropout[[[0, 1], [1, 2]]]

    log = chances.log.copy()
    if starts_at_zero:
        close = (rows.lane == 0) & (log > _NEAR_ONE)
        near_one = _near_one(rows.n[close], orders.log[:, 0], dropout)
        log[close], row_gradient[2:, close] = near_one[0], near_one[1:]
    return Likelihood(float(rows.weight @ log), row_gradient @ rows.weight, 0.5 * (hessian + hessian.T))


@dataclass(frozen=True, slots=True, eq=False)
class _Recursion:
    """Sums from j on: the share of their first terms and of the rest, mean slopes, and what the first differ by from the rest's."""

    rate: FloatArray
    stay: FloatArray
    mean: FloatArray
    apart: FloatArray


def _recursion(chances: HistoryChances, orders: Terms, dropout: DropoutTerms) -> _Recursion:
    log_rest = chances.log_rest
    here = np.where(log_rest[:-1] > -np.inf, log_rest[:-1], 0.0)
    rate, stay = np.exp(chances.log_lost - here), np.exp(log_rest[1:] - here)
    slopes = np.empty((4, *rate.shape))
    slopes[:2], slopes[2:] = orders.slopes[:, :-1], dropout.lost.slopes[:, :-1, None]
    mean = np.zeros((4, *log_rest.shape))
    np.multiply(rate, slopes, out=mean[:, :-1])
    for j in range(len(rate) - 2, -1, -1):
        mean[:, j] += stay[j] * mean[:, j + 1]
    slopes -= mean[:, 1:]
    return _Recursion(rate, stay, mean, slopes)


def _near_one(n: IntArray, log_orders: FloatArray, dropout: DropoutTerms) -> FloatArray:
    """Log-likelihoods near 0 of customers without orders from the complement of the likelihood; below them their slopes by γ and δ.

    The slopes of all dropout chances sum to 0, so what counts is by how much less than 1 they are weighted.
    """
    less = np.expm1(log_orders)
    lost, there = np.exp(dropout.lost.log) * less, np.exp(dropout.there.log) * less

    def up_to(gone: FloatArray, still: FloatArray) -> FloatArray:
        sums = still.copy()
        sums[..., 1:] += np.cumsum(gone, axis=-1)[..., :-1]
        return sums

    complement = up_to(lost, there)[n]
    slopes = up_to(lost * dropout.lost.slopes, there * dropout.there.slopes)[:, n]
    return np.vstack([np.log1p(complement), slopes / (1.0 + complement)])
