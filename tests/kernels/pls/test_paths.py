"""The inner model against the textbook's regressions on scores, and its laws."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmmodels.kernels.pls.design import PathDesign
from crmmodels.kernels.pls.paths import adjusted_r_squared, consistent_correlation, path_coefficients

HERE = Path(__file__).parent
book = SimpleNamespace(**runpy.run_path(str(HERE / "textbook_pls.py")))


def random_design(count, rng):
    shuffle = rng.permutation(count)
    paths = np.triu(rng.random((count, count)) < 0.6, 1)[np.ix_(shuffle, shuffle)]
    return PathDesign(tuple(np.array([k]) for k in range(count)), paths, ("A",) * count, "path", count)


def correlations(count, n_matrices, rng):
    return np.array([np.corrcoef(rng.standard_normal((count, count + 4))) for _ in range(n_matrices)])


def test_regressions_on_scores_give_the_same():
    rng = np.random.default_rng(3)
    scores = rng.standard_normal((40, 6)) @ rng.standard_normal((6, 6))
    scores = (scores - scores.mean(axis=0)) / scores.std(axis=0, ddof=1)
    design = random_design(6, rng)
    found = path_coefficients(design, np.corrcoef(scores, rowvar=False))
    for k in range(6):
        before = design.predecessors(k)
        if len(before) == 0:
            assert np.isnan(found.r_squared[k])
            continue
        slopes = book.regression(scores[:, k], [scores[:, i] for i in before])
        explained = book.explained(scores[:, k], [scores[:, i] for i in before])
        assert found.coefficients[before, k] == pytest.approx(slopes)
        assert found.r_squared[k] == pytest.approx(explained)
        for i in before:
            others = [scores[:, j] for j in before if j != i]
            drop = explained - book.explained(scores[:, k], others)
            assert found.f_squared[i, k] == pytest.approx(drop / (1 - explained), rel=1e-6, abs=1e-10)
            assert found.vif[i, k] == pytest.approx(1 / (1 - book.explained(scores[:, i], others)))


@given(st.integers(2, 7), st.integers(0, 1000))
def test_total_effects_are_the_sum_over_all_routes(count, seed):
    rng = np.random.default_rng(seed)
    design = random_design(count, rng)
    found = path_coefficients(design, correlations(count, 3, rng))
    for paths, total in zip(found.coefficients, found.total_effects, strict=True):
        assert total == pytest.approx(np.linalg.inv(np.eye(count) - paths) - np.eye(count), abs=1e-9)
        assert total == pytest.approx(book.all_paths(paths), abs=1e-9)


@given(st.integers(2, 7), st.integers(0, 1000))
def test_shares_and_effect_sizes_stay_in_their_ranges(count, seed):
    rng = np.random.default_rng(seed)
    design = random_design(count, rng)
    found = path_coefficients(design, correlations(count, 4, rng))
    explained = design.paths.any(axis=0)
    assert np.isnan(found.r_squared[:, ~explained]).all()
    assert (found.r_squared[:, explained] >= -1e-12).all()
    assert (found.r_squared[:, explained] <= 1 + 1e-12).all()
    assert (found.f_squared[:, design.paths] >= 0).all()
    assert (found.vif[:, design.paths] >= 1 - 1e-9).all()
    assert np.isnan(found.vif[:, ~design.paths]).all()
    assert (found.coefficients[:, ~design.paths] == 0).all()


def test_leading_axes_are_kept():
    rng = np.random.default_rng(0)
    design = random_design(4, rng)
    stack = correlations(4, 6, rng).reshape(2, 3, 4, 4)
    found = path_coefficients(design, stack)
    assert found.r_squared.shape == (2, 3, 4)
    assert found.coefficients[1, 2] == pytest.approx(path_coefficients(design, stack[1, 2]).coefficients)


def test_adjustment_charges_for_each_predecessor():
    paths = np.array([[0, 0, 1], [0, 0, 1], [0, 0, 0]], bool)
    design = PathDesign(tuple(np.array([k]) for k in range(3)), paths, ("A",) * 3, "path", 3)
    shares = np.array([np.nan, np.nan, 0.5])
    assert adjusted_r_squared(design, shares, 23)[2] == pytest.approx(1 - 0.5 * 22 / 20)
    assert np.isnan(adjusted_r_squared(design, shares, 3)[2])
    assert adjusted_r_squared(design, np.tile(shares, (2, 1)), np.array([23.0, 43.0]))[:, 2] == pytest.approx([0.45, 0.475])


def test_reliabilities_of_one_change_no_correlation():
    matrix = correlations(4, 1, np.random.default_rng(2))[0]
    assert consistent_correlation(matrix, np.ones(4)) == pytest.approx(matrix)


def test_a_reliability_that_is_not_positive_has_no_correction():
    corrected = consistent_correlation(np.array([[1.0, 0.3], [0.3, 1.0]]), np.array([-0.1, 0.8]))
    assert np.isnan(corrected[0, 1])
    assert corrected[0, 0] == 1.0
