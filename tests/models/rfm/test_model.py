"""RFMModel: scores, segments and edge cases on small tables held by hand."""

from __future__ import annotations

from decimal import Decimal
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import crmmodels as crm

TEN = crm.RFMModel.example(n_customers=10, seed=0).assign(
    days_since_last=[90, 80, 70, 60, 50, 40, 30, 20, 10, 0],
    n_orders=[1, 1, 1, 1, 2, 2, 2, 3, 4, 9],
    spend=[10.0, 20, 30, 40, 50, 60, 70, 80, 90, 900],
)


def table(days: list[float], orders: list[float], spend: list[Any]) -> pd.DataFrame:
    return pd.DataFrame(
        {"customer_id": range(len(days)), "days_since_last": days, "n_orders": orders, "spend": spend},
        index=[f"row {i}" for i in range(len(days))],
    )


def test_scores_of_ten_customers_by_hand() -> None:
    """Of n_orders 0, 4, 7, 8 and 9 customers lie below 1, 2, 3, 4 and 9; quintiles of the others are two customers each."""
    scores = crm.RFMModel().fit(TEN).score(TEN)
    assert scores["r_score"].tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert scores["f_score"].tolist() == [1, 1, 1, 1, 3, 3, 3, 4, 5, 5]
    assert scores["m_score"].tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert scores["rfm_cell"].tolist() == [111, 111, 212, 212, 333, 333, 434, 444, 555, 555]
    np.testing.assert_allclose(scores["rfm_score"].to_numpy()[[2, 7]], [5 / 3, 4.0])


def test_segments_of_ten_customers_by_hand() -> None:
    segments = crm.RFMModel().fit(TEN).segment(TEN)
    named = ["hibernating"] * 4 + ["need attention"] * 2 + ["potential loyalist", "loyal", "champions", "champions"]
    assert segments.tolist() == named
    assert segments.cat.ordered
    assert segments.cat.categories.tolist() == list(crm.RFMModel().segment_labels())


def test_eight_is_high_only_strictly_above_the_average() -> None:
    """Means 45 days, 2.6 orders, 135; medians 45 days, 2 orders, 55."""
    by_mean = crm.RFMModel(segments="eight").fit(TEN)
    np.testing.assert_allclose(by_mean.fitted.centres, [45.0, 2.6, 135.0])
    assert by_mean.segment(TEN).tolist() == ["win-back"] * 5 + ["develop"] * 2 + ["value"] * 2 + ["key value"]
    by_median = crm.RFMModel(segments="eight", threshold="median").fit(TEN)
    np.testing.assert_allclose(by_median.fitted.centres, [45.0, 2.0, 55.0])
    assert by_median.segment(TEN).tolist() == ["win-back"] * 5 + ["key develop"] * 2 + ["key value"] * 3


def test_eight_may_compare_scores() -> None:
    model = crm.RFMModel(segments="eight", threshold_on="scores", labels="zh").fit(TEN)
    scores = model.score(TEN)[["r_score", "f_score", "m_score"]].to_numpy()
    np.testing.assert_allclose(model.fitted.centres, scores.mean(axis=0))
    names = {(0, 0, 0): "一般挽留", (1, 0, 1): "重要发展", (1, 1, 1): "重要价值", (0, 1, 0): "一般保持"}
    high = (scores > scores.mean(axis=0)).astype(int)
    assert model.segment(TEN).tolist() == [names[tuple(bits)] for bits in high.tolist()]


@pytest.mark.parametrize(("parameters", "expected"), [({}, "win back"), ({"strict": True}, "other")])
def test_four_uses_terciles_of_its_own(parameters: dict[str, Any], expected: str) -> None:
    """By hand: terciles of nine customers; the second is (1, 3, 3), nearest to (1, 3, 2)."""
    nine = table([9, 8, 7, 6, 5, 4, 3, 2, 1], [1, 9, 2, 3, 4, 5, 6, 7, 8], [1.0, 9, 2, 3, 4, 5, 6, 7, 8])
    segments = crm.RFMModel(segments="four", **parameters).fit(nine).segment(nine)
    assert segments.iloc[[0, 1, 8]].tolist() == ["low value", expected, "high value"]


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(1, 6), st.integers(-3, 30)), min_size=1, max_size=25),
    st.integers(2, 6),
)
@pytest.mark.filterwarnings("ignore::crmmodels.OneValueWarning")
def test_the_composite_is_the_weighted_mean_of_the_scores(rows: list[tuple[int, int, int]], n_bins: int) -> None:
    days, orders, spend = map(list, zip(*rows, strict=True))
    customers = table(days, orders, [max(amount, 0) for amount in spend])
    scores = crm.RFMModel(n_bins=n_bins, weights=(3.0, 2.0, 0.0)).fit(customers).score(customers)
    np.testing.assert_allclose(scores["rfm_score"], (3 * scores["r_score"] + 2 * scores["f_score"]) / 5, rtol=1e-14)
    assert scores["rfm_score"].between(1, n_bins).all()


