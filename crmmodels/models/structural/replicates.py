"""Bootstrap replicates of one kind of estimate, drawn again as they were for the limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from crmmodels.exceptions import DataError, ParameterError
from crmmodels.models.structural.estimation import Stages, StructuralPlan
from crmmodels.models.structural.fit import drawn_moments
from crmmodels.models.structural.record import KEYS, StructuralFit
from crmmodels.models.structural.sample import Sample
from crmmodels.parameters import is_whole
from crmmodels.progress import Progress

if TYPE_CHECKING:
    from crmmodels.models.structural.survey_model import SurveyModel

_OWNER: Final = "replicates"
_SAME: Final = 1e-9


def replicates_of(
    model: SurveyModel, data: Any, quantity: str = "paths", *, n_replicates: int | None = None, reader: str = _OWNER
) -> pd.DataFrame:
    """Draw the replicates of one kind of estimate.

    A fitted model keeps limits and standard errors, not the replicates. With its seed and the survey of the fit, these are the very ones that
    its limits were made of.

    Parameters
    ----------
    model : SurveyModel
        A fitted model.
    data : dataframe
        The survey of `fit`, which the model does not keep.
    quantity : str, default "paths"
        Kind of estimate, one of ``fitted.quantities``.
    n_replicates : int, optional
        How many. Default: the model's ``n_bootstrap``.
    reader : str, default "replicates"
        Who asks, for errors.

    Returns
    -------
    pandas.DataFrame
        A row per replicate and a column per estimate, labelled as in the record, such as source and target; NaN in replicates
        whose weights did not settle.

    Raises
    ------
    NotFittedError
        If the model is not fitted.
    ParameterError
        If there is no such quantity, or no number of replicates.
    DataError
        If the survey cannot be used, or is not the one of the fit.

    Examples
    --------
    >>> import crmmodels as crm
    >>> survey = crm.simulate.simulate_survey(200, rng=1)
    >>> model = crm.SatisfactionIndexModel(indicators=survey.indicators, n_bootstrap=100).fit(survey.answers)
    >>> replicates = replicates_of(model, survey.answers, "paths")
    >>> replicates.shape
    (100, 9)
    >>> replicates.columns[0]
    ('expectations', 'quality')
    """
    fitted = model._fitted_for(reader)  # noqa: SLF001  (the same package: the refusal names who asks)
    if quantity not in fitted.quantities:
        raise ParameterError.unknown_choice(reader, "quantity", tuple(fitted.quantities), quantity)
    n = model.n_bootstrap if n_replicates is None else n_replicates
    if not is_whole(n) or n < 2:
        must = "a whole number, 2 or more" + (" (the model has n_bootstrap=0)" if n_replicates is None else "")
        raise ParameterError.must_be(reader, "n_replicates", must, n_replicates)
    plan = model._plan()  # noqa: SLF001
    owner = type(model).__name__
    sample = model._sample(model._read(model._open(data))).in_canonical_order(model.seed)  # noqa: SLF001
    stages = _estimates_of_fit(plan, sample, fitted, owner)
    values = []
    with Progress(f"{owner}.{reader}", "batches") as progress, Progress("drawn", "replicates", n) as told:
        batches = drawn_moments(sample, n, np.random.default_rng(model.seed), model.bootstrap, owner, on_replicate=told)
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
