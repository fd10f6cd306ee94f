"""What a new customer would have paid and cost, learned from first orders and looked up for every line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import narwhals as nw
import numpy as np

from crmmodels._domains import PerhapsMissing, Vector, VectorPerhapsMissing, require
from crmmodels._typing import AnyArray, FloatArray, IntArray
from crmmodels.data.accounts import plans as value_plans
from crmmodels.data.accounts.partitions import collected
from crmmodels.engines.engine import engine_of, joinable
from crmmodels.exceptions import DataError
from crmmodels.kernels.value.reference_prices import shrunk_discounts, shrunk_means

PriceReference: TypeAlias = Literal["new_customers", "own_first", "list", "column"] | float
"""What a new customer pays: as first-time buyers do, as this customer did at first, the list price, the role ``reference_price``, or
the list price less a given share."""

_MOST: Final = 1e30
"""Amounts beyond this are of no currency."""
_BY: Final = {"discount": "category", "price": "sku"}


@dataclass(frozen=True, slots=True, eq=False)
class Benchmarks:
    """What a new customer would have paid and cost.

    Attributes
    ----------
    kind : str
        "discount" by category and month, "price" by product and month, or "" where neither list prices nor products are known.
    group : ndarray of str, shape (n_cells,)
        Category or product of each cell.
    month : ndarray of int64, shape (n_cells,)
        Month of each cell, counted from the year 0; 0 for the mean of all months.
    value : ndarray of float64, shape (n_cells,)
        Discount as a share of the list price, or price.
    overall : float
        Discount of a category that was not seen.
    channel : ndarray of str, shape (n_channels,)
        Channels of first orders.
    service : ndarray of float64, shape (n_channels,)
        Mean cost of serving a first order in each.
    overall_service : float
        The same over all channels.
    """

    kind: str
    group: AnyArray
    month: IntArray
    value: VectorPerhapsMissing
    overall: PerhapsMissing
    channel: AnyArray
    service: Vector
    overall_service: float


def check_benchmarks(found: Benchmarks, reference: PriceReference) -> None:
    """Refuse benchmarks that cannot have been learned, as a damaged file may hold, by a ValueError."""
    where, n, n_channels = "fitted.benchmarks", len(found.value), len(found.service)
    kinds = ("", *_BY) if reference == "new_customers" else ("",)
    require(found.kind in kinds, f"{where}.kind must be one of {kinds} where price_reference={reference!r}; got {found.kind!r}")
    require(bool(n) == bool(found.kind), f"{where} must hold cells where they have a kind, and only there")
    for name, array, length, dtypes in (
        ("group", found.group, n, "U"),
        ("month", found.month, n, "iu"),
        ("channel", found.channel, n_channels, "U"),
    ):
        is_so = array.shape == (length,) and array.dtype.kind in dtypes
        require(is_so, f"{where}.{name} must hold {length} items; it is of shape {array.shape} and dtype {array.dtype}")
    require(n_channels > 0, f"{where}.channel must hold a channel or more")
    require(len(np.unique(found.channel)) == n_channels, f"{where}.channel must hold each channel once")
    require(len(set(zip(found.group.tolist(), found.month.tolist(), strict=True))) == n, f"{where} must hold each cell once")
    require(bool((found.month >= 0).all()), f"{where}.month must be 0 or more")
    amounts = np.concatenate([found.value[~np.isnan(found.value)], found.service, [found.overall_service]])
    require(bool((np.abs(amounts) <= _MOST).all()), f"{where} must hold amounts within {_MOST:g}")
    is_so = np.isnan(found.overall) if found.kind == "price" else abs(found.overall) <= _MOST
    require(bool(is_so), f"{where}.overall must be NaN for prices, and a share for discounts; got {found.overall!r}")


def learn_benchmarks(lines: value_plans.Plan, reference: PriceReference, shrinkage: float) -> Benchmarks:
    """Learn from the first orders of a log what new customers pay and cost."""
    served = collected(value_plans.service_cells(lines))
    n_first, cost = (value_plans.number(served[name]) for name in ("n_first", "first_service"))
    channel = np.array(served["channel"].to_list(), dtype=str)
    by_name = np.argsort(channel)
    service = (cost / n_first)[by_name], float(cost.sum() / n_first.sum())
    schema = lines.collect_schema()
    nothing = np.array([], dtype=str), np.empty(0, np.int64), np.empty(0)
    if reference != "new_customers" or not {"list_price", "has_sku"} & set(schema):
        return Benchmarks("", *nothing, 0.0, channel[by_name], *service)
    if "list_price" in schema:
        cells = collected(value_plans.discount_cells(lines)).sort("category", "month")
        group, code = _coded(cells["category"])
        quantity, sums = (value_plans.number(cells[name]) for name in ("first_quantity", "first_discount"))
        discounts = shrunk_discounts(code, np.maximum(quantity, 0.0), sums, len(group), shrinkage=shrinkage)
        overall = 0.0 if np.isnan(discounts.overall) else discounts.overall
        return _with_means(
            "discount", cells, group[code], group, discounts.cell, discounts.category, overall, channel[by_name], service
        )
    cells = collected(value_plans.price_cells(lines)).sort("sku", "month")
    group, code = _coded(cells["sku"])
    quantity, sums = (value_plans.number(cells[name]) for name in ("first_quantity", "first_amount"))
    prices = shrunk_means(code, np.maximum(quantity, 0.0), sums, len(group), shrinkage=shrinkage)
    return _with_means("price", cells, group[code], group, prices.cell, prices.sku, np.nan, channel[by_name], service)


def _with_means(  # noqa: PLR0917  (columns of one record)
    kind: str,
    cells: nw.DataFrame[Any],
    of_cell: AnyArray,
    groups: AnyArray,
    values: FloatArray,
    means: FloatArray,
    overall: float,
    channel: AnyArray,
    service: tuple[FloatArray, float],
) -> Benchmarks:
    month = cells["month"].to_numpy().astype(np.int64)
    names = np.concatenate([of_cell, groups])
    months = np.concatenate([month, np.zeros(len(groups), np.int64)])
    return Benchmarks(kind, names, months, np.concatenate([values, means]), overall, channel, *service)


def _coded(column: nw.Series[Any]) -> tuple[AnyArray, IntArray]:
    names, codes = np.unique(np.array(column.to_list(), dtype=str), return_inverse=True)
    return names, codes.astype(np.int64)


def with_benchmarks(lines: value_plans.Plan, found: Benchmarks, reference: PriceReference) -> value_plans.Plan:
    """Add what a new customer would have paid for each line (``reference``) and the cost of serving an order (``new_service``)."""
    schema = lines.collect_schema()
    needed = {"own_first": "list_price", "list": "list_price", "column": "reference_price"}
    role = needed.get(str(reference), "list_price" if isinstance(reference, float | int) else None)
    if role is not None and role not in schema:
        problem = f"price_reference={reference!r} needs the role {role}, which no column of it has"
        raise DataError("CLVModel", [problem], "order log")
    if reference == "new_customers" and found.kind and {"discount": "list_price", "price": "has_sku"}[found.kind] not in schema:
        role = {"discount": "list_price", "price": "sku"}[found.kind]
        raise DataError(
            "CLVModel", [f"the benchmarks were learned with the role {role}, which no column of it has"], "order log"
        )
    if "has_channel" in schema:
        lines = _lookup(lines, {"channel": found.channel, "new_service": found.service}, ["channel"])
        lines = lines.with_columns(nw.col("new_service").fill_null(found.overall_service))
    else:
        lines = lines.with_columns(nw.lit(found.overall_service).alias("new_service"))
    full = nw.col("quantity") * nw.col("list_price") if "list_price" in schema else nw.col("amount")
    if reference == "column":
        return lines.with_columns((nw.col("quantity") * nw.col("reference_price")).alias("reference"))
    if reference == "list":
        return lines.with_columns(full.alias("reference"))
    if reference == "own_first":
        firsts = lines.filter(nw.col("is_first") & (nw.col("amount") >= 0)).with_columns(full.alias("full"))
        own = firsts.group_by("customer").agg(nw.col("full").sum().alias("own_full"), nw.col("amount").sum().alias("own_paid"))
        share = nw.when(nw.col("own_full") > 0).then(nw.col("own_paid") / nw.col("own_full")).otherwise(nw.lit(1.0))
        return lines.join(own, on="customer", how="left").with_columns((full * share).alias("reference"))
    if reference != "new_customers":
        return lines.with_columns((full * (1.0 - float(reference))).alias("reference"))
    if not found.kind:
        return lines.with_columns(nw.col("amount").alias("reference"))
    key = _BY[found.kind]
    known = ~np.isnan(found.value)
    of_month, of_group = known & (found.month != 0), known & (found.month == 0)
    by_month = {key: found.group[of_month], "month": found.month[of_month], "of_month": found.value[of_month]}
    lines = _lookup(lines, by_month, [key, "month"])
    lines = _lookup(lines, {key: found.group[of_group], "of_group": found.value[of_group]}, [key])
    benchmark = nw.when(nw.col("of_month").is_null()).then(nw.col("of_group")).otherwise(nw.col("of_month"))
    if found.kind == "discount":
        of_all = nw.when(benchmark.is_null()).then(nw.lit(found.overall)).otherwise(benchmark)
        return lines.with_columns((full * (1.0 - of_all)).alias("reference"))
    # A product that no first-time buyer ever bought is compared with itself.
    priced = nw.when(benchmark.is_null()).then(nw.col("amount")).otherwise(nw.col("quantity") * benchmark)
    return lines.with_columns(priced.alias("reference"))


def _lookup(lines: value_plans.Plan, table: dict[str, AnyArray], on: list[str]) -> value_plans.Plan:
    """Join a small table, made in the engine of the lines."""
    backend: Any = engine_of(lines.to_native()).backend
    columns = [
        nw.new_series(name, list(values), nw.String, backend=backend)
        if values.dtype.kind == "U"
        else nw.new_series(name, values, backend=backend)
        for name, values in table.items()
    ]
    small = columns[0].to_frame().with_columns(*columns[1:])
    return lines.join(joinable(small, lines), on=on, how="left")
