"""Sums, means, shares and cross tables against pandas."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmmodels.kernels.arrays.grouping import cross_table, group_means, group_shares, group_sums, steady_sum

LAWS = settings(max_examples=50, deadline=None)
N_GROUPS = 6
members = st.lists(
    st.tuples(st.integers(0, N_GROUPS - 2), st.integers(0, N_GROUPS - 1), st.integers(-50, 200)), min_size=1, max_size=50
)


def by_pandas(code: np.ndarray, values: np.ndarray, how: str) -> np.ndarray:
    grouped = pd.Series(values).groupby(code).agg(how)
    return grouped.reindex(range(N_GROUPS)).to_numpy()


@LAWS
@given(members)
def test_sums_and_means_agree_with_groupby(rows: list[tuple[int, int, int]]) -> None:
    code, _, whole = np.array(rows).T
    values = whole / 4.0
    np.testing.assert_allclose(group_means(code, values, N_GROUPS), by_pandas(code, values, "mean"), rtol=1e-14)
    np.testing.assert_allclose(group_sums(code, values, N_GROUPS), np.nan_to_num(by_pandas(code, values, "sum")), rtol=1e-14)


@LAWS
@given(members)
def test_shares_are_sums_over_the_total(rows: list[tuple[int, int, int]]) -> None:
    code, _, values = np.array(rows, dtype=np.int64).T
    shares = group_shares(code, values.astype(np.float64), N_GROUPS)
    total = int(values.sum())
    if total > 0:
        expected = [sum(v for c, v in zip(code, values, strict=True) if c == k) / total for k in range(N_GROUPS)]
        np.testing.assert_allclose(shares, expected, rtol=1e-14)
        assert shares.sum() == pytest.approx(1.0)
    else:
        assert np.isnan(shares).all()


@LAWS
@given(members)
def test_the_cross_table_agrees_with_crosstab(rows: list[tuple[int, int, int]]) -> None:
    before, after, _ = np.array(rows).T
    expected = pd.crosstab(before, after).reindex(index=range(N_GROUPS), columns=range(N_GROUPS), fill_value=0)
    np.testing.assert_array_equal(cross_table(before, after, N_GROUPS), expected.to_numpy())


def test_an_empty_group_has_a_sum_of_zero_and_no_mean() -> None:
    code, values = np.array([0, 2, 2]), np.array([1.0, 2.0, 4.0])
    assert group_sums(code, values, 4).tolist() == [1.0, 0.0, 6.0, 0.0]
    np.testing.assert_array_equal(group_means(code, values, 4), [1.0, np.nan, 3.0, np.nan])


@LAWS
@given(st.lists(st.floats(-1e12, 1e12), max_size=200), st.randoms(use_true_random=False))
def test_steady_sums_do_not_depend_on_the_order(values: list[float], random) -> None:
    shuffled = values.copy()
    random.shuffle(shuffled)
    found = steady_sum(np.array(values))
    assert found == steady_sum(np.array(shuffled))
    assert found == pytest.approx(math.fsum(values), abs=1e-12 * sum(map(abs, values)))


def test_steady_sums_keep_what_they_are_given() -> None:
    values = np.array([3.0, 1.0, 2.0])
    assert steady_sum(values) == 6.0
    np.testing.assert_array_equal(values, [3.0, 1.0, 2.0])
