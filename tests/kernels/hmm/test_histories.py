"""Distinct histories stand for all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmmodels.kernels.hmm import histories as hmm_histories
from crmmodels.kernels.hmm.histories import Histories, cells_of, histories_of, totals

pairs = st.tuples(st.sampled_from([0.0, 1.0, 2.0, 7.0, 5000.0, 1e7]), st.sampled_from([1.0, 0.5, 1 / 31]))
panels = st.lists(st.lists(pairs, min_size=1, max_size=6), min_size=1, max_size=20)


def made(rows: list[list[tuple[float, float]]]) -> Histories:
    cells = [cell for row in rows for cell in row]
    count, exposure = (np.array(column) for column in zip(*cells, strict=True))
    return histories_of(count, exposure, np.array([len(row) for row in rows]))


def restored(table: Histories, i: int) -> list[tuple[float, float]]:
    symbol = table.symbol[table.start[i] : table.start[i] + table.length[i]]
    return list(zip(table.count[symbol].tolist(), table.exposure[symbol].tolist(), strict=True))


@given(panels)
def test_every_history_is_there_once_with_its_number_of_customers(rows: list[list[tuple[float, float]]]) -> None:
    table = made(rows)
    assert [restored(table, which) for which in table.history] == rows
    distinct = {tuple(row): rows.count(row) for row in rows}
    assert {tuple(restored(table, i)): table.weight[i] for i in range(len(table))} == distinct
    assert (np.diff(table.length) <= 0).all()


@given(panels, st.randoms())
def test_the_order_of_customers_changes_nothing(rows: list[list[tuple[float, float]]], random: object) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = made(rows), made(shuffled)
    for name in ("symbol", "start", "length", "weight", "count", "exposure"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@given(panels)
def test_totals_are_sums(rows: list[list[tuple[float, float]]]) -> None:
    table = made(rows)
    sums = totals(table)
    for i, row in enumerate(rows):
        assert sums.count[table.history[i]] == pytest.approx(sum(y for y, _ in row))
        assert sums.exposure[table.history[i]] == pytest.approx(sum(e for _, e in row))


def test_histories_whose_keys_collide_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = hmm_histories._keys, []

    def colliding(symbol: object, start: np.ndarray, *others: object) -> np.ndarray:
        calls.append(len(start))
        return np.zeros(len(start), np.uint64) if len(calls) == 1 else real(symbol, start, *others)  # type: ignore[arg-type]

    monkeypatch.setattr(hmm_histories, "_keys", colliding)
    table = made([[(1.0, 1.0), (2.0, 1.0)], [(2.0, 1.0), (1.0, 1.0)]])
    assert len(table) == 2
    assert len(calls) == 2


def test_cells_are_listed_history_after_history() -> None:
    assert cells_of(np.array([5, 0]), np.array([2, 3])).tolist() == [5, 6, 0, 1, 2]
