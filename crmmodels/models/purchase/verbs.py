"""Questions that the purchase models answer about customers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Final, TypeVar

from crmmodels._typing import FloatArray
from crmmodels.base import Values
from crmmodels.data.tables.age_units import UNIT_DAYS
from crmmodels.exceptions import ParameterError
from crmmodels.models.parametric.posterior import PosteriorDraws
from crmmodels.models.purchase.process import PurchaseProcess
from crmmodels.models.purchase.reading import PurchaseReader, history_of
from crmmodels.parameters import is_number, is_whole

ParametersT = TypeVar("ParametersT")
_MOST_ORDERS: Final = 100_000


class PurchaseVerbs(PurchaseReader[ParametersT]):
    """A purchase model that answers what each customer will do."""

    _process: ClassVar[PurchaseProcess]

    def probability_alive(
        self, data: Any, ahead: float = 0.0, *, draws: PosteriorDraws | None = None, level: float = 0.95
    ) -> Any:
        """Probability that customers have not dropped out for good.

        It is high for everybody who ordered lately or often, also for those who order rarely. To find who will order, use
        `probability_no_purchase`.

        Parameters
        ----------
        data : dataframe or Orders
            The customers.
        ahead : float, default 0
            Time after the end of observation at which they are to be alive, in ``unit``.
        draws : PosteriorDraws, optional
            Parameters from `sample_posterior`, for an interval.
        level : float, default 0.95
            Share of the draws in the interval.

        Returns
        -------
        dataframe
            ``probability_alive`` and, with draws, ``_lower`` and ``_upper``, in the kind of ``data``.

        Raises
        ------
        NotFittedError
            Before `fit`.
        DataError
            If the table cannot be used.
        ParameterError
            If an argument is out of range.
        """
        if not is_number(ahead) or not 0 <= ahead < math.inf or (self._whole and ahead != int(ahead)):
            must = f"{'a whole number' if self._whole else 'a number'}, 0 or more, of {self._time_name()}"
            raise ParameterError.must_be("probability_alive", "ahead", must, ahead)
        if ahead > self._longest:
            raise ParameterError.must_be("probability_alive", "ahead", f"at most {self._most_time()}", ahead)

        def answer(values: Values, parameters: Any) -> Mapping[str, FloatArray]:
            return {"probability_alive": self._process.probability_alive(*history_of(values), parameters, ahead=ahead)}

        return self._answer("probability_alive", data, answer, draws, level)

    def expected_purchases(
        self, data: Any, horizon: float | None = None, *, draws: PosteriorDraws | None = None, level: float = 0.95
    ) -> Any:
        """Orders that customers are expected to place.

        Parameters
        ----------
        data : dataframe or Orders
            The customers.
        horizon : float, optional
            Time ahead, in ``unit``. Default: that of the model.
        draws : PosteriorDraws, optional
            Parameters from `sample_posterior`, for an interval of the expectation; what a customer does varies more, for which
            see `purchase_distribution`.
        level : float, default 0.95
            Share of the draws in the interval.

        Returns
        -------
        dataframe
            ``expected_purchases`` and, with draws, ``_lower`` and ``_upper``, in the kind of ``data``.

        Raises
        ------
        NotFittedError
            Before `fit`.
        DataError
            If the table cannot be used.
        ParameterError
            If an argument is out of range.
        """
        return self._over_horizon("expected_purchases", data, horizon, draws, level)

    def probability_no_purchase(
        self, data: Any, horizon: float | None = None, *, draws: PosteriorDraws | None = None, level: float = 0.95
    ) -> Any:
        """Probability that customers do not order, be they gone or only quiet.

        Parameters
        ----------
        data : dataframe or Orders
            The customers.
        horizon : float, optional
            Time ahead, in ``unit``. Default: that of the model.
        draws : PosteriorDraws, optional
            Parameters from `sample_posterior`, for an interval.
        level : float, default 0.95
            Share of the draws in the interval.

        Returns
        -------
        dataframe
            ``probability_no_purchase`` and, with draws, ``_lower`` and ``_upper``, in the kind of ``data``.

        Raises
        ------
        NotFittedError
            Before `fit`.
        DataError
            If the table cannot be used.
        ParameterError
            If an argument is out of range.
        """
        return self._over_horizon("probability_no_purchase", data, horizon, draws, level)

    def purchase_distribution(
        self,
        data: Any,
        horizon: float | None = None,
        n_max: int = 10,
        *,
        draws: PosteriorDraws | None = None,
        level: float = 0.95,
    ) -> Any:
        """Probability of each number of orders that customers may place.

        Parameters
        ----------
        data : dataframe or Orders
            The customers.
        horizon : float, optional
            Time ahead, in ``unit``. Default: that of the model.
        n_max : int, default 10
            Largest number of orders; what is missing to a sum of 1 is the probability of more.
        draws : PosteriorDraws, optional
            Parameters from `sample_posterior`, for intervals.
        level : float, default 0.95
            Share of the draws in the intervals.

        Returns
        -------
        dataframe
            ``probability_0, probability_1, ...`` and, with draws, ``_lower`` and ``_upper`` of each, in the kind of ``data``.

        Raises
        ------
        NotFittedError
            Before `fit`.
        DataError
            If the table cannot be used.
        ParameterError
            If an argument is out of range.
        """
        time = self._time("purchase_distribution", horizon)
        check_n_max("purchase_distribution", n_max)

        def answer(values: Values, parameters: Any) -> Mapping[str, FloatArray]:
            chances = self._process.purchase_distribution(*history_of(values), time, n_max, parameters)
            return {f"probability_{n}": chances[:, n] for n in range(n_max + 1)}

        return self._answer("purchase_distribution", data, answer, draws, level)

    def discounted_purchases(
        self,
        data: Any,
        discount_rate_annual: float,
        horizon: float = math.inf,
        *,
        draws: PosteriorDraws | None = None,
        level: float = 0.95,
    ) -> Any:
        """Discounted expected residual orders (DERT): the present value of one unit of money at every order to come.

        Parameters
        ----------
        data : dataframe or Orders
            The customers.
        discount_rate_annual : float
            Effective rate per year of 365.25 days, such as 0.15; above 0, or 0 where the horizon is finite.
        horizon : float, default inf
            Time ahead up to which orders count, in ``unit``.
        draws : PosteriorDraws, optional
            Parameters from `sample_posterior`, for an interval.
        level : float, default 0.95
            Share of the draws in the interval.

        Returns
        -------
        dataframe
            ``discounted_purchases`` and, with draws, ``_lower`` and ``_upper``, in the kind of ``data``.

        Raises
        ------
        NotFittedError
            Before `fit`.
        DataError
            If the table cannot be used.
        ParameterError
            If an argument is out of range.
        """
        return self._discounted(
            "discounted_purchases", data, annual=discount_rate_annual, horizon=horizon, draws=draws, level=level
        )

    def discounted_lifetime(
        self,
        data: Any,
        discount_rate_annual: float,
        horizon: float = math.inf,
        *,
        draws: PosteriorDraws | None = None,
        level: float = 0.95,
    ) -> Any:
        """Discounted expected time that customers stay alive (DEAT).

        Parameters
        ----------
        data : dataframe or Orders
            The customers.
        discount_rate_annual : float
            Effective rate per year of 365.25 days, such as 0.15; above 0, or 0 where the horizon is finite.
        horizon : float, default inf
            Time ahead up to which it counts, in ``unit``.
        draws : PosteriorDraws, optional
            Parameters from `sample_posterior`, for an interval.
        level : float, default 0.95
            Share of the draws in the interval.

        Returns
        -------
        dataframe
            ``discounted_lifetime`` in ``unit`` and, with draws, ``_lower`` and ``_upper``, in the kind of ``data``.

        Raises
        ------
        NotFittedError
            Before `fit`.
        DataError
            If the table cannot be used.
        ParameterError
            If an argument is out of range.
        """
        return self._discounted(
            "discounted_lifetime", data, annual=discount_rate_annual, horizon=horizon, draws=draws, level=level
        )

    def _over_horizon(self, verb: str, data: Any, horizon: float | None, draws: PosteriorDraws | None, level: float) -> Any:
        time, function = self._time(verb, horizon), getattr(self._process, verb)

        def answer(values: Values, parameters: Any) -> Mapping[str, FloatArray]:
            return {verb: function(*history_of(values), time, parameters)}

        return self._answer(verb, data, answer, draws, level)

    def _discounted(
        self, verb: str, data: Any, *, annual: float, horizon: float, draws: PosteriorDraws | None, level: float
    ) -> Any:
        time = self._time(verb, horizon, endless=True)
        if not is_number(annual) or not 0 <= annual < math.inf or (annual == 0 and math.isinf(time)):
            must = "a number above 0, such as 0.15 for 15 % a year, or 0 where the horizon is finite"
            raise ParameterError.must_be(verb, "discount_rate_annual", must, annual)
        rate, function = self._rate(annual), getattr(self._process, verb)

        def answer(values: Values, parameters: Any) -> Mapping[str, FloatArray]:
            return {verb: function(*history_of(values), rate, parameters, horizon=time)}

        return self._answer(verb, data, answer, draws, level)

    def _rate(self, annual: float) -> float:
        """Continuous rate per unit of time."""
        return math.log1p(annual) * UNIT_DAYS[self.unit] / UNIT_DAYS["Y"]


def check_n_max(verb: str, n_max: object) -> None:
    """Refuse a largest number of orders that is none.

    Parameters
    ----------
    verb : str
        Who asks, for the error.
    n_max : object
        What the user gave.

    Raises
    ------
    ParameterError
        If it is not a whole number from 0 to 100,000.
    """
    if not is_whole(n_max) or not 0 <= n_max <= _MOST_ORDERS:
        raise ParameterError.must_be(verb, "n_max", f"a whole number from 0 to {_MOST_ORDERS:,}", n_max)
