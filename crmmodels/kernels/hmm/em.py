"""EM for hidden Markov models of counts: each step raises the posterior density, or leaves it as it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from crmmodels._typing import FloatArray
from crmmodels.kernels.hmm.expectations import expectations
from crmmodels.kernels.hmm.histories import Histories
from crmmodels.kernels.hmm.multipliers import LARGEST_SHAPE, SMALLEST_SHAPE, gamma_multipliers
from crmmodels.kernels.hmm.parameters import Expectations, HMMParameters
from crmmodels.kernels.hmm.rates import ordered_rates
from crmmodels.kernels.hmm.structure import StageStructure

_SHAPE_REACH: Final = 1.0
"""How far the logarithm of the shape may go in one step."""
_SHAPE_TOLERANCE: Final = 1e-6
_SMALLEST_MOVE: Final = 1e-12
"""A probability that no data tell from 0, and whose logarithm exists."""


@dataclass(frozen=True, slots=True, eq=False)
class HMMEstimate:
    """Where EM ended.

    Attributes
    ----------
    parameters : HMMParameters
        The best it found.
    log_likelihood : float
        Logarithm of the probability of all histories.
    objective : ndarray of float64, shape (n_iterations,)
        Log-likelihood plus the logarithm of the prior density, which never falls; the last is that of ``parameters``.
    converged : bool
        Whether it stopped because there was nothing left to gain.
    """

    parameters: HMMParameters
    log_likelihood: float
    objective: FloatArray
    converged: bool


def log_prior(moves: FloatArray, structure: StageStructure) -> float:
    """Logarithm of the density of the Dirichlet priors, but for a constant.

    Parameters
    ----------
    moves : ndarray of float64, shape (n_stages, n_stages)
        Probabilities of moves.
    structure : StageStructure
        Its prior moves.

    Returns
    -------
    float
        Prior moves times the logarithms of their probabilities.
    """
    believed = structure.prior_moves > 0
    return float(structure.prior_moves[believed] @ np.log(moves[believed]))


def best_given(expected: Expectations, parameters: HMMParameters, structure: StageStructure) -> HMMParameters:
    r"""Parameters of largest expected log posterior density: the M step.

    Parameters
    ----------
    expected : Expectations
        What the E step found at ``parameters``.
    parameters : HMMParameters
        Where it was.
    structure : StageStructure
        What is fixed.

    Returns
    -------
    HMMParameters
        None has a lower expectation than ``parameters``.

    Notes
    -----
    The multipliers' nodes and weights depend on their shape :math:`\nu`. With :math:`Y_{sg}`, :math:`E_{sg}` and :math:`N_g` orders and
    time in stage s, and customers, with multiplier g, it maximises over :math:`\nu`

    .. math:: \max_\lambda \sum_{s,g} Y_{sg} \log(\lambda_s h_g(\nu)) - \lambda_s h_g(\nu) E_{sg} + \sum_g N_g \log \omega_g(\nu)

    in one dimension, as the rates given :math:`\nu` are known in closed form. A shape is taken where it is better than the one before.
    """
    counted = (expected.moves + structure.prior_moves) * structure.allowed
    totals = counted.sum(axis=1, keepdims=True)
    moves = np.where(totals > 0, counted / np.maximum(totals, np.finfo(np.float64).tiny), parameters.moves)
    moves = np.where(structure.allowed, np.maximum(moves, _SMALLEST_MOVE), 0.0)
    moves /= moves.sum(axis=1, keepdims=True)
    orders, by_node = expected.orders.sum(axis=1), expected.orders.sum(axis=0)

    def rates(shape: float) -> tuple[FloatArray, float]:
        grid = gamma_multipliers(shape, parameters.n_grid)
        time = expected.exposure @ grid.node
        rate = ordered_rates(orders, time, structure.decline_ratio)
        weight = np.maximum(grid.weight, np.finfo(np.float64).tiny)
        value = orders @ np.log(rate) - rate @ time + by_node @ np.log(grid.node) + expected.customers @ np.log(weight)
        return rate, float(value)

    shape = parameters.shape
    rate, value = rates(shape)
    if parameters.n_grid > 1:
        from scipy.optimize import minimize_scalar  # noqa: PLC0415

        here = np.log(shape)
        bounds = (max(here - _SHAPE_REACH, np.log(SMALLEST_SHAPE)), min(here + _SHAPE_REACH, np.log(LARGEST_SHAPE)))
        found = minimize_scalar(
            lambda point: -rates(float(np.exp(point)))[1], bounds=bounds, method="bounded", options={"xatol": _SHAPE_TOLERANCE}
        )
        other = float(np.exp(found.x))
        other_rate, other_value = rates(other)
        if other_value > value:
            shape, rate = other, other_rate
    return HMMParameters(rate, moves, shape, parameters.n_grid)


def maximise(
    histories: Histories,
    structure: StageStructure,
    first: HMMParameters,
    *,
    most_iterations: int,
    tolerance: float,
    accelerate: bool = True,
    on_iteration: Callable[[int, int], None] | None = None,
) -> HMMEstimate:
    r"""EM from one start.

    Parameters
    ----------
    histories : Histories
        Counts.
    structure : StageStructure
        What is fixed.
    first : HMMParameters
        Where it starts.
    most_iterations : int
        Passes over the data at most.
    tolerance : float
        Gain per customer of an EM step below which it ends.
    accelerate : bool, default True
        Whether to extrapolate every two steps, where that raises the objective.
    on_iteration : callable, optional
        Called with passes done and at most.

    Returns
    -------
    HMMEstimate
        The objective of each point that was kept never falls.

    Notes
    -----
    Of two steps :math:`\theta_0 \to \theta_1 \to \theta_2`, with :math:`r = \theta_1 - \theta_0` and
    :math:`v = \theta_2 - \theta_1 - r`, the extrapolation is :math:`\theta_0 - 2 a r + a^2 v` where :math:`a = -|r| / |v|`, at most -1,
    in logarithms; it is brought back into the order of the rates and kept where it is no worse than :math:`\theta_1`.

    References
    ----------
    Dempster, A. P., Laird, N. M. & Rubin, D. B. (1977). Maximum Likelihood from Incomplete Data via the EM Algorithm. Journal
    of the Royal Statistical Society B 39(1), 1-38.

    Varadhan, R. & Roland, C. (2008). Simple and Globally Convergent Methods for Accelerating the Convergence of Any EM
    Algorithm. Scandinavian Journal of Statistics 35(2), 335-353. doi:10.1111/j.1467-9469.2007.00585.x
    """
    n_customers = float(histories.weight.sum())
    n_passes = 0

    def expect(at: HMMParameters) -> tuple[Expectations, float, float]:
        nonlocal n_passes
        n_passes += 1
        found = expectations(histories, structure.start, at)
        if on_iteration is not None:
            on_iteration(n_passes, most_iterations)
        log_likelihood = float(found.log_likelihood @ histories.weight)
        return found, log_likelihood, log_likelihood + log_prior(at.moves, structure)

    here = first
    expected, log_likelihood, value = expect(here)
    path, track = [value], [here]
    converged = False
    while n_passes < most_iterations:
        before, here = value, best_given(expected, here, structure)
        expected, log_likelihood, value = expect(here)
        path.append(value)
        track.append(here)
        if value - before <= tolerance * n_customers:
            converged = True
            break
        if accelerate and len(track) == 3 and n_passes < most_iterations:
            beyond = _extrapolated(track[0], track[1], track[2], structure)
            track = []
            if beyond is not None:
                tried = expect(beyond)
                if tried[2] >= value:
                    here, (expected, log_likelihood, value) = beyond, tried
                    path.append(value)
            track = [here]
    return HMMEstimate(here, log_likelihood, np.array(path), converged)


def _extrapolated(
    zeroth: HMMParameters, first: HMMParameters, second: HMMParameters, structure: StageStructure
) -> HMMParameters | None:
    """Parameters further along the way of two EM steps; None where there is no way."""
    a, b, c = (_free(parameters, structure) for parameters in (zeroth, first, second))
    step, turn = b - a, c - 2.0 * b + a
    bend = np.linalg.norm(turn)
    length = min(-1.0, -float(np.linalg.norm(step) / bend)) if bend > 0 else -1.0
    if length == -1.0:
        return None
    point = np.clip(a - 2.0 * length * step + length**2 * turn, c - 3.0, c + 3.0)
    n_stages = structure.n_stages
    rate = _in_order(np.exp(point[:n_stages]), structure.decline_ratio)
    shape = second.shape
    if second.n_grid > 1:
        shape = float(np.clip(np.exp(point[n_stages]), SMALLEST_SHAPE, LARGEST_SHAPE))
    moves = np.zeros_like(second.moves)
    moves[structure.allowed] = np.maximum(np.exp(point[n_stages + 1 :]), _SMALLEST_MOVE)
    moves /= moves.sum(axis=1, keepdims=True)
    return replace(second, rate=rate, moves=moves, shape=shape)


def _free(parameters: HMMParameters, structure: StageStructure) -> FloatArray:
    """Logarithms of all parameters side by side."""
    shape = np.log(parameters.shape) if parameters.n_grid > 1 else 0.0
    return np.concatenate([np.log(parameters.rate), [shape], np.log(parameters.moves[structure.allowed])])


def _in_order(rate: FloatArray, decline_ratio: float | None) -> FloatArray:
    """The rates, where they are in order; else the nearest that are, as a Poisson likelihood of one period each measures it."""
    return ordered_rates(rate, np.ones_like(rate), decline_ratio)
