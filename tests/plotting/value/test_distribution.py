from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_rgba

import crmmodels as crm
from crmmodels.data.accounts.customer_base import CustomerBase
from crmmodels.data.accounts.referrals import CustomerCosts, Referrals
from crmmodels.data.simulate import simulate_retailer
from crmmodels.models.clv.model import CLVModel
from crmmodels.plotting.value.distribution import plot_value_distribution
from crmmodels.plotting.value.shared import tier_colours


@pytest.fixture(scope="module")
def clv_base():
    retailer = simulate_retailer(300, 0)
    roles = ("order_id", "quantity", "list_price", "unit_cost", "category", "sku", "channel", "service_cost")
    orders = crm.Orders(
        retailer.lines, customer="customer_id", time="date", amount="amount", **dict(zip(roles, roles, strict=True))
    )
    costs = {"customer": "customer_id", "cost": "cost"}
    return CustomerBase(
        orders,
        referrals=Referrals(retailer.referrals, referrer="referrer", referee="referee", time="date", reward="reward"),
        acquisition_costs=CustomerCosts(retailer.acquisition_costs, **costs),
        service_costs=CustomerCosts(retailer.service_costs, **costs, time="date"),
    )


@pytest.fixture(scope="module")
def clv_model(clv_base):
    return CLVModel(n_draws=5).fit(clv_base)


def heights(ax):
    """Customers by tier and class."""
    return np.array([[bar.get_height() for bar in tier] for tier in ax.containers])


def edges(ax):
    bars = list(ax.containers[0])
    return np.array([*(bar.get_x() for bar in bars), ax.get_xlim()[1]])


def test_bars_count_the_customers_of_each_tier(clv_base, clv_model, drawn):
    ax = drawn(plot_value_distribution(clv_model, clv_base))
    clv, tier = clv_model.score(clv_base)["clv"].to_numpy(), clv_model.segment(clv_base).cat.codes.to_numpy()
    bounds = edges(ax)
    for k, found in enumerate(heights(ax)):
        for low, high, height in zip(bounds[:-1], bounds[1:], found, strict=True):
            last = high == bounds[-1]
            assert height == ((tier == k) & (clv >= low) & ((clv <= high) if last else (clv < high))).sum()
    tops = np.array([[bar.get_y() for bar in bars] for bars in ax.containers])
    np.testing.assert_array_equal(tops, np.cumsum(heights(ax), axis=0) - heights(ax))
    for bars, colour in zip(ax.containers, tier_colours(4), strict=True):
        assert {bar.get_facecolor() for bar in bars} == {to_rgba(colour)}


def test_far_tails_are_told(clv_base, clv_model):
    accounts = clv_model.accounts(clv_base)
    accounts.loc[[3, 7], "first_contribution"] = [1e5, -2e4]
    ax = plot_value_distribution(clv_model, accounts)
    clv = clv_model.score(accounts)["clv"]
    left = len(clv) - int(heights(ax).sum())
    assert 0 < left <= 0.03 * len(clv)
    money, note = ax.get_xlabel().split("\n", 1)
    assert money == "CLV (contribution)"
    far = clv[(clv < edges(ax)[0]) | (clv > edges(ax)[-1])]
    assert len(far) == left
    assert note.replace("\n", " ").startswith(f"Not drawn: {left} of {len(clv)} customers, whose values lie between ")
    low, high = note.replace("\n", " ").replace(",", "").split(" between ")[1].split(" and ")
    assert (float(low), float(high)) == pytest.approx((far.min(), far.max()), abs=1)


def test_everybody_is_drawn_where_bounds_say_so(clv_base, clv_model):
    clv = clv_model.score(clv_base)["clv"]
    given = [float(clv.min()), 50.0, float(clv.max())]
    ax = plot_value_distribution(clv_model, clv_base, bins=given)
    assert heights(ax).sum() == len(clv)
    assert heights(ax).sum(axis=0).tolist() == [(clv < 50).sum(), (clv >= 50).sum()]
    assert ax.get_xlabel() == "CLV (contribution)"
    assert ax.get_xlim() == (given[0], given[-1])


def test_the_mean_and_its_limits_are_those_of_the_draws(clv_base, clv_model):
    ax = plot_value_distribution(clv_model, clv_base)
    drawn_means = clv_model.sample(clv_base).components.sum(axis=1).mean(axis=1)
    low, high = np.quantile(drawn_means, [0.025, 0.975])
    band = ax.patches[-1]
    assert (band.get_x(), band.get_x() + band.get_width()) == pytest.approx((low, high))
    mean = clv_model.score(clv_base)["clv"].mean()
    assert ax.lines[-1].get_xdata()[0] == pytest.approx(mean)
    title = ax.get_title().replace("\n", " ")
    assert title == f"CLV of {len(clv_model.score(clv_base))} customers: mean {mean:.1f} (95%: {low:.1f} to {high:.1f})"


def test_bounds_are_those_of_the_fit(clv_base, clv_model):
    ax = plot_value_distribution(clv_model, clv_base)
    assert [line.get_xdata()[0] for line in ax.lines[:-1]] == clv_model.fitted.tier_bounds.tolist()
    names = [entry.get_text() for entry in ax.get_legend().get_texts()]
    assert names == ["bronze", "silver", "gold", "platinum", "bounds of tiers", "mean"]


def test_many_tiers_are_named_by_the_worst_and_the_best(drawn):
    accounts = CLVModel.example(n_customers=300, seed=1)
    model = CLVModel(n_draws=2, tiers=(*range(10, 200, 10), 10_000)).fit(accounts)
    ax = drawn(plot_value_distribution(model, accounts))
    names = [entry.get_text() for entry in ax.get_legend().get_texts()]
    assert names == ["tier 21", "tier 1", "bounds of tiers", "mean"]
    assert 10_000 not in [line.get_xdata()[0] for line in ax.lines]


def test_equal_customers_can_be_drawn(drawn):
    accounts = CLVModel.example(n_customers=300, seed=1)
    model = CLVModel(n_draws=2).fit(accounts)
    same = accounts.iloc[[0] * 4].assign(customer_id=range(4))
    ax = drawn(plot_value_distribution(model, same))
    assert heights(ax).sum() == 4


def test_classes_can_be_counted(clv_base, clv_model):
    ax = plot_value_distribution(clv_model, clv_base, bins=7)
    assert len(edges(ax)) == 8
    np.testing.assert_allclose(np.diff(edges(ax)), np.diff(edges(ax))[0])


@pytest.mark.parametrize("bins", [0, 1001, 2.5, True, [1.0], [2.0, 1.0], [1.0, np.nan], "many"])
def test_other_bins_are_refused(clv_base, clv_model, bins):
    must = "a whole number from 1 to 1,000, or ascending bounds"
    with pytest.raises(crm.ParameterError, match=rf"^plot_value_distribution\(bins=...\) must be {must}; got "):
        plot_value_distribution(clv_model, clv_base, bins=bins)
