from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from crmmodels.plotting.drawing.curves import draw_band, draw_curve

X = np.array([0.0, 1.0, 2.0, 3.0])
Y = np.array([1.0, 2.0, 4.0, 3.0])


@pytest.fixture
def ax():
    return plt.subplots()[1]


def test_a_curve_without_limits_is_a_line(ax, drawn):
    found = draw_curve(ax, X, Y, colour="#112233", name="curve", line="--", linewidth=3.0)
    drawn(ax)
    np.testing.assert_array_equal(found.line.get_xydata(), np.column_stack([X, Y]))
    assert (found.line.get_color(), found.line.get_linestyle(), found.line.get_linewidth()) == ("#112233", "--", 3.0)
    assert found.band is None
    assert ax.get_legend_handles_labels()[1] == ["curve"]
    assert (list(ax.lines), list(ax.collections)) == ([found.line], [])


def test_the_band_lies_between_the_limits(ax, drawn):
    found = draw_curve(ax, X, Y, colour="#112233", lower=Y - 0.5, upper=Y + 1.0)
    drawn(ax)
    (outline,) = [path.vertices for path in found.band.get_paths()]
    for place, low, high in zip(X, Y - 0.5, Y + 1.0, strict=True):
        own = outline[outline[:, 0] == place, 1]
        assert (own.min(), own.max()) == (low, high)
    assert to_hex(found.band.get_facecolor()[0]) == "#112233"
    assert found.band.get_alpha() == 0.25
    assert found.band.get_zorder() < found.line.get_zorder()
    assert ax.get_legend_handles_labels()[1] == []


def test_a_limit_may_be_the_same_everywhere(ax):
    found = draw_curve(ax, X, Y, colour="red", lower=0.0, upper=Y)
    assert found.band.get_paths()[0].vertices[:, 1].min() == 0.0


def test_there_is_no_band_where_a_limit_is_not_known(ax, drawn):
    lower = np.array([0.0, 1.0, np.nan, 2.0])
    found = draw_curve(ax, X, Y, colour="red", lower=lower, upper=Y + 1.0)
    drawn(ax)
    held = np.concatenate([path.vertices[:, 0] for path in found.band.get_paths()])
    assert set(held) == {0.0, 1.0, 3.0}
    np.testing.assert_array_equal(found.line.get_ydata(), Y)
    assert draw_curve(ax, X, Y, colour="red", lower=np.full(4, np.nan), upper=Y).band.get_paths() == []


@pytest.mark.parametrize(("y", "marker"), [([5.0], "o"), ([np.nan, 5.0, np.nan], "o"), ([5.0, 6.0], ""), ([np.nan], "")])
def test_a_single_point_is_a_dot(ax, drawn, y, marker):
    found = draw_curve(ax, np.arange(len(y)), np.array(y), colour="red", lower=np.array(y) - 1.0, upper=np.array(y) + 1.0)
    drawn(ax)
    assert found.line.get_marker() == marker
    assert draw_curve(ax, np.arange(len(y)), np.array(y), colour="red", marker="s").line.get_marker() == "s"


def test_no_points(ax, drawn):
    nothing = np.empty(0)
    found = draw_curve(ax, nothing, nothing, colour="red", lower=nothing, upper=nothing)
    drawn(ax)
    assert len(found.line.get_xdata()) == 0


def test_curves_go_over_dates(ax, drawn):
    days = np.datetime64("2024-01-01") + np.arange(4)
    found = draw_curve(ax, days, Y, colour="red", lower=Y - 1.0, upper=Y + 1.0)
    drawn(ax)
    np.testing.assert_array_equal(found.line.get_xdata(), days)
    assert len(found.band.get_paths()) == 1


def test_a_band_stands_alone(ax, drawn):
    band = draw_band(ax, X, 1.0, Y, colour="#112233", label="area", edgecolor="white", linewidth=0.4)
    drawn(ax)
    assert (band.get_alpha(), band.get_linewidth()[0]) == (1.0, 0.4)
    assert band.get_paths()[0].vertices[:, 1].max() == 4.0
    assert ax.get_legend_handles_labels()[1] == ["area"]
