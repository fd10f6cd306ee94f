from __future__ import annotations

import datetime as dt

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import polars as pl
import pytest
from matplotlib.colors import to_hex
from matplotlib.dates import num2date

import crmmodels as crm
from crmmodels import plotting
from crmmodels.plotting.lifecycle.shared import STAGE_COLOURS

PROBABILITIES = ["probability_exploration", "probability_build_up", "probability_stable", "probability_decline"]


@pytest.fixture(scope="module")
def panel():
    return crm.LifecycleModel.example(n_customers=120, seed=3)


@pytest.fixture(scope="module")
def model(panel):
    return crm.LifecycleModel(n_starts=1).fit(panel)


def heights(ax):
    return np.array([[bar.get_height() for bar in bars] for bars in ax.containers]).T


def orders_of(ax):
    """Places and numbers of the dots on the second axis."""
    (second,) = [other for other in ax.figure.axes if other is not ax]
    return second.lines[0].get_xdata(), second.lines[0].get_ydata()


@pytest.mark.parametrize("customer", ["c00000", "c00077", "c00119"])
def test_bars_are_the_history_of_the_customer_with_the_orders(model, panel, customer, drawn):
    ax = drawn(plotting.plot_stage_probabilities(model, panel, customer))
    history = model.history(panel)
    own = history[history["customer_id"] == customer]
    np.testing.assert_allclose(heights(ax), own[PROBABILITIES].to_numpy(), atol=1e-12)
    places, counts = orders_of(ax)
    np.testing.assert_array_equal(places, own["period"])
    np.testing.assert_array_equal(counts, panel.loc[panel["customer_id"] == customer, "n_orders"])
    assert ax.get_title() == f"Customer {customer}"
    assert [to_hex(bars[0].get_facecolor()).upper() for bars in ax.containers] == list(STAGE_COLOURS)
    assert ax.get_xlim() == (own["period"].min() - 0.5, 11.5)


def test_bars_stand_upon_each_other(model, panel):
    ax = plotting.plot_stage_probabilities(model, panel, "c00005")
    bottoms = np.array([[bar.get_y() for bar in bars] for bars in ax.containers]).T
    np.testing.assert_allclose(bottoms + heights(ax), np.cumsum(heights(ax), axis=1), atol=1e-12)
    np.testing.assert_allclose(heights(ax).sum(axis=1), 1.0)


def test_rows_in_any_order_and_of_any_kind_draw_the_same(model, panel):
    expected = plotting.plot_stage_probabilities(model, panel, "c00042")
    shuffled = panel.sample(frac=1.0, random_state=1)
    for data in (shuffled, pl.from_pandas(panel)):
        ax = plotting.plot_stage_probabilities(model, data, "c00042")
        np.testing.assert_allclose(heights(ax), heights(expected))
        np.testing.assert_array_equal(orders_of(ax)[1], orders_of(expected)[1])


def test_an_order_log_shows_the_first_order_and_the_months_by_date(drawn):
    log = crm.datasets.load_cdnow()
    orders = crm.Orders(log, customer="customer_id", time="date", amount="spend", until="1998-06-30")
    model = crm.LifecycleModel(n_starts=1).fit(orders)
    own = log[log["customer_id"] == 21]
    ax = drawn(plotting.plot_stage_probabilities(model, orders, 21))
    months = pd.to_datetime(own["date"]).dt.to_period("M").value_counts()
    _, counts = orders_of(ax)
    assert counts[0] == months.sort_index().iloc[0] > 0
    assert counts.sum() == len(own)
    assert [num2date(end).date() for end in ax.get_xlim()] == [dt.date(1997, 1, 1), dt.date(1998, 7, 1)]


def test_a_customer_of_one_period_without_orders(model, drawn):
    one = pd.DataFrame({"customer_id": ["new"], "period": [7], "n_orders": [0]})
    ax = drawn(plotting.plot_stage_probabilities(model, one, "new"))
    np.testing.assert_allclose(heights(ax), [[1, 0, 0, 0]], atol=1e-12)


def test_it_draws_into_the_axes_given(model, panel, drawn):
    _, ax = plt.subplots(figsize=(2, 2))
    assert drawn(plotting.plot_stage_probabilities(model, panel, "c00001", ax=ax)) is ax


@pytest.mark.usefixtures("with_han_font")
def test_chinese(panel, drawn):
    model = crm.LifecycleModel(n_starts=1, labels="zh").fit(panel)
    ax = drawn(plotting.plot_stage_probabilities(model, panel, "c00001"))
    assert (ax.get_title(), ax.get_ylabel()) == ("客户 c00001", "阶段概率")
    names = [entry.get_text() for entry in ax.get_legend().get_texts()]
    assert names == ["考察期", "形成期", "稳定期", "退化期", "订单数（右轴）"]


@pytest.mark.usefixtures("without_han_font")
def test_a_name_that_no_font_has_is_left_out(model, panel, drawn):
    named = panel.assign(customer_id=panel["customer_id"].replace("c00001", "客户甲"))
    with pytest.warns(crm.MissingGlyphWarning, match="plot_stage_probabilities") as caught:
        ax = drawn(plotting.plot_stage_probabilities(model, named, "客户甲"))
    assert caught[0].filename == __file__
    assert ax.get_title() == "Customer ?"


def test_what_cannot_be_drawn_is_refused(model, panel):
    refusal = r"plot_stage_probabilities\(customer=...\) must be one of the 120 customers of the data; got "
    for nobody in ("c99999", 1, None):
        with pytest.raises(crm.ParameterError, match=refusal):
            plotting.plot_stage_probabilities(model, panel, nobody)
    numbered = panel.assign(customer_id=panel["customer_id"].str[1:].astype(int))
    with pytest.raises(crm.ParameterError, match=refusal):
        plotting.plot_stage_probabilities(model, numbered, True)
    assert plotting.plot_stage_probabilities(model, numbered, np.int64(1)).get_title() == "Customer 1"
    with pytest.raises(crm.ParameterError, match="must be a fitted LifecycleModel"):
        plotting.plot_stage_probabilities(crm.RFMModel(), panel, "c00001")
    with pytest.raises(crm.NotFittedError, match="plot_stage_probabilities"):
        plotting.plot_stage_probabilities(crm.LifecycleModel(), panel, "c00001")
