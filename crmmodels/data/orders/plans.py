"""What is asked of a dataframe engine, as narwhals expressions.

One plan serves every lazy engine. Each reads the log once; rows that cannot be read make its sums infinite, and so are noticed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

import narwhals as nw

from crmmodels._typing import Period
from crmmodels.engines.engine import joinable
from crmmodels.engines.text_dates import ISO_DATE
from crmmodels.kernels.orders.returned_money import ROUNDING

DAY: Final = "day_of_line"
"""Column with the calendar day of a line, where it is known beside the time."""
KEPT: Final = "kept_of_crmmodels_"
"""Prefix of the columns that are carried along."""
EPOCH: Final = dt.date(1970, 1, 1)
USED_AGAIN: Final = "n_order_ids_used_again"
"""Column with the number of order ids of a customer that came back much later."""
LAST_LINE: Final = "last_line"
"""Column with the last day of a line, of whatever kind."""
SAME_ORDER_DAYS: Final = 7
"""Days over which what was bought may be of one order."""
_MONTHS: Final[dict[Period, int]] = {"M": 1, "Q": 3, "Y": 12}
_NEVER: Final = dt.date(9999, 12, 31)
RETURN_COUNTS: Final = 2.0**-26
"""What a return adds to the number of orders of `by_customer`: the returns are the fraction, up to 67 million of a customer."""


def order_day(time: nw.Expr, dtype: nw.dtypes.DType, time_zone: str | None = None) -> nw.Expr:
    """Calendar day of a time column; null where it is missing or no date.

    The day is the one on the local clock: that of ``time_zone`` where it is given, otherwise the one of the column.
    """
    if dtype == nw.Date:
        return time
    if dtype == nw.String:
        return nw.when(time.str.contains(ISO_DATE)).then(time.str.slice(0, 10)).str.to_date(format="%Y-%m-%d")
    if getattr(dtype, "time_zone", None) is not None:
        if time_zone is not None:
            time = time.dt.convert_time_zone(time_zone)
        time = time.dt.replace_time_zone(None)
    return time.cast(nw.Date)


def day_of_line(schema: nw.Schema, time_zone: str | None) -> nw.Expr:
    """Calendar day of the lines of a log with canonical columns."""
    return nw.col(DAY) if DAY in schema else order_day(nw.col("time"), schema["time"], time_zone)


def is_missing(column: str, schema: nw.Schema) -> nw.Expr:
    """Whether a value is null, or NaN, which some frames have for it, or empty text, which files have for it."""
    missing = nw.col(column).is_null()
    if schema[column] == nw.String:
        return missing | (nw.col(column) == "")
    return missing | nw.col(column).is_nan() if schema[column].is_float() else missing


def lines(log: nw.LazyFrame[Any], time_zone: str | None) -> nw.LazyFrame[Any]:
    """Keep customer, day, amount and order id; a log without amounts has orders of amount 0.

    The amount is infinite where it is missing or the day or order cannot be read: no sum hides it, and it costs no count of its own.
    """
    schema = log.collect_schema()
    day = day_of_line(schema, time_zone).alias("day")
    amount = nw.col("amount").cast(nw.Float64) if "amount" in schema else nw.lit(0.0)
    order_id = ["order_id"] if "order_id" in schema else []
    known = ~nw.col("day").is_null()
    if order_id:
        known &= ~is_missing("order_id", schema)
    if {"quantity", "amount"} <= set(schema):
        # A price of one unit, taken for the money of a line of returned goods.
        known &= ~((nw.col("quantity") < 0) & (nw.col("amount") > 0)).fill_null(value=False)
    read = nw.when(known).then(nw.col("amount")).fill_null(float("inf"))
    quantity = ["quantity"] if "quantity" in schema else []
    taken = log.select("customer", day, amount.alias("amount"), *order_id, *quantity).with_columns(read.alias("amount"))
    return taken.drop(quantity) if quantity else taken


def up_to(log: nw.LazyFrame[Any], until: dt.date) -> nw.LazyFrame[Any]:
    """Keep the days up to a date; days that could not be read stay, to be noticed."""
    return log.filter((nw.col("day") <= nw.lit(until)) | nw.col("day").is_null())


def after(log: nw.LazyFrame[Any], start: dt.date) -> nw.LazyFrame[Any]:
    """Keep the days after a date; days that could not be read stay, to be noticed."""
    return log.filter((nw.col("day") > nw.lit(start)) | nw.col("day").is_null())


def orders_of_lines(log: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Add the lines of each order up where an order id is given: the order's day is that of its first line.

    An order whose money cancels but for rounding is one of amount 0, and no return. `USED_AGAIN` is 1 where what was bought under one
    id is bought over more than `SAME_ORDER_DAYS` days.
    """
    if "order_id" not in log.collect_schema():
        return log
    bought = nw.when(nw.col("amount") >= 0).then(nw.col("day"))
    orders = (
        log.with_columns(bought.alias("bought"))
        .group_by("customer", "order_id")
        .agg(
            nw.col("day").min(),
            nw.col("day").max().alias(LAST_LINE),
            nw.col("amount").sum(),
            nw.col("amount").abs().sum().alias("moved"),
            nw.col("bought").min().alias("from"),
            nw.col("bought").max().alias("to"),
        )
    )
    amount = nw.when(nw.col("amount").abs() < ROUNDING * nw.col("moved")).then(0.0).otherwise(nw.col("amount"))
    late = nw.col("from") + nw.lit(dt.timedelta(days=SAME_ORDER_DAYS)) < nw.col("to")
    used_again = nw.when(late).then(1.0).otherwise(0.0)
    return orders.select("customer", "day", amount.alias("amount"), used_again.alias(USED_AGAIN), LAST_LINE)


