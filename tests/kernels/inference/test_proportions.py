"""Intervals for shares against published numbers, statsmodels, and their laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmmodels.kernels.inference.proportions import net_score_interval, newcombe_interval, wilson_interval

counts = st.integers(0, 40)
levels = st.floats(0.5, 0.999)


def test_share_of_repeat_customers() -> None:
    """The project's specification: 45 of 100 have the Wilson interval [.356, .548]."""
    found = wilson_interval(45, 100, 0.95)
    assert (round(float(found.lower), 3), round(float(found.upper), 3)) == (0.356, 0.548)


def test_newcombe_of_his_table() -> None:
    """Newcombe (1998, Statistics in Medicine 17, 873-890), table II, method 10; the first share minus the second there."""
    published = [((56, 70, 48, 80), (0.0524, 0.3339)), ((9, 10, 3, 10), (0.1705, 0.8090)), ((10, 10, 0, 20), (0.6791, 1.0))]
    for (first, n_1, second, n_2), limits in published:
        found = newcombe_interval(second, n_2, first, n_1, 0.95)
        assert (round(float(found.lower), 4), round(float(found.upper), 4)) == limits


def test_complaints_of_two_periods() -> None:
    """The project's specification: 5 % and then 2 % of 1,000 customers each is -3.0 points [-4.7, -1.4]."""
    found = newcombe_interval(50, 1000, 20, 1000, 0.95)
    assert (round(100 * float(found.lower), 1), round(100 * float(found.upper), 1)) == (-4.7, -1.4)


@pytest.mark.parametrize(("adjusted", "limits"), [(False, (14.7, 45.3)), (True, (14.1, 44.2))])
def test_net_promoter_score(adjusted: bool, limits: tuple[float, float]) -> None:
    """The project's specification: 20 detractors, 30 passives, 50 promoters."""
    found = net_score_interval(20, 30, 50, 0.95, adjusted=adjusted)
    assert (round(100 * float(found.lower), 1), round(100 * float(found.upper), 1)) == limits


@given(counts, counts, counts, counts, levels)
def test_statsmodels_agrees(yes_1: int, no_1: int, yes_2: int, no_2: int, level: float) -> None:
    from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

    n_1, n_2 = yes_1 + no_1 + 1, yes_2 + no_2 + 1
    one = wilson_interval(yes_1, n_1, level)
    lower, upper = proportion_confint(yes_1, n_1, 1 - level, method="wilson")
    assert (one.lower, one.upper) == (pytest.approx(lower, abs=1e-12), pytest.approx(upper, abs=1e-12))
    two = newcombe_interval(yes_1, n_1, yes_2, n_2, level)
    low, high = confint_proportions_2indep(yes_2, n_2, yes_1, n_1, method="newcomb", alpha=1 - level)
    assert (two.lower, two.upper) == (pytest.approx(low, abs=1e-12), pytest.approx(high, abs=1e-12))


@given(counts, counts, counts, levels)
def test_score_turned_round(against: int, neither: int, favour: int, level: float) -> None:
    for adjusted in (False, True):
        found = net_score_interval(against, neither, favour + 1, level, adjusted=adjusted)
        mirrored = net_score_interval(favour + 1, neither, against, level, adjusted=adjusted)
        assert -1 <= found.lower <= found.upper <= 1
        assert found.lower == pytest.approx(-mirrored.upper, abs=1e-12)
        assert found.upper == pytest.approx(-mirrored.lower, abs=1e-12)


@given(counts, counts, counts)
def test_score_variance_is_that_of_the_answers(against: int, neither: int, favour: int) -> None:
    answers = np.repeat([-1.0, 0.0, 1.0], [against, neither + 1, favour])
    found = net_score_interval(against, neither + 1, favour, 0.6826894921370859, adjusted=False)
    half = answers.std() / len(answers) ** 0.5
    assert found.lower == pytest.approx(max(-1.0, answers.mean() - half), abs=1e-12)
    assert found.upper == pytest.approx(min(1.0, answers.mean() + half), abs=1e-12)


@given(counts, counts, levels)
def test_share_turned_round(yes: int, no: int, level: float) -> None:
    found, other = wilson_interval(yes, yes + no + 1, level), wilson_interval(no + 1, yes + no + 1, level)
    assert found.lower == pytest.approx(1 - other.upper, abs=1e-12)
    assert 0 <= found.lower <= yes / (yes + no + 1) <= found.upper <= 1


def test_ends_are_exact_and_alike_answers_leave_no_width() -> None:
    assert wilson_interval(0, 7, 0.95).lower == 0.0
    assert wilson_interval(7, 7, 0.95).upper == 1.0
    alike = net_score_interval(0, 0, 9, 0.95, adjusted=False)
    assert (alike.lower, alike.upper) == (1.0, 1.0)
    assert net_score_interval(0, 0, 9, 0.95, adjusted=True).lower < 0.9


def test_nobody_asked_is_nan_and_arrays_are_arrays() -> None:
    found = wilson_interval([0, 3], [0, 4], 0.95)
    assert np.isnan(found.lower).tolist() == [True, False]
    assert np.isnan(newcombe_interval([0, 1], [0, 4], 1, 4, 0.95).upper).tolist() == [True, False]
    net = net_score_interval([0, 1], 0, [0, 1], 0.95, adjusted=True)
    assert np.isnan(net.lower).tolist() == [True, False]
    assert wilson_interval([[1], [2]], [4, 5, 6], 0.9).lower.shape == (2, 3)
