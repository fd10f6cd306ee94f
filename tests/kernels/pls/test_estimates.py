"""Whole estimates: against the textbook, and the laws that tie their parts together."""

from __future__ import annotations

import runpy
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmmodels.kernels.moments.moments import Moments
from crmmodels.kernels.pls.estimates import estimate

HERE = Path(__file__).parent
book = SimpleNamespace(**runpy.run_path(str(HERE / "textbook_pls.py")))
cases = SimpleNamespace(**runpy.run_path(str(HERE / "survey_cases.py")))

LIMITS = (np.ones(13), np.full(13, 10.0))
MODES = [("A",) * 5, ("B",) * 5, ("A", "B", "sum", "A", "B")]
SCHEMES = ["path", "factorial", "centroid"]


def replicates(answers, count, seed):
    rng = np.random.default_rng(seed)
    drawn = [answers[rng.integers(0, len(answers), len(answers))] for _ in range(count)]
    return Moments(
        np.array([rows.mean(axis=0) for rows in drawn]),
        np.array([np.cov(rows, rowvar=False) for rows in drawn]),
        float(len(answers)),
    )


@pytest.mark.parametrize("standardise", [True, False])
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("modes", MODES)
def test_every_table_is_that_of_the_textbook(modes, scheme, standardise):
    answers = cases.simulated_answers(seed=4)
    design = cases.simulated_design(modes, scheme)
    expected = book.textbook_pls(answers, design.blocks, design.paths, modes, scheme, standardise=standardise)
    found = estimate(design, cases.moments(answers), standardised=standardise, tolerance=1e-13, max_iterations=2000)
    assert found.paths == pytest.approx(expected.paths, abs=1e-10)
    assert found.total_effects == pytest.approx(expected.total_effects, abs=1e-10)
    assert found.r_squared == pytest.approx(expected.r_squared, abs=1e-10, nan_ok=True)
    assert found.f_squared == pytest.approx(expected.f_squared, abs=1e-10, nan_ok=True)
    assert found.vif == pytest.approx(expected.vif, abs=1e-10, nan_ok=True)
    assert found.cross_loadings == pytest.approx(expected.cross_loadings, abs=1e-10)
    assert found.loadings[design.entries, design.owners] == pytest.approx(np.concatenate(expected.loadings), abs=1e-10)
    assert found.construct_correlation == pytest.approx(np.corrcoef(expected.scores, rowvar=False), abs=1e-10)
    assert found.redundancy == pytest.approx(found.r_squared * found.ave, nan_ok=True)


@pytest.mark.parametrize("standardise", [True, False])
def test_consistent_estimates_are_those_of_the_textbook(standardise):
    answers = cases.simulated_answers(200, seed=4)
    modes = ("A", "B", "A", "A", "A")
    design = cases.simulated_design(modes)
    expected = book.textbook_pls(answers, design.blocks, design.paths, modes, "path", standardise=standardise)
    columns = [book.standardised(column) if standardise else book.centred(column) for column in answers.T]
    rho = [book.dijkstra_rho(columns, design.blocks[k], expected.weights[k]) if k in {0, 2, 4} else 1.0 for k in range(5)]
    slopes, shares = book.consistent_paths(expected.scores, design.paths, rho)
    found = estimate(design, cases.moments(answers), standardised=standardise, consistent=True, tolerance=1e-13)
    assert found.paths == pytest.approx(slopes, abs=1e-10)
    assert found.r_squared == pytest.approx(shares, abs=1e-10, nan_ok=True)
    for k in (0, 2, 4):
        weight = expected.weights[k]
        loadings = weight * np.sqrt(rho[k]) / (weight @ weight)
        if not standardise:
            loadings = loadings / answers[:, design.blocks[k]].std(axis=0, ddof=1)
        assert found.loadings[design.blocks[k], k] == pytest.approx(loadings)
    for k in (1, 3):
        assert found.loadings[design.blocks[k], k] == pytest.approx(expected.loadings[k])


