from __future__ import annotations

from collections import Counter
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.stats import nbinom

import crmmodels as crm
from crmmodels import plotting
from crmmodels.models.purchase.beta_geo_beta_binom import BetaGeoBetaBinomModel
from crmmodels.models.purchase.nbd import NBDModel
from crmmodels.models.purchase.pareto_nbd import ParetoNBDModel
from crmmodels.plotting.purchase.shared import ACTUAL, EXPECTED


@pytest.fixture(scope="module")
def people():
    return NBDModel.example(n_customers=400, seed=3)


@pytest.fixture(scope="module")
def nbd(people):
    return NBDModel(horizon=39, unit="W").fit(people)


def heights(bars):
    return np.array([bar.get_height() for bar in bars])


def nbd_chance(model, n, time):
    """Probability of n repeat orders within a time, by SciPy."""
    r, alpha = model.fitted.parameters.r, model.fitted.parameters.alpha
    return nbinom.pmf(n, r, alpha / (alpha + time))


@pytest.mark.parametrize("most", [1, 4, 7, 40])
def test_bars_count_the_customers_and_add_up_their_chances(people, nbd, most, drawn):
    actual, expected = drawn(plotting.plot_frequency(nbd, people, most=most)).containers
    counted = Counter(min(x, most) for x in people["frequency"])
    assert heights(actual).tolist() == [counted[n] for n in range(most + 1)]
    chances = sum(nbd_chance(nbd, np.arange(most), age) for age in people["age"])
    np.testing.assert_allclose(heights(expected), [*chances, len(people) - chances.sum()], rtol=1e-9)


def test_classes_are_named_and_the_last_holds_all_above(people, nbd):
    ax = plotting.plot_frequency(nbd, people, most=3)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0", "1", "2", "3+"]
    assert (ax.get_title(), ax.get_xlabel(), ax.get_ylabel()) == ("Repeat orders per customer", "Repeat orders", "Customers")


def test_of_many_classes_some_are_named_and_the_last_always(people, nbd):
    ax = plotting.plot_frequency(nbd, people, most=100)
    labels = [label.get_text() for label in ax.get_xticklabels()]
    assert labels[0] == "0"
    assert labels[-1] == "100+"
    assert len(labels) < 20
    assert ax.get_xticks()[-1] == 100


def test_a_row_counts_for_as_many_customers_as_its_weight_says(people):
    weighted = people.assign(n=np.arange(len(people)) % 4)
    one_each = weighted.loc[weighted.index.repeat(weighted["n"])].assign(customer_id=lambda t: range(len(t)))
    by_weight = plotting.plot_frequency(NBDModel(horizon=39, unit="W", weight="n").fit(weighted), weighted)
    by_row = plotting.plot_frequency(NBDModel(horizon=39, unit="W").fit(one_each), one_each)
    for weighted_bars, bars in zip(by_weight.containers, by_row.containers, strict=True):
        np.testing.assert_allclose(heights(weighted_bars), heights(bars), rtol=1e-6)


def test_many_ages_are_taken_together_without_harm(nbd):
    rng = np.random.default_rng(7)
    ages = rng.uniform(10, 300, 5_000)
    people = pd.DataFrame({"customer_id": range(5_000), "frequency": 0, "age_at_last": 0.0, "age": ages})
    expected = heights(plotting.plot_frequency(nbd, people, most=5).containers[1])
    exact = np.array([nbd_chance(nbd, n, ages).sum() for n in range(5)])
    np.testing.assert_allclose(expected[:5], exact, rtol=1e-5)


def test_nobody_who_counts_is_refused(people):
    model = NBDModel(horizon=39, unit="W", weight="n").fit(people.assign(n=1))
    with pytest.raises(crm.DataError) as refusal:
        plotting.plot_frequency(model, people.assign(n=0))
    expected = "- column 'n', the number of customers of each row, is 0 in all rows"
    assert str(refusal.value) == f"plot_frequency cannot read this table:\n{expected}"


def test_actual_and_expected_have_their_colours_everywhere(people, nbd):
    later = people.assign(order_days_holdout=1, duration_holdout=10.0)
    for ax in (plotting.plot_frequency(nbd, people), plotting.plot_calibration(nbd, later)):
        colours = [{bar.get_facecolor() for bar in bars} for bars in ax.containers]
        assert colours == [{plt.matplotlib.colors.to_rgba(colour)} for colour in (ACTUAL, EXPECTED)]
        assert [entry.get_text() for entry in ax.get_legend().get_texts()] == ["actual", "expected"]
    lines = plotting.plot_time_since_last(nbd, later).lines
    assert [line.get_color() for line in lines] == [ACTUAL, EXPECTED]


