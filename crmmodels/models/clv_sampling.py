"""Draws of customer lifetime value."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from crmmodels._typing import FloatArray
from crmmodels.models.clv_fit import COMPONENTS, CLVFit
from crmmodels.models.clv_value import MoneyParameters
from crmmodels.models.parametric_fit import check_level

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


def draw(fitted: CLVFit, money: MoneyParameters, n_draws: int, rng: np.random.Generator) -> Iterator[ParameterDraw]:
    """Draw parameters from their approximate posterior: normal in the logarithms of the purchase model's and in the means of money, beta in theta.

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

    Yields
    ------
    ParameterDraw
        One after the other, so that large bases need no more memory than one.
    """
    covariance = np.where(np.isfinite(fitted.purchase.covariance), fitted.purchase.covariance, 0.0)
    logs = np.log(fitted.purchase.values) + rng.standard_normal((n_draws, len(covariance))) @ _root(covariance).T
    means = fitted.means + rng.standard_normal((n_draws, 4)) @ _root(fitted.means_covariance).T
    theta = np.full(n_draws, money.theta)
    if 0.0 < money.theta < 1.0:
        theta = rng.beta(_CONCENTRATION * money.theta, _CONCENTRATION * (1.0 - money.theta), n_draws)
    for one, mean, chance in zip(np.exp(logs), means, theta.tolist(), strict=True):
        yield ParameterDraw(one, dataclasses.replace(money, means=mean, theta=chance))


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
