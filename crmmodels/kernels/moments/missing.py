"""Means and covariances of items with missing answers by maximum likelihood: the EM algorithm by missing pattern."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from crmmodels._typing import AnyArray, BoolArray, FloatArray, IntArray
from crmmodels.kernels.moments.moments import Moments, moments

_CELLS = 1 << 20
_SMALLEST_ROOT = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class MaximumLikelihoodMoments:
    """Moments by the EM algorithm, and how it went.

    Attributes
    ----------
    moments : Moments
        Means and covariances, the divisor of the latter n - 1 as elsewhere.
    n_iterations : int
        Steps taken.
    has_converged : bool
        Whether the last step changed less than the tolerance.
    last_change : float
        Largest change of a mean in standard deviations or of a covariance in products of these, in the last step.
    """

    moments: Moments
    n_iterations: int
    has_converged: bool
    last_change: float


def em_moments(
    items: AnyArray, weight: FloatArray | None = None, *, tolerance: float = 1e-8, max_iterations: int = 1000
) -> MaximumLikelihoodMoments:
    r"""Moments of a multivariate normal law from answers of which some are missing at random.

    Uses what a respondent did answer to foresee what not, so that covariances are not drawn towards 0 as by mean replacement.
    Without missing answers it is `moments`.

    Parameters
    ----------
    items : ndarray of float, shape (n, p)
        Answers; NaN where missing. Every item has an answer.
    weight : ndarray of float64, shape (n,), optional
        Survey weights, of any scale; 1 each if None.
    tolerance : float, default 1e-8
        Change, in standard deviations, below which to stop.
    max_iterations : int, default 1000
        Steps after which to stop.

    Returns
    -------
    MaximumLikelihoodMoments
        The covariance maximises the likelihood up to the factor n / (n - 1).

    Notes
    -----
    A step takes, for the items :math:`m` missing in a pattern and those observed :math:`o`,

    .. math:: \hat x_m = \mu_m + \Sigma_{mo} \Sigma_{oo}^{-1} (x_o - \mu_o), \quad
        C_{mm} = \Sigma_{mm} - \Sigma_{mo} \Sigma_{oo}^{-1} \Sigma_{om},

    and makes the mean of :math:`\hat x` and the mean of :math:`(\hat x - \mu)(\hat x - \mu)^\prime + C` the new moments. The
    inverse is one per pattern; a pattern of more respondents than items is kept as its mean and a triangular root of its
    products, so the cost of a step depends on patterns and not on respondents. Where observed items are collinear the
    pseudo-inverse stands for the inverse.

    References
    ----------
    Dempster, A. P., Laird, N. M. & Rubin, D. B. (1977). Maximum likelihood from incomplete data via the EM algorithm. Journal
    of the Royal Statistical Society B 39, 1-38. doi:10.1111/j.2517-6161.1977.tb01600.x

    Little, R. J. A. & Rubin, D. B. (2019). Statistical Analysis with Missing Data, 3rd edition. Wiley, section 11.2.

    Examples
    --------
    >>> answers = np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0], [4.0, np.nan], [0.0, 1.0]])
    >>> em_moments(answers).moments.mean.round(4)
    array([2. , 4.1])
    """
    n = float(len(items))
    start = moments(items, weight)
    if not np.isnan(items).any():
        return MaximumLikelihoodMoments(start, 0, has_converged=True, last_change=0.0)
    deviation = np.sqrt(np.diagonal(start.covariance))
    scale = np.where(deviation > 0.0, deviation, 1.0)
    varies = deviation > 0.0
    patterns = _patterns((items - start.mean) / scale, weight)
    mean, covariance = np.zeros(len(scale)), np.diag(varies.astype(np.float64))
    change, step = np.inf, 0
    while change >= tolerance and step < max_iterations:
        new = _step(patterns, mean, covariance, varies)
        change = max(float(np.abs(new.mean - mean).max()), float(np.abs(new.covariance - covariance).max()))
        mean, covariance = new.mean, new.covariance
        step += 1
    whole = covariance * (n / (n - 1.0)) * np.outer(scale, scale)
    return MaximumLikelihoodMoments(Moments(start.mean + mean * scale, whole, n), step, change < tolerance, change)


@dataclass(frozen=True, slots=True, eq=False)
class _Patterns:
    """Respondents by which items they answered.

    Attributes
    ----------
    observed : ndarray of bool, shape (n_patterns, p)
        Which items are answered.
    weight : ndarray of float64, shape (n_patterns,)
        Sum of weights, as shares of all.
    rows : ndarray of float64, shape (n_rows, p)
        Means of patterns, and roots of their products about these; 0 where missing.
    row_weight : ndarray of float64, shape (n_rows,)
        Share of a mean; 1 for a root.
    is_mean : ndarray of bool, shape (n_rows,)
        Whether the row is a mean.
    pattern : ndarray of int64, shape (n_rows,)
        Pattern of each row, ascending.
    """

    observed: BoolArray
    weight: FloatArray
    rows: FloatArray
    row_weight: FloatArray
    is_mean: BoolArray
    pattern: IntArray

    def blocks(self) -> Iterator[slice]:
        """Ranges of patterns whose matrices fit the cache."""
        p = self.observed.shape[1]
        at_once = max(1, _CELLS // (p * p))
        for start in range(0, len(self.observed), at_once):
            yield slice(start, min(start + at_once, len(self.observed)))


def _patterns(items: FloatArray, weight: FloatArray | None) -> _Patterns:
    own = np.full(len(items), 1.0 / len(items)) if weight is None else weight / weight.sum()
    is_observed = ~np.isnan(items)
    key = np.packbits(is_observed, axis=1)
    _, first, code, counts = np.unique(key, axis=0, return_index=True, return_inverse=True, return_counts=True)
    order = np.argsort(code.reshape(-1), kind="stable")
    ordered = np.where(is_observed, items, 0.0)[order]
    shares = own[order]
    total = np.add.reduceat(shares, np.cumsum(counts) - counts)
    rows, row_weight, is_mean, pattern = [], [], [], []
    end = 0
    for place, size in enumerate(counts.tolist()):
        some = slice(end, end + size)
        end += size
        if size <= items.shape[1] + 1:
            rows.append(ordered[some])
            row_weight.append(shares[some])
            is_mean.append(np.ones(size, np.bool_))
        else:
            mean = shares[some] @ ordered[some] / max(float(total[place]), 1e-300)
            root = np.linalg.qr((ordered[some] - mean) * np.sqrt(shares[some])[:, np.newaxis], mode="r")
            rows.append(np.vstack([mean, root]))
            row_weight.append(np.concatenate([total[[place]], np.ones(len(root))]))
            is_mean.append(np.arange(1 + len(root)) == 0)
        pattern.append(np.full(len(rows[-1]), place))
    return _Patterns(
        is_observed[first],
        total,
        np.concatenate(rows),
        np.concatenate(row_weight),
        np.concatenate(is_mean),
        np.concatenate(pattern).astype(np.int64),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Law:
    mean: FloatArray
    covariance: FloatArray


def _step(patterns: _Patterns, mean: FloatArray, covariance: FloatArray, varies: BoolArray) -> _Law:
    """One step of EM, for standardised items."""
    p = len(mean)
    first, second = np.zeros(p), np.zeros((p, p))
    is_regular = float(np.linalg.eigvalsh(covariance[np.ix_(varies, varies)]).min(initial=np.inf)) > _SMALLEST_ROOT * p
    for block in patterns.blocks():
        observed = patterns.observed[block]
        used = observed & varies
        among = used[:, :, np.newaxis] & used[:, np.newaxis, :]
        if is_regular:
            inside = np.where(among, covariance, 0.0)
            inside[:, np.arange(p), np.arange(p)] += ~used
            inverse = np.where(among, np.linalg.inv(inside), 0.0)
        else:
            inverse = np.linalg.pinv(np.where(among, covariance, 0.0), rcond=_SMALLEST_ROOT * p, hermitian=True)
        foresee = np.where(observed[:, np.newaxis, :], 0.0, inverse @ covariance)
        is_missing = ~observed[:, :, np.newaxis] & ~observed[:, np.newaxis, :]
        left = np.where(is_missing, covariance - covariance @ foresee, 0.0)
        second += np.tensordot(patterns.weight[block], left, 1)
        start, end = np.searchsorted(patterns.pattern, [block.start, block.stop]).tolist()
        rows_at_once = max(1, _CELLS // (p * p))
        for lead in range(start, end, rows_at_once):
            some = slice(lead, min(lead + rows_at_once, end))
            own = patterns.pattern[some]
            about = np.where(patterns.is_mean[some, np.newaxis] & patterns.observed[own], mean, 0.0)
            gap = patterns.rows[some] - about
            gap += (gap[:, np.newaxis, :] @ foresee[own - block.start])[:, 0]
            weighted = gap * patterns.row_weight[some, np.newaxis]
            first += weighted[patterns.is_mean[some]].sum(axis=0)
            second += weighted.T @ gap
    shifted = second - np.outer(first, first)
    return _Law(mean + first, 0.5 * (shifted + shifted.T))
