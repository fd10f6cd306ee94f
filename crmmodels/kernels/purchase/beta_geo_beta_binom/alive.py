"""The BG/BB model of customers who order, or not, at discrete opportunities: what all its predictions share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from crmmodels._typing import FloatArray, IntArray
from crmmodels.kernels.arrays.blocks import in_blocks
from crmmodels.kernels.purchase.beta_geo_beta_binom.likelihood import BetaGeoBetaBinomParameters
from crmmodels.kernels.purchase.beta_geo_beta_binom.terms import (
    dropout_terms,
    history_chances,
    lanes_at_a_time,
    lanes_of,
    log_order_chances,
)
from crmmodels.kernels.purchase.shifted_beta_geo import ShiftedBetaGeoParameters, discounted_survival, log_survivor_share

Whole: TypeAlias = FloatArray | IntArray
"""Whole numbers, of whichever type."""


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """Where customers stand, given what they did.

    Attributes
    ----------
    alive : ndarray of float64, shape (n_customers,)
        Chance to have been alive at the last opportunity.
    silent : ndarray of float64, shape (n_customers,)
        Chance to order at none of the opportunities of a horizon.
    """

    alive: FloatArray
    silent: FloatArray


def outlook_of(
    frequency: Whole, age_at_last: Whole, age: Whole, horizon: int, parameters: BetaGeoBetaBinomParameters
) -> Outlook:
    r"""Chances to be alive and to be silent, from tables of chances that customers of one age share.

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of int64 or float64, shape (n_customers,)
        Orders x, opportunity of the last one t_x, and opportunities so far n.
    horizon : int
        Opportunities to come, n*.
    parameters : BetaGeoBetaBinomParameters
        The model.

    Returns
    -------
    Outlook
        Customers in the order of ``frequency``.

    Notes
    -----
    .. math:: \frac{A(x, n)\, S(n)}{L(x, t_x, n)}, \quad \frac{L(x, t_x, n + n^*)}{L(x, t_x, n)}

    with the symbols of `beta_geo_beta_binom.log_likelihood`.
    """
    alive, silent = np.empty(len(frequency)), np.empty(len(frequency))
    n = age.astype(np.int64)
    by_age = np.argsort(n, kind="stable")
    ages, starts = np.unique(n[by_age], return_index=True)
    # One table for each age, so that what a customer gets does not depend on the ages of others.
    for cohort, rows in zip(ages.tolist(), np.split(by_age, starts)[1:], strict=True):
        part = _of_one_age(frequency[rows], age_at_last[rows], cohort, horizon, parameters)
        alive[rows], silent[rows] = part.alive, part.silent
    return Outlook(alive, silent)


def _of_one_age(frequency: Whole, age_at_last: Whole, n: int, horizon: int, parameters: BetaGeoBetaBinomParameters) -> Outlook:
    lanes, most = lanes_of(frequency), n + horizon
    dropout = dropout_terms(most, parameters.gamma, parameters.delta)
    alive, silent = np.empty(len(frequency)), np.empty(len(frequency))

    def fill(block: slice) -> None:
        rows = lanes.rows(block)
        t_x, lane = age_at_last[rows].astype(np.int64), lanes.lane[rows] - block.start
        log_orders = log_order_chances(lanes.frequencies[block], most, parameters.alpha, parameters.beta)
        ends = np.repeat([n, most], len(rows))
        chances = history_chances(np.tile(lane, 2), np.tile(t_x, 2), ends, log_orders, dropout)
        now, later = chances.log[: len(rows)], chances.log[len(rows) :]
        alive[rows] = np.exp(np.minimum(chances.log_there[n, lane] - now, 0.0))
        silent[rows] = np.exp(np.minimum(later - now, 0.0))

    in_blocks(fill, len(lanes.frequencies), lanes_at_a_time(most))
    return Outlook(alive, silent)


def survival(age: Whole, ahead: int, parameters: BetaGeoBetaBinomParameters) -> FloatArray:
    """Chance of customers to be there some opportunities after the last, given alive at that.

    Parameters
    ----------
    age : ndarray of int64 or float64, shape (n_customers,)
        Opportunities so far n.
    ahead : int
        Opportunities after that.
    parameters : BetaGeoBetaBinomParameters
        The model.

    Returns
    -------
    ndarray of float64, shape (n_customers,)
        Between 0 and 1.
    """
    n = age.astype(np.int64)
    log_share = _log_survivors(int(n.max(initial=0)) + ahead, parameters)
    share: FloatArray = np.exp(log_share[n + ahead] - log_share[n])
    return share


def time_alive(age: Whole, discount_rate: float, horizon: float, parameters: BetaGeoBetaBinomParameters) -> FloatArray:
    """Discounted opportunities at which customers are expected to be there, given alive at the last one.

    Parameters
    ----------
    age : ndarray of int64 or float64, shape (n_customers,)
        Opportunities so far n.
    discount_rate : float
        Rate from one opportunity to the next, from 0; the next one is discounted once.
    horizon : int or infinity
        Opportunities that count.
    parameters : BetaGeoBetaBinomParameters
        The model.

    Returns
    -------
    ndarray of float64, shape (n_customers,)
        Sums of positive terms, which also hold at γ = 1, where the closed form is 0/0.
    """
    ages, which = np.unique(age.astype(np.int64), return_inverse=True)
    if np.isinf(horizon):
        stayed = parameters.delta + ages.astype(np.float64)
        periods = stayed / (parameters.gamma + stayed) / (1.0 + discount_rate)
        periods = periods * discounted_survival(parameters.gamma, stayed + 1.0, discount_rate)
    else:
        ahead = int(horizon)
        log_share = _log_survivors(int(ages.max(initial=0)) + ahead, parameters)
        log_discount = np.arange(1, ahead + 1) * np.log1p(discount_rate)
        terms = (log_share[n + 1 : n + ahead + 1] - log_share[n] - log_discount for n in ages.tolist())
        periods = np.array([np.exp(term).sum() for term in terms])
    time: FloatArray = periods[which]
    return time


def _log_survivors(most: int, parameters: BetaGeoBetaBinomParameters) -> FloatArray:
    """Logarithm of S(j), j = 0 to most: dropout is a shifted beta-geometric contract."""
    return log_survivor_share(most, ShiftedBetaGeoParameters(parameters.gamma, parameters.delta))
