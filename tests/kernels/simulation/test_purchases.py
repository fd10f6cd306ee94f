"""Simulated customers against the distributions and expectations of the kernels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmmodels.kernels.purchase import nbd
from crmmodels.kernels.purchase.beta_geo import predictions as beta_geo_purchases
from crmmodels.kernels.purchase.beta_geo.likelihood import BetaGeoParameters
from crmmodels.kernels.purchase.beta_geo_beta_binom import predictions as beta_geo_beta_binom_purchases
from crmmodels.kernels.purchase.beta_geo_beta_binom.likelihood import BetaGeoBetaBinomParameters
from crmmodels.kernels.purchase.gamma_gamma import GammaGammaParameters, population_mean_spend
from crmmodels.kernels.purchase.nbd import NBDParameters
from crmmodels.kernels.purchase.pareto_nbd import distribution as pareto_nbd_distribution
from crmmodels.kernels.purchase.pareto_nbd.likelihood import ParetoNBDParameters
from crmmodels.kernels.purchase.shifted_beta_geo import ShiftedBetaGeoParameters, survivor_share
from crmmodels.kernels.simulation.purchases import (
    OrderTimes,
    purchase_histories,
    simulate_beta_geo,
    simulate_beta_geo_beta_binom,
    simulate_gamma_gamma,
    simulate_nbd,
    simulate_pareto_nbd,
    simulate_shifted_beta_geo,
    simulate_spend,
)

N = 200_000
FAR = 1e-6
"""Chance that a right sampler fails a test; with fixed seeds it either does or never will."""


def rng(seed: int = 19) -> np.random.Generator:
    return np.random.default_rng(seed)


def assert_follows(drawn: np.ndarray, chances: np.ndarray) -> None:
    """Pearson's test of counts against the chances of 0, 1, ...; the rest is one class."""
    from scipy.stats import chi2

    expected = len(drawn) * chances[: np.flatnonzero(len(drawn) * chances >= 10.0).max() + 1]
    counts = np.bincount(drawn.astype(np.int64), minlength=len(expected))
    expected = np.append(expected, len(drawn) - expected.sum())
    counts = np.append(counts[: len(expected) - 1], counts[len(expected) - 1 :].sum())
    assert counts.sum() == len(drawn)
    asked = expected > 1.0
    statistic = ((counts - expected) ** 2 / np.maximum(expected, 1.0))[asked].sum()
    assert chi2.sf(statistic, asked.sum() - 1) > FAR


def assert_mean(drawn: np.ndarray, expected: float) -> None:
    """Five standard errors, which a right sampler leaves once in a million draws."""
    error = drawn.std() / np.sqrt(len(drawn))
    assert abs(drawn.mean() - expected) < 5.0 * error


PURCHASE_MODELS = {
    "nbd": (simulate_nbd, NBDParameters(0.7, 8.0), nbd.purchase_distribution_new),
    "beta_geo": (
        simulate_beta_geo,
        BetaGeoParameters(0.7, 8.0, 0.8, 2.5),
        beta_geo_purchases.purchase_distribution_new,
    ),
    "beta_geo, much dropout": (
        simulate_beta_geo,
        BetaGeoParameters(6.0, 8.0, 2.0, 1.5),
        beta_geo_purchases.purchase_distribution_new,
    ),
    "modified": (
        lambda duration, p, g: simulate_beta_geo(duration, p, g, modified=True),
        BetaGeoParameters(0.7, 8.0, 0.8, 2.5),
        lambda t, n, p: beta_geo_purchases.purchase_distribution_new(t, n, p, modified=True),
    ),
    "pareto_nbd": (
        simulate_pareto_nbd,
        ParetoNBDParameters(0.7, 8.0, 0.6, 11.0),
        pareto_nbd_distribution.purchase_distribution_new,
    ),
}


@pytest.mark.parametrize("name", PURCHASE_MODELS)
def test_the_number_of_orders_follows_the_distribution_of_the_model(name: str) -> None:
    simulate, parameters, distribution = PURCHASE_MODELS[name]
    duration = np.repeat([30.0, 7.0], N)
    histories = purchase_histories(simulate(duration, parameters, rng()), duration)
    assert_follows(histories.frequency[:N], distribution(30.0, 150, parameters))
    assert_follows(histories.frequency[N:], distribution(7.0, 150, parameters))


