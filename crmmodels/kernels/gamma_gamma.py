"""The gamma-gamma model of spend per order: its likelihood, and what a customer is expected to spend."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from crmmodels._typing import FloatArray
from crmmodels.kernels.likelihood import Likelihood

_BLOCK: Final = 1 << 13
"""Rows at a time: the arrays of one block stay in the cache, and its sums on one thread."""
_ASYMPTOTIC: Final = 8.0
"""From here on ten terms of Stirling's series are exact to the last digit."""
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
class SpendTable:
    """What the gamma-gamma model reads of customers with at least one repeat order.

    Attributes
    ----------
    frequency : ndarray of float64, shape (n_rows,)
        Repeat orders x, whole numbers from 1.
    mean_spend : ndarray of float64, shape (n_rows,)
        Mean spend per repeat order, above 0, in the currency of the data.
    weight : ndarray of float64, shape (n_rows,)
        Customers with these two values.
    """

    frequency: FloatArray
    mean_spend: FloatArray
    weight: FloatArray


@dataclass(frozen=True, slots=True)
class GammaGammaParameters:
    """Parameters of the gamma-gamma model.

    Attributes
    ----------
    p : float
        Shape of the spend of one order, given the customer.
    q : float
        Shape of the rates of customers.
    v : float
        Scale of the rates of customers, in the currency of the data.
    """

    p: float
    q: float
    v: float


def log_likelihood(log_parameters: FloatArray, table: SpendTable) -> Likelihood:
    r"""Log-likelihood of the mean spend of each customer, given the number of orders.

    For fitting. Says nothing about when customers order: in this model spend and frequency are independent.

    Parameters
    ----------
    log_parameters : ndarray of float64, shape (3,)
        Natural logarithms of p, q and v.
    table : SpendTable
        The customers.

    Returns
    -------
    Likelihood
        Value, gradient of shape (3,) and Hessian of shape (3, 3), in the order p, q, v.

    Notes
    -----
    .. math:: L = \frac{\Gamma(px + q)}{\Gamma(px)\,\Gamma(q)}\,
        \frac{v^q\, \bar m^{px - 1}\, x^{px}}{(v + x \bar m)^{px + q}}

    With :math:`u = x\bar m / (v + x\bar m)` this is a beta density in u. Its factors differ by hundreds of orders of
    magnitude and its digamma functions agree in most digits, so both are written as what is left beside Stirling's formula,
    after Loader:

    .. math:: \ln L = -\ln \bar m + \frac{1}{2} \ln \frac{ab}{2\pi n} + S(n) - S(a) - S(b)
        + a \ln\frac{nu}{a} + b \ln\frac{n(1-u)}{b},

    where the last two logarithms are those of :math:`1 - d/a` and :math:`1 + d/b`, :math:`d = a(1-u) - bu`.

    ======================== ==================
    symbol                   name
    ======================== ==================
    :math:`x`                ``frequency``
    :math:`\bar m`           ``mean_spend``
    :math:`a, b, n`          px, q and px + q
    :math:`S`                remainder of Stirling's formula
    ======================== ==================

    References
    ----------
    Fader, P. S. & Hardie, B. G. S. (2013). The Gamma-Gamma Model of Monetary Value. brucehardie.com/notes/025.
    Loader, C. (2000). Fast and Accurate Computation of Binomial Probabilities. Bell Laboratories.
    """
    p, q, v = np.exp(log_parameters).tolist()
    value, gradient, hessian = _by_frequency(p, q, table)
    for start in range(0, len(table.frequency), _BLOCK):
        rows = slice(start, start + _BLOCK)
        x, mean, weight = table.frequency[rows], table.mean_spend[rows], table.weight[rows]
        a, total = p * x, x * mean
        n = a + q
        u, rest = total / (v + total), v / (v + total)
        d = a * rest - q * u
        log_first = _log_of(-d / a, n * u / a)
        log_second = _log_of(d / q, n * rest / q)
        first, second = a * log_first, q * log_second
        value += float(weight @ (first + second - np.log(mean)))
        slopes = np.array([weight @ first, weight @ second, -(weight @ d)])
        gradient += slopes
        hessian[0, 0] += slopes[0]
        hessian[1, 1] += slopes[1]
        hessian[0, 2] -= weight @ (a * rest)
        hessian[1, 2] += q * (weight @ u)
        hessian[2, 2] -= weight @ (n * u * rest)
    hessian[2, :2] = hessian[:2, 2]
    return Likelihood(value, gradient, hessian)


