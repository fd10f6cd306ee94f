"""Whether a construct is measured alike in two groups: the arithmetic of MICOM."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from crmmodels._typing import FloatArray, IntArray
from crmmodels.kernels.moments.moments import Moments

Alternative: TypeAlias = Literal["less", "greater", "two-sided"]


@dataclass(frozen=True, slots=True, eq=False)
class PermutationTest:
    """Share of permutations at least as far out as what was observed.

    Attributes
    ----------
    p_value : ndarray of float64, shape (...)
        Above 0 and at most 1; NaN where the value or all its permutations are.
    n_left_out : ndarray of int64, shape (...)
        Permutations that were NaN.
    """

    p_value: FloatArray
    n_left_out: IntArray


def compositional_correlation(weights_1: FloatArray, weights_2: FloatArray, covariance: FloatArray) -> FloatArray:
    r"""Correlation of the scores that the weights of two groups give to the same respondents.

    Parameters
    ----------
    weights_1, weights_2 : ndarray of float64, shape (..., p, L)
        Weights of the items in each construct, by group.
    covariance : ndarray of float64, shape (p, p) or (..., p, p)
        Of the items over all respondents.

    Returns
    -------
    ndarray of float64, shape (..., L)
        At most 1, which is compositional invariance; NaN where scores do not vary.

    Notes
    -----
    .. math:: c = \frac{w_1^\prime S w_2}{\sqrt{w_1^\prime S w_1 \; w_2^\prime S w_2}}

    References
    ----------
    Henseler, J., Ringle, C. M. & Sarstedt, M. (2016). Testing measurement invariance of composites using partial least squares.
    International Marketing Review 33, 405-431. doi:10.1108/IMR-09-2014-0304

    Examples
    --------
    >>> first, second = np.array([[1.0], [0.0]]), np.array([[1.0], [1.0]])
    >>> compositional_correlation(first, second, np.eye(2)).round(4)
    array([0.7071])
    """
    common = _products(weights_1, covariance, weights_2)
    scale = _products(weights_1, covariance, weights_1) * _products(weights_2, covariance, weights_2)
    varies = scale > 0.0
    found = np.full(common.shape, np.nan)
    np.divide(common, np.sqrt(np.where(varies, scale, 1.0)), out=found, where=varies)
    return np.asarray(np.clip(found, -1.0, 1.0))


def mean_difference(weights: FloatArray, first: Moments, second: Moments) -> FloatArray:
    r"""Mean score of the second group less that of the first, by common weights.

    Parameters
    ----------
    weights : ndarray of float64, shape (p, L)
        Weights of the items in each construct, from all respondents; where these give the scores of all variance 1, the
        difference is in standard deviations.
    first, second : Moments
        Moments of each group, with leading axes or without.

    Returns
    -------
    ndarray of float64, shape (..., L)
        Differences.

    Notes
    -----
    .. math:: w^\prime (m_2 - m_1)

    References
    ----------
    Henseler, J., Ringle, C. M. & Sarstedt, M. (2016). Testing measurement invariance of composites using partial least squares.
    International Marketing Review 33, 405-431. doi:10.1108/IMR-09-2014-0304

    Examples
    --------
    >>> one, other = (Moments(np.array([mean, mean]), np.eye(2), 9.0) for mean in (1.0, 3.0))
    >>> mean_difference(np.array([[0.5], [0.5]]), one, other)
    array([2.])
    """
    found: FloatArray = (second.mean - first.mean) @ weights
    return found


def log_variance_ratio(weights: FloatArray, first: Moments, second: Moments) -> FloatArray:
    r"""Logarithm of the variance of scores in the second group over that in the first, by common weights.

    Parameters
    ----------
    weights : ndarray of float64, shape (p, L)
        Weights of the items in each construct, from all respondents.
    first, second : Moments
        Moments of each group, with leading axes or without.

    Returns
    -------
    ndarray of float64, shape (..., L)
        0 where variances are equal; NaN where scores do not vary in a group.

    Notes
    -----
    .. math:: \log \frac{w^\prime S_2 w}{w^\prime S_1 w}

    References
    ----------
    Henseler, J., Ringle, C. M. & Sarstedt, M. (2016). Testing measurement invariance of composites using partial least squares.
    International Marketing Review 33, 405-431. doi:10.1108/IMR-09-2014-0304

    Examples
    --------
    >>> one, other = (Moments(np.zeros(1), np.array([[variance]]), 9.0) for variance in (1.0, np.e))
    >>> log_variance_ratio(np.array([[1.0]]), one, other)
    array([1.])
    """
    variances = [_products(weights, group.covariance, weights) for group in (first, second)]
    logs = [np.log(variance, out=np.full(variance.shape, np.nan), where=variance > 0.0) for variance in variances]
    found: FloatArray = logs[1] - logs[0]
    return found


def permutation_p_value(observed: FloatArray, permuted: FloatArray, alternative: Alternative) -> PermutationTest:
    r"""P-value of a permutation test, the data counted among the permutations.

    Parameters
    ----------
    observed : ndarray of float64, shape (...)
        The statistic.
    permuted : ndarray of float64, shape (n_permutations, ...)
        The statistic after respondents are dealt at random into groups; NaN values are left out.
    alternative : {"less", "greater", "two-sided"}
        Which values speak against the groups being alike: small ones, as of `compositional_correlation`; large ones; or those
        far from 0.

    Returns
    -------
    PermutationTest
        Never 0.

    Notes
    -----
    .. math:: p = \frac{1 + \#\{t^* \geq t\}}{1 + B}

    Values within a rounding error of the observed one count as equal to it.

    References
    ----------
    Phipson, B. & Smyth, G. K. (2010). Permutation p-values should never be zero. Statistical Applications in Genetics and
    Molecular Biology 9, article 39. doi:10.2202/1544-6115.1585

    Examples
    --------
    >>> permutation_p_value(np.array(2.0), np.array([-3.0, 0.0, 1.0, 0.5]), "two-sided").p_value
    array(0.4)
    """
    if alternative == "two-sided":
        value, others = np.abs(observed), np.abs(permuted)
    elif alternative == "greater":
        value, others = np.asarray(observed), permuted
    else:
        value, others = -np.asarray(observed), -permuted
    n_known = np.count_nonzero(~np.isnan(others), axis=0)
    n_beyond = np.count_nonzero(others >= value - 1e-12 * np.abs(value), axis=0)
    is_told = (n_known > 0) & ~np.isnan(value)
    p_value = np.where(is_told, (1.0 + n_beyond) / (1.0 + n_known), np.nan)
    return PermutationTest(np.asarray(p_value), np.asarray(len(permuted) - n_known))


def _products(weights_1: FloatArray, covariance: FloatArray, weights_2: FloatArray) -> FloatArray:
    """w_1' S w_2 of each construct."""
    return np.asarray((weights_1 * (covariance @ weights_2)).sum(axis=-2))
