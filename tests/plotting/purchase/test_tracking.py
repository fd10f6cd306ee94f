from __future__ import annotations

import datetime as dt
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import polars as pl
import pytest
from matplotlib.dates import num2date

import crmmodels as crm
from crmmodels import plotting
from crmmodels.models.purchase.nbd import NBDModel
from crmmodels.plotting.purchase.shared import ACTUAL, EXPECTED


@pytest.fixture(scope="module")
def lines():
    return crm.datasets.load_cdnow()


@pytest.fixture(scope="module")
def orders(lines):
    return crm.Orders(lines, customer="customer_id", time="date")


@pytest.fixture(scope="module")
def model(orders):
    return NBDModel(horizon=39, unit="W").fit(orders.split("1997-09-30").calibration)


@pytest.mark.parametrize(("periods", "length"), [(78, 1.0), (20, 4), (78, 0.5)])
@pytest.mark.parametrize("cumulative", [False, True])
def test_lines_are_those_of_the_tracking(model, orders, periods, length, cumulative, drawn):
    ax = drawn(plotting.plot_tracking(model, orders, periods, length=length, cumulative=cumulative))
    frame = model.tracking(orders, periods, length)
    suffix = "_cumulative" if cumulative else ""
    actual, expected = ax.lines
    np.testing.assert_array_equal(actual.get_ydata(), frame[f"actual{suffix}"])
    np.testing.assert_array_equal(expected.get_ydata(), frame[f"expected{suffix}"])
    np.testing.assert_array_equal(actual.get_xdata(), frame["end"].to_numpy().astype("datetime64[D]"))
    assert (actual.get_color(), expected.get_color()) == (ACTUAL, EXPECTED)
    assert [entry.get_text() for entry in ax.get_legend().get_texts()] == ["actual", "expected"]


def test_actual_orders_are_counted_from_the_lines(model, orders, lines):
    weeks = plotting.plot_tracking(model, orders, 10).lines[0].get_ydata()
    days = lines.drop_duplicates(["customer_id", "date"]).sort_values("date")
    repeats = days[days["customer_id"].duplicated()]
    week = (repeats["date"] - lines["date"].min()).dt.days // 7
    assert weeks.tolist() == [(week == k).sum() for k in range(10)]


def test_the_actual_line_ends_with_the_log(model, orders):
    actual, expected = plotting.plot_tracking(model, orders, 100).lines
    assert np.isnan(actual.get_ydata()).tolist() == [week >= 78 for week in range(100)]
    assert np.isfinite(expected.get_ydata()).all()


@pytest.mark.parametrize("cut", ["1997-09-30", dt.date(1997, 9, 30), np.datetime64("1997-09-30")])
def test_a_line_stands_at_the_end_of_the_calibration(model, orders, cut, drawn):
    ax = drawn(plotting.plot_tracking(model, orders, 78, split_at=cut))
    vertical = ax.lines[2]
    assert {str(np.datetime64(day, "D")) for day in vertical.get_xdata()} == {"1997-09-30"}
    assert vertical.get_label() == "end of calibration"
    assert str(ax.lines[0].get_xdata()[38]) == "1997-09-30"
    assert ax.get_ylim()[0] == 0


def test_words_name_the_period(model, orders):
    titles = [plotting.plot_tracking(model, orders, 5, length=length).get_title() for length in (1, 4)]
    assert titles == ["Repeat orders per week", "Repeat orders per 4 weeks"]
    assert plotting.plot_tracking(model, orders, 5, cumulative=True).get_title() == "Repeat orders since the first order"


def test_one_period_can_be_seen(model, orders, drawn):
    ax = drawn(plotting.plot_tracking(model, orders, 1))
    assert [line.get_marker() for line in ax.lines] == ["o", "o"]
    day = num2date(ax.get_xlim()[1]).date() - dt.date(1997, 1, 7)
    assert dt.timedelta(0) <= day < dt.timedelta(5)


def test_one_customer(model, drawn):
    frame = pd.DataFrame({"who": ["a", "a"], "day": ["2024-01-01", "2024-01-10"]})
    ax = drawn(plotting.plot_tracking(model, crm.Orders(frame, customer="who", time="day"), 4, split_at="2024-01-08"))
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [0, np.nan, np.nan, np.nan])
    chances = model.expected_purchases_new((np.arange(1, 5) * 7 - 1) / 7)
    np.testing.assert_allclose(ax.lines[1].get_ydata(), np.diff(chances, prepend=0))


