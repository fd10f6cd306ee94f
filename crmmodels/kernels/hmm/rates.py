"""Order rates of stages whose order is given, of largest likelihood."""

from __future__ import annotations

from typing import Final

import numpy as np

from crmmodels._typing import FloatArray
from crmmodels.kernels.hmm.structure import LEAST_RISE

_SMALLEST_RATE: Final = 1e-8
"""A rate below which nobody is seen to order, for any history; 0 has no logarithm."""


def ordered_rates(orders: FloatArray, exposure: FloatArray, decline_ratio: float | None) -> FloatArray:
    r"""Rates of largest Poisson likelihood among those in the order of a lifecycle.

    Parameters
    ----------
    orders, exposure : ndarray of float64, shape (n_stages,)
        Expected orders and time in each stage, 0 or more.
    decline_ratio : float or None
        Largest rate of the last stage over that of the one before it; the others rise by `LEAST_RISE` at least from each to the next.
        None for rates without order.

    Returns
    -------
    ndarray of float64, shape (n_stages,)
        Rates, above 0.

    Notes
    -----
    It maximises :math:`\sum_s Y_s \log \lambda_s - E_s \lambda_s` exactly. With :math:`\mu_s = \lambda_s / \rho^s` the rising
    stages are an isotonic regression, which pooling adjacent violators solves; a group that is pooled has the ratio of its sums. Where decline
    meets its bound without being told to, that is the solution; otherwise, the problem being concave, decline lies on its bound
    and is one with the stage before it.

    References
    ----------
    Robertson, T., Wright, F. T. & Dykstra, R. L. (1988). Order Restricted Statistical Inference. Wiley, sections 1.2 and 1.5.
    """
    if decline_ratio is None:
        return np.maximum(orders / np.maximum(exposure, np.finfo(np.float64).tiny), _SMALLEST_RATE)
    rise = LEAST_RISE ** np.arange(len(orders) - 1)
    smallest = _SMALLEST_RATE / decline_ratio
    rising = np.maximum(_pooled(orders[:-1], exposure[:-1] * rise), smallest) * rise
    free = max(orders[-1] / max(exposure[-1], np.finfo(np.float64).tiny), _SMALLEST_RATE)
    if free <= decline_ratio * rising[-1]:
        return np.append(rising, free)
    joint_orders, joint_exposure = orders[:-1].copy(), exposure[:-1].copy()
    joint_orders[-1] += orders[-1]
    joint_exposure[-1] += decline_ratio * exposure[-1]
    rising = np.maximum(_pooled(joint_orders, joint_exposure * rise), smallest) * rise
    return np.append(rising, decline_ratio * rising[-1])


def _pooled(orders: FloatArray, exposure: FloatArray) -> FloatArray:
    """Ratios of sums that never fall, by pooling adjacent violators."""
    groups: list[tuple[float, float, int]] = []
    for own_orders, own_exposure in zip(orders.tolist(), exposure.tolist(), strict=True):
        group = (own_orders, own_exposure, 1)
        while groups and groups[-1][0] * group[1] >= group[0] * groups[-1][1]:
            last = groups.pop()
            group = (last[0] + group[0], last[1] + group[1], last[2] + group[2])
        groups.append(group)
    tiny = np.finfo(np.float64).tiny
    return np.concatenate([np.full(n, total / max(time, tiny)) for total, time, n in groups])