def by_customer(log: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """One row per customer: counts, first and last order day, and money.

    An order adds 1 to ``n_orders`` and a return `RETURN_COUNTS`, so that returns are noticed at no cost.
    """
    count = nw.when(nw.col("amount") >= 0).then(1.0).otherwise(RETURN_COUNTS)
    of_ids = USED_AGAIN in log.collect_schema()
    again = [nw.col(USED_AGAIN).sum(), nw.col(LAST_LINE).max()] if of_ids else []
    days = (
        log.with_columns(count.alias("n_orders"))
        .group_by("customer", "day")
        .agg(nw.col("n_orders").sum(), nw.col("amount").sum().alias("spend"), *again)
    )
    order_day = nw.when(nw.col("n_orders") >= 1.0).then(nw.col("day"))
    days = days.with_columns(order_day.alias("order_day"), order_day.fill_null(_NEVER).alias("rank_day"))
    return days.group_by("customer").agg(
        nw.col("n_orders").sum(),
        nw.col("order_day").count().alias("n_order_days"),
        nw.col("order_day").min().alias("first_order"),
        nw.col("order_day").max().alias("last_order"),
        *([] if of_ids else [nw.col("day").max().alias(LAST_LINE)]),
        nw.col("spend").sum(),
        nw.col("spend").first(order_by="rank_day").alias("first_day_spend"),
        *again,
    )


def customer_columns() -> list[nw.Expr]:
    """Columns of a customer table that an engine computes, from those of `by_customer`; money after the first day where nothing was returned."""
    repeats = nw.col("n_order_days").cast(nw.Int64) - 1
    repeat_spend = (nw.col("spend") - nw.col("first_day_spend")) / repeats
    return [
        nw.col("customer").alias("customer_id"),
        nw.col("n_orders"),
        repeats.alias("frequency"),
        nw.col("spend"),
        nw.when(repeats > 0).then(repeat_spend).otherwise(0.0).alias("mean_repeat_spend"),
        nw.col("first_order"),
        nw.col("last_order"),
    ]


def of_customers(log: nw.LazyFrame[Any], customers: nw.DataFrame[Any]) -> nw.LazyFrame[Any]:
    """Keep the lines of some customers, whose ``code`` takes the place of their name."""
    some = joinable(customers, log)
    coded = log.join(some, on="customer", how="inner").drop("customer")
    return coded.rename({"code": "customer"})


def by_period(log: nw.LazyFrame[Any], period: Period) -> nw.LazyFrame[Any]:
    """One row per customer and day, or month and longer: when (the day, or the period's number), orders, money, first order day."""
    is_order = nw.col("amount") >= 0
    when = nw.col("day")
    if period in _MONTHS:
        months = when.dt.year().cast(nw.Int64) * 12 + when.dt.month().cast(nw.Int64) - 1
        when = months // _MONTHS[period] - 1970 * 12 // _MONTHS[period]
    return (
        log.with_columns(when.alias("when"))
        .group_by("customer", "when")
        .agg(
            nw.when(is_order).then(nw.col("amount")).count().alias("n_orders"),
            nw.col("amount").sum().alias("spend"),
            nw.when(is_order).then(nw.col("day")).min().alias("first_day"),
        )
    )


def customers_by_day(log: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Number of customers with an order on each day."""
    return log.filter(nw.col("amount") >= 0).select("customer", "day").unique().group_by("day").agg(nw.len().alias("n"))


def first_days(log: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Number of customers whose first order day each day is."""
    firsts = log.filter(nw.col("amount") >= 0).group_by("customer").agg(nw.col("day").min())
    return firsts.group_by("day").agg(nw.len().alias("n"))


def last_values(
    log: nw.LazyFrame[Any], day: nw.Expr, keep: Sequence[str], until: dt.date | None, start: dt.date | None
) -> nw.LazyFrame[Any]:
    """Last value that is not missing of further columns per customer; of several at one time the greatest."""
    schema = log.collect_schema()
    lines = log.with_columns(day.alias("day"))
    lines = lines if until is None else up_to(lines, until)
    lines = lines if start is None else after(lines, start)
    columns = [f"{KEPT}{i}" for i in range(len(keep))]
    present = [(~is_missing(column, schema)).cast(nw.Int8).alias(f"has_{column}") for column in columns]
    # Categories are ordered as the texts that they are.
    is_category = {c: schema[c] == nw.Categorical or schema[c] == nw.Enum for c in columns}
    texts = [nw.col(c).cast(nw.String).alias(f"text_{c}") for c in columns if is_category[c]]
    last = [
        nw.col(c).last(order_by=[f"has_{c}", "time", f"text_{c}" if is_category[c] else c]).alias(name)
        for c, name in zip(columns, keep, strict=True)
    ]
    return lines.with_columns(*present, *texts).group_by("customer").agg(*last)
