"""The BG/BB model of customers who order, or not, at discrete opportunities: what it foretells."""

from __future__ import annotations

import numpy as np

from crmmodels._typing import FloatArray, IntArray
from crmmodels.kernels.beta_geo_beta_binom import (
    BetaGeoBetaBinomParameters,
    _cohorts,
    _dropout_terms,
    _ends,
    _log_survivors,
    _order_terms,
)
from crmmodels.kernels.shifted_beta_geo import discounted_survival


def probability_alive(
    frequency: IntArray, age_at_last: IntArray, age: IntArray, parameters: BetaGeoBetaBinomParameters, ahead: int = 1
) -> FloatArray:
    r"""Probability that customers have not dropped out by an opportunity to come.

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of int64, shape (n_customers,)
        Orders x, opportunity of the last one t_x, and opportunities so far n.
    parameters : BetaGeoBetaBinomParameters
        The model.
    ahead : int, default 1
        Which opportunity: the paper's P(alive) is for the next one, n + 1; 0 is for the last one seen.

    Returns
    -------
    ndarray of float64, shape (n_customers,)
        Between 0 and 1.

    Notes
    -----
    .. math:: P(\text{alive at } n + k \mid x, t_x, n) = \frac{A(x, n)\, S(n + k)}{L(x, t_x, n)}

    with the symbols of `log_likelihood`.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Shang, J. (2010). Customer-Base Analysis in a Discrete-Time Noncontractual Setting.
    Marketing Science 29(6), 1086-1108. doi:10.1287/mksc.1100.0580

    Examples
    --------
    >>> donors = BetaGeoBetaBinomParameters(1.2035, 0.7497, 0.6567, 2.7834)
    >>> probability_alive(np.array([0, 2, 6]), np.array([0, 4, 6]), np.array([6, 6, 6]), donors).round(4)
    array([0.1081, 0.5897, 0.9304])
    """
    log_share = _log_survivors(int(age.max()) + ahead, parameters)
    return _alive_so_far(frequency, age_at_last, age, parameters) * np.exp(log_share[age + ahead] - log_share[age])


def expected_purchases(
    frequency: IntArray, age_at_last: IntArray, age: IntArray, horizon: int, parameters: BetaGeoBetaBinomParameters
) -> FloatArray:
    r"""Orders that customers are expected to place at the opportunities of a horizon, given what they did.

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of int64, shape (n_customers,)
        Orders x, opportunity of the last one t_x, and opportunities so far n.
    horizon : int
        Opportunities to come, n*.
    parameters : BetaGeoBetaBinomParameters
        The model.

    Returns
    -------
    ndarray of float64, shape (n_customers,)
        Between 0 and ``horizon``.

    Notes
    -----
    .. math:: E[X(n, n + n^*) \mid x, t_x, n] = \frac{A(x, n)\, S(n)}{L(x, t_x, n)} \cdot
        \frac{\alpha + x}{\alpha + \beta + n} \sum_{k=1}^{n^*} \frac{S(n + k)}{S(n)}

    with the symbols of `log_likelihood`. A sum of positive terms, which also holds at γ = 1, where the closed form is 0/0.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Shang, J. (2010). Customer-Base Analysis in a Discrete-Time Noncontractual Setting.
    Marketing Science 29(6), 1086-1108. doi:10.1287/mksc.1100.0580

    Examples
    --------
    >>> donors = BetaGeoBetaBinomParameters(1.2035, 0.7497, 0.6567, 2.7834)
    >>> expected_purchases(np.array([4]), np.array([5]), np.array([6]), 10, donors).round(3)
    array([3.628])
    """
    log_share = _log_survivors(int(age.max()) + horizon, parameters)
    ages, which = np.unique(age, return_inverse=True)
    periods: FloatArray = np.array([np.exp(log_share[n + 1 : n + horizon + 1] - log_share[n]).sum() for n in ages])
    return _alive_so_far(frequency, age_at_last, age, parameters) * _order_chance(frequency, age, parameters) * periods[which]


