"""PLSpredict: how well items of explained constructs are predicted for respondents who were not fitted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmmodels._typing import FloatArray, IntArray
from crmmodels.models.structural.estimation import StructuralPlan
from crmmodels.models.structural.fit import settled
from crmmodels.models.structural.sample import Sample, check_answers
from crmmodels.progress import Progress


@dataclass(frozen=True, slots=True, eq=False)
class _Prediction:
    """Predictions of the items of explained constructs, (n_respondents, n_predicted), and the means of those who were fitted, (n_predicted,)."""

    by_model: FloatArray
    by_regression: FloatArray
    by_mean: FloatArray


def predict_folds(
    plan: StructuralPlan, sample: Sample, n_folds: int, rng: np.random.Generator, *, earliest: bool, reader: str
) -> pd.DataFrame:
    """Errors of prediction, each respondent predicted by those of other folds; missing answers are predicted but do not count."""
    seed = int(rng.integers(2**31))
    ordered = sample.in_canonical_order(seed)
    answers = ordered.answers
    fold = np.arange(len(answers)) % n_folds
    graph = plan.graph
    position = {item: i for i, item in enumerate(graph.items)}
    caused = [name for name in graph.names if any(target == name for _, target in graph.pairs)]
    predicted = [(name, item) for name in caused for item in graph.items_of(name)]
    where = np.array([position[item] for _, item in predicted])
    errors = np.full((3, len(answers), len(where)), np.nan)
    with Progress(f"{reader}.predict_quality", "folds") as progress:
        for part in progress.over(range(n_folds)):
            train, held = ordered.part(fold != part), answers[fold == part]
            check_answers(graph, train, reader)
            found = _predict(plan, train, held, caused, where, earliest=earliest, reader=reader)
            actual = held[:, where]
            errors[:, fold == part] = np.stack([actual - found.by_model, actual - found.by_regression, actual - found.by_mean])
    squared = np.nansum(errors**2, axis=1)
    rmse = np.sqrt(np.nanmean(errors**2, axis=1))
    mae = np.nanmean(np.abs(errors), axis=1)
    return pd.DataFrame(
        {
            "construct": [name for name, _ in predicted],
            "item": [item for _, item in predicted],
            "rmse": rmse[0],
            "mae": mae[0],
            "q_squared": 1.0 - squared[0] / squared[2],
            "rmse_linear": rmse[1],
            "mae_linear": mae[1],
            "q_squared_linear": 1.0 - squared[1] / squared[2],
        }
    )


def _predict(
    plan: StructuralPlan,
    train: Sample,
    held: FloatArray,
    caused: Sequence[str],
    where: IntArray,
    *,
    earliest: bool,
    reader: str,
) -> _Prediction:
    graph = plan.graph
    found = train.moments(reader)
    stages = settled(plan, found, reader)
    rule = plan.rule(found, stages)
    deviations = np.where(np.isnan(held), 0.0, held - found.mean)
    names = graph.answered
    modelled = graph.modelled
    scores = deviations @ rule.weights
    predictions = scores.copy()
    # Covariances of items with scores of variance 1: what an item deviates by where the score is 1.
    slopes = found.covariance @ rule.weights
    by_model, by_regression = [], []
    position = {item: i for i, item in enumerate(graph.items)}
    for name in _causes_first(graph.pairs, graph.names):
        direct = [source for source, target in graph.pairs if target == name]
        if not direct:
            continue
        coefficients = [stages.last.paths[modelled.index(source), modelled.index(name)] for source in direct]
        known = predictions if earliest else scores
        predictions[:, names.index(name)] = known[:, [names.index(source) for source in direct]] @ np.array(coefficients)
    for name in caused:
        own = [position[item] for item in graph.items_of(name)]
        by_model.append(found.mean[own] + predictions[:, [names.index(name)]] * slopes[own, names.index(name)])
        causes = _origins(graph.pairs, name) if earliest else [source for source, target in graph.pairs if target == name]
        given = [position[item] for cause in causes for item in graph.items_of(cause)]
        within, across = found.covariance[np.ix_(given, given)], found.covariance[np.ix_(given, own)]
        by_regression.append(found.mean[own] + deviations[:, given] @ np.linalg.lstsq(within, across, rcond=None)[0])
    return _Prediction(np.hstack(by_model), np.hstack(by_regression), found.mean[where])


def _causes_first(pairs: Sequence[tuple[str, str]], names: Sequence[str]) -> list[str]:
    left, ordered = list(names), []
    while left:
        free = [name for name in left if not any(target == name and source in left for source, target in pairs)]
        ordered += free
        left = [name for name in left if name not in free]
    return ordered


def _origins(pairs: Sequence[tuple[str, str]], name: str) -> list[str]:
    """Constructs that nothing explains from which paths lead to one."""
    causes = [source for source, target in pairs if target == name]
    if not causes:
        return [name]
    return list(dict.fromkeys(origin for cause in causes for origin in _origins(pairs, cause)))