@pytest.mark.parametrize(("n_bins", "digits"), [(9, 1), (10, 2), (99, 2)])
def test_the_cell_keeps_the_scores_apart(n_bins: int, digits: int) -> None:
    customers = crm.RFMModel.example(n_customers=300, seed=5)
    scores = crm.RFMModel(n_bins=n_bins).fit(customers).score(customers)
    cells = scores["rfm_cell"].astype(str).str.zfill(3 * digits)
    for position, column in enumerate(["r_score", "f_score", "m_score"]):
        part = cells.str[digits * position : digits * (position + 1)].astype(int)
        np.testing.assert_array_equal(part, scores[column])


def test_mean_monetary_value_is_spend_per_order() -> None:
    customers = crm.RFMModel.example(n_customers=80, seed=2)
    per_order = customers.assign(spend=customers["spend"] / customers["n_orders"])
    found = crm.RFMModel(monetary="mean").fit(customers).score(customers)
    pd.testing.assert_frame_equal(found, crm.RFMModel().fit(per_order).score(per_order))


def test_fixed_thresholds_replace_the_learned_ones() -> None:
    """By hand: a value at a cut point has the better score, fewer days being better."""
    fixed = {"days_since_last": [30, 90], "spend": [100.0, 500.0]}
    model = crm.RFMModel(n_bins=3, segments="four", thresholds=fixed)
    learned = table([0, 0, 0, 0, 0], [1, 2, 3, 4, 5], [1.0] * 5)
    later = table([29, 30, 89, 90, 91], [1, 2, 3, 4, 5], [100.0, 100.5, 500.0, 501.0, -1.0])
    scores = model.fit(learned).score(later)
    assert scores["r_score"].tolist() == [3, 3, 2, 2, 1]
    assert scores["m_score"].tolist() == [2, 2, 3, 3, 1]
    assert scores["f_score"].tolist() == [1, 1, 2, 2, 3]


def test_later_customers_are_scored_on_the_learned_cut_points() -> None:
    model = crm.RFMModel().fit(TEN)
    alone = model.score(TEN.iloc[[7]])
    pd.testing.assert_frame_equal(alone, model.score(TEN).iloc[[7]])
    better = model.score(table([0, 1000], [100, 1], [1e9, 0.0]))
    assert better["rfm_cell"].tolist() == [555, 111]


def test_custom_tables_as_cells_and_as_rules_agree() -> None:
    customers = crm.RFMModel.example(n_customers=100, seed=7)
    rules = [crm.SegmentRule("lapsed", r=1), crm.SegmentRule("small", r=2, m=1), crm.SegmentRule("large", r=2, m=2)]
    cells = {cell: "lapsed" if cell[0] == 1 else "small" if cell[2] == 1 else "large" for cell in product((1, 2), repeat=3)}
    by_rules = crm.RFMModel(n_bins=2, segments=rules).fit(customers)
    by_cells = crm.RFMModel(n_bins=2, segments=cells).fit(customers)
    scores = by_rules.score(customers)
    expected = [cells[r, f, m] for r, f, m in scores[["r_score", "f_score", "m_score"]].itertuples(index=False)]
    assert by_rules.segment(customers).tolist() == expected
    pd.testing.assert_series_equal(by_cells.segment(customers), by_rules.segment(customers))
    assert by_rules.segment_labels() == ("lapsed", "small", "large")


