"""Moves between stages: counted by hand, against brute force, powers of the matrix and simulation of the definition."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmmodels.kernels.hmm.transitions import (
    absorption,
    closed_classes,
    dwell_times,
    first_passage,
    n_step_transitions,
    stationary_distributions,
    transition_counts,
    transition_probabilities,
)

RUIN = np.array(
    [
        [1.0, 0.0, 0.0, 0.0, 0.0],
        [0.5, 0.0, 0.5, 0.0, 0.0],
        [0.0, 0.5, 0.0, 0.5, 0.0],
        [0.0, 0.0, 0.5, 0.0, 0.5],
        [0.0, 0.0, 0.0, 0.0, 1.0],
    ]
)
"""Kemeny & Snell (1960), chapter 3: a walk between two absorbing barriers."""


def _chain(n: int, seed: int, sparse: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    moves = rng.dirichlet(np.ones(n), n) * (rng.random((n, n)) >= sparse)
    moves[moves.sum(axis=1) == 0, 0] = 1.0
    return moves / moves.sum(axis=1, keepdims=True)


chains = st.builds(_chain, st.integers(1, 6), st.integers(0, 2**32 - 1), st.floats(0.0, 0.8))


@given(st.lists(st.lists(st.integers(-1, 3), max_size=7), max_size=6), st.data())
def test_counts_are_those_of_a_loop(paths: list[list[int]], data: st.DataObject) -> None:
    weight = np.array(data.draw(st.lists(st.floats(0.0, 5.0), min_size=len(paths), max_size=len(paths))))
    start = np.concatenate([[0], np.cumsum([len(path) for path in paths])]).astype(np.int64)
    stage = np.array([code for path in paths for code in path], np.int64)
    expected, weighted = np.zeros((4, 4)), np.zeros((4, 4))
    for path, of_customer in zip(paths, weight, strict=True):
        for before, after in pairwise(path):
            if min(before, after) >= 0:
                expected[before, after] += 1
                weighted[before, after] += of_customer
    np.testing.assert_array_equal(transition_counts(stage, start, 4), expected)
    np.testing.assert_allclose(transition_counts(stage, start, 4, weight), weighted, rtol=1e-12, atol=1e-12)


def test_probabilities_are_smoothed_by_the_prior_and_zero_stays_zero() -> None:
    counts = np.array([[3.0, 1.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 7.0]])
    allowed = np.array([[1.0, 1.0, 0.0], [0.0, 2.0, 2.0], [0.0, 0.0, 1.0]])
    np.testing.assert_allclose(transition_probabilities(counts, allowed), [[4 / 6, 2 / 6, 0], [0, 0.5, 0.5], [0, 0, 1]])
    plain = transition_probabilities(counts)
    np.testing.assert_allclose(plain[[0, 2]], [[0.75, 0.25, 0], [0, 0, 1]])
    assert np.isnan(plain[1]).all()
    stacked = transition_probabilities(np.stack([counts, counts]), allowed)
    np.testing.assert_array_equal(stacked[1], transition_probabilities(counts, allowed))


def test_dwell_times_are_one_over_the_probability_of_leaving() -> None:
    moves = np.array([[0.9, 0.1, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 1.0]])
    np.testing.assert_allclose(dwell_times(moves), [10.0, 1.0, np.inf])
    assert dwell_times(np.stack([moves, moves])).shape == (2, 3)
    close = np.array([[1 - 1e-15, 1e-15], [0.5, 0.5]])
    assert dwell_times(close)[0] == pytest.approx(1e15, rel=1e-12)


@given(chains, st.integers(0, 6))
def test_steps_are_taken_one_after_another(moves: np.ndarray, n_steps: int) -> None:
    expected = np.eye(len(moves))
    for _ in range(n_steps):
        expected = expected @ moves
    np.testing.assert_allclose(n_step_transitions(moves, n_steps), expected, rtol=0, atol=1e-13)


@given(chains)
def test_closed_classes_keep_their_paths_and_transient_stages_lose_theirs(moves: np.ndarray) -> None:
    of_stage = closed_classes(moves)
    n = len(moves)
    reaches = n_step_transitions(np.eye(n) + moves, n) > 0
    for stage in range(n):
        leads_back = all(reaches[other, stage] for other in range(n) if reaches[stage, other])
        assert (of_stage[stage] >= 0) == leads_back
        if leads_back:
            assert set(np.flatnonzero(of_stage == of_stage[stage])) == set(np.flatnonzero(reaches[stage]))
    firsts = [int(np.flatnonzero(of_stage == number)[0]) for number in range(of_stage.max() + 1)]
    assert firsts == sorted(firsts)


@given(chains)
def test_stationary_shares_stay_as_they_are_in_their_class(moves: np.ndarray) -> None:
    shares = stationary_distributions(moves)
    of_stage = closed_classes(moves)
    assert len(shares) == of_stage.max() + 1 >= 1
    np.testing.assert_allclose(shares @ moves, shares, rtol=0, atol=1e-14)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, rtol=1e-14)
    np.testing.assert_array_equal(shares > 0, of_stage == np.arange(len(shares))[:, np.newaxis])


def test_small_stationary_shares_keep_their_digits() -> None:
    """Birth and death: the balance of neighbours gives the shares exactly."""
    up = 1e-9
    moves = np.array([[1 - up, up, 0.0], [0.5, 0.5 - up, up], [0.0, 0.5, 0.5]])
    shares = stationary_distributions(moves)[0]
    np.testing.assert_allclose(shares / shares[0], [1.0, 2e-9, 4e-18], rtol=1e-14)


def test_published_walk_between_barriers() -> None:
    """Kemeny & Snell (1960), chapter 3: fundamental matrix, times 3, 4, 3 and probabilities 3/4, 1/2, 1/4."""
    found = absorption(RUIN)
    assert found.closed_class.tolist() == [0, -1, -1, -1, 1]
    np.testing.assert_allclose(found.visits[1:4, 1:4], [[1.5, 1, 0.5], [1, 2, 1], [0.5, 1, 1.5]], rtol=1e-14)
    np.testing.assert_allclose(found.time, [0, 3, 4, 3, 0], rtol=1e-14)
    np.testing.assert_allclose(found.probability[:, 0], [1, 0.75, 0.5, 0.25, 0], rtol=1e-14)


@given(chains)
def test_absorption_is_the_limit_of_many_steps(moves: np.ndarray) -> None:
    # Lazier moves end in the same places, twice as late, and do not alternate.
    lazy = (np.eye(len(moves)) + moves) / 2
    found, of_lazy = absorption(moves), absorption(lazy)
    np.testing.assert_allclose(of_lazy.time, 2 * found.time, rtol=1e-9)
    member = found.closed_class[:, np.newaxis] == np.arange(found.closed_class.max() + 1)
    far = n_step_transitions(lazy, 2**14)
    if found.time.max() < 500:
        np.testing.assert_allclose(found.probability, far @ member, rtol=0, atol=1e-9)
    np.testing.assert_allclose(found.probability.sum(axis=1), 1.0, rtol=1e-9)


@given(chains, st.data())
def test_first_passage_satisfies_its_recursion(moves: np.ndarray, data: st.DataObject) -> None:
    n = len(moves)
    target = np.zeros(n, np.bool_)
    target[data.draw(st.lists(st.integers(0, n - 1), min_size=1))] = True
    found = first_passage(moves, target)
    assert (found.probability[target] == 1).all()
    assert (found.time[target] == 0).all()
    step = np.where(target, 1.0, moves @ found.probability)
    np.testing.assert_allclose(found.probability, step, rtol=0, atol=1e-9)
    assert ((found.probability == 1.0) == np.isfinite(found.time)).all()
    for stage in np.flatnonzero(np.isfinite(found.time) & ~target):
        to = moves[stage] > 0
        assert found.time[stage] == pytest.approx(1.0 + moves[stage, to] @ found.time[to], rel=1e-8)


def test_a_stage_that_may_never_be_reached_has_no_mean_time() -> None:
    found = first_passage(RUIN, np.array([False, False, False, False, True]))
    np.testing.assert_allclose(found.probability, [0, 0.25, 0.5, 0.75, 1], rtol=1e-14)
    assert found.time.tolist() == [np.inf, np.inf, np.inf, np.inf, 0.0]
