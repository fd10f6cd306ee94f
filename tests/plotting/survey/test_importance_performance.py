from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex

import crmmodels as crm
from crmmodels.plotting.drawing.figure import BLUE, ORANGE
from crmmodels.plotting.survey.importance_performance import plot_importance_performance


def points_of(ax):
    """Points of the map, and their colours."""
    (dots,) = [collection for collection in ax.collections if isinstance(collection, PathCollection)]
    colours = [to_hex(colour).upper() for colour in dots.get_facecolor()]
    return np.asarray(dots.get_offsets()), colours


def names_of(ax):
    """Label of each point by what it names."""
    return {text.get_gid(): text for text in ax.texts if text.get_gid()}


def lines_of(ax):
    """Ends of the crosses, horizontal and vertical."""
    segments = [np.array(line) for lines in ax.collections if hasattr(lines, "get_segments") for line in lines.get_segments()]
    flat = [line for line in segments if line[0, 1] == line[1, 1]]
    upright = [line for line in segments if line[0, 0] == line[1, 0]]
    return flat, upright


@pytest.mark.parametrize("target", ["satisfaction", "loyalty"])
@pytest.mark.parametrize("by", ["construct", "item"])
def test_points_are_importance_and_performance_of_the_model(survey_model, by, target, drawn):
    model = survey_model()
    ax = drawn(plot_importance_performance(model, target=target, by=by))
    table = model.importance_performance(target, by=by)
    points, colours = points_of(ax)
    np.testing.assert_array_equal(points, table[["importance", "performance"]])
    assert list(names_of(ax)) == table[by].tolist()
    first = (table["importance"] > table["importance"].mean()) & (table["performance"] < table["performance"].mean())
    assert colours == [ORANGE if is_first else BLUE for is_first in first]


def test_the_target_is_satisfaction_where_none_is_named(survey_model):
    model = survey_model()
    np.testing.assert_array_equal(
        points_of(plot_importance_performance(model))[0],
        points_of(plot_importance_performance(model, target="satisfaction"))[0],
    )


def test_lines_stand_at_the_means_and_the_corner_right_below_is_marked(survey_model):
    model = survey_model()
    ax = plot_importance_performance(model)
    x, y = model.importance_performance()[["importance", "performance"]].mean()
    assert ax.lines[0].get_xdata() == pytest.approx([x, x])
    assert ax.lines[1].get_ydata() == pytest.approx([y, y])
    (corner,) = ax.patches
    left, bottom, right, top = *corner.get_xy(), *(np.add(corner.get_xy(), (corner.get_width(), corner.get_height())))
    assert (left, top) == pytest.approx((x, y))
    assert (right, bottom) == pytest.approx((ax.get_xlim()[1], ax.get_ylim()[0]))
    assert "fix first" in [text.get_text() for text in ax.texts]


def test_crosses_are_the_limits_of_the_model(survey_model):
    model = survey_model()
    table = model.importance_performance()
    ax = plot_importance_performance(model)
    flat, upright = lines_of(ax)
    for row, across, up in zip(table.itertuples(), flat, upright, strict=True):
        np.testing.assert_array_equal(across, [(end, row.performance) for end in (row.importance_lower, row.importance_upper)])
        np.testing.assert_array_equal(up, [(row.importance, end) for end in (row.performance_lower, row.performance_upper)])
        assert ax.get_xlim()[0] < row.importance_lower < row.importance_upper < ax.get_xlim()[1]
    assert ax.get_xlabel().endswith("(crosses: 95% limits)")


def test_without_replicates_there_are_no_crosses(survey_model):
    ax = plot_importance_performance(survey_model(0))
    assert lines_of(ax) == ([], [])
    assert "limits" not in ax.get_xlabel()


@pytest.mark.parametrize("by", ["construct", "item"])
def test_labels_cover_neither_each_other_nor_the_points(survey_model, by, drawn):
    ax = drawn(plot_importance_performance(survey_model(), target="loyalty", by=by))
    boxes = [text.get_window_extent() for text in names_of(ax).values()]
    for i, box in enumerate(boxes):
        assert not [other for other in boxes[:i] if box.overlaps(other)]
        assert not [point for point in ax.transData.transform(points_of(ax)[0]) if box.contains(*point)]
        assert ax.bbox.x0 - 1 <= box.x0 <= box.x1 <= ax.bbox.x1 + 1


def test_labels_of_points_in_one_place_stand_apart(drawn):
    from crmmodels.plotting.drawing.point_labels import label_points

    _, ax = plt.subplots()
    labels = label_points(ax, np.full((6, 2), 0.5), [f"item {k}" for k in range(6)], {})
    drawn(ax)
    boxes = [label.get_window_extent() for label in labels]
    assert not any(boxes[i].overlaps(boxes[j]) for i in range(6) for j in range(i))


def test_a_label_far_from_its_point_is_led_to_it(drawn):
    from crmmodels.plotting.drawing.point_labels import label_points

    _, ax = plt.subplots()
    labels = label_points(ax, np.full((30, 2), 0.5), [f"item number {k}" for k in range(30)], {})
    led = [text for text in ax.texts if text not in labels]
    assert 0 < len(led) < 30
    assert all(text.get_text() == "" for text in led)


def test_a_construct_without_a_scale_has_no_performance_and_is_not_drawn(survey):
    graph = {"constructs": {"quality": ["quality_1", "quality_2"], "spend": ["value_1"], "loyalty": ["loyalty_1"]}}
    paths = {"quality": ["loyalty"], "spend": ["loyalty"]}
    scale = {"quality": (1, 10), "loyalty": (1, 10), "spend": None}
    model = crm.StructuralModel(**graph, paths=paths, scale=scale, n_bootstrap=0).fit(survey.answers)
    assert list(names_of(plot_importance_performance(model))) == ["quality"]
    only = {"constructs": {"spend": ["value_1"], "loyalty": ["loyalty_1"]}, "paths": {"spend": ["loyalty"]}}
    alone = crm.StructuralModel(**only, scale={"spend": None, "loyalty": (1, 10)}, n_bootstrap=0).fit(survey.answers)
    with pytest.raises(
        crm.ParameterError, match="must be a construct to which some construct with a scale leads; got 'loyalty'"
    ):
        plot_importance_performance(alone)
    assert plt.get_fignums() == [1]


def test_other_targets_and_rows_are_refused(survey_model):
    with pytest.raises(
        crm.ParameterError, match=r"^importance_performance\(target=...\) must be one of the constructs .*'expectations'"
    ):
        plot_importance_performance(survey_model(), target="expectations")
    with pytest.raises(crm.ParameterError) as refusal:
        plot_importance_performance(survey_model(), by="group")
    assert str(refusal.value) == "plot_importance_performance(by=...) must be one of 'construct', 'item'; got 'group'."
