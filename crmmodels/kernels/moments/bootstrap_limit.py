"""Moments drawn from the normal law that the bootstrap has for many respondents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from crmmodels._typing import AnyArray, FloatArray
from crmmodels.kernels.moments.moments import (
    Centring,
    Moments,
    ProductSums,
    centring,
    moments_of_sums,
    product_sums,
    row_blocks,
)

_CELLS = 1 << 21


def moment_limit_draws(
    items: AnyArray,
    n_replicates: int,
    rng: np.random.Generator,
    *,
    weight: FloatArray | None = None,
    batch: int = 500,
) -> Iterator[Moments]:
    r"""Moments drawn from the normal limit of their bootstrap distribution.

    For many respondents, where drawing samples costs much and its result is normal anyway: the cost of a draw does not depend
    on the respondents. For some hundred, `resampled_moments` is as fast and keeps the skewness.

    Parameters
    ----------
    items : ndarray of float, shape (n, p)
        Answers; NaN where missing, at the mean of the item within each draw.
    n_replicates : int
        Draws, at least 1.
    rng : numpy.random.Generator
        Draws them; they do not depend on ``batch`` but for rounding.
    weight : ndarray of float64, shape (n,), optional
        Survey weights; as in `resampled_moments`, respondents have equal chances to be drawn.
    batch : int, default 500
        Draws handed over at once, but for the last.

    Yields
    ------
    Moments
        Leading axis of at most ``batch`` draws; every covariance is positive semidefinite.

    Notes
    -----
    To first order in the counts, means and covariances of a bootstrap sample differ from those of the data by the mean over
    the respondents drawn of their influences: with :math:`w` the weight over its mean, :math:`d = z - m` where answered and 0
    elsewhere, :math:`q_{hk}` the mean of :math:`w d_h o_k`,

    .. math:: \psi(m_h) = \frac{w\, d_h}{\overline{w o_h}}, \quad
        \psi(S_{hk}) = w\, d_h d_k - w\, \bar S_{hk} - q_{kh} \psi(m_h) - q_{hk} \psi(m_k),

    whose covariance over respondents, divided by n, is that of the draws. With :math:`E` the step drawn for the covariance,

    .. math:: S^* = S + E + \frac{1}{4} E S^{+} E = \left(L + \frac{1}{2} L^{+\prime} E\right)^\prime
        \left(L + \frac{1}{2} L^{+\prime} E\right), \quad S = L^\prime L,

    the same to first order as :math:`S + E` and never indefinite; the last term is of order :math:`1/n`.

    References
    ----------
    Bickel, P. J. & Freedman, D. A. (1981). Some asymptotic theory for the bootstrap. The Annals of Statistics 9, 1196-1217.
    doi:10.1214/aos/1176345637

    Examples
    --------
    >>> answers = np.random.default_rng(1).integers(1, 11, (1000, 2)).astype(float)
    >>> [found] = moment_limit_draws(answers, 400, np.random.default_rng(2))
    >>> found.mean.std(axis=0).round(2), (answers.std(axis=0) / 1000**0.5).round(2)
    (array([0.09, 0.09]), array([0.09, 0.09]))
    """
    n, p = items.shape
    found = centring(items)
    sums = product_sums(items, found, weight)
    centre = moments_of_sums(sums, found.centre, float(n))
    law = _InfluenceLaw.of(items, found, sums, centre, weight)
    root = law.root() / np.sqrt(n)
    basis = _factor(centre.covariance)
    rows, columns = np.triu_indices(p)
    varies = np.diagonal(centre.covariance) > 0.0
    root[:, :p] *= varies
    for start in range(0, n_replicates, batch):
        step = rng.standard_normal((min(batch, n_replicates - start), root.shape[0])) @ root
        change = np.empty((len(step), p, p))
        change[:, rows, columns] = step[:, p:]
        change[:, columns, rows] = step[:, p:]
        half = basis.root + 0.5 * (basis.inverse_root @ change)
        covariance = np.swapaxes(half, -1, -2) @ half
        covariance = 0.5 * (covariance + np.swapaxes(covariance, -1, -2)) * np.outer(varies, varies)
        yield Moments(centre.mean + step[:, :p], covariance, np.full(len(step), float(n)))


@dataclass(frozen=True, slots=True, eq=False)
class _Factor:
    """A root L of a covariance S = L'L, and the transpose of its pseudo-inverse."""

    root: FloatArray
    inverse_root: FloatArray


def _factor(covariance: FloatArray) -> _Factor:
    deviation = np.sqrt(np.diagonal(covariance))
    scale = np.where(deviation > 0.0, deviation, 1.0)
    values, vectors = np.linalg.eigh(covariance / np.outer(scale, scale))
    roots = np.sqrt(np.maximum(values, 0.0))
    kept = values > 1e-12 * len(values)
    inverse = np.divide(1.0, roots, out=np.zeros_like(roots), where=kept)
    # L = V D' over the scaled items; its pseudo-inverse transposed maps a change of S into one of L.
    return _Factor(roots[:, np.newaxis] * vectors.T * scale, inverse[:, np.newaxis] * vectors.T / scale)


@dataclass(frozen=True, slots=True, eq=False)
class _InfluenceLaw:
    """Covariance of the influences of respondents on means and covariances."""

    covariance: FloatArray

    @classmethod
    def of(
        cls, items: AnyArray, found: Centring, sums: ProductSums, centre: Moments, weight: FloatArray | None
    ) -> _InfluenceLaw:
        n, p = items.shape
        rows = np.triu_indices(p)[0]
        total = np.asarray(sums.total)
        mean = np.where(np.isnan(centre.mean), found.centre, centre.mean)
        plain = centre.covariance * ((n - 1.0) / n)
        is_partial = sums.both is not None and sums.first_where is not None
        share, lean = np.ones(p), np.zeros((p, p))
        if sums.both is not None and sums.first_where is not None:
            share = np.maximum(np.diagonal(sums.both) / total, 1e-300)
            lean = (sums.first_where - (mean - found.centre)[:, np.newaxis] * sums.both) / total
        square = np.zeros((p + rows.size, p + rows.size))
        for start, block in zip(
            range(0, n, _CELLS // square.shape[0]), row_blocks(items, _CELLS // square.shape[0]), strict=True
        ):
            gap: AnyArray = block - mean
            if is_partial:
                np.nan_to_num(gap, copy=False, nan=0.0)
            gap = np.ascontiguousarray(gap.T)
            own = np.empty((p + rows.size, len(block)))
            factor = 1.0 if weight is None else weight[start : start + len(block)] * (n / total)
            own[:p] = gap * factor / share[:, np.newaxis]
            place = p
            for h in range(p):
                part = own[place : place + p - h]
                np.multiply(gap[h], gap[h:], out=part)
                part -= plain[h, h:, np.newaxis]
                if weight is not None:
                    part *= factor
                if is_partial:
                    part -= lean[h:, h, np.newaxis] * own[h] + lean[h, h:, np.newaxis] * own[h:p]
                place += p - h
            square += own @ own.T
        scale = np.concatenate([np.ones(p), np.full(rows.size, n / (n - 1.0))])
        return cls(square / n * np.outer(scale, scale))

    def root(self) -> FloatArray:
        """A root R of the covariance C = R'R."""
        values, vectors = np.linalg.eigh(self.covariance)
        root: FloatArray = np.sqrt(np.maximum(values, 0.0))[:, np.newaxis] * vectors.T
        return root
