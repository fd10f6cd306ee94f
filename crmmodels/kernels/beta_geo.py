"""BG/NBD and MBG/NBD: buying at a gamma rate until a beta-geometric dropout.

In the first a customer may drop out after each repeat order; in the second (modified) after the first order, too. One set of
formulas serves both: with m = 0 or 1 for the modified model,

``L = Poch(r, x) * prod_{k < x + m} (b + k) / (a + b + k) * alpha^r (alpha + T)^-(r + x) * (1 + e^q)``

``q = log a - log(b + x + m - 1) + (r + x) log((alpha + T) / (alpha + t_x))``

where the last factor is 1 for x = 0 in the unmodified model, since nobody has dropped out before a repeat order.
"""

from __future__ import annotations

import numpy as np

from crmmodels._typing import BoolArray, FloatArray
from crmmodels.kernels.beta_mixture import mean_orders_until_dropout
from crmmodels.kernels.likelihood import Likelihood
from crmmodels.kernels.purchases import PurchaseTable, distinct

_R, _ALPHA, _A, _B = range(4)


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
        Weighted sum over the rows.

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
    parameters = np.exp(log_parameters)
    r, alpha = float(parameters[_R]), float(parameters[_ALPHA])
    x, age, weight = table.frequency, table.age, table.weight
    whole = _orders_part(parameters, table, int(modified))
    value, slope, curvature = whole.value, whole.gradient, whole.hessian

    # The powers of alpha and of alpha + T, in logs.
    growth, end = np.log1p(age / alpha), 1.0 / (alpha + age)
    rest, orders_end = weight @ (age * end) / alpha, (weight * x) @ end
    value -= r * float(weight @ growth) + float((weight * x) @ (growth + log_parameters[_ALPHA]))
    slope[_R] -= weight @ growth
    slope[_ALPHA] += r * rest - orders_end
    curvature[_R, _ALPHA] += rest
    curvature[_ALPHA, _ALPHA] += (weight * x) @ end**2 - r * (rest / alpha + (weight * age / alpha) @ end**2)

    value += _add_dropout(parameters, table, int(modified), slope, curvature)
    curvature = np.triu(curvature)
    curvature = curvature + np.triu(curvature, 1).T
    in_logs = np.outer(parameters, parameters) * curvature + np.diag(parameters * slope)
    return Likelihood(value, parameters * slope, in_logs)


def probability_alive(
    frequency: FloatArray,
    age_at_last: FloatArray,
    age: FloatArray,
    *,
    r: float,
    alpha: float,
    a: float,
    b: float,
    modified: bool = False,
) -> FloatArray:
    """Probability that a customer has not dropped out by the end of observation.

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of float64, shape (n_customers,)
        Repeat orders x, time t_x to the last order and T to the end of observation.
    r, alpha, a, b : float
        Parameters.
    modified : bool, default False
        Whether a customer may drop out right after the first order (MBG/NBD).

    Returns
    -------
    ndarray of float64, shape (n_customers,)
        In [0, 1]: ``1 / (1 + e^q)``; 1 without a repeat order in the unmodified model, whatever the silence.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2008). Computing P(alive) Using the BG/NBD Model. Technical note.
    """
    table = PurchaseTable(frequency, age_at_last, age, np.ones(len(frequency)))
    q = _log_odds_gone(np.array([r, alpha, a, b]), table, int(modified))
    alive: FloatArray = np.where(_may_be_gone(frequency, int(modified)), _expit(-q), 1.0)
    return alive


