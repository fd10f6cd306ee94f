"""Quality of measurement and of the whole model: reliability, validity, redundancy, goodness of fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crmmodels._typing import BoolArray, FloatArray
from crmmodels.kernels.pls.design import PathDesign


@dataclass(frozen=True, slots=True, eq=False)
class Reliability:
    """How well the items of each construct measure one thing.

    Attributes
    ----------
    alpha : ndarray of float64, shape (..., n_constructs)
        Cronbach's alpha.
    rho_a : ndarray of float64, shape (..., n_constructs)
        Reliability of the composite with its own weights (Dijkstra and Henseler); 1 for modes B and "sum", whose composites are
        taken for what they are.
    rho_c : ndarray of float64, shape (..., n_constructs)
        Composite reliability from loadings (Jöreskog).
    ave : ndarray of float64, shape (..., n_constructs)
        Average variance extracted: mean of squared loadings.

    Notes
    -----
    All are 1 for a construct of one item.
    """

    alpha: FloatArray
    rho_a: FloatArray
    rho_c: FloatArray
    ave: FloatArray


def reliability(
    design: PathDesign, covariance: FloatArray, own_weights: FloatArray, own_loadings: FloatArray, is_present: BoolArray
) -> Reliability:
    r"""Reliability of each construct.

    Parameters
    ----------
    design : PathDesign
        Blocks and modes.
    covariance : ndarray of float64, shape (..., n_items, n_items)
        The matrix that weights were estimated on.
    own_weights : ndarray of float64, shape (..., n_entries)
        Outer weights of ``design.entries``, to variance 1.
    own_loadings : ndarray of float64, shape (..., n_entries)
        Correlations of these items with their constructs.
    is_present : ndarray of bool, shape (..., n_entries)
        Whether an item varies; those that do not are not counted.

    Returns
    -------
    Reliability
        With the leading axes of the matrices.

    Notes
    -----
    .. math:: \alpha = \frac{K}{K - 1} \left(1 - \frac{\mathrm{tr}\, S}{1'S1}\right), \quad
        \rho_A = (w'w)^2 \frac{w'(S - \mathrm{diag}\, S)w}{w'(ww' - \mathrm{diag}\, ww')w}, \quad
        \rho_C = \frac{(\sum l)^2}{(\sum l)^2 + \sum (1 - l^2)}

    References
    ----------
    Cronbach, L. J. (1951). Coefficient alpha and the internal structure of tests. Psychometrika 16, 297-334. doi:10.1007/BF02310555

    Dijkstra, T. K. & Henseler, J. (2015). Consistent partial least squares path modeling. MIS Quarterly 39, 297-316.
    doi:10.25300/MISQ/2015/39.2.02

    Fornell, C. & Larcker, D. F. (1981). Evaluating structural equation models with unobservable variables and measurement error.
    Journal of Marketing Research 18, 39-50. doi:10.1177/002224378101800104
    """
    entries = design.entries
    count = block_sums(design, is_present.astype(np.float64))
    several = count > 1
    variance = np.einsum("...ii->...i", covariance)[..., entries]
    whole = np.stack([covariance[..., block[:, np.newaxis], block].sum(axis=(-2, -1)) for block in design.blocks], axis=-1)
    squares = own_weights**2
    length = block_sums(design, squares) ** 2
    squared_loadings = block_sums(design, own_loadings**2)
    common = block_sums(design, own_loadings) ** 2
    estimated = several & (np.array(design.modes) == "A")
    with np.errstate(divide="ignore", invalid="ignore"):
        alpha = count / (count - 1.0) * (1.0 - block_sums(design, variance) / whole)
        rho_a = length * (1.0 - block_sums(design, squares * variance)) / (length - block_sums(design, squares**2))
        rho_c = common / (common + count - squared_loadings)
        ave = squared_loadings / count
    known = np.where(np.isnan(squared_loadings) | (count == 0), np.nan, 1.0)
    return Reliability(
        np.where(several, alpha, known),
        np.where(estimated, rho_a, known),
        np.where(several, rho_c, known),
        np.where(several, ave, known),
    )


def block_sums(design: PathDesign, values: FloatArray) -> FloatArray:
    """Sums over the items of each construct.

    Parameters
    ----------
    design : PathDesign
        Blocks.
    values : ndarray of float64, shape (..., n_entries)
        One for each of ``design.entries``.

    Returns
    -------
    ndarray of float64, shape (..., n_constructs)
        Sums.
    """
    sums: FloatArray = np.add.reduceat(values, design.starts, axis=-1)
    return sums


def htmt(design: PathDesign, correlation: FloatArray) -> FloatArray:
    r"""Heterotrait-monotrait ratio: how far two constructs can be told apart.

    Above .85 or .9 the items of two constructs correlate with each other nearly as with their own.

    Parameters
    ----------
    design : PathDesign
        Blocks.
    correlation : ndarray of float64, shape (..., n_items, n_items)
        Of items; an item without variance has a row of zeros, diagonal included, and is not counted.

    Returns
    -------
    ndarray of float64, shape (..., n_constructs, n_constructs)
        Symmetric, 1 on the diagonal; NaN for constructs that share items.

    Notes
    -----
    .. math:: \frac{\overline{|r_{ij}|}}{\sqrt{\overline{|r_{ii'}|}\; \overline{|r_{jj'}|}}}

    over items i of one and j of the other construct, pairs of one construct being of different items; of absolute correlations. A
    construct of one item has 1 as its own mean.

    References
    ----------
    Henseler, J., Ringle, C. M. & Sarstedt, M. (2015). A new criterion for assessing discriminant validity in variance-based structural
    equation modeling. Journal of the Academy of Marketing Science 43, 115-135. doi:10.1007/s11747-014-0403-8

    Ringle, C. M., Sarstedt, M., Sinkovics, N. & Sinkovics, R. R. (2023). A perspective on using partial least squares structural
    equation modelling in data articles. Data in Brief 48, 109074. doi:10.1016/j.dib.2023.109074
    """
    member = design.membership.astype(np.float64)
    diagonal = np.arange(design.n_constructs)
    count = np.einsum("...ii->...i", correlation) @ member
    totals = member.T @ (np.abs(correlation) @ member)
    with np.errstate(divide="ignore", invalid="ignore"):
        own = (totals[..., diagonal, diagonal] - count) / (count * (count - 1.0))
        own = np.sqrt(np.where(count > 1, own, 1.0))
        ratio: FloatArray = totals / (count[..., :, np.newaxis] * count[..., np.newaxis, :])
        ratio /= own[..., :, np.newaxis] * own[..., np.newaxis, :]
    ratio[..., (member.T @ member) > 0] = np.nan
    ratio[..., diagonal, diagonal] = 1.0
    return ratio


def fornell_larcker(ave: FloatArray, construct_correlation: FloatArray) -> FloatArray:
    r"""Correlations of constructs, with the root of the average variance extracted on the diagonal.

    A construct is distinct by this criterion where its diagonal exceeds the absolute values of its row and column.

    Parameters
    ----------
    ave : ndarray of float64, shape (..., n_constructs)
        Average variance extracted.
    construct_correlation : ndarray of float64, shape (..., n_constructs, n_constructs)
        Correlations of constructs.

    Returns
    -------
    ndarray of float64, shape (..., n_constructs, n_constructs)
        The table of the criterion.

    References
    ----------
    Fornell, C. & Larcker, D. F. (1981). Evaluating structural equation models with unobservable variables and measurement error.
    Journal of Marketing Research 18, 39-50. doi:10.1177/002224378101800104
    """
    table = construct_correlation.copy()
    diagonal = np.arange(table.shape[-1])
    table[..., diagonal, diagonal] = np.sqrt(ave)
    return table


def redundancy(r_squared: FloatArray, ave: FloatArray) -> FloatArray:
    r"""Share of the items' variance that the constructs before theirs explain.

    Parameters
    ----------
    r_squared : ndarray of float64, shape (..., n_constructs)
        Of each construct.
    ave : ndarray of float64, shape (..., n_constructs)
        Communality of its block: the mean of squared loadings.

    Returns
    -------
    ndarray of float64, shape (..., n_constructs)
        The product; NaN for constructs that nothing explains.

    References
    ----------
    Tenenhaus, M., Esposito Vinzi, V., Chatelin, Y.-M. & Lauro, C. (2005). PLS path modeling. Computational Statistics & Data Analysis
    48, 159-205. doi:10.1016/j.csda.2004.03.005
    """
    return r_squared * ave


def goodness_of_fit(design: PathDesign, own_loadings: FloatArray, is_present: BoolArray, r_squared: FloatArray) -> FloatArray:
    r"""Geometric mean of the average communality and the average R².

    Parameters
    ----------
    design : PathDesign
        Blocks and graph.
    own_loadings : ndarray of float64, shape (..., n_entries)
        Correlations of ``design.entries`` with their constructs.
    is_present : ndarray of bool, shape (..., n_entries)
        Whether an item varies; those that do not are not counted.
    r_squared : ndarray of float64, shape (..., n_constructs)
        Of each construct.

    Returns
    -------
    ndarray of float64, shape (...)
        From 0 to 1.

    Notes
    -----
    .. math:: \sqrt{\overline{l^2}\; \overline{R^2}}

    over the items of constructs that have several (over all items, if none has), and over the constructs that others explain.

    References
    ----------
    Tenenhaus, M., Esposito Vinzi, V., Chatelin, Y.-M. & Lauro, C. (2005). PLS path modeling. Computational Statistics & Data Analysis
    48, 159-205. doi:10.1016/j.csda.2004.03.005
    """
    shared = (design.lengths > 1)[design.owners]
    counted = is_present & (shared if shared.any() else True)
    communality = np.where(counted, own_loadings**2, 0.0).sum(axis=-1) / counted.sum(axis=-1)
    explained = design.paths.any(axis=0)
    fit: FloatArray = np.sqrt(communality * r_squared[..., explained].mean(axis=-1))
    return fit
