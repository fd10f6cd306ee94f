"""The race of Pareto/NBD run to its end, as power series of positive terms.

Of a customer of age t, with n = r + x, a = alpha + t and b = beta + t as in `crmmodels.kernels.purchase.pareto_nbd.quadrature`, either the dropout or an order
comes first when the race runs for ever. Call the one with the smaller of a and b the near one, with shape k and scale c, and the other the
far one, with shape l and scale d. Then with m = k + l and ``z = (d - c) / d``, which is between 0 and 1, the chances that the far and that the
near one comes first are Gauss's hypergeometric functions

``F = l / m (1 - z) sum_j (l + 1)_j / (m + 1)_j z^j,    N = k / m sum_j (l)_j / (m + 1)_j z^j,    F + N = 1``

A race from t to T is the race from t for ever less what comes after T, so that functions of (x, t) and of (x, T) alone give what happens in
a silence, with ``S = e^-h`` the probability that neither comes in it:

``D = g(t) - S g(T),    Q = S + D = g(t) + S (1 - g(T))``

where g is the chance that the dropout comes first, F or N. Q has no difference in it, and D none that cancels unless the silence is short.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from crmmodels._typing import FloatArray

LARGEST_SHARE: Final = 0.7
"""Largest z at which the series serve: a hundred terms; beyond, quadrature costs less."""
_SMALLEST_TERM: Final = 2.0**-54
"""A term that changes no bit of a sum of at least 1."""
_MOST_TERMS: Final = 112
"""Terms until z^j is below the smallest term at the largest z, and a few more."""
_LOG_TRUNCATED: Final = -44.0
"""Logarithm of z^j where the sums with derivatives end."""
_TERMS_A_CHECK: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """The two clocks of the race, and which of them is the near one.

    Attributes
    ----------
    order_is_near : bool
        Whether alpha is at most beta.
    near, far : float
        The smaller and the larger of alpha and beta.
    """

    order_is_near: bool
    near: float
    far: float


def pair(alpha: float, beta: float) -> Pair:
    """Order the two scales.

    Parameters
    ----------
    alpha, beta : float
        Rates of the order rate and of the dropout rate.

    Returns
    -------
    Pair
        The smaller one first.
    """
    return Pair(True, alpha, beta) if alpha <= beta else Pair(False, beta, alpha)


def dropout_first_ever(n: FloatArray, start: FloatArray, *, alpha: float, s: float, beta: float) -> FloatArray:
    """Probability that the dropout comes before the next order, however long that takes.

    Parameters
    ----------
    n : ndarray of float64, shape (n_rows,)
        Shape of the order rate, r + x.
    start : ndarray of float64, shape (n_rows,)
        Age t from which on the race runs.
    alpha, s, beta : float
        Rate of the order rate; shape and rate of the dropout rate.

    Returns
    -------
    ndarray of float64, shape (n_rows,)
        To a few units in the last place; NaN where z is above `LARGEST_SHARE`, beyond which the series are long.

    Notes
    -----
    Each row is summed forwards until its terms are too small to change a bit of it, so that other rows of the block that need more terms do not
    matter.
    """
    clocks = pair(alpha, beta)
    far = clocks.far + start
    share = (clocks.far - clocks.near) / far
    serves = share <= LARGEST_SHARE
    share = np.where(serves, share, 0.0)
    top = np.full(len(n), s + 1.0) if clocks.order_is_near else n.copy()
    bottom = n + (s + 1.0)
    term, total, ratio = np.ones(len(n)), np.ones(len(n)), np.empty(len(n))
    for j in range(_MOST_TERMS):
        np.divide(top, bottom, out=ratio)
        ratio *= share
        term *= ratio
        total += term
        if j % _TERMS_A_CHECK == 0 and not term.max(initial=0.0) > _SMALLEST_TERM:
            break
        top += 1.0
        bottom += 1.0
    total *= s / (n + s)
    if clocks.order_is_near:
        total *= (clocks.near + start) / far
    total[~serves] = np.nan
    return total


def n_terms(largest_share: float) -> int:
    """Terms that the sums of `coefficients` need.

    Parameters
    ----------
    largest_share : float
        Largest z of the rows, at most `LARGEST_SHARE`.

    Returns
    -------
    int
        At least 2.
    """
    return 2 + int(_LOG_TRUNCATED / np.log(max(largest_share, 1e-12)))


def value_coefficients(near_shape: FloatArray, far_shape: FloatArray, terms: int) -> FloatArray:
    """Coefficients of the powers of z in F / (1 - z) and N.

    Parameters
    ----------
    near_shape, far_shape : ndarray of float64, shape (n_shapes, 1)
        Shapes k and l.
    terms : int
        Powers of z from 0 on.

    Returns
    -------
    ndarray of float64, shape (n_shapes, 2, terms)
        Of F / (1 - z) and of N.
    """
    far = _far_first(near_shape, far_shape, terms)
    return np.stack([far, far * (near_shape / (far_shape + np.arange(terms)))], axis=1)


def coefficients(near_shape: FloatArray, far_shape: FloatArray, terms: int) -> FloatArray:
    """Coefficients of the powers of z in F and N, and in the derivatives of F by k, l and z.

    Parameters
    ----------
    near_shape, far_shape : ndarray of float64, shape (n_shapes, 1)
        Shapes k and l.
    terms : int
        Powers of z from 0 on.

    Returns
    -------
    ndarray of float64, shape (n_shapes, 11, terms)
        Of F, N, and the derivatives of F by k, l, kk, kl, ll, z, kz, lz and zz; F and those by k and l alone are divided by 1 - z.
    """
    j = np.arange(terms + 1.0)
    both = near_shape + far_shape
    f = _far_first(near_shape, far_shape, terms + 1)
    # Derivatives of log f by l at fixed m, and by m.
    by_both = np.cumsum(1.0 / (both + j), axis=1)
    by_far = np.cumsum(near_shape / ((both + j) * (far_shape + j)), axis=1)
    curve = np.cumsum(1.0 / (both + j) ** 2, axis=1)
    curve_far = np.cumsum(near_shape * (both + far_shape + 2.0 * j) / ((both + j) * (far_shape + j)) ** 2, axis=1)
    slope = -f * near_shape * (j + 1.0) / (both + 1.0 + j)
    last = 1.0 / (both + 1.0 + j)
    return np.stack(
        [
            f,
            f * (near_shape / (far_shape + j)),
            -f * by_both,
            f * by_far,
            f * (by_both * by_both + curve),
            f * (curve - by_both * by_far),
            f * (by_far * by_far - curve_far),
            slope,
            slope * (1.0 / near_shape - by_both - last),
            slope * (by_far - last),
            np.roll(slope, -1, axis=1) * (j + 1.0),
        ],
        axis=1,
    )[:, :, :terms]


def powers(share: FloatArray, terms: int) -> FloatArray:
    """Powers of z.

    Parameters
    ----------
    share : ndarray of float64, shape (n_rows,)
        The z.
    terms : int
        Powers from 0 on, at least 2.

    Returns
    -------
    ndarray of float64, shape (terms, n_rows)
        The powers.
    """
    result = np.empty((terms, len(share)))
    result[0] = 1.0
    result[1] = share
    done = 2
    while done < terms:
        more = min(done, terms - done)
        np.multiply(result[:more], result[done - 1] * share, out=result[done : done + more])
        done += more
    return result


def _far_first(near_shape: FloatArray, far_shape: FloatArray, terms: int) -> FloatArray:
    """Coefficients l / m (l + 1)_j / (m + 1)_j."""
    j = np.arange(float(terms))
    return np.cumprod((far_shape + j) / (near_shape + far_shape + j), axis=1, dtype=np.float64)
