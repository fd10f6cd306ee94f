"""BG/NBD and MBG/NBD: discounted orders and lifetimes.

The arguments of all functions are

=======  ==============  ===============================================
symbol   name            meaning
=======  ==============  ===============================================
x        frequency       repeat orders
t_x      age_at_last     time from the first to the last order
T        age             time from the first order to the end
r, α     r, alpha        shape and rate of the order rates
a, b     a, b            parameters of the dropout probabilities
δ        discount_rate   continuous, per unit of time
=======  ==============  ===============================================
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np

from crmmodels._typing import FloatArray
from crmmodels.kernels.purchase.beta_geo.alive import AliveStates, alive_states, standing
from crmmodels.kernels.purchase.beta_geo.chebyshev import Mixtures, panels
from crmmodels.kernels.purchase.beta_geo.likelihood import BetaGeoParameters
from crmmodels.kernels.special.beta_mixture import share_staying

_DISCOUNTED_AWAY: Final = 38.0
"""What comes when everything is discounted by e^-38 changes no digit."""
_DIGITS: Final = 16.0
_STRIP: Final = 2.9
"""Nodes of Gauss-Legendre rules: half the decay wanted in e-folds, and twice the half-width of the strip where the integrand is bounded."""
_NODE_STEP: Final = 4
"""Numbers of nodes are multiples of this, so that rows can go together."""
_VALUES_AT_ONCE: Final = 2**15


def discounted_purchases(
    frequency: FloatArray,
    age_at_last: FloatArray,
    age: FloatArray,
    discount_rate: float,
    parameters: BetaGeoParameters,
    *,
    horizon: float = np.inf,
    modified: bool = False,
) -> FloatArray:
    """Discounted expected residual orders of a customer (DERT).

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of float64, shape (n_customers,)
        Repeat orders x, time t_x to the last order and T to the end of observation.
    discount_rate : float
        Continuous rate δ per unit of time, not negative.
    parameters : BetaGeoParameters
        Parameters; a = 1 is no exception.
    horizon : float, default inf
        Time after the end of observation up to which orders count, positive.
    modified : bool, default False
        Whether a customer may drop out right after the first order (MBG/NBD).

    Returns
    -------
    ndarray of float64, shape (n_customers,)
        Orders, each discounted to the end of observation. Without discounting those within a finite horizon are `expected_purchases`,
        and those for ever are P E[1 / p], infinite for a <= 1.

    Notes
    -----
    ``P E[∫_0^horizon e^(-δ τ) (r + x) / (α + T) (1 + p τ / (α + T))^-(r + x + 1) dτ]`` with P the probability to be alive and
    p ~ Beta(a, b + x + m): who is alive with an order rate λ orders at the rate ``λ e^(-λ p τ)`` a time τ ahead.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005). RFM and CLV: Using Iso-Value Curves for Customer Base Analysis. Journal of Marketing
    Research 42(4), 415-430. doi:10.1509/jmkr.2005.42.4.415
    """
    alive = standing(frequency, age_at_last, age, parameters, modified=modified).alive
    states = alive_states(frequency, age, parameters, modified=modified)
    shape = states.mixtures.shape[states.kind]
    if discount_rate == 0.0 and np.isinf(horizon):
        return _undiscounted(alive, _mean_inverse(states), states)
    mixtures = Mixtures(states.mixtures.shape + 1.0, states.mixtures.a, states.mixtures.b)
    return alive * (shape * _integral(mixtures, states, discount_rate, horizon))[states.row]


def discounted_lifetime(
    frequency: FloatArray,
    age_at_last: FloatArray,
    age: FloatArray,
    discount_rate: float,
    parameters: BetaGeoParameters,
    *,
    horizon: float = np.inf,
    modified: bool = False,
) -> FloatArray:
    """Discounted expected time that a customer stays alive (DEAT).

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of float64, shape (n_customers,)
        Repeat orders x, time t_x to the last order and T to the end of observation.
    discount_rate : float
        Continuous rate δ per unit of time, not negative.
    parameters : BetaGeoParameters
        Parameters; a = 1 is no exception.
    horizon : float, default inf
        Time after the end of observation up to which it counts, positive.
    modified : bool, default False
        Whether a customer may drop out right after the first order (MBG/NBD).

    Returns
    -------
    ndarray of float64, shape (n_customers,)
        Time, each moment discounted to the end of observation. Without discounting the time for ever is
        ``P E[1 / p] (α + T) / (r + x - 1)``, infinite for a <= 1 or r + x <= 1.

    Notes
    -----
    ``P E[∫_0^horizon e^(-δ τ) (1 + p τ / (α + T))^-(r + x) dτ]`` with P the probability to be alive and p ~ Beta(a, b + x + m).

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005). RFM and CLV: Using Iso-Value Curves for Customer Base Analysis. Journal of Marketing
    Research 42(4), 415-430. doi:10.1509/jmkr.2005.42.4.415
    """
    alive = standing(frequency, age_at_last, age, parameters, modified=modified).alive
    states = alive_states(frequency, age, parameters, modified=modified)
    if discount_rate == 0.0 and np.isinf(horizon):
        excess = states.mixtures.shape[states.kind] - 1.0
        with np.errstate(divide="ignore"):
            between = np.where(excess > 0.0, states.rate / np.maximum(excess, 0.0), np.inf)
        return _undiscounted(alive, between * _mean_inverse(states), states)
    return alive * (states.rate * _integral(states.mixtures, states, discount_rate, horizon))[states.row]


def _mean_inverse(states: AliveStates) -> FloatArray:
    """Mean of 1 / p in each state: orders until dropout."""
    a, b = states.mixtures.a[states.kind], states.mixtures.b[states.kind]
    with np.errstate(divide="ignore"):
        mean: FloatArray = np.where(a > 1.0, (a + b - 1.0) / np.maximum(a - 1.0, 0.0), np.inf)
    return mean


def _undiscounted(alive: FloatArray, value: FloatArray, states: AliveStates) -> FloatArray:
    """Product in which a chance too small for a float times infinity is infinite."""
    each = value[states.row]
    finite = np.isfinite(each)
    return np.where(finite, alive * np.where(finite, each, 0.0), np.inf)


def _integral(mixtures: Mixtures, states: AliveStates, discount_rate: float, horizon: float) -> FloatArray:
    """Integral of ``e^(-δ (α + T) z) E[(1 + p z)^-shape]`` over z = τ / (α + T), in each state.

    Gauss-Legendre quadrature on ``log(1 + κ z)``, in which the integrand is analytic in a strip about the real line and bounded there by
    what it is on the line.
    """
    kind, rate = states.kind, states.rate
    if len(kind) == 0:
        return np.empty(0)
    with np.errstate(divide="ignore"):
        end = np.minimum(horizon, _DISCOUNTED_AWAY / np.float64(discount_rate)) / rate
    starts = np.flatnonzero(np.diff(kind, prepend=-1))
    staying = panels(share_staying, mixtures, np.zeros(len(starts)), np.maximum.reduceat(end, starts))
    stretch = np.maximum(mixtures.stretch[kind], discount_rate * rate)
    length = np.log1p(stretch * end)
    n_nodes = _NODE_STEP * np.ceil((_DIGITS / np.arcsinh(_STRIP / length) + 2.0) / _NODE_STEP).astype(np.int64)
    integral = np.empty(len(kind))
    for number in np.unique(n_nodes):
        rows = np.flatnonzero(n_nodes == number)
        rule = _gauss_legendre(int(number))
        size = max(1, _VALUES_AT_ONCE // int(number))
        for first in range(0, len(rows), size):
            block = rows[first : first + size]
            scale = np.expm1(length[block, None] * rule[0])
            growth = (1.0 + scale) * rule[1]
            scale /= stretch[block, None]
            growth *= staying.at(scale, kind[block])
            if discount_rate > 0.0:
                scale *= -discount_rate * rate[block, None]
                growth *= np.exp(scale)
            integral[block] = np.einsum("ij->i", growth) * length[block] / stretch[block]
    return integral


@cache
def _gauss_legendre(n_nodes: int) -> FloatArray:
    """Nodes and weights on [0, 1], of shape (2, n_nodes)."""
    nodes, weights = np.polynomial.legendre.leggauss(n_nodes)
    return np.stack([0.5 + 0.5 * nodes, 0.5 * weights])
