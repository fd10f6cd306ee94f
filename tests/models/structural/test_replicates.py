from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import crmmodels as crm
from crmmodels.models.structural.record import KEYS


@pytest.fixture(scope="module")
def survey():
    return crm.simulate.simulate_survey(150, rng=3, missing=0.03, weights=True)


def model_of(survey, **parameters):
    chosen = {"n_bootstrap": 80, **parameters}
    return crm.SatisfactionIndexModel(indicators=survey.indicators, **chosen).fit(survey.answers)


def replicates_of(model, data, quantity="paths", n_replicates=None):
    return model.replicates(data, quantity, n_replicates)


@pytest.mark.parametrize("quantity", list(KEYS))
@pytest.mark.parametrize("bootstrap", ["respondents", "moments"])
def test_replicates_are_those_that_the_limits_were_made_of(survey, quantity, bootstrap):
    model = model_of(survey, bootstrap=bootstrap, seed=7)
    replicates = replicates_of(model, survey.answers, quantity)
    frame = model.fitted.frame(quantity)
    assert replicates.shape == (80, len(frame))
    lower, upper = np.nanquantile(replicates, [0.025, 0.975], axis=0)
    np.testing.assert_allclose(lower, frame["lower"], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(upper, frame["upper"], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(replicates.std(), frame["standard_error"], rtol=1e-9, atol=1e-12)


def test_columns_are_labelled_as_in_the_record(survey):
    model = model_of(survey, weight="weight")
    paths = replicates_of(model, survey.answers, "paths").columns
    assert isinstance(paths, pd.MultiIndex)
    assert list(paths) == [(row.source, row.target) for row in model.fitted.paths.itertuples()]
    assert list(paths.names) == ["source", "target"]
    index = replicates_of(model, survey.answers, "index").columns
    assert (list(index), index.name) == (model.fitted.index["construct"].tolist(), "construct")
    assert list(replicates_of(model, survey.answers, "gof").columns) == ["gof"]


@pytest.mark.parametrize("missing", ["listwise", "em"])
def test_missing_answers_are_treated_as_in_fit(survey, missing):
    model = model_of(survey, missing=missing, n_bootstrap=6)
    replicates = replicates_of(model, survey.answers)
    np.testing.assert_allclose(np.quantile(replicates, 0.025, axis=0), model.fitted.paths["lower"], rtol=1e-9)


def test_the_order_of_the_survey_does_not_matter(survey):
    model = model_of(survey)
    pd.testing.assert_frame_equal(
        replicates_of(model, survey.answers), replicates_of(model, survey.answers.sample(frac=1.0, random_state=1))
    )


def test_how_many_may_be_chosen(survey):
    model = model_of(survey, n_bootstrap=0)
    assert len(replicates_of(model, survey.answers, n_replicates=5)) == 5
    for wrong in (1, 2.5, True, "many"):
        with pytest.raises(
            crm.ParameterError, match=r"^replicates\(n_replicates=...\) must be a whole number, 2 or more; got "
        ):
            replicates_of(model, survey.answers, n_replicates=wrong)
    with pytest.raises(crm.ParameterError, match=r"2 or more \(the model has n_bootstrap=0\); got None"):
        replicates_of(model, survey.answers)


def test_another_survey_is_refused(survey):
    model = model_of(survey)
    for other in (survey.answers.head(100), survey.answers.assign(value_1=survey.answers["value_2"])):
        with pytest.raises(crm.DataError) as refusal:
            replicates_of(model, other)
        assert str(refusal.value) == (
            "SatisfactionIndexModel cannot read this survey:\n- it is not the one of fit, whose 150 respondents have other answers "
            f"than the {len(other)} here; hand over the same survey"
        )


def test_what_cannot_be_replicated_is_refused(survey):
    with pytest.raises(crm.ParameterError, match=r"^replicates\(quantity=...\) must be one of 'weights', .*; got 'slopes'"):
        replicates_of(model_of(survey), survey.answers, "slopes")
    with pytest.raises(crm.NotFittedError, match="so replicates has nothing to work with"):
        replicates_of(crm.SatisfactionIndexModel(indicators=survey.indicators), survey.answers)