def test_the_index_is_the_mean_of_respondents_scores_on_0_to_100():
    answers = cases.simulated_answers(seed=6)
    design = cases.simulated_design()
    lower, upper = np.linspace(0, 1, 13), np.linspace(10, 12, 13)
    found = estimate(design, cases.moments(answers), scale=(lower, upper))
    raw = found.weights / answers.std(axis=0, ddof=1)[:, np.newaxis]
    scores = 100 * (answers - lower) @ raw / ((upper - lower) @ raw)
    assert found.index == pytest.approx(scores.mean(axis=0))
    assert found.unstandardised_weights == pytest.approx(raw / raw.sum(axis=0))
    slopes = np.zeros((5, 5))
    for k in range(5):
        before = design.predecessors(k)
        if len(before):
            slopes[before, k] = np.linalg.lstsq(np.column_stack([scores[:, before], np.ones(70)]), scores[:, k], rcond=None)[0][
                :-1
            ]
    assert found.unstandardised_effects == pytest.approx(np.linalg.inv(np.eye(5) - slopes) - np.eye(5), abs=1e-9)


def test_without_a_scale_effects_are_in_the_units_of_the_items():
    answers = cases.simulated_answers(seed=6)
    design = cases.simulated_design()
    plain = estimate(design, cases.moments(answers))
    scaled = estimate(design, cases.moments(answers), scale=LIMITS)
    assert np.isnan(plain.index).all()
    assert plain.unstandardised_effects == pytest.approx(scaled.unstandardised_effects)


def test_sum_scores_of_unstandardised_items_are_plain_means():
    answers = cases.simulated_answers(seed=7)
    design = cases.simulated_design(("sum",) * 5)
    found = estimate(design, cases.moments(answers), standardised=False, scale=LIMITS)
    for k, block in enumerate(design.blocks):
        assert found.index[k] == pytest.approx(100 * (answers[:, block].mean() - 1) / 9)
        assert found.unstandardised_weights[block, k] == pytest.approx(1 / len(block))


@pytest.mark.parametrize("options", [{}, {"standardised": False}, {"consistent": True}])
def test_replicates_at_once_are_the_replicates_one_by_one(options):
    answers = cases.simulated_answers(seed=9)
    design = cases.simulated_design(("A", "B", "A", "A", "sum"))
    reference = estimate(design, cases.moments(answers), **options).weights
    batch = replicates(answers, 6, 1)
    together = estimate(design, batch, scale=LIMITS, reference=reference, **options)
    for k in range(6):
        alone = estimate(
            design, Moments(batch.mean[k], batch.covariance[k], 70.0), scale=LIMITS, reference=reference, **options
        )
        for field in fields(alone):
            a, b = getattr(together, field.name)[k], getattr(alone, field.name)
            assert np.shape(a) == np.shape(b)
            # The last change is a difference of numbers near 1.
            assert a == pytest.approx(b, rel=1e-8, abs=1e-11, nan_ok=True), field.name


def test_replicates_are_signed_like_the_estimate():
    answers = cases.simulated_answers(seed=9)
    design = cases.simulated_design()
    plain = estimate(design, cases.moments(answers))
    against = estimate(design, replicates(answers, 5, 1), reference=-plain.weights)
    along = estimate(design, replicates(answers, 5, 1), reference=plain.weights)
    assert against.weights == pytest.approx(-along.weights, abs=1e-6)
    assert against.paths == pytest.approx(along.paths, abs=1e-6)


