"""Credibility: the weight of a customer's own mean against the mean of all customers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from crmmodels._typing import FloatArray
from crmmodels.kernels.arrays.grouping import steady_sum


def credibility(n_orders: FloatArray, kappa: float | FloatArray) -> FloatArray:
    r"""Weight of a customer's own mean.

    Parameters
    ----------
    n_orders : ndarray of float64, shape (n_customers,)
        Orders that the own mean rests on, at least 0.
    kappa : float or ndarray of float64, shape (n_draws,)
        Orders that the mean of all is worth, from 0 to infinity.

    Returns
    -------
    ndarray of float64, shape (n_customers,) or (n_draws, n_customers)
        From 0 to 1; 0 without orders, also where kappa is 0.

    Notes
    -----
    .. math:: w = \frac{x}{x + \kappa}

    References
    ----------
    Bühlmann, H. & Straub, E. (1970). Glaubwürdigkeit für Schadensätze. Mitteilungen der Vereinigung Schweizerischer
    Versicherungsmathematiker 70, 111-133.

    Examples
    --------
    >>> credibility(np.array([0.0, 1.0, 3.0]), 1.0)
    array([0.  , 0.5 , 0.75])
    """
    total = n_orders + np.asarray(kappa, np.float64)[..., np.newaxis]
    counts = np.broadcast_to(n_orders, total.shape)
    return np.divide(counts, total, out=np.zeros(total.shape), where=counts > 0)


def shrunk_rates(own_mean: FloatArray, population_mean: FloatArray, weight: FloatArray) -> FloatArray:
    r"""Expected money per order of each component of value, all drawn towards the population with one weight.

    Parameters
    ----------
    own_mean : ndarray of float64, shape (k, n_customers)
        Mean per order of each component; not read where the weight is 0.
    population_mean : ndarray of float64, shape (k,) or (n_draws, k)
        Mean per order of each component over customers.
    weight : ndarray of float64, shape (n_customers,) or (n_draws, n_customers)
        `credibility`.

    Returns
    -------
    ndarray of float64, shape (k, n_customers) or (n_draws, k, n_customers)
        In the unit of the means. The sum over components is that of the shrunk sum, because the weight is common.

    Notes
    -----
    .. math:: \hat y_{k,i} = w_i\, \bar y_{k,i} + (1 - w_i)\, \mu_k

    to the rounding of the larger of the two means. With :math:`\kappa = (q - 1)/p` and :math:`\mu = pv/(q - 1)` this is the
    expected spend of the gamma-gamma model.

    References
    ----------
    Bühlmann, H. & Gisler, A. (2005). A Course in Credibility Theory and its Applications. Springer. doi:10.1007/3-540-29273-X

    Examples
    --------
    >>> shrunk_rates(np.array([[30.0, np.nan], [10.0, np.nan]]), np.array([20.0, 2.0]), np.array([0.5, 0.0]))
    array([[25., 20.],
           [ 6.,  2.]])
    """
    own_weight = weight[..., np.newaxis, :]
    own = np.where(own_weight > 0, own_mean, 0.0)
    return own_weight * own + (1.0 - own_weight) * population_mean[..., np.newaxis]


@dataclass(frozen=True, slots=True)
class VarianceComponents:
    """How means per order vary, within and between customers.

    Attributes
    ----------
    mean : float
        Mean over all orders.
    within_variance : float
        Variance of an order about its customer's mean; NaN where no customer has two orders.
    between_variance : float
        Variance of customers' means about that of all, at least 0; NaN where the other is.
    kappa : float
        `expected_kappa` of the two.
    """

    mean: float
    within_variance: float
    between_variance: float
    kappa: float


def variance_components(
    n_orders: FloatArray,
    mean: FloatArray,
    sum_of_squares: FloatArray,
    weight: FloatArray | None = None,
    *,
    exposure: FloatArray | None = None,
) -> VarianceComponents:
    r"""Variances within and between customers, estimated without assuming a distribution, and the kappa they imply.

    Parameters
    ----------
    n_orders : ndarray of float64, shape (n_rows,)
        Orders of a customer; rows with 0 are left out.
    mean : ndarray of float64, shape (n_rows,)
        Mean of the orders, weighted by exposure.
    sum_of_squares : ndarray of float64, shape (n_rows,)
        Squares of the orders about that mean, weighted by exposure, summed; 0 for a single order.
    weight : ndarray of float64, shape (n_rows,), optional
        Customers that a row stands for; 1 each if None.
    exposure : ndarray of float64, shape (n_rows,), optional
        Sum of the orders' exposures, where the variance of an order falls with its size; 1 per order if None.

    Returns
    -------
    VarianceComponents
        Kappa is in units of exposure.

    Notes
    -----
    .. math:: \hat s^2 = \frac{\sum_i S_i}{\sum_i (n_i - 1)}, \quad
        \hat a = \max\left(0, \frac{\sum_i x_i (\bar y_i - \bar y)^2 - (I - 1)\, \hat s^2}{x - \sum_i x_i^2 / x}\right), \quad
        \hat \kappa = \frac{\hat s^2}{\hat a}

    Both variances are unbiased before the maximum is taken. The order of the rows does not matter, not even to the last bit.

    =================== ==================
    symbol              name
    =================== ==================
    :math:`n_i`         ``n_orders``
    :math:`x_i, x`      ``exposure``, and its sum
    :math:`\bar y_i`    ``mean``
    :math:`S_i`         ``sum_of_squares``
    :math:`I`           customers
    =================== ==================

    References
    ----------
    Bühlmann, H. & Straub, E. (1970). Glaubwürdigkeit für Schadensätze. Mitteilungen der Vereinigung Schweizerischer
    Versicherungsmathematiker 70, 111-133.

    Bühlmann, H. & Gisler, A. (2005). A Course in Credibility Theory and its Applications. Springer, chapter 4. doi:10.1007/3-540-29273-X

    Examples
    --------
    >>> found = variance_components(np.array([4.0, 4.0]), np.array([720.0, 670.0]), np.array([11800.0, 9050.0]))
    >>> found.within_variance, found.between_variance, round(found.kappa, 4)
    (3475.0, 381.25, 9.1148)
    """
    known = n_orders > 0
    customers = np.ones(int(np.count_nonzero(known))) if weight is None else weight[known]
    orders, own = n_orders[known], mean[known]
    size = orders if exposure is None else exposure[known]
    total = steady_sum(customers * size)
    overall = steady_sum(customers * size * own) / total if total > 0 else math.nan
    freedom = steady_sum(customers * (orders - 1.0))
    if freedom <= 0:
        return VarianceComponents(overall, math.nan, math.nan, math.nan)
    within = steady_sum(customers * sum_of_squares[known]) / freedom
    spread = steady_sum(customers * (size * (own - overall) ** 2)) - (steady_sum(customers) - 1.0) * within
    room = total - steady_sum(customers * size**2) / total
    between = max(0.0, spread / room) if room > 0 else 0.0
    return VarianceComponents(overall, within, between, expected_kappa(within, between))


def expected_kappa(within_variance: float, between_variance: float) -> float:
    r"""Number of orders that the mean of all customers counts as, against a customer's own.

    Parameters
    ----------
    within_variance : float
        Variance of an order about its customer's mean, at least 0.
    between_variance : float
        Variance of customers' means, at least 0.

    Returns
    -------
    float
        From 0 to infinity: infinite where customers do not differ, so that nobody's own mean counts. NaN where a variance is.

    Notes
    -----
    .. math:: \kappa = \frac{E[\mathrm{Var}(Y \mid \Theta)]}{\mathrm{Var}(E[Y \mid \Theta])}

    The gamma-gamma model has :math:`\kappa = (q - 1)/p`.

    References
    ----------
    Bühlmann, H. & Gisler, A. (2005). A Course in Credibility Theory and its Applications. Springer, chapter 3. doi:10.1007/3-540-29273-X
    """
    if math.isnan(within_variance) or math.isnan(between_variance):
        return math.nan
    return within_variance / between_variance if between_variance > 0 else math.inf


def population_means(n_orders: FloatArray, own_mean: FloatArray, kappa: float, weight: FloatArray | None = None) -> FloatArray:
    r"""Mean per order over customers, by which each counts as far as it is credible.

    Between the mean over orders (kappa infinite: customers do not differ) and that over customers (kappa 0). One weight for all
    components, so that their means add up.

    Parameters
    ----------
    n_orders : ndarray of float64, shape (n_customers,)
        Orders; customers with 0 are left out. At least one has some.
    own_mean : ndarray of float64, shape (k, n_customers)
        Mean per order of each component; not read where there are no orders.
    kappa : float
        Of `expected_kappa`.
    weight : ndarray of float64, shape (n_customers,), optional
        Customers that each stands for; 1 if None.

    Returns
    -------
    ndarray of float64, shape (k,)
        In the unit of the means.

    Notes
    -----
    .. math:: \hat \mu_k = \frac{\sum_i w_i\, \bar y_{k,i}}{\sum_i w_i}, \quad w_i = \frac{x_i}{x_i + \kappa},

    the best linear unbiased estimate where variances are known. The order of customers does not matter, not even to the last bit.

    References
    ----------
    Bühlmann, H. & Gisler, A. (2005). A Course in Credibility Theory and its Applications. Springer, chapter 4. doi:10.1007/3-540-29273-X

    Examples
    --------
    >>> population_means(np.array([1.0, 3.0]), np.array([[10.0, 20.0]]), 1.0)
    array([16.])
    """
    known = n_orders > 0
    counts = n_orders[known]
    share = counts if math.isinf(kappa) else credibility(counts, kappa)
    if weight is not None:
        share = share * weight[known]
    share = share / steady_sum(share)
    return np.array([steady_sum(own[known] * share) for own in own_mean])
