"""Bootstrap replicates of one kind of estimate, drawn again as they were for the limits."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from crmmodels.exceptions import DataError
from crmmodels.models.structural.estimation import Stages, StructuralPlan
from crmmodels.models.structural.fit import Resampling, drawn_moments
from crmmodels.models.structural.record import KEYS, StructuralFit
from crmmodels.models.structural.sample import Sample
from crmmodels.progress import Progress

_SAME: Final = 1e-9


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
