"""Score test of Pareto/NBD against the NBD model: whether a little dropout raises the likelihood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from crmmodels._typing import FloatArray
from crmmodels.kernels.arrays.blocks import in_blocks
from crmmodels.kernels.purchase.histories import PurchaseTable
from crmmodels.kernels.purchase.pareto_nbd.quadrature import gauss_legendre

_N_NODES: Final = (6, 10, 16, 24, 36, 48, 72)
"""Orders of Gauss-Legendre rules to choose from."""
_BLOCK_ROWS: Final = 8192
_BLOCK_VALUES: Final = 8192
"""Values at nodes that are worked on at a time; half a dozen such arrays fit in a processor's cache."""
_DECAY: Final = 30.0
"""Where the integrand has fallen by e^-30, the integral ends."""
_HIGHEST: Final = 300.0
"""Largest exponent, whose square is a number still."""


@dataclass(frozen=True, slots=True, eq=False)
class DropoutScore:
    """Score of the dropout shape s at 0, for several dropout scales.

    Attributes
    ----------
    slope : ndarray of float64, shape (n_betas,)
        Derivative of the log-likelihood by s at s = 0, where the model is the NBD model.
    information : ndarray of float64, shape (n_betas,)
        Sum of the squares of the customers' derivatives, which is minus the second derivative, but for chance.
    """

    slope: FloatArray
    information: FloatArray

    @property
    def best(self) -> FloatArray:
        """The s at which the likelihood is largest, but for chance and to the second order; below 0 where it falls from 0 on."""
        s: FloatArray = self.slope / self.information
        return s

    @property
    def gain(self) -> FloatArray:
        """Log-likelihood that this s gains: half the score statistic; 0 where the likelihood falls."""
        gain: FloatArray = 0.5 * np.maximum(self.slope, 0.0) * self.best
        return gain


def dropout_score(r: float, alpha: float, betas: FloatArray, table: PurchaseTable) -> DropoutScore:
    r"""Whether the likelihood rises from no dropout to that of a few customers, at each of several dropout scales.

    Parameters
    ----------
    r, alpha : float
        Parameters of the NBD model.
    betas : ndarray of float64, shape (n_betas,)
        Scales of the dropout rates, in the unit of the ages.
    table : PurchaseTable
        Distinct customers and their weights.

    Returns
    -------
    DropoutScore
        Slopes to about 1e-11 of the integrals that they consist of.

    Notes
    -----
    With n = r + x, the derivative of the logarithm of the likelihood of a customer by s at s = 0 is

    .. math:: \int_{t_x}^T \left(\frac{\alpha + T}{\alpha + u}\right)^n \frac{du}{\beta + u} - \log\left(1 + \frac{T}{\beta}\right)

    by Gauss-Legendre quadrature on ``v = log(1 + (u - t_x) / (c + t_x))``, where c is the smallest of alpha and all beta, so that the
    scales share their nodes.

    References
    ----------
    Rao, C. R. (1948). Large sample tests of statistical hypotheses concerning several parameters with applications to problems of
    estimation. Mathematical Proceedings of the Cambridge Philosophical Society 44(1), 50-57. doi:10.1017/S0305004100023987
    """
    x, t_x, age, weight = table.frequency, table.age_at_last, table.age, table.weight

    def sums(rows: slice) -> FloatArray:
        with np.errstate(all="ignore"):
            slopes = _integrals(r + x[rows], alpha, betas, t_x[rows], age[rows]) - np.log1p(age[rows] / betas[:, None])
        both = np.stack([slopes, slopes * slopes])
        total: FloatArray = np.einsum("ijk,k->ij", both, weight[rows])
        return total

    slope, information = np.sum(in_blocks(sums, len(x), _BLOCK_ROWS), axis=0)
    return DropoutScore(slope, information)


def _integrals(n: FloatArray, alpha: float, betas: FloatArray, t_x: FloatArray, age: FloatArray) -> FloatArray:
    """The integrals, of shape (n_betas, n_rows)."""
    silent, near = age - t_x, min(alpha, float(betas.min())) + t_x
    growth = np.exp(np.minimum(n * np.log1p(silent / (alpha + t_x)), _HIGHEST))
    # The power falls as exp(-n w / (alpha + t_x)) or slower, and the rest of the integrand falls, too.
    end = np.minimum((alpha + t_x) * np.expm1(_DECAY / n), silent)
    interval, decay = np.log1p(end / near), n * np.log1p(end / (alpha + t_x))
    rule = np.searchsorted(_N_NODES[:-1], 5.0 + 1.6 * np.sqrt(decay) + 2.0 * interval)
    result = np.empty((len(betas), len(n)))
    for number, n_nodes in enumerate(_N_NODES):
        rows = np.flatnonzero(rule == number)
        nodes, weights = gauss_legendre(n_nodes)
        size = max(1, _BLOCK_VALUES // n_nodes)
        for first in range(0, len(rows), size):
            block = rows[first : first + size]
            shape, at, extent, scale = (values[block, None] for values in (n, t_x, interval, near))
            w = scale * np.expm1(extent * nodes)
            density = np.exp(-shape * np.log1p(w / (alpha + at)))
            density *= (scale + w) * extent * weights
            u = w + at
            for i, beta in enumerate(betas.tolist()):
                result[i, block] = np.einsum("ij,ij->i", density, 1.0 / (beta + u))
    result *= growth
    return result
