from __future__ import annotations

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex

import crmmodels as crm
from crmmodels import plotting
from crmmodels.plotting.drawing.figure import GREY
from crmmodels.plotting.lifecycle.flow import spread_apart
from crmmodels.plotting.lifecycle.shared import STAGE_COLOURS

COLOURS = (GREY, *STAGE_COLOURS)


@pytest.fixture(scope="module")
def panel():
    return crm.LifecycleModel.example(n_customers=120, seed=3)


@pytest.fixture(scope="module")
def model(panel):
    return crm.LifecycleModel(n_starts=1).fit(panel)


def table_of(model, flow):
    """Shares by stage before (the first row for those who were not there) and after."""
    places = {stage: k + 1 for k, stage in enumerate(model.stage_labels())}
    shares = np.zeros((5, 5))
    for row in flow.itertuples():
        shares[0 if pd.isna(row.before) else places[row.before], places[row.after]] = row.share
    return shares


def ends_of(band):
    """Lower and upper end of a band on the left and on the right."""
    points = band.get_paths()[0].vertices
    return [sorted({round(y, 9) for x, y in points if x == edge}) for edge in (points[:, 0].min(), points[:, 0].max())]


@pytest.mark.parametrize(("before", "after"), [(0, 11), (2, 9), (5, 11)])
def test_blocks_and_bands_are_as_high_as_the_shares(model, panel, before, after, drawn):
    shares = table_of(model, model.flow(panel, before, after))
    ax = drawn(plotting.plot_stage_flow(model, panel, before, after))
    left, right = ([(block.get_height(), to_hex(block.get_facecolor())) for block in bars] for bars in ax.containers)
    for drawn_blocks, expected in ((left, shares.sum(axis=1)), (right, shares.sum(axis=0))):
        held = np.flatnonzero(expected)
        assert [height for height, _ in drawn_blocks] == pytest.approx(expected[held])
        assert [colour.upper() for _, colour in drawn_blocks] == [COLOURS[stage].upper() for stage in held]
    pairs = np.argwhere(shares)
    assert len(ax.collections) == len(pairs)
    for band, (origin, end) in zip(ax.collections, pairs, strict=True):
        assert to_hex(band.get_facecolor()[0]).upper() == COLOURS[origin].upper()
        for low, high in ends_of(band):
            assert high - low == pytest.approx(shares[origin, end], abs=1e-7)


def test_bands_fill_their_blocks_without_overlap(model, panel):
    ax = plotting.plot_stage_flow(model, panel, 3, 11)
    for side, bars in enumerate(ax.containers):
        ends = sorted(ends_of(band)[side] for band in ax.collections)
        for block in bars:
            low, high = block.get_y(), block.get_y() + block.get_height()
            own = [end for end in ends if low - 1e-6 <= end[0] < high - 1e-6]
            edges = [low, *(end[1] for end in own)]
            assert [end[0] for end in own] == pytest.approx(edges[:-1], abs=1e-6)
            assert edges[-1] == pytest.approx(high, abs=1e-6)


def test_blocks_are_named_with_their_customers(model, panel, drawn):
    ax = drawn(plotting.plot_stage_flow(model, panel, 2, 9))
    flow = model.flow(panel, 2, 9)
    n = flow["n_customers"].sum()
    order = ["not yet customers", *model.stage_labels()]
    expected = []
    for side in ("before", "after"):
        count = flow.assign(stage=flow[side].astype(object).fillna(order[0])).groupby("stage")["n_customers"].sum()
        expected += [f"{stage}\n{count[stage]:,} ({count[stage] / n:.1%})" for stage in order if count.get(stage, 0)]
    assert [words.get_text() for words in ax.texts] == expected
    assert [label.get_text() for label in ax.get_xticklabels()] == ["2", "9"]


