"""The lines of an order log, split as CLVModel splits them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals as nw

from crmmodels.data.accounts import plans as value_plans
from crmmodels.data.accounts.accounts import money_lines
from crmmodels.data.accounts.reference_prices import Benchmarks, learn_benchmarks, with_benchmarks
from crmmodels.data.orders.orders import Orders

if TYPE_CHECKING:
    from crmmodels.models.clv.base import CLVBase


def split_lines(
    orders: Orders, model: CLVBase, benchmarks: Benchmarks | None, kept: nw.Expr | None = None
) -> nw.LazyFrame[Any]:
    """Plan the parts of orders, as `crmmodels.data.accounts.plans.parts_of_orders` makes them.

    Parameters
    ----------
    orders : Orders
        The log; the plan is to be run in its turn.
    model : CLVBase
        The model whose parameters count.
    benchmarks : Benchmarks or None
        What new customers pay and cost; learned from the whole log if None.
    kept : narwhals Expr, optional
        Which customers are wanted. Default: all.

    Returns
    -------
    narwhals LazyFrame
        One row per customer, order, day, channel and kind of line.
    """
    money = money_lines(orders, model.margin)
    has_returns = money.counts["n_returns"] > 0
    found = benchmarks
    if found is None:
        firsts = value_plans.lines_of_first_orders(money.lines, has_returns=has_returns)
        found = learn_benchmarks(firsts, model.price_reference, model.shrinkage)
    lines = money.lines if kept is None else money.lines.filter(kept)
    priced = with_benchmarks(value_plans.with_first_orders(lines, has_returns=has_returns), found, model.price_reference)
    return value_plans.parts_of_orders(priced)
