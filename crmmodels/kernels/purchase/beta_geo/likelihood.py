"""BG/NBD and MBG/NBD: buying at a gamma rate until a beta-geometric dropout.

In the first a customer may drop out after each repeat order; in the second (modified) after the first order, too. One set of
formulas serves both: with m = 0 or 1 for the modified model,

``L = Poch(r, x) * prod_{k < x + m} (b + k) / (a + b + k) * alpha^r (alpha + T)^-(r + x) * (1 + e^q)``

``q = log a - log(b + x + m - 1) + (r + x) log((alpha + T) / (alpha + t_x))``

where the last factor is 1 for x = 0 in the unmodified model, since nobody has dropped out before a repeat order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from crmmodels._typing import FloatArray
from crmmodels.kernels.arrays.blocks import in_blocks
from crmmodels.kernels.inference.newton import Likelihood
from crmmodels.kernels.purchase.histories import PurchaseTable

_R, _ALPHA, _A, _B = range(4)
_BLOCK_ROWS: Final = 8192
"""Rows whose arrays fit in a processor's cache."""


@dataclass(frozen=True, slots=True)
class BetaGeoParameters:
    """Parameters of BG/NBD and MBG/NBD.

    Attributes
    ----------
    r, alpha : float
        Shape and rate of the gamma distribution of order rates among customers; alpha is a time.
    a, b : float
        Parameters of the beta distribution of dropout probabilities among customers.
    """

    r: float
    alpha: float
    a: float
    b: float


def log_likelihood(log_parameters: FloatArray, table: PurchaseTable, *, modified: bool = False) -> Likelihood:
    """Log-likelihood of BG/NBD or MBG/NBD, with its derivatives by the logarithms of r, alpha, a and b.

    Parameters
    ----------
    log_parameters : ndarray of float64, shape (4,)
        Logarithms of r, alpha, a and b.
    table : PurchaseTable
        Distinct customers and their weights.
    modified : bool, default False
        Whether a customer may drop out right after the first order (MBG/NBD).

    Returns
    -------
    Likelihood
        Weighted sum over the rows; not finite where a parameter overflows.

    Notes
    -----
    Products over orders are sums over k of terms of one sign, weighted by how many customers have more orders than k, so that no
    difference of gamma functions cancels; neither the powers nor e^q are ever formed.

    =======  ==============
    symbol   name
    =======  ==============
    x        frequency
    t_x      age_at_last
    T        age
    r, α     shape and rate of the gamma distribution of buying rates
    a, b     parameters of the beta distribution of dropout probabilities
    =======  ==============

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005). "Counting Your Customers" the Easy Way: An Alternative to the Pareto/NBD
    Model. Marketing Science 24(2), 275-284. doi:10.1287/mksc.1040.0098

    Batislam, E. P., Denizel, M. & Filiztekin, A. (2007). Empirical validation and comparison of models for customer base
    analysis. International Journal of Research in Marketing 24(3), 201-209. doi:10.1016/j.ijresmar.2006.12.005
    """
    with np.errstate(all="ignore"):
        parameters, m = np.exp(log_parameters), int(modified)
        silent = _silent_part(parameters, table) if modified else None
        if modified:
            again = table.frequency > 0
            table = PurchaseTable(table.frequency[again], table.age_at_last[again], table.age[again], table.weight[again])

        def block(rows: slice) -> Likelihood:
            columns = (column[rows] for column in (table.frequency, table.age_at_last, table.age, table.weight))
            # A thread does not inherit what is ignored outside.
            with np.errstate(all="ignore"):
                return _block_part(parameters, m, PurchaseTable(*columns))

        parts = [_orders_part(parameters, table, m), *in_blocks(block, len(table.age), _BLOCK_ROWS)]
        value = sum(part.value for part in parts)
        slope = parameters * np.sum([part.gradient for part in parts], axis=0)
        curvature = np.triu(np.sum([part.hessian for part in parts], axis=0))
        curvature += np.triu(curvature, 1).T
        rest = Likelihood(value, slope, np.outer(parameters, parameters) * curvature + np.diag(slope))
        if silent is None:
            return rest
        return Likelihood(rest.value + silent.value, rest.gradient + silent.gradient, rest.hessian + silent.hessian)


def _silent_part(parameters: FloatArray, table: PurchaseTable) -> Likelihood:
    """Log-likelihood of customers without repeat orders in the modified model, with derivatives by the log parameters.

    ``L = 1 - S (1 - E)``, ``S = b / (a + b)``, ``E = (alpha / (alpha + T))^r``, is next to 1 where a customer is most likely gone or
    was hardly observed, so what counts is by how little it is less.
    """
    r, alpha, a, b = (float(value) for value in parameters)
    rows = table.frequency == 0
    age, weight = table.age[rows], table.weight[rows]
    gone, stays = a / (a + b), b / (a + b)
    passed = r * np.log1p(age / alpha)
    quiet, ordered, share = np.exp(-passed), -np.expm1(-passed), age / (alpha + age)
    less, chance = stays * ordered, gone + stays * quiet
    value = np.where(less < 0.5, np.log1p(-np.minimum(less, 0.5)), np.log(chance))
    # Derivatives of 1 - E and of S by the logarithms of r and alpha, and of a and b.
    of_rate, of_alpha = passed * quiet, -r * quiet * share
    first = np.stack([stays * of_rate, stays * of_alpha, -less * gone, less * gone])
    second = np.empty((4, 4, len(age)))
    second[_R, _R] = stays * of_rate * (1.0 - passed)
    second[_R, _ALPHA] = stays * of_alpha * (1.0 - passed)
    second[_ALPHA, _ALPHA] = stays * of_alpha * (r * share - (1.0 - share))
    second[_R, _A], second[_R, _B] = -first[_R] * gone, first[_R] * gone
    second[_ALPHA, _A], second[_ALPHA, _B] = -first[_ALPHA] * gone, first[_ALPHA] * gone
    second[_A, _A] = second[_B, _B] = less * gone * (gone - stays)
    second[_A, _B] = less * gone * (stays - gone)
    slope, curvature = -first / chance, np.zeros((4, 4))
    for i in range(4):
        for j in range(i, 4):
            curvature[i, j] = curvature[j, i] = float(np.sum(weight * (-second[i, j] / chance - slope[i] * slope[j])))
    return Likelihood(float(np.sum(weight * value)), np.sum(weight * slope, axis=1), curvature)


