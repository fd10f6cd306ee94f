"""Order logs drawn from the models, end to end: what they say, and the parameters that come back from them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import crmmodels as crm

TRUTH = {
    crm.NBDModel: (0.5, 9.0),
    crm.BetaGeoModel: (0.4, 4.0, 0.8, 2.5),
    crm.ModifiedBetaGeoModel: (0.7, 6.0, 0.9, 1.6),
    crm.ParetoNBDModel: (0.7, 8.0, 0.6, 12.0),
    crm.BetaGeoBetaBinomModel: (0.6, 2.0, 0.7, 8.0),
}
CONTINUOUS = tuple(kind for kind in TRUTH if kind is not crm.BetaGeoBetaBinomModel)
of_purchase = pytest.mark.parametrize("kind", TRUTH, ids=lambda kind: kind.__name__)
of_continuous = pytest.mark.parametrize("kind", CONTINUOUS, ids=lambda kind: kind.__name__)


def truth(kind: type, **changed: Any) -> Any:
    """The model whose orders are drawn."""
    return kind.from_parameters(kind._family.parameters(*TRUTH[kind]), **{"horizon": 40, "unit": "W", **changed})


def histories(log: pd.DataFrame, duration: Any) -> pd.DataFrame:
    """The table of customers, by a group-by over the exact ages of the orders."""
    by_customer = log.groupby("customer_id")["age"]
    return pd.DataFrame(
        {"frequency": by_customer.size() - 1, "age_at_last": by_customer.max(), "age": np.asarray(duration, float)}
    ).reset_index()


@of_purchase
@pytest.mark.parametrize("seed", [1, 2])
def test_the_parameters_come_back_within_four_standard_errors(kind, seed):
    rng = np.random.default_rng(seed)
    duration = rng.integers(20, 60, 6000).astype(float)
    table = histories(truth(kind).simulate(6000, duration, rng), duration)
    fitted = kind(horizon=40, unit="W").fit(table).fitted
    errors = np.array(list(fitted.standard_errors.values()))
    assert (np.abs(fitted.values - TRUTH[kind]) < 4 * errors).all()
    assert (errors < 0.5 * fitted.values).all()


@pytest.mark.parametrize("seed", [1, 2])
def test_the_parameters_of_spend_come_back_within_four_standard_errors(seed):
    """Of the example, which is drawn from p = 6, q = 4, v = 15."""
    fitted = crm.GammaGammaModel().fit(crm.GammaGammaModel.example(n_customers=8000, seed=seed)).fitted
    errors = np.array(list(fitted.standard_errors.values()))
    assert (np.abs(fitted.values - [6.0, 4.0, 15.0]) < 4 * errors).all()
    assert (errors < 0.2 * fitted.values).all()


@of_purchase
def test_numbers_of_orders_follow_the_distribution_of_new_customers(kind):
    """Pearson's chi-square of 20,000 customers, at a level of one in ten thousand."""
    from scipy.stats import chi2

    n, model = 20_000, truth(kind)
    log = model.simulate(n, 40, rng=3)
    orders = np.bincount(log.groupby("customer_id").size() - 1, minlength=41)
    chances = model.purchase_distribution_new(40, 40)
    used = int(np.flatnonzero(n * chances >= 10)[-1])
    observed = np.append(orders[:used], orders[used:].sum())
    expected = n * np.append(chances[:used], 1.0 - chances[:used].sum())
    assert ((observed - expected) ** 2 / expected).sum() < chi2.ppf(0.9999, used)
    mean, sd = (orders @ np.arange(len(orders))) / n, np.std(log.groupby("customer_id").size())
    assert mean == pytest.approx(model.expected_purchases_new(40), abs=4 * sd / np.sqrt(n))


@of_purchase
def test_what_customers_do_next_is_what_the_model_foretells(kind):
    """40 periods drawn, of which the model sees the first 20: its expectations and chances are right on average."""
    n, model = 20_000, truth(kind)
    log = model.simulate(n, 40, rng=4)
    seen = histories(log[log["age"] <= 20], np.full(n, 20.0))
    later = (log.groupby("customer_id").size() - 1).to_numpy() - seen["frequency"].to_numpy()
    expected = model.expected_purchases(seen, 20)["expected_purchases"].to_numpy()
    silent = model.probability_no_purchase(seen, 20)["probability_no_purchase"].to_numpy()
    for group in (seen["frequency"] == 0, seen["frequency"].between(1, 2), seen["frequency"] > 2, seen["frequency"] >= 0):
        rows = group.to_numpy()
        noise = np.std(later[rows] - expected[rows]) / np.sqrt(rows.sum())
        assert abs((later[rows] - expected[rows]).mean()) < 4 * noise
        noise = np.sqrt((silent[rows] * (1 - silent[rows])).mean() / rows.sum())
        assert abs(((later[rows] == 0) - silent[rows]).mean()) < 4 * noise


