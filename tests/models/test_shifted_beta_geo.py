"""sBG against exact fractions, published tables and a loop over contracts."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import crmmodels as crm


def at(alpha: float, beta: float, **options: Any) -> Any:
    return crm.ShiftedBetaGeoModel.from_parameters({"alpha": alpha, "beta": beta}, **{"horizon": 3, **options})


def contracts(*rows: tuple[int, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["tenure", "churned"]).rename_axis("customer_id").reset_index()


def survival(t: int, alpha: Fraction, beta: Fraction) -> Fraction:
    """Fader & Hardie's recursion: S(t) = S(t - 1) (beta + t - 1) / (alpha + beta + t - 1)."""
    share = Fraction(1)
    for i in range(t):
        share *= (beta + i) / (alpha + beta + i)
    return share


@pytest.mark.parametrize(("alpha", "beta"), [("2/3", "19/5"), ("1", "1"), ("1/50", "300"), ("40", "1/7")])
@pytest.mark.parametrize("tenure", [0, 1, 4, 60])
def test_answers_are_those_of_exact_fractions(alpha, beta, tenure):
    a, b, horizon = Fraction(alpha), Fraction(beta), 5
    model, who = at(float(a), float(b), horizon=horizon), contracts((tenure, 0))
    before = survival(tenure, a, b)
    ahead = [survival(tenure + k, a, b) / before for k in range(1, horizon + 1)]
    score = model.score(who).iloc[0]
    assert score["retention_rate"] == pytest.approx(float(ahead[0]), rel=1e-12)
    assert score["expected_renewals"] == pytest.approx(float(sum(ahead)), rel=1e-12)
    assert score["probability_churn"] == pytest.approx(float(1 - ahead[-1]), rel=1e-11)
    assert model.probability_churn(who, 2).iloc[0, 0] == pytest.approx(float(1 - ahead[1]), rel=1e-11)
    assert model.expected_renewals(who, 2).iloc[0, 0] == pytest.approx(float(ahead[0] + ahead[1]), rel=1e-12)


@pytest.mark.parametrize(("alpha", "beta"), [("2/3", "19/5"), ("1", "1")])
def test_the_log_likelihood_is_that_of_exact_fractions(alpha, beta):
    a, b = Fraction(alpha), Fraction(beta)
    table = contracts((1, 1), (1, 1), (3, 1), (7, 0), (7, 1), (0, 0))
    likelihood = Fraction(1)
    for tenure, churned in zip(table["tenure"], table["churned"], strict=True):
        likelihood *= survival(tenure - 1, a, b) - survival(tenure, a, b) if churned else survival(tenure, a, b)
    model = at(float(a), float(b))
    rows = model._table_from(model._read(model._open(table)))
    found = model._family.log_likelihood(np.log([float(a), float(b)]), rows).value
    assert np.exp(found) == pytest.approx(float(likelihood), rel=1e-12)


def test_discounted_renewals_are_the_published_ones():
    """Fader & Hardie 2010, Table 3, at 10 %: contracts that renew for the n-th time now."""
    model = at(3.80, 15.20)
    found = model.discounted_renewals(contracts(*((n, 0) for n in range(5))), 0.1)["discounted_renewals"]
    published = [3.30981842103, 3.45100032891, 3.58654365654, 3.71681153873, 3.84213402403]
    np.testing.assert_allclose(found, published, rtol=3e-11)


@pytest.mark.parametrize("tenure", [0, 3, 40])
def test_discounted_renewals_are_the_sum_over_renewals(tenure):
    """The next one is due now: the k-th renewal counts with 1 / 1.1 ** (k - 1)."""
    a, b = Fraction("2/3"), Fraction("19/5")
    before, total = survival(tenure, a, b), 0.0
    share = Fraction(1) * 1
    value = float(before)
    for k in range(400):
        share = (float(b) + tenure + k) / (float(a) + float(b) + tenure + k)
        value *= share
        total += value / float(before) / 1.1**k
    found = at(float(a), float(b)).discounted_renewals(contracts((tenure, 0)), 0.1).iloc[0, 0]
    assert found == pytest.approx(total, rel=1e-9)


