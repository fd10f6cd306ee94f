"""Customers drawn from the purchase, contract and spend models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from crmmodels._typing import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    from crmmodels.kernels.purchase.beta_geo.likelihood import BetaGeoParameters
    from crmmodels.kernels.purchase.beta_geo_beta_binom.likelihood import BetaGeoBetaBinomParameters
    from crmmodels.kernels.purchase.gamma_gamma import GammaGammaParameters
    from crmmodels.kernels.purchase.nbd import NBDParameters
    from crmmodels.kernels.purchase.pareto_nbd.likelihood import ParetoNBDParameters
    from crmmodels.kernels.purchase.shifted_beta_geo import ShiftedBetaGeoParameters


@dataclass(frozen=True, slots=True, eq=False)
class OrderTimes:
    """Repeat orders; the first order of every customer is at time 0 and not among them.

    Attributes
    ----------
    customer : ndarray of int64, shape (n_orders,)
        Who ordered, from 0, in ascending order.
    time : ndarray of float64, shape (n_orders,)
        When, since the first order; ascending within a customer.
    """

    customer: IntArray
    time: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class PurchaseHistories:
    """What the purchase models read of each customer.

    Attributes
    ----------
    frequency : ndarray of float64, shape (n_customers,)
        Repeat orders x, whole numbers.
    age_at_last : ndarray of float64, shape (n_customers,)
        Time t_x from the first to the last order; 0 where x is 0.
    age : ndarray of float64, shape (n_customers,)
        Time T from the first order to the end of observation.
    """

    frequency: FloatArray
    age_at_last: FloatArray
    age: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Tenures:
    """How long contracts lasted.

    Attributes
    ----------
    tenure : ndarray of int64, shape (n_customers,)
        Chances to renew that a customer has met, the one it did not take included.
    churned : ndarray of bool, shape (n_customers,)
        Whether the customer left at the last of them; else it is still there and observed no further.
    """

    tenure: IntArray
    churned: BoolArray


def purchase_histories(times: OrderTimes, duration: FloatArray) -> PurchaseHistories:
    """Order times reduced to what the purchase models read.

    Parameters
    ----------
    times : OrderTimes
        Repeat orders within the durations.
    duration : ndarray of float64, shape (n_customers,)
        Time from the first order of each customer to the end of its observation.

    Returns
    -------
    PurchaseHistories
        Customers in the order of ``duration``.

    Examples
    --------
    >>> times = OrderTimes(np.array([1, 1]), np.array([0.5, 2.0]))
    >>> purchase_histories(times, np.array([4.0, 4.0]))
    PurchaseHistories(frequency=array([0., 2.]), age_at_last=array([0., 2.]), age=array([4., 4.]))
    """
    frequency = np.bincount(times.customer, minlength=len(duration))
    age_at_last = np.zeros(len(duration))
    repeats = frequency > 0
    age_at_last[repeats] = times.time[np.cumsum(frequency)[repeats] - 1]
    return PurchaseHistories(frequency.astype(np.float64), age_at_last, duration.astype(np.float64))


def simulate_nbd(duration: FloatArray, parameters: NBDParameters, rng: np.random.Generator) -> OrderTimes:
    """Orders of customers of the NBD model, who never drop out.

    Parameters
    ----------
    duration : ndarray of float64, shape (n_customers,)
        Observation time of each customer, from 0.
    parameters : NBDParameters
        The model.
    rng : numpy.random.Generator
        Source of the draws.

    Returns
    -------
    OrderTimes
        Repeat orders.

    Examples
    --------
    >>> from crmmodels.kernels.purchase.nbd import NBDParameters
    >>> times = simulate_nbd(np.full(1000, 10.0), NBDParameters(2.0, 10.0), np.random.default_rng(1))
    >>> len(times.time) / 1000
    1.934
    """
    ordered = rng.poisson(_rates(parameters.r, parameters.alpha, len(duration), rng) * duration)
    return _first_of(ordered, ordered, duration, rng)


def simulate_beta_geo(
    duration: FloatArray, parameters: BetaGeoParameters, rng: np.random.Generator, *, modified: bool = False
) -> OrderTimes:
    """Orders of customers of BG/NBD or MBG/NBD, who may drop out after an order.

    Parameters
    ----------
    duration : ndarray of float64, shape (n_customers,)
        Observation time of each customer, from 0.
    parameters : BetaGeoParameters
        The model.
    rng : numpy.random.Generator
        Source of the draws.
    modified : bool, default False
        Whether a customer may drop out right after the first order (MBG/NBD).

    Returns
    -------
    OrderTimes
        Repeat orders.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005). "Counting Your Customers" the Easy Way: An Alternative to the Pareto/NBD
    Model. Marketing Science 24(2), 275-284. doi:10.1287/mksc.1040.0098
    """
    n_customers = len(duration)
    would_order = rng.poisson(_rates(parameters.r, parameters.alpha, n_customers, rng) * duration)
    chances = _chances_until(rng.beta(parameters.a, parameters.b, n_customers), would_order + 1, rng)
    ordered = np.minimum(would_order, chances - int(modified))
    return _first_of(ordered, would_order, duration, rng)


def simulate_pareto_nbd(duration: FloatArray, parameters: ParetoNBDParameters, rng: np.random.Generator) -> OrderTimes:
    """Orders of customers of the Pareto/NBD model, who may drop out at any time.

    Parameters
    ----------
    duration : ndarray of float64, shape (n_customers,)
        Observation time of each customer, from 0.
    parameters : ParetoNBDParameters
        The model.
    rng : numpy.random.Generator
        Source of the draws.

    Returns
    -------
    OrderTimes
        Repeat orders.

    References
    ----------
    Schmittlein, D. C., Morrison, D. G. & Colombo, R. (1987). Counting Your Customers: Who Are They and What Will They Do Next?
    Management Science 33(1), 1-24. doi:10.1287/mnsc.33.1.1
    """
    n_customers = len(duration)
    buying = _rates(parameters.r, parameters.alpha, n_customers, rng)
    dropping_out = _rates(parameters.s, parameters.beta, n_customers, rng)
    with np.errstate(divide="ignore", over="ignore"):
        lifetime = rng.standard_exponential(n_customers) / dropping_out
    active = np.minimum(lifetime, duration)
    ordered = rng.poisson(buying * active)
    return _first_of(ordered, ordered, active, rng)


def simulate_beta_geo_beta_binom(
    opportunities: IntArray, parameters: BetaGeoBetaBinomParameters, rng: np.random.Generator
) -> OrderTimes:
    """Orders of customers of the BG/BB model, who may drop out before each opportunity to order.

    Parameters
    ----------
    opportunities : ndarray of int64, shape (n_customers,)
        Opportunities of each customer after the first order, from 0.
    parameters : BetaGeoBetaBinomParameters
        The model.
    rng : numpy.random.Generator
        Source of the draws.

    Returns
    -------
    OrderTimes
        Repeat orders; their times are opportunities, whole numbers from 1.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Shang, J. (2010). Customer-Base Analysis in a Discrete-Time Noncontractual Setting.
    Marketing Science 29(6), 1086-1108. doi:10.1287/mksc.1100.0580
    """
    n_customers = len(opportunities)
    ordering = rng.beta(parameters.alpha, parameters.beta, n_customers)
    leaving = rng.beta(parameters.gamma, parameters.delta, n_customers)
    taken = _chances_until(leaving, opportunities + 1, rng) - 1
    customer = np.repeat(np.arange(n_customers), taken)
    opportunity = np.arange(1, len(customer) + 1) - np.repeat(np.cumsum(taken) - taken, taken)
    ordered = rng.random(len(customer)) < ordering[customer]
    return OrderTimes(customer[ordered], opportunity[ordered].astype(np.float64))


def simulate_shifted_beta_geo(n_periods: IntArray, parameters: ShiftedBetaGeoParameters, rng: np.random.Generator) -> Tenures:
    """Tenures of contractual customers, who may leave once a period.

    Parameters
    ----------
    n_periods : ndarray of int64, shape (n_customers,)
        Chances to renew within the observation of each customer, from 0.
    parameters : ShiftedBetaGeoParameters
        The model.
    rng : numpy.random.Generator
        Source of the draws.

    Returns
    -------
    Tenures
        Customers in the order of ``n_periods``.

    References
    ----------
    Fader, P. S. & Hardie, B. G. S. (2007). How to Project Customer Retention. Journal of Interactive Marketing 21(1),
    76-90. doi:10.1002/dir.20074
    """
    left_at = _chances_until(rng.beta(parameters.alpha, parameters.beta, len(n_periods)), n_periods + 1, rng)
    return Tenures(np.minimum(left_at, n_periods), left_at <= n_periods)


def simulate_gamma_gamma(frequency: IntArray, parameters: GammaGammaParameters, rng: np.random.Generator) -> FloatArray:
    """Mean spend per repeat order of customers of the gamma-gamma model.

    Parameters
    ----------
    frequency : ndarray of int64 or float64, shape (n_customers,)
        Repeat orders of each customer, whole numbers from 0.
    parameters : GammaGammaParameters
        The model.
    rng : numpy.random.Generator
        Source of the draws.

    Returns
    -------
    ndarray of float64, shape (n_customers,)
        In the currency of the parameters, above 0; 0 without repeat orders. Below 0.01, p and q can lead beyond the range of
        floating point: to 0 or infinity.

    References
    ----------
    Fader, P. S. & Hardie, B. G. S. (2013). The Gamma-Gamma Model of Monetary Value. brucehardie.com/notes/025.
    """
    repeats = frequency > 0
    orders = frequency[repeats].astype(np.float64)
    log_rate = _log_gamma(np.full(len(orders), parameters.q), rng) - np.log(parameters.v)
    mean = np.zeros(len(frequency))
    mean[repeats] = _exp(_log_gamma(parameters.p * orders, rng) - log_rate - np.log(orders))
    return mean


def simulate_spend(
    customer: IntArray, n_customers: int, parameters: GammaGammaParameters, rng: np.random.Generator
) -> FloatArray:
    """Spend of single orders of customers of the gamma-gamma model.

    Parameters
    ----------
    customer : ndarray of int64, shape (n_orders,)
        Who ordered, from 0.
    n_customers : int
        Customers in all.
    parameters : GammaGammaParameters
        The model.
    rng : numpy.random.Generator
        Source of the draws.

    Returns
    -------
    ndarray of float64, shape (n_orders,)
        In the currency of the parameters, above 0 within the limits that `simulate_gamma_gamma` names.

    References
    ----------
    Fader, P. S. & Hardie, B. G. S. (2013). The Gamma-Gamma Model of Monetary Value. brucehardie.com/notes/025.
    """
    log_rate = _log_gamma(np.full(n_customers, parameters.q), rng) - np.log(parameters.v)
    return _exp(_log_gamma(np.full(len(customer), parameters.p), rng) - log_rate[customer])


def _rates(shape: float, rate: float, n_customers: int, rng: np.random.Generator) -> FloatArray:
    return rng.standard_gamma(shape, n_customers) / rate


def _log_gamma(shape: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Logarithms of gamma variables, which for a small shape would often underflow: those of a larger shape, and their share."""
    logs: FloatArray = np.log(rng.standard_gamma(shape + 1.0)) - rng.standard_exponential(len(shape)) / shape
    return logs


