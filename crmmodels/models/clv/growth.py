"""Repeat business as repetition of the first order and growth of spending."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np
import pandas as pd

from crmmodels._typing import FloatArray
from crmmodels.data.accounts import plans as value_plans
from crmmodels.data.accounts.reference_prices import Benchmarks
from crmmodels.data.orders.bounded import log_of
from crmmodels.data.orders.orders import Orders
from crmmodels.kernels.value.contribution import base as base_of_lines
from crmmodels.kernels.value.contribution import discount_factor
from crmmodels.models.clv.order_lines import split_lines

if TYPE_CHECKING:
    from crmmodels.models.clv.base import CLVBase


@dataclass(frozen=True, slots=True, eq=False)
class RepeatOrders:
    """What the split of repeat business needs of customers.

    Attributes
    ----------
    first_base : ndarray of float64, shape (n_customers,)
        Base of the first order, not discounted: what it would have brought with a new customer.
    discounted_orders : ndarray of float64, shape (n_customers,)
        Discount factors of the later orders with a line in the categories of the first, summed.
    """

    first_base: FloatArray
    discounted_orders: FloatArray


def repeat_orders(orders: Orders, model: CLVBase, customers: Sequence[Any], benchmarks: Benchmarks | None) -> RepeatOrders:
    """Read the first order's level, and the later orders in its categories, from the lines.

    Parameters
    ----------
    orders : Orders
        The log.
    model : CLVBase
        The model whose parameters count.
    customers : sequence
        Names of the customers, in the order wanted.
    benchmarks : Benchmarks or None
        What new customers pay and cost; learned from the log if None.

    Returns
    -------
    RepeatOrders
        In the order of ``customers``.
    """
    end = log_of(orders).end(None, "growth")
    with log_of(orders).turn():
        parts = split_lines(orders, model, benchmarks)
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
        factor = np.asarray(discount_factor(passed.astype(np.float64), model.discount_rate_annual))
        factor = factor * value_plans.number(days["n_orders"])
    order = np.lexsort((factor, who))
    return RepeatOrders(level_of, np.bincount(who[order], factor[order], len(names)).astype(np.float64))
