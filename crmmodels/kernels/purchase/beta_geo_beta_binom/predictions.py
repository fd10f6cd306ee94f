"""Predictions of BG/BB, the model of customers who order or not at discrete opportunities."""

from __future__ import annotations

from typing import Final

import numpy as np

from crmmodels._typing import FloatArray
from crmmodels.kernels.arrays.blocks import in_blocks
from crmmodels.kernels.purchase.beta_geo_beta_binom.alive import Whole, outlook_of, survival, time_alive
from crmmodels.kernels.purchase.beta_geo_beta_binom.likelihood import BetaGeoBetaBinomParameters
from crmmodels.kernels.purchase.histories import Prospects, distinct
from crmmodels.kernels.purchase.shifted_beta_geo import ShiftedBetaGeoParameters, log_survivor_share

_BLOCK_CHANCES: Final = 1 << 15
"""Chances of numbers of orders that are worked on at a time."""


def probability_alive(
    frequency: Whole, age_at_last: Whole, age: Whole, parameters: BetaGeoBetaBinomParameters, *, ahead: float = 1
) -> FloatArray:
    r"""Probability that customers have not dropped out by an opportunity to come.

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of int64 or float64, shape (n_customers,)
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
    return outlook_of(frequency, age_at_last, age, 0, parameters).alive * survival(age, int(ahead), parameters)


def expected_purchases(
    frequency: Whole, age_at_last: Whole, age: Whole, horizon: float, parameters: BetaGeoBetaBinomParameters
) -> FloatArray:
    r"""Orders that customers are expected to place at the opportunities of a horizon, given what they did.

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of int64 or float64, shape (n_customers,)
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
    alive = outlook_of(frequency, age_at_last, age, 0, parameters).alive
    return alive * _order_chance(frequency, age, parameters) * time_alive(age, 0.0, horizon, parameters)


