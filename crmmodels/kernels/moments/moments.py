"""Means and covariances of survey items, missing answers replaced by means without writing them down."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from crmmodels._typing import AnyArray, FloatArray, IntArray

_ROWS = 8192
_ROUNDING = 1e-13


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Means and covariances of items, for one sample or one per replicate.

    Attributes
    ----------
    mean : ndarray of float64, shape (..., p)
        Mean of the answers to each item; NaN where nobody answered.
    covariance : ndarray of float64, shape (..., p, p)
        Symmetric, divisor n - 1, missing answers at their item's mean. A row and column are exactly 0 where all answers are
        equal.
    n_observations : float or ndarray of float64, shape (...)
        Respondents, those with missing answers included.
    """

    mean: FloatArray
    covariance: FloatArray
    n_observations: float | FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class ProductSums:
    """Sums over respondents from which moments are made, each respondent counted c times.

    Attributes
    ----------
    total : float or ndarray of float64, shape (...)
        Sum of c.
    first : ndarray of float64, shape (..., p)
        Sums of c z, with z the answer less its centre and 0 where missing.
    second : ndarray of float64, shape (..., p, p)
        Sums of c z_h z_k.
    first_where : ndarray of float64, shape (..., p, p), or None
        Sums of c z_h o_k, with o 1 where answered and 0 where not; None where nothing is missing.
    both : ndarray of float64, shape (..., p, p), or None
        Sums of c o_h o_k; None where nothing is missing.
    """

    total: float | FloatArray
    first: FloatArray
    second: FloatArray
    first_where: FloatArray | None = None
    both: FloatArray | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Centring:
    """What to take from answers so that sums of their products keep their digits.

    Attributes
    ----------
    centre : ndarray of float64, shape (p,)
        Near the mean of each item, and whole where all answers are; 0 without answers.
    partial : ndarray of int64, shape (k,)
        Positions of the items with missing answers.
    is_whole : bool
        Whether all answers are whole numbers, so that sums of their products are exact.
    reach : float
        Largest distance of an answer from its centre.
    """

    centre: FloatArray
    partial: IntArray
    is_whole: bool
    reach: float

    def deviations(self, items: AnyArray) -> FloatArray:
        """Answers less their centres, 0 where missing.

        Parameters
        ----------
        items : ndarray of float, shape (n, p)
            Answers; NaN where missing.

        Returns
        -------
        ndarray of float64, shape (n, p)
            A new array.
        """
        gaps: FloatArray = items - self.centre
        if self.partial.size:
            np.nan_to_num(gaps, copy=False, nan=0.0)
        return gaps


def moments(items: AnyArray, weight: FloatArray | None = None) -> Moments:
    r"""Means and covariances of items, missing answers at the mean of their item.

    Parameters
    ----------
    items : ndarray of float, shape (n, p)
        Answers; NaN where missing. A respondent without any answer counts as one with average answers, so leave such rows out.
    weight : ndarray of float64, shape (n,), optional
        Survey weights, at least 0 and of any scale; 1 each if None.

    Returns
    -------
    Moments
        Without leading axes; the covariance is NaN for a single respondent. For whole answers without weights, the same to the
        last bit in whatever order the respondents come.

    Notes
    -----
    With :math:`o` 1 where answered, :math:`z` the answer less a constant where :math:`o = 1` and 0 elsewhere, and :math:`c` the
    weight scaled to sum to :math:`n`,

    .. math:: m_h = \frac{\sum c z_h}{\sum c o_h}, \quad
        S_{hk} = \frac{\sum c z_h z_k - m_k \sum c z_h o_k - m_h \sum c z_k o_h + m_h m_k \sum c o_h o_k}{n - 1},

    which is the covariance of the answers with the means written in, at no copy of them.

    Examples
    --------
    >>> found = moments(np.array([[1.0, 2.0], [3.0, np.nan], [5.0, 6.0]]))
    >>> found.mean, found.covariance
    (array([3., 4.]), array([[4., 4.],
           [4., 4.]]))
    """
    found = centring(items)
    return moments_of_sums(product_sums(items, found, weight), found.centre, float(len(items)))


