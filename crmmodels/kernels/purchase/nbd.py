"""NBD: buying at a gamma rate without end, the benchmark that every model with dropout contains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crmmodels._typing import FloatArray
from crmmodels.kernels.inference.newton import Likelihood
from crmmodels.kernels.purchase.histories import Prospects, PurchaseTable
from crmmodels.kernels.special.gamma_functions import log_rising


@dataclass(frozen=True, slots=True)
class NBDParameters:
    """Parameters of the NBD model.

    Attributes
    ----------
    r : float
        Shape of the gamma distribution of order rates among customers.
    alpha : float
        Rate of that distribution, in the unit of the ages.
    """

    r: float
    alpha: float


def log_likelihood(log_parameters: FloatArray, table: PurchaseTable) -> Likelihood:
    r"""Log-likelihood of orders at gamma-distributed rates without dropout.

    For comparison with BG/NBD and Pareto/NBD, which come to it as customers drop out ever less. Where customers do drop out,
    the NBD model expects far too many orders.

    Parameters
    ----------
    log_parameters : ndarray of float64, shape (2,)
        Natural logarithms of r and α.
    table : PurchaseTable
        Distinct customers and their weights; when the last order was is not read.

    Returns
    -------
    Likelihood
        Value, gradient of shape (2,) and Hessian of shape (2, 2), in the order r, α.

    Notes
    -----
    .. math:: L = \frac{\Gamma(r + x)}{\Gamma(r)} \left(\frac{\alpha}{\alpha + T}\right)^r (\alpha + T)^{-x}

    is the density of the order times, as those of the models with dropout are, so that values compare.

    ================= ====================================================
    symbol            name
    ================= ====================================================
    :math:`x`         ``frequency``
    :math:`T`         ``age``
    :math:`r, \alpha` shape and rate of the gamma distribution of rates
    ================= ====================================================

    References
    ----------
    Ehrenberg, A. S. C. (1959). The Pattern of Consumer Purchases. Applied Statistics 8(1), 26-41. doi:10.2307/2985810
    """
    r, alpha = np.exp(log_parameters).tolist()
    x, age, weight = table.frequency, table.age, table.weight
    rising = log_rising(r, x)
    both = alpha + age
    growth, grown, rest = np.log1p(age / alpha), age / both, alpha / both
    value = float(weight @ (rising.value - r * growth - x * np.log(both)))
    by_r, by_alpha = r * float(weight @ (rising.slope - growth)), float(weight @ (r * grown - x * rest))
    cross = r * float(weight @ grown)
    hessian = np.array(
        [
            [by_r + r * r * float(weight @ rising.curvature), cross],
            [cross, -float(weight @ ((r + x) * grown * rest))],
        ],
        np.float64,
    )
    return Likelihood(value, np.array([by_r, by_alpha]), hessian)


def probability_alive(
    frequency: FloatArray, age_at_last: FloatArray, age: FloatArray, parameters: NBDParameters, *, ahead: float = 0.0
) -> FloatArray:
    """Probability that a customer has not dropped out, which nobody does in this model.

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of float64, shape (n_customers,)
        Repeat orders x, time t_x to the last order and T to the end of observation.
    parameters : NBDParameters
        The model.
    ahead : float, default 0.0
        Time after the end of observation.

    Returns
    -------
    ndarray of float64, shape (n_customers,)
        Ones.
    """
    del age_at_last, age, parameters, ahead  # the arguments that all purchase models share
    return np.ones(len(frequency))


def expected_purchases(
    frequency: FloatArray, age_at_last: FloatArray, age: FloatArray, horizon: float, parameters: NBDParameters
) -> FloatArray:
    r"""Expected orders of a customer in the time after the end of observation, given what the customer did before.

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of float64, shape (n_customers,)
        Repeat orders x, time t_x to the last order, which is not read, and T to the end of observation.
    horizon : float
        Time ahead, in the unit of the ages.
    parameters : NBDParameters
        The model.

    Returns
    -------
    ndarray of float64, shape (n_customers,)
        Above 0.

    Notes
    -----
    .. math:: E[X(T, T + t) \mid x, T] = \frac{r + x}{\alpha + T}\, t

    References
    ----------
    Morrison, D. G. & Schmittlein, D. C. (1988). Generalizing the NBD Model for Customer Purchases: What Are the Implications
    and Is It Worth the Effort? Journal of Business & Economic Statistics 6(2), 145-159. doi:10.1080/07350015.1988.10509648

    Examples
    --------
    >>> expected_purchases(np.array([0.0, 5.0]), np.zeros(2), np.array([20.0, 20.0]), 10.0, NBDParameters(1.0, 30.0))
    array([0.2, 1.2])
    """
    del age_at_last
    return _mean_rate(frequency, age, parameters) * horizon


def expected_purchases_new(horizon: FloatArray, parameters: NBDParameters) -> FloatArray:
    """Expected repeat orders of a new customer.

    Parameters
    ----------
    horizon : ndarray of float64, shape (n_horizons,)
        Times after the first order.
    parameters : NBDParameters
        The model.

    Returns
    -------
    ndarray of float64, shape (n_horizons,)
        ``r * horizon / alpha``.
    """
    return parameters.r / parameters.alpha * horizon


def probability_no_purchase(
    frequency: FloatArray, age_at_last: FloatArray, age: FloatArray, horizon: float, parameters: NBDParameters
) -> FloatArray:
    r"""Probability that a customer does not order in the time after the end of observation.

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of float64, shape (n_customers,)
        Repeat orders x, time t_x to the last order, which is not read, and T to the end of observation.
    horizon : float
        Time ahead, in the unit of the ages.
    parameters : NBDParameters
        The model.

    Returns
    -------
    ndarray of float64, shape (n_customers,)
        Between 0 and 1.

    Notes
    -----
    .. math:: P(X(T, T + t) = 0 \mid x, T) = \left(1 + \frac{t}{\alpha + T}\right)^{-(r + x)}
    """
    del age_at_last
    silent: FloatArray = np.exp(_log_silence(frequency, age, horizon, parameters))
    return silent


def purchase_distribution(  # noqa: PLR0917  (the arguments that all purchase models share)
    frequency: FloatArray, age_at_last: FloatArray, age: FloatArray, horizon: float, n_max: int, parameters: NBDParameters
) -> FloatArray:
    r"""Probability of each number of orders of customers in the time after the end of observation.

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of float64, shape (n_customers,)
        Repeat orders x, time t_x to the last order, which is not read, and T to the end of observation.
    horizon : float
        Time ahead, in the unit of the ages, above 0.
    n_max : int
        Largest number of orders.
    parameters : NBDParameters
        The model.

    Returns
    -------
    ndarray of float64, shape (n_customers, n_max + 1)
        Of 0 to ``n_max`` orders.

    Notes
    -----
    .. math:: P(X(T, T + t) = n \mid x, T) = \frac{\Gamma(r + x + n)}{\Gamma(r + x)\, n!}
        \left(\frac{\alpha + T}{\alpha + T + t}\right)^{r + x} \left(\frac{t}{\alpha + T + t}\right)^n

    in logarithms, term by term, so that it is right to any n.

    Examples
    --------
    >>> purchase_distribution(np.array([2.0]), np.zeros(1), np.array([9.0]), 10.0, 3, NBDParameters(1.0, 1.0)).round(3)
    array([[0.125, 0.188, 0.188, 0.156]])
    """
    del age_at_last
    n = np.arange(n_max, dtype=np.float64)
    log = np.empty((len(frequency), n_max + 1))
    log[:, 0] = _log_silence(frequency, age, horizon, parameters)
    shape = (parameters.r + frequency)[:, None]
    log[:, 1:] = np.log((shape + n) / (n + 1.0)) - np.log1p((parameters.alpha + age) / horizon)[:, None]
    distribution: FloatArray = np.exp(np.cumsum(log, axis=1, out=log), out=log)
    return distribution


def purchase_distribution_new(horizon: float, n_max: int, parameters: NBDParameters) -> FloatArray:
    """Distribution of the repeat orders of a new customer.

    Parameters
    ----------
    horizon : float
        Time after the first order, above 0.
    n_max : int
        Largest number of orders.
    parameters : NBDParameters
        The model.

    Returns
    -------
    ndarray of float64, shape (n_max + 1,)
        Probabilities of 0 to ``n_max`` orders.
    """
    zero = np.zeros(1)
    distribution: FloatArray = purchase_distribution(zero, zero, zero, horizon, n_max, parameters)[0]
    return distribution


def discounted_purchases(
    frequency: FloatArray,
    age_at_last: FloatArray,
    age: FloatArray,
    discount_rate: float,
    parameters: NBDParameters,
    *,
    horizon: float = np.inf,
) -> FloatArray:
    r"""Present value of one unit at every order to come of customers, given what they did.

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of float64, shape (n_customers,)
        Repeat orders x, time t_x to the last order, which is not read, and T to the end of observation.
    discount_rate : float
        Continuous rate δ per unit of time, from 0.
    parameters : NBDParameters
        The model.
    horizon : float, default infinity
        Time ahead within which orders count.

    Returns
    -------
    ndarray of float64, shape (n_customers,)
        In orders; infinite without discount and horizon.

    Notes
    -----
    .. math:: \frac{r + x}{\alpha + T} \int_0^t e^{-\delta u}\, du
    """
    del age_at_last
    return _mean_rate(frequency, age, parameters) * _discounted_time(discount_rate, horizon)


def discounted_lifetime(
    frequency: FloatArray,
    age_at_last: FloatArray,
    age: FloatArray,
    discount_rate: float,
    parameters: NBDParameters,
    *,
    horizon: float = np.inf,
) -> FloatArray:
    """Present value of one unit per unit of time for as long as customers live, which is for ever in this model.

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of float64, shape (n_customers,)
        Repeat orders x, time t_x to the last order and T to the end of observation.
    discount_rate : float
        Continuous rate δ per unit of time, from 0.
    parameters : NBDParameters
        The model.
    horizon : float, default infinity
        Time ahead that counts.

    Returns
    -------
    ndarray of float64, shape (n_customers,)
        In units of time, the same for all; infinite without discount and horizon.
    """
    del age_at_last, age, parameters
    return np.full(len(frequency), _discounted_time(discount_rate, horizon))


def prospects(
    frequency: FloatArray, age_at_last: FloatArray, age: FloatArray, horizon: float, parameters: NBDParameters
) -> Prospects:
    """What to expect of customers within a horizon.

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of float64, shape (n_customers,)
        Repeat orders x, time t_x to the last order and T to the end of observation.
    horizon : float
        Time ahead, in the unit of the ages.
    parameters : NBDParameters
        The model.

    Returns
    -------
    Prospects
        As `probability_alive`, `expected_purchases` and `probability_no_purchase` give them.
    """
    return Prospects(
        probability_alive(frequency, age_at_last, age, parameters),
        expected_purchases(frequency, age_at_last, age, horizon, parameters),
        probability_no_purchase(frequency, age_at_last, age, horizon, parameters),
    )


def _mean_rate(frequency: FloatArray, age: FloatArray, parameters: NBDParameters) -> FloatArray:
    return (parameters.r + frequency) / (parameters.alpha + age)


def _log_silence(frequency: FloatArray, age: FloatArray, horizon: float, parameters: NBDParameters) -> FloatArray:
    silence: FloatArray = -(parameters.r + frequency) * np.log1p(horizon / (parameters.alpha + age))
    return silence


def _discounted_time(discount_rate: float, horizon: float) -> float:
    if discount_rate <= 0.0:
        return horizon
    return -float(np.expm1(-discount_rate * horizon)) / discount_rate
