"""Uncertainty of customer lifetime value: of the parameters behind it, and limits of every customer from draws."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from crmmodels._typing import FloatArray, IntArray
from crmmodels.kernels.purchase.histories import distinct
from crmmodels.kernels.value.credibility import credibility
from crmmodels.kernels.value.referrals import referral_values
from crmmodels.models.clv.record import COMPONENTS, CLVFit
from crmmodels.models.clv.valuation import (
    HISTORY,
    RATES,
    Columns,
    Generations,
    MoneyParameters,
    Residual,
    Valuation,
    own_realised,
    own_service_rates,
    referral_value,
)
from crmmodels.parameters import check_level

_CONCENTRATION: Final = 10.0
"""Sureness of theta: that of ten observed referrals."""
_VALUES_AT_ONCE: Final = 4_000_000
"""Values that are held at a time, of all draws of a block: 32 MB, and as much again while their quantiles are taken."""


@dataclass(frozen=True, slots=True, eq=False)
class ParameterDraw:
    """One draw of all parameters: those of the purchase model, shape (n_parameters,), and those of money."""

    purchase: FloatArray
    money: MoneyParameters


def draw(fitted: CLVFit, money: MoneyParameters, n_draws: int, rng: np.random.Generator) -> Sequence[ParameterDraw]:
    """Draw parameters from their approximate posterior.

    Drawn are, independently but for what is said: the logarithms of the purchase model's parameters, jointly normal; the means of money
    per order, jointly normal; the logarithm of kappa, normal with the error that leaving out one customer at a time gives; theta, beta
    with the sureness of ten observed referrals; the logarithms of shape and rate of referrals, jointly normal. The value of a referred
    customer follows the drawn theta, purchase parameters and means.

    Held fixed are the benchmarks, and with them the realised components but for CLV5; the rates of costs without an order; a kappa that was
    given, or whose error cannot be told; a theta of 0 or 1; a parameter that runs to an edge, whose partner varies with the error of their combination.
    """
    covariance = np.where(np.isfinite(fitted.purchase.covariance), fitted.purchase.covariance, 0.0)
    logs = rng.standard_normal((n_draws, len(covariance))) @ _root(covariance).T
    means = rng.standard_normal((n_draws, 4)) @ _root(fitted.means_covariance).T
    theta = np.full(n_draws, money.theta)
    if 0.0 < money.theta < 1.0:
        theta = rng.beta(_CONCENTRATION * money.theta, _CONCENTRATION * (1.0 - money.theta), n_draws)
    kappa = money.kappa * np.exp(fitted.kappa_error * rng.standard_normal(n_draws))
    rates = (
        np.zeros((n_draws, 2))
        if fitted.referrals is None
        else rng.standard_normal((n_draws, 2)) @ _root(fitted.referrals.covariance).T
    )
    purchase = np.exp(np.log(fitted.purchase.values) + logs)
    drawn = []
    for number in range(n_draws):
        grown = np.exp(rates[number])
        one = MoneyParameters(
            kappa=float(kappa[number]),
            means=fitted.means + means[number],
            service_rates=money.service_rates,
            referral_shape=float(money.referral_shape * grown[0]),
            referral_rate=float(money.referral_rate * grown[1]),
            referral_value=referral_value(fitted, money.theta, float(theta[number]), logs[number], means[number]),
            theta=float(theta[number]),
        )
        drawn.append(ParameterDraw(purchase[number], one))
    return drawn


def _root(covariance: FloatArray) -> FloatArray:
    """A square root of a covariance that may be singular."""
    values, directions = np.linalg.eigh(covariance)
    root: FloatArray = directions * np.sqrt(np.maximum(values, 0.0))
    return root


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CLVDraws:
    """Draws of the six components of every customer.

    Attributes
    ----------
    customers : sequence
        Names of the customers.
    components : ndarray of float64, shape (n_draws, 6, n_customers)
        CLV1 to CLV6, in the currency of the data; they add up to CLV in every draw.
    """

    customers: Sequence[Any]
    components: FloatArray

    def __repr__(self) -> str:
        """Size."""
        return f"CLVDraws({self.components.shape[0]:,} draws of {self.components.shape[2]:,} customers)"

    def interval(self, level: float = 0.95) -> pd.DataFrame:
        """Limits between which the value of each customer lies for most draws.

        Parameters
        ----------
        level : float, default 0.95
            Share of the draws.

        Returns
        -------
        pandas.DataFrame
            One row per customer: for ``clv`` and each component its mean, ``_lower`` and ``_upper``. Limits of components do not add up
            to those of their sum.

        Raises
        ------
        ParameterError
            If the level is not between 0 and 1.
        """
        check_level("interval", level)
        parts = {"clv": self.components.sum(axis=1), **{name: self.components[:, i] for i, name in enumerate(COMPONENTS)}}
        columns: dict[str, FloatArray] = {}
        for name, drawn in parts.items():
            low, high = np.quantile(drawn, [0.5 - 0.5 * level, 0.5 + 0.5 * level], axis=0)
            columns |= {name: drawn.mean(axis=0), f"{name}_lower": low, f"{name}_upper": high}
        return pd.DataFrame(columns, index=pd.Index(self.customers, name="customer_id"))

    def probability_negative(self) -> pd.DataFrame:
        """Share of the draws in which each component is below 0.

        Returns
        -------
        pandas.DataFrame
            One row per customer, one column per component and for their sum.
        """
        shares = {name: (self.components[:, i] < 0).mean(axis=0) for i, name in enumerate(COMPONENTS)}
        shares["clv"] = (self.components.sum(axis=1) < 0).mean(axis=0)
        return pd.DataFrame(shares, index=pd.Index(self.customers, name="customer_id"))


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """Limits of the value of customers: quantiles over the draws, each of shape (n_customers,)."""

    lower: FloatArray
    upper: FloatArray


def limits_of(
    accounts: Columns,
    valuation: Valuation,
    drawn: Sequence[ParameterDraw],
    *,
    level: float,
    values_at_once: int = _VALUES_AT_ONCE,
    on_draw: Callable[[int, int], None] | None = None,
) -> Limits:
    """Limits between which CLV lies for most draws; ``on_draw`` is told of draws of blocks that were valued, and of how many.

    Memory is bounded whatever the number of draws, beside a few numbers per customer. What a customer gets does not depend on the size
    of the blocks.
    """
    referrer: IntArray = accounts["referrer"].astype(np.int64)
    n, size, generations = len(referrer), max(1, values_at_once // len(drawn)), valuation.generations
    is_linked = bool((referrer >= 0).any())
    # Trees stay together, so that few customers are valued with more than one block.
    root = _roots(referrer) if is_linked and size < n else None
    order = np.arange(n) if root is None else np.argsort(root, kind="stable")
    limits = np.empty((2, n))
    chances = [0.5 - 0.5 * level, 0.5 + 0.5 * level]
    n_values = len(drawn) * -(-n // size)
    needs_time = _needs_time(accounts, drawn[0].money)
    for block_number, first in enumerate(range(0, n, size)):
        members = np.sort(order[first : first + size])
        rows = members if root is None else _with_referred(members, referrer, root, generations)
        block = _Block(accounts, rows, referrer, generations)
        place = np.searchsorted(rows, members)
        values = np.empty((len(members), len(drawn)))
        for number, one in enumerate(drawn):
            expected = valuation.residual(block.histories, one.purchase, needs_time=needs_time)
            values[:, number] = block.clv(expected, one.money)[place]
            if on_draw is not None:
                on_draw(block_number * len(drawn) + number + 1, n_values)
        limits[:, members] = np.quantile(values, chances, axis=1, overwrite_input=True)
    return Limits(limits[0], limits[1])


def _needs_time(accounts: Columns, money: MoneyParameters) -> bool:
    """Whether anything is paid or comes per unit of time."""
    costs = (accounts["total_service_base"], accounts["total_service_saving"], money.service_rates)
    return money.referral_rate > 0 or any(bool(cost.any()) for cost in costs)


class _Block:
    """Quantities of some customers that are constant over draws."""

    def __init__(self, accounts: Columns, rows: IntArray, referrer: IntArray, generations: Generations) -> None:
        part = {name: column[rows] for name, column in accounts.items()}
        found = distinct(tuple(part[name] for name in HISTORY))
        self.histories = {name: part[name][found.first] for name in HISTORY}
        self._row = found.row
        self._generations = generations
        self._x, self._age = part["frequency"], part["age"]
        self._past = own_realised(part).sum(axis=0)
        self._per_order = np.sum([part[name] for name in RATES], axis=0) / np.maximum(self._x, 1.0)
        self._per_time = own_service_rates(part).sum(axis=0)
        self._reward, self._relief = part["reward"], part["acquisition_relief"]
        position = np.full(len(referrer), -1)
        position[rows] = np.arange(len(rows))
        given = referrer[rows]
        self._parent = np.where(given >= 0, position[given], -1)
        self._made = np.bincount(self._parent[self._parent >= 0], minlength=len(rows))
        self._is_linked = bool(self._made.any())

    def clv(self, expected: Residual, money: MoneyParameters) -> FloatArray:
        """Value of each of them at drawn parameters."""
        weight = credibility(self._x, money.kappa)
        mean, rate = float(money.means.sum()), float(money.service_rates.sum())
        own = self._past + expected.orders[self._row] * (mean + weight * (self._per_order - mean))
        own += expected.time[self._row] * (rate + weight * (self._per_time - rate))
        clv: FloatArray = own
        if self._is_linked:
            moved = referral_values(own, self._parent, self._reward, self._relief, money.theta, generations=self._generations)
            clv = own + moved.clv5
        if money.referral_rate > 0:
            chance = (money.referral_shape + self._made) / (money.referral_rate + self._age)
            clv = clv + chance * expected.time[self._row] * money.referral_value
        return clv


def _roots(referrer: IntArray) -> IntArray:
    """The customer at the root of each one's tree, by looking twice as far in every round."""
    root = np.where(referrer >= 0, referrer, np.arange(len(referrer)))
    while not np.array_equal(root, above := root[root]):
        root = above
    return root


