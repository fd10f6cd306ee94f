"""The simulated survey has the paths and loadings that it says, and refuses what cannot be."""

from __future__ import annotations

import numpy as np
import pytest

import crmmodels as crm

LARGE = crm.simulate.simulate_survey(100_000, 1, scale=(0, 1000), spread=0.1)


def test_constructs_are_standard_normal_with_the_paths_declared():
    scores = LARGE.scores
    assert scores.mean().abs().max() < 0.02
    assert scores.std().to_numpy() == pytest.approx(np.ones(6), abs=0.02)
    for target, rows in LARGE.path_coefficients.groupby("target"):
        x = scores[rows["source"]].to_numpy()
        found = np.linalg.lstsq(x, scores[target].to_numpy(), rcond=None)[0]
        assert found == pytest.approx(rows["coefficient"].to_numpy(), abs=0.02)
        assert np.var(x @ found) == pytest.approx(LARGE.r_squared[target], abs=0.02)


def test_items_have_the_loadings_declared_level_and_spread():
    for construct, item, loading in LARGE.loadings.itertuples(index=False):
        answers = LARGE.answers[item]
        assert np.corrcoef(answers, LARGE.scores[construct])[0, 1] == pytest.approx(loading, abs=0.01)
        assert answers.mean() == pytest.approx(650, abs=3)
        assert answers.std() == pytest.approx(100, abs=3)


def test_answers_are_whole_and_on_the_scale():
    survey = crm.simulate.simulate_survey(500, 2, scale=(1, 5))
    items = [item for block in survey.indicators.values() for item in block]
    assert set(np.unique(survey.answers[items])) == {1, 2, 3, 4, 5}
    assert survey.scale == (1, 5)


def test_missing_answers_groups_and_weights():
    survey = crm.simulate.simulate_survey(20_000, 3, level=0.4, missing=0.1, groups={"a": 0.0, "b": 1.0}, weights=True)
    items = [item for block in survey.indicators.values() for item in block]
    assert survey.answers[items].isna().to_numpy().mean() == pytest.approx(0.1, abs=0.005)
    means = survey.answers.groupby("group")["quality_1"].mean()
    # One standard deviation of an item is 0.2 of a range of 9.
    assert means["b"] - means["a"] == pytest.approx(1.8, abs=0.2)
    assert set(survey.answers["weight"]) == {0.5, 1.0, 1.5}


def test_a_negative_loading_is_a_reversed_item():
    survey = crm.simulate.simulate_survey(2000, 4, paths={"a": {"b": 0.5}}, loadings={"a": (0.9, -0.9), "b": (0.9,)})
    assert survey.answers[["a_1", "a_2"]].corr().iloc[0, 1] < -0.5


def test_the_seed_decides():
    one, again, other = (crm.simulate.simulate_survey(50, seed).answers for seed in (1, 1, 2))
    assert one.equals(again)
    assert not one.equals(other)
    assert repr(crm.simulate.simulate_survey(50, 1)) == "SimulatedSurvey(50 respondents, 6 constructs, 18 items)"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_respondents": 0}, "n_respondents=...) must be a whole number, 1 or more; got 0."),
        ({"scale": (5, 1)}, "scale=...) must be two whole numbers, the lowest and the highest answer; got (5, 1)."),
        ({"level": 1.5}, "level=...) must be a share above 0 and below 1; got 1.5."),
        ({"missing": 1.0}, "missing=...) must be a share from 0 to below 1; got 1.0."),
        ({"paths": {"a": ["b"]}}, "paths=...) must be a mapping from construct to a mapping"),
        ({"paths": {"a": {"b": 0.5}, "b": {"a": 0.5}}}, "paths=...) must be without a circle; got ['a', 'b']."),
        ({"paths": {"a": {"b": 1.2}}}, "explain at most all variance of a construct; got {'b': 1.44}."),
        ({"loadings": (1.1,)}, "loadings=...) must be correlations from -1 to 1, for every construct; got (1.1,)."),
        ({"loadings": {"quality": (0.9,)}}, "loadings=...) must be correlations from -1 to 1, for every construct"),
        ({"groups": {}}, "groups=...) must be a mapping from group to standard deviations; got {}."),
    ],
)
def test_arguments_out_of_range(arguments, message):
    with pytest.raises(crm.ParameterError) as caught:
        crm.simulate.simulate_survey(**{"n_respondents": 10, **arguments})
    assert f"simulate_survey({message}" in str(caught.value) or message in str(caught.value)
