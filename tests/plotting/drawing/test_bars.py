from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from crmmodels.plotting.drawing.bars import draw_bars, draw_limits, stack_bars

TWO = np.array([[1.0, 2.0, 3.0], [3.0, np.nan, -1.0]])


@pytest.fixture
def ax():
    return plt.subplots()[1]


def boxes(bars):
    """Left, bottom, width and height of each bar."""
    return np.array([[*bar.get_xy(), bar.get_width(), bar.get_height()] for bar in bars])


def segments(ax):
    """Ends of the lines drawn, by width: those of intervals, and the light ones under them."""
    found = {}
    for lines in ax.collections:
        found.setdefault(lines.get_linewidth()[0], []).extend(np.array(line).tolist() for line in lines.get_segments())
    return found


def test_series_stand_side_by_side(ax, drawn):
    first, second = draw_bars(ax, TWO, colours=["#ff0000", "#0000ff"], names=["one", "two"])
    drawn(ax)
    np.testing.assert_allclose(boxes(first)[:, 0], [-0.4, 0.6, 1.6])
    np.testing.assert_allclose(boxes(second)[:, 0], [0.0, 1.0, 2.0], atol=1e-12)
    np.testing.assert_allclose(boxes(first)[:, 2], 0.4)
    np.testing.assert_array_equal(boxes(first)[:, 3], TWO[0])
    np.testing.assert_array_equal(boxes(second)[:, 3], TWO[1])
    assert [to_hex(bars[0].get_facecolor()) for bars in (first, second)] == ["#ff0000", "#0000ff"]
    assert ax.get_legend_handles_labels() == ([first, second], ["one", "two"])
    assert ax.containers == [first, second]


@pytest.mark.parametrize("is_inverted", [False, True])
def test_the_first_series_that_lies_is_on_top(ax, is_inverted):
    ax.set_ylim((3, -1) if is_inverted else (-1, 3))
    first, second = draw_bars(ax, TWO, colours=["red", "blue"], horizontal=True)
    np.testing.assert_array_equal(boxes(first)[:, 2], TWO[0])
    heights = [ax.transData.transform((0.0, bars[0].get_y() + 0.2))[1] for bars in (first, second)]
    assert heights[0] > heights[1]


def test_bars_begin_and_stand_where_they_are_told(ax):
    (bars,) = draw_bars(
        ax,
        np.array([[1.0, 2.0]]),
        colours=[["red", "blue"]],
        places=np.array([5.0, 9.0]),
        base=np.array([10.0, 20.0]),
        room=1.0,
        filled=0.5,
    )
    np.testing.assert_allclose(boxes(bars), [[4.75, 10.0, 0.5, 1.0], [8.75, 20.0, 0.5, 2.0]])
    assert [to_hex(bar.get_facecolor()) for bar in bars] == ["#ff0000", "#0000ff"]


def test_limits_are_drawn_where_both_are_known(ax, drawn):
    lower = np.array([[0.5, 1.5, np.nan], [2.0, np.nan, -2.0]])
    upper = np.array([[1.5, np.inf, 4.0], [4.0, np.nan, 0.0]])
    draw_bars(ax, TWO, colours=["red", "blue"], lower=lower, upper=upper)
    drawn(ax)
    found = segments(ax)
    expected = [[[-0.2, 0.5], [-0.2, 1.5]], [[0.2, 2.0], [0.2, 4.0]], [[2.2, -2.0], [2.2, 0.0]]]
    np.testing.assert_allclose(found[2.6], expected)
    dark = np.array(found[1.2])
    is_interval = dark[:, 0, 0] == dark[:, 1, 0]
    np.testing.assert_allclose(dark[is_interval], expected)
    np.testing.assert_allclose(sorted(dark[~is_interval][:, 0, 1]), [-2.0, 0.0, 0.5, 1.5, 2.0, 4.0])
    np.testing.assert_allclose(dark[~is_interval][:, 1, 0] - dark[~is_interval][:, 0, 0], 0.12)


def test_limits_lie_with_their_bars(ax):
    draw_limits(ax, np.array([3.0]), np.array([1.0]), np.array([2.0]), cap=0.1, horizontal=True)
    found = segments(ax)
    assert found[2.6] == [[[1.0, 3.0], [2.0, 3.0]]]
    np.testing.assert_allclose(found[1.2][1:], [[[1.0, 2.9], [1.0, 3.1]], [[2.0, 2.9], [2.0, 3.1]]])


def test_without_limits_there_are_no_lines(ax):
    draw_bars(ax, TWO, colours=["red", "blue"], lower=np.full((2, 3), np.nan), upper=np.ones((2, 3)))
    assert list(ax.collections) == []


@pytest.mark.parametrize("horizontal", [False, True])
def test_numbers_stand_beyond_bars_and_limits(ax, drawn, horizontal):
    lower, upper = TWO - 0.5, np.array([[2.0, np.nan, 5.0], [4.0, np.nan, -0.5]])
    draw_bars(
        ax, TWO, colours=["red", "blue"], lower=lower, upper=upper, horizontal=horizontal, written=lambda value: f"{value:.0f}"
    )
    drawn(ax)
    along = 0 if horizontal else 1
    assert [text.get_text() for text in ax.texts] == ["1", "2", "3", "3", "-1"]
    np.testing.assert_allclose([text.xy[along] for text in ax.texts], [2.0, 2.0, 5.0, 4.0, -1.5])
    assert [text.get_position()[along] for text in ax.texts] == [3.0, 3.0, 3.0, 3.0, -3.0]


def test_stacks_grow_up_and_down(ax, drawn):
    values = np.array([[1.0, -1.0], [2.0, 3.0], [-4.0, -2.0]])
    found = stack_bars(ax, values, colours=["red", "green", "blue"], places=np.array([0.0, 1.0]), width=0.5)
    drawn(ax)
    np.testing.assert_array_equal([[bar.get_y() for bar in bars] for bars in found], [[0, 0], [1, 0], [0, -1]])
    np.testing.assert_array_equal([[bar.get_height() for bar in bars] for bars in found], values)
    np.testing.assert_array_equal(boxes(found[0])[:, 0], [-0.25, 0.75])


def test_stacks_may_begin_at_their_places(ax):
    (bars,) = stack_bars(
        ax, np.ones((1, 2)), colours=["red"], places=np.array([0.0, 1.0]), width=np.array([1.0, 4.0]), align="edge"
    )
    np.testing.assert_array_equal(boxes(bars), [[0, 0, 1, 1], [1, 0, 4, 1]])


@pytest.mark.parametrize("n_places", [0, 1])
def test_no_place_and_one(ax, drawn, n_places):
    values = np.full((2, n_places), 7.0)
    found = draw_bars(ax, values, colours=["red", "blue"], lower=values - 1, upper=values + 1, written=str)
    stacked = stack_bars(ax, values, colours=["red", "blue"], places=np.arange(n_places), width=1.0)
    drawn(ax)
    assert [len(bars) for bars in (*found, *stacked)] == [n_places] * 4
    assert [text.get_text() for text in ax.texts] == ["7.0", "7.0"] * n_places
