"""A retailer drawn from known mechanisms, with the truth about the value of each customer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from math import isfinite, log
from typing import Any, Final, get_args

import numpy as np
import pandas as pd

from crmmodels._typing import AnyArray, IntArray, Period
from crmmodels.data.tables.dates import as_date
from crmmodels.exceptions import ParameterError
from crmmodels.kernels.orders.periods import first_day_of_period, period_of_day
from crmmodels.kernels.purchase.pareto_nbd.likelihood import ParetoNBDParameters
from crmmodels.kernels.simulation.retailer import (
    Channel,
    RetailContacts,
    RetailCustomers,
    RetailDraw,
    RetailerParameters,
    RetailLines,
)
from crmmodels.kernels.simulation.retailer_draw import draw_retail
from crmmodels.kernels.simulation.retailer_truth import true_components

__all__ = ["Channel", "ParetoNBDParameters", "Retailer", "RetailerParameters", "simulate_retailer"]

_OWNER: Final = "RetailerParameters"
_YEAR_DAYS: Final = 365.25
_MOST_DAYS: Final = 36_525
_MOST_GROWTH: Final = 150.0
_MOST_ORDERS: Final = 10_000.0
"""Beyond these a simulation of thousands of customers no longer fits in memory."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Retailer:
    """A simulated retailer: its logs, as a firm would have them, and what no firm knows.

    Attributes
    ----------
    lines : pandas.DataFrame
        Order lines by customer and time: ``customer_id, order_id`` (ascending in time within a customer), ``date`` (to the
        microsecond), ``sku, category, channel, quantity, list_price, net_price`` (paid for a unit), ``amount`` (quantity times
        net price), ``unit_cost, service_cost``. A return is a line of its order at a later date with a negative quantity.
    referrals : pandas.DataFrame
        ``referrer, referee, date`` (first order of the referee), ``reward``; one row per referee.
    acquisition_costs : pandas.DataFrame
        ``customer_id, cost``; one row per customer.
    service_costs : pandas.DataFrame
        Costs without an order, by customer and time: ``customer_id, date, cost``.
    truth : pandas.DataFrame
        One row per customer, on ``customer_id``: ``clv1`` to ``clv6``, ``own``, ``clv``, ``retained`` and ``transfer``, realised
        up to ``as_of`` without discounting; ``clv5_direct`` and ``transfer_direct``, where referees count without the referees of
        theirs; ``generation`` (of referrals), ``caused`` (whether it would not have come without the referral), ``channel``,
        ``first_order`` and ``active_days`` (until dropout, or ``as_of``).
    references : pandas.DataFrame
        On the index of ``lines``: ``reference_price`` and ``reference_service_cost``, the true means of a first-time buyer.
    parameters : RetailerParameters
        What it was drawn with.
    as_of : date
        End of observation, the day after the last that was seen.
    """

    lines: pd.DataFrame
    referrals: pd.DataFrame
    acquisition_costs: pd.DataFrame
    service_costs: pd.DataFrame
    truth: pd.DataFrame
    references: pd.DataFrame
    parameters: RetailerParameters
    as_of: dt.date

    def __repr__(self) -> str:
        """Sizes of the logs."""
        sizes = f"{len(self.truth)} customers, {len(self.lines)} lines, {len(self.referrals)} referrals"
        return f"Retailer({sizes}; as of {self.as_of.isoformat()})"


