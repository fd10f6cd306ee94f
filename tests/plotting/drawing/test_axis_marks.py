from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from crmmodels.plotting.drawing.axis_marks import legend_above, put_dates, short, start_at_zero, whole_ticks, write_words
from crmmodels.plotting.drawing.lettering import Lettering

TEXT = Lettering({}, (), "", {"parse_math": False})


def legend_of(width, names, short_names=None):
    """Names in the legend, and the columns that they stand in."""
    _, ax = plt.subplots(figsize=(width, 3))
    lines = [ax.plot([0, 1], [k, k])[0] for k in range(len(names))]
    ax.set_title("title")
    legend_above(ax, TEXT, lines, names, short_names)
    legend = ax.get_legend()
    assert legend.get_window_extent().width <= ax.bbox.width
    assert legend.get_window_extent().y0 >= ax.bbox.y1 - 1
    ax.figure.draw_without_rendering()
    assert ax.title.get_window_extent().y0 >= legend.get_window_extent().y1 - 1
    return [entry.get_text() for entry in legend.get_texts()], legend._ncols


def test_a_legend_has_as_many_columns_as_there_is_room_for():
    names = ["the first of them", "the second of them", "the third of them"]
    assert legend_of(8, names) == (names, 3)
    assert legend_of(4.5, names) == (names, 2)
    assert legend_of(2.5, names) == (names, 1)


def test_names_of_more_than_three_rows_are_short():
    names = [f"one of four names, number {k}" for k in range(4)]
    assert legend_of(8, names, list("abcd"))[0] == names
    assert legend_of(3, names, list("abcd")) == (list("abcd"), 4)


def test_long_words_are_broken_and_named_artists_are_in_the_legend():
    _, ax = plt.subplots(figsize=(3, 3))
    ax.plot([0, 1], [0, 1], label="line")
    write_words(ax, TEXT, title="a title that is longer than the axes are wide", x="x", y="y")
    assert ax.get_title().count("\n") >= 1
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x", "y")
    assert [entry.get_text() for entry in ax.get_legend().get_texts()] == ["line"]


@pytest.mark.parametrize(("heights", "top"), [([1.0, 4.0], 4.2), ([0.0, 0.0], 1.0), ([], 1.0)])
def test_counts_begin_at_zero(heights, top):
    _, ax = plt.subplots()
    ax.plot(heights)
    start_at_zero(ax)
    assert ax.get_ylim() == pytest.approx((0.0, top))


def test_ticks_are_whole():
    _, ax = plt.subplots()
    ax.set_ylim(0, 2)
    whole_ticks(ax.yaxis)
    assert ax.get_yticks().tolist() == [0, 1, 2]


@pytest.mark.parametrize(("n_days", "shown"), [(1, "2024-01-01"), (20, "2024-01-10"), (400, "2024-04"), (4000, "2030")])
def test_dates_are_written_in_numbers(n_days, shown):
    _, ax = plt.subplots()
    put_dates(ax, np.datetime64("2024-01-01") + np.array([0, n_days - 1]))
    ax.figure.draw_without_rendering()
    assert shown in [label.get_text() for label in ax.get_xticklabels()]


@pytest.mark.parametrize(("number", "words"), [(39.0, "39"), (0.5, "0.5"), (12345.6, "12,346")])
def test_numbers_are_short(number, words):
    assert short(number) == words
