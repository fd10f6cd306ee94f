"""Limits between which the value of each customer lies for most draws, in blocks of customers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from crmmodels._typing import FloatArray, IntArray
from crmmodels.kernels.purchase.histories import distinct
from crmmodels.kernels.value.credibility import credibility
from crmmodels.kernels.value.referrals import referral_values
from crmmodels.models.clv.uncertainty import ParameterDraw
from crmmodels.models.clv.valuation import RATES, MoneyParameters, Residual, own_realised, own_service_rates

VALUES_AT_ONCE: Final = 4_000_000
"""Values that are held at a time, of all draws of a block: 32 MB, and as much again while their quantiles are taken."""
_HISTORY: Final = ("frequency", "age_at_last", "age")
Generations = Literal[1, "all"]


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """Limits of the value of customers.

    Attributes
    ----------
    lower, upper : ndarray of float64, shape (n_customers,)
        Quantiles over the draws.
    """

    lower: FloatArray
    upper: FloatArray


def limits_of(
    accounts: Mapping[str, FloatArray],
    drawn: Sequence[ParameterDraw],
    residual: Callable[[Mapping[str, FloatArray], FloatArray], Residual],
    *,
    generations: Generations,
    level: float,
    values_at_once: int = VALUES_AT_ONCE,
    on_draw: Callable[[int, int], None] | None = None,
) -> Limits:
    """Limits between which CLV lies for most draws.

    Memory is bounded whatever the number of draws, beside a few numbers per customer. What a customer gets does not depend on the size
    of the blocks.

    Parameters
    ----------
    accounts : mapping of str to ndarray of shape (n_customers,)
        Columns of the accounts, and the position of the referrer.
    drawn : sequence of ParameterDraw
        The parameters.
    residual : callable
        Distinct histories and parameters of the purchase model to what it expects.
    generations : {1, "all"}
        Whether referrals of referrals count.
    level : float
        Share of the draws between the limits.
    values_at_once : int
        Values that are held at a time.
    on_draw : callable, optional
        Called with draws of blocks that were valued, and of how many.

    Returns
    -------
    Limits
        In the order of the accounts.
    """
    referrer: IntArray = accounts["referrer"].astype(np.int64)
    n, size = len(referrer), max(1, values_at_once // len(drawn))
    is_linked = bool((referrer >= 0).any())
    # Trees stay together, so that few customers are valued with more than one block.
    root = _roots(referrer) if is_linked and size < n else None
    order = np.arange(n) if root is None else np.argsort(root, kind="stable")
    limits = np.empty((2, n))
    chances = [0.5 - 0.5 * level, 0.5 + 0.5 * level]
    n_values = len(drawn) * -(-n // size)
    for block_number, first in enumerate(range(0, n, size)):
        members = np.sort(order[first : first + size])
        rows = members if root is None else _with_referred(members, referrer, root, generations)
        block = _Block(accounts, rows, referrer, generations)
        place = np.searchsorted(rows, members)
        values = np.empty((len(members), len(drawn)))
        for number, one in enumerate(drawn):
            expected = residual(block.histories, one.purchase)
            values[:, number] = block.clv(expected, one.money)[place]
            if on_draw is not None:
                on_draw(block_number * len(drawn) + number + 1, n_values)
        limits[:, members] = np.quantile(values, chances, axis=1, overwrite_input=True)
    return Limits(limits[0], limits[1])


class _Block:
    """What of some customers does not change from draw to draw."""

    def __init__(
        self, accounts: Mapping[str, FloatArray], rows: IntArray, referrer: IntArray, generations: Generations
    ) -> None:
        part = {name: column[rows] for name, column in accounts.items()}
        found = distinct(tuple(part[name] for name in _HISTORY))
        self.histories = {name: part[name][found.first] for name in _HISTORY}
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
