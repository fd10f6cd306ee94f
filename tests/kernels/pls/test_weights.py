"""Outer weights against the textbook on scores, and the laws of the iteration."""

from __future__ import annotations

import runpy
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import nnls

from crmmodels.kernels.pls.weights import alignment_signs, dominant_signs, outer_weights

HERE = Path(__file__).parent
book = SimpleNamespace(**runpy.run_path(str(HERE / "textbook_pls.py")))
cases = SimpleNamespace(**runpy.run_path(str(HERE / "survey_cases.py")))

SCHEMES = ["path", "factorial", "centroid"]
MODES = [("A",) * 5, ("B",) * 5, ("sum",) * 5, ("A", "B", "sum", "A", "B"), ("B", "A", "A", "B", "sum")]


def own(design, weights):
    return weights[..., design.entries, design.owners]


def resampled(answers, count, seed):
    rng = np.random.default_rng(seed)
    return np.array([np.corrcoef(answers[rng.integers(0, len(answers), len(answers))], rowvar=False) for _ in range(count)])


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("modes", MODES)
@pytest.mark.parametrize("standardise", [True, False])
def test_weights_are_those_of_the_textbook(modes, scheme, standardise):
    answers = cases.simulated_answers()
    design = cases.simulated_design(modes, scheme)
    expected = book.textbook_pls(answers, design.blocks, design.paths, modes, scheme, standardise=standardise)
    matrix = np.corrcoef(answers, rowvar=False) if standardise else np.cov(answers, rowvar=False)
    found = outer_weights(design, matrix, tolerance=1e-13, max_iterations=2000)
    weights = found.weights * dominant_signs(found.weights, matrix)
    assert own(design, weights) == pytest.approx(np.concatenate(expected.weights), abs=1e-11)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("modes", [MODES[0], MODES[3]])
def test_a_batch_gives_each_matrix_what_it_gets_alone(modes, scheme):
    design = cases.simulated_design(modes, scheme)
    matrices = resampled(cases.simulated_answers(), 12, 3).reshape(3, 4, 13, 13)
    together = outer_weights(design, matrices)
    assert together.weights.shape == (3, 4, 13, 5)
    assert together.n_iterations.shape == together.has_converged.shape == together.last_change.shape == (3, 4)
    for place in np.ndindex(3, 4):
        alone = outer_weights(design, matrices[place])
        assert together.weights[place] == pytest.approx(alone.weights, abs=1e-12)
        assert together.n_iterations[place] == alone.n_iterations
    assert len(np.unique(together.n_iterations)) > 1


def test_batches_larger_than_a_block_are_put_together_in_order(monkeypatch):
    design = cases.simulated_design()
    matrices = resampled(cases.simulated_answers(), 20, 4)
    whole = outer_weights(design, matrices)
    monkeypatch.setattr("crmmodels.kernels.pls.weights.BLOCK_VALUES", 3 * 13**2)
    parts = outer_weights(design, matrices)
    assert parts.weights == pytest.approx(whole.weights, abs=1e-12)
    assert (parts.n_iterations == whole.n_iterations).all()


@pytest.mark.parametrize("mode", ["A", "B", "sum"])
def test_constructs_have_variance_one_and_no_weight_outside_their_blocks(mode):
    design = cases.simulated_design((mode,) * 5)
    matrix = np.cov(cases.simulated_answers(), rowvar=False)
    weights = outer_weights(design, matrix).weights
    assert np.diagonal(weights.T @ matrix @ weights) == pytest.approx(1.0)
    assert (weights[~design.membership] == 0).all()


def test_where_the_iteration_starts_does_not_matter_and_a_near_start_is_quicker():
    design = cases.simulated_design()
    matrix = np.corrcoef(cases.simulated_answers(), rowvar=False)
    plain = outer_weights(design, matrix)
    again = outer_weights(design, matrix, start=plain.weights)
    elsewhere = outer_weights(design, matrix, start=np.random.default_rng(2).uniform(0.2, 2, (13, 5)))
    assert again.weights == pytest.approx(plain.weights, abs=1e-6)
    assert elsewhere.weights == pytest.approx(plain.weights, abs=1e-6)
    assert again.n_iterations < plain.n_iterations


