"""Groups of respondents compared: index, paths, and whether they measure the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

import numpy as np
import pandas as pd

from crmmodels._typing import FloatArray, IntArray
from crmmodels.exceptions import DataError
from crmmodels.kernels.inference.bootstrap_limits import percentile_limits
from crmmodels.kernels.moments.bootstrap import resampled_moments
from crmmodels.kernels.moments.moments import Moments, moments
from crmmodels.kernels.moments.permutation import grouped_moments, permuted_moments
from crmmodels.kernels.pls.invariance import (
    compositional_correlation,
    log_variance_ratio,
    mean_difference,
    permutation_p_value,
)
from crmmodels.models.structural.estimation import Stages, StructuralPlan
from crmmodels.models.structural.fit import settled
from crmmodels.models.structural.record import StructuralFit
from crmmodels.models.structural.sample import Sample, check_answers
from crmmodels.progress import Progress
from crmmodels.wording import count_of

_NOUN: Final = "survey"
_ALPHA: Final = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class GroupComparison:
    """Groups of respondents side by side.

    Attributes
    ----------
    index : pandas.DataFrame
        ``group, construct, n_respondents, index, lower, upper``: by the weights of the fitted model, with percentile limits from respondents
        of the group drawn with replacement.
    index_differences : pandas.DataFrame
        ``first, second, construct, difference`` (second less first), ``p_value`` by permutation.
    path_differences : pandas.DataFrame
        ``first, second, source, target, path_first, path_second, difference, p_value``; each group's paths are estimated from it alone.
    invariance : pandas.DataFrame
        Measurement invariance of composites (MICOM): ``first, second, construct``, ``correlation`` of the scores by the weights of either
        group, its 5 % quantile ``correlation_least`` among permutations and ``correlation_p_value``; ``mean_difference`` and
        ``mean_p_value``, in standard deviations; ``log_variance_ratio`` and ``variance_p_value``; and ``verdict``: "full" where all three hold at
        5 %, "partial" where the correlation does, so that paths may be compared, otherwise "none".
    """

    index: pd.DataFrame
    index_differences: pd.DataFrame
    path_differences: pd.DataFrame
    invariance: pd.DataFrame

    def __repr__(self) -> str:
        """The index of each group."""
        return f"GroupComparison of {self.index['group'].nunique()} groups\n{self.index.to_string(index=False)}"


def compare_samples(
    plan: StructuralPlan,
    sample: Sample,
    codes: IntArray,
    groups: Sequence[object],
    fitted: StructuralFit,
    *,
    n_permutations: int,
    seed: int,
    level: float,
    reader: str,
) -> GroupComparison:
    """Compare groups of respondents, whose positions ``codes`` holds, (n_respondents,); a missing answer counts as the mean in the group.

    There are so many permutations of each pair of groups, and so many replicates for limits.
    """
    _check_groups(plan, sample, codes, groups, reader)
    index = _index_by_group(plan, sample, codes, groups, fitted, n=n_permutations, seed=seed, level=level)
    differences: dict[str, list[pd.DataFrame]] = {"index": [], "paths": [], "invariance": []}
    with Progress(f"{reader}.compare_groups", "pairs of groups") as progress:
        for first, second in progress.over(list(combinations(range(len(groups)), 2))):
            rows = np.flatnonzero((codes == first) | (codes == second))
            pair = _Pair(plan, fitted, sample.part(rows), (codes[rows] == second).astype(np.int64), reader)
            named: dict[str, Any] = {"first": groups[first], "second": groups[second]}
            for name, table in pair.compared(n_permutations, np.random.default_rng(seed)).items():
                differences[name].append(table.assign(**named)[["first", "second", *table.columns]])
    joined = {name: pd.concat(tables, ignore_index=True) for name, tables in differences.items()}
    return GroupComparison(index, joined["index"], joined["paths"], joined["invariance"])


def _check_groups(plan: StructuralPlan, sample: Sample, codes: IntArray, groups: Sequence[object], reader: str) -> None:
    if len(groups) < 2:
        problem = f"there is one group only, {list(groups)}; two or more are needed"
        raise DataError(reader, [problem], _NOUN)
    problems = []
    for code, group in enumerate(groups):
        rows = np.flatnonzero(codes == code)
        if len(rows) < 2:
            problems.append(f"group {group!r} has {count_of(len(rows), 'respondent')} with answers; two or more are needed")
            continue
        try:
            check_answers(plan.graph, sample.part(rows), reader)
        except DataError as error:
            problems += [f"in group {group!r} {problem}" for problem in error.problems]
    if problems:
        raise DataError(reader, problems, _NOUN)


def _index_of(plan: StructuralPlan, fitted: StructuralFit, mean: FloatArray) -> FloatArray:
    """Index of each construct by the weights of the model, from means of items, shape (..., n_constructs)."""
    weights = fitted.rule.index_weights
    used = weights != 0
    with np.errstate(invalid="ignore"):
        per_answer = np.where(used, weights / (plan.high - plan.low)[:, np.newaxis], 0.0)
        start = np.where(used, plan.low[:, np.newaxis] * per_answer, 0.0).sum(axis=0)
    found: FloatArray = mean @ per_answer - start
    return found


def _index_by_group(
    plan: StructuralPlan,
    sample: Sample,
    codes: IntArray,
    groups: Sequence[object],
    fitted: StructuralFit,
    *,
    n: int,
    seed: int,
    level: float,
) -> pd.DataFrame:
    tables = []
    for code, group in enumerate(groups):
        own = sample.part(np.flatnonzero(codes == code)).in_canonical_order(seed)
        index = _index_of(plan, fitted, moments(own.answers, own.weight).mean)
        with Progress(f"limits of {group}", "replicates", n) as progress:
            batches = resampled_moments(own.answers, n, np.random.default_rng(seed), weight=own.weight, on_replicate=progress)
            limits = percentile_limits(np.concatenate([_index_of(plan, fitted, batch.mean) for batch in batches]), level)
        table = pd.DataFrame(
            {
                "group": [group] * len(index),
                "construct": list(fitted.constructs),
                "n_respondents": len(own.answers),
                "index": index,
                "lower": limits.lower,
                "upper": limits.upper,
            }
        )
        tables.append(table[np.isfinite(index)])
    return pd.concat(tables, ignore_index=True)


@dataclass(frozen=True, slots=True, eq=False)
class _Pair:
    """Two groups: 0 is the first, 1 the second."""

    plan: StructuralPlan
    fitted: StructuralFit
    sample: Sample
    group: IntArray
    reader: str

    def compared(self, n: int, rng: np.random.Generator) -> Mapping[str, pd.DataFrame]:
        """Tables of differences with p-values."""
        answers, group, weight = self._in_order()
        whole = moments(answers, weight)
        pooled = settled(self.plan, whole, self.reader)
        observed = self._statistics(grouped_moments(answers, group, weight=weight).groups, whole, pooled)
        with Progress("permutations", "dealt", n) as progress:
            batches = permuted_moments(answers, group, n, rng, weight=weight, on_permutation=progress)
            drawn = [self._statistics(batch.groups, whole, pooled) for batch in batches]
        permuted = {name: np.concatenate([part[name] for part in drawn]) for name in observed}
        p = {
            name: permutation_p_value(observed[name], permuted[name], "less" if name == "c" else "two-sided").p_value
            for name in observed
        }
        names = pd.Series(self.fitted.constructs, name="construct")
        has_index = np.isfinite(observed["index"])
        index = pd.DataFrame({"construct": names, "difference": observed["index"], "p_value": p["index"]})
        labels = self.plan.quantities(pooled)["paths"][0]
        paths = pd.DataFrame(labels, columns=pd.Index(["source", "target"])).assign(
            path_first=observed["path_first"],
            path_second=observed["path_second"],
            difference=observed["paths"],
            p_value=p["paths"],
        )
        composed = p["c"] > _ALPHA
        full = composed & (p["mean"] > _ALPHA) & (p["variance"] > _ALPHA)
        invariance = pd.DataFrame(
            {
                "construct": names,
                "correlation": observed["c"],
                "correlation_least": np.nanquantile(permuted["c"], _ALPHA, axis=0),
                "correlation_p_value": p["c"],
                "mean_difference": observed["mean"],
                "mean_p_value": p["mean"],
                "log_variance_ratio": observed["variance"],
                "variance_p_value": p["variance"],
                "verdict": np.select([full, composed], ["full", "partial"], "none"),
            }
        )
        return {"index": index[has_index].reset_index(drop=True), "paths": paths, "invariance": invariance}

    def _in_order(self) -> tuple[FloatArray, IntArray, FloatArray | None]:
        """Respondents in an order that depends on answers and group alone."""
        answers, weight = self.sample.answers, self.sample.weight
        keys = [self.group, *answers.T] if weight is None else [weight, self.group, *answers.T]
        order = np.lexsort(keys)
        return answers[order], self.group[order], None if weight is None else weight[order]

    def _statistics(self, groups: tuple[Moments, ...], whole: Moments, pooled: Stages) -> dict[str, FloatArray]:
        plan = self.plan
        first, second = groups
        stages = [plan.estimate(group, pooled) for group in groups]
        found = [plan.quantities(own)["paths"][1].copy() for own in stages]
        for own, paths in zip(stages, found, strict=True):
            paths[~own.has_converged] = np.nan
        weights = [plan.item_weights(own) for own in stages]
        common = plan.rule(whole, pooled).weights
        return {
            "index": _index_of(plan, self.fitted, second.mean) - _index_of(plan, self.fitted, first.mean),
            "path_first": found[0],
            "path_second": found[1],
            "paths": found[1] - found[0],
            "c": compositional_correlation(weights[0], weights[1], whole.covariance),
            "mean": mean_difference(common, first, second),
            "variance": log_variance_ratio(common, first, second),
        }
