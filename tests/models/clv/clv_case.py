"""The hand-checkable case of customer value, and models whose fitted record is given."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from crmmodels._frozen import FrozenMapping, seal
from crmmodels.data.accounts.customer_base import CustomerBase
from crmmodels.data.accounts.referrals import CustomerCosts, Referrals
from crmmodels.data.orders.orders import Orders
from crmmodels.kernels.purchase.pareto_nbd.likelihood import ParetoNBDParameters
from crmmodels.models.clv.model import CLVModel
from crmmodels.models.clv.record import CLVFit
from crmmodels.models.parametric.record import ParametricFit

HAND = pd.DataFrame(
    {
        "id": ["A", "A", "A", "B"],
        "date": pd.to_datetime(["2026-01-01", "2026-02-01", "2026-03-01", "2026-01-10"]),
        "kind": ["coffee", "coffee", "tea", "coffee"],
        "q": [1, 2, 1, 1],
        "list": [100.0, 100.0, 50.0, 100.0],
        "paid": [90.0, 190.0, 50.0, 90.0],
        "cost": [60.0, 60.0, 20.0, 60.0],
        "service": [10.0, 6.0, 6.0, 10.0],
    }
)
ROLES = {"quantity": "q", "list_price": "list", "unit_cost": "cost", "category": "kind", "service_cost": "service"}


def record(**changes: Any) -> CLVFit:
    """What a model would have learned; by default nobody will ever bring anything."""
    purchase = ParametricFit(ParetoNBDParameters(0.55, 10.58, 0.61, 11.67), 0.0, 0.01 * np.eye(4), 100.0, 100, 1, "W")
    numbers: dict[str, Any] = {
        "purchase": purchase,
        "n_customers": 100,
        "kappa": math.inf,
        "means": np.zeros(4),
        "means_covariance": np.zeros((4, 4)),
        "service_rates": np.zeros(2),
        "referral_shape": 0.0,
        "referral_rate": 0.0,
        "referral_value": 0.0,
        "tier_bounds": np.array([10.0, 50.0, 100.0]),
        "identified": FrozenMapping({"basis": "by hand"}),
        "benchmarks": None,
        "roles": (),
    }
    return CLVFit(**{**numbers, **changes})


def at(fitted: CLVFit | None = None, **parameters: Any) -> CLVModel:
    model = CLVModel(**{"n_draws": 5, **parameters})
    object.__setattr__(model, "_record", seal(record() if fitted is None else fitted))
    return model


AHEAD = {
    "kappa": 3.0,
    "means": np.array([20.0, 5.0, 1.5, -2.0]),
    "means_covariance": np.diag([1.0, 0.5, 0.1, 0.2]),
    "service_rates": np.array([-0.2, 0.05]),
    "referral_shape": 0.5,
    "referral_rate": 40.0,
    "referral_value": 12.0,
}
"""A future in which everything brings something, price less than nothing."""


def hand_base(make: Any = lambda frame: frame, frame: pd.DataFrame = HAND, **options: Any) -> CustomerBase:
    brought = pd.DataFrame({"by": ["A"], "whom": ["B"], "w": [3.0]})
    paid = pd.DataFrame({"id": ["A"], "paid": [15.0]})
    return CustomerBase(
        Orders(make(frame), customer="id", time="date", amount="paid", **{**ROLES, **options}),
        Referrals(make(brought), referrer="by", referee="whom", reward="w"),
        CustomerCosts(make(paid), customer="id", cost="paid"),
    )
