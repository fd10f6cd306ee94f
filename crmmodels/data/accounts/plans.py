"""What is asked of a dataframe engine for the value of customers, as narwhals expressions.

Sums of money come first: a line is worth ``amount - cost - service`` whatever a new customer would have paid, and only totals of lines
of one customer, day, channel and kind are split into base, saving and premium.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import narwhals as nw
import numpy as np

from crmmodels.data.orders.plans import day_of_line
from crmmodels.kernels.value.contribution import base, contribution, premium, saving

Plan = nw.LazyFrame[Any]

TEXT_ROLES: Final = ("category", "sku", "channel")
_NONE: Final = ""
"""Category, product or channel of lines that name none."""
SUMS: Final = ("first_contribution", "base_same", "base_new", "saving", "premium")
"""Sums of money per customer; all but the first of orders after the first one."""


def value_lines(lines: nw.DataFrame[Any] | Plan, time_zone: str | None, margin: float | None) -> Plan:
    """Lines with the money they bring and cost, and the month they fall in; returns have a negative quantity.

    Without quantities a line is one unit, without unit costs a share of its amount is cost, without service costs none is.
    """
    log = lines.lazy() if isinstance(lines, nw.DataFrame) else lines
    schema = log.collect_schema()
    day = day_of_line(schema, time_zone).alias("day")
    amount = nw.col("amount").cast(nw.Float64)
    sign = nw.when(nw.col("amount") < 0).then(nw.lit(-1.0)).otherwise(nw.lit(1.0))
    quantity = sign * nw.col("quantity").cast(nw.Float64).abs() if "quantity" in schema else sign
    texts = [nw.col(name).cast(nw.String).fill_null(_NONE).alias(name) for name in TEXT_ROLES if name in schema]
    prices = [nw.col(name).cast(nw.Float64).alias(name) for name in ("list_price", "reference_price") if name in schema]
    order = nw.col("order_id") if "order_id" in schema else day
    keys = ("customer", day, order.alias("order"), nw.col("time").alias("stamp"))
    read = log.select(*keys, amount.alias("amount"), quantity.alias("quantity"), *texts, *prices, *_costs(schema))
    cost = (
        nw.col("quantity") * nw.col("unit_cost")
        if "unit_cost" in schema
        else nw.col("amount") * (1.0 - (1.0 if margin is None else margin))
    )
    constants = [nw.lit(_NONE).alias(name) for name in TEXT_ROLES if name not in schema]
    constants += [nw.lit(value=True).alias(f"has_{name}") for name in TEXT_ROLES if name in schema]
    constants += [nw.lit(value=True).alias("has_order")] if "order_id" in schema else []
    return read.with_columns(cost.alias("cost"), *constants)


def _costs(schema: nw.Schema) -> list[nw.Expr]:
    service = nw.col("service_cost").cast(nw.Float64) if "service_cost" in schema else nw.lit(0.0)
    unit = [nw.col("unit_cost").cast(nw.Float64).alias("unit_cost")] if "unit_cost" in schema else []
    return [service.alias("service"), *unit]


def with_first_orders(lines: Plan, *, has_returns: bool = True) -> Plan:
    """Say of each line in which month its order was placed, whether that was the customer's first, and whether its category was in that.

    An order is an order id, where the log has them, else a day; customers with returns alone are left out. A return belongs to the month
    of its order.
    """
    first = first_orders(lines, has_returns=has_returns)
    placed, when = _with_days_of_orders(lines, has_returns=has_returns)
    dated = placed.join(first.select("customer", "first_order"), on="customer", how="inner")
    dated = dated.with_columns((nw.col("order") == nw.col("first_order")).alias("is_first"), _month(when))
    if "has_category" not in dated.collect_schema():
        return dated.with_columns(nw.lit(value=True).alias("in_first"))
    known = _of_first(lines, first).select("customer", "category").unique().with_columns(nw.lit(value=True).alias("known"))
    joined = dated.join(known, on=["customer", "category"], how="left")
    return joined.with_columns((~nw.col("known").is_null()).alias("in_first"))


def lines_of_first_orders(lines: Plan, *, has_returns: bool = True) -> Plan:
    """The lines of `with_first_orders` whose ``is_first`` is true, without looking at the other orders of a customer again."""
    of_first = _of_first(lines, first_orders(lines, has_returns=has_returns))
    return of_first.with_columns(nw.lit(value=True).alias("is_first"), _month(nw.col("first_day")))


def first_orders(lines: Plan, *, has_returns: bool = True) -> Plan:
    """First order of each customer, and its day: ``first_order, first_day``; of several at one time the one that is named first."""
    bought = lines.filter(nw.col("amount") >= 0) if has_returns else lines
    earliest = bought.group_by("customer").agg(nw.col("stamp").min())
    # Joined to what is not added up yet, so that only the lines of one time per customer are grouped by order.
    return (
        bought.select("customer", "stamp", "order", "day")
        .join(earliest, on=["customer", "stamp"], how="inner")
        .group_by("customer")
        .agg(nw.col("order").min().alias("first_order"), nw.col("day").min().alias("first_day"))
    )


def _of_first(lines: Plan, first: Plan) -> Plan:
    return lines.join(first, left_on=["customer", "order"], right_on=["customer", "first_order"], how="inner")


def _with_days_of_orders(lines: Plan, *, has_returns: bool) -> tuple[Plan, nw.Expr]:
    """Lines, and the day on which their order was placed: that of its first line, which few lines have another than."""
    day = nw.col("day")
    if "has_order" not in lines.collect_schema():
        return lines, day
    bought = nw.when(nw.col("amount") >= 0).then(day) if has_returns else day
    days = lines.select("customer", "order", "day", bought.alias("placed"))
    orders = days.group_by("customer", "order").agg(nw.col("placed").min(), day.min().alias("from"), day.max().alias("to"))
    moved = orders.filter((nw.col("from") < nw.col("placed")) | (nw.col("to") > nw.col("placed")))
    lines = lines.join(moved.select("customer", "order", "placed"), on=["customer", "order"], how="left")
    return lines, nw.when(nw.col("placed").is_null()).then(day).otherwise(nw.col("placed"))


def _month(day: nw.Expr) -> nw.Expr:
    return (day.dt.year().cast(nw.Int64) * 12 + day.dt.month().cast(nw.Int64)).alias("month")


def discount_cells(lines: Plan) -> Plan:
    """Quantity, and quantity times discount, of first orders by category and month; every cell of the log is there."""
    first = nw.col("is_first") & (nw.col("amount") >= 0) & (nw.col("list_price") > 0)
    quantity = nw.when(first).then(nw.col("quantity")).otherwise(nw.lit(0.0))
    discount = nw.when(first).then(nw.col("quantity") - nw.col("amount") / nw.col("list_price")).otherwise(nw.lit(0.0))
    cells = lines.with_columns(quantity.alias("first_quantity"), discount.alias("first_discount"))
    return cells.group_by("category", "month").agg(nw.col("first_quantity").sum(), nw.col("first_discount").sum())


def price_cells(lines: Plan) -> Plan:
    """Quantity and money of first orders by product and month; every cell of the log is there."""
    first = nw.col("is_first") & (nw.col("amount") >= 0)
    cells = lines.with_columns(
        nw.when(first).then(nw.col("quantity")).otherwise(nw.lit(0.0)).alias("first_quantity"),
        nw.when(first).then(nw.col("amount")).otherwise(nw.lit(0.0)).alias("first_amount"),
    )
    return cells.group_by("sku", "month").agg(nw.col("first_quantity").sum(), nw.col("first_amount").sum())


def service_cells(lines: Plan) -> Plan:
    """Number and service cost of first orders by channel."""
    orders = lines.filter(nw.col("is_first")).group_by("customer", "channel").agg(nw.col("service").sum())
    return orders.group_by("channel").agg(nw.len().alias("n_first"), nw.col("service").sum().alias("first_service"))


def parts_of_orders(lines: Plan) -> Plan:
    """Split the sums of lines with a ``reference`` (money that a new customer would have paid) and a ``new_service`` (per order).

    One row per customer, order, day, channel and kind of line; the service cost of an order is shared out among its lines evenly.
    """
    bought = nw.when(nw.col("amount") >= 0).then(nw.lit(1.0)).otherwise(nw.lit(0.0)).alias("n_bought")
    keys = ("customer", "order", "day", "channel", "is_first", "in_first")
    parts = (
        lines.with_columns(bought)
        .group_by(*keys)
        .agg(
            *(nw.col(name).sum() for name in ("n_bought", "amount", "cost", "service", "reference")),
            nw.col("new_service").max(),
        )
    )
    # Returns that come back later cost a new customer's order nothing more.
    of_order = nw.col("n_bought").sum().over("customer", "order", "channel")
    parts = parts.with_columns(of_order.alias("n_order_lines"))
    share = nw.when(nw.col("n_order_lines") > 0).then(nw.col("n_bought") / nw.col("n_order_lines")).otherwise(nw.lit(0.0))
    parts = parts.with_columns((nw.col("new_service") * share).alias("served"))
    paid, reference, cost, service, served = (nw.col(name) for name in ("amount", "reference", "cost", "service", "served"))
    # Money is of the whole line, which so counts as one unit.
    first, level = contribution(1.0, paid, cost, service), base(1.0, reference, cost, served)
    zero, later = nw.lit(0.0), ~nw.col("is_first")
    money = {
        "first_contribution": nw.when(nw.col("is_first")).then(first).otherwise(zero),
        "base_same": nw.when(later & nw.col("in_first")).then(level).otherwise(zero),
        "base_new": nw.when(later & ~nw.col("in_first")).then(level).otherwise(zero),
        "saving": nw.when(later).then(saving(served, service)).otherwise(zero),
        "premium": nw.when(later).then(premium(1.0, paid, reference)).otherwise(zero),
    }
    return parts.with_columns(*(expression.alias(name) for name, expression in money.items()))


def by_order_day(parts: Plan) -> Plan:
    """Add `parts_of_orders` up by order day."""
    return parts.group_by("customer", "day", "is_first").agg(*(nw.col(name).sum() for name in SUMS))


def by_customer(days: Plan, at: dt.date, discount_rate: float) -> Plan:
    """Sums per customer: discounted to a day, as they were (``total_...``), and the squares of what a repeat order day brings."""
    # Engines give days for a difference of dates, and a duration for one of timestamps.
    end = dt.datetime(at.year, at.month, at.day)  # noqa: DTZ001  (a day without a zone)
    passed = (nw.lit(end) - nw.col("day").cast(nw.Datetime("us"))).dt.total_minutes().cast(nw.Float64) / 1440.0
    factor = (passed * discount_rate).exp() if discount_rate else nw.lit(1.0)
    whole = nw.col("base_same") + nw.col("base_new") + nw.col("saving") + nw.col("premium")
    columns = [(factor * nw.col(name)).alias(f"discounted_{name}") for name in SUMS]
    days = days.with_columns(*columns, (whole * whole).alias("square"))
    return days.group_by("customer").agg(
        *(nw.col(f"discounted_{name}").sum().alias(name) for name in SUMS),
        *(nw.col(name).sum().alias(f"total_{name}") for name in SUMS[1:]),
        nw.col("square").sum().alias("squares"),
    )


def counted(log: Plan) -> Plan:
    """How many lines of a log with canonical columns are odd in which way: ``n_...`` are kept, ``missing_...`` cannot be."""
    schema = log.collect_schema()
    amount = nw.col("amount")
    tests = {"n_lines": nw.len(), "n_returns": (amount < 0).sum()}
    for name in ("quantity", "list_price", "unit_cost", "service_cost", "reference_price"):
        if name in schema:
            missing = nw.col(name).is_null()
            missing = missing | nw.col(name).is_nan() if schema[name].is_float() else missing
            tests[f"missing_{name}"] = missing.sum()
            value = nw.col(name).cast(nw.Float64)
            tests[f"infinite_{name}"] = (value.abs() == float("inf")).sum()
            if name in {"list_price", "unit_cost", "reference_price"}:
                tests[f"negative_{name}"] = (value < 0).sum()
    quantity = nw.col("quantity").abs() if "quantity" in schema else nw.lit(1.0)
    if "list_price" in schema:
        tests["n_above_list"] = ((amount > 0) & (amount > quantity * nw.col("list_price") * (1.0 + 1e-9))).sum()
    if "unit_cost" in schema:
        tests["n_below_cost"] = ((amount > 0) & (amount < quantity * nw.col("unit_cost"))).sum()
    return log.select(*(expression.alias(name) for name, expression in tests.items()))


def number(column: nw.Series[Any]) -> np.ndarray[Any, Any]:
    """A column of a small result as floats."""
    return column.to_numpy().astype(np.float64)


def order_facts(lines: Plan) -> Plan:
    """Amount, units, money at list prices and service cost of each order day, returns left out."""
    schema = lines.collect_schema()
    bought = lines.filter(nw.col("amount") > 0)
    names = ["amount", "quantity", "service"]
    if "list_price" in schema:
        bought = bought.with_columns((nw.col("quantity") * nw.col("list_price")).alias("full"))
        names.append("full")
    return bought.group_by("customer", "day").agg(*(nw.col(name).sum() for name in names))
