"""BG/NBD and MBG/NBD: buying at a gamma rate until a beta-geometric dropout.

In the first a customer may drop out after each repeat order; in the second (modified) after the first order, too. One set of
formulas serves both: with m = 0 or 1 for the modified model,

``L = Poch(r, x) * prod_{k < x + m} (b + k) / (a + b + k) * alpha^r (alpha + T)^-(r + x) * (1 + e^q)``

``q = log a - log(b + x + m - 1) + (r + x) log((alpha + T) / (alpha + t_x))``

where the last factor is 1 for x = 0 in the unmodified model, since nobody has dropped out before a repeat order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crmmodels._typing import BoolArray, FloatArray
from crmmodels.kernels.beta_mixture import mean_orders_until_dropout
from crmmodels.kernels.likelihood import Likelihood
from crmmodels.kernels.purchases import PurchaseTable

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
    Products over orders are running sums over k < x of terms of one sign, so that no difference of gamma functions cancels, and
    neither the powers nor e^q are ever formed.

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
    m = int(modified)
    value, gradient, hessian = _orders_part(parameters, table, m)

    # The power of alpha and the power of alpha + T, in logs.
    rest = age / (alpha * (alpha + age))
    value += -r * np.log1p(age / alpha) - x * np.log(alpha + age)
    gradient[_R] -= np.log1p(age / alpha)
    gradient[_ALPHA] += r * rest - x / (alpha + age)
    hessian[_R, _ALPHA] += rest
    hessian[_ALPHA, _ALPHA] += x / (alpha + age) ** 2 - rest * r * (1.0 / alpha + 1.0 / (alpha + age))

    may_be_gone = _may_be_gone(x, m)
    q = _log_odds_gone(parameters, table, m)
    gone = np.where(may_be_gone, _expit(q.value), 0.0)
    value += np.where(may_be_gone, np.logaddexp(0.0, q.value), 0.0)
    gradient += gone * q.gradient
    hessian += gone * q.hessian + gone * (1.0 - gone) * q.gradient[:, None] * q.gradient[None, :]

    slope = gradient @ weight
    curvature = np.triu(hessian @ weight)
    curvature = curvature + np.triu(curvature, 1).T
    in_logs = np.outer(parameters, parameters) * curvature + np.diag(parameters * slope)
    return Likelihood(float(value @ weight), parameters * slope, in_logs)


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
    q = _log_odds_gone(np.array([r, alpha, a, b]), table, int(modified)).value
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
    states, state = np.unique(np.stack([frequency, age]), axis=1, return_inverse=True)
    x, t = states
    mean = mean_orders_until_dropout(r + x, horizon / (alpha + t), np.full(len(x), a), b + x + int(modified))
    return alive * mean[state.reshape(-1)]


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


@dataclass(frozen=True, slots=True, eq=False)
class _LogOdds:
    """Logarithm of the odds that a customer is gone, with derivatives by r, alpha, a and b.

    Attributes
    ----------
    value : ndarray of float64, shape (n_rows,)
    gradient : ndarray of float64, shape (4, n_rows)
    hessian : ndarray of float64, shape (4, 4, n_rows)
        Upper triangle.
    """

    value: FloatArray
    gradient: FloatArray
    hessian: FloatArray


def _may_be_gone(x: FloatArray, m: int) -> BoolArray:
    return x + m > 0


def _log_odds_gone(parameters: FloatArray, table: PurchaseTable, m: int) -> _LogOdds:
    r, alpha, a, b = (float(value) for value in parameters)
    x, t_x, age = table.frequency, table.age_at_last, table.age
    silence = age - t_x
    per_rate = np.log1p(silence / (alpha + t_x))
    shrink = silence / ((alpha + age) * (alpha + t_x))
    survived = b + np.maximum(x + m - 1.0, 0.0)
    gradient, hessian = np.zeros((4, len(x))), np.zeros((4, 4, len(x)))
    gradient[_R], gradient[_ALPHA] = per_rate, -(r + x) * shrink
    gradient[_A], gradient[_B] = 1.0 / a, -1.0 / survived
    hessian[_R, _ALPHA] = -shrink
    hessian[_ALPHA, _ALPHA] = (r + x) * shrink * (1.0 / (alpha + age) + 1.0 / (alpha + t_x))
    hessian[_A, _A], hessian[_B, _B] = -1.0 / a**2, 1.0 / survived**2
    return _LogOdds(np.log(a) - np.log(survived) + (r + x) * per_rate, gradient, hessian)


def _orders_part(parameters: FloatArray, table: PurchaseTable, m: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Value, gradient and upper Hessian of ``log Poch(r, x) + sum_{k < x + m} log((b + k) / (a + b + k))`` per row."""
    r, a, b = (float(parameters[position]) for position in (_R, _A, _B))
    orders = table.frequency.astype(np.int64)
    k = np.arange(int(orders.max(initial=0)) + m, dtype=np.float64)
    buying, surviving, both = r + k, b + k, a + b + k

    def upto(terms: FloatArray, extra: int) -> FloatArray:
        running: FloatArray = np.concatenate([[0.0], np.cumsum(terms)])[orders + extra]
        return running

    gradient, hessian = np.zeros((4, len(orders))), np.zeros((4, 4, len(orders)))
    value = upto(np.log(buying), 0) + upto(np.log1p(-a / both), m)
    gradient[_R] = upto(1.0 / buying, 0)
    gradient[_A] = -upto(1.0 / both, m)
    gradient[_B] = upto(a / (surviving * both), m)
    hessian[_R, _R] = -upto(1.0 / buying**2, 0)
    hessian[_A, _A] = hessian[_A, _B] = upto(1.0 / both**2, m)
    hessian[_B, _B] = -upto(a * (surviving + both) / (surviving * both) ** 2, m)
    return value, gradient, hessian


def _expit(q: FloatArray) -> FloatArray:
    """1 / (1 + e^-q) without overflow."""
    small = np.exp(-np.abs(q))
    return np.where(q >= 0, 1.0, small) / (1.0 + small)
