from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from crmmodels.plotting.drawing.figure import GREY
from crmmodels.plotting.drawing.heatmap import SMALLEST, draw_heatmap, points_of_cells, size_of_cells


def percent(share):
    return f"{100 * share:.0f}"


@pytest.fixture
def ax():
    return plt.subplots(figsize=(4, 3))[1]


def written(drawn):
    return {at: text.get_text() for at, text in drawn.numbers.items()}


def test_cells_have_their_numbers_at_their_places(ax, drawn):
    values = np.array([[0.1, 0.2, 0.3], [0.4, np.nan, 0.0]])
    found = draw_heatmap(ax, values, x=np.array([10, 20, 30]), y=np.array([1, 2]), written=percent)
    drawn(ax)
    assert found.image.get_extent() == [5, 35, 2.5, 0.5]
    np.testing.assert_array_equal(np.ma.filled(found.image.get_array(), np.nan), values)
    assert written(found) == {(0, 0): "10", (0, 1): "20", (0, 2): "30", (1, 0): "40", (1, 1): "\N{EN DASH}", (1, 2): "0"}
    assert found.numbers[1, 2].get_position() == (30, 2)
    assert found.numbers[1, 0].get_color() == "white"
    assert found.numbers[0, 0].get_color() == "black"
    assert found.numbers[1, 1].get_color() == found.numbers[1, 2].get_color() == GREY
    assert len(ax.figure.axes) == 1


def test_numbers_that_there_are_not_may_be_left_out(ax):
    found = draw_heatmap(ax, np.array([[1.0, np.nan]]), written=percent, missing="")
    assert written(found) == {(0, 0): "100"}


def test_upwards_the_first_row_is_at_the_bottom(ax):
    found = draw_heatmap(ax, np.arange(6.0).reshape(2, 3), written=percent, upwards=True)
    assert ax.get_ylim() == (-0.5, 1.5)
    assert found.numbers[0, 2].get_position() == (2, 0)


@pytest.mark.parametrize(
    ("values", "scale", "expected"),
    [
        ([[0.2, 0.5]], None, (0.0, 0.5)),
        ([[-0.2, 0.5]], None, (-0.2, 0.5)),
        ([[0.0, 0.0]], None, (0.0, 1.0)),
        ([[-2.0, -2.0]], None, (-2.0, -1.0)),
        ([[np.nan, np.nan]], None, (0.0, 1.0)),
        ([[0.2, 0.5]], (-1.0, 1.0), (-1.0, 1.0)),
    ],
)
def test_the_colours_begin_at_zero_or_below(ax, values, scale, expected):
    assert draw_heatmap(ax, np.array(values), written=percent, scale=scale).image.get_clim() == expected


@pytest.mark.parametrize(("write", "label"), [(percent, "20"), (None, "0.20")])
def test_without_numbers_there_is_a_colour_bar(ax, drawn, write, label):
    found = draw_heatmap(ax, np.array([[0.1, 0.4]]), written=write, numbered=False)
    drawn(ax)
    assert found.numbers == {}
    assert label in [tick.get_text() for tick in ax.figure.axes[1].get_yticklabels()]


@pytest.mark.parametrize(("gap", "is_framed"), [(1.5, False), (0.0, True)])
def test_cells_with_lines_between_them_have_no_spines(ax, gap, is_framed):
    draw_heatmap(ax, np.ones((2, 3)), written=percent, gap=gap)
    assert all(spine.get_visible() == is_framed for spine in ax.spines.values())
    assert ax.get_xticks(minor=True).tolist() == ([] if is_framed else [-0.5, 0.5, 1.5, 2.5])
    assert ax.get_yticks(minor=True).tolist() == ([] if is_framed else [-0.5, 0.5, 1.5])


def test_numbers_fit_their_cells(ax, drawn):
    values = np.linspace(0.0, 1.0, 80).reshape(8, 10)
    numbers = draw_heatmap(ax, values, written=percent).numbers
    drawn(ax)
    boxes = [number.get_window_extent() for number in numbers.values()]
    assert max(box.width for box in boxes) <= ax.bbox.width / 10
    assert max(box.height for box in boxes) <= ax.bbox.height / 8


def test_numbers_are_neither_too_small_nor_too_large(ax):
    sizes = {n: draw_heatmap(ax, np.ones((n, n)), written=percent).numbers[0, 0].get_fontsize() for n in (1, 60)}
    assert sizes == {1: 10.0, 60: SMALLEST}
    assert points_of_cells(ax, (60, 60), 3) < SMALLEST < 10 < points_of_cells(ax, (1, 1), 3)
    assert draw_heatmap(ax, np.ones((1, 1)), written=percent, largest=7.0).numbers[0, 0].get_fontsize() == 7.0


def test_one_row_and_one_cell(ax, drawn):
    found = draw_heatmap(ax, np.array([[2]]), x=np.array([7]), y=np.array([3]), written=str)
    drawn(ax)
    assert found.image.get_extent() == [6.5, 7.5, 3.5, 2.5]
    assert written(found) == {(0, 0): "2.0"}


def test_no_cells(ax, drawn):
    found = draw_heatmap(ax, np.empty((0, 3)), written=percent)
    drawn(ax)
    assert found.numbers == {}


def test_figures_grow_with_their_cells():
    small, large = (size_of_cells(n, around=1.0) for n in (2, 12))
    assert small == pytest.approx({"width": 4.9, "height": 4.6})
    assert large["width"] > small["width"]
