"""Drawn paths: what is certain about them, and their frequencies against the probabilities."""

from __future__ import annotations

import numpy as np
import pytest

from crmmodels.kernels.simulation.stage_paths import draw_stage_paths

MOVES = np.array([[0.7, 0.2, 0.1], [0.0, 0.6, 0.4], [0.0, 0.0, 1.0]])
RATES = np.array([0.5, 2.0, 6.0])


def test_every_customer_starts_in_the_first_stage_and_runs_to_the_end() -> None:
    first = np.array([0, 3, 3, 9])
    paths = draw_stage_paths(MOVES, RATES, 1.0, first, 10, rng=np.random.default_rng(1))
    assert np.diff(paths.start).tolist() == [10, 7, 7, 1]
    assert paths.period[paths.start[:-1]].tolist() == first.tolist()
    assert (paths.stage[paths.start[:-1]] == 0).all()
    assert all(paths.period[end - 1] == 9 for end in paths.start[1:])
    assert len(paths.period) == len(paths.stage) == len(paths.n_orders) == paths.start[-1]


def test_moves_and_orders_have_their_probabilities() -> None:
    n, length = 20_000, 12
    paths = draw_stage_paths(MOVES, RATES, 2.0, np.zeros(n, np.int64), length, rng=np.random.default_rng(5))
    stage = paths.stage.reshape(n, length)
    counts = np.zeros((3, 3))
    np.add.at(counts, (stage[:, :-1].ravel(), stage[:, 1:].ravel()), 1)
    seen = counts / counts.sum(axis=1, keepdims=True)
    error = np.sqrt(MOVES * (1 - MOVES) / counts.sum(axis=1, keepdims=True))
    assert (np.abs(seen - MOVES) <= 5 * error).all()
    assert paths.multiplier.mean() == pytest.approx(1.0, abs=5 * np.sqrt(0.5 / n))
    assert paths.multiplier.var() == pytest.approx(0.5, rel=0.05)
    mean = np.repeat(paths.multiplier, length) * RATES[paths.stage]
    for code in range(3):
        of_stage = paths.stage == code
        left = paths.n_orders[of_stage].sum() - mean[of_stage].sum()
        assert abs(left) <= 5 * np.sqrt(mean[of_stage].sum())


def test_customers_are_alike_where_the_shape_is_infinite() -> None:
    paths = draw_stage_paths(MOVES, RATES, np.inf, np.zeros(5, np.int64), 3, rng=np.random.default_rng(5))
    assert paths.multiplier.tolist() == [1.0] * 5
