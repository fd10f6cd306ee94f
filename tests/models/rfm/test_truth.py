"""RFMModel on the order data of the R package rfm (995 customers), against that data's published counts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import crmmodels as crm

ORDERS = Path(__file__).resolve().parents[4] / "shared" / "data" / "rfm_orders.csv"
pytestmark = pytest.mark.skipif(not ORDERS.exists(), reason="the order file of the R package rfm is not beside the checkout")

AS_OF = "2006-12-31"
# Order 000, 001, 010, 011, 100, 101, 110, 111 of the bits (recent, frequent, large).
BITS = ["win-back", "key win-back", "keep", "key keep", "develop", "key develop", "value", "key value"]
BY_MEAN = [222, 28, 39, 125, 185, 20, 102, 274]
BY_MEDIAN = [276, 95, 17, 111, 188, 72, 20, 216]


@pytest.fixture(scope="module")
def lines() -> pd.DataFrame:
    return pd.read_csv(ORDERS, parse_dates=["order_date"])


@pytest.fixture(scope="module")
def orders(lines: pd.DataFrame) -> crm.Orders:
    return crm.Orders(lines, customer="customer_id", time="order_date", amount="revenue")


@pytest.fixture(scope="module")
def customers(orders: crm.Orders) -> pd.DataFrame:
    return orders.customers(as_of=AS_OF)


def test_the_log_has_995_customers(customers: pd.DataFrame) -> None:
    assert (len(customers), customers["n_orders"].sum(), customers["spend"].sum()) == (995, 4906, 464_158)


def test_the_measures_agree_with_groupby(lines: pd.DataFrame, customers: pd.DataFrame) -> None:
    grouped = lines.groupby("customer_id")
    found = customers.set_index("customer_id")
    expected = pd.DataFrame(
        {
            "days_since_last": (pd.Timestamp(AS_OF) - grouped["order_date"].max()).dt.days,
            "n_orders": grouped.size(),
            "spend": grouped["revenue"].sum(),
        }
    )
    for name, column in expected.items():
        np.testing.assert_array_equal(found[str(name)].reindex(expected.index), column)


@pytest.mark.parametrize(("threshold", "expected"), [("mean", BY_MEAN), ("median", BY_MEDIAN)])
def test_the_eight_classes_have_the_published_sizes(customers: pd.DataFrame, threshold: str, expected: list[int]) -> None:
    model = crm.RFMModel(segments="eight", threshold=threshold).fit(customers)  # type: ignore[arg-type]
    counts = model.segment(customers).value_counts()
    assert [counts[name] for name in BITS] == expected


def test_frequency_falls_into_the_bins_of_the_tie_rule(customers: pd.DataFrame) -> None:
    scores = crm.RFMModel().fit(customers).score(customers)
    assert scores["f_score"].value_counts().sort_index().tolist() == [268, 187, 176, 244, 120]


@pytest.mark.parametrize("column", ["r_score", "f_score", "m_score"])
def test_scores_agree_with_lowest_ranks(customers: pd.DataFrame, column: str) -> None:
    source = {"r_score": -customers["days_since_last"], "f_score": customers["n_orders"], "m_score": customers["spend"]}
    below = source[column].rank(method="min").astype(int) - 1
    found = crm.RFMModel().fit(customers).score(customers)[column]
    np.testing.assert_array_equal(found, 1 + 5 * below // len(customers))


@pytest.mark.filterwarnings("ignore::crmmodels.StrayDateWarning")
def test_the_order_log_is_answered_like_its_table(orders: crm.Orders) -> None:
    customers = orders.customers()
    model = crm.RFMModel().fit(orders)
    by_key = model.segment(orders)
    assert by_key.index.name == "customer_id"
    np.testing.assert_array_equal(by_key.reindex(customers["customer_id"]), model.segment(customers))


@pytest.mark.parametrize("segments", ["ten", "eight", "four"])
def test_migration_between_two_dates_agrees_with_crosstab(orders: crm.Orders, segments: str) -> None:
    before, after = orders.customers(as_of="2005-12-31"), orders.customers(as_of=AS_OF)
    model = crm.RFMModel(segments=segments)
    migration = model.migration(before, after)
    fitted = crm.RFMModel(segments=segments).fit(before)
    was = fitted.segment(before.set_index("customer_id"))
    now = fitted.segment(after.set_index("customer_id"))
    both = was.index.intersection(now.index)
    labels = list(model.segment_labels())
    expected = pd.crosstab(was.loc[both].to_numpy(), now.loc[both].to_numpy()).reindex(
        index=labels, columns=labels, fill_value=0
    )
    np.testing.assert_array_equal(migration.counts, expected)
    assert migration.counts.to_numpy().sum() + migration.arrived.sum() == len(after)
    assert migration.counts.to_numpy().sum() + migration.departed.sum() == len(before)
    assert not model.is_fitted


def test_summary_agrees_with_groupby(customers: pd.DataFrame) -> None:
    model = crm.RFMModel().fit(customers)
    summary = model.summary(customers).set_index("segment")
    grouped = customers.groupby(np.asarray(model.segment(customers)))
    assert summary["n_customers"].to_dict() == grouped.size().to_dict()
    for name in ("days_since_last", "n_orders", "spend"):
        expected = grouped[name].mean().reindex(summary.index)
        np.testing.assert_allclose(summary[f"mean_{name}"], expected, rtol=1e-12)
    np.testing.assert_allclose(summary["share_of_spend"], (grouped["spend"].sum() / 464_158).reindex(summary.index), rtol=1e-12)
    np.testing.assert_allclose(summary["share_of_customers"], summary["n_customers"] / 995, rtol=1e-15)
