"""Partial least squares on covariance matrices: the outer weights of a path model, for many matrices at once."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from crmmodels._typing import BoolArray, FloatArray, IntArray
from crmmodels.kernels.arrays.sweeping import swept
from crmmodels.kernels.pls.design import PathDesign

TOLERANCE = 1e-7
MAX_ITERATIONS = 300

# A block of matrices worked through at once stays within a core's cache.
BLOCK_VALUES = 300_000

# Share of an item's variance that the other items of a formative block must leave; below it a double cannot tell them apart.
LEAST_PIVOT = 1e-10

# Descents of a nonnegative regression in each iteration; they start from the last weights, so that they need not be finished.
DESCENTS = 5


@dataclass(frozen=True, slots=True, eq=False)
class OuterWeights:
    """Weights that make constructs of items, with how they were found.

    Attributes
    ----------
    weights : ndarray of float64, shape (..., n_items, n_constructs)
        0 outside a construct's block; each construct has variance 1 under the matrix given. NaN where a construct has no variance or
        its formative block is collinear.
    n_iterations : ndarray of int64, shape (...)
        Iterations made.
    has_converged : ndarray of bool, shape (...)
        Whether the last change is below the tolerance.
    last_change : ndarray of float64, shape (...)
        Sum of absolute changes of the weights in the last iteration.
    is_collinear : ndarray of bool, shape (..., n_constructs)
        Whether the items of a formative block (mode B) determine one another.
    """

    weights: FloatArray
    n_iterations: IntArray
    has_converged: BoolArray
    last_change: FloatArray
    is_collinear: BoolArray


def outer_weights(
    design: PathDesign,
    covariance: FloatArray,
    *,
    tolerance: float = TOLERANCE,
    max_iterations: int = MAX_ITERATIONS,
    start: FloatArray | None = None,
) -> OuterWeights:
    r"""Weights of items by partial least squares, from covariances alone.

    Parameters
    ----------
    design : PathDesign
        Blocks, graph, modes and scheme.
    covariance : ndarray of float64, shape (..., n_items, n_items)
        Covariance matrices, or correlation matrices where items are standardised. An item whose row is 0 gets weight 0.
    tolerance : float, default 1e-7
        Of the sum of absolute changes of all weights.
    max_iterations : int, default 300
        After which a matrix is given up; never an error here.
    start : ndarray of float64, shape (..., n_items, n_constructs), optional
        Weights to start from, one set or one for each matrix; all alike if None.

    Returns
    -------
    OuterWeights
        Signs are as the iteration leaves them: see `dominant_signs` and `alignment_signs`.

    Notes
    -----
    With W scaled so that :math:`w_k' S w_k = 1`,

    .. math:: R = W'SW, \quad V = S W E(R), \quad w_k \propto V_k \;(A), \quad w_k \propto S_{kk}^{-1} V_k \;(B)

    where V_k are the rows of block k in column k, and the inner weights E are, for joined constructs, the signs of their
    correlations (centroid), the correlations (factorial), or the correlation with successors and the coefficients of the regression
    on predecessors (path). Scores of respondents are never formed: the result is that of the algorithm on standardised scores. Mode
    "sum" keeps all weights of a block alike. With ``nonnegative`` mode A sets negative weights to 0 in each iteration and mode B
    solves its regression under the constraint by coordinate descent, whose fixed point is the constrained solution.

    A matrix leaves the iteration as soon as it has converged. The result for a matrix does not depend on the others.

    References
    ----------
    Lohmöller, J.-B. (1989). Latent Variable Path Modeling with Partial Least Squares. Physica. doi:10.1007/978-3-642-52512-4

    Tenenhaus, M., Esposito Vinzi, V., Chatelin, Y.-M. & Lauro, C. (2005). PLS path modeling. Computational Statistics & Data Analysis
    48, 159-205. doi:10.1016/j.csda.2004.03.005

    Examples
    --------
    >>> design = PathDesign((np.array([0, 1]), np.array([2])), np.array([[0, 1], [0, 0]], bool), ("A", "A"), "path", 3)
    >>> found = outer_weights(design, np.array([[1.0, 0.5, 0.6], [0.5, 1.0, 0.3], [0.6, 0.3, 1.0]]))
    >>> found.weights[:, 0].round(4), bool(found.has_converged)
    (array([0.7559, 0.378 , 0.    ]), True)
    """
    lead = covariance.shape[:-2]
    n_items, n_constructs = design.n_items, design.n_constructs
    matrices = covariance.reshape(-1, n_items, n_items)
    count = len(matrices)
    starts = np.broadcast_to(design.membership if start is None else start, (*lead, n_items, n_constructs))
    starts = starts.reshape(count, n_items, n_constructs)
    weights = np.zeros((count, n_items, n_constructs))
    iterations = np.zeros(count, np.int64)
    change = np.full(count, np.inf)
    collinear = np.zeros((count, n_constructs), bool)
    layout = _layout(design)
    size = max(1, BLOCK_VALUES // len(layout.items) ** 2)
    for first in range(0, count, size):
        part = slice(first, first + size)
        packed = np.ascontiguousarray(matrices[part][:, layout.items[:, np.newaxis], layout.items].transpose(1, 2, 0))
        begin = np.ascontiguousarray(starts[part][:, layout.items, layout.owners].T, np.float64)
        found = _converged(design, layout, packed, begin, tolerance=tolerance, max_iterations=max_iterations)
        weights[part, layout.items, layout.owners] = found.weights.T
        iterations[part], change[part], collinear[part] = found.n_iterations, found.change, found.is_collinear.T
    return OuterWeights(
        weights.reshape(*lead, n_items, n_constructs),
        iterations.reshape(lead),
        (change < tolerance).reshape(lead),
        change.reshape(lead),
        collinear.reshape(*lead, n_constructs),
    )


def dominant_signs(weights: FloatArray, covariance: FloatArray) -> FloatArray:
    """Signs that make the loadings of each construct predominantly positive.

    Parameters
    ----------
    weights : ndarray of float64, shape (..., n_items, n_constructs)
        Outer weights, 0 outside the blocks.
    covariance : ndarray of float64, shape (..., n_items, n_items)
        Of the items.

    Returns
    -------
    ndarray of float64, shape (..., n_constructs)
        1 or -1. Where as many loadings are positive as negative, the sign of their sum.

    Notes
    -----
    Items that take part in a construct are those with a weight other than 0.

    References
    ----------
    Tenenhaus, M., Esposito Vinzi, V., Chatelin, Y.-M. & Lauro, C. (2005). PLS path modeling. Computational Statistics & Data Analysis
    48, 159-205. doi:10.1016/j.csda.2004.03.005
    """
    loadings = np.where(weights != 0, covariance @ weights, 0.0)
    majority = np.sign(loadings).sum(axis=-2)
    return np.where(np.where(majority != 0, majority, loadings.sum(axis=-2)) < 0, -1.0, 1.0)


def alignment_signs(weights: FloatArray, covariance: FloatArray, reference: FloatArray) -> FloatArray:
    r"""Signs that make each construct correlate positively with that of the estimate.

    Parameters
    ----------
    weights : ndarray of float64, shape (..., n_items, n_constructs)
        Outer weights of replicates.
    covariance : ndarray of float64, shape (..., n_items, n_items)
        Of the replicates.
    reference : ndarray of float64, shape (n_items, n_constructs)
        Outer weights of the estimate.

    Returns
    -------
    ndarray of float64, shape (..., n_constructs)
        1 or -1.

    Notes
    -----
    .. math:: \mathrm{sign}(w_b' S_b w_0)

    for each construct as a whole, so that weights, loadings and paths of a replicate stay those of one solution.

    References
    ----------
    Tenenhaus, M., Esposito Vinzi, V., Chatelin, Y.-M. & Lauro, C. (2005). PLS path modeling. Computational Statistics & Data Analysis
    48, 159-205. doi:10.1016/j.csda.2004.03.005
    """
    agreement = ((covariance @ reference) * weights).sum(axis=-2)
    return np.where(agreement < 0, -1.0, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class _Layout:
    """Blocks laid end to end, so that each is a slice; an item of two blocks stands twice."""

    items: IntArray
    owners: IntArray
    starts: IntArray
    slices: tuple[slice, ...]
    neighbours: tuple[IntArray, ...]
    predecessors: tuple[IntArray, ...]
    successors: tuple[IntArray, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _State:
    """Weights (entries, matrices) scaled to variance 1, and their products S w (constructs, entries, matrices)."""

    covariance: FloatArray
    weights: FloatArray
    products: FloatArray
    inverses: dict[int, FloatArray]

    def kept(self, keep: BoolArray) -> _State:
        return _State(
            self.covariance[..., keep],
            self.weights[..., keep],
            self.products[..., keep],
            {construct: inverse[..., keep] for construct, inverse in self.inverses.items()},
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Converged:
    weights: FloatArray
    n_iterations: IntArray
    change: FloatArray
    is_collinear: BoolArray


def _layout(design: PathDesign) -> _Layout:
    starts, lengths = design.starts, design.lengths
    constructs = range(design.n_constructs)
    return _Layout(
        design.entries,
        design.owners,
        starts,
        tuple(slice(int(start), int(start + length)) for start, length in zip(starts, lengths, strict=True)),
        tuple(np.flatnonzero(design.neighbours[:, k]) for k in constructs),
        tuple(design.predecessors(k) for k in constructs),
        tuple(design.successors(k) for k in constructs),
    )


def _converged(
    design: PathDesign, layout: _Layout, covariance: FloatArray, begin: FloatArray, *, tolerance: float, max_iterations: int
) -> _Converged:
    count = covariance.shape[2]
    inverses, collinear = _formative(design, layout, covariance)
    present = np.einsum("iib->ib", covariance) > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        weights, products = _scaled(layout, covariance, np.where(present, begin, 0.0))
        state = _State(covariance, weights, products, inverses)
        result = _Converged(np.empty_like(weights), np.full(count, max_iterations), np.full(count, np.inf), collinear)
        place, waiting = np.arange(count), np.ones(count, bool)
        for iteration in range(1, max_iterations + 1):
            correlation = np.add.reduceat(state.weights * state.products, layout.starts, axis=1)
            inner = _inner_weights(design, layout, correlation)
            proposed = _proposed(design, layout, state, inner)
            weights, products = _scaled(layout, state.covariance, proposed)
            change = np.abs(np.abs(weights) - np.abs(state.weights)).sum(axis=0)
            state = replace(state, weights=weights, products=products)
            # What is not a number will not become one.
            done = waiting & ~(change >= tolerance) if iteration < max_iterations else waiting
            if done.any():
                result.weights[:, place[done]] = weights[:, done]
                result.n_iterations[place[done]] = iteration
                result.change[place[done]] = change[done]
                waiting = waiting & ~done
                left = int(np.count_nonzero(waiting))
                if left == 0:
                    break
                if 2 * left <= len(waiting):
                    state, place, waiting = state.kept(waiting), place[waiting], np.ones(left, bool)
    return result


def _formative(design: PathDesign, layout: _Layout, covariance: FloatArray) -> tuple[dict[int, FloatArray], BoolArray]:
    inverses: dict[int, FloatArray] = {}
    collinear = np.zeros((design.n_constructs, covariance.shape[2]), bool)
    for construct, (mode, part) in enumerate(zip(design.modes, layout.slices, strict=True)):
        length = part.stop - part.start
        if mode != "B" or length == 1:
            continue
        block = covariance[part, part].copy()
        diagonal = np.arange(length)
        own = block[diagonal, diagonal]
        block[diagonal, diagonal] = np.where(own > 0, own, 1.0)
        found = swept(block, length)
        collinear[construct] = ~(found.least_pivot >= LEAST_PIVOT)
        inverses[construct] = np.where(collinear[construct], np.nan, found.inverse)
    return inverses, collinear


def _scaled(layout: _Layout, covariance: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    products = np.empty((len(layout.slices), *weights.shape))
    deviation = np.empty((len(layout.slices), weights.shape[1]))
    for construct, part in enumerate(layout.slices):
        if part.stop - part.start == 1:
            np.multiply(covariance[part.start], weights[part.start], out=products[construct])
        else:
            np.einsum("kib,kb->ib", covariance[part], weights[part], out=products[construct])
        deviation[construct] = np.sqrt(np.einsum("kb,kb->b", weights[part], products[construct, part]))
        products[construct] /= deviation[construct]
    return weights / deviation[layout.owners], products


def _inner_weights(design: PathDesign, layout: _Layout, correlation: FloatArray) -> FloatArray:
    if design.scheme == "centroid":
        return np.sign(correlation)
    if design.scheme == "factorial":
        return correlation
    inner = correlation.copy()
    for construct, before in enumerate(layout.predecessors):
        if len(before) > 1:
            group = np.append(before, construct)
            inner[before, construct] = swept(correlation[np.ix_(group, group)], len(before)).coefficients[:, 0]
    return inner


def _proposed(design: PathDesign, layout: _Layout, state: _State, inner: FloatArray) -> FloatArray:
    proposed = np.empty_like(state.weights)
    for construct, (mode, part) in enumerate(zip(design.modes, layout.slices, strict=True)):
        near = layout.neighbours[construct]
        if mode == "sum" or part.stop - part.start == 1:
            proposed[part] = state.weights[part]
            continue
        target = np.einsum("lb,lkb->kb", inner[near, construct], state.products[near, part])
        if design.nonnegative:
            proposed[part] = _nonnegative(mode, state, part, target)
        elif mode == "B":
            proposed[part] = np.einsum("kib,ib->kb", state.inverses[construct], target)
        else:
            proposed[part] = target
    return proposed


def _nonnegative(mode: str, state: _State, part: slice, target: FloatArray) -> FloatArray:
    if mode == "A":
        clipped: FloatArray = np.maximum(target, 0.0)
        return clipped
    covariance = state.covariance[part, part]
    # Covariance of the construct with its inner estimate: a sum of squares or shares explained, never negative.
    fit = np.einsum("kb,kb->b", state.weights[part], target)
    solution: FloatArray = state.weights[part] * fit
    for _ in range(DESCENTS):
        for k in range(len(solution)):
            own = covariance[k, k]
            rest = target[k] - np.einsum("ib,ib->b", covariance[k], solution) + own * solution[k]
            solution[k] = np.where(own > 0, np.maximum(rest, 0.0) / own, 0.0)
    return solution
