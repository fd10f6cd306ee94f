"""ABC: which customers make most of the value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal

import numpy as np
import pandas as pd

from crmmodels._domains import CountFromOne, Positive, Share, ShareMatrix, VectorPerhapsInfinite, require
from crmmodels._frozen import FrozenMapping
from crmmodels._typing import AnyArray, IntArray, Language
from crmmodels.base import BaseModel, Values
from crmmodels.data.tables.schema import Column
from crmmodels.exceptions import DataError, ParameterError
from crmmodels.kernels.arrays.grouping import group_means, group_shares
from crmmodels.kernels.arrays.rounding import significant
from crmmodels.kernels.concentration import shares as kernel
from crmmodels.kernels.concentration.lorenz import (
    LorenzCurve,
    check_curve,
    gini_limits,
    place_on_curve,
    share_of_first,
    thin_curve,
)
from crmmodels.models.labels import read_labels
from crmmodels.models.migration import Migration, migrate
from crmmodels.parameters import is_number, is_whole
from crmmodels.progress import Progress

_TOP: Final = 0.2
_SHARE: Final = 0.8
_FEWEST_KNOTS: Final = 4
_ROUNDING: Final = 1e-9
_CHINESE: Final = {"A": "A类", "B": "B类", "C": "C类", "D": "D类"}


@dataclass(frozen=True, slots=True, eq=False)
class Interval:
    """A figure with the bounds of an interval for it.

    Attributes
    ----------
    value : float
        The figure.
    lower, upper : float
        Bounds of the interval.
    """

    value: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True, eq=False)
class ABCFit:
    """What an ABC model learned. All figures are of the customers with a positive value.

    Attributes
    ----------
    n_customers : int
        Customers of the reference population.
    n_positive : int
        Those with a positive value.
    total : float
        Sum of the positive values.
    boundaries : ndarray of float64, shape (2,)
        Smallest value in class A and in class B; infinite for an empty class.
    gini : float
        Gini coefficient.
    gini_corrected : float
        The same times n / (n - 1), which removes its small-sample bias; equal to ``gini`` for one customer.
    top_20_share : float
        Share of the total made by the top 20 % of the customers.
    n_for_80 : int
        Customers needed for 80 % of the total.
    share_for_80 : float
        The same as a share of the customers.
    curve : LorenzCurve
        The Lorenz curve, largest customers first.
    points : ndarray of float64, shape (3, 2), or None
        Points A, B and C of the computed analysis: share of customers, share of the total.
    intervals : mapping of str to Interval, or None
        Bootstrap intervals of ``gini_corrected``, ``top_20_share`` and ``share_for_80``.
    """

    n_customers: CountFromOne
    n_positive: CountFromOne
    total: Positive
    boundaries: VectorPerhapsInfinite
    gini: Share
    gini_corrected: Share
    top_20_share: Share
    n_for_80: CountFromOne
    share_for_80: Share
    curve: LorenzCurve
    points: ShareMatrix | None
    intervals: Mapping[str, Interval] | None


@dataclass(frozen=True, kw_only=True)
class ABCModel(BaseModel[Values, ABCFit]):
    """Classes of customers by their share of the total value.

    Use it to see how much of the business hangs on how few customers. In a short window the observed concentration
    overstates the true one (Schmittlein, Cooper & Morrison 1993).

    Parameters
    ----------
    value : str, default "spend"
        Column with the contribution of each customer: spend, margin, or a lifetime value.
    method : {"cumulative", "computed"}, default "cumulative"
        Class limits are ``a`` and ``b``, or follow from the curve itself (Ultsch & Lötsch 2015).
    a, b : float, default 0.80 and 0.95
        Shares of the total at which class A and class B end.
    crossing : {"in", "out"}, default "in"
        Whether the customer who crosses a limit belongs to the better class. With "in" class A is never empty.
    negative : {"separate", "join"}, default "separate"
        Whether customers with a value of zero or less form a class D or join class C. Classes are formed on the others.
    n_bootstrap : int, default 0
        Resamples for intervals of the concentration figures; 0 for none. The cost grows with this times the customers.
    level : float, default 0.95
        Level of the intervals.
    seed : int, default 0
        Seed of the resamples.
    n_knots : int, default 1024
        Most points of the Lorenz curve to keep, beside the class boundaries. Up to so many distinct values, ranks and
        cumulative shares are exact; beyond, those between the points are interpolated. Classes are always exact.
    labels : {"en", "zh"} or mapping of str to str, default "en"
        Language or own wording of the class labels.

    Raises
    ------
    ParameterError
        If a parameter is out of range.

    Notes
    -----
    With values in descending order, to thirteen significant digits, class A lasts while the share before a customer is below ``a``. Equal values share the better
    class. A later table is classed by the fitted boundary values. Independent of currency and of the order of the rows.

    References
    ----------
    Ultsch, A. & Lötsch, J. (2015). Computed ABC Analysis for Rational Selection of Most Informative Variables in
    Multivariate Data. PLoS ONE 10(6), e0129767. doi:10.1371/journal.pone.0129767

    Schmittlein, D. C., Cooper, L. G. & Morrison, D. G. (1993). Truth in Concentration in the Land of (80/20) Laws. Marketing
    Science 12(2), 167-183. doi:10.1287/mksc.12.2.167

    Examples
    --------
    >>> import pandas as pd
    >>> import crmmodels as crm
    >>> customers = pd.DataFrame({"customer_id": list("uvwxyz"), "spend": [50.0, 30.0, 10.0, 5.0, 3.0, 2.0]})
    >>> abc = crm.ABCModel().fit(customers)
    >>> list(abc.segment(customers))
    ['A', 'A', 'B', 'B', 'C', 'C']
    >>> abc.fitted.n_for_80
    2
    """

    value: str = "spend"
    method: Literal["cumulative", "computed"] = "cumulative"
    a: float = 0.80
    b: float = 0.95
    crossing: Literal["in", "out"] = "in"
    negative: Literal["separate", "join"] = "separate"
    n_bootstrap: int = 0
    level: float = 0.95
    seed: int = 0
    n_knots: int = 1024
    labels: Language | Mapping[str, str] = "en"

    record_types: ClassVar[tuple[type, ...]] = (ABCFit, LorenzCurve, Interval)

    def columns(self) -> Sequence[Column]:
        """Columns that the model reads, beside the key."""
        return (Column.money(self.value),)

    def score_columns(self) -> Sequence[str]:
        """Share of the total, cumulative share and rank."""
        return ("share", "cumulative_share", "rank")

    def segment_labels(self) -> Sequence[str]:
        """Class labels, worst first."""
        names = ("D", "C", "B", "A") if self.negative == "separate" else ("C", "B", "A")
        return read_labels("ABCModel", self.labels, names, _CHINESE)

    def migration(self, before: Any, after: Any) -> Migration:
        """Count the customers who moved from class to class between two dates.

        Parameters
        ----------
        before, after : dataframe or Orders
            The customers at the two dates. Boundaries are learned from ``before``; the model itself stays as it is.

        Returns
        -------
        Migration
            Class × class counts and shares, and who came and went.

        Raises
        ------
        DataError
            If a table cannot be used.
        """
        return migrate(self, before, after)

    def monotone(self) -> Mapping[str, int]:
        """A larger value never leads to a worse class."""
        return {self.value: 1}

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
            ``customer_id``, ``spend`` (positive) and ``margin`` (of either sign).
        """
        rng = np.random.default_rng(seed)
        spend = np.round(100.0 * (rng.pareto(1.5, n_customers) + 0.1), 2)
        return pd.DataFrame(
            {
                "customer_id": [f"c{i:05d}" for i in range(n_customers)],
                "spend": spend,
                "margin": np.round(spend * rng.uniform(-0.1, 0.4, n_customers), 2),
            }
        )

    def _check_parameters(self) -> None:
        if not isinstance(self.value, str) or self.value == "customers":
            must = "the name of a column other than 'customers', whose share the summary has already"
            raise ParameterError.must_be("ABCModel", "value", must, self.value)
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise ParameterError.unknown_choice("ABCModel", name, choices, getattr(self, name))
        if not (is_number(self.a) and is_number(self.b) and 0 < self.a < self.b < 1):
            raise ParameterError.must_be("ABCModel", "a, b", "shares with 0 < a < b < 1", (self.a, self.b))
        for name, least in (("n_bootstrap", 0), ("seed", 0), ("n_knots", _FEWEST_KNOTS)):
            if not is_whole(getattr(self, name)) or getattr(self, name) < least:
                raise ParameterError.must_be("ABCModel", name, f"a whole number, {least} or more", getattr(self, name))
        if not (is_number(self.level) and 0 < self.level < 1):
            raise ParameterError.must_be("ABCModel", "level", "between 0 and 1", self.level)
        self.segment_labels()

    def _check_record(self, fitted: ABCFit) -> None:
        check_curve(fitted.curve, fitted.n_positive, fitted.total)
        _check_boundaries(fitted)
        n, n_for_share = fitted.n_positive, fitted.n_for_80
        require(n <= fitted.n_customers, f"fitted.n_positive is {n}, of {fitted.n_customers} customers")
        is_so = n_for_share <= n and _is_near(fitted.share_for_80, n_for_share / n)
        require(
            is_so, f"fitted.share_for_80 must be n_for_80 over n_positive; got {fitted.share_for_80!r}, {n_for_share} and {n}"
        )
        is_so = _is_near(fitted.gini_corrected, fitted.gini * n / max(n - 1, 1))
        require(
            is_so, f"fitted.gini_corrected must be gini times n / (n - 1); got {fitted.gini_corrected!r} and {fitted.gini!r}"
        )
        low, high = share_of_first(_TOP * n, fitted.curve)
        is_so = low - _ROUNDING <= fitted.top_20_share <= high + _ROUNDING
        require(is_so, f"fitted.top_20_share is {fitted.top_20_share!r}, and by the curve from {low:.6g} to {high:.6g}")
        low, high = share_of_first(n_for_share, fitted.curve)
        require(
            high + _ROUNDING >= _SHARE,
            f"fitted.n_for_80 is {n_for_share}, who make {high:.6g} of the total at most by the curve",
        )
        low, high = gini_limits(fitted.curve)
        is_so = low - _ROUNDING <= fitted.gini <= high + _ROUNDING
        require(is_so, f"fitted.gini is {fitted.gini!r}, and by the curve from {low:.6g} to {high:.6g}")
        is_so = (fitted.points is None) == (self.method != "computed") and (
            fitted.points is None or fitted.points.shape == (3, 2)
        )
        require(is_so, "fitted.points must be three points where method='computed', and None elsewhere")
        require(
            (fitted.intervals is None) == (self.n_bootstrap == 0), "fitted.intervals must be there where n_bootstrap is above 0"
        )
        if fitted.intervals is not None:
            _check_intervals(fitted, fitted.intervals)

    def _fit(self, values: Values) -> ABCFit:
        contribution = significant(values[self.value])
        positive = contribution[contribution > 0]
        if len(positive) == 0:
            problem = f"column {self.value!r} holds no positive value; classes are formed on positive contributions"
            raise DataError("ABCModel", [problem])
        distribution = kernel.concentration(positive)
        points = None
        if self.method == "computed":
            computed = kernel.computed_boundaries(distribution)
            boundaries, points = computed.boundaries, computed.points
        else:
            limits = (self.a, self.b)
            boundaries = kernel.cumulative_boundaries(distribution, limits, crossing_in=self.crossing == "in")
        n = len(positive)
        gini = kernel.gini(distribution)
        n_for_share = kernel.customers_for_share(distribution, _SHARE)
        figures = {
            "gini_corrected": gini * n / max(n - 1, 1),
            "top_20_share": kernel.share_of_top(distribution, _TOP),
            "share_for_80": n_for_share / n,
        }
        return ABCFit(
            n_customers=len(contribution),
            n_positive=n,
            total=distribution.total,
            boundaries=boundaries,
            gini=gini,
            n_for_80=n_for_share,
            curve=thin_curve(distribution, self.n_knots, boundaries),
            points=points,
            intervals=self._intervals(distribution, figures) if self.n_bootstrap else None,
            **figures,
        )

    def _intervals(self, distribution: kernel.Concentration, figures: Mapping[str, float]) -> Mapping[str, Interval]:
        rng = np.random.default_rng(self.seed)
        with Progress("ABCModel.fit", "replicates") as progress:
            draws = kernel.bootstrap_concentration(distribution, self.n_bootstrap, _SHARE, _TOP, rng, on_replicate=progress)
        order = {"gini_corrected": 0, "top_20_share": 1, "share_for_80": 2}
        tail = (1.0 - self.level) / 2.0
        bounds = np.quantile(draws, [tail, 1.0 - tail], axis=0)
        return FrozenMapping(
            {name: Interval(figures[name], float(bounds[0, k]), float(bounds[1, k])) for name, k in order.items()}
        )

    def _score(self, values: Values, fitted: ABCFit) -> Mapping[str, AnyArray]:
        contribution = significant(values[self.value])
        places = place_on_curve(contribution, fitted.curve)
        return {"share": contribution / fitted.total, "cumulative_share": places.share, "rank": places.rank.astype(np.int64)}

    def _segment(self, values: Values, fitted: ABCFit) -> IntArray:
        return kernel.classify(
            significant(values[self.value]), fitted.boundaries, separate_negative=self.negative == "separate"
        )

    def _measures(self, values: Values, codes: IntArray, fitted: ABCFit) -> Mapping[str, AnyArray]:  # noqa: ARG002
        n = len(self.segment_labels())
        return {
            f"share_of_{self.value}": group_shares(codes, values[self.value], n),
            f"mean_{self.value}": group_means(codes, values[self.value], n),
        }


