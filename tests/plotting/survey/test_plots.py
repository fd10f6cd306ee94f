"""What all plots of surveys have in common."""

from __future__ import annotations

import sys

import matplotlib.pyplot as plt
import pytest
from matplotlib import rcParams
from matplotlib.text import Text

import crmmodels as crm
from crmmodels import plotting
from crmmodels.plotting.drawing.fonts import is_chinese

NAMES = ["paths", "items", "map", "map of items", "index", "groups", "branches", "loadings", "replicates"]


@pytest.fixture(scope="module")
def plots(survey, survey_model):
    """Every plot by name: functions of a model and axes."""
    comparison = survey_model().compare_groups(survey.answers, by="group", n_permutations=20)
    return {
        "paths": lambda model, ax=None: plotting.plot_path_diagram(model, items=False, ax=ax),
        "items": lambda model, ax=None: plotting.plot_path_diagram(model, ax=ax),
        "map": lambda model, ax=None: plotting.plot_importance_performance(model, ax=ax),
        "map of items": lambda model, ax=None: plotting.plot_importance_performance(model, by="item", ax=ax),
        "index": lambda model, ax=None: plotting.plot_index(model, ax=ax),
        "groups": lambda model, ax=None: plotting.plot_index(model, comparison, ax=ax),
        "branches": lambda model, ax=None: plotting.plot_index(model, comparison, construct="satisfaction", ax=ax),
        "loadings": lambda model, ax=None: plotting.plot_cross_loadings(model, ax=ax),
        "replicates": lambda model, ax=None: plotting.plot_bootstrap(model, survey.answers, ax=ax),
    }


def texts(ax):
    """Everything written on the figure."""
    return [artist for artist in ax.figure.findobj(Text) if artist.get_text().strip() and artist.get_visible()]


@pytest.mark.parametrize("name", NAMES)
def test_chinese_is_drawn_where_a_font_has_it(plots, survey_model, name, with_han_font, drawn):
    ax = drawn(plots[name](survey_model(labels="zh")))
    assert is_chinese(ax.get_title())
    chinese = [artist for artist in texts(ax) if is_chinese(artist.get_text())]
    assert len(chinese) >= 2
    assert {tuple(artist.get_fontfamily()) for artist in chinese} == {(*rcParams["font.family"], with_han_font)}
    assert not [artist.get_text() for artist in texts(ax) if artist.get_text() in {"quality", "satisfaction", "loyalty"}]


@pytest.mark.parametrize("name", NAMES)
def test_without_a_font_there_is_one_warning_and_english(plots, survey_model, name, without_han_font, drawn):
    with pytest.warns(crm.MissingGlyphWarning) as caught:
        ax = plots[name](survey_model(labels="zh"))
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert not [artist.get_text() for artist in texts(drawn(ax)) if is_chinese(artist.get_text())]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [(2.4, 2.0), (4.0, 8.0), (12.0, 3.0)])
def test_axes_of_any_shape_are_drawn_into_and_their_figure_keeps_its_size(plots, survey_model, name, size, drawn):
    figure, ax = plt.subplots(figsize=size)
    assert drawn(plots[name](survey_model(), ax)) is ax
    assert tuple(figure.get_size_inches()) == size
    assert plt.get_fignums() == [figure.number]


def in_view(ax, label):
    """Whether a tick label is drawn: matplotlib keeps some beyond the limits."""
    x, y = label.get_position()
    along, ends = (x, ax.get_xlim()) if label in ax.get_xticklabels() else (y, ax.get_ylim())
    return min(ends) <= along <= max(ends)


@pytest.mark.parametrize("name", NAMES)
def test_a_new_figure_clips_nothing(plots, survey_model, name, drawn):
    ax = drawn(plots[name](survey_model()))
    page = ax.figure.bbox
    ticks = [*ax.get_xticklabels(), *ax.get_yticklabels()] if ax.axison else []
    inside = [label for label in ticks if in_view(ax, label)]
    for artist in (*inside, ax.xaxis.label, ax.yaxis.label, ax.title, *ax.texts):
        box = artist.get_window_extent()
        if artist.get_text():
            assert page.x0 - 1 <= box.x0 <= box.x1 <= page.x1 + 1, artist
            assert page.y0 - 1 <= box.y0 <= box.y1 <= page.y1 + 1, artist


@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_fitted_model_of_a_survey_is_refused(plots, survey, name):
    with pytest.raises(crm.ParameterError) as refusal:
        plots[name](crm.RFMModel())
    must = "(model=...) must be a fitted model of a survey, such as SatisfactionIndexModel; got <class "
    assert str(refusal.value).startswith("plot_")
    assert must in str(refusal.value)
    with pytest.raises(
        crm.NotFittedError, match=r"SatisfactionIndexModel is not fitted yet, so plot_\w+ has nothing to work with"
    ):
        plots[name](crm.SatisfactionIndexModel(indicators=survey.indicators))
    assert plt.get_fignums() == []


@pytest.mark.parametrize("name", NAMES)
def test_without_matplotlib_the_extra_is_named(plots, survey_model, name, monkeypatch):
    model = survey_model()
    for module in [module for module in sys.modules if module.split(".")[0] == "matplotlib"]:
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(crm.MissingDependencyError, match=r"^plot_\w+ needs the package 'matplotlib', which is not installed"):
        plots[name](model)


@pytest.mark.parametrize("template", list(crm.structural_templates()))
def test_every_template_can_be_drawn(template_model, template, with_han_font, drawn):
    for labels in ("en", "zh"):
        model = template_model(template, labels)
        drawn(plotting.plot_path_diagram(model))
        drawn(plotting.plot_importance_performance(model))
        drawn(plotting.plot_importance_performance(model, by="item"))
        drawn(plotting.plot_index(model))
        drawn(plotting.plot_cross_loadings(model))


def test_a_model_of_own_constructs_can_be_drawn(survey, drawn):
    constructs = {"after_sales_service": ["quality_1", "quality_2"], "loyalty": ["loyalty_1", "loyalty_2"]}
    paths = {"after_sales_service": ["loyalty"]}
    model = crm.StructuralModel(constructs=constructs, paths=paths, n_bootstrap=20).fit(survey.answers)
    for ax in (
        plotting.plot_path_diagram(model),
        plotting.plot_importance_performance(model),
        plotting.plot_index(model),
        plotting.plot_cross_loadings(model),
        plotting.plot_bootstrap(model, survey.answers),
    ):
        assert "after sales service" in " ".join(artist.get_text() for artist in texts(drawn(ax)))


def test_names_of_rows_have_no_breaks_where_there_is_room(survey, drawn):
    long = "an_item_of_which_the_name_is_longer_than_a_line"
    answers = survey.answers.rename(columns={"quality_1": long})
    constructs = {"quality": [long, "quality_2"], "loyalty": ["loyalty_1", "loyalty_2"]}
    model = crm.StructuralModel(constructs=constructs, paths={"quality": ["loyalty"]}, n_bootstrap=0).fit(answers)
    ax = drawn(plotting.plot_cross_loadings(model))
    assert ax.get_yticklabels()[0].get_text().replace("\n", "") == long
