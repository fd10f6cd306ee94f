"""Likelihoods in log parameters, and the one optimiser for all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from crmmodels._typing import BoolArray, FloatArray

_TOLERANCE: Final = 1e-9
"""Largest component of the gradient per unit of weight at an optimum, of which the models promise 1e-6, and largest change of a log
parameter by a step that may be left out."""
_LARGEST_STEP: Final = 2.0
"""First radius of the trust region, in log parameters: a factor of seven."""
_RUNNING: Final = float(np.log(10.0))
"""Logarithm of a shape from which on it may be on its way to infinity."""
_SETTLED: Final = 0.25
"""Largest change of the other log parameters on the way there."""
_UNTIL_NEXT_RIDGE: Final = 3
"""Likelihoods between attempts to go to the end of a ridge."""
_MOST_POLISHING: Final = 12
"""Steps after the gradient has vanished."""
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
    """Result of a maximisation.

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
    runs: BoolArray | None = None,
    tolerance: float = _TOLERANCE,
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
        Likelihoods after which the maximisation gives up.
    leads_nowhere : callable, optional
        A point and its likelihood to whether the maximisation may stop there, unconverged.
    runs : ndarray of bool, shape (n_parameters,), optional
        Parameters that may run off to their upper bounds, as shapes do; none if left out.
    tolerance : float, default 1e-9
        Largest component of the gradient per unit of weight at an optimum, and largest change of a log parameter that may be left out.

    Returns
    -------
    Optimum
        The same to the last bit from the same start.

    Notes
    -----
    Where the Hessian is not negative definite its eigenvalues are made so, which turns the step uphill. The radius follows from how well
    the quadratic model predicted the gain. A parameter stays at a bound as long as the likelihood rises beyond it. After the
    gradient has vanished, steps go on until they change no digit that counts, as they do along a flat ridge.

    A shape p that runs off does so along a ridge on which the log-likelihood comes to its limit as 1 / p falls, so that each Newton step in
    log p makes p a few times larger at best. Where the parabola in 1 / p along the step has its top at 0 or below, the step goes
    on to the bound; it counts if the likelihood is higher there and rises still.

    References
    ----------
    Nocedal, J. & Wright, S. J. (2006). Numerical Optimization, 2nd ed., chapters 4 and 16. Springer.
    """
    low = np.full(len(start), -np.inf) if lowest is None else lowest
    high = np.full(len(start), np.inf) if highest is None else highest
    point = np.clip(start.astype(np.float64), low, high)
    here, n_evaluations, radius = likelihood(point), 1, _LARGEST_STEP
    may_run, not_before = np.zeros(len(start), np.bool_) if runs is None else runs, 0
    n_polishing = 0
    if not here.is_finite():
        return Optimum(point, here, n_evaluations, converged=False)
    while leads_nowhere is None or not leads_nowhere(point, here):
        free = ~_held(point, here.gradient, low, high)
        slope = np.abs(here.gradient[free]).max(initial=0.0)
        converged = bool(slope <= tolerance * total_weight)
        if not free.any() or n_evaluations >= most_evaluations:
            break
        step = _step_within(point, here, free, radius, (low, high))
        step = np.clip(point + _shortened(point, step, low, high) * step, low, high) - point
        n_polishing = n_polishing + 1 if converged else 0
        if converged and (np.abs(step).max() <= tolerance or n_polishing > _MOST_POLISHING):
            break
        # At the top the gain drowns in rounding.
        rounding = 64.0 * np.finfo(np.float64).eps * abs(here.value)
        is_short = bool(np.linalg.norm(step) < radius) and n_evaluations >= not_before
        ridge = _ridge(point, here, step, may_run, high) if is_short else None
        if ridge is not None:
            far = np.clip(point + ridge.step, low, high)
            there, n_evaluations = likelihood(far), n_evaluations + 1
            not_before = n_evaluations + _UNTIL_NEXT_RIDGE
            rises = there.value > here.value and there.gradient @ ridge.direction > 0
            if there.is_finite() and (rises or (converged and there.value >= here.value - rounding)):
                point, here = far, there
            continue
        predicted = float(here.gradient @ step + 0.5 * step @ here.hessian @ step)
        there, n_evaluations = likelihood(point + step), n_evaluations + 1
        gain = there.value - here.value
        # A shorter gradient then says that the step was right.
        shorter = np.abs(there.gradient[free]).max() < slope
        accepted = there.is_finite() and (gain > rounding or (gain >= -rounding and shorter))
        length = float(np.linalg.norm(step))
        if not accepted:
            radius = 0.25 * length
            if converged or radius < np.finfo(np.float64).eps * (1.0 + float(np.linalg.norm(point))):
                break
            continue
        if gain > 0.75 * predicted and length > 0.99 * radius:
            radius *= 2.0
        radius *= 0.5 if rounding < gain < 0.25 * predicted else 1.0
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


@dataclass(frozen=True, slots=True, eq=False)
class _Ridge:
    """A ridge on which a parameter runs off.

    Attributes
    ----------
    direction : ndarray of float64, shape (n_parameters,)
        Its direction far off: 1 for the parameter, 1 or -1 for those that run in proportion, 0 for those that come to a limit.
    step : ndarray of float64, shape (n_parameters,)
        The way to the bound.
    """

    direction: FloatArray
    step: FloatArray


def _ridge(point: FloatArray, here: Likelihood, step: FloatArray, may_run: BoolArray, high: FloatArray) -> _Ridge | None:
    """The ridge along which a Newton step leads; None where a parabola in the inverse of each parameter has its top before the end."""
    slope, curvature = float(here.gradient @ step), float(step @ here.hessian @ step)
    running = may_run & (point >= _RUNNING) & (step > 0) & (curvature + 2.0 * slope * step >= 0.0)
    if not running.any():
        return None
    parameter = int(np.argmin(np.where(running, high - point, np.inf)))
    size = float(step[parameter])
    direction = np.clip(np.round(step / size), -1.0, 1.0)
    # Off the direction, all parameters come to their limits as the inverse of this one falls to 0.
    rest = (step - size * direction) / -np.expm1(-size)
    if np.abs(rest).max() > _SETTLED:
        return None
    return _Ridge(direction, direction * (high - point)[parameter] + rest)


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
