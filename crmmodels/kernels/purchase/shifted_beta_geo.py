"""The shifted-beta-geometric model of contractual customers: its likelihood, retention and residual lifetime."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from crmmodels._typing import BoolArray, FloatArray, IntArray
from crmmodels.kernels.inference.newton import Likelihood

_STEPS_BETWEEN_CHECKS: Final = 8
_SETTLED: Final = 16 * np.finfo(np.float64).eps
"""Last change of a continued fraction, relative: what rounding alone can cause."""


@dataclass(frozen=True, slots=True, eq=False)
class SurvivalTable:
    """How long contracts lasted: cohorts of any start, laid over each other by tenure.

    Attributes
    ----------
    churned : ndarray of float64, shape (n_periods,)
        Customers who were not there any more after the first, second, ... chance to renew.
    survivors : ndarray of float64, shape (n_periods,)
        Customers who took that chance and were observed no further; for a single cohort 0 in all periods but the last.
    """

    churned: FloatArray
    survivors: FloatArray


@dataclass(frozen=True, slots=True)
class ShiftedBetaGeoParameters:
    """Parameters of the shifted-beta-geometric model.

    Attributes
    ----------
    alpha, beta : float
        Shapes of the beta distribution of churn probabilities among customers, whose mean is alpha / (alpha + beta).
    """

    alpha: float
    beta: float


def survival_table(tenure: IntArray, churned: BoolArray, weight: FloatArray | None = None) -> SurvivalTable:
    """Contracts counted by how long they lasted.

    Parameters
    ----------
    tenure : ndarray of int64, shape (n_customers,)
        Chances to renew that a customer has met, the one it did not take included.
    churned : ndarray of bool, shape (n_customers,)
        Whether the customer left at the last of them.
    weight : ndarray of float64, shape (n_customers,), optional
        Customers that each row stands for; 1 if None.

    Returns
    -------
    SurvivalTable
        As many periods as the longest tenure has; customers who met no chance yet say nothing and are left out.

    Examples
    --------
    >>> survival_table(np.array([1, 3, 3, 0]), np.array([True, False, True, False]))
    SurvivalTable(churned=array([1., 0., 1.]), survivors=array([0., 0., 1.]))
    """
    weight = np.ones(len(tenure)) if weight is None else weight
    n_periods = int(tenure.max(initial=0))
    both = np.bincount(tenure, weight, n_periods + 1)[1:].astype(np.float64, copy=False)
    left = np.bincount(tenure, weight * churned, n_periods + 1)[1:].astype(np.float64, copy=False)
    return SurvivalTable(left, both - left)


def log_likelihood(log_parameters: FloatArray, table: SurvivalTable) -> Likelihood:
    r"""Log-likelihood of the tenures of customers who can leave once a period.

    For fitting to contracts whose end is seen. Where customers leave in silence, use BG/BB or BG/NBD.

    Parameters
    ----------
    log_parameters : ndarray of float64, shape (2,)
        Natural logarithms of α and β.
    table : SurvivalTable
        The customers.

    Returns
    -------
    Likelihood
        Value, gradient of shape (2,) and Hessian of shape (2, 2), in the order α, β.

    Notes
    -----
    .. math:: P(T = t) = \frac{B(\alpha + 1, \beta + t - 1)}{B(\alpha, \beta)}, \quad
        S(t) = \frac{B(\alpha, \beta + t)}{B(\alpha, \beta)}

    are products of the chances to stay or to leave, period by period, so that no beta functions need to be subtracted:

    .. math:: \ln L = -\sum_{t} n_t \ln\left(1 + \frac{\beta + t - 1}{\alpha}\right)
        - \sum_{t} m_t \ln\left(1 + \frac{\alpha}{\beta + t - 1}\right).

    ================ ==========================================================
    symbol           name
    ================ ==========================================================
    :math:`n_t`      ``churned``
    :math:`m_t`      customers who stayed in period t, whatever became of them
    :math:`S`        `survivor_share`
    ================ ==========================================================

    References
    ----------
    Fader, P. S. & Hardie, B. G. S. (2007). How to Project Customer Retention. Journal of Interactive Marketing 21(1),
    76-90. doi:10.1002/dir.20074
    """
    alpha, beta = np.exp(log_parameters).tolist()
    left = table.churned
    later = table.churned + table.survivors
    stayed = np.cumsum(later[::-1])[::-1] - left
    passed = np.arange(len(left), dtype=np.float64)
    rest = beta + passed
    all_of = alpha + rest
    by_stay = beta * alpha / (rest * all_of)
    value = -float(left @ np.log1p(rest / alpha)) - float(stayed @ np.log1p(alpha / rest))
    gradient = np.array(
        [left @ (rest / all_of) - stayed @ (alpha / all_of), stayed @ by_stay - left @ (beta / all_of)], np.float64
    )
    both = left + stayed
    square = all_of * all_of
    cross = both @ (alpha * beta / square)
    by_beta = stayed @ (by_stay * (passed / rest - beta / all_of)) - left @ (beta * (alpha + passed) / square)
    return Likelihood(value, gradient, np.array([[-(both @ (alpha * rest / square)), cross], [cross, by_beta]], np.float64))


def retention_rate(period: IntArray, parameters: ShiftedBetaGeoParameters) -> FloatArray:
    r"""Share of the customers of a period who are still there in the next.

    It grows with tenure although no customer changes: those inclined to leave have left.

    Parameters
    ----------
    period : ndarray of int64, any shape
        Period t, from 1: the t-th chance to renew.
    parameters : ShiftedBetaGeoParameters
        The model.

    Returns
    -------
    ndarray of float64, shape of ``period``
        Between 0 and 1.

    Notes
    -----
    .. math:: r_t = \frac{S(t)}{S(t - 1)} = \frac{\beta + t - 1}{\alpha + \beta + t - 1}

    References
    ----------
    Fader, P. S. & Hardie, B. G. S. (2007). How to Project Customer Retention. Journal of Interactive Marketing 21(1),
    76-90. doi:10.1002/dir.20074

    Examples
    --------
    >>> retention_rate(np.array([1, 2, 10]), ShiftedBetaGeoParameters(1.0, 3.0))
    array([0.75      , 0.8       , 0.92307692])
    """
    renewed = parameters.beta + (period - 1.0)
    rate: FloatArray = renewed / (parameters.alpha + renewed)
    return rate


def log_survivor_share(n_periods: int, parameters: ShiftedBetaGeoParameters) -> FloatArray:
    """Logarithm of the share of new customers who are still there after each period.

    Parameters
    ----------
    n_periods : int
        Last period.
    parameters : ShiftedBetaGeoParameters
        The model.

    Returns
    -------
    ndarray of float64, shape (n_periods + 1,)
        Of periods 0 to ``n_periods``; the first is 0.

    Notes
    -----
    A sum of terms of one sign, so nothing cancels, however large the parameters.
    """
    chances = parameters.beta + np.arange(n_periods, dtype=np.float64)
    shares = np.zeros(n_periods + 1)
    shares[1:] = -np.cumsum(np.log1p(parameters.alpha / chances))
    return shares


def survivor_share(period: IntArray, parameters: ShiftedBetaGeoParameters) -> FloatArray:
    r"""Share of new customers who are still there after a number of periods.

    Parameters
    ----------
    period : ndarray of int64, any shape
        Period t, from 0; at least one.
    parameters : ShiftedBetaGeoParameters
        The model.

    Returns
    -------
    ndarray of float64, shape of ``period``
        Between 0 and 1, falling in t.

    Notes
    -----
    .. math:: S(t) = \frac{B(\alpha, \beta + t)}{B(\alpha, \beta)}

    Time and memory grow with the largest period, not with the number of them.

    References
    ----------
    Fader, P. S. & Hardie, B. G. S. (2007). How to Project Customer Retention. Journal of Interactive Marketing 21(1),
    76-90. doi:10.1002/dir.20074

    Examples
    --------
    >>> survivor_share(np.array([0, 1, 2]), ShiftedBetaGeoParameters(1.0, 3.0))
    array([1.  , 0.75, 0.6 ])
    """
    shares: FloatArray = np.exp(log_survivor_share(int(period.max()), parameters))[period]
    return shares


def expected_tenure(parameters: ShiftedBetaGeoParameters) -> float:
    r"""Periods that a new customer is expected to stay, the one in which it leaves included.

    Parameters
    ----------
    parameters : ShiftedBetaGeoParameters
        The model.

    Returns
    -------
    float
        In periods; infinite where α is at most 1: too many customers then never leave. `expected_tenure_within` and
        `discounted_residual_lifetime` are finite for them too.

    Notes
    -----
    .. math:: E[T] = \sum_{t=0}^\infty S(t) = \frac{\alpha + \beta - 1}{\alpha - 1}, \quad \alpha > 1

    References
    ----------
    Fader, P. S. & Hardie, B. G. S. (2007). How to Project Customer Retention. Journal of Interactive Marketing 21(1),
    76-90. doi:10.1002/dir.20074

    Examples
    --------
    >>> expected_tenure(ShiftedBetaGeoParameters(3.0, 4.0)), expected_tenure(ShiftedBetaGeoParameters(0.7, 1.2))
    (3.0, inf)
    """
    if parameters.alpha <= 1.0:
        return float("inf")
    return 1.0 + parameters.beta / (parameters.alpha - 1.0)


def expected_tenure_within(n_periods: IntArray, parameters: ShiftedBetaGeoParameters) -> FloatArray:
    r"""Periods, out of the first so many, in which a new customer is expected to be there.

    Parameters
    ----------
    n_periods : ndarray of int64, any shape
        Length h of the horizon, from 0; at least one.
    parameters : ShiftedBetaGeoParameters
        The model.

    Returns
    -------
    ndarray of float64, shape of ``n_periods``
        Between 0 and ``n_periods``; finite for all parameters.

    Notes
    -----
    .. math:: E[\min(T, h)] = \sum_{t=0}^{h - 1} S(t)

    Examples
    --------
    >>> expected_tenure_within(np.array([1, 2, 3]), ShiftedBetaGeoParameters(1.0, 3.0))
    array([1.  , 1.75, 2.35])
    """
    shares = np.exp(log_survivor_share(int(n_periods.max()), parameters))
    tenure: FloatArray = np.concatenate([[0.0], np.cumsum(shares)])[n_periods]
    return tenure


def discounted_residual_lifetime(period: IntArray, discount_rate: float, parameters: ShiftedBetaGeoParameters) -> FloatArray:
    r"""Present value of one unit at every renewal to come of a customer in a period.

    Times the margin per period, the residual value of a customer whose next renewal is due now. It grows with tenure; a
    value computed from one average retention rate does not, and is too low for old customers.

    Parameters
    ----------
    period : ndarray of int64, any shape
        Period n that the customer is in, from 1: it has renewed n - 1 times.
    discount_rate : float
        Rate d per period, from 0. The time needed grows as :math:`d^{-1/2}`: some ten milliseconds at 1e-4.
    parameters : ShiftedBetaGeoParameters
        The model.

    Returns
    -------
    ndarray of float64, shape of ``period``
        In renewals; infinite where ``discount_rate`` is 0 and α at most 1.

    Notes
    -----
    .. math:: \mathrm{DERL}(d \mid n) = \sum_{t=n}^\infty \frac{S(t)}{S(n - 1)} (1 + d)^{n - t}
        = \frac{\beta + n - 1}{\alpha + \beta + n - 1}\,
        {}_2F_1\left(1, \beta + n; \alpha + \beta + n; \frac{1}{1 + d}\right)

    The next renewal is due at once and not discounted.

    References
    ----------
    Fader, P. S. & Hardie, B. G. S. (2010). Customer-Base Valuation in a Contractual Setting: The Perils of Ignoring
    Heterogeneity. Marketing Science 29(1), 85-93. doi:10.1287/mksc.1080.0482

    Examples
    --------
    >>> discounted_residual_lifetime(np.array([1, 5]), 0.1, ShiftedBetaGeoParameters(3.8, 15.2)).round(4)
    array([3.3098, 3.8421])
    """
    renewed = parameters.beta + period.astype(np.float64)
    rate = (renewed - 1.0) / (parameters.alpha + (renewed - 1.0))
    return rate * discounted_survival(parameters.alpha, renewed, discount_rate)


def discounted_survival(alpha: float, beta: FloatArray, discount_rate: float) -> FloatArray:
    r"""Discounted sum of the survivor shares of all periods.

    Parameters
    ----------
    alpha : float
        Shape α of the churn probabilities.
    beta : ndarray of float64, any shape
        Shape β, at least 1.
    discount_rate : float
        Rate d per period, from 0.

    Returns
    -------
    ndarray of float64, shape of ``beta``
        Infinite where ``discount_rate`` is 0 and α at most 1.

    Notes
    -----
    .. math:: \sum_{t=0}^\infty \frac{S(t)}{(1 + d)^t} = {}_2F_1\left(1, \beta; \alpha + \beta; \frac{1}{1 + d}\right)
        = \frac{1 + d}{d}\, {}_2F_1\left(1, \alpha; \alpha + \beta; -\frac{1}{d}\right)

    by Pfaff's transformation. Gauss's continued fraction of the last function has positive terms only, so that
    nothing cancels, and its convergents enclose the value.

    References
    ----------
    NIST Digital Library of Mathematical Functions, 15.8.1 and section 15.7. dlmf.nist.gov.
    """
    if discount_rate <= 0.0:
        return (alpha + beta - 1.0) / (alpha - 1.0) if alpha > 1.0 else np.full(beta.shape, np.inf)
    c, w = (alpha - 1.0) + beta, 1.0 / discount_rate
    fraction = c + 1.0
    upper, lower = fraction, np.zeros(beta.shape)
    step, settled = 1, False
    while not settled:
        for _ in range(_STEPS_BETWEEN_CHECKS):
            step += 1
            k = step // 2
            factor = w * ((alpha + k) * (c + k) if step % 2 else k * ((beta - 1.0) + k))
            upper = (c + step) + factor / upper
            lower = 1.0 / ((c + step) + factor * lower)
            change = upper * lower
            fraction = fraction * change
        settled = bool((np.abs(change - 1.0) <= _SETTLED).all())
    discounted: FloatArray = (1.0 + discount_rate) / (discount_rate + alpha / fraction)
    return discounted
