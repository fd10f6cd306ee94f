"""Models of lifetimes turned into ours: the same answers where lifetimes is right, and what is refused."""

from __future__ import annotations

from typing import Any

import lifetimes
import numpy as np
import pandas as pd
import pytest
from lifetimes.datasets import load_cdnow_summary_data_with_monetary_value, load_donations

import crmmodels as crm
from crmmodels.interop.lifetimes import from_lifetimes

KINDS = {
    "BetaGeoFitter": crm.BetaGeoModel,
    "ModifiedBetaGeoFitter": crm.ModifiedBetaGeoModel,
    "ParetoNBDFitter": crm.ParetoNBDModel,
    "BetaGeoBetaBinomFitter": crm.BetaGeoBetaBinomModel,
    "GammaGammaFitter": crm.GammaGammaModel,
}
CONTINUOUS = ("BetaGeoFitter", "ModifiedBetaGeoFitter", "ParetoNBDFitter")
HORIZON = 39


@pytest.fixture(scope="module")
def summary() -> pd.DataFrame:
    return load_cdnow_summary_data_with_monetary_value()


@pytest.fixture(scope="module")
def fitters(summary) -> dict[str, Any]:
    """All five, fitted to what lifetimes ships."""
    history = (summary["frequency"], summary["recency"], summary["T"])
    made: dict[str, Any] = {}
    for name in CONTINUOUS:
        np.random.seed(0)  # noqa: NPY002  (lifetimes draws its first guess of the Pareto/NBD from the global generator)
        made[name] = getattr(lifetimes, name)().fit(*history)
    donations = load_donations()
    made["BetaGeoBetaBinomFitter"] = lifetimes.BetaGeoBetaBinomFitter().fit(
        donations["frequency"], donations["recency"], donations["periods"], donations["weights"]
    )
    repeaters = summary[summary["frequency"] > 0]
    made["GammaGammaFitter"] = lifetimes.GammaGammaFitter().fit(repeaters["frequency"], repeaters["monetary_value"])
    return made


def turned(name: str, fitter: Any) -> Any:
    if name == "GammaGammaFitter":
        return from_lifetimes(fitter)
    return from_lifetimes(fitter, horizon=HORIZON, unit="Y" if name == "BetaGeoBetaBinomFitter" else "W")


def ours(summary: pd.DataFrame) -> pd.DataFrame:
    names = {"recency": "age_at_last", "T": "age", "monetary_value": "mean_repeat_spend"}
    return summary.rename(columns=names).rename_axis("customer_id").reset_index()


@pytest.mark.parametrize("name", KINDS)
def test_the_model_has_the_parameters_of_the_fitter(name, fitters):
    model = turned(name, fitters[name])
    assert type(model) is KINDS[name]
    assert model.is_fitted
    assert dict(zip(model.fitted.names, model.fitted.values.tolist(), strict=True)) == fitters[name].params_.to_dict()
    if name != "GammaGammaFitter":
        assert model.horizon == HORIZON
        assert model.unit == model.fitted.unit == ("Y" if name == "BetaGeoBetaBinomFitter" else "W")


@pytest.mark.parametrize("name", KINDS)
def test_the_log_likelihood_is_ours_and_close_below_that_of_our_fit(name, fitters, summary):
    fitted = turned(name, fitters[name]).fitted
    if name == "BetaGeoBetaBinomFitter":
        data = load_donations().rename(columns={"recency": "age_at_last", "periods": "age", "weights": "n"})
        best = crm.BetaGeoBetaBinomModel(horizon=1, weight="n").fit(data.rename_axis("customer_id").reset_index()).fitted
        assert fitted.n_customers == 11_104
    else:
        best = (KINDS[name]() if name == "GammaGammaFitter" else KINDS[name](horizon=1, unit="W")).fit(ours(summary)).fitted
        assert fitted.n_customers == best.n_customers == (946 if name == "GammaGammaFitter" else 2357)
    assert best.log_likelihood - 0.1 < fitted.log_likelihood <= best.log_likelihood + 1e-9
    errors, better = (np.array(list(record.standard_errors.values())) for record in (fitted, best))
    np.testing.assert_allclose(errors, better, rtol=0.05)
    if name not in ("BetaGeoBetaBinomFitter", "ParetoNBDFitter"):
        # lifetimes keeps the mean of the negative log-likelihood of a customer, in a unit of its own.
        shift = np.log(fitters[name]._scale) * float(summary["frequency"].sum()) if name in CONTINUOUS else 0.0
        theirs = -fitters[name]._negative_log_likelihood_ * fitted.n_customers + shift
        assert fitted.log_likelihood == pytest.approx(theirs, rel=1e-6)


