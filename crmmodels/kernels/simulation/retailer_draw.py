"""The customers, order lines and contacts of a simulated retailer."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import numpy as np

from crmmodels._typing import BoolArray, FloatArray, IntArray
from crmmodels.kernels.purchase.nbd import NBDParameters
from crmmodels.kernels.simulation.purchases import simulate_nbd
from crmmodels.kernels.simulation.retailer import RetailContacts, RetailCustomers, RetailDraw, RetailerParameters, RetailLines

_DAY: Final = 86_400_000_000
"""Microseconds in a day."""
_YEAR_DAYS: Final = 365.25
_DAYS_BEFORE_REFERRAL: Final = 1.0
"""From the first order to the first referral, so that a referee is younger than its referrer by the calendar, too."""


@dataclass(frozen=True, slots=True, eq=False)
class _Orders:
    """Orders by customer and time; `number` counts those of the customer before."""

    customer: IntArray
    number: IntArray
    time: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class _Goods:
    """What is in each line, and whether its category is the customer's first."""

    category: IntArray
    sku: IntArray
    in_first_category: BoolArray


@dataclass(frozen=True, slots=True, eq=False)
class _Prices:
    list_price: FloatArray
    net_price: FloatArray
    reference_price: FloatArray


def draw_retail(
    n_customers: int, parameters: RetailerParameters, period_starts: IntArray, rng: np.random.Generator
) -> RetailDraw:
    """A retailer's customers, with all that they bought and cost.

    Parameters
    ----------
    n_customers : int
        Customers who were not referred.
    parameters : RetailerParameters
        The mechanisms.
    period_starts : ndarray of int64, shape (n_periods,)
        Days from the beginning to that of each price period, ascending; the first at most 0.
    rng : numpy.random.Generator
        Source of the draws.

    Returns
    -------
    RetailDraw
        Referees come on top of ``n_customers``.

    Notes
    -----
    Pareto/NBD is NBD up to an exponential lifetime that is independent of the order rate. So the lifetimes are drawn here, which
    referrals and contacts need, and the orders by NBD within them.
    """
    customers = _draw_customers(n_customers, parameters, rng)
    orders = _draw_orders(customers, parameters, rng)
    lines = _draw_lines(customers, orders, parameters, period_starts, rng)
    contacts = _draw_contacts(customers, orders, parameters, rng)
    return RetailDraw(customers, _with_returns(lines, parameters, rng), contacts)


def _draw_customers(n_customers: int, parameters: RetailerParameters, rng: np.random.Generator) -> RetailCustomers:
    channel = _draw_channels(n_customers, parameters, rng)
    opens = np.array([channel.opens for channel in parameters.channels])[channel]
    first_day = (opens + (1.0 - opens) * rng.random(n_customers)) * (parameters.acquisition_span * parameters.n_days)
    nobody = np.full(n_customers, -1)
    generation = _generation(0, nobody, channel, first_day, parameters=parameters, rng=rng)
    generations, n_before = [generation], 0
    while len(generation.referrer):
        exposure = np.maximum(generation.active_days - _DAYS_BEFORE_REFERRAL, 0.0)
        n_referred = rng.poisson(parameters.referral_rate / _YEAR_DAYS * exposure)
        by = np.repeat(np.arange(len(n_referred)), n_referred)
        day = generation.first_order[by] / _DAY + _DAYS_BEFORE_REFERRAL + exposure[by] * rng.random(len(by))
        channel = _draw_channels(len(by), parameters, rng)
        generation = _generation(len(generations), by + n_before, channel, day, parameters=parameters, rng=rng)
        n_before += len(n_referred)
        generations.append(generation)
    return RetailCustomers(
        *(np.concatenate([getattr(part, field.name) for part in generations]) for field in fields(RetailCustomers))
    )


def _draw_channels(n_customers: int, parameters: RetailerParameters, rng: np.random.Generator) -> IntArray:
    shares = np.cumsum([channel.share for channel in parameters.channels])
    # The last bound stays out, so that no rounding leads beyond the last channel.
    return np.searchsorted(shares[:-1] / shares[-1], rng.random(n_customers), side="right").astype(np.int64)


