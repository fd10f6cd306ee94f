"""Means over a beta-distributed dropout probability."""

from __future__ import annotations

from typing import Final

import numpy as np

from crmmodels._typing import FloatArray

_DECAY: Final = 44.0
"""Weights below e^-44 of the largest change no digit."""
_MARGIN: Final = 38.0
"""Beyond e^-38 of their scale, logistic and power are what their limits are, to the last digit."""
_WIDEST_STEP: Final = 0.25
_STEP_PER_WIDTH: Final = 0.5
"""Steps of the trapezoidal rule, by the distance of the nearest singularity and by the width of a narrow peak."""
_NODES_AT_ONCE: Final = 2**18
_BISECTIONS: Final = 40


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
    undefined at a = 1. Here the mean itself, whose terms are all positive, is summed by the trapezoidal rule in the logit of p, which
    converges geometrically: the integrand is analytic in a strip. Where the beta density falls off slowly, its tails are
    geometric series and are added in closed form.

    References
    ----------
    Trefethen, L. N. & Weideman, J. A. C. (2014). The Exponentially Convergent Trapezoidal Rule. SIAM Review 56(3), 385-458.
    doi:10.1137/130932132
    """
    result = np.empty(len(shape))
    mode = np.log(a / b)
    width = np.sqrt((a + b) / a / b)
    step = np.minimum(_WIDEST_STEP, _STEP_PER_WIDTH * width)
    low = mode - _reach(mode, a, b, -1.0, mode + _MARGIN + np.log(np.maximum(scale * (shape + 1.0), np.maximum(a + b, 1.0))))
    high = mode + _reach(mode, a, b, 1.0, _MARGIN + np.log(np.maximum(a + b, 1.0)) - mode)
    n_nodes = np.ceil((high - low) / step).astype(np.int64) + 1
    # Rows of like size go together, so that no row waits for the longest.
    order = np.argsort(n_nodes, kind="stable")
    start = 0
    while start < len(order):
        stop = start + 1
        while stop < len(order) and (stop - start + 1) * n_nodes[order[stop]] <= _NODES_AT_ONCE:
            stop += 1
        rows = order[start:stop]
        result[rows] = _mean(
            shape[rows], scale[rows], a[rows], b[rows], low=low[rows], step=step[rows], n_nodes=int(n_nodes[rows[-1]])
        )
        start = stop
    return result


def _log_density(y: FloatArray, a: FloatArray, b: FloatArray) -> FloatArray:
    """Logarithm of the beta density of the logistic of y, without its constant."""
    tail = np.log1p(np.exp(-np.abs(y)))
    density: FloatArray = -a * (np.maximum(-y, 0.0) + tail) - b * (np.maximum(y, 0.0) + tail)
    return density


def _reach(mode: FloatArray, a: FloatArray, b: FloatArray, side: float, most: FloatArray) -> FloatArray:
    """Distance from the mode at which the density has decayed, at most a given one."""
    top = _log_density(mode, a, b)
    low, high = np.zeros_like(mode), np.maximum(most, 1.0)
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        inside = _log_density(mode + side * middle, a, b) > top - _DECAY
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    return high


def _mean(
    shape: FloatArray, scale: FloatArray, a: FloatArray, b: FloatArray, *, low: FloatArray, step: FloatArray, n_nodes: int
) -> FloatArray:
    a, b, shape, scale = (values[:, None] for values in (a, b, shape, scale))
    y = low[:, None] + step[:, None] * np.arange(n_nodes)
    p = 1.0 / (1.0 + np.exp(-y))
    orders = -np.expm1(-shape * np.log1p(p * scale)) / p
    log_weight = _log_density(y, a, b)
    weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
    # Outside, the density is e^(a y) or e^-(b y), and the orders are constant: the rest of the sum is a geometric series.
    weight[:, 0] /= -np.expm1(-a[:, 0] * step)
    weight[:, -1] /= -np.expm1(-b[:, 0] * step)
    mean: FloatArray = (weight * orders).sum(axis=1) / weight.sum(axis=1)
    return mean
