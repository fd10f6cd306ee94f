"""The inner model of a path design: regressions among constructs, total effects, and what measurement error takes from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crmmodels._typing import FloatArray
from crmmodels.kernels.arrays.sweeping import swept
from crmmodels.kernels.pls.design import PathDesign


@dataclass(frozen=True, slots=True, eq=False)
class PathEstimates:
    """Regressions of constructs on those that explain them.

    Attributes
    ----------
    coefficients : ndarray of float64, shape (..., n_constructs, n_constructs)
        Path from i to k at (i, k), standardised; 0 where there is none.
    r_squared : ndarray of float64, shape (..., n_constructs)
        Share of a construct's variance explained; NaN for constructs that nothing explains.
    total_effects : ndarray of float64, shape (..., n_constructs, n_constructs)
        Of i on k at (i, k), along all paths.
    f_squared : ndarray of float64, shape (..., n_constructs, n_constructs)
        What leaving out i would take from the explained variance of k, by the variance left; NaN where there is no path.
    vif : ndarray of float64, shape (..., n_constructs, n_constructs)
        Variance inflation of i among the constructs that explain k; NaN where there is no path.
    """

    coefficients: FloatArray
    r_squared: FloatArray
    total_effects: FloatArray
    f_squared: FloatArray
    vif: FloatArray


def path_coefficients(design: PathDesign, construct_correlation: FloatArray) -> PathEstimates:
    r"""Regressions among constructs, from their correlations.

    Parameters
    ----------
    design : PathDesign
        Of which the graph is used.
    construct_correlation : ndarray of float64, shape (..., n_constructs, n_constructs)
        Correlations of constructs, corrected for measurement error or not.

    Returns
    -------
    PathEstimates
        With the leading axes of the correlations.

    Notes
    -----
    With :math:`P` the constructs that explain :math:`k`,

    .. math:: b = R_{PP}^{-1} r_{Pk}, \quad R^2 = b' r_{Pk}, \quad f_i^2 = \frac{b_i^2}{(R_{PP}^{-1})_{ii} (1 - R^2)}, \quad
        VIF_i = (R_{PP}^{-1})_{ii}

    The form of f² equals (R² − R² without i) / (1 − R²) and needs no second regression.

    References
    ----------
    Cohen, J. (1988). Statistical Power Analysis for the Behavioral Sciences, 2nd ed. Erlbaum, chapter 9.

    Examples
    --------
    >>> paths = np.array([[0, 1, 1], [0, 0, 1], [0, 0, 0]], bool)
    >>> design = PathDesign(tuple(np.array([i]) for i in range(3)), paths, ("A",) * 3, "path", 3)
    >>> found = path_coefficients(design, np.array([[1.0, 0.5, 0.6], [0.5, 1.0, 0.6], [0.6, 0.6, 1.0]]))
    >>> found.coefficients[:, 2].round(4), found.r_squared[2].round(4), found.total_effects[0, 2].round(4)
    (array([0.4, 0.4, 0. ]), np.float64(0.48), np.float64(0.6))
    """
    lead, n_constructs = construct_correlation.shape[:-2], design.n_constructs
    flat = construct_correlation.reshape(-1, n_constructs, n_constructs)
    correlation = np.ascontiguousarray(flat.transpose(1, 2, 0))
    coefficients = np.zeros_like(correlation)
    total = np.zeros_like(correlation)
    f_squared = np.full_like(correlation, np.nan)
    vif = np.full_like(correlation, np.nan)
    r_squared = np.full((n_constructs, len(flat)), np.nan)
    for construct in design.order:
        before = design.predecessors(construct)
        if len(before) == 0:
            continue
        group = np.append(before, construct)
        found = swept(correlation[np.ix_(group, group)], len(before))
        slope, left = found.coefficients[:, 0], found.residual[0, 0]
        inflation = np.einsum("iib->ib", found.inverse)
        coefficients[before, construct] = slope
        r_squared[construct] = (slope * correlation[before, construct]).sum(axis=0)
        vif[before, construct] = inflation
        with np.errstate(divide="ignore", invalid="ignore"):
            f_squared[before, construct] = slope**2 / (inflation * left)
        total[before, construct] = slope
        total[:, construct] += np.einsum("ipb,pb->ib", total[:, before], slope)

    def leading(values: FloatArray) -> FloatArray:
        return np.ascontiguousarray(np.moveaxis(values, -1, 0)).reshape(*lead, *values.shape[:-1])

    return PathEstimates(leading(coefficients), leading(r_squared), leading(total), leading(f_squared), leading(vif))


def adjusted_r_squared(design: PathDesign, r_squared: FloatArray, n_observations: float | FloatArray) -> FloatArray:
    r"""Share of variance explained, less what as many unrelated constructs would seem to explain.

    Parameters
    ----------
    design : PathDesign
        Of which the graph is used.
    r_squared : ndarray of float64, shape (..., n_constructs)
        Of `path_coefficients`.
    n_observations : float or ndarray of float64, shape (...)
        Respondents.

    Returns
    -------
    ndarray of float64, shape (..., n_constructs)
        NaN for constructs that nothing explains, and where respondents do not outnumber coefficients.

    Notes
    -----
    .. math:: 1 - (1 - R^2) \frac{n - 1}{n - m - 1}

    References
    ----------
    Theil, H. (1961). Economic Forecasts and Policy, 2nd ed. North-Holland, p. 213.
    """
    count = np.asarray(n_observations, np.float64)[..., np.newaxis]
    freedom = count - design.paths.sum(axis=0) - 1.0
    room = np.where(freedom > 0, freedom, np.nan)
    adjusted: FloatArray = 1.0 - (1.0 - r_squared) * (count - 1.0) / room
    return adjusted


def consistent_correlation(construct_correlation: FloatArray, rho_a: FloatArray) -> FloatArray:
    r"""Correlations of constructs freed of measurement error: consistent PLS.

    Parameters
    ----------
    construct_correlation : ndarray of float64, shape (..., n_constructs, n_constructs)
        Of the composites.
    rho_a : ndarray of float64, shape (..., n_constructs)
        Reliability of each composite; 1 where it is to be left as it is.

    Returns
    -------
    ndarray of float64, shape (..., n_constructs, n_constructs)
        1 on the diagonal. May exceed 1 elsewhere in small samples; NaN where a reliability is not positive.

    Notes
    -----
    .. math:: \frac{r_{ik}}{\sqrt{\rho_i \rho_k}}

    References
    ----------
    Dijkstra, T. K. & Henseler, J. (2015). Consistent partial least squares path modeling. MIS Quarterly 39, 297-316.
    doi:10.25300/MISQ/2015/39.2.02

    Examples
    --------
    >>> consistent_correlation(np.array([[1.0, 0.36], [0.36, 1.0]]), np.array([0.81, 0.64]))
    array([[1. , 0.5],
           [0.5, 1. ]])
    """
    quality = np.sqrt(np.where(rho_a > 0, rho_a, np.nan))
    corrected: FloatArray = construct_correlation / (quality[..., :, np.newaxis] * quality[..., np.newaxis, :])
    diagonal = np.arange(corrected.shape[-1])
    corrected[..., diagonal, diagonal] = 1.0
    return corrected
