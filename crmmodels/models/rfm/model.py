"""RFM: how recently, how often and for how much a customer buys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, Final, Literal

import numpy as np
import pandas as pd

from crmmodels._domains import CountFromOne, Vector, require
from crmmodels._typing import AnyArray, FloatArray, IntArray, Language
from crmmodels.base import BaseModel, Values
from crmmodels.data.tables.schema import Column
from crmmodels.display import Shown
from crmmodels.exceptions import CrmModelsWarning, NegativeSpendWarning, OneValueWarning, ParameterError
from crmmodels.kernels.arrays.grouping import group_means, group_shares
from crmmodels.kernels.arrays.rounding import significant
from crmmodels.kernels.rfm import RFMCuts, centre, independent_cuts, nested_cuts, rfm_scores
from crmmodels.models.labels import read_labels
from crmmodels.models.migration import Migration, migrate
from crmmodels.models.rfm.segment_tables import (
    CHINESE,
    EIGHT,
    FOUR,
    FOUR_STRICT,
    TEN,
    SegmentRule,
    SegmentTable,
    table_of_cells,
    table_of_rules,
)
from crmmodels.parameters import is_number, is_whole
from crmmodels.wording import count_of

MEASURES: Final = ("days_since_last", "n_orders", "spend")
_MOST_BINS: Final = 99
_TINY: Final = 1e-300


@dataclass(frozen=True, slots=True, eq=False)
class RFMFit:
    """What an RFM model learned.

    Attributes
    ----------
    n_customers : int
        Customers of the reference population.
    scores : RFMCuts
        Cut points of the scores.
    levels : RFMCuts
        Cut points of the cells of the segment table; those of the scores where the numbers of levels agree.
    centres : ndarray of float64, shape (3,)
        Mean or median of the days since the last order, the number of orders and the money, or of the three scores.
    bin_sizes : ndarray of int64, shape (3, n_bins)
        Customers of the reference population with each R, F and M score, from 1 (worst).
    """

    n_customers: CountFromOne
    scores: RFMCuts
    levels: RFMCuts
    centres: Vector
    bin_sizes: IntArray

    def view(self) -> Mapping[str, object]:
        """What a model shows of this record.

        Returns
        -------
        mapping of str to object
            The numbers by name.
        """
        sizes = {
            f"customers by {name} score": Shown(" ".join(f"{n:,}" for n in row))
            for name, row in zip("RFM", self.bin_sizes.tolist(), strict=True)
        }
        return {
            "n_customers": self.n_customers,
            **sizes,
            "scores": self.scores,
            "levels": self.levels,
            "centres": self.centres,
        }


@dataclass(frozen=True, kw_only=True)
class RFMModel(BaseModel[Values, RFMFit]):
    r"""Scores and segments by recency, frequency and monetary value.

    Use it to describe a customer base and to choose whom to address, from the order log alone. It ranks the past; for
    what customers will do, use a purchase model. `fit` learns cut points from a reference population, and
    `score` and `segment` apply them to any table, so that a move between two dates means a change of the customer, not of
    the others.

    Parameters
    ----------
    n_bins : int, default 5
        Number of scores per measure, 2 to 99; 1 is worst.
    scoring : {"independent", "nested"}, default "independent"
        Bin each measure alone, or F within R scores and M within R and F scores (Hughes 1994).
    monetary : {"total", "mean"}, default "total"
        Money is the total spend, or the spend per order.
    thresholds : mapping of str to sequence of float, optional
        Fixed cut points, ``n_bins - 1`` per measure (``days_since_last``, ``n_orders``, ``spend``), ascending, instead of
        learned ones. A value at a cut point has the better of the two scores.
    weights : sequence of three floats, default (1, 1, 1)
        Weights of R, F and M in ``rfm_score``, their weighted mean.
    segments : {"ten", "eight", "four"}, mapping or sequence of SegmentRule, default "ten"
        Segment table. "ten" divides the 5 × 5 grid of R and F; "eight" asks of each measure whether it is better than
        average; "four" uses terciles. A mapping from cell to label, or rules, over scores 1 to ``n_bins``; labels worst
        first. "ten" and "four" use five and three levels of their own where ``n_bins`` differs.
    threshold : {"mean", "median"}, default "mean"
        Average for "eight": high only if strictly better.
    threshold_on : {"values", "scores"}, default "values"
        Whether "eight" compares measures or scores with their average.
    strict : bool, default False
        Whether "four" leaves the cells that are not one of its four as ``other``; otherwise they go to the nearest.
    labels : {"en", "zh"} or mapping of str to str, default "en"
        Language of the segment labels, or own wording for some of them; `segment_labels` lists them.

    Raises
    ------
    ParameterError
        If a parameter is out of range, or a segment table leaves a cell uncovered or covers one twice.

    Notes
    -----
    Equal values, money to thirteen significant digits, always share a score. `fit` keeps as cut k the smallest value seen below which at least
    :math:`kn/B` of the n values lie, and the largest value where there is none; a score is 1 plus the cut points that the value reaches,
    with the days since the last order negated so that more is better. So the scores of the reference population are
    :math:`s_i = 1 + \lfloor B \cdot \#\{j: x_j < x_i\} / n \rfloor`, but for the best value, which has the best score however many customers share
    it: bins are as even as ties let them be, and ``fitted.bin_sizes`` says how large each became. A measure with one value only tells nobody
    apart: every score is 1, with a warning. Independent of the order of the rows.

    References
    ----------
    Hughes, A. M. (1994). Strategic Database Marketing. Probus, Chicago.

    Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005). RFM and CLV: Using Iso-Value Curves for Customer Base
    Analysis. Journal of Marketing Research 42(4), 415-430. doi:10.1509/jmkr.2005.42.4.415

    Examples
    --------
    >>> import crmmodels as crm
    >>> customers = crm.RFMModel.example(n_customers=200, seed=1)
    >>> rfm = crm.RFMModel().fit(customers)
    >>> rfm.score(customers).head(2)
       r_score  f_score  m_score  rfm_score  rfm_cell
    0        1        3        3   2.333333       133
    1        5        1        2   2.666667       512
    """

    n_bins: int = 5
    scoring: Literal["independent", "nested"] = "independent"
    monetary: Literal["total", "mean"] = "total"
    thresholds: Mapping[str, Sequence[float]] | None = None
    weights: Sequence[float] = (1.0, 1.0, 1.0)
    segments: Literal["ten", "eight", "four"] | Mapping[Any, str] | Sequence[SegmentRule] = "ten"
    threshold: Literal["mean", "median"] = "mean"
    threshold_on: Literal["values", "scores"] = "values"
    strict: bool = False
    labels: Language | Mapping[str, str] = "en"

    record_types: ClassVar[tuple[type, ...]] = (RFMFit, RFMCuts, SegmentRule)

    def columns(self) -> Sequence[Column]:
        """Columns that the model reads, beside the key."""
        return (Column.time("days_since_last"), Column.count("n_orders", minimum=1), Column.money("spend"))

    def score_columns(self) -> Sequence[str]:
        """Scores of the three measures, their weighted mean, and the three scores side by side."""
        return ("r_score", "f_score", "m_score", "rfm_score", "rfm_cell")

    def segment_labels(self) -> Sequence[str]:
        """Segment labels, worst first."""
        chinese = CHINESE.get(self.segments, {}) if isinstance(self.segments, str) else {}
        return read_labels("RFMModel", self.labels, self._table().labels, chinese)

    def segment_table(self) -> pd.DataFrame:
        """Every cell of the segment table with its segment.

        Returns
        -------
        pandas.DataFrame
            One row per cell: ``r``, ``f`` and, where the table reads it, ``m``, from 1 (worst); ``segment``. For "eight" 1 is
            low and 2 is high.
        """
        table = self._table()
        wording = dict(zip(table.labels, self.segment_labels(), strict=True))
        columns = ("r", "f", "m")[: len(table.cells[0][0])]
        frame = pd.DataFrame([cell for cell, _ in table.cells], columns=pd.Index(columns))
        return frame.assign(segment=[wording[label] for _, label in table.cells])

    def migration(self, before: Any, after: Any) -> Migration:
        """Count the customers who moved from segment to segment between two dates.

        Parameters
        ----------
        before, after : dataframe or Orders
            The customers at the two dates. Cut points are learned from ``before``; the model itself stays as it is.

        Returns
        -------
        Migration
            Segment × segment counts and shares, and who came and went.

        Raises
        ------
        DataError
            If a table cannot be used.
        """
        return migrate(self, before, after)

    def monotone(self) -> Mapping[str, int]:
        """A better value never leads to a worse segment of the tables that come with the library, unless scoring is nested."""
        known = isinstance(self.segments, str) and not self.strict and self.scoring == "independent"
        if not known or self.monetary == "mean":
            return {}
        return {"days_since_last": -1, "n_orders": 1, "spend": 1}

    @classmethod
    def example(cls, n_customers: int, seed: int) -> pd.DataFrame:
        """Draw a table of customers.

        Parameters
        ----------
        n_customers : int
            Number of rows.
        seed : int
            Seed of the draw.

        Returns
        -------
        pandas.DataFrame
            ``customer_id, days_since_last, n_orders, spend``.
        """
        rng = np.random.default_rng(seed)
        n_orders = 1 + rng.poisson(rng.gamma(1.0, 3.0, n_customers))
        return pd.DataFrame(
            {
                "customer_id": [f"c{i:05d}" for i in range(n_customers)],
                "days_since_last": np.floor(rng.exponential(90.0, n_customers)).astype(np.int64),
                "n_orders": n_orders,
                "spend": np.round(n_orders * rng.lognormal(3.0, 0.7, n_customers), 2),
            }
        )

    def _check_parameters(self) -> None:
        if not is_whole(self.n_bins) or not 2 <= self.n_bins <= _MOST_BINS:
            raise ParameterError.must_be("RFMModel", "n_bins", f"a whole number from 2 to {_MOST_BINS}", self.n_bins)
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise ParameterError.unknown_choice("RFMModel", name, choices, getattr(self, name))
        weights = self.weights
        usable = isinstance(weights, tuple) and len(weights) == 3 and all(is_number(w) and 0 <= w < np.inf for w in weights)
        if not usable or sum(weights) == 0:
            raise ParameterError.must_be("RFMModel", "weights", "three numbers >= 0 that are not all 0", self.weights)
        self._check_thresholds()
        if not isinstance(self.strict, bool):
            raise ParameterError.must_be("RFMModel", "strict", "True or False", self.strict)
        if self.strict and self.segments != "four":
            raise ParameterError.must_be("RFMModel", "strict", "False unless segments='four'", self.strict)
        self.segment_labels()

    def _check_thresholds(self) -> None:
        if self.thresholds is None:
            return
        if not isinstance(self.thresholds, Mapping) or set(self.thresholds) - set(MEASURES):
            must = f"a mapping whose keys are among {list(MEASURES)}"
            raise ParameterError.must_be("RFMModel", "thresholds", must, self.thresholds)
        for name, cuts in self.thresholds.items():
            usable = isinstance(cuts, tuple) and len(cuts) == self.n_bins - 1 and all(map(is_number, cuts))
            if not usable or any(low >= high for low, high in pairwise(cuts)):
                must = f"{self.n_bins - 1} ascending cut points per measure (n_bins - 1)"
                raise ParameterError.must_be("RFMModel", "thresholds", must, {name: cuts})
        if self.scoring == "nested":
            raise ParameterError.must_be("RFMModel", "thresholds", "None where scoring='nested'", self.thresholds)
        own_levels = self._table().n_levels if self.segments in {"ten", "four"} else self.n_bins
        if own_levels != self.n_bins:
            must = f"None, or n_bins={own_levels}, the levels of segments={self.segments!r}"
            raise ParameterError.must_be("RFMModel", "thresholds", must, self.thresholds)

    def _table(self) -> SegmentTable:
        if isinstance(self.segments, str):
            table = {"ten": TEN, "eight": EIGHT, "four": FOUR_STRICT if self.strict else FOUR}.get(self.segments)
            if table is None:
                must = "'ten', 'eight', 'four', a mapping from cell to label, or a sequence of SegmentRule"
                raise ParameterError.must_be("RFMModel", "segments", must, self.segments)
            return table
        if isinstance(self.segments, Mapping):
            return table_of_cells("RFMModel", self.segments, self.n_bins)
        rules = self.segments
        if not rules or not isinstance(rules, tuple) or not all(isinstance(rule, SegmentRule) for rule in rules):
            must = "'ten', 'eight', 'four', a mapping from cell to label, or a sequence of SegmentRule"
            raise ParameterError.must_be("RFMModel", "segments", must, self.segments)
        return table_of_rules("RFMModel", rules, self.n_bins)

    def _measures_of(self, values: Values) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the three measures, oriented so that more is better."""
        money = values["spend"] / values["n_orders"] if self.monetary == "mean" else values["spend"]
        return -values["days_since_last"], values["n_orders"], significant(money)

    def _orientation(self) -> FloatArray:
        """Signs that turn what "eight" compares into its own units: days since the last order count down."""
        return np.array([-1.0 if self.threshold_on == "values" else 1.0, 1.0, 1.0])

    def _cuts(self, measures: tuple[FloatArray, FloatArray, FloatArray], n_bins: int) -> RFMCuts:
        cuts = nested_cuts(*measures, n_bins) if self.scoring == "nested" else independent_cuts(*measures, n_bins)
        fixed = self._fixed_cuts()
        return RFMCuts(fixed.get("days_since_last", cuts.r), fixed.get("n_orders", cuts.f), fixed.get("spend", cuts.m))

    def _fixed_cuts(self) -> dict[str, FloatArray]:
        """Cut points that were given, by measure."""
        fixed = {name: np.array(given, np.float64) for name, given in (self.thresholds or {}).items()}
        if "spend" in fixed:
            fixed["spend"] = significant(fixed["spend"])
        if "days_since_last" in fixed:
            fixed["days_since_last"] = -fixed["days_since_last"][::-1]
        return fixed

    def _check_record(self, fitted: RFMFit) -> None:
        n_levels = self.n_bins if self.segments == "eight" else self._table().n_levels
        for name, cuts, n_bins in (("scores", fitted.scores, self.n_bins), ("levels", fitted.levels, n_levels)):
            nested = self.scoring == "nested"
            fixed = self._fixed_cuts()
            for depth, (measure, array) in enumerate((("r", cuts.r), ("f", cuts.f), ("m", cuts.m))):
                where, given = f"fitted.{name}.{measure}", fixed.get(MEASURES[depth])
                shape = (n_bins,) * (depth if nested else 0) + (n_bins - 1,)
                require(array.shape == shape, f"{where} must be of shape {shape}; it is of shape {array.shape}")
                require(bool((array[..., 1:] >= array[..., :-1]).all()), f"{where} must ascend; got {array.tolist()!r:.80}")
                require(given is None or np.array_equal(given, array), f"{where} must be the thresholds of {MEASURES[depth]!r}")
                require(given is not None or bool(np.isfinite(array).all()), f"{where} must be finite")
        for measure in ("r", "f", "m") * (n_levels == self.n_bins):
            is_so = np.array_equal(getattr(fitted.scores, measure), getattr(fitted.levels, measure))
            require(is_so, f"fitted.levels.{measure} must be those of the scores, of as many levels")
        self._check_measures(fitted)

    def _check_measures(self, fitted: RFMFit) -> None:
        """Refuse cut points and centres that no customer can have had."""
        for name, cuts in (("scores", fitted.scores), ("levels", fitted.levels)):
            learned = [
                cut for cut, measure in zip((cuts.r, cuts.f), MEASURES, strict=False) if measure not in self._fixed_cuts()
            ]
            is_so = all((cut < _TINY).all() if cut is cuts.r else (cut >= 1).all() for cut in learned)
            require(is_so, f"fitted.{name} must be of days since the last order, 0 or more (negated), and of 1 or more orders")
        centres, n = fitted.centres, self.n_bins
        require(centres.shape == (3,), f"fitted.centres must be three numbers; it is of shape {centres.shape}")
        low, high = (1.0, float(n)) if self.threshold_on == "scores" else (-np.inf, np.inf)
        least = np.array([low, low, low] if self.threshold_on == "scores" else [0.0, 1.0, low])
        is_so = bool(((centres >= least) & (centres <= high)).all())
        require(is_so, f"fitted.centres must be three numbers within what they are centres of; got {centres.tolist()}")
        sizes = fitted.bin_sizes
        require(sizes.shape == (3, n), f"fitted.bin_sizes must be of shape {(3, n)}; it is of shape {sizes.shape}")
        require(bool((sizes >= 0).all()), "fitted.bin_sizes must be 0 or more")
        is_so = bool((sizes.sum(axis=1) == fitted.n_customers).all())
        require(is_so, f"fitted.bin_sizes must hold all {fitted.n_customers} customers; they hold {sizes.sum(axis=1).tolist()}")

    def _fit(self, values: Values) -> RFMFit:
        measures = self._measures_of(values)
        scores = self._cuts(measures, self.n_bins)
        n_levels = self._table().n_levels
        levels = scores if n_levels == self.n_bins or self.segments == "eight" else self._cuts(measures, n_levels)
        compared: Iterable[FloatArray] = measures
        if self.threshold_on == "scores":
            compared = rfm_scores(*measures, scores).astype(np.float64)
        centres = significant(np.array([centre(measure, self.threshold) for measure in compared]))
        centres *= self._orientation()
        found = rfm_scores(*measures, scores)
        sizes = np.stack([np.bincount(row - 1, minlength=self.n_bins) for row in found]).astype(np.int64)
        return RFMFit(len(values["spend"]), scores, levels, centres, sizes)

    def _score(self, values: Values, fitted: RFMFit) -> Mapping[str, AnyArray]:
        r, f, m = scores = rfm_scores(*self._measures_of(values), fitted.scores)
        # Scaled by a power of two, which is exact, so that no sum of large weights overflows.
        weights = np.ldexp(np.array(self.weights, np.float64), -int(np.frexp(float(max(self.weights)))[1]))
        digit = 10 if self.n_bins < 10 else 100
        composite = (weights[0] * r + weights[1] * f + weights[2] * m) / weights.sum()
        cell = (scores[0] * digit + scores[1]) * digit + scores[2]
        return {"r_score": r, "f_score": f, "m_score": m, "rfm_score": composite, "rfm_cell": cell}

    def _segment(self, values: Values, fitted: RFMFit) -> IntArray:
        measures = self._measures_of(values)
        if self.segments == "eight":
            compared: Iterable[AnyArray] = measures
            if self.threshold_on == "scores":
                compared = rfm_scores(*measures, fitted.scores)
            centres = fitted.centres * self._orientation()
            high = [(measure > c).astype(np.int64) for measure, c in zip(compared, centres, strict=True)]
            return self._table().find(*high)
        return self._table().find(*(rfm_scores(*measures, fitted.levels) - 1))

    def _concerns(self, values: Values, fitted: RFMFit) -> Iterable[CrmModelsWarning]:
        fixed, measures = self.thresholds or {}, self._measures_of(values)
        alike = [
            f"{name} ({abs(measure[0]):,.6g})"
            for name, measure in zip(MEASURES, measures, strict=True)
            if name not in fixed and measure.min() == measure.max()
        ]
        if alike:
            yield OneValueWarning(
                f"RFMModel: {count_of(fitted.n_customers, 'customer')} with one value only of {', '.join(alike)}, which tells nobody apart: "
                "the score by it is 1"
            )
        negative = values["spend"] < 0
        if n_negative := int(negative.sum()):
            yield NegativeSpendWarning(
                f"RFMModel: {count_of(n_negative, 'customer')} with a negative total spend (returns exceed orders; "
                f"lowest {values['spend'].min():,.2f}) kept, with the lowest monetary scores"
            )

    def _measures(self, values: Values, codes: IntArray, fitted: RFMFit) -> Mapping[str, AnyArray]:  # noqa: ARG002
        n = len(self.segment_labels())
        return {
            "share_of_spend": group_shares(codes, values["spend"], n),
            "mean_days_since_last": group_means(codes, values["days_since_last"], n),
            "mean_n_orders": group_means(codes, values["n_orders"], n),
            "mean_spend": group_means(codes, values["spend"], n),
        }


_CHOICES: Final[Mapping[str, Sequence[str]]] = {
    "scoring": ("independent", "nested"),
    "monetary": ("total", "mean"),
    "threshold": ("mean", "median"),
    "threshold_on": ("values", "scores"),
}
