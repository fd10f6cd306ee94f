from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import polars as pl
import pytest
from matplotlib.colors import to_hex

import crmmodels as crm
from crmmodels.data.accounts.customer_base import CustomerBase
from crmmodels.data.accounts.referrals import CustomerCosts, Referrals
from crmmodels.data.simulate import simulate_retailer
from crmmodels.models.clv.model import CLVModel
from crmmodels.plotting.drawing.figure import BLUE, GREY, ORANGE
from crmmodels.plotting.value.waterfall import plot_waterfall

NAMES = [f"clv{k}" for k in range(1, 7)]


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


def steps(ax):
    """Start and end of each of the seven steps."""
    return np.array([[bar.get_x(), bar.get_x() + bar.get_width()] for bar in ax.patches[:7]])


def assert_waterfall(ax, parts):
    ends = np.cumsum(np.asarray(parts, np.float64))
    found = steps(ax)
    np.testing.assert_allclose(found[:6, 1], ends, rtol=0, atol=1e-9 * max(1.0, np.abs(ends).max()))
    np.testing.assert_allclose(found[:6, 0], [0.0, *ends[:-1]], rtol=0, atol=1e-9 * max(1.0, np.abs(ends).max()))
    assert found[6].tolist() == [0.0, pytest.approx(ends[-1])]
    low, high = ax.get_xlim()
    assert low <= found.min()
    assert found.max() <= high


def texts(ax):
    """Words beside the steps, from top to bottom."""
    return [words.get_text() for words in ax.texts]


def test_steps_are_the_means_of_the_scores(clv_base, clv_model, drawn):
    ax = drawn(plot_waterfall(clv_model, clv_base))
    scores = clv_model.score(clv_base)
    assert_waterfall(ax, scores[NAMES].mean())
    assert ax.get_title() == f"Mean of {len(scores)} customers"
    assert ax.get_xlabel() == "CLV (contribution)"
    assert [bar.get_y() + bar.get_height() / 2 for bar in ax.patches[:7]] == pytest.approx(range(7))
    assert ax.get_ylim()[0] > ax.get_ylim()[1]


def test_the_sum_is_that_of_customer_equity(clv_base, clv_model):
    ax = plot_waterfall(clv_model, clv_base, total=True)
    equity = clv_model.customer_equity(clv_base)
    assert_waterfall(ax, equity[NAMES])
    assert steps(ax)[6, 1] == pytest.approx(equity["sum_of_clv"])
    assert ax.get_title().startswith("Sum over ")


@pytest.mark.parametrize("total", [False, True])
def test_a_segment_is_drawn_by_itself(clv_base, clv_model, total):
    scores = clv_model.score(clv_base)[clv_model.segment(clv_base) == "gold"]
    ax = plot_waterfall(clv_model, clv_base, segment="gold", total=total)
    assert_waterfall(ax, scores[NAMES].sum() / (1 if total else len(scores)))
    assert ax.get_title() == f"{'Sum over' if total else 'Mean of'} {len(scores)} customers: gold"


def test_one_customer_is_drawn_with_gains_and_losses(clv_base, clv_model, drawn):
    scores = clv_model.score(clv_base)
    who = scores["clv"].idxmin()
    ax = drawn(plot_waterfall(clv_model, clv_base, customer=who))
    row = scores.loc[who, NAMES]
    assert_waterfall(ax, row)
    assert row.min() < 0
    colours = [to_hex(bar.get_facecolor()) for bar in ax.patches[:7]]
    assert colours == [*(BLUE.lower() if part >= 0 else ORANGE.lower() for part in row), GREY.lower()]
    assert ax.get_title() == f"Customer {who}"
    assert [words.get_text() for words in ax.get_legend().get_texts()] == ["gain", "loss", "total"]
    assert ax.get_xlim()[0] < steps(ax).min()
    for words, part in zip(texts(ax)[:6], row, strict=True):
        assert float(words) == pytest.approx(part, abs=0.006)
        assert words[0] == ("-" if part < 0 else "+")
    assert float(texts(ax)[6]) == pytest.approx(scores.loc[who, "clv"], abs=0.006)


def test_without_losses_there_is_no_legend():
    accounts = CLVModel.example(n_customers=300, seed=1)
    assert plot_waterfall(CLVModel(n_draws=2).fit(accounts), accounts).get_legend() is None


def test_words_do_not_leave_the_axes(clv_base, clv_model, drawn):
    for size in ((7.6, 4.4), (3.0, 2.4)):
        _, ax = plt.subplots(figsize=size, layout="constrained")
        drawn(plot_waterfall(clv_model, clv_base, ax=ax))
        assert all(words.get_window_extent().x1 <= ax.bbox.x1 for words in ax.texts)