@of_purchase
def test_a_seed_draws_the_same_log(kind):
    model = truth(kind)
    first, second, other = model.simulate(200, rng=5), model.simulate(200, rng=5), model.simulate(200, rng=6)
    pd.testing.assert_frame_equal(first, second, check_exact=True)
    assert len(first) != len(other) or not first["age"].equals(other["age"])
    rng = np.random.default_rng(5)
    pd.testing.assert_frame_equal(model.simulate(200, rng=rng), first, check_exact=True)
    assert not model.simulate(200, rng=rng).equals(first)  # the generator went on
    assert not model.simulate(200).equals(model.simulate(200))  # fresh chance


@of_purchase
def test_a_log_is_sorted_starts_at_zero_and_ends_within_the_horizon(kind):
    model = truth(kind)
    duration = np.arange(100.0)
    log = model.simulate(100, duration, rng=7, until="2020-02-29")
    assert log.columns.tolist() == ["customer_id", "date", "age"]
    assert log["customer_id"].unique().tolist() == list(range(100))
    assert log["customer_id"].is_monotonic_increasing
    assert log.groupby("customer_id")["age"].is_monotonic_increasing.all()
    assert (log.groupby("customer_id")["age"].min() == 0).all()
    assert (log["age"].to_numpy() <= duration[log["customer_id"]]).all()
    end = pd.Timestamp("2020-02-29")
    assert (log["date"] <= end).all()
    first = end - pd.to_timedelta(duration * 7, unit="D")
    weeks = (log["date"].to_numpy() - first.to_numpy()[log["customer_id"]]) / np.timedelta64(7, "D")
    np.testing.assert_allclose(weeks, log["age"], atol=1 / (7 * 86_400))
    alone = model.simulate(100, 0.0 if kind in CONTINUOUS else 0, rng=7)
    assert len(alone) == 100


@of_continuous
@pytest.mark.parametrize(("unit", "days"), [("D", 1.0), ("W", 7.0), ("M", 30.4375), ("Y", 365.25)])
def test_dates_count_in_the_unit(kind, unit, days):
    log = truth(kind, unit=unit).simulate(50, 9, rng=8, until="2026-01-01")
    first = log.groupby("customer_id")["date"].min()
    assert ((pd.Timestamp("2026-01-01") - first) / pd.Timedelta(days=1)).round(4).unique().tolist() == [round(9 * days, 4)]


@of_continuous
def test_the_log_read_as_orders_gives_the_same_customers_up_to_orders_of_one_day(kind):
    log = truth(kind).simulate(800, np.linspace(5, 60, 800), rng=9)
    orders = crm.Orders(log, customer="customer_id", time="date")
    table = orders.customers(as_of="2026-01-01", unit="W").set_index("customer_id")
    days = log.assign(day=log["date"].dt.normalize()).groupby("customer_id")["day"]
    assert (table["frequency"] == days.nunique() - 1).all()
    np.testing.assert_allclose(table["age_at_last"], (days.max() - days.min()).dt.days / 7, atol=1e-9)
    np.testing.assert_allclose(table["age"], (pd.Timestamp("2026-01-01") - days.min()).dt.days / 7, atol=1e-9)
    exact = log.groupby("customer_id").size() - 1
    one_day = log.assign(day=log["date"].dt.normalize()).duplicated(["customer_id", "day"]).groupby(log["customer_id"]).sum()
    assert (table["frequency"] + one_day == exact).all()
    assert (one_day == 0).mean() > 0.8
    fitted = kind(horizon=40, unit="W").fit(table.reset_index()).fitted
    mean = (fitted.parameters.r / fitted.parameters.alpha) / (TRUTH[kind][0] / TRUTH[kind][1])
    assert mean == pytest.approx(1.0, abs=0.5)


@of_purchase
def test_examples_are_reproducible_and_of_the_size_asked_for(kind):
    for n in (1, 2, 60):
        table = kind.example(n_customers=n, seed=1)
        assert len(table) == n
        pd.testing.assert_frame_equal(table, kind.example(n_customers=n, seed=1), check_exact=True)
        repeats = table["frequency"] > 0
        assert ((table["age_at_last"] > 0) == repeats).all()
        assert (table["age_at_last"] <= table["age"]).all()
        assert table["age"].between(27, 39).all()
    assert not kind.example(n_customers=60, seed=2).equals(table)
