"""Whether loyal customers pay more, cost less and buy more: slopes within customers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import narwhals as nw
import numpy as np
import pandas as pd

from crmmodels._typing import FloatArray, IntArray
from crmmodels.data.accounts import plans as value_plans
from crmmodels.data.accounts.accounts import money_lines
from crmmodels.data.orders.bounded import log_of
from crmmodels.data.orders.orders import Orders
from crmmodels.engines.engine import engine_of
from crmmodels.models.parametric.record import normal_quantile

_FEWEST_CUSTOMERS: Final = 2
CLAIMS: Final[Mapping[str, str]] = {
    "price": "loyal customers pay higher prices",
    "cost_to_serve": "loyal customers cost less to serve",
    "basket": "loyal customers spend more per order",
}


@dataclass(frozen=True, slots=True, eq=False)
class Slope:
    """A slope within customers, its error clustered by customer, and the orders and customers with at least two of them behind it."""

    slope: float
    standard_error: float
    n_orders: int
    n_customers: int


def slope_within(customer: IntArray, log_number: FloatArray, log_value: FloatArray) -> Slope:
    """Slope of a logarithm on the logarithm of the order number, with customer fixed effects and clustered errors, each of shape (n_orders,).

    NaN where fewer than two customers have two orders, for nothing then says how customers differ.
    """
    from statsmodels.regression.linear_model import OLS  # noqa: PLC0415  (statsmodels is not imported before it is used)

    _, code, count = np.unique(customer, return_inverse=True, return_counts=True)
    several = count[code] > 1
    code, x, y = code[several], log_number[several], log_value[several]
    _, code, count = np.unique(code, return_inverse=True, return_counts=True)
    if len(count) < _FEWEST_CUSTOMERS:
        return Slope(np.nan, np.nan, len(code), len(count))

    def within(values: FloatArray) -> FloatArray:
        centred: FloatArray = values - (np.bincount(code, values) / count)[code]
        return centred

    result = OLS(within(y), within(x)[:, None]).fit(cov_type="cluster", cov_kwds={"groups": code, "use_correction": True})
    return Slope(float(result.params[0]), float(result.bse[0]), len(code), len(count))


def claims_of(orders: Orders, margin: float | None, level: float) -> pd.DataFrame:
    """Test the claims of loyalty on orders: one row per claim that they can tell of."""
    half = normal_quantile("claims", level)
    with log_of(orders).turn():
        plan = value_plans.order_facts(money_lines(orders, margin).lines)
        facts = engine_of(plan.to_native()).collect(plan)
    facts = facts.sort("customer", "day")
    codes = pd.factorize(np.array(facts["customer"].to_list()))[0].astype(np.int64)
    starts = np.ones(len(codes), np.bool_)
    starts[1:] = codes[1:] != codes[:-1]
    number = np.arange(len(codes)) - np.flatnonzero(starts)[np.cumsum(starts) - 1] + 1.0
    rows: dict[str, dict[str, Any]] = {}
    for name, values in _measures(facts).items():
        kept = np.isfinite(values)
        found = slope_within(codes[kept], np.log(number[kept]), values[kept])
        if found.n_customers >= _FEWEST_CUSTOMERS:
            low, high = found.slope - half * found.standard_error, found.slope + half * found.standard_error
            held = -high > 0 if name == "cost_to_serve" else low > 0
            refuted = -low < 0 if name == "cost_to_serve" else high < 0
            rows[name] = {
                "claim": CLAIMS[name],
                "slope": found.slope,
                "standard_error": found.standard_error,
                "lower": low,
                "upper": high,
                "verdict": "supported" if held else "contradicted" if refuted else "not decided",
                "n_orders": found.n_orders,
                "n_customers": found.n_customers,
            }
    return pd.DataFrame.from_dict(rows, orient="index")


def _measures(facts: nw.DataFrame[Any]) -> Mapping[str, FloatArray]:
    """Logarithms of price, cost to serve and basket per order; missing where there is nothing to take one of."""
    columns = {name: facts[name].to_numpy().astype(np.float64) for name in facts.columns if name not in {"customer", "day"}}
    amount, quantity = columns["amount"], columns["quantity"]
    with np.errstate(divide="ignore", invalid="ignore"):
        full = columns.get("full", quantity)
        measures = {"basket": np.log(amount)}
        if "full" in columns or (quantity != 1.0).any():
            measures["price"] = np.log(amount / full)
        if columns["service"].any():
            measures["cost_to_serve"] = np.log(columns["service"])
    return {name: measures[name] for name in CLAIMS if name in measures}
