"""ABCModel: classes by hand, laws, scores and concentration figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import crmmodels as crm

HAND = [50.0, 30.0, 10.0, 5.0, 3.0, 2.0]

cents = st.lists(st.integers(1, 40) | st.integers(1, 10**6), min_size=1, max_size=25)
variants = st.sampled_from([{}, {"crossing": "out"}, {"method": "computed"}, {"a": 0.5, "b": 0.6}])


def table(values: Sequence[Any], column: str = "spend") -> pd.DataFrame:
    return pd.DataFrame({"customer_id": range(len(values)), column: list(values)})


def classes(values: Sequence[Any], **parameters: Any) -> str:
    customers = table(values)
    return "".join(crm.ABCModel(**parameters).fit(customers).segment(customers))


@pytest.mark.parametrize(
    ("values", "parameters", "expected"),
    [
        (HAND, {}, "AABBCC"),
        (HAND, {"crossing": "out"}, "AABBCC"),
        (HAND, {"a": 0.7, "b": 0.96}, "AABBBC"),
        (HAND, {"a": 0.7, "b": 0.96, "crossing": "out"}, "ABBBCC"),
        (HAND, {"method": "computed"}, "AABCCC"),
        ([5.0, 5.0, 5.0, 5.0], {}, "AAAA"),
        ([7.0], {}, "A"),
        ([7.0], {"crossing": "out"}, "C"),
        ([80.0, 10.0, 10.0], {}, "ABB"),
        ([*HAND, 0.0, -40.0], {}, "AABBCCDD"),
        ([*HAND, 0.0, -40.0], {"negative": "join"}, "AABBCCCC"),
        ([0.01] * 100, {"a": 0.1, "b": 0.2}, "A" * 100),
    ],
)
def test_classes_of_small_tables_by_hand(values: list[float], parameters: dict[str, Any], expected: str) -> None:
    assert classes(values, **parameters) == expected


@given(cents, variants, st.sampled_from([1e-200, 0.01, 1 / 3, 1e6, 1e9]))
def test_the_currency_does_not_matter(whole: list[int], parameters: dict[str, Any], factor: float) -> None:
    assert classes([value * factor for value in whole], **parameters) == classes(whole, **parameters)


@given(cents, variants, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(whole: list[int], parameters: dict[str, Any], random: Any) -> None:
    order = list(range(len(whole)))
    random.shuffle(order)
    found = classes(whole, **parameters)
    assert classes([whole[i] for i in order], **parameters) == "".join(found[i] for i in order)


@given(cents, st.integers(-10, 10**6), st.sampled_from(["in", "out"]))
def test_a_weaker_customer_never_lowers_the_class_of_another(whole: list[int], newcomer: int, crossing: str) -> None:
    stronger = [value > newcomer for value in whole]
    assume(any(stronger))
    before, after = classes(whole, crossing=crossing), classes([*whole, newcomer], crossing=crossing)
    assert all(now <= was for now, was, kept in zip(after[:-1], before, stronger, strict=True) if kept)


@given(st.lists(st.integers(-50, 100), min_size=1, max_size=25).filter(lambda values: max(values) > 0), variants)
def test_customers_without_a_contribution_do_not_move_the_others(values: list[int], parameters: dict[str, Any]) -> None:
    positive = [value for value in values if value > 0]
    expected = iter(classes(positive, **parameters))
    assert classes(values, **parameters) == "".join(next(expected) if value > 0 else "D" for value in values)


@pytest.mark.parametrize("values", [[0.0, 0.0], [-3.0], [0.0, -1.0, -2.0]])
@pytest.mark.parametrize("negative", ["separate", "join"])
def test_a_table_without_a_positive_value_is_refused(values: list[float], negative: Any) -> None:
    with pytest.raises(crm.DataError) as refusal:
        crm.ABCModel(value="margin", negative=negative).fit(table(values, "margin"))
    message = "column 'margin' holds no positive value; classes are formed on positive contributions"
    assert str(refusal.value) == f"ABCModel cannot read this table:\n- {message}"


def test_scores_of_the_hand_case() -> None:
    customers = table(HAND)
    scores = crm.ABCModel().fit(customers).score(customers)
    np.testing.assert_allclose(scores["share"], [0.5, 0.3, 0.1, 0.05, 0.03, 0.02], rtol=1e-15)
    np.testing.assert_allclose(scores["cumulative_share"], [0.5, 0.8, 0.9, 0.95, 0.98, 1.0], rtol=1e-15)
    assert scores["rank"].tolist() == [1, 2, 3, 4, 5, 6]


def test_a_later_table_is_placed_among_the_fitted_customers() -> None:
    """By hand: 30 and more make .8; nothing larger than 60; below 2 come all six customers."""
    model = crm.ABCModel().fit(table(HAND))
    later = table([60.0, 40.0, 30.0, 4.0, 0.5, 0.0, -9.0])
    scores = model.score(later)
    np.testing.assert_allclose(scores["share"], [0.6, 0.4, 0.3, 0.04, 0.005, 0.0, -0.09])
    np.testing.assert_allclose(scores["cumulative_share"], [0.0, 0.5, 0.8, 0.95, 1.0, 1.0, 1.0])
    assert scores["rank"].tolist() == [1, 2, 2, 5, 7, 7, 7]
    assert "".join(model.segment(later)) == "AAACCDD"


def test_the_fitted_figures_of_the_hand_case() -> None:
    """326 / 600 by the formula; the top 1.2 customers make .5 + .2 * .3; two customers make 80 %."""
    fitted = crm.ABCModel().fit(table([*HAND, -5.0])).fitted
    assert (fitted.n_customers, fitted.n_positive, fitted.total) == (7, 6, 100.0)
    assert fitted.boundaries.tolist() == [30.0, 5.0]
    assert fitted.gini == pytest.approx(326 / 600)
    assert fitted.gini_corrected == pytest.approx(326 / 500)
    assert fitted.top_20_share == pytest.approx(0.56)
    assert (fitted.n_for_80, fitted.share_for_80) == (2, pytest.approx(1 / 3))
    assert (fitted.points, fitted.intervals) == (None, None)


def test_the_figures_of_one_customer() -> None:
    fitted = crm.ABCModel().fit(table([12.0])).fitted
    assert (fitted.gini, fitted.gini_corrected, fitted.n_for_80, fitted.share_for_80) == (0.0, 0.0, 1, 1.0)
    assert fitted.top_20_share == pytest.approx(0.2)


def test_the_computed_points_are_kept() -> None:
    fitted = crm.ABCModel(method="computed").fit(table(HAND)).fitted
    assert fitted.points is not None
    np.testing.assert_allclose(fitted.points[:2], [[1 / 3, 0.8]] * 2)


EXAMPLE = crm.ABCModel.example(n_customers=400, seed=1)


def test_bootstrap_intervals_hold_the_figure_and_repeat() -> None:
    model = crm.ABCModel(n_bootstrap=120, seed=4).fit(EXAMPLE)
    intervals = model.fitted.intervals
    assert intervals is not None
    assert set(intervals) == {"gini_corrected", "top_20_share", "share_for_80"}
    for name, interval in intervals.items():
        assert interval.value == getattr(model.fitted, name)
        assert interval.lower < interval.value < interval.upper
    again = crm.ABCModel(n_bootstrap=120, seed=4).fit(EXAMPLE.iloc[::-1]).fitted.intervals
    other = crm.ABCModel(n_bootstrap=120, seed=5).fit(EXAMPLE).fitted.intervals
    bounds = [[(i.lower, i.upper) for i in found.values()] for found in (intervals, again, other) if found is not None]
    assert bounds[0] == bounds[1] != bounds[2]


def test_a_higher_level_gives_wider_intervals() -> None:
    narrow, wide = (crm.ABCModel(n_bootstrap=200, level=level).fit(EXAMPLE).fitted.intervals for level in (0.5, 0.99))
    assert narrow is not None
    assert wide is not None
    assert all(wide[name].lower < narrow[name].lower < narrow[name].upper < wide[name].upper for name in narrow)


def test_knots_bound_the_record_and_leave_the_classes_exact() -> None:
    customers = crm.ABCModel.example(n_customers=5000, seed=2)
    full, usual, few = (crm.ABCModel(n_knots=n).fit(customers) for n in (10**6, 1024, 20))
    assert len(usual.fitted.curve.value) <= 1024 + 2 < len(full.fitted.curve.value) == customers["spend"].nunique()
    exact = full.score(customers)
    for model, n_knots in ((usual, 1024), (few, 20)):
        assert model.segment(customers).equals(full.segment(customers))
        found = model.score(customers)
        assert (found["rank"] - exact["rank"]).abs().max() <= 4 * 5000 / n_knots
        assert (found["cumulative_share"] - exact["cumulative_share"]).abs().max() <= 2 / n_knots
        np.testing.assert_array_equal(found["share"], exact["share"])
    np.testing.assert_array_equal(exact["rank"], customers["spend"].rank(method="min", ascending=False))


def test_as_many_knots_as_distinct_values_are_exact() -> None:
    customers = crm.ABCModel.example(n_customers=900, seed=3)
    bounded, full = (crm.ABCModel(n_knots=n).fit(customers).score(customers) for n in (1024, 10**6))
    pd.testing.assert_frame_equal(bounded, full)


def test_summary_agrees_with_groupby() -> None:
    model = crm.ABCModel(value="margin").fit(EXAMPLE)
    summary = model.summary(EXAMPLE).set_index("segment")
    grouped = EXAMPLE["margin"].groupby(np.asarray(model.segment(EXAMPLE)))
    assert summary.index.tolist() == ["A", "B", "C", "D"]
    assert summary["n_customers"].to_dict() == grouped.size().to_dict()
    np.testing.assert_allclose(summary["mean_margin"], grouped.mean().reindex(list("ABCD")), rtol=1e-12)
    share = grouped.sum().reindex(list("ABCD")) / EXAMPLE["margin"].sum()
    np.testing.assert_allclose(summary["share_of_margin"], share, rtol=1e-12)


@pytest.mark.parametrize(
    ("parameters", "labels"),
    [
        ({}, ("D", "C", "B", "A")),
        ({"negative": "join", "labels": "zh"}, ("C类", "B类", "A类")),
        ({"labels": {"A": "vital few"}}, ("D", "C", "B", "vital few")),
    ],
)
def test_labels_are_worded_as_asked(parameters: dict[str, Any], labels: tuple[str, ...]) -> None:
    assert crm.ABCModel(**parameters).segment_labels() == labels


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"method": "pareto"}, "method=...) must be one of 'cumulative', 'computed'; got 'pareto'."),
        ({"crossing": "both"}, "crossing=...) must be one of 'in', 'out'; got 'both'."),
        ({"negative": "drop"}, "negative=...) must be one of 'separate', 'join'; got 'drop'."),
        ({"a": 0.9, "b": 0.8}, "a, b=...) must be shares with 0 < a < b < 1; got (0.9, 0.8)."),
        ({"a": 0.0}, "a, b=...) must be shares with 0 < a < b < 1; got (0.0, 0.95)."),
        ({"b": 1.0}, "a, b=...) must be shares with 0 < a < b < 1; got (0.8, 1.0)."),
        ({"a": float("nan")}, "a, b=...) must be shares with 0 < a < b < 1; got (nan, 0.95)."),
        ({"n_bootstrap": -1}, "n_bootstrap=...) must be a whole number, 0 or more; got -1."),
        ({"n_bootstrap": 1.5}, "n_bootstrap=...) must be a whole number, 0 or more; got 1.5."),
        ({"seed": -1}, "seed=...) must be a whole number, 0 or more; got -1."),
        ({"level": 1}, "level=...) must be between 0 and 1; got 1."),
        ({"n_knots": 3}, "n_knots=...) must be a whole number, 4 or more; got 3."),
        ({"labels": {"E": "x"}}, "labels=...) must be a mapping whose keys are among ['D', 'C', 'B', 'A']; got ['E']."),
    ],
)
def test_a_parameter_out_of_range_is_refused(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(crm.ParameterError) as refusal:
        crm.ABCModel(**parameters)
    assert str(refusal.value) == f"ABCModel({message}"
