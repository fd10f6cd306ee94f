"""Measures of answers: published intervals, weights, every kind of column, and what is refused."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import crmmodels as crm
from crmmodels.metrics import ces, csat, gap_score, nps

PUBLISHED = [3] * 20 + [7] * 30 + [9] * 50
MEASURES = {
    "nps": nps,
    "csat": lambda answers, **options: csat(answers, scale=(0, 10), **options),
    "ces": lambda answers, **options: ces(answers, scale=(0, 10), **options),
    "gap_score": lambda answers, **options: gap_score(answers, answers, scale=(0, 10), **options),
}


@pytest.mark.parametrize(("method", "lower", "upper"), [("wald", 14.7, 45.3), ("adjusted_wald", 14.1, 44.2)])
def test_published_net_promoter_score(method: Any, lower: float, upper: float) -> None:
    """20 detractors, 30 passives, 50 promoters; Rocks (2016) for the adjusted interval."""
    score = nps(PUBLISHED, method=method)
    assert score.value == 30.0
    assert (round(score.lower, 1), round(score.upper, 1)) == (lower, upper)
    assert (score.detractors, score.passives, score.promoters, score.n, score.n_left_out) == (0.2, 0.3, 0.5, 100, 0)


@given(st.lists(st.integers(0, 10), min_size=1, max_size=40))
def test_net_promoter_score_is_counted_as_by_hand(answers: list[int]) -> None:
    score = nps(answers)
    promoters, detractors = sum(a >= 9 for a in answers), sum(a <= 6 for a in answers)
    assert score.value == pytest.approx(100 * (promoters - detractors) / len(answers), abs=1e-9)
    assert score.detractors + score.passives + score.promoters == pytest.approx(1.0)
    assert -100 <= score.lower <= score.upper <= 100


def test_satisfied_are_the_top_two_boxes_unless_said_otherwise() -> None:
    answers = [5] * 25 + [4] * 20 + [3] * 30 + [1] * 25
    score = csat(answers)
    assert (score.value, round(score.lower, 3), round(score.upper, 3)) == (0.45, 0.356, 0.548)
    assert csat(answers, satisfied_from=5).value == 0.25
    assert csat(answers, scale=(1, 10)).value == 0.0
    assert csat(answers, satisfied_from=3).value == 0.75


def test_effort_is_the_mean_with_students_interval_within_the_scale() -> None:
    answers = np.array([2.0, 3, 3, 5, 6, 4, 4])
    score = ces(answers)
    expected = stats.t.interval(0.95, 6, answers.mean(), stats.sem(answers))
    np.testing.assert_allclose((score.value, score.lower, score.upper), (answers.mean(), *expected))
    assert ces([7, 7, 6]).upper == 7.0
    one = ces([4])
    assert (one.value, one.n) == (4.0, 1)
    assert np.isnan([one.lower, one.upper]).all()


def test_gap_is_that_of_pairs() -> None:
    perception, expectation = np.array([4, 5, 6, 4, 2]), np.array([6, 6, 6, 5, 7])
    gap = gap_score(perception, expectation)
    paired = stats.ttest_rel(perception, expectation).confidence_interval(0.95)
    np.testing.assert_allclose((gap.value, gap.lower, gap.upper), (-1.8, paired.low, paired.high))
    assert gap_score([1, 1], [7, 7]).lower == -6.0
    assert gap_score(expectation, perception).value == -gap.value


@pytest.mark.parametrize("name", MEASURES)
def test_whole_weights_move_the_value_like_repetition(name: str) -> None:
    answers, weights = np.array([10, 9, 3, 7, 0]), np.array([3, 1, 2, 5, 1])
    weighted, repeated = MEASURES[name](answers, weights=weights), MEASURES[name](np.repeat(answers, weights))
    assert weighted.value == pytest.approx(repeated.value)
    assert weighted.n == 5
    assert weighted.n_effective == pytest.approx(144 / 40)
    same = MEASURES[name](answers, weights=[2.5] * 5)
    assert same.n_effective == pytest.approx(5)
    plain = MEASURES[name](answers)
    assert (same.lower, same.upper) == pytest.approx((plain.lower, plain.upper))
    if name != "gap_score":
        assert weighted.upper - weighted.lower > repeated.upper - repeated.lower


@pytest.mark.parametrize("name", MEASURES)
def test_higher_coverage_is_wider(name: str) -> None:
    narrow, wide = MEASURES[name]([10, 9, 3, 7, 0], level=0.5), MEASURES[name]([10, 9, 3, 7, 0], level=0.9)
    assert wide.level == 0.9
    assert wide.lower <= narrow.lower <= narrow.upper <= wide.upper
    assert name == "gap_score" or wide.upper > narrow.upper


KINDS = {
    "list": list,
    "tuple": tuple,
    "numpy": np.array,
    "numpy-object": lambda a: np.array(a, dtype=object),
    "pandas": lambda a: pd.Series(a, index=range(5, 5 + len(a))),
    "pandas-nullable": lambda a: pd.Series(a, dtype="Int64"),
    "pandas-index": pd.Index,
    "pandas-frame": lambda a: pd.DataFrame({"q1": a}),
    "polars": pl.Series,
    "polars-lazy": lambda a: pl.LazyFrame({"q1": a}),
    "arrow-array": pa.array,
    "arrow-chunked": lambda a: pa.chunked_array([a]),
    "duckdb": lambda a: duckdb.connect().from_df(pd.DataFrame({"q1": a})),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_column_gives_the_same(kind: str) -> None:
    assert nps(KINDS[kind](PUBLISHED)) == nps(PUBLISHED)


MISSING = {
    "list": [10, None, 3],
    "numpy": np.array([10, np.nan, 3]),
    "pandas": pd.Series([10, pd.NA, 3], dtype="Int64"),
    "polars": pl.Series([10, None, 3]),
    "arrow": pa.array([10, None, 3]),
}


@pytest.mark.parametrize("kind", MISSING)
def test_missing_answers_are_refused_or_left_out_and_counted(kind: str) -> None:
    with pytest.raises(crm.DataError, match=r"column 'answers' misses 1 answer in row 1; missing='drop'"):
        nps(MISSING[kind])
    score = nps(MISSING[kind], missing="drop")
    assert (score.value, score.n, score.n_left_out) == (0.0, 2, 1)


def test_a_pair_with_one_answer_is_left_out() -> None:
    gap = gap_score([4, None, 6, 5], [5, 5, None, 5], missing="drop")
    assert (gap.value, gap.n, gap.n_left_out) == (-0.5, 2, 2)


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ([], "column 'answers' is empty; at least one answer is needed"),
        (pd.DataFrame({"q": []}, dtype=float), "is empty"),
        ([11, 5, -1, 99], r"3 answers outside the scale 0 to 10 \(such as -1, 11, 99\) in rows 0, 2, 3"),
        ([float("inf")], "1 answer outside the scale"),
        ([7.5, 8], r"1 answer that should be whole \(such as 7.5\) in row 0"),
        (["9", "10"], "column 'answers' must be numeric"),
        ([9, "ten"], "column 'answers' must be numeric"),
        ([True, False], "column 'answers' must be numeric"),
        ("910", r"must be a column: a list, array or Series; got str"),
        (9, r"got int"),
        ({"q": [9]}, r"got dict"),
        (np.ones((2, 2)), r"got ndarray of shape \(2, 2\)"),
        (pd.DataFrame({"q1": [9], "q2": [8]}), r"one column; the table has 2 columns: \['q1', 'q2'\]"),
    ],
)
def test_answers_that_cannot_be_read_are_refused(answers: Any, message: str) -> None:
    with pytest.raises(crm.DataError, match=rf"nps cannot read this survey:\n- .*{message}"):
        nps(answers)


def test_nobody_answered() -> None:
    for nothing in (
        [None, None],
        pl.Series([None, None]),
        pa.nulls(2),
        np.full(2, np.nan),
        pd.Series([pd.NA] * 2, dtype="Int64"),
    ):
        with pytest.raises(crm.DataError, match="none of 2 respondents answered"):
            ces(nothing, missing="drop")
    with pytest.raises(crm.DataError, match="those who answered, 1 of 2 respondents, have no weight above 0"):
        ces([3, None], weights=[0, 1], missing="drop")


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1, -1, 1], r"1 value missing, infinite or below 0 \(such as -1\) in row 1"),
        ([1, None, 1], "1 value missing"),
        ([0, 0, 0], "no weight above 0"),
        ([1, 1], "'answers' has 3 values, 'weights' has 2 values"),
        (["a", "b", "c"], "column 'weights' must be numeric"),
    ],
)
def test_weights_are_checked(weights: Any, message: str) -> None:
    with pytest.raises(crm.DataError, match=message):
        ces([1, 2, 3], weights=weights)


def test_every_problem_is_named_at_once() -> None:
    with pytest.raises(crm.DataError) as caught:
        gap_score([9, 2], ["x", "y"], weights=[-1, 1])
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nps([9], method="exact"), r"nps\(method=.*'adjusted_wald', 'wald'"),
        (lambda: nps([9], level=95), r"nps\(level=.*above 0 and below 1"),
        (lambda: ces([3], level=1.0), r"ces\(level="),
        (lambda: nps([9], missing="ignore"), r"nps\(missing=.*'refuse', 'drop'"),
        (lambda: csat([3], scale=(5, 1)), r"csat\(scale=.*two numbers"),
        (lambda: csat([3], scale=5), r"csat\(scale="),
        (lambda: ces([3], scale=(1, float("inf"))), r"ces\(scale="),
        (lambda: ces([3], scale=("1", "7")), r"ces\(scale="),
        (lambda: csat([3], satisfied_from=6), r"csat\(satisfied_from=.*above 1, at most 5"),
        (lambda: csat([3], satisfied_from="4"), r"csat\(satisfied_from="),
    ],
)
def test_parameters_are_checked(call: Any, message: str) -> None:
    with pytest.raises(crm.ParameterError, match=message):
        call()
