"""Where EM starts, several times, and which start it keeps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from crmmodels._typing import FloatArray
from crmmodels.kernels.hmm.em import HMMEstimate, maximise
from crmmodels.kernels.hmm.histories import Histories
from crmmodels.kernels.hmm.parameters import HMMParameters
from crmmodels.kernels.hmm.rates import ordered_rates
from crmmodels.kernels.hmm.structure import StageStructure

_SAMPLE: Final = 3_000
"""Histories on which the starts are tried, where there are more."""
_TRIAL_ITERATIONS: Final = 40
_FIRST_SHAPE: Final = 2.0
_SPREADS: Final = ((0.4, 2.0), (0.25, 6.0))
"""Rates of the first and the last rising stage over the mean, near and wide by turns."""


def fit_hmm(
    histories: Histories,
    structure: StageStructure,
    n_grid: int,
    *,
    n_starts: int = 6,
    seed: int = 0,
    most_iterations: int = 500,
    tolerance: float = 1e-7,
    on_iteration: Callable[[int, int], None] | None = None,
    on_start: Callable[[int, int], None] | None = None,
) -> HMMEstimate:
    """Parameters of largest posterior density that EM finds from several starts.

    Parameters
    ----------
    histories : Histories
        Counts.
    structure : StageStructure
        What is fixed.
    n_grid : int
        Nodes of the customers' multipliers; 1 for customers without differences.
    n_starts : int, default 6
        Starts. They are tried on a part of the histories where there are many, and the best is taken to the end.
    seed : int, default 0
        Seed of the starts.
    most_iterations : int, default 500
        Passes over the data at most.
    tolerance : float, default 1e-7
        Gain per customer of an EM step below which it ends.
    on_iteration : callable, optional
        Called with passes done and at most, once the best start is known.
    on_start : callable, optional
        Called with passes done and at most while the starts are tried.

    Returns
    -------
    HMMEstimate
        The best.
    """
    rng = np.random.default_rng(seed)
    sample = _sampled(histories)
    starts = [_drawn(histories, structure, n_grid, number, rng) for number in range(n_starts)]
    tried = [
        maximise(
            sample,
            structure,
            start,
            most_iterations=_TRIAL_ITERATIONS,
            tolerance=100.0 * tolerance,
            on_iteration=_after(number * _TRIAL_ITERATIONS, n_starts * _TRIAL_ITERATIONS, on_start),
        )
        for number, start in enumerate(starts)
    ]
    best = max(tried, key=lambda trial: float(trial.objective[-1]))
    return maximise(
        histories, structure, best.parameters, most_iterations=most_iterations, tolerance=tolerance, on_iteration=on_iteration
    )


def _after(before: int, total: int, told: Callable[[int, int], None] | None) -> Callable[[int, int], None] | None:
    """What to tell of the passes of one start after those before it."""
    return None if told is None else lambda done, _: told(before + done, total)


def _sampled(histories: Histories) -> Histories:
    """Some of the histories, evenly over their order."""
    n = len(histories)
    if n <= _SAMPLE:
        return histories
    chosen = np.arange(_SAMPLE) * n // _SAMPLE
    return replace(histories, start=histories.start[chosen], length=histories.length[chosen], weight=histories.weight[chosen])


def _drawn(
    histories: Histories, structure: StageStructure, n_grid: int, number: int, rng: np.random.Generator
) -> HMMParameters:
    """A start: rates spread around the mean, moves as believed; the first two without chance."""
    n_stages = structure.n_stages
    mean = _mean_rate(histories)
    spread = np.geomspace(*_SPREADS[number % len(_SPREADS)], n_stages - 1) if n_stages > 2 else np.array([1.5])
    rate = mean * np.append(spread, 0.2)
    believed = structure.prior_moves + structure.allowed * 1.0
    shape = _FIRST_SHAPE
    if number >= len(_SPREADS):
        rate = rate * np.exp(rng.normal(0.0, 0.6, n_stages))
        believed = believed * rng.gamma(2.0, 0.5, believed.shape)
        shape *= float(np.exp(rng.normal(0.0, 0.7)))
    rate = ordered_rates(rate, np.ones(n_stages), structure.decline_ratio)
    moves = believed / believed.sum(axis=1, keepdims=True)
    return HMMParameters(rate, moves, shape if n_grid > 1 else np.inf, n_grid)


def _mean_rate(histories: Histories) -> float:
    """Orders per period."""
    cell_weight: FloatArray = np.repeat(histories.weight, histories.length)
    orders = float(cell_weight @ histories.count[histories.symbol])
    time = float(cell_weight @ histories.exposure[histories.symbol])
    return max(orders / time, np.finfo(np.float64).tiny)
