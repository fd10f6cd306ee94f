from __future__ import annotations

import dataclasses

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import polars as pl
import pytest
from matplotlib.colors import to_rgba
from matplotlib.legend import Legend

import crmmodels as crm
from crmmodels import plotting
from crmmodels.plotting.drawing.figure import percent

KINDS = ("pandas", "polars", "lazy", "pyarrow", "duckdb")


def in_kind(frame, kind):
    if kind == "pandas":
        return frame
    if kind == "duckdb":
        import duckdb

        return duckdb.from_arrow(pl.from_pandas(frame).to_arrow())
    polars = pl.from_pandas(frame)
    return {"polars": polars, "lazy": polars.lazy(), "pyarrow": polars.to_arrow()}[kind]


def bars(ax):
    """Widths of the two groups of bars from bottom to top."""
    return [np.array([bar.get_width() for bar in group]) for group in ax.containers]


@pytest.mark.parametrize("kind", KINDS)
def test_bars_are_the_shares_of_the_summary(customers, kind, drawn):
    model = crm.RFMModel().fit(customers)
    ax = drawn(plotting.plot_segments(model, in_kind(customers, kind)))
    summary = model.summary(customers).iloc[::-1]
    of_customers, of_spend = bars(ax)
    np.testing.assert_allclose(of_customers, summary["share_of_customers"])
    np.testing.assert_allclose(of_spend, summary["share_of_spend"])
    assert [label.get_text() for label in ax.get_yticklabels()] == summary["segment"].tolist()


def test_the_best_segment_is_on_top_and_customers_stand_above_their_money(customers):
    model = crm.RFMModel().fit(customers)
    ax = plotting.plot_segments(model, customers)
    of_customers, of_spend = ([bar.get_y() for bar in group] for group in ax.containers)
    assert ax.get_yticklabels()[int(np.argmax(of_customers))].get_text() == "champions"
    assert (np.array(of_customers) > np.array(of_spend)).all()
    assert ax.get_ylim()[0] < ax.get_ylim()[1]


def test_bars_carry_their_share_in_per_cent(customers):
    model = crm.RFMModel().fit(customers)
    ax = plotting.plot_segments(model, customers)
    summary = model.summary(customers).iloc[::-1]
    expected = [percent(share) for name in ("share_of_customers", "share_of_spend") for share in summary[name]]
    assert [text.get_text() for text in ax.texts] == expected


def test_words_name_the_column_of_the_money():
    customers = crm.ABCModel.example(200, 3)
    model = crm.ABCModel(value="margin").fit(customers)
    ax = plotting.plot_segments(model, customers)
    assert ax.get_xlabel() == "Share of customers and of margin"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["customers", "margin"]
    np.testing.assert_allclose(bars(ax)[1], model.summary(customers)["share_of_margin"][::-1])


def test_an_order_log_will_do():
    lines = pd.DataFrame(
        {
            "customer": list("aabbccdd"),
            "day": pd.to_datetime(["2024-01-01", "2024-03-01", "2024-01-05", "2024-02-01"] * 2),
            "amount": [10.0, 20, 30, 40, 50, 60, 70, 80],
        }
    )
    orders = crm.Orders(lines, customer="customer", time="day", amount="amount")
    model = crm.ABCModel().fit(orders)
    shares = model.summary(orders)["share_of_spend"][::-1]
    np.testing.assert_allclose(bars(plotting.plot_segments(model, orders))[1], shares)


def tiles(ax):
    return [np.array([*tile.get_xy(), tile.get_width(), tile.get_height()]) for tile in ax.patches]


@pytest.mark.parametrize("kind", KINDS)
def test_tiles_have_the_area_of_the_share_of_customers(customers, kind, drawn):
    model = crm.RFMModel().fit(customers)
    ax = drawn(plotting.plot_segments(model, in_kind(customers, kind), kind="treemap"))
    shares = model.summary(customers)["share_of_customers"].to_numpy()[::-1]
    np.testing.assert_allclose([width * height for _, _, width, height in tiles(ax)], shares, atol=1e-12)
    assert ax.get_xlim() == ax.get_ylim() == (0, 1)


def test_tiles_are_darker_where_there_is_more_money(customers):
    model = crm.RFMModel().fit(customers)
    ax = plotting.plot_segments(model, customers, kind="treemap")
    money = model.summary(customers)["share_of_spend"].to_numpy()[::-1]
    lightness = np.array([sum(to_rgba(tile.get_facecolor())[:3]) for tile in ax.patches])
    by_money = np.argsort(money)
    assert (np.diff(lightness[by_money]) <= 0).all()
    assert lightness[by_money[0]] > lightness[by_money[-1]]
    assert ax.figure.axes[1].get_ylabel() == "share of spend"


def test_every_segment_is_named_in_its_tile_or_under_the_plot():
    customers = crm.RFMModel.example(3000, 1)
    model = crm.RFMModel().fit(customers)
    segment = model.segment(customers)
    some = customers[(segment != "new") & ((segment != "loyal") | ~(segment == "loyal").duplicated())]
    ax = plotting.plot_segments(model, some, kind="treemap")
    inside = [" ".join(text.get_text().split("\n")) for text in ax.texts]
    noted = []
    for row in model.summary(some).itertuples():
        words = f"{row.segment} ({percent(row.share_of_customers)}, {percent(row.share_of_spend)})"
        in_note = words in " ".join(ax.get_xlabel().split("\n"))
        assert in_note != any(text.startswith(row.segment) for text in inside)
        noted += [row.segment] * in_note
    assert noted == ["loyal", "new"]
    assert len(inside) == 8


