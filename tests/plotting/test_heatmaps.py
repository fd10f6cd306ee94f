from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import crmmodels as crm
from crmmodels import plotting
from crmmodels.models.migration import Migration


def cross_table(model, customers, weights):
    """Sum weights by R and F score, one customer after the other."""
    scores = model.score(customers)
    table = np.zeros((model.n_bins, model.n_bins))
    for r, f, weight in zip(scores["r_score"], scores["f_score"], weights, strict=True):
        table[r - 1, f - 1] += weight
    return table


def where_drawn(ax, array):
    """Read each cell of the image at its place on the axes: row y, column x, both from 1."""
    image = ax.images[0]
    left, right, bottom, top = image.get_extent()
    drawn = np.asarray(image.get_array())
    n = len(drawn)
    found = np.empty_like(drawn)
    for i, j in np.ndindex(*drawn.shape):
        y = bottom + (top - bottom) * ((i + 0.5) if image.origin == "lower" else (n - i - 0.5)) / n
        x = left + (right - left) * (j + 0.5) / n
        found[round(y) - 1, round(x) - 1] = drawn[i, j]
    return found


@pytest.mark.parametrize("n_bins", [2, 3, 5, 10, 11, 33])
def test_cells_count_the_customers_of_each_score(customers, n_bins, drawn):
    model = crm.RFMModel(n_bins=n_bins).fit(customers)
    ax = drawn(plotting.plot_rf_heatmap(model, customers))
    np.testing.assert_array_equal(where_drawn(ax, n_bins), cross_table(model, customers, np.ones(len(customers))))


def test_cells_share_the_spend(customers):
    model = crm.RFMModel().fit(customers)
    ax = plotting.plot_rf_heatmap(model, customers, measure="spend")
    expected = cross_table(model, customers, customers["spend"]) / customers["spend"].sum()
    np.testing.assert_allclose(where_drawn(ax, 5), expected)


def test_nested_scores_are_counted_too(customers):
    model = crm.RFMModel(scoring="nested", n_bins=4).fit(customers)
    ax = plotting.plot_rf_heatmap(model, customers)
    np.testing.assert_array_equal(where_drawn(ax, 4), cross_table(model, customers, np.ones(len(customers))))


def test_recent_is_up_and_frequent_is_right(customers):
    ax = plotting.plot_rf_heatmap(crm.RFMModel().fit(customers), customers)
    assert ax.get_xlim() == (0.5, 5.5)
    assert ax.get_ylim() == (0.5, 5.5)
    assert ax.get_ylabel() == "R score (5 = most recent)"
    assert ax.get_xlabel() == "F score (5 = most orders)"


def test_numbers_stand_in_their_cells(customers):
    model = crm.RFMModel().fit(customers)
    ax = plotting.plot_rf_heatmap(model, customers)
    table = cross_table(model, customers, np.ones(len(customers)))
    written = {text.get_position(): text.get_text() for text in ax.texts}
    assert written == {(f + 1, r + 1): f"{table[r, f]:,.0f}" for r, f in np.ndindex(5, 5)}


@pytest.mark.parametrize(("n_bins", "n_numbers", "n_axes"), [(10, 100, 1), (11, 0, 2)])
def test_beyond_ten_bins_a_colour_bar_replaces_the_numbers(customers, n_bins, n_numbers, n_axes):
    ax = plotting.plot_rf_heatmap(crm.RFMModel(n_bins=n_bins).fit(customers), customers)
    assert len(ax.texts) == n_numbers
    assert len(ax.figure.axes) == n_axes


def test_numbers_contrast_with_their_cells():
    ax = plotting.plot_migration(small_migration(["low", "high"], [[9, 1], [2, 8]]))
    inks = {text.get_text(): text.get_color() for text in ax.texts}
    assert inks == {"90.0%": "white", "80.0%": "white", "20.0%": "black", "10.0%": "black"}


def test_one_customer_can_be_drawn(customers, drawn):
    model = crm.RFMModel().fit(customers)
    ax = drawn(plotting.plot_rf_heatmap(model, customers.head(1), measure="spend"))
    assert where_drawn(ax, 5).sum() == 1


def test_migration_shows_its_shares_before_downwards_and_after_to_the_right(customers, drawn):
    migration = crm.RFMModel().migration(customers, customers.assign(days_since_last=customers["days_since_last"] + 60))
    ax = drawn(plotting.plot_migration(migration))
    np.testing.assert_allclose(where_drawn(ax, 10), migration.shares.fillna(0).to_numpy())
    assert ax.get_ylim()[0] > ax.get_ylim()[1]
    assert [label.get_text() for label in ax.get_yticklabels()] == list(migration.counts.index)
    assert [label.get_text() for label in ax.get_xticklabels()] == list(migration.counts.columns)
    assert (ax.get_ylabel(), ax.get_xlabel()) == ("Segment before", "Segment after")
    assert ax.get_yticks()[0] == 1


