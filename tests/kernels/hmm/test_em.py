"""EM never falls, its M step is the maximum under the constraints, and hmmlearn finds the same optimum."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.stats import gamma

from crmmodels.kernels.hmm.em import best_given, log_prior, maximise
from crmmodels.kernels.hmm.expectations import expectations
from crmmodels.kernels.hmm.fit import fit_hmm
from crmmodels.kernels.hmm.histories import Histories, histories_of
from crmmodels.kernels.hmm.multipliers import gamma_multipliers
from crmmodels.kernels.hmm.parameters import HMMParameters
from crmmodels.kernels.hmm.rates import ordered_rates
from crmmodels.kernels.hmm.structure import LEAST_RISE, StageStructure, dwell_of, lifecycle_structure

FREE = StageStructure(np.array([0.5, 0.3, 0.2]), np.ones((3, 3), np.bool_), np.zeros((3, 3)), None)
rows_of_counts = st.lists(st.lists(st.integers(0, 12), min_size=1, max_size=8), min_size=2, max_size=25)


def histories(rows: Any) -> Histories:
    lengths = np.array([len(row) for row in rows])
    count = np.concatenate([np.asarray(row, np.float64) for row in rows])
    return histories_of(count, np.ones(len(count)), lengths)


def is_in_order(rate: np.ndarray, ratio: float) -> bool:
    rising = (rate[1:-1] >= LEAST_RISE * rate[:-2] * (1 - 1e-12)).all()
    return bool(rising and rate[-1] <= ratio * rate[-2] * (1 + 1e-12) and (rate > 0).all())


@given(rows_of_counts, st.integers(0, 10_000), st.integers(1, 7), st.floats(0.0, 100.0), st.integers(2, 5), st.booleans())
@settings(max_examples=80)
def test_a_step_never_lowers_the_objective_and_keeps_the_order(
    rows: list[list[int]], seed: int, n_grid: int, prior_weight: float, n_stages: int, recovery: bool
) -> None:
    structure = lifecycle_structure(
        n_stages, recovery=recovery, prior_weight=prior_weight, expected_dwell=dwell_of(n_stages, (6.0, 6.0, 24.0, 12.0))
    )
    rng = np.random.default_rng(seed)
    rate = ordered_rates(rng.gamma(1.0, 2.0, n_stages), np.ones(n_stages), structure.decline_ratio)
    moves = structure.allowed * rng.gamma(1.0, 1.0, structure.allowed.shape)
    here = HMMParameters(rate, moves / moves.sum(axis=1, keepdims=True), float(rng.gamma(1.0, 2.0) + 0.06), n_grid)
    table = histories(rows)
    value = -np.inf
    for _ in range(8):
        expected = expectations(table, structure.start, here)
        new = float(expected.log_likelihood @ table.weight) + log_prior(here.moves, structure)
        assert new >= value - 1e-9 * max(abs(new), 1.0)
        value = new
        here = best_given(expected, here, structure)
        assert is_in_order(here.rate, 0.5)
        assert (here.moves[~structure.allowed] == 0).all()
        np.testing.assert_allclose(here.moves.sum(axis=1), 1.0, rtol=1e-12)


@given(rows_of_counts, st.integers(0, 3))
@settings(max_examples=25)
def test_the_accelerated_objective_never_falls(rows: list[list[int]], seed: int) -> None:
    structure = lifecycle_structure()
    if not any(map(any, rows)):
        return
    found = fit_hmm(histories(rows), structure, 5, n_starts=2, seed=seed, most_iterations=60)
    assert (np.diff(found.objective) >= -1e-9 * np.abs(found.objective[1:])).all()
    assert is_in_order(found.parameters.rate, 0.5)


def test_acceleration_ends_no_lower() -> None:
    table = histories(drawn(150, 12, 4))
    structure = lifecycle_structure()
    start = HMMParameters(np.array([0.5, 1.0, 2.0, 0.2]), prior_mean(structure), 2.0, 7)
    plain, fast = (
        maximise(table, structure, start, most_iterations=4000, tolerance=1e-9, accelerate=accelerate)
        for accelerate in (False, True)
    )
    assert fast.objective[-1] >= plain.objective[-1] - 1e-3
    assert len(fast.objective) < len(plain.objective)


def prior_mean(structure: StageStructure) -> np.ndarray:
    return structure.prior_moves / structure.prior_moves.sum(axis=1, keepdims=True)


def drawn(n: int, n_periods: int, seed: int) -> np.ndarray:
    """Counts of customers without differences, from four stages."""
    rng = np.random.default_rng(seed)
    moves = np.array([[0.8, 0.2, 0.0, 0.0], [0.0, 0.8, 0.2, 0.0], [0.0, 0.0, 0.95, 0.05], [0.0, 0.1, 0.0, 0.9]])
    rate = np.array([0.5, 2.0, 6.0, 0.2])
    stage = np.zeros((n, n_periods), np.int64)
    for t in range(1, n_periods):
        stage[:, t] = (rng.random(n)[:, None] > moves[stage[:, t - 1]].cumsum(axis=1)[:, :-1]).sum(axis=1)
    return rng.poisson(rate[stage])


def test_hmmlearn_finds_the_same_optimum() -> None:
    hmm = pytest.importorskip("hmmlearn.hmm")
    counts = drawn(60, 20, 1)
    moves, rate = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]]), np.array([0.5, 2.0, 5.0])
    peer = hmm.PoissonHMM(
        n_components=3, n_iter=3000, tol=1e-9, params="tl", init_params="", lambdas_prior=0.0, lambdas_weight=0.0
    )
    peer.startprob_, peer.transmat_, peer.lambdas_ = FREE.start, moves, rate[:, None]
    peer.fit(counts.reshape(-1, 1), [20] * len(counts))
    table = histories(counts)
    ours = maximise(table, FREE, HMMParameters(rate, moves, np.inf, 1), most_iterations=3000, tolerance=1e-12)
    assert ours.log_likelihood == pytest.approx(peer.score(counts.reshape(-1, 1), [20] * len(counts)), rel=1e-8)
    np.testing.assert_allclose(ours.parameters.rate, peer.lambdas_[:, 0], rtol=1e-3)
    np.testing.assert_allclose(ours.parameters.moves, peer.transmat_, atol=1e-3)


@given(
    st.lists(st.floats(0.01, 100.0), min_size=5, max_size=5),
    st.lists(st.floats(0.01, 100.0), min_size=5, max_size=5),
    st.integers(2, 5),
    st.sampled_from([0.2, 0.5, 1.0]),
)
def test_ordered_rates_are_the_constrained_maximum(orders: list[float], time: list[float], n: int, ratio: float) -> None:
    y, e = np.array(orders[:n]), np.array(time[:n])
    found = ordered_rates(y, e, ratio)
    assert is_in_order(found, ratio)
    # Concave in the logarithms with linear constraints there, so that a general optimiser finds the one maximum.
    gaps = [{"type": "ineq", "fun": lambda x, k=k: x[k + 1] - x[k] - np.log(LEAST_RISE)} for k in range(n - 2)]
    gaps.append({"type": "ineq", "fun": lambda x: x[n - 2] + np.log(ratio) - x[n - 1]})
    other = minimize(
        lambda x: -(y @ x - e @ np.exp(x)),
        np.log(found),
        jac=lambda x: -(y - e * np.exp(x)),
        constraints=gaps,
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 500},
    )
    value = float(y @ np.log(found) - e @ found)
    assert value >= -other.fun - 1e-6 * max(abs(other.fun), 1.0)


def test_rates_without_order_are_the_means() -> None:
    np.testing.assert_allclose(ordered_rates(np.array([4.0, 1.0]), np.array([2.0, 4.0]), None), [2.0, 0.25])


def test_rates_of_stages_without_orders_have_logarithms() -> None:
    assert (ordered_rates(np.zeros(4), np.ones(4), 0.5) > 0).all()
    assert is_in_order(ordered_rates(np.zeros(4), np.zeros(4), 0.5), 0.5)


@given(st.floats(0.05, 1000.0), st.integers(2, 21))
def test_multipliers_have_mean_one(shape: float, n_grid: int) -> None:
    grid = gamma_multipliers(shape, n_grid)
    assert grid.weight.sum() == pytest.approx(1.0, rel=1e-12)
    assert grid.weight @ grid.node == pytest.approx(1.0, rel=1e-9)
    assert (np.diff(grid.node) >= 0).all()
    assert (grid.node > 0).all()


@pytest.mark.parametrize("shape", [0.3, 1.5, 20.0])
def test_many_multipliers_have_the_variance_of_the_gamma_distribution(shape: float) -> None:
    grid = gamma_multipliers(shape, 400)
    assert grid.weight @ (grid.node - 1.0) ** 2 == pytest.approx(gamma(shape, scale=1 / shape).var(), rel=2e-3)


def test_the_prior_draws_moves_towards_the_expected_dwell() -> None:
    table = histories(drawn(30, 8, 2))
    stays = []
    for weight in (1.0, 1e6):
        structure = lifecycle_structure(expected_dwell=(3.0, 5.0, 10.0, 4.0), prior_weight=weight)
        stays.append(np.diag(fit_hmm(table, structure, 3, n_starts=1).parameters.moves))
    np.testing.assert_allclose(stays[1], 1.0 - 1.0 / np.array([3.0, 5.0, 10.0, 4.0]), atol=1e-3)
    assert np.abs(stays[0] - stays[1]).max() > 0.02


def test_starts_are_seeded() -> None:
    table = histories(drawn(80, 10, 5))
    one, same = (fit_hmm(table, lifecycle_structure(), 3, seed=4, most_iterations=30) for _ in range(2))
    np.testing.assert_array_equal(one.objective, same.objective)
