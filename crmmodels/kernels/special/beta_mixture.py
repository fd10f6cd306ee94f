"""Means over a beta-distributed dropout probability."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np

from crmmodels._typing import FloatArray

_DECAY: Final = 42.0
"""Weights below e^-42 of the largest change no digit."""
_MARGIN: Final = 38.0
"""Where a tail beyond a point and what is neglected there are together e^-38 of the whole, the sum ends at that point."""
_WIDEST_STEP: Final = 0.25
_STEP_PER_WIDTH: Final = 0.5
"""Steps of the trapezoidal rule, by the distance of the nearest singularity and by the width of a narrow peak."""
_NODE_STEP: Final = 16
"""Numbers of nodes are multiples of this, so that rows can go together."""
_VALUES_AT_ONCE: Final = 2**15
"""Values at nodes that are worked on at a time; a few such arrays fit in a processor's cache."""
_BISECTIONS: Final = 30

Integrand: TypeAlias = Callable[[FloatArray, FloatArray], FloatArray]
"""From ``-shape * log(1 + p * scale)`` and p to what is averaged."""


def orders_until_dropout(power: FloatArray, p: FloatArray) -> FloatArray:
    """Integrand ``(1 - (1 + p * scale)^-shape) / p`` of `mean_over_dropout`: orders within a horizon.

    Parameters
    ----------
    power : ndarray of float64
        Logarithm of the power.
    p : ndarray of float64
        Dropout probability.

    Returns
    -------
    ndarray of float64
        The integrand.
    """
    orders: FloatArray = -np.expm1(power) / p
    return orders


def share_staying(power: FloatArray, p: FloatArray) -> FloatArray:  # noqa: ARG001  (an integrand)
    """Integrand ``(1 + p * scale)^-shape`` of `mean_over_dropout`: the share not dropped out within a time.

    Parameters
    ----------
    power : ndarray of float64
        Logarithm of the power.
    p : ndarray of float64
        Dropout probability.

    Returns
    -------
    ndarray of float64
        The integrand.
    """
    return np.exp(power)


def mean_orders_until_dropout(shape: FloatArray, scale: FloatArray, a: FloatArray, b: FloatArray) -> FloatArray:
    """Mean orders of a buyer of gamma-distributed rate who drops out after an order with a beta-distributed probability.

    Parameters
    ----------
    shape : ndarray of float64, shape (n_rows,)
        Shape s of the rate's gamma distribution, positive.
    scale : ndarray of float64, shape (n_rows,)
        Horizon over the rate parameter of the gamma distribution, positive.
    a, b : ndarray of float64, shape (n_rows,)
        Parameters of the beta distribution of the dropout probability, positive.

    Returns
    -------
    ndarray of float64, shape (n_rows,)
        ``E[(1 - (1 + p * scale)^-shape) / p]`` over p ~ Beta(a, b).

    Notes
    -----
    The textbook form ``(a + b - 1) / (a - 1) * (1 - ... 2F1(...))`` is a difference of numbers that agree where the horizon is short, and is
    undefined at a = 1. Here the mean itself is summed, whose terms are all positive.
    """
    return mean_over_dropout(orders_until_dropout, shape, scale[:, None], a, b)[:, 0]


def mean_share_staying(shape: FloatArray, scale: FloatArray, a: FloatArray, b: FloatArray) -> FloatArray:
    """Mean chance that a buyer of gamma-distributed rate has not dropped out, with a beta-distributed probability after each order.

    Parameters
    ----------
    shape : ndarray of float64, shape (n_rows,)
        Shape s of the rate's gamma distribution, positive.
    scale : ndarray of float64, shape (n_rows,)
        Time over the rate parameter of the gamma distribution, not negative.
    a, b : ndarray of float64, shape (n_rows,)
        Parameters of the beta distribution of the dropout probability, positive.

    Returns
    -------
    ndarray of float64, shape (n_rows,)
        ``E[(1 + p * scale)^-shape]`` over p ~ Beta(a, b), which is ``2F1(shape, a; a + b; -scale)``.
    """
    return mean_over_dropout(share_staying, shape, scale[:, None], a, b)[:, 0]