def expected_purchases_new(opportunities: IntArray, parameters: BetaGeoBetaBinomParameters) -> FloatArray:
    r"""Orders that a new customer is expected to place at its first opportunities.

    Parameters
    ----------
    opportunities : ndarray of int64, any shape
        How many, n, from 0; at least one.
    parameters : BetaGeoBetaBinomParameters
        The model.

    Returns
    -------
    ndarray of float64, shape of ``opportunities``
        Between 0 and ``opportunities``.

    Notes
    -----
    .. math:: E[X(n)] = \frac{\alpha}{\alpha + \beta} \sum_{t=1}^n S(t)

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Shang, J. (2010). Customer-Base Analysis in a Discrete-Time Noncontractual Setting.
    Marketing Science 29(6), 1086-1108. doi:10.1287/mksc.1100.0580

    Examples
    --------
    >>> expected_purchases_new(np.array([0, 10]), BetaGeoBetaBinomParameters(1.2035, 0.7497, 0.6567, 2.7834)).round(3)
    array([0.  , 3.18])
    """
    shares = np.exp(_log_survivors(int(opportunities.max()), parameters))
    expected: FloatArray = np.concatenate([[0.0], np.cumsum(shares[1:])])[opportunities]
    return expected * (parameters.alpha / (parameters.alpha + parameters.beta))


def purchase_distribution_new(opportunities: int, parameters: BetaGeoBetaBinomParameters) -> FloatArray:
    r"""Probability of each number of orders of a new customer at its first opportunities.

    Parameters
    ----------
    opportunities : int
        How many, n.
    parameters : BetaGeoBetaBinomParameters
        The model.

    Returns
    -------
    ndarray of float64, shape (opportunities + 1,)
        Of 0 to n orders; they sum to 1.

    Notes
    -----
    .. math:: P(X(n) = x) = \binom{n}{x} A(x, n)\, S(n) + \sum_{j=x}^{n-1} \binom{j}{x} A(x, j)\, \theta_j

    with the symbols of `log_likelihood`.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Shang, J. (2010). Customer-Base Analysis in a Discrete-Time Noncontractual Setting.
    Marketing Science 29(6), 1086-1108. doi:10.1287/mksc.1100.0580

    Examples
    --------
    >>> purchase_distribution_new(2, BetaGeoBetaBinomParameters(1.0, 1.0, 1.0, 1.0)).round(4)
    array([0.6944, 0.1944, 0.1111])
    """
    from scipy.special import gammaln  # noqa: PLC0415

    counts = np.arange(opportunities + 1)
    log_factorial = gammaln(counts + 1.0)
    choices = log_factorial[:, None] - log_factorial - log_factorial[np.maximum(counts[:, None] - counts, 0)]
    terms = (
        choices
        + _order_terms(counts, opportunities, parameters).log
        + _dropout_terms(opportunities, parameters).of(opportunities).log
    )
    distribution: FloatArray = np.exp(terms).sum(axis=0)
    return distribution


def purchase_distribution(
    frequency: IntArray, age_at_last: IntArray, age: IntArray, horizon: int, parameters: BetaGeoBetaBinomParameters
) -> FloatArray:
    r"""Probability of each number of orders of customers at the opportunities of a horizon, given what they did.

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of int64, shape (n_customers,)
        Orders x, opportunity of the last one t_x, and opportunities so far n.
    horizon : int
        Opportunities to come, n*.
    parameters : BetaGeoBetaBinomParameters
        The model.

    Returns
    -------
    ndarray of float64, shape (n_customers, horizon + 1)
        Of 0 to n* orders; rows sum to 1.

    Notes
    -----
    Customers alive at n are new ones with shapes α + x, β + n - x, γ and δ + n; the others order no more.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Shang, J. (2010). Customer-Base Analysis in a Discrete-Time Noncontractual Setting.
    Marketing Science 29(6), 1086-1108. doi:10.1287/mksc.1100.0580
    """
    kinds, which = np.unique(np.stack([frequency, age]), axis=1, return_inverse=True)
    p = parameters
    later = [BetaGeoBetaBinomParameters(p.alpha + x, p.beta + (n - x), p.gamma, p.delta + n) for x, n in kinds.T.tolist()]
    alive = _alive_so_far(frequency, age_at_last, age, parameters)[:, None]
    distribution: FloatArray = alive * np.stack([purchase_distribution_new(horizon, kind) for kind in later])[which.ravel()]
    distribution[:, 0] += 1.0 - alive[:, 0]
    return distribution