def expected_purchases(
    frequency: FloatArray,
    age_at_last: FloatArray,
    age: FloatArray,
    horizon: float,
    *,
    r: float,
    alpha: float,
    a: float,
    b: float,
    modified: bool = False,
) -> FloatArray:
    """Expected orders of a customer in the time after the end of observation, given what the customer did before.

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of float64, shape (n_customers,)
        Repeat orders x, time t_x to the last order and T to the end of observation.
    horizon : float
        Time ahead, positive, in the unit of the ages.
    r, alpha, a, b : float
        Parameters.
    modified : bool, default False
        Whether a customer may drop out right after the first order (MBG/NBD).

    Returns
    -------
    ndarray of float64, shape (n_customers,)
        Not negative: P(alive) times the mean over the posterior of a customer who is alive,
        ``E[(1 - (1 + p * horizon / (alpha + T))^-(r + x)) / p]`` with p ~ Beta(a, b + x + m).

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005). "Counting Your Customers" the Easy Way: An Alternative to the Pareto/NBD
    Model. Marketing Science 24(2), 275-284. doi:10.1287/mksc.1040.0098
    """
    alive = probability_alive(frequency, age_at_last, age, r=r, alpha=alpha, a=a, b=b, modified=modified)
    # A customer alive at the end has the same prospects whenever the last order was.
    states = distinct((frequency, age))
    x, t = frequency[states.first], age[states.first]
    mean = mean_orders_until_dropout(r + x, horizon / (alpha + t), np.full(len(x), a), b + x + int(modified))
    return alive * mean[states.row]


def expected_purchases_new(
    horizon: FloatArray, *, r: float, alpha: float, a: float, b: float, modified: bool = False
) -> FloatArray:
    """Expected repeat orders of a new customer.

    Parameters
    ----------
    horizon : ndarray of float64, shape (n_horizons,)
        Times after the first order, positive.
    r, alpha, a, b : float
        Parameters.
    modified : bool, default False
        Whether a customer may drop out right after the first order (MBG/NBD).

    Returns
    -------
    ndarray of float64, shape (n_horizons,)
        ``E[(1 - (1 + p * horizon / alpha)^-r) / p]`` with p ~ Beta(a, b); in the modified model times b / (a + b) and with
        p ~ Beta(a, b + 1), for who has not dropped out at once.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005). "Counting Your Customers" the Easy Way: An Alternative to the Pareto/NBD
    Model. Marketing Science 24(2), 275-284. doi:10.1287/mksc.1040.0098
    """
    one = np.ones(len(horizon))
    stays = b / (a + b) if modified else 1.0
    return stays * mean_orders_until_dropout(r * one, horizon / alpha, a * one, (b + int(modified)) * one)


def probability_no_purchase(
    frequency: FloatArray,
    age_at_last: FloatArray,
    age: FloatArray,
    horizon: float,
    *,
    r: float,
    alpha: float,
    a: float,
    b: float,
    modified: bool = False,
) -> FloatArray:
    """Probability that a customer does not order in the time after the end of observation.

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of float64, shape (n_customers,)
        Repeat orders x, time t_x to the last order and T to the end of observation.
    horizon : float
        Time ahead, positive, in the unit of the ages.
    r, alpha, a, b : float
        Parameters.
    modified : bool, default False
        Whether a customer may drop out right after the first order (MBG/NBD).

    Returns
    -------
    ndarray of float64, shape (n_customers,)
        In [0, 1]: ``1 - P(alive) (1 - (1 + horizon / (alpha + T))^-(r + x))``.
    """
    alive = probability_alive(frequency, age_at_last, age, r=r, alpha=alpha, a=a, b=b, modified=modified)
    silent: FloatArray = 1.0 + alive * np.expm1(-(r + frequency) * np.log1p(horizon / (alpha + age)))
    return silent


