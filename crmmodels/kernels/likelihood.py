"""Likelihoods in log parameters, and the one optimiser for all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from crmmodels._typing import FloatArray

_GRADIENT_TOLERANCE: Final = 1e-9
"""Largest component of the gradient per unit of weight at an optimum; the promise of the models is 1e-6."""
_LARGEST_STEP: Final = 2.0
"""First radius of the trust region, in log parameters: a factor of seven."""
_FLATTEST: Final = 1e-12
"""Smallest curvature, relative to the largest, that a Newton step still trusts."""


@dataclass(frozen=True, slots=True, eq=False)
class Likelihood:
    """A log-likelihood at one point, in logarithms of the parameters.

    Attributes
    ----------
    value : float
        The weighted sum over customers.
    gradient : ndarray of float64, shape (n_parameters,)
        Its derivatives by the log parameters.
    hessian : ndarray of float64, shape (n_parameters, n_parameters)
        Its second derivatives, symmetric.
    """

    value: float
    gradient: FloatArray
    hessian: FloatArray


LikelihoodFunction: TypeAlias = Callable[[FloatArray], Likelihood]


@dataclass(frozen=True, slots=True, eq=False)
class Optimum:
    """Where the climb ended.

    Attributes
    ----------
    log_parameters : ndarray of float64, shape (n_parameters,)
        The point.
    likelihood : Likelihood
        Value and derivatives there.
    n_evaluations : int
        Likelihoods computed on the way.
    converged : bool
        Whether the gradient vanishes there.
    """

    log_parameters: FloatArray
    likelihood: Likelihood
    n_evaluations: int
    converged: bool


def maximise(likelihood: LikelihoodFunction, start: FloatArray, total_weight: float, *, most_evaluations: int = 200) -> Optimum:
    """Climb to a maximum by Newton steps in a trust region.

    Parameters
    ----------
    likelihood : callable
        Log parameters of shape (n_parameters,) to `Likelihood`.
    start : ndarray of float64, shape (n_parameters,)
        First log parameters.
    total_weight : float
        Number of customers, by which the gradient is divided before it is judged.
    most_evaluations : int, default 200
        Likelihoods after which the climb gives up.

    Returns
    -------
    Optimum
        The same to the last bit from the same start.

    Notes
    -----
    Where the Hessian is not negative definite its eigenvalues are made so, which turns the step uphill. The radius follows from how well
    the quadratic model foretold the gain.

    References
    ----------
    Nocedal, J. & Wright, S. J. (2006). Numerical Optimization, 2nd ed., chapter 4. Springer.
    """
    point, here, n_evaluations, radius = start.astype(np.float64), likelihood(start), 1, _LARGEST_STEP
    while n_evaluations < most_evaluations:
        if np.abs(here.gradient).max() <= _GRADIENT_TOLERANCE * total_weight:
            return Optimum(point, here, n_evaluations, converged=True)
        step = _step(here, radius)
        foretold = float(here.gradient @ step + 0.5 * step @ here.hessian @ step)
        there, n_evaluations = likelihood(point + step), n_evaluations + 1
        gain = there.value - here.value
        # At the top the gain drowns in rounding; a shorter gradient then says that the step was right.
        rounding = 64.0 * np.finfo(np.float64).eps * abs(here.value)
        shorter = np.abs(there.gradient).max() < np.abs(here.gradient).max()
        accepted = np.isfinite(there.value) and (gain > rounding or (gain >= -rounding and shorter))
        if not accepted:
            radius = 0.25 * float(np.linalg.norm(step))
            if radius < np.finfo(np.float64).eps * (1.0 + float(np.linalg.norm(point))):
                break
            continue
        if gain > 0.75 * foretold and float(np.linalg.norm(step)) > 0.99 * radius:
            radius *= 2.0
        elif gain < 0.25 * foretold and gain > rounding:
            radius *= 0.5
        point, here = point + step, there
    converged = bool(np.abs(here.gradient).max() <= _GRADIENT_TOLERANCE * total_weight)
    return Optimum(point, here, n_evaluations, converged)


def _step(here: Likelihood, radius: float) -> FloatArray:
    """Newton step on a Hessian made negative definite, no longer than the radius."""
    curvature, directions = np.linalg.eigh(-here.hessian)
    size = np.maximum(np.abs(curvature), _FLATTEST * max(float(np.abs(curvature).max()), 1.0))
    slope = directions.T @ here.gradient

    def step(shift: float) -> FloatArray:
        uphill: FloatArray = directions @ (slope / (size + shift))
        return uphill

    whole = step(0.0)
    if float(np.linalg.norm(whole)) <= radius:
        return whole
    low, high = 0.0, float(np.linalg.norm(slope)) / radius
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if float(np.linalg.norm(step(middle))) > radius else (low, middle)
    return step(high)