def simulate_retailer(
    n_customers: int,
    rng: np.random.Generator | int | None = None,
    *,
    start: str | dt.date | np.datetime64 = "2022-01-01",
    price_period: Period = "Q",
    parameters: RetailerParameters | None = None,
) -> Retailer:
    r"""A retailer's order log in which the true value of each component of customer lifetime value is known.

    Use it to see whether a model of customer lifetime value finds what is there, and finds nothing where nothing is: prices that
    rise with loyalty, service that becomes cheaper, new categories, and referrals, of which only some brought a customer who
    would not have come otherwise. Each mechanism is a parameter, and 0 turns it off.

    Parameters
    ----------
    n_customers : int
        Customers who were not referred; referees come on top.
    rng : numpy.random.Generator or int, optional
        Source of chance, or its seed. Default: fresh.
    start : str or date, default "2022-01-01"
        First day of observation.
    price_period : {"D", "W", "M", "Q", "Y"}, default "Q"
        Calendar period in which list prices and the mean introductory discounts stay the same.
    parameters : RetailerParameters, optional
        The mechanisms. Default: all on but returns.

    Returns
    -------
    Retailer
        Logs, and the truth.

    Raises
    ------
    ParameterError
        If an argument or a parameter is out of range.

    See Also
    --------
    RetailerParameters : The mechanisms and their defaults.

    Notes
    -----
    The references of the truth are means: the discount of a first-time buyer in the same category and price period, at most
    ``discount_noise`` of it away from that of single lines; the mean cost of serving a first order in the same channel, shared
    equally by the lines of an order (returns have none); ``contact_cost`` for costs without an order;
    ``acquisition_cost`` for a referee who would have come anyway. With a mechanism turned off and noise on, its component is
    0 only on average: without decay of discounts the sum of ``clv6`` has the variance

    .. math:: \frac{\nu^2}{3} \sum_\ell (q_\ell \, p^L_\ell \, d_\ell)^2

    over later lines with noise :math:`\nu`, quantity :math:`q`, list price :math:`p^L` and mean discount :math:`d`; and without learning that of
    ``clv4`` is the squared ``service_noise`` times the sum of the squared mean costs of later orders and of contacts.

    Orders follow Pareto/NBD, so that one sees customers only from the first order on and never sees them leave.

    References
    ----------
    Schmittlein, D. C., Morrison, D. G. & Colombo, R. (1987). Counting Your Customers: Who Are They and What Will They Do Next?
    Management Science 33(1), 1-24. doi:10.1287/mnsc.33.1.1

    Wright, T. P. (1936). Factors Affecting the Cost of Airplanes. Journal of the Aeronautical Sciences 3(4), 122-128.
    doi:10.2514/8.155

    Examples
    --------
    >>> retailer = simulate_retailer(1000, 7)
    >>> retailer
    Retailer(1127 customers, 9149 lines, 127 referrals; as of 2025-01-01)
    >>> retailer.truth[["clv1", "clv2", "clv3", "clv4", "clv5", "clv6"]].sum().round().tolist()
    [2556.0, 49991.0, 32164.0, 9114.0, 8165.0, 25993.0]
    >>> no_learning = RetailerParameters(service_learning=0.0, service_noise=0.0)
    >>> float(simulate_retailer(1000, 7, parameters=no_learning).truth["clv4"].abs().sum())
    0.0
    """
    if not _is_whole(n_customers) or n_customers < 1:
        raise ParameterError.must_be("simulate_retailer", "n_customers", "a whole number, 1 or more", n_customers)
    if price_period not in get_args(Period):
        raise ParameterError.unknown_choice("simulate_retailer", "price_period", get_args(Period), price_period)
    chosen = RetailerParameters() if parameters is None else parameters
    if not isinstance(chosen, RetailerParameters):
        raise ParameterError.must_be("simulate_retailer", "parameters", "RetailerParameters, or None", parameters)
    _check(chosen)
    first_day = as_date(start, "simulate_retailer", "start")
    as_of = _end(first_day, chosen.n_days)
    period_starts = _period_starts(first_day, chosen.n_days, price_period)
    draw = draw_retail(int(n_customers), chosen, period_starts, np.random.default_rng(rng))
    begin = np.datetime64(first_day, "us")
    return Retailer(
        lines=_lines(draw.lines, begin, chosen),
        referrals=_referrals(draw.customers, begin, chosen),
        acquisition_costs=pd.DataFrame(
            {"customer_id": np.arange(len(draw.customers.referrer)), "cost": draw.customers.acquisition_cost}
        ),
        service_costs=_service_costs(draw.contacts, begin),
        truth=_truth(draw, begin, chosen),
        references=pd.DataFrame(
            {
                "reference_price": draw.lines.reference_price,
                "reference_service_cost": draw.lines.reference_service_cost,
            }
        ),
        parameters=chosen,
        as_of=as_of,
    )