def expected_purchases_new(horizon: Whole, parameters: BetaGeoBetaBinomParameters) -> FloatArray:
    r"""Orders that a new customer is expected to place at its first opportunities.

    Parameters
    ----------
    horizon : ndarray of int64 or float64, any shape
        How many opportunities, n, from 0; at least one number.
    parameters : BetaGeoBetaBinomParameters
        The model.

    Returns
    -------
    ndarray of float64, shape of ``horizon``
        Between 0 and ``horizon``.

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
    n = horizon.astype(np.int64)
    shares = np.exp(log_survivor_share(int(n.max()), ShiftedBetaGeoParameters(parameters.gamma, parameters.delta)))
    expected: FloatArray = np.concatenate([[0.0], np.cumsum(shares[1:])])[n]
    return expected * (parameters.alpha / (parameters.alpha + parameters.beta))


def probability_no_purchase(
    frequency: Whole, age_at_last: Whole, age: Whole, horizon: float, parameters: BetaGeoBetaBinomParameters
) -> FloatArray:
    r"""Probability that customers order at none of the opportunities of a horizon, given what they did.

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of int64 or float64, shape (n_customers,)
        Orders x, opportunity of the last one t_x, and opportunities so far n.
    horizon : int
        Opportunities to come, n*.
    parameters : BetaGeoBetaBinomParameters
        The model.

    Returns
    -------
    ndarray of float64, shape (n_customers,)
        Between 0 and 1.

    Notes
    -----
    .. math:: P(X(n, n + n^*) = 0 \mid x, t_x, n) = \frac{L(x, t_x, n + n^*)}{L(x, t_x, n)}

    Examples
    --------
    >>> donors = BetaGeoBetaBinomParameters(1.2035, 0.7497, 0.6567, 2.7834)
    >>> probability_no_purchase(np.array([0, 6]), np.array([0, 6]), np.array([6, 6]), 5, donors).round(4)
    array([0.9522, 0.0768])
    """
    return outlook_of(frequency, age_at_last, age, int(horizon), parameters).silent


def prospects(
    frequency: Whole, age_at_last: Whole, age: Whole, horizon: float, parameters: BetaGeoBetaBinomParameters
) -> Prospects:
    """What to expect of customers at the opportunities of a horizon.

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of int64 or float64, shape (n_customers,)
        Orders x, opportunity of the last one t_x, and opportunities so far n.
    horizon : int
        Opportunities to come.
    parameters : BetaGeoBetaBinomParameters
        The model.

    Returns
    -------
    Prospects
        As `probability_alive` with 0 opportunities ahead, `expected_purchases` and `probability_no_purchase` give them.
    """
    outlook = outlook_of(frequency, age_at_last, age, int(horizon), parameters)
    orders = _order_chance(frequency, age, parameters) * time_alive(age, 0.0, horizon, parameters)
    return Prospects(outlook.alive, outlook.alive * orders, outlook.silent)


def purchase_distribution_new(horizon: float, n_max: int, parameters: BetaGeoBetaBinomParameters) -> FloatArray:
    r"""Probability of each number of orders of a new customer at its first opportunities.

    Parameters
    ----------
    horizon : int
        How many opportunities, n.
    n_max : int
        Largest number of orders.
    parameters : BetaGeoBetaBinomParameters
        The model.

    Returns
    -------
    ndarray of float64, shape (n_max + 1,)
        Of 0 to ``n_max`` orders; those up to n sum to 1.

    Notes
    -----
    .. math:: P(X(n) = x) = \binom{n}{x} A(x, n)\, S(n) + \sum_{j=x}^{n-1} \binom{j}{x} A(x, j)\, \theta_j

    with the symbols of `log_likelihood`, built up one opportunity after the other: the chance to order at one of them is
    :math:`(\alpha + k) / (\alpha + \beta + j)` after k orders at j of them.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Shang, J. (2010). Customer-Base Analysis in a Discrete-Time Noncontractual Setting.
    Marketing Science 29(6), 1086-1108. doi:10.1287/mksc.1100.0580

    Examples
    --------
    >>> purchase_distribution_new(2, 3, BetaGeoBetaBinomParameters(1.0, 1.0, 1.0, 1.0)).round(4)
    array([0.6944, 0.1944, 0.1111, 0.    ])
    """
    zero = np.zeros(1)
    distribution: FloatArray = _alive_distribution(zero, zero, int(horizon), n_max, parameters)[0]
    return distribution


def purchase_distribution(  # noqa: PLR0917  (the arguments that all purchase models share)
    frequency: Whole, age_at_last: Whole, age: Whole, horizon: float, n_max: int, parameters: BetaGeoBetaBinomParameters
) -> FloatArray:
    r"""Probability of each number of orders of customers at the opportunities of a horizon, given what they did.

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of int64 or float64, shape (n_customers,)
        Orders x, opportunity of the last one t_x, and opportunities so far n.
    horizon : int
        Opportunities to come, n*.
    n_max : int
        Largest number of orders.
    parameters : BetaGeoBetaBinomParameters
        The model.

    Returns
    -------
    ndarray of float64, shape (n_customers, n_max + 1)
        Of 0 to ``n_max`` orders; those up to n* sum to 1.

    Notes
    -----
    Customers alive at n are new ones with shapes α + x, β + n - x, γ and δ + n; the others order no more.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Shang, J. (2010). Customer-Base Analysis in a Discrete-Time Noncontractual Setting.
    Marketing Science 29(6), 1086-1108. doi:10.1287/mksc.1100.0580
    """
    outlook = outlook_of(frequency, age_at_last, age, int(horizon), parameters)
    # Customers alive have the same prospects whenever the last order was.
    states = distinct((frequency.astype(np.float64), age.astype(np.float64)))
    x, n = frequency[states.first].astype(np.float64), age[states.first].astype(np.float64)
    of_states = np.empty((len(x), n_max + 1))

    def fill(rows: slice) -> None:
        of_states[rows] = _alive_distribution(x[rows], n[rows], int(horizon), n_max, parameters)

    in_blocks(fill, len(x), max(1, _BLOCK_CHANCES // (n_max + 1)))
    distribution: FloatArray = of_states[states.row]
    distribution *= outlook.alive[:, None]
    distribution[:, 0] = outlook.silent
    return distribution


def discounted_purchases(
    frequency: Whole,
    age_at_last: Whole,
    age: Whole,
    discount_rate: float,
    parameters: BetaGeoBetaBinomParameters,
    *,
    horizon: float = np.inf,
) -> FloatArray:
    r"""Present value of one unit at every order to come of customers, given what they did.

    Times the margin per order, the residual value of a customer.

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of int64 or float64, shape (n_customers,)
        Orders x, opportunity of the last one t_x, and opportunities so far n.
    discount_rate : float
        Rate d from one opportunity to the next, from 0.
    parameters : BetaGeoBetaBinomParameters
        The model.
    horizon : int or infinity, default infinity
        Opportunities to come that count, n*.

    Returns
    -------
    ndarray of float64, shape (n_customers,)
        In orders; infinite where neither ``discount_rate`` nor ``horizon`` bounds it and γ is at most 1.

    Notes
    -----
    .. math:: \mathrm{DERT}(d \mid x, t_x, n) = \frac{A(x, n)\, S(n)}{L(x, t_x, n)} \cdot
        \frac{\alpha + x}{\alpha + \beta + n} \sum_{k=1}^{n^*} \frac{S(n + k)}{S(n)} (1 + d)^{-k},

    the sum without end by `shifted_beta_geo.discounted_survival`. An order at the next opportunity is discounted once.

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
    lifetime = discounted_lifetime(frequency, age_at_last, age, discount_rate, parameters, horizon=horizon)
    return lifetime * _order_chance(frequency, age, parameters)


