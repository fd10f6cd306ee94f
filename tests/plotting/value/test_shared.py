"""What all plots of customer lifetime value keep to, and what they share."""

from __future__ import annotations

import sys

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import crmmodels as crm
from crmmodels.data.accounts.customer_base import CustomerBase
from crmmodels.data.accounts.referrals import CustomerCosts, Referrals
from crmmodels.data.simulate import simulate_retailer
from crmmodels.models.clv.model import CLVModel
from crmmodels.plotting.value.claims import plot_claims
from crmmodels.plotting.value.cohorts import plot_value_by_cohort
from crmmodels.plotting.value.distribution import plot_value_distribution
from crmmodels.plotting.value.realised import plot_realised_future
from crmmodels.plotting.value.shared import amount, decimals_for, shown_range, tier_colours, values_of
from crmmodels.plotting.value.waterfall import plot_waterfall

PLOTS = {
    plot.__name__: plot
    for plot in (plot_claims, plot_realised_future, plot_value_by_cohort, plot_value_distribution, plot_waterfall)
}


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


@pytest.fixture(scope="module")
def plain_orders(clv_base):
    return crm.Orders(clv_base.orders.frame, customer="customer_id", time="date", amount="amount")


def words_of(ax):
    words = [ax.title, ax.xaxis.label, ax.yaxis.label, *ax.texts, *ax.get_xticklabels(), *ax.get_yticklabels()]
    return words + (list(ax.get_legend().get_texts()) if ax.get_legend() else [])


@pytest.mark.parametrize("name", PLOTS)
def test_without_matplotlib_the_command_that_installs_it_is_told(name, clv_base, clv_model, monkeypatch):
    for module in [module for module in sys.modules if module.partition(".")[0] == "matplotlib"]:
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(crm.MissingDependencyError, match=rf"^{name} needs the package 'matplotlib'"):
        PLOTS[name](clv_model, clv_base)


@pytest.mark.parametrize("name", PLOTS)
def test_given_axes_are_drawn_into_and_their_figure_keeps_its_size(name, clv_base, clv_model, drawn):
    figure, ax = plt.subplots(figsize=(3, 2.4))
    assert PLOTS[name](clv_model, clv_base, ax=ax) is ax
    drawn(ax)
    assert figure.get_size_inches().tolist() == [3, 2.4]
    assert plt.get_fignums() == [figure.number]


@pytest.mark.parametrize("name", PLOTS)
def test_small_panels_can_be_drawn(name, clv_base, clv_model, drawn):
    _, axes = plt.subplots(2, 3, figsize=(9, 6), layout="constrained")
    ax = drawn(PLOTS[name](clv_model, clv_base, ax=axes[0, 1]))
    assert ax.get_title()


@pytest.mark.parametrize("name", PLOTS)
def test_chinese_labels_make_chinese_plots(name, clv_base, clv_model, with_han_font, drawn):
    document = clv_model.to_dict()
    model = CLVModel.from_dict(document | {"parameters": document["parameters"] | {"labels": "zh"}})
    ax = drawn(PLOTS[name](model, clv_base))
    assert any("\u4e00" <= letter <= "\u9fff" for letter in ax.get_title())
    for words in words_of(ax):
        if any("\u4e00" <= letter <= "\u9fff" for letter in words.get_text()):
            assert with_han_font in words.get_fontfamily(), words.get_text()


@pytest.mark.parametrize("name", PLOTS)
def test_without_a_font_plots_are_english(name, clv_base, clv_model, without_han_font, drawn):
    document = clv_model.to_dict()
    model = CLVModel.from_dict(document | {"parameters": document["parameters"] | {"labels": "zh"}})
    with pytest.warns(crm.MissingGlyphWarning, match=f"^{name}: ") as caught:
        ax = PLOTS[name](model, clv_base)
    assert [warning.filename for warning in caught] == [__file__]
    drawn(ax)
    assert all(words.get_text().isascii() or "−" in words.get_text() for words in words_of(ax))


@pytest.mark.parametrize("name", PLOTS)
def test_other_models_are_refused(name, clv_base):
    other = crm.NBDModel(horizon=39)
    must = "a CLVModel" if name == "plot_claims" else "a fitted CLVModel"
    with pytest.raises(crm.ParameterError, match=rf"^{name}\(model=...\) must be {must}; got <class .*NBDModel'>"):
        PLOTS[name](other, clv_base)
    assert plt.get_fignums() == []


@pytest.mark.parametrize("name", sorted(PLOTS.keys() - {"plot_claims"}))
def test_models_have_to_be_fitted(name, clv_base):
    with pytest.raises(crm.NotFittedError, match=f"so {name} has nothing"):
        PLOTS[name](CLVModel(), clv_base)


