"""Customers' multipliers: a gamma distribution on a grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from crmmodels._typing import FloatArray

SMALLEST_SHAPE: Final = 0.05
LARGEST_SHAPE: Final = 1000.0
"""Shapes beyond which multipliers are all or nothing, or all alike, for any data."""


@dataclass(frozen=True, slots=True, eq=False)
class Multipliers:
    """A gamma distribution of mean 1, on a grid.

    Attributes
    ----------
    node : ndarray of float64, shape (n_grid,)
        Multipliers, ascending, above 0.
    weight : ndarray of float64, shape (n_grid,)
        Their probabilities, which add up to 1.
    """

    node: FloatArray
    weight: FloatArray


def gamma_multipliers(shape: float, n_grid: int) -> Multipliers:
    r"""Nodes and weights on which customers' multipliers are integrated out.

    Parameters
    ----------
    shape : float
        Shape :math:`\nu` of the distribution, whose mean is 1; not read where ``n_grid`` is 1.
    n_grid : int
        Number of nodes; 1 for customers without differences.

    Returns
    -------
    Multipliers
        Their mean is 1, whatever the shape.

    Notes
    -----
    The distribution is cut at its quantiles :math:`u_k = (1 - \cos(\pi k / G)) / 2`, and each part is put on its mean:

    .. math:: \omega_k = u_{k+1} - u_k, \qquad h_k = \frac{P(\nu + 1, x_{k+1}) - P(\nu + 1, x_k)}{\omega_k}

    where P is the regularised incomplete gamma function and :math:`P(\nu, x_k) = u_k`. Parts are smaller towards the tails. The nodes of
    Gauss and Laguerre are exact for polynomials instead, but the likelihood of a long history, as a function of h, is a narrow peak, of
    which they see little: of seven nodes three or four would have all the weight.

    References
    ----------
    Yang, Z. (1994). Maximum Likelihood Phylogenetic Estimation from DNA Sequences with Variable Rates over Sites: Approximate Methods.
    Journal of Molecular Evolution 39, 306-314. doi:10.1007/BF00160154
    """
    from scipy.special import gammainc, gammaincinv  # noqa: PLC0415

    if n_grid == 1:
        return Multipliers(np.ones(1), np.ones(1))
    level = 0.5 - 0.5 * np.cos(np.pi * np.arange(n_grid + 1) / n_grid)
    level[-1] = 1.0
    weight = np.diff(level)
    node = np.diff(gammainc(shape + 1.0, gammaincinv(shape, level))) / weight
    return Multipliers(np.maximum(node, np.finfo(np.float64).tiny), weight)
