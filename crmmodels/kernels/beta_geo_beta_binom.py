"""The BG/BB model of customers who order, or not, at discrete opportunities: its likelihood."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from crmmodels._typing import BoolArray, FloatArray, IntArray
from crmmodels.kernels.likelihood import Likelihood
from crmmodels.kernels.purchases import PurchaseTable
from crmmodels.kernels.shifted_beta_geo import ShiftedBetaGeoParameters, log_survivor_share

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

    A, S and θ are built up as products of chances, so that no beta functions need to be subtracted. The sums over
    j of all customers with the same x and n are the ends of one sum, taken once. For x = 0 the likelihood can be next to 1;
    then it is what its complement leaves.

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
    x, t_x, n = (column.astype(np.int64) for column in (table.frequency, table.age_at_last, table.age))
    frequencies, lane = np.unique(x, return_inverse=True)
    orders, dropout = _order_terms(frequencies, int(n.max()), parameters), _dropout_terms(int(n.max()), parameters)
    total = Likelihood(0.0, np.zeros(4), np.zeros((4, 4)))
    for age, rows in _cohorts(n):
        weight = np.zeros((age + 1, len(frequencies)))
        np.add.at(weight, (t_x[rows], lane[rows]), table.weight[rows])
        present = np.flatnonzero(weight.any(axis=0))
        part = _cohort_likelihood(
            weight[:, present], orders.of(present, age), dropout.of(age), starts=frequencies[present] == 0
        )
        total = Likelihood(total.value + part.value, total.gradient + part.gradient, total.hessian + part.hessian)
    return total


@dataclass(frozen=True, slots=True, eq=False)
class _Terms:
    """Logarithms of terms over j with their derivatives by two log shapes; the second axis, if any, is that of frequencies."""

    log: FloatArray
    slopes: FloatArray
    curvatures: FloatArray

    def of(self, lanes: IntArray, age: int) -> _Terms:
        rows = slice(0, age + 1)
        return _Terms(self.log[rows, lanes], self.slopes[:, rows, lanes], self.curvatures[:, rows, lanes])


@dataclass(frozen=True, slots=True, eq=False)
class _Dropout:
    """Chances to drop out after j opportunities, and to be there still."""

    lost: _Terms
    there: _Terms

    def of(self, age: int) -> _Terms:
        """Terms of j = 0 to n, as columns: lost at n means there still."""

        def joined(lost: FloatArray, there: FloatArray) -> FloatArray:
            return np.concatenate([lost[..., :age], there[..., age : age + 1]], axis=-1)[..., None]

        return _Terms(
            joined(self.lost.log, self.there.log),
            joined(self.lost.slopes, self.there.slopes),
            joined(self.lost.curvatures, self.there.curvatures),
        )


def _order_terms(frequencies: IntArray, most: int, parameters: BetaGeoBetaBinomParameters) -> _Terms:
    """A(x, j) for j = 0 to most: x orders first, then one opportunity after the other without."""
    alpha, beta = parameters.alpha, parameters.beta
    i = np.arange(most, dtype=np.float64)
    ordered, all_of = alpha + i, alpha + beta + i
    square = all_of * all_of
    by_order = alpha * beta / (ordered * all_of)
    first = np.zeros((6, most + 1))
    first[:, 1:] = np.cumsum(
        [
            -np.log1p(beta / ordered),
            by_order,
            -beta / all_of,
            by_order * (i / ordered - alpha / all_of),
            alpha * beta / square,
            -beta * ordered / square,
        ],
        axis=1,
    )
    missed = i[:, None] - frequencies
    after = missed >= 0.0
    refused = beta + np.maximum(missed, 0.0)
    by_miss = beta * (alpha + frequencies) / (refused * all_of[:, None])
    table = np.empty((6, most + 1, len(frequencies)))
    table[:, 0] = first[:, frequencies]
    table[0, 1:] = -np.log1p((alpha + frequencies) / refused)
    table[1, 1:] = (-alpha / all_of)[:, None]
    table[2, 1:] = by_miss
    table[3, 1:] = (-alpha * (beta + i) / square)[:, None]
    table[4, 1:] = (alpha * beta / square)[:, None]
    table[5, 1:] = by_miss * (np.maximum(missed, 0.0) / refused - beta / all_of[:, None])
    table[:, 1:] *= after
    np.cumsum(table, axis=1, out=table)
    table[0][np.arange(most + 1)[:, None] < frequencies] = -np.inf
    return _Terms(table[0], table[1:3], table[3:])


def _dropout_terms(most: int, parameters: BetaGeoBetaBinomParameters) -> _Dropout:
    """S(j) and θ_j for j = 0 to most."""
    gamma, delta = parameters.gamma, parameters.delta
    j = np.arange(most + 1, dtype=np.float64)
    stayed, all_of = delta + j, gamma + delta + j
    square = all_of * all_of
    by_stay = gamma * delta / (stayed * all_of)
    both = np.array([-gamma * stayed / square, gamma * delta / square])

    def before(terms: list[FloatArray]) -> FloatArray:
        sums = np.zeros((len(terms), most + 1))
        sums[:, 1:] = np.cumsum(terms, axis=1)[:, :-1]
        return sums

    log = _log_survivors(most, parameters)
    slopes = before([-gamma / all_of, by_stay])
    curvatures = before([both[0], both[1], by_stay * (j / stayed - delta / all_of)])
    lost = _Terms(
        log - np.log1p(stayed / gamma),
        slopes + np.array([stayed / all_of, -delta / all_of]),
        curvatures + np.array([both[0], both[1], -delta * (gamma + j) / square]),
    )
    return _Dropout(lost, _Terms(log, slopes, curvatures))


def _cohort_likelihood(weight: FloatArray, orders: _Terms, dropout: _Terms, *, starts: BoolArray) -> Likelihood:
    """Likelihood of customers with the same n, in arrays of shape (n + 1, frequencies); weights lie at t_x."""
    terms = orders.log + dropout.log
    n_steps, n_lanes = terms.shape
    log = _ends(terms)
    rate = np.exp(terms - log)
    stay = np.zeros((n_steps, n_lanes))
    stay[:-1] = np.exp(log[1:] - log[:-1])
    slopes = np.empty((4, n_steps, n_lanes))
    slopes[:2], slopes[2:] = orders.slopes, dropout.slopes
    # Means of the slopes over the end of each sum from its last term back; what a term differs by from the mean behind it.
    apart = np.zeros((4, n_steps, n_lanes))
    mean = slopes[:, -1].copy()
    for j in range(n_steps - 2, -1, -1):
        apart[:, j] = slopes[:, j] - mean
        mean += rate[j] * apart[:, j]
    # Customers whose sum reaches term j, in proportion to what is left of it there.
    reach = weight.copy()
    for j in range(1, n_steps):
        reach[j] += reach[j - 1] * stay[j - 1]
    share = reach * rate
    log, counted = _near_one(log, orders, dropout, starts), share
    close = starts & (log[0] > _NEAR_ONE)
    if close.any():
        # The slopes of all dropout chances sum to 0, so what counts is by how much less than 1 they are weighted.
        counted = share.copy()
        counted[:, close] = weight[0, close] * np.exp(dropout.log - log[0, close]) * np.expm1(orders.log[:, close])
    gradient = np.concatenate([np.einsum("kjx,jx->k", orders.slopes, share), dropout.slopes[:, :, 0] @ counted.sum(axis=1)])
    flat = apart.reshape(4, -1)
    hessian = (flat * (share * stay).ravel()) @ flat.T
    of_orders = np.einsum("kjx,jx->k", orders.curvatures, share)
    of_dropout = dropout.curvatures[:, :, 0] @ share.sum(axis=1)
    hessian[:2, :2] += of_orders[[[0, 1], [1, 2]]]
    hessian[2:, 2:] += of_dropout[[[0, 1], [1, 2]]]
    asked = weight > 0
    return Likelihood(float(weight[asked] @ log[asked]), gradient, 0.5 * (hessian + hessian.T))


def _ends(terms: FloatArray) -> FloatArray:
    """Logarithms of the sums of each term and all behind it."""
    ends: FloatArray = np.logaddexp.accumulate(terms[::-1], axis=0)[::-1]
    return ends


def _near_one(log: FloatArray, orders: _Terms, dropout: _Terms, starts: BoolArray) -> FloatArray:
    """Log-likelihoods, those near 0 of customers without orders from the complement of the likelihood."""
    close = starts & (log[0] > _NEAR_ONE)
    if not close.any():
        return log
    better = log.copy()
    better[0, close] = np.log1p((np.exp(dropout.log) * np.expm1(orders.log[:, close])).sum(axis=0))
    return better


def _cohorts(age: IntArray) -> Iterator[tuple[int, IntArray]]:
    """Rows of each age."""
    by_age = np.argsort(age, kind="stable")
    ages, starts = np.unique(age[by_age], return_index=True)
    yield from zip(ages.tolist(), np.split(by_age, starts[1:]), strict=True)


def _log_survivors(most: int, parameters: BetaGeoBetaBinomParameters) -> FloatArray:
    """Logarithm of S(j), j = 0 to most: dropout is a shifted beta-geometric contract."""
    return log_survivor_share(most, ShiftedBetaGeoParameters(parameters.gamma, parameters.delta))
