"""How sure what CLVModel learned of money is."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np

from crmmodels._typing import FloatArray
from crmmodels.models.clv.referrals import referral_outlook
from crmmodels.models.clv.valuation import RATES

if TYPE_CHECKING:
    from crmmodels.base import Values
    from crmmodels.models.clv.base import CLVBase
    from crmmodels.models.clv.record import CLVFit


def with_spread(model: CLVBase, values: Values, fitted: CLVFit) -> CLVFit:
    """Add to a record how sure kappa is, and how the value of referrals follows from other parameters.

    Parameters
    ----------
    model : CLVBase
        The parameters.
    values : mapping of str to ndarray of shape (n_customers,)
        Accounts of the reference population.
    fitted : CLVFit
        What was learned of it.

    Returns
    -------
    CLVFit
        The same, with ``kappa_error`` and ``referrals``.
    """
    error = _kappa_error(values) if model.kappa is None and 0.0 < fitted.kappa < math.inf else 0.0
    return dataclasses.replace(fitted, kappa_error=error, referrals=referral_outlook(model, values, fitted))


def _kappa_error(values: Values) -> float:
    repeats = values["frequency"] > 0
    names = ("frequency", "squares", *RATES)
    # Sums are taken in one order of the customers, whatever the order of the rows.
    order = np.lexsort([values[name][repeats] for name in names])
    x, squares, *money = (values[name][repeats][order] for name in names)
    mean = np.sum(money, axis=0) / x
    return log_kappa_error(x, mean, np.maximum(squares - x * mean**2, 0.0))


def log_kappa_error(n_orders: FloatArray, mean: FloatArray, sum_of_squares: FloatArray) -> float:
    r"""Standard error of the logarithm of kappa, by leaving out one customer at a time.

    Parameters
    ----------
    n_orders : ndarray of float64, shape (n_customers,)
        Orders of each customer, 1 or more.
    mean : ndarray of float64, shape (n_customers,)
        Mean of its orders.
    sum_of_squares : ndarray of float64, shape (n_customers,)
        Squares of its orders about that mean, summed.

    Returns
    -------
    float
        0 where kappa is not above 0 and finite without every single customer, so that its error cannot be told.

    Notes
    -----
    .. math:: \widehat{se}^2 = \frac{I - 1}{I} \sum_i (\ln \hat \kappa_{-i} - \overline{\ln \hat \kappa})^2

    with :math:`\hat \kappa_{-i}` of `crmmodels.kernels.value.credibility.variance_components` without customer i, all from the same sums.

    References
    ----------
    Efron, B. & Stein, C. (1981). The Jackknife Estimate of Variance. The Annals of Statistics 9(3), 586-596. doi:10.1214/aos/1176345462
    """
    x, n = n_orders, len(n_orders)
    if n < 3:
        return 0.0
    off = mean - float(x @ mean) / float(x.sum())
    orders, freedom = x.sum() - x, (x - 1.0).sum() - (x - 1.0)
    first, second = (x * off).sum() - x * off, (x * off**2).sum() - x * off**2
    with np.errstate(divide="ignore", invalid="ignore"):
        within = (sum_of_squares.sum() - sum_of_squares) / freedom
        room = orders - ((x**2).sum() - x**2) / orders
        between = (second - first**2 / orders - (n - 2.0) * within) / room
        logs = np.log(within) - np.log(between)
    if not np.isfinite(logs).all():
        return 0.0
    return math.sqrt((n - 1.0) / n * float(((logs - logs.mean()) ** 2).sum()))
