"""What a customer in each stage is worth, when stages follow each other by chance."""

from __future__ import annotations

import numpy as np

from crmmodels._typing import FloatArray


def stage_values(transition: FloatArray, reward: FloatArray, discount_rate: float, n_periods: int | None = None) -> FloatArray:
    r"""Expected present value of the rewards of a customer who is in each stage now.

    Parameters
    ----------
    transition : ndarray of float64, shape (..., n_stages, n_stages)
        Probabilities of moves per period; rows add up to 1.
    reward : ndarray of float64, shape (..., n_stages)
        Money of a period in each stage: margin less the cost of marketing.
    discount_rate : float
        Per period; above 0 where the horizon is infinite, above -1 otherwise.
    n_periods : int, optional
        Number of moves ahead that count; the present period counts in addition. Default: infinitely many.

    Returns
    -------
    ndarray of float64, shape (..., n_stages)
        Value of each stage in money of today.

    Notes
    -----
    .. math:: V = \left(I - \frac{P}{1 + d}\right)^{-1} R, \qquad V^T = \sum_{t=0}^{T} \left(\frac{P}{1 + d}\right)^t R

    ============== =======================
    symbol         name
    ============== =======================
    :math:`P`      ``transition``
    :math:`R`      ``reward``
    :math:`d`      ``discount_rate``
    :math:`T`      ``n_periods``
    ============== =======================

    Below infinity the sum is by steps backwards, :math:`V^{t} = R + P V^{t-1} / (1 + d)`.

    References
    ----------
    Pfeifer, P. E. & Carraway, R. L. (2000). Modeling Customer Relationships as Markov Chains. Journal of Interactive Marketing
    14(2), 43-55. doi:10.1002/(SICI)1520-6653(200021)14:2<43::AID-DIR4>3.0.CO;2-H

    Examples
    --------
    >>> stays = np.array([[0.8, 0.2], [0.0, 1.0]])
    >>> stage_values(stays, np.array([10.0, 0.0]), 0.25)
    array([27.77777778,  0.        ])
    >>> stage_values(stays, np.array([10.0, 0.0]), 0.25, n_periods=1)
    array([16.4,  0. ])
    """
    kept = transition / (1.0 + discount_rate)
    if n_periods is None:
        identity = np.eye(transition.shape[-1])
        return np.asarray(np.linalg.solve(identity - kept, reward[..., np.newaxis])[..., 0], np.float64)
    value = reward
    for _ in range(n_periods):
        value = reward + (kept @ value[..., np.newaxis])[..., 0]
    return value
