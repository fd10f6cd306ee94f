"""The integral of Pareto/NBD: whether the next order or the dropout comes first.

Of a customer with n = r + x and a = alpha + t, orders wait with hazard n / (a + w) and dropout with hazard s / (b + w), b = beta + t, when
a time w has passed since t. Until w neither happens with probability

``S(w) = (1 + w / a)^-n (1 + w / b)^-s``

and dropout or an order comes first with

``D(w) = integral from 0 to w of s / (b + v) S(v) dv,    K(w) = integral from 0 to w of n / (a + v) S(v) dv``

All three are positive and S + D + K = 1, so that ``Q = S + D = 1 - K``, the chance that no order is seen until w, never is a difference of
large numbers: it is the one form or the other, whichever keeps the digits. The same holds of its derivatives: those by n and a are averages
over S and D, those by s and b over K.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from crmmodels._typing import AnyArray, FloatArray, IntArray

_DECAY: Final = 38.0
"""Where the integrands have fallen by e^-38 = 3e-17 of what counts, the integrals end."""
_N_NODES: Final = (8, 16, 24, 32, 48, 72, 100)
"""Orders of Gauss-Legendre rules to choose from; parameters from 1e-3 to 1e3 and times to 1e6 need 64 at most, the rest is margin."""
_SHORT: Final = 0.5
"""Interval and decay up to which the smallest rule serves."""
_N_NODES_LONG: Final = (48, 72, 100, 144, 208, 300)
"""The same for densities on the whole line of log times."""
_N_DOUBLINGS: Final = 8
_N_HALVINGS: Final = 14
"""Steps that find where a density has decayed: to 128 from its peak, and to a ten-thousandth of that."""
_BLOCK_VALUES: Final = 8192
"""Values at nodes that are worked on at a time; half a dozen such arrays fit in a processor's cache."""


@dataclass(frozen=True, slots=True, eq=False)
class Race:
    """How the race between the next order and the dropout stands.

    Attributes
    ----------
    hazard : ndarray of float64, shape (n_rows,)
        Minus the logarithm of S, the probability that neither has come.
    dropout_first : ndarray of float64, shape (n_rows,)
        Probability D that the dropout came first.
    order_first : ndarray of float64, shape (n_rows,)
        Probability K that an order came first.
    """

    hazard: FloatArray
    dropout_first: FloatArray
    order_first: FloatArray

    @property
    def log_no_order(self) -> FloatArray:
        """Logarithm of Q, the probability that no order is seen."""
        k = self.order_first
        rest = np.where(k < 0.5, 1.0, np.exp(-self.hazard) + self.dropout_first)
        return np.where(k < 0.5, np.log1p(-np.minimum(k, 0.5)), np.log(rest))


@dataclass(frozen=True, slots=True, eq=False)
class NoOrder:
    """Logarithm of the probability Q that no order is seen, with its derivatives by n, log a, s and log b.

    Attributes
    ----------
    value : ndarray of float64, shape (n_rows,)
        The logarithm, at most 0.
    gradient : ndarray of float64, shape (4, n_rows)
        First derivatives.
    hessian : ndarray of float64, shape (4, 4, n_rows)
        Second derivatives; the upper triangle alone is filled.
    """

    value: FloatArray
    gradient: FloatArray
    hessian: FloatArray


