"""What models of surveys share: reading answers, scoring respondents, segments by index, and what is asked of a fitted model."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import isfinite
from typing import Any, ClassVar, Final, Literal, get_args

import numpy as np
import pandas as pd

from crmmodels._domains import require
from crmmodels._typing import AnyArray, FloatArray, IntArray, Language
from crmmodels.base import BaseModel, Values
from crmmodels.data.simulate.survey import simulate_survey
from crmmodels.data.survey import Item, read_groups, read_survey
from crmmodels.data.tables.frames import Table
from crmmodels.data.tables.schema import Column
from crmmodels.exceptions import CrmModelsWarning, NegativeWeightWarning, ParameterError
from crmmodels.kernels.arrays.grouping import group_means
from crmmodels.kernels.arrays.rounding import significant
from crmmodels.kernels.pls.design import Scheme
from crmmodels.models.labels import read_labels
from crmmodels.models.structural.checks import check_estimates, check_limits, check_rule
from crmmodels.models.structural.estimation import StructuralPlan
from crmmodels.models.structural.fit import BootstrapKind, Resampling, learn, replicates_of
from crmmodels.models.structural.graph import StructuralGraph, read_scales
from crmmodels.models.structural.groups import GroupComparison, compare_samples
from crmmodels.models.structural.importance_performance import importance_of
from crmmodels.models.structural.prediction import predict_folds
from crmmodels.models.structural.record import Bootstrap, Quantity, ScoringRule, StructuralFit
from crmmodels.models.structural.sample import Sample, sample_of
from crmmodels.models.structural.scores import MissingPolicy, Scores, respondent_scores, score_columns_of
from crmmodels.parameters import check_choice, check_level, check_switch, check_whole, is_number, is_whole

_CHOICES: Final = {"scheme": get_args(Scheme), "missing": get_args(MissingPolicy), "bootstrap": get_args(BootstrapKind)}


@dataclass(frozen=True, kw_only=True)
class SurveyModel(BaseModel[Values, StructuralFit]):
    """A structural model of a survey, whatever its constructs; derive a model with constructs of its own from it.

    A subclass gives `graph`, the construct whose index makes the segments, and the names of the segments.

    Parameters
    ----------
    scale : sequence of two floats, or mapping of str to this or None, default (1, 10)
        Lowest and highest answer, of all items or by item or construct; None for a number without a scale, such as money.
    reverse : sequence of str
        Items in which a high answer means little of what is measured.
    missing : {"mean", "listwise", "em"}, default "mean"
        A missing answer counts as the mean of the item, leaves the respondent out, or is accounted for by the covariances that are
        most likely given all answers.
    missing_codes : sequence of float
        Answers that mean "no answer", such as 98 and 99.
    weight : str, optional
        Column of respondent weights.
    scheme : {"path", "factorial", "centroid"}, default "path"
        Inner weighting.
    standardised : bool, default True
        Whether items count by their correlations, not their covariances.
    consistent : bool, default False
        Whether paths are corrected for attenuation (PLSc), for constructs that are common factors.
    nonnegative : bool, default False
        Whether weights are kept from falling below 0.
    n_bootstrap : int, default 5000
        Replicates for standard errors and limits; 0 for none.
    bootstrap : {"respondents", "moments"}, default "respondents"
        What is drawn; "moments" costs the same for any number of respondents, and needs many of them.
    level : float, default 0.95
        Level of the limits.
    seed : int, default 0
        Seed of the replicates.
    bands : sequence of float, default (60, 75, 90)
        Cut points of the index between the segments; a respondent on a cut point is in the better one.
    labels : {"en", "zh"} or mapping of str to str, default "en"
        Language or own wording of the segment labels.

    Raises
    ------
    ParameterError
        If a parameter is out of range.
    """

    scale: Sequence[float] | Mapping[str, Sequence[float] | None] = (1.0, 10.0)
    reverse: Sequence[str] = ()
    missing: MissingPolicy = "mean"
    missing_codes: Sequence[float] = ()
    weight: str | None = None
    scheme: Scheme = "path"
    standardised: bool = True
    consistent: bool = False
    nonnegative: bool = False
    n_bootstrap: int = 5000
    bootstrap: BootstrapKind = "respondents"
    level: float = 0.95
    seed: int = 0
    bands: Sequence[float] = (60.0, 75.0, 90.0)
    labels: Language | Mapping[str, str] = "en"

    key: ClassVar[str] = "respondent_id"
    index_is_key: ClassVar[bool] = True
    record_types: ClassVar[tuple[type, ...]] = (StructuralFit, Quantity, ScoringRule, Bootstrap)

    @abstractmethod
    def graph(self) -> StructuralGraph:
        """Constructs, their items, and what explains what.

        Returns
        -------
        StructuralGraph
            Of the parameters.
        """

    @property
    @abstractmethod
    def segmented_construct(self) -> str:
        """Construct whose index makes the segments."""

    @abstractmethod
    def _band_names(self) -> tuple[Sequence[str], Mapping[str, str]]:
        """English names of three bands' four segments, worst first, and their Chinese."""

    def columns(self) -> Sequence[Column]:
        """Items that the model reads, and the weight."""
        items = [Column(name=item.name, minimum=item.low, maximum=item.high, may_miss=True) for item in self._items()]
        return (*items, *(() if self.weight is None else (Column(name=self.weight, minimum=0.0),)))

    def score_columns(self) -> Sequence[str]:
        """Index of each construct that has a scale, then the standardised scores of all."""
        names = self.graph().answered
        has_index = self._has_index()
        return (*(name for name in names if has_index[name]), *(f"{name}_standardised" for name in names))

    def segment_labels(self) -> Sequence[str]:
        """Segment labels, worst first."""
        names, chinese = self._band_names()
        if len(self.bands) != len(names) - 1:
            names = tuple(f"band {i + 1}" for i in range(len(self.bands) + 1))
        return read_labels(type(self).__name__, self.labels, names, chinese)

    def monotone(self) -> Mapping[str, int]:
        """Where weights cannot be negative, a better answer never leads to a worse segment."""
        if not self.nonnegative or self.missing != "mean":
            return {}
        own = self.graph().items_of(self.segmented_construct)
        return {item: -1 if item in self.reverse else 1 for item in own}

    @classmethod
    def example(cls, n_customers: int, seed: int) -> pd.DataFrame:
        """Draw a survey with known paths.

        Parameters
        ----------
        n_customers : int
            Number of respondents.
        seed : int
            Seed of the draw.

        Returns
        -------
        pandas.DataFrame
            ``respondent_id`` and three items per construct of the American Customer Satisfaction Index, such as ``satisfaction_1``.
        """
        return simulate_survey(n_customers, np.random.default_rng(seed)).answers

    def importance_performance(
        self, target: str | None = None, *, by: Literal["construct", "item"] = "construct"
    ) -> pd.DataFrame:
        """What moves a construct, and how much room it leaves: what to fix first.

        Parameters
        ----------
        target : str, optional
            The construct to be raised. Default: the one that makes the segments.
        by : {"construct", "item"}, default "construct"
            Whether rows are constructs or items.

        Returns
        -------
        pandas.DataFrame
            By gain, largest first: ``construct``, ``item`` (by item), ``importance`` (points of the target's index for one point more of
            the cause, in all; of a target without a scale in its own unit), ``performance`` (its index from 0 to 100), ``gain`` (importance times the way left to 100, or to 0 where importance is
            negative: the points of the target to be had); with replicates the limits of importance and performance.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ParameterError
            If the target is no construct, or nothing explains it.
        """
        fitted = self._fitted_for("importance_performance")
        return importance_of(fitted, target or self.segmented_construct, by, self._ends(), type(self).__name__)

    def compare_groups(self, data: Any, by: str, *, n_permutations: int = 1000, seed: int | None = None) -> GroupComparison:
        """Compare groups of respondents: index with limits, differences of index and paths, and whether they measure the same.

        Parameters
        ----------
        data : dataframe
            The survey, with the column ``by``.
        by : str
            Column of the groups.
        n_permutations : int, default 1000
            Random reassignments of respondents to two groups, for p-values; also the replicates for limits.
        seed : int, optional
            Their seed. Default: that of the model.

        Returns
        -------
        GroupComparison
            Tables of index, differences and measurement invariance.

        Raises
        ------
        NotFittedError
            Before `fit`.
        DataError
            If the survey cannot be used, there are fewer than two groups, or a group is too small.
        ParameterError
            If the number of permutations is out of range.
        """
        fitted = self._fitted_for("compare_groups")
        owner = type(self).__name__
        check_whole("compare_groups", "n_permutations", n_permutations, 1)
        table = self._open(data)
        values = self._read(table)
        codes, groups = read_groups(table, by, owner)
        sample = self._sample(values)
        chosen = self.seed if seed is None else seed
        return compare_samples(
            self._plan(),
            sample,
            codes[sample.kept],
            groups,
            fitted,
            n_permutations=n_permutations,
            seed=chosen,
            level=self.level,
            reader=owner,
        )

    def predict_quality(
        self,
        data: Any,
        folds: int = 10,
        rng: np.random.Generator | int | None = 0,
        *,
        antecedents: Literal["direct", "earliest"] = "direct",
    ) -> pd.DataFrame:
        """How well the items of explained constructs are predicted for respondents who were not fitted (PLSpredict).

        Parameters
        ----------
        data : dataframe
            The survey; the model is fitted anew without each fold, and stays as it is.
        folds : int, default 10
            Parts, each predicted from the others.
        rng : numpy.random.Generator or int, default 0
            Source of the random parts, or its seed.
        antecedents : {"direct", "earliest"}, default "direct"
            Whether a construct is predicted from the constructs that explain it, or from those at the start of the paths.

        Returns
        -------
        pandas.DataFrame
            One row per item: ``construct, item, rmse, mae, q_squared`` (share of the squared error that is spared beside predicting the
            mean; above 0 the model predicts), ``rmse_linear, mae_linear, q_squared_linear`` of a linear regression on the items of the
            same antecedents.

        Raises
        ------
        DataError
            If the survey cannot be used.
        ParameterError
            If ``folds`` is out of range.

        References
        ----------
        Shmueli, G., Ray, S., Velasquez Estrada, J. M. & Chatla, S. B. (2016). The elephant in the room: Predictive performance of PLS
        models. Journal of Business Research 69(10), 4552-4564. doi:10.1016/j.jbusres.2016.03.049
        """
        owner = type(self).__name__
        sample = self._sample(self._read(self._open(data)))
        if not is_whole(folds) or not 2 <= folds <= len(sample.answers):
            must = f"a whole number from 2 to the number of respondents, {len(sample.answers)}"
            raise ParameterError.must_be("predict_quality", "folds", must, folds)
        check_choice("predict_quality", "antecedents", antecedents, ("direct", "earliest"))
        generator = np.random.default_rng(rng)
        return predict_folds(self._plan(), sample, folds, generator, earliest=antecedents == "earliest", reader=owner)

    def _check_parameters(self) -> None:
        owner = type(self).__name__
        for name, choices in _CHOICES.items():
            check_choice(owner, name, getattr(self, name), choices)
        for name in ("standardised", "consistent", "nonnegative"):
            check_switch(owner, name, getattr(self, name))
        for name in ("n_bootstrap", "seed"):
            check_whole(owner, name, getattr(self, name), 0)
        if self.n_bootstrap == 1:
            raise ParameterError.must_be(owner, "n_bootstrap", "0, or 2 or more", 1)
        check_level(owner, self.level)
        if self.bootstrap == "moments" and self.missing == "em":
            must = "'respondents' where missing='em', whose covariances are found anew in every replicate"
            raise ParameterError.must_be(owner, "bootstrap", must, "moments")
        if self.weight is not None and not isinstance(self.weight, str):
            raise ParameterError.must_be(owner, "weight", "None or the name of a column", self.weight)
        codes, bands = self.missing_codes, self.bands
        if not isinstance(codes, tuple) or not all(is_number(code) and isfinite(code) for code in codes):
            raise ParameterError.must_be(owner, "missing_codes", "numbers that mean 'no answer'", codes)
        usable = isinstance(bands, tuple) and bands and all(is_number(band) and 0 < band < 100 for band in bands)
        if not usable or any(low >= high for low, high in pairwise(bands)):
            raise ParameterError.must_be(owner, "bands", "ascending cut points above 0 and below 100", bands)
        self._check_survey(owner)
        self.segment_labels()

    def replicates(self, data: Any, quantity: str, n_replicates: int | None = None) -> pd.DataFrame:
        """Bootstrap replicates of one kind of estimate, as the limits were made of.

        Parameters
        ----------
        data : dataframe
            The survey of the fit, which a model does not keep.
        quantity : str
            A kind of estimate, a key of ``fitted.quantities``.
        n_replicates : int, optional
            How many, 2 or more. Default: ``n_bootstrap``.

        Returns
        -------
        pandas.DataFrame
            One row per replicate, one column per estimate; NaN where the weights of a replicate did not settle.

        Raises
        ------
        NotFittedError
            If the model is not fitted.
        ParameterError
            If there is no such kind of estimate, or the number of replicates is below 2.
        """
        fitted, name = self._fitted_for("replicates"), type(self).__name__
        check_choice("replicates", "quantity", quantity, tuple(fitted.quantities))
        n = self.n_bootstrap if n_replicates is None else n_replicates
        if not is_whole(n) or n < 2:
            must = "a whole number, 2 or more" + (" (the model has n_bootstrap=0)" if n_replicates is None else "")
            raise ParameterError.must_be("replicates", "n_replicates", must, n_replicates)
        sample = self._sample(self._read(self._open(data)))
        resampling = replace(self._resampling(), n_replicates=n)
        return replicates_of(self._plan(), sample, fitted, quantity, resampling, owner=name, reader="replicates")

    def _check_survey(self, owner: str) -> None:
        """Refuse parameters that do not go with the constructs and their items."""
        graph = self.graph()
        items = graph.items
        if not isinstance(self.reverse, tuple) or set(self.reverse) - set(items):
            raise ParameterError.must_be(owner, "reverse", f"a sequence of items of the model, {list(items)}", self.reverse)
        if self.weight in items:
            raise ParameterError.must_be(owner, "weight", "a column that is no item", self.weight)
        columns = [*graph.answered, *(f"{name}_standardised" for name in graph.answered)]
        if len(set(columns)) < len(columns):
            must = "of names that differ also with _standardised added"
            raise ParameterError.must_be(owner, "constructs", must, graph.answered)
        if not self._has_index()[self.segmented_construct]:
            must = f"two ends for every item of {self.segmented_construct!r}, whose index makes the segments"
            raise ParameterError.must_be(owner, "scale", must, self.scale)

    def _scales(self) -> Mapping[str, tuple[float, float] | None]:
        """Ends of the scale of each item."""
        return read_scales(type(self).__name__, self.scale, self.graph().blocks)

    def _items(self) -> tuple[Item, ...]:
        made = []
        for item, ends in self._scales().items():
            low, high = (None, None) if ends is None else ends
            made.append(Item(name=item, low=low, high=high, is_reversed=item in self.reverse))
        return tuple(made)

    def _ends(self) -> tuple[FloatArray, FloatArray]:
        """Ends of the scales, NaN for none, in the order of the items of the graph."""
        scales = self._scales()
        pairs = [scales[item] or (np.nan, np.nan) for item in self.graph().items]
        low, high = np.array(pairs, np.float64).T
        return low, high

    def _has_index(self) -> Mapping[str, bool]:
        graph, scales = self.graph(), self._scales()
        return {name: all(scales[item] is not None for item in graph.items_of(name)) for name in graph.answered}

    def _interactions(self) -> tuple[tuple[str, str, str], ...]:
        """Constructs that are multiplied, and the one that their product explains."""
        return ()

    def _plan(self) -> StructuralPlan:
        low, high = self._ends()
        return StructuralPlan(
            graph=self.graph(),
            scheme=self.scheme,
            standardised=self.standardised,
            consistent=self.consistent,
            nonnegative=self.nonnegative,
            low=low,
            high=high,
        )

    def _resampling(self) -> Resampling:
        return Resampling(kind=self.bootstrap, n_replicates=self.n_bootstrap, level=self.level, seed=self.seed)

    def _read(self, table: Table) -> Values:
        return read_survey(
            table, self._items(), weight=self.weight, missing_codes=self.missing_codes, reader=type(self).__name__
        )

    def _sample(self, values: Values) -> Sample:
        return sample_of(values, self.graph().items, self.weight, self.missing, type(self).__name__)

    def _fit(self, values: Values) -> StructuralFit:
        plan = replace(self._plan(), interactions=self._interactions())
        return learn(plan, self._sample(values), self._resampling(), type(self).__name__)

    def _check_record(self, fitted: StructuralFit) -> None:
        graph = self.graph()
        is_so = fitted.items == graph.items and fitted.constructs == graph.answered
        require(is_so, f"fitted is of the items {fitted.items}, and the parameters are of {graph.items}")
        check_rule(fitted, self._ends())
        check_limits(fitted, self._resampling())
        check_estimates(self._plan(), self._interactions(), fitted, is_weighted=self.weight is not None)

    def _concerns(self, values: Values, fitted: StructuralFit) -> Iterable[CrmModelsWarning]:  # noqa: ARG002  (a hook)
        weights = fitted.quantities["weights"]
        negative = [label for label, weight in zip(weights.labels, weights.estimate, strict=True) if weight < 0]
        if negative:
            named = ", ".join(f"{item!r} in {construct!r}" for construct, item in negative)
            yield NegativeWeightWarning(
                f"{type(self).__name__}: {named} has a negative weight, so that the index falls where answers rise; if a high answer "
                "means little, declare the item by reverse=, otherwise leave it out or set nonnegative=True"
            )

    def _scores(self, values: Values, fitted: StructuralFit) -> Scores:
        return respondent_scores(values, fitted.items, fitted.rule, self._ends(), self.missing)

    def _score(self, values: Values, fitted: StructuralFit) -> Mapping[str, AnyArray]:
        return score_columns_of(self._scores(values, fitted), fitted.constructs, self._has_index())

    def _index(self, values: Values, fitted: StructuralFit) -> FloatArray:
        index: FloatArray = self._scores(values, fitted).index[fitted.constructs.index(self.segmented_construct)]
        return index

    def _segment(self, values: Values, fitted: StructuralFit) -> IntArray:
        index = significant(self._index(values, fitted))
        codes: IntArray = np.searchsorted(np.array(self.bands, np.float64), index, side="right").astype(np.int64)
        codes[np.isnan(index)] = -1
        return codes

    def _measures(self, values: Values, codes: IntArray, fitted: StructuralFit) -> Mapping[str, AnyArray]:
        scores = self._scores(values, fitted)
        known, has_index, n = codes >= 0, self._has_index(), len(self.segment_labels())
        return {
            f"mean_{name}": group_means(codes[known], scores.index[k][known], n)
            for k, name in enumerate(fitted.constructs)
            if has_index[name]
        }
