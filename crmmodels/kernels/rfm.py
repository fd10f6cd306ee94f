"""Recency, frequency and monetary value: cut points and scores.

Every measure comes in oriented so that more is better: the days since the last order are negated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crmmodels._domains import Cuts, VectorPerhapsInfinite
from crmmodels._typing import FloatArray, IntArray


def cut_points(values: FloatArray, n_bins: int) -> FloatArray:
    """Cut points of the order-invariant tie rule; a value at a cut point belongs above it.

    Parameters
    ----------
    values : ndarray of float64, shape (n_customers,)
        One measure, more is better; at least one value.
    n_bins : int
        Number of scores, at least 2.

    Returns
    -------
    ndarray of float64, shape (n_bins - 1,)
        Ascending. A value's score is 1 plus the number of cut points that it reaches.

    Notes
    -----
    Cut k is the smallest value seen below which at least ``k n / B`` values lie, or the largest value seen where there is none. So the
    scores are ``1 + floor(B * #{x_j < x_i} / n)``, but for those at the largest value, who have the best score however many they
    are: otherwise nobody would have it where more than ``n / B`` customers share that value. Where all values are equal, all scores are 1:
    every cut is the next larger number.

    ======  ============================
    symbol  name
    ======  ============================
    x       values
    n       n_customers
    B       n_bins
    ======  ============================

    References
    ----------
    Hughes, A. M. (1994). Strategic Database Marketing. Probus, Chicago.
    """
    n, distinct = len(values), np.unique(values)
    if len(distinct) == 1:
        with np.errstate(over="ignore"):
            return np.full(n_bins - 1, np.nextafter(distinct[0], np.inf))
    # As many as needed lie below a value if it is larger than the one that closes that number in order.
    position = [-(-k * n // n_bins) - 1 for k in range(1, n_bins)]
    closing = np.partition(values, sorted(set(position)))[position]
    next_larger = np.minimum(np.searchsorted(distinct, closing, side="right"), len(distinct) - 1)
    cuts: FloatArray = distinct[next_larger] + 0.0
    return cuts


def score(values: FloatArray, cuts: FloatArray) -> IntArray:
    """Scores from 1 (worst) to ``len(cuts) + 1`` (best).

    Parameters
    ----------
    values : ndarray of float64, shape (n_customers,)
        One measure, more is better.
    cuts : ndarray of float64, shape (n_bins - 1,)
        Ascending cut points.

    Returns
    -------
    ndarray of int64, shape (n_customers,)
        1 plus the number of cut points that each value reaches; equal values score alike.
    """
    scores = np.ones(len(values), np.int64)
    for cut in cuts:
        scores += values >= cut
    return scores


@dataclass(frozen=True, slots=True, eq=False)
class RFMCuts:
    """Cut points of the three measures at one number of scores.

    Attributes
    ----------
    r : ndarray of float64, shape (n_bins - 1,)
        Cut points of minus the days since the last order.
    f : ndarray of float64, shape (n_bins - 1,) or (n_bins, n_bins - 1)
        Cut points of the number of orders; one row per R score where scoring is nested.
    m : ndarray of float64, shape (n_bins - 1,) or (n_bins, n_bins, n_bins - 1)
        Cut points of the money; one row per R and F score where scoring is nested.
    """

    r: VectorPerhapsInfinite
    f: Cuts
    m: Cuts


def independent_cuts(r: FloatArray, f: FloatArray, m: FloatArray, n_bins: int) -> RFMCuts:
    """Cut points with each measure binned alone.

    Parameters
    ----------
    r, f, m : ndarray of float64, shape (n_customers,)
        The three measures, more is better.
    n_bins : int
        Number of scores.

    Returns
    -------
    RFMCuts
        One-dimensional cut points.
    """
    return RFMCuts(cut_points(r, n_bins), cut_points(f, n_bins), cut_points(m, n_bins))


def nested_cuts(r: FloatArray, f: FloatArray, m: FloatArray, n_bins: int) -> RFMCuts:
    """Cut points with F binned within each R score and M within each R and F score (Hughes).

    An R score, or an R and F score, that nobody has takes the cut points of the whole population,
    so that a later customer who lands there has a score.

    Parameters
    ----------
    r, f, m : ndarray of float64, shape (n_customers,)
        The three measures, more is better.
    n_bins : int
        Number of scores.

    Returns
    -------
    RFMCuts
        ``f`` has one row per R score, ``m`` one per R and F score.
    """
    r_cuts = cut_points(r, n_bins)
    r_score = score(r, r_cuts)
    f_cuts = np.tile(cut_points(f, n_bins), (n_bins, 1))
    m_cuts = np.tile(cut_points(m, n_bins), (n_bins, n_bins, 1))
    for i in range(n_bins):
        in_r = np.flatnonzero(r_score == i + 1)
        if len(in_r) == 0:
            continue
        f_cuts[i] = cut_points(f[in_r], n_bins)
        f_score = score(f[in_r], f_cuts[i])
        for j in range(n_bins):
            in_cell = in_r[f_score == j + 1]
            if len(in_cell):
                m_cuts[i, j] = cut_points(m[in_cell], n_bins)
    return RFMCuts(r_cuts, f_cuts, m_cuts)


def rfm_scores(r: FloatArray, f: FloatArray, m: FloatArray, cuts: RFMCuts) -> IntArray:
    """R, F and M scores of each customer, nested or not as the cut points are.

    Parameters
    ----------
    r, f, m : ndarray of float64, shape (n_customers,)
        The three measures, more is better.
    cuts : RFMCuts
        Cut points.

    Returns
    -------
    ndarray of int64, shape (3, n_customers)
        Rows R, F and M, each from 1 (worst) to n_bins (best).
    """
    r_score = score(r, cuts.r)
    if cuts.f.ndim == 1:
        return np.stack([r_score, score(f, cuts.f), score(m, cuts.m)])
    f_score = 1 + (f[:, None] >= cuts.f[r_score - 1]).sum(axis=1)
    m_score = 1 + (m[:, None] >= cuts.m[r_score - 1, f_score - 1]).sum(axis=1)
    return np.stack([r_score, f_score, m_score])


def centre(values: FloatArray, kind: str) -> float:
    """Mean or median of a measure, the same to the last bit in whatever order the values come.

    Parameters
    ----------
    values : ndarray of float64, shape (n_customers,)
        At least one value.
    kind : {"mean", "median"}
        Which centre.

    Returns
    -------
    float
        The centre. Where all values are equal it is that value exactly, so that nobody is above it.
    """
    if kind == "median":
        low, high = (len(values) - 1) // 2, len(values) // 2
        kept = np.partition(values, [low, high])[low : high + 1]
    else:
        kept = np.sort(values)
    # Scaled by a power of two so that no sum overflows.
    exponent = int(np.frexp(max(abs(kept[0]), abs(kept[-1])))[1])
    scaled = np.ldexp(kept, -exponent)
    # Rounding may carry a mean past the extremes, and someone above a mean of equal values.
    return float(np.ldexp(np.clip(scaled.mean(), scaled[0], scaled[-1]), exponent))