def _generation(
    number: int,
    referrer: IntArray,
    channel: IntArray,
    first_day: FloatArray,
    *,
    parameters: RetailerParameters,
    rng: np.random.Generator,
) -> RetailCustomers:
    n = len(referrer)
    first_order = np.minimum(np.floor(first_day * _DAY).astype(np.int64), parameters.n_days * _DAY - 1)
    dropout_rate = rng.standard_gamma(parameters.purchases.s, n) / parameters.purchases.beta
    with np.errstate(divide="ignore", over="ignore"):
        lifetime = rng.standard_exponential(n) / dropout_rate
    active = np.minimum(lifetime, parameters.n_days - first_order / _DAY)
    mean_cost = parameters.acquisition_cost if number == 0 else parameters.referee_acquisition_cost
    cost = mean_cost * _noise(parameters.acquisition_noise, n, rng)
    caused = rng.random(n) < (parameters.referral_theta if number else 0.0)
    return RetailCustomers(np.full(n, number), referrer, caused, channel, first_order, active, cost)


def _draw_orders(customers: RetailCustomers, parameters: RetailerParameters, rng: np.random.Generator) -> _Orders:
    n_customers = len(customers.referrer)
    buying = NBDParameters(parameters.purchases.r, parameters.purchases.alpha)
    repeats = simulate_nbd(customers.active_days, buying, rng)
    n_orders = np.bincount(repeats.customer, minlength=n_customers) + 1
    customer = np.repeat(np.arange(n_customers), n_orders)
    number = _position_within(n_orders)
    after = np.zeros(len(customer), dtype=np.int64)
    after[number > 0] = np.floor(repeats.time * _DAY)
    time = np.minimum(customers.first_order[customer] + after, parameters.n_days * _DAY - 1)
    return _Orders(customer, number, time)


