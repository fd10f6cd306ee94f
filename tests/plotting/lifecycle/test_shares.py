from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
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


def layers(ax):
    """Height of each area at each place of its lower edge."""
    found = []
    for area in ax.collections:
        points = area.get_paths()[0].vertices
        places = np.unique(points[:, 0])
        found.append([np.ptp(points[points[:, 0] == place, 1]) for place in places])
    return places, np.array(found)


def test_areas_are_the_mean_probabilities_of_those_who_were_there(model, panel, drawn):
    places, heights = layers(drawn(plotting.plot_stage_shares(model, panel)))
    expected = model.history(panel).groupby("period")[PROBABILITIES].mean()
    np.testing.assert_array_equal(places, expected.index)
    np.testing.assert_allclose(heights, expected.to_numpy().T, atol=1e-12)


def test_counts_add_up_to_the_customers_who_were_there(model, panel, drawn):
    ax = drawn(plotting.plot_stage_shares(model, panel, values="counts"))
    _, heights = layers(ax)
    np.testing.assert_allclose(heights.sum(axis=0), panel.groupby("period").size())
    assert ax.get_ylim()[1] >= 120
    assert ax.get_ylabel() == "Customers"


def test_stages_have_their_colours_and_names_in_the_order_of_the_lifecycle(model, panel, drawn):
    ax = drawn(plotting.plot_stage_shares(model, panel))
    assert [to_hex(area.get_facecolor()[0]).upper() for area in ax.collections] == list(STAGE_COLOURS)
    assert [entry.get_text() for entry in ax.get_legend().get_texts()] == list(model.stage_labels())
    assert (ax.get_title(), ax.get_xlabel()) == ("Stages of 120 customers", "Period")
    assert (ax.get_xlim(), ax.get_ylim()) == ((0.0, 11.0), (0.0, 1.0))


def test_dates_of_an_order_log_lie_at_their_days(drawn):
    log = crm.datasets.load_cdnow()
    orders = crm.Orders(log, customer="customer_id", time="date", amount="spend", until="1998-06-30")
    ax = drawn(plotting.plot_stage_shares(crm.LifecycleModel(n_starts=1).fit(orders), orders))
    assert [str(num2date(end).date()) for end in ax.get_xlim()] == ["1997-01-01", "1998-06-01"]
    assert ax.get_xlabel() == ""
    assert len(layers(ax)[0]) == 18


def test_a_single_period_is_a_column(model, panel, drawn):
    first = panel[panel["period"] == 11].head(3)
    ax = drawn(plotting.plot_stage_shares(model, first))
    assert ax.get_xlim() == (10.5, 11.5)
    np.testing.assert_allclose(layers(ax)[1][:, 0], [1, 0, 0, 0], atol=1e-12)


def test_it_draws_into_the_axes_given(model, panel, drawn):
    _, ax = plt.subplots(figsize=(2, 2))
    assert drawn(plotting.plot_stage_shares(model, panel, ax=ax)) is ax


@pytest.mark.usefixtures("with_han_font")
def test_chinese(panel, drawn):
    ax = drawn(plotting.plot_stage_shares(crm.LifecycleModel(n_starts=1, labels="zh").fit(panel), panel))
    assert [entry.get_text() for entry in ax.get_legend().get_texts()] == ["考察期", "形成期", "稳定期", "退化期"]
    assert (ax.get_title(), ax.get_ylabel(), ax.get_xlabel()) == ("120 位客户的阶段构成", "客户占比", "周期")


@pytest.mark.usefixtures("without_han_font")
def test_english_where_no_font_is_chinese(panel, drawn):
    model = crm.LifecycleModel(n_starts=1, labels="zh").fit(panel)
    with pytest.warns(crm.MissingGlyphWarning, match="plot_stage_shares") as caught:
        ax = drawn(plotting.plot_stage_shares(model, panel))
    assert caught[0].filename == __file__
    assert [entry.get_text() for entry in ax.get_legend().get_texts()] == ["exploration", "build-up", "stable", "decline"]


def test_what_cannot_be_drawn_is_refused(model, panel):
    with pytest.raises(crm.ParameterError, match="values="):
        plotting.plot_stage_shares(model, panel, values="sums")
    with pytest.raises(crm.ParameterError, match=r"plot_stage_shares\(model=...\) must be a fitted LifecycleModel"):
        plotting.plot_stage_shares(crm.RFMModel(), panel)
    with pytest.raises(crm.NotFittedError, match="plot_stage_shares"):
        plotting.plot_stage_shares(crm.LifecycleModel(), panel)
    with pytest.raises(crm.DataError, match="column 'n_orders' is missing"):
        plotting.plot_stage_shares(model, panel.drop(columns="n_orders"))
