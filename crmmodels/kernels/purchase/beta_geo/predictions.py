"""BG/NBD and MBG/NBD: who is alive, and how many orders to expect.

A customer who is alive at the end of observation is like a new one of the unmodified model with r + x, alpha + T and b + x + m in place of r,
alpha and b, m = 1 in the modified model and 0 else, whenever the last order was. The arguments of all functions are

=======  ==============  ===============================================
symbol   name            meaning
=======  ==============  ===============================================
x        frequency       repeat orders
t_x      age_at_last     time from the first to the last order
T        age             time from the first order to the end
r, α     r, alpha        shape and rate of the order rates
a, b     a, b            parameters of the dropout probabilities
=======  ==============  ===============================================
"""

from __future__ import annotations

import numpy as np

from crmmodels._typing import FloatArray
from crmmodels.kernels.purchase.beta_geo.alive import AliveStates, alive_states, standing
from crmmodels.kernels.purchase.beta_geo.chebyshev import Mixtures, panels
from crmmodels.kernels.purchase.beta_geo.likelihood import BetaGeoParameters
from crmmodels.kernels.purchase.histories import Prospects
from crmmodels.kernels.special.beta_mixture import mean_orders_until_dropout, mean_share_staying, orders_until_dropout


def probability_alive(
    frequency: FloatArray,
    age_at_last: FloatArray,
    age: FloatArray,
    parameters: BetaGeoParameters,
    *,
    ahead: float = 0.0,
    modified: bool = False,
) -> FloatArray:
    """Probability that a customer has not dropped out.

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of float64, shape (n_customers,)
        Repeat orders x, time t_x to the last order and T to the end of observation.
    parameters : BetaGeoParameters
        Parameters.
    ahead : float, default 0
        Time after the end of observation at which the customer is to be alive.
    modified : bool, default False
        Whether a customer may drop out right after the first order (MBG/NBD).

    Returns
    -------
    ndarray of float64, shape (n_customers,)
        In [0, 1]; 1 without a repeat order in the unmodified model and nothing ahead, whatever the silence.

    Notes
    -----
    ``P = 1 / (1 + e^q)`` with ``q = log a - log(b + x + m - 1) + (r + x) log((α + T) / (α + t_x))``, times
    ``E[(1 + p * ahead / (α + T))^-(r + x)]`` over p ~ Beta(a, b + x + m).

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2008). Computing P(alive) Using the BG/NBD Model. Technical note.
    """
    alive = standing(frequency, age_at_last, age, parameters, modified=modified).alive
    if ahead == 0.0:
        return alive
    states = alive_states(frequency, age, parameters, modified=modified)
    mixtures, kind = states.mixtures, states.kind
    stays = mean_share_staying(mixtures.shape[kind], ahead / states.rate, mixtures.a[kind], mixtures.b[kind])
    return alive * np.minimum(stays, 1.0)[states.row]


def expected_purchases(
    frequency: FloatArray,
    age_at_last: FloatArray,
    age: FloatArray,
    horizon: float,
    parameters: BetaGeoParameters,
    *,
    modified: bool = False,
) -> FloatArray:
    """Expected orders of a customer within a horizon.

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of float64, shape (n_customers,)
        Repeat orders x, time t_x to the last order and T to the end of observation.
    horizon : float
        Time after the end of observation, positive.
    parameters : BetaGeoParameters
        Parameters; a = 1 is no exception.
    modified : bool, default False
        Whether a customer may drop out right after the first order (MBG/NBD).

    Returns
    -------
    ndarray of float64, shape (n_customers,)
        Not negative.

    Notes
    -----
    ``P E[(1 - (1 + p * horizon / (α + T))^-(r + x)) / p]`` with P the probability to be alive and p ~ Beta(a, b + x + m).

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005). "Counting Your Customers" the Easy Way: An Alternative to the Pareto/NBD
    Model. Marketing Science 24(2), 275-284. doi:10.1287/mksc.1040.0098
    """
    alive = standing(frequency, age_at_last, age, parameters, modified=modified).alive
    states = alive_states(frequency, age, parameters, modified=modified)
    return alive * _expected_if_alive(states, horizon)[states.row]


