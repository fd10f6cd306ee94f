"""The forward and backward pass in logarithms: slower than the scaled one, and without its limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from crmmodels._typing import AnyArray, FloatArray
from crmmodels.kernels.hmm.histories import Histories
from crmmodels.kernels.hmm.parameters import Expectations


@dataclass(frozen=True, slots=True, eq=False)
class LogStep:
    """One period of the forward pass in logarithms.

    Attributes
    ----------
    stage : ndarray of float64, shape (n_stages, n_active, n_grid)
        Logarithm of the probability of each stage given the counts so far and the multiplier.
    foreseen : ndarray of float64, shape (n_stages, n_active, n_grid)
        The same before the count of this period was seen.
    log_gain : ndarray of float64, shape (n_active, n_grid)
        Logarithm of the probability of the count given those before and the multiplier.
    """

    stage: FloatArray
    foreseen: FloatArray
    log_gain: FloatArray


def log_forward(
    histories: Histories,
    rows: AnyArray,
    start: FloatArray,
    moves: FloatArray,
    log_emission: Callable[[AnyArray], FloatArray],
) -> list[LogStep]:
    """Forward pass of some histories in logarithms.

    Parameters
    ----------
    histories : Histories
        All histories.
    rows : ndarray of int64, shape (n,)
        Which of them, ascending.
    start : ndarray of float64, shape (n_stages,)
        Probabilities of the first stage.
    moves : ndarray of float64, shape (n_stages, n_stages)
        Probabilities of moves.
    log_emission : callable
        From symbols of shape (m,) to logarithms of shape (n_stages, m, n_grid).

    Returns
    -------
    list of LogStep
        One per period.
    """
    length, first = histories.length[rows], histories.start[rows]
    log_moves = _log(moves)[:, :, None, None]
    steps: list[LogStep] = []
    for period in range(int(length[0])):
        n = int(np.searchsorted(-length, -period, side="left"))
        seen = log_emission(histories.symbol[first[:n] + period])
        if steps:
            foreseen = _log_sum(steps[-1].stage[:, None, :n] + log_moves, axis=0)
        else:
            foreseen = np.broadcast_to(_log(start)[:, None, None], seen.shape)
        joint = foreseen + seen
        log_gain = _log_sum(joint, axis=0)
        steps.append(LogStep(joint - log_gain, foreseen, log_gain))
    return steps


def expectations_in_logarithms(
    histories: Histories,
    rows: AnyArray,
    start: FloatArray,
    moves: FloatArray,
    *,
    log_weight: FloatArray,
    log_emission: Callable[[AnyArray], FloatArray],
) -> Expectations:
    """Likelihood and expectations of some histories, whatever their counts.

    Parameters
    ----------
    histories : Histories
        All histories.
    rows : ndarray of int64, shape (n,)
        Which of them, ascending.
    start : ndarray of float64, shape (n_stages,)
        Probabilities of the first stage.
    moves : ndarray of float64, shape (n_stages, n_stages)
        Probabilities of moves.
    log_weight : ndarray of float64, shape (n_grid,)
        Logarithms of the probabilities of the multipliers.
    log_emission : callable
        From symbols of shape (m,) to logarithms of shape (n_stages, m, n_grid).

    Returns
    -------
    Expectations
        Summed over customers.
    """
    steps = log_forward(histories, rows, start, moves, log_emission)
    joint = np.tile(log_weight, (len(rows), 1))
    for step in steps:
        joint[: step.log_gain.shape[0]] += step.log_gain
    log_likelihood = _log_sum(joint, axis=1)
    weight = histories.weight[rows]
    log_moves, first = _log(moves)[:, :, None, None], histories.start[rows]
    n_stages, n_grid = len(start), len(log_weight)
    log_share = joint - log_likelihood[:, None] + np.log(weight)[:, None]
    orders, exposure, moved = np.zeros((n_stages, n_grid)), np.zeros((n_stages, n_grid)), np.zeros((n_stages, n_stages))
    later = np.zeros((n_stages, len(rows), n_grid))
    for period in reversed(range(len(steps))):
        n = steps[period].stage.shape[1]
        symbol = histories.symbol[first[:n] + period]
        present = np.exp(steps[period].stage + later[:, :n] + log_share[:n])
        orders += np.einsum("sng,n->sg", present, histories.count[symbol])
        exposure += np.einsum("sng,n->sg", present, histories.exposure[symbol])
        if period == 0:
            break
        ahead = log_emission(symbol) + later[:, :n] - steps[period].log_gain
        before = steps[period - 1].stage[:, None, :n]
        moved += np.exp(before + log_moves + ahead + log_share[:n]).sum(axis=(2, 3))
        later[:, :n] = _log_sum(log_moves + ahead, axis=1)
    customers = np.exp(log_share).sum(axis=0)
    return Expectations(log_likelihood, moved, orders, exposure, customers)


def _log(probability: FloatArray) -> FloatArray:
    return np.log(probability, out=np.full(probability.shape, -np.inf), where=probability > 0)


def _log_sum(values: FloatArray, axis: int) -> FloatArray:
    top = values.max(axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    summed = np.exp(values - top).sum(axis=axis)
    total: FloatArray = _log(summed) + np.squeeze(top, axis=axis)
    return total
