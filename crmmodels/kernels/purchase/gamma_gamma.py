"""The gamma-gamma model of spend per order: its likelihood, and what a customer is expected to spend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from crmmodels._typing import FloatArray
from crmmodels.kernels.arrays.blocks import in_blocks
from crmmodels.kernels.inference.newton import Likelihood
from crmmodels.kernels.purchase.histories import distinct
from crmmodels.kernels.special.gamma_functions import beside_stirling

_MOST_CENTS: Final = 2.0**42
_MOST_ORDERS: Final = 2.0**20
"""Totals and numbers of orders below these fit into one whole number of 62 bits."""
_SAME_CENTS: Final = 1e-15
"""Relative difference of a mean from a total in whole cents over the orders, that rounding alone makes."""
_BLOCK: Final = 1 << 13
"""Rows at a time: the arrays of one block stay in the cache; from 10,000 on BLAS would sum them on threads of its own."""


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


def spend_table(frequency: FloatArray, mean_spend: FloatArray, weight: FloatArray | None = None) -> SpendTable:
    """Customers reduced to distinct rows, in an order of their own.

    Parameters
    ----------
    frequency : ndarray of float64, shape (n_customers,)
        Repeat orders, whole numbers from 1.
    mean_spend : ndarray of float64, shape (n_customers,)
        Mean spend per repeat order, above 0.
    weight : ndarray of float64, shape (n_customers,), optional
        Weight of each customer; 1 for all if None.

    Returns
    -------
    SpendTable
        The same to the last bit in any order of the customers, where the weights are whole numbers. Totals in whole cents give means that
        may differ in the last bit.
    """
    cents = np.rint(frequency * mean_spend * 100.0)
    near = np.abs(cents / (100.0 * frequency) - mean_spend) <= _SAME_CENTS * mean_spend
    most = _MOST_CENTS if len(cents) == 0 else cents.max()
    if weight is not None or most >= _MOST_CENTS or frequency.max(initial=0.0) >= _MOST_ORDERS or not near.all():
        found = distinct((frequency, mean_spend))
        counts = np.bincount(found.row, weight, minlength=len(found.first)).astype(np.float64, copy=False)
        return SpendTable(frequency[found.first], mean_spend[found.first], counts)
    # One whole number holds both, and sorts many times faster than two columns.
    key = np.sort(frequency.astype(np.int64) * int(_MOST_CENTS) + cents.astype(np.int64))
    starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
    x, total = (part.astype(np.float64) for part in np.divmod(key[starts], int(_MOST_CENTS)))
    return SpendTable(x, total / (100.0 * x), np.diff(starts, append=len(key)).astype(np.float64))


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
    magnitude and its digamma functions agree in most digits, so both are written as the remainders of Stirling's formula,
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
    by_frequency = _by_frequency(p, q, table)
    sums = np.sum(in_blocks(lambda rows: _sums(p, q, v, table, rows), len(table.frequency), _BLOCK), axis=0)
    first, second, by_v, log_mean, a_rest, u, n_u_rest = sums.tolist()
    return Likelihood(
        by_frequency.value + first + second - log_mean,
        by_frequency.gradient + np.array([first, second, by_v]),
        by_frequency.hessian + np.array([[first, 0.0, -a_rest], [0.0, second, q * u], [-a_rest, q * u, -n_u_rest]]),
    )


def _sums(p: float, q: float, v: float, table: SpendTable, rows: slice) -> FloatArray:
    """Weighted sums over a block of rows, in the order in which `log_likelihood` takes them."""
    x, mean, weight = table.frequency[rows], table.mean_spend[rows], table.weight[rows]
    a, total = p * x, x * mean
    n, scale = a + q, v + total
    u, rest = total / scale, v / scale
    a_rest, n_u = a * rest, n * u
    d = a_rest - q * u
    first = a * _log_of(d / -a, n_u / a)
    second = q * _log_of(d / q, n * rest / q)
    terms = (first, second, -d, np.log(mean), a_rest, u, n_u * rest)
    return np.array([weight @ term for term in terms])


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


def spend_quantile(share: FloatArray, parameters: GammaGammaParameters) -> FloatArray:
    r"""Mean spend per order that a share of the customers of the population stays below.

    For cut points between customers who spend little and much, which exist for heavy tails, too, where there is no mean.

    Parameters
    ----------
    share : ndarray of float64, any shape
        Shares of the customers, between 0 and 1.
    parameters : GammaGammaParameters
        The model.

    Returns
    -------
    ndarray of float64, shape of ``share``
        In the currency of the data; 0 at share 0, infinite at share 1 and beyond the range of floating point.

    Notes
    -----
    A customer's mean spend is :math:`M = p / \nu` with a rate ν that is gamma distributed with shape q and rate v, so that

    .. math:: P(M \leq m) = \frac{\Gamma(q, p v / m)}{\Gamma(q)}.

    References
    ----------
    Fader, P. S. & Hardie, B. G. S. (2013). The Gamma-Gamma Model of Monetary Value. brucehardie.com/notes/025.

    Examples
    --------
    >>> spend_quantile(np.array([0.25, 0.5, 0.75]), GammaGammaParameters(6.25, 3.74, 15.44)).round(2)
    array([20.09, 28.28, 41.55])
    """
    from scipy.special import gammainccinv  # noqa: PLC0415  (scipy is not imported before it is used)

    with np.errstate(divide="ignore", over="ignore"):
        rate = np.asarray(gammainccinv(parameters.q, share), np.float64) / parameters.v
        return parameters.p / rate


def _by_frequency(p: float, q: float, table: SpendTable) -> Likelihood:
    """What depends on the number of orders alone: computed once for each number of orders."""
    # Equal numbers follow each other in a table of distinct rows, and runs of them are summed much faster.
    starts = np.flatnonzero(np.concatenate([[True], table.frequency[1:] != table.frequency[:-1]]))
    counts = np.bincount(table.frequency[starts].astype(np.int64), np.add.reduceat(table.weight, starts))
    x = np.flatnonzero(counts)
    weight, a = counts[x].astype(np.float64, copy=False), p * x.astype(np.float64)
    n = a + q
    of_a, of_b, of_n = beside_stirling(a), beside_stirling(np.array([q])), beside_stirling(n)
    value = float(weight @ (0.5 * np.log(a / n * (q / (2.0 * np.pi))) + of_n.log_gamma - of_a.log_gamma - of_b.log_gamma))
    # The leading terms 1/(2y) and 1/y of digamma and trigamma are subtracted on paper: n - a is b, and n - b is a.
    first = a * (0.5 * q / (a * n) + of_n.digamma - of_a.digamma)
    second = q * (0.5 * a / (q * n) + of_n.digamma - of_b.digamma)
    hessian = np.zeros((3, 3))
    hessian[0, 0] = weight @ (first + a * a * (of_n.trigamma - of_a.trigamma) - q * a / n - 0.5 * q * (n + a) / (n * n))
    hessian[1, 1] = weight @ (second + q * q * (of_n.trigamma - of_b.trigamma) - q * a / n - 0.5 * a * (n + q) / (n * n))
    hessian[0, 1] = hessian[1, 0] = weight @ (a * q * (of_n.trigamma + (1.0 + 0.5 / n) / n))
    return Likelihood(value, np.array([weight @ first, weight @ second, 0.0]), hessian)


def _log_of(change: FloatArray, ratio: FloatArray) -> FloatArray:
    """Logarithm of a ratio known also as 1 + change, which has the more digits unless the ratio is small."""
    return np.where(change < -0.5, np.log(ratio), np.log1p(np.maximum(change, -0.5)))
