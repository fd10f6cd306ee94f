"""Draws of customer lifetime value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from crmmodels._typing import FloatArray
from crmmodels.models.clv.record import COMPONENTS, CLVFit
from crmmodels.models.clv.valuation import MoneyParameters
from crmmodels.parameters import check_level

_CONCENTRATION: Final = 10.0
"""Sureness of theta: that of ten observed referrals."""


@dataclass(frozen=True, slots=True, eq=False)
class ParameterDraw:
    """One draw of all parameters.

    Attributes
    ----------
    purchase : ndarray of float64, shape (n_parameters,)
        Of the purchase model.
    money : MoneyParameters
        Of money.
    """

    purchase: FloatArray
    money: MoneyParameters


def draw(fitted: CLVFit, money: MoneyParameters, n_draws: int, rng: np.random.Generator) -> Sequence[ParameterDraw]:
    """Draw parameters from their approximate posterior.

    Drawn are, independently but for what is said: the logarithms of the purchase model's parameters, jointly normal; the means of money
    per order, jointly normal; the logarithm of kappa, normal with the error that leaving out one customer at a time gives; theta, beta
    with the sureness of ten observed referrals; the logarithms of shape and rate of referrals, jointly normal. The value of a referred
    customer follows the drawn theta, purchase parameters and means.

    Held fixed are the benchmarks, and with them the realised components but for CLV5; the rates of costs without an order; a kappa that was
    given, or whose error cannot be told; a theta of 0 or 1; parameters that the data leave undetermined.

    Parameters
    ----------
    fitted : CLVFit
        What was learned.
    money : MoneyParameters
        The same of money, with theta.
    n_draws : int
        Draws.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    sequence of ParameterDraw
        The same for all customers.
    """
    covariance = np.where(np.isfinite(fitted.purchase.covariance), fitted.purchase.covariance, 0.0)
    logs = rng.standard_normal((n_draws, len(covariance))) @ _root(covariance).T
    means = rng.standard_normal((n_draws, 4)) @ _root(fitted.means_covariance).T
    theta = np.full(n_draws, money.theta)
    if 0.0 < money.theta < 1.0:
        theta = rng.beta(_CONCENTRATION * money.theta, _CONCENTRATION * (1.0 - money.theta), n_draws)
    kappa = money.kappa * np.exp(fitted.kappa_error * rng.standard_normal(n_draws))
    rates = (
        np.zeros((n_draws, 2))
        if fitted.referrals is None
        else rng.standard_normal((n_draws, 2)) @ _root(fitted.referrals.covariance).T
    )
    purchase = np.exp(np.log(fitted.purchase.values) + logs)
    drawn = []
    for number in range(n_draws):
        grown = np.exp(rates[number])
        one = MoneyParameters(
            kappa=float(kappa[number]),
            means=fitted.means + means[number],
            service_rates=money.service_rates,
            referral_shape=float(money.referral_shape * grown[0]),
            referral_rate=float(money.referral_rate * grown[1]),
            referral_value=referral_value(fitted, money.theta, float(theta[number]), logs[number], means[number]),
            theta=float(theta[number]),
        )
        drawn.append(ParameterDraw(purchase[number], one))
    return drawn


def referral_value(
    fitted: CLVFit, fitted_theta: float, theta: float, logs: FloatArray | None = None, means: FloatArray | None = None
) -> float:
    """Mean value of a referred customer at other parameters.

    Parameters
    ----------
    fitted : CLVFit
        What was learned.
    fitted_theta : float
        Theta of the model, at which ``fitted.referral_value`` is exact.
    theta : float
        Another.
    logs, means : ndarray of float64, optional
        Distances as `ReferralOutlook.value` takes them.

    Returns
    -------
    float
        In the currency of the data; the fitted one where nothing is known of how it changes.
    """
    outlook = fitted.referrals
    if outlook is None:
        return fitted.referral_value
    return fitted.referral_value + outlook.value(theta, logs, means) - outlook.value(fitted_theta)


def _root(covariance: FloatArray) -> FloatArray:
    """A square root of a covariance that may be singular."""
    values, directions = np.linalg.eigh(covariance)
    root: FloatArray = directions * np.sqrt(np.maximum(values, 0.0))
    return root


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CLVDraws:
    """Draws of the six components of every customer.

    Attributes
    ----------
    customers : sequence
        Names of the customers.
    components : ndarray of float64, shape (n_draws, 6, n_customers)
        CLV1 to CLV6, in the currency of the data; they add up to CLV in every draw.
    """

    customers: Sequence[Any]
    components: FloatArray

    def __repr__(self) -> str:
        """Size."""
        return f"CLVDraws({self.components.shape[0]:,} draws of {self.components.shape[2]:,} customers)"

    def interval(self, level: float = 0.95) -> pd.DataFrame:
        """Limits between which the value of each customer lies for most draws.

        Parameters
        ----------
        level : float, default 0.95
            Share of the draws.

        Returns
        -------
        pandas.DataFrame
            One row per customer: for ``clv`` and each component its mean, ``_lower`` and ``_upper``. Limits of components do not add up
            to those of their sum.

        Raises
        ------
        ParameterError
            If the level is not between 0 and 1.
        """
        check_level("interval", level)
        parts = {"clv": self.components.sum(axis=1), **{name: self.components[:, i] for i, name in enumerate(COMPONENTS)}}
        columns: dict[str, FloatArray] = {}
        for name, drawn in parts.items():
            low, high = np.quantile(drawn, [0.5 - 0.5 * level, 0.5 + 0.5 * level], axis=0)
            columns |= {name: drawn.mean(axis=0), f"{name}_lower": low, f"{name}_upper": high}
        return pd.DataFrame(columns, index=pd.Index(self.customers, name="customer_id"))

    def probability_negative(self) -> pd.DataFrame:
        """Share of the draws in which each component is below 0.

        Returns
        -------
        pandas.DataFrame
            One row per customer, one column per component and for their sum.
        """
        shares = {name: (self.components[:, i] < 0).mean(axis=0) for i, name in enumerate(COMPONENTS)}
        shares["clv"] = (self.components.sum(axis=1) < 0).mean(axis=0)
        return pd.DataFrame(shares, index=pd.Index(self.customers, name="customer_id"))
