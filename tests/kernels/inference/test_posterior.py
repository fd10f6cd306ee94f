"""Posterior draws against posteriors that are known, and against themselves."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import gamma, norm

from crmmodels.kernels.inference.newton import Likelihood, LikelihoodFunction, Optimum, maximise
from crmmodels.kernels.inference.posterior import PosteriorSample, sample_posterior

CHANCES = np.array([0.025, 0.25, 0.5, 0.75, 0.975])
COVARIANCE = np.array([[0.04, 0.05, 0.0], [0.05, 0.25, -0.1], [0.0, -0.1, 1.0]])


def gaussian(p: np.ndarray) -> Likelihood:
    off, precision = p - np.array([1.0, -2.0, 0.5]), np.linalg.inv(COVARIANCE)
    return Likelihood(float(-1e6 - 0.5 * off @ precision @ off), -precision @ off, -precision)


def log_rates(shapes: tuple[float, ...], mixing: np.ndarray) -> LikelihoodFunction:
    """Events with gamma posteriors of their rates: in the mixed logarithms, ``sum_i a_i t_i - exp(t_i)`` with t = mixing p."""
    a = np.array(shapes)

    def likelihood(p: np.ndarray) -> Likelihood:
        t = mixing @ p
        with np.errstate(over="ignore"):
            rate = np.exp(t)
            return Likelihood(float(a @ t - rate.sum()), mixing.T @ (a - rate), -(mixing.T * rate) @ mixing)

    return likelihood


def assert_quantiles(draws: np.ndarray, quantiles: np.ndarray) -> None:
    """Exact quantiles have the levels that they should have among the draws, within four standard errors."""
    levels = (draws[:, None] <= quantiles).mean(axis=0)
    np.testing.assert_array_less(np.abs(levels - CHANCES), 4 * np.sqrt(CHANCES * (1 - CHANCES) / len(draws)))


def top(likelihood: LikelihoodFunction, k: int) -> Optimum:
    optimum = maximise(likelihood, np.zeros(k), 1.0)
    assert optimum.converged
    return optimum


def sample(likelihood: LikelihoodFunction, k: int, n_draws: int = 4000, seed: int = 11) -> PosteriorSample:
    return sample_posterior(likelihood, top(likelihood, k), n_draws, np.random.default_rng(seed))


def test_a_normal_posterior_is_drawn_as_it_is() -> None:
    found = sample(gaussian, 3)
    error = np.sqrt(np.diag(COVARIANCE))
    assert found.log_parameters.shape == (4000, 3)
    np.testing.assert_allclose((found.log_parameters.mean(axis=0) - [1.0, -2.0, 0.5]) / error, 0.0, atol=4 / np.sqrt(4000))
    np.testing.assert_allclose(
        np.cov(found.log_parameters.T) / np.outer(error, error), COVARIANCE / np.outer(error, error), atol=0.08
    )
    assert found.pareto_k < 0.5
    assert found.effective_size > 8000
    assert found.surrogate_error < 1e-6
    assert found.n_evaluations < 50
    assert not found.exact


@pytest.mark.parametrize("shape", [1.0, 3.0, 10.0, 1000.0])
def test_a_rate_has_the_gamma_posterior_of_its_shape(shape: float) -> None:
    found = sample(log_rates((shape,), np.eye(1)), 1, 10_000)
    assert_quantiles(found.log_parameters[:, 0], np.log(gamma(shape).ppf(CHANCES)))
    assert found.pareto_k < 0.7
    assert not found.exact
    assert found.n_evaluations <= 96


def test_mixed_rates_of_different_skewness_come_apart_again() -> None:
    mixing = np.array([[1.0, 0.8], [-0.5, 1.0]])
    found = sample(log_rates((2.0, 20.0), mixing), 2, 10_000)
    assert not found.exact
    for draws, shape in zip((found.log_parameters @ mixing.T).T, (2.0, 20.0), strict=True):
        assert_quantiles(draws, np.log(gamma(shape).ppf(CHANCES)))


@pytest.mark.parametrize("seed", range(4))
def test_the_surrogate_equals_the_likelihood_where_the_draws_are(seed: int) -> None:
    mixing = np.array([[1.0, 0.8, 0.1], [-0.5, 1.0, 0.3], [0.0, 0.2, 1.0]])
    likelihood = log_rates((3.0, 20.0, 8.0), mixing)
    found = sample(likelihood, 3, seed=seed)
    assert not found.exact
    assert 0.0 < found.surrogate_error <= 0.02
    for draws, shape in zip((found.log_parameters @ mixing.T).T, (3.0, 20.0, 8.0), strict=True):
        assert_quantiles(draws, np.log(gamma(shape).ppf(CHANCES)))


def test_the_likelihood_itself_is_used_where_draws_are_few() -> None:
    likelihood = log_rates((3.0, 20.0), np.eye(2))
    seen = []
    found = sample_posterior(
        likelihood, top(likelihood, 2), 40, np.random.default_rng(0), on_evaluation=lambda *progress: seen.append(progress)
    )
    assert found.exact
    assert found.n_evaluations == 80
    assert seen == [(i, 80) for i in range(1, 81)]
    assert found.surrogate_error == 0.0


def two_modes(p: np.ndarray) -> Likelihood:
    """Equal normal modes at -2 and 2 in the first parameter, standard normal in the second."""
    x, y = p
    right = expit(4 * x)
    value = norm.logpdf(x, -2) + np.logaddexp(0.0, 4 * x) - 0.5 * y**2
    hessian = np.diag([-1 + 16 * right * (1 - right), -1.0])
    return Likelihood(float(value), np.array([-(x + 2) + 4 * right, -y]), hessian)


def kinked(p: np.ndarray) -> Likelihood:
    """Normal around 0, but with a sharp edge one standard deviation to the right."""
    x, y = p
    beyond = float(x > 1.0)
    return Likelihood(float(-0.5 * (x**2 + y**2) - 6 * beyond * (x - 1)), np.array([-x - 6 * beyond, -y]), -np.eye(2))


def test_a_kink_sends_all_candidates_to_the_likelihood() -> None:
    found = sample(kinked, 2)
    assert found.exact
    assert 8000 < found.n_evaluations <= 8096
    # Below the edge a standard normal one, beyond it exp(-x^2 / 2 - 6 (x - 1)).
    below = norm.cdf(1.0)
    beyond = np.exp(6 + 18) * norm.sf(7.0)
    share = (found.log_parameters[:, 0] <= 1.0).mean()
    assert share == pytest.approx(below / (below + beyond), abs=4 * np.sqrt(0.05 / 4000))


def test_a_second_mode_next_to_the_first_is_found() -> None:
    optimum = maximise(two_modes, np.array([-2.5, 0.3]), 1.0)
    assert optimum.log_parameters[0] < -1.5
    found = sample_posterior(two_modes, optimum, 4000, np.random.default_rng(3))
    assert (found.log_parameters[:, 0] > 0).mean() == pytest.approx(0.5, abs=0.04)
    np.testing.assert_allclose(np.std(found.log_parameters, axis=0), [np.sqrt(5), 1.0], rtol=0.05)


def test_heavy_tails_raise_khat() -> None:
    """A Student t target with half a degree of freedom, of which no proposal with seven can cover the tails."""
    k, freedom = 3, 0.5

    def heavy(p: np.ndarray) -> Likelihood:
        base, power = freedom + p @ p, freedom + k
        gradient = -power * p / base
        return Likelihood(
            float(-0.5 * power * np.log(base / freedom)),
            gradient,
            -power * np.eye(k) / base + 2 * np.outer(p, p) * power / base**2,
        )

    optimum = Optimum(np.zeros(k), heavy(np.zeros(k)), 1, converged=True)
    found = sample_posterior(heavy, optimum, 4000, np.random.default_rng(2))
    assert found.pareto_k > 0.7


def test_progress_is_told_and_the_budget_kept() -> None:
    likelihood = log_rates((3.0, 20.0), np.array([[1.0, 0.8], [-0.5, 1.0]]))
    seen = []
    optimum = top(likelihood, 2)
    found = sample_posterior(
        likelihood, optimum, 4000, np.random.default_rng(0), on_evaluation=lambda *progress: seen.append(progress)
    )
    assert not found.exact
    assert seen == [(i, 96) for i in range(1, found.n_evaluations + 1)]
    assert found.n_evaluations <= 96


@pytest.mark.parametrize("likelihood", [gaussian, log_rates((3.0, 20.0, 5.0), np.eye(3))])
def test_the_same_generator_gives_the_same_bits_and_another_does_not(likelihood: LikelihoodFunction) -> None:
    first, second, other = (sample(likelihood, 3, 500, seed) for seed in (1, 1, 2))
    assert first.log_parameters.tobytes() == second.log_parameters.tobytes()
    assert first.pareto_k == second.pareto_k
    assert first.log_parameters.tobytes() != other.log_parameters.tobytes()


def test_impossible_parameters_are_never_drawn() -> None:
    """A likelihood that is not a number beyond an edge two standard deviations away."""

    def edged(p: np.ndarray) -> Likelihood:
        value = -0.5 * float(p @ p) if p[0] < 2.0 else np.nan
        return Likelihood(value, -p, -np.eye(2))

    found = sample(edged, 2)
    assert (found.log_parameters[:, 0] < 2.0).all()
    assert found.exact


def test_a_hessian_without_an_inverse_is_refused() -> None:
    flat = Likelihood(0.0, np.zeros(2), np.diag([-1.0, 0.0]))
    with pytest.raises(np.linalg.LinAlgError):
        sample_posterior(lambda p: flat, Optimum(np.zeros(2), flat, 1, converged=True), 100, np.random.default_rng(0))


def test_the_share_beyond_the_reach_is_estimated_from_exact_weights() -> None:
    """Of ten candidates with equal proposals, four are cut off, and they weigh as much as the others: four tenths are missed."""
    from crmmodels.kernels.inference import posterior

    points = np.arange(20.0).reshape(10, 2)
    flat = Likelihood(0.0, np.zeros(2), -np.eye(2))
    counted = posterior._Counted(lambda p: flat, 96, None)
    design = posterior._Design(counted, Optimum(np.zeros(2), flat, 1, converged=True))
    log_density = np.where(np.arange(10) < 6, 0.0, -np.inf)
    candidates = posterior._Candidates(points, log_density, np.zeros(10), posterior.pareto_smoothed(log_density))
    assert posterior._share_outside(candidates, design, np.random.default_rng(0)) == pytest.approx(0.4)
    assert counted.done == 4
    assert len(design.points) == 5
