"""Constructs made of constructs: repeated indicators, and estimation in two stages on moments alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crmmodels._typing import FloatArray, IntArray
from crmmodels.kernels.moments.moments import Moments
from crmmodels.kernels.pls.design import PathDesign
from crmmodels.kernels.pls.estimates import StructuralEstimate, estimate
from crmmodels.kernels.pls.weights import MAX_ITERATIONS, TOLERANCE


def composite_moments(moments: Moments, weights: FloatArray) -> Moments:
    r"""Moments of weighted sums of items.

    Parameters
    ----------
    moments : Moments
        Of the items.
    weights : ndarray of float64, shape (..., n_items, n_composites)
        Weights of the items in their units; a column of one 1 keeps an item as it is.

    Returns
    -------
    Moments
        Of the composites, with the leading axes of both.

    Notes
    -----
    .. math:: m = W' \bar x, \quad C = W' S W

    An item that nobody answered counts as 0 in the means of composites that do not use it.

    Examples
    --------
    >>> found = composite_moments(Moments(np.array([2.0, 4.0]), np.eye(2), 10), np.array([[0.5], [0.5]]))
    >>> found.mean, found.covariance
    (array([3.]), array([[0.5]]))
    """
    mean = np.where(np.isnan(moments.mean) & (weights == 0).all(axis=-1), 0.0, moments.mean)
    turned = np.swapaxes(weights, -1, -2)
    return Moments((turned @ mean[..., np.newaxis])[..., 0], turned @ moments.covariance @ weights, moments.n_observations)


def repeated_indicators(design: PathDesign, components: tuple[IntArray, ...]) -> PathDesign:
    """Design in which a second-order construct repeats the items of its components.

    Parameters
    ----------
    design : PathDesign
        All constructs. The block of a second-order construct is not read; its mode says how components relate to it.
    components : tuple of ndarray of int64
        Positions of each construct's components; empty for constructs of the first order.

    Returns
    -------
    PathDesign
        With the same constructs. A second-order construct explains its components (mode A) or is explained by them (other modes).

    Notes
    -----
    A second-order construct explained by its components is explained wholly: what else is to explain it needs two stages.

    References
    ----------
    Wold, H. (1982). Soft modeling: the basic design and some extensions. In Jöreskog & Wold, Systems under Indirect Observation II,
    1-54. North-Holland.

    Becker, J.-M., Klein, K. & Wetzels, M. (2012). Hierarchical latent variable models in PLS-SEM. Long Range Planning 45, 359-394.
    doi:10.1016/j.lrp.2012.10.001
    """
    blocks, paths = list(design.blocks), design.paths.copy()
    for construct, parts in enumerate(components):
        if len(parts) == 0:
            continue
        blocks[construct] = np.concatenate([design.blocks[part] for part in parts])
        if design.modes[construct] == "A":
            paths[construct, parts] = True
        else:
            paths[parts, construct] = True
    return PathDesign(tuple(blocks), paths, design.modes, design.scheme, design.n_items, design.nonnegative)


@dataclass(frozen=True, slots=True, eq=False)
class TwoStageDesign:
    """Designs of the two stages, and what the second takes from the first.

    Attributes
    ----------
    first : PathDesign
        Constructs of the first order, with the paths of the second-order constructs that they stand in for.
    second : PathDesign
        Constructs that are not components. Its items are the items kept, then the components.
    first_constructs : ndarray of int64
        Positions, in the whole design, of the constructs of the first stage.
    second_constructs : ndarray of int64
        Positions, in the whole design, of the constructs of the second stage.
    kept : ndarray of int64
        Items that are items of the second stage too.
    composites : ndarray of int64
        Positions, in the first stage, of the components.
    """

    first: PathDesign
    second: PathDesign
    first_constructs: IntArray
    second_constructs: IntArray
    kept: IntArray
    composites: IntArray


def two_stage_design(design: PathDesign, components: tuple[IntArray, ...]) -> TwoStageDesign:
    """Two stages of a design with second-order constructs, by the disjoint approach.

    Parameters
    ----------
    design : PathDesign
        All constructs. The block of a second-order construct is not read; its mode says how its components are weighted.
    components : tuple of ndarray of int64
        Positions of each construct's components; empty for constructs of the first order.

    Returns
    -------
    TwoStageDesign
        In the first stage each path of a second-order construct leads from or to each of its components; paths of components
        themselves stay.

    References
    ----------
    Sarstedt, M., Hair, J. F., Cheah, J.-H., Becker, J.-M. & Ringle, C. M. (2019). How to specify, estimate, and validate higher-order
    constructs in PLS-SEM. Australasian Marketing Journal 27, 197-211. doi:10.1016/j.ausmj.2019.05.003
    """
    is_higher = np.array([len(parts) > 0 for parts in components])
    is_component = np.zeros(design.n_constructs, bool)
    stands_in = np.eye(design.n_constructs, dtype=bool)
    for construct, parts in enumerate(components):
        is_component[parts] = True
        if len(parts):
            stands_in[construct, construct] = False
            stands_in[construct, parts] = True
    lower, upper = np.flatnonzero(~is_higher), np.flatnonzero(~is_component)
    carried = (stands_in.T.astype(np.int64) @ design.paths @ stands_in)[np.ix_(lower, lower)] > 0
    first = PathDesign(
        tuple(design.blocks[k] for k in lower),
        carried,
        tuple(design.modes[k] for k in lower),
        design.scheme,
        design.n_items,
        design.nonnegative,
    )
    kept = np.unique(np.concatenate([np.zeros(0, np.int64), *(design.blocks[k] for k in upper if not is_higher[k])]))
    parts_used = np.flatnonzero(is_component)
    blocks = tuple(
        len(kept) + np.searchsorted(parts_used, components[k]) if is_higher[k] else np.searchsorted(kept, design.blocks[k])
        for k in upper
    )
    second = PathDesign(
        blocks,
        design.paths[np.ix_(upper, upper)],
        tuple(design.modes[k] for k in upper),
        design.scheme,
        len(kept) + len(parts_used),
        design.nonnegative,
    )
    return TwoStageDesign(first, second, lower, upper, kept, np.searchsorted(lower, parts_used))


@dataclass(frozen=True, slots=True, eq=False)
class TwoStageEstimate:
    """Estimates of both stages.

    Attributes
    ----------
    first : StructuralEstimate
        Of the first stage: components and their items.
    second : StructuralEstimate
        Of the second: the model's paths, and components as items of their second-order constructs.
    unstandardised_weights : ndarray of float64, shape (..., n_items, n_second_constructs)
        Of the items in their units on the constructs of the second stage, 1 in sum for each.
    """

    first: StructuralEstimate
    second: StructuralEstimate
    unstandardised_weights: FloatArray


def two_stage_estimate(
    design: TwoStageDesign,
    moments: Moments,
    *,
    standardised: bool = True,
    consistent: bool = False,
    scale: tuple[FloatArray, FloatArray] | None = None,
    reference: TwoStageEstimate | None = None,
    tolerance: float = TOLERANCE,
    max_iterations: int = MAX_ITERATIONS,
) -> TwoStageEstimate:
    r"""Estimates of a model with second-order constructs, in two stages.

    Parameters
    ----------
    design : TwoStageDesign
        Of `two_stage_design`.
    moments : Moments
        Of the items; leading axes run over replicates.
    standardised : bool, default True
        As in `estimate`, in both stages.
    consistent : bool, default False
        As in `estimate`, in both stages.
    scale : tuple of ndarray of float64, each of shape (n_items,), optional
        Lowest and highest answer of each item, for the index.
    reference : TwoStageEstimate, optional
        The estimate, by which replicates are signed and from which they start.
    tolerance : float, default 1e-7
        As in `estimate`.
    max_iterations : int, default 300
        As in `estimate`.

    Returns
    -------
    TwoStageEstimate
        With the leading axes of the moments.

    Notes
    -----
    Scores of the first stage are never formed: the second stage has the moments :math:`W' \bar x` and :math:`W' S W`, with W the
    weights of the first that sum to 1, so that a component is in the units of its items and the index keeps its meaning. Estimates do
    not depend on these units where ``standardised`` is True.

    References
    ----------
    Sarstedt, M., Hair, J. F., Cheah, J.-H., Becker, J.-M. & Ringle, C. M. (2019). How to specify, estimate, and validate higher-order
    constructs in PLS-SEM. Australasian Marketing Journal 27, 197-211. doi:10.1016/j.ausmj.2019.05.003
    """
    first = estimate(
        design.first,
        moments,
        standardised=standardised,
        consistent=consistent,
        scale=scale,
        reference=None if reference is None else reference.first.weights,
        tolerance=tolerance,
        max_iterations=max_iterations,
    )
    made = first.unstandardised_weights[..., design.composites]
    kept = np.zeros((design.first.n_items, len(design.kept)))
    kept[design.kept, np.arange(len(design.kept))] = 1.0
    passed = np.concatenate([np.broadcast_to(kept, (*made.shape[:-1], len(design.kept))), made], axis=-1)
    second = estimate(
        design.second,
        composite_moments(moments, passed),
        standardised=standardised,
        consistent=consistent,
        scale=None if scale is None else (scale[0] @ passed, scale[1] @ passed),
        reference=None if reference is None else reference.second.weights,
        tolerance=tolerance,
        max_iterations=max_iterations,
    )
    return TwoStageEstimate(first, second, passed @ second.unstandardised_weights)
