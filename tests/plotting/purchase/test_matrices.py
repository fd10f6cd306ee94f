from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import crmmodels as crm
from crmmodels import plotting
from crmmodels.models.purchase.beta_geo_beta_binom import BetaGeoBetaBinomModel
from crmmodels.models.purchase.nbd import NBDModel
from crmmodels.models.purchase.pareto_nbd import ParetoNBDModel

MATRICES = [plotting.plot_probability_alive_matrix, plotting.plot_expected_purchases_matrix]


@pytest.fixture(scope="module")
def model():
    return ParetoNBDModel(horizon=39, unit="W").fit(ParetoNBDModel.example(n_customers=400, seed=3))


@pytest.fixture(scope="module")
def discrete():
    return BetaGeoBetaBinomModel(horizon=5, unit="Y").fit(BetaGeoBetaBinomModel.example(n_customers=300, seed=2))


def cells(ax, age):
    """Unmasked cells as a table of customers, with what the image shows at their place."""
    image = ax.images[0]
    shown = image.get_array()
    left, right, bottom, top = image.get_extent()
    n_rows, n_columns = shown.shape
    assert image.origin == "lower"
    row, column = np.nonzero(~np.ma.getmaskarray(shown))
    frame = pd.DataFrame(
        {
            "customer_id": range(len(row)),
            "frequency": np.round(bottom + (row + 0.5) * (top - bottom) / n_rows).astype(int),
            "age_at_last": np.clip(left + (column + 0.5) * (right - left) / n_columns, 0, age),
            "age": float(age),
        }
    )
    frame.loc[column == 0, "age_at_last"] = 0.0
    return frame, shown.data[row, column]


@pytest.mark.parametrize(
    ("age", "most", "shape"), [(39, 20, (21, 40)), (38.6, 3, (4, 41)), (0.5, 1, (2, 41)), (500, 200, (201, 41))]
)
def test_cells_show_what_the_model_says_of_such_customers(model, age, most, shape, drawn):
    ax = drawn(plotting.plot_probability_alive_matrix(model, age=age, most=most))
    frame, shown = cells(ax, age)
    assert ax.images[0].get_array().shape == shape
    np.testing.assert_allclose(shown, model.probability_alive(frame)["probability_alive"], rtol=1e-8)
    ax = drawn(plotting.plot_expected_purchases_matrix(model, age=age, most=most, horizon=7))
    frame, shown = cells(ax, age)
    np.testing.assert_allclose(shown, model.expected_purchases(frame, horizon=7)["expected_purchases"], rtol=1e-7)


@pytest.mark.parametrize("plot", MATRICES)
def test_cells_where_no_customer_can_be_are_left_out(model, plot):
    masked = np.ma.getmaskarray(plot(model, age=30, most=6).images[0].get_array())
    assert masked[0].tolist() == [False] + [True] * 30
    assert masked[:, 0].tolist() == [False] + [True] * 6
    assert not masked[1:, 1:].any()


def test_cells_are_where_the_axes_say(model):
    ax = plotting.plot_probability_alive_matrix(model, age=39, most=5)
    assert ax.images[0].get_extent() == pytest.approx([-0.5, 39.5, -0.5, 5.5])
    assert ax.get_xlim() == pytest.approx((-0.5, 39.5))
    assert ax.get_ylim() == pytest.approx((-0.5, 5.5))


def test_what_is_left_out_looks_unlike_any_value(model):
    ax = plotting.plot_probability_alive_matrix(model, age=39)
    assert ax.patch.get_hatch()
    assert ax.get_xlabel() == "From first to last order (of 39 weeks)\nHatched: no customer can be there"


def test_probabilities_have_one_scale_and_orders_begin_at_nothing(model):
    assert plotting.plot_probability_alive_matrix(model, age=3, most=2).images[0].get_clim() == (0, 1)
    image = plotting.plot_expected_purchases_matrix(model, age=30).images[0]
    assert image.get_clim() == (0, image.get_array().max())