def _end(first_day: dt.date, n_days: int) -> dt.date:
    try:
        return first_day + dt.timedelta(days=int(n_days))
    except OverflowError:
        must = f"so few that the end is a date; it starts on {first_day.isoformat()}"
        raise ParameterError.must_be(_OWNER, "n_days", must, n_days) from None


def _period_starts(first_day: dt.date, n_days: int, period: Period) -> IntArray:
    begin = np.datetime64(first_day, "D").astype(np.int64)
    first, last = period_of_day(np.array([begin, begin + n_days - 1]), period)
    return first_day_of_period(np.arange(first, last + 1), period) - begin


def _lines(lines: RetailLines, begin: np.datetime64, parameters: RetailerParameters) -> pd.DataFrame:
    n_skus = parameters.skus_per_category
    categories = [f"C{number + 1}" for number in range(parameters.n_categories)]
    skus = [f"{category}-{number + 1:0{len(str(n_skus))}d}" for category in categories for number in range(n_skus)]
    return pd.DataFrame(
        {
            "customer_id": lines.customer,
            "order_id": lines.order,
            "date": _dates(lines.time, begin),
            "sku": pd.Categorical.from_codes(lines.sku, pd.Index(skus)),
            "category": pd.Categorical.from_codes(lines.category, pd.Index(categories)),
            "channel": _channels(lines.channel, parameters),
            "quantity": lines.quantity,
            "list_price": lines.list_price,
            "net_price": lines.net_price,
            "amount": lines.quantity * lines.net_price,
            "unit_cost": lines.unit_cost,
            "service_cost": lines.service_cost,
        }
    )


def _referrals(customers: RetailCustomers, begin: np.datetime64, parameters: RetailerParameters) -> pd.DataFrame:
    referee = np.flatnonzero(customers.generation)
    return pd.DataFrame(
        {
            "referrer": customers.referrer[referee],
            "referee": referee,
            "date": _dates(customers.first_order[referee], begin),
            "reward": float(parameters.referral_reward),
        }
    )


def _service_costs(contacts: RetailContacts, begin: np.datetime64) -> pd.DataFrame:
    return pd.DataFrame({"customer_id": contacts.customer, "date": _dates(contacts.time, begin), "cost": contacts.cost})


def _truth(draw: RetailDraw, begin: np.datetime64, parameters: RetailerParameters) -> pd.DataFrame:
    components, customers = true_components(draw, parameters), draw.customers
    columns: dict[str, Any] = {field.name: getattr(components, field.name) for field in fields(components)}
    columns |= {
        "generation": customers.generation,
        "caused": customers.caused,
        "channel": _channels(customers.channel, parameters),
        "first_order": _dates(customers.first_order, begin),
        "active_days": customers.active_days,
    }
    return pd.DataFrame(columns, index=pd.RangeIndex(len(customers.referrer), name="customer_id"))


def _dates(microseconds: IntArray, begin: np.datetime64) -> AnyArray:
    return begin + microseconds.astype("timedelta64[us]")


def _channels(channel: IntArray, parameters: RetailerParameters) -> pd.Categorical[str]:
    return pd.Categorical.from_codes(channel, pd.Index([one.name for one in parameters.channels]))


@dataclass(frozen=True, slots=True)
class _Range:
    must: str
    holds: Callable[[float], bool]


