"""What CLVModel learns from accounts."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from itertools import combinations_with_replacement
from typing import Any, Final

import numpy as np

from crmmodels._typing import FloatArray, IntArray
from crmmodels.kernels.arrays.grouping import steady_sum
from crmmodels.kernels.inference.estimation import Edge, Family, covariance_of, estimate
from crmmodels.kernels.purchase.histories import PurchaseTable, distinct_rows
from crmmodels.kernels.purchase.nbd import NBDParameters, log_likelihood
from crmmodels.kernels.value.credibility import credibility, population_means, variance_components
from crmmodels.kernels.value.referrals import referral_values
from crmmodels.models.clv.reading import Origin
from crmmodels.models.clv.record import CLVFit, ReferralOutlook
from crmmodels.models.clv.tiers import tier_bounds
from crmmodels.models.clv.uncertainty import kappa_error
from crmmodels.models.clv.valuation import HISTORY, RATES, Columns, Valuation, Values6, money_of
from crmmodels.models.parametric.record import ParametricFit
from crmmodels.models.purchase.process import n_customers, sample_of

_EDGES: Final = (
    Edge("r", "large", "customers refer at one common rate", "alpha"),
    Edge("r", "small", "few customers refer", "alpha"),
)
_STEP: Final = 1e-3
"""Of the logarithms of parameters, for central differences: their error is about its square."""
_THETAS: Final = {1: 2, "all": 17}
"""Values of theta from 0 to 1; with one generation the value is a straight line in it."""


def learn(
    accounts: Columns,
    origin: Origin,
    purchase: ParametricFit[Any],
    valuation: Valuation,
    *,
    kappa: float | None,
    theta: float,
    tiers: str | Sequence[float],
) -> CLVFit:
    """Learn everything that the future of customers needs, beside the parameters of the purchase model."""
    # Sums are steady, so that the order of the rows does not matter.
    repeats = accounts["frequency"] > 0
    x = accounts["frequency"][repeats]
    own = np.stack([accounts[name][repeats] / x for name in RATES])
    prior = _kappa(x, own, accounts["squares"][repeats]) if kappa is None else kappa
    means, covariance = _means(x, own, prior)
    time = steady_sum(accounts["age"])
    rates = np.array([steady_sum(accounts[name]) / time for name in ("total_service_base", "total_service_saving")])
    referrer: IntArray = accounts["referrer"].astype(np.int64)
    shape, rate = _referral_rate(referrer, accounts["age"])
    record = CLVFit(
        purchase=purchase,
        n_customers=len(referrer),
        kappa=prior,
        means=means,
        means_covariance=covariance,
        service_rates=rates,
        referral_shape=shape,
        referral_rate=rate,
        referral_value=0.0,
        tier_bounds=np.empty(0),
        identified=origin.identified,
        roles=origin.roles,
        benchmarks=origin.benchmarks,
        kappa_error=kappa_error(accounts) if kappa is None and 0.0 < prior < np.inf else 0.0,
    )
    residual = valuation.residual(accounts, purchase.values)
    found = valuation.values_with(accounts, residual, money_of(record, theta))
    referred = referrer >= 0
    if referred.any():
        worth = _mean((found.transfer - accounts["reward"])[referred])
        outlook = _referral_outlook(accounts, referrer, record, valuation, found)
        record = dataclasses.replace(record, referral_value=worth, referrals=outlook)
        found = valuation.values_with(accounts, residual, money_of(record, theta))
    return dataclasses.replace(record, tier_bounds=tier_bounds(tiers, found.clv))


def _kappa(x: FloatArray, own: FloatArray, squares: FloatArray) -> float:
    """Orders' worth of prior by the variance within customers over that between; infinite where customers do not differ."""
    whole = own.sum(axis=0)
    about = np.maximum(squares - x * whole**2, 0.0)
    found = variance_components(x, whole, about).kappa if len(x) else np.nan
    return np.inf if np.isnan(found) else found


def _means(x: FloatArray, own: FloatArray, kappa: float) -> tuple[FloatArray, FloatArray]:
    """Means of money per order over customers, each weighted by its credibility, and their covariance."""
    if len(x) == 0:
        return np.zeros(4), np.zeros((4, 4))
    means = population_means(x, own, kappa)
    weight = credibility(x, kappa) if np.isfinite(kappa) else x
    off = (weight / steady_sum(weight)) * (own - means[:, None])
    covariance = np.empty((4, 4))
    for i, j in combinations_with_replacement(range(4), 2):
        covariance[i, j] = covariance[j, i] = steady_sum(off[i] * off[j])
    return means, covariance