def race(n: FloatArray, start: FloatArray, length: FloatArray, *, alpha: float, s: float, beta: float) -> Race:
    """Probabilities that an order or the dropout comes first within a time.

    Parameters
    ----------
    n : ndarray of float64, shape (n_rows,)
        Shape of the order rate, r + x.
    start : ndarray of float64, shape (n_rows,)
        Age t from which on the race runs.
    length : ndarray of float64, shape (n_rows,)
        Time w that it has run.
    alpha, s, beta : float
        Rate of the order rate; shape and rate of the dropout rate.

    Returns
    -------
    Race
        Each to about 1e-13 of its value.

    Notes
    -----
    Gauss-Legendre quadrature on ``v = log(1 + w / min(a, b))``, in which the integrands are analytic in a strip of half-width pi about
    the real line and decay at least exponentially, until where they have decayed; the number of nodes follows from the length of that
    interval and the decay over it.
    """

    def sums(at: _Nodes) -> list[FloatArray]:
        return [np.einsum("ij->i", at.dropout), np.einsum("ij->i", at.order)]

    dropout, order = _integrate(2, sums, n, start, length, alpha=alpha, s=s, beta=beta)
    return Race(_hazard(n, start, length, alpha=alpha, s=s, beta=beta), dropout, order)


def no_order(n: FloatArray, start: FloatArray, length: FloatArray, *, alpha: float, s: float, beta: float) -> NoOrder:
    """Logarithm of the probability that no order is seen within a time, with derivatives.

    Parameters
    ----------
    n : ndarray of float64, shape (n_rows,)
        Shape of the order rate, r + x.
    start : ndarray of float64, shape (n_rows,)
        Age t from which on no order is seen.
    length : ndarray of float64, shape (n_rows,)
        Time w without an order.
    alpha, s, beta : float
        Rate of the order rate; shape and rate of the dropout rate.

    Returns
    -------
    NoOrder
        Value and first derivatives without cancellation.

    Notes
    -----
    With ``y = log(1 + w / a)``, ``z = log(1 + w / b)``, ``p = w / (a + w)``, ``q = w / (b + w)``, the average <f> of f over the time of
    the dropout where no order came before it (or over the end, where neither came), and [f], the sum of f over the time of an order that
    came first, divided by Q:

    ``d log Q = -<y> dn + n <p> dlog a + [z] ds - s [q] dlog b``

    and second derivatives by differentiating once more under the integral signs.
    """

    def sums(at: _Nodes) -> list[FloatArray]:
        dropout_y, dropout_p = at.dropout * at.y, at.dropout * at.p
        order_z, order_q = at.order * at.z, at.order * at.q
        return [
            np.einsum("ij->i", at.dropout),
            np.einsum("ij->i", at.order),
            np.einsum("ij->i", dropout_y),
            np.einsum("ij->i", dropout_p),
            np.einsum("ij->i", order_z),
            np.einsum("ij->i", order_q),
            np.einsum("ij,ij->i", dropout_y, at.y),
            np.einsum("ij,ij->i", dropout_y, at.p),
            np.einsum("ij,ij->i", dropout_p, at.p),
            np.einsum("ij,ij->i", order_z, at.z),
            np.einsum("ij,ij->i", order_z, at.q),
            np.einsum("ij,ij->i", order_q, at.q),
            np.einsum("ij,ij->i", order_z, at.y),
            np.einsum("ij,ij->i", order_q, at.y),
            np.einsum("ij,ij->i", order_z, at.p),
            np.einsum("ij,ij->i", order_q, at.p),
        ]

    moments = _integrate(16, sums, n, start, length, alpha=alpha, s=s, beta=beta)
    hazard = _hazard(n, start, length, alpha=alpha, s=s, beta=beta)
    value = Race(hazard, moments[0], moments[1]).log_no_order
    y_end, p_end = np.log1p(length / (alpha + start)), length / (alpha + start + length)
    neither, scale = np.exp(-hazard), np.exp(-value)
    moments[[2, 3, 6, 7, 8]] += neither * np.stack([y_end, p_end, y_end * y_end, y_end * p_end, p_end * p_end])
    y, p, z, q, yy, yp, pp, zz, zq, qq, zy, qy, zp, qp = moments[2:] * scale
    gradient = np.stack([-y, n * p, z, -s * q])
    hessian = np.zeros((4, 4, len(n)))
    hessian[0, 0] = yy
    hessian[0, 1] = p - n * yp
    hessian[1, 1] = n * n * pp - n * (p - pp)
    hessian[2, 2] = -zz
    hessian[2, 3] = s * zq - q
    hessian[3, 3] = s * (q - qq) - s * s * qq
    hessian[0, 2] = z / n - zy
    hessian[0, 3] = -s * (q / n - qy)
    hessian[1, 2] = (n + 1.0) * zp - z
    hessian[1, 3] = -s * ((n + 1.0) * qp - q)
    for i in range(4):
        for j in range(i, 4):
            hessian[i, j] -= gradient[i] * gradient[j]
    return NoOrder(value, gradient, hessian)