def test_text_stays_within_its_tile(customers, drawn):
    model = crm.RFMModel().fit(customers)
    ax = drawn(plotting.plot_segments(model, customers, kind="treemap"))
    for text in ax.texts:
        tile = next(tile for tile in ax.patches if np.allclose(tile.get_center(), text.get_position()))
        outer, inner = tile.get_window_extent(), text.get_window_extent()
        assert outer.x0 <= inner.x0 <= inner.x1 <= outer.x1
        assert outer.y0 <= inner.y0 <= inner.y1 <= outer.y1


def test_tiles_do_not_mind_what_is_on_the_axes(customers):
    model = crm.RFMModel().fit(customers)
    _, ax = plt.subplots()
    before = ax.bar([0], [1])
    plotting.plot_segments(model, customers, kind="treemap", ax=ax)
    inks = {text.get_text().split("\n")[0]: text.get_color() for text in ax.texts}
    summary = model.summary(customers)
    assert before[0] in ax.patches
    assert inks[summary["segment"][summary["share_of_spend"].idxmax()]] == "white"
    assert inks["hibernating"] == "black"


@pytest.mark.parametrize("kind", ["bar", "treemap"])
def test_given_axes_are_drawn_into_and_their_figure_keeps_its_size(customers, kind):
    model = crm.RFMModel().fit(customers)
    figure, ax = plt.subplots(figsize=(3, 2))
    assert plotting.plot_segments(model, customers, kind=kind, ax=ax) is ax
    assert figure.get_size_inches().tolist() == [3, 2]
    assert plt.get_fignums() == [figure.number]


@pytest.mark.parametrize("kind", ["bar", "treemap"])
def test_a_new_figure_clips_nothing(customers, kind, drawn):
    wording = {"champions": "customers who buy again and again and whom we would not miss for anything in the world"}
    model = crm.RFMModel(labels=wording).fit(customers)
    ax = drawn(plotting.plot_segments(model, customers, kind=kind))
    page = ax.figure.bbox
    for artist in (*ax.get_yticklabels(), ax.xaxis.label, *ax.texts, *ax.findobj(Legend)):
        box = artist.get_window_extent()
        assert page.x0 - 1 <= box.x0 <= box.x1 <= page.x1 + 1, artist
        assert page.y0 - 1 <= box.y0 <= box.y1 <= page.y1 + 1, artist


def test_dollar_signs_are_no_formula(customers, drawn):
    model = crm.RFMModel(labels={"champions": "over $1000 and $50 each"}).fit(customers)
    ax = drawn(plotting.plot_segments(model, customers))
    label = ax.get_yticklabels()[-1]
    assert label.get_text() == "over $1000 and $50 each"
    assert not label.get_parse_math()


def test_an_unknown_kind_is_refused(customers):
    with pytest.raises(crm.ParameterError) as refusal:
        plotting.plot_segments(crm.RFMModel().fit(customers), customers, kind="pie")
    assert str(refusal.value) == "plot_segments(kind=...) must be one of 'bar', 'treemap'; got 'pie'."
    assert plt.get_fignums() == []


def test_a_class_that_is_no_model_is_refused(customers):
    with pytest.raises(crm.ParameterError) as refusal:
        plotting.plot_segments(customers, customers)
    expected = "plot_segments(model=...) must be a fitted model; got <class 'pandas.DataFrame'>."
    assert str(refusal.value).replace("pandas.core.frame.DataFrame", "pandas.DataFrame") == expected


def test_an_unfitted_model_refuses_by_itself(customers):
    with pytest.raises(crm.NotFittedError) as refusal:
        plotting.plot_segments(crm.RFMModel(), customers)
    expected = "RFMModel is not fitted yet, so summary has nothing to work with; call RFMModel.fit(data) first."
    assert str(refusal.value) == expected
    assert plt.get_fignums() == []


def test_money_without_a_positive_total_has_no_shares(customers):
    model = crm.RFMModel().fit(customers)
    with pytest.raises(crm.DataError) as refusal:
        plotting.plot_segments(model, customers.assign(spend=-1.0))
    assert str(refusal.value) == (
        "plot_segments cannot read this table:\n"
        "- column 'spend' does not add up to more than 0, so that segments have no shares of it"
    )
    assert plt.get_fignums() == []


def test_a_model_without_a_share_of_money_is_refused(customers):
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Plain(crm.ABCModel):
        def _measures(self, values, codes, fitted):
            return {}

    with pytest.raises(crm.ParameterError) as refusal:
        plotting.plot_segments(Plain().fit(customers), customers)
    assert str(refusal.value) == (
        "plot_segments(model=...) must be a model whose summary has 'share_of_customers' and one other column "
        "'share_of_...'; got ['segment', 'n_customers', 'share_of_customers']."
    )
