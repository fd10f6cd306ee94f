"""Comparison of groups: differences that are there are found, others are not."""

from __future__ import annotations

import numpy as np
import pytest

import crmmodels as crm

SURVEY = crm.simulate.simulate_survey(600, 3, groups={"north": 0.0, "south": 0.4})


@pytest.fixture(scope="module")
def fit():
    return crm.SatisfactionIndexModel(indicators=SURVEY.indicators, n_bootstrap=0).fit(SURVEY.answers)


@pytest.fixture(scope="module")
def compared(fit):
    return fit.compare_groups(SURVEY.answers, "group", n_permutations=499)


def test_the_index_of_a_group_is_the_mean_of_its_scores_within_limits(fit, compared):
    scores = fit.score(SURVEY.answers).assign(group=SURVEY.answers["group"])
    for row in compared.index.itertuples():
        own = scores.loc[scores["group"] == row.group, row.construct]
        assert compared.index.loc[row.Index, "index"] == pytest.approx(own.mean())
        assert compared.index.loc[row.Index, "n_respondents"] == len(own)
        half = 1.96 * own.std(ddof=1) / np.sqrt(len(own))
        assert row.upper - row.lower == pytest.approx(2 * half, rel=0.15)
        assert row.lower < own.mean() < row.upper


def test_a_difference_that_is_there_is_found(compared):
    table = compared.index_differences.set_index("construct")
    # 0.4 standard deviations of a latent construct are a little less in points of 100 than 0.4 x 20 x 10 / 9.
    assert table["difference"].between(4, 11).all()
    assert (table["p_value"] == 1 / 500).all()
    assert set(compared.index_differences["first"]) == {"north"}


def test_paths_and_measurement_that_do_not_differ_pass(compared):
    assert (compared.path_differences["p_value"] > 0.005).all()
    paths = compared.path_differences
    assert (paths["difference"] == paths["path_second"] - paths["path_first"]).all()
    invariance = compared.invariance.set_index("construct")
    assert (invariance["correlation"] > 0.99).all()
    assert (invariance["verdict"] == "partial").sum() >= 5
    assert (invariance["mean_p_value"] < 0.01).all()


def test_paths_of_a_group_are_those_of_a_model_of_it_alone(fit, compared):
    north = SURVEY.answers[SURVEY.answers["group"] == "north"]
    alone = crm.SatisfactionIndexModel(indicators=SURVEY.indicators, n_bootstrap=0).fit(north).fitted
    assert compared.path_differences["path_first"].to_numpy() == pytest.approx(alone.quantities["paths"].estimate, abs=1e-6)


def test_p_values_are_uniform_where_nothing_differs(fit):
    rng = np.random.default_rng(0)
    found = []
    for _ in range(40):
        some = SURVEY.answers[SURVEY.answers["group"] == "north"].assign(group=lambda t: rng.integers(0, 2, len(t)))
        table = fit.compare_groups(some, "group", n_permutations=39)
        found += [table.index_differences["p_value"].iloc[3], table.path_differences["p_value"].iloc[0]]
    assert 0.35 < np.mean(found) < 0.65
    assert np.mean(np.array(found) <= 0.2) < 0.4


def test_the_order_of_the_rows_does_not_matter(fit, compared):
    shuffled = SURVEY.answers.sample(frac=1.0, random_state=1)
    again = fit.compare_groups(shuffled, "group", n_permutations=499)
    assert again.index_differences.equals(compared.index_differences)
    assert again.path_differences.equals(compared.path_differences)
    assert again.invariance.equals(compared.invariance)
    assert again.index.equals(compared.index)


def test_more_groups_are_compared_in_pairs_and_shown():
    survey = crm.simulate.simulate_survey(300, 3, groups={"a": 0.0, "b": 0.0, "c": 0.0})
    fit = crm.StructuralModel(constructs=survey.indicators, paths=survey.paths, n_bootstrap=0).fit(survey.answers)
    table = fit.compare_groups(survey.answers, "group", n_permutations=19, seed=4)
    assert table.index_differences[["first", "second"]].drop_duplicates().to_numpy().tolist() == [
        ["a", "b"],
        ["a", "c"],
        ["b", "c"],
    ]
    assert repr(table).startswith("GroupComparison of 3 groups\n")
