"""Stages given the counts up to a period, never later ones, and what they say of the periods ahead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from crmmodels._typing import AnyArray, FloatArray, IntArray
from crmmodels.kernels.arrays.blocks import in_blocks
from crmmodels.kernels.hmm.emission import EmissionTable
from crmmodels.kernels.hmm.forward import LOWEST, active, forward
from crmmodels.kernels.hmm.histories import Histories, totals
from crmmodels.kernels.hmm.log_forward import log_forward
from crmmodels.kernels.hmm.parameters import HMMParameters

LONGEST_GAP: Final = 120.0
"""Periods beyond which a customer's gap between orders is not looked ahead."""
_CELLS_PER_BLOCK: Final = 4096
_TINY: Final = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True, slots=True, eq=False)
class FilteredStages:
    """Where customers stand at the end of their histories.

    Attributes
    ----------
    probability : ndarray of float64, shape (n_histories, n_stages)
        Of each stage; rows add up to 1.
    expected_rate : ndarray of float64, shape (n_histories,)
        Orders per period at present.
    periods_in_stage : ndarray of float64, shape (n_histories,)
        Expected periods, the last included, since the most probable stage was entered, if the customer is in it.
    no_order : ndarray of float64, shape (n_histories,)
        Probability of no order within the horizon.
    expected_gap : ndarray of float64, shape (n_histories,)
        Periods between orders that the customer's own history and those of others let expect.
    no_order_in_gap : ndarray of float64, shape (n_histories,)
        Probability of no order within that gap.
    """

    probability: FloatArray
    expected_rate: FloatArray
    periods_in_stage: FloatArray
    no_order: FloatArray
    expected_gap: FloatArray
    no_order_in_gap: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    period: int
    n_active: int
    stage: FloatArray
    foreseen: FloatArray
    log_gain: FloatArray


def expected_gaps(orders: FloatArray, time: FloatArray, shape: float, mean_rate: float) -> FloatArray:
    r"""Periods between orders that a customer's own history lets expect: an individual clock.

    Parameters
    ----------
    orders, time : ndarray of float64, shape (n,)
        Orders, and periods observed, 0 or more.
    shape : float
        Shape of the gamma distribution of customers' rates; infinite where they are alike.
    mean_rate : float
        Mean of that distribution, orders per period.

    Returns
    -------
    ndarray of float64, shape (n,)
        Periods, at most `LONGEST_GAP`.

    Notes
    -----
    With :math:`\lambda \sim \Gamma(r, \alpha)` and x orders in the time T it is

    .. math:: E(1 / \lambda \mid x, T) = \frac{\alpha + T}{r + x - 1}

    and, without any order, where that need not exist, :math:`1 / E(\lambda \mid x, T)`. It is never the mean of a few gaps, which
    three orders would leave to chance.

    References
    ----------
    Ehrenberg, A. S. C. (1959). The Pattern of Consumer Purchases. Applied Statistics 8(1), 26-41. doi:10.2307/2985810
    """
    if np.isinf(shape):
        return np.full(len(orders), min(1.0 / mean_rate, LONGEST_GAP))
    counted = shape + orders - (orders > 0)
    return np.minimum((shape / mean_rate + time) / counted, LONGEST_GAP)


def silence(parameters: HMMParameters, n_periods: int) -> FloatArray:
    r"""Probability of no order in the next periods, by stage now and multiplier.

    Parameters
    ----------
    parameters : HMMParameters
        The model.
    n_periods : int
        Periods ahead, at most.

    Returns
    -------
    ndarray of float64, shape (n_periods + 1, n_stages, n_grid)
        From none ahead, where it is 1.

    Notes
    -----
    .. math:: v_0 = 1, \qquad v_k(s) = \sum_r P_{sr} \, e^{-h \lambda_r} \, v_{k-1}(r)
    """
    none = np.exp(-parameters.rate[:, None] * parameters.multipliers().node)
    found = np.ones((n_periods + 1, *none.shape))
    for period in range(n_periods):
        found[period + 1] = parameters.moves @ (none * found[period])
    return found