@pytest.mark.parametrize("segments", ["ten", "eight", "four"])
@pytest.mark.parametrize("scoring", ["independent", "nested"])
@pytest.mark.parametrize("n", [1, 7])
def test_one_customer_and_equal_customers_are_in_the_lowest_segment(segments: str, scoring: Any, n: int) -> None:
    customers = table([12] * n, [3] * n, [99.9] * n)
    with pytest.warns(crm.OneValueWarning):
        model = crm.RFMModel(segments=segments, scoring=scoring).fit(customers)  # type: ignore[arg-type]
    assert set(model.segment(customers)) == {model.segment_labels()[0]}
    assert (model.score(customers)["rfm_cell"] == 111).all()


def test_decimals_are_read_as_numbers() -> None:
    amounts = [Decimal("19.99"), Decimal("0.01"), Decimal("250.00")]
    model = crm.RFMModel(n_bins=3)
    decimals, floats = table([1, 2, 3], [1, 2, 3], amounts), table([1, 2, 3], [1, 2, 3], [19.99, 0.01, 250.0])
    pd.testing.assert_frame_equal(model.fit(decimals).score(decimals), model.fit(floats).score(floats))


def test_negative_spend_is_kept_with_a_warning() -> None:
    customers = table([1, 2, 3], [1, 2, 3], [-1234.5, 20.0, 30.0])
    with pytest.warns(crm.NegativeSpendWarning) as caught:
        model = crm.RFMModel(n_bins=3).fit(customers)
    assert str(caught[0].message) == (
        "RFMModel: 1 customer with a negative total spend (returns exceed orders; lowest -1,234.50) kept, "
        "with the lowest monetary scores"
    )
    assert caught[0].filename == __file__
    assert model.score(customers)["m_score"].tolist() == [1, 2, 3]
    assert model.fitted.n_customers == 3


@pytest.mark.filterwarnings("ignore::crmmodels.OneValueWarning")
def test_zero_spend_raises_no_warning_of_negative_spend() -> None:
    customers = table([1, 2], [1, 2], [0.0, 0.0])
    assert crm.RFMModel().fit(customers).score(customers)["m_score"].tolist() == [1, 1]


@pytest.mark.parametrize("column", ["days_since_last", "n_orders", "spend"])
def test_a_measure_with_one_value_is_said_to_tell_nobody_apart(column: str) -> None:
    with pytest.warns(crm.OneValueWarning) as caught:
        model = crm.RFMModel().fit(TEN.assign(**{column: 3}))
    assert str(caught[0].message) == (
        f"RFMModel: 10 customers with one value only of {column} (3), which tells nobody apart: the score by it is 1"
    )
    assert caught[0].filename == __file__
    row = ["days_since_last", "n_orders", "spend"].index(column)
    assert model.fitted.bin_sizes[row].tolist() == [10, 0, 0, 0, 0]


def test_fixed_thresholds_say_nothing_of_one_value() -> None:
    model = crm.RFMModel(n_bins=3, segments="four", thresholds={"n_orders": [1, 2]}).fit(TEN.assign(n_orders=1))
    assert model.fitted.bin_sizes[1].tolist() == [0, 10, 0]


SALE = table(
    [*range(40, 0, -1)] * 17 + [*range(40, 30, -1)] + [0] * 310,
    [1] * 200 + [2] * 200 + [3] * 200 + [4] * 90 + [5] * 310,
    [*range(1, 1001)],
)
"""A sale on the last day: 31 % of 1,000 customers share the best value of recency and of frequency."""


@pytest.mark.parametrize("scoring", ["independent", "nested"])
def test_the_best_value_has_the_best_score_whoever_shares_it(scoring: Any) -> None:
    model = crm.RFMModel(scoring=scoring).fit(SALE)
    scores = model.score(SALE)
    assert (scores["r_score"] == 5).sum() == 310
    if scoring == "independent":
        assert scores["f_score"].value_counts().sort_index().tolist() == [200, 200, 200, 90, 310]
        assert (model.segment(SALE) == "champions").sum() == 310


@pytest.mark.parametrize("scoring", ["independent", "nested"])
@pytest.mark.parametrize("n_bins", [3, 5, 11])
def test_the_record_says_how_large_each_bin_became(scoring: Any, n_bins: int) -> None:
    model = crm.RFMModel(scoring=scoring, n_bins=n_bins, segments="eight").fit(SALE)
    scores = model.score(SALE)
    for row, name in zip(model.fitted.bin_sizes, ("r_score", "f_score", "m_score"), strict=True):
        assert row.tolist() == [int((scores[name] == score).sum()) for score in range(1, n_bins + 1)]


