from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

import crmmodels as crm
from crmmodels.plotting.survey.loadings import plot_cross_loadings


def frames_of(ax, gid):
    """Cells that are framed: rows and columns."""
    frames = []
    for patch in ax.patches:
        if patch.get_gid() == gid:
            rows = range(round(patch.get_y() + 0.4), round(patch.get_y() + patch.get_height() + 0.4))
            frames += [
                (row, round(patch.get_x() + 0.45)) for row in (rows if gid == "own" else rows[:1] or [round(patch.get_y())])
            ]
    return frames


def test_cells_are_the_cross_loadings_of_the_record(survey_model, drawn):
    model = survey_model()
    ax = drawn(plot_cross_loadings(model))
    table = model.fitted.cross_loadings
    rows = [label.get_text() for label in ax.get_yticklabels()]
    columns = [label.get_text() for label in ax.get_xticklabels()]
    image = np.asarray(ax.images[0].get_array())
    for cell in table.itertuples():
        assert image[rows.index(cell.item), columns.index(cell.construct)] == cell.estimate
    assert ax.get_ylim()[0] > ax.get_ylim()[1]
    assert (ax.images[0].norm.vmin, ax.images[0].norm.vmax) == (-1, 1)


def test_numbers_stand_in_their_cells_those_of_the_own_construct_bold(survey_model):
    ax = plot_cross_loadings(survey_model())
    image = np.asarray(ax.images[0].get_array())
    assert len(ax.texts) == image.size
    for text in ax.texts:
        column, row = text.get_position()
        assert float(text.get_text()) == pytest.approx(image[row, column], abs=0.005001)
        assert (text.get_fontweight() == "bold") == (column == row // 3)


def test_the_items_of_each_construct_are_outlined(survey_model):
    ax = plot_cross_loadings(survey_model())
    assert frames_of(ax, "own") == [(row, row // 3) for row in range(18)]
    assert frames_of(ax, "stray") == []
    assert ax.get_xlabel() == "Outlined: own construct"


def test_an_item_that_goes_with_another_construct_is_framed_there(survey):
    swapped = {
        "quality": ["quality_1", "quality_2", "quality_3", "expectations_1", "value_1"],
        "value": ["value_2", "value_3"],
        "loyalty": ["loyalty_1"],
    }
    paths = {"quality": ["value", "loyalty"]}
    model = crm.StructuralModel(constructs=swapped, paths=paths, n_bootstrap=0).fit(survey.answers)
    ax = plot_cross_loadings(model)
    table = model.fitted.cross_loadings.pivot_table(index="item", columns="construct", values="estimate", sort=False)
    assert table.loc["value_1", "value"] > table.loc["value_1", "quality"]
    (stray,) = [patch for patch in ax.patches if patch.get_gid() == "stray"]
    centre = stray.get_x() + stray.get_width() / 2, stray.get_y() + stray.get_height() / 2
    assert centre == pytest.approx((list(table.columns).index("value"), list(table.index).index("value_1")))
    assert ax.get_xlabel().endswith("; orange: as high on another")


def test_negative_correlations_are_orange_and_positive_ones_blue(survey_model):
    image = plot_cross_loadings(survey_model()).images[0]
    values = np.asarray(image.get_array())
    red, _, blue, _ = np.moveaxis(image.to_rgba(values), -1, 0)
    assert (values < 0).any()
    assert ((red > blue) == (values < 0)).all()


@pytest.mark.parametrize(("size", "is_numbered"), [((8, 6), True), ((2.5, 2), False)])
def test_numbers_that_do_not_fit_give_way_to_a_colour_bar(survey_model, size, is_numbered, drawn):
    figure, ax = plt.subplots(figsize=size, layout="constrained")
    drawn(plot_cross_loadings(survey_model(), ax=ax))
    assert bool(ax.texts) == is_numbered
    assert len(figure.axes) == (1 if is_numbered else 2)


def test_numbers_fit_their_cells(survey_model, drawn):
    ax = drawn(plot_cross_loadings(survey_model()))
    cell = ax.bbox.width / 6, ax.bbox.height / 18
    boxes = [text.get_window_extent() for text in ax.texts]
    assert max(box.width for box in boxes) <= cell[0]
    assert max(box.height for box in boxes) <= cell[1] * 1.1


def test_parts_of_second_order_are_rows_and_belong_to_their_whole(template_model, drawn):
    ax = drawn(plot_cross_loadings(template_model("cram")))
    rows = [label.get_text() for label in ax.get_yticklabels()]
    columns = [label.get_text() for label in ax.get_xticklabels()]
    own = set(frames_of(ax, "own"))
    assert (rows.index("brand information"), columns.index("pre sale")) in own
    assert (rows.index("service quality"), columns.index("post sale")) in own
    assert len(own) == len(rows)
