"""Gauss-Jordan sweeps of many small symmetric matrices at once: inverses, regressions and residual variances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crmmodels._typing import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """Matrices swept on their first rows.

    Attributes
    ----------
    inverse : ndarray of float64, shape (n_swept, n_swept, n_matrices)
        Inverse of the swept part.
    coefficients : ndarray of float64, shape (n_swept, n_rest, n_matrices)
        Of the regressions of the rest on the swept.
    residual : ndarray of float64, shape (n_rest, n_rest, n_matrices)
        Covariance that these regressions leave.
    least_pivot : ndarray of float64, shape (n_matrices,)
        Smallest share of its variance that a swept variable keeps, given the variables swept before it: 0 for collinear ones.
    """

    inverse: FloatArray
    coefficients: FloatArray
    residual: FloatArray
    least_pivot: FloatArray


def swept(matrices: FloatArray, n_swept: int) -> Sweep:
    r"""Sweep the first variables of covariance matrices, all matrices in step.

    Parameters
    ----------
    matrices : ndarray of float64, shape (n, n, n_matrices)
        Symmetric, one matrix along the first two axes; the last axis runs over matrices, so that every step is one operation on long
        arrays. Not changed.
    n_swept : int
        Leading variables to sweep, from 0 to n.

    Returns
    -------
    Sweep
        Infinite or NaN where the swept variables are exactly collinear.

    Notes
    -----
    .. math:: (A, B; B', D) \to (A^{-1}, A^{-1} B; -B' A^{-1}, D - B' A^{-1} B)

    Without exchange of rows, which covariance matrices do not need.

    References
    ----------
    Goodnight, J. H. (1979). A Tutorial on the SWEEP Operator. The American Statistician 33, 149-158. doi:10.1080/00031305.1979.10482685

    Examples
    --------
    >>> found = swept(np.array([[1.0, 0.5, 0.6], [0.5, 1.0, 0.3], [0.6, 0.3, 1.0]])[..., np.newaxis], 2)
    >>> found.coefficients[:, 0, 0], found.residual[0, 0].round(4)
    (array([0.6, 0. ]), array([0.64]))
    """
    table = matrices.copy()
    least = np.ones(matrices.shape[2])
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for pivot in range(n_swept):
            value = table[pivot, pivot].copy()
            np.fmin(least, value / matrices[pivot, pivot], out=least)
            column = table[:, pivot].copy()
            row = table[pivot] / value
            table -= column[:, np.newaxis] * row
            table[pivot] = row
            table[:, pivot] = column / -value
            table[pivot, pivot] = 1.0 / value
    return Sweep(table[:n_swept, :n_swept], table[:n_swept, n_swept:], table[n_swept:, n_swept:], least)
