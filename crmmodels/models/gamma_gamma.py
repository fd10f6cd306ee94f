"""Gamma-gamma: how much customers spend per order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, overload

import numpy as np
import pandas as pd

from crmmodels._typing import AnyArray, FloatArray, IntArray, Language
from crmmodels.base import FrameT, Values
from crmmodels.data.tables.frames import OrderTables, Table
from crmmodels.data.tables.schema import LARGEST_FREQUENCY, SMALLEST_MONEY, Column, Conflict
from crmmodels.exceptions import (
    CrmModelsWarning,
    DataError,
    HeavyTailWarning,
    NegativeSpendWarning,
    ParameterError,
    SpendCorrelationWarning,
    warn,
)
from crmmodels.kernels.arrays.grouping import group_means
from crmmodels.kernels.inference.estimation import Edge, Family
from crmmodels.kernels.purchase import gamma_gamma as kernel
from crmmodels.kernels.purchase.gamma_gamma import GammaGammaParameters, SpendTable
from crmmodels.kernels.simulation.purchases import simulate_gamma_gamma
from crmmodels.models.labels import check_cut_points, read_labels
from crmmodels.models.parametric.model import ParametricModel
from crmmodels.models.parametric.posterior import PosteriorDraws
from crmmodels.models.parametric.priors import GammaPrior, LogNormalPrior
from crmmodels.models.parametric.record import ParametricFit
from crmmodels.wording import EXAMPLES_SHOWN, count_of, plain

_LABELS: Final = ("low", "medium", "high")
_CHINESE: Final = {"low": "低", "medium": "中", "high": "高"}
_LARGEST_CORRELATION: Final = 0.3
_SAMPLE_ROWS: Final = 4_000


def _start(table: SpendTable) -> FloatArray:
    """Population mean of the customers' means; orders of a customer vary by 40 %, customers by as much."""
    weight = table.weight
    return np.array([6.0, 4.0, 0.5 * float(weight @ table.mean_spend / weight.sum())])


