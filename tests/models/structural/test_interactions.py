"""Interactions against regressions on scores and their products."""

from __future__ import annotations

import numpy as np
import pytest

import crmmodels as crm

SURVEY = crm.simulate.simulate_survey(400, 8)
INTERACTION = ("quality", "value", "satisfaction")
PRODUCT = "quality × value"


def model(**parameters):
    given = {"constructs": SURVEY.indicators, "paths": SURVEY.paths, "interactions": [INTERACTION], "n_bootstrap": 0}
    return crm.StructuralModel(**{**given, **parameters})


def regression(scores):
    y = scores["satisfaction_standardised"].to_numpy()
    names = ["expectations", "quality", "value"]
    x = np.column_stack([scores[f"{name}_standardised"] for name in names])
    product = x[:, 1] * x[:, 2]
    x = np.column_stack([x, (product - product.mean()) / product.std(ddof=1)])
    found = np.linalg.lstsq(x, y, rcond=None)[0]
    return dict(zip([*names, PRODUCT], found.tolist(), strict=True)), 1 - np.var(y - x @ found) / np.var(y)


def satisfaction_of(fitted):
    paths = fitted.paths[fitted.paths["target"] == "satisfaction"]
    return dict(zip(paths["source"], paths["estimate"], strict=True))


@pytest.mark.parametrize("parameters", [{}, {"standardised": False}, {"scheme": "centroid", "modes": "sum"}])
def test_paths_are_those_of_the_regression_on_scores_and_product(parameters):
    fit = model(**parameters).fit(SURVEY.answers)
    expected, r_squared = regression(fit.score(SURVEY.answers))
    assert satisfaction_of(fit.fitted) == pytest.approx(expected, abs=1e-9)
    assert fit.fitted.quantities["r_squared"].of("satisfaction") == pytest.approx(r_squared, abs=1e-9)


def test_replicates_are_regressions_in_resamples():
    rng = np.random.default_rng(0)
    bare = SURVEY.answers.drop(columns="respondent_id")
    slow = []
    for _ in range(200):
        some = bare.iloc[rng.integers(400, size=400)].reset_index(drop=True)
        slow.append(list(satisfaction_of(model().fit(some).fitted).values()))
    quick = model(n_bootstrap=1000).fit(SURVEY.answers).fitted.paths
    error = quick.loc[quick["target"] == "satisfaction", "standard_error"]
    assert error.to_numpy() == pytest.approx(np.std(slow, axis=0, ddof=1), rel=0.25)


def test_a_moderation_that_is_there_is_found():
    rng = np.random.default_rng(1)
    scores = SURVEY.scores
    latent = 0.3 * scores["quality"] + 0.3 * scores["value"] - 0.4 * scores["quality"] * scores["value"]
    items = {f"satisfaction_{j}": 5 + latent + rng.normal(0, 0.4, 400) for j in (1, 2, 3)}
    fit = model(n_bootstrap=300, scale=(-10, 20)).fit(SURVEY.answers.assign(**items))
    row = fit.fitted.paths.set_index("source").loc[PRODUCT]
    assert row["estimate"] < -0.3
    assert row["upper"] < -0.2
    assert fit.segment(SURVEY.answers.assign(**items)).notna().all()


def test_constructs_of_second_order_may_moderate_and_others_stay():
    made = crm.StructuralModel(
        constructs=SURVEY.indicators,
        paths={"impression": ["satisfaction"], "value": ["satisfaction"], "satisfaction": ["loyalty", "complaints"]},
        second_order={"impression": ["expectations", "quality"]},
        interactions=[("impression", "value", "satisfaction")],
        target="satisfaction",
        n_bootstrap=20,
    )
    fit = made.fit(SURVEY.answers)
    scores = fit.score(SURVEY.answers)
    x = np.column_stack([scores["impression_standardised"], scores["value_standardised"]])
    product = x[:, 0] * x[:, 1]
    x = np.column_stack([x, (product - product.mean()) / product.std(ddof=1)])
    expected = np.linalg.lstsq(x, scores["satisfaction_standardised"].to_numpy(), rcond=None)[0]
    found = satisfaction_of(fit.fitted)
    assert [found[name] for name in ("impression", "value", "impression × value")] == pytest.approx(expected.tolist(), abs=1e-9)
    assert crm.StructuralModel.from_dict(made.to_dict()).score(SURVEY.answers).equals(scores)


def test_what_is_refused():
    for interactions in [
        [("quality", "value")],
        [("quality", "value", "value")],
        [("quality", "price", "value")],
        [INTERACTION] * 2,
    ]:
        with pytest.raises(
            crm.ParameterError, match=r"interactions=\.\.\.\) must be different triples of two constructs and a third"
        ):
            model(interactions=interactions)
    with pytest.raises(crm.ParameterError, match="False where there are interactions"):
        model(consistent=True)
    blank = SURVEY.answers.astype({"value_1": float}).copy()
    blank.loc[0, "value_1"] = np.nan
    with pytest.raises(crm.DataError, match="1 answer missing, but interactions need complete answers; use missing='listwise'"):
        model().fit(blank)
    assert model(missing="listwise").fit(blank).fitted.n_respondents == 399
