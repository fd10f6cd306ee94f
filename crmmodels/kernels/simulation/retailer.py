"""What a simulated retailer is like, and the arrays in which its customers, lines and contacts come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from crmmodels._typing import BoolArray, FloatArray, IntArray
from crmmodels.kernels.purchase.pareto_nbd.likelihood import ParetoNBDParameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A channel through which customers come and then order.

    Attributes
    ----------
    name : str
        Its name in the order log.
    service_cost : float
        Mean cost of serving the first order of a customer, from 0.
    share : float, default 1
        Weight among the channels in how many customers come through it, above 0.
    opens : float, default 0
        When its first customers come, as a share of the span of acquisition, in [0, 1). Acquisition is even from then on.
    """

    name: str
    service_cost: float
    share: float = 1.0
    opens: float = 0.0


_CHANNELS: Final = (
    Channel(name="store", service_cost=8.0, share=0.5),
    Channel(name="web", service_cost=6.0, share=0.3, opens=0.1),
    Channel(name="app", service_cost=4.0, share=0.2, opens=0.4),
)
_PURCHASES: Final = ParetoNBDParameters(r=1.2, alpha=90.0, s=0.8, beta=500.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetailerParameters:
    r"""The mechanisms of a simulated retailer; money is in one currency, rates are per year of 365.25 days.

    A mechanism is off where its parameter is 0, which leaves all others as they are.

    Attributes
    ----------
    n_days : int, default 1096
        Days observed.
    channels : tuple of Channel
        Where customers come from. Default: a store from the first day, a web shop a tenth and an app four tenths of the way in.
    acquisition_span : float, default 1
        Share of ``n_days`` in which customers who were not referred come, in (0, 1]. Below 1 the prices of later
        periods have few first-time buyers to be compared with, or none.
    purchases : ParetoNBDParameters
        Pareto/NBD process of the repeat orders; its alpha and beta are in days. Default: r 1.2, alpha 90, s 0.8, beta 500.
    n_categories, skus_per_category : int, default 5, 8
        Categories, and products in each.
    list_price : float, default 40
        Mean list price of the products in the first period.
    list_price_spread : float, default 0.5
        Standard deviation of the logarithms of these list prices among products, from 0.
    inflation_annual : float, default 0.03
        Growth of all list prices per year, by steps at the beginning of each price period; above -1.
    unit_cost_share : float, default 0.6
        Unit cost as a share of the list price of the time, in [0, 1].
    introductory_discount : float, default 0.15
        Mean discount on a first order, as a share of the list price, in [0, 1).
    introductory_spread : float, default 0.05
        The mean discount of each category and price period lies so much around it at most (uniform).
    discount_decay_order, discount_decay_year : float, default 0.05, 0.15
        Fall of the mean discount with each order and with each year since the first order, from 0.
    discount_noise : float, default 0.2
        Single lines have so much more or less discount than the mean at most, as a share of it (uniform), in [0, 1].
    extra_lines : float, default 0.4
        Mean number of lines of an order beyond the first (Poisson), first orders and later ones alike.
    extra_units : float, default 0.6
        Mean quantity of a line beyond one unit (Poisson).
    extra_units_spread : float, default 0.5
        Coefficient of variation of that mean among customers (gamma), from 0.
    category_adoption : float, default 0.15
        Probability that a later order brings a category new to the customer, while there is one, in [0, 1].
    service_learning : float, default 0.15
        Exponent of the learning curve, from 0: the mean cost of serving order n is that of the first times
        :math:`n^{-\lambda}`.
    service_noise : float, default 0.3
        Coefficient of variation of each cost of service around its mean (gamma), from 0.
    contact_rate : float, default 0.5
        Contacts without an order, such as calls, per year while a customer is active.
    contact_cost : float, default 4
        Mean cost of such a contact before the second order; it falls by the same learning curve.
    acquisition_cost, referee_acquisition_cost : float, default 15, 5
        Mean cost of acquiring a customer, and one who was referred.
    acquisition_noise : float, default 0.2
        Coefficient of variation of these costs (gamma), from 0.
    referral_rate : float, default 0.1
        New customers whom a customer refers per year while active.
    referral_reward : float, default 3
        What the referrer gets on the first order of each referee.
    referral_theta : float, default 0.5
        Probability that a referee would not have come otherwise, in [0, 1].
    return_share : float, default 0
        Share of the lines that come back whole, in [0, 1].
    return_delay_days : float, default 14
        Mean time until they do (exponential).

    Notes
    -----
    With the category and price period of a line :math:`(g, k)`, orders of the customer before it :math:`j` and years since its
    first order :math:`u`, the discount of the line is on average

    .. math:: d_{gk} \, e^{-\gamma j - \eta u}

    =================== =======================================================
    symbol              name
    =================== =======================================================
    :math:`d_{gk}`      drawn from ``introductory_discount`` and ``introductory_spread``
    :math:`\gamma`      ``discount_decay_order``
    :math:`\eta`        ``discount_decay_year``
    :math:`\lambda`     ``service_learning``
    =================== =======================================================
    """

    n_days: int = 1096
    channels: tuple[Channel, ...] = _CHANNELS
    acquisition_span: float = 1.0
    purchases: ParetoNBDParameters = _PURCHASES
    n_categories: int = 5
    skus_per_category: int = 8
    list_price: float = 40.0
    list_price_spread: float = 0.5
    inflation_annual: float = 0.03
    unit_cost_share: float = 0.6
    introductory_discount: float = 0.15
    introductory_spread: float = 0.05
    discount_decay_order: float = 0.05
    discount_decay_year: float = 0.15
    discount_noise: float = 0.2
    extra_lines: float = 0.4
    extra_units: float = 0.6
    extra_units_spread: float = 0.5
    category_adoption: float = 0.15
    service_learning: float = 0.15
    service_noise: float = 0.3
    contact_rate: float = 0.5
    contact_cost: float = 4.0
    acquisition_cost: float = 15.0
    referee_acquisition_cost: float = 5.0
    acquisition_noise: float = 0.2
    referral_rate: float = 0.1
    referral_reward: float = 3.0
    referral_theta: float = 0.5
    return_share: float = 0.0
    return_delay_days: float = 14.0


@dataclass(frozen=True, slots=True, eq=False)
class RetailCustomers:
    """Customers, those of one generation of referrals after those of the one before.

    Attributes
    ----------
    generation : ndarray of int64, shape (n_customers,)
        0 for who was not referred, else one more than that of the referrer.
    referrer : ndarray of int64, shape (n_customers,)
        Position of the customer's referrer; -1 for none.
    caused : ndarray of bool, shape (n_customers,)
        Whether the customer was referred and would not have come otherwise.
    channel : ndarray of int64, shape (n_customers,)
        Position of the channel.
    first_order : ndarray of int64, shape (n_customers,)
        Microseconds from the beginning to the first order.
    active_days : ndarray of float64, shape (n_customers,)
        Days from the first order to dropout, or to the end of observation where that is earlier.
    acquisition_cost : ndarray of float64, shape (n_customers,)
        Cost of acquiring the customer.
    """

    generation: IntArray
    referrer: IntArray
    caused: BoolArray
    channel: IntArray
    first_order: IntArray
    active_days: FloatArray
    acquisition_cost: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class RetailLines:
    """Order lines by customer and time; a return is a line of its order with a negative quantity and a later time.

    Attributes
    ----------
    customer, order, number : ndarray of int64, shape (n_lines,)
        Position of the customer, number of the order among all, and among those of the customer, from 0.
    time : ndarray of int64, shape (n_lines,)
        Microseconds from the beginning.
    sku, category, channel : ndarray of int64, shape (n_lines,)
        Positions; the products of one category follow each other.
    in_first_category : ndarray of bool, shape (n_lines,)
        Whether the category is that of the first order of the customer.
    quantity : ndarray of int64, shape (n_lines,)
        Units; never 0.
    list_price, net_price, unit_cost : ndarray of float64, shape (n_lines,)
        Of one unit; the net price is what was paid.
    service_cost : ndarray of float64, shape (n_lines,)
        An equal share in the cost of serving the order; 0 for returns.
    reference_price, reference_service_cost : ndarray of float64, shape (n_lines,)
        What a first-time buyer of the line would pay for a unit and cost to serve, on average.
    """

    customer: IntArray
    order: IntArray
    number: IntArray
    time: IntArray
    sku: IntArray
    category: IntArray
    channel: IntArray
    in_first_category: BoolArray
    quantity: IntArray
    list_price: FloatArray
    net_price: FloatArray
    unit_cost: FloatArray
    service_cost: FloatArray
    reference_price: FloatArray
    reference_service_cost: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class RetailContacts:
    """Costs of service without an order, by customer and time.

    Attributes
    ----------
    customer : ndarray of int64, shape (n_contacts,)
        Position of the customer.
    time : ndarray of int64, shape (n_contacts,)
        Microseconds from the beginning.
    cost : ndarray of float64, shape (n_contacts,)
        What the contact cost.
    """

    customer: IntArray
    time: IntArray
    cost: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class RetailDraw:
    """All that was drawn of a retailer.

    Attributes
    ----------
    customers : RetailCustomers
        Who came, when, and why.
    lines : RetailLines
        What they bought.
    contacts : RetailContacts
        What else they cost.
    """

    customers: RetailCustomers
    lines: RetailLines
    contacts: RetailContacts
