"""Who makes which share of the total: Lorenz curve, Gini coefficient, ABC boundaries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from crmmodels._typing import FloatArray, IntArray

_SHARE_TOLERANCE: Final = 1e-12
"""Shares this close to a limit count as on it: the limit is met whatever the currency's rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class Concentration:
    """The distribution of a positive value over customers, largest first.

    Attributes
    ----------
    value : ndarray of float64, shape (n_values,)
        Distinct values, descending.
    count : ndarray of int64, shape (n_values,)
        Customers with each value.
    customers : ndarray of int64, shape (n_values,)
        Customers with this value or a larger one.
    share : ndarray of float64, shape (n_values,)
        Share of the total that they make; the last is 1.
    total : float
        The total.
    """

    value: FloatArray
    count: IntArray
    customers: IntArray
    share: FloatArray
    total: float


def concentration(values: FloatArray) -> Concentration:
    """Distinct values, largest first, with their cumulative customers and share.

    Parameters
    ----------
    values : ndarray of float64, shape (n_customers,)
        Positive and finite; at least one.

    Returns
    -------
    Concentration
        Independent of the order of the values to the last bit.
    """
    ascending, counts = np.unique(values, return_counts=True)
    value, count = ascending[::-1], counts[::-1]
    # Scaled by a power of two so that no sum overflows; exact, so that it changes no digit.
    exponent = int(np.frexp(value[0])[1])
    running = np.cumsum(np.ldexp(value, -exponent) * count)
    with np.errstate(over="ignore"):
        total = float(np.ldexp(running[-1], exponent))
    return Concentration(value, count.astype(np.int64), np.cumsum(count).astype(np.int64), running / running[-1], total)


def gini(distribution: Concentration) -> float:
    """Gini coefficient, 0 where all are equal, towards 1 where one customer has everything.

    Parameters
    ----------
    distribution : Concentration
        The distribution.

    Returns
    -------
    float
        In [0, 1 - 1/n]; times n / (n - 1) it is the small-sample corrected coefficient.

    Notes
    -----
    ``G = sum_i (2 i - n - 1) x_(i) / (n sum x)`` with x ascending. Over distinct values with counts this is one
    minus twice the area under the Lorenz polygon, which is how it is computed.

    References
    ----------
    Gini, C. (1912). Variabilità e mutabilità. Bologna.
    """
    before = np.concatenate([[0.0], distribution.share[:-1]])
    n = distribution.customers[-1]
    area = float(np.sum((before + distribution.share) * distribution.count)) / (2.0 * float(n))
    return max(0.0, 2.0 * area - 1.0)


def share_of_top(distribution: Concentration, fraction: float) -> float:
    """Share of the total made by the top fraction of customers, on the Lorenz polygon.

    Parameters
    ----------
    distribution : Concentration
        The distribution.
    fraction : float
        Fraction of customers, in [0, 1].

    Returns
    -------
    float
        In [fraction, 1].
    """
    customers = np.concatenate([[0.0], distribution.customers / distribution.customers[-1]])
    return float(np.interp(fraction, customers, np.concatenate([[0.0], distribution.share])))


def customers_for_share(distribution: Concentration, share: float) -> int:
    """Smallest number of customers who together make a share of the total.

    Parameters
    ----------
    distribution : Concentration
        The distribution.
    share : float
        Share of the total, in (0, 1].

    Returns
    -------
    int
        At least 1.
    """
    group = int(np.argmax(distribution.share >= share - _SHARE_TOLERANCE))
    before_share = float(distribution.share[group - 1]) if group else 0.0
    before_count = int(distribution.customers[group - 1]) if group else 0
    each = (float(distribution.share[group]) - before_share) / float(distribution.count[group])
    missing = (share - _SHARE_TOLERANCE - before_share) / each
    return before_count + int(np.clip(np.ceil(missing), 1, distribution.count[group]))


def cumulative_boundaries(distribution: Concentration, limits: tuple[float, float], *, crossing_in: bool) -> FloatArray:
    """Smallest value that is still in class A, and in class B, by cumulative share.

    Parameters
    ----------
    distribution : Concentration
        The distribution.
    limits : tuple of float
        Shares of the total at which class A and class B end.
    crossing_in : bool
        Whether the customer who crosses a limit belongs to the better class: a customer is in while the share *before*
        them is below the limit. Otherwise while the share *with* them is at most the limit.

    Returns
    -------
    ndarray of float64, shape (2,)
        Boundary values of A and B; infinite for a class that is empty.
    """
    before = np.concatenate([[0.0], distribution.share[:-1]])
    each = (distribution.share - before) / distribution.count
    boundaries = np.full(2, np.inf)
    for k, limit in enumerate(limits):
        # Equal values share the better class, so the first customer of a group decides for all.
        inside = before < limit - _SHARE_TOLERANCE if crossing_in else before + each <= limit + _SHARE_TOLERANCE
        if inside.any():
            boundaries[k] = distribution.value[inside][-1]
    return boundaries


@dataclass(frozen=True, slots=True, eq=False)
class ComputedBoundaries:
    """The points of a computed ABC analysis on the Lorenz polygon.

    Attributes
    ----------
    boundaries : ndarray of float64, shape (2,)
        Smallest value in class A and in class B.
    points : ndarray of float64, shape (3, 2)
        Rows A, break-even and C; columns share of customers and share of the total.
    """

    boundaries: FloatArray
    points: FloatArray


