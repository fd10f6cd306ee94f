"""The mean of some answers, and how far it can be off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crmmodels._typing import FloatArray


@dataclass(frozen=True, slots=True)
class MeanInterval:
    """A weighted mean with its interval.

    Attributes
    ----------
    value : float
        The mean.
    lower, upper : float
        Limits; NaN where one value alone counts.
    n_effective : float
        Values of equal weight that would tell as much.
    """

    value: float
    lower: float
    upper: float
    n_effective: float


def effective_size(weight: FloatArray) -> float:
    r"""Number of respondents of equal weight who would tell as much as these.

    Parameters
    ----------
    weight : ndarray of float64, shape (n,)
        At least 0, one above 0.

    Returns
    -------
    float
        From 1 to n; n where all weights are the same.

    Notes
    -----
    .. math:: n_e = \frac{(\sum_i w_i)^2}{\sum_i w_i^2}

    References
    ----------
    Kish, L. (1965). Survey Sampling. Wiley, New York, section 11.7.

    Examples
    --------
    >>> effective_size(np.array([1.0, 1.0, 2.0]))
    2.6666666666666665
    """
    relative = weight / weight.max()
    return float(relative.sum() ** 2 / (relative**2).sum())


def mean_interval(values: FloatArray, weight: FloatArray, level: float) -> MeanInterval:
    r"""Weighted mean with Student's interval.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        At least one.
    weight : ndarray of float64, shape (n,)
        At least 0, one above 0.
    level : float
        Nominal coverage, above 0 and below 1.

    Returns
    -------
    MeanInterval
        The mean and its limits, which coincide where all values are the same.

    Notes
    -----
    .. math:: \bar x = \frac{\sum_i w_i x_i}{\sum_i w_i}, \quad
        \bar x \pm t_{n_e - 1} \sqrt{\frac{n_e}{n_e - 1} \, \frac{\sum_i w_i^2 (x_i - \bar x)^2}{(\sum_i w_i)^2}}

    with :math:`n_e` the `effective_size`. With equal weights it is the usual interval, whose standard error is
    :math:`s / \sqrt{n}`.

    References
    ----------
    Särndal, C.-E., Swensson, B. & Wretman, J. (1992). Model Assisted Survey Sampling. Springer, section 5.7.

    Examples
    --------
    >>> found = mean_interval(np.array([4.0, 5.0, 6.0, 7.0]), np.ones(4), 0.95)
    >>> round(found.value, 3), round(found.lower, 3), round(found.upper, 3)
    (5.5, 3.446, 7.554)
    """
    from scipy.special import stdtrit  # noqa: PLC0415

    share = weight / weight.sum()
    n = effective_size(weight)
    # From a value that counts, so that values that are all the same have that mean, however the shares are rounded.
    origin = values[np.argmax(weight)]
    mean = float(origin + share @ (values - origin))
    if np.count_nonzero(weight) == 1:
        return MeanInterval(mean, np.nan, np.nan, n)
    error = np.sqrt(n / (n - 1.0) * (share**2 @ (values - mean) ** 2))
    half = float(stdtrit(n - 1.0, (1.0 + level) / 2.0) * error)
    return MeanInterval(mean, mean - half, mean + half, n)
