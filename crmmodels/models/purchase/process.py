"""The purchase processes as values: which functions answer what for each model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from crmmodels._typing import FloatArray
from crmmodels.kernels.inference.estimation import Edge
from crmmodels.kernels.purchase.histories import Prospects, PurchaseTable
from crmmodels.kernels.simulation.purchases import OrderTimes

_SAMPLE_ROWS: Final = 4_000
"""Distinct rows that are enough to start close to the best parameters of all."""
_LARGE_TABLE: Final = 2 * _SAMPLE_ROWS


RATE_EDGES: Final = (
    Edge(
        "r",
        "large",
        "customers do not differ in how often they order; one common rate, a Poisson process, fits as well",
        "alpha",
    ),
    Edge("r", "small", "almost all orders come from a few customers, and the others may never order again", "alpha"),
)
"""What r without a best value means, in every model whose rates are gamma distributed."""


@dataclass(frozen=True, slots=True, eq=False)
class PurchaseProcess:
    """The functions of one purchase model, all with the same arguments.

    Attributes
    ----------
    prospects : callable
        ``(frequency, age_at_last, age, horizon, parameters)`` to `Prospects`.
    probability_alive : callable
        ``(frequency, age_at_last, age, parameters, ahead=)`` to an array.
    expected_purchases, probability_no_purchase : callable
        ``(frequency, age_at_last, age, horizon, parameters)`` to an array.
    purchase_distribution : callable
        ``(frequency, age_at_last, age, horizon, n_max, parameters)`` to an array of shape (n_customers, n_max + 1).
    discounted_purchases, discounted_lifetime : callable
        ``(frequency, age_at_last, age, discount_rate, parameters, horizon=)`` to an array.
    expected_purchases_new : callable
        ``(horizons, parameters)`` to an array.
    purchase_distribution_new : callable
        ``(horizon, n_max, parameters)`` to an array of shape (n_max + 1,).
    simulate : callable
        ``(duration, parameters, rng)`` to `OrderTimes`.
    """

    prospects: Callable[[FloatArray, FloatArray, FloatArray, Any, Any], Prospects]
    probability_alive: Callable[..., FloatArray]
    expected_purchases: Callable[..., FloatArray]
    probability_no_purchase: Callable[..., FloatArray]
    purchase_distribution: Callable[[FloatArray, FloatArray, FloatArray, Any, int, Any], FloatArray]
    discounted_purchases: Callable[..., FloatArray]
    discounted_lifetime: Callable[..., FloatArray]
    expected_purchases_new: Callable[[FloatArray, Any], FloatArray]
    purchase_distribution_new: Callable[[Any, int, Any], FloatArray]
    simulate: Callable[[FloatArray, Any, np.random.Generator], OrderTimes]


def sample_of(table: PurchaseTable) -> PurchaseTable | None:
    """Every so many-th distinct row of a large table; None for a small one.

    Parameters
    ----------
    table : PurchaseTable
        Sorted distinct rows.

    Returns
    -------
    PurchaseTable or None
        Rows spread evenly over the table.
    """
    n = len(table.weight)
    if n < _LARGE_TABLE:
        return None
    rows = slice(n // _SAMPLE_ROWS // 2, None, n // _SAMPLE_ROWS)
    return PurchaseTable(table.frequency[rows], table.age_at_last[rows], table.age[rows], table.weight[rows])


def n_customers(table: PurchaseTable) -> float:
    """Number of customers of a table.

    Parameters
    ----------
    table : PurchaseTable
        Distinct rows.

    Returns
    -------
    float
        Sum of the weights.
    """
    return float(table.weight.sum())


def typical_age(table: PurchaseTable) -> float:
    """Mean age of the customers of a table.

    Parameters
    ----------
    table : PurchaseTable
        Distinct rows.

    Returns
    -------
    float
        In the unit of the ages.
    """
    return float(table.weight @ table.age / table.weight.sum())


def typical_rate(table: PurchaseTable) -> float:
    """Orders per customer over the mean age.

    Parameters
    ----------
    table : PurchaseTable
        Distinct rows.

    Returns
    -------
    float
        Mean number of repeat orders, not of unit of time.
    """
    return float(table.weight @ table.frequency / table.weight.sum())
