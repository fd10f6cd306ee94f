from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from crmmodels.plotting.drawing.forest import draw_forest

ESTIMATES = np.array([0.1, 0.9, 0.5, np.nan, 0.4])
LOWER = np.array([0.0, 0.8, np.nan, 0.0, 0.2])
UPPER = np.array([0.2, 1.0, 0.9, 9.0, 0.7])
COLOURS = ["#110000", "#220000", "#330000", "#440000", "#550000"]


@pytest.fixture
def ax():
    return plt.subplots()[1]


def rows_of(found):
    """Estimate, height, limits and colour of each row."""
    rows = []
    for row in found:
        dot, _, intervals = row.lines
        limits = [tuple(end[0] for end in interval.get_segments()[0]) for interval in intervals]
        rows.append((dot.get_xdata()[0], dot.get_ydata()[0], limits, to_hex(dot.get_color())))
    return rows


def test_rows_have_their_estimates_and_intervals(ax, drawn):
    found = rows_of(draw_forest(ax, ESTIMATES, LOWER, UPPER, colours=COLOURS))
    drawn(ax)
    assert [row[0] for row in found] == [0.1, 0.9, 0.5, 0.4]
    assert [row[1] for row in found] == [0, 1, 2, 4]
    assert [row[2] for row in found] == [
        [pytest.approx((0.0, 0.2))],
        [pytest.approx((0.8, 1.0))],
        [],
        [pytest.approx((0.2, 0.7))],
    ]
    assert [row[3] for row in found] == ["#110000", "#220000", "#330000", "#550000"]


def test_rows_stand_where_they_are_told(ax):
    found = rows_of(draw_forest(ax, ESTIMATES[:2], LOWER[:2], UPPER[:2], colours=COLOURS, rows=np.array([7, 3])))
    assert [row[1] for row in found] == [7, 3]


@pytest.mark.parametrize(("reference", "limits"), [(0.0, (-0.08, 1.08)), (2.0, (-0.16, 2.16)), (0.5, (-0.08, 1.08))])
def test_the_axis_holds_all_limits_and_the_reference(ax, reference, limits):
    draw_forest(ax, ESTIMATES, LOWER, UPPER, colours=COLOURS, reference=reference)
    assert ax.get_xlim() == pytest.approx(limits)


def test_words_stand_above_their_row_and_within_the_axes(ax, drawn):
    words = ["to the right", "to the left", "none", "not drawn", "in the middle"]
    draw_forest(ax, ESTIMATES, LOWER, UPPER, colours=COLOURS, written=words, style={"color": "#123456"})
    ax.set_ylim(4.5, -0.7)
    drawn(ax)
    assert [text.get_text() for text in ax.texts] == [words[k] for k in (0, 1, 2, 4)]
    assert [text.get_ha() for text in ax.texts] == ["left", "right", "center", "center"]
    np.testing.assert_allclose([text.xy for text in ax.texts], [(0.0, 0), (1.0, 1), (0.5, 2), (0.4, 4)])
    assert {text.get_color() for text in ax.texts} == {"#123456"}
    for text in ax.texts:
        box = text.get_window_extent()
        assert ax.bbox.x0 <= box.x0 <= box.x1 <= ax.bbox.x1
        assert box.y0 > ax.transData.transform(text.xy)[1]


def test_one_row_and_none(ax, drawn):
    assert len(draw_forest(ax, ESTIMATES[:1], LOWER[:1], UPPER[:1], colours=COLOURS, written=["one"])) == 1
    drawn(ax)
    ax.clear()
    nothing = np.empty(0)
    assert draw_forest(ax, nothing, nothing, nothing, colours=[], written=[]) == []
    drawn(ax)
    assert ax.get_xlim() == pytest.approx((-0.08, 0.08))


def test_an_estimate_without_any_spread_has_room(ax):
    draw_forest(ax, np.zeros(1), np.zeros(1), np.zeros(1), colours=["red"])
    assert ax.get_xlim() == pytest.approx((-0.08, 0.08))
