"""Forward-backward against every path, in logarithms and scaled, and against hmmlearn."""

from __future__ import annotations

from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp
from scipy.stats import poisson

from crmmodels.kernels.hmm.emission import EmissionTable
from crmmodels.kernels.hmm.expectations import expectations
from crmmodels.kernels.hmm.filtering import expected_gaps, filtered_paths, filtered_stages, silence
from crmmodels.kernels.hmm.histories import Histories, histories_of
from crmmodels.kernels.hmm.log_forward import expectations_in_logarithms
from crmmodels.kernels.hmm.parameters import HMMParameters
from crmmodels.kernels.hmm.structure import lifecycle_structure

START = np.array([1.0, 0.0, 0.0, 0.0])
MOVES = np.array([[0.8, 0.15, 0.0, 0.05], [0.0, 0.7, 0.2, 0.1], [0.0, 0.0, 0.9, 0.1], [0.0, 0.15, 0.0, 0.85]])
RATE = np.array([0.5, 1.5, 3.0, 0.3])
PARAMETERS = HMMParameters(RATE, MOVES, 1.5, 3)


def histories(rows: list[list[int]], exposures: list[list[float]] | None = None) -> Histories:
    count = np.array([y for row in rows for y in row], np.float64)
    exposure = np.ones(len(count)) if exposures is None else np.array([e for row in exposures for e in row])
    return histories_of(count, exposure, np.array([len(row) for row in rows]))


def by_paths(counts: Any, exposure: Any, start: Any, parameters: HMMParameters) -> dict[str, Any]:
    """Everything by adding up over all paths of stages and all multipliers, in logarithms."""
    grid = parameters.multipliers()
    n_stages, n = len(start), len(counts)
    terms = []
    with np.errstate(divide="ignore"):
        log_start, log_moves = np.log(start), np.log(parameters.moves)
    for path in product(range(n_stages), repeat=n):
        moved = log_start[path[0]] + sum(log_moves[a, b] for a, b in pairwise(path))
        for g, (node, weight) in enumerate(zip(grid.node, grid.weight, strict=True)):
            seen = poisson.logpmf(counts, node * parameters.rate[list(path)] * exposure).sum()
            terms.append((path, g, moved + seen + np.log(weight)))
    total = logsumexp([value for _, _, value in terms])
    moves, orders = np.zeros((n_stages, n_stages)), np.zeros((n_stages, len(grid.node)))
    smoothed, time = np.zeros((n, n_stages)), np.zeros_like(orders)
    stayed, last = np.zeros(n_stages), np.zeros(n_stages)
    for path, g, value in terms:
        share = np.exp(value - total)
        for t, stage in enumerate(path):
            smoothed[t, stage] += share
            orders[stage, g] += share * counts[t]
            time[stage, g] += share * exposure[t]
            if t:
                moves[path[t - 1], stage] += share
        run = next((k for k in range(1, n) if path[n - 1 - k] != path[-1]), n)
        stayed[path[-1]] += share * run
        last[path[-1]] += share
    return {
        "log_likelihood": total,
        "moves": moves,
        "orders": orders,
        "exposure": time,
        "last": last,
        "stayed": stayed / np.where(last > 0, last, 1.0),
    }


ROWS = [[0, 2, 5, 4, 0], [1, 0, 0], [3], [0, 0, 0, 7], [1, 0, 0], [12, 0, 1, 30, 0]]
EXPOSURES = [
    [0.5, 1.0, 1.0, 1.0, 0.2],
    [1.0, 1.0, 0.7],
    [0.1],
    [1.0, 1.0, 1.0, 1.0],
    [1.0, 1.0, 0.7],
    [1.0, 1.0, 1.0, 1.0, 0.4],
]


def test_likelihood_and_expectations_are_those_of_all_paths() -> None:
    table = histories(ROWS, EXPOSURES)
    found = expectations(table, START, PARAMETERS)
    exact = [by_paths(np.array(y), np.array(e), START, PARAMETERS) for y, e in zip(ROWS, EXPOSURES, strict=True)]
    np.testing.assert_allclose(
        found.log_likelihood[table.history], [one["log_likelihood"] for one in exact], rtol=1e-12, atol=1e-11
    )
    for name in ("moves", "orders", "exposure"):
        np.testing.assert_allclose(getattr(found, name), sum(one[name] for one in exact), rtol=1e-10, atol=1e-12)
    assert found.customers.sum() == pytest.approx(len(ROWS), rel=1e-12)