@pytest.mark.parametrize("name", CONTINUOUS)
def test_probabilities_to_be_alive_are_those_of_lifetimes(name, fitters, summary):
    model, x, t_x, age = turned(name, fitters[name]), summary["frequency"], summary["recency"], summary["T"]
    expected = np.asarray(fitters[name].conditional_probability_alive(x, t_x, age))
    found = model.probability_alive(ours(summary))["probability_alive"]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("name", CONTINUOUS)
def test_expected_orders_are_those_of_lifetimes(name, fitters, summary):
    model, x, t_x, age = turned(name, fitters[name]), summary["frequency"], summary["recency"], summary["T"]
    expected = np.asarray(fitters[name].conditional_expected_number_of_purchases_up_to_time(HORIZON, x, t_x, age))
    np.testing.assert_allclose(model.expected_purchases(ours(summary))["expected_purchases"], expected, rtol=1e-6)
    new = np.array([1.0, 26.0, 52.0])
    np.testing.assert_allclose(
        model.expected_purchases_new(new), fitters[name].expected_number_of_purchases_up_to_time(new), rtol=1e-6
    )


@pytest.mark.parametrize("name", ["BetaGeoFitter", "ModifiedBetaGeoFitter"])
def test_the_distribution_of_new_customers_is_that_of_lifetimes(name, fitters):
    fitter = fitters[name]
    expected = [float(fitter.probability_of_n_purchases_up_to_time(39.0, n)) for n in range(20)]
    np.testing.assert_allclose(turned(name, fitter).purchase_distribution_new(39.0, 19), expected, rtol=1e-6)


def test_the_conditional_distribution_is_that_of_lifetimes(fitters):
    """Which has it for the Pareto/NBD alone."""
    fitter = fitters["ParetoNBDFitter"]
    model = turned("ParetoNBDFitter", fitter)
    for x, t_x, age in ((2, 30.0, 38.0), (0, 0.0, 39.0), (5, 12.0, 30.0)):
        who = pd.DataFrame({"customer_id": [1], "frequency": [x], "age_at_last": [t_x], "age": [age]})
        expected = [float(fitter.conditional_probability_of_n_purchases_up_to_time(n, 39.0, x, t_x, age)) for n in range(6)]
        np.testing.assert_allclose(model.purchase_distribution(who, 39, 5).iloc[0], expected, rtol=1e-6)


def test_opportunities_are_answered_as_lifetimes_answers_them(fitters):
    fitter, data = fitters["BetaGeoBetaBinomFitter"], load_donations()
    model = turned("BetaGeoBetaBinomFitter", fitter)
    x, t_x, n = data["frequency"], data["recency"], data["periods"]
    who = data.rename(columns={"recency": "age_at_last", "periods": "age"}).rename_axis("customer_id").reset_index()
    found = model.expected_purchases(who, 10)["expected_purchases"]
    expected = fitter.conditional_expected_number_of_purchases_up_to_time(10, x, t_x, n)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    for ahead in (0, 1, 5):
        alive = fitter.conditional_probability_alive(ahead, x, t_x, n)
        np.testing.assert_allclose(model.probability_alive(who, ahead)["probability_alive"], alive, rtol=1e-6)
    in_first_six = fitter.expected_number_of_transactions_in_first_n_periods(6)["model"]
    np.testing.assert_allclose(model.purchase_distribution_new(6, 6) * 11_104, in_first_six, rtol=1e-6)


def test_expected_spend_is_that_of_lifetimes(fitters, summary):
    fitter = fitters["GammaGammaFitter"]
    expected = fitter.conditional_expected_average_profit(summary["frequency"], summary["monetary_value"])
    model = turned("GammaGammaFitter", fitter)
    np.testing.assert_allclose(model.score(ours(summary))["expected_spend"], expected, rtol=1e-6)


def test_weights_of_lifetimes_are_numbers_of_customers(summary):
    counted = summary.groupby(["frequency", "recency", "T"], as_index=False).size()
    pooled = lifetimes.BetaGeoFitter().fit(counted["frequency"], counted["recency"], counted["T"], weights=counted["size"])
    model = from_lifetimes(pooled, horizon=39, unit="W")
    plain = crm.BetaGeoModel(horizon=39, unit="W").fit(ours(summary)).fitted
    assert model.fitted.n_customers == 2357
    assert model.fitted.log_likelihood == pytest.approx(plain.log_likelihood, abs=0.05)
    np.testing.assert_allclose(list(model.fitted.standard_errors.values()), list(plain.standard_errors.values()), rtol=0.05)


