"""The surrogate honours what it was fitted to, and foretells what it was not."""

from __future__ import annotations

import numpy as np
import pytest

from crmmodels.kernels.inference.newton import Likelihood
from crmmodels.kernels.inference.surrogate import Surrogate, Whitening, fit_surrogate

MIXING = np.array([[1.0, 0.8, 0.1], [-0.5, 1.0, 0.3], [0.0, 0.2, 1.0]])
SHAPES = np.array([3.0, 20.0, 8.0])
WHITENING = Whitening(np.linalg.solve(MIXING, np.log(SHAPES)), np.linalg.cholesky(np.linalg.inv((MIXING.T * SHAPES) @ MIXING)))


def likelihood(p: np.ndarray) -> Likelihood:
    t = MIXING @ p
    return Likelihood(float(SHAPES @ t - np.exp(t).sum()), MIXING.T @ (SHAPES - np.exp(t)), -(MIXING.T * np.exp(t)) @ MIXING)


def points(n: int, seed: int, spread: float = 1.5) -> np.ndarray:
    z = spread * np.random.default_rng(seed).standard_normal((n, 3))
    return WHITENING.centre + z @ WHITENING.scale.T


def fitted(n: int) -> tuple[Surrogate, np.ndarray]:
    design = np.concatenate([WHITENING.centre[None], points(n - 1, 0)])
    surrogate = fit_surrogate(design, [likelihood(p) for p in design], WHITENING)
    assert surrogate is not None
    return surrogate, design


def test_values_and_derivatives_at_the_nodes_are_met() -> None:
    surrogate, design = fitted(20)
    exact = [likelihood(p) for p in design]
    values = np.array([found.value for found in exact])
    near = values > values.max() - 6
    assert near.sum() > 10
    # Twice the error that is allowed at a fall of 6.
    np.testing.assert_allclose(surrogate.log_likelihood(design)[near], values[near], atol=2 * 1e-3 * (1 + 6 / 4) ** 2)
    step = 1e-3
    for i in np.flatnonzero(near):
        ends = np.array([surrogate.log_likelihood(design[i] + sign * step * WHITENING.scale.T) for sign in (1, -1)])
        slope = (ends[0] - ends[1]) / (2 * step)
        np.testing.assert_allclose(slope, WHITENING.scale.T @ exact[i].gradient, atol=5e-3)
        bend = (ends.sum(axis=0) - 2 * surrogate.log_likelihood(design[i : i + 1])) / step**2
        np.testing.assert_allclose(bend, np.diag(WHITENING.scale.T @ exact[i].hessian @ WHITENING.scale), atol=2e-2)


def test_points_in_between_are_foretold_better_with_more_nodes() -> None:
    fresh = points(300, 1, spread=1.0)
    exact = np.array([likelihood(p).value for p in fresh])
    fresh, exact = fresh[exact > exact.max() - 5], exact[exact > exact.max() - 5]
    assert len(fresh) > 250
    surrogates = [fitted(n)[0] for n in (4, 12, 40)]
    errors = [np.abs(surrogate.log_likelihood(fresh) - exact) for surrogate in surrogates]
    assert errors[0].max() > errors[1].max() > errors[2].max()
    assert errors[2].max() < 0.05
    near = surrogates[2].distance(fresh) < 1.0
    assert near.sum() > 100
    assert errors[2][near].max() < 0.01


@pytest.mark.parametrize("length", [1, 5])
def test_a_quadratic_is_met_everywhere(length: int) -> None:
    precision = np.linalg.inv(WHITENING.scale @ WHITENING.scale.T)

    def quadratic(p: np.ndarray) -> Likelihood:
        off = p - WHITENING.centre
        return Likelihood(float(-1e7 - 0.5 * off @ precision @ off), -precision @ off, -precision)

    design = np.concatenate([WHITENING.centre[None], points(length - 1, 3)])
    surrogate = fit_surrogate(design, [quadratic(p) for p in design], WHITENING)
    assert surrogate is not None
    far = points(50, 4, spread=5.0)
    np.testing.assert_allclose(surrogate.log_likelihood(far), [quadratic(p).value for p in far], atol=1e-5)


def test_the_distance_is_that_to_the_nearest_node_in_standard_deviations() -> None:
    surrogate, design = fitted(5)
    fresh = points(7, 9)
    inverse = np.linalg.inv(WHITENING.scale)
    expected = [min(np.linalg.norm(inverse @ (p - node)) for node in design) for p in fresh]
    np.testing.assert_allclose(surrogate.distance(fresh), expected, rtol=1e-9)
    np.testing.assert_allclose(surrogate.distance(design), 0.0, atol=1e-6)


def test_derivatives_that_are_not_numbers_leave_no_surrogate() -> None:
    design = np.concatenate([WHITENING.centre[None], points(3, 0)])
    exact = [likelihood(p) for p in design]
    exact[2] = Likelihood(exact[2].value, np.full(3, np.nan), exact[2].hessian)
    assert fit_surrogate(design, exact, WHITENING) is None
