"""Gamma-gamma against mpmath, quadrature and a group-by."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import crmmodels as crm

CDNOW = (6.24880249, 3.74458845, 15.4477480)


def at(values: Any = CDNOW, **options: Any) -> Any:
    return crm.GammaGammaModel.from_parameters(crm.GammaGammaModel._family.parameters(*values), **options)


def buyers(*rows: tuple[int, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["frequency", "mean_repeat_spend"]).rename_axis("customer_id").reset_index()


def log_density(x: int, mean: Any, p: Any, q: Any, v: Any) -> Any:
    """Fader & Hardie 2013, equation (1a)."""
    return (
        mp.loggamma(p * x + q) - mp.loggamma(p * x) - mp.loggamma(q) + q * mp.log(v)
        + (p * x - 1) * mp.log(mean) + p * x * mp.log(x) - (p * x + q) * mp.log(v + x * mean)
    )  # fmt: skip


@pytest.mark.parametrize("values", [CDNOW, (0.3, 0.7, 200.0), (900.0, 1.2, 3.0), (6.0, 800.0, 0.01)])
def test_the_log_likelihood_is_the_textbook_one(values):
    table = buyers((1, 20.0), (3, 12.5), (400, 33.3), (0, 0.0), (1, 0.01), (10_000, 5000.0))
    model = at(values)
    rows = model._table_from(model._read(model._open(table)))
    with mp.workdps(60):
        exact = [mp.mpf(float(value)) for value in values]
        expected = mp.fsum(
            log_density(int(x), mp.mpf(float(mean)), *exact)
            for x, mean in zip(table["frequency"], table["mean_repeat_spend"], strict=True)
            if x
        )
    assert model._family.log_likelihood(np.log(values), rows).value == pytest.approx(float(expected), rel=1e-11)


def test_the_density_of_a_mean_integrates_to_one_and_has_the_populations_mean():
    """Whatever the number of orders."""
    with mp.workdps(20):
        p, q, v = (mp.mpf(value) for value in CDNOW)
        for x in (1, 5):
            ends = [0, 1, 10, 30, 100, 1000, mp.inf]
            assert mp.quad(lambda m, x=x: mp.exp(log_density(x, m, p, q, v)), ends) == pytest.approx(1.0, rel=1e-9)
            mean = mp.quad(lambda m, x=x: m * mp.exp(log_density(x, m, p, q, v)), ends)
            assert at().population_mean_spend() == pytest.approx(float(mean), rel=1e-8)


def test_expected_spend_weighs_a_customer_against_the_population():
    """The credibility form of Fader & Hardie 2013, with kappa = (q - 1) / p."""
    p, q, v = CDNOW
    population, kappa = p * v / (q - 1), (q - 1) / p
    table = buyers((0, 0.0), (1, 10.0), (7, 50.0), (1000, 50.0))
    expected = [
        (kappa * population + x * m) / (kappa + x) for x, m in zip(table["frequency"], table["mean_repeat_spend"], strict=True)
    ]
    model = at()
    np.testing.assert_allclose(model.score(table)["expected_spend"], expected, rtol=1e-13)
    np.testing.assert_allclose(model.expected_spend(table)["expected_spend"], expected, rtol=1e-13)
    assert model.score(table)["expected_spend"][0] == pytest.approx(model.population_mean_spend(), rel=1e-14)
    assert model.population_mean_spend() == pytest.approx(population, rel=1e-14)


@given(
    p=st.floats(0.05, 50.0),
    q=st.floats(1.01, 50.0),
    v=st.floats(0.01, 1e4),
    x=st.integers(1, 10_000),
    mean=st.floats(0.01, 1e5),
    c=st.floats(1e-3, 1e3),
)
def test_laws(p, q, v, x, mean, c):
    model, who = at((p, q, v)), buyers((x, mean))
    spend = model.score(who).loc[0, "expected_spend"]
    population = model.population_mean_spend()
    low, high = min(mean, population), max(mean, population)
    assert low * (1 - 1e-12) <= spend <= high * (1 + 1e-12)
    assert model.score(buyers((x + 1, mean))).loc[0, "expected_spend"] == pytest.approx(spend, rel=1.0 / x)
    more = model.score(buyers((x, 2 * mean))).loc[0, "expected_spend"]
    assert more > spend
    scaled = at((p, q, v * c)).score(buyers((x, mean * c))).loc[0, "expected_spend"]
    assert scaled == pytest.approx(spend * c, rel=1e-12)


def test_segments_are_shares_of_the_population():
    """Cut points are quantiles of the expected spend per order in the population, p / nu, whose rate nu is Gamma(q, v)."""
    from scipy.stats import gamma

    p, q, v = CDNOW
    model = at(cut_points=(0.3, 0.9))
    bounds = [p / gamma.ppf(1 - share, q, scale=1 / v) for share in (0.3, 0.9)]
    table = model.segment_table()
    assert table["segment"].tolist() == ["high", "medium", "low"]
    np.testing.assert_allclose(table["above"], [bounds[1], bounds[0], 0.0], rtol=1e-9)
    np.testing.assert_allclose(table["up_to"], [np.inf, bounds[1], bounds[0]], rtol=1e-9)
    who = crm.GammaGammaModel.example(n_customers=600, seed=1)
    spend = model.score(who)["expected_spend"]
    expected = pd.cut(spend, [0.0, *bounds, np.inf], labels=["low", "medium", "high"]).astype(str)
    found = model.segment(who)
    assert found.astype(str).tolist() == expected.tolist()
    assert found.nunique() == 3
    assert found.cat.categories.tolist() == ["low", "medium", "high"]
    chinese = at(cut_points=(0.3, 0.9), labels="zh").segment(who)
    assert chinese.cat.categories.tolist() == ["低", "中", "高"]
    summary = model.summary(who).set_index("segment")
    for name, members in who.assign(spend=spend).groupby(expected):
        assert summary.loc[name, "n_customers"] == len(members)
        assert summary.loc[name, "mean_expected_spend"] == pytest.approx(members["spend"].mean(), rel=1e-12)
        assert summary.loc[name, "mean_frequency"] == pytest.approx(members["frequency"].mean(), rel=1e-12)


def test_an_order_log_is_read_as_its_customers():
    log = crm.datasets.load_cdnow()
    orders = crm.Orders(log, customer="customer_id", time="date", amount="spend")
    days = log.groupby(["customer_id", "date"], as_index=False)["spend"].sum()
    repeats = days[days["date"] > days["customer_id"].map(log.groupby("customer_id")["date"].min())]
    means = repeats.groupby("customer_id")["spend"].agg(["size", "mean"])
    means = means[means["mean"] > 0]
    table = pd.DataFrame(
        {"customer_id": means.index, "frequency": means["size"].to_numpy(), "mean_repeat_spend": means["mean"].to_numpy()}
    )
    free = set(repeats["customer_id"]) - set(means.index)
    paid = crm.Orders(log[~log["customer_id"].isin(free)], customer="customer_id", time="date", amount="spend")
    np.testing.assert_allclose(
        crm.GammaGammaModel().fit(paid).fitted.values, crm.GammaGammaModel().fit(table).fitted.values, rtol=1e-6
    )
    if free:
        with pytest.warns(
            crm.NegativeSpendWarning, match=f"{len(free)} customers? with repeat orders but mean_repeat_spend of 0"
        ):
            model = crm.GammaGammaModel().fit(orders)
        np.testing.assert_allclose(model.fitted.values, crm.GammaGammaModel().fit(table).fitted.values, rtol=1e-6)


def test_an_order_log_without_amounts_is_refused():
    log = crm.datasets.load_cdnow()
    with pytest.raises(crm.DataError, match="mean_repeat_spend"):
        crm.GammaGammaModel().fit(crm.Orders(log, customer="customer_id", time="date"))


def test_equal_spend_of_a_customers_orders_is_a_warning_that_names_the_boundary():
    """p goes to infinity: the orders of a customer do not differ."""
    rng = np.random.default_rng(1)
    table = pd.DataFrame(
        {"customer_id": range(400), "frequency": 1 + rng.poisson(2, 400), "mean_repeat_spend": 60.0 / rng.gamma(4.0, 1.0, 400)}
    )
    model = crm.GammaGammaModel()
    with pytest.warns(
        crm.BoundaryWarning, match="the likelihood rises as p goes to infinity: the orders of a customer do not differ in spend"
    ):
        model.fit(table)
    assert "p" in model.fitted.undetermined
    np.testing.assert_allclose(model.score(table)["expected_spend"], table["mean_repeat_spend"], rtol=1e-2)


def test_customers_of_equal_spend_are_a_warning_that_names_the_boundary():
    """q goes to infinity: customers do not differ."""
    rng = np.random.default_rng(2)
    x = 1 + rng.poisson(4, 400)
    table = pd.DataFrame({"customer_id": range(400), "frequency": x, "mean_repeat_spend": rng.gamma(5.0 * x, 4.0) / x})
    # Narrower than chance, so that no difference between customers is left.
    table["mean_repeat_spend"] = 20.0 + 0.9 * (table["mean_repeat_spend"] - 20.0)
    model = crm.GammaGammaModel()
    with pytest.warns(crm.BoundaryWarning, match="the likelihood rises as q goes to infinity"):
        model.fit(table)
    assert {"q", "v"} <= set(model.fitted.undetermined)
    np.testing.assert_allclose(
        model.score(table)["expected_spend"], np.average(table["mean_repeat_spend"], weights=x), rtol=1e-2
    )


def test_parameters_out_of_range():
    for bad in ((0.5, 0.2), (0.5,), (0.0, 0.5), (0.5, 1.0), 0.5):
        with pytest.raises(crm.ParameterError, match="two ascending shares between 0 and 1"):
            crm.GammaGammaModel(cut_points=bad)
    with pytest.raises(crm.NotFittedError):
        crm.GammaGammaModel().population_mean_spend()
    with pytest.raises(crm.NotFittedError):
        crm.GammaGammaModel().segment_table()


def test_examples_are_reproducible():
    pd.testing.assert_frame_equal(
        crm.GammaGammaModel.example(n_customers=70, seed=1), crm.GammaGammaModel.example(n_customers=70, seed=1)
    )
    table = crm.GammaGammaModel.example(n_customers=70, seed=2)
    assert not table.equals(crm.GammaGammaModel.example(n_customers=70, seed=1))
    assert ((table["mean_repeat_spend"] > 0) == (table["frequency"] > 0)).all()