def test_an_item_constant_in_a_replicate_is_left_out_of_that_replicate():
    answers = cases.simulated_answers(seed=2)
    design = cases.simulated_design()
    broken = answers.copy()
    broken[:, 6] = 5.0
    stack = [cases.moments(answers), cases.moments(broken)]
    moments = Moments(np.array([m.mean for m in stack]), np.array([m.covariance for m in stack]), 70.0)
    found = estimate(design, moments, scale=LIMITS)
    without = replace(design, blocks=(*design.blocks[:2], np.array([5, 7, 8]), *design.blocks[3:]))
    expected = estimate(without, cases.moments(answers), scale=LIMITS)
    assert found.is_constant.sum(axis=1).tolist() == [0, 1]
    assert found.has_converged.all()
    for name in ("paths", "alpha", "rho_a", "rho_c", "ave", "htmt", "index", "weights", "gof", "unstandardised_effects"):
        assert getattr(found, name)[1] == pytest.approx(getattr(expected, name), abs=1e-9), name
    assert np.isnan(found.cross_loadings[1, 6]).all()
    assert np.isnan(found.loadings[1, 6, 2])
    assert found.paths[0] == pytest.approx(estimate(design, cases.moments(answers)).paths)


def test_an_item_nobody_answered_in_a_replicate_is_left_out_too():
    found_moments = cases.moments(cases.simulated_answers(seed=2))
    mean, covariance = found_moments.mean.copy(), found_moments.covariance.copy()
    mean[6] = covariance[6] = covariance[:, 6] = np.nan
    found = estimate(cases.simulated_design(), Moments(mean, covariance, 70.0), scale=LIMITS)
    assert found.is_constant.tolist() == [k == 6 for k in range(13)]
    assert np.isfinite(found.index).all()


def test_a_collinear_formative_block_is_reported():
    answers = cases.simulated_answers()
    answers[:, 12] = answers[:, 10] + answers[:, 11]
    found = estimate(cases.simulated_design(("A", "A", "A", "A", "B")), cases.moments(answers))
    assert found.is_collinear.tolist() == [False] * 4 + [True]
    assert not found.has_converged


@given(st.integers(0, 300), st.sampled_from(SCHEMES), st.sampled_from(MODES), st.booleans())
def test_units_of_items_do_not_matter_where_items_are_standardised(seed, scheme, modes, consistent):
    rng = np.random.default_rng(seed)
    answers = cases.simulated_answers(80, seed)
    factor, shift = rng.uniform(0.01, 100, 13), rng.uniform(-50, 50, 13)
    design = cases.simulated_design(modes, scheme)
    plain = estimate(design, cases.moments(answers), scale=LIMITS, consistent=consistent)
    scaled = estimate(
        design,
        cases.moments(answers * factor + shift),
        scale=(LIMITS[0] * factor + shift, LIMITS[1] * factor + shift),
        consistent=consistent,
    )
    for name in ("weights", "loadings", "paths", "r_squared", "alpha", "rho_a", "htmt", "gof"):
        assert getattr(scaled, name) == pytest.approx(getattr(plain, name), abs=1e-8, nan_ok=True), name


@given(st.integers(0, 300), st.sampled_from(SCHEMES), st.sampled_from(MODES))
def test_shares_lie_between_0_and_1_and_the_index_within_the_scale(seed, scheme, modes):
    design = cases.simulated_design(modes, scheme, nonnegative=True)
    found = estimate(design, replicates(cases.simulated_answers(60, seed), 4, seed), scale=LIMITS)
    assert ((found.r_squared[:, 1:] >= 0) & (found.r_squared[:, 1:] <= 1)).all()
    assert (found.r_squared_adjusted[:, 1:] <= found.r_squared[:, 1:]).all()
    assert ((found.gof >= 0) & (found.gof <= 1)).all()
    assert ((found.index >= 0) & (found.index <= 100)).all()
    assert found.unstandardised_weights.sum(axis=-2) == pytest.approx(1.0)


@given(st.integers(0, 300))
def test_respondent_weights_are_respondents_repeated(seed):
    answers = cases.simulated_answers(60, seed)
    weight = np.random.default_rng(seed).integers(1, 4, 60)
    design = cases.simulated_design()
    weighted = estimate(design, cases.moments(answers, weight), scale=LIMITS)
    repeated = estimate(design, cases.moments(np.repeat(answers, weight, axis=0)), scale=LIMITS)
    for name in ("paths", "index", "r_squared_adjusted"):
        assert getattr(weighted, name) == pytest.approx(getattr(repeated, name), abs=1e-9, nan_ok=True)
