"""Pareto/NBD: who is alive, and how many orders to expect.

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
from crmmodels.kernels.pareto_integral import log_integral, race


def log_probability_alive(
    frequency: FloatArray,
    age_at_last: FloatArray,
    age: FloatArray,
    *,
    r: float,
    alpha: float,
    s: float,
    beta: float,
    ahead: float = 0.0,
) -> FloatArray:
    """Logarithm of the probability that a customer has not dropped out.

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of float64, shape (n_customers,)
        Repeat orders x, time t_x to the last order and T to the end of observation.
    r, alpha, s, beta : float
        Parameters.
    ahead : float, default 0
        Time after the end of observation at which the customer is to be alive.

    Returns
    -------
    ndarray of float64, shape (n_customers,)
        At most 0, and finite where the probability itself is too small for a float.

    Notes
    -----
    ``P = S / (S + D) * ((β + T) / (β + T + ahead))^s`` with S and D as in `crmmodels.kernels.pareto_integral`.

    References
    ----------
    Schmittlein, D. C., Morrison, D. G. & Colombo, R. (1987). Counting Your Customers: Who Are They and What Will They Do Next?
    Management Science 33(1), 1-24. doi:10.1287/mnsc.33.1.1
    """
    log_odds = _log_odds_gone(frequency, age_at_last, age, r=r, alpha=alpha, s=s, beta=beta)
    now: FloatArray = -np.logaddexp(0.0, log_odds)
    return now - s * np.log1p(ahead / (beta + age))


def probability_alive(
    frequency: FloatArray,
    age_at_last: FloatArray,
    age: FloatArray,
    *,
    r: float,
    alpha: float,
    s: float,
    beta: float,
    ahead: float = 0.0,
) -> FloatArray:
    """Probability that a customer has not dropped out.

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of float64, shape (n_customers,)
        Repeat orders x, time t_x to the last order and T to the end of observation.
    r, alpha, s, beta : float
        Parameters.
    ahead : float, default 0
        Time after the end of observation at which the customer is to be alive.

    Returns
    -------
    ndarray of float64, shape (n_customers,)
        In [0, 1].
    """
    alive: FloatArray = np.exp(
        log_probability_alive(frequency, age_at_last, age, r=r, alpha=alpha, s=s, beta=beta, ahead=ahead)
    )
    return alive


def probability_no_purchase(
    frequency: FloatArray,
    age_at_last: FloatArray,
    age: FloatArray,
    horizon: float,
    *,
    r: float,
    alpha: float,
    s: float,
    beta: float,
) -> FloatArray:
    """Probability that a customer does not order within a horizon.

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of float64, shape (n_customers,)
        Repeat orders x, time t_x to the last order and T to the end of observation.
    horizon : float
        Time t after the end of observation.
    r, alpha, s, beta : float
        Parameters.

    Returns
    -------
    ndarray of float64, shape (n_customers,)
        In [0, 1]: gone already, or alive and without an order in (T, T + t].

    Notes
    -----
    ``1 - P + P Q`` with P the probability to be alive and Q that of no order from T to T + t given that.

    References
    ----------
    Fader, P. S. & Hardie, B. G. S. (2014). Deriving the Conditional PMF of the Pareto/NBD Model. Technical note.
    """
    log_odds = _log_odds_gone(frequency, age_at_last, age, r=r, alpha=alpha, s=s, beta=beta)
    ahead = race(r + frequency, age, np.full(len(age), horizon), alpha=alpha, s=s, beta=beta)
    gone, alive = np.exp(-np.logaddexp(0.0, -log_odds)), np.exp(-np.logaddexp(0.0, log_odds))
    none: FloatArray = np.minimum(gone + alive * np.exp(ahead.log_no_order), 1.0)
    return none


def expected_purchases(
    frequency: FloatArray,
    age_at_last: FloatArray,
    age: FloatArray,
    horizon: float,
    *,
    r: float,
    alpha: float,
    s: float,
    beta: float,
) -> FloatArray:
    """Expected orders of a customer within a horizon.

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of float64, shape (n_customers,)
        Repeat orders x, time t_x to the last order and T to the end of observation.
    horizon : float
        Time t after the end of observation.
    r, alpha, s, beta : float
        Parameters; s = 1 is no exception.

    Returns
    -------
    ndarray of float64, shape (n_customers,)
        Orders in (T, T + t].

    Notes
    -----
    ``P (r + x) (β + T) / (α + T) (1 - e^-(s - 1) ζ) / (s - 1)`` with P the probability to be alive and ``ζ = log(1 + t / (β + T))``;
    the last factor tends to ζ as s tends to 1.

    References
    ----------
    Schmittlein, D. C., Morrison, D. G. & Colombo, R. (1987). Counting Your Customers: Who Are They and What Will They Do Next?
    Management Science 33(1), 1-24. doi:10.1287/mnsc.33.1.1
    """
    alive = probability_alive(frequency, age_at_last, age, r=r, alpha=alpha, s=s, beta=beta)
    return alive * (r + frequency) / (alpha + age) * _expected_lifetime(np.full(len(age), horizon), s, beta + age)


def expected_purchases_new(horizon: FloatArray, *, r: float, alpha: float, s: float, beta: float) -> FloatArray:
    """Expected repeat orders of a new customer.

    Parameters
    ----------
    horizon : ndarray of float64, shape (n_horizons,)
        Times t since the first order.
    r, alpha, s, beta : float
        Parameters; s = 1 is no exception.

    Returns
    -------
    ndarray of float64, shape (n_horizons,)
        Repeat orders in (0, t].

    Notes
    -----
    ``r β / α (1 - e^-(s - 1) ζ) / (s - 1)`` with ``ζ = log(1 + t / β)``.

    References
    ----------
    Schmittlein, D. C., Morrison, D. G. & Colombo, R. (1987). Counting Your Customers: Who Are They and What Will They Do Next?
    Management Science 33(1), 1-24. doi:10.1287/mnsc.33.1.1
    """
    return r / alpha * _expected_lifetime(horizon, s, np.full(len(horizon), beta))


def purchase_distribution_new(horizon: float, n_max: int, *, r: float, alpha: float, s: float, beta: float) -> FloatArray:
    """Distribution of the repeat orders of a new customer.

    Parameters
    ----------
    horizon : float
        Time t since the first order, positive.
    n_max : int
        Largest number of orders.
    r, alpha, s, beta : float
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
    chances: FloatArray = np.exp(_log_distribution(none, none, horizon, n_max, r=r, alpha=alpha, s=s, beta=beta)[0])
    return chances