def purchase_distribution_new(
    horizon: float, n_max: int, *, r: float, alpha: float, a: float, b: float, modified: bool = False
) -> FloatArray:
    """Distribution of the repeat orders of a new customer.

    Parameters
    ----------
    horizon : float
        Time after the first order, positive.
    n_max : int
        Largest number of orders.
    r, alpha, a, b : float
        Parameters.
    modified : bool, default False
        Whether a customer may drop out right after the first order (MBG/NBD).

    Returns
    -------
    ndarray of float64, shape (n_max + 1,)
        Probabilities of 0 to n_max orders.

    Notes
    -----
    With N negative binomial, who orders n times has stayed n + m times and had N = n, or dropped out at the last chance and would
    have had N >= n:
    ``P(X = n) = S(n + m) P(N = n) + S(n + m - 1) a / (a + b + n + m - 1) P(N >= n)``, where
    ``S(k) = prod_{j < k} (b + j) / (a + b + j)`` and the second term is 0 for n + m = 0. All terms are positive, to any n.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005). "Counting Your Customers" the Easy Way: An Alternative to the Pareto/NBD
    Model. Marketing Science 24(2), 275-284. doi:10.1287/mksc.1040.0098
    """
    from scipy.special import betainc  # noqa: PLC0415  (scipy is not imported before it is used)

    m = int(modified)
    n = np.arange(n_max + 1, dtype=np.float64)
    chance = np.arange(n_max + m, dtype=np.float64)
    stays = np.concatenate([[0.0], np.cumsum(np.log1p(-a / (a + b + chance)))])
    log_odds = -np.log1p(alpha / horizon)
    log_orders = np.concatenate([[0.0], np.cumsum(np.log((r + n[:-1]) / (n[:-1] + 1.0)))]) + n * log_odds
    distribution: FloatArray = np.exp(stays[n.astype(np.int64) + m] + log_orders - r * np.log1p(horizon / alpha))
    last = n[n + m > 0]
    at_least = np.where(last > 0, betainc(np.maximum(last, 1.0), r, np.exp(log_odds)), 1.0)
    chances = last + (m - 1.0)
    distribution[n + m > 0] += np.exp(stays[chances.astype(np.int64)]) * a / (a + b + chances) * at_least
    return distribution


def _may_be_gone(x: FloatArray, m: int) -> BoolArray:
    return x + m > 0


def _survived(b: float, x: FloatArray, m: int) -> FloatArray:
    return b + np.maximum(x + (m - 1.0), 0.0)


def _log_odds_gone(parameters: FloatArray, table: PurchaseTable, m: int) -> FloatArray:
    r, alpha, a, b = (float(value) for value in parameters)
    x, t_x = table.frequency, table.age_at_last
    odds: FloatArray = np.log(a / _survived(b, x, m)) + (r + x) * np.log1p((table.age - t_x) / (alpha + t_x))
    return odds


def _add_dropout(parameters: FloatArray, table: PurchaseTable, m: int, slope: FloatArray, curvature: FloatArray) -> float:
    """Weighted sum of ``log(1 + e^q)``; its derivatives are added to the slope and to the upper triangle of the curvature."""
    may_be_gone = _may_be_gone(table.frequency, m)
    every = bool(may_be_gone.all())
    x, t_x, age, weight = (
        column if every else column[may_be_gone] for column in (table.frequency, table.age_at_last, table.age, table.weight)
    )
    r, alpha, a, b = (float(value) for value in parameters)
    last, end, shape = 1.0 / (alpha + t_x), 1.0 / (alpha + age), r + x
    silence = (age - t_x) * last
    per_rate, shrink = np.log1p(silence), silence * end
    by_orders = 1.0 / _survived(b, x, m)
    q = np.log(a * by_orders) + shape * per_rate
    small = np.exp(-np.abs(q))
    gone = np.where(q >= 0, 1.0, small) / (1.0 + small)
    sure = weight * gone
    spread = sure * np.where(q >= 0, small, 1.0) / (1.0 + small)

    per_alpha = -shape * shrink
    by_rate, by_alpha, by_b = spread * per_rate, spread * per_alpha, spread * by_orders
    slope += np.array([sure @ per_rate, sure @ per_alpha, sure.sum() / a, -(sure @ by_orders)])
    curvature[_R, _R] += by_rate @ per_rate
    curvature[_R, _ALPHA] += by_rate @ per_alpha - sure @ shrink
    curvature[_R, _A] += by_rate.sum() / a
    curvature[_R, _B] -= by_rate @ by_orders
    curvature[_ALPHA, _ALPHA] += by_alpha @ per_alpha - sure @ (per_alpha * (last + end))
    curvature[_ALPHA, _A] += by_alpha.sum() / a
    curvature[_ALPHA, _B] -= by_alpha @ by_orders
    curvature[_A, _A] += (spread.sum() - sure.sum()) / a**2
    curvature[_A, _B] -= by_b.sum() / a
    curvature[_B, _B] += by_b @ by_orders + sure @ by_orders**2
    return float(weight @ (np.maximum(q, 0.0) + np.log1p(small)))


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


def _expit(q: FloatArray) -> FloatArray:
    """1 / (1 + e^-q) without overflow."""
    small = np.exp(-np.abs(q))
    return np.where(q >= 0, 1.0, small) / (1.0 + small)