def _draw_lines(
    customers: RetailCustomers,
    orders: _Orders,
    parameters: RetailerParameters,
    period_starts: IntArray,
    rng: np.random.Generator,
) -> RetailLines:
    n_lines = 1 + rng.poisson(parameters.extra_lines, len(orders.customer))
    order = np.repeat(np.arange(len(n_lines)), n_lines)
    customer, number, time = orders.customer[order], orders.number[order], orders.time[order]
    goods = _draw_goods(orders, n_lines, parameters, rng)
    years = (time - customers.first_order[customer]) / (_DAY * _YEAR_DAYS)
    decay = np.exp(-parameters.discount_decay_order * number - parameters.discount_decay_year * years)
    prices = _draw_prices(goods, time // _DAY, decay, parameters=parameters, period_starts=period_starts, rng=rng)
    appetite = parameters.extra_units * _noise(parameters.extra_units_spread, len(customers.referrer), rng)
    quantity = 1 + rng.poisson(appetite[customer])
    channel = customers.channel[customer]
    service = np.array([channel.service_cost for channel in parameters.channels])[channel] / n_lines[order]
    experience = _learning(orders.number + 1, parameters) * _noise(parameters.service_noise, len(n_lines), rng)
    return RetailLines(
        customer=customer,
        order=order,
        number=number,
        time=time,
        sku=goods.sku,
        category=goods.category,
        channel=channel,
        in_first_category=goods.in_first_category,
        quantity=quantity,
        list_price=prices.list_price,
        net_price=prices.net_price,
        unit_cost=parameters.unit_cost_share * prices.list_price,
        service_cost=service * experience[order],
        reference_price=prices.reference_price,
        reference_service_cost=service,
    )


def _draw_goods(orders: _Orders, n_lines: IntArray, parameters: RetailerParameters, rng: np.random.Generator) -> _Goods:
    """Customers take up categories in an order of their own, and buy among those they have."""
    firsts = np.flatnonzero(orders.number == 0)
    queue = rng.permuted(np.tile(np.arange(parameters.n_categories), (len(firsts), 1)), axis=1)
    takes = (rng.random(len(orders.number)) < parameters.category_adoption) & (orders.number > 0)
    taken = np.cumsum(takes)
    further = np.minimum(taken - taken[firsts][orders.customer], parameters.n_categories - 1)
    new = np.diff(further, prepend=0) > 0
    order = np.repeat(np.arange(len(n_lines)), n_lines)
    place = rng.integers(0, further[order] + 1)
    first_lines = np.cumsum(n_lines) - n_lines
    place[first_lines[new]] = further[new]
    category = queue[orders.customer[order], place]
    sku = category * parameters.skus_per_category + rng.integers(0, parameters.skus_per_category, len(order))
    return _Goods(category, sku, place == 0)


def _draw_prices(
    goods: _Goods,
    day: IntArray,
    decay: FloatArray,
    *,
    parameters: RetailerParameters,
    period_starts: IntArray,
    rng: np.random.Generator,
) -> _Prices:
    spread = parameters.list_price_spread
    logs = spread * rng.standard_normal(parameters.n_categories * parameters.skus_per_category) - 0.5 * spread**2
    growth = (1.0 + parameters.inflation_annual) ** ((period_starts - period_starts[0]) / _YEAR_DAYS)
    around = rng.uniform(-1.0, 1.0, (parameters.n_categories, len(period_starts)))
    introductory = parameters.introductory_discount + parameters.introductory_spread * around
    period = np.searchsorted(period_starts, day, side="right") - 1
    list_price = parameters.list_price * np.exp(logs)[goods.sku] * growth[period]
    mean_discount = introductory[goods.category, period]
    noise = 1.0 + parameters.discount_noise * rng.uniform(-1.0, 1.0, len(day))
    net_price = list_price * (1.0 - mean_discount * decay * noise)
    return _Prices(list_price, net_price, list_price * (1.0 - mean_discount))


def _draw_contacts(
    customers: RetailCustomers, orders: _Orders, parameters: RetailerParameters, rng: np.random.Generator
) -> RetailContacts:
    n_contacts = rng.poisson(parameters.contact_rate / _YEAR_DAYS * customers.active_days)
    customer = np.repeat(np.arange(len(n_contacts)), n_contacts)
    after = np.floor(customers.active_days[customer] * rng.random(len(customer)) * _DAY).astype(np.int64)
    time = customers.first_order[customer] + after
    is_contact = np.repeat([False, True], [len(orders.time), len(time)])
    everybody = np.concatenate([orders.customer, customer])
    in_turn = np.lexsort((is_contact, np.concatenate([orders.time, time]), everybody))
    first = np.flatnonzero(orders.number == 0)
    contacts = is_contact[in_turn]
    n_orders = np.cumsum(~contacts)[contacts] - first[everybody[in_turn[contacts]]]
    cost = parameters.contact_cost * _learning(n_orders, parameters) * _noise(parameters.service_noise, len(time), rng)
    return RetailContacts(customer, time[in_turn[contacts] - len(orders.time)], cost)


def _with_returns(lines: RetailLines, parameters: RetailerParameters, rng: np.random.Generator) -> RetailLines:
    come_back = np.flatnonzero(rng.random(len(lines.time)) < parameters.return_share)
    delay = parameters.return_delay_days * rng.standard_exponential(len(come_back))
    time = lines.time[come_back] + np.floor(np.minimum(delay, parameters.n_days) * _DAY).astype(np.int64)
    seen = time < parameters.n_days * _DAY
    come_back, time = come_back[seen], time[seen]
    if not len(come_back):
        return lines
    changed = {"time": time, "quantity": -lines.quantity[come_back]}
    changed |= dict.fromkeys(("service_cost", "reference_service_cost"), np.zeros(len(come_back)))
    columns = {
        field.name: (getattr(lines, field.name), changed.get(field.name, getattr(lines, field.name)[come_back]))
        for field in fields(RetailLines)
    }
    together = {name: np.concatenate(parts) for name, parts in columns.items()}
    in_turn = np.lexsort((together["quantity"] < 0, together["time"], together["customer"]))
    return RetailLines(**{name: column[in_turn] for name, column in together.items()})


def _position_within(sizes: IntArray) -> IntArray:
    """0, 1, ... within each of consecutive groups of these sizes."""
    return np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)


def _learning(n_orders: IntArray, parameters: RetailerParameters) -> FloatArray:
    factor: FloatArray = n_orders.astype(np.float64) ** -parameters.service_learning
    return factor


def _noise(variation: float, n: int, rng: np.random.Generator) -> FloatArray:
    """Gamma variables of mean 1 and this coefficient of variation."""
    if variation == 0.0:
        return np.ones(n)
    return rng.standard_gamma(variation**-2.0, n) * variation**2