@pytest.mark.parametrize("size", [(3.2, 2.4), (6.4, 4.4), (12, 3)])
@pytest.mark.parametrize("most", [2, 7, 30])
def test_words_and_legend_cover_nothing(people, nbd, size, most, drawn):
    ax = plt.figure(figsize=size, layout="constrained").subplots()
    drawn(plotting.plot_frequency(nbd, people, most=most, ax=ax))
    legend, title, axes = ax.get_legend().get_window_extent(), ax.title.get_window_extent(), ax.get_window_extent()
    assert axes.y1 <= legend.y0 + 1
    assert legend.y1 <= title.y0 + 1
    assert title.y1 <= ax.figure.bbox.y1 + 1
    labels = [label.get_window_extent() for label in ax.get_xticklabels()]
    assert all(left.x1 <= right.x0 for left, right in pairwise(labels))


def test_one_customer_of_every_kind_of_frame(people, nbd, drawn):
    one = people.head(1)
    x, age = one[["frequency", "age"]].to_numpy()[0]
    for frame in (one, pl.from_pandas(one), pl.from_pandas(one).lazy(), one.set_index("customer_id")):
        actual, expected = drawn(plotting.plot_frequency(nbd, frame)).containers
        assert heights(actual).tolist() == [float(n == min(x, 7)) for n in range(8)]
        np.testing.assert_allclose(heights(expected)[:7], nbd_chance(nbd, np.arange(7), age))


def test_an_order_log_is_read_in_the_unit_of_the_model(nbd):
    lines = pd.DataFrame({"who": ["a", "a", "b"], "day": ["2024-01-01", "2024-01-08", "2024-01-08"]})
    orders = crm.Orders(lines, customer="who", time="day", until="2024-01-15")
    expected = heights(plotting.plot_frequency(nbd, orders, most=2).containers[1])
    np.testing.assert_allclose(expected[:2], [nbd_chance(nbd, n, np.array([2.0, 1.0])).sum() for n in range(2)])


# Distributions


@pytest.mark.parametrize(("horizon", "n_max"), [(39, 10), (5.5, 0), (400, 60)])
def test_a_new_customer_has_the_distribution_of_the_model(nbd, horizon, n_max, drawn):
    ax = drawn(plotting.plot_purchase_distribution(nbd, horizon=horizon, n_max=n_max))
    found = heights(ax.containers[0])
    np.testing.assert_allclose(found[:-1], nbd_chance(nbd, np.arange(n_max + 1), horizon), rtol=1e-9)
    assert found.sum() == pytest.approx(1.0)
    assert ax.get_xticklabels()[-1].get_text() == f"{n_max + 1}+"


def test_the_horizon_of_the_model_is_the_default(nbd):
    ax = plotting.plot_purchase_distribution(nbd)
    np.testing.assert_allclose(heights(ax.containers[0])[:-1], nbd_chance(nbd, np.arange(11), 39))
    assert ax.get_title() == "Repeat orders of a new customer in 39 weeks"


def test_customers_have_the_mean_of_their_distributions(people, drawn):
    model = ParetoNBDModel(horizon=39, unit="W").fit(people := ParetoNBDModel.example(n_customers=300, seed=2))
    ax = drawn(plotting.plot_purchase_distribution(model, data=people, n_max=6, horizon=20))
    expected = model.purchase_distribution(people, horizon=20, n_max=6).mean().to_numpy()
    np.testing.assert_allclose(heights(ax.containers[0]), [*expected, 1 - expected.sum()], rtol=1e-9)
    assert ax.get_title() == "Orders of 300 customers in the next 20 weeks"
    assert ax.get_ylabel() == "Mean probability"


def test_customers_beyond_one_block_count_alike(monkeypatch, people, nbd):
    whole = heights(plotting.plot_purchase_distribution(nbd, data=people).containers[0])
    monkeypatch.setattr("crmmodels.plotting.purchase.counts._CHANCES_AT_ONCE", 100)
    np.testing.assert_allclose(heights(plotting.plot_purchase_distribution(nbd, data=people).containers[0]), whole)


def test_one_customer_has_a_distribution_of_one_s_own(people, nbd):
    heaviest = people.nlargest(1, "frequency")
    ax = plotting.plot_purchase_distribution(nbd, data=heaviest, n_max=15)
    expected = nbd.purchase_distribution(heaviest, n_max=15).to_numpy()[0]
    np.testing.assert_allclose(heights(ax.containers[0])[:-1], expected)
    assert ax.get_title() == "Orders of 1 customer in the next 39 weeks"
    assert ax.get_ylabel() == "Probability"


