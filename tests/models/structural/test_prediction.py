"""PLSpredict against the same done by hand, respondent by respondent."""

from __future__ import annotations

import numpy as np
import pytest

import crmmodels as crm

SURVEY = crm.simulate.simulate_survey(300, 6)


def model(**parameters):
    return crm.StructuralModel(constructs=SURVEY.indicators, paths=SURVEY.paths, n_bootstrap=0, **parameters)


@pytest.fixture(scope="module")
def table():
    return model().predict_quality(SURVEY.answers, folds=5, rng=1)


def test_explained_items_are_predicted_better_than_by_their_mean(table):
    assert table["construct"].tolist() == [name for name in SURVEY.indicators if name != "expectations" for _ in range(3)]
    assert (table.loc[table["construct"] == "satisfaction", "q_squared"] > 0.3).all()
    assert (table["rmse"] >= table["mae"]).all()
    assert table["q_squared"].mean() == pytest.approx(table["q_squared_linear"].mean(), abs=0.05)


def test_leaving_one_out_is_the_regression_by_hand():
    answers = SURVEY.answers.iloc[:40]
    table = model().predict_quality(answers, folds=40, rng=0).set_index("item")
    given, item = list(SURVEY.indicators["expectations"]), "quality_2"
    x = np.column_stack([np.ones(40), answers[given]])
    y = answers[item].to_numpy(float)
    errors = []
    for i in range(40):
        rest = np.arange(40) != i
        errors.append(y[i] - x[i] @ np.linalg.lstsq(x[rest], y[rest], rcond=None)[0])
    assert table.loc[item, "rmse_linear"] == pytest.approx(np.sqrt(np.mean(np.square(errors))), rel=1e-9)
    by_model, by_mean = [], []
    bare = answers.drop(columns="respondent_id").reset_index(drop=True)
    for i in range(40):
        rest = bare.drop(index=i)
        fit = model().fit(rest)
        cause = fit.score(rest)["expectations_standardised"].to_numpy()
        own = fit.score(rest)["quality_standardised"].to_numpy()
        path = np.corrcoef(cause, own)[0, 1]
        slope = np.polyfit(own, rest[item], 1)[0]
        new = fit.score(bare.iloc[[i]])["expectations_standardised"].to_numpy()[0]
        by_model.append(bare.loc[i, item] - (rest[item].mean() + slope * path * new))
        by_mean.append(bare.loc[i, item] - rest[item].mean())
    assert table.loc[item, "rmse"] == pytest.approx(np.sqrt(np.mean(np.square(by_model))), rel=1e-6)
    assert table.loc[item, "mae"] == pytest.approx(np.mean(np.abs(by_model)), rel=1e-6)
    assert table.loc[item, "q_squared"] == pytest.approx(1 - np.sum(np.square(by_model)) / np.sum(np.square(by_mean)), rel=1e-6)


def test_from_the_earliest_antecedents_prediction_is_harder(table):
    earliest = model().predict_quality(SURVEY.answers, folds=5, rng=1, antecedents="earliest")
    own = earliest["construct"] == "quality"
    assert earliest.loc[own, "rmse"].tolist() == table.loc[own, "rmse"].tolist()
    late = earliest["construct"] == "loyalty"
    assert (earliest.loc[late, "rmse"] > table.loc[late, "rmse"]).all()


def test_folds_depend_on_the_seed_not_on_the_order_of_the_rows(table):
    assert model().predict_quality(SURVEY.answers.iloc[::-1], folds=5, rng=1).equals(table)
    assert not model().predict_quality(SURVEY.answers, folds=5, rng=2).equals(table)


def test_missing_answers_do_not_count_and_second_order_is_predicted():
    answers = SURVEY.answers.astype({"loyalty_1": float}).copy()
    answers.loc[:49, "loyalty_1"] = np.nan
    made = crm.StructuralModel(
        constructs=SURVEY.indicators,
        paths={"impression": ["satisfaction"], "satisfaction": ["loyalty", "complaints"]},
        second_order={"impression": ["expectations", "quality", "value"]},
        target="satisfaction",
        n_bootstrap=0,
    )
    table = made.predict_quality(answers).set_index("item")
    assert table.loc["satisfaction_1", "q_squared"] > 0.3
    assert 0 < table.loc["loyalty_1", "q_squared"] < 1