def _sample(table: SpendTable) -> SpendTable | None:
    n = len(table.weight)
    if n < 4 * _SAMPLE_ROWS:
        return None
    rows = slice(n // _SAMPLE_ROWS // 2, None, n // _SAMPLE_ROWS)
    return SpendTable(table.frequency[rows], table.mean_spend[rows], table.weight[rows])


def _total_weight(table: SpendTable) -> float:
    return float(table.weight.sum())


_FAMILY: Final = Family(
    GammaGammaParameters,
    kernel.log_likelihood,
    _start,
    _sample,
    _total_weight,
    frozenset({"v"}),
    (
        Edge("p", "large", "the orders of a customer do not differ in spend; each customer's own mean says all", "v"),
        Edge("p", "small", "spend varies more from order to order than a gamma distribution can; look for outliers", "v"),
        Edge("q", "large", "customers do not differ in spend per order; the mean of all fits as well", "v"),
        Edge(
            "q",
            "small",
            "spend per order varies between customers beyond any limit; look for outliers or several currencies",
            "v",
        ),
    ),
)


@dataclass(frozen=True, kw_only=True)
class GammaGammaModel(ParametricModel[GammaGammaParameters, SpendTable]):
    r"""Gamma-gamma: how much customers are expected to spend per order.

    Use it beside a purchase model: expected spend times expected orders is expected revenue. It draws the mean of a customer with few
    orders towards that of the population. It takes spend per order to be independent of how often customers order, and warns where it is not.

    Parameters
    ----------
    cut_points : sequence of two floats, default (1/3, 2/3)
        Shares of the population, by spend per order, that part low from medium and medium from high in `segment`.
    prior : mapping of str to LogNormalPrior or GammaPrior, optional
        Priors of some or all of ``p, q, v``; the estimates are then those of largest posterior density of their logarithms.
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
    The spend of an order is :math:`\Gamma(p, \nu)` distributed, and :math:`\nu \sim \Gamma(q, v)` among customers. `fit` reads ``frequency``,
    the repeat orders, and ``mean_repeat_spend``, their mean; customers without repeat orders tell nothing and are left out of it. They are
    expected to spend what the population does, :math:`pv/(q - 1)`; where q is at most 1, no mean exists, and their score is refused. A
    gamma distribution gives positive amounts only: whose repeat orders brought 0 or less, all in all, is taken as a customer without
    repeat orders, in fit and in score, with a `NegativeSpendWarning` that counts them; where that is everybody, fit is refused.

    References
    ----------
    Fader, P. S. & Hardie, B. G. S. (2013). The Gamma-Gamma Model of Monetary Value. brucehardie.com/notes/025.

    Examples
    --------
    >>> import crmmodels as crm
    >>> customers = crm.GammaGammaModel.example(n_customers=500, seed=1)
    >>> model = crm.GammaGammaModel().fit(customers)
    >>> model.score(customers).head(2).round(2)
       expected_spend
    0           15.36
    1           32.77
    """

    cut_points: Sequence[float] = (1 / 3, 2 / 3)
    prior: Mapping[str, LogNormalPrior | GammaPrior] | None = None
    weight: str | None = None
    labels: Language | Mapping[str, str] = "en"

    record_types: ClassVar[tuple[type, ...]] = (ParametricFit, GammaGammaParameters, LogNormalPrior, GammaPrior)
    _family: ClassVar[Family[GammaGammaParameters, SpendTable]] = _FAMILY

    def columns(self) -> Sequence[Column]:
        """Columns that the model reads, beside the key."""
        return (
            Column.count("frequency", maximum=LARGEST_FREQUENCY),
            Column.money("mean_repeat_spend"),
            *self._weight_columns(),
        )

    def score_columns(self) -> Sequence[str]:
        """Expected spend per order."""
        return ("expected_spend",)

    def segment_labels(self) -> Sequence[str]:
        """Segment labels, worst first."""
        return read_labels("GammaGammaModel", self.labels, _LABELS, _CHINESE)

    def segment_table(self) -> pd.DataFrame:
        """The segments with the spend per order that bounds them.

        Returns
        -------
        pandas.DataFrame
            One row per segment, best first: ``segment``, and ``above`` and ``up_to``, between which lies the expected spend.

        Raises
        ------
        NotFittedError
            Before `fit`.
        """
        bounds = [0.0, *self._bounds(self._fitted_for("segment_table").parameters).tolist(), np.inf]
        labels = list(self.segment_labels())
        return pd.DataFrame({"segment": labels[::-1], "above": bounds[:-1][::-1], "up_to": bounds[1:][::-1]})

    def population_mean_spend(self) -> float:
        """Expected spend per order of a customer of whom nothing is known.

        Returns
        -------
        float
            In the currency of the data.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ParameterError
            If q is at most 1: spend then varies so much between customers that the population has no mean.
        """
        parameters = self._fitted_for("population_mean_spend").parameters
        mean = kernel.population_mean_spend(parameters)
        if mean is None:
            raise ParameterError(
                f"GammaGammaModel: the population has no mean spend, for q is {parameters.q:.3g} and a mean exists above 1 only; look for "
                "outliers, or use the spend of customers with repeat orders"
            )
        return mean

    @overload
    def expected_spend(self, data: OrderTables, *, draws: PosteriorDraws | None = None, level: float = 0.95) -> Any: ...
    @overload
    def expected_spend(self, data: FrameT, *, draws: PosteriorDraws | None = None, level: float = 0.95) -> FrameT: ...
    def expected_spend(self, data: Any, *, draws: PosteriorDraws | None = None, level: float = 0.95) -> Any:
        """Expected spend per order.

        Parameters
        ----------
        data : dataframe or Orders
            The customers.
        draws : PosteriorDraws, optional
            Parameters from `sample_posterior`, for an interval.
        level : float, default 0.95
            Share of the draws in the interval.

        Returns
        -------
        dataframe
            ``expected_spend`` in the currency of the data and, with draws, ``_lower`` and ``_upper``, in the kind of ``data``.

        Raises
        ------
        NotFittedError
            Before `fit`.
        DataError
            If the table cannot be used.
        ParameterError
            If an argument is out of range.
        """
        fitted = self._fitted_for("expected_spend")

        def answer(values: Values, parameters: GammaGammaParameters) -> Mapping[str, FloatArray]:
            if parameters is fitted.parameters:
                self._expected(values, fitted)
            return {"expected_spend": kernel.expected_spend(*_told(values), parameters)}

        return self._answer("expected_spend", data, answer, draws, level)

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
            ``customer_id, frequency, mean_repeat_spend``.
        """
        rng = np.random.default_rng(seed)
        frequency = rng.poisson(rng.gamma(0.8, 3.0, n_customers))
        mean = simulate_gamma_gamma(frequency, GammaGammaParameters(6.0, 4.0, 15.0), rng)
        return pd.DataFrame(
            {
                "customer_id": [f"c{i:05d}" for i in range(n_customers)],
                "frequency": frequency,
                "mean_repeat_spend": np.round(np.where(frequency > 0, np.maximum(mean, 0.01), 0.0), 2),
            }
        )

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_cut_points("GammaGammaModel", self.cut_points, len(_LABELS) - 1, "two ascending shares")

    def _conflicts(self, values: Values) -> Iterable[Conflict]:
        spend = values["mean_repeat_spend"]
        yield Conflict(
            (values["frequency"] > 0) & (spend > 0) & (spend < SMALLEST_MONEY),
            f"with repeat orders but mean_repeat_spend below {SMALLEST_MONEY:g}, next to which no digit of other customers counts: correct them",
        )

    def _read(self, table: Table) -> Values:
        """Read the columns; whose repeat orders brought no money, all in all, is read as a customer without any, with a warning."""
        values = super()._read(table)
        unpaid = (values["frequency"] > 0) & (values["mean_repeat_spend"] <= 0)
        if not unpaid.any():
            return values
        rows = np.flatnonzero(unpaid)
        examples = zip(
            table.frame[table.key][rows[:EXAMPLES_SHOWN].tolist()].to_list(),
            values["mean_repeat_spend"][rows].tolist(),
            strict=False,
        )
        warn(
            NegativeSpendWarning(
                f"GammaGammaModel: {count_of(len(rows), 'customer')} with repeat orders but mean_repeat_spend of 0 or less (returns exceed orders, "
                f"or orders were free; {', '.join(f'{plain(key)!r}: {spend:,.2f}' for key, spend in examples)}"
                f"{', …' if len(rows) > EXAMPLES_SHOWN else ''}), which no gamma distribution gives, taken as customers without repeat orders"
            )
        )
        return {**values, "repeats_paid": np.where(unpaid, 0.0, values["frequency"])}

    def _table_from(self, values: Values) -> SpendTable:
        weight, repeats = self._weights(values), _repeats(values)
        counted = repeats > 0 if weight is None else (repeats > 0) & (weight > 0)
        x, mean = repeats[counted], values["mean_repeat_spend"][counted]
        return kernel.spend_table(x, mean, None if weight is None else weight[counted])

    def _why_not(self, values: Values) -> Sequence[str]:
        n = int((_repeats(values) > 0).sum())
        if n == 0 and (n_unpaid := int((values["frequency"] > 0).sum())):
            reason = (
                f"repeat orders that brought money: {count_of(n_unpaid, 'customer')} with repeat orders, all with mean_repeat_spend of 0 or less; "
                "look for amounts of the wrong sign, or count returns apart"
            )
            return [reason]
        if n == 0:
            return [
                f"repeat orders: all {count_of(len(values['frequency']), 'customer')} have frequency 0, so nothing says what repeat orders cost"
            ]
        if n == 1:
            return ["customers: 1 customer with repeat orders does not tell how customers differ; fit many, then score one"]
        weight = self._weights(values)
        if weight is not None and weight[_repeats(values) > 0].sum() == 0:
            return [f"weights (column {self.weight!r}) that are all 0 where there are repeat orders"]
        return []

    def _concerns(self, values: Values, fitted: ParametricFit[GammaGammaParameters]) -> Iterable[CrmModelsWarning]:
        yield from super()._concerns(values, fitted)
        if fitted.parameters.q <= 1.0:
            yield HeavyTailWarning(
                f"GammaGammaModel: q is {fitted.parameters.q:.3g}; at 1 or less spend varies so much between customers that the population has "
                "no mean, and customers without repeat orders no expected spend; look for outliers"
            )
        counted = _repeats(values) > 0
        rho = _correlation(values["frequency"][counted], values["mean_repeat_spend"][counted])
        if abs(rho) > _LARGEST_CORRELATION:
            yield SpendCorrelationWarning(
                f"GammaGammaModel: spend per order and frequency correlate by {rho:+.2f} (in logarithms), beyond {_LARGEST_CORRELATION}; the model takes "
                "them to be independent, so expected spend times expected orders is biased; fit groups of like frequency apart"
            )

    def _score(self, values: Values, fitted: ParametricFit[GammaGammaParameters]) -> Mapping[str, AnyArray]:
        return {"expected_spend": self._expected(values, fitted)}

    def _segment(self, values: Values, fitted: ParametricFit[GammaGammaParameters]) -> IntArray:
        spend = self._expected(values, fitted)
        codes: IntArray = np.searchsorted(self._bounds(fitted.parameters), spend, side="left")
        return codes

    def _measures(self, values: Values, codes: IntArray, fitted: ParametricFit[GammaGammaParameters]) -> Mapping[str, AnyArray]:
        spend = self._expected(values, fitted)
        return {
            "mean_expected_spend": group_means(codes, spend, len(_LABELS)),
            "mean_frequency": group_means(codes, values["frequency"], len(_LABELS)),
        }

    def _expected(self, values: Values, fitted: ParametricFit[GammaGammaParameters]) -> FloatArray:
        spend = kernel.expected_spend(*_told(values), fitted.parameters)
        if n_without := int(np.isinf(spend).sum()):
            problem = (
                f"{count_of(n_without, 'customer')} with too few repeat orders to have an expected spend, for q is "
                f"{fitted.parameters.q:.3g} and the population has a mean above 1 only; leave them out, or look for outliers and fit again"
            )
            raise DataError("GammaGammaModel", [problem])
        return spend

    def _bounds(self, parameters: GammaGammaParameters) -> FloatArray:
        return kernel.spend_quantile(np.array(self.cut_points, np.float64), parameters)


def _repeats(values: Values) -> FloatArray:
    """Repeat orders that tell what the customer pays: none where all in all they brought no money."""
    return values.get("repeats_paid", values["frequency"])


def _told(values: Values) -> tuple[FloatArray, FloatArray]:
    """Repeat orders and their mean, 0 where there are none."""
    repeats = _repeats(values)
    return repeats, np.where(repeats > 0, values["mean_repeat_spend"], 0.0)


def _correlation(x: FloatArray, y: FloatArray) -> float:
    """Correlation of logarithms; 0 where one of the two does not vary."""
    if len(x) < 3 or x.min() == x.max() or y.min() == y.max():
        return 0.0
    return float(np.corrcoef(np.log(x), np.log(y))[0, 1])
