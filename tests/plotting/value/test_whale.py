from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import crmmodels as crm
from crmmodels import plotting
from crmmodels.kernels.concentration.lorenz import whale_curve

SIX = pd.DataFrame({"customer_id": list("uvwxyz"), "margin": [-15.0, 40.0, 0.0, 20.0, -5.0, 60.0]})
MARGINS = st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=60)


def curve(ax):
    return next(line for line in ax.lines if len(line.get_xdata()) > 2).get_xydata()


@pytest.mark.parametrize("frame", [SIX, SIX.set_index("customer_id"), pl.from_pandas(SIX), pl.from_pandas(SIX).lazy()])
def test_the_curve_adds_up_the_best_customers_first(frame, drawn):
    ax = drawn(plotting.plot_whale(frame))
    expected = [0, 0.6, 1.0, 1.2, 1.2, 1.15, 1.0]
    np.testing.assert_allclose(curve(ax), np.column_stack([np.arange(7) / 6, expected]))


def test_the_peak_is_marked_and_told(drawn):
    ax = drawn(plotting.plot_whale(SIX))
    dot = next(line for line in ax.lines if line.get_marker() == "o")
    np.testing.assert_allclose(dot.get_xydata(), [[0.5, 1.2]])
    assert ax.texts[0].get_text() == "Peak: 50.0% of customers\nmake 120.0% of total margin"
    assert ax.texts[0].xy == pytest.approx((0.5, 1.2))


def test_the_whole_is_a_line_at_one():
    ax = plotting.plot_whale(SIX)
    assert any(list(line.get_ydata()) == [1, 1] and line.get_linestyle() == "--" for line in ax.lines)


def test_words_name_the_column():
    ax = plotting.plot_whale(SIX.rename(columns={"margin": "profit"}), value="profit")
    assert ax.get_ylabel() == "Cumulative share of total profit"
    assert ax.get_xlabel() == "Cumulative share of customers, most profit first"


@given(MARGINS, st.integers(2, 70))
def test_kept_points_are_exact(margins, n_points):
    whole = whale_curve(np.array(margins, np.float64), 1000)
    ordered = sorted(margins, reverse=True)
    assert whole.value.tolist() == [sum(ordered[:k]) for k in range(len(margins) + 1)]
    kept = whale_curve(np.array(margins, np.float64), n_points)
    on_whole = np.searchsorted(whole.customers, kept.customers)
    assert kept.value.tolist() == whole.value[on_whole].tolist()
    assert kept.customers[[0, -1]].tolist() == [0, 1]
    assert len(kept.customers) <= n_points + 2
    assert kept.value[kept.peak] == whole.value.max() == whole.value[whole.peak]
    assert kept.total == sum(margins)


def test_the_mark_of_the_peak_stays_on_the_page(drawn):
    for margins in ([100.0, -1.0, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1], [1.0, 1.0]):
        table = pd.DataFrame({"customer_id": range(len(margins)), "margin": margins})
        ax = drawn(plotting.plot_whale(table))
        box, page = ax.texts[0].get_window_extent(), ax.figure.bbox
        assert page.x0 <= box.x0 < box.x1 <= page.x1
        assert page.y0 <= box.y0 < box.y1 <= page.y1


def test_an_order_log_will_do():
    lines = pd.DataFrame({"who": ["a", "b", "b"], "day": pd.to_datetime(["2024-01-01"] * 3), "paid": [30.0, 50.0, 20.0]})
    ax = plotting.plot_whale(crm.Orders(lines, customer="who", time="day", amount="paid"), value="spend")
    np.testing.assert_allclose(curve(ax)[:, 1], [0, 0.7, 1])


def test_given_axes_are_drawn_into_and_their_figure_keeps_its_size():
    figure, ax = plt.subplots(figsize=(3, 2))
    assert plotting.plot_whale(SIX, ax=ax) is ax
    assert figure.get_size_inches().tolist() == [3, 2]
    assert plt.get_fignums() == [figure.number]


def test_a_total_that_is_not_positive_is_refused():
    with pytest.raises(crm.DataError) as refusal:
        plotting.plot_whale(SIX.assign(margin=[5.0, -5.0, 0, 0, 0, 0]))
    expected = "plot_whale cannot read this table:\n- column 'margin' adds up to 0; a whale curve needs a positive total"
    assert str(refusal.value) == expected
    assert plt.get_fignums() == []


def test_all_problems_of_a_table_are_told():
    with pytest.raises(crm.DataError) as refusal:
        plotting.plot_whale(SIX.assign(customer_id="u"), value="profit")
    assert str(refusal.value) == (
        "plot_whale cannot read this table:\n"
        "- column 'customer_id' repeats 5 values (such as 'u'); one row per customer is expected\n"
        "- column 'profit' is missing; it has ['customer_id', 'margin']"
    )


def test_what_is_no_table_is_refused():
    with pytest.raises(crm.DataError, match=r"^plot_whale cannot read this table:\n- expected a dataframe .*; got list$"):
        plotting.plot_whale([1, 2])
