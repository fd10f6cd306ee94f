"""The shifted-beta-geometric model against published optima, 50-digit arithmetic and its own laws."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmmodels.kernels.inference.newton import maximise
from crmmodels.kernels.purchase.shifted_beta_geo import (
    ShiftedBetaGeoParameters,
    SurvivalTable,
    discounted_residual_lifetime,
    expected_tenure,
    expected_tenure_within,
    log_likelihood,
    retention_rate,
    survival_table,
    survivor_share,
)

REGULAR = [100, 63.1, 46.8, 38.2, 32.6, 28.9, 26.2, 24.1]
HIGH_END = [100, 86.9, 74.3, 65.3, 59.3, 55.1, 51.7, 49.1]

shape = st.floats(1e-3, 1e3)
points = st.tuples(shape, shape).map(np.log)
parameters_of = st.builds(ShiftedBetaGeoParameters, shape, shape)
tables = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=30)


def table_of(rows: list[tuple[float, float]]) -> SurvivalTable:
    return SurvivalTable(*np.array(rows, np.float64).T)


def cohort(per_cent: list[float]) -> SurvivalTable:
    there = 10.0 * np.array(per_cent)
    survivors = np.zeros(len(there) - 1)
    survivors[-1] = there[-1]
    return SurvivalTable(-np.diff(there), survivors)


def exact_log_beta_ratio(alpha: mp.mpf, beta: mp.mpf, left: int, stayed: int) -> mp.mpf:
    """ln B(α + left, β + stayed) / B(α, β)."""
    gamma = mp.loggamma
    over = gamma(alpha + left) + gamma(beta + stayed) - gamma(alpha + beta + left + stayed)
    return over - gamma(alpha) - gamma(beta) + gamma(alpha + beta)


def exact_value(log_alpha: mp.mpf, log_beta: mp.mpf, rows: list[tuple[float, float]]) -> mp.mpf:
    alpha, beta = mp.exp(log_alpha), mp.exp(log_beta)
    value = mp.mpf(0)
    for t, (churned, survivors) in enumerate(rows, 1):
        if churned:
            value += churned * exact_log_beta_ratio(alpha, beta, 1, t - 1)
        if survivors:
            value += survivors * exact_log_beta_ratio(alpha, beta, 0, t)
    return value


def exact_gradient(log_alpha: mp.mpf, log_beta: mp.mpf, rows: list[tuple[float, float]]) -> list[mp.mpf]:
    alpha, beta, psi = mp.exp(log_alpha), mp.exp(log_beta), mp.digamma
    gradient = [mp.mpf(0), mp.mpf(0)]
    both = psi(alpha + beta)
    for t, (churned, survivors) in enumerate(rows, 1):
        for weight, left, stayed in ((churned, 1, t - 1), (survivors, 0, t)):
            if weight:
                of_both = psi(alpha + beta + t) - both
                gradient[0] += weight * alpha * (psi(alpha + left) - psi(alpha) - of_both)
                gradient[1] += weight * beta * (psi(beta + stayed) - psi(beta) - of_both)
    return gradient


def relative_error(computed: float, exact: mp.mpf) -> float:
    return float(abs((mp.mpf(float(computed)) - exact) / exact))


@pytest.mark.parametrize(
    ("per_cent", "parameters", "value", "errors"),
    [
        (REGULAR, [0.704077299, 1.18204303], -1680.26519, [0.06560, 0.15248]),
        (HIGH_END, [0.668088351, 3.80609496], -1611.15815, [0.10373, 0.78553]),
    ],
    ids=["regular", "high end"],
)
def test_the_published_optima(per_cent: list[float], parameters: list[float], value: float, errors: list[float]) -> None:
    """Fader & Hardie (2007), seven years of 1,000 customers; digits beyond from a fit to convergence."""
    table = cohort(per_cent)
    optimum = maximise(lambda log_parameters: log_likelihood(log_parameters, table), np.zeros(2), 1000.0)
    found = np.exp(optimum.log_parameters)
    assert optimum.converged
    np.testing.assert_allclose(found, parameters, rtol=1e-8)
    assert optimum.likelihood.value == pytest.approx(value, abs=5e-6)
    np.testing.assert_allclose(found * np.sqrt(np.diag(np.linalg.inv(-optimum.likelihood.hessian))), errors, rtol=0, atol=5e-6)


def test_survivors_of_years_held_out_are_projected_within_half_a_point() -> None:
    fitted = ShiftedBetaGeoParameters(0.704077299, 1.18204303)
    projected = 100.0 * survivor_share(np.arange(8, 13), fitted)
    np.testing.assert_allclose(projected, [22.3, 20.7, 19.4, 18.3, 17.3], atol=0.5)


def test_residual_lifetime_as_published() -> None:
    """Fader & Hardie (2010), table 3."""
    found = discounted_residual_lifetime(np.arange(1, 6), 0.1, ShiftedBetaGeoParameters(3.80, 15.20))
    expected = [3.30981842103, 3.45100032891, 3.58654365654, 3.71681153873, 3.84213402403]
    np.testing.assert_allclose(found, expected, rtol=2e-12)


@pytest.mark.parametrize("n_periods", [1, 5, 40, 1000])
def test_value_and_gradient_agree_with_fifty_digits_over_the_domain(n_periods: int) -> None:
    rng = np.random.default_rng(n_periods)
    with mp.workdps(50):
        for _ in range(40):
            point = rng.uniform(np.log(1e-3), np.log(1e3), 2)
            filled = rng.random((n_periods, 2)) < min(1.0, 6.0 / n_periods)
            counts = rng.integers(0, 200, (n_periods, 2)) * filled
            counts[-1] = 1, 3
            rows = [(float(churned), float(survivors)) for churned, survivors in counts]
            found = log_likelihood(point, table_of(rows))
            exact = [mp.mpf(float(number)) for number in point]
            assert relative_error(found.value, exact_value(*exact, rows)) < 1e-10
            for computed, true in zip(found.gradient, exact_gradient(*exact, rows), strict=True):
                assert relative_error(computed, true) < 1e-10


@pytest.mark.parametrize("alpha", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("beta", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize(("churned", "survivors"), [(1.0, 0.0), (0.0, 1.0)])
def test_the_corners_of_the_domain_agree_with_fifty_digits(alpha: float, beta: float, churned: float, survivors: float) -> None:
    point = np.log([alpha, beta])
    with mp.workdps(50):
        exact = [mp.mpf(float(number)) for number in point]
        for n_periods in (1, 3, 1000):
            rows = [(0.0, 0.0)] * (n_periods - 1) + [(churned, survivors)]
            found = log_likelihood(point, table_of(rows))
            assert relative_error(found.value, exact_value(*exact, rows)) < 1e-10
            for computed, true in zip(found.gradient, exact_gradient(*exact, rows), strict=True):
                assert relative_error(computed, true) < 1e-10
            assert np.isfinite(found.hessian).all()


def test_the_hessian_is_the_derivative_of_the_exact_gradient() -> None:
    rng = np.random.default_rng(5)
    with mp.workdps(50):
        for _ in range(20):
            point = rng.uniform(np.log(1e-3), np.log(1e3), 2)
            rows = [(float(churned), float(survivors)) for churned, survivors in rng.integers(0, 20, (6, 2))]
            hessian = log_likelihood(point, table_of(rows)).hessian
            np.testing.assert_array_equal(hessian, hessian.T)
            at = tuple(mp.mpf(float(number)) for number in point)
            for row in range(2):
                for column in range(2):
                    order = tuple(int(column == k) for k in range(2))
                    by = mp.diff(lambda a, b, row=row, rows=rows: exact_gradient(a, b, rows)[row], at, order)
                    assert relative_error(hessian[row, column], by) < 1e-10


@given(points, tables, tables)
def test_the_likelihood_of_all_is_the_sum_of_the_parts(
    point: np.ndarray, some: list[tuple[float, float]], others: list[tuple[float, float]]
) -> None:
    length = max(len(some), len(others))
    padded = [table_of(rows + [(0, 0)] * (length - len(rows))) for rows in (some, others)]
    parts = [log_likelihood(point, table_of(rows)) for rows in (some, others)]
    pooled = SurvivalTable(padded[0].churned + padded[1].churned, padded[0].survivors + padded[1].survivors)
    whole = log_likelihood(point, pooled)
    for name in ("value", "gradient", "hessian"):
        summands = [getattr(part, name) for part in parts]
        size = 1e-12 * sum(np.abs(summand).max() for summand in summands)
        np.testing.assert_allclose(getattr(whole, name), sum(summands), rtol=1e-12, atol=size)


@given(points, tables, st.integers(1, 9))
def test_a_weight_is_a_repetition(point: np.ndarray, rows: list[tuple[float, float]], times: int) -> None:
    once, often = (
        log_likelihood(point, table_of(rows)),
        log_likelihood(point, table_of([(n * times, m * times) for n, m in rows])),
    )
    for name in ("value", "gradient", "hessian"):
        expected = times * np.asarray(getattr(once, name))
        size = 1e-12 * np.abs(once.hessian).max() * times
        np.testing.assert_allclose(getattr(often, name), expected, rtol=1e-12, atol=size)


@given(parameters_of, st.integers(1, 300))
def test_retention_survival_and_tenure_agree(parameters: ShiftedBetaGeoParameters, last: int) -> None:
    periods = np.arange(1, last + 1)
    shares, rates = survivor_share(np.arange(last + 1), parameters), retention_rate(periods, parameters)
    assert (rates > 0.0).all()
    assert (rates < 1.0).all()
    assert (np.diff(rates) >= 0.0).all()
    np.testing.assert_allclose(shares[1:], np.cumprod(rates), rtol=1e-11)
    within = expected_tenure_within(np.arange(last + 1), parameters)
    np.testing.assert_allclose(np.diff(within), shares[:-1], atol=1e-12 * last)
    assert within[-1] <= expected_tenure(parameters) * (1.0 + 1e-12)


@given(parameters_of, st.floats(1e-4, 10.0), st.integers(1, 500))
def test_residual_lifetime_is_the_value_of_one_renewal_and_what_follows(
    parameters: ShiftedBetaGeoParameters, rate: float, period: int
) -> None:
    now, then = discounted_residual_lifetime(np.array([period, period + 1]), rate, parameters)
    renewal = retention_rate(np.array(period), parameters)
    assert now == pytest.approx(renewal * (1.0 + then / (1.0 + rate)), rel=1e-11)


def test_residual_lifetime_agrees_with_fifty_digits_over_the_domain() -> None:
    rng = np.random.default_rng(2010)
    with mp.workdps(50):
        for _ in range(60):
            alpha, beta = np.exp(rng.uniform(np.log(1e-3), np.log(1e3), 2))
            rate, period = float(np.exp(rng.uniform(np.log(1e-4), np.log(3.0)))), int(np.exp(rng.uniform(0.0, 7.0)))
            found = discounted_residual_lifetime(np.array([period]), rate, ShiftedBetaGeoParameters(alpha, beta))[0]
            a, b, n = mp.mpf(alpha), mp.mpf(beta), period
            sum_of_all = mp.hyp2f1(1, b + n, a + b + n, 1 / (1 + mp.mpf(rate)))
            assert relative_error(found, (b + n - 1) / (a + b + n - 1) * sum_of_all) < 1e-10


def test_without_discount_residual_lifetime_is_the_tenure_to_come() -> None:
    periods = np.array([1, 2, 30])
    finite, heavy = ShiftedBetaGeoParameters(3.0, 4.0), ShiftedBetaGeoParameters(1.0, 4.0)
    np.testing.assert_allclose(discounted_residual_lifetime(periods, 0.0, finite), (3.0 + periods) / 2.0, rtol=1e-14)
    assert expected_tenure(finite) == 1.0 + discounted_residual_lifetime(np.array([1]), 0.0, finite)[0]
    assert np.isinf(discounted_residual_lifetime(periods, 0.0, heavy)).all()
    assert np.isinf(expected_tenure(heavy))


def test_contracts_are_counted_by_how_long_they_lasted() -> None:
    tenure, churned = np.array([1, 0, 4, 2, 4, 1]), np.array([True, False, False, True, True, False])
    table = survival_table(tenure, churned, np.array([1.0, 9.0, 2.0, 3.0, 4.0, 5.0]))
    assert table.churned.tolist() == [1, 3, 0, 4]
    assert table.survivors.tolist() == [5, 0, 0, 2]
    once = survival_table(tenure, churned)
    assert once.churned.sum() + once.survivors.sum() == 5
    assert len(survival_table(np.zeros(2, np.int64), np.zeros(2, np.bool_)).churned) == 0


def test_simulated_contracts_of_several_cohorts_give_their_parameters_back() -> None:
    from crmmodels.kernels.simulation.purchases import simulate_shifted_beta_geo

    rng = np.random.default_rng(12)
    drawn = simulate_shifted_beta_geo(rng.integers(0, 20, 50_000), ShiftedBetaGeoParameters(0.7, 1.2), rng)
    table = survival_table(drawn.tenure, drawn.churned)
    optimum = maximise(lambda log_parameters: log_likelihood(log_parameters, table), np.zeros(2), 50_000.0)
    errors = np.sqrt(np.diag(np.linalg.inv(-optimum.likelihood.hessian)))
    assert optimum.converged
    assert (np.abs(optimum.log_parameters - np.log([0.7, 1.2])) < 4.0 * errors).all()