def discounted_lifetime(
    frequency: Whole,
    age_at_last: Whole,
    age: Whole,
    discount_rate: float,
    parameters: BetaGeoBetaBinomParameters,
    *,
    horizon: float = np.inf,
) -> FloatArray:
    r"""Present value of one unit at every opportunity to come at which customers are still there, given what they did.

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of int64 or float64, shape (n_customers,)
        Orders x, opportunity of the last one t_x, and opportunities so far n.
    discount_rate : float
        Rate d from one opportunity to the next, from 0.
    parameters : BetaGeoBetaBinomParameters
        The model.
    horizon : int or infinity, default infinity
        Opportunities to come that count, n*.

    Returns
    -------
    ndarray of float64, shape (n_customers,)
        In opportunities; infinite where neither ``discount_rate`` nor ``horizon`` bounds it and γ is at most 1.

    Notes
    -----
    .. math:: \frac{A(x, n)\, S(n)}{L(x, t_x, n)} \sum_{k=1}^{n^*} \frac{S(n + k)}{S(n)} (1 + d)^{-k}
    """
    alive = outlook_of(frequency, age_at_last, age, 0, parameters).alive
    return alive * time_alive(age, discount_rate, horizon, parameters)


def _alive_distribution(
    x: FloatArray, n: FloatArray, horizon: int, n_max: int, parameters: BetaGeoBetaBinomParameters
) -> FloatArray:
    """Chances of 0 to n_max orders of customers alive at n: one opportunity after the other, first dropout, then an order or none."""
    alpha, beta = (parameters.alpha + x)[:, None], (parameters.beta + (n - x))[:, None]
    delta = (parameters.delta + n)[:, None]
    orders = np.arange(n_max + 1, dtype=np.float64)
    ordering, refusing = alpha + orders, beta - orders
    there, gone = np.zeros((2, len(x), n_max + 1))
    there[:, 0] = 1.0
    for j in range(horizon):
        now = slice(0, min(j, n_max) + 1)
        lost = there[:, now] * (parameters.gamma / (parameters.gamma + delta + j))
        gone[:, now] += lost
        there[:, now] *= (delta + j) / (parameters.gamma + delta + j) / (alpha + beta + j)
        ordered = there[:, now] * ordering[:, now]
        there[:, now] *= refusing[:, now] + j
        there[:, 1 : now.stop + 1] += ordered[:, :n_max]
    distribution: FloatArray = there + gone
    return distribution


def _order_chance(frequency: Whole, age: Whole, parameters: BetaGeoBetaBinomParameters) -> FloatArray:
    """Chance of an order at an opportunity while alive, given x of n."""
    chance: FloatArray = (parameters.alpha + frequency) / (parameters.alpha + parameters.beta + age)
    return chance