def _block_part(parameters: FloatArray, m: int, rows: PurchaseTable) -> Likelihood:
    """All of some rows but what depends on x alone, with the upper triangle of the derivatives by r, alpha, a and b."""
    x, t_x, age, weight = rows.frequency, rows.age_at_last, rows.age, rows.weight
    r, alpha, a, b = (float(value) for value in parameters)
    orders = weight * x
    last, end, shape, shifted = 1.0 / (alpha + t_x), 1.0 / (alpha + age), r + x, x + (m - 1.0)
    slope, curvature = np.zeros(4), np.zeros((4, 4))

    # The powers of alpha and of alpha + T, in logs.
    growth, rest = np.log1p(age / alpha), age * end
    growth_sum, rest_sum = float(weight @ growth), float(weight @ rest) / alpha
    value = -r * growth_sum - float(orders @ growth) - float(orders.sum()) * np.log(alpha)
    slope[_R] = -growth_sum
    slope[_ALPHA] = r * rest_sum - orders @ end
    curvature[_R, _ALPHA] = rest_sum
    curvature[_ALPHA, _ALPHA] = orders @ (end * end) - r * (rest_sum / alpha + (weight @ (rest * end)) / alpha)

    # The logarithm of 1 + e^q, where the customer may be gone.
    if float(shifted.min()) < 0.0:
        weight = np.where(shifted < 0.0, 0.0, weight)
    silence = (age - t_x) * last
    per_rate, shrink, by_orders = np.log1p(silence), silence * end, 1.0 / (b + np.maximum(shifted, 0.0))
    q = np.log(a * by_orders) + shape * per_rate
    small = np.exp(-np.abs(q))
    scale = 1.0 / (1.0 + small)
    ahead = q >= 0.0
    sure = weight * np.where(ahead, scale, small * scale)
    spread = weight * small * scale * scale
    value += float(weight @ (np.maximum(q, 0.0) + np.log1p(small)))
    per_alpha = -shape * shrink
    by_rate, by_alpha, by_b = spread * per_rate, spread * per_alpha, spread * by_orders
    sure_sum, sure_orders = float(sure.sum()), sure * by_orders
    slope += np.array([sure @ per_rate, sure @ per_alpha, sure_sum / a, -float(sure_orders.sum())])
    curvature[_R, _R] = by_rate @ per_rate
    curvature[_R, _ALPHA] += by_rate @ per_alpha - sure @ shrink
    curvature[_R, _A] = by_rate.sum() / a
    curvature[_R, _B] = -(by_rate @ by_orders)
    curvature[_ALPHA, _ALPHA] += by_alpha @ per_alpha - sure @ (per_alpha * (last + end))
    curvature[_ALPHA, _A] = by_alpha.sum() / a
    curvature[_ALPHA, _B] = -(by_alpha @ by_orders)
    curvature[_A, _A] = (spread.sum() - sure_sum) / (a * a)
    curvature[_A, _B] = -by_b.sum() / a
    curvature[_B, _B] = by_b @ by_orders + sure_orders @ by_orders
    return Likelihood(value, slope, curvature)


def _orders_part(parameters: FloatArray, table: PurchaseTable, m: int) -> Likelihood:
    """Weighted sum of ``log Poch(r, x) + sum_{k < x + m} log((b + k) / (a + b + k))``, with derivatives by r, alpha, a and b.

    The order k counts for every customer with more orders than k, so the sums run over orders, not over customers.
    """
    r, a, b = (float(parameters[position]) for position in (_R, _A, _B))
    by_orders = np.bincount(table.frequency.astype(np.int64), weights=table.weight)
    more = np.cumsum(by_orders[::-1])[::-1]
    k = np.arange(len(more) - 1 + m, dtype=np.float64)
    with_order, with_chance = more[1:], more[1:] if m == 0 else more
    buying, surviving, both = r + k[: len(with_order)], b + k, a + b + k
    slope, curvature = np.zeros(4), np.zeros((4, 4))
    slope[_R] = with_order @ (1.0 / buying)
    slope[_A] = -(with_chance @ (1.0 / both))
    slope[_B] = with_chance @ (a / (surviving * both))
    curvature[_R, _R] = -(with_order @ (1.0 / buying**2))
    curvature[_A, _A] = curvature[_A, _B] = with_chance @ (1.0 / both**2)
    curvature[_B, _B] = -(with_chance @ (a * (surviving + both) / (surviving * both) ** 2))
    value = float(with_order @ np.log(buying)) + float(with_chance @ np.log1p(-a / both))
    return Likelihood(value, slope, curvature)