def discounted_purchases(
    frequency: IntArray, age_at_last: IntArray, age: IntArray, discount_rate: float, parameters: BetaGeoBetaBinomParameters
) -> FloatArray:
    r"""Present value of one unit at every order to come of customers, given what they did.

    Times the margin per order, the residual value of a customer.

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of int64, shape (n_customers,)
        Orders x, opportunity of the last one t_x, and opportunities so far n.
    discount_rate : float
        Rate d from one opportunity to the next, from 0.
    parameters : BetaGeoBetaBinomParameters
        The model.

    Returns
    -------
    ndarray of float64, shape (n_customers,)
        In orders; infinite where ``discount_rate`` is 0 and γ at most 1.

    Notes
    -----
    .. math:: \mathrm{DERT}(d \mid x, t_x, n) = \frac{A(x, n)\, S(n)}{L(x, t_x, n)} \cdot
        \frac{\alpha + x}{\alpha + \beta + n} \sum_{k=1}^\infty \frac{S(n + k)}{S(n)} (1 + d)^{-k},

    the sum by `shifted_beta_geo.discounted_survival`. An order at the next opportunity is discounted once.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Shang, J. (2010). Customer-Base Analysis in a Discrete-Time Noncontractual Setting.
    Marketing Science 29(6), 1086-1108. doi:10.1287/mksc.1100.0580

    Examples
    --------
    >>> donors = BetaGeoBetaBinomParameters(1.2035, 0.7497, 0.6567, 2.7834)
    >>> discounted_purchases(np.array([6]), np.array([6]), np.array([6]), 0.1, donors).round(3)
    array([5.91])
    """
    ages, which = np.unique(age, return_inverse=True)
    stayed = parameters.delta + ages.astype(np.float64)
    periods = stayed / (parameters.gamma + stayed) / (1.0 + discount_rate)
    periods = periods * discounted_survival(parameters.gamma, stayed + 1.0, discount_rate)
    return _alive_so_far(frequency, age_at_last, age, parameters) * _order_chance(frequency, age, parameters) * periods[which]


def _order_chance(frequency: IntArray, age: IntArray, parameters: BetaGeoBetaBinomParameters) -> FloatArray:
    """Chance of an order at an opportunity while alive, given x of n."""
    chance: FloatArray = (parameters.alpha + frequency) / (parameters.alpha + parameters.beta + age)
    return chance


def _alive_so_far(
    frequency: IntArray, age_at_last: IntArray, age: IntArray, parameters: BetaGeoBetaBinomParameters
) -> FloatArray:
    """Probability to have been alive at opportunity n."""
    frequencies, lane = np.unique(frequency, return_inverse=True)
    orders, dropout = _order_terms(frequencies, int(age.max()), parameters), _dropout_terms(int(age.max()), parameters)
    alive = np.empty(len(frequency))
    for n, rows in _cohorts(age):
        present, column = np.unique(lane[rows], return_inverse=True)
        terms = orders.log[: n + 1, present] + dropout.of(n).log
        alive[rows] = np.exp(terms[n] - _ends(terms))[age_at_last[rows], column]
    return np.minimum(alive, 1.0)