@pytest.mark.parametrize("name", PURCHASE_MODELS)
def test_orders_of_the_first_part_of_the_time_follow_the_same_distribution(name: str) -> None:
    """Which only holds if the times of the orders are right, too."""
    simulate, parameters, distribution = PURCHASE_MODELS[name]
    times = simulate(np.full(N, 30.0), parameters, rng(5))
    early = np.bincount(times.customer[times.time <= 10.0], minlength=N)
    assert_follows(early, distribution(10.0, 150, parameters))


@pytest.mark.parametrize("name", PURCHASE_MODELS)
def test_times_ascend_within_each_customer_and_its_duration(name: str) -> None:
    simulate, parameters, _ = PURCHASE_MODELS[name]
    duration = rng(1).uniform(0.0, 50.0, 5000)
    times = simulate(duration, parameters, rng(2))
    assert len(times.time) == len(times.customer) > 1000
    same = times.customer[1:] == times.customer[:-1]
    assert (np.diff(times.customer) >= 0).all()
    assert (np.diff(times.time)[same] > 0).all()
    assert (times.time > 0).all()
    assert (times.time <= duration[times.customer]).all()
    assert times.customer.dtype == np.int64


@pytest.mark.parametrize("name", PURCHASE_MODELS)
def test_the_same_seed_draws_the_same_customers(name: str) -> None:
    simulate, parameters, _ = PURCHASE_MODELS[name]
    once, again, other = (simulate(np.full(500, 20.0), parameters, rng(seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(once.customer, again.customer)
    np.testing.assert_array_equal(once.time, again.time)
    assert not np.array_equal(once.time, other.time)


@pytest.mark.parametrize("name", PURCHASE_MODELS)
def test_without_time_or_without_customers_there_are_no_orders(name: str) -> None:
    simulate, parameters, _ = PURCHASE_MODELS[name]
    for n_customers in (0, 4):
        duration = np.zeros(n_customers)
        times = simulate(duration, parameters, rng())
        assert len(times.customer) == len(times.time) == 0
        histories = purchase_histories(times, duration)
        for column in (histories.frequency, histories.age_at_last, histories.age):
            np.testing.assert_array_equal(column, np.zeros(n_customers))


@given(st.integers(0, 2**32), *(st.floats(1e-3, 1e3) for _ in range(4)), st.floats(0.0, 100.0))
def test_extreme_parameters_give_finite_histories(
    seed: int, first: float, second: float, third: float, fourth: float, orders: float
) -> None:
    duration = np.array([0.0, 1.0, 0.5]) * orders * second / first
    for simulate, parameters in (
        (simulate_beta_geo, BetaGeoParameters(first, second, third, fourth)),
        (simulate_pareto_nbd, ParetoNBDParameters(first, second, third, fourth)),
    ):
        histories = purchase_histories(simulate(duration, parameters, rng(seed)), duration)
        assert histories.frequency[0] == 0
        assert ((histories.age_at_last >= 0) & (histories.age_at_last <= duration)).all()
        assert ((histories.age_at_last > 0) == (histories.frequency > 0)).all()
    spend = simulate_gamma_gamma(np.array([0, 1, 50]), GammaGammaParameters(first, second, third), rng(seed))
    assert spend[0] == 0
    assert (spend >= 0).all()


def test_histories_are_the_last_times_and_the_counts() -> None:
    times = OrderTimes(np.array([1, 1, 3]), np.array([0.5, 2.0, 4.0]))
    histories = purchase_histories(times, np.array([9.0, 8.0, 7.0, 6.0, 5.0]))
    assert histories.frequency.tolist() == [0, 2, 0, 1, 0]
    assert histories.age_at_last.tolist() == [0, 2, 0, 4, 0]
    assert histories.age.tolist() == [9, 8, 7, 6, 5]


def test_orders_at_opportunities_follow_the_distribution_of_the_model() -> None:
    donors = BetaGeoBetaBinomParameters(1.2035, 0.7497, 0.6567, 2.7834)
    opportunities = np.repeat([6, 2, 0], N)
    times = simulate_beta_geo_beta_binom(opportunities, donors, rng())
    histories = purchase_histories(times, opportunities)
    for place, n in enumerate((6, 2)):
        drawn = histories.frequency[place * N : (place + 1) * N]
        assert_follows(drawn, beta_geo_beta_binom_purchases.purchase_distribution_new(n, n, donors))
    assert (histories.frequency[2 * N :] == 0).all()
    early = np.bincount(times.customer[times.time <= 3.0], minlength=3 * N)[:N]
    assert_follows(early, beta_geo_beta_binom_purchases.purchase_distribution_new(3, 3, donors))
    assert (times.time == np.round(times.time)).all()
    assert (times.time >= 1).all()
    same = times.customer[1:] == times.customer[:-1]
    assert (np.diff(times.time)[same] >= 1).all()
    again = simulate_beta_geo_beta_binom(opportunities, donors, rng())
    np.testing.assert_array_equal(again.time, times.time)


def test_tenures_follow_the_survivor_shares() -> None:
    contracts = ShiftedBetaGeoParameters(0.7, 1.2)
    n_periods = np.repeat([8, 3, 0], N)
    found = simulate_shifted_beta_geo(n_periods, contracts, rng())
    for place, n in enumerate((8, 3)):
        rows = slice(place * N, (place + 1) * N)
        # Who left at the t-th chance counts as t - 1, who is still there as n.
        stayed = found.tenure[rows] - found.churned[rows]
        shares = survivor_share(np.arange(n + 1), contracts)
        assert_follows(stayed, np.append(-np.diff(shares), shares[-1]))
        assert (found.tenure[rows][~found.churned[rows]] == n).all()
    assert (found.tenure[2 * N :] == 0).all()
    assert not found.churned[2 * N :].any()
    np.testing.assert_array_equal(simulate_shifted_beta_geo(n_periods, contracts, rng()).tenure, found.tenure)


def test_spend_has_the_mean_of_the_population_and_the_spread_of_the_model() -> None:
    # M = p / nu has the variance p² v² / ((q - 1)² (q - 2)); a mean of x orders adds E[M²] / (p x).
    p, q, v = 3.0, 9.0, 40.0
    parameters = GammaGammaParameters(p, q, v)
    population = population_mean_spend(parameters)
    assert population is not None
    between = (p * v / (q - 1.0)) ** 2 / (q - 2.0)
    for x in (1, 4):
        mean = simulate_gamma_gamma(np.full(N, x), parameters, rng(x))
        assert_mean(mean, population)
        assert_mean((mean - population) ** 2, between + (between + population**2) / (p * x))
    customer = np.repeat(np.arange(N), 4)
    spend = simulate_spend(customer, N, parameters, rng()).reshape(N, 4)
    assert_mean(spend.mean(axis=1), population)
    assert_mean((spend.mean(axis=1) - population) ** 2, between + (between + population**2) / (p * 4))
    assert_mean((spend[:, 0] - population) * (spend[:, 1] - population), between)
    np.testing.assert_array_equal(simulate_spend(customer, N, parameters, rng()).reshape(N, 4), spend)


def test_no_order_spends_nothing() -> None:
    parameters = GammaGammaParameters(3.0, 2.0, 40.0)
    assert simulate_gamma_gamma(np.zeros(3, np.int64), parameters, rng()).tolist() == [0, 0, 0]
    assert len(simulate_spend(np.zeros(0, np.int64), 3, parameters, rng())) == 0


def test_durations_may_differ_and_do_not_have_to_be_long(recwarn: Any) -> None:
    duration = np.array([0.0, 1e-9, 1e5])
    times = simulate_pareto_nbd(duration, ParetoNBDParameters(2.0, 1.0, 1e-3, 1.0), rng())
    assert np.isin(times.customer, [1, 2]).all()
    assert not recwarn.list