def test_a_matrix_that_does_not_settle_is_reported_not_raised():
    design = cases.simulated_design()
    found = outer_weights(design, np.corrcoef(cases.simulated_answers(), rowvar=False), max_iterations=2)
    assert not found.has_converged
    assert found.n_iterations == 2
    assert found.last_change > 1e-7
    assert np.isfinite(found.weights).all()


def test_weights_at_the_end_changed_by_less_than_the_tolerance():
    found = outer_weights(cases.simulated_design(), resampled(cases.simulated_answers(), 5, 1), tolerance=1e-9)
    assert found.has_converged.all()
    assert (found.last_change < 1e-9).all()


def test_a_constant_item_gets_no_weight_and_the_others_what_they_get_without_it():
    answers = cases.simulated_answers()
    for mode in ("A", "B", "sum"):
        design = cases.simulated_design((mode,) * 5)
        matrix = np.corrcoef(answers, rowvar=False)
        matrix[6] = matrix[:, 6] = 0.0
        found = outer_weights(design, matrix)
        blocks = (*design.blocks[:2], np.array([5, 7, 8]), *design.blocks[3:])
        without = outer_weights(replace(design, blocks=blocks), np.corrcoef(answers, rowvar=False))
        assert (found.weights[6] == 0).all()
        assert found.weights == pytest.approx(without.weights, abs=1e-12)
        assert not found.is_collinear.any()


def test_a_construct_without_variance_spoils_its_own_matrix_only():
    matrices = resampled(cases.simulated_answers(), 3, 8)
    matrices[1, 9] = matrices[1, :, 9] = 0.0
    found = outer_weights(cases.simulated_design(), matrices)
    assert found.has_converged.tolist() == [True, False, True]
    assert np.isnan(found.weights[1]).any()
    assert np.isfinite(found.weights[[0, 2]]).all()
    assert found.n_iterations[1] < 5


def test_a_collinear_formative_block_is_flagged_and_has_no_weights():
    answers = cases.simulated_answers(whole=False)
    answers[:, 12] = answers[:, 10] + 2 * answers[:, 11]
    matrix = np.corrcoef(answers, rowvar=False)
    found = outer_weights(cases.simulated_design(("A", "B", "B", "A", "B")), matrix)
    assert found.is_collinear.tolist() == [False, False, False, False, True]
    assert not found.has_converged
    assert np.isnan(found.weights[10:, 4]).all()
    assert outer_weights(cases.simulated_design(), matrix).has_converged


def test_a_formative_block_with_fewer_respondents_than_items_is_collinear():
    found = outer_weights(
        cases.simulated_design(("B",) * 5), np.corrcoef(cases.simulated_answers(4, whole=False), rowvar=False)
    )
    assert found.is_collinear.tolist() == [False, False, True, False, False]


def opposed():
    answers = cases.simulated_answers(120, 5, whole=False)
    answers[:, 8] = 12 - answers[:, 8]
    answers[:, 2] = 12 - answers[:, 2]
    return np.corrcoef(answers, rowvar=False)


def test_nonnegative_mode_a_leaves_out_items_that_point_the_other_way():
    matrix = opposed()
    free = outer_weights(cases.simulated_design(), matrix)
    kept = outer_weights(cases.simulated_design(nonnegative=True), matrix)
    assert free.weights.min() < 0 <= kept.weights.min()
    assert kept.has_converged
    assert kept.weights[8, 2] == kept.weights[2, 0] == 0