def test_who_has_left_is_lost_whatever_the_parameters():
    model, gone = at(0.7, 1.2), contracts((1, 1), (9, 1))
    assert model.score(gone).to_numpy().tolist() == [[0.0, 0.0, 1.0]] * 2
    assert model.segment(gone).tolist() == ["lost", "lost"]
    assert model.discounted_renewals(gone, 0.1)["discounted_renewals"].tolist() == [0.0, 0.0]


def test_segments_follow_the_cut_points_and_who_left():
    table = crm.ShiftedBetaGeoModel.example(n_customers=500, seed=1)
    model = crm.ShiftedBetaGeoModel(horizon=2, cut_points=(0.15, 0.25)).fit(table)
    churn = model.probability_churn(table)["probability_churn"]
    expected = pd.cut(churn, [-np.inf, 0.15, 0.25, np.inf], labels=["loyal", "uncertain", "likely to leave"]).astype(str)
    expected[table["churned"] == 1] = "lost"
    found = model.segment(table)
    assert found.astype(str).tolist() == expected.tolist()
    assert found.nunique() == 4
    assert found.cat.categories.tolist() == ["lost", "likely to leave", "uncertain", "loyal"]
    chinese = crm.ShiftedBetaGeoModel(horizon=2, cut_points=(0.15, 0.25), labels="zh").fit(table).segment(table)
    assert chinese.cat.categories.tolist() == ["已流失", "可能离开", "不确定", "忠诚"]
    assert (chinese.cat.codes == found.cat.codes).all()
    summary = model.summary(table).set_index("segment")
    scores = model.score(table).assign(tenure=table["tenure"]).groupby(found.astype(str))
    for name, members in scores:
        assert summary.loc[name, "n_customers"] == len(members)
        assert summary.loc[name, "mean_tenure"] == pytest.approx(members["tenure"].mean(), rel=1e-12)
        assert summary.loc[name, "mean_retention_rate"] == pytest.approx(members["retention_rate"].mean(), rel=1e-12)
        assert summary.loc[name, "expected_renewals"] == pytest.approx(members["expected_renewals"].sum(), rel=1e-12, abs=1e-12)


def test_the_survivor_curve_is_the_recursion():
    curve = at(0.7, 1.8).survivor_curve(50)
    assert curve["period"].tolist() == list(range(51))
    a, b = Fraction(7, 10), Fraction(9, 5)
    np.testing.assert_allclose(curve["survivor_share"], [float(survival(t, a, b)) for t in range(51)], rtol=1e-12)
    assert np.isnan(curve["retention_rate"][0])
    shares = curve["survivor_share"].to_numpy()
    np.testing.assert_allclose(curve["retention_rate"][1:], shares[1:] / shares[:-1], rtol=1e-12)
    for bad in (0, -1, 2.5, None, 100_001):
        with pytest.raises(
            crm.ParameterError, match=r"survivor_curve\(n_periods=\.\.\.\) must be a whole number from 1 to 100,000"
        ):
            at(0.7, 1.8).survivor_curve(bad)


@given(
    alpha=st.floats(0.01, 50.0),
    beta=st.floats(0.01, 50.0),
    tenure=st.integers(0, 200),
    horizon=st.integers(1, 100),
    rate=st.floats(0.01, 1.0),
)
def test_laws(alpha, beta, tenure, horizon, rate):
    model, who, longer = at(alpha, beta), contracts((tenure, 0)), contracts((tenure + 1, 0))
    churn, renewals = model.probability_churn(who, horizon).iloc[0, 0], model.expected_renewals(who, horizon).iloc[0, 0]
    assert 0 <= churn <= 1
    assert horizon * (1 - churn) - 1e-9 <= renewals <= horizon
    assert model.probability_churn(who, horizon + 1).iloc[0, 0] >= churn - 1e-12
    # Who has stayed longer is less inclined to leave.
    assert model.probability_churn(longer, horizon).iloc[0, 0] <= churn + 1e-12
    assert model.score(longer).loc[0, "retention_rate"] >= model.score(who).loc[0, "retention_rate"] * (1 - 1e-12)
    # Renewals to come are one, if it comes, and those of who has stayed one more.
    next_one = model.score(who).loc[0, "retention_rate"]
    later = model.discounted_renewals(longer, rate).iloc[0, 0]
    assert model.discounted_renewals(who, rate).iloc[0, 0] == pytest.approx(next_one * (1 + later / (1 + rate)), rel=1e-9)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_parameters_come_back_within_four_standard_errors(seed):
    drawn = at(0.7, 1.8).simulate(5000, 9, rng=seed)
    assert drawn["tenure"].between(1, 9).all()
    assert (drawn.loc[drawn["churned"] == 0, "tenure"] == 9).all()
    fitted = crm.ShiftedBetaGeoModel(horizon=1).fit(drawn).fitted
    errors = np.array(list(fitted.standard_errors.values()))
    assert (np.abs(fitted.values - [0.7, 1.8]) < 4 * errors).all()
    assert (errors < 0.2 * fitted.values).all()
    share = float(survival(9, Fraction(7, 10), Fraction(9, 5)))
    assert (drawn["churned"] == 0).mean() == pytest.approx(share, abs=4 * np.sqrt(share / 5000))


