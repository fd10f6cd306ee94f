"""What CLVModel learns from accounts."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any

import numpy as np

from crmmodels._frozen import FrozenMapping
from crmmodels._typing import FloatArray, IntArray
from crmmodels.data.accounts.reference_prices import Benchmarks
from crmmodels.kernels.arrays.grouping import steady_sum
from crmmodels.kernels.inference.estimation import Edge, Family, estimate
from crmmodels.kernels.purchase.histories import PurchaseTable, distinct_rows
from crmmodels.kernels.purchase.nbd import NBDParameters
from crmmodels.kernels.purchase.nbd import log_likelihood as nbd_log_likelihood
from crmmodels.kernels.rfm import cut_points
from crmmodels.kernels.value.credibility import credibility, population_means, variance_components
from crmmodels.models.clv.record import CLVFit
from crmmodels.models.clv.valuation import RATES, MoneyParameters
from crmmodels.models.purchase.process import n_customers, sample_of
from crmmodels.wording import count_of

if TYPE_CHECKING:
    from crmmodels.models.clv.model import CLVModel

_EDGES = (Edge("r", "large", "customers refer at one common rate", "alpha"), Edge("r", "small", "few customers refer", "alpha"))


def identified_by(
    roles: frozenset[str] | None, margin: float | None, price_reference: object, counts: Mapping[str, int]
) -> Mapping[str, str]:
    """Say of each component what is behind it, or why it cannot be told apart.

    Parameters
    ----------
    roles : frozenset of str, or None
        Roles of the log and parts of the customer base; None where accounts were handed over.
    margin : float or None
        Share of amounts that is left after the cost of goods.
    price_reference : str or float
        What a new customer pays.
    counts : mapping of str to int
        Lines that are returns, above the list price, or below cost.

    Returns
    -------
    mapping of str to str
        A note for "basis", which is money or margin, and for each component.
    """
    if roles is None:
        return FrozenMapping({"basis": "accounts that were handed over; see the model that made them"})
    basis = "contribution: amounts less unit costs"
    if "unit_cost" not in roles:
        basis = (
            "revenue: neither unit costs nor a margin are known" if margin is None else f"amounts times a margin of {margin:g}"
        )
    prices = {"list_price", "sku"} & roles if price_reference == "new_customers" else {str(price_reference)}
    notes = {
        "basis": basis,
        "clv1": "first order, less the cost of acquisition"
        if "acquisition_costs" in roles
        else "gross: the cost of acquisition is not known",
        "clv2": "repeat orders",
        "clv3": "categories" if "category" in roles else "not identified without categories; its money is in clv2",
        "clv4": "service costs"
        if {"service_cost", "service_costs"} & roles
        else "not identified without service costs, which are not deducted; clv1 to clv3 are gross of them",
        "clv5": "referrals" if "referrals" in roles else "not identified without a referral log",
        "clv6": f"prices beside {price_reference}"
        if prices
        else "not identified without list prices or products; its money is in clv2 and clv3",
    }
    for name, of, noun, kept in (
        ("n_returns", "basis", "return", "kept, and taken off the order"),
        ("n_below_cost", "basis", "line", "below cost kept"),
        ("n_above_list", "clv6", "line", "above the list price kept"),
    ):
        if n := counts.get(name, 0):
            notes[of] += f"; {count_of(n, noun)} {kept}"
    return FrozenMapping(notes)


def learn(
    model: CLVModel,
    values: Mapping[str, FloatArray],
    benchmarks: Benchmarks | None,
    notes: Mapping[str, str],
    roles: tuple[str, ...] = (),
) -> CLVFit:
    """Learn everything that the future of customers needs.

    Parameters
    ----------
    model : CLVModel
        The parameters.
    values : mapping of str to ndarray of shape (n_customers,)
        Columns of the accounts, and the position of the referrer.
    benchmarks : Benchmarks or None
        Where they were learned from a log.
    notes : mapping of str to str
        What is identified.
    roles : tuple of str
        Roles of the log and parts of the customer base.

    Returns
    -------
    CLVFit
        The record.

    Raises
    ------
    ConvergenceError
        If the purchase model has no best parameters.
    """
    purchase = copy.copy(model.purchase_model)._fit(values)  # noqa: SLF001  (a part of this model)
    # Sums are steady, so that the order of the rows does not matter.
    repeats = values["frequency"] > 0
    x = values["frequency"][repeats]
    own = np.stack([values[name][repeats] / x for name in RATES])
    kappa = model.kappa
    if kappa is None:
        whole = own.sum(axis=0)
        about = np.maximum(values["squares"][repeats] - x * whole**2, 0.0)
        found_kappa = variance_components(x, whole, about).kappa if len(x) else np.nan
        kappa = np.inf if np.isnan(found_kappa) else found_kappa
    means, covariance = _means(x, own, kappa)
    time = steady_sum(values["age"])
    rates = np.array([steady_sum(values[name]) / time for name in ("total_service_base", "total_service_saving")])
    referrer: IntArray = values["referrer"].astype(np.int64)
    shape, rate = _referral_rate(referrer, values["age"])
    referred, worth = referrer >= 0, 0.0
    if referred.any():
        money = MoneyParameters(kappa, means, rates, 0.0, 0.0, 0.0, model.theta)
        found = model._values_at(values, purchase.parameters, money)  # noqa: SLF001
        worth = float(np.sort((found.transfer - values["reward"])[referred]).mean())
    record = CLVFit(
        purchase, len(referrer), kappa, means, covariance, rates, shape, rate, worth, np.empty(0), notes, roles, benchmarks
    )
    bounds = _tier_bounds(model, model._values(values, record).clv)  # noqa: SLF001
    return CLVFit(
        purchase, len(referrer), kappa, means, covariance, rates, shape, rate, worth, bounds, notes, roles, benchmarks
    )


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


def _referral_rate(referrer: IntArray, age: FloatArray) -> tuple[float, float]:
    """Gamma distribution of referrals per unit of time, by the NBD of their counts; both 0 without referrals.

    Who first ordered on the last day has had no time: what is referred on that day has no rate, and counts in the common rate alone.
    """
    made = np.bincount(referrer[referrer >= 0], minlength=len(age)).astype(np.float64)
    if not made.any():
        return 0.0, 0.0

    def start(table: PurchaseTable) -> FloatArray:
        mean = float(table.weight @ table.frequency / table.weight.sum())
        return np.array([0.5, 0.5 * float(table.weight @ table.age / table.weight.sum()) / mean])

    family: Family[Any, PurchaseTable] = Family(
        NBDParameters, nbd_log_likelihood, start, sample_of, n_customers, frozenset({"alpha"}), _EDGES
    )
    seen = age > 0
    known = distinct_rows(made[seen], np.zeros(int(seen.sum())), age[seen]).table
    found = estimate(family, known) if known.frequency.any() else None
    if found is None:
        return float(made.sum()), steady_sum(age)
    shape, rate = np.exp(found.optimum.log_parameters).tolist()
    return shape, rate


def _tier_bounds(model: CLVModel, clv: FloatArray) -> FloatArray:
    """Values that part the tiers."""
    if model.tiers == "quartiles":
        return cut_points(clv, 4)
    if model.tiers == "abc":
        best = np.sort(np.maximum(clv, 0.0))[::-1]
        total = best.sum()
        if total == 0:
            return np.zeros(2)
        share = np.cumsum(best) / total
        return np.array([best[min(int(np.searchsorted(share, part)), len(best) - 1)] for part in (0.95, 0.8)])
    return np.array(model.tiers, np.float64)
