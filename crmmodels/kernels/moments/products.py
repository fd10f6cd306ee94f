"""Products of answers, laid out so that one matrix product with counts gives the sums of every replicate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike

from crmmodels._typing import AnyArray, FloatArray
from crmmodels.kernels.moments.moments import Centring, ProductSums

_CELLS = 1 << 22
_FEWEST_ROWS, _MOST_ROWS = 256, 8192
EXACT_IN_SINGLE = float(1 << 24)
"""Whole numbers below this are exact in single precision."""


@dataclass(frozen=True, slots=True, eq=False)
class ProductLayout:
    """Which products of a respondent's answers stand where.

    In order: z of each item; z_h z_k for h up to k; z_h o_k for each item h and each item k with missing answers; o_h o_k for
    h up to k among these; the weight, if there are weights.

    Attributes
    ----------
    found : Centring
        Centres, and the items with missing answers.
    n_items : int
        Items p.
    is_weighted : bool
        Whether respondents have weights.
    """

    found: Centring
    n_items: int
    is_weighted: bool

    @property
    def n_products(self) -> int:
        """Products of one respondent."""
        p, k = self.n_items, self.found.partial.size
        return p + p * (p + 1) // 2 + p * k + k * (k + 1) // 2 + int(self.is_weighted)

    @property
    def largest(self) -> float:
        """Bound of the size of a product without weights."""
        return max(1.0, self.found.reach, self.found.reach**2)

    @property
    def rows(self) -> int:
        """Respondents whose products are held at once; few enough for single precision to be exact where that is possible."""
        rows = max(_FEWEST_ROWS, min(_MOST_ROWS, _CELLS // self.n_products))
        if self.can_be_exact:
            rows = min(rows, max(1, int(0.75 * EXACT_IN_SINGLE / self.largest)))
        return rows

    @property
    def can_be_exact(self) -> bool:
        """Whether sums over some hundred respondents are exact in single precision."""
        few = 2 * _FEWEST_ROWS
        return self.found.is_whole and not self.is_weighted and few * self.largest < EXACT_IN_SINGLE

    def products(self, items: AnyArray, weight: FloatArray | None, dtype: DTypeLike = np.float64) -> AnyArray:
        """Products of some respondents' answers.

        Parameters
        ----------
        items : ndarray of float, shape (n, p)
            Answers; NaN where missing.
        weight : ndarray of float64, shape (n,), or None
            Their weights.
        dtype : dtype
            Of the result, float32 or float64.

        Returns
        -------
        ndarray of dtype, shape (n_products, n)
            One row per product.
        """
        p, partial = self.n_items, self.found.partial
        out: AnyArray = np.empty((self.n_products, len(items)), dtype)
        gaps = np.ascontiguousarray(self.found.deviations(items).T, dtype)
        own: AnyArray = gaps if weight is None else gaps * weight.astype(dtype)
        out[:p] = own
        place = p
        for h in range(p):
            np.multiply(own[h], gaps[h:], out=out[place : place + p - h])
            place += p - h
        answered = np.ascontiguousarray(~np.isnan(items[:, partial]).T, dtype)
        for column in answered:
            np.multiply(own, column, out=out[place : place + p])
            place += p
        for h, column in enumerate(answered):
            both = answered[h:] * column
            out[place : place + len(both)] = both if weight is None else both * weight
            place += len(both)
        if weight is not None:
            out[-1] = weight
        return out

    def sums(self, flat: FloatArray, n_counted: float | FloatArray) -> ProductSums:
        """Sums of products as matrices.

        Parameters
        ----------
        flat : ndarray of float64, shape (..., n_products)
            Sums in the order of the layout.
        n_counted : float or ndarray of float64, shape (...)
            Respondents counted, repetitions included; not read where there are weights.

        Returns
        -------
        ProductSums
            With the leading axes.
        """
        p, partial = self.n_items, self.found.partial
        k = partial.size
        first = flat[..., :p]
        place = p + p * (p + 1) // 2
        second = _symmetric(flat[..., p:place], p)
        total = flat[..., -1] if self.is_weighted else np.broadcast_to(np.asarray(n_counted, np.float64), flat.shape[:-1])
        if k == 0:
            return ProductSums(total, first, second)
        lead = flat.shape[:-1]
        first_where = np.repeat(first[..., :, np.newaxis], p, axis=-1)
        first_where[..., partial] = np.swapaxes(flat[..., place : place + k * p].reshape(*lead, k, p), -1, -2)
        place += k * p
        among = _symmetric(flat[..., place : place + k * (k + 1) // 2], k)
        both = np.empty((*lead, p, p))
        both[...] = np.asarray(total)[..., np.newaxis, np.newaxis]
        answers = np.diagonal(among, axis1=-2, axis2=-1)
        both[..., partial, :] = answers[..., :, np.newaxis]
        both[..., :, partial] = answers[..., np.newaxis, :]
        both[..., partial[:, np.newaxis], partial] = among
        return ProductSums(total, first, second, first_where, both)


def _symmetric(upper: FloatArray, p: int) -> FloatArray:
    """Symmetric matrices from their upper triangles, row by row."""
    place: AnyArray = np.empty((p, p), np.int64)
    rows, columns = np.triu_indices(p)
    place[rows, columns] = np.arange(rows.size)
    place[columns, rows] = place[rows, columns]
    return upper[..., place]
