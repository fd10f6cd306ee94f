"""Second-order constructs on moments against the textbook on scores."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from crmmodels.kernels.moments.moments import Moments
from crmmodels.kernels.pls.design import PathDesign
from crmmodels.kernels.pls.estimates import estimate
from crmmodels.kernels.pls.second_order import composite_moments, repeated_indicators, two_stage_design, two_stage_estimate

HERE = Path(__file__).parent
book = SimpleNamespace(**runpy.run_path(str(HERE / "textbook_pls.py")))
cases = SimpleNamespace(**runpy.run_path(str(HERE / "survey_cases.py")))

LIMITS = (np.ones(13), np.full(13, 10.0))
EMPTY = np.zeros(0, np.int64)


def whole(mode):
    """Components A, B of the second-order H, which explains C; C explains E; D explains H."""
    blocks = [np.array(block) for block in ([0, 1, 2], [3, 4], [5, 6, 7, 8], [9], [10, 11, 12])]
    paths = cases.graph(list("ABCDEH"), "H>C C>E D>H")
    design = PathDesign((*blocks, EMPTY), paths, ("A", "A", "A", "A", "B", mode), "path", 13)
    return design, (*(EMPTY,) * 5, np.array([0, 1]))


def test_moments_of_composites_are_those_of_their_scores():
    answers = cases.simulated_answers()
    weights = np.random.default_rng(1).standard_normal((13, 4))
    found = composite_moments(cases.moments(answers), weights)
    assert found.mean == pytest.approx((answers @ weights).mean(axis=0))
    assert found.covariance == pytest.approx(np.cov(answers @ weights, rowvar=False))
    assert found.n_observations == 70


def test_an_item_nobody_answered_is_no_hindrance_to_composites_without_it():
    moments = Moments(np.array([1.0, np.nan]), np.diag([1.0, 0.0]), 5.0)
    assert composite_moments(moments, np.array([[1.0], [0.0]])).mean.tolist() == [1.0]


@pytest.mark.parametrize("mode", ["A", "B"])
def test_repeated_indicators_are_those_of_the_textbook(mode):
    design, components = whole(mode)
    repeated = repeated_indicators(design, components)
    assert repeated.blocks[5].tolist() == [0, 1, 2, 3, 4]
    up, down = repeated.paths[[0, 1], 5], repeated.paths[5, [0, 1]]
    assert (up.all(), down.any()) == ((False, True) if mode == "A" else (True, False))
    answers = cases.simulated_answers(100, 3)
    expected = book.textbook_pls(answers, repeated.blocks, repeated.paths, repeated.modes, "path")
    found = estimate(repeated, cases.moments(answers), tolerance=1e-13, max_iterations=2000)
    assert found.weights[repeated.entries, repeated.owners] == pytest.approx(np.concatenate(expected.weights), abs=1e-9)
    known = repeated.paths if mode == "A" else repeated.paths & (np.arange(6) != 5)
    assert found.paths[known] == pytest.approx(expected.paths[known], abs=1e-9)


def test_components_stand_in_for_their_construct_in_the_first_stage():
    design, components = whole("A")
    stages = two_stage_design(design, components)
    assert stages.first_constructs.tolist() == [0, 1, 2, 3, 4]
    assert (stages.first.paths == cases.graph(list("ABCDE"), "A>C B>C C>E D>A D>B")).all()
    assert stages.second_constructs.tolist() == [2, 3, 4, 5]
    assert (stages.second.paths == cases.graph(list("CDEH"), "H>C C>E D>H")).all()
    assert stages.kept.tolist() == [5, 6, 7, 8, 9, 10, 11, 12]
    assert stages.second.blocks[3].tolist() == [8, 9]
    assert stages.second.modes == ("A", "A", "B", "A")


@pytest.mark.parametrize("mode", ["A", "B", "sum"])
def test_two_stages_on_moments_are_two_stages_on_scores(mode):
    stages = two_stage_design(*whole(mode))
    answers = cases.simulated_answers(100, 3)
    first = book.textbook_pls(answers, stages.first.blocks, stages.first.paths, stages.first.modes, "path")
    passed = np.column_stack([answers[:, stages.kept], first.scores[:, stages.composites]])
    second = book.textbook_pls(passed, stages.second.blocks, stages.second.paths, stages.second.modes, "path")
    found = two_stage_estimate(stages, cases.moments(answers), scale=LIMITS, tolerance=1e-13, max_iterations=2000)
    assert found.first.paths == pytest.approx(first.paths, abs=1e-9)
    assert found.second.paths == pytest.approx(second.paths, abs=1e-9)
    assert found.second.r_squared == pytest.approx(second.r_squared, abs=1e-9, nan_ok=True)
    entries, owners = stages.second.entries, stages.second.owners
    assert found.second.weights[entries, owners] == pytest.approx(np.concatenate(second.weights), abs=1e-9)
    assert found.unstandardised_weights.sum(axis=0) == pytest.approx(1.0)
    scores = 100 * (answers - 1) @ found.unstandardised_weights / 9
    assert found.second.index == pytest.approx(scores.mean(axis=0))
    assert np.corrcoef(scores, rowvar=False) == pytest.approx(np.corrcoef(second.scores, rowvar=False), abs=1e-9)


def test_replicates_of_two_stages_are_signed_like_the_estimate():
    stages = two_stage_design(*whole("A"))
    answers = cases.simulated_answers(100, 3)
    plain = two_stage_estimate(stages, cases.moments(answers), scale=LIMITS)
    rng = np.random.default_rng(0)
    drawn = [answers[rng.integers(0, 100, 100)] for _ in range(4)]
    stack = Moments(np.array([x.mean(axis=0) for x in drawn]), np.array([np.cov(x, rowvar=False) for x in drawn]), 100.0)
    batch = two_stage_estimate(stages, stack, scale=LIMITS, reference=plain)
    assert batch.second.index.shape == (4, 4)
    assert batch.unstandardised_weights.shape == (4, 13, 4)
    for k, rows in enumerate(drawn):
        alone = two_stage_estimate(stages, cases.moments(rows), scale=LIMITS)
        assert batch.second.paths[k] == pytest.approx(alone.second.paths, abs=1e-6)
        assert batch.second.index[k] == pytest.approx(alone.second.index, abs=1e-5)


def test_a_component_with_a_path_of_its_own_keeps_it():
    design, components = whole("A")
    paths = design.paths.copy()
    paths[3, 0] = True
    stages = two_stage_design(PathDesign(design.blocks, paths, design.modes, "path", 13), components)
    assert stages.first.paths[3, 0]
    assert (stages.second.paths == cases.graph(list("CDEH"), "H>C C>E D>H")).all()