def test_the_repr_shows_the_sizes_of_the_bins() -> None:
    assert "customers by F score  200 200 200 90 310" in repr(crm.RFMModel().fit(SALE))


@pytest.mark.parametrize("kind", ["polars", "pyarrow", "duckdb", "shuffled"])
def test_every_engine_and_row_order_learns_the_same_cut_points(kind: str) -> None:
    expected = crm.RFMModel().fit(SALE).to_dict()["fitted"]
    other: Any = SALE.sample(frac=1.0, random_state=3)
    if kind == "polars":
        other = pytest.importorskip("polars").from_pandas(other)
    elif kind != "shuffled":
        other = pytest.importorskip("pyarrow").Table.from_pandas(other, preserve_index=False)
    if kind == "duckdb":
        other = pytest.importorskip("duckdb").connect().from_arrow(other)
    assert crm.RFMModel().fit(other).to_dict()["fitted"] == expected


@pytest.mark.parametrize(
    ("labels", "first", "last"),
    [("en", "hibernating", "champions"), ("zh", "沉睡客户", "冠军客户"), ({"champions": "VIP"}, "hibernating", "VIP")],
)
def test_labels_are_in_the_language_asked_for(labels: Any, first: str, last: str) -> None:
    segments = crm.RFMModel(labels=labels).fit(TEN).segment(TEN)
    assert (segments.iloc[0], segments.iloc[-1]) == (first, last)


def test_an_empty_segment_stands_in_the_summary_without_means() -> None:
    summary = crm.RFMModel().fit(TEN).summary(TEN).set_index("segment")
    assert summary.index.tolist() == list(crm.RFMModel().segment_labels())[::-1]
    assert summary.loc["cannot lose", "n_customers"] == 0
    assert summary.loc["cannot lose", "mean_spend"] != summary.loc["cannot lose", "mean_spend"]
    assert summary["share_of_spend"].sum() == pytest.approx(1.0)
    assert summary.loc["champions", ["mean_days_since_last", "mean_n_orders", "mean_spend"]].tolist() == [5.0, 6.5, 495.0]


def test_who_is_exactly_average_is_not_high_in_any_unit_of_money() -> None:
    table = pd.DataFrame({"customer_id": ["a", "b", "c"], "days_since_last": 5, "n_orders": 1, "spend": [0.31, 16.1, 31.89]})
    model = crm.RFMModel(segments="eight", n_bins=2)
    with pytest.warns(crm.OneValueWarning):
        by_unit = [
            model.fit(table.assign(spend=spend)).segment(table.assign(spend=spend)).tolist()
            for spend in (table["spend"], [31, 1610, 3189])
        ]
    assert by_unit[0] == by_unit[1] == ["win-back", "win-back", "key win-back"]


@pytest.mark.filterwarnings("ignore::crmmodels.OneValueWarning")
def test_who_is_exactly_at_a_threshold_is_above_it() -> None:
    table = pd.DataFrame(
        {"customer_id": ["a", "b", "c"], "days_since_last": [1, 2, 3], "n_orders": 3, "spend": [20.0, 10.0, 30.0]}
    )
    model = crm.RFMModel(monetary="mean", n_bins=2, thresholds={"spend": [20 / 3]}, segments="eight").fit(table)
    assert model.score(table)["m_score"].tolist() == [2, 1, 2]


def test_tables_in_another_order_are_other_models() -> None:
    cells = {"11": "lo", "12": "lo", "21": "hi", "22": "hi"}
    one, other = (crm.RFMModel(n_bins=2, segments=mapping) for mapping in (cells, dict(reversed(cells.items()))))
    assert one.segment_labels() != other.segment_labels()
    assert one != other
    assert crm.RFMModel.from_dict(one.to_dict()) == one


def test_numbers_of_extended_precision_are_refused_as_weights() -> None:
    with pytest.raises(crm.ParameterError):
        crm.RFMModel(weights=(np.longdouble(1), 1, 1))
