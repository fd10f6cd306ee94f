"""Questions that the sBG model answers about customers under contract."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from crmmodels._typing import FloatArray, IntArray
from crmmodels.base import Values
from crmmodels.exceptions import ParameterError
from crmmodels.kernels.purchase import shifted_beta_geo as kernel
from crmmodels.kernels.purchase.shifted_beta_geo import ShiftedBetaGeoParameters
from crmmodels.kernels.simulation.purchases import simulate_shifted_beta_geo
from crmmodels.models.parametric.posterior import PosteriorDraws
from crmmodels.models.shifted_beta_geo_reading import ShiftedBetaGeoReader
from crmmodels.parameters import is_number, is_whole

MOST_PERIODS: Final = 100_000


class ShiftedBetaGeoVerbs(ShiftedBetaGeoReader):
    """A model that answers how long customers stay who can leave once a period."""

    horizon: int

    def probability_churn(
        self, data: Any, horizon: int | None = None, *, draws: PosteriorDraws | None = None, level: float = 0.95
    ) -> Any:
        """Probability that customers leave; 1 for those who have left.

        Parameters
        ----------
        data : dataframe
            The customers.
        horizon : int, optional
            Renewals ahead. Default: that of the model.
        draws : PosteriorDraws, optional
            Parameters from `sample_posterior`, for an interval.
        level : float, default 0.95
            Share of the draws in the interval.

        Returns
        -------
        dataframe
            ``probability_churn`` and, with draws, ``_lower`` and ``_upper``, in the kind of ``data``.

        Raises
        ------
        NotFittedError
            Before `fit`.
        DataError
            If the table cannot be used.
        ParameterError
            If an argument is out of range.
        """
        return self._within("probability_churn", data, horizon, draws, level)

    def expected_renewals(
        self, data: Any, horizon: int | None = None, *, draws: PosteriorDraws | None = None, level: float = 0.95
    ) -> Any:
        """Renewals that customers are expected to take; 0 for those who have left.

        Parameters
        ----------
        data : dataframe
            The customers.
        horizon : int, optional
            Renewals ahead. Default: that of the model.
        draws : PosteriorDraws, optional
            Parameters from `sample_posterior`, for an interval.
        level : float, default 0.95
            Share of the draws in the interval.

        Returns
        -------
        dataframe
            ``expected_renewals`` and, with draws, ``_lower`` and ``_upper``, in the kind of ``data``.

        Raises
        ------
        NotFittedError
            Before `fit`.
        DataError
            If the table cannot be used.
        ParameterError
            If an argument is out of range.
        """
        return self._within("expected_renewals", data, horizon, draws, level)

    def discounted_renewals(
        self,
        data: Any,
        discount_rate_per_period: float,
        *,
        draws: PosteriorDraws | None = None,
        level: float = 0.95,
    ) -> Any:
        """Discounted expected residual renewals: the present value of one unit of money at every renewal to come, the next one due now.

        Parameters
        ----------
        data : dataframe
            The customers.
        discount_rate_per_period : float
            Effective rate from one renewal to the next, above 0.
        draws : PosteriorDraws, optional
            Parameters from `sample_posterior`, for an interval.
        level : float, default 0.95
            Share of the draws in the interval.

        Returns
        -------
        dataframe
            ``discounted_renewals`` and, with draws, ``_lower`` and ``_upper``, in the kind of ``data``.

        Raises
        ------
        NotFittedError
            Before `fit`.
        DataError
            If the table cannot be used.
        ParameterError
            If an argument is out of range.
        """
        if not is_number(discount_rate_per_period) or not 0 < discount_rate_per_period < math.inf:
            must = "a number above 0, such as 0.1 for 10 % a period"
            raise ParameterError.must_be("discounted_renewals", "discount_rate_per_period", must, discount_rate_per_period)

        def answer(values: Values, parameters: ShiftedBetaGeoParameters) -> Mapping[str, FloatArray]:
            period = values["tenure"].astype(np.int64) + 1
            value = kernel.discounted_residual_lifetime(period, discount_rate_per_period, parameters)
            return {"discounted_renewals": np.where(values["churned"] > 0, 0.0, value)}

        return self._answer("discounted_renewals", data, answer, draws, level)

    def survivor_curve(self, n_periods: int) -> pd.DataFrame:
        """Share of new customers who are still there, period by period.

        Parameters
        ----------
        n_periods : int
            Last period.

        Returns
        -------
        pandas.DataFrame
            One row per period from 0: ``period, survivor_share, retention_rate`` (from the period before; missing for 0).

        Raises
        ------
        NotFittedError
            Before `fit`.
        ParameterError
            If ``n_periods`` is not a whole number above 0.
        """
        parameters = self._fitted_for("survivor_curve").parameters
        if not is_whole(n_periods) or not 1 <= n_periods <= MOST_PERIODS:
            raise ParameterError.must_be("survivor_curve", "n_periods", f"a whole number from 1 to {MOST_PERIODS:,}", n_periods)
        period = np.arange(n_periods + 1)
        retention = np.concatenate([[np.nan], kernel.retention_rate(period[1:], parameters)])
        shares = kernel.survivor_share(period, parameters)
        return pd.DataFrame({"period": period, "survivor_share": shares, "retention_rate": retention})

    def simulate(self, n_customers: int, n_periods: int, rng: np.random.Generator | int | None = None) -> pd.DataFrame:
        """Draw contracts from the fitted model.

        Parameters
        ----------
        n_customers : int
            Customers to draw.
        n_periods : int
            Chances to renew that are observed.
        rng : numpy.random.Generator or int, optional
            Source of chance, or its seed. Default: fresh.

        Returns
        -------
        pandas.DataFrame
            ``customer_id, tenure, churned``.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ParameterError
            If an argument is out of range.
        """
        parameters = self._fitted_for("simulate").parameters
        for name, value in (("n_customers", n_customers), ("n_periods", n_periods)):
            if not is_whole(value) or value < 1:
                raise ParameterError.must_be("simulate", name, "a whole number, 1 or more", value)
        return drawn_contracts(np.full(n_customers, n_periods), parameters, np.random.default_rng(rng))

    def _periods(self, verb: str, horizon: int | None) -> int:
        given = self.horizon if horizon is None else horizon
        if not is_whole(given) or not 1 <= given <= MOST_PERIODS:
            must = f"a whole number of renewals from 1 to {MOST_PERIODS:,}"
            raise ParameterError.must_be(verb, "horizon", must, horizon)
        return given

    def _within(self, verb: str, data: Any, horizon: int | None, draws: PosteriorDraws | None, level: float) -> Any:
        periods = self._periods(verb, horizon)

        def answer(values: Values, parameters: ShiftedBetaGeoParameters) -> Mapping[str, FloatArray]:
            return {verb: self._foretold(values, periods, parameters)[verb]}

        return self._answer(verb, data, answer, draws, level)

    def _foretold(self, values: Values, horizon: int, parameters: ShiftedBetaGeoParameters) -> Mapping[str, FloatArray]:
        """Who has taken t renewals is a new customer with beta + t in place of beta."""
        stays = values["churned"] == 0
        tenures, which = np.unique(values["tenure"], return_inverse=True)
        later = [ShiftedBetaGeoParameters(parameters.alpha, parameters.beta + t) for t in tenures.tolist()]
        ahead = np.arange(1, horizon + 1)
        survival = np.array([kernel.survivor_share(ahead, p) for p in later])
        retention = kernel.retention_rate(tenures.astype(np.int64) + 1, parameters)
        return {
            "retention_rate": np.where(stays, retention[which], 0.0),
            "expected_renewals": np.where(stays, survival.sum(axis=1)[which], 0.0),
            "probability_churn": np.where(stays, (1.0 - survival[:, -1])[which], 1.0),
        }


def drawn_contracts(periods: IntArray, parameters: ShiftedBetaGeoParameters, rng: np.random.Generator) -> pd.DataFrame:
    """Draw contracts.

    Parameters
    ----------
    periods : ndarray of int64, shape (n_customers,)
        Chances to renew that are observed of each.
    parameters : ShiftedBetaGeoParameters
        Parameters.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    pandas.DataFrame
        ``customer_id, tenure, churned``.
    """
    drawn = simulate_shifted_beta_geo(periods, parameters, rng)
    return pd.DataFrame(
        {"customer_id": np.arange(len(periods)), "tenure": drawn.tenure, "churned": drawn.churned.astype(np.int64)}
    )
