"""Pareto/NBD: who is alive, and how many orders to expect.

The arguments of all functions are

=======  ==============  ===============================================
symbol   name            meaning
=======  ==============  ===============================================
x        frequency       repeat orders
t_x      age_at_last     time from the first to the last order
T        age             time from the first order to the end
r, α     r, alpha        shape and rate of the order rates
s, β     s, beta         shape and rate of the dropout rates
=======  ==============  ===============================================
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from crmmodels._typing import FloatArray
from crmmodels.kernels.arrays.blocks import in_blocks
from crmmodels.kernels.purchase.histories import Prospects, distinct
from crmmodels.kernels.purchase.pareto_nbd.likelihood import ParetoNBDParameters
from crmmodels.kernels.purchase.pareto_nbd.quadrature import race
from crmmodels.kernels.purchase.pareto_nbd.series import dropout_first_ever

_BLOCK_ROWS: Final = 8192
"""Rows that are worked on at a time; what a row gives does not depend on it."""
_LEAST_LEFT: Final = 0.1
"""What a difference must leave of its terms; where it leaves less, in short silences, quadrature serves."""


def log_probability_alive(
    frequency: FloatArray,
    age_at_last: FloatArray,
    age: FloatArray,
    parameters: ParetoNBDParameters,
    *,
    ahead: float = 0.0,
) -> FloatArray:
    """Logarithm of the probability that a customer has not dropped out.

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of float64, shape (n_customers,)
        Repeat orders x, time t_x to the last order and T to the end of observation.
    parameters : ParetoNBDParameters
        Parameters.
    ahead : float, default 0
        Time after the end of observation at which the customer is to be alive.

    Returns
    -------
    ndarray of float64, shape (n_customers,)
        At most 0, and finite where the probability itself is too small for a float.

    Notes
    -----
    ``P = S / (S + D) * ((β + T) / (β + T + ahead))^s`` with S and D as in `crmmodels.kernels.purchase.pareto_nbd.quadrature`.

    References
    ----------
    Schmittlein, D. C., Morrison, D. G. & Colombo, R. (1987). Counting Your Customers: Who Are They and What Will They Do Next?
    Management Science 33(1), 1-24. doi:10.1287/mnsc.33.1.1
    """

    def block(rows: slice) -> FloatArray:
        now = _standing(frequency[rows], age_at_last[rows], age[rows], parameters)
        log_odds_gone = np.log(now.dropped) + now.hazard
        return -np.logaddexp(0.0, log_odds_gone) - _hazard_ahead(age[rows], ahead, parameters)

    return _each(block, len(age))


def probability_alive(
    frequency: FloatArray,
    age_at_last: FloatArray,
    age: FloatArray,
    parameters: ParetoNBDParameters,
    *,
    ahead: float = 0.0,
) -> FloatArray:
    """Probability that a customer has not dropped out.

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of float64, shape (n_customers,)
        Repeat orders x, time t_x to the last order and T to the end of observation.
    parameters : ParetoNBDParameters
        Parameters.
    ahead : float, default 0
        Time after the end of observation at which the customer is to be alive.

    Returns
    -------
    ndarray of float64, shape (n_customers,)
        In [0, 1].
    """

    def block(rows: slice) -> FloatArray:
        alive = _standing(frequency[rows], age_at_last[rows], age[rows], parameters).alive
        return alive * np.exp(-_hazard_ahead(age[rows], ahead, parameters)) if ahead else alive

    return _each(block, len(age))


def probability_gone(
    frequency: FloatArray,
    age_at_last: FloatArray,
    age: FloatArray,
    parameters: ParetoNBDParameters,
) -> FloatArray:
    """Probability that a customer has dropped out, with all its digits where it is small.

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of float64, shape (n_customers,)
        Repeat orders x, time t_x to the last order and T to the end of observation.
    parameters : ParetoNBDParameters
        Parameters.

    Returns
    -------
    ndarray of float64, shape (n_customers,)
        In [0, 1].
    """

    def block(rows: slice) -> FloatArray:
        return _standing(frequency[rows], age_at_last[rows], age[rows], parameters).gone

    return _each(block, len(age))


def probability_no_purchase(
    frequency: FloatArray,
    age_at_last: FloatArray,
    age: FloatArray,
    horizon: float,
    parameters: ParetoNBDParameters,
) -> FloatArray:
    """Probability that a customer does not order within a horizon.

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of float64, shape (n_customers,)
        Repeat orders x, time t_x to the last order and T to the end of observation.
    horizon : float
        Time t after the end of observation.
    parameters : ParetoNBDParameters
        Parameters.

    Returns
    -------
    ndarray of float64, shape (n_customers,)
        In [0, 1]: gone already, or alive and without an order in (T, T + t].

    Notes
    -----
    ``1 - P + P Q`` with P the probability to be alive and Q that of no order from T to T + t given that.

    References
    ----------
    Fader, P. S. & Hardie, B. G. S. (2014). Deriving the Conditional PMF of the Pareto/NBD Model. Technical note.
    """

    def block(rows: slice) -> FloatArray:
        x, t = frequency[rows], age[rows]
        return _none(x, t, horizon, _standing(x, age_at_last[rows], t, parameters), parameters)

    return _each(block, len(age))


def expected_purchases(
    frequency: FloatArray,
    age_at_last: FloatArray,
    age: FloatArray,
    horizon: float,
    parameters: ParetoNBDParameters,
) -> FloatArray:
    """Expected orders of a customer within a horizon.

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of float64, shape (n_customers,)
        Repeat orders x, time t_x to the last order and T to the end of observation.
    horizon : float
        Time t after the end of observation.
    parameters : ParetoNBDParameters
        Parameters; s = 1 is no exception.

    Returns
    -------
    ndarray of float64, shape (n_customers,)
        Orders in (T, T + t].

    Notes
    -----
    ``P (r + x) (β + T) / (α + T) (1 - e^-(s - 1) ζ) / (s - 1)`` with P the probability to be alive and ``ζ = log(1 + t / (β + T))``;
    the last factor tends to ζ as s tends to 1.

    References
    ----------
    Schmittlein, D. C., Morrison, D. G. & Colombo, R. (1987). Counting Your Customers: Who Are They and What Will They Do Next?
    Management Science 33(1), 1-24. doi:10.1287/mnsc.33.1.1
    """

    def block(rows: slice) -> FloatArray:
        x, t = frequency[rows], age[rows]
        return _expected(x, t, horizon, _standing(x, age_at_last[rows], t, parameters), parameters)

    return _each(block, len(age))


def prospects(
    frequency: FloatArray,
    age_at_last: FloatArray,
    age: FloatArray,
    horizon: float,
    parameters: ParetoNBDParameters,
) -> Prospects:
    """What to expect of a customer within a horizon, at little more than the cost of one of its numbers.

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of float64, shape (n_customers,)
        Repeat orders x, time t_x to the last order and T to the end of observation.
    horizon : float
        Time t after the end of observation.
    parameters : ParetoNBDParameters
        Parameters.

    Returns
    -------
    Prospects
        To the last bit what `probability_alive`, `expected_purchases` and `probability_no_purchase` give.
    """
    alive, expected, none = np.empty(len(age)), np.empty(len(age)), np.empty(len(age))

    def block(rows: slice) -> None:
        x, t = frequency[rows], age[rows]
        with np.errstate(all="ignore"):
            now = _standing(x, age_at_last[rows], t, parameters)
            alive[rows] = now.alive
            expected[rows] = _expected(x, t, horizon, now, parameters)
            none[rows] = _none(x, t, horizon, now, parameters)

    in_blocks(block, len(age), _BLOCK_ROWS)
    return Prospects(alive, expected, none)


def expected_purchases_new(horizon: FloatArray, parameters: ParetoNBDParameters) -> FloatArray:
    """Expected repeat orders of a new customer.

    Parameters
    ----------
    horizon : ndarray of float64, shape (n_horizons,)
        Times t since the first order.
    parameters : ParetoNBDParameters
        Parameters; s = 1 is no exception.

    Returns
    -------
    ndarray of float64, shape (n_horizons,)
        Repeat orders in (0, t].

    Notes
    -----
    ``r β / α (1 - e^-(s - 1) ζ) / (s - 1)`` with ``ζ = log(1 + t / β)``.

    References
    ----------
    Schmittlein, D. C., Morrison, D. G. & Colombo, R. (1987). Counting Your Customers: Who Are They and What Will They Do Next?
    Management Science 33(1), 1-24. doi:10.1287/mnsc.33.1.1
    """
    beta = np.full(len(horizon), parameters.beta)
    return parameters.r / parameters.alpha * expected_lifetime(horizon, parameters.s, beta)


def expected_lifetime(horizon: FloatArray, s: float, b: FloatArray) -> FloatArray:
    """Expected lifetime within a horizon of a customer who is alive.

    Parameters
    ----------
    horizon : ndarray of float64, shape (n_rows,)
        Time t from now on.
    s : float
        Shape of the dropout rate; 1 is no exception.
    b : ndarray of float64, shape (n_rows,)
        Rate of the dropout rate by now, β + T.

    Returns
    -------
    ndarray of float64, shape (n_rows,)
        ``∫_0^t (1 + u / b)^-s du``.
    """
    from scipy.special import exprel  # noqa: PLC0415  (scipy is not imported before it is used)

    zeta = np.log1p(horizon / b)
    lifetime: FloatArray = b * zeta * exprel((1.0 - s) * zeta)
    return lifetime


@dataclass(frozen=True, slots=True, eq=False)
class _Standing:
    """How customers stand at the end of observation.

    Attributes
    ----------
    hazard : ndarray of float64, shape (n_rows,)
        Minus the logarithm of S, the probability that neither order nor dropout came in the silence.
    neither, dropped : ndarray of float64, shape (n_rows,)
        S, and the probability D that the dropout came first.
    drops_ever : ndarray of float64, shape (n_rows,)
        Probability that a customer who is alive drops out before the next order; NaN where its series is long.
    """

    hazard: FloatArray
    neither: FloatArray
    dropped: FloatArray
    drops_ever: FloatArray

    @property
    def alive(self) -> FloatArray:
        """Probability to be alive."""
        return self.neither / (self.neither + self.dropped)

    @property
    def gone(self) -> FloatArray:
        """Probability not to be alive."""
        return self.dropped / (self.neither + self.dropped)


def _standing(x: FloatArray, t_x: FloatArray, age: FloatArray, parameters: ParetoNBDParameters) -> _Standing:
    n, alpha, s, beta = parameters.r + x, parameters.alpha, parameters.s, parameters.beta
    silent = age - t_x
    hazard = n * np.log1p(silent / (alpha + t_x)) + s * np.log1p(silent / (beta + t_x))
    neither = np.exp(-hazard)
    before, after = (dropout_first_ever(n, t, alpha=alpha, s=s, beta=beta) for t in (t_x, age))
    dropped = before - neither * after
    short = np.flatnonzero(~(dropped >= _LEAST_LEFT * before))
    if len(short):
        # Who never came back differs by age alone, so that many rows are alike.
        alike = distinct((x[short], t_x[short], age[short]))
        rows = short[alike.first]
        dropped[short] = race(n[rows], t_x[rows], silent[rows], alpha=alpha, s=s, beta=beta).dropout_first[alike.row]
    return _Standing(hazard, neither, dropped, after)


def _none(x: FloatArray, age: FloatArray, horizon: float, now: _Standing, parameters: ParetoNBDParameters) -> FloatArray:
    n, alpha, s, beta = parameters.r + x, parameters.alpha, parameters.s, parameters.beta
    neither = np.exp(-n * np.log1p(horizon / (alpha + age)) - s * np.log1p(horizon / (beta + age)))
    none = now.drops_ever + neither * (1.0 - dropout_first_ever(n, age + horizon, alpha=alpha, s=s, beta=beta))
    long = np.flatnonzero(np.isnan(none))
    if len(long):
        alike = distinct((x[long], age[long]))
        rows = long[alike.first]
        ahead = race(n[rows], age[rows], np.full(len(rows), horizon), alpha=alpha, s=s, beta=beta)
        none[long] = np.exp(ahead.log_no_order)[alike.row]
    return np.minimum(now.gone + now.alive * none, 1.0)


def _expected(x: FloatArray, age: FloatArray, horizon: float, now: _Standing, parameters: ParetoNBDParameters) -> FloatArray:
    lifetime = expected_lifetime(np.full(len(age), horizon), parameters.s, parameters.beta + age)
    return now.alive * (parameters.r + x) / (parameters.alpha + age) * lifetime


def _hazard_ahead(age: FloatArray, ahead: float, parameters: ParetoNBDParameters) -> FloatArray:
    return parameters.s * np.log1p(ahead / (parameters.beta + age))


def _each(work: Callable[[slice], FloatArray], n_rows: int) -> FloatArray:
    """One number of each row, in blocks."""
    result = np.empty(n_rows)

    def put(rows: slice) -> None:
        with np.errstate(all="ignore"):
            result[rows] = work(rows)

    in_blocks(put, n_rows, _BLOCK_ROWS)
    return result
