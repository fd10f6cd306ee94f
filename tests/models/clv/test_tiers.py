"""Tiers of value: bounds, labels, the table of segments, and their summary."""

from __future__ import annotations

import math

import numpy as np
import pytest

from crmmodels.data.accounts.customer_base import CustomerBase
from crmmodels.data.accounts.referrals import CustomerCosts, Referrals
from crmmodels.data.orders.orders import Orders
from crmmodels.data.simulate import Retailer, simulate_retailer
from crmmodels.exceptions import ParameterError
from crmmodels.models.clv.model import CLVModel
from crmmodels.models.clv.record import COMPONENTS

ROLES = ("order_id", "quantity", "list_price", "unit_cost", "category", "sku", "channel", "service_cost")


def base_of(retailer: Retailer) -> CustomerBase:
    orders = Orders(
        retailer.lines,
        customer="customer_id",
        time="date",
        amount="amount",
        until=retailer.as_of,
        **{role: role for role in ROLES},
    )
    return CustomerBase(
        orders,
        Referrals(retailer.referrals, referrer="referrer", referee="referee", time="date", reward="reward"),
        CustomerCosts(retailer.acquisition_costs, customer="customer_id", cost="cost"),
        CustomerCosts(retailer.service_costs, customer="customer_id", cost="cost", time="date"),
    )


@pytest.fixture(scope="module")
def base() -> CustomerBase:
    return base_of(simulate_retailer(400, 5))


@pytest.fixture(scope="module")
def fitted(base: CustomerBase) -> CLVModel:
    return CLVModel(n_draws=40).fit(base)


def test_quartiles(base, fitted):
    segments, scores = fitted.segment(base), fitted.score(base)
    assert segments.cat.categories.tolist() == ["bronze", "silver", "gold", "platinum"]
    assert segments.cat.ordered
    sizes = segments.value_counts()
    assert sizes.max() - sizes.min() <= 2
    means = scores.groupby(segments, observed=True)["clv"].agg(["min", "max"])
    assert (means["min"].to_numpy()[1:] >= means["max"].to_numpy()[:-1]).all()


def test_abc(base):
    model = CLVModel(n_draws=2, tiers="abc").fit(base)
    segments, clv = model.segment(base), model.score(base)["clv"]
    assert segments.cat.categories.tolist() == ["C", "B", "A"]
    total = clv.clip(lower=0).sum()
    in_a, in_b = (clv[segments == name].clip(lower=0).sum() for name in "AB")
    largest = clv.max()
    assert 0.8 * total <= in_a <= 0.8 * total + largest
    assert 0.95 * total <= in_a + in_b <= 0.95 * total + largest


def test_money(base):
    model = CLVModel(n_draws=2, tiers=[0, 100.0, 300.0]).fit(base)
    segments, clv = model.segment(base), model.score(base)["clv"]
    assert segments.cat.categories.tolist() == ["tier 4", "tier 3", "tier 2", "tier 1"]
    expected = np.searchsorted([0, 100.0, 300.0], clv, side="right")
    assert segments.cat.codes.tolist() == expected.tolist()


def test_new_customers_are_held_against_the_old_bounds(fitted):
    accounts = CLVModel.example(40, 7).set_index("customer_id")
    poor = accounts * 0.0 + accounts[["frequency", "age_at_last", "age"]].reindex(columns=accounts.columns, fill_value=0.0)
    poor = poor.assign(frequency=0.0, age_at_last=0.0)
    assert set(fitted.segment(poor)) <= {"bronze", "silver"}


def test_labels(base):
    assert CLVModel(labels="zh").segment_labels() == ("青铜", "白银", "黄金", "铂金")
    assert CLVModel(labels="zh", tiers="abc").segment_labels() == ("C", "B", "A")
    assert CLVModel(labels={"gold": "or"}).segment_labels() == ("bronze", "silver", "or", "platinum")
    with pytest.raises(ParameterError):
        CLVModel(labels={"A": "best"})


def test_numbered_tiers_in_chinese():
    assert CLVModel(labels="zh", tiers=[0.0, 10.0]).segment_labels() == ("第3级", "第2级", "第1级")
    assert CLVModel(labels={"tier 1": "top"}, tiers=[0.0]).segment_labels() == ("tier 2", "top")
    with pytest.raises(ParameterError, match="tells all segments apart"):
        CLVModel(labels={"tier 1": "tier 2"}, tiers=[0.0])


@pytest.mark.parametrize("tiers", ["quartiles", "abc", (0.0, 100.0, 300.0)])
def test_the_table_of_tiers_is_total_and_disjoint(base, tiers):
    model = CLVModel(n_draws=2, tiers=tiers, labels="zh").fit(base)
    table = model.segment_table()
    assert table.columns.tolist() == ["segment", "at_least", "below"]
    assert table["segment"].tolist() == list(model.segment_labels())[::-1]
    assert table["below"].iloc[0] == math.inf
    assert table["at_least"].iloc[-1] == -math.inf
    assert table["at_least"].tolist()[:-1] == table["below"].tolist()[1:]
    clv, segments = model.score(base)["clv"].to_numpy(), model.segment(base).astype(str).to_numpy()
    within = (clv[:, None] >= table["at_least"].to_numpy()) & (clv[:, None] < table["below"].to_numpy())
    assert (within.sum(axis=1) == 1).all()
    assert table["segment"].to_numpy()[within.argmax(axis=1)].tolist() == segments.tolist()


def test_summary_adds_up(base, fitted):
    summary, scores = fitted.summary(base), fitted.score(base)
    assert summary["segment"].tolist() == ["platinum", "gold", "silver", "bronze"]
    assert summary["clv"].sum() == pytest.approx(scores["clv"].sum())
    for name in COMPONENTS:
        assert (summary[f"mean_{name}"] * summary["n_customers"]).sum() == pytest.approx(scores[name].sum())
