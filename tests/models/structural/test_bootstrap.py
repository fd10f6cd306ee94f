"""Standard errors and limits: what they are made of, and that they cover."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import crmmodels as crm

SURVEY = crm.simulate.simulate_survey(300, 2)


def fitted(survey=SURVEY, **parameters):
    given = {"indicators": survey.indicators, "n_bootstrap": 1000, **parameters}
    return crm.SatisfactionIndexModel(**given).fit(survey.answers).fitted


def test_replicates_are_fits_to_respondents_drawn_with_replacement():
    """Slow bootstrap of the whole model, one fit after the other."""
    rng = np.random.default_rng(0)
    plain = crm.SatisfactionIndexModel(indicators=SURVEY.indicators, n_bootstrap=0)
    bare = SURVEY.answers.drop(columns="respondent_id")
    slow = [plain.fit(bare.iloc[rng.integers(300, size=300)].reset_index(drop=True)).fitted for _ in range(300)]
    quick = fitted().quantities
    for name in ("paths", "index", "htmt", "alpha", "total_effects", "r_squared", "loadings", "index_weights", "vif"):
        drawn = np.array([one.quantities[name].estimate for one in slow])
        assert quick[name].standard_error == pytest.approx(drawn.std(axis=0, ddof=1), rel=0.25, abs=1e-9)
        low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
        spread = np.maximum(quick[name].standard_error, 1e-9)
        assert (np.abs(quick[name].lower - low) < 0.6 * spread).all()
        assert (np.abs(quick[name].upper - high) < 0.6 * spread).all()


def test_limits_from_moments_are_those_from_respondents():
    survey = crm.simulate.simulate_survey(3000, 4)
    one, other = (fitted(survey, bootstrap=kind).quantities for kind in ("respondents", "moments"))
    for name in ("paths", "index", "htmt"):
        assert other[name].standard_error == pytest.approx(one[name].standard_error, rel=0.15)


def test_the_standard_error_of_an_index_by_sums_is_that_of_a_mean():
    survey = SURVEY
    made = crm.StructuralModel(constructs=survey.indicators, paths=survey.paths, modes="sum", standardised=False)
    record = made.fit(survey.answers).fitted.index.set_index("construct")
    for name, items in survey.indicators.items():
        own = 100 * (survey.answers[list(items)].mean(axis=1) - 1) / 9
        assert record.loc[name, "estimate"] == pytest.approx(own.mean())
        assert record.loc[name, "standard_error"] == pytest.approx(own.std(ddof=1) / np.sqrt(300), rel=0.05)


def test_an_item_constant_within_replicates_is_left_out_there_and_reported():
    answers = SURVEY.answers.iloc[:40].copy()
    answers["quality_3"] = np.where(np.arange(40) == answers["quality_1"].argmax(), 10, 5)
    record = crm.SatisfactionIndexModel(indicators=SURVEY.indicators, n_bootstrap=1000).fit(answers).fitted
    # The one other answer is in no replicate with probability (1 - 1/40)^40 = 0.363.
    assert record.bootstrap.share_constant == pytest.approx(0.363, abs=0.05)
    assert record.bootstrap.n_not_converged == 0
    assert np.isfinite(record.index["lower"]).all()


def test_missing_answers_are_replaced_anew_in_every_replicate():
    items = [item for block in SURVEY.indicators.values() for item in block]
    holes = np.random.default_rng(1).random((300, len(items))) < 0.1
    answers = SURVEY.answers.copy()
    answers[items] = answers[items].mask(holes)
    rng = np.random.default_rng(0)
    plain = crm.SatisfactionIndexModel(indicators=SURVEY.indicators, n_bootstrap=0)
    bare = answers[items]
    slow = np.array([plain.fit(bare.iloc[rng.integers(300, size=300)].reset_index(drop=True)).fitted.quantities["paths"].estimate for _ in range(200)])  # fmt: skip
    quick = crm.SatisfactionIndexModel(indicators=SURVEY.indicators, n_bootstrap=1000).fit(answers).fitted.quantities["paths"]
    assert quick.standard_error == pytest.approx(slow.std(axis=0, ddof=1), rel=0.25)


def test_em_is_found_anew_in_every_replicate():
    answers = SURVEY.answers.iloc[:80].astype({"quality_1": float}).copy()
    answers.loc[answers.index % 5 == 0, "quality_1"] = np.nan
    record = crm.SatisfactionIndexModel(indicators=SURVEY.indicators, n_bootstrap=12, missing="em").fit(answers).fitted
    assert record.bootstrap.n_replicates == 12
    assert (record.paths["standard_error"] > 0).all()


def test_the_level_widens_the_limits():
    wide, narrow = (fitted(level=level).index for level in (0.99, 0.5))
    assert (wide["upper"] - wide["lower"] > 2 * (narrow["upper"] - narrow["lower"])).all()


def test_no_replicates_no_limits():
    record = fitted(n_bootstrap=0)
    assert record.bootstrap is None
    assert list(record.paths.columns) == ["source", "target", "estimate"]


def test_limits_cover_the_index():
    """The index of a sum is a mean, whose truth is that of a large survey; 95 % limits cover in 95 of 100, give or take."""
    truth = pd.Series(fitted(crm.simulate.simulate_survey(200_000, 9), n_bootstrap=0).quantities["index"].estimate)
    covered = []
    for seed in range(60):
        index = fitted(crm.simulate.simulate_survey(200, 100 + seed), n_bootstrap=400).index
        covered.append((index["lower"] <= truth) & (truth <= index["upper"]))
    assert np.mean(covered) == pytest.approx(0.95, abs=0.035)
