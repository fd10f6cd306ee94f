"""Distinct rows against a dictionary."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from crmmodels.kernels.purchases import distinct_rows

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
