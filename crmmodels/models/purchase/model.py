"""What the purchase models share: who is alive, how many orders to expect, and until when."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import numpy as np
import pandas as pd

from crmmodels._typing import AnyArray, FloatArray, IntArray, Language
from crmmodels.base import Values
from crmmodels.data.orders.bounded import log_of
from crmmodels.data.orders.orders import Orders
from crmmodels.data.tables.age_units import UNIT_DAYS
from crmmodels.exceptions import ParameterError
from crmmodels.kernels.arrays.grouping import group_means
from crmmodels.kernels.simulation.purchases import purchase_histories
from crmmodels.models.labels import read_labels
from crmmodels.models.parametric.priors import GammaPrior, LogNormalPrior
from crmmodels.models.parametric.record import ParametricFit
from crmmodels.models.purchase.reading import history_of
from crmmodels.models.purchase.tracking import track
from crmmodels.models.purchase.verbs import PurchaseVerbs, check_n_max
from crmmodels.parameters import is_number, is_whole

ParametersT = TypeVar("ParametersT")

LABELS: Final = ("lapsed", "at risk", "cooling", "active")
CHINESE_LABELS: Final = {"lapsed": "已流失", "at risk": "流失风险", "cooling": "趋冷", "active": "活跃"}


@dataclass(frozen=True, kw_only=True)
class PurchaseModel(PurchaseVerbs[ParametersT]):
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
        times = np.asarray(horizon, np.float64)
        if times.size == 0 or not (np.isfinite(times) & (times >= 0)).all() or (self._whole and (times % 1 > 0).any()):
            must = f"one or more {'whole ' if self._whole else ''}numbers, 0 or more, of {self._time_name()}"
            raise ParameterError.must_be("expected_purchases_new", "horizon", must, horizon)
        if (times > self._longest).any():
            raise ParameterError.must_be("expected_purchases_new", "horizon", f"at most {self._most_time()}", horizon)
        expected = np.zeros(times.shape)
        later = times > 0
        if later.any():
            expected[later] = self._process.expected_purchases_new(times[later], parameters)
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
        time = self._time("purchase_distribution_new", horizon)
        check_n_max("purchase_distribution_new", n_max)
        return self._process.purchase_distribution_new(time, n_max, parameters)

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
        tracked = self._tracked(orders, periods, length)
        return log_of(orders).table(tracked)

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
        times = self._process.simulate(duration, fitted.parameters, np.random.default_rng(rng))
        customer = np.concatenate([np.arange(n_customers), times.customer])
        age = np.concatenate([np.zeros(n_customers), times.time])
        order = np.lexsort((age, customer))
        customer, age = customer[order], age[order]
        days = (age - duration[customer]) * UNIT_DAYS[self.unit]
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
        history = purchase_histories(cls._process.simulate(duration, cls._example_parameters(), rng), duration)
        digits = 0 if cls._whole else 2
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

    def _tracked(self, orders: Orders, periods: int, length: float) -> Mapping[str, AnyArray]:
        parameters = self._fitted_for("tracking").parameters
        days = UNIT_DAYS[self.unit]
        return track(orders, periods, length, days, lambda time: self._process.expected_purchases_new(time, parameters))

    def _check_parameters(self) -> None:
        super()._check_parameters()
        longest = 1e4 if self._whole else 1e12
        if self.horizon > longest:
            raise ParameterError.must_be(type(self).__name__, "horizon", f"at most {longest:g}", self.horizon)
        cuts = self.cut_points
        usable = (
            isinstance(cuts, tuple) and len(cuts) == len(LABELS) - 1 and all(is_number(cut) and 0 < cut < 1 for cut in cuts)
        )
        if not usable or sorted(set(cuts)) != list(cuts):
            raise ParameterError.must_be(
                type(self).__name__, "cut_points", "three ascending probabilities between 0 and 1", cuts
            )

    def _score(self, values: Values, fitted: ParametricFit[ParametersT]) -> Mapping[str, AnyArray]:
        found = self._process.prospects(*history_of(values), self.horizon, fitted.parameters)
        return {name: getattr(found, name) for name in self.score_columns()}

    def _segment(self, values: Values, fitted: ParametricFit[ParametersT]) -> IntArray:
        silent = self._process.probability_no_purchase(*history_of(values), self.horizon, fitted.parameters)
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

    def _durations(self, verb: str, n_customers: int, horizon: float | Sequence[float] | FloatArray | None) -> FloatArray:
        if not is_whole(n_customers) or n_customers < 1:
            raise ParameterError.must_be(verb, "n_customers", "a whole number, 1 or more", n_customers)
        given = np.asarray(self.horizon if horizon is None else horizon, np.float64)
        usable = given.ndim == 0 or given.shape == (n_customers,)
        if not usable or not (np.isfinite(given) & (given >= 0)).all() or (self._whole and (given % 1 > 0).any()):
            must = f"one number, or one per customer, 0 or more, of {self._time_name()}"
            raise ParameterError.must_be(verb, "horizon", must, horizon)
        if (given > self._longest).any():
            raise ParameterError.must_be(verb, "horizon", f"at most {self._most_time()}", horizon)
        return np.broadcast_to(given, (n_customers,)).astype(np.float64)


def _rounded_up(time: FloatArray, digits: int) -> FloatArray:
    rounded: FloatArray = np.ceil(time * 10.0**digits) / 10.0**digits
    return rounded