@pytest.mark.parametrize("name", ["BetaGeoFitter", "ParetoNBDFitter", "GammaGammaFitter"])
def test_a_fitter_saved_without_its_data_has_parameters_without_errors(name, fitters, summary, tmp_path):
    path = str(tmp_path / "fitter.pkl")
    fitters[name].save_model(path, save_data=False)
    loaded = getattr(lifetimes, name)()
    loaded.load_model(path)
    model, whole = turned(name, loaded), turned(name, fitters[name])
    assert model.fitted.values.tolist() == whole.fitted.values.tolist()
    assert set(model.fitted.standard_errors.values()) == {np.inf}
    assert np.isnan(model.fitted.log_likelihood)
    assert model.fitted.n_customers == 0
    pd.testing.assert_frame_equal(model.score(ours(summary)), whole.score(ours(summary)), check_exact=True)
    assert repr(model)
    model.save(tmp_path / "model.json")
    pd.testing.assert_frame_equal(crm.load(tmp_path / "model.json").score(ours(summary)), model.score(ours(summary)))


@pytest.mark.parametrize("name", KINDS)
def test_a_turned_model_is_saved_segments_and_refits(name, fitters, summary, tmp_path):
    model = turned(name, fitters[name])
    model.save(tmp_path / "model.json")
    loaded = crm.load(tmp_path / "model.json")
    assert loaded.to_dict() == model.to_dict()
    table = KINDS[name].example(n_customers=300, seed=1)
    pd.testing.assert_series_equal(loaded.segment(table), model.segment(table))
    options = {} if name == "GammaGammaFitter" else {"horizon": HORIZON, "unit": model.unit}
    fresh = KINDS[name](**options).fit(table)
    assert model.fit(table).to_dict() == fresh.to_dict()


def test_customers_born_on_the_last_day_count_and_move_no_error(summary):
    """Lifetimes takes them; they say nothing."""
    fresh = pd.DataFrame({"frequency": [0.0] * 30, "recency": [0.0] * 30, "T": [0.0] * 30})
    data = pd.concat([summary[["frequency", "recency", "T"]].astype(float), fresh], ignore_index=True)
    fitter = lifetimes.BetaGeoFitter().fit(data["frequency"], data["recency"], data["T"])
    assert from_lifetimes(fitter, horizon=1, unit="W").fitted.n_customers == 2387


@pytest.mark.parametrize("name", KINDS)
def test_a_fitter_that_is_not_fitted_is_refused(name):
    with pytest.raises(crm.ParameterError, match=rf"from_lifetimes\(fitter=\.\.\.\) must be fitted; call {name}\(\)\.fit"):
        turned(name, getattr(lifetimes, name)())


@pytest.mark.parametrize("other", [5, None, "BetaGeoFitter", crm.RFMModel(), lifetimes.BetaGeoFitter])
def test_what_is_no_fitter_is_refused(other):
    with pytest.raises(crm.ParameterError, match=r"from_lifetimes\(fitter=\.\.\.\) must be one of 'BetaGeoFitter'"):
        from_lifetimes(other, horizon=1)


def test_a_horizon_is_needed_where_there_is_one(fitters):
    for horizon in (None, 0, -1, "39"):
        with pytest.raises(crm.ParameterError, match=r"horizon=\.\.\.\) must be a number above 0"):
            from_lifetimes(fitters["BetaGeoFitter"], horizon=horizon)
    with pytest.raises(crm.ParameterError, match="must be left out, with the unit, for GammaGammaModel"):
        from_lifetimes(fitters["GammaGammaFitter"], horizon=39)
    with pytest.raises(crm.ParameterError, match=r"unit=\.\.\.\) must be one of 'D', 'W', 'M', 'Y'; got 'weeks'"):
        from_lifetimes(fitters["BetaGeoFitter"], horizon=39, unit="weeks")
    assert from_lifetimes(fitters["BetaGeoFitter"], horizon=39).unit == "D"
    assert from_lifetimes(fitters["BetaGeoBetaBinomFitter"], horizon=39).unit == "M"


def test_missing_parameters_are_named(fitters):
    class BetaGeoFitter:
        params_ = pd.Series({"r": 1.0, "alpha": 2.0})

    with pytest.raises(
        crm.ParameterError, match=r"a fitter with the parameters \['r', 'alpha', 'a', 'b'\]; got \['r', 'alpha'\]"
    ):
        from_lifetimes(BetaGeoFitter(), horizon=1)


def test_data_that_are_none_are_refused(fitters):
    class BetaGeoFitter:
        params_ = fitters["BetaGeoFitter"].params_
        data: Any = np.ones((3, 3))

    with pytest.raises(crm.DataError, match="the fitter keeps its data as ndarray, not as a pandas table"):
        from_lifetimes(BetaGeoFitter(), horizon=1)
    BetaGeoFitter.data = pd.DataFrame({"frequency": [1.5], "recency": [1.0], "T": [2.0], "weights": [1]})
    with pytest.raises(crm.DataError, match="should be whole numbers"):
        from_lifetimes(BetaGeoFitter(), horizon=1)
