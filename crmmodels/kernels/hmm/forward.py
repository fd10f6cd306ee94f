"""Forward pass of a hidden Markov model, scaled in every period, for many histories at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from crmmodels._typing import AnyArray, FloatArray, IntArray
from crmmodels.kernels.hmm.emission import EmissionTable
from crmmodels.kernels.hmm.histories import Histories

LOWEST: Final = -650.0
"""Sum of the logarithms of scales above which no stage that matters has been lost: 1e-308 is the smallest number, and exp(-650) is 1e-282."""
_SMALLEST_SCALE: Final = 1e-300


@dataclass(frozen=True, slots=True, eq=False)
class ForwardStep:
    """Where the forward pass of some histories stands after one period.

    Attributes
    ----------
    period : int
        The period, from 0.
    n_active : int
        Histories that reach it: the first so many.
    stage : ndarray of float64, shape (n_stages, n_active, n_grid)
        Probability of each stage given the counts so far and the multiplier.
    foreseen : ndarray of float64, shape (n_stages, n_active, n_grid)
        The same before the count of this period was seen.
    scale : ndarray of float64, shape (n_active, n_grid)
        Probability of the count given those before, over the largest among the stages.
    relative : ndarray of float64, shape (n_stages, n_active, n_grid)
        Probability of the count in each stage over the largest.
    log_largest : ndarray of float64, shape (n_active, n_grid)
        Logarithm of the largest.
    """

    period: int
    n_active: int
    stage: FloatArray
    foreseen: FloatArray
    scale: FloatArray
    relative: FloatArray
    log_largest: FloatArray


def forward(
    histories: Histories, rows: AnyArray, start: FloatArray, moves: FloatArray, table: EmissionTable
) -> Iterator[ForwardStep]:
    """Probabilities of stages period by period, for some histories at once.

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
    table : EmissionTable
        Probabilities of counts.

    Yields
    ------
    ForwardStep
        One per period of the longest; its arrays are its own.

    Notes
    -----
    All sums are in the order of the stages, so that a history's numbers are the same, to the last bit, whatever other histories are in the table.
    """
    length, first = histories.length[rows], histories.start[rows]
    into = [np.flatnonzero(moves[:, stage] > 0).tolist() for stage in range(len(moves))]
    stage: FloatArray | None = None
    for period in range(int(length[0])):
        n = active(length, period)
        relative, log_largest = table.of(histories.symbol[first[:n] + period])
        foreseen = np.empty_like(relative)
        if stage is None:
            foreseen[:] = start[:, None, None]
        else:
            for target, sources in enumerate(into):
                combine(foreseen[target], [(moves[source, target], stage[source, :n]) for source in sources])
        joint = foreseen * relative
        scale = joint[0].copy()
        for one in joint[1:]:
            scale += one
        np.maximum(scale, _SMALLEST_SCALE, out=scale)
        inverse = 1.0 / scale
        joint *= inverse
        stage = joint
        yield ForwardStep(period, n, stage, foreseen, scale, relative, log_largest)


def active(length: IntArray, period: int) -> int:
    """Number of histories that reach a period.

    Parameters
    ----------
    length : ndarray of int64, shape (n,)
        Periods of each, never ascending.
    period : int
        The period, from 0.

    Returns
    -------
    int
        The first so many.
    """
    return int(np.searchsorted(-length, -period, side="left"))


def combine(out: FloatArray, parts: list[tuple[float, FloatArray]]) -> None:
    """Add up arrays with factors, in their order.

    Parameters
    ----------
    out : ndarray of float64
        Where the sum goes.
    parts : list of (float, ndarray of float64)
        Factors and arrays of the shape of ``out``; none make 0.
    """
    if not parts:
        out[:] = 0.0
        return
    (factor, array), *others = parts
    np.multiply(array, factor, out=out)
    for factor, array in others:
        out += array * factor