def _referral_counts(referrer: IntArray, age: FloatArray) -> PurchaseTable:
    """Referrals of each customer with time since the first order; who first ordered on the last day has had none."""
    made, seen = np.bincount(referrer[referrer >= 0], minlength=len(age)).astype(np.float64), age > 0
    return distinct_rows(made[seen], np.zeros(int(seen.sum())), age[seen]).table


def _referral_rate(referrer: IntArray, age: FloatArray) -> tuple[float, float]:
    """Gamma distribution of referrals per unit of time, by the NBD of their counts; both 0 without referrals.

    What is referred on the day of the referrer's first order has no rate, and counts in the common rate alone.
    """
    n = float((referrer >= 0).sum())
    if n == 0:
        return 0.0, 0.0

    def start(table: PurchaseTable) -> FloatArray:
        mean = float(table.weight @ table.frequency / table.weight.sum())
        return np.array([0.5, 0.5 * float(table.weight @ table.age / table.weight.sum()) / mean])

    family: Family[Any, PurchaseTable] = Family(
        NBDParameters, log_likelihood, start, sample_of, n_customers, frozenset({"alpha"}), _EDGES
    )
    known = _referral_counts(referrer, age)
    found = estimate(family, known) if known.frequency.any() else None
    if found is None:
        return n, steady_sum(age)
    shape, rate = np.exp(found.optimum.log_parameters).tolist()
    return shape, rate


def _referral_outlook(
    accounts: Columns, referrer: IntArray, record: CLVFit, valuation: Valuation, found: Values6
) -> ReferralOutlook:
    """How the value of a referred customer depends on parameters, of the customers who were referred."""
    referred, none = np.flatnonzero(referrer >= 0), np.zeros(len(referrer))
    # Own value: referrals to come are no part of what a customer brings to who referred it.
    past, future = (part.sum(axis=0) - part[4] for part in (found.realised, found.future))
    thetas = np.linspace(0.0, 1.0, _THETAS[valuation.generations])

    def mean_at(theta: float, own: FloatArray, reward: FloatArray, relief: FloatArray) -> float:
        moved = referral_values(own, referrer, reward, relief, theta, generations=valuation.generations)
        return _mean((moved.transfer - reward)[referred])

    reward, relief = accounts["reward"], accounts["acquisition_relief"]
    few = {name: accounts[name][referred] for name in HISTORY}
    logs, n = np.log(record.purchase.values), len(record.purchase.values)

    def orders(change: FloatArray) -> FloatArray:
        return valuation.residual(few, np.exp(logs + change), needs_time=False).orders

    sizes = [[float(np.sort(orders(sign * step)).sum()) for sign in (1.0, -1.0)] for step in _STEP * np.eye(n)]
    elasticity = np.log(np.array(sizes)) @ np.array([1.0, -1.0]) / (2.0 * _STEP)
    drawn_in = 1.0 - credibility(few["frequency"], record.kappa)
    return ReferralOutlook(
        np.array([mean_at(theta, past, reward, relief) for theta in thetas.tolist()]),
        np.array([mean_at(theta, future, none, none) for theta in thetas.tolist()]),
        np.where(np.isfinite(elasticity), elasticity, 0.0),
        _mean(orders(np.zeros(n)) * drawn_in),
        _rate_covariance(referrer, accounts["age"], np.array([record.referral_shape, record.referral_rate])),
    )


def _mean(values: FloatArray) -> float:
    """Mean in one order of the customers, whatever the order of the rows."""
    return float(np.sort(values).mean())


def _rate_covariance(referrer: IntArray, age: FloatArray, rate: FloatArray) -> FloatArray:
    """Covariance of the logarithms of shape and rate, by the curvature of their likelihood; where it has none, that of a Poisson process."""
    table = _referral_counts(referrer, age)
    found = covariance_of(log_likelihood(np.log(rate), table).hessian, np.ones(2, np.bool_))
    if found is not None and np.isfinite(found).all():
        return found
    return np.array([[0.0, 0.0], [0.0, 1.0 / float((referrer >= 0).sum())]])
