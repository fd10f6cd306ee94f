"""Moments of resampled respondents: the bootstrap by counts times products, and the jackknife."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from crmmodels._typing import AnyArray, FloatArray, IntArray
from crmmodels.kernels.moments.moments import Moments, centring, moments_of_sums
from crmmodels.kernels.moments.products import EXACT_IN_SINGLE, ProductLayout

_SUMS_AT_ONCE = 1 << 23
_COUNTS_AT_ONCE = 1 << 21
_DRAWS_AT_ONCE = 1 << 17
_MOST_DELETE_ONE = 2000
_DELETED_GROUPS = 500


def resampled_moments(
    items: AnyArray,
    n_replicates: int,
    rng: np.random.Generator,
    *,
    weight: FloatArray | None = None,
    batch: int = 500,
    on_replicate: Callable[[int, int], None] | None = None,
) -> Iterator[Moments]:
    r"""Moments of bootstrap samples: respondents drawn with replacement, as many as there are.

    Parameters
    ----------
    items : ndarray of float, shape (n, p)
        Answers; NaN where missing, at the mean of the item within each sample.
    n_replicates : int
        Bootstrap samples, at least 1.
    rng : numpy.random.Generator
        Draws the samples. They depend on it, on ``n_replicates`` and on the table (its shape, the range of its answers, which
        items have missing ones, whether there are weights), not on ``batch``.
    weight : ndarray of float64, shape (n,), optional
        Survey weights; respondents are drawn with equal chances and count with their weights within a sample.
    batch : int, default 500
        At most so many samples are handed over at once.
    on_replicate : callable, optional
        Called with samples drawn, as many as their share of the draws comes to, and in all.

    Yields
    ------
    Moments
        Leading axis of at most ``batch`` samples.

    Notes
    -----
    With :math:`c_{bi}` the times that respondent :math:`i` is in sample :math:`b`, all sums of products are one matrix product

    .. math:: \sum_i c_{bi}\, g_i, \quad (c_{b1}, \ldots, c_{bn}) \sim \mathrm{Multinomial}(n; \frac{1}{n}, \ldots, \frac{1}{n}).

    It runs over blocks of respondents: how many of the :math:`n` draws fall into each block is multinomial, and given that,
    the draws within a block are uniform, so the counts are multinomial over all. Products of whole answers less a whole
    centre are whole, and their sums are exact in single precision below :math:`2^{24}`; with weights, other answers or a wide
    scale the product runs in double precision. Memory depends on the items, not on the respondents or samples.

    References
    ----------
    Efron, B. & Tibshirani, R. J. (1993). An Introduction to the Bootstrap. Chapman & Hall, chapter 6.

    Examples
    --------
    >>> answers = np.array([[7.0, 8.0], [9.0, 10.0], [4.0, 6.0], [5.0, 5.0]])
    >>> batches = resampled_moments(answers, 3, np.random.default_rng(1))
    >>> [batch.mean.shape for batch in batches]
    [(3, 2)]
    """
    n = len(items)
    found = centring(items)
    layout = ProductLayout(found, items.shape[1], weight is not None)
    at_once = max(1, _SUMS_AT_ONCE // layout.n_products)
    for start in range(0, n_replicates, at_once):
        n_samples = min(at_once, n_replicates - start)

        def told(share: float, start: int = start, n_samples: int = n_samples) -> None:
            if on_replicate is not None:
                on_replicate(start + int(share * n_samples), n_replicates)

        sums = _bootstrap_sums(items, layout, n_samples, rng, weight, told=told)
        for lead in range(0, len(sums), batch):
            some = sums[lead : lead + batch]
            sample_size = np.full(len(some), float(n))
            yield moments_of_sums(layout.sums(some, sample_size), found.centre, sample_size)


def uniform_counts(totals: IntArray, n: int, rng: np.random.Generator, dtype: type = np.float64) -> AnyArray:
    """Times that each of some respondents is drawn, every draw with equal chances.

    Parameters
    ----------
    totals : ndarray of int64, shape (n_samples,)
        Draws of each sample.
    n : int
        Respondents to draw from.
    rng : numpy.random.Generator
        Draws them.
    dtype : type
        Of the counts.

    Returns
    -------
    ndarray of dtype, shape (n_samples, n)
        Multinomial counts, whose rows sum to the totals.
    """
    counts: AnyArray = np.zeros((len(totals), n), dtype)
    flat = counts.reshape(-1)
    samples_at_once = max(1, _DRAWS_AT_ONCE // max(n, 1))
    for start in range(0, len(totals), samples_at_once):
        some = totals[start : start + samples_at_once]
        place = np.repeat(np.arange(start, start + len(some), dtype=np.int64) * n, some)
        place += rng.integers(0, n, len(place))
        np.add.at(flat, place, dtype(1))
    return counts


def jackknife_moments(
    items: AnyArray,
    *,
    weight: FloatArray | None = None,
    n_groups: int | None = None,
    batch: int = 500,
) -> Iterator[Moments]:
    """Moments without each respondent in turn, or without each of many groups of respondents.

    Parameters
    ----------
    items : ndarray of float, shape (n, p)
        Answers; NaN where missing, at the mean of the item within each sample.
    weight : ndarray of float64, shape (n,), optional
        Survey weights.
    n_groups : int, optional
        Groups to leave out in turn, at most n; respondent i is in group i modulo ``n_groups``, so that groups differ by at most
        one respondent. If None, n up to 2,000 respondents and 500 beyond.
    batch : int, default 500
        Samples handed over at once, but for the last.

    Yields
    ------
    Moments
        Leading axis of at most ``batch`` samples, in order of the groups.

    Notes
    -----
    The products of those left out are taken from the sums over all: one pass over the respondents whatever the groups.

    References
    ----------
    Efron, B. & Tibshirani, R. J. (1993). An Introduction to the Bootstrap. Chapman & Hall, chapter 11.

    Examples
    --------
    >>> [found] = jackknife_moments(np.array([[1.0], [2.0], [6.0]]))
    >>> found.mean[:, 0]
    array([4. , 3.5, 1.5])
    """
    n = len(items)
    groups = min(n, n_groups or (n if n <= _MOST_DELETE_ONE else _DELETED_GROUPS))
    found = centring(items)
    layout = ProductLayout(found, items.shape[1], weight is not None)
    within = np.zeros((groups, layout.n_products))
    for start in range(0, n, groups):
        rows = slice(start, min(start + groups, n))
        own = layout.products(items[rows], None if weight is None else weight[rows])
        within[: own.shape[1]] += own.T
    everyone = within.sum(axis=0)
    n_left = n - np.bincount(np.arange(n) % groups, minlength=groups).astype(np.float64)
    for lead in range(0, groups, batch):
        some = slice(lead, lead + batch)
        yield moments_of_sums(layout.sums(everyone - within[some], n_left[some]), found.centre, n_left[some])


def _bootstrap_sums(
    items: AnyArray,
    layout: ProductLayout,
    n_samples: int,
    rng: np.random.Generator,
    weight: FloatArray | None,
    *,
    told: Callable[[float], None],
) -> FloatArray:
    n, rows = len(items), layout.rows
    starts = np.arange(0, n, rows)
    sizes = np.minimum(rows, n - starts)
    totals = rng.multinomial(n, sizes / n, size=n_samples)
    is_exact = layout.can_be_exact and int(totals.max()) * layout.largest < EXACT_IN_SINGLE
    dtype = np.float32 if is_exact else np.float64
    sums = np.zeros((n_samples, layout.n_products))
    samples_at_once = max(1, _COUNTS_AT_ONCE // int(sizes.max()))
    for block, (start, size) in enumerate(zip(starts.tolist(), sizes.tolist(), strict=True)):
        own = None if weight is None else weight[start : start + size]
        products = layout.products(items[start : start + size], own, dtype).T
        for lead in range(0, n_samples, samples_at_once):
            some = slice(lead, lead + samples_at_once)
            sums[some] += uniform_counts(totals[some, block], size, rng, dtype) @ products
            told((start + size * min(lead + samples_at_once, n_samples) / n_samples) / n)
    return sums
