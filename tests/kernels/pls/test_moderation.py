"""Products of constructs against products of scores written down."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from crmmodels.kernels.pls.estimates import estimate
from crmmodels.kernels.pls.moderation import interaction_design, product_moments

cases = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("survey_cases.py"))))

PAIRS = np.array([[0, 1], [2, 2]])


def score_weights(answers):
    found = estimate(cases.simulated_design(), cases.moments(answers))
    return found.weights / answers.std(axis=0, ddof=1)[:, np.newaxis]


def written_down(answers, weights):
    scores = (answers - answers.mean(axis=0)) @ weights
    return np.column_stack([scores, scores[:, 0] * scores[:, 1], scores[:, 2] ** 2])


def test_moments_are_those_of_scores_and_their_products():
    answers = cases.simulated_answers()
    weights = score_weights(answers)
    found = product_moments(answers, weights, PAIRS)
    table = written_down(answers, weights)
    assert found.mean == pytest.approx(table.mean(axis=0), abs=1e-12)
    assert found.covariance == pytest.approx(np.cov(table, rowvar=False))
    assert found.mean[:5] == pytest.approx(0.0, abs=1e-12)
    assert np.diagonal(found.covariance)[:5] == pytest.approx(1.0)
    assert found.n_observations == 70.0


def test_counts_are_respondents_drawn_more_than_once(monkeypatch):
    answers = cases.simulated_answers()
    rng = np.random.default_rng(3)
    drawn = [rng.integers(0, 70, 70) for _ in range(5)]
    counts = np.array([np.bincount(rows, minlength=70) for rows in drawn]).astype(float)
    weights = np.array([score_weights(answers[rows]) for rows in drawn])
    monkeypatch.setattr("crmmodels.kernels.pls.moderation.BLOCK_VALUES", 2 * 70 * 7)
    found = product_moments(answers, weights, PAIRS, counts=counts)
    assert found.covariance.shape == (5, 7, 7)
    for k, rows in enumerate(drawn):
        table = written_down(answers[rows], weights[k])
        assert found.mean[k] == pytest.approx(table.mean(axis=0), abs=1e-12)
        assert found.covariance[k] == pytest.approx(np.cov(table, rowvar=False))


def test_a_missing_answer_counts_as_the_mean():
    answers = cases.simulated_answers()
    weights = score_weights(answers)
    missing = np.random.default_rng(1).random(answers.shape) < 0.1
    holed = np.where(missing, np.nan, answers)
    filled = np.where(missing, np.nanmean(holed, axis=0), answers)
    found, expected = product_moments(holed, weights, PAIRS), product_moments(filled, weights, PAIRS)
    assert found.mean == pytest.approx(expected.mean, abs=1e-12)
    assert found.covariance == pytest.approx(expected.covariance)


def test_a_moderated_path_is_the_regression_on_scores_and_their_product():
    answers = cases.simulated_answers(200, 8)
    design = cases.simulated_design()
    pairs, targets = np.array([[0, 2]]), np.array([4])
    weights = score_weights(answers)
    stage = interaction_design(design, pairs, targets)
    assert stage.predecessors(4).tolist() == [2, 3, 5]
    found = estimate(stage, product_moments(answers, weights, pairs))
    scores = (answers - answers.mean(axis=0)) @ weights
    product = scores[:, 0] * scores[:, 2]
    columns = np.column_stack([scores[:, 2], scores[:, 3], product, np.ones(200)])
    slopes = np.linalg.lstsq(columns, scores[:, 4], rcond=None)[0]
    assert found.paths[[2, 3], 4] == pytest.approx(slopes[:2])
    assert found.paths[5, 4] / found.item_deviations[5] == pytest.approx(slopes[2])
