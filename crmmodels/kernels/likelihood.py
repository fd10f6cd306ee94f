"""Likelihoods in log parameters, and the one optimiser for all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from crmmodels._typing import BoolArray, FloatArray

_GRADIENT_TOLERANCE: Final = 1e-9
"""Largest component of the gradient per unit of weight at an optimum; the promise of the models is 1e-6."""
_STEP_TOLERANCE: Final = 1e-9
"""Largest change of a log parameter by a step that may be left out."""
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

    def is_finite(self) -> bool:
        """Whether value and derivatives are numbers, as they are not where a parameter overflows.

        Returns
        -------
        bool
            False where any of them is infinite or NaN.
        """
        return bool(np.isfinite(self.value) and np.isfinite(self.gradient).all() and np.isfinite(self.hessian).all())


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


def maximise(
    likelihood: LikelihoodFunction,
    start: FloatArray,
    total_weight: float,
    *,
    lowest: FloatArray | None = None,
    highest: FloatArray | None = None,
    most_evaluations: int = 200,
    leads_nowhere: Callable[[FloatArray, Likelihood], bool] | None = None,
) -> Optimum:
    """Climb to a maximum by Newton steps in a trust region, within bounds.

    Parameters
    ----------
    likelihood : callable
        Log parameters of shape (n_parameters,) to `Likelihood`.
    start : ndarray of float64, shape (n_parameters,)
        First log parameters.
    total_weight : float
        Number of customers, by which the gradient is divided before it is judged.
    lowest, highest : ndarray of float64, shape (n_parameters,), optional
        Bounds of the log parameters; none if left out.
    most_evaluations : int, default 200
        Likelihoods after which the climb gives up.
    leads_nowhere : callable, optional
        A point and its likelihood to whether the climb may as well end there, unconverged.

    Returns
    -------
    Optimum
        The same to the last bit from the same start.

    Notes
    -----
    Where the Hessian is not negative definite its eigenvalues are made so, which turns the step uphill. The radius follows from how well
    the quadratic model foretold the gain. A parameter stays at a bound as long as the likelihood rises beyond it. After the
    gradient has vanished, steps go on until they change no digit that counts, as they do along a flat ridge.

    References
    ----------
    Nocedal, J. & Wright, S. J. (2006). Numerical Optimization, 2nd ed., chapters 4 and 16. Springer.
    """
    low = np.full(len(start), -np.inf) if lowest is None else lowest
    high = np.full(len(start), np.inf) if highest is None else highest
    point = np.clip(start.astype(np.float64), low, high)
    here, n_evaluations, radius = likelihood(point), 1, _LARGEST_STEP
    if not here.is_finite():
        return Optimum(point, here, n_evaluations, converged=False)
    while leads_nowhere is None or not leads_nowhere(point, here):
        free = ~_held(point, here.gradient, low, high)
        slope = np.abs(here.gradient[free]).max(initial=0.0)
        converged = bool(slope <= _GRADIENT_TOLERANCE * total_weight)
        if not free.any() or n_evaluations >= most_evaluations:
            break
        step = _step_within(point, here, free, radius, (low, high))
        step = np.clip(point + _shortened(point, step, low, high) * step, low, high) - point
        if converged and np.abs(step).max() <= _STEP_TOLERANCE:
            break
        foretold = float(here.gradient @ step + 0.5 * step @ here.hessian @ step)
        there, n_evaluations = likelihood(point + step), n_evaluations + 1
        gain = there.value - here.value
        # At the top the gain drowns in rounding; a shorter gradient then says that the step was right.
        rounding = 64.0 * np.finfo(np.float64).eps * abs(here.value)
        shorter = np.abs(there.gradient[free]).max() < slope
        accepted = there.is_finite() and (gain > rounding or (gain >= -rounding and shorter))
        length = float(np.linalg.norm(step))
        if not accepted:
            if converged:
                break
            radius = 0.25 * length
            if radius < np.finfo(np.float64).eps * (1.0 + float(np.linalg.norm(point))):
                break
            continue
        if gain > 0.75 * foretold and length > 0.99 * radius:
            radius *= 2.0
        elif gain < 0.25 * foretold and gain > rounding:
            radius *= 0.5
        point, here = np.clip(point + step, low, high), there
    else:
        converged = False
    return Optimum(point, here, n_evaluations, converged)


def _held(point: FloatArray, gradient: FloatArray, low: FloatArray, high: FloatArray) -> BoolArray:
    """Whether each parameter is at a bound beyond which the likelihood rises."""
    held: BoolArray = ((point <= low) & (gradient < 0)) | ((point >= high) & (gradient > 0))
    return held


def _step_within(
    point: FloatArray, here: Likelihood, free: BoolArray, radius: float, bounds: tuple[FloatArray, FloatArray]
) -> FloatArray:
    """Newton step of the free parameters; one at a bound that a step would carry beyond it is held, lest its partner leaves their ridge."""
    (low, high), free = bounds, free.copy()
    while True:
        step = np.zeros(len(point))
        if not free.any():
            return step
        step[free] = _step(here.gradient[free], here.hessian[np.ix_(free, free)], radius)
        outward = free & (((point <= low) & (step < 0)) | ((point >= high) & (step > 0)))
        if not outward.any():
            return step
        free &= ~outward


def _shortened(point: FloatArray, step: FloatArray, low: FloatArray, high: FloatArray) -> float:
    """Share of a step up to the first bound that it meets, so that a ridge is followed and not left; parameters at a bound do not count."""
    room = np.where(step > 0, high - point, point - low)
    meets = (step != 0) & (room > 0)
    return min(1.0, float(np.min(room[meets] / np.abs(step[meets]), initial=1.0)))


def _step(gradient: FloatArray, hessian: FloatArray, radius: float) -> FloatArray:
    """Newton step on a Hessian made negative definite, no longer than the radius."""
    curvature, directions = np.linalg.eigh(-hessian)
    size = np.maximum(np.abs(curvature), _FLATTEST * max(float(np.abs(curvature).max()), 1.0))
    slope = directions.T @ gradient

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
