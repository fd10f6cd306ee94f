"""Cut points and scores against the tie rule in whole numbers, one customer at a time."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmmodels.kernels.rfm import centre, cut_points, independent_cuts, nested_cuts, rfm_scores, score

LAWS = settings(max_examples=60, deadline=None)

small = st.integers(-4, 4).map(float)
finite = st.floats(allow_nan=False, allow_infinity=False)
measures = st.lists(small | finite, min_size=1, max_size=40)
customers = st.lists(st.tuples(small, small, small), min_size=1, max_size=40)
bins = st.integers(2, 12)


def tie_rule(values: Sequence[float], n_bins: int, reference: Sequence[float] | None = None) -> list[int]:
    """1 + floor(B #{x_j < x} / n) in whole numbers, but at or above the largest value of several the best score."""
    known = values if reference is None else reference
    best = max(known)
    below = [sum(other < value for other in known) for value in values]
    found = [min(n_bins, 1 + n_bins * count // len(known)) for count in below]
    several = min(known) < best
    return [n_bins if (value >= best and several) else score for value, score in zip(values, found, strict=True)]


def cuts_by_the_rule(values: Sequence[float], n_bins: int) -> list[float]:
    """The smallest value seen with k n / B values below it, in whole numbers, or the largest."""
    cuts = []
    for k in range(1, n_bins):
        above = [value for value in values if n_bins * sum(other < value for other in values) >= k * len(values)]
        cuts.append(min(above, default=max(values)))
    return cuts


def test_quintiles_of_ten_distinct_customers_hold_two_each() -> None:
    """Hughes (1994): sort, then cut into five groups of equal size."""
    values = np.array([30.0, 10, 50, 20, 40, 100, 90, 60, 80, 70])
    assert score(values, cut_points(values, 5)).tolist() == [2, 1, 3, 1, 2, 5, 5, 3, 4, 4]


def test_equal_values_share_the_score_of_the_first_of_them() -> None:
    """By hand: 0, 0, 0, 3 and 4 of five customers lie below."""
    values = np.array([1.0, 1, 1, 2, 3])
    assert score(values, cut_points(values, 5)).tolist() == [1, 1, 1, 4, 5]


@LAWS
@given(measures, bins)
def test_scores_follow_the_tie_rule(values: list[float], n_bins: int) -> None:
    array = np.array(values)
    assert score(array, cut_points(array, n_bins)).tolist() == tie_rule(values, n_bins)


@LAWS
@given(measures, measures, bins)
def test_later_customers_are_scored_by_the_values_seen(reference: list[float], later: list[float], n_bins: int) -> None:
    """A later value has the score of the largest seen that it reaches; below all of them, 1."""
    cuts = cut_points(np.array(reference), n_bins)
    known = dict(zip(reference, tie_rule(reference, n_bins), strict=True))
    several = len(set(reference)) > 1
    reached = [max((value for value in known if value <= new), default=None) for new in later]
    expected = [
        1 if value is None else known[value] if several or new == value else n_bins
        for new, value in zip(later, reached, strict=True)
    ]
    assert score(np.array(later), cuts).tolist() == expected


@pytest.mark.parametrize(
    ("values", "n_bins", "sizes"),
    [
        ([1.0] * 20 + [2.0] * 20 + [3.0] * 20 + [4.0] * 9 + [5.0] * 31, 5, [20, 20, 20, 9, 31]),
        ([0.0] * 90 + [1.0] * 10, 5, [90, 0, 0, 0, 10]),
        ([0.0] * 10 + [1.0] * 90, 5, [10, 0, 0, 0, 90]),
        ([0.0] * 45 + [1.0] * 10 + [2.0] * 45, 5, [45, 0, 10, 0, 45]),
        ([0.0, 1.0], 5, [1, 0, 0, 0, 1]),
        ([-5.0] * 25 + [-1.0] * 75, 4, [25, 0, 0, 75]),
        ([7.0] * 9, 3, [9, 0, 0]),
    ],
    ids=["the best value is common", "few above", "few below", "ties at both ends", "two", "oriented", "one value"],
)
def test_the_best_value_has_the_best_score_however_common(values: list[float], n_bins: int, sizes: list[int]) -> None:
    found = score(np.array(values), cut_points(np.array(values), n_bins))
    assert np.bincount(found, minlength=n_bins + 1)[1:].tolist() == sizes


@LAWS
@given(measures, bins)
def test_bins_are_even_but_for_ties(values: list[float], n_bins: int) -> None:
    """Nobody is in a better bin than the even division would put the first of its block, but for the largest value."""
    found = score(np.array(values), cut_points(np.array(values), n_bins))
    assert (found.max() == n_bins) == (len(set(values)) > 1)
    assert found.min() == 1
    for k in range(2, n_bins + 1):
        n_at_least = int((found >= k).sum())
        n_best = values.count(max(values))
        assert n_at_least <= max(len(values) - -(-(k - 1) * len(values) // n_bins), n_best)


@pytest.mark.parametrize("n_bins", [2, 3, 5, 7, 99])
def test_scores_agree_with_the_lowest_rank_of_pandas(n_bins: int) -> None:
    values = np.random.default_rng(1).negative_binomial(1, 0.2, 3000).astype(np.float64)
    below = pd.Series(values).rank(method="min").astype(int) - 1
    expected = np.where(values == values.max(), n_bins, 1 + (n_bins * below) // len(values))
    np.testing.assert_array_equal(score(values, cut_points(values, n_bins)), expected)


@LAWS
@given(measures, bins, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_no_bit(values: list[float], n_bins: int, random: object) -> None:
    shuffled = list(values)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    # Adding zero makes one zero of the two.
    before, after = (np.array(order) + 0.0 for order in (values, shuffled))
    assert cut_points(before, n_bins).tobytes() == cut_points(after, n_bins).tobytes()


@LAWS
@given(measures, bins)
def test_cut_points_ascend_and_are_values_of_customers(values: list[float], n_bins: int) -> None:
    cuts = cut_points(np.array(values), n_bins)
    assert cuts.shape == (n_bins - 1,)
    assert (np.diff(np.sign(cuts)) >= 0).all()
    assert (cuts[:-1] <= cuts[1:]).all()
    if len(set(values)) > 1:
        assert cuts.tolist() == cuts_by_the_rule(values, n_bins)


def nested_rule(rows: Sequence[tuple[float, float, float]], n_bins: int) -> list[tuple[int, int, int]]:
    """Hughes's cells: the tie rule among the customers who share the scores so far."""
    cells: list[tuple[int, ...]] = [() for _ in rows]
    for measure in range(3):
        grown = []
        for i, cell in enumerate(cells):
            peers = [rows[j][measure] for j, other in enumerate(cells) if other == cell]
            grown.append((*cell, tie_rule([rows[i][measure]], n_bins, peers)[0]))
        cells = grown
    return [(r, f, m) for r, f, m in cells]


@LAWS
@given(customers, st.integers(2, 5))
def test_nested_scores_follow_the_rule_within_each_cell(rows: list[tuple[float, float, float]], n_bins: int) -> None:
    r, f, m = np.array(rows).T
    scores = rfm_scores(r, f, m, nested_cuts(r, f, m, n_bins))
    assert list(map(tuple, scores.T.tolist())) == nested_rule(rows, n_bins)


@LAWS
@given(customers, bins)
def test_independent_scores_treat_each_measure_alone(rows: list[tuple[float, float, float]], n_bins: int) -> None:
    columns = np.array(rows).T
    scores = rfm_scores(*columns, independent_cuts(*columns, n_bins))
    assert scores.tolist() == [tie_rule(column.tolist(), n_bins) for column in columns]


@LAWS
@given(customers, customers, st.integers(2, 4), st.sampled_from([independent_cuts, nested_cuts]))
def test_later_scores_stay_within_bounds(
    reference: list[tuple[float, float, float]], later: list[tuple[float, float, float]], n_bins: int, cuts_of: Callable
) -> None:
    cuts = cuts_of(*np.array(reference).T, n_bins)
    scores = rfm_scores(*np.array(later).T, cuts)
    assert scores.shape == (3, len(later))
    assert scores.min() >= 1
    assert scores.max() <= n_bins


def test_an_empty_nested_cell_scores_by_the_whole_population() -> None:
    same, spread = np.zeros(10), np.arange(10.0)
    cuts = nested_cuts(same, spread, spread, 5)
    # Nobody has R score 5 in the reference, so F and M of a later customer there are those among all.
    scores = rfm_scores(np.array([1.0]), np.array([4.0]), np.array([9.0]), cuts)
    assert scores[:, 0].tolist() == [5, *tie_rule([4.0, 9.0], 5, spread.tolist())]


@pytest.mark.parametrize("values", [[7.0], [7.0] * 12], ids=["one customer", "all equal"])
@pytest.mark.parametrize("cuts_of", [independent_cuts, nested_cuts])
def test_nobody_is_better_than_an_equal(values: list[float], cuts_of: Callable) -> None:
    array = np.array(values)
    cuts = cuts_of(array, array, array, 5)
    assert (rfm_scores(array, array, array, cuts) == 1).all()
    assert rfm_scores(array + 1, array + 1, array + 1, cuts).tolist() == [[5] * len(values)] * 3


@pytest.mark.parametrize("scale", [1e300, 1e-300, 5e-324])
def test_extreme_magnitudes_score_as_ordinary_ones(scale: float) -> None:
    values = np.array([3.0, 1, 4, 1, 5, 9, 2, 6])
    ordinary = score(values, cut_points(values, 4))
    np.testing.assert_array_equal(score(values * scale, cut_points(values * scale, 4)), ordinary)


@LAWS
@given(measures)
def test_the_mean_is_the_exact_mean_but_for_rounding(values: list[float]) -> None:
    exact = sum(map(Fraction, values), Fraction(0)) / len(values)
    largest = max(abs(Fraction(value)) for value in values)
    error = abs(Fraction(centre(np.array(values), "mean")) - exact)
    assert error <= largest * Fraction(1, 10**14) + Fraction(5e-324)


@LAWS
@given(measures)
def test_the_median_has_half_the_customers_on_either_side(values: list[float]) -> None:
    median = Fraction(centre(np.array(values), "median"))
    expected = statistics.median(map(Fraction, values))
    assert abs(median - expected) <= abs(expected) * Fraction(1, 10**15) + Fraction(5e-324)


@LAWS
@given(measures, st.sampled_from(["mean", "median"]), st.randoms(use_true_random=False))
def test_the_centre_does_not_depend_on_the_order(values: list[float], kind: str, random: object) -> None:
    shuffled = list(values)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert centre(np.array(shuffled), kind) == centre(np.array(values), kind)


@pytest.mark.parametrize("kind", ["mean", "median"])
@pytest.mark.parametrize("value", [0.1, 1e300, np.finfo(float).max, -np.finfo(float).max, 5e-324, -0.3])
@pytest.mark.parametrize("n", [1, 2, 3, 10, 997])
def test_the_centre_of_equal_values_is_that_value(kind: str, value: float, n: int) -> None:
    assert centre(np.full(n, value), kind) == value
