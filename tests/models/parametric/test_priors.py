"""Priors: densities in the logarithm, checked against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from crmmodels.exceptions import ParameterError
from crmmodels.models.parametric.priors import GammaPrior, LogNormalPrior, check_priors, log_prior

NAMES = ("r", "alpha")


def in_log(density, y: float) -> float:
    """Density of the logarithm of a variable of known density."""
    return float(density.logpdf(np.exp(y)) + y)


@pytest.mark.parametrize("y", [-3.0, -0.2, 0.0, 1.5])
def test_the_densities_are_those_of_scipy(y):
    normal = log_prior({"r": LogNormalPrior(2.0, 0.7)}, NAMES)(np.array([y, 9.0]))
    assert normal.value == pytest.approx(in_log(stats.lognorm(0.7, scale=2.0), y), rel=1e-12)
    gamma = log_prior({"alpha": GammaPrior(3.0, 0.5)}, NAMES)(np.array([9.0, y]))
    assert gamma.value == pytest.approx(in_log(stats.gamma(3.0, scale=2.0), y), rel=1e-12)


def test_the_derivatives_are_those_of_the_value():
    density = log_prior({"r": LogNormalPrior(2.0, 0.7), "alpha": GammaPrior(3.0, 0.5)}, NAMES)
    point, step = np.array([0.3, 1.1]), 1e-5
    here = density(point)
    for i, direction in enumerate(np.eye(2)):
        up, down = density(point + step * direction), density(point - step * direction)
        assert here.gradient[i] == pytest.approx((up.value - down.value) / (2 * step), rel=1e-8)
        np.testing.assert_allclose(here.hessian[i], (up.gradient - down.gradient) / (2 * step), rtol=1e-8, atol=1e-12)


def test_no_priors_are_no_density():
    assert log_prior(None, NAMES) is None


@pytest.mark.parametrize("bad", [0, -1.0, float("nan"), float("inf"), "1", True])
def test_what_is_no_density_is_refused(bad):
    for make in (lambda: LogNormalPrior(bad, 1.0), lambda: LogNormalPrior(1.0, bad), lambda: GammaPrior(bad, 1.0)):
        with pytest.raises(ParameterError, match="must be a number above 0"):
            make()


def test_priors_of_unknown_parameters_are_named():
    with pytest.raises(ParameterError, match=r"keys are among \['r', 'alpha'\]; got \['beta'\]"):
        check_priors("Model", {"beta": GammaPrior(1.0, 1.0)}, NAMES)
    for wrong in ({}, {"r": 3.0}, [1]):
        with pytest.raises(ParameterError, match="mapping of parameter to LogNormalPrior or GammaPrior"):
            check_priors("Model", wrong, NAMES)
