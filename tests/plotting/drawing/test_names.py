from __future__ import annotations

import matplotlib.pyplot as plt
import pytest

from crmmodels.plotting.drawing.lettering import Lettering
from crmmodels.plotting.drawing.names import name_columns, name_rows, points_of_rows, whole_labels


def named_rows(names, *, size=(6, 3)):
    _, ax = plt.subplots(figsize=size, layout="constrained")
    ax.set_ylim(len(names) - 0.5, -0.5)
    name_rows(ax, names, {})
    return ax.get_yticks().tolist(), [label.get_text() for label in ax.get_yticklabels()], ax


def test_rows_are_named_downwards():
    places, names, ax = named_rows(["one", "two", "three"])
    assert (places, names) == ([0, 1, 2], ["one", "two", "three"])
    assert {label.get_fontsize() for label in ax.get_yticklabels()} == {plt.rcParams["font.size"]}


def test_long_names_are_broken_where_there_is_room_for_lines():
    names = ["a name that is much too long for these axes", "another one that is as long as the first"]
    assert all("\n" in name for name in named_rows(names, size=(4, 3))[1])
    assert named_rows(names, size=(12, 3))[1] == names


def test_of_very_low_rows_some_are_named():
    places, names, ax = named_rows([str(k) for k in range(300)])
    assert names == [str(place) for place in places]
    assert 2 < len(places) < 100
    assert points_of_rows(ax) < 5
    assert points_of_rows(ax, 2) == pytest.approx(points_of_rows(ax) / 2)


@pytest.mark.parametrize(("width", "angle"), [(8, 0), (2, 30)])
def test_columns_too_narrow_for_their_names_have_them_aslant(width, angle):
    _, ax = plt.subplots(figsize=(width, 3))
    name_columns(ax, ["first column", "second column"], {}, first=1.0, angle=30)
    assert ax.get_xticks().tolist() == [1, 2]
    assert ax.get_xlim() == (0.5, 2.5)
    assert {label.get_rotation() for label in ax.get_xticklabels()} == {angle}


def test_labels_are_whole_in_the_wording_that_is_drawn():
    text = Lettering({}, ("a long\nlabel", "segment\n2"), "", {})
    assert whole_labels(text, ["a long label", "二"], ["one", "two"]) == ["a long label", "segment 2"]