def _with_referred(members: IntArray, referrer: IntArray, root: IntArray, generations: Generations) -> IntArray:
    """The customers of a block and those on whom their referral value depends, ascending."""
    wanted = np.zeros(len(referrer), np.bool_)
    if generations == "all":
        wanted[root[members]] = True
        return np.flatnonzero(wanted[root])
    wanted[members] = True
    return np.flatnonzero(wanted | ((referrer >= 0) & wanted[referrer]))


def kappa_error(accounts: Columns) -> float:
    """Standard error of the logarithm of a kappa that was estimated of these accounts."""
    repeats = accounts["frequency"] > 0
    names = ("frequency", "squares", *RATES)
    # Sums are taken in one order of the customers, whatever the order of the rows.
    order = np.lexsort([accounts[name][repeats] for name in names])
    x, squares, *money = (accounts[name][repeats][order] for name in names)
    mean = np.sum(money, axis=0) / x
    return log_kappa_error(x, mean, np.maximum(squares - x * mean**2, 0.0))


def log_kappa_error(n_orders: FloatArray, mean: FloatArray, sum_of_squares: FloatArray) -> float:
    r"""Standard error of the logarithm of kappa, by leaving out one customer at a time.

    Of the number of orders of each customer, 1 or more, their mean, and their squares about it, summed, each of shape (n_customers,). It is
    0 where kappa is not above 0 and finite without every single customer, so that its error cannot be told.

    .. math:: \widehat{se}^2 = \frac{I - 1}{I} \sum_i (\ln \hat \kappa_{-i} - \overline{\ln \hat \kappa})^2

    with :math:`\hat \kappa_{-i}` of `crmmodels.kernels.value.credibility.variance_components` without customer i, all from the same sums.

    Efron, B. & Stein, C. (1981). The Jackknife Estimate of Variance. The Annals of Statistics 9(3), 586-596. doi:10.1214/aos/1176345462
    """
    x, n = n_orders, len(n_orders)
    if n < 3:
        return 0.0
    off = mean - float(x @ mean) / float(x.sum())
    orders, freedom = x.sum() - x, (x - 1.0).sum() - (x - 1.0)
    first, second = (x * off).sum() - x * off, (x * off**2).sum() - x * off**2
    with np.errstate(divide="ignore", invalid="ignore"):
        within = (sum_of_squares.sum() - sum_of_squares) / freedom
        room = orders - ((x**2).sum() - x**2) / orders
        between = (second - first**2 / orders - (n - 2.0) * within) / room
        logs = np.log(within) - np.log(between)
    if not np.isfinite(logs).all():
        return 0.0
    return math.sqrt((n - 1.0) / n * float(((logs - logs.mean()) ** 2).sum()))