def probability_no_purchase(
    frequency: FloatArray,
    age_at_last: FloatArray,
    age: FloatArray,
    horizon: float,
    parameters: BetaGeoParameters,
    *,
    modified: bool = False,
) -> FloatArray:
    """Probability that a customer does not order within a horizon.

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of float64, shape (n_customers,)
        Repeat orders x, time t_x to the last order and T to the end of observation.
    horizon : float
        Time after the end of observation, positive.
    parameters : BetaGeoParameters
        Parameters.
    modified : bool, default False
        Whether a customer may drop out right after the first order (MBG/NBD).

    Returns
    -------
    ndarray of float64, shape (n_customers,)
        In [0, 1].

    Notes
    -----
    ``1 - P + P (1 + horizon / (α + T))^-(r + x)`` with P the probability to be alive.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005). "Counting Your Customers" the Easy Way: An Alternative to the Pareto/NBD
    Model. Marketing Science 24(2), 275-284. doi:10.1287/mksc.1040.0098
    """
    now = standing(frequency, age_at_last, age, parameters, modified=modified)
    states = alive_states(frequency, age, parameters, modified=modified)
    return np.minimum(now.gone + now.alive * _silent_if_alive(states, horizon)[states.row], 1.0)


def purchase_distribution(  # noqa: PLR0917  (the arguments that all purchase models share)
    frequency: FloatArray,
    age_at_last: FloatArray,
    age: FloatArray,
    horizon: float,
    n_max: int,
    parameters: BetaGeoParameters,
    *,
    modified: bool = False,
) -> FloatArray:
    """Distribution of the orders of a customer within a horizon.

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of float64, shape (n_customers,)
        Repeat orders x, time t_x to the last order and T to the end of observation.
    horizon : float
        Time after the end of observation, positive.
    n_max : int
        Largest number of orders.
    parameters : BetaGeoParameters
        Parameters.
    modified : bool, default False
        Whether a customer may drop out right after the first order (MBG/NBD).

    Returns
    -------
    ndarray of float64, shape (n_customers, n_max + 1)
        Probabilities of 0 to n_max orders.

    Notes
    -----
    Who is alive buys like a new customer (`purchase_distribution_new`) of the unmodified model with r + x, α + T and b + x + m in place of
    r, α and b; who is gone does not buy.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005). "Counting Your Customers" the Easy Way: An Alternative to the Pareto/NBD
    Model. Marketing Science 24(2), 275-284. doi:10.1287/mksc.1040.0098
    """
    now = standing(frequency, age_at_last, age, parameters, modified=modified)
    states = alive_states(frequency, age, parameters, modified=modified)
    every = Mixtures(*(column[states.kind] for column in (states.mixtures.shape, states.mixtures.a, states.mixtures.b)))
    chances: FloatArray = _distribution(every, horizon / states.rate, n_max, 0)[states.row]
    chances *= now.alive[:, None]
    chances[:, 0] += now.gone
    return chances


def prospects(
    frequency: FloatArray,
    age_at_last: FloatArray,
    age: FloatArray,
    horizon: float,
    parameters: BetaGeoParameters,
    *,
    modified: bool = False,
) -> Prospects:
    """Whether a customer is alive, and the orders within a horizon.

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of float64, shape (n_customers,)
        Repeat orders x, time t_x to the last order and T to the end of observation.
    horizon : float
        Time after the end of observation, positive.
    parameters : BetaGeoParameters
        Parameters.
    modified : bool, default False
        Whether a customer may drop out right after the first order (MBG/NBD).

    Returns
    -------
    Prospects
        What `probability_alive`, `expected_purchases` and `probability_no_purchase` give, at the price of one of them.
    """
    now = standing(frequency, age_at_last, age, parameters, modified=modified)
    states = alive_states(frequency, age, parameters, modified=modified)
    orders, none = _expected_if_alive(states, horizon), _silent_if_alive(states, horizon)
    silent = np.minimum(now.gone + now.alive * none[states.row], 1.0)
    return Prospects(now.alive, now.alive * orders[states.row], silent)


def expected_purchases_new(horizon: FloatArray, parameters: BetaGeoParameters, *, modified: bool = False) -> FloatArray:
    """Expected repeat orders of a new customer.

    Parameters
    ----------
    horizon : ndarray of float64, shape (n_horizons,)
        Times since the first order, positive.
    parameters : BetaGeoParameters
        Parameters; a = 1 is no exception.
    modified : bool, default False
        Whether a customer may drop out right after the first order (MBG/NBD).

    Returns
    -------
    ndarray of float64, shape (n_horizons,)
        Not negative.

    Notes
    -----
    ``E[(1 - (1 + p * horizon / α)^-r) / p]`` with p ~ Beta(a, b); in the modified model times b / (a + b) and with p ~ Beta(a, b + 1), for
    who has not dropped out at once.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005). "Counting Your Customers" the Easy Way: An Alternative to the Pareto/NBD
    Model. Marketing Science 24(2), 275-284. doi:10.1287/mksc.1040.0098
    """
    r, alpha, a, b = parameters.r, parameters.alpha, parameters.a, parameters.b
    one = np.ones(len(horizon))
    stays = b / (a + b) if modified else 1.0
    return stays * mean_orders_until_dropout(r * one, horizon / alpha, a * one, (b + int(modified)) * one)


