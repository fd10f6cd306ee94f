"""Scores of respondents from their answers: weighted sums, also where answers are missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from crmmodels._typing import BoolArray, FloatArray
from crmmodels.base import Values
from crmmodels.models.structural.record import ScoringRule

MissingPolicy: TypeAlias = Literal["mean", "listwise", "em"]


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Scores of respondents, each by construct.

    Attributes
    ----------
    standardised : ndarray of float64, shape (n_constructs, n_respondents)
        Of mean 0 and variance 1 among the respondents of the fit.
    index : ndarray of float64, shape (n_constructs, n_respondents)
        From 0 to 100; NaN where a construct has no scale.
    """

    standardised: FloatArray
    index: FloatArray


def respondent_scores(
    values: Values, items: Sequence[str], rule: ScoringRule, ends: tuple[FloatArray, FloatArray], missing: MissingPolicy
) -> Scores:
    """Scores of respondents, a sum over items in one order, so that no respondent's depends on who else is scored.

    Answers are (n_respondents,) by item; ``ends`` are (n_items,) each, in the order of ``items`` and the rule.
    """
    answers = [values[item] for item in items]
    observed = [~np.isnan(answer) for answer in answers]
    n_observed = np.sum(observed, axis=0)
    low, high = ends
    with np.errstate(invalid="ignore"):
        per_answer = np.where(rule.index_weights != 0, rule.index_weights / (high - low)[:, np.newaxis], 0.0)
        at_mean = (np.where(rule.index_weights != 0, per_answer * (rule.item_means - low)[:, np.newaxis], 0.0)).sum(axis=0)
    both = np.hstack([rule.weights, per_answer])
    if missing == "em" and (n_observed < len(items)).any():
        sums = _expected_sums(answers, observed, both, rule)
    else:
        sums = _weighted_sums(answers, observed, both, rule.item_means)
    n_constructs = rule.weights.shape[1]
    standardised, index = sums[:n_constructs], sums[n_constructs:] + at_mean[:, np.newaxis]
    bounded = (rule.index_weights >= 0).all(axis=0)
    index[bounded] = np.clip(index[bounded], 0.0, 100.0)
    unknown = n_observed < (len(items) if missing == "listwise" else 1)
    standardised[:, unknown] = index[:, unknown] = np.nan
    return Scores(standardised, index)


def _weighted_sums(
    answers: Sequence[FloatArray], observed: Sequence[BoolArray], weights: FloatArray, means: FloatArray
) -> FloatArray:
    """Weighted sums of deviations from the means, shape (n_columns, n_respondents); no answer is no deviation."""
    sums = np.zeros((weights.shape[1], len(answers[0])))
    for j, (answer, is_observed) in enumerate(zip(answers, observed, strict=True)):
        deviation = answer - means[j]
        if not is_observed.all():
            deviation = np.where(is_observed, deviation, 0.0)
        for k in np.flatnonzero(weights[j]):
            sums[k] += weights[j, k] * deviation
    return sums


def _expected_sums(
    answers: Sequence[FloatArray], observed: Sequence[BoolArray], weights: FloatArray, rule: ScoringRule
) -> FloatArray:
    """Expected weighted sums given the answers there are, one pattern of missing answers at a time."""
    matrix = np.array(observed)
    patterns, which = np.unique(matrix, axis=1, return_inverse=True)
    sums = np.zeros((weights.shape[1], matrix.shape[1]))
    for position, pattern in enumerate(patterns.T):
        rows = np.flatnonzero(which.ravel() == position)
        if not pattern.any():
            continue
        known = weights.copy()
        if not pattern.all():
            within = rule.covariance[np.ix_(pattern, pattern)]
            across = rule.covariance[np.ix_(pattern, ~pattern)]
            known[pattern] += np.linalg.solve(within, across) @ weights[~pattern]
            known[~pattern] = 0.0
        sums[:, rows] = _weighted_sums([a[rows] for a in answers], [o[rows] for o in observed], known, rule.item_means)
    return sums


def score_columns_of(scores: Scores, constructs: Sequence[str], has_index: Mapping[str, bool]) -> Mapping[str, FloatArray]:
    """Index of each construct that has one, then standardised scores, by name of column, (n_respondents,)."""
    index = {name: scores.index[k] for k, name in enumerate(constructs) if has_index[name]}
    return {**index, **{f"{name}_standardised": scores.standardised[k] for k, name in enumerate(constructs)}}
