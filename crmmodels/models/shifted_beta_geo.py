"""sBG: how long customers under contract stay."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, overload

import numpy as np
import pandas as pd

from crmmodels._typing import AnyArray, FloatArray, IntArray, Language
from crmmodels.base import FrameT, Values
from crmmodels.data.tables.frames import OrderTables
from crmmodels.data.tables.schema import Column, Conflict
from crmmodels.exceptions import DataError, ParameterError
from crmmodels.kernels.arrays.grouping import group_means
from crmmodels.kernels.inference.estimation import Edge, Family
from crmmodels.kernels.purchase import shifted_beta_geo as kernel
from crmmodels.kernels.purchase.shifted_beta_geo import ShiftedBetaGeoParameters, SurvivalTable
from crmmodels.kernels.simulation.purchases import simulate_shifted_beta_geo
from crmmodels.models.labels import check_cut_points, read_labels
from crmmodels.models.parametric.model import ParametricModel
from crmmodels.models.parametric.posterior import PosteriorDraws
from crmmodels.models.parametric.priors import GammaPrior, LogNormalPrior
from crmmodels.models.parametric.record import ParametricFit
from crmmodels.parameters import is_number, is_whole
from crmmodels.wording import count_of

_LABELS: Final = ("lost", "likely to leave", "uncertain", "loyal")
_CHINESE: Final = {"lost": "已流失", "likely to leave": "可能离开", "uncertain": "不确定", "loyal": "忠诚"}
_MOST_PERIODS: Final = 100_000


def _start(table: SurvivalTable) -> FloatArray:
    """The share that leaves at the first chance, of moderately different customers."""
    left, at_risk = float(table.churned[0]), float((table.churned + table.survivors).sum())
    share = min(max(left / at_risk, 0.01), 0.9)
    return np.array([share, 1.0 - share])


def _no_sample(table: SurvivalTable) -> None:  # noqa: ARG001  (the table is small for any number of customers)
    return None


def _total_weight(table: SurvivalTable) -> float:
    return float((table.churned + table.survivors).sum())


_FAMILY: Final = Family(
    ShiftedBetaGeoParameters,
    kernel.log_likelihood,
    _start,
    _no_sample,
    _total_weight,
    frozenset(),
    (
        Edge("alpha", "large", "every customer leaves at the first chance", "beta"),
        Edge("beta", "small", "every customer leaves at the first chance", "alpha"),
        Edge("alpha", "small", "almost nobody leaves, and it cannot be told who might", "beta"),
        Edge("beta", "large", "almost nobody leaves, and it cannot be told who might", "alpha"),
        Edge(
            "alpha",
            "large",
            "customers do not differ in their risk to leave; one constant retention rate fits as well",
            "beta",
            together=True,
        ),
        Edge("alpha", "small", "customers leave at once or never; two kinds of customers fit as well", "beta", together=True),
    ),
)


@dataclass(frozen=True, kw_only=True)
class ShiftedBetaGeoModel(ParametricModel[ShiftedBetaGeoParameters, SurvivalTable]):
    r"""The shifted-beta-geometric model: how long customers stay who can leave once a period and are seen to leave.

    Use it for subscriptions, policies and memberships. Retention grows with tenure, since those inclined to leave go
    first, which a constant churn rate misses. Where customers leave without notice, use `BetaGeoModel` or `BetaGeoBetaBinomModel`.

    Parameters
    ----------
    horizon : int
        Renewals ahead that `score` and `segment` look.
    cut_points : sequence of two floats, default (0.25, 0.5)
        Probabilities to leave within the horizon that part loyal from uncertain, and uncertain from likely to leave.
    prior : mapping of str to LogNormalPrior or GammaPrior, optional
        Priors of ``alpha`` or ``beta`` or both; the estimates are then those of largest posterior density of their logarithms.
    weight : str, optional
        Column with the number of customers that a row stands for. Default: each row is one customer.
    labels : {"en", "zh"} or mapping of str to str, default "en"
        Language of the segment labels, or own wording for some of them; `segment_labels` lists them.

    Raises
    ------
    ParameterError
        If a parameter is out of range.

    Notes
    -----
    Customers leave at each chance to renew with a probability :math:`\theta \sim B(\alpha, \beta)` among customers. `fit` reads ``tenure``,
    the chances to renew that a customer has met, and ``churned``: 1 where it left at the last of them, 0 where it took that, too. The formulas are
    in `crmmodels.kernels.purchase.shifted_beta_geo`.

    References
    ----------
    Fader, P. S. & Hardie, B. G. S. (2007). How to Project Customer Retention. Journal of Interactive Marketing 21(1),
    76-90. doi:10.1002/dir.20074

    Fader, P. S. & Hardie, B. G. S. (2010). Customer-Base Valuation in a Contractual Setting: The Perils of Ignoring Heterogeneity.
    Marketing Science 29(1), 85-93. doi:10.1287/mksc.1080.0482

    Examples
    --------
    >>> import crmmodels as crm
    >>> customers = crm.ShiftedBetaGeoModel.example(n_customers=500, seed=1)
    >>> model = crm.ShiftedBetaGeoModel(horizon=3).fit(customers)
    >>> model.score(customers).head(2).round(3)
       retention_rate  expected_renewals  probability_churn
    0            0.00              0.000              1.000
    1            0.91              2.527              0.221
    """

    horizon: int
    cut_points: Sequence[float] = (0.25, 0.5)
    prior: Mapping[str, LogNormalPrior | GammaPrior] | None = None
    weight: str | None = None
    labels: Language | Mapping[str, str] = "en"

    record_types: ClassVar[tuple[type, ...]] = (ParametricFit, ShiftedBetaGeoParameters, LogNormalPrior, GammaPrior)
    _family: ClassVar[Family[ShiftedBetaGeoParameters, SurvivalTable]] = _FAMILY
    _is_probability: ClassVar[bool] = True

    def columns(self) -> Sequence[Column]:
        """Columns that the model reads, beside the key."""
        return (
            Column(name="tenure", minimum=0, maximum=_MOST_PERIODS, whole=True),
            Column(name="churned", minimum=0, maximum=1, whole=True),
            *self._weight_columns(),
        )

    def score_columns(self) -> Sequence[str]:
        """Chance to renew next, renewals to expect within the horizon, and chance to leave within it."""
        return ("retention_rate", "expected_renewals", "probability_churn")

    def segment_labels(self) -> Sequence[str]:
        """Segment labels, worst first."""
        return read_labels("ShiftedBetaGeoModel", self.labels, _LABELS, _CHINESE)

    @overload
    def probability_churn(
        self, data: OrderTables, horizon: int | None = None, *, draws: PosteriorDraws | None = None, level: float = 0.95
    ) -> Any: ...
    @overload
    def probability_churn(
        self, data: FrameT, horizon: int | None = None, *, draws: PosteriorDraws | None = None, level: float = 0.95
    ) -> FrameT: ...
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

    @overload
    def expected_renewals(
        self, data: OrderTables, horizon: int | None = None, *, draws: PosteriorDraws | None = None, level: float = 0.95
    ) -> Any: ...
    @overload
    def expected_renewals(
        self, data: FrameT, horizon: int | None = None, *, draws: PosteriorDraws | None = None, level: float = 0.95
    ) -> FrameT: ...
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

    @overload
    def discounted_renewals(
        self, data: OrderTables, discount_rate_per_period: float, *, draws: PosteriorDraws | None = None, level: float = 0.95
    ) -> Any: ...
    @overload
    def discounted_renewals(
        self, data: FrameT, discount_rate_per_period: float, *, draws: PosteriorDraws | None = None, level: float = 0.95
    ) -> FrameT: ...
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
        if not is_whole(n_periods) or not 1 <= n_periods <= _MOST_PERIODS:
            raise ParameterError.must_be(
                "survivor_curve", "n_periods", f"a whole number from 1 to {_MOST_PERIODS:,}", n_periods
            )
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
        return _contracts(np.full(n_customers, n_periods), parameters, np.random.default_rng(rng))

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
            ``customer_id, tenure, churned``.
        """
        rng = np.random.default_rng(seed)
        periods = rng.integers(1, 8, n_customers, endpoint=True)
        drawn = _contracts(periods, ShiftedBetaGeoParameters(0.7, 1.8), rng)
        return drawn.assign(customer_id=[f"c{i:05d}" for i in range(n_customers)])

    def _check_parameters(self) -> None:
        super()._check_parameters()
        self._periods("ShiftedBetaGeoModel", self.horizon)
        check_cut_points("ShiftedBetaGeoModel", self.cut_points, 2, "two ascending probabilities")

    def _conflicts(self, values: Values) -> Iterable[Conflict]:
        yield Conflict(
            (values["tenure"] == 0) & (values["churned"] > 0),
            "who churned with tenure 0; who left at the first chance to renew has tenure 1",
        )

    def _table_of(self, orders: OrderTables) -> Any:
        raise DataError(
            "ShiftedBetaGeoModel",
            [
                f"{orders!r} does not say who ended a contract and when; hand over one row per customer with 'tenure' and 'churned'"
            ],
            "order log",
        )

    def _table_from(self, values: Values) -> SurvivalTable:
        tenure, churned = values["tenure"].astype(np.int64), values["churned"]
        weight = self._weights(values)
        counts = np.ones(len(tenure)) if weight is None else weight
        most = int(tenure.max())
        left, stayed = (
            np.bincount(tenure, counts * of, most + 1)[1:].astype(np.float64, copy=False) for of in (churned, 1.0 - churned)
        )
        return SurvivalTable(left, stayed)

    def _why_not(self, values: Values) -> Sequence[str]:
        n, weight = len(values["tenure"]), self._weights(values)
        counted = (values["tenure"] > 0) & (True if weight is None else weight > 0)
        churned = values["churned"][counted]
        if not counted.any():
            return [f"chances to renew: none of {count_of(n, 'customer')} has met one (tenure 0); wait for the first renewals"]
        if not churned.any():
            return [
                f"customers who left: none of {count_of(n, 'customer')} has churned, so nothing says how fast they leave; observe longer"
            ]
        if churned.all() and (values["tenure"][counted] == 1).all():
            return [
                f"customers who stayed: all {count_of(n, 'customer')} left at the first chance, so nothing says how long others stay"
            ]
        if int(counted.sum()) == 1 and weight is None:
            return ["customers: 1 customer does not tell how customers differ; fit many, then score one"]
        return []

    def _n_distinct(self, table: SurvivalTable) -> int:
        return int((table.churned > 0).sum() + (table.survivors > 0).sum())

    def _score(self, values: Values, fitted: ParametricFit[ShiftedBetaGeoParameters]) -> Mapping[str, AnyArray]:
        return self._foretold(values, self.horizon, fitted.parameters)

    def _segment(self, values: Values, fitted: ParametricFit[ShiftedBetaGeoParameters]) -> IntArray:
        churn = self._foretold(values, self.horizon, fitted.parameters)["probability_churn"]
        codes: IntArray = 3 - np.searchsorted(np.array(self.cut_points), churn, side="left")
        return np.where(values["churned"] > 0, 0, codes)

    def _measures(
        self, values: Values, codes: IntArray, fitted: ParametricFit[ShiftedBetaGeoParameters]
    ) -> Mapping[str, AnyArray]:
        scores, n = self._score(values, fitted), len(_LABELS)
        return {
            "mean_tenure": group_means(codes, values["tenure"], n),
            "mean_retention_rate": group_means(codes, scores["retention_rate"], n),
            "expected_renewals": np.bincount(codes, scores["expected_renewals"], n),
        }

    def _periods(self, verb: str, horizon: int | None) -> int:
        given = self.horizon if horizon is None else horizon
        if not is_whole(given) or not 1 <= given <= _MOST_PERIODS:
            must = f"a whole number of renewals from 1 to {_MOST_PERIODS:,}"
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


def _contracts(periods: IntArray, parameters: ShiftedBetaGeoParameters, rng: np.random.Generator) -> pd.DataFrame:
    """Draw a contract for each number of chances to renew, of shape (n_customers,)."""
    drawn = simulate_shifted_beta_geo(periods, parameters, rng)
    return pd.DataFrame(
        {"customer_id": np.arange(len(periods)), "tenure": drawn.tenure, "churned": drawn.churned.astype(np.int64)}
    )
