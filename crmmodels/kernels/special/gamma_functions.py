"""Gamma functions where the textbook's differences of them would cancel."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from crmmodels._typing import FloatArray

_ASYMPTOTIC: Final = 8.0
"""From here on ten terms of Stirling's series are exact to the last digit of the function itself."""
_STIRLING: Final = (
    1 / 12,
    -1 / 360,
    1 / 1260,
    -1 / 1680,
    1 / 1188,
    -691 / 360360,
    1 / 156,
    -3617 / 122400,
    43867 / 244188,
    -174611 / 125400,
)


@dataclass(frozen=True, slots=True, eq=False)
class BesideStirling:
    """What the leading terms of Stirling's formula leave of the gamma function and its derivatives.

    Attributes
    ----------
    log_gamma : ndarray of float64, shape (n,)
        Remainder of the logarithm of the gamma function.
    digamma : ndarray of float64, shape (n,)
        Remainder of its derivative.
    trigamma : ndarray of float64, shape (n,)
        Remainder of its second derivative.
    """

    log_gamma: FloatArray
    digamma: FloatArray
    trigamma: FloatArray


def beside_stirling(y: FloatArray) -> BesideStirling:
    r"""Remainders of Stirling's formula for the gamma function and its derivatives.

    For differences of such functions whose leading terms are subtracted on paper.

    Parameters
    ----------
    y : ndarray of float64, shape (n,)
        Arguments, above 0.

    Returns
    -------
    BesideStirling
        From y = 8 on within 1e-13 of the remainders themselves, below within rounding of what they were subtracted from.

    Notes
    -----
    .. math:: \ln\Gamma(y) - (y - \frac{1}{2}) \ln y + y - \frac{1}{2}\ln 2\pi, \quad
        \psi(y) - \ln y + \frac{1}{2y}, \quad \psi'(y) - \frac{1}{y} - \frac{1}{2y^2}

    References
    ----------
    NIST Digital Library of Mathematical Functions, 5.11.1 and 5.11.2. dlmf.nist.gov.

    Examples
    --------
    >>> beside_stirling(np.array([1.0, 100.0])).log_gamma
    array([0.08106147, 0.00083333])
    """
    from scipy.special import digamma, gammaln, polygamma  # noqa: PLC0415  (scipy is not imported before it is used)

    large = y >= _ASYMPTOTIC
    series = np.where(large, y, _ASYMPTOTIC)
    inverse_square = 1.0 / (series * series)
    log_gamma, by_digamma, by_trigamma = np.zeros((3, len(y)))
    for k in range(len(_STIRLING), 0, -1):
        factor = _STIRLING[k - 1]
        log_gamma = log_gamma * inverse_square + factor
        by_digamma = by_digamma * inverse_square - (2 * k - 1) * factor
        by_trigamma = by_trigamma * inverse_square + 2 * k * (2 * k - 1) * factor
    small = np.where(large, 1.0, y)
    log = np.log(small)
    return BesideStirling(
        np.where(large, log_gamma / series, gammaln(small) - (small - 0.5) * log + small - 0.5 * math.log(2.0 * math.pi)),
        np.where(large, by_digamma * inverse_square, digamma(small) - log + 0.5 / small),
        np.where(large, by_trigamma * inverse_square / series, polygamma(1, small) - (1.0 + 0.5 / small) / small),
    )


@dataclass(frozen=True, slots=True, eq=False)
class LogRising:
    """Logarithms of rising factorials with two derivatives.

    Attributes
    ----------
    value : ndarray of float64, shape (n,)
        The logarithms.
    slope : ndarray of float64, shape (n,)
        Their derivatives by the first factor, not by its logarithm.
    curvature : ndarray of float64, shape (n,)
        Their second derivatives by it.
    """

    value: FloatArray
    slope: FloatArray
    curvature: FloatArray


def log_rising(r: float, x: FloatArray) -> LogRising:
    r"""Logarithm of the rising factorial, by which a gamma distribution of rates weights a number of orders.

    Parameters
    ----------
    r : float
        First factor, above 0.
    x : ndarray of float64, shape (n,)
        Numbers of factors, whole numbers from 0.

    Returns
    -------
    LogRising
        In the order of ``x``.

    Notes
    -----
    .. math:: \ln\frac{\Gamma(r + x)}{\Gamma(r)} = \sum_{k=0}^{x-1} \ln(r + k)

    is summed as it stands: the gamma functions would cancel where r is large. The sums of all x are the partial ones of the
    longest, so time and memory grow with the largest x, not with how many there are.

    Examples
    --------
    >>> log_rising(1.0, np.array([0.0, 1.0, 4.0])).value.round(6)
    array([0.      , 0.      , 3.178054])
    """
    count = x.astype(np.int64)
    factor = r + np.arange(count.max(initial=0), dtype=np.float64)
    sums = np.zeros((3, len(factor) + 1))
    np.cumsum([np.log(factor), 1.0 / factor, -1.0 / factor**2], axis=1, out=sums[:, 1:])
    value, slope, curvature = sums[:, count]
    return LogRising(value, slope, curvature)
