"""Distinct rows against a dictionary."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmmodels.kernels.purchase.histories import distinct, distinct_rows

customers = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(3, 5)), min_size=1, max_size=50)


@given(customers, st.randoms(use_true_random=False))
def test_distinct_rows_are_counted_in_any_order(drawn: list[tuple[int, int, int]], random: object) -> None:
    shuffled = list(drawn)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    for rows in (drawn, shuffled):
        columns = [np.array(column, dtype=np.float64) for column in zip(*rows, strict=True)]
        reduced = distinct_rows(*columns)
        table = reduced.table
        found = dict(zip(zip(table.frequency, table.age_at_last, table.age, strict=True), table.weight, strict=True))
        assert found == Counter(rows)
        assert list(found) == sorted(found)
        for name, column in zip(("frequency", "age_at_last", "age"), columns, strict=True):
            np.testing.assert_array_equal(getattr(table, name)[reduced.row], column)


@given(customers)
def test_weights_are_added_up(drawn: list[tuple[int, int, int]]) -> None:
    columns = [np.array(column, dtype=np.float64) for column in zip(*drawn, strict=True)]
    weighted = distinct_rows(*columns, weight=np.full(len(drawn), 0.5))
    np.testing.assert_array_equal(weighted.table.weight * 2, distinct_rows(*columns).table.weight)


@pytest.mark.parametrize(
    "columns",
    [
        (np.array([2.0, 0, 2, 1]), np.array([5.0, -3, 5, 5])),
        (np.array([2.0, 0, 2, 1]) / 7, np.array([5.0, 0, 5, 5]) / 7),
        (np.array([1e12, 0, 1e12, 1]), np.array([-0.0, 0.0, 0.0, 1])),
        (np.array([1e300, 0, 1e300, 1e-300]),),
        (np.random.default_rng(1).random(40_000), np.random.default_rng(2).integers(0, 3, 40_000) / 3),
        (np.random.default_rng(1).integers(0, 2**20, 1000) * 1.0, np.random.default_rng(2).integers(0, 2**20, 1000) * 1.0) * 2,
        (np.empty(0), np.empty(0)),
    ],
    ids=["whole", "few", "far apart", "huge", "many", "wide", "none"],
)
def test_combinations_are_found_whatever_the_values_are(columns: Any) -> None:
    found = distinct(columns)
    rows = list(zip(*(column.tolist() for column in columns), strict=True))
    combinations = sorted(set(rows))
    assert [rows[i] for i in found.first] == combinations
    assert [combinations[i] for i in found.row] == rows