def purchase_distribution_new(
    horizon: float, n_max: int, parameters: BetaGeoParameters, *, modified: bool = False
) -> FloatArray:
    """Distribution of the repeat orders of a new customer.

    Parameters
    ----------
    horizon : float
        Time since the first order, positive.
    n_max : int
        Largest number of orders.
    parameters : BetaGeoParameters
        Parameters.
    modified : bool, default False
        Whether a customer may drop out right after the first order (MBG/NBD).

    Returns
    -------
    ndarray of float64, shape (n_max + 1,)
        Probabilities of 0 to n_max repeat orders.

    Notes
    -----
    With N the orders of a buyer of gamma-distributed rate, negative binomial, and ``S(k) = prod_{j < k} (b + j) / (a + b + j)`` the
    probability to stay k times, who orders n times has stayed n + m times and had N = n, or dropped out at the last chance and would
    have had N >= n:

    ``P(X = n) = S(n + m) P(N = n) + S(n + m - 1) a / (a + b + n + m - 1) P(N >= n)``

    where the second term is 0 for n + m = 0. All terms are positive, to any n.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005). "Counting Your Customers" the Easy Way: An Alternative to the Pareto/NBD
    Model. Marketing Science 24(2), 275-284. doi:10.1287/mksc.1040.0098
    """
    new = Mixtures(np.array([parameters.r]), np.array([parameters.a]), np.array([parameters.b]))
    chances: FloatArray = _distribution(new, np.array([horizon / parameters.alpha]), n_max, int(modified))[0]
    return chances


def _expected_if_alive(states: AliveStates, horizon: float) -> FloatArray:
    """Expected orders within the horizon in each state."""
    mixtures, kind = states.mixtures, states.kind
    if len(kind) == 0:
        return np.empty(0)
    scale = horizon / states.rate
    starts = np.flatnonzero(np.diff(kind, prepend=-1))
    least, most = np.minimum.reduceat(scale, starts), np.maximum.reduceat(scale, starts)
    share = panels(orders_until_dropout, mixtures, least, most).at(scale[:, None], kind)[:, 0]
    return mixtures.shape[kind] * scale * share


def _silent_if_alive(states: AliveStates, horizon: float) -> FloatArray:
    """Probability of no order within the horizon in each state."""
    silent: FloatArray = np.exp(-states.mixtures.shape[states.kind] * np.log1p(horizon / states.rate))
    return silent


def _distribution(mixtures: Mixtures, scale: FloatArray, n_max: int, m: int) -> FloatArray:
    """Probabilities of 0 to n_max orders of customers who are alive, of shape (n_rows, n_max + 1)."""
    from scipy.special import betainc  # noqa: PLC0415  (scipy is not imported before it is used)

    r, a, b, scale = (column[:, None] for column in (mixtures.shape, mixtures.a, mixtures.b, scale))
    n = np.arange(n_max + 1.0)
    chance = np.arange(n_max + m + 0.0)
    start = np.zeros((len(r), 1))
    stays = np.exp(np.concatenate([start, np.cumsum(np.log1p(-a / (a + b + chance)), axis=1)], axis=1))
    log_odds, log_none = -np.log1p(1.0 / scale), -r * np.log1p(scale)
    choices = np.concatenate([start, np.cumsum(np.log((r + n[:-1]) / n[1:]), axis=1)], axis=1)
    distribution: FloatArray = stays[:, m:] * np.exp(choices + n * log_odds + log_none)
    # Chances to drop out, of which the last was taken; the first comes with order 0 in the modified model, with order 1 else.
    order = n[1 - m :]
    at_least = np.where(order > 0.0, betainc(np.maximum(order, 1.0), r, np.exp(log_odds)), 1.0)
    distribution[:, 1 - m :] += stays[:, :-1] * a / (a + b + chance) * at_least
    return distribution
