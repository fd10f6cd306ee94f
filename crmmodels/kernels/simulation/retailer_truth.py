"""The components of customer lifetime value that a simulated retailer truly realised."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crmmodels._typing import BoolArray, FloatArray
from crmmodels.kernels.simulation.retailer import RetailCustomers, RetailDraw, RetailerParameters


@dataclass(frozen=True, slots=True, eq=False)
class TrueComponents:
    """What each customer was worth, without discounting.

    Attributes
    ----------
    clv1, clv2, clv3, clv4, clv5, clv6 : ndarray of float64, shape (n_customers,)
        First order less acquisition, repetition, new categories, cheaper service, referrals, higher prices.
    own, clv, retained : ndarray of float64, shape (n_customers,)
        All but clv5; all; and all without what is credited to the referrer.
    transfer : ndarray of float64, shape (n_customers,)
        What is credited to the referrer, before the reward; 0 without one.
    clv5_direct, transfer_direct : ndarray of float64, shape (n_customers,)
        The same two where referees count by their own value only, without the referees of theirs.
    """

    clv1: FloatArray
    clv2: FloatArray
    clv3: FloatArray
    clv4: FloatArray
    clv5: FloatArray
    clv6: FloatArray
    own: FloatArray
    clv: FloatArray
    retained: FloatArray
    transfer: FloatArray
    clv5_direct: FloatArray
    transfer_direct: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class _Referrals:
    clv5: FloatArray
    transfer: FloatArray


def true_components(draw: RetailDraw, parameters: RetailerParameters) -> TrueComponents:
    r"""Components of value by the true references, and by who truly came because of a referral.

    Parameters
    ----------
    draw : RetailDraw
        The retailer.
    parameters : RetailerParameters
        What it was drawn with.

    Returns
    -------
    TrueComponents
        Customers in the order of ``draw.customers``. The sum of the own components is contribution less acquisition cost.

    Notes
    -----
    A line is worth

    .. math:: q(p - c) - s = [q(b - c) - \sigma] + (\sigma - s) + q(p - b)

    and the parts of later lines go to clv2 or clv3, clv4 and clv6; a contact is a line of quantity 0. A referee who would not have
    come otherwise is worth to its referrer all that it brought, its own referrals less their rewards included; any other, what it
    was cheaper to acquire.

    =============  ==========================  ==============  ==============================
    symbol         name                        symbol          name
    =============  ==========================  ==============  ==============================
    :math:`q`      ``quantity``                :math:`b`       ``reference_price``
    :math:`p`      ``net_price``               :math:`\sigma`  ``reference_service_cost``
    :math:`c`      ``unit_cost``               :math:`s`       ``service_cost``
    =============  ==========================  ==============  ==============================
    """
    customers, lines, contacts = draw.customers, draw.lines, draw.contacts
    n = len(customers.referrer)

    def total(money: FloatArray, rows: BoolArray) -> FloatArray:
        return np.asarray(np.bincount(lines.customer[rows], weights=money[rows], minlength=n), dtype=np.float64)

    base = lines.quantity * (lines.reference_price - lines.unit_cost) - lines.reference_service_cost
    saving = lines.reference_service_cost - lines.service_cost
    premium = lines.quantity * (lines.net_price - lines.reference_price)
    later = lines.number > 0
    reference = np.full(len(contacts.cost), parameters.contact_cost)
    contact_base = np.bincount(contacts.customer, weights=-reference, minlength=n)
    contact_saving = np.bincount(contacts.customer, weights=reference - contacts.cost, minlength=n)
    clv1 = total(base + saving + premium, ~later) - customers.acquisition_cost
    clv2 = total(base, later & lines.in_first_category) + contact_base
    clv3 = total(base, later & ~lines.in_first_category)
    clv4 = total(saving, later) + contact_saving
    clv6 = total(premium, later)
    own = clv1 + clv2 + clv3 + clv4 + clv6
    direct = _referrals(own, customers, parameters, n_generations=1)
    whole = _referrals(own, customers, parameters, n_generations=int(customers.generation.max()))
    clv = own + whole.clv5
    return TrueComponents(
        clv1=clv1,
        clv2=clv2,
        clv3=clv3,
        clv4=clv4,
        clv5=whole.clv5,
        clv6=clv6,
        own=own,
        clv=clv,
        retained=clv - whole.transfer,
        transfer=whole.transfer,
        clv5_direct=direct.clv5,
        transfer_direct=direct.transfer,
    )


def _referrals(
    own: FloatArray, customers: RetailCustomers, parameters: RetailerParameters, *, n_generations: int
) -> _Referrals:
    """Value of referees, youngest generation first where the referees of referees count, and all at once where they do not."""
    clv5, transfer = np.zeros(len(own)), np.zeros(len(own))
    saved = parameters.acquisition_cost - customers.acquisition_cost
    generations = [customers.generation == number for number in range(n_generations, 0, -1)]
    for referees in [customers.generation > 0] if n_generations == 1 else generations:
        transfer[referees] = np.where(customers.caused, own + clv5, saved)[referees]
        net = transfer[referees] - parameters.referral_reward
        clv5 += np.bincount(customers.referrer[referees], weights=net, minlength=len(own))
    return _Referrals(clv5, transfer)
