"""Pareto/NBD: how many orders, with which chances.

The arguments of all functions are

=======  ==============  ===============================================
symbol   name            meaning
=======  ==============  ===============================================
x        frequency       repeat orders
t_x      age_at_last     time from the first to the last order
T        age             time from the first order to the end
r, α     r, alpha        shape and rate of the order rates
s, β     s, beta         shape and rate of the dropout rates
=======  ==============  ===============================================
"""

from __future__ import annotations

import numpy as np

from crmmodels._typing import FloatArray, IntArray
from crmmodels.kernels.purchase.histories import distinct
from crmmodels.kernels.purchase.pareto_nbd.likelihood import ParetoNBDParameters
from crmmodels.kernels.purchase.pareto_nbd.predictions import probability_alive, probability_gone
from crmmodels.kernels.purchase.pareto_nbd.quadrature import log_integral


def purchase_distribution_new(horizon: float, n_max: int, parameters: ParetoNBDParameters) -> FloatArray:
    """Distribution of the repeat orders of a new customer.

    Parameters
    ----------
    horizon : float
        Time t since the first order, positive.
    n_max : int
        Largest number of orders.
    parameters : ParetoNBDParameters
        Parameters.

    Returns
    -------
    ndarray of float64, shape (n_max + 1,)
        Probabilities of 0 to n_max repeat orders in (0, t].

    Notes
    -----
    ``Poch(r, n) / n! [(α / (α + t))^r (t / (α + t))^n (β / (β + t))^s + s ∫_0^t (α / (α + u))^r (u / (α + u))^n β^s (β + u)^-(s + 1) du]``

    in logs, the integral on log u, where its logarithm is concave.

    References
    ----------
    Fader, P. S. & Hardie, B. G. S. (2006). Deriving an Expression for P(X(t) = x) Under the Pareto/NBD Model. Technical note.
    """
    none = np.zeros(1)
    chances: FloatArray = np.exp(_log_distribution(none, none, horizon, n_max, parameters)[0])
    return chances


def purchase_distribution(  # noqa: PLR0917  (the arguments that all purchase models share)
    frequency: FloatArray,
    age_at_last: FloatArray,
    age: FloatArray,
    horizon: float,
    n_max: int,
    parameters: ParetoNBDParameters,
) -> FloatArray:
    """Distribution of the orders of a customer within a horizon.

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of float64, shape (n_customers,)
        Repeat orders x, time t_x to the last order and T to the end of observation.
    horizon : float
        Time t after the end of observation, positive.
    n_max : int
        Largest number of orders.
    parameters : ParetoNBDParameters
        Parameters.

    Returns
    -------
    ndarray of float64, shape (n_customers, n_max + 1)
        Probabilities of 0 to n_max orders in (T, T + t].

    Notes
    -----
    Who is alive buys like a new customer with r + x, α + T and β + T in place of r, α and β; who is gone does not buy.

    References
    ----------
    Fader, P. S. & Hardie, B. G. S. (2014). Deriving the Conditional PMF of the Pareto/NBD Model. Technical note.
    """
    # Who is alive at the end has the same chances whenever the last order was.
    states = distinct((frequency, age))
    if_alive = np.exp(_log_distribution(frequency[states.first], age[states.first], horizon, n_max, parameters))
    chances: FloatArray = if_alive[states.row]
    chances *= probability_alive(frequency, age_at_last, age, parameters)[:, None]
    chances[:, 0] += probability_gone(frequency, age_at_last, age, parameters)
    return chances


def _log_distribution(
    frequency: FloatArray, age: FloatArray, horizon: float, n_max: int, parameters: ParetoNBDParameters
) -> FloatArray:
    """Log probabilities of 0 to n_max orders within the horizon, of shape (n_customers, n_max + 1), of customers who are alive."""
    from scipy.special import gammaln  # noqa: PLC0415  (scipy is not imported before it is used)

    r, alpha, s, beta = parameters.r, parameters.alpha, parameters.s, parameters.beta
    counts = np.arange(n_max + 1.0)
    n, k = (v.ravel() for v in np.broadcast_arrays((r + frequency)[:, None], counts))
    a, b = np.repeat(alpha + age, n_max + 1), np.repeat(beta + age, n_max + 1)
    # The one positive root of a quadratic: where the slope of the logarithm of the integrand on log u vanishes.
    middle = (k - s) * a + (1.0 - n) * b
    root = np.sqrt(middle * middle + 4.0 * (n + s) * (k + 1.0) * a * b)
    peak = np.where(middle < 0.0, 2.0 * (k + 1.0) * a * b / (root - middle), (root + middle) / (2.0 * (n + s)))

    def log_density(log_u: FloatArray, rows: IntArray) -> FloatArray:
        n_, k_, a_, b_ = n[rows, None], k[rows, None], a[rows, None], b[rows, None]
        u = np.exp(log_u)
        density: FloatArray = -n_ * np.log1p(u / a_) - k_ * np.log1p(a_ / u) - s * np.log1p(u / b_) - np.log1p(b_ / u)
        return density

    dropped = np.log(s) + log_integral(log_density, np.log(peak), np.full(len(k), np.log(horizon)))
    alive = -n * np.log1p(horizon / a) - k * np.log1p(a / horizon) - s * np.log1p(horizon / b)
    log_choices = gammaln(n + k) - gammaln(n) - gammaln(k + 1.0)
    log_chances: FloatArray = log_choices + np.logaddexp(alive, dropped)
    return log_chances.reshape(len(age), n_max + 1)
