"""Moments of groups of respondents, and of groups formed at random."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from crmmodels._typing import AnyArray, FloatArray, IntArray
from crmmodels.kernels.moments.moments import Moments, centring, moments, moments_of_sums
from crmmodels.kernels.moments.products import EXACT_IN_SINGLE, ProductLayout

_LABELS_AT_ONCE = 1 << 24
_CELLS_AT_ONCE = 1 << 21


@dataclass(frozen=True, slots=True, eq=False)
class GroupedMoments:
    """Moments of each group of respondents.

    Attributes
    ----------
    groups : tuple of Moments
        One per group, in order of the codes; with a leading axis of permutations or without.
    """

    groups: tuple[Moments, ...]


def grouped_moments(items: AnyArray, group: IntArray, *, weight: FloatArray | None = None) -> GroupedMoments:
    """Moments of each group of respondents, missing answers at the mean of the item within the group.

    Parameters
    ----------
    items : ndarray of float, shape (n, p)
        Answers; NaN where missing.
    group : ndarray of int64, shape (n,)
        Code of each respondent's group, from 0 without gaps.
    weight : ndarray of float64, shape (n,), optional
        Survey weights.

    Returns
    -------
    GroupedMoments
        Without leading axes.

    Examples
    --------
    >>> found = grouped_moments(np.array([[1.0], [3.0], [8.0], [9.0]]), np.array([0, 0, 1, 1]))
    >>> [group.mean.tolist() for group in found.groups]
    [[2.0], [8.5]]
    """
    members = (np.flatnonzero(group == code) for code in range(int(group.max()) + 1))
    return GroupedMoments(tuple(moments(items[own], None if weight is None else weight[own]) for own in members))


def permuted_moments(
    items: AnyArray,
    group: IntArray,
    n_permutations: int,
    rng: np.random.Generator,
    *,
    weight: FloatArray | None = None,
    batch: int = 500,
    on_permutation: Callable[[int, int], None] | None = None,
) -> Iterator[GroupedMoments]:
    r"""Moments of groups after respondents are dealt at random into groups of the sizes there are.

    Parameters
    ----------
    items : ndarray of float, shape (n, p)
        Answers; NaN where missing, at the mean of the item within each group formed.
    group : ndarray of int64, shape (n,)
        Code of each respondent's group, from 0 without gaps.
    n_permutations : int
        Times to deal, at least 1.
    rng : numpy.random.Generator
        Permutes the codes. The groups formed depend on it and the number of respondents, not on ``batch``.
    weight : ndarray of float64, shape (n,), optional
        Survey weights, which stay with their respondents.
    batch : int, default 500
        Permutations handed over at once, but for the last.
    on_permutation : callable, optional
        Called with permutations dealt and in all.

    Yields
    ------
    GroupedMoments
        Each group with a leading axis of at most ``batch`` permutations.

    Notes
    -----
    The sums of products of all groups but the last are a matrix of indicators times products; the last group has what is left
    of the sums over all.

    References
    ----------
    Chin, W. W. & Dibbern, J. (2010). An introduction to a permutation based procedure for multi-group PLS analysis. Handbook of
    Partial Least Squares, 171-193. Springer. doi:10.1007/978-3-540-32827-8_8

    Examples
    --------
    >>> answers, branch = np.array([[1.0], [3.0], [8.0], [9.0]]), np.array([0, 0, 1, 1])
    >>> [found] = permuted_moments(answers, branch, 2, np.random.default_rng(1))
    >>> [group.mean.shape for group in found.groups]
    [(2, 1), (2, 1)]
    """
    found = centring(items)
    layout = ProductLayout(found, items.shape[1], weight is not None)
    codes = group.astype(np.int8 if int(group.max()) < 128 else np.int64)
    sizes = np.bincount(group).astype(np.float64)
    pending: list[FloatArray] = []
    at_once = max(1, min(_LABELS_AT_ONCE // len(codes), _LABELS_AT_ONCE // (2 * layout.n_products * len(sizes))))
    for start in range(0, n_permutations, at_once):
        labels = rng.permuted(np.broadcast_to(codes, (min(at_once, n_permutations - start), len(codes))), axis=1)
        pending.append(_dealt_sums(items, layout, labels, len(sizes), weight))
        if on_permutation is not None:
            on_permutation(start + len(labels), n_permutations)
        is_last = start + at_once >= n_permutations
        ready = np.concatenate(pending)
        n_ready = len(ready) if is_last else len(ready) // batch * batch
        for lead in range(0, n_ready, batch):
            some = ready[lead : min(lead + batch, n_ready)]
            yield GroupedMoments(
                tuple(
                    moments_of_sums(
                        layout.sums(some[:, code], np.full(len(some), size)), found.centre, np.full(len(some), size)
                    )
                    for code, size in enumerate(sizes)
                )
            )
        pending = [ready[n_ready:]]


def _dealt_sums(
    items: AnyArray, layout: ProductLayout, labels: AnyArray, n_groups: int, weight: FloatArray | None
) -> FloatArray:
    """Sums of products by permutation and group, shape (n_permutations, n_groups, n_products)."""
    sums = np.zeros((len(labels), n_groups, layout.n_products))
    rows = layout.rows
    is_exact = layout.can_be_exact and rows * layout.largest < EXACT_IN_SINGLE
    dtype = np.float32 if is_exact else np.float64
    at_once = max(1, _CELLS_AT_ONCE // rows)
    everyone = np.zeros(layout.n_products)
    for start in range(0, len(items), rows):
        block = slice(start, start + rows)
        products = layout.products(items[block], None if weight is None else weight[block], dtype).T
        everyone += products.sum(axis=0, dtype=np.float64)
        for lead in range(0, len(labels), at_once):
            some = slice(lead, lead + at_once)
            for code in range(n_groups - 1):
                sums[some, code] += (labels[some, block] == code).astype(dtype) @ products
    sums[:, -1] = everyone - sums[:, :-1].sum(axis=1)
    return sums
