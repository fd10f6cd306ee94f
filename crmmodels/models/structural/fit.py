"""From a sample to the fitted record of a structural model, with standard errors and limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import pandas as pd

from crmmodels._frozen import FrozenMapping
from crmmodels._typing import BoolArray, FloatArray
from crmmodels.exceptions import ConvergenceError, DataError
from crmmodels.kernels.inference.bootstrap_limits import bca_limits, percentile_limits
from crmmodels.kernels.moments.bootstrap import jackknife_moments, resampled_moments
from crmmodels.kernels.moments.bootstrap_limit import moment_limit_draws
from crmmodels.kernels.moments.moments import Moments
from crmmodels.kernels.pls.weights import TOLERANCE
from crmmodels.models.structural.estimation import Stages, StructuralPlan, quantities_of
from crmmodels.models.structural.record import KEYS, Bootstrap, Quantity, StructuralFit
from crmmodels.models.structural.sample import Sample, check_answers
from crmmodels.progress import Progress

_SAME: Final = 1e-9
_EM_GROUPS: Final = 100
"""Groups left out in turn where each costs an EM algorithm of its own."""

BootstrapKind: TypeAlias = Literal["respondents", "moments"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resampling:
    """How limits are made: what is drawn, how often (0 for no limits), the share of the replicates between the limits, and the seed."""

    kind: BootstrapKind
    n_replicates: int
    level: float
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class Replicates:
    """Every estimate of many replicates.

    Attributes
    ----------
    values : ndarray of float64, shape (n_replicates, n_estimates)
        Estimates end to end, kind after kind; NaN in replicates that did not converge.
    has_converged : ndarray of bool, shape (n_replicates,)
        Whether the weights settled.
    has_constant : ndarray of bool, shape (n_replicates,)
        Whether an item had the same answer from all.
    """

    values: FloatArray
    has_converged: BoolArray
    has_constant: BoolArray


def learn(plan: StructuralPlan, sample: Sample, resampling: Resampling, reader: str) -> StructuralFit:
    """Estimate a structural model, or say why the answers do not determine one."""
    check_answers(plan.graph, sample, reader)
    if (products := plan.products) is not None:
        sample = sample.with_columns(products.columns, reader)
    if resampling.n_replicates or not sample.is_exact():
        sample = sample.in_canonical_order(resampling.seed)
    found = sample.moments(reader)
    stages = settled(plan, found, reader)
    bootstrap = None
    if resampling.n_replicates:
        quantities, bootstrap = _with_limits(plan, sample, resampling, stages, reader)
    else:
        quantities = quantities_of(plan.quantities(stages))
    return StructuralFit(
        constructs=plan.graph.answered,
        items=plan.graph.items,
        n_respondents=len(sample.answers),
        n_left_out=sample.n_left_out,
        share_replaced=sample.share_replaced,
        n_iterations=int(stages.last.n_iterations),
        last_change=float(stages.last.last_change),
        quantities=FrozenMapping(quantities),
        rule=plan.rule(plan.of_items(found), stages),
        bootstrap=bootstrap,
    )


def settled(plan: StructuralPlan, found: Moments, reader: str) -> Stages:
    """Estimate one sample; a DataError tells of collinear items, a ConvergenceError of weights that did not settle."""
    stages = plan.estimate(found)
    if collinear := plan.collinear(stages):
        problems = [
            f"the items of the formative construct {name!r} are collinear ({', '.join(plan.graph.members_of(name))}), so that their weights "
            "cannot be told apart; leave one out, or use mode 'A'"
            for name in collinear
        ]
        raise DataError(reader, problems, "survey")
    for estimate in (stages.first, stages.last):
        if not estimate.has_converged:
            reason = (
                f"the weights did not settle: in the last of {int(estimate.n_iterations)} iterations they still moved by "
                f"{float(estimate.last_change):.3g}, where {TOLERANCE:g} is the limit; see whether items of one construct contradict each "
                "other (reversed items: declare them by reverse=), or try another scheme or mode"
            )
            raise ConvergenceError.because(reader, [reason])
    return stages


def flat(plan: StructuralPlan, stages: Stages) -> FloatArray:
    """Every estimate end to end, kind after kind; shape (..., n_estimates)."""
    return np.concatenate([values for _, values in plan.quantities(stages).values()], axis=-1)


def replicated(
    plan: StructuralPlan,
    batches: Iterator[Moments],
    reference: Stages,
    on_replicate: Callable[[int], None] | None = None,
) -> Replicates:
    """Estimate replicates as their moments come, along the first axis; ``reference`` holds the estimates of the sample."""
    values, converged, constants, done = [], [], [], 0
    for batch in batches:
        stages = plan.estimate(batch, reference)
        drawn = flat(plan, stages)
        drawn[~stages.has_converged] = np.nan
        values.append(drawn)
        converged.append(stages.has_converged)
        constants.append(stages.first.is_constant.any(axis=-1))
        done += len(drawn)
        if on_replicate is not None:
            on_replicate(done)
    return Replicates(np.concatenate(values), np.concatenate(converged), np.concatenate(constants))


def _with_limits(
    plan: StructuralPlan, sample: Sample, resampling: Resampling, stages: Stages, reader: str
) -> tuple[dict[str, Quantity], Bootstrap]:
    """Every estimate with its standard error and limits."""
    n, rng = resampling.n_replicates, np.random.default_rng(resampling.seed)
    with Progress(f"{reader}.fit", "replicates", n) as progress, Progress("drawn", "replicates", n) as told:
        drawn = replicated(plan, drawn_moments(sample, n, rng, resampling.kind, reader, on_replicate=told), stages, progress)
    if not drawn.has_converged.any():
        reason = f"the weights settled in none of the {n} replicates, so there are no limits; set n_bootstrap=0 to do without"
        raise ConvergenceError.because(reader, [reason])
    with Progress(f"{reader}.fit", "respondents or groups left out") as progress:
        knife = replicated(plan, _without_each(sample, reader), stages, progress)
    estimate = flat(plan, stages)
    percentile = percentile_limits(drawn.values, resampling.level)
    corrected = bca_limits(drawn.values, estimate, knife.values, resampling.level)
    limits = (_deviation(drawn.values), percentile.lower, percentile.upper, corrected.lower, corrected.upper)
    found, start = {}, 0
    for name, quantity in quantities_of(plan.quantities(stages)).items():
        part = slice(start, start + len(quantity.estimate))
        found[name] = Quantity(quantity.labels, quantity.estimate, *(limit[part] for limit in limits))
        start = part.stop
    made = Bootstrap(
        resampling.kind,
        n,
        n_not_converged=int(n - drawn.has_converged.sum()),
        share_constant=float(drawn.has_constant.mean()),
        level=resampling.level,
    )
    return found, made


def drawn_moments(
    sample: Sample,
    n: int,
    rng: np.random.Generator,
    kind: BootstrapKind,
    reader: str,
    *,
    on_replicate: Callable[[int, int], None] | None = None,
) -> Iterator[Moments]:
    """Moments of replicates, in batches along the first axis, under the policy for missing answers within each."""
    if sample.needs_em:
        size = len(sample.answers)
        return (sample.part(rng.integers(size, size=size)).moments(reader, is_batch=True) for _ in range(n))
    if kind == "moments":
        return moment_limit_draws(sample.answers, n, rng, weight=sample.weight)
    return resampled_moments(sample.answers, n, rng, weight=sample.weight, on_replicate=on_replicate)


def _without_each(sample: Sample, reader: str) -> Iterator[Moments]:
    """Moments without each respondent, or each of many groups, in turn."""
    if sample.needs_em:
        size = len(sample.answers)
        group = np.arange(size) % min(size, _EM_GROUPS)
        return (sample.part(group != left_out).moments(reader, is_batch=True) for left_out in range(int(group.max()) + 1))
    return jackknife_moments(sample.answers, weight=sample.weight)


def replicates_of(
    plan: StructuralPlan,
    sample: Sample,
    fitted: StructuralFit,
    quantity: str,
    resampling: Resampling,
    *,
    owner: str,
    reader: str,
) -> pd.DataFrame:
    """A row per replicate and a column per estimate, labelled as in the record; NaN in replicates whose weights did not settle.

    With the seed and the survey of the fit, these are the very replicates that its limits were made of.
    """
    n, sample = resampling.n_replicates, sample.in_canonical_order(resampling.seed)
    stages = _estimates_of_fit(plan, sample, fitted, owner)
    values = []
    with Progress(f"{owner}.{reader}", "batches") as progress, Progress("drawn", "replicates", n) as told:
        batches = drawn_moments(sample, n, np.random.default_rng(resampling.seed), resampling.kind, owner, on_replicate=told)
        for batch in progress.over(batches):
            drawn = plan.estimate(batch, stages)
            found = plan.quantities(drawn)[quantity][1].copy()
            found[~drawn.has_converged] = np.nan
            values.append(found)
    labels, keys = fitted.quantities[quantity].labels, KEYS[quantity]
    columns: Any = pd.Index([quantity])
    if len(keys) == 1:
        columns = pd.Index([label for (label,) in labels], name=keys[0])
    elif keys:
        columns = pd.MultiIndex.from_tuples(labels, names=keys)
    return pd.DataFrame(np.concatenate(values), columns=columns)


def _estimates_of_fit(plan: StructuralPlan, sample: Sample, fitted: StructuralFit, reader: str) -> Stages:
    """Estimates of the sample, or a refusal where it is not the one of the record."""
    mean = fitted.rule.item_means
    if len(sample.answers) == fitted.n_respondents:
        found = sample.moments(reader)
        if np.allclose(found.mean, mean, rtol=_SAME, atol=0.0) and np.allclose(
            found.covariance, fitted.rule.covariance, rtol=_SAME, atol=_SAME * float(np.abs(fitted.rule.covariance).max())
        ):
            return plan.estimate(found)
    problem = (
        f"it is not the one of fit, whose {fitted.n_respondents:,} respondents have other answers than the {len(sample.answers):,} here; "
        "hand over the same survey"
    )
    raise DataError(reader, [problem], "survey")


def _deviation(draws: FloatArray) -> FloatArray:
    """Standard deviation of the draws that are numbers, exactly 0 where all agree; NaN where there are fewer than two."""
    known = np.isfinite(draws)
    n = known.sum(axis=0)
    first = draws[np.argmax(known, axis=0), np.arange(draws.shape[1])]
    gaps = np.where(known, draws - first, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = gaps.sum(axis=0) / n
        squares = np.where(known, (gaps - mean) ** 2, 0.0).sum(axis=0)
        deviation: FloatArray = np.sqrt(squares / (n - 1))
    return np.where(n > 1, deviation, np.nan)