def test_names_do_not_lie_upon_each_other(model, panel, drawn):
    _, ax = plt.subplots(figsize=(5, 3), layout="constrained")
    drawn(plotting.plot_stage_flow(model, panel, 2, 11, ax=ax))
    boxes = [words.get_window_extent() for words in ax.texts]
    n_left = len(ax.containers[0])
    for side in (boxes[:n_left], boxes[n_left:]):
        assert all(above.y0 >= below.y1 - 1 for below, above in itertools.pairwise(side))


def test_periods_of_an_order_log_are_named(drawn):
    log = crm.datasets.load_cdnow()
    orders = crm.Orders(log, customer="customer_id", time="date", amount="spend", until="1998-06-30")
    for period, names in (("M", ["1997-04", "1998-06"]), ("Q", ["1997 Q2", "1998 Q2"])):
        model = crm.LifecycleModel(n_starts=1, period=period).fit(orders)
        ax = drawn(plotting.plot_stage_flow(model, orders, "1997-04-20", np.datetime64("1998-06-10")))
        assert [label.get_text() for label in ax.get_xticklabels()] == names


@given(
    st.lists(st.floats(0, 100), min_size=1, max_size=6).map(sorted),
    st.floats(1, 10),
    st.floats(0, 60),
)
def test_names_spread_apart_keep_their_order_their_distance_and_within_their_room(wanted, height, spare):
    n = len(wanted)
    between = (10.0, 10.0 + n * height + spare)
    found = spread_apart(np.array(wanted), np.full(n, height), between)
    assert (np.diff(found) >= height - 1e-9).all()
    assert found[0] - height / 2 >= between[0] - 1e-9
    assert found[-1] + height / 2 <= between[1] + 1e-9


def test_names_with_room_stay_where_they_are():
    wanted = np.array([5.0, 20.0, 40.0])
    np.testing.assert_allclose(spread_apart(wanted, np.full(3, 6.0), (0.0, 50.0)), wanted)
    np.testing.assert_allclose(spread_apart(np.array([20.0, 20.0]), np.full(2, 6.0), (0.0, 50.0)), [17.0, 23.0])


def test_names_with_too_little_room_begin_at_its_lower_end():
    np.testing.assert_allclose(spread_apart(np.array([1.0, 2.0, 3.0]), np.full(3, 4.0), (0.0, 5.0)), [2.0, 6.0, 10.0])


@pytest.mark.usefixtures("with_han_font")
def test_chinese(panel, drawn):
    ax = drawn(plotting.plot_stage_flow(crm.LifecycleModel(n_starts=1, labels="zh").fit(panel), panel, 2, 11))
    assert ax.get_title() == "120 位客户的阶段变化"
    assert ax.texts[0].get_text().split("\n")[0] == "尚非客户"


@pytest.mark.usefixtures("without_han_font")
def test_english_where_no_font_is_chinese(panel, drawn):
    model = crm.LifecycleModel(n_starts=1, labels="zh").fit(panel)
    with pytest.warns(crm.MissingGlyphWarning, match="plot_stage_flow") as caught:
        ax = drawn(plotting.plot_stage_flow(model, panel, 2, 11))
    assert caught[0].filename == __file__
    assert ax.get_title() == "Moves between stages of 120 customers"


def test_what_cannot_be_drawn_is_refused(model, panel):
    with pytest.raises(crm.ParameterError, match=r"plot_stage_flow\(model=...\) must be a fitted LifecycleModel"):
        plotting.plot_stage_flow(crm.RFMModel(), panel, 2, 9)
    with pytest.raises(crm.NotFittedError, match="plot_stage_flow"):
        plotting.plot_stage_flow(crm.LifecycleModel(), panel, 2, 9)
    with pytest.raises(crm.ParameterError, match="before"):
        plotting.plot_stage_flow(model, panel, 9, 2)
    with pytest.raises(crm.ParameterError, match="after"):
        plotting.plot_stage_flow(model, panel, 2, 12)