def test_a_seed_draws_the_same_contracts():
    model = at(0.7, 1.8)
    pd.testing.assert_frame_equal(model.simulate(50, 9, rng=1), model.simulate(50, 9, rng=1))
    assert not model.simulate(50, 9, rng=1).equals(model.simulate(50, 9, rng=2))
    for arguments in ((0, 9), (50, 0), (2.5, 9), (50, None)):
        with pytest.raises(crm.ParameterError, match=r"simulate\(n_\w+=\.\.\.\) must be a whole number, 1 or more"):
            model.simulate(*arguments)


def test_contracts_that_have_met_no_chance_say_nothing():
    """They are scored, but change no estimate."""
    table = crm.ShiftedBetaGeoModel.example(n_customers=300, seed=3)
    young = contracts(*[(0, 0)] * 40).assign(customer_id=[f"young {i}" for i in range(40)])
    here, there = (
        crm.ShiftedBetaGeoModel(horizon=1).fit(rows) for rows in (table, pd.concat([table, young], ignore_index=True))
    )
    assert here.fitted.values.tobytes() == there.fitted.values.tobytes()
    assert there.fitted.n_customers == (table["tenure"] > 0).sum()
    rates = here.score(young)["retention_rate"]
    assert (rates == rates.iloc[0]).all()


def test_arguments_and_parameters_out_of_range():
    model, who = at(0.7, 1.8), contracts((1, 0))
    for verb in ("probability_churn", "expected_renewals"):
        for bad in (0, -1, 1.5, "2", 100_001):
            with pytest.raises(crm.ParameterError, match=rf"{verb}\(horizon=\.\.\.\) must be a whole number of renewals"):
                getattr(model, verb)(who, bad)
    for bad in (0, -0.1, np.inf, np.nan, None):
        with pytest.raises(crm.ParameterError, match=r"discount_rate_per_period=\.\.\.\) must be a number above 0"):
            model.discounted_renewals(who, bad)
    for bad in ((0.5, 0.2), (0.2,), (0.0, 0.5), (0.2, 1.0), 0.2):
        with pytest.raises(crm.ParameterError, match="two ascending probabilities between 0 and 1"):
            crm.ShiftedBetaGeoModel(horizon=1, cut_points=bad)
    for bad in (0, 2.5, None):
        with pytest.raises(crm.ParameterError, match=r"ShiftedBetaGeoModel\(horizon=\.\.\.\)"):
            crm.ShiftedBetaGeoModel(horizon=bad)
    with pytest.raises(crm.NotFittedError):
        crm.ShiftedBetaGeoModel(horizon=1).survivor_curve(3)


@pytest.mark.parametrize(
    ("alike", "message"),
    [
        (lambda t: 1000 * 0.5**t, "customers do not differ in their risk to leave; one constant retention rate fits as well"),
        (lambda t: 1000 if t == 0 else 600, "customers leave at once or never; two kinds of customers fit as well"),
    ],
    ids=["one rate", "two kinds"],
)
def test_extreme_curves_are_a_warning_that_names_the_simpler_model(alike, message):
    there = np.array([round(alike(t)) for t in range(6)])
    table = pd.DataFrame(
        {"customer_id": range(6), "tenure": [1, 2, 3, 4, 5, 5], "churned": [1] * 5 + [0], "n": [*-np.diff(there), there[-1]]}
    )
    model = crm.ShiftedBetaGeoModel(horizon=2, weight="n")
    with pytest.warns(crm.BoundaryWarning, match=message):
        model.fit(table)
    curve = model.survivor_curve(5)["survivor_share"]
    np.testing.assert_allclose(curve, there / 1000, atol=2e-3)