_POSITIVE = _Range("a number above 0, at most 1e12", lambda value: 0 < value <= 1e12)
_SHAPE = _Range("a number from 1e-6 to 1e9", lambda value: 1e-6 <= value <= 1e9)
_MONEY = _Range("a number from 0 to 1e12", lambda value: 0 <= value <= 1e12)
_SHARE = _Range("a number from 0 to 1", lambda value: 0 <= value <= 1)
_BELOW_ONE = _Range("a number from 0 to below 1", lambda value: 0 <= value < 1)
_VARIATION = _Range("a number from 0 to 10", lambda value: 0 <= value <= 10)
_UP_TO_1000 = _Range("a number from 0 to 1000", lambda value: 0 <= value <= 1000)
_PARAMETER_RANGES: Final[dict[str, _Range]] = {
    "acquisition_span": _Range("a number above 0, at most 1", lambda value: 0 < value <= 1),
    "inflation_annual": _Range("a number above -1, at most 10", lambda value: -1 < value <= 10),
    **dict.fromkeys(("list_price", "return_delay_days"), _POSITIVE),
    **dict.fromkeys(("contact_cost", "acquisition_cost", "referee_acquisition_cost", "referral_reward"), _MONEY),
    **dict.fromkeys(("discount_decay_order", "discount_decay_year", "service_learning", "referral_rate"), _UP_TO_1000),
    **dict.fromkeys(("unit_cost_share", "discount_noise", "category_adoption", "referral_theta", "return_share"), _SHARE),
    **dict.fromkeys(("introductory_discount", "introductory_spread"), _BELOW_ONE),
    **dict.fromkeys(("list_price_spread", "extra_units_spread", "service_noise", "acquisition_noise"), _VARIATION),
    **dict.fromkeys(("extra_lines", "extra_units", "contact_rate"), _UP_TO_1000),
}
_CHANNEL_RANGES: Final[dict[str, _Range]] = {"service_cost": _MONEY, "share": _POSITIVE, "opens": _BELOW_ONE}


def _check(parameters: RetailerParameters) -> None:
    """Refuse parameters out of range."""
    for name, most in (("n_days", _MOST_DAYS), ("n_categories", 1000), ("skus_per_category", 10_000)):
        value = getattr(parameters, name)
        if not _is_whole(value) or not 1 <= value <= most:
            raise ParameterError.must_be(_OWNER, name, f"a whole number from 1 to {most}", value)
    _check_ranges(parameters, _PARAMETER_RANGES, _OWNER)
    purchases = parameters.purchases
    if not isinstance(purchases, ParetoNBDParameters):
        raise ParameterError.must_be(_OWNER, "purchases", "ParetoNBDParameters, in days", purchases)
    _check_ranges(purchases, dict.fromkeys(("r", "alpha", "s", "beta"), _SHAPE), "ParetoNBDParameters")
    _check_channels(parameters.channels)
    for problem in _conflicts(parameters):
        raise problem


def _check_ranges(record: object, ranges: dict[str, _Range], owner: str) -> None:
    for name, allowed in ranges.items():
        value = getattr(record, name)
        if not _is_number(value) or not allowed.holds(value):
            raise ParameterError.must_be(owner, name, allowed.must, value)


def _check_channels(channels: object) -> None:
    if not isinstance(channels, tuple) or not channels or not all(isinstance(channel, Channel) for channel in channels):
        raise ParameterError.must_be(_OWNER, "channels", "a tuple of Channel, at least one", channels)
    names = [channel.name for channel in channels]
    if not all(isinstance(name, str) and name for name in names) or len(set(names)) < len(names):
        raise ParameterError.must_be(_OWNER, "channels", "channels with a name each, none twice", names)
    for channel in channels:
        _check_ranges(channel, _CHANNEL_RANGES, f"Channel {channel.name!r} ")


def _conflicts(parameters: RetailerParameters) -> Iterator[ParameterError]:
    discount, spread = parameters.introductory_discount, parameters.introductory_spread
    if spread > discount:
        must = f"at most introductory_discount, {discount!r}, since no price is above its list price"
        yield ParameterError.must_be(_OWNER, "introductory_spread", must, spread)
    if (discount + spread) * (1 + parameters.discount_noise) >= 1:
        must = "so low that with introductory_spread and discount_noise no line has a discount of 1 or more"
        yield ParameterError.must_be(_OWNER, "introductory_discount", must, discount)
    if parameters.referral_rate * parameters.n_days / _YEAR_DAYS > log(_MOST_GROWTH):
        must = f"so low that each customer can come to {_MOST_GROWTH:.0f} at most in {parameters.n_days} days"
        yield ParameterError.must_be(_OWNER, "referral_rate", must, parameters.referral_rate)

    if parameters.purchases.r / parameters.purchases.alpha * parameters.n_days > _MOST_ORDERS:
        must = f"so high that customers place {_MOST_ORDERS:.0f} orders at most on average in {parameters.n_days} days"
        yield ParameterError.must_be("ParetoNBDParameters", "alpha", must, parameters.purchases.alpha)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _is_whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)
