"""Realised customer value, line by line: an identity whose parts add up to the contribution whatever they are compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np

from crmmodels._typing import BoolArray, FloatArray, IntArray
from crmmodels.kernels.arrays.grouping import group_sums
from crmmodels.kernels.orders.periods import DAYS_PER_UNIT

Values: TypeAlias = Any
"""Whatever has operators: a number, an array, or an expression of a dataframe library."""

_KINDS: Final = 3
"""Of lines: of the first order, of a later one in the categories of the first, of a later one in others."""


def contribution(quantity: Values, net_price: Values, unit_cost: Values, service_cost: Values) -> Values:
    r"""Contribution of a line: what it brought less what it cost.

    Parameters
    ----------
    quantity : number, array or expression
        Units; 0 for a cost without an order.
    net_price, unit_cost : number, array or expression
        Price paid and cost of a unit, in the currency of the data.
    service_cost : number, array or expression
        Cost of serving and of keeping the customer, of the whole line.

    Returns
    -------
    number, array or expression
        In the currency of the data.

    Notes
    -----
    .. math:: m = q(p - c) - s = \beta + \kappa + \pi

    with `base` β, `saving` κ and `premium` π, for any reference price b and any reference cost-to-serve σ:

    .. math:: q(p - c) - s = [q(b - c) - \sigma] + (\sigma - s) + q(p - b).

    The price effect is taken at the quantity really bought, so that no residual is left.

    ============== =====================
    symbol         name
    ============== =====================
    :math:`q`      ``quantity``
    :math:`p`      ``net_price``
    :math:`c`      ``unit_cost``
    :math:`s`      ``service_cost``
    :math:`b`      ``reference_price``
    :math:`\sigma` ``reference_service``
    ============== =====================

    References
    ----------
    Reichheld, F. F. & Sasser, W. E. (1990). Zero Defections: Quality Comes to Services. Harvard Business Review 68(5), 105-111.

    Examples
    --------
    Two packs of coffee at 95 each, for which a new customer would have paid 90, and 10 instead of 6 for service:

    >>> contribution(2, 95.0, 60.0, 6.0)
    64.0
    >>> base(2, 90.0, 60.0, 10.0), saving(10.0, 6.0), premium(2, 95.0, 90.0)
    (50.0, 4.0, 10.0)
    """
    return quantity * (net_price - unit_cost) - service_cost


def base(quantity: Values, reference_price: Values, unit_cost: Values, reference_service: Values) -> Values:
    r"""Contribution that a line would have made with a first-time buyer.

    Parameters
    ----------
    quantity : number, array or expression
        Units; 0 for a cost without an order.
    reference_price, unit_cost : number, array or expression
        Price that a first-time buyer would have paid, and cost, of a unit, in the currency of the data.
    reference_service : number, array or expression
        What serving a first-time buyer would have cost, of the whole line.

    Returns
    -------
    number, array or expression
        In the currency of the data.

    Notes
    -----
    .. math:: \beta = q(b - c) - \sigma,

    in the symbols of `contribution`.
    """
    return quantity * (reference_price - unit_cost) - reference_service


def saving(reference_service: Values, service_cost: Values) -> Values:
    r"""What a line cost less to serve than it would have with a first-time buyer.

    Parameters
    ----------
    reference_service, service_cost : number, array or expression
        Cost of serving a first-time buyer and this customer, of the whole line, in the currency of the data.

    Returns
    -------
    number, array or expression
        In the currency of the data; negative where this customer cost more.

    Notes
    -----
    .. math:: \kappa = \sigma - s,

    in the symbols of `contribution`.
    """
    return reference_service - service_cost


def premium(quantity: Values, net_price: Values, reference_price: Values) -> Values:
    r"""What a customer paid more for a line than a first-time buyer would have.

    Parameters
    ----------
    quantity : number, array or expression
        Units.
    net_price, reference_price : number, array or expression
        Price of a unit that this customer paid, and a first-time buyer would have, in the currency of the data.

    Returns
    -------
    number, array or expression
        In the currency of the data; negative where this customer paid less.

    Notes
    -----
    .. math:: \pi = q(p - b),

    in the symbols of `contribution`.
    """
    return quantity * (net_price - reference_price)


def discount_factor(days: Values, discount_rate_annual: float) -> Values:
    r"""Value at the reference date of one unit of money at another date.

    Parameters
    ----------
    days : number, array or expression
        Days from the reference date to the payment; negative before it, which compounds.
    discount_rate_annual : float
        Effective rate per year of 365.25 days, such as 0.15; above -1.

    Returns
    -------
    number, array or expression
        1 at the reference date.

    Notes
    -----
    .. math:: D = e^{-\delta t} = (1 + d)^{-t / 365.25}, \quad \delta = \frac{\ln(1 + d)}{365.25},

    written as a power, which expressions have as an operator, and which is exactly 1 where d is 0.

    Examples
    --------
    >>> discount_factor(np.array([-365.25, 0.0, 730.5]), 0.25)
    array([1.25, 1.  , 0.64])
    """
    return (1.0 + discount_rate_annual) ** (days / -DAYS_PER_UNIT["Y"])


@dataclass(frozen=True, slots=True, eq=False)
class GrowthSplit:
    """The base of later orders in the categories of the first (CLV2), split in two.

    Attributes
    ----------
    repetition : number, array or expression
        CLV2a: as if each of these orders had repeated the first.
    growth : number, array or expression
        CLV2b: what they brought beyond that; negative where spending shrank.
    """

    repetition: Values
    growth: Values


def growth_split(base_later: Values, first_base: Values, discounted_orders: Values) -> GrowthSplit:
    r"""Repeat business split exactly into repetition of the first order and growth of spending.

    Parameters
    ----------
    base_later : number, array or expression
        Discounted base of an order, or of all later orders of a customer, in the categories of the first order.
    first_base : number, array or expression
        Base of the customer's first order, not discounted.
    discounted_orders : number, array or expression
        Discount factor of the order, or the sum of the factors of the customer's later orders with a line in these categories.

    Returns
    -------
    GrowthSplit
        Of orders or of customers, as given; those of orders add up to those of customers. A cost without an order that is part of
        ``base_later`` counts in growth: it is no repetition of anything.

    Notes
    -----
    Of later orders u in the categories G of the first order W,

    .. math:: \mathrm{CLV}_{2a} = F \sum_u D_u, \quad \mathrm{CLV}_{2b} = \sum_u D_u (B_u - F), \quad
        F = \sum_{\ell \in W} \beta_\ell, \quad B_u = \sum_{\ell \in u, g \in G} \beta_\ell.

    Base is at reference prices and reference cost-to-serve, so that neither part holds effects of price or of service.

    Examples
    --------
    A first order with a base of 20, then two at 50 and 15, not discounted:

    >>> growth_split(65.0, 20.0, 2.0)
    GrowthSplit(repetition=40.0, growth=25.0)
    """
    repetition = first_base * discounted_orders
    return GrowthSplit(repetition, base_later - repetition)


@dataclass(frozen=True, slots=True, eq=False)
class ValueLines:
    """Order lines, with what they are compared with.

    Attributes
    ----------
    customer : ndarray of int64, shape (n_lines,)
        Customer of each line, from 0.
    quantity : ndarray of float64, shape (n_lines,)
        Units; 0 for a cost without an order.
    net_price, unit_cost : ndarray of float64, shape (n_lines,)
        Price paid and cost of a unit; finite also where the quantity is 0.
    service_cost : ndarray of float64, shape (n_lines,)
        Cost of serving and keeping the customer, of the line.
    reference_price : ndarray of float64, shape (n_lines,)
        Price of a unit to a first-time buyer.
    reference_service : ndarray of float64, shape (n_lines,)
        Cost of serving a first-time buyer, of the line.
    discount : ndarray of float64, shape (n_lines,)
        `discount_factor` of the line.
    is_first : ndarray of bool, shape (n_lines,)
        Whether the line belongs to the customer's first order.
    in_first_categories : ndarray of bool, shape (n_lines,)
        Whether its category was in the first order; True for a cost without an order.
    """

    customer: IntArray
    quantity: FloatArray
    net_price: FloatArray
    unit_cost: FloatArray
    service_cost: FloatArray
    reference_price: FloatArray
    reference_service: FloatArray
    discount: FloatArray
    is_first: BoolArray
    in_first_categories: BoolArray


@dataclass(frozen=True, slots=True, eq=False)
class Components:
    """Realised value of each customer before the cost of acquisition, each shape (n_customers,), in the currency of the data.

    Attributes
    ----------
    clv1 : ndarray of float64, shape (n_customers,)
        Contribution of the first order.
    clv2, clv3 : ndarray of float64, shape (n_customers,)
        Base of later lines in the categories of the first order, and in others.
    clv4 : ndarray of float64, shape (n_customers,)
        Cost-to-serve of later lines below that of a first-time buyer.
    clv6 : ndarray of float64, shape (n_customers,)
        What was paid on later lines above the price to a first-time buyer.
    own : ndarray of float64, shape (n_customers,)
        Contribution of all lines: the sum of the five to rounding, but computed without any benchmark.
    """

    clv1: FloatArray
    clv2: FloatArray
    clv3: FloatArray
    clv4: FloatArray
    clv6: FloatArray
    own: FloatArray


def components(lines: ValueLines, n_customers: int) -> Components:
    r"""Realised value of customers, by where it came from.

    For lines in memory. CLV5, referrals, is `crmmodels.kernels.value.referrals.referral_values` of own value less the cost of acquisition.

    Parameters
    ----------
    lines : ValueLines
        In any order; sums are in it.
    n_customers : int
        Number of customers; one without lines has zeros.

    Returns
    -------
    Components
        Signed: nothing is assumed positive.

    Notes
    -----
    .. math:: \mathrm{CLV}_1 = \sum_W D m, \quad \mathrm{CLV}_2 = \sum_{\ell \notin W, g \in G} D \beta, \quad
        \mathrm{CLV}_3 = \sum_{\ell \notin W, g \notin G} D \beta, \quad \mathrm{CLV}_4 = \sum_{\ell \notin W} D \kappa, \quad
        \mathrm{CLV}_6 = \sum_{\ell \notin W} D \pi

    over the lines of a customer, with W the first order, G its categories, D the discount, and m, β, κ, π of `contribution`. The sum is
    :math:`\sum D m` whatever the benchmarks.

    References
    ----------
    Reichheld, F. F. & Sasser, W. E. (1990). Zero Defections: Quality Comes to Services. Harvard Business Review 68(5), 105-111.

    Kumar, V., Aksoy, L., Donkers, B., Venkatesan, R., Wiesel, T. & Tillmanns, S. (2010). Undervalued or Overvalued Customers:
    Capturing Total Customer Engagement Value. Journal of Service Research 13(3), 297-310. doi:10.1177/1094670510375602
    """
    later = ~lines.is_first
    margin = contribution(lines.quantity, lines.net_price, lines.unit_cost, lines.service_cost)
    level = base(lines.quantity, lines.reference_price, lines.unit_cost, lines.reference_service)
    kind = np.where(later, np.where(lines.in_first_categories, 1, 2), 0)
    money = lines.discount * np.where(later, level, margin)
    by_kind = group_sums(lines.customer * _KINDS + kind, money, n_customers * _KINDS).reshape(n_customers, _KINDS)
    factor = lines.discount * later
    service = factor * saving(lines.reference_service, lines.service_cost)
    price = factor * premium(lines.quantity, lines.net_price, lines.reference_price)
    return Components(
        by_kind[:, 0].copy(),
        by_kind[:, 1].copy(),
        by_kind[:, 2].copy(),
        group_sums(lines.customer, service, n_customers),
        group_sums(lines.customer, price, n_customers),
        group_sums(lines.customer, lines.discount * margin, n_customers),
    )
