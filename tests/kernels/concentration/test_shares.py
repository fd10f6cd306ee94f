"""Concentration figures and class boundaries against brute force in exact fractions."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from crmmodels.kernels.concentration.shares import (
    classify,
    computed_boundaries,
    concentration,
    cumulative_boundaries,
    customers_for_share,
    gini,
    share_of_top,
)

LAWS = settings(max_examples=80, deadline=None)
TOLERANCE = Fraction(1, 10**12)
HAND = np.array([50.0, 30, 10, 5, 3, 2])

cents = st.lists(st.integers(1, 40) | st.integers(1, 10**7), min_size=1, max_size=30)
amounts = cents.map(lambda whole: [value / 100 for value in whole])
limits = st.tuples(st.integers(1, 98), st.integers(1, 98)).map(lambda pair: (min(pair) / 100, (max(pair) + 1) / 100))


def descending(values: Sequence[float]) -> list[Fraction]:
    return sorted(map(Fraction, values), reverse=True)


def double_sum_gini(values: Sequence[float]) -> Fraction:
    exact = descending(values)
    return sum((abs(a - b) for a in exact for b in exact), Fraction(0)) / (2 * len(exact) * sum(exact))


@LAWS
@given(amounts)
def test_gini_is_half_the_relative_mean_difference(values: list[float]) -> None:
    assert gini(concentration(np.array(values))) == pytest.approx(float(double_sum_gini(values)), abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_gini_follows_the_sorted_formula_in_fifty_digits(seed: int) -> None:
    values = np.random.default_rng(seed).pareto(1.2, 2000) + 1e-3
    with mpmath.workdps(50):
        x = [mpmath.mpf(value) for value in np.sort(values)]
        n = len(x)
        exact = mpmath.fsum((2 * i - n - 1) * value for i, value in enumerate(x, start=1)) / (n * mpmath.fsum(x))
        assert abs(exact - gini(concentration(values))) < 1e-13


@pytest.mark.parametrize(
    ("values", "expected"),
    [([3.0], 0.0), ([2.0] * 9, 0.0), ([1.0, 3.0], 2 / 8), ([1.0, 2, 3, 4], 10 / 40), (list(HAND), 326 / 600)],
)
def test_gini_of_small_cases_by_hand(values: list[float], expected: float) -> None:
    """The last one: (-5 * 2 - 3 * 3 - 1 * 5 + 1 * 10 + 3 * 30 + 5 * 50) / (6 * 100)."""
    assert gini(concentration(np.array(values))) == pytest.approx(expected, abs=1e-15)


@LAWS
@given(amounts, st.integers(0, 100))
def test_share_of_top_takes_part_of_the_customer_at_the_edge(values: list[float], percent: int) -> None:
    exact, fraction = descending(values), Fraction(percent, 100)
    whole, part = divmod(fraction * len(exact), 1)
    money = sum(exact[: int(whole)], Fraction(0)) + (part * exact[int(whole)] if part else 0)
    share = share_of_top(concentration(np.array(values)), percent / 100)
    assert share == pytest.approx(float(money / sum(exact)), abs=1e-12)
    assert percent / 100 - 1e-12 <= share <= 1


@LAWS
@given(amounts, st.integers(1, 100))
def test_customers_for_share_are_the_fewest_who_make_it(values: list[float], percent: int) -> None:
    exact = descending(values)
    wanted = (Fraction(percent / 100) - TOLERANCE) * sum(exact)
    expected = next(k for k, money in enumerate(accumulate(exact), start=1) if money >= wanted)
    assert customers_for_share(concentration(np.array(values)), percent / 100) == expected


def test_a_share_met_exactly_needs_no_further_customer() -> None:
    assert customers_for_share(concentration(HAND), 0.8) == 2
    assert customers_for_share(concentration(np.full(10, 0.1)), 0.8) == 8
    assert customers_for_share(concentration(np.full(10, 0.1)), 1.0) == 10


def boundaries_by_loop(values: Sequence[float], ends: tuple[float, float], *, crossing_in: bool) -> list[float]:
    """Walk down the customers; equal values take the decision of the first of them."""
    exact = descending(values)
    found = []
    for end in map(Fraction, ends):
        before, inside = Fraction(0), {}
        for value in exact:
            share = (before if crossing_in else before + value) / sum(exact)
            inside.setdefault(value, share < end - TOLERANCE if crossing_in else share <= end + TOLERANCE)
            before += value
        found.append(min((float(value) for value, is_in in inside.items() if is_in), default=np.inf))
    return found


@LAWS
@given(amounts, limits, st.booleans())
def test_boundaries_agree_with_a_walk_down_the_customers(
    values: list[float], ends: tuple[float, float], crossing_in: bool
) -> None:
    found = cumulative_boundaries(concentration(np.array(values)), ends, crossing_in=crossing_in)
    assert found.tolist() == boundaries_by_loop(values, ends, crossing_in=crossing_in)


@pytest.mark.parametrize(("crossing_in", "expected"), [(True, [30.0, 5.0]), (False, [30.0, 5.0])])
def test_the_hand_case_ends_a_at_30_and_b_at_5(crossing_in: bool, expected: list[float]) -> None:
    """Shares before are 0 .5 .8 .9 .95 .98; the limits .8 and .95 are met exactly, so the crossing rule does not matter."""
    found = cumulative_boundaries(concentration(HAND), (0.8, 0.95), crossing_in=crossing_in)
    assert found.tolist() == expected


@pytest.mark.parametrize(("crossing_in", "expected"), [(True, [30.0, 3.0]), (False, [50.0, 5.0])])
def test_the_customer_who_crosses_a_limit_is_in_or_out(crossing_in: bool, expected: list[float]) -> None:
    found = cumulative_boundaries(concentration(HAND), (0.7, 0.96), crossing_in=crossing_in)
    assert found.tolist() == expected


def test_a_limit_met_in_the_currency_is_met_whatever_its_rounding() -> None:
    """By hand: 9.6 of 12 are .8 and 15.2 of 16 are .95, but not in binary floating point."""
    first, second = concentration(np.array([5.6, 4.0, 2.4])), concentration(np.array([5.9, 4.2, 3.9, 1.2, 0.8]))
    assert cumulative_boundaries(first, (0.8, 0.95), crossing_in=True).tolist() == [4.0, 2.4]
    assert cumulative_boundaries(second, (0.8, 0.95), crossing_in=False).tolist() == [4.2, 1.2]
    assert customers_for_share(first, 0.8) == 2


def test_class_a_may_be_empty_only_where_crossing_is_out() -> None:
    lonely = concentration(np.array([90.0, 10.0]))
    assert cumulative_boundaries(lonely, (0.8, 0.95), crossing_in=True).tolist() == [90.0, 10.0]
    assert cumulative_boundaries(lonely, (0.8, 0.95), crossing_in=False).tolist() == [np.inf, 90.0]


def nearest_exactly(values: Sequence[float], target_x: Fraction) -> tuple[Fraction, Fraction, int]:
    """Point of the polygon nearest to (target_x, 1), and the customer on whose edge it lies (the left one at a corner)."""
    exact = descending(values)
    n, total, y, best = len(exact), sum(exact), Fraction(0), None
    for i, value in enumerate(exact):
        x, dx, dy = Fraction(i, n), Fraction(1, n), value / total
        along = max(Fraction(0), min(Fraction(1), ((target_x - x) * dx + (1 - y) * dy) / (dx**2 + dy**2)))
        px, py = x + along * dx, y + along * dy
        distance = (px - target_x) ** 2 + (py - 1) ** 2
        if best is None or distance < best[0]:
            at_corner = i > 0 and along**2 * (dx**2 + dy**2) <= TOLERANCE**2
            best = (distance, px, py, i - at_corner)
        y += dy
    assert best is not None
    return best[1:]


def computed_exactly(values: Sequence[float]) -> tuple[list[float], list[list[float]]]:
    """Ultsch & Lötsch (2015) on the polygon over single customers, in fractions."""
    exact = descending(values)
    n, total = len(exact), sum(exact)
    pareto_x, pareto_y, pareto = nearest_exactly(values, Fraction(0))
    n_even = sum(value * n / total >= 1 - TOLERANCE for value in exact)
    even_x, even_y = Fraction(n_even, n), sum(exact[:n_even]) / total
    first, edge, second = (pareto_x, pareto_y), pareto, (even_x, even_y)
    if even_x < pareto_x:
        first, edge, second = (even_x, even_y), n_even - 1, (pareto_x, pareto_y)
    last_x, last_y, last = nearest_exactly(values, second[0])
    points = [[float(x), float(y)] for x, y in (first, second, (last_x, last_y))]
    return [float(exact[edge]), float(exact[max(edge, last)])], points


@LAWS
@given(amounts)
def test_computed_boundaries_agree_with_exact_geometry(values: list[float]) -> None:
    computed = computed_boundaries(concentration(np.array(values)))
    boundaries, points = computed_exactly(values)
    np.testing.assert_allclose(computed.points, points, rtol=0, atol=1e-9)
    assert computed.boundaries.tolist() == boundaries


@pytest.mark.parametrize("seed", range(3))
def test_computed_points_are_the_nearest_of_a_dense_search(seed: int) -> None:
    distribution = concentration(np.round(np.random.default_rng(seed).pareto(1.1, 200) * 100 + 1))
    computed = computed_boundaries(distribution)
    x = np.linspace(0.0, 1.0, 400_001)
    y = np.interp(x, np.append(0.0, distribution.customers / distribution.customers[-1]), np.append(0.0, distribution.share))
    pareto = x[np.argmin(x**2 + (1 - y) ** 2)]
    even = x[np.argmax(y - x)]
    last = x[np.argmin((x - max(pareto, even)) ** 2 + (1 - y) ** 2)]
    np.testing.assert_allclose(computed.points[:, 0], [min(pareto, even), max(pareto, even), last], atol=1e-5)
    ranks = np.ceil(computed.points[:, 0] * distribution.customers[-1] - 1e-9)
    expected = [distribution.value[np.searchsorted(distribution.customers, ranks[k])] for k in (0, 2)]
    assert computed.boundaries.tolist() == expected


def test_a_point_at_a_corner_belongs_to_the_customer_before_it() -> None:
    """The Pareto point of these is the corner behind the fourth customer, where two distances differ by rounding only."""
    values = np.array([1.0] * 11 + [1484, 2619, 2619, 2619, 4679])
    computed = computed_boundaries(concentration(values))
    assert computed.boundaries.tolist() == [2619.0, 1.0]
    assert computed.points[0].tolist() == [0.25, pytest.approx(12536 / 14031)]


def test_the_computed_hand_case_ends_a_at_30_and_b_at_10() -> None:
    """Pareto and break-even point are the corner (1/3, .8); C is 9/17 along the edge of 10 towards (1/3, 1)."""
    computed = computed_boundaries(concentration(HAND))
    assert computed.boundaries.tolist() == [30.0, 10.0]
    expected = [[1 / 3, 0.8], [1 / 3, 0.8], [1 / 3 + 9 / 17 / 6, 0.8 + 9 / 17 / 10]]
    np.testing.assert_allclose(computed.points, expected, rtol=1e-14)


def codes(values: np.ndarray, method: str) -> np.ndarray:
    distribution = concentration(values)
    if method == "computed":
        boundaries = computed_boundaries(distribution).boundaries
    else:
        boundaries = cumulative_boundaries(distribution, (0.8, 0.95), crossing_in=method == "in")
    return classify(values, boundaries, separate_negative=False)


METHODS = st.sampled_from(["in", "out", "computed"])


@LAWS
@given(cents, METHODS, st.sampled_from([1e-200, 1e-6, 0.01, 1 / 3, 7.3, 1e9, 1e200, 1e300]))
def test_the_currency_changes_no_class_and_no_figure(whole: list[int], method: str, factor: float) -> None:
    values = np.array(whole, dtype=np.float64)
    np.testing.assert_array_equal(codes(values * factor, method), codes(values, method))
    before, after = concentration(values), concentration(values * factor)
    assert gini(after) == pytest.approx(gini(before), abs=1e-13)
    assert share_of_top(after, 0.2) == pytest.approx(share_of_top(before, 0.2), abs=1e-13)
    assert customers_for_share(after, 0.8) == customers_for_share(before, 0.8)
    assert after.total == pytest.approx(before.total * factor)


@LAWS
@given(cents, METHODS, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_no_bit(whole: list[int], method: str, random: object) -> None:
    values = np.array(whole) / 100
    order = list(range(len(values)))
    random.shuffle(order)  # type: ignore[attr-defined]
    before, after = concentration(values), concentration(values[order])
    assert after.share.tobytes() == before.share.tobytes()
    assert (after.total, gini(after)) == (before.total, gini(before))
    np.testing.assert_array_equal(codes(values[order], method), codes(values, method)[order])


@LAWS
@given(cents, st.integers(1, 10**7), st.sampled_from(["in", "out"]))
def test_a_weaker_customer_never_lowers_the_class_of_another(whole: list[int], newcomer: int, method: str) -> None:
    values = np.array(whole, dtype=np.float64)
    stronger = values > newcomer
    assume(stronger.any())
    after = codes(np.append(values, newcomer), method)[:-1]
    assert (after >= codes(values, method))[stronger].all()


@LAWS
@given(st.lists(st.integers(-20, 40), min_size=1, max_size=20), st.booleans())
def test_classes_are_counted_from_the_boundaries(whole: list[int], separate_negative: bool) -> None:
    found = classify(np.array(whole, dtype=np.float64), np.array([30.0, 12.0]), separate_negative=separate_negative)
    names = ["DCBA"[code] if separate_negative else "CBA"[code] for code in found]
    lowest = "D" if separate_negative else "C"
    expected = ["A" if v >= 30 else "B" if v >= 12 else "C" if v > 0 else lowest for v in whole]
    assert names == expected


@pytest.mark.parametrize("values", [[1e308] * 5, [5e-324] * 5, [1e308, 5e-324], [1e300, 1e-300, 1.0]])
def test_extreme_magnitudes_raise_no_warning(values: list[float]) -> None:
    distribution = concentration(np.array(values))
    assert distribution.share[-1] == 1.0
    assert 0.0 <= gini(distribution) < 1.0
    assert 1 <= customers_for_share(distribution, 0.8) <= len(values)
    assert np.isfinite(computed_boundaries(distribution).points).all()
