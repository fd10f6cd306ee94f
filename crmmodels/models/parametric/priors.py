"""Prior densities of single parameters, for estimates from few data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, lgamma, log, pi

import numpy as np

from crmmodels._typing import FloatArray
from crmmodels.exceptions import ParameterError
from crmmodels.kernels.inference.newton import Likelihood
from crmmodels.parameters import is_number


@dataclass(frozen=True, slots=True)
class LogNormalPrior:
    r"""A log-normal prior: the logarithm of the parameter is normal.

    Parameters
    ----------
    median : float
        Median of the parameter, above 0, in its unit.
    sigma : float
        Standard deviation of its logarithm, above 0; 1 says that a factor of e either way is usual.

    Raises
    ------
    ParameterError
        If a value is out of range.

    Notes
    -----
    In :math:`y = \ln \theta` the log density is :math:`-(y - \ln m)^2 / (2 \sigma^2)` and a constant.

    Examples
    --------
    >>> LogNormalPrior(median=2.0, sigma=1.0)
    LogNormalPrior(median=2.0, sigma=1.0)
    """

    median: float
    sigma: float

    def __post_init__(self) -> None:
        """Refuse what is no density."""
        _check_positive(self, "median", self.median)
        _check_positive(self, "sigma", self.sigma)


@dataclass(frozen=True, slots=True)
class GammaPrior:
    r"""A gamma prior of a parameter.

    Parameters
    ----------
    shape : float
        Shape, above 0.
    rate : float
        Rate, above 0: the mean is ``shape / rate``, in the unit of the parameter.

    Raises
    ------
    ParameterError
        If a value is out of range.

    Notes
    -----
    In :math:`y = \ln \theta` the log density is :math:`k y - \rho e^y` and a constant.

    Examples
    --------
    >>> GammaPrior(shape=2.0, rate=1.0)
    GammaPrior(shape=2.0, rate=1.0)
    """

    shape: float
    rate: float

    def __post_init__(self) -> None:
        """Refuse what is no density."""
        _check_positive(self, "shape", self.shape)
        _check_positive(self, "rate", self.rate)


def _log_density(prior: LogNormalPrior | GammaPrior, y: float) -> tuple[float, float, float]:
    """Log density of a log parameter, with its first and second derivative."""
    if isinstance(prior, LogNormalPrior):
        z = (y - log(prior.median)) / prior.sigma
        return -0.5 * z * z - log(prior.sigma) - 0.5 * log(2.0 * pi), -z / prior.sigma, -1.0 / prior.sigma**2
    drawn = prior.rate * exp(min(y, 700.0))
    constant = prior.shape * log(prior.rate) - lgamma(prior.shape)
    return constant + prior.shape * y - drawn, prior.shape - drawn, -drawn


def _check_positive(prior: LogNormalPrior | GammaPrior, name: str, value: object) -> None:
    if not is_number(value) or not 0 < value < np.inf:
        raise ParameterError.must_be(type(prior).__name__, name, "a number above 0", value)


def check_priors(owner: str, given: object, names: Sequence[str]) -> None:
    """Raise ParameterError for priors of parameters that do not exist, and for what is no prior; None is none."""
    if given is None:
        return
    if (
        not isinstance(given, Mapping)
        or not given
        or not all(isinstance(p, LogNormalPrior | GammaPrior) for p in given.values())
    ):
        must = "None, or a mapping of parameter to LogNormalPrior or GammaPrior"
        raise ParameterError.must_be(owner, "prior", must, given)
    if unknown := sorted(set(given) - set(names), key=str):
        raise ParameterError.must_be(owner, "prior", f"a mapping whose keys are among {list(names)}", unknown)


def log_prior(
    priors: Mapping[str, LogNormalPrior | GammaPrior] | None, names: Sequence[str]
) -> Callable[[FloatArray], Likelihood] | None:
    """Logarithm of the joint density of independent priors, in log parameters, with derivatives; None without priors."""
    if not priors:
        return None

    def density(log_parameters: FloatArray) -> Likelihood:
        value, gradient, hessian = 0.0, np.zeros(len(names)), np.zeros((len(names), len(names)))
        for i, name in enumerate(names):
            if name in priors:
                of_one = _log_density(priors[name], float(log_parameters[i]))
                value += of_one[0]
                gradient[i], hessian[i, i] = of_one[1:]
        return Likelihood(value, gradient, hessian)

    return density