def computed_boundaries(distribution: Concentration) -> ComputedBoundaries:
    """Class boundaries that the curve itself suggests (computed ABC analysis).

    Parameters
    ----------
    distribution : Concentration
        The distribution.

    Returns
    -------
    ComputedBoundaries
        The customer on whose edge of the polygon a point lies belongs to the better class.

    Notes
    -----
    On the polygon from (0, 0) to (1, 1), customers in descending order: the Pareto point is nearest to (0, 1); at the
    break-even point a customer's value equals the mean. Point A is the left of the two, B the right one; point C
    is nearest to (B_x, 1). Class A ends at A, class B at C.

    References
    ----------
    Ultsch, A. & Lötsch, J. (2015). Computed ABC Analysis for Rational Selection of Most Informative Variables in
    Multivariate Data. PLoS ONE 10(6), e0129767. doi:10.1371/journal.pone.0129767
    """
    x = np.concatenate([[0.0], distribution.customers / distribution.customers[-1]])
    y = np.concatenate([[0.0], distribution.share])
    pareto, pareto_edge = _nearest_on_polygon(x, y, 0.0)
    # Steeper than the diagonal: above the mean. An edge as steep as the diagonal is the break-even itself.
    slope = np.diff(y) / np.diff(x)
    even_edge = int(np.flatnonzero(slope >= 1.0 - _SHARE_TOLERANCE)[-1])
    even = np.array([x[even_edge + 1], y[even_edge + 1]])
    first, edge_a, second = pareto, pareto_edge, even
    if even[0] < pareto[0]:
        first, edge_a, second = even, even_edge, pareto
    last, edge_c = _nearest_on_polygon(x, y, float(second[0]))
    boundaries = distribution.value[[edge_a, max(edge_a, edge_c)]]
    return ComputedBoundaries(boundaries, np.stack([first, second, last]))


def _nearest_on_polygon(x: FloatArray, y: FloatArray, target_x: float) -> tuple[FloatArray, int]:
    """Point of the polygon nearest to (target_x, 1), and the edge it lies on (the left one at a corner)."""
    step_x, step_y = np.diff(x), np.diff(y)
    ahead = (target_x - x[:-1]) * step_x + (1.0 - y[:-1]) * step_y
    # The distance falls and then rises along the concave polygon: the last edge on whose way it still falls is the
    # one. Comparing the distances themselves would leave the edge at a corner to rounding.
    edge = int(np.flatnonzero(ahead > _SHARE_TOLERANCE * np.hypot(step_x, step_y))[-1])
    along = ahead[edge] / (step_x[edge] ** 2 + step_y[edge] ** 2)
    if along >= 1.0:
        return np.array([x[edge + 1], y[edge + 1]]), edge
    return np.array([x[edge] + along * step_x[edge], y[edge] + along * step_y[edge]]), edge


def classify(values: FloatArray, boundaries: FloatArray, *, separate_negative: bool) -> IntArray:
    """Class codes, worst first.

    Parameters
    ----------
    values : ndarray of float64, shape (n_customers,)
        Contribution of each customer.
    boundaries : ndarray of float64, shape (2,)
        Smallest value in class A and in class B.
    separate_negative : bool
        Whether customers who contribute nothing or less form a class D of their own; otherwise they are in C.

    Returns
    -------
    ndarray of int64, shape (n_customers,)
        C, B, A are 0, 1, 2; with ``separate_negative`` D is 0 and the others one more.
    """
    codes: IntArray = (values[:, None] >= boundaries[::-1][None, :]).sum(axis=1, dtype=np.int64)
    codes[values <= 0] = 0
    if separate_negative:
        codes += values > 0
    return codes


def bootstrap_concentration(
    distribution: Concentration,
    n_replicates: int,
    share: float,
    top: float,
    rng: np.random.Generator,
    *,
    on_replicate: Callable[[int, int], None] | None = None,
) -> FloatArray:
    """Gini coefficient, share of the top and share of customers needed, on resampled customers.

    Parameters
    ----------
    distribution : Concentration
        The distribution of the observed customers.
    n_replicates : int
        Number of resamples.
    share : float
        Share of the total whose customers are counted.
    top : float
        Fraction of customers whose share is taken.
    rng : numpy.random.Generator
        Source of the resamples.
    on_replicate : callable, optional
        Called with resamples done and in all.

    Returns
    -------
    ndarray of float64, shape (n_replicates, 3)
        Corrected Gini coefficient, share of the top, share of customers needed.
    """
    n = int(distribution.customers[-1])
    group = np.repeat(np.arange(len(distribution.value)), distribution.count)
    result = np.empty((n_replicates, 3))
    for number, replicate in enumerate(result, start=1):
        counts = np.bincount(group[rng.integers(n, size=n)], minlength=len(distribution.value))
        drawn = np.flatnonzero(counts)
        running = np.cumsum(distribution.value[drawn] / distribution.value[0] * counts[drawn])
        resample = Concentration(
            distribution.value[drawn], counts[drawn], np.cumsum(counts[drawn]), running / running[-1], np.nan
        )
        replicate[:] = (
            gini(resample) * n / max(n - 1, 1),
            share_of_top(resample, top),
            customers_for_share(resample, share) / n,
        )
        if on_replicate is not None:
            on_replicate(number, n_replicates)
    return result
