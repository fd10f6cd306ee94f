"""The six components of every customer from accounts and parameters: arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from crmmodels._typing import FloatArray, IntArray
from crmmodels.kernels.purchase.nbd import NBDParameters
from crmmodels.kernels.purchase.pareto_nbd.likelihood import ParetoNBDParameters
from crmmodels.kernels.value.credibility import credibility, shrunk_rates
from crmmodels.kernels.value.referrals import referral_values

RATES = ("total_base_same", "total_base_new", "total_saving", "total_premium")


@dataclass(frozen=True, slots=True, eq=False)
class Residual:
    """What a purchase model expects of customers, discounted.

    Attributes
    ----------
    orders : ndarray of float64, shape (n_customers,)
        Discounted expected residual orders (DERT).
    time : ndarray of float64, shape (n_customers,)
        Discounted expected active time (DEAT), in the unit of the ages.
    """

    orders: FloatArray
    time: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class MoneyParameters:
    """What is learned of money.

    Attributes
    ----------
    kappa : float
        Orders' worth of prior.
    means : ndarray of float64, shape (4,)
        Money per repeat order over customers, of each component.
    service_rates : ndarray of float64, shape (2,)
        Money per unit of time from costs without an order.
    referral_shape, referral_rate : float
        Gamma distribution of referrals per unit of time.
    referral_value : float
        Mean value of a referred customer, less the reward.
    theta : float
        Probability that a referred customer would not have come otherwise.
    """

    kappa: float
    means: FloatArray
    service_rates: FloatArray
    referral_shape: float
    referral_rate: float
    referral_value: float
    theta: float


@dataclass(frozen=True, slots=True, eq=False)
class Values6:
    """The six components, realised and to come.

    Attributes
    ----------
    realised, future : ndarray of float64, shape (6, n_customers)
        CLV1 to CLV6.
    transfer : ndarray of float64, shape (n_customers,)
        What each customer's own referrer is credited with.
    to_be_referred : ndarray of float64, shape (n_customers,)
        The part of the future CLV5 that comes from customers who are still to be brought in.
    """

    realised: FloatArray
    future: FloatArray
    transfer: FloatArray
    to_be_referred: FloatArray

    @property
    def own(self) -> FloatArray:
        """CLV1 + CLV2 + CLV3 + CLV4 + CLV6, shape (n_customers,)."""
        total = self.realised + self.future
        own: FloatArray = total[:4].sum(axis=0) + total[5]
        return own

    @property
    def clv(self) -> FloatArray:
        """Sum of the six, shape (n_customers,)."""
        clv: FloatArray = self.own + self.realised[4] + self.future[4]
        return clv

    @property
    def retained(self) -> FloatArray:
        """What may be added up over customers: own value and referrals made, less what the referrer is credited with."""
        retained: FloatArray = self.own + self.realised[4] + self.future[4] - self.to_be_referred - self.transfer
        return retained


def own_values(accounts: Mapping[str, FloatArray], residual: Residual, money: MoneyParameters) -> tuple[FloatArray, FloatArray]:
    r"""Realised and future components but for referrals.

    Parameters
    ----------
    accounts : mapping of str to ndarray of shape (n_customers,)
        Columns of the accounts.
    residual : Residual
        What the purchase model expects.
    money : MoneyParameters
        What is learned of money.

    Returns
    -------
    tuple of ndarray of float64, shape (6, n_customers)
        Realised and future, with 0 for CLV5.

    Notes
    -----
    With the credibility :math:`w = x / (x + \kappa)` and means per order :math:`\bar y_k`, :math:`\mu_k`, the future of k = 2, 3, 4, 6 is
    :math:`\mathrm{DERT} (w \bar y_k + (1 - w) \mu_k)`, with one weight for all, so that components keep adding up; costs without an
    order follow the same form per unit of time, times DEAT.
    """
    x = accounts["frequency"]
    realised, zero = own_realised(accounts), np.zeros(len(x))
    weight = credibility(x, money.kappa)
    own_means = np.stack([accounts[name] for name in RATES]) / np.maximum(x, 1.0)
    per_order = residual.orders * shrunk_rates(own_means, money.means, weight)
    per_time = residual.time * shrunk_rates(own_service_rates(accounts), money.service_rates, weight)
    future = np.stack([zero, per_order[0] + per_time[0], per_order[1], per_order[2] + per_time[1], zero, per_order[3]])
    return realised, future


def own_service_rates(accounts: Mapping[str, FloatArray]) -> FloatArray:
    """Costs without an order per unit of time since the first order.

    Parameters
    ----------
    accounts : mapping of str to ndarray of shape (n_customers,)
        Columns of the accounts.

    Returns
    -------
    ndarray of float64, shape (2, n_customers)
        Base and saving; where the age is 0, the costs of that day, which have no weight beside the mean of all.
    """
    age = accounts["age"]
    costs = np.stack([accounts["total_service_base"], accounts["total_service_saving"]])
    rates: FloatArray = costs / np.where(age > 0, age, 1.0)
    return rates


def own_realised(accounts: Mapping[str, FloatArray]) -> FloatArray:
    """Realised components but for referrals.

    Parameters
    ----------
    accounts : mapping of str to ndarray of shape (n_customers,)
        Columns of the accounts.

    Returns
    -------
    ndarray of float64, shape (6, n_customers)
        With 0 for CLV5.
    """
    return np.stack(
        [
            accounts["first_contribution"] - accounts["acquisition_cost"],
            accounts["base_same"] + accounts["service_base"],
            accounts["base_new"],
            accounts["saving"] + accounts["service_saving"],
            np.zeros(len(accounts["base_new"])),
            accounts["premium"],
        ]
    )


def with_referrals(
    realised: FloatArray,
    future: FloatArray,
    accounts: Mapping[str, FloatArray],
    referrer: IntArray,
    residual: Residual,
    *,
    money: MoneyParameters,
    generations: Literal[1, "all"],
) -> Values6:
    """Add what customers brought in and will.

    Parameters
    ----------
    realised, future : ndarray of float64, shape (6, n_customers)
        As `own_values` returns them.
    accounts : mapping of str to ndarray of shape (n_customers,)
        Columns of the accounts.
    referrer : ndarray of int64, shape (n_customers,)
        Position of who referred each customer; -1 for nobody.
    residual : Residual
        What the purchase model expects.
    money : MoneyParameters
        What is learned of money.
    generations : {1, "all"}
        Whether referrals of referrals count.

    Returns
    -------
    Values6
        All six.
    """
    past, ahead = realised.sum(axis=0), future.sum(axis=0)
    reward, relief, none = accounts["reward"], accounts["acquisition_relief"], np.zeros(len(referrer))
    # Referral value is linear in own value, so that the past and the future of a referred customer can be told apart.
    so_far = referral_values(past, referrer, reward, relief, money.theta, generations=generations)
    to_come = referral_values(ahead, referrer, none, none, money.theta, generations=generations)
    realised, future, new = realised.copy(), future.copy(), none
    if money.referral_rate > 0:
        made = np.bincount(referrer[referrer >= 0], minlength=len(referrer))
        rate = (money.referral_shape + made) / (money.referral_rate + accounts["age"])
        new = rate * residual.time * money.referral_value
    realised[4], future[4] = so_far.clv5, to_come.clv5 + new
    return Values6(realised, future, so_far.transfer + to_come.transfer, new)


def residual_of(
    process: Any,
    history: tuple[FloatArray, FloatArray, FloatArray],
    rate: float,
    horizon: float,
    parameters: Any,
    *,
    needs_time: bool = True,
) -> Residual:
    r"""What a purchase process expects of customers within a horizon.

    Parameters
    ----------
    process : PurchaseProcess
        The functions.
    history : tuple of ndarray of float64, shape (n_customers,)
        Frequency, age at last and age.
    rate : float
        Continuous discount rate per unit of time.
    horizon : float
        In the unit of the ages.
    parameters : record
        Of the purchase model.
    needs_time : bool, default True
        Whether the time is read; where it is not and costs extra, it is 0.

    Returns
    -------
    Residual
        Orders and time.

    Notes
    -----
    Where dropout does not depend on the order rate, as in Pareto/NBD and NBD, DERT is DEAT times the expected rate
    :math:`(r + x) / (\alpha + T)`, and one of them is enough.
    """
    if isinstance(parameters, ParetoNBDParameters | NBDParameters):
        time = process.discounted_lifetime(*history, rate, parameters, horizon=horizon)
        frequency, _, age = history
        return Residual(time * ((parameters.r + frequency) / (parameters.alpha + age)), time)
    orders = process.discounted_purchases(*history, rate, parameters, horizon=horizon)
    if not needs_time:
        return Residual(orders, np.zeros(len(orders)))
    return Residual(orders, process.discounted_lifetime(*history, rate, parameters, horizon=horizon))
