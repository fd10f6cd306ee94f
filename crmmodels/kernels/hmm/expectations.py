"""Hidden Markov model of counts: likelihood, and what is expected of stages that nobody sees."""

from __future__ import annotations

from typing import Final

import numpy as np

from crmmodels._typing import AnyArray, FloatArray
from crmmodels.kernels.arrays.blocks import in_blocks
from crmmodels.kernels.hmm.emission import EmissionTable
from crmmodels.kernels.hmm.forward import LOWEST, combine, forward
from crmmodels.kernels.hmm.histories import Histories
from crmmodels.kernels.hmm.log_forward import expectations_in_logarithms
from crmmodels.kernels.hmm.parameters import Expectations, HMMParameters

_CELLS_PER_BLOCK: Final = 8192
_CELLS_KEPT: Final = 400_000
"""Histories times multipliers of a block, and the same times its periods, at most."""
_SCALES_PER_LOGARITHM: Final = 4
_SMALLEST_PRODUCT: Final = 1e-300
"""A product of scales below it makes a history one of those that are worked through in logarithms."""


def expectations(histories: Histories, start: FloatArray, parameters: HMMParameters) -> Expectations:
    r"""Likelihood of histories, and expected moves, orders and time per stage and multiplier.

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
    Expectations
        The E step of EM.

    Notes
    -----
    Given the multiplier h, forward and backward pass are those of a hidden Markov model, scaled in every period. With
    :math:`\omega_g` the weight of the node :math:`h_g` and :math:`L_{ig}` the likelihood of history i given it,

    .. math:: L_i = \sum_g \omega_g L_{ig}, \qquad P(h_g \mid y_i) = \frac{\omega_g L_{ig}}{L_i}

    Histories in which scaling might lose a stage, because the counts all but exclude every likely one, are worked through in logarithms.

    References
    ----------
    Rabiner, L. R. (1989). A Tutorial on Hidden Markov Models and Selected Applications in Speech Recognition. Proceedings of the
    IEEE 77(2), 257-286. doi:10.1109/5.18626

    Netzer, O., Lattin, J. M. & Srinivasan, V. (2008). A Hidden Markov Model of Customer Relationship Dynamics. Marketing Science
    27(2), 185-204. doi:10.1287/mksc.1070.0294
    """
    table = EmissionTable(histories, parameters)
    log_weight = np.log(np.maximum(parameters.multipliers().weight, np.finfo(np.float64).tiny))

    def work(block: slice) -> Expectations:
        rows = np.arange(block.start, block.stop)
        found, lost = _expectations_of(histories, rows, start, parameters, table=table, log_weight=log_weight)
        if lost.any():
            found, _ = _expectations_of(histories, rows[~lost], start, parameters, table=table, log_weight=log_weight)
            precise = expectations_in_logarithms(
                histories, rows[lost], start, parameters.moves, log_weight=log_weight, log_emission=table.logarithms
            )
            log_likelihood = np.empty(len(rows))
            log_likelihood[~lost], log_likelihood[lost] = found.log_likelihood, precise.log_likelihood
            return Expectations(
                log_likelihood,
                found.moves + precise.moves,
                found.orders + precise.orders,
                found.exposure + precise.exposure,
                found.customers + precise.customers,
            )
        return found

    cells = min(_CELLS_PER_BLOCK, _CELLS_KEPT // int(histories.length[0]))
    block_rows = max(16, cells // parameters.n_grid)
    parts = in_blocks(work, len(histories), block_rows)
    return Expectations(
        np.concatenate([part.log_likelihood for part in parts]),
        np.sum([part.moves for part in parts], axis=0),
        np.sum([part.orders for part in parts], axis=0),
        np.sum([part.exposure for part in parts], axis=0),
        np.sum([part.customers for part in parts], axis=0),
    )


def _expectations_of(
    histories: Histories,
    rows: AnyArray,
    start: FloatArray,
    parameters: HMMParameters,
    *,
    table: EmissionTable,
    log_weight: FloatArray,
) -> tuple[Expectations, AnyArray]:
    """Expectations of some histories, and which of them may have lost a stage; where any has, the sums are not made."""
    n_stages, n_grid = len(start), len(log_weight)
    n = len(rows)
    sums = Expectations(
        np.zeros(n),
        np.zeros((n_stages, n_stages)),
        np.zeros((n_stages, n_grid)),
        np.zeros((n_stages, n_grid)),
        np.zeros(n_grid),
    )
    if n == 0:
        return sums, np.zeros(0, np.bool_)
    log_scale, log_largest = np.zeros((n, n_grid)), np.zeros((n, n_grid))
    stages, scales = [], []
    product = np.ones((n, n_grid))
    for step in forward(histories, rows, start, parameters.moves, table):
        product[: step.n_active] *= step.scale
        log_largest[: step.n_active] += step.log_largest
        stages.append(step.stage)
        scales.append(step.scale)
        if step.period % _SCALES_PER_LOGARITHM == 0:
            log_scale += np.log(np.maximum(product, _SMALLEST_PRODUCT))
            product.fill(1.0)
    log_scale += np.log(np.maximum(product, _SMALLEST_PRODUCT))
    lost = np.asarray((log_scale < LOWEST).any(axis=1))
    if lost.any():
        return sums, lost
    joint = log_scale + log_largest + log_weight
    top = joint.max(axis=1, keepdims=True)
    posterior = np.exp(joint - top)
    total = posterior.sum(axis=1, keepdims=True)
    sums.log_likelihood[:] = (top + np.log(total))[:, 0]
    weight = histories.weight[rows]
    posterior *= (weight / total[:, 0])[:, None]
    sums.customers[:] = posterior.sum(axis=0)
    _backward(histories, rows, parameters.moves, table, stages=stages, scales=scales, posterior=posterior, sums=sums)
    return sums, lost


def _backward(
    histories: Histories,
    rows: AnyArray,
    moves: FloatArray,
    table: EmissionTable,
    *,
    stages: list[FloatArray],
    scales: list[FloatArray],
    posterior: FloatArray,
    sums: Expectations,
) -> None:
    """Add to the sums what all counts tell of each period, from the last to the first."""
    n_stages = len(moves)
    first = histories.start[rows]
    out_of = [np.flatnonzero(moves[stage] > 0).tolist() for stage in range(n_stages)]
    later = np.ones((n_stages, *posterior.shape))
    for period in reversed(range(len(stages))):
        stage, n = stages[period], stages[period].shape[1]
        symbol = histories.symbol[first[:n] + period]
        stage *= posterior[:n]
        present = stage * later[:, :n]
        seen = np.stack([histories.count[symbol], histories.exposure[symbol]])
        observed = np.matmul(seen, present)
        sums.orders[:] += observed[:, 0]
        sums.exposure[:] += observed[:, 1]
        if period == 0:
            break
        ahead = table.relative(symbol)
        ahead *= later[:, :n]
        ahead *= 1.0 / scales[period]
        before = stages[period - 1][:, :n] * posterior[:n]
        sums.moves[:] += moves * (before.reshape(n_stages, -1) @ ahead.reshape(n_stages, -1).T)
        for source, targets in enumerate(out_of):
            combine(later[source, :n], [(moves[source, target], ahead[target]) for target in targets])
