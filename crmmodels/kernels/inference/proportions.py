"""Intervals for shares of respondents: one share, the difference of two, and a net score."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from crmmodels._typing import BoolArray, FloatArray
from crmmodels.kernels.inference.bootstrap_limits import Limits


def wilson_interval(successes: ArrayLike, n: ArrayLike, level: float) -> Limits:
    r"""Wilson's score interval for a proportion.

    Near its nominal coverage for few respondents and for shares near 0 or 1, and never outside [0, 1].

    Parameters
    ----------
    successes : array_like of float
        Respondents of whom it is true, from 0 to ``n``.
    n : array_like of float
        Respondents; broadcast against ``successes``.
    level : float
        Nominal coverage, above 0 and below 1.

    Returns
    -------
    Limits
        Shares from 0 to 1; NaN where ``n`` is 0.

    Notes
    -----
    .. math:: \frac{x + z^2/2}{n + z^2} \pm \frac{z}{n + z^2} \sqrt{\frac{x (n - x)}{n} + \frac{z^2}{4}}

    ================ =================
    symbol           name
    ================ =================
    :math:`x, n`     ``successes``, ``n``
    :math:`z`        normal quantile of (1 + ``level``) / 2
    ================ =================

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. Journal of the American
    Statistical Association 22, 209-212. doi:10.1080/01621459.1927.10502953

    Brown, L. D., Cai, T. T. & DasGupta, A. (2001). Interval estimation for a binomial proportion. Statistical Science 16,
    101-133. doi:10.1214/ss/1009213286

    Examples
    --------
    >>> found = wilson_interval(45, 100, 0.95)
    >>> found.lower.round(3), found.upper.round(3)
    (np.float64(0.356), np.float64(0.548))
    """
    x, size = np.broadcast_arrays(np.asarray(successes, np.float64), np.asarray(n, np.float64))
    z = _normal_quantile(level)
    asked = size > 0
    safe = np.where(asked, size, 1.0)
    half = z * np.sqrt(x * (safe - x) / safe + z * z / 4.0)
    lower = np.where(x == 0, 0.0, (x + z * z / 2.0 - half) / (safe + z * z))
    upper = np.where(x == safe, 1.0, (x + z * z / 2.0 + half) / (safe + z * z))
    return _limits(lower, upper, asked)


def newcombe_interval(successes_1: ArrayLike, n_1: ArrayLike, successes_2: ArrayLike, n_2: ArrayLike, level: float) -> Limits:
    r"""Newcombe's hybrid score interval for the difference of two independent proportions, the second minus the first.

    Parameters
    ----------
    successes_1, n_1 : array_like of float
        Respondents of whom it is true, and respondents, in the first group or period.
    successes_2, n_2 : array_like of float
        The same in the second.
    level : float
        Nominal coverage, above 0 and below 1.

    Returns
    -------
    Limits
        Of the second share minus the first, from -1 to 1; NaN where a group is empty.

    Notes
    -----
    .. math:: \hat p_2 - \hat p_1 - \sqrt{(\hat p_2 - l_2)^2 + (u_1 - \hat p_1)^2}, \quad
        \hat p_2 - \hat p_1 + \sqrt{(u_2 - \hat p_2)^2 + (\hat p_1 - l_1)^2}

    with :math:`l_j, u_j` the limits of `wilson_interval`: method 10 of the source, without continuity correction.

    References
    ----------
    Newcombe, R. G. (1998). Interval estimation for the difference between independent proportions: comparison of eleven
    methods. Statistics in Medicine 17, 873-890.

    Examples
    --------
    >>> found = newcombe_interval(50, 1000, 20, 1000, 0.95)
    >>> (100 * found.lower).round(1), (100 * found.upper).round(1)
    (np.float64(-4.7), np.float64(-1.4))
    """
    first, second = wilson_interval(successes_1, n_1, level), wilson_interval(successes_2, n_2, level)
    share_1, share_2 = _share(successes_1, n_1), _share(successes_2, n_2)
    gap = share_2 - share_1
    lower = gap - np.hypot(share_2 - second.lower, first.upper - share_1)
    upper = gap + np.hypot(second.upper - share_2, share_1 - first.lower)
    return Limits(np.asarray(lower)[()], np.asarray(upper)[()])


def net_score_interval(
    detractors: ArrayLike, passives: ArrayLike, promoters: ArrayLike, level: float, *, adjusted: bool
) -> Limits:
    r"""Interval for a net score: the share of promoters minus that of detractors.

    Wald's interval is too short for few respondents and vanishes where all answer alike; the adjusted one counts three
    respondents more, of whom a quarter are promoters, a quarter detractors and half passives, and keeps its coverage.

    Parameters
    ----------
    detractors, passives, promoters : array_like of float
        Respondents of each kind, at least 0; broadcast against each other.
    level : float
        Nominal coverage, above 0 and below 1.
    adjusted : bool
        Whether to add the three respondents.

    Returns
    -------
    Limits
        Net shares, cut off at -1 and 1; NaN where there are no respondents.

    Notes
    -----
    .. math:: \hat\Delta \pm z \sqrt{\frac{\hat p_+ + \hat p_- - \hat\Delta^2}{n}}, \quad \hat\Delta = \hat p_+ - \hat p_-

    With ``adjusted`` the counts are :math:`x_+ + \frac{3}{4},\; x_0 + \frac{3}{2},\; x_- + \frac{3}{4}` and
    :math:`n + 3`, so that the interval is centred nearer 0 than the score is.

    References
    ----------
    Rocks, B. (2016). Interval estimation for the "Net Promoter Score". The American Statistician 70, 365-372.
    doi:10.1080/00031305.2016.1198279

    Bonett, D. G. & Price, R. M. (2012). Adjusted Wald confidence interval for a difference of binomial proportions based on
    paired data. Journal of Educational and Behavioral Statistics 37, 479-488. doi:10.3102/1076998611411915

    Examples
    --------
    >>> found = net_score_interval(20, 30, 50, 0.95, adjusted=True)
    >>> (100 * found.lower).round(1), (100 * found.upper).round(1)
    (np.float64(14.1), np.float64(44.2))
    """
    against, neither, favour = np.broadcast_arrays(
        *(np.asarray(counts, np.float64) for counts in (detractors, passives, promoters))
    )
    asked = against + neither + favour > 0
    if adjusted:
        against, neither, favour = against + 0.75, neither + 1.5, favour + 0.75
    n = np.where(asked, against + neither + favour, 1.0)
    net = (favour - against) / n
    # As a sum of squares about the net score: where all answer alike the variance is exactly 0.
    squares = favour * (1.0 - net) ** 2 + against * (1.0 + net) ** 2 + neither * net**2
    half = _normal_quantile(level) * np.sqrt(squares) / n
    return _limits(np.maximum(net - half, -1.0), np.minimum(net + half, 1.0), asked)


def _normal_quantile(level: float) -> float:
    from scipy.special import ndtri  # noqa: PLC0415

    return float(ndtri((1.0 + level) / 2.0))


def _share(successes: ArrayLike, n: ArrayLike) -> FloatArray:
    x, size = np.broadcast_arrays(np.asarray(successes, np.float64), np.asarray(n, np.float64))
    share: FloatArray = np.divide(x, size, out=np.full(x.shape, np.nan), where=size > 0)
    return share


def _limits(lower: FloatArray, upper: FloatArray, asked: BoolArray) -> Limits:
    """Limits with NaN where nobody was asked; scalars for scalars."""
    return Limits(np.where(asked, lower, np.nan)[()], np.where(asked, upper, np.nan)[()])
