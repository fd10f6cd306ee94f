"""Limits of intervals: from draws, by percentiles and by bias-corrected accelerated percentiles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crmmodels._typing import BoolArray, FloatArray, IntArray

_VALUES_AT_ONCE = 1 << 21


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """Lower and upper limit of an interval, for one quantity or an array of them.

    Attributes
    ----------
    lower, upper : ndarray of float64, shape (...)
        The limits; NaN where there is nothing to tell them from.
    n_left_out : ndarray of int64, shape (...), or int
        Draws that were NaN and are not counted among the draws.
    is_percentile : ndarray of bool, shape (...), or bool
        True where `bca_limits` does not exist and the percentiles stand instead.
    """

    lower: FloatArray
    upper: FloatArray
    n_left_out: IntArray | int = 0
    is_percentile: BoolArray | bool = False


def percentile_limits(draws: FloatArray, level: float) -> Limits:
    r"""Limits between which the middle share of the draws lies.

    Parameters
    ----------
    draws : ndarray of float64, shape (n_draws, ...)
        Draws of each quantity; NaN where a draw has none.
    level : float
        Share of the draws between the limits, above 0 and below 1.

    Returns
    -------
    Limits
        Shape (...); NaN where all draws are.

    Notes
    -----
    .. math:: \left[ \hat G^{-1}\left(\frac{1 - \lambda}{2}\right),\; \hat G^{-1}\left(\frac{1 + \lambda}{2}\right) \right]

    with :math:`\hat G` the distribution of the draws, interpolated linearly between them (definition 7 of Hyndman & Fan).

    References
    ----------
    Efron, B. & Tibshirani, R. J. (1993). An Introduction to the Bootstrap. Chapman & Hall, chapter 13.

    Hyndman, R. J. & Fan, Y. (1996). Sample quantiles in statistical packages. The American Statistician 50, 361-365.
    doi:10.1080/00031305.1996.10473566

    Examples
    --------
    >>> found = percentile_limits(np.arange(101.0), 0.9)
    >>> found.lower, found.upper
    (array(5.), array(95.))
    """
    flat = draws.reshape(len(draws), -1)
    tail = (1.0 - level) / 2.0
    limits, n_known = np.empty((2, flat.shape[1])), np.empty(flat.shape[1], np.int64)
    for columns in _column_blocks(flat):
        ordered = _Ordered.of(flat[:, columns])
        limits[0, columns] = ordered.quantile(np.full(len(ordered.values), tail))
        limits[1, columns] = ordered.quantile(np.full(len(ordered.values), 1.0 - tail))
        n_known[columns] = ordered.n_known
    shape = draws.shape[1:]
    return Limits(limits[0].reshape(shape), limits[1].reshape(shape), (len(draws) - n_known).reshape(shape))


def bca_limits(draws: FloatArray, estimate: FloatArray, jackknife: FloatArray, level: float) -> Limits:
    r"""Bias-corrected and accelerated percentile limits.

    Percentiles moved by how far the draws lie to one side of the estimate, and by how fast its standard error changes with
    its value; right to second order where percentiles are right to first order.

    Parameters
    ----------
    draws : ndarray of float64, shape (n_draws, ...)
        Draws of each quantity; NaN where a draw has none.
    estimate : ndarray of float64, shape (...)
        The quantity from the data themselves.
    jackknife : ndarray of float64, shape (n_groups, ...)
        The quantity without one respondent, or without one of many groups of equal size; NaN where there is none.
    level : float
        Nominal coverage, above 0 and below 1.

    Returns
    -------
    Limits
        Shape (...); NaN where all draws or the estimate are. Percentiles, marked `is_percentile`, where all draws lie on one
        side of the estimate or the acceleration is so strong that the moved percentile does not exist.

    Notes
    -----
    .. math:: \alpha_\pm = \Phi\left(\hat z_0 + \frac{\hat z_0 + z_\pm}{1 - \hat a (\hat z_0 + z_\pm)}\right), \quad
        \hat z_0 = \Phi^{-1}\left(\frac{\#\{\theta^* < \hat\theta\} + \#\{\theta^* \leq \hat\theta\}}{2B}\right), \quad
        \hat a = \frac{\sum_i (\bar\theta - \theta_{(i)})^3}{6 \left(\sum_i (\bar\theta - \theta_{(i)})^2\right)^{3/2}}

    A draw equal to the estimate counts half on each side. Without variation between the jackknife values the acceleration
    is 0. With delete-one groups this is the textbook's acceleration; with groups of several respondents its estimate, whose
    standard error is about 0.65 over the number of groups.

    ======================= =================
    symbol                  name
    ======================= =================
    :math:`\theta^*`        ``draws``
    :math:`\hat\theta`      ``estimate``
    :math:`\theta_{(i)}`    ``jackknife``
    ======================= =================

    References
    ----------
    Efron, B. (1987). Better bootstrap confidence intervals. Journal of the American Statistical Association 82, 171-185.
    doi:10.1080/01621459.1987.10478410

    Examples
    --------
    >>> values = np.array([1.0, 2.0, 3.0, 4.0, 10.0])
    >>> means = np.random.default_rng(1).choice(values, (2000, 5)).mean(axis=1)
    >>> found = bca_limits(means, values.mean(), (values.sum() - values) / 4, 0.9)
    >>> found.lower, found.upper
    (array(2.2), array(7.))
    """
    from scipy.special import ndtr, ndtri  # noqa: PLC0415

    flat = draws.reshape(len(draws), -1)
    point = np.asarray(estimate, np.float64).reshape(-1)
    rate = acceleration(jackknife.reshape(len(jackknife), -1))
    tail = (1.0 - level) / 2.0
    limits, n_known, plain = np.empty((2, point.size)), np.empty(point.size, np.int64), np.empty(point.size, np.bool_)
    for columns in _column_blocks(flat):
        ordered = _Ordered.of(flat[:, columns])
        bias = ndtri(ordered.share_below(point[columns]))
        moved = []
        for z in (ndtri(tail), ndtri(1.0 - tail)):
            with np.errstate(invalid="ignore"):
                room = 1.0 - rate[columns] * (bias + z)
                moved.append(np.where(room > 0.0, ndtr(bias + (bias + z) / np.where(room > 0.0, room, 1.0)), np.nan))
        constant = ordered.first == ordered.last
        missing = np.isnan(point[columns]) | (ordered.n_known == 0)
        fails = ~np.isfinite(bias) | np.isnan(moved[0]) | np.isnan(moved[1])
        for row, share, usual in zip(limits, moved, (tail, 1.0 - tail), strict=True):
            row[columns] = np.where(missing, np.nan, ordered.quantile(np.where(fails | constant, usual, share)))
        plain[columns] = fails & ~missing & ~(constant & (ordered.first == point[columns]))
        n_known[columns] = ordered.n_known
    shape = draws.shape[1:]
    left_out = (len(draws) - n_known).reshape(shape)
    return Limits(limits[0].reshape(shape), limits[1].reshape(shape), left_out, plain.reshape(shape))


def acceleration(jackknife: FloatArray) -> FloatArray:
    r"""Acceleration of a statistic: a sixth of the skewness of its jackknife values, scaled.

    Parameters
    ----------
    jackknife : ndarray of float64, shape (n_groups, ...)
        The statistic without one respondent or group; NaN values are left out.

    Returns
    -------
    ndarray of float64, shape (...)
        0 where the values do not vary or there are none.

    Notes
    -----
    .. math:: \hat a = \frac{\sum_i (\bar\theta - \theta_{(i)})^3}{6 \left(\sum_i (\bar\theta - \theta_{(i)})^2\right)^{3/2}}

    References
    ----------
    Efron, B. (1987). Better bootstrap confidence intervals. Journal of the American Statistical Association 82, 171-185.
    doi:10.1080/01621459.1987.10478410

    Examples
    --------
    >>> acceleration(np.array([[1.0], [1.0], [4.0]])).round(4)
    array([-0.068])
    """
    known = ~np.isnan(jackknife)
    n_known = np.maximum(np.count_nonzero(known, axis=0), 1)
    mean = np.where(known, jackknife, 0.0).sum(axis=0) / n_known
    gap = np.where(known, mean - jackknife, 0.0)
    spread = np.square(gap).sum(axis=0)
    cubes = np.square(gap) * gap
    varies = spread > n_known * np.square(1e-14 * mean)
    found: FloatArray = np.divide(cubes.sum(axis=0), 6.0 * spread**1.5, out=np.zeros(mean.shape), where=varies)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Ordered:
    """Draws in order, one row per quantity, NaN last."""

    values: FloatArray
    n_known: IntArray

    @classmethod
    def of(cls, draws: FloatArray) -> _Ordered:
        values = np.sort(np.ascontiguousarray(draws.T), axis=1)
        return cls(values, values.shape[1] - np.count_nonzero(np.isnan(values), axis=1))

    @property
    def first(self) -> FloatArray:
        return self.values[:, 0]

    @property
    def last(self) -> FloatArray:
        return self._at(np.maximum(self.n_known - 1, 0))

    def quantile(self, share: FloatArray) -> FloatArray:
        place = share * np.maximum(self.n_known - 1, 0)
        below = np.floor(place).astype(np.int64)
        low, high = self._at(below), self._at(np.minimum(below + 1, np.maximum(self.n_known - 1, 0)))
        fraction = place - below
        # From the nearer end, so that equal draws give exactly themselves and neither end is overshot.
        return np.where(fraction < 0.5, low + fraction * (high - low), high - (1.0 - fraction) * (high - low))

    def share_below(self, point: FloatArray) -> FloatArray:
        less = np.count_nonzero(self.values < point[:, np.newaxis], axis=1)
        at_most = np.count_nonzero(self.values <= point[:, np.newaxis], axis=1)
        return np.asarray((less + at_most) / np.maximum(2 * self.n_known, 1), np.float64)

    def _at(self, place: IntArray) -> FloatArray:
        return np.take_along_axis(self.values, place[:, np.newaxis], axis=1)[:, 0]


def _column_blocks(flat: FloatArray) -> list[slice]:
    """Blocks of quantities whose draws are ordered at once."""
    width = max(1, _VALUES_AT_ONCE // max(1, len(flat)))
    return [slice(start, start + width) for start in range(0, flat.shape[1], width)]