def test_components_that_are_not_identified_say_so(plain_orders, drawn):
    model = CLVModel(n_draws=2).fit(plain_orders)
    ax = drawn(plot_waterfall(model, plain_orders))
    assert texts(ax)[2:6] == ["not identified"] * 4
    assert texts(ax)[0].endswith(", before acquisition cost")
    assert "," not in texts(ax)[1]
    assert [bar.get_hatch() is not None for bar in ax.patches[:7]] == [True, False, True, True, True, True, False]
    assert len(ax.patches) == 11
    assert_waterfall(ax, model.score(plain_orders)[NAMES].mean())
    assert ax.get_xlabel() == "CLV (revenue)"


def test_money_of_a_poorer_log_than_that_of_the_fit_is_not_drawn(clv_base, clv_model):
    with pytest.raises(crm.DataError, match="it lacks acquisition_costs, referrals, service_costs"):
        plot_waterfall(clv_model, clv_base.orders)


def test_narrow_axes_name_components_by_number(clv_base, clv_model, drawn):
    wide = drawn(plot_waterfall(clv_model, clv_base))
    assert wide.get_yticklabels()[2].get_text() == "CLV3 cross-selling"
    _, axes = plt.subplots(1, 4, figsize=(9, 3), layout="constrained")
    narrow = drawn(plot_waterfall(clv_model, clv_base, ax=axes[1]))
    assert [label.get_text() for label in narrow.get_yticklabels()] == [*(name.upper() for name in NAMES), "CLV"]


def test_other_kinds_and_names_of_customers_will_do(drawn):
    accounts = CLVModel.example(n_customers=300, seed=1)
    named = accounts.assign(customer_id=[f"c{k}" for k in range(300)])
    model = CLVModel(n_draws=2).fit(named)
    score = model.score(named)[NAMES].iloc[7]
    for data in (named, named.set_index("customer_id"), pl.from_pandas(named), pl.from_pandas(named).lazy()):
        assert_waterfall(plot_waterfall(model, data, customer="c7"), score)
    numbered = accounts.assign(customer_id=range(300))
    assert_waterfall(plot_waterfall(model, numbered, customer=np.int64(7)), score)


def test_nothing_at_all_can_be_drawn(drawn):
    accounts = CLVModel.example(n_customers=300, seed=1)
    model = CLVModel(n_draws=2).fit(accounts)
    lone = accounts.iloc[:1].copy()
    lone[lone.columns.difference(["customer_id", "age"])] = 0.0
    ax = drawn(plot_waterfall(model, lone))
    assert_waterfall(ax, model.score(lone)[NAMES].iloc[0])


def test_other_arguments_are_refused(clv_base, clv_model):
    with pytest.raises(crm.ParameterError, match=r"\(customer=...\) must be a customer of these data; got 'nobody'"):
        plot_waterfall(clv_model, clv_base, customer="nobody")
    for other in (True, [1], np.array([1, 2]), "1", pd.NA):
        with pytest.raises(crm.ParameterError, match=r"\(customer=...\) must be a customer of these data"):
            plot_waterfall(clv_model, clv_base, customer=other)
    with pytest.raises(
        crm.ParameterError, match=r"\(segment=...\) must be one of 'bronze', 'silver', 'gold', 'platinum'; got 'tin'"
    ):
        plot_waterfall(clv_model, clv_base, segment="tin")
    with pytest.raises(crm.ParameterError, match=r"\(segment=...\) must be None where a customer is given; got 'gold'"):
        plot_waterfall(clv_model, clv_base, segment="gold", customer=1)
    with pytest.raises(crm.ParameterError, match=r"\(total=...\) must be True or False; got 'sum'"):
        plot_waterfall(clv_model, clv_base, total="sum")
    accounts = clv_model.accounts(clv_base)
    alone = accounts[accounts["referrer_id"].isna()].iloc[:1]
    empty = next(label for label in clv_model.segment_labels() if label != clv_model.segment(alone).iloc[0])
    with pytest.raises(crm.ParameterError, match=rf"\(segment=...\) must be a segment that .* are in; got '{empty}'"):
        plot_waterfall(clv_model, alone, segment=empty)


def test_names_are_drawn_as_they_are(with_han_font, drawn):
    accounts = CLVModel.example(n_customers=300, seed=1)
    named = accounts.assign(customer_id=["王芳 $x$", *(f"c{k}" for k in range(299))])
    model = CLVModel(n_draws=2).fit(named)
    assert drawn(plot_waterfall(model, named, customer="王芳 $x$")).get_title() == "Customer 王芳 $x$"


def test_names_without_characters_are_not_drawn_as_boxes(without_han_font, drawn):
    accounts = CLVModel.example(n_customers=300, seed=1)
    named = accounts.assign(customer_id=["王芳", *(f"c{k}" for k in range(299))])
    model = CLVModel(n_draws=2).fit(named)
    with pytest.warns(crm.MissingGlyphWarning, match="^plot_waterfall: "):
        ax = drawn(plot_waterfall(model, named, customer="王芳"))
    assert ax.get_title() == "Customer ?"