@dataclass(frozen=True, slots=True, eq=False)
class _Nodes:
    """The integrands at the nodes of some rows.

    Attributes
    ----------
    dropout, order : ndarray of float64, shape (n_rows, n_nodes)
        Integrands of D and K times the weights of the nodes.
    y, z, p, q : ndarray of float64, shape (n_rows, n_nodes)
        log(1 + w / a), log(1 + w / b), w / (a + w) and w / (b + w).
    """

    dropout: FloatArray
    order: FloatArray
    y: FloatArray
    z: FloatArray
    p: FloatArray
    q: FloatArray


def _hazard(n: FloatArray, start: FloatArray, length: FloatArray, *, alpha: float, s: float, beta: float) -> FloatArray:
    hazard: FloatArray = n * np.log1p(length / (alpha + start)) + s * np.log1p(length / (beta + start))
    return hazard


def _integrate(
    n_sums: int,
    sums: Callable[[_Nodes], list[FloatArray]],
    n: FloatArray,
    start: FloatArray,
    length: FloatArray,
    *,
    alpha: float,
    s: float,
    beta: float,
) -> FloatArray:
    """Sums over nodes, of shape (n_sums, n_rows).

    What a row gives depends on nothing but that row: each is summed along its own contiguous nodes.
    """
    a_is_near = alpha <= beta
    near, far = (alpha + start, beta + start) if a_is_near else (beta + start, alpha + start)
    dropout_shape = np.full(len(n), s)
    n_near, n_far = (n, dropout_shape) if a_is_near else (dropout_shape, n)
    interval, decay = _interval(n_near, near, n_far, far, length)
    # Gauss-Legendre needs nodes for the length relative to the poles at +-pi i, and for the decay; the numbers were fitted over the whole domain.
    needed = 12.0 + 3.0 * np.sqrt(decay) + 3.0 * interval
    rule = np.searchsorted(_N_NODES[:-1], np.where(np.maximum(interval, decay) <= _SHORT, 0.0, needed))
    result = np.empty((n_sums, len(n)))
    for number, n_nodes in enumerate(_N_NODES):
        rows = np.flatnonzero(rule == number)
        nodes, weights = gauss_legendre(n_nodes)
        size = max(1, _BLOCK_VALUES // n_nodes)
        for first in range(0, len(rows), size):
            block = rows[first : first + size]
            shape_near, at_near, shape_far, at_far = (v[block, None] for v in (n_near, near, n_far, far))
            extent = interval[block, None]
            log_near = extent * nodes
            w = at_near * np.expm1(log_near)
            log_far = np.log1p(w / at_far)
            to_near, to_far = at_near + w, at_far + w
            density = np.exp(-shape_near * log_near - shape_far * log_far)
            density *= extent * weights
            near_first, far_first = shape_near * density, shape_far * density * (to_near / to_far)
            part_near, part_far = w / to_near, w / to_far
            result[:, block] = sums(
                _Nodes(far_first, near_first, log_near, log_far, part_near, part_far)
                if a_is_near
                else _Nodes(near_first, far_first, log_far, log_near, part_far, part_near)
            )
    return result


def _interval(
    n_near: FloatArray, near: FloatArray, n_far: FloatArray, far: FloatArray, length: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Where the integrals end in v = log(1 + w / near), and the hazard there."""

    def hazard(v: FloatArray) -> FloatArray:
        return n_near * v + n_far * np.log1p(near * np.expm1(v) / far)

    # The density of the far one grows against S by the factor far / near at most, and S decays faster than that where n_near > 1.
    growth = np.minimum(np.log(far / near), _DECAY / np.maximum(n_near - 1.0, 1e-3))
    limit = _DECAY + growth
    # The hazard is convex in v: from the right of where it meets the limit, Newton's steps stay there.
    v = np.minimum(limit / (n_near + n_far * near / far), np.log1p(length / near))
    for _ in range(4):
        w = near * np.expm1(v)
        beyond = np.maximum(hazard(v) - limit, 0.0)
        v = v - beyond / (n_near + n_far * (near + w) / (far + w))
    return v, hazard(v)


def log_integral(log_density: Callable[[FloatArray, IntArray], FloatArray], peak: FloatArray, end: FloatArray) -> FloatArray:
    """Logarithm of the integral of a log-concave density from minus infinity to an end.

    Parameters
    ----------
    log_density : callable
        Points of shape (n_chosen, n_points) and the rows that they belong to, of shape (n_chosen,), to the logarithm of the density. It
        is concave, analytic in a strip of half-width pi about the real line, and its slope at minus infinity is at least 1.
    peak : ndarray of float64, shape (n_rows,)
        Where it is largest, before the end or behind it.
    end : ndarray of float64, shape (n_rows,)
        Where the integral ends, possibly infinite.

    Returns
    -------
    ndarray of float64, shape (n_rows,)
        The logarithms.

    Notes
    -----
    Gauss-Legendre quadrature between the points where the density has decayed.
    """
    rows = np.arange(len(peak))
    top = np.minimum(peak, end)
    highest = log_density(top[:, None], rows)[:, 0]

    def reach(direction: float) -> FloatArray:
        inside, outside = np.zeros(len(top)), np.ones(len(top))
        for step in range(_N_DOUBLINGS + _N_HALVINGS):
            doubles = step < _N_DOUBLINGS
            middle = outside if doubles else 0.5 * (inside + outside)
            above = log_density((top + direction * middle)[:, None], rows)[:, 0] > highest - _DECAY
            inside = np.where(above, middle, inside)
            outside = np.where(above, 2.0 * outside, outside) if doubles else np.where(above, outside, middle)
        return outside

    lower, upper = top - reach(-1.0), np.minimum(top + reach(1.0), end)
    rule = np.searchsorted(_N_NODES_LONG[:-1], 40.0 + 3.0 * (upper - lower))
    result = np.empty(len(top))
    for number, n_nodes in enumerate(_N_NODES_LONG):
        chosen = np.flatnonzero(rule == number)
        nodes, weights = gauss_legendre(n_nodes)
        size = max(1, _BLOCK_VALUES // n_nodes)
        for first in range(0, len(chosen), size):
            block = chosen[first : first + size]
            extent = (upper - lower)[block]
            density = np.exp(log_density(lower[block, None] + extent[:, None] * nodes, block) - highest[block, None])
            density *= weights
            result[block] = highest[block] + np.log(extent * np.einsum("ij->i", density))
    return result


@cache
def gauss_legendre(n_nodes: int) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights on [0, 1], polished: the weights that NumPy and SciPy give err by 1e-12 towards the ends."""
    x: AnyArray = np.polynomial.legendre.leggauss(n_nodes)[0].astype(np.longdouble)
    slope = np.ones_like(x)
    for _ in range(2):
        before: AnyArray = np.ones_like(x)
        here = x
        for k in range(2, n_nodes + 1):
            before, here = here, ((2 * k - 1) * x * here - (k - 1) * before) / k
        slope = n_nodes * (before - x * here) / (1 - x * x)
        x = x - here / slope
    weights = 1 / ((1 - x * x) * slope * slope)
    return ((1 + x) / 2).astype(np.float64), weights.astype(np.float64)
