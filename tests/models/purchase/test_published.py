"""Published numbers of the purchase models, to their last digit, through the models themselves.

The numbers are those of the specification: recomputed to convergence from the summary data that lifetimes ships (ages in
weeks to two decimals), and from the order log with exact days / 7, first printed by Fader, Hardie & Lee (2005), Batislam et al. (2007),
Fader & Hardie (2013), Fader, Hardie & Shang (2010) and Fader & Hardie (2007).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from lifetimes.datasets import load_cdnow_summary_data_with_monetary_value, load_donations

import crmmodels as crm
from crmmodels import datasets

SUMMARY = {
    crm.NBDModel: ((0.384767674, 12.0720850), -9763.66022, (0.02099, 0.80873)),
    crm.BetaGeoModel: (
        (0.242592907, 4.41353156, 0.792886148, 2.42575344),
        -9582.42556,
        (0.01256, 0.37822, 0.18572, 0.70535),
    ),
    crm.ModifiedBetaGeoModel: (
        (0.524837984, 6.18299202, 0.891356155, 1.61399934),
        -9582.13268,
        (0.08326, 0.69560, 0.15479, 0.53747),
    ),
    crm.ParetoNBDModel: (
        (0.553275509, 10.5776122, 0.606213569, 11.6679112),
        -9594.97393,
        (0.04763, 0.84272, 0.18728, 6.21103),
    ),
}
EXACT = {
    crm.NBDModel: ((0.3847661358, 12.07202284), -9763.65761467),
    crm.BetaGeoModel: ((0.2425945224, 4.413602019, 0.7929220172, 2.425906777), -9582.42920667),
    crm.ModifiedBetaGeoModel: ((0.5248431591, 6.18308528, 0.8913593907, 1.61400224), -9582.13571555),
    crm.ParetoNBDModel: ((0.5532770469, 10.57768346, 0.606239989, 11.66873528), -9594.97617894),
}
HOLDOUT = {
    crm.ParetoNBDModel: (1665.51310727, 0.754523383),
    crm.BetaGeoModel: (1653.40869795, 0.785454),
    crm.ModifiedBetaGeoModel: (1576.72830188, 0.764779),
    crm.NBDModel: (2929.82029255, None),
}


@pytest.fixture(scope="module")
def summary() -> pd.DataFrame:
    data = load_cdnow_summary_data_with_monetary_value().reset_index()
    return data.rename(columns={"recency": "age_at_last", "T": "age", "monetary_value": "mean_repeat_spend"})


@pytest.fixture(scope="module")
def split() -> crm.Split:
    orders = crm.Orders(datasets.load_cdnow(), customer="customer_id", time="date", amount="spend")
    return orders.split(at="1997-09-30")


@pytest.fixture(scope="module")
def exact(split) -> dict[type, object]:
    """Models fitted to exact days / 7, as of the day of the split."""
    return {kind: kind(horizon=39, unit="W").fit(split.calibration) for kind in EXACT}


@pytest.mark.parametrize("kind", SUMMARY, ids=lambda kind: kind.__name__)
def test_the_summary_data_give_the_published_estimates(kind, summary):
    parameters, log_likelihood, errors = SUMMARY[kind]
    fitted = kind(horizon=39, unit="W").fit(summary).fitted
    np.testing.assert_allclose(fitted.values, parameters, rtol=4e-9)
    assert fitted.log_likelihood == pytest.approx(log_likelihood, abs=5.1e-6)
    np.testing.assert_allclose(list(fitted.standard_errors.values()), errors, atol=5.1e-6)
    assert fitted.n_customers == 2357


@pytest.mark.parametrize("kind", EXACT, ids=lambda kind: kind.__name__)
def test_the_order_log_gives_the_exact_estimates(kind, exact):
    parameters, log_likelihood = EXACT[kind]
    np.testing.assert_allclose(exact[kind].fitted.values, parameters, rtol=2e-9)
    assert exact[kind].fitted.log_likelihood == pytest.approx(log_likelihood, abs=5.1e-9)


def test_gamma_gamma(summary, split):
    fitted = crm.GammaGammaModel().fit(summary).fitted
    np.testing.assert_allclose(fitted.values, (6.24880249, 3.74458845, 15.4477480), rtol=1e-8)
    assert fitted.log_likelihood == pytest.approx(-4055.92324, abs=5.1e-6)
    # The specification prints 4.15994 for v; the inverse information at its parameters is 4.159994.
    np.testing.assert_allclose(list(fitted.standard_errors.values()), (1.18969, 0.29017, 4.15999), atol=6e-6)
    assert fitted.n_customers == 946
    exact_days = crm.GammaGammaModel().fit(split.calibration).fitted
    np.testing.assert_allclose(exact_days.values, (6.249572272, 3.744224667, 15.44352096), rtol=2e-9)
    assert exact_days.log_likelihood == pytest.approx(-4055.91769480, abs=5.1e-9)


def test_expected_spend():
    model = crm.GammaGammaModel.from_parameters({"p": 6.25, "q": 3.74, "v": 15.44})
    known = pd.DataFrame({"customer_id": [1, 2], "frequency": [1, 7], "mean_repeat_spend": [10.0, 50.0]})
    np.testing.assert_allclose(model.score(known)["expected_spend"], [17.686318, 49.128845], atol=5.1e-7)


def test_donations_of_bg_bb():
    data = load_donations().rename(columns={"recency": "age_at_last", "periods": "age", "weights": "n"})
    data = data.rename(columns={"n_periods": "age"}).rename_axis("customer_id").reset_index()
    fitted = crm.BetaGeoBetaBinomModel(horizon=5, unit="Y", weight="n").fit(data).fitted
    np.testing.assert_allclose(fitted.values, (1.20352235, 0.749716358, 0.656718209, 2.78344223), rtol=5e-9)
    assert fitted.log_likelihood == pytest.approx(-33225.58127, abs=5.1e-6)
    # The specification prints .02995 for beta; the inverse information at its parameters is .0294477.
    np.testing.assert_allclose(list(fitted.standard_errors.values()), (0.06939, 0.02945, 0.05101, 0.32082), atol=6e-6)
    assert fitted.n_customers == 11_104


@pytest.mark.parametrize(
    ("survivors", "parameters", "log_likelihood", "errors", "later"),
    [
        (
            (63.1, 46.8, 38.2, 32.6, 28.9, 26.2, 24.1),
            (0.704077299, 1.18204303),
            -1680.26519,
            (0.06560, 0.15248),
            (22.3, 20.7, 19.4, 18.3, 17.3),
        ),
        ((86.9, 74.3, 65.3, 59.3, 55.1, 51.7, 49.1), (0.668088351, 3.80609496), -1611.15815, (0.10373, 0.78553), None),
    ],
    ids=["regular", "high end"],
)
def test_contracts(survivors, parameters, log_likelihood, errors, later):
    there = np.round(1000 * np.array([1.0, *(share / 100 for share in survivors)])).astype(int)
    lost = -np.diff(there)
    table = pd.DataFrame(
        {"customer_id": range(8), "tenure": [1, 2, 3, 4, 5, 6, 7, 7], "churned": [1] * 7 + [0], "n": [*lost, there[-1]]}
    )
    model = crm.ShiftedBetaGeoModel(horizon=3, weight="n").fit(table)
    np.testing.assert_allclose(model.fitted.values, parameters, rtol=5e-9)
    assert model.fitted.log_likelihood == pytest.approx(log_likelihood, abs=5.1e-6)
    np.testing.assert_allclose(list(model.fitted.standard_errors.values()), errors, atol=5.1e-6)
    curve = model.survivor_curve(12)["survivor_share"].to_numpy()
    assert np.abs(curve[:8] * 100 - there / 10).max() < 1.9
    if later is not None:
        # Held out: Fader & Hardie's forecast is within a point of what happened.
        assert np.abs(curve[8:] * 100 - np.array(later)).max() < 1.0


def test_predictions_of_a_customer(exact):
    customer = pd.DataFrame({"customer_id": [1516], "frequency": [26], "age_at_last": [216 / 7], "age": [31.0]})
    for kind, expected, alive in (
        (crm.ParetoNBDModel, 25.4551835059134, 0.997873404714994),
        (crm.BetaGeoModel, 25.7573369706136, 0.968854441399),
    ):
        model = exact[kind]
        assert model.expected_purchases(customer, 52).iloc[0, 0] == pytest.approx(expected, rel=2e-9)
        assert model.probability_alive(customer).iloc[0, 0] == pytest.approx(alive, rel=1e-9)


def test_predictions_of_a_new_customer(exact):
    times = [1, 26, 39, 52, 78]
    for kind, expected, chances in (
        (
            crm.ParetoNBDModel,
            (0.0510063757607, 0.908914096695, 1.2134040184, 1.47343428864, 1.90986613944),
            (0.593532383898, 0.165585364071, 0.0825042511836, 0.0490523645292),
        ),
        (
            crm.BetaGeoModel,
            (0.0531842914969, 0.901318941571, 1.19501004056, 1.44401239724, 1.85795839),
            (0.574307168523, 0.199192524663, 0.0853229230982, 0.0457975594262),
        ),
    ):
        np.testing.assert_allclose(exact[kind].expected_purchases_new(times), expected, rtol=3e-9)
        np.testing.assert_allclose(exact[kind].purchase_distribution_new(39, n_max=3), chances, rtol=3e-9)


@pytest.mark.parametrize("kind", HOLDOUT, ids=lambda kind: kind.__name__)
def test_the_holdout(kind, exact, split):
    customers = split.customers(unit="W")
    total, error = HOLDOUT[kind]
    expected = exact[kind].expected_purchases(customers.set_index("customer_id"), 39)["expected_purchases"].to_numpy()
    assert expected.sum() == pytest.approx(total, rel=1e-9)
    actual = customers["order_days_holdout"].to_numpy()
    assert actual.sum() == 1882
    if error is not None:
        assert np.abs(expected - actual).mean() == pytest.approx(error, abs=1e-6)


def test_tracking(exact):
    orders = crm.Orders(datasets.load_cdnow(), customer="customer_id", time="date", amount="spend")
    for kind, expected in ((crm.ParetoNBDModel, 4270.041), (crm.BetaGeoModel, 4160.609), (crm.ModifiedBetaGeoModel, 4049.953)):
        last = exact[kind].tracking(orders, 78).iloc[-1]
        assert last["actual_cumulative"] == 4339
        assert last["expected_cumulative"] == pytest.approx(expected, abs=1e-3)
    too_much = exact[crm.NBDModel].tracking(orders, 78).iloc[-1]
    assert too_much["expected_cumulative"] / 4339 - 1 == pytest.approx(0.242, abs=5e-4)


def test_residual_orders(exact):
    model = exact[crm.ParetoNBDModel]
    # The specification takes 52 weeks a year, we take 365.25 days: the annual rate that gives its rate per week.
    annual = float(np.expm1(np.log(1.15) / 52 * 365.25 / 7))
    customers = pd.DataFrame(
        {
            "customer_id": range(4),
            "frequency": [26, 1, 4, 7],
            "age_at_last": [216 / 7, 30, 70, 35],
            "age": [31, *([545 / 7] * 3)],
        }
    )
    found = model.discounted_purchases(customers, annual)["discounted_purchases"]
    np.testing.assert_allclose(found, [86.257623658, 1.4299880926555, 8.6006224446636, 0.8947767806198], rtol=3e-9)


def test_ranking_on_the_holdout(exact, split):
    comparison = crm.compare([crm.ParetoNBDModel(horizon=39, unit="W"), crm.BetaGeoModel(horizon=39, unit="W")], split)
    assert comparison.table.loc["ParetoNBDModel", "auc"] == pytest.approx(0.779, abs=5e-4)
    assert comparison.table.loc["days since last order", "auc"] == pytest.approx(0.771, abs=5e-4)