@pytest.mark.parametrize("name", ["plot_realised_future", "plot_value_distribution", "plot_waterfall"])
def test_tables_without_accounts_are_refused(name, clv_model):
    with pytest.raises(crm.DataError, match=r"columns 'frequency', 'age_at_last', 'age', .* are missing"):
        PLOTS[name](clv_model, pd.DataFrame({"customer_id": [1, 2]}))
    with pytest.raises(crm.DataError, match="expected a dataframe"):
        PLOTS[name](clv_model, 3)


@pytest.mark.parametrize("name", ["plot_claims", "plot_value_by_cohort"])
def test_accounts_do_not_say_when_orders_were(name, clv_base, clv_model):
    with pytest.raises(crm.ParameterError, match=rf"^{name}\(data=...\) must be an order log .*; got 'DataFrame'"):
        PLOTS[name](clv_model, clv_model.accounts(clv_base))


def test_values_are_those_of_the_scores(clv_base, clv_model):
    found = values_of("a plot", clv_model, clv_base)
    scores, parts = clv_model.score(clv_base), clv_model.components(clv_base)
    assert found.customers == scores.index.tolist()
    np.testing.assert_array_equal(found.clv, scores["clv"])
    np.testing.assert_allclose(found.realised.sum(axis=0), scores["realised"], rtol=0, atol=1e-9)
    np.testing.assert_array_equal(found.future, parts[[f"clv{k}_future" for k in range(1, 7)]].to_numpy().T)
    labels = np.array(clv_model.segment_labels())
    assert labels[found.tier].tolist() == clv_model.segment(clv_base).tolist()


def test_standing_is_that_of_the_fit_and_of_the_data(clv_base, clv_model, plain_orders):
    names = [f"clv{k}" for k in range(1, 7)]
    whole = values_of("a plot", clv_model, clv_base)
    assert [whole.standing[name] for name in names] == ["identified"] * 6
    assert whole.basis == "contribution"
    with pytest.raises(
        crm.DataError, match="it lacks acquisition_costs, referrals, service_costs, which the model was fitted with"
    ):
        values_of("a plot", clv_model, clv_base.orders)
    poor_model = CLVModel(n_draws=2).fit(plain_orders)
    poor = values_of("a plot", poor_model, plain_orders)
    assert [poor.standing[name] for name in names] == ["gross", "identified", *["missing"] * 4]
    assert poor.basis == "revenue"
    assert values_of("a plot", CLVModel(n_draws=2, margin=0.3).fit(plain_orders), plain_orders).basis == "margin"
    of_poor_model = values_of("a plot", poor_model, clv_base)
    assert [of_poor_model.standing[name] for name in names] == ["gross", "identified", *["missing"] * 4]


def test_accounts_tell_by_their_columns_what_they_hold(clv_base, clv_model):
    accounts = CLVModel.example(n_customers=300, seed=1)
    model = CLVModel(n_draws=2).fit(accounts)
    found = values_of("a plot", model, accounts)
    assert {name for name, standing in found.standing.items() if standing == "missing"} == {"clv5"}
    assert found.standing["clv1"] == "gross"
    assert found.basis == "money"
    whole = values_of("a plot", model, clv_model.accounts(clv_base))
    assert set(whole.standing.values()) == {"identified"}


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60))
def test_the_range_shown_holds_at_least_98_in_100(values):
    low, high = shown_range(np.array(values))
    assert low < high
    inside = sum(low <= value <= high for value in values)
    assert len(values) - inside <= 2 * (0.01 * len(values) + 1)


def test_only_far_tails_are_cut_off():
    assert shown_range(np.arange(1001.0)) == (0.0, 1000.0)
    low, high = shown_range(np.append(np.arange(1000.0), 1e6))
    assert (low, high) == (0.0, 990.0)
    assert shown_range(np.full(5, 7.0)) == (6.5, 7.5)


@pytest.mark.parametrize(
    ("value", "decimals", "signed", "words"),
    [
        (1234.5, 0, False, "1,234"),
        (12.34, 2, True, "+12.34"),
        (-0.004, 2, True, "0"),
        (-3.0, 1, True, "-3.0"),
        (0.0, 2, True, "0"),
    ],
)
def test_amounts(value, decimals, signed, words):
    assert amount(value, decimals, signed=signed) == words


@pytest.mark.parametrize(("largest", "decimals"), [(4535.0, 0), (313.0, 1), (-20.0, 2), (0.0, 0), (1e9, 0), (0.05, 5)])
def test_the_largest_amount_has_four_digits(largest, decimals):
    assert decimals_for(np.array([largest, 0.0])) == decimals


def test_better_tiers_are_darker():
    lightness = [sum(colour[:3]) for colour in tier_colours(5)]
    assert (np.diff(lightness) < 0).all()
