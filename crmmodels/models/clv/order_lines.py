"""The lines of an order log, split as CLVModel splits them: those behind one customer's numbers, and growth of spending."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import narwhals as nw
import numpy as np
import pandas as pd

from crmmodels._typing import FloatArray
from crmmodels.data.accounts import plans as value_plans
from crmmodels.data.accounts.accounts import money_lines
from crmmodels.data.accounts.reference_prices import Benchmarks, PriceReference, learn_benchmarks, with_benchmarks
from crmmodels.data.orders.bounded import log_of
from crmmodels.data.orders.orders import Orders
from crmmodels.exceptions import DataError
from crmmodels.kernels.value.contribution import base as base_of_lines
from crmmodels.kernels.value.contribution import discount_factor

_TOLD: Final[Mapping[str, str]] = {"order_id": "order", "channel": "channel"}
"""Roles of a log that name the rows, and the columns in which value plans keep them."""


@dataclass(frozen=True, slots=True, eq=False)
class Pricing:
    """How lines are split: the parameters of a model, and its benchmarks; those of the whole log if None."""

    margin: float | None
    price_reference: PriceReference
    shrinkage: float
    discount_rate_annual: float
    benchmarks: Benchmarks | None

    def parts(self, orders: Orders, kept: nw.Expr | None = None) -> nw.LazyFrame[Any]:
        """Plan `crmmodels.data.accounts.plans.parts_of_orders` of the customers wanted, by default all; to be run in the log's turn."""
        money = money_lines(orders, self.margin)
        has_returns = money.counts["n_returns"] > 0
        found = self.benchmarks
        if found is None:
            firsts = value_plans.lines_of_first_orders(money.lines, has_returns=has_returns)
            found = learn_benchmarks(firsts, self.price_reference, self.shrinkage)
        lines = money.lines if kept is None else money.lines.filter(kept)
        priced = with_benchmarks(value_plans.with_first_orders(lines, has_returns=has_returns), found, self.price_reference)
        return value_plans.parts_of_orders(priced)

    def factor(self, days: FloatArray) -> FloatArray:
        """Discount factors of days since the end of observation, below 0 before it."""
        return np.asarray(discount_factor(days, self.discount_rate_annual), np.float64)


def explain_lines(orders: Orders, pricing: Pricing, customer: Any) -> pd.DataFrame:
    """Sums of the lines of one customer, with what becomes of them; DataError if there is no such customer."""
    end = log_of(orders).end(None, "explain")
    with log_of(orders).turn():
        is_wanted = nw.col("customer").cast(nw.String) == nw.lit(str(customer))
        parts = pricing.parts(orders, is_wanted).collect()
    if parts.is_empty():
        raise DataError("explain", [f"customer {customer!r} has no order in it; give the name of one who has"], "order log")
    table = pd.DataFrame({name: parts[name].to_list() for name in parts.columns})
    table["day"] = pd.to_datetime(table["day"])
    table = table.sort_values(["day", "order", "channel", "in_first"], ascending=[True, True, True, False], ignore_index=True)
    days = (table["day"].to_numpy().astype("datetime64[D]") - np.datetime64(end, "D")).astype(np.float64)
    factor = pricing.factor(days) if pricing.discount_rate_annual else np.ones(len(days))
    first = table["is_first"].to_numpy(dtype=np.bool_)
    told = {role: table[name] for role, name in _TOLD.items() if role in orders.known_roles}
    explained = pd.DataFrame(
        {
            "day": table["day"],
            **told,
            "component": np.where(first, "clv1", np.where(table["in_first"], "clv2", "clv3")),
            **{name: table[name] for name in ("amount", "cost", "service", "reference")},
            "new_service": table["served"],
            "discount_factor": factor,
            "base": factor * (table["first_contribution"] + table["base_same"] + table["base_new"]),
            "saving": factor * table["saving"],
            "premium": factor * table["premium"],
        }
    )
    return explained.set_index(pd.RangeIndex(1, len(explained) + 1, name="line"))


@dataclass(frozen=True, slots=True, eq=False)
class RepeatOrders:
    """What the split of repeat business needs, each of shape (n_customers,).

    ``first_base``: what the first order would have brought with a new customer, not discounted; ``discounted_orders``: discount factors of
    the later orders with a line in the categories of the first, summed.
    """

    first_base: FloatArray
    discounted_orders: FloatArray


def repeat_orders(orders: Orders, pricing: Pricing, customers: Sequence[Any]) -> RepeatOrders:
    """Read the first order's level, and the later orders in its categories, from the lines, in the order of ``customers``."""
    end = log_of(orders).end(None, "growth")
    with log_of(orders).turn():
        parts = pricing.parts(orders)
        level = base_of_lines(1.0, nw.col("reference"), nw.col("cost"), nw.col("served"))
        first = parts.filter(nw.col("is_first")).with_columns(level.alias("level"))
        firsts = first.group_by("customer").agg(nw.col("level").sum()).collect()
        later = parts.filter(~nw.col("is_first") & nw.col("in_first") & (nw.col("n_bought") > 0))
        placed = later.group_by("customer", "order").agg(nw.col("day").min())
        days = placed.group_by("customer", "day").agg(nw.len().alias("n_orders")).collect()
    names = pd.Index(customers)
    level_of = np.zeros(len(names))
    level_of[names.get_indexer(pd.Index(firsts["customer"].to_list()))] = value_plans.number(firsts["level"])
    factor = np.empty(0)
    who = names.get_indexer(pd.Index(days["customer"].to_list()))
    if len(who):
        passed = pd.to_datetime(pd.Series(days["day"].to_list())).to_numpy().astype("datetime64[D]") - np.datetime64(end, "D")
        factor = pricing.factor(passed.astype(np.float64)) * value_plans.number(days["n_orders"])
    order = np.lexsort((factor, who))
    return RepeatOrders(level_of, np.bincount(who[order], factor[order], len(names)).astype(np.float64))
