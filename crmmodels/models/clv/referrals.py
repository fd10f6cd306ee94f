"""What a referred customer is worth at other parameters than the fitted ones, and how sure the rate of referrals is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from crmmodels._domains import Matrix, Vector
from crmmodels._typing import FloatArray, IntArray
from crmmodels.kernels.inference.estimation import covariance_of
from crmmodels.kernels.purchase.histories import distinct_rows
from crmmodels.kernels.purchase.nbd import log_likelihood
from crmmodels.kernels.value.credibility import credibility
from crmmodels.kernels.value.referrals import referral_values

if TYPE_CHECKING:
    from crmmodels.base import Values
    from crmmodels.models.clv.base import CLVBase
    from crmmodels.models.clv.record import CLVFit

_STEP: Final = 1e-3
"""Of the logarithms of parameters, for central differences: their error is about its square."""
_THETAS: Final = {1: 2, "all": 17}
"""Values of theta from 0 to 1; with one generation the value is a straight line in it."""


@dataclass(frozen=True, slots=True, eq=False)
class ReferralOutlook:
    r"""Mean value of a referred customer to who brought it, as parameters change.

    Attributes
    ----------
    past : ndarray of float64, shape (n_thetas,)
        Its realised part less the reward, at values of theta spread evenly from 0 to 1.
    future : ndarray of float64, shape (n_thetas,)
        Its part to come, at the same.
    elasticity : ndarray of float64, shape (n_parameters,)
        Change of the logarithm of the expected orders of referred customers with that of each parameter of the purchase model.
    slope : float
        Change of the money to come of a referred customer with the mean of all money per order.
    covariance : ndarray of float64, shape (2, 2)
        Covariance of the logarithms of ``referral_shape`` and ``referral_rate``.
    """

    past: Vector
    future: Vector
    elasticity: Vector
    slope: float
    covariance: Matrix

    def value(self, theta: float, logs: FloatArray | None = None, means: FloatArray | None = None) -> float:
        r"""Mean value of a referred customer to who brought it, less the reward.

        Parameters
        ----------
        theta : float
            Probability that it would not have come otherwise.
        logs : ndarray of float64, shape (n_parameters,), optional
            Distance of the logarithms of the purchase parameters from the fitted ones.
        means : ndarray of float64, shape (4,), optional
            Distance of the means of money per order from the fitted ones.

        Returns
        -------
        float
            In the currency of the data.

        Notes
        -----
        .. math:: v(\theta, a, m) = v_0(\theta) + e^{\epsilon' a} [v_1(\theta) + \theta\, \lambda \sum_k m_k],

        to first order in the distances a and m, with the values :math:`v_0, v_1` of the past and the future at the fitted parameters, the
        elasticity ε and the slope λ. It is exact in θ with one generation, and to about a thousandth with all.
        """
        grid = np.linspace(0.0, 1.0, len(self.past))
        grown = 1.0 if logs is None else float(np.exp(self.elasticity @ logs))
        changed = 0.0 if means is None else theta * self.slope * float(means.sum())
        return float(np.interp(theta, grid, self.past) + grown * (np.interp(theta, grid, self.future) + changed))


def referral_outlook(model: CLVBase, values: Values, fitted: CLVFit) -> ReferralOutlook | None:
    """Learn how the value of a referred customer depends on parameters.

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
    ReferralOutlook or None
        None where nobody was referred.
    """
    referrer: IntArray = values["referrer"].astype(np.int64)
    referred = np.flatnonzero(referrer >= 0)
    if not len(referred):
        return None
    found = model._values(values, fitted)  # noqa: SLF001  (a part of this model)
    none = np.zeros(len(referrer))
    # Own value: referrals to come are no part of what a customer brings to who referred it.
    past, future = (part.sum(axis=0) - part[4] for part in (found.realised, found.future))
    thetas = np.linspace(0.0, 1.0, _THETAS[model.generations])

    def mean_at(theta: float, own: FloatArray, reward: FloatArray, relief: FloatArray) -> float:
        moved = referral_values(own, referrer, reward, relief, theta, generations=model.generations)
        return _mean((moved.transfer - reward)[referred])

    reward, relief = values["reward"], values["acquisition_relief"]
    few = {name: values[name][referred] for name in ("frequency", "age_at_last", "age")}
    logs, n = np.log(fitted.purchase.values), len(fitted.purchase.values)

    def orders(change: FloatArray) -> FloatArray:
        return model._residual(few, model._purchase_at(np.exp(logs + change)), needs_time=False).orders  # noqa: SLF001

    steps = _STEP * np.eye(n)
    sizes = [[float(np.sort(orders(sign * step)).sum()) for sign in (1.0, -1.0)] for step in steps]
    elasticity = np.log(np.array(sizes)) @ np.array([1.0, -1.0]) / (2.0 * _STEP)
    drawn_in = 1.0 - credibility(few["frequency"], fitted.kappa)
    return ReferralOutlook(
        np.array([mean_at(theta, past, reward, relief) for theta in thetas.tolist()]),
        np.array([mean_at(theta, future, none, none) for theta in thetas.tolist()]),
        np.where(np.isfinite(elasticity), elasticity, 0.0),
        _mean(orders(np.zeros(n)) * drawn_in),
        _rate_covariance(referrer, values["age"], np.array([fitted.referral_shape, fitted.referral_rate])),
    )


def _mean(values: FloatArray) -> float:
    """Mean in one order of the customers, whatever the order of the rows."""
    return float(np.sort(values).mean())


def _rate_covariance(referrer: IntArray, age: FloatArray, rate: FloatArray) -> FloatArray:
    """Covariance of the logarithms of shape and rate, by the curvature of their likelihood; where it has none, that of a Poisson process."""
    made = np.bincount(referrer[referrer >= 0], minlength=len(age)).astype(np.float64)
    seen = age > 0
    table = distinct_rows(made[seen], np.zeros(int(seen.sum())), age[seen]).table
    found = covariance_of(log_likelihood(np.log(rate), table).hessian, np.ones(2, np.bool_))
    if found is not None and np.isfinite(found).all():
        return found
    return np.array([[0.0, 0.0], [0.0, 1.0 / float(made.sum())]])