def test_migration_counts(customers):
    migration = crm.ABCModel().migration(customers, customers.assign(spend=customers["spend"][::-1].to_numpy()))
    ax = plotting.plot_migration(migration, values="counts")
    np.testing.assert_array_equal(where_drawn(ax, 4), migration.counts.to_numpy())
    written = {text.get_position(): text.get_text() for text in ax.texts}
    assert written[4, 1] == f"{migration.counts.iloc[0, 3]:,}"
    assert written[1, 4] == f"{migration.counts.iloc[3, 0]:,}"


def small_migration(labels, counts):
    index = pd.Index(labels)
    frame = pd.DataFrame(counts, index=index, columns=index)
    none = pd.Series(0, index=index)
    return Migration(frame, frame.div(frame.sum(axis=1), axis=0), none, none)


def test_a_segment_that_had_nobody_has_no_shares(drawn):
    ax = drawn(plotting.plot_migration(small_migration(["low", "high"], [[3, 1], [0, 0]])))
    written = {text.get_position(): text.get_text() for text in ax.texts}
    assert written == {(1, 1): "75.0%", (2, 1): "25.0%", (1, 2): "–", (2, 2): "–"}
    assert np.ma.getmaskarray(ax.images[0].get_array()).tolist() == [[False, False], [True, True]]


def test_a_migration_of_nobody_can_be_drawn(drawn):
    drawn(plotting.plot_migration(small_migration(["low", "high"], [[0, 0], [0, 0]])))
    drawn(plotting.plot_migration(small_migration(["low", "high"], [[0, 0], [0, 0]]), values="counts"))


def test_given_axes_are_drawn_into_and_their_figure_keeps_its_size(customers):
    figure, (left, right) = plt.subplots(1, 2, figsize=(5, 2))
    model = crm.RFMModel(n_bins=12).fit(customers)
    assert plotting.plot_rf_heatmap(model, customers, ax=left) is left
    assert plotting.plot_migration(model.migration(customers, customers), ax=right) is right
    assert figure.get_size_inches().tolist() == [5, 2]
    assert plt.get_fignums() == [figure.number]


def test_a_new_figure_clips_nothing(drawn):
    labels = ["customers who came once and never again", "x" * 60, "loyal"]
    ax = drawn(plotting.plot_migration(small_migration(labels, np.arange(9).reshape(3, 3))))
    page = ax.figure.bbox
    for artist in (*ax.get_yticklabels(), *ax.get_xticklabels(), ax.xaxis.label, ax.yaxis.label, ax.title):
        box = artist.get_window_extent()
        assert page.x0 - 1 <= box.x0 <= box.x1 <= page.x1 + 1, artist
        assert page.y0 - 1 <= box.y0 <= box.y1 <= page.y1 + 1, artist


def test_unknown_choices_are_refused(customers):
    model = crm.RFMModel().fit(customers)
    with pytest.raises(crm.ParameterError) as refusal:
        plotting.plot_rf_heatmap(model, customers, measure="money")
    assert str(refusal.value) == "plot_rf_heatmap(measure=...) must be one of 'customers', 'spend'; got 'money'."
    with pytest.raises(crm.ParameterError) as refusal:
        plotting.plot_migration(model.migration(customers, customers), values="sums")
    assert str(refusal.value) == "plot_migration(values=...) must be one of 'shares', 'counts'; got 'sums'."
    assert plt.get_fignums() == []


def test_other_classes_are_refused(customers):
    with pytest.raises(crm.ParameterError) as refusal:
        plotting.plot_rf_heatmap(crm.ABCModel().fit(customers), customers)
    expected = "must be a fitted RFMModel; got <class 'crmmodels.models.abc_analysis.ABCModel'>."
    assert str(refusal.value) == f"plot_rf_heatmap(model=...) {expected}"
    with pytest.raises(crm.ParameterError) as refusal:
        plotting.plot_migration(customers["spend"].to_numpy())
    expected = "must be a Migration, as model.migration returns it; got <class 'numpy.ndarray'>."
    assert str(refusal.value) == f"plot_migration(migration=...) {expected}"


def test_an_unfitted_model_is_refused(customers):
    with pytest.raises(crm.NotFittedError) as refusal:
        plotting.plot_rf_heatmap(crm.RFMModel(), customers)
    expected = "RFMModel is not fitted yet, so plot_rf_heatmap has nothing to work with; call RFMModel.fit(data) first."
    assert str(refusal.value) == expected


def test_spend_without_a_positive_total_has_no_shares(customers):
    model = crm.RFMModel().fit(customers)
    nothing = customers.assign(spend=0.0)
    plotting.plot_rf_heatmap(model, nothing)
    plt.close("all")
    with pytest.raises(crm.DataError) as refusal:
        plotting.plot_rf_heatmap(model, nothing, measure="spend")
    expected = "plot_rf_heatmap cannot read this table:\n- column 'spend' adds up to 0, so that cells have no shares of it"
    assert str(refusal.value) == expected
    assert plt.get_fignums() == []
