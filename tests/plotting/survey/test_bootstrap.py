from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

import crmmodels as crm
from crmmodels.plotting.drawing.figure import BLUE, GREY
from crmmodels.plotting.survey.bootstrap import _density, plot_bootstrap


def outlines_of(ax, n):
    """Grid and height of each density."""
    curves = [line for line in ax.lines if len(line.get_xdata()) == 200]
    assert len(curves) == n
    return [(np.asarray(line.get_xdata()), (k - np.asarray(line.get_ydata())) / 0.85) for k, line in enumerate(curves)]


def limits_of(ax):
    """Lower and upper limit of each row."""
    return [tuple(line.get_xdata()) for line in ax.lines if line.get_linewidth() == 2]


def test_rows_are_the_paths_with_the_limits_of_the_record(survey, survey_model, drawn):
    model = survey_model()
    ax = drawn(plot_bootstrap(model, survey.answers))
    paths = model.fitted.paths
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        f"{row.source} → {row.target}" for row in paths.itertuples()
    ]
    np.testing.assert_allclose(limits_of(ax), paths[["lower", "upper"]], rtol=1e-12)
    (dots,) = [line for line in ax.lines if line.get_marker() == "o"]
    np.testing.assert_array_equal(dots.get_xdata(), paths["estimate"])
    np.testing.assert_array_equal(dots.get_ydata(), np.arange(len(paths)))
    assert len(ax.collections) == len(paths)
    assert ax.get_title() == "Paths in 60 bootstrap replicates"


def test_densities_are_those_of_the_replicates(survey, survey_model):
    from scipy.stats import gaussian_kde

    model = survey_model()
    drawn = model.replicates(survey.answers, "paths").to_numpy()
    for (grid, height), values in zip(outlines_of(plot_bootstrap(model, survey.answers), 9), drawn.T, strict=True):
        width = 0.9 * min(values.std(), np.subtract(*np.quantile(values, [0.75, 0.25])) / 1.34) * len(values) ** -0.2
        expected = gaussian_kde(values, width / values.std(ddof=1))(grid)
        np.testing.assert_allclose(height, expected / expected.max(), atol=0.01)


def test_limits_that_include_no_effect_are_grey(survey, survey_model):
    ax = plot_bootstrap(survey_model(), survey.answers)
    paths = survey_model().fitted.paths
    is_open = ((paths["lower"] <= 0) & (paths["upper"] >= 0)).tolist()
    assert set(is_open) == {True, False}
    colours = [to_hex(area.get_facecolor()[0]).upper() for area in ax.collections]
    assert colours == [GREY if no_effect else BLUE for no_effect in is_open]
    assert ax.get_xlabel().endswith("grey: limits include 0")


def test_indices_know_no_reference(survey, survey_model):
    ax = plot_bootstrap(survey_model(), survey.answers, quantity="index")
    assert {to_hex(area.get_facecolor()[0]).upper() for area in ax.collections} == {BLUE}
    assert "grey" not in ax.get_xlabel()


@pytest.mark.parametrize("quantity", ["weights", "htmt", "r_squared", "item_means", "gof"])
def test_other_estimates_have_rows_of_their_own(survey, survey_model, quantity, drawn):
    ax = drawn(plot_bootstrap(survey_model(), survey.answers, quantity=quantity))
    np.testing.assert_allclose(limits_of(ax), survey_model().fitted.frame(quantity)[["lower", "upper"]], rtol=1e-12)


def test_an_estimate_that_never_varies_is_a_spike(survey, drawn):
    graph = {"constructs": {"quality": ["quality_1"], "loyalty": ["loyalty_1", "loyalty_2"]}, "paths": {"quality": ["loyalty"]}}
    model = crm.StructuralModel(**graph, n_bootstrap=30).fit(survey.answers)
    ax = drawn(plot_bootstrap(model, survey.answers, quantity="loadings"))
    assert limits_of(ax)[0] == pytest.approx((1.0, 1.0))
    grid, height = _density(np.full(10, 3.0))
    assert grid.tolist() == [3.0, 3.0]
    assert height.tolist() == [0.0, 1.0]


def test_more_replicates_than_the_model_has_may_be_drawn(survey, survey_model):
    assert plot_bootstrap(survey_model(0), survey.answers, n_replicates=25).get_title() == "Paths in 25 bootstrap replicates"
    with pytest.raises(crm.ParameterError) as refusal:
        plot_bootstrap(survey_model(0), survey.answers)
    expected = "replicates(n_replicates=...) must be a whole number, 2 or more (the model has n_bootstrap=0); got None."
    assert str(refusal.value) == expected


def test_another_survey_is_refused(survey, survey_model):
    with pytest.raises(
        crm.DataError, match="it is not the one of fit, whose 300 respondents have other answers than the 100 here"
    ):
        plot_bootstrap(survey_model(), survey.answers.head(100))
    assert plt.get_fignums() == []


@pytest.mark.parametrize("quantity", ["cross_loadings", "slopes"])
def test_other_quantities_are_refused(survey, survey_model, quantity):
    with pytest.raises(
        crm.ParameterError, match=rf"^plot_bootstrap\(quantity=...\) must be one of 'weights', .*; got '{quantity}'"
    ):
        plot_bootstrap(survey_model(), survey.answers, quantity=quantity)