def mean_over_dropout(integrand: Integrand, shape: FloatArray, scales: FloatArray, a: FloatArray, b: FloatArray) -> FloatArray:
    """Mean of a function of a beta-distributed dropout probability, at several scales for each distribution.

    Parameters
    ----------
    integrand : callable
        `orders_until_dropout` or `share_staying`.
    shape : ndarray of float64, shape (n_rows,)
        Shape of the rate's gamma distribution, positive.
    scales : ndarray of float64, shape (n_rows, n_scales)
        Times over the rate parameter of the gamma distribution, not negative.
    a, b : ndarray of float64, shape (n_rows,)
        Parameters of the beta distribution of the dropout probability, positive.

    Returns
    -------
    ndarray of float64, shape (n_rows, n_scales)
        The means. What a row gives depends on nothing but that row, to the last bit.

    Notes
    -----
    Trapezoidal rule in the logit of p, which converges geometrically: the integrand is analytic in a strip. Where the beta density falls
    off slowly, its tails are geometric series and are added in closed form.

    References
    ----------
    Trefethen, L. N. & Weideman, J. A. C. (2014). The Exponentially Convergent Trapezoidal Rule. SIAM Review 56(3), 385-458.
    doi:10.1137/130932132
    """
    n_scales = scales.shape[1]
    result = np.empty(scales.shape)
    mode = np.log(a / b)
    step = np.minimum(_WIDEST_STEP, _STEP_PER_WIDTH * np.sqrt((a + b) / a / b))
    # In the left tail p counts against 1 / (shape * scale) and 1 / (a + b), in the right one 1 - p against 1 / shape and 1 / (a + b).
    left = np.log(np.maximum(np.max(scales, axis=1) * (shape + 1.0), np.maximum(a + b, 1.0))) + _MARGIN / (1.0 + a)
    right = np.log(np.maximum(a + b, shape + 1.0)) + _MARGIN / (1.0 + b)
    # A mean of up to 1 / p: the density times 1 / p must have decayed on the left.
    with np.errstate(divide="ignore"):
        decay = np.where(a > 1.0, _DECAY * a / np.maximum(a - 1.0, 0.0), np.inf)
    low = mode - _reach(a, b, -1.0, most=mode + left, decay=decay)
    high = mode + _reach(a, b, 1.0, most=right - mode, decay=np.full(len(b), _DECAY))
    n_nodes = _NODE_STEP * np.ceil(((high - low) / step + 1.0) / _NODE_STEP).astype(np.int64)
    for number in np.unique(n_nodes):
        rows = np.flatnonzero(n_nodes == number)
        size = max(1, _VALUES_AT_ONCE // (int(number) * n_scales))
        for first in range(0, len(rows), size):
            block = rows[first : first + size]
            y = low[block, None] + step[block, None] * np.arange(number)
            p = 1.0 / (1.0 + np.exp(-y))
            weight = _weights(y, step[block], a[block], b[block])
            power = p[:, None, :] * scales[block, :, None]
            np.log1p(power, out=power)
            power *= -shape[block, None, None]
            result[block] = np.einsum("ijk,ik->ij", integrand(power, p[:, None, :]), weight)
    return result


def _weights(y: FloatArray, step: FloatArray, a: FloatArray, b: FloatArray) -> FloatArray:
    """Weights of nodes on the logit, of sum 1 in each row."""
    log_weight = _log_density(y, a[:, None], b[:, None])
    weight: FloatArray = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
    # Outside, the density is e^(a y) or e^-(b y), and the integrand is constant: the rest of the sum is a geometric series.
    weight[:, 0] /= -np.expm1(-a * step)
    weight[:, -1] /= -np.expm1(-b * step)
    weight /= np.einsum("ij->i", weight)[:, None]
    return weight


def _log_density(y: FloatArray, a: FloatArray, b: FloatArray) -> FloatArray:
    """Logarithm of the beta density of the logistic of y, without its constant."""
    tail = np.log1p(np.exp(-np.abs(y)))
    density: FloatArray = -a * (np.maximum(-y, 0.0) + tail) - b * (np.maximum(y, 0.0) + tail)
    return density


def _reach(a: FloatArray, b: FloatArray, side: float, *, most: FloatArray, decay: FloatArray) -> FloatArray:
    """Distance from the mode at which the logarithm of the density has fallen by so much, at most a given one."""
    mode = np.log(a / b)
    limit = _log_density(mode, a, b) - decay
    low, high = np.zeros_like(mode), np.maximum(most, 1.0)
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        inside = _log_density(mode + side * middle, a, b) > limit
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    return high
