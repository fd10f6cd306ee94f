from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

import crmmodels as crm
from crmmodels.plotting.drawing.figure import BLUE, ORANGE
from crmmodels.plotting.survey.layout import arrows_through
from crmmodels.plotting.survey.path_diagram import _stars, plot_path_diagram


def labels_of(ax):
    """Label of each arrow by its path."""
    return {text.get_gid(): text.get_text() for text in ax.texts if "->" in (text.get_gid() or "")}


def boxes_of(ax):
    """Corners of the constructs."""
    boxes = [patch for patch in ax.patches if isinstance(patch, FancyBboxPatch)]
    return np.array([(box.get_x(), box.get_y(), box.get_width(), box.get_height()) for box in boxes])


@pytest.mark.parametrize("n_items", [1, 2, 7])
@pytest.mark.parametrize("template", list(crm.structural_templates()))
def test_no_arrow_runs_through_a_construct_and_no_two_constructs_overlap(template_model, template, n_items, drawn):
    model = template_model(template, n_items=n_items)
    for items in (True, False):
        ax = drawn(plot_path_diagram(model, items=items))
        boxes = boxes_of(ax)
        centres = boxes[:, :2] + boxes[:, 2:] / 2
        names = list(model.graph().names)
        pairs = [(names.index(source), names.index(target)) for source, target in model.graph().pairs]
        assert arrows_through(centres, boxes[:, 2:], pairs) == 0
        gaps = np.abs(centres[:, None] - centres) - (boxes[:, None, 2:] + boxes[None, :, 2:]) / 2
        assert (gaps.max(axis=-1)[~np.eye(len(boxes), dtype=bool)] > 0).all()
        plt.close("all")


def test_arrows_are_labelled_with_the_paths_of_the_record(survey_model, drawn):
    model = survey_model()
    ax = drawn(plot_path_diagram(model))
    paths = model.fitted.paths
    written = labels_of(ax)
    assert list(written) == [f"{row.source} -> {row.target}" for row in paths.itertuples()]
    for row, words in zip(paths.itertuples(), written.values(), strict=True):
        assert float(words.rstrip("*")) == pytest.approx(row.estimate, abs=0.005001)
    assert "* p < .05" in ax.texts[0].get_text()


def test_strong_arrows_are_wide_and_negative_ones_orange(survey_model):
    ax = plot_path_diagram(survey_model())
    arrows = [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]
    estimates = survey_model().fitted.paths["estimate"].to_numpy()
    assert (estimates < 0).any()
    assert [to_hex(arrow.get_edgecolor()).upper() for arrow in arrows] == [ORANGE if value < 0 else BLUE for value in estimates]
    widths = np.array([arrow.get_linewidth() for arrow in arrows])
    np.testing.assert_array_equal(np.argsort(widths), np.argsort(np.abs(estimates)))


def test_stars_are_those_of_a_two_sided_test_and_absent_without_replicates(survey_model):
    errors = 1.0 / np.array([1.95, 1.97, 2.57, 2.58, 3.29, 3.30])
    paths = pd.DataFrame({"estimate": [1.0, -1.0, 1.0, -1.0, 1.0, 1.0], "standard_error": errors})
    assert _stars(paths) == ["", "*", "*", "**", "**", "***"]
    assert _stars(pd.DataFrame({"estimate": [0.5], "standard_error": [0.0]})) == ["***"]
    ax = plot_path_diagram(survey_model(0))
    assert not [words for words in labels_of(ax).values() if "*" in words]
    assert "no tests" in ax.texts[0].get_text()


def test_constructs_tell_their_explained_variance_index_and_loadings(survey_model):
    fitted = survey_model().fitted
    written = [text.get_text() for text in plot_path_diagram(survey_model()).texts]
    index = fitted.index.set_index("construct")["estimate"]
    r_squared = fitted.r_squared.set_index("construct")["estimate"]
    for name in index.index:
        there = f"R² {r_squared[name]:.2f} · ".replace("0.", ".") if name in r_squared.index else ""
        assert f"{there}{index[name]:.1f}" in written
    assert set(fitted.loadings["item"]) <= set(written)
    without = [text.get_text() for text in plot_path_diagram(survey_model(), items=False).texts]
    assert not set(fitted.loadings["item"]) & set(without)


def test_parts_of_constructs_are_named_in_the_language_of_the_labels(template_model, with_han_font):
    written = [text.get_text() for text in plot_path_diagram(template_model("cram", "zh")).texts]
    assert {"售前", "可搜寻信息", "客户忠诚度"} <= set(written)


@pytest.mark.parametrize("width", [2.0, 5.0, 14.0])
def test_text_fits_its_construct_in_axes_of_any_size(survey_model, width, drawn):
    _, ax = plt.subplots(figsize=(width, width / 2), layout="constrained")
    drawn(plot_path_diagram(survey_model(), ax=ax))
    for left, bottom, wide, high in boxes_of(ax):
        (x0, y0), (x1, y1) = ax.transData.transform([(left, bottom), (left + wide, bottom + high)])
        inside = [
            text.get_window_extent()
            for text in ax.texts
            if text.get_zorder() == 4
            and x0 <= ax.transData.transform(text.get_position())[0] <= x1
            and y0 <= ax.transData.transform(text.get_position())[1] <= y1
        ]
        assert len(inside) == 2 + 2 * 3
        assert all(x0 - 1 <= box.x0 and box.x1 <= x1 + 1 for box in inside)


def test_a_number_that_rounds_to_nothing_has_no_sign():
    from crmmodels.plotting.survey.shared import two_decimals

    assert [two_decimals(value) for value in (-0.001, -0.5, 0.999, 1.0, 1.25, -1.0)] == [
        ".00",
        "-.50",
        "1.00",
        "1.00",
        "1.25",
        "-1.00",
    ]