def purchase_distribution(
    frequency: FloatArray,
    age_at_last: FloatArray,
    age: FloatArray,
    horizon: float,
    n_max: int,
    *,
    r: float,
    alpha: float,
    s: float,
    beta: float,
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
    r, alpha, s, beta : float
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
    log_odds = _log_odds_gone(frequency, age_at_last, age, r=r, alpha=alpha, s=s, beta=beta)
    log_alive = -np.logaddexp(0.0, log_odds)
    if_alive = _log_distribution(frequency, age, horizon, n_max, r=r, alpha=alpha, s=s, beta=beta)
    chances: FloatArray = np.exp(log_alive[:, None] + if_alive)
    chances[:, 0] += np.exp(-np.logaddexp(0.0, -log_odds))
    return chances


def _log_odds_gone(
    frequency: FloatArray, age_at_last: FloatArray, age: FloatArray, *, r: float, alpha: float, s: float, beta: float
) -> FloatArray:
    """Logarithm of D / S; minus infinity right after an order."""
    silence = race(r + frequency, age_at_last, age - age_at_last, alpha=alpha, s=s, beta=beta)
    with np.errstate(divide="ignore"):
        log_odds: FloatArray = np.log(silence.dropout_first) + silence.hazard
    return log_odds


def _expected_lifetime(horizon: FloatArray, s: float, b: FloatArray) -> FloatArray:
    """Integral of (1 + u / b)^-s over u from 0 to the horizon."""
    from scipy.special import exprel  # noqa: PLC0415  (scipy is not imported before it is used)

    zeta = np.log1p(horizon / b)
    lifetime: FloatArray = b * zeta * exprel((1.0 - s) * zeta)
    return lifetime


def _log_distribution(
    frequency: FloatArray, age: FloatArray, horizon: float, n_max: int, *, r: float, alpha: float, s: float, beta: float
) -> FloatArray:
    """Log probabilities of 0 to n_max orders within the horizon, of shape (n_customers, n_max + 1), of who is alive."""
    from scipy.special import gammaln  # noqa: PLC0415  (scipy is not imported before it is used)

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