def _exp(logarithm: FloatArray) -> FloatArray:
    with np.errstate(over="ignore", under="ignore"):
        number: FloatArray = np.exp(logarithm)
    return number


def _chances_until(probability: FloatArray, at_most: IntArray, rng: np.random.Generator) -> IntArray:
    """Chances until something of this probability happens, the one at which it does included; `at_most` where it takes longer."""
    with np.errstate(divide="ignore", over="ignore"):
        failures = np.floor(rng.standard_exponential(len(probability)) / -np.log1p(-probability))
    return np.minimum(failures + 1.0, at_most).astype(np.int64)


def _first_of(ordered: IntArray, would_order: IntArray, duration: FloatArray, rng: np.random.Generator) -> OrderTimes:
    """Times of the first orders of each customer, out of all it would have placed at a constant rate.

    Gaps of a Poisson process, given how many orders it has, are exponential variables over their sum. So only those up to the
    last order that was placed need to be drawn; the sum of the rest is gamma distributed.
    """
    customer = np.repeat(np.arange(len(duration)), ordered)
    passed = np.zeros(len(customer) + 1)
    np.cumsum(rng.standard_exponential(len(customer)), out=passed[1:])
    ends = np.cumsum(ordered)
    before = passed[ends - ordered]
    whole = passed[ends] - before + rng.standard_gamma(would_order + 1.0 - ordered)
    return OrderTimes(customer, duration[customer] * ((passed[1:] - before[customer]) / whole[customer]))
