"""Frequency, recency and age of histories against a loop over periods."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmmodels.kernels.hmm.histories import histories_of
from crmmodels.kernels.hmm.recency import recency_of

cells = st.tuples(st.integers(0, 6), st.sampled_from([1.0, 0.5, 1 / 31]))


@given(st.lists(st.lists(cells, min_size=1, max_size=8), min_size=1, max_size=12))
def test_orders_and_times_are_those_of_a_loop(rows: list[list[tuple[int, float]]]) -> None:
    flat = [cell for row in rows for cell in row]
    count, exposure = (np.array(column, np.float64) for column in zip(*flat, strict=True))
    table = histories_of(count, exposure, np.array([len(row) for row in rows]))
    found = recency_of(table)
    for i, row in enumerate(rows):
        which, age, last = table.history[i], 0.0, 0.0
        for y, e in row:
            last = age + e * y / (y + 1) if y else last
            age += e
        assert found.frequency[which] == sum(y for y, _ in row)
        assert found.age_at_last[which] == pytest.approx(last, rel=1e-12)
        assert found.age[which] == pytest.approx(age, rel=1e-12)
        # What purchase models ask of their tables.
        assert found.age[which] > 0
        assert (found.age_at_last[which] > 0) == (found.frequency[which] > 0)
        assert found.age_at_last[which] <= found.age[which]


@pytest.mark.parametrize("y", [1, 3, 10])
def test_the_last_of_a_period_is_where_it_is_expected(y: int) -> None:
    drawn = np.random.default_rng(0).random((200_000, y)).max(axis=1).mean()
    table = histories_of(np.array([0.0, y]), np.ones(2), np.array([2]))
    assert recency_of(table).age_at_last[0] == pytest.approx(1.0 + drawn, abs=2e-3)
