from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import crmmodels as crm
from crmmodels import plotting
from crmmodels.plotting.concentration import border_at

SIX = pd.DataFrame({"customer_id": list("uvwxyz"), "spend": [50.0, 30.0, 10.0, 5.0, 3.0, 2.0]})


def curve(ax):
    """The solid line."""
    return next(line for line in ax.lines if line.get_linestyle() == "-").get_xydata()


def test_the_curve_is_that_of_the_customers_one_after_the_other(drawn):
    ax = drawn(plotting.plot_concentration(crm.ABCModel().fit(SIX)))
    expected = np.column_stack([np.arange(7) / 6, [0, 0.5, 0.8, 0.9, 0.95, 0.98, 1]])
    np.testing.assert_allclose(curve(ax), expected)


@pytest.mark.parametrize("n_knots", [10**6, 5, 40])
def test_the_curve_ends_at_the_corners_and_rises(n_knots):
    customers = crm.ABCModel.example(500, 2)
    points = curve(plotting.plot_concentration(crm.ABCModel(n_knots=n_knots).fit(customers)))
    np.testing.assert_array_equal(points[[0, -1]], [[0, 0], [1, 1]])
    assert (np.diff(points, axis=0) > 0).all()
    assert (points[:, 1] >= points[:, 0] - 1e-12).all()


def test_equal_customers_lie_on_the_diagonal(drawn):
    ax = drawn(plotting.plot_concentration(crm.ABCModel().fit(SIX.assign(spend=7.0))))
    points = curve(ax)
    np.testing.assert_allclose(points[:, 0], points[:, 1])
    diagonal = next(line for line in ax.lines if line.get_linestyle() == "--").get_xydata()
    np.testing.assert_array_equal(diagonal, [[0, 0], [1, 1]])


def test_classes_end_where_their_customers_end():
    customers = crm.ABCModel.example(400, 5)
    model = crm.ABCModel(n_knots=10**6).fit(customers)
    ax = plotting.plot_concentration(model)
    summary = model.summary(customers).set_index("segment")
    ends = np.cumsum([summary.loc[list("ABC"), "share_of_customers"], summary.loc[list("ABC"), "share_of_spend"]], axis=1).T
    borders = [line.get_xydata() for line in ax.lines if line.get_linestyle() == ":"]
    np.testing.assert_allclose([border[1] for border in borders], ends[:2])
    spans = [(band.get_paths()[0].vertices[:, 0].min(), band.get_paths()[0].vertices[:, 0].max()) for band in ax.collections]
    np.testing.assert_allclose(spans, np.column_stack([np.append(0, ends[:-1, 0]), ends[:, 0]]))


def test_the_legend_tells_the_customers_and_the_share_of_each_class():
    ax = plotting.plot_concentration(crm.ABCModel().fit(SIX))
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "A: 2 customers (33.3%), 80.0% of spend",
        "B: 2 customers (33.3%), 15.0% of spend",
        "C: 2 customers (33.3%), 5.0% of spend",
        "all equal",
    ]
    assert [text.get_text() for text in ax.texts] == ["A", "B", "C"]
    assert [text.xy[0] for text in ax.texts] == pytest.approx([1 / 6, 1 / 2, 5 / 6])


def test_counts_are_exact_however_few_knots_are_kept():
    customers = crm.ABCModel.example(2000, 5)
    model = crm.ABCModel(n_knots=26).fit(customers)
    lines = [text.get_text() for text in plotting.plot_concentration(model).get_legend().get_texts()]
    counted = model.summary(customers).set_index("segment")["n_customers"]
    assert [line.split(" customers")[0] for line in lines[:3]] == [f"{label}: {counted[label]:,}" for label in "ABC"]


@pytest.mark.parametrize("n_knots", [10**6, 4, 12, 200])
def test_borders_lie_on_the_curve(n_knots):
    model = crm.ABCModel(n_knots=n_knots).fit(crm.ABCModel.example(700, 8))
    points = curve(plotting.plot_concentration(model))
    for boundary in model.fitted.boundaries:
        border = border_at(boundary, model.fitted.curve)
        assert np.interp(border.customers / model.fitted.n_positive, *points.T) == pytest.approx(border.share)


def test_the_title_tells_gini_and_the_top_customers():
    model = crm.ABCModel().fit(crm.ABCModel.example(300, 1))
    title = plotting.plot_concentration(model).get_title()
    expected = f"Gini {model.fitted.gini:.2f}; top 20% of customers: {100 * model.fitted.top_20_share:.1f}% of spend"
    assert title == expected


def test_customers_who_bring_nothing_are_counted_apart():
    table = pd.concat([SIX, pd.DataFrame({"customer_id": ["q", "r"], "spend": [0.0, -5.0]})])
    ax = plotting.plot_concentration(crm.ABCModel().fit(table))
    assert ax.get_xlabel().split("\n")[1] == "Not on the curve: 2 customers with spend of 0 or less"
    assert ax.get_legend().get_texts()[2].get_text() == "C: 2 customers (33.3%), 5.0% of spend"
    assert "\n" not in plotting.plot_concentration(crm.ABCModel().fit(SIX)).get_xlabel()


def test_points_of_the_computed_analysis_are_marked(drawn):
    model = crm.ABCModel(method="computed").fit(crm.ABCModel.example(300, 1))
    ax = drawn(plotting.plot_concentration(model))
    marked = next(line for line in ax.lines if line.get_marker() == "D")
    np.testing.assert_array_equal(marked.get_xydata(), model.fitted.points)
    assert not any(line.get_marker() == "D" for line in plotting.plot_concentration(crm.ABCModel().fit(SIX)).lines)


def test_a_class_without_customers_has_no_name_over_the_curve(drawn):
    model = crm.ABCModel(crossing="out").fit(SIX.head(1))
    ax = drawn(plotting.plot_concentration(model))
    assert [text.get_text() for text in ax.texts] == ["C"]
    assert ax.get_legend().get_texts()[0].get_text() == "A: 0 customers (0%), 0% of spend"


def test_given_axes_are_drawn_into_and_their_figure_keeps_its_size():
    figure, ax = plt.subplots(figsize=(3, 2))
    assert plotting.plot_concentration(crm.ABCModel().fit(SIX), ax=ax) is ax
    assert figure.get_size_inches().tolist() == [3, 2]
    assert plt.get_fignums() == [figure.number]


def test_another_class_and_an_unfitted_model_are_refused():
    with pytest.raises(crm.ParameterError) as refusal:
        plotting.plot_concentration(crm.RFMModel())
    expected = "must be a fitted ABCModel; got <class 'crmmodels.models.rfm.model.RFMModel'>."
    assert str(refusal.value) == f"plot_concentration(model=...) {expected}"
    with pytest.raises(crm.NotFittedError) as refusal:
        plotting.plot_concentration(crm.ABCModel())
    expected = "ABCModel is not fitted yet, so plot_concentration has nothing to work with; call ABCModel.fit(data) first."
    assert str(refusal.value) == expected
    assert plt.get_fignums() == []
