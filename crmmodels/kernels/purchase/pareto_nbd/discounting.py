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

from typing import Final

import numpy as np

from crmmodels._typing import FloatArray, IntArray
from crmmodels.kernels.arrays.blocks import in_blocks
from crmmodels.kernels.purchase.pareto_nbd.likelihood import ParetoNBDParameters
from crmmodels.kernels.purchase.pareto_nbd.predictions import expected_lifetime, probability_alive
from crmmodels.kernels.purchase.pareto_nbd.quadrature import log_integral

_CELL: Final = 0.5
"""Width of the cells of log(beta + T)."""
_N_POINTS: Final = 20
"""Chebyshev points of a cell; twelve do where s is moderate."""
_BLOCK_ROWS: Final = 8192
"""Rows that are worked on at a time; what a row gives does not depend on it."""


def discounted_lifetime(
    frequency: FloatArray,
    age_at_last: FloatArray,
    age: FloatArray,
    discount_rate: float,
    parameters: ParetoNBDParameters,
    *,
    horizon: float = np.inf,
) -> FloatArray:
    """Discounted expected time that a customer stays alive (DEAT).

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of float64, shape (n_customers,)
        Repeat orders x, time t_x to the last order and T to the end of observation.
    discount_rate : float
        Continuous rate δ per unit of time, not negative; positive where the horizon is infinite.
    parameters : ParetoNBDParameters
        Parameters.
    horizon : float, default inf
        Time after the end of observation up to which it counts, positive.

    Returns
    -------
    ndarray of float64, shape (n_customers,)
        Time, each moment discounted to the end of observation.

    Notes
    -----
    ``P ∫_0^horizon e^(-δ τ) (1 + τ / (β + T))^-s dτ`` with P the probability to be alive, the integral by quadrature at some T and interpolated
    between them to rounding.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005). RFM and CLV: Using Iso-Value Curves for Customer Base Analysis. Journal of Marketing
    Research 42(4), 415-430. doi:10.1509/jmkr.2005.42.4.415
    """
    alive = probability_alive(frequency, age_at_last, age, parameters)
    return alive * _lifetime_if_alive(age, discount_rate, horizon, parameters)


def discounted_purchases(
    frequency: FloatArray,
    age_at_last: FloatArray,
    age: FloatArray,
    discount_rate: float,
    parameters: ParetoNBDParameters,
    *,
    horizon: float = np.inf,
) -> FloatArray:
    """Discounted expected residual orders of a customer (DERT).

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of float64, shape (n_customers,)
        Repeat orders x, time t_x to the last order and T to the end of observation.
    discount_rate : float
        Continuous rate δ per unit of time, not negative; positive where the horizon is infinite.
    parameters : ParetoNBDParameters
        Parameters.
    horizon : float, default inf
        Time after the end of observation up to which orders count, positive.

    Returns
    -------
    ndarray of float64, shape (n_customers,)
        Orders, each discounted to the end of observation.

    Notes
    -----
    The expected order rate ``(r + x) / (α + T)`` of a customer who is alive, times `discounted_lifetime`.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005). RFM and CLV: Using Iso-Value Curves for Customer Base Analysis. Journal of Marketing
    Research 42(4), 415-430. doi:10.1509/jmkr.2005.42.4.415
    """
    alive = probability_alive(frequency, age_at_last, age, parameters)
    rate = alive * (parameters.r + frequency) / (parameters.alpha + age)
    return rate * _lifetime_if_alive(age, discount_rate, horizon, parameters)


def _lifetime_if_alive(age: FloatArray, discount_rate: float, horizon: float, parameters: ParetoNBDParameters) -> FloatArray:
    """``∫_0^horizon e^(-δ τ) (1 + τ / (β + T))^-s dτ``.

    As a function of log(β + T) it is analytic in a strip of half-width pi about the real line, so that in each cell of a lattice that does
    not depend on the customers it is a polynomial through few points.
    """
    b = parameters.beta + age
    if discount_rate == 0.0 or not len(age):
        return expected_lifetime(np.full(len(age), horizon), parameters.s, b)
    place = np.log(b) / _CELL
    cell = np.floor(place)
    first = cell.min()
    cells = first + np.arange(cell.max() - first + 1.0)
    order = np.arange(float(_N_POINTS))
    angles = np.pi * (order + 0.5) / _N_POINTS
    points = (cells[:, None] + 0.5 * (1.0 + np.cos(angles))) * _CELL
    values = _discounted_time(np.exp(points.ravel()), discount_rate, horizon, parameters.s).reshape(points.shape)
    by_order = np.zeros((_N_POINTS, len(cells)))
    for point, angle in enumerate(angles):
        by_order += np.cos(order * angle)[:, None] * (values[:, point] * (2.0 / _N_POINTS))
    by_order[0] *= 0.5
    lifetime = np.empty(len(age))

    def interpolate(rows: slice) -> None:
        within, at = 2.0 * (place[rows] - cell[rows]) - 1.0, (cell[rows] - first).astype(np.int64)
        # Clenshaw's recurrence.
        here, before = np.zeros(len(at)), np.zeros(len(at))
        for coefficient in by_order[:0:-1]:
            here, before = coefficient[at] + 2.0 * within * here - before, here
        lifetime[rows] = by_order[0][at] + within * here - before

    in_blocks(interpolate, len(age), _BLOCK_ROWS)
    return lifetime


def _discounted_time(b: FloatArray, discount_rate: float, horizon: float, s: float) -> FloatArray:
    """``∫_0^horizon e^(-δ τ) (1 + τ / b)^-s dτ`` by quadrature on log τ."""
    slope = discount_rate * b + s - 1.0
    root = np.sqrt(slope * slope + 4.0 * discount_rate * b)
    with np.errstate(divide="ignore", invalid="ignore"):
        peak = np.log(np.where(slope > 0.0, 2.0 * b / (slope + root), (root - slope) / (2.0 * discount_rate)))

    def log_density(log_time: FloatArray, rows: IntArray) -> FloatArray:
        time = np.exp(log_time)
        return log_time - discount_rate * time - s * np.log1p(time / b[rows, None])

    lifetime: FloatArray = np.exp(log_integral(log_density, peak, np.full(len(b), np.log(horizon))))
    return lifetime