def expected_spend(frequency: FloatArray, mean_spend: FloatArray, parameters: GammaGammaParameters) -> FloatArray:
    r"""Expected spend per order of customers, given what they spent.

    The mean of the customer, drawn towards the mean of the population the more, the fewer the orders. For value per customer,
    times a number of orders expected.

    Parameters
    ----------
    frequency : ndarray of float64, shape (n_customers,)
        Repeat orders, whole numbers from 0.
    mean_spend : ndarray of float64, shape (n_customers,)
        Mean spend per repeat order; not read where ``frequency`` is 0.
    parameters : GammaGammaParameters
        The model.

    Returns
    -------
    ndarray of float64, shape (n_customers,)
        In the currency of the data. Infinite, and never negative, where px + q is at most 1: the posterior then has
        no mean, which can only happen to customers with few orders in a population that has none.

    Notes
    -----
    .. math:: E[M \mid x, \bar m] = \frac{p\,(v + x \bar m)}{px + q - 1}
        = \frac{x}{x + \kappa}\, \bar m + \frac{\kappa}{x + \kappa}\, \frac{pv}{q - 1}, \quad \kappa = \frac{q - 1}{p},

    the second form for q above 1: Bühlmann's credibility with κ orders' worth of prior.

    References
    ----------
    Fader, P. S. & Hardie, B. G. S. (2013). The Gamma-Gamma Model of Monetary Value. brucehardie.com/notes/025.

    Examples
    --------
    >>> fitted = GammaGammaParameters(6.25, 3.74, 15.44)
    >>> expected_spend(np.array([0.0, 1.0, 7.0]), np.array([0.0, 10.0, 50.0]), fitted).round(4)
    array([35.219 , 17.6863, 49.1288])
    """
    p, q, v = parameters.p, parameters.q, parameters.v
    total = np.where(frequency > 0, frequency * mean_spend, 0.0)
    room = p * frequency + (q - 1.0)
    finite = room > 0
    return np.where(finite, p * (v + total) / np.where(finite, room, 1.0), np.inf)


def population_mean_spend(parameters: GammaGammaParameters) -> float | None:
    r"""Mean spend per order in the population, which is what a new customer is expected to spend.

    Parameters
    ----------
    parameters : GammaGammaParameters
        The model.

    Returns
    -------
    float or None
        In the currency of the data; None where q is at most 1: the tail of customers is then so heavy that there is no mean.

    Notes
    -----
    .. math:: E[M] = \frac{p v}{q - 1}, \quad q > 1

    References
    ----------
    Fader, P. S. & Hardie, B. G. S. (2013). The Gamma-Gamma Model of Monetary Value. brucehardie.com/notes/025.

    Examples
    --------
    >>> population_mean_spend(GammaGammaParameters(6.25, 3.75, 15.4))
    35.0
    >>> population_mean_spend(GammaGammaParameters(6.25, 0.9, 15.4)) is None
    True
    """
    if parameters.q <= 1.0:
        return None
    return parameters.p * parameters.v / (parameters.q - 1.0)


def _by_frequency(p: float, q: float, table: SpendTable) -> tuple[float, FloatArray, FloatArray]:
    """What depends on the number of orders alone: computed once for each number of orders."""
    counts = np.bincount(table.frequency.astype(np.int64), table.weight)
    x = np.flatnonzero(counts)
    weight, a = counts[x].astype(np.float64, copy=False), p * x.astype(np.float64)
    n = a + q
    of_a, of_b, of_n = _beside_stirling(a), _beside_stirling(np.array([q])), _beside_stirling(n)
    value = float(weight @ (0.5 * np.log(a / n * (q / (2.0 * np.pi))) + of_n.log_gamma - of_a.log_gamma - of_b.log_gamma))
    # The leading terms 1/(2y) and 1/y of digamma and trigamma are subtracted on paper: n - a is b, and n - b is a.
    first = a * (0.5 * q / (a * n) + of_n.digamma - of_a.digamma)
    second = q * (0.5 * a / (q * n) + of_n.digamma - of_b.digamma)
    gradient = np.array([weight @ first, weight @ second, 0.0])
    hessian = np.zeros((3, 3))
    hessian[0, 0] = weight @ (first + a * a * (of_n.trigamma - of_a.trigamma) - q * a / n - 0.5 * q * (n + a) / (n * n))
    hessian[1, 1] = weight @ (second + q * q * (of_n.trigamma - of_b.trigamma) - q * a / n - 0.5 * a * (n + q) / (n * n))
    hessian[0, 1] = hessian[1, 0] = weight @ (a * q * (of_n.trigamma + (1.0 + 0.5 / n) / n))
    return value, gradient, hessian


def _log_of(change: FloatArray, ratio: FloatArray) -> FloatArray:
    """Logarithm of a ratio known also as 1 + change."""
    near = np.abs(change) < 0.5
    return np.where(near, np.log1p(np.where(near, change, 0.0)), np.log(np.where(near, 1.0, ratio)))


@dataclass(frozen=True, slots=True, eq=False)
class _BesideStirling:
    """The gamma function and its derivatives without their leading terms."""

    log_gamma: FloatArray
    digamma: FloatArray
    trigamma: FloatArray


def _beside_stirling(y: FloatArray) -> _BesideStirling:
    """Of the functions: ln Γ(y) - (y - 1/2) ln y + y - ln(2π)/2, ψ(y) - ln y + 1/(2y) and ψ'(y) - 1/y - 1/(2y²)."""
    from scipy.special import digamma, gammaln, polygamma  # noqa: PLC0415

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
    return _BesideStirling(
        np.where(large, log_gamma / series, gammaln(small) - (small - 0.5) * log + small - 0.5 * math.log(2.0 * math.pi)),
        np.where(large, by_digamma * inverse_square, digamma(small) - log + 0.5 / small),
        np.where(large, by_trigamma * inverse_square / series, polygamma(1, small) - (1.0 + 0.5 / small) / small),
    )