def test_filtered_stages_are_those_of_all_paths_up_to_each_period() -> None:
    table = histories(ROWS, EXPOSURES)
    paths = filtered_paths(table, START, PARAMETERS)
    ends = filtered_stages(table, START, PARAMETERS, 2, 1.0)
    for i, (y, e) in enumerate(zip(ROWS, EXPOSURES, strict=True)):
        which = table.history[i]
        for t in range(len(y)):
            exact = by_paths(np.array(y[: t + 1]), np.array(e[: t + 1]), START, PARAMETERS)
            np.testing.assert_allclose(paths[table.start[which] + t], exact["last"], rtol=1e-10, atol=1e-13)
        np.testing.assert_allclose(ends.probability[which], exact["last"], rtol=1e-10, atol=1e-13)
        most = exact["last"].argmax()
        assert ends.periods_in_stage[which] == pytest.approx(exact["stayed"][most], rel=1e-10)


def test_no_order_ahead_is_what_the_likelihood_of_zeros_says() -> None:
    table = histories([[0, 2, 5], [1, 0, 0]])
    longer = histories([[0, 2, 5, 0, 0], [1, 0, 0, 0, 0]])
    ends = filtered_stages(table, START, PARAMETERS, 2, 1.0)
    before, after = (expectations(one, START, PARAMETERS).log_likelihood[one.history] for one in (table, longer))
    np.testing.assert_allclose(ends.no_order[table.history], np.exp(after - before), rtol=1e-12)


def test_silence_begins_certain_and_never_grows() -> None:
    found = silence(PARAMETERS, 6)
    assert (found[0] == 1.0).all()
    assert (np.diff(found, axis=0) < 0).all()


def test_silence_at_one_rate_is_exponential() -> None:
    same = HMMParameters(np.full(4, 0.7), MOVES, np.inf, 1)
    np.testing.assert_allclose(silence(same, 5)[:, :, 0], np.exp(-0.7 * np.arange(6))[:, None].repeat(4, axis=1), rtol=1e-13)


def test_between_periods_silence_is_interpolated_at_a_constant_rate() -> None:
    same = HMMParameters(np.full(4, 0.4), MOVES, np.inf, 1)
    ends = filtered_stages(histories([[0, 1, 0]]), START, same, 1, 0.4)
    assert ends.expected_gap[0] == pytest.approx(2.5)
    assert ends.no_order_in_gap[0] == pytest.approx(np.exp(-1.0), rel=1e-12)


def test_the_gap_is_the_posterior_mean_of_the_time_between_orders() -> None:
    # r = 2, alpha = 4: E(1 / lambda | x, T) = (4 + T) / (1 + x), by integration of the gamma density.
    found = expected_gaps(np.array([0.0, 3.0, 200.0]), np.array([10.0, 12.0, 1.0]), 2.0, 0.5)
    np.testing.assert_allclose(found, [14.0 / 2.0, 16.0 / 4.0, 5.0 / 201.0])


@pytest.mark.parametrize(
    "counts", [[500, 0, 0, 400, 0], [0] * 6 + [900], [0, 0, 2000, 2000, 0, 0], [3] * 40 + [0] * 300 + [90]]
)
def test_counts_beyond_the_smallest_number_are_worked_through_in_logarithms(counts: list[int]) -> None:
    rate = np.array([1e-4, 2e-3, 20.0, 1e-6])
    parameters = HMMParameters(rate, MOVES, 3.0, 3)
    table = histories([counts, [1, 0, 2, 0]])
    found = expectations(table, START, parameters)
    weight = np.log(parameters.multipliers().weight)
    exact = expectations_in_logarithms(
        table, np.arange(2), START, MOVES, log_weight=weight, log_emission=EmissionTable(table, parameters).logarithms
    )
    assert np.isfinite(found.log_likelihood).all()
    for name in ("log_likelihood", "moves", "orders", "exposure", "customers"):
        np.testing.assert_allclose(getattr(found, name), getattr(exact, name), rtol=1e-9, atol=1e-9)
    if len(counts) <= 7:
        one = by_paths(np.array(counts), np.ones(len(counts)), START, parameters)
        assert found.log_likelihood[table.history[0]] == pytest.approx(one["log_likelihood"], rel=1e-12)
        ends = filtered_stages(table, START, parameters, 1, 1.0)
        np.testing.assert_allclose(ends.probability[table.history[0]], one["last"], rtol=1e-9, atol=1e-12)
    paths = filtered_paths(table, START, parameters)
    np.testing.assert_allclose(paths.sum(axis=1), 1.0, rtol=1e-12)


