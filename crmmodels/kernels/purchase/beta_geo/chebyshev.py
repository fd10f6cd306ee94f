"""Means over the dropout probability at very many times: Chebyshev series on fixed panels.

After a change of variable ``y = log(1 + κ z)`` in the time z over the rate parameter, the functions that BG/NBD integrates are analytic in a
strip about the real line and bounded there by their values on it, so that a series of fixed length serves for every panel of
fixed width. A panel is one of one frequency; the series on it depend on nothing but the parameters and that frequency.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from crmmodels._typing import FloatArray, IntArray
from crmmodels.kernels.special.beta_mixture import Integrand, mean_over_dropout, orders_until_dropout

_WIDTH: Final = 1.0
_N_TERMS: Final = 18
"""Width of the panels and length of the series: the rest is below 1e-14 of the function."""
_VALUES_AT_ONCE: Final = 2**13
"""Points that are worked on at a time, so that arrays stay in a processor's cache."""


@dataclass(frozen=True, slots=True, eq=False)
class Mixtures:
    """Gamma-distributed rates and beta-distributed dropout probabilities of several kinds of customers.

    Attributes
    ----------
    shape : ndarray of float64, shape (n_kinds,)
        Shapes of the rates, positive.
    a, b : ndarray of float64, shape (n_kinds,)
        Parameters of the beta distributions, positive.
    """

    shape: FloatArray
    a: FloatArray
    b: FloatArray

    @property
    def stretch(self) -> FloatArray:
        """The κ that spreads what happens where p is not small over several panels, shape (n_kinds,)."""
        spread: FloatArray = 1.0 + self.shape / np.maximum(1.0, (self.a + self.b) / np.maximum(2.0 * self.a, 2.0))
        return spread


@dataclass(frozen=True, slots=True, eq=False)
class Panels:
    """Chebyshev series of a mean over the dropout probability.

    Attributes
    ----------
    series : ndarray of float64, shape (n_terms, n_panels)
        Coefficients on each panel.
    origin : ndarray of int64, shape (n_kinds,)
        Panel of each kind of customers that starts at y = 0, whether or not it is there.
    stretch : ndarray of float64, shape (n_kinds,)
        The κ of each kind.
    """

    series: FloatArray
    origin: IntArray
    stretch: FloatArray

    def at(self, scale: FloatArray, kind: IntArray) -> FloatArray:
        """Values of the function.

        Parameters
        ----------
        scale : ndarray of float64, shape (n_rows, n_points)
            Times over the rate parameter, within the range of their kind.
        kind : ndarray of int64, shape (n_rows,)
            Kind of customers.

        Returns
        -------
        ndarray of float64, shape (n_rows, n_points)
            Each to about 1e-14 of the value at half the time, and dependent on nothing but its own scale and kind.
        """
        values = np.empty(scale.shape)
        size = max(1, _VALUES_AT_ONCE // max(scale.shape[1], 1))
        for first in range(0, len(kind), size):
            rows = slice(first, first + size)
            y = _stretched(scale[rows], self.stretch[kind[rows], None])
            number = y.astype(np.int64)
            u = 2.0 * (y - number) - 1.0
            values[rows] = _clenshaw(self.series, u, self.origin[kind[rows], None] + number)
        return values


def panels(integrand: Integrand, mixtures: Mixtures, least: FloatArray, most: FloatArray) -> Panels:
    """Series of the mean of an integrand, over a range of times for each kind of customers.

    Parameters
    ----------
    integrand : callable
        `orders_until_dropout`, of which the mean is divided by ``shape * scale``, or `share_staying`.
    mixtures : Mixtures
        The kinds of customers.
    least, most : ndarray of float64, shape (n_kinds,)
        Smallest and largest time over the rate parameter, not negative.

    Returns
    -------
    Panels
        The series.

    References
    ----------
    Trefethen, L. N. (2013). Approximation Theory and Approximation Practice, chapter 8. SIAM.
    """
    stretch = mixtures.stretch
    lowest, highest = (_stretched(scale, stretch).astype(np.int64) for scale in (least, most))
    n_panels = highest - lowest + 1
    kind = np.repeat(np.arange(len(stretch)), n_panels)
    origin = np.cumsum(n_panels) - n_panels - lowest
    number = np.arange(len(kind)) - origin[kind]
    y = _WIDTH * (number[:, None] + _points())
    scale = np.expm1(y) / stretch[kind, None]
    values = mean_over_dropout(integrand, mixtures.shape[kind], scale, mixtures.a[kind], mixtures.b[kind])
    if integrand is orders_until_dropout:
        values /= mixtures.shape[kind, None] * scale
    # Not a product of matrices, whose last bits would depend on the number of panels.
    series = np.stack([np.einsum("ij->i", values * row) for row in _transform()])
    return Panels(series, origin, stretch)


def _stretched(scale: FloatArray, stretch: FloatArray) -> FloatArray:
    """The variable y, in widths of panels."""
    y: FloatArray = np.log1p(scale * stretch) / _WIDTH
    return y


def _clenshaw(series: FloatArray, u: FloatArray, panel: IntArray) -> FloatArray:
    double = u + u
    here, before, spare = series[-1].take(panel), np.zeros_like(u), np.empty_like(u)
    for terms in series[-2:0:-1]:
        np.multiply(double, here, out=spare)
        spare -= before
        spare += terms.take(panel)
        here, before, spare = spare, here, before
    value: FloatArray = u * here - before + series[0].take(panel)
    return value


@cache
def _points() -> FloatArray:
    """Chebyshev points of a panel of width 1."""
    points: FloatArray = 0.5 + 0.5 * np.cos(np.pi * (np.arange(_N_TERMS) + 0.5) / _N_TERMS)
    return points


@cache
def _transform() -> FloatArray:
    """Matrix from values at the points to coefficients, of shape (n_terms, n_points)."""
    degree, point = np.arange(_N_TERMS)[:, None], np.arange(_N_TERMS) + 0.5
    matrix: FloatArray = 2.0 / _N_TERMS * np.cos(np.pi * degree * point / _N_TERMS)
    matrix[0] *= 0.5
    return matrix
