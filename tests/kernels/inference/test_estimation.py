"""Estimates of a family whose answers are known: gamma-distributed waiting times."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.special import digamma, gammaln, polygamma

from crmmodels.kernels.inference.estimation import LARGEST_SHAPE, Edge, Family, covariance_of, estimate, penalised
from crmmodels.kernels.inference.newton import Likelihood


@dataclass(frozen=True)
class Gamma:
    shape: float
    rate: float


@dataclass(frozen=True)
class Waits:
    n: float
    mean: float
    mean_log: float


def log_likelihood(log_parameters: np.ndarray, table: Waits) -> Likelihood:
    k, b = np.exp(log_parameters)
    n = table.n
    value = n * (k * np.log(b) - gammaln(k) + (k - 1) * table.mean_log - b * table.mean)
    slope = n * np.array([k * (np.log(b) - digamma(k) + table.mean_log), k - b * table.mean])
    second = n * np.array([[-k * k * polygamma(1, k), k], [k, -b * table.mean]])
    second[0, 0] += slope[0]
    return Likelihood(float(value), slope, second)


EDGE = Edge("shape", "large", "waits do not vary", "rate")


def family(sample=lambda _: None, start=(1.0, 1.0), edges=(EDGE,)) -> Family[Gamma, Waits]:
    return Family(Gamma, log_likelihood, lambda _: np.array(start), sample, lambda table: table.n, frozenset({"rate"}), edges)


def waits(shape: float, rate: float, n: int) -> Waits:
    x = np.random.default_rng(0).gamma(shape, 1 / rate, n)
    return Waits(n, x.mean(), np.log(x).mean())


def test_the_score_equations_hold_at_the_estimate() -> None:
    table = waits(2.5, 0.1, 4000)
    found = estimate(family(), table)
    shape, rate = np.exp(found.optimum.log_parameters)
    assert shape / rate == pytest.approx(table.mean, rel=1e-12)
    assert np.log(rate) - digamma(shape) + table.mean_log == pytest.approx(0.0, abs=1e-12)
    assert found.edges == ()
    assert found.determined.all()


def test_the_covariance_is_the_inverse_information() -> None:
    table = waits(2.5, 0.1, 4000)
    found = estimate(family(), table)
    shape, rate = np.exp(found.optimum.log_parameters)
    information = table.n * np.array([[shape**2 * polygamma(1, shape), -shape], [-shape, rate * table.mean]])
    np.testing.assert_allclose(found.covariance, np.linalg.inv(information), rtol=1e-9)
    np.testing.assert_array_equal(found.covariance, found.covariance.T)


def test_a_sample_shortens_the_way_and_changes_no_answer() -> None:
    table, calls = waits(2.5, 0.1, 4000), []

    def counted(point: np.ndarray, of: Waits) -> Likelihood:
        calls.append(of is table)
        return log_likelihood(point, of)

    far = (30.0, 30.0)
    cold = estimate(
        Family(Gamma, counted, lambda _: np.array(far), lambda _: None, lambda t: t.n, frozenset({"rate"}), ()), table
    )
    n_cold = sum(calls)
    calls.clear()
    part = waits(2.5, 0.1, 400)
    warm = estimate(
        Family(Gamma, counted, lambda _: np.array(far), lambda _: part, lambda t: t.n, frozenset({"rate"}), ()), table
    )
    assert sum(calls) < n_cold
    np.testing.assert_allclose(warm.optimum.log_parameters, cold.optimum.log_parameters, atol=1e-9)


def test_waits_that_do_not_vary_end_at_the_edge_that_says_so() -> None:
    found = estimate(family(), Waits(100.0, 5.0, np.log(5.0)))
    assert found.edges == (EDGE,)
    assert np.exp(found.optimum.log_parameters[0]) == pytest.approx(LARGEST_SHAPE)
    assert not found.determined.any()
    # The scale is what the mean wait, shape times scale, is with this shape; that of 100 waits of shape k has the error 1 / sqrt(100 k).
    assert found.covariance[0, 0] == np.inf
    assert found.covariance[1, 1] == pytest.approx(1 / (100 * LARGEST_SHAPE))
    assert found.covariance[0, 1] == 0.0


def test_a_bound_without_a_meaning_is_no_answer() -> None:
    assert estimate(family(edges=()), Waits(100.0, 5.0, np.log(5.0))) is None


def test_a_prior_makes_the_edge_a_point_inside() -> None:
    def prior(point: np.ndarray) -> Likelihood:
        return Likelihood(float(-12.5 * point @ point), -25.0 * point, -25.0 * np.eye(2))

    found = estimate(family(), Waits(100.0, 5.0, np.log(5.0)), prior)
    assert found.edges == ()
    at_top = penalised(lambda point: log_likelihood(point, Waits(100.0, 5.0, np.log(5.0))), prior)(found.optimum.log_parameters)
    np.testing.assert_allclose(at_top.gradient, 0.0, atol=1e-6)


def test_no_covariance_where_the_point_is_no_maximum() -> None:
    assert covariance_of(np.array([[-1.0, 0.0], [0.0, 2.0]]), np.array([True, True])) is None
    assert covariance_of(np.array([[-1.0, 0.0], [0.0, 2.0]]), np.array([True, False])) is not None