@pytest.mark.parametrize("inches", [2.0, 4.0, 8.0, 16.0])
@pytest.mark.parametrize("periods", [1, 2, 6, 78, 600, 6000])
def test_dates_do_not_touch_each_other(model, orders, inches, periods, drawn):
    ax = plt.figure(figsize=(inches, 3), layout="constrained").subplots()
    drawn(plotting.plot_tracking(model, orders, periods, ax=ax))
    low, high = ax.get_xlim()
    ticks = zip(ax.get_xticks(), ax.get_xticklabels(), strict=True)
    boxes = [label.get_window_extent() for place, label in ticks if low <= place <= high]
    assert boxes
    assert all(left.x1 <= right.x0 for left, right in pairwise(boxes))


@pytest.mark.parametrize("inches", [2.5, 4.0, 8.0])
def test_the_legend_is_as_wide_as_the_axes_and_above_them(model, orders, inches, drawn):
    ax = plt.figure(figsize=(inches, 4), layout="constrained").subplots()
    drawn(plotting.plot_tracking(model, orders, 78, split_at="1997-09-30", ax=ax))
    legend, axes = ax.get_legend().get_window_extent(), ax.get_window_extent()
    assert legend.y0 >= axes.y1 - 1
    assert ax.title.get_window_extent().y0 >= legend.y1 - 1
    assert legend.width <= ax.figure.bbox.width


def test_a_log_of_another_kind(model, orders, lines):
    other = crm.Orders(pl.from_pandas(lines).lazy(), customer="customer_id", time="date")
    for ours, theirs in zip(
        plotting.plot_tracking(model, orders, 78).lines, plotting.plot_tracking(model, other, 78).lines, strict=True
    ):
        np.testing.assert_array_equal(ours.get_xydata(), theirs.get_xydata())


def test_bad_arguments_are_refused_before_anything_is_drawn(model, orders, lines):
    with pytest.raises(crm.ParameterError) as refusal:
        plotting.plot_tracking(model, orders, 10, split_at="1997-03-12")
    expected = "among the days drawn, 1997-01-01 to 1997-03-11; got '1997-03-12'."
    assert str(refusal.value) == f"plot_tracking(split_at=...) must be {expected}"
    with pytest.raises(crm.ParameterError, match="1996-12-31"):
        plotting.plot_tracking(model, orders, 10, split_at="1996-12-31")
    with pytest.raises(crm.ParameterError, match=r"^plot_tracking\(split_at=...\) must be a date such as"):
        plotting.plot_tracking(model, orders, 10, split_at="autumn")
    with pytest.raises(crm.ParameterError, match=r"^plot_tracking\(orders=...\) must be an order log"):
        plotting.plot_tracking(model, lines, 10)
    with pytest.raises(crm.ParameterError, match=r"\(periods=...\) must be a whole number from 1"):
        plotting.plot_tracking(model, orders, 0)
    with pytest.raises(crm.ParameterError, match=r"\(length=...\) must be a number above 0"):
        plotting.plot_tracking(model, orders, 5, length=0)
    with pytest.raises(crm.NotFittedError, match="so plot_tracking has nothing"):
        plotting.plot_tracking(NBDModel(horizon=2), orders, 5)
    with pytest.raises(crm.ParameterError, match=r"\(model=...\) must be a fitted purchase model"):
        plotting.plot_tracking(crm.ABCModel(), orders, 5)
    assert plt.get_fignums() == []


def test_chinese_words(orders, with_han_font, drawn):
    model = NBDModel(horizon=39, unit="W", labels="zh").fit(orders.split("1997-09-30").calibration)
    ax = drawn(plotting.plot_tracking(model, orders, 20, length=2, split_at="1997-05-31"))
    assert ax.get_title() == "每 2 周的复购次数"
    assert [entry.get_text() for entry in ax.get_legend().get_texts()] == ["实际", "预期", "校准期末"]


def test_given_axes_are_drawn_into_and_their_figure_keeps_its_size(model, orders):
    figure, ax = plt.subplots(figsize=(3, 2))
    assert plotting.plot_tracking(model, orders, 20, ax=ax) is ax
    assert figure.get_size_inches().tolist() == [3, 2]
    assert plt.get_fignums() == [figure.number]
