"""Everything that a structural model reports, as a function of its items' means and covariances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crmmodels._typing import BoolArray, FloatArray, IntArray
from crmmodels.kernels.moments.moments import Moments
from crmmodels.kernels.pls.design import PathDesign
from crmmodels.kernels.pls.paths import adjusted_r_squared, consistent_correlation, path_coefficients
from crmmodels.kernels.pls.quality import block_sums, goodness_of_fit, htmt, redundancy, reliability
from crmmodels.kernels.pls.weights import (
    MAX_ITERATIONS,
    TOLERANCE,
    OuterWeights,
    alignment_signs,
    dominant_signs,
    outer_weights,
)


@dataclass(frozen=True, slots=True, eq=False)
class StructuralEstimate:
    """Estimates of a structural model, or of as many replicates as the leading axes hold.

    Attributes
    ----------
    weights : ndarray of float64, shape (..., n_items, n_constructs)
        Outer weights, to constructs of variance 1: of standardised items, or of items as they are where these were not standardised.
    loadings : ndarray of float64, shape (..., n_items, n_constructs)
        Correlations of items with their own construct, 0 elsewhere; consistent ones where asked for.
    cross_loadings : ndarray of float64, shape (..., n_items, n_constructs)
        Correlations of all items with all composites; NaN for an item without variance.
    paths : ndarray of float64, shape (..., n_constructs, n_constructs)
        Path from i to k at (i, k), standardised; 0 where there is none.
    total_effects : ndarray of float64, shape (..., n_constructs, n_constructs)
        Of i on k at (i, k), along all paths.
    r_squared : ndarray of float64, shape (..., n_constructs)
        NaN for constructs that nothing explains.
    r_squared_adjusted : ndarray of float64, shape (..., n_constructs)
        Likewise.
    f_squared : ndarray of float64, shape (..., n_constructs, n_constructs)
        Effect size of i on k; NaN where there is no path.
    vif : ndarray of float64, shape (..., n_constructs, n_constructs)
        Variance inflation of i among what explains k; NaN where there is no path.
    alpha : ndarray of float64, shape (..., n_constructs)
        Cronbach's alpha.
    rho_a : ndarray of float64, shape (..., n_constructs)
        Dijkstra and Henseler's reliability.
    rho_c : ndarray of float64, shape (..., n_constructs)
        Composite reliability.
    ave : ndarray of float64, shape (..., n_constructs)
        Average variance extracted.
    htmt : ndarray of float64, shape (..., n_constructs, n_constructs)
        Heterotrait-monotrait ratios, symmetric.
    construct_correlation : ndarray of float64, shape (..., n_constructs, n_constructs)
        Correlations that the paths were estimated from.
    redundancy : ndarray of float64, shape (..., n_constructs)
        R² times communality; NaN where R² is.
    gof : ndarray of float64, shape (...)
        Goodness of fit.
    item_means : ndarray of float64, shape (..., n_items)
        In the items' units.
    item_deviations : ndarray of float64, shape (..., n_items)
        Standard deviations; 0 for a constant item.
    index : ndarray of float64, shape (..., n_constructs)
        Mean of each construct on 0 to 100; NaN without a scale.
    unstandardised_weights : ndarray of float64, shape (..., n_items, n_constructs)
        Of items in their units, 1 in sum for each construct.
    unstandardised_effects : ndarray of float64, shape (..., n_constructs, n_constructs)
        Total effects: points of k per point of i, on 0 to 100 where a scale is given and in the items' units elsewhere.
    is_constant : ndarray of bool, shape (..., n_items)
        Items without variance, which take no part.
    is_collinear : ndarray of bool, shape (..., n_constructs)
        Formative blocks whose items determine one another; the estimates are NaN.
    n_iterations : ndarray of int64, shape (...)
        Iterations made.
    has_converged : ndarray of bool, shape (...)
        Whether the weights settled.
    last_change : ndarray of float64, shape (...)
        Sum of absolute changes of the weights in the last iteration.
    """

    weights: FloatArray
    loadings: FloatArray
    cross_loadings: FloatArray
    paths: FloatArray
    total_effects: FloatArray
    r_squared: FloatArray
    r_squared_adjusted: FloatArray
    f_squared: FloatArray
    vif: FloatArray
    alpha: FloatArray
    rho_a: FloatArray
    rho_c: FloatArray
    ave: FloatArray
    htmt: FloatArray
    construct_correlation: FloatArray
    redundancy: FloatArray
    gof: FloatArray
    item_means: FloatArray
    item_deviations: FloatArray
    index: FloatArray
    unstandardised_weights: FloatArray
    unstandardised_effects: FloatArray
    is_constant: BoolArray
    is_collinear: BoolArray
    n_iterations: IntArray
    has_converged: BoolArray
    last_change: FloatArray


def estimate(
    design: PathDesign,
    moments: Moments,
    *,
    standardised: bool = True,
    consistent: bool = False,
    scale: tuple[FloatArray, FloatArray] | None = None,
    start: FloatArray | None = None,
    reference: FloatArray | None = None,
    tolerance: float = TOLERANCE,
    max_iterations: int = MAX_ITERATIONS,
) -> StructuralEstimate:
    r"""Estimates of a structural model by partial least squares, from moments alone.

    Parameters
    ----------
    design : PathDesign
        Blocks, graph, modes and scheme.
    moments : Moments
        Of the items; leading axes run over replicates.
    standardised : bool, default True
        Whether items count by their standard deviations rather than by their units.
    consistent : bool, default False
        Whether loadings, paths and R² are freed of measurement error (PLSc) for blocks of mode A with several items.
    scale : tuple of ndarray of float64, each of shape (n_items,) or (..., n_items), optional
        Lowest and highest answer of each item, for the index.
    start : ndarray of float64, shape (n_items, n_constructs), optional
        Weights to start from; ``reference`` if None, and else all alike.
    reference : ndarray of float64, shape (n_items, n_constructs), optional
        Weights of the estimate, by which replicates are signed; by the majority of loadings if None.
    tolerance : float, default 1e-7
        Of the sum of absolute changes of all weights.
    max_iterations : int, default 300
        After which a matrix is given up.

    Returns
    -------
    StructuralEstimate
        With the leading axes of the moments.

    Notes
    -----
    With u = w / s the weights of items in their units (u = w where these were not standardised),

    .. math:: I = 100\, \frac{\sum u_j (\bar x_j - lo_j)}{\sum u_j (hi_j - lo_j)}

    and, as the composite of normalised weights has the standard deviation 1 / Σu, an unstandardised total effect of i on k is the
    standardised one times Σu of i over Σu of k, each times Σu (hi − lo) / Σu on the scale of the index. Consistent loadings are
    :math:`w \sqrt{\rho_A} / w'w`.

    References
    ----------
    Fornell, C., Johnson, M. D., Anderson, E. W., Cha, J. & Bryant, B. E. (1996). The American Customer Satisfaction Index: nature,
    purpose, and findings. Journal of Marketing 60, 7-18. doi:10.1177/002224299606000403

    Ringle, C. M. & Sarstedt, M. (2016). Gain more insight from your PLS-SEM results: the importance-performance map analysis.
    Industrial Management & Data Systems 116, 1865-1886. doi:10.1108/IMDS-10-2015-0449
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        items = _items(moments, standardised=standardised)
        first = reference if start is None else start
        found = outer_weights(design, items.analysed, tolerance=tolerance, max_iterations=max_iterations, start=first)
        if reference is None:
            signs = dominant_signs(found.weights, items.analysed)
        else:
            signs = alignment_signs(found.weights, items.analysed, reference)
        weights = found.weights * signs[..., np.newaxis, :]
        return _reported(design, moments, items, found, weights=weights, scale=scale, consistent=consistent)


