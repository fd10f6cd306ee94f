"""What the purchase models share: who is alive, how many orders to expect, and until when."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar, cast, overload

import numpy as np
import pandas as pd

from crmmodels._typing import AnyArray, FloatArray, IntArray, Language, TimeUnit
from crmmodels.base import FrameT, Values
from crmmodels.data.tables.frames import OrderTables
from crmmodels.data.tables.schema import LARGEST_FREQUENCY, Column, Conflict
from crmmodels.exceptions import CrmModelsWarning, ParameterError
from crmmodels.kernels.arrays.grouping import group_means
from crmmodels.kernels.purchase.histories import PurchaseTable
from crmmodels.kernels.simulation.purchases import purchase_histories
from crmmodels.models.labels import check_cut_points, read_labels
from crmmodels.models.parametric.model import ParametricModel
from crmmodels.models.parametric.posterior import PosteriorDraws
from crmmodels.models.parametric.priors import GammaPrior, LogNormalPrior
from crmmodels.models.parametric.record import ParametricFit
from crmmodels.models.purchase.process import PurchaseProcess, TimeScale
from crmmodels.models.purchase.reading import conflicts_of, history_of, purchase_table, unit_concerns, why_no_estimates
from crmmodels.models.purchase.tracking import track
from crmmodels.parameters import is_number, is_whole

if TYPE_CHECKING:
    from crmmodels.data.orders.orders import Orders

ParametersT = TypeVar("ParametersT")

LABELS: Final = ("lapsed", "at risk", "cooling", "active")
CHINESE_LABELS: Final = {"lapsed": "已流失", "at risk": "流失风险", "cooling": "趋冷", "active": "活跃"}
_MOST_ORDERS: Final = 100_000


@dataclass(frozen=True, kw_only=True)
class PurchaseModel(ParametricModel[ParametersT, PurchaseTable]):
    """What the purchase models share; a new one gives the likelihood and the functions of its process.

    Parameters
    ----------
    horizon : float
        Time ahead that `score` and `segment` look, in ``unit``.
    unit : {"D", "W", "M", "Y"}, default "D"
        Unit of the ages and of every time: days, weeks, months or years.
    cut_points : sequence of three floats, default (0.25, 0.5, 0.75)
        Probabilities of no purchase that part active from cooling, cooling from at risk, and at risk from lapsed customers.
    prior : mapping of str to LogNormalPrior or GammaPrior, optional
        Priors of some or all parameters, which make the estimates those of largest posterior density. Default: none.
    weight : str, optional
        Column with the number of customers that a row stands for. Default: each row is one customer.
    labels : {"en", "zh"} or mapping of str to str, default "en"
        Language of the segment labels, or own wording for some of them; `segment_labels` lists them.
    """

    horizon: float
    unit: str = "D"
    cut_points: Sequence[float] = (0.25, 0.5, 0.75)
    prior: Mapping[str, LogNormalPrior | GammaPrior] | None = None
    weight: str | None = None
    labels: Language | Mapping[str, str] = "en"

    process: ClassVar[PurchaseProcess]

    def columns(self) -> Sequence[Column]:
        """Columns that the model reads, beside the key."""
        scale = self._scale
        return (
            Column.count("frequency", maximum=min(LARGEST_FREQUENCY, scale.longest)),
            scale.column("age_at_last"),
            scale.column("age"),
            *self._weight_columns(),
        )

    def score_columns(self) -> Sequence[str]:
        """Chance to be alive now, and what to expect within the horizon."""
        return ("probability_alive", "expected_purchases", "probability_no_purchase")

    def segment_labels(self) -> Sequence[str]:
        """Segment labels, worst first."""
        return read_labels(type(self).__name__, self.labels, LABELS, CHINESE_LABELS)

    def segment_table(self) -> pd.DataFrame:
        """The segments with the probabilities that bound them.

        Returns
        -------
        pandas.DataFrame
            One row per segment, best first: ``segment``, and ``above`` and ``up_to``, between which lies the probability of no
            purchase within the horizon.
        """
        bounds = [0.0, *self.cut_points, 1.0]
        return pd.DataFrame({"segment": list(self.segment_labels())[::-1], "above": bounds[:-1], "up_to": bounds[1:]})

    @overload
    def probability_alive(
        self, data: OrderTables, ahead: float = 0.0, *, draws: PosteriorDraws | None = None, level: float = 0.95
    ) -> Any: ...
    @overload
    def probability_alive(
        self, data: FrameT, ahead: float = 0.0, *, draws: PosteriorDraws | None = None, level: float = 0.95
    ) -> FrameT: ...
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
        scale, time = self._scale, np.asarray(ahead if is_number(ahead) else np.nan)
        scale.check("probability_alive", "ahead", time, scale.a_number, ahead)

        def answer(values: Values, parameters: Any) -> Mapping[str, FloatArray]:
            return {"probability_alive": self.process.probability_alive(*history_of(values), parameters, ahead=ahead)}

        return self._answer("probability_alive", data, answer, draws, level)

    @overload
    def expected_purchases(
        self, data: OrderTables, horizon: float | None = None, *, draws: PosteriorDraws | None = None, level: float = 0.95
    ) -> Any: ...
    @overload
    def expected_purchases(
        self, data: FrameT, horizon: float | None = None, *, draws: PosteriorDraws | None = None, level: float = 0.95
    ) -> FrameT: ...
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

    @overload
    def probability_no_purchase(
        self, data: OrderTables, horizon: float | None = None, *, draws: PosteriorDraws | None = None, level: float = 0.95
    ) -> Any: ...
    @overload
    def probability_no_purchase(
        self, data: FrameT, horizon: float | None = None, *, draws: PosteriorDraws | None = None, level: float = 0.95
    ) -> FrameT: ...
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

    @overload
    def purchase_distribution(
        self,
        data: OrderTables,
        horizon: float | None = None,
        n_max: int = 10,
        *,
        draws: PosteriorDraws | None = None,
        level: float = 0.95,
    ) -> Any: ...
    @overload
    def purchase_distribution(
        self,
        data: FrameT,
        horizon: float | None = None,
        n_max: int = 10,
        *,
        draws: PosteriorDraws | None = None,
        level: float = 0.95,
    ) -> FrameT: ...
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
        time = self._scale.horizon("purchase_distribution", horizon, self.horizon)
        _check_n_max("purchase_distribution", n_max)

        def answer(values: Values, parameters: Any) -> Mapping[str, FloatArray]:
            chances = self.process.purchase_distribution(*history_of(values), time, n_max, parameters)
            return {f"probability_{n}": chances[:, n] for n in range(n_max + 1)}

        return self._answer("purchase_distribution", data, answer, draws, level)

    @overload
    def discounted_purchases(
        self,
        data: OrderTables,
        discount_rate_annual: float,
        horizon: float = math.inf,
        *,
        draws: PosteriorDraws | None = None,
        level: float = 0.95,
    ) -> Any: ...
    @overload
    def discounted_purchases(
        self,
        data: FrameT,
        discount_rate_annual: float,
        horizon: float = math.inf,
        *,
        draws: PosteriorDraws | None = None,
        level: float = 0.95,
    ) -> FrameT: ...
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

    @overload
    def discounted_lifetime(
        self,
        data: OrderTables,
        discount_rate_annual: float,
        horizon: float = math.inf,
        *,
        draws: PosteriorDraws | None = None,
        level: float = 0.95,
    ) -> Any: ...
    @overload
    def discounted_lifetime(
        self,
        data: FrameT,
        discount_rate_annual: float,
        horizon: float = math.inf,
        *,
        draws: PosteriorDraws | None = None,
        level: float = 0.95,
    ) -> FrameT: ...
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

    def expected_purchases_new(self, horizon: float | Sequence[float] | FloatArray) -> Any:
        """Repeat orders that a new customer is expected to place.

        Parameters
        ----------
        horizon : float or array of float
            Times after the first order, 0 or more, in ``unit``.

        Returns
        -------
        float or ndarray of float64
            A number for a number, an array of the same shape for an array.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ParameterError
            If a time is out of range.
        """
        parameters = self._fitted_for("expected_purchases_new").parameters
        times, scale = np.asarray(horizon, np.float64), self._scale
        numbers = "one or more whole numbers" if scale.is_discrete else "one or more numbers"
        scale.check("expected_purchases_new", "horizon", times, numbers, horizon)
        expected = np.zeros(times.shape)
        later = times > 0
        if later.any():
            expected[later] = self.process.expected_purchases_new(times[later], parameters)
        return float(expected) if expected.ndim == 0 else expected

    def purchase_distribution_new(self, horizon: float | None = None, n_max: int = 10) -> FloatArray:
        """Probability of each number of repeat orders of a new customer.

        Parameters
        ----------
        horizon : float, optional
            Time after the first order, in ``unit``. Default: that of the model.
        n_max : int, default 10
            Largest number of orders.

        Returns
        -------
        ndarray of float64, shape (n_max + 1,)
            Probabilities of 0 to ``n_max`` repeat orders.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ParameterError
            If an argument is out of range.
        """
        parameters = self._fitted_for("purchase_distribution_new").parameters
        time = self._scale.horizon("purchase_distribution_new", horizon, self.horizon)
        _check_n_max("purchase_distribution_new", n_max)
        return self.process.purchase_distribution_new(time, n_max, parameters)

    def tracking(self, orders: Orders, periods: int, length: float = 1.0) -> Any:
        """Repeat orders period by period, expected and actual, from the first order in a log on.

        Every customer of the log counts from its own first order, whenever that was.

        Parameters
        ----------
        orders : Orders
            The log, calibration and holdout together, with the customers that are to be tracked.
        periods : int
            Periods to track, the first of which begins on the day of the first order.
        length : float, default 1
            Length of a period in ``unit``.

        Returns
        -------
        dataframe of the kind of the log
            One row per period: ``period`` (from 1), ``end`` (its last day), ``expected``, ``actual`` (repeat order days, missing after the end of
            the log), ``expected_cumulative``, ``actual_cumulative``.

        Raises
        ------
        NotFittedError
            Before `fit`.
        DataError
            If the log cannot be used.
        ParameterError
            If an argument is out of range.
        """
        parameters = self._fitted_for("tracking").parameters
        if not isinstance(orders, OrderTables):
            must = "an order log, such as crm.Orders(frame, ...)"
            raise ParameterError.must_be("tracking", "orders", must, type(orders).__name__)
        log = orders.__order_log__()
        tracked = track(log.order_days(), periods, length, unit=self.unit, process=self.process, parameters=parameters)
        return log.table(tracked)

    def simulate(
        self,
        n_customers: int,
        horizon: float | Sequence[float] | FloatArray | None = None,
        rng: np.random.Generator | int | None = None,
        *,
        until: str = "2026-01-01",
    ) -> pd.DataFrame:
        """Draw an order log from the fitted model.

        Parameters
        ----------
        n_customers : int
            Customers to draw.
        horizon : float or array of float, optional
            Time from the first order to the end of observation, for all or for each, in ``unit``. Default: that of the model.
        rng : numpy.random.Generator or int, optional
            Source of chance, or its seed. Default: fresh.
        until : str, default "2026-01-01"
            End of observation, to which the dates count.

        Returns
        -------
        pandas.DataFrame
            One row per order, first orders included, sorted by customer and time: ``customer_id``, ``date`` (to the second) and ``age``, the
            exact time since the first order in ``unit``.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ParameterError
            If an argument is out of range.
        """
        fitted = self._fitted_for("simulate")
        duration = self._durations("simulate", n_customers, horizon)
        times = self.process.simulate(duration, fitted.parameters, np.random.default_rng(rng))
        customer = np.concatenate([np.arange(n_customers), times.customer])
        age = np.concatenate([np.zeros(n_customers), times.time])
        order = np.lexsort((age, customer))
        customer, age = customer[order], age[order]
        days = (age - duration[customer]) * self._scale.days
        date = pd.Timestamp(until) + pd.to_timedelta(np.round(days * 86_400.0), unit="s")
        return pd.DataFrame({"customer_id": customer, "date": date, "age": age})

    @classmethod
    def example(cls, n_customers: int, seed: int) -> pd.DataFrame:
        """Draw a table of customers from a known model.

        Parameters
        ----------
        n_customers : int
            Number of rows.
        seed : int
            Seed of the draw.

        Returns
        -------
        pandas.DataFrame
            ``customer_id, frequency, age_at_last, age``.
        """
        rng = np.random.default_rng(seed)
        duration = rng.integers(27, 39, n_customers, endpoint=True).astype(np.float64)
        history = purchase_histories(cls.process.simulate(duration, cls._example_parameters(), rng), duration)
        digits = 0 if cls.process.is_discrete else 2
        return pd.DataFrame(
            {
                "customer_id": [f"c{i:05d}" for i in range(n_customers)],
                "frequency": history.frequency.astype(np.int64),
                "age_at_last": np.minimum(_rounded_up(history.age_at_last, digits), history.age),
                "age": history.age,
            }
        )

    @classmethod
    @abstractmethod
    def _example_parameters(cls) -> Any:
        """Parameters from which `example` draws."""

    @property
    def _scale(self) -> TimeScale:
        return self.process.scale(self.unit)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        owner, scale = type(self).__name__, self._scale
        if self.unit not in scale.units:
            raise ParameterError.unknown_choice(owner, "unit", scale.units, self.unit)
        scale.horizon(owner, self.horizon)
        check_cut_points(owner, self.cut_points, len(LABELS) - 1, "three ascending probabilities")

    def _conflicts(self, values: Values) -> Iterable[Conflict]:
        return conflicts_of(values, is_discrete=self.process.is_discrete)

    def _table_of(self, orders: OrderTables) -> Any:
        return orders.customers(unit=cast("TimeUnit", self.unit))

    def _table_from(self, values: Values) -> PurchaseTable:
        return purchase_table(values, self._weights(values))

    def _n_customers(self, values: Values, table: PurchaseTable) -> float:
        """Those of age 0 count, though they tell nothing."""
        weights, is_new = self._weights(values), values["age"] == 0
        return super()._n_customers(values, table) + float(is_new.sum() if weights is None else weights[is_new].sum())

    def _n_telling(self, values: Values) -> int:
        return int(np.count_nonzero(values["age"]))

    def _why_not(self, values: Values) -> Sequence[str]:
        return why_no_estimates(values, self._weights(values), self.weight)

    def _unit(self) -> str:
        return self.unit

    def _concerns(self, values: Values, fitted: ParametricFit[ParametersT]) -> Iterable[CrmModelsWarning]:
        yield from super()._concerns(values, fitted)
        yield from unit_concerns(type(self).__name__, float(values["age"].max()), self._scale)

    def _score(self, values: Values, fitted: ParametricFit[ParametersT]) -> Mapping[str, AnyArray]:
        found = self.process.prospects(*history_of(values), self.horizon, fitted.parameters)
        return {name: getattr(found, name) for name in self.score_columns()}

    def _segment(self, values: Values, fitted: ParametricFit[ParametersT]) -> IntArray:
        silent = self.process.probability_no_purchase(*history_of(values), self.horizon, fitted.parameters)
        codes: IntArray = len(self.cut_points) - np.searchsorted(np.array(self.cut_points), silent, side="left")
        return codes

    def _measures(self, values: Values, codes: IntArray, fitted: ParametricFit[ParametersT]) -> Mapping[str, AnyArray]:
        n = len(LABELS)
        scores = self._score(values, fitted)
        expected = np.bincount(codes, scores["expected_purchases"], n)
        return {
            "expected_purchases": expected,
            "mean_probability_alive": group_means(codes, scores["probability_alive"], n),
            "mean_probability_no_purchase": group_means(codes, scores["probability_no_purchase"], n),
            "mean_frequency": group_means(codes, values["frequency"], n),
        }

    def _over_horizon(self, verb: str, data: Any, horizon: float | None, draws: PosteriorDraws | None, level: float) -> Any:
        time, function = self._scale.horizon(verb, horizon, self.horizon), getattr(self.process, verb)

        def answer(values: Values, parameters: Any) -> Mapping[str, FloatArray]:
            return {verb: function(*history_of(values), time, parameters)}

        return self._answer(verb, data, answer, draws, level)

    def _discounted(
        self, verb: str, data: Any, *, annual: float, horizon: float, draws: PosteriorDraws | None, level: float
    ) -> Any:
        time = self._scale.horizon(verb, horizon, self.horizon, endless=True)
        if not is_number(annual) or not 0 <= annual < math.inf or (annual == 0 and math.isinf(time)):
            must = "a number above 0, such as 0.15 for 15 % a year, or 0 where the horizon is finite"
            raise ParameterError.must_be(verb, "discount_rate_annual", must, annual)
        rate, function = self._scale.rate(annual), getattr(self.process, verb)

        def answer(values: Values, parameters: Any) -> Mapping[str, FloatArray]:
            return {verb: function(*history_of(values), rate, parameters, horizon=time)}

        return self._answer(verb, data, answer, draws, level)

    def _durations(self, verb: str, n_customers: int, horizon: float | Sequence[float] | FloatArray | None) -> FloatArray:
        if not is_whole(n_customers) or n_customers < 1:
            raise ParameterError.must_be(verb, "n_customers", "a whole number, 1 or more", n_customers)
        given = np.asarray(self.horizon if horizon is None else horizon, np.float64)
        times = given if given.shape in ((), (n_customers,)) else np.empty(0)
        self._scale.check(verb, "horizon", times, "one number, or one per customer", horizon)
        return np.broadcast_to(given, (n_customers,)).astype(np.float64)


def _rounded_up(time: FloatArray, digits: int) -> FloatArray:
    rounded: FloatArray = np.ceil(time * 10.0**digits) / 10.0**digits
    return rounded


def _check_n_max(verb: str, n_max: object) -> None:
    if not is_whole(n_max) or not 0 <= n_max <= _MOST_ORDERS:
        raise ParameterError.must_be(verb, "n_max", f"a whole number from 0 to {_MOST_ORDERS:,}", n_max)