def test_the_horizon_of_the_model_is_the_default(model):
    ours, theirs = (plotting.plot_expected_purchases_matrix(model, age=30, horizon=h) for h in (None, 39))
    np.testing.assert_array_equal(ours.images[0].get_array(), theirs.images[0].get_array())
    assert ours.get_title() == theirs.get_title() == "Expected orders in the next 39 weeks"


@pytest.mark.parametrize("plot", MATRICES)
def test_a_colour_bar_is_added(model, plot, drawn):
    assert len(drawn(plot(model, age=30)).figure.axes) == 2


@pytest.mark.parametrize(("age", "n_rows"), [(6, 7), (1, 2), (30, 21)])
def test_nobody_orders_more_often_than_there_were_opportunities(discrete, age, n_rows, drawn):
    ax = drawn(plotting.plot_probability_alive_matrix(discrete, age=age))
    shown = ax.images[0].get_array()
    assert shown.shape == (n_rows, age + 1)
    x, t_x = np.meshgrid(range(n_rows), range(age + 1), indexing="ij")
    np.testing.assert_array_equal(~np.ma.getmaskarray(shown), np.where(x == 0, t_x == 0, x <= t_x))
    frame, values = cells(ax, age)
    frame["age_at_last"] = frame["age_at_last"].round()
    np.testing.assert_allclose(values, discrete.probability_alive(frame)["probability_alive"], rtol=1e-9)
    assert "opportunit" in ax.get_xlabel()


@pytest.mark.parametrize("plot", MATRICES)
def test_bad_arguments_are_refused_before_anything_is_drawn(plot, model, discrete):
    for age in (0, -1, float("inf"), float("nan"), "39", True, None):
        with pytest.raises(crm.ParameterError, match=rf"^{plot.__name__}\(age=...\) must be a number above 0, of weeks; got"):
            plot(model, age=age)
    for age in (2.5, 401):
        with pytest.raises(
            crm.ParameterError, match=r"\(age=...\) must be a whole number from 1 to 400, of opportunities; got"
        ):
            plot(discrete, age=age)
    with pytest.raises(
        crm.ParameterError, match=rf"^{plot.__name__}\(most=...\) must be a whole number from 1 to 1,000; got 0\.$"
    ):
        plot(model, age=39, most=0)
    with pytest.raises(TypeError, match="age"):
        plot(model)
    with pytest.raises(crm.NotFittedError, match=f"so {plot.__name__} has nothing"):
        plot(NBDModel(horizon=2), age=39)
    with pytest.raises(crm.ParameterError, match=r"\(model=...\) must be a fitted purchase model"):
        plot(crm.ABCModel(), age=39)
    assert plt.get_fignums() == []


def test_a_bad_horizon_is_refused(model):
    with pytest.raises(
        crm.ParameterError, match=r"^plot_expected_purchases_matrix\(horizon=...\) must be a number above 0, of weeks"
    ):
        plotting.plot_expected_purchases_matrix(model, age=39, horizon=0)


def test_chinese_words(with_han_font, drawn):
    model = NBDModel(horizon=39, unit="D", labels="zh").fit(NBDModel.example(n_customers=400, seed=3))
    ax = drawn(plotting.plot_expected_purchases_matrix(model, age=39))
    assert (ax.get_title(), ax.get_ylabel()) == ("未来 39 天内的预期购买次数", "复购次数")


@pytest.mark.parametrize("plot", MATRICES)
def test_given_axes_are_drawn_into_and_long_words_are_broken(model, plot, drawn):
    figure, (left, _) = plt.subplots(1, 2, figsize=(6, 2.5))
    assert drawn(plot(model, age=39, ax=left)) is left
    assert figure.get_size_inches().tolist() == [6, 2.5]
    assert left.get_xlabel().count("\n") > 1
    assert plt.get_fignums() == [figure.number]
