from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

import crmmodels as crm
from crmmodels import plotting
from crmmodels.plotting.lifecycle.shared import STAGE_COLOURS


@pytest.fixture(scope="module")
def panel():
    return crm.LifecycleModel.example(n_customers=120, seed=3)


@pytest.fixture(scope="module")
def model(panel):
    return crm.LifecycleModel(n_starts=1).fit(panel)


def written(ax):
    return {(round(text.get_position()[1]), round(text.get_position()[0])): text.get_text() for text in ax.texts}


def test_cells_are_the_probabilities_and_dashes_what_cannot_be(model, drawn):
    ax = drawn(plotting.plot_transition_matrix(model))
    moves = model.transition_matrix().to_numpy()
    cells, texts = ax.images[0].get_array(), written(ax)
    for row, column in np.ndindex(4, 4):
        text = texts[row + 1, column + 1]
        if moves[row, column] == 0:
            assert text == "–"
            assert np.ma.getmaskarray(cells)[row, column]
        else:
            assert cells[row, column] == moves[row, column]
            assert float(text.rstrip("%")) == pytest.approx(100 * moves[row, column], abs=0.051)
    assert ax.get_ylim()[0] > ax.get_ylim()[1]


def test_rows_have_their_dwell_times_and_the_stages_their_colours(model, drawn):
    ax = drawn(plotting.plot_transition_matrix(model))
    rows = [label.get_text().split("\n") for label in ax.get_yticklabels()]
    assert [row[0] for row in rows] == list(model.stage_labels())
    np.testing.assert_allclose([float(row[1]) for row in rows], model.dwell_times(), atol=0.051)
    assert [label.get_text() for label in ax.get_xticklabels()] == list(model.stage_labels())
    strips = [to_hex(patch.get_facecolor()).upper() for patch in ax.patches]
    assert strips == [colour for colour in STAGE_COLOURS for _ in range(2)]


def test_decline_without_recovery_is_for_ever(panel, drawn):
    ax = drawn(plotting.plot_transition_matrix(crm.LifecycleModel(n_starts=1, recovery=False).fit(panel)))
    assert ax.get_yticklabels()[3].get_text() == "decline\n∞"
    assert [written(ax)[4, column] for column in (1, 2, 3, 4)] == ["–", "–", "–", "100.0%"]


@pytest.mark.parametrize(("width", "turned"), [(7.0, 0.0), (2.6, 35.0)])
def test_names_are_aslant_where_cells_are_narrow(model, drawn, width, turned):
    _, ax = plt.subplots(figsize=(width, 4), layout="constrained")
    assert drawn(plotting.plot_transition_matrix(model, ax=ax)) is ax
    assert {label.get_rotation() for label in ax.get_xticklabels()} == {turned}


@pytest.mark.usefixtures("with_han_font")
def test_chinese(panel, drawn):
    ax = drawn(plotting.plot_transition_matrix(crm.LifecycleModel(n_starts=1, labels="zh").fit(panel)))
    assert [label.get_text() for label in ax.get_xticklabels()] == ["考察期", "形成期", "稳定期", "退化期"]
    assert ax.get_title() == "下一周期处于各阶段的概率"


@pytest.mark.usefixtures("without_han_font")
def test_english_where_no_font_is_chinese(panel, drawn):
    model = crm.LifecycleModel(n_starts=1, labels="zh").fit(panel)
    with pytest.warns(crm.MissingGlyphWarning, match="plot_transition_matrix") as caught:
        ax = drawn(plotting.plot_transition_matrix(model))
    assert caught[0].filename == __file__
    assert ax.get_xlabel() == "Stage a period later"


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(crm.ParameterError, match=r"plot_transition_matrix\(model=...\) must be a fitted LifecycleModel"):
        plotting.plot_transition_matrix(crm.RFMModel())
    with pytest.raises(crm.NotFittedError, match="plot_transition_matrix"):
        plotting.plot_transition_matrix(crm.LifecycleModel())