@dataclass(frozen=True, slots=True, eq=False)
class _Items:
    """Matrices of items with rows of zeros for those without variance, and the units in which items count."""

    deviations: FloatArray
    is_constant: BoolArray
    correlation: FloatArray
    analysed: FloatArray
    units: FloatArray


def _items(moments: Moments, *, standardised: bool) -> _Items:
    covariance = moments.covariance
    variance = np.einsum("...ii->...i", covariance)
    # A constant item keeps at most the rounding of its mean's square.
    is_constant = ~(variance > 4.0 * np.finfo(np.float64).eps * np.nan_to_num(moments.mean) ** 2)
    deviations = np.sqrt(np.where(is_constant, 0.0, variance))
    inverse = np.divide(1.0, deviations, out=np.zeros_like(deviations), where=~is_constant)
    if is_constant.any():
        apart = is_constant[..., :, np.newaxis] | is_constant[..., np.newaxis, :]
        covariance = np.where(apart, 0.0, covariance)
    correlation = covariance * inverse[..., :, np.newaxis]
    correlation *= inverse[..., np.newaxis, :]
    diagonal = np.arange(correlation.shape[-1])
    correlation[..., diagonal, diagonal] = ~is_constant
    if standardised:
        return _Items(deviations, is_constant, correlation, correlation, deviations)
    return _Items(deviations, is_constant, correlation, covariance, np.ones_like(deviations))


