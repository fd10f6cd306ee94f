"""Pareto/NBD: discounted orders and lifetimes.

The arguments of all functions are

=======  ==============  ===============================================
symbol   name            meaning
=======  ==============  ===============================================
x        frequency       repeat orders
t_x      age_at_last     time from the first to the last order
T        age             time from the first order to the end
r, α     r, alpha        shape and rate of the order rates
s, β     s, beta         shape and rate of the dropout rates
δ        discount_rate   continuous, per unit of time
=======  ==============  ===============================================
"""

from __future__ import annotations

import numpy as np

from crmmodels._typing import FloatArray, IntArray
from crmmodels.kernels.pareto_integral import log_integral
from crmmodels.kernels.pareto_nbd_purchases import log_probability_alive


def discounted_lifetime(
    frequency: FloatArray,
    age_at_last: FloatArray,
    age: FloatArray,
    *,
    discount_rate: float,
    r: float,
    alpha: float,
    s: float,
    beta: float,
    horizon: float = np.inf,
) -> FloatArray:
    """Discounted expected time that a customer stays alive (DEAT).

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of float64, shape (n_customers,)
        Repeat orders x, time t_x to the last order and T to the end of observation.
    discount_rate : float
        Continuous rate δ per unit of time; positive where the horizon is infinite.
    r, alpha, s, beta : float
        Parameters.
    horizon : float, default inf
        Time after the end of observation up to which it counts, positive.

    Returns
    -------
    ndarray of float64, shape (n_customers,)
        Time, each moment discounted to the end of observation.

    Notes
    -----
    ``P ∫_0^horizon e^(-δ τ) (1 + τ / (β + T))^-s dτ`` with P the probability to be alive, the integral on log τ.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005). RFM and CLV: Using Iso-Value Curves for Customer Base Analysis. Journal of Marketing
    Research 42(4), 415-430. doi:10.1509/jmkr.2005.42.4.415
    """
    b = beta + age
    slope = discount_rate * b + s - 1.0
    root = np.sqrt(slope * slope + 4.0 * discount_rate * b)
    with np.errstate(divide="ignore", invalid="ignore"):
        peak = np.log(np.where(slope > 0.0, 2.0 * b / (slope + root), (root - slope) / (2.0 * discount_rate)))

    def log_density(log_time: FloatArray, rows: IntArray) -> FloatArray:
        time = np.exp(log_time)
        return log_time - discount_rate * time - s * np.log1p(time / b[rows, None])

    integral = log_integral(log_density, np.where(np.isnan(peak), np.inf, peak), np.full(len(b), np.log(horizon)))
    return np.exp(log_probability_alive(frequency, age_at_last, age, r=r, alpha=alpha, s=s, beta=beta) + integral)


def discounted_purchases(
    frequency: FloatArray,
    age_at_last: FloatArray,
    age: FloatArray,
    *,
    discount_rate: float,
    r: float,
    alpha: float,
    s: float,
    beta: float,
    horizon: float = np.inf,
) -> FloatArray:
    """Discounted expected residual orders of a customer (DERT).

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of float64, shape (n_customers,)
        Repeat orders x, time t_x to the last order and T to the end of observation.
    discount_rate : float
        Continuous rate δ per unit of time; positive where the horizon is infinite.
    r, alpha, s, beta : float
        Parameters.
    horizon : float, default inf
        Time after the end of observation up to which orders count, positive.

    Returns
    -------
    ndarray of float64, shape (n_customers,)
        Orders, each discounted to the end of observation.

    Notes
    -----
    The expected order rate ``(r + x) / (α + T)`` of who is alive times `discounted_lifetime`.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005). RFM and CLV: Using Iso-Value Curves for Customer Base Analysis. Journal of Marketing
    Research 42(4), 415-430. doi:10.1509/jmkr.2005.42.4.415
    """
    lifetime = discounted_lifetime(
        frequency, age_at_last, age, discount_rate=discount_rate, r=r, alpha=alpha, s=s, beta=beta, horizon=horizon
    )
    return (r + frequency) / (alpha + age) * lifetime
