"""The optimiser on functions whose maximum is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from crmmodels.kernels.inference.newton import Likelihood, maximise


def quadratic(p: np.ndarray) -> Likelihood:
    curvature = np.array([[4.0, 1.0], [1.0, 3.0]])
    off = p - np.array([2.0, -1.0])
    return Likelihood(float(-0.5 * off @ curvature @ off), -curvature @ off, -curvature)


def rosenbrock(p: np.ndarray) -> Likelihood:
    """Minus the banana valley of Rosenbrock (1960): its maximum is 0 at (1, 1)."""
    x, y = p
    gradient = -np.array([-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)])
    hessian = -np.array([[2 - 400 * (y - 3 * x**2), -400 * x], [-400 * x, 200.0]])
    return Likelihood(float(-((1 - x) ** 2) - 100 * (y - x**2) ** 2), gradient, hessian)


def binomial(p: np.ndarray) -> Likelihood:
    """30 of 100 successes, in the logit: the maximum is at log(3/7), and far away the likelihood is all but flat."""
    chance = expit(p[0])
    value = 30 * np.log(chance) + 70 * np.log1p(-chance)
    return Likelihood(float(value), np.array([30 - 100 * chance]), np.array([[-100 * chance * (1 - chance)]]))


def test_a_quadratic_needs_one_step_where_it_is_short() -> None:
    optimum = maximise(quadratic, np.array([1.0, -1.0]), 1.0)
    assert optimum.converged
    assert optimum.n_evaluations == 2
    np.testing.assert_allclose(optimum.log_parameters, [2.0, -1.0], atol=1e-14)


@pytest.mark.parametrize("start", [(-1.2, 1.0), (3.0, -3.0), (0.0, 0.0), (-2.0, 5.0)])
def test_a_curved_valley_is_followed_to_its_end(start: tuple[float, float]) -> None:
    optimum = maximise(rosenbrock, np.array(start), 1.0)
    assert optimum.converged
    np.testing.assert_allclose(optimum.log_parameters, [1.0, 1.0], atol=1e-8)


@pytest.mark.parametrize("start", [-8.0, 0.0, 6.0])
def test_a_flat_start_is_left(start: float) -> None:
    optimum = maximise(binomial, np.array([start]), 100.0)
    assert optimum.converged
    assert optimum.log_parameters[0] == pytest.approx(np.log(3 / 7), abs=1e-8)


def test_a_climb_without_a_top_says_that_it_did_not_converge() -> None:
    def upward(p: np.ndarray) -> Likelihood:
        return Likelihood(float(p[0]), np.ones(1), np.zeros((1, 1)))

    optimum = maximise(upward, np.zeros(1), 1.0, most_evaluations=20)
    assert not optimum.converged
    assert optimum.n_evaluations == 20
    assert optimum.log_parameters[0] > 10.0


def test_the_same_start_gives_the_same_bits() -> None:
    first, second = (maximise(rosenbrock, np.array([-1.2, 1.0]), 1.0) for _ in range(2))
    assert first.log_parameters.tobytes() == second.log_parameters.tobytes()


def test_a_bound_holds_a_parameter_and_the_others_find_their_best() -> None:
    """Of the quadratic with its top at (2, -1), held at x <= 1: the best y is -1 + (2 - 1) / 3."""
    optimum = maximise(quadratic, np.zeros(2), 1.0, highest=np.array([1.0, 10.0]), lowest=np.array([-10.0, -10.0]))
    assert optimum.converged
    np.testing.assert_allclose(optimum.log_parameters, [1.0, -2 / 3], atol=1e-12)


def test_a_bound_that_the_climb_touches_only_on_its_way_is_left_again() -> None:
    optimum = maximise(rosenbrock, np.array([-1.2, 1.0]), 1.0, lowest=np.full(2, -1.3), highest=np.array([5.0, 1.05]))
    assert optimum.converged
    np.testing.assert_allclose(optimum.log_parameters, [1.0, 1.0], atol=1e-8)


def test_all_parameters_at_bounds_is_an_answer() -> None:
    optimum = maximise(quadratic, np.zeros(2), 1.0, highest=np.array([-5.0, -9.0]), lowest=np.array([-6.0, -10.0]))
    assert optimum.converged
    np.testing.assert_allclose(optimum.log_parameters, [-5.0, -9.0])


def test_a_flat_ridge_is_followed_to_the_last_digit() -> None:
    """A curvature of 1e-6 along the ridge: a gradient below its tolerance is not enough, the step must be short, too."""

    def ridge(p: np.ndarray) -> Likelihood:
        along, across = p[0] - 3.0, p[1]
        value = -np.cosh(along) * 1e-6 - 0.5 * across**2
        return Likelihood(float(value), np.array([-1e-6 * np.sinh(along), -across]), np.diag([-1e-6 * np.cosh(along), -1.0]))

    optimum = maximise(ridge, np.array([2.0, 0.5]), 1.0)
    assert optimum.converged
    assert optimum.log_parameters[0] == pytest.approx(3.0, abs=1e-9)


@pytest.mark.parametrize("top", [30.0, 3000.0, np.inf])
def test_a_ridge_along_which_a_shape_runs_off_is_followed_to_its_top(top: float) -> None:
    """A parabola in the inverse of a shape p, with a partner v that grows as p."""
    n = 1000.0

    def along(log: np.ndarray) -> Likelihood:
        u, off = np.exp(-log[0]), log[1] - log[0] - 2.0
        slope = u - 1.0 / top
        value = -n * (0.5 * slope**2 + 2.0 * off**2)
        gradient = n * np.array([slope * u + 4.0 * off, -4.0 * off])
        hessian = n * np.array([[-u * u - slope * u - 4.0, 4.0], [4.0, -4.0]])
        return Likelihood(value, gradient, hessian)

    highest = np.log([1e4, 1e12])
    runs = np.array([True, False])
    found = maximise(along, np.log([3.0, 20.0]), n, highest=highest, runs=runs)
    assert found.converged
    assert found.log_parameters == pytest.approx(np.log(min(top, 1e4)) + np.array([0.0, 2.0]), abs=1e-2)
    plain = maximise(along, np.log([3.0, 20.0]), n, highest=highest)
    assert found.likelihood.value == pytest.approx(plain.likelihood.value, abs=1e-8 * n)
    if np.isinf(top):
        assert found.n_evaluations <= plain.n_evaluations - 3