def _reported(
    design: PathDesign,
    moments: Moments,
    items: _Items,
    found: OuterWeights,
    *,
    weights: FloatArray,
    scale: tuple[FloatArray, FloatArray] | None,
    consistent: bool,
) -> StructuralEstimate:
    entries, owners = design.entries, design.owners
    own = weights[..., entries, owners]
    is_present = ~items.is_constant[..., entries]
    products = items.analysed @ weights
    correlation = np.swapaxes(weights, -1, -2) @ products
    cross_loadings = products
    if items.analysed is not items.correlation:
        cross_loadings = products / items.deviations[..., np.newaxis]
    own_loadings = np.where(is_present, cross_loadings[..., entries, owners], 0.0)
    quality = reliability(design, items.analysed, own, own_loadings, is_present)
    if consistent:
        correlation = consistent_correlation(correlation, quality.rho_a)
        own_loadings = _consistent_loadings(design, items, own, own_loadings, quality.rho_a)
        quality = reliability(design, items.analysed, own, own_loadings, is_present)
    paths = path_coefficients(design, correlation)
    if items.is_constant.any():
        cross_loadings = np.where(items.is_constant[..., np.newaxis], np.nan, cross_loadings)
    units = _units(design, moments, items, own, scale)
    ratio = units.content[..., :, np.newaxis] / units.content[..., np.newaxis, :]
    return StructuralEstimate(
        weights=weights,
        loadings=_spread(design, np.where(is_present, own_loadings, np.nan)),
        cross_loadings=cross_loadings,
        paths=paths.coefficients,
        total_effects=paths.total_effects,
        r_squared=paths.r_squared,
        r_squared_adjusted=adjusted_r_squared(design, paths.r_squared, moments.n_observations),
        f_squared=paths.f_squared,
        vif=paths.vif,
        alpha=quality.alpha,
        rho_a=quality.rho_a,
        rho_c=quality.rho_c,
        ave=quality.ave,
        htmt=htmt(design, items.correlation),
        construct_correlation=correlation,
        redundancy=redundancy(paths.r_squared, quality.ave),
        gof=goodness_of_fit(design, own_loadings, is_present, paths.r_squared),
        item_means=moments.mean,
        item_deviations=items.deviations,
        index=units.index,
        unstandardised_weights=_spread(design, units.weights),
        unstandardised_effects=paths.total_effects * ratio,
        is_constant=items.is_constant,
        is_collinear=found.is_collinear,
        n_iterations=found.n_iterations,
        has_converged=found.has_converged,
        last_change=found.last_change,
    )


def _consistent_loadings(
    design: PathDesign, items: _Items, own: FloatArray, own_loadings: FloatArray, rho_a: FloatArray
) -> FloatArray:
    is_present = ~items.is_constant[..., design.entries]
    corrects = (block_sums(design, is_present.astype(np.float64)) > 1) & (np.array(design.modes) == "A")
    quality = np.sqrt(np.where(rho_a > 0, rho_a, np.nan)) / block_sums(design, own**2)
    analysed_deviations = items.deviations if items.analysed is not items.correlation else np.ones_like(items.deviations)
    consistent = own * quality[..., design.owners] / analysed_deviations[..., design.entries]
    return np.where(is_present & corrects[..., design.owners], consistent, own_loadings)


@dataclass(frozen=True, slots=True, eq=False)
class _Units:
    """Weights of items in their units (..., n_entries), the index, and the inverse standard deviation of the composites."""

    weights: FloatArray
    index: FloatArray
    content: FloatArray


def _units(
    design: PathDesign, moments: Moments, items: _Items, own: FloatArray, scale: tuple[FloatArray, FloatArray] | None
) -> _Units:
    entries = design.entries
    present = ~items.is_constant[..., entries]
    raw = np.where(present, own / items.units[..., entries], 0.0)
    total = block_sums(design, raw)
    normalised = raw / total[..., design.owners]
    if scale is None:
        return _Units(normalised, np.full_like(total, np.nan), total)
    lower, upper = (np.asarray(limit, np.float64)[..., entries] for limit in scale)
    above = np.where(present, moments.mean[..., entries] - lower, 0.0)
    width = block_sums(design, raw * (upper - lower))
    return _Units(normalised, 100.0 * block_sums(design, raw * above) / width, width / 100.0)


def _spread(design: PathDesign, own: FloatArray) -> FloatArray:
    spread = np.zeros((*own.shape[:-1], design.n_items, design.n_constructs))
    spread[..., design.entries, design.owners] = own
    return spread