def _check_boundaries(fitted: ABCFit) -> None:
    bounds, value = fitted.boundaries, fitted.curve.value
    require(
        bounds.shape == (2,) and bool(bounds[0] >= bounds[1]),
        f"fitted.boundaries must be two descending numbers; got {bounds.tolist()}",
    )
    is_so = bool((np.isin(bounds, value) | np.isposinf(bounds)).all())
    require(is_so, f"fitted.boundaries must be values of the curve, or infinite for an empty class; got {bounds.tolist()}")


def _check_intervals(fitted: ABCFit, intervals: Mapping[str, Interval]) -> None:
    figures = {name: getattr(fitted, name) for name in ("gini_corrected", "top_20_share", "share_for_80")}
    require(set(intervals) == set(figures), f"fitted.intervals must be of {list(figures)}; got {list(intervals)}")
    for name, interval in intervals.items():
        is_so = interval.value == figures[name] and 0.0 <= interval.lower <= interval.upper <= 1.0
        must = "hold the figure, and limits from 0 to 1 that ascend"
        require(is_so, f"fitted.intervals[{name!r}] must {must}; got {interval}")


def _is_near(found: float, expected: float) -> bool:
    return abs(found - expected) <= _ROUNDING * max(abs(expected), 1.0)


_CHOICES: Final[Mapping[str, Sequence[str]]] = {
    "method": ("cumulative", "computed"),
    "crossing": ("in", "out"),
    "negative": ("separate", "join"),
}
