"""The Lorenz curve at few points, places on it, and the whale curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crmmodels._domains import Matrix, PositiveVector, ShareMatrix, require
from crmmodels._typing import FloatArray
from crmmodels.kernels.concentration.shares import Concentration

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class LorenzCurve:
    """The Lorenz curve at a bounded number of knots, largest customers first.

    Attributes
    ----------
    value : ndarray of float64, shape (n_knots,)
        Value at each knot, descending.
    customers : ndarray of float64, shape (2, n_knots)
        Customers with a larger value, and with this value or a larger one.
    share : ndarray of float64, shape (2, n_knots)
        Shares of the total that they make.
    """

    value: PositiveVector
    customers: Matrix
    share: ShareMatrix


def thin_curve(distribution: Concentration, n_knots: int, boundaries: FloatArray) -> LorenzCurve:
    """Keep a bounded number of knots, evenly spread over customers and over share.

    Parameters
    ----------
    distribution : Concentration
        The distribution.
    n_knots : int
        Largest number of knots to keep in addition to the boundaries, at least 4.
    boundaries : ndarray of float64, shape (n_boundaries,)
        Values that are kept in any case, so that the curve is exact there; infinite ones are passed over.

    Returns
    -------
    LorenzCurve
        All distinct values where they are few enough, otherwise a subset with both ends.
    """
    n = len(distribution.value)
    if n <= n_knots:
        keep = np.arange(n)
    else:
        grid = (np.arange(n_knots // 2) + 1) / (n_knots // 2)
        by_customers = np.searchsorted(distribution.customers / distribution.customers[-1], grid[1:])
        by_share = np.searchsorted(distribution.share, grid[:-1])
        at_boundary = np.flatnonzero(np.isin(distribution.value, boundaries))
        keep = np.unique(np.concatenate([[0], by_customers, by_share, at_boundary]))
    customers = distribution.customers[keep].astype(np.float64)
    before_share = np.concatenate([[0.0], distribution.share[:-1]])[keep]
    return LorenzCurve(
        distribution.value[keep],
        np.stack([customers - distribution.count[keep], customers]),
        np.stack([before_share, distribution.share[keep]]),
    )


def check_curve(curve: LorenzCurve, n_customers: int, total: float) -> None:
    """Refuse a curve that is not of so many customers with this total.

    Parameters
    ----------
    curve : LorenzCurve
        The curve.
    n_customers : int
        Customers behind it.
    total : float
        What they make together.

    Raises
    ------
    ValueError
        If values do not descend, customers and shares do not rise to all and to 1, or a knot's share is not its value times its customers.
    """
    value, ((before, up_to), (share_before, share)) = curve.value, _of_knots(curve)
    require(bool((np.diff(value) < 0).all()), "fitted.curve.value must descend")
    steps = np.stack([before, up_to], axis=1).ravel()
    is_so = (
        steps[0] == 0 and steps[-1] == n_customers and bool((np.diff(steps) >= 0).all() and (steps == np.floor(steps)).all())
    )
    require(is_so and bool((up_to > before).all()), f"fitted.curve.customers must rise from 0 to {n_customers}")
    steps = np.stack([share_before, share], axis=1).ravel()
    is_so = steps[0] == 0 and abs(steps[-1] - 1.0) <= _ROUNDING and bool((np.diff(steps) >= -_ROUNDING).all())
    require(is_so, "fitted.curve.share must rise from 0 to 1")
    made = (share - share_before) - (value / total) * (up_to - before)
    must = "fitted.curve.share must rise at each knot by its value times its customers, over fitted.total"
    require(bool((np.abs(made) <= _ROUNDING).all()), must)
    # Customers between two knots have values between those of the knots.
    gap, rise = before[1:] - up_to[:-1], share_before[1:] - share[:-1]
    least, most = gap * (value[1:] / total), gap * (value[:-1] / total)
    must = "fitted.curve.share must rise between knots by no more than the larger value, and no less than the smaller"
    require(bool(((rise >= least - _ROUNDING) & (rise <= most + _ROUNDING)).all()), must)


def _of_knots(curve: LorenzCurve) -> tuple[FloatArray, FloatArray]:
    shape = (2, len(curve.value))
    for name, array in (("customers", curve.customers), ("share", curve.share)):
        require(
            shape[1] > 0 and array.shape == shape, f"fitted.curve.{name} must be of shape {shape}; it is of shape {array.shape}"
        )
    return curve.customers, curve.share


def _bounds_at(curve: LorenzCurve) -> tuple[FloatArray, FloatArray]:
    """Customers and shares at both ends of every knot, from the origin on."""
    return np.append(0.0, curve.customers.T.ravel()), np.append(0.0, curve.share.T.ravel())


def share_of_first(n: float, curve: LorenzCurve) -> tuple[float, float]:
    """Limits of the share of the total that the first customers make.

    Parameters
    ----------
    n : float
        How many customers, those with the largest values first.
    curve : LorenzCurve
        The curve.

    Returns
    -------
    (float, float)
        The shares at the last point of the curve that has so few customers, or fewer, and at the first that has so many, or more.
    """
    customers, share = _bounds_at(curve)
    low = int(np.searchsorted(customers, n, side="right")) - 1
    high = min(int(np.searchsorted(customers, n, side="left")), len(share) - 1)
    return float(share[low]), float(share[high])


def gini_limits(curve: LorenzCurve) -> tuple[float, float]:
    """Limits of the Gini coefficient of the customers behind a curve, which is concave.

    Parameters
    ----------
    curve : LorenzCurve
        The curve.

    Returns
    -------
    (float, float)
        That of straight lines between the points, and that of the steps above them; the same where no value was left out.
    """
    customers, share = _bounds_at(curve)
    width, gap = np.diff(customers) / customers[-1], np.diff(share)
    low = float(width @ (share[1:] + share[:-1])) - 1.0
    between = np.arange(len(gap)) % 2 == 0
    return low, low + float(width[between] @ gap[between])


@dataclass(frozen=True, slots=True, eq=False)
class CurvePlaces:
    """Where values stand among the customers behind a curve.

    Attributes
    ----------
    rank : ndarray of float64, shape (n_values,)
        1 plus the customers with a larger value, rounded down.
    share : ndarray of float64, shape (n_values,)
        Share of the total made by customers with this value or a larger one.
    """

    rank: FloatArray
    share: FloatArray


def place_on_curve(values: FloatArray, curve: LorenzCurve) -> CurvePlaces:
    """Rank and cumulative share of values among the customers behind a curve.

    Parameters
    ----------
    values : ndarray of float64, shape (n_customers,)
        Any values.
    curve : LorenzCurve
        The reference.

    Returns
    -------
    CurvePlaces
        Rank and share of each value.

    Notes
    -----
    Exact at the knots, and everywhere where no value was left out between them; otherwise linear in between.
    """
    ascending = curve.value[::-1]
    last = len(ascending) - 1
    # at: the smallest knot that is not below the value; below: the next smaller one.
    at = np.clip(last - np.searchsorted(ascending, values, side="left"), 0, last)
    below = np.minimum(at + 1, last)
    exact = curve.value[at] == values
    gap = curve.value[at] - curve.value[below]
    beyond = curve.value[at] - np.maximum(values, curve.value[below])
    along = np.clip(np.divide(beyond, gap, out=np.ones(len(values)), where=gap > 0), 0.0, 1.0)
    inside = values < curve.value[0]

    def between(figure: FloatArray, at_knot: int) -> FloatArray:
        low = figure[1][at]
        high = np.where(at == last, low, figure[0][below])
        return np.where(exact, figure[at_knot][at], np.where(inside, low + along * (high - low), 0.0))

    return CurvePlaces(1.0 + np.floor(between(curve.customers, 0)), between(curve.share, 1))


@dataclass(frozen=True, slots=True, eq=False)
class WhaleCurve:
    """Cumulative value over customers, best first.

    Attributes
    ----------
    customers : ndarray of float64, shape (n_points,)
        Share of the customers, from 0 to 1.
    value : ndarray of float64, shape (n_points,)
        What they make together, from 0 to the total, above it where some customers take value away.
    peak : int
        Point at which they make most: the last customer with a positive value.
    total : float
        What all customers make.
    """

    customers: FloatArray
    value: FloatArray
    peak: int
    total: float


def whale_curve(values: FloatArray, n_points: int = 2000) -> WhaleCurve:
    """Cumulative value over customers, those with the largest value first.

    Parameters
    ----------
    values : ndarray of float64, shape (n_customers,)
        Of either sign.
    n_points : int, default 2000
        Number of points to keep in addition to the peak, including both ends. A curve on paper cannot show more.

    Returns
    -------
    WhaleCurve
        Exact at every point kept.

    References
    ----------
    Kaplan, R. S. & Narayanan, V. G. (2001). Measuring and Managing Customer Profitability. Journal of Cost Management
    15(5), 5-15.
    """
    n = len(values)
    running = np.concatenate([[0.0], np.cumsum(np.sort(values)[::-1])])
    at_peak = int((values > 0).sum())
    keep = np.unique(np.append(np.linspace(0, n, min(n, n_points) + 1).astype(np.int64), at_peak))
    return WhaleCurve(keep / n, running[keep], int(np.searchsorted(keep, at_peak)), float(running[-1]))
