"""Models from parameters that are known: the answers of the model that has them, and what is refused."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import crmmodels as crm

OPTIONS: dict[Any, dict[str, Any]] = {
    crm.BetaGeoModel: {"horizon": 39, "unit": "W"},
    crm.ModifiedBetaGeoModel: {"horizon": 39, "unit": "W"},
    crm.ParetoNBDModel: {"horizon": 39, "unit": "W"},
    crm.NBDModel: {"horizon": 39, "unit": "W"},
    crm.BetaGeoBetaBinomModel: {"horizon": 5, "unit": "Y"},
    crm.ShiftedBetaGeoModel: {"horizon": 3},
    crm.GammaGammaModel: {},
}
KINDS = pytest.mark.parametrize("kind", list(OPTIONS))
PUBLISHED = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}


@pytest.fixture(scope="module")
def tables() -> dict[Any, pd.DataFrame]:
    return {kind: kind.example(n_customers=600, seed=1) for kind in OPTIONS}


@pytest.fixture(scope="module")
def fits(tables) -> dict[Any, Any]:
    return {kind: kind(**options).fit(tables[kind]) for kind, options in OPTIONS.items()}


def named(fitted: Any) -> dict[str, float]:
    return dict(zip(fitted.names, fitted.values.tolist(), strict=True))


@KINDS
def test_the_parameters_of_a_fit_give_its_answers(kind, fits, tables):
    fit = fits[kind]
    for given in (named(fit.fitted), fit.fitted.parameters, fit.fitted):
        model = kind.from_parameters(given, **OPTIONS[kind])
        assert type(model) is kind
        assert model == fit
        assert model.fitted.parameters == fit.fitted.parameters
        pd.testing.assert_frame_equal(model.score(tables[kind]), fit.score(tables[kind]), check_exact=True)
        pd.testing.assert_series_equal(model.segment(tables[kind]), fit.segment(tables[kind]))


@KINDS
def test_without_data_nothing_is_said_of_uncertainty(kind, fits):
    fitted = kind.from_parameters(named(fits[kind].fitted), **OPTIONS[kind]).fitted
    assert np.isnan(fitted.log_likelihood)
    assert (fitted.n_customers, fitted.n_distinct, fitted.n_evaluations) == (0, 0, 0)
    assert set(fitted.standard_errors.values()) == {np.inf}
    assert fitted.undetermined == ()
    assert fitted.unit == OPTIONS[kind].get("unit", "")


@KINDS
def test_with_the_data_of_the_fit_the_uncertainty_is_that_of_the_fit(kind, fits, tables):
    best = fits[kind].fitted
    found = kind.from_parameters(named(best), data=tables[kind], **OPTIONS[kind]).fitted
    assert found.log_likelihood == pytest.approx(best.log_likelihood, rel=1e-12)
    assert (found.n_customers, found.n_distinct) == (best.n_customers, best.n_distinct)
    np.testing.assert_allclose(found.covariance, best.covariance, rtol=1e-8)


def test_the_curvature_of_priors_counts_and_their_density_does_not(tables):
    kind, table = crm.BetaGeoModel, tables[crm.BetaGeoModel]
    prior = {"r": crm.GammaPrior(2.0, 1.0), "b": crm.LogNormalPrior(2.0, 0.3)}
    best = kind(horizon=39, unit="W", prior=prior).fit(table).fitted
    found = kind.from_parameters(best.parameters, data=table, horizon=39, unit="W", prior=prior).fitted
    assert found.is_penalised
    assert found.log_likelihood == pytest.approx(best.log_likelihood, rel=1e-12)
    np.testing.assert_allclose(found.covariance, best.covariance, rtol=1e-8)


def test_data_in_which_the_parameters_are_no_maximum_give_no_errors(tables):
    at_the_edge = {"r": 1e6, "alpha": 1e6, "a": 1e-6, "b": 1e6}
    fitted = crm.BetaGeoModel.from_parameters(at_the_edge, data=tables[crm.BetaGeoModel], horizon=39, unit="W").fitted
    assert np.isfinite(fitted.log_likelihood)
    assert set(fitted.standard_errors.values()) == {np.inf}


@KINDS
def test_a_model_from_parameters_is_saved_and_loaded(kind, fits, tables, tmp_path):
    for number, data in enumerate((None, tables[kind])):
        model = kind.from_parameters(named(fits[kind].fitted), data=data, **OPTIONS[kind])
        path = tmp_path / f"{number}.json"
        model.save(path)
        loaded = crm.load(path)
        assert loaded.to_dict() == model.to_dict()
        pd.testing.assert_frame_equal(loaded.score(tables[kind]), model.score(tables[kind]), check_exact=True)


def test_a_fitted_record_answers_at_another_horizon_with_its_uncertainty(fits, tables):
    fit, table = fits[crm.BetaGeoModel], tables[crm.BetaGeoModel]
    longer = crm.BetaGeoModel.from_parameters(fit.fitted, horizon=78, unit="W", labels="zh")
    pd.testing.assert_frame_equal(longer.expected_purchases(table), fit.expected_purchases(table, 78))
    assert longer.fitted.standard_errors == fit.fitted.standard_errors
    assert longer.fitted.n_evaluations == 0
    draws = fit.sample_posterior(table, 50, rng=1)
    assert longer.sample_posterior(table, 50, rng=1).values.tolist() == draws.values.tolist()


def test_the_model_is_refitted_as_a_new_one_is(tables):
    model = crm.BetaGeoModel.from_parameters(PUBLISHED, horizon=39, unit="W")
    table = tables[crm.BetaGeoModel]
    assert model.fit(table).to_dict() == crm.BetaGeoModel(horizon=39, unit="W").fit(table).to_dict()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"r": 1.0, "alpha": 2.0, "a": 1.0}, "it lacks ['b']."),
        ({**PUBLISHED, "beta": 1.0}, "it has the unknown ['beta']."),
        ({"r": 1.0, "alpha": 2.0, "a": 1.0, 5: 1.0}, "it lacks ['b'] and has the unknown [5]."),
        ([1.0, 2.0, 3.0, 4.0], "must be a mapping of ['r', 'alpha', 'a', 'b'] to numbers; got [1.0, 2.0, 3.0, 4.0]."),
        (None, "must be a mapping of ['r', 'alpha', 'a', 'b'] to numbers; got None."),
        ({**PUBLISHED, "a": 0.0}, "a=...) must be a number from 1e-09 to 1e+09; got 0.0."),
        ({**PUBLISHED, "b": -1}, "b=...) must be a number from 1e-09 to 1e+09; got -1."),
        ({**PUBLISHED, "alpha": 1e31}, "alpha=...) must be a number from 1e-30 to 1e+30; got 1e+31."),
        ({**PUBLISHED, "r": np.nan}, "r=...) must be a number from 1e-09 to 1e+09; got nan."),
        ({**PUBLISHED, "r": "0.2"}, "r=...) must be a number from 1e-09 to 1e+09; got '0.2'."),
        ({**PUBLISHED, "r": True}, "r=...) must be a number from 1e-09 to 1e+09; got True."),
    ],
)
def test_parameters_that_cannot_be_are_named(given, message):
    with pytest.raises(crm.ParameterError, match=r"^BetaGeoModel\.from_parameters\(.*" + re.escape(message)):
        crm.BetaGeoModel.from_parameters(given, horizon=39)


def test_parameters_of_another_model_are_refused(fits):
    with pytest.raises(crm.ParameterError, match=r"must be a mapping of \['r', 'alpha'\] to numbers; got BetaGeoParameters"):
        crm.NBDModel.from_parameters(fits[crm.BetaGeoModel].fitted.parameters, horizon=39)
    with pytest.raises(crm.ParameterError, match="no record of such a model: the parameters are of type BetaGeoParameters"):
        crm.NBDModel.from_parameters(fits[crm.BetaGeoModel].fitted, horizon=39, unit="W")


def test_a_record_in_another_unit_or_out_of_its_domain_is_refused(fits):
    fitted = fits[crm.BetaGeoModel].fitted
    with pytest.raises(crm.ParameterError, match=r"fitted\.unit is 'W', and the model counts in 'D'"):
        crm.BetaGeoModel.from_parameters(fitted, horizon=39)
    with pytest.raises(crm.ParameterError, match=r"fitted\.n_customers"):
        crm.BetaGeoModel.from_parameters(replace(fitted, n_customers=-1.0), horizon=39, unit="W")


def test_parameters_of_the_model_are_checked_as_ever():
    with pytest.raises(crm.ParameterError, match=r"BetaGeoModel\(horizon=\.\.\.\) must be a number above 0"):
        crm.BetaGeoModel.from_parameters(PUBLISHED, horizon=-1)
    with pytest.raises(TypeError, match="horizont"):
        crm.BetaGeoModel.from_parameters(PUBLISHED, horizont=3)


def test_data_that_tell_nothing_are_refused(tables):
    table = tables[crm.BetaGeoModel].head(3).assign(frequency=0, age_at_last=0.0, age=0.0)
    with pytest.raises(crm.DataError, match="have age 0"):
        crm.BetaGeoModel.from_parameters(PUBLISHED, data=table, horizon=39, unit="W")
    contracts = tables[crm.ShiftedBetaGeoModel].head(3).assign(tenure=0, churned=0)
    with pytest.raises(crm.DataError, match="none of 3 customers has met one"):
        crm.ShiftedBetaGeoModel.from_parameters({"alpha": 1.0, "beta": 2.0}, data=contracts, horizon=3)
    with pytest.raises(crm.DataError, match="age"):
        crm.BetaGeoModel.from_parameters(PUBLISHED, data=table.drop(columns="age"), horizon=39)


@KINDS
def test_every_parameter_is_read_by_its_name(kind, fits):
    names = [field.name for field in fields(fits[kind].fitted.parameters)]
    values = named(fits[kind].fitted)
    assert list(values) == names
    shuffled = {name: values[name] for name in reversed(names)}
    assert kind.from_parameters(shuffled, **OPTIONS[kind]).fitted.parameters == fits[kind].fitted.parameters