def filtered_stages(
    histories: Histories, start: FloatArray, parameters: HMMParameters, horizon: int, mean_rate: float
) -> FilteredStages:
    """Stage probabilities at the end of each history, and what follows from them.

    Parameters
    ----------
    histories : Histories
        Counts.
    start : ndarray of float64, shape (n_stages,)
        Probabilities of the first stage.
    parameters : HMMParameters
        The model.
    horizon : int
        Periods ahead for ``no_order``.
    mean_rate : float
        Orders per period over all customers of the reference population.

    Returns
    -------
    FilteredStages
        One row per history.

    Notes
    -----
    Between whole periods the logarithm of the probability of no order is linear, as it is at a constant rate.
    """
    table = EmissionTable(histories, parameters)
    grid = parameters.multipliers()
    sums = totals(histories)
    gap = expected_gaps(sums.count, sums.exposure, parameters.shape, mean_rate)
    none_ahead = silence(parameters, max(horizon, int(np.ceil(gap.max()))))
    speed = parameters.rate[:, None] * grid.node

    def work(block: slice) -> list[FloatArray]:
        rows = np.arange(block.start, block.stop)
        joint, duration = _ends(histories, rows, start, parameters, table)
        probability = joint.sum(axis=2)
        most = probability.argmax(axis=0)
        each = np.arange(len(rows))
        in_stage = (joint[most, each] * duration[most, each]).sum(axis=1) / probability[most, each]
        whole = np.floor(gap[rows]).astype(np.int64)
        part = gap[rows] - whole
        ahead = np.minimum(whole + 1, len(none_ahead) - 1)
        before, after = (_mean(joint, none_ahead[at].transpose(1, 0, 2)) for at in (whole, ahead))
        in_gap = before ** (1.0 - part) * after**part
        numbers = [_mean(joint, speed[:, None]), in_stage, _mean(joint, none_ahead[horizon][:, None]), in_gap]
        return [probability.T, *numbers]

    parts = in_blocks(work, len(histories), max(16, _CELLS_PER_BLOCK // parameters.n_grid))
    probability, rate, in_stage, no_order, in_gap = (np.concatenate(column) for column in zip(*parts, strict=True))
    return FilteredStages(probability, rate, in_stage, np.minimum(no_order, 1.0), gap, np.minimum(in_gap, 1.0))


def filtered_paths(histories: Histories, start: FloatArray, parameters: HMMParameters) -> FloatArray:
    """Stage probabilities in every period, given the counts up to it.

    Parameters
    ----------
    histories : Histories
        Counts.
    start : ndarray of float64, shape (n_stages,)
        Probabilities of the first stage.
    parameters : HMMParameters
        The model.

    Returns
    -------
    ndarray of float64, shape (n_cells, n_stages)
        One row per period of each history, in the order of ``histories.symbol``.
    """
    table = EmissionTable(histories, parameters)
    found = np.empty((len(histories.symbol), len(start)))

    def work(block: slice) -> None:
        rows = np.arange(block.start, block.stop)
        lost = _lost(histories, rows, start, parameters, table)
        for some, in_logarithms in ((rows[~lost], False), (rows[lost], True)):
            log_joint = np.tile(_log_weight(parameters), (len(some), 1))
            for step in _steps(histories, some, start, parameters, table, in_logarithms=in_logarithms):
                log_joint[: step.n_active] += step.log_gain
                posterior = _normalised(log_joint[: step.n_active])
                found[histories.start[some[: step.n_active]] + step.period] = (step.stage * posterior).sum(axis=2).T

    in_blocks(work, len(histories), max(16, _CELLS_PER_BLOCK // parameters.n_grid))
    return found


def _ends(
    histories: Histories, rows: IntArray, start: FloatArray, parameters: HMMParameters, table: EmissionTable
) -> tuple[FloatArray, FloatArray]:
    """Joint probability of stage and multiplier at the end, and expected time in the stage, of shape (n_stages, n, n_grid)."""
    shape = (len(start), len(rows), parameters.n_grid)
    joint, duration = np.empty(shape), np.empty(shape)
    waiting = np.arange(len(rows))
    for in_logarithms in (False, True):
        if not len(waiting):
            break
        log_joint = np.tile(_log_weight(parameters), (len(waiting), 1))
        log_scale = np.zeros_like(log_joint)
        ended, time = np.empty((shape[0], *log_joint.shape)), np.ones((shape[0], *log_joint.shape))
        length, stay = histories.length[rows[waiting]], np.diag(parameters.moves)[:, None, None]
        before: FloatArray | None = None
        for step in _steps(histories, rows[waiting], start, parameters, table, in_logarithms=in_logarithms, scale=log_scale):
            n = step.n_active
            log_joint[:n] += step.log_gain
            if before is not None:
                stayed = before[:, :n] * stay
                stayed /= np.maximum(step.foreseen, _TINY)
                stayed *= time[:, :n]
                np.add(stayed, 1.0, out=time[:, :n])
            done = active(length, step.period + 1)
            ended[:, done:n] = step.stage[:, done:n]
            before = step.stage
        kept = np.ones(len(waiting), np.bool_) if in_logarithms else ~(log_scale < LOWEST).any(axis=1)
        joint[:, waiting[kept]] = ended[:, kept] * _normalised(log_joint[kept])
        duration[:, waiting[kept]] = time[:, kept]
        waiting = waiting[~kept]
    return joint, duration


def _steps(
    histories: Histories,
    rows: IntArray,
    start: FloatArray,
    parameters: HMMParameters,
    table: EmissionTable,
    *,
    in_logarithms: bool,
    scale: FloatArray | None = None,
) -> Iterator[_Step]:
    """Forward pass of either kind; the logarithms of its scales are added up where asked for."""
    if not len(rows):
        return
    if in_logarithms:
        for period, log_step in enumerate(log_forward(histories, rows, start, parameters.moves, table.logarithms)):
            yield _Step(period, log_step.stage.shape[1], np.exp(log_step.stage), np.exp(log_step.foreseen), log_step.log_gain)
        return
    for step in forward(histories, rows, start, parameters.moves, table):
        log_gain = np.log(step.scale)
        if scale is not None:
            scale[: step.n_active] += log_gain
        log_gain += step.log_largest
        yield _Step(step.period, step.n_active, step.stage, step.foreseen, log_gain)


def _lost(histories: Histories, rows: IntArray, start: FloatArray, parameters: HMMParameters, table: EmissionTable) -> AnyArray:
    """Histories in which scaling might lose a stage."""
    log_scale = np.zeros((len(rows), parameters.n_grid))
    _exhaust(_steps(histories, rows, start, parameters, table, in_logarithms=False, scale=log_scale))
    return np.asarray((log_scale < LOWEST).any(axis=1))


def _exhaust(steps: Iterable[object]) -> None:
    for _ in steps:
        pass


def _mean(joint: FloatArray, values: FloatArray) -> FloatArray:
    """Mean over stages and multipliers, stage after stage."""
    total = (joint[0] * values[0]).sum(axis=1)
    for one, value in zip(joint[1:], values[1:], strict=True):
        total += (one * value).sum(axis=1)
    return np.asarray(total)


def _normalised(log_joint: FloatArray) -> FloatArray:
    share = np.exp(log_joint - log_joint.max(axis=1, keepdims=True))
    share /= share.sum(axis=1, keepdims=True)
    return np.asarray(share)


def _log_weight(parameters: HMMParameters) -> FloatArray:
    return np.log(np.maximum(parameters.multipliers().weight, _TINY))
