"""The six components of every customer from accounts and parameters: arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import numpy as np

from crmmodels._typing import FloatArray, IntArray
from crmmodels.kernels.orders.periods import DAYS_PER_UNIT
from crmmodels.kernels.purchase.nbd import NBDParameters
from crmmodels.kernels.purchase.pareto_nbd.likelihood import ParetoNBDParameters
from crmmodels.kernels.value.credibility import credibility, shrunk_rates
from crmmodels.kernels.value.referrals import referral_values
from crmmodels.models.clv.record import COMPONENTS, CLVFit
from crmmodels.models.purchase.process import PurchaseProcess

RATES: Final = ("total_base_same", "total_base_new", "total_saving", "total_premium")
HISTORY: Final = ("frequency", "age_at_last", "age")
Generations: TypeAlias = Literal[1, "all"]
Columns: TypeAlias = Mapping[str, FloatArray]
"""Columns of accounts by name, and the position of each ``referrer``, -1 for nobody; each of shape (n_customers,)."""


@dataclass(frozen=True, slots=True, eq=False)
class Residual:
    """Discounted expected orders (DERT) and active time (DEAT, in the unit of the ages) of customers, each of shape (n_customers,)."""

    orders: FloatArray
    time: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class MoneyParameters:
    """What is learned of money, as in `CLVFit`, and theta, the probability that a referred customer would not have come otherwise."""

    kappa: float
    means: FloatArray
    service_rates: FloatArray
    referral_shape: float
    referral_rate: float
    referral_value: float
    theta: float


def money_of(fitted: CLVFit, fitted_theta: float, theta: float | None = None) -> MoneyParameters:
    """What was learned of money; at another theta, with the value of a referred customer there."""
    return MoneyParameters(
        fitted.kappa,
        fitted.means,
        fitted.service_rates,
        fitted.referral_shape,
        fitted.referral_rate,
        fitted.referral_value if theta is None else referral_value(fitted, fitted_theta, theta),
        fitted_theta if theta is None else theta,
    )


def referral_value(
    fitted: CLVFit, fitted_theta: float, theta: float, logs: FloatArray | None = None, means: FloatArray | None = None
) -> float:
    """Mean value of a referred customer at another theta and distances as `ReferralOutlook.value` takes them.

    At ``fitted_theta``, that of the model, the fitted value is exact; it stays where nothing is known of how it changes.
    """
    outlook = fitted.referrals
    if outlook is None:
        return fitted.referral_value
    return fitted.referral_value + outlook.value(theta, logs, means) - outlook.value(fitted_theta)


@dataclass(frozen=True, slots=True, eq=False)
class Values6:
    """The six components, realised and to come, each of shape (6, n_customers).

    Beside them, of shape (n_customers,), ``transfer``, what each customer's own referrer is credited with, and ``to_be_referred``, the part
    of the future CLV5 that comes from customers who are still to be brought in.
    """

    realised: FloatArray
    future: FloatArray
    transfer: FloatArray
    to_be_referred: FloatArray

    @property
    def components(self) -> FloatArray:
        """CLV1 to CLV6, shape (6, n_customers)."""
        components: FloatArray = self.realised + self.future
        return components

    @property
    def own(self) -> FloatArray:
        """CLV1 + CLV2 + CLV3 + CLV4 + CLV6, shape (n_customers,)."""
        total = self.components
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

    def totals(self, accounts: Columns) -> dict[str, float]:
        """Sums over customers, in the order of `CLVModel.customer_equity`, then that of retained values."""
        own, rewards = float(self.own.sum()), -float(accounts["reward"][accounts["referrer"] >= 0].sum())
        return {
            "own": own,
            "rewards": rewards,
            "customer_equity": own + rewards,
            "future_referrals": float(self.to_be_referred.sum()),
            "sum_of_clv": float(self.clv.sum()),
            **dict(zip(COMPONENTS, self.components.sum(axis=1).tolist(), strict=True)),
            "realised": float(self.realised.sum()),
            "future": float(self.future.sum()),
            "retained": float(self.retained.sum()),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Valuation:
    """How customers are valued, whatever was learned.

    ``rate`` is continuous, and the horizon long, in the unit of the ages.
    """

    process: PurchaseProcess
    rate: float
    horizon: float
    generations: Generations

    def values(self, accounts: Columns, purchase: FloatArray, money: MoneyParameters) -> Values6:
        """All six components at parameters of the purchase model, shape (n_parameters,), and of money."""
        return self.values_with(accounts, self.residual(accounts, purchase), money)

    def residual(self, histories: Columns, purchase: FloatArray, *, needs_time: bool = True) -> Residual:
        r"""What the purchase process expects within the horizon; a time that is not read and costs extra is 0.

        Where dropout does not depend on the order rate, as in Pareto/NBD and NBD, DERT is DEAT times the expected rate
        :math:`(r + x) / (\alpha + T)`, and one of them is enough.
        """
        history = tuple(histories[name] for name in HISTORY)
        parameters = self.process.parameters(*purchase.tolist())
        if isinstance(parameters, ParetoNBDParameters | NBDParameters):
            time = self.process.discounted_lifetime(*history, self.rate, parameters, horizon=self.horizon)
            frequency, _, age = history
            return Residual(time * ((parameters.r + frequency) / (parameters.alpha + age)), time)
        orders = self.process.discounted_purchases(*history, self.rate, parameters, horizon=self.horizon)
        if not needs_time:
            return Residual(orders, np.zeros(len(orders)))
        return Residual(orders, self.process.discounted_lifetime(*history, self.rate, parameters, horizon=self.horizon))

    def values_with(self, accounts: Columns, residual: Residual, money: MoneyParameters) -> Values6:
        """All six components, with what customers brought in and will."""
        realised, future = own_realised(accounts), own_future(accounts, residual, money)
        referrer: IntArray = accounts["referrer"].astype(np.int64)
        reward, relief, none = accounts["reward"], accounts["acquisition_relief"], np.zeros(len(referrer))
        past, ahead = realised.sum(axis=0), future.sum(axis=0)
        # Referral value is linear in own value, so that the past and the future of a referred customer can be told apart.
        so_far = referral_values(past, referrer, reward, relief, money.theta, generations=self.generations)
        to_come = referral_values(ahead, referrer, none, none, money.theta, generations=self.generations)
        new = none
        if money.referral_rate > 0:
            made = np.bincount(referrer[referrer >= 0], minlength=len(referrer))
            rate = (money.referral_shape + made) / (money.referral_rate + accounts["age"])
            new = rate * residual.time * money.referral_value
        realised[4], future[4] = so_far.clv5, to_come.clv5 + new
        return Values6(realised, future, so_far.transfer + to_come.transfer, new)


def valuation_of(
    process: PurchaseProcess, unit: Any, discount_rate_annual: float, horizon_years: float, generations: Generations
) -> Valuation:
    """How customers are valued by a purchase process whose times are in a unit."""
    rate, horizon = process.scale(unit).rate(discount_rate_annual), horizon_years * DAYS_PER_UNIT["Y"] / DAYS_PER_UNIT[unit]
    return Valuation(process, rate, horizon, generations)


def own_future(accounts: Columns, residual: Residual, money: MoneyParameters) -> FloatArray:
    r"""Components to come, of shape (6, n_customers), with 0 for CLV1 and CLV5.

    With the credibility :math:`w = x / (x + \kappa)` and means per order :math:`\bar y_k`, :math:`\mu_k`, the future of k = 2, 3, 4, 6 is
    :math:`\mathrm{DERT} (w \bar y_k + (1 - w) \mu_k)`, with one weight for all, so that components keep adding up; costs without an
    order follow the same form per unit of time, times DEAT.
    """
    x = accounts["frequency"]
    weight, zero = credibility(x, money.kappa), np.zeros(len(x))
    own_means = np.stack([accounts[name] for name in RATES]) / np.maximum(x, 1.0)
    per_order = residual.orders * shrunk_rates(own_means, money.means, weight)
    per_time = residual.time * shrunk_rates(own_service_rates(accounts), money.service_rates, weight)
    return np.stack([zero, per_order[0] + per_time[0], per_order[1], per_order[2] + per_time[1], zero, per_order[3]])


def own_service_rates(accounts: Columns) -> FloatArray:
    """Base and saving of costs without an order per unit of time since the first order, shape (2, n_customers).

    Where the age is 0, they are the costs of that day, which have no weight beside the mean of all.
    """
    age = accounts["age"]
    costs = np.stack([accounts["total_service_base"], accounts["total_service_saving"]])
    rates: FloatArray = costs / np.where(age > 0, age, 1.0)
    return rates


def own_realised(accounts: Columns) -> FloatArray:
    """Realised components, of shape (6, n_customers), with 0 for CLV5."""
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