def centring(items: AnyArray) -> Centring:
    """Centres of the items, and whether products of what is left are whole.

    Parameters
    ----------
    items : ndarray of float, shape (n, p)
        Answers; NaN where missing.

    Returns
    -------
    Centring
        Of these answers.
    """
    sums = items.sum(axis=0, dtype=np.float64)
    partial = np.flatnonzero(np.isnan(sums))
    n_answers = np.full(len(sums), len(items))
    for item in partial:
        answers = items[~np.isnan(items[:, item]), item]
        n_answers[item], sums[item] = len(answers), answers.sum(dtype=np.float64)
    centre = sums / np.maximum(n_answers, 1)
    is_whole = all(_are_whole(rows, has_missing=bool(partial.size)) for rows in row_blocks(items))
    if is_whole:
        centre = np.rint(centre)
    reach = 0.0
    for rows in row_blocks(items):
        for end in (np.fmin.reduce(rows, axis=0), np.fmax.reduce(rows, axis=0)):
            reach = max(reach, float(np.fmax.reduce(np.abs(end - centre), initial=0.0)))
    return Centring(centre, partial, is_whole, reach)


def product_sums(items: AnyArray, found: Centring, weight: FloatArray | None = None) -> ProductSums:
    """Sums of products over respondents.

    Parameters
    ----------
    items : ndarray of float, shape (n, p)
        Answers; NaN where missing.
    found : Centring
        Of these answers.
    weight : ndarray of float64, shape (n,), optional
        Survey weights; 1 each if None.

    Returns
    -------
    ProductSums
        Without leading axes.
    """
    p, is_partial = items.shape[1], bool(found.partial.size)
    first, second = np.zeros(p), np.zeros((p, p))
    first_where, both = np.zeros((p, p)), np.zeros((p, p))
    start = 0
    for rows in row_blocks(items):
        gaps = found.deviations(rows)
        answered = (~np.isnan(rows)).astype(np.float64) if is_partial else None
        if weight is None:
            first += gaps.sum(axis=0)
        else:
            own = weight[start : start + len(rows)]
            first += own @ gaps
            root = np.sqrt(own)[:, np.newaxis]
            gaps *= root
            if answered is not None:
                answered *= root
        second += gaps.T @ gaps
        if answered is not None:
            first_where += gaps.T @ answered
            both += answered.T @ answered
        start += len(rows)
    total = float(len(items)) if weight is None else float(weight.sum())
    return ProductSums(total, first, second, first_where, both) if is_partial else ProductSums(total, first, second)


def moments_of_sums(sums: ProductSums, centre: FloatArray, n_observations: float | FloatArray) -> Moments:
    """Moments from sums of products, by the formula of `moments`.

    Parameters
    ----------
    sums : ProductSums
        Sums, with leading axes or without.
    centre : ndarray of float64, shape (p,)
        What was taken from the answers.
    n_observations : float or ndarray of float64, shape (...)
        Respondents.

    Returns
    -------
    Moments
        With the leading axes of the sums.
    """
    total = np.asarray(sums.total, np.float64)[..., np.newaxis]
    n = np.asarray(n_observations, np.float64)[..., np.newaxis]
    with np.errstate(divide="ignore", invalid="ignore"):
        if sums.first_where is None or sums.both is None:
            gap = sums.first / total
            squares = sums.second - sums.first[..., :, np.newaxis] * sums.first[..., np.newaxis, :] / total[..., np.newaxis]
        else:
            n_answers = np.diagonal(sums.both, axis1=-2, axis2=-1)
            has_answers = n_answers > _ROUNDING * total
            gap = np.where(has_answers, sums.first / n_answers, np.nan)
            known = np.where(has_answers, gap, 0.0)
            lean = sums.first_where * known[..., np.newaxis, :]
            level = sums.both * (known[..., :, np.newaxis] * known[..., np.newaxis, :])
            squares = sums.second - (lean + np.swapaxes(lean, -1, -2)) + level
        covariance = squares * (n / (total * (n - 1.0)))[..., np.newaxis]
    own = np.diagonal(squares, axis1=-2, axis2=-1)
    varies = ~(own <= _ROUNDING * np.diagonal(sums.second, axis1=-2, axis2=-1))
    if not varies.all():
        covariance = np.where(varies[..., :, np.newaxis] & varies[..., np.newaxis, :], covariance, 0.0 * covariance)
    return Moments(gap + centre, covariance, n_observations)


def row_blocks(items: AnyArray, rows: int = _ROWS) -> Iterator[AnyArray]:
    """Blocks of rows, in order.

    Parameters
    ----------
    items : ndarray, shape (n, p)
        The table.
    rows : int
        Rows of a block, but for the last.

    Yields
    ------
    ndarray, shape (at most rows, p)
        A view.
    """
    for start in range(0, len(items), rows):
        yield items[start : start + rows]


def _are_whole(rows: AnyArray, *, has_missing: bool) -> bool:
    whole = np.rint(rows) == rows
    return bool(np.all(whole | np.isnan(rows) if has_missing else whole))