def test_weights_count_in_a_mean_distribution(people):
    weighted = people.assign(n=np.arange(len(people)) % 3)
    model = NBDModel(horizon=39, unit="W", weight="n").fit(weighted)
    found = heights(plotting.plot_purchase_distribution(model, data=weighted).containers[0])[:-1]
    expected = np.average(model.purchase_distribution(weighted).to_numpy(), axis=0, weights=weighted["n"])
    np.testing.assert_allclose(found, expected)


def test_opportunities_are_counted_as_such(drawn):
    people = BetaGeoBetaBinomModel.example(n_customers=300, seed=2)
    model = BetaGeoBetaBinomModel(horizon=5, unit="Y").fit(people)
    ax = drawn(plotting.plot_purchase_distribution(model, data=people.head(1), n_max=8, horizon=1))
    assert ax.get_title() == "Orders of 1 customer in the next 1 opportunity"
    assert heights(ax.containers[0])[2:].max() < 1e-12
    actual, expected = plotting.plot_frequency(model, people).containers
    assert heights(actual).sum() == heights(expected).sum() == pytest.approx(300)
    one_by_one = sum(model.purchase_distribution_new(age, 6) for age in people["age"])
    np.testing.assert_allclose(heights(expected)[:-1], one_by_one, rtol=1e-9)


# Words


def test_chinese_labels_make_chinese_words(people, with_han_font, drawn):
    model = NBDModel(horizon=39, unit="W", labels="zh").fit(people)
    ax = drawn(plotting.plot_frequency(model, people))
    assert ax.get_title() == "每位客户的复购次数"
    assert [entry.get_text() for entry in ax.get_legend().get_texts()] == ["实际", "预期"]
    assert drawn(plotting.plot_purchase_distribution(model)).get_title() == "新客户 39 周内的复购次数"


def test_without_chinese_characters_english_is_drawn(people, without_han_font, drawn):
    model = NBDModel(horizon=39, unit="W", labels="zh").fit(people)
    with pytest.warns(crm.MissingGlyphWarning, match="^plot_frequency: ") as issued:
        ax = drawn(plotting.plot_frequency(model, people))
    assert ax.get_title() == "Repeat orders per customer"
    assert issued[0].filename == __file__


def test_bad_arguments_are_refused_before_anything_is_drawn(people, nbd):
    for most in (0, 1001, 2.0, True, "7"):
        with pytest.raises(
            crm.ParameterError, match=r"^plot_frequency\(most=...\) must be a whole number from 1 to 1,000; got"
        ):
            plotting.plot_frequency(nbd, people, most=most)
    for n_max in (-1, 1000, 2.5):
        with pytest.raises(
            crm.ParameterError, match=r"^plot_purchase_distribution\(n_max=...\) must be a whole number from 0 to 999"
        ):
            plotting.plot_purchase_distribution(nbd, n_max=n_max)
    for horizon in (0, -1, float("inf"), "x"):
        with pytest.raises(
            crm.ParameterError, match=r"^plot_purchase_distribution\(horizon=...\) must be a number above 0, of weeks"
        ):
            plotting.plot_purchase_distribution(nbd, horizon=horizon)
    with pytest.raises(crm.DataError, match=r"^NBDModel cannot read this table:\n- column 'age' is missing"):
        plotting.plot_frequency(nbd, people.drop(columns="age"))
    assert plt.get_fignums() == []


def test_what_is_no_fitted_purchase_model_is_refused(people):
    with pytest.raises(crm.ParameterError) as refusal:
        plotting.plot_frequency(crm.RFMModel(), people)
    must = "a fitted purchase model, such as BetaGeoModel; got <class 'crmmodels.models.rfm.model.RFMModel'>."
    assert str(refusal.value) == f"plot_frequency(model=...) must be {must}"
    with pytest.raises(crm.NotFittedError, match=r"^NBDModel is not fitted yet, so plot_purchase_distribution has nothing"):
        plotting.plot_purchase_distribution(NBDModel(horizon=3))
    assert plt.get_fignums() == []


def test_given_axes_are_drawn_into_and_their_figure_keeps_its_size(people, nbd):
    figure, (left, right) = plt.subplots(1, 2, figsize=(6, 2))
    assert plotting.plot_frequency(nbd, people, ax=left) is left
    assert plotting.plot_purchase_distribution(nbd, ax=right) is right
    assert figure.get_size_inches().tolist() == [6, 2]
    assert plt.get_fignums() == [figure.number]