@pytest.mark.parametrize("scheme", SCHEMES)
def test_nonnegative_mode_b_solves_the_constrained_regression(scheme):
    matrix = opposed()
    design = cases.simulated_design(("B",) * 5, scheme, nonnegative=True)
    found = outer_weights(design, matrix, tolerance=1e-12, max_iterations=2000)
    assert found.has_converged
    assert found.weights.min() >= 0
    correlation = found.weights.T @ matrix @ found.weights
    for construct, block in enumerate(design.blocks):
        inner = np.zeros(5)
        joined = design.neighbours[construct]
        inner[joined] = np.sign(correlation[joined, construct]) if scheme == "centroid" else correlation[joined, construct]
        before = design.predecessors(construct)
        if scheme == "path" and len(before):
            inner[before] = np.linalg.solve(correlation[np.ix_(before, before)], correlation[before, construct])
        target = (matrix @ found.weights @ inner)[block]
        root = np.linalg.cholesky(matrix[np.ix_(block, block)]).T
        expected = nnls(root, np.linalg.solve(root.T, target))[0]
        scaled = expected / np.sqrt(expected @ matrix[np.ix_(block, block)] @ expected)
        assert found.weights[block, construct] == pytest.approx(scaled, abs=1e-9)


def test_without_negative_weights_the_constraint_changes_nothing():
    matrix = np.corrcoef(cases.simulated_answers(5000, 7, whole=False), rowvar=False)
    for mode in ("A", "B"):
        design = cases.simulated_design((mode,) * 5)
        free = outer_weights(design, matrix, tolerance=1e-11)
        assert free.weights.min() >= 0
        kept = outer_weights(replace(design, nonnegative=True), matrix, tolerance=1e-11)
        assert kept.weights == pytest.approx(free.weights, abs=1e-8)


@given(st.integers(0, 500), st.sampled_from(SCHEMES), st.sampled_from(MODES))
def test_the_order_of_items_and_constructs_does_not_matter(seed, scheme, modes):
    rng = np.random.default_rng(seed)
    answers = cases.simulated_answers(60, seed)
    design = cases.simulated_design(modes, scheme)
    plain = outer_weights(design, np.corrcoef(answers, rowvar=False), tolerance=1e-12)
    items, constructs = rng.permutation(13), rng.permutation(5)
    place = np.argsort(items)
    moved = replace(
        design,
        blocks=tuple(rng.permutation(place[design.blocks[k]]) for k in constructs),
        paths=design.paths[np.ix_(constructs, constructs)],
        modes=tuple(modes[k] for k in constructs),
    )
    found = outer_weights(moved, np.corrcoef(answers[:, items], rowvar=False), tolerance=1e-12)
    assert found.has_converged == plain.has_converged
    assert found.weights == pytest.approx(plain.weights[np.ix_(items, constructs)], abs=1e-8)


@given(st.integers(0, 500), st.sampled_from(SCHEMES), st.sampled_from(["A", "B"]))
def test_turning_items_round_turns_their_weights_round(seed, scheme, mode):
    signs = np.where(np.random.default_rng(seed).random(13) < 0.4, -1.0, 1.0)
    design = cases.simulated_design((mode,) * 5, scheme)
    matrix = np.corrcoef(cases.simulated_answers(90, seed), rowvar=False)
    turned = matrix * np.outer(signs, signs)
    plain = outer_weights(design, matrix, tolerance=1e-12)
    # The textbook start is not symmetric in signs, so that this starts where the plain one does.
    found = outer_weights(design, turned, tolerance=1e-12, start=design.membership * signs[:, np.newaxis])
    assert found.weights == pytest.approx(plain.weights * signs[:, np.newaxis], abs=1e-8)


def test_the_majority_of_loadings_decides_the_sign():
    matrix = np.eye(3)
    weights = np.array([[-0.9, 0.0], [0.2, 0.0], [0.3, -1.0]])
    assert dominant_signs(weights, matrix).tolist() == [1.0, -1.0]
    assert dominant_signs(np.array([[-0.9], [0.2], [0.0]]), matrix).tolist() == [-1.0]


def test_replicates_are_turned_towards_the_estimate():
    design = cases.simulated_design()
    answers = cases.simulated_answers()
    reference = outer_weights(design, np.corrcoef(answers, rowvar=False)).weights
    matrices = resampled(answers, 6, 2)
    weights = outer_weights(design, matrices).weights
    flips = np.where(np.random.default_rng(0).random((6, 5)) < 0.5, -1.0, 1.0)
    assert (alignment_signs(weights * flips[:, np.newaxis], matrices, reference) == flips).all()