counts_lists = st.lists(
    st.lists(st.one_of(st.integers(0, 6), st.integers(0, 100_000)), min_size=1, max_size=9), min_size=1, max_size=8
)


@given(
    counts_lists,
    st.lists(st.floats(1e-6, 1e4), min_size=4, max_size=4),
    st.floats(0.05, 1000.0),
    st.integers(1, 9),
)
def test_nothing_overflows_for_any_counts(rows: list[list[int]], rate: list[float], shape: float, n_grid: int) -> None:
    parameters = HMMParameters(np.array(rate), MOVES, shape, n_grid)
    table = histories(rows)
    found = expectations(table, START, parameters)
    n_cells = sum(map(len, rows))
    assert np.isfinite(found.log_likelihood).all()
    assert (found.log_likelihood <= 1e-9).all()
    assert found.moves.sum() == pytest.approx(n_cells - len(rows), abs=1e-6)
    assert found.exposure.sum() == pytest.approx(n_cells, rel=1e-9)
    assert found.orders.sum() == pytest.approx(sum(map(sum, rows)), rel=1e-9, abs=1e-9)
    ends = filtered_stages(table, START, parameters, 3, 1.0)
    np.testing.assert_allclose(ends.probability.sum(axis=1), 1.0, rtol=1e-9)
    assert (ends.periods_in_stage >= 1.0 - 1e-9).all()
    assert ((ends.no_order >= 0) & (ends.no_order <= 1)).all()


@given(counts_lists)
@settings(max_examples=30)
def test_a_history_has_the_same_numbers_whatever_stands_beside_it(rows: list[list[int]]) -> None:
    together = histories(rows)
    all_ends = filtered_stages(together, START, PARAMETERS, 3, 1.0)
    for i, row in enumerate(rows):
        alone = histories([row])
        one = filtered_stages(alone, START, PARAMETERS, 3, 1.0)
        for name in ("probability", "expected_rate", "periods_in_stage", "no_order", "no_order_in_gap"):
            assert (getattr(all_ends, name)[together.history[i]] == getattr(one, name)[0]).all()


def test_more_pairs_of_count_and_exposure_than_a_table_holds_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    table = histories(ROWS, EXPOSURES)
    expected = expectations(table, START, PARAMETERS)
    monkeypatch.setattr("crmmodels.kernels.hmm.emission._LARGEST_TABLE", 2)
    found = expectations(table, START, PARAMETERS)
    np.testing.assert_allclose(found.moves, expected.moves, rtol=1e-12)
    np.testing.assert_allclose(found.log_likelihood, expected.log_likelihood, rtol=1e-12)


def test_hmmlearn_gives_the_same_log_likelihood() -> None:
    hmm = pytest.importorskip("hmmlearn.hmm")
    rng = np.random.default_rng(3)
    rows = [rng.poisson(rng.choice(RATE), rng.integers(2, 20)).tolist() for _ in range(80)]
    start = np.array([0.4, 0.3, 0.2, 0.1])
    moves = rng.dirichlet(np.ones(4), 4)
    peer = hmm.PoissonHMM(n_components=4)
    peer.startprob_, peer.transmat_, peer.lambdas_ = start, moves, RATE[:, None]
    expected = peer.score(np.concatenate(rows)[:, None], list(map(len, rows)))
    table = histories(rows)
    found = expectations(table, start, HMMParameters(RATE, moves, np.inf, 1))
    assert found.log_likelihood @ table.weight == pytest.approx(expected, rel=1e-12)


def test_a_lifecycle_has_the_moves_of_its_definition() -> None:
    structure = lifecycle_structure()
    stages = ("exploration", "build-up", "stable", "decline")
    allowed = {a: {b for j, b in enumerate(stages) if structure.allowed[i, j]} for i, a in enumerate(stages)}
    assert allowed == {
        "exploration": {"exploration", "build-up", "decline"},
        "build-up": {"build-up", "stable", "decline"},
        "stable": {"stable", "decline"},
        "decline": {"decline", "build-up"},
    }
    assert not lifecycle_structure(recovery=False).allowed[3, 1]
