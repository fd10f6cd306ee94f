"""Columns of encoded types give the answers of their plain form."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import crmmodels as crm
from crmmodels.metrics import repeat_rate

PLAIN = pd.DataFrame(
    {
        "id": ["b", "a", "a", "a"],
        "date": ["2026-02-01", "2026-01-01", "2026-01-05", "2026-02-03"],
        "money": [5.0, 10.0, -3.0, 7.0],
        "order": ["z", "x", "y", "x2"],
        "kind": ["u", "u", "v", "w"],
    }
)
TEXT = pa.dictionary(pa.int32(), pa.string())
DATES = [dt.date.fromisoformat(day) for day in PLAIN["date"]]
STAMPS = pa.array(pd.to_datetime(PLAIN["date"]))
DECIMALS = pa.array([Decimal(str(money)) for money in PLAIN["money"]], pa.decimal128(10, 2))


def encoded(name: str, kind: pa.DataType) -> dict[str, pa.Array]:
    values = pa.array(PLAIN[name].tolist())
    return {name: values.dictionary_encode() if pa.types.is_dictionary(kind) else values.cast(kind)}


ARROW: dict[str, dict[str, pa.Array]] = {
    "dictionary of customers": encoded("id", TEXT),
    "dictionary of orders": encoded("order", TEXT),
    "dictionary of categories": encoded("kind", TEXT),
    "dictionary of times": encoded("date", TEXT),
    "dictionary of amounts": {"money": pa.array(PLAIN["money"]).dictionary_encode()},
    "decimal": {"money": DECIMALS},
    "dictionary of decimals": {"money": DECIMALS.dictionary_encode()},
    "date32": {"date": pa.array(DATES, pa.date32())},
    "date64": {"date": pa.array(DATES, pa.date64())},
    "timestamp of seconds": {"date": STAMPS.cast(pa.timestamp("s"))},
    "timestamp with zone": {"date": STAMPS.cast(pa.timestamp("us", tz="UTC"))},
    **{f"{kind} {name}": encoded(name, kind) for kind in (pa.large_string(), pa.string_view()) for name in ("id", "date", "order", "kind")},
}  # fmt: skip
PANDAS: dict[str, dict[str, Any]] = {
    "categories without an order": {"id": pd.Categorical(PLAIN["id"], categories=["unused", "b", "a"])},
    "categories of orders": {"order": pd.Categorical(PLAIN["order"])},
    "categories of times": {"date": pd.Categorical(PLAIN["date"])},
    "categories of timestamps": {"date": pd.Categorical(pd.to_datetime(PLAIN["date"]))},
    "categories of amounts": {"money": pd.Categorical(PLAIN["money"])},
    "Float64": {"money": pd.array(PLAIN["money"], dtype="Float64")},
    "Int64": {"money": pd.array(PLAIN["money"].astype(int), dtype="Int64")},
    "string": {name: PLAIN[name].astype("string") for name in ("id", "date", "order")},
}


def answers(native: Any, as_pandas: Any) -> list[list[list[Any]]]:
    """Every verb on a log, with and without orders of several lines, as plain values."""
    found = []
    for roles in ({}, {"order_id": "order"}):
        orders = crm.Orders(native, customer="id", time="date", amount="money", category="kind", **roles)
        tables = (
            orders.customers(as_of="2026-03-01"),
            orders.panel(as_of="2026-03-01"),
            orders.split("2026-01-20").customers(),
        )
        found += [as_pandas(table).map(str).to_numpy().tolist() for table in tables]
        lines = as_pandas(orders.lines(), key="customer").sort_values(["customer", "amount"])
        found.append([[*map(str, row[:1]), float(row[1])] for row in lines[["customer", "amount"]].to_numpy()])
        found.append([[float(repeat_rate(orders, window_days=20, as_of="2026-03-01").value)]])
    return found


@pytest.mark.parametrize("form", ARROW)
@pytest.mark.parametrize("make", [pa.Table.to_pandas, lambda table: table, pl.from_arrow], ids=["pandas", "pyarrow", "polars"])
def test_types_of_arrow_are_read_as_what_they_encode(make: Any, form: str, as_pandas: Any) -> None:
    table = pa.Table.from_pandas(PLAIN)
    for name, column in ARROW[form].items():
        table = table.set_column(table.column_names.index(name), name, column)
    native = table.to_pandas(types_mapper=pd.ArrowDtype) if make is pa.Table.to_pandas else make(table)
    assert answers(native, as_pandas) == answers(PLAIN, as_pandas)


@pytest.mark.parametrize("form", PANDAS)
def test_types_of_pandas_are_read_as_what_they_encode(form: str, as_pandas: Any) -> None:
    assert answers(PLAIN.assign(**PANDAS[form]), as_pandas) == answers(PLAIN, as_pandas)
    assert crm.Orders(PLAIN.assign(**PANDAS[form]), customer="id", time="date", amount="money").customers()[
        "customer_id"
    ].tolist() == ["a", "b"]


@pytest.mark.parametrize(
    "column",
    ["id::ENUM('b', 'a')", "date::ENUM('2026-01-01', '2026-01-05', '2026-02-01', '2026-02-03')", "money::DECIMAL(10, 2)"],
)
def test_types_of_duckdb_are_read_as_what_they_encode(column: str, as_pandas: Any) -> None:
    name = column.partition("::")[0]
    relation = duckdb.from_df(PLAIN).project(f"* REPLACE ({column} AS {name})")
    assert answers(relation, as_pandas) == answers(PLAIN, as_pandas)


def test_numbers_in_a_dictionary_name_customers(as_pandas: Any) -> None:
    """As from a pandas frame with categories, too."""
    numbers = pa.array([2, 1, 1, 1]).dictionary_encode()
    table = pa.Table.from_pandas(PLAIN).set_column(0, "id", numbers)
    for native in (table, table.to_pandas(types_mapper=pd.ArrowDtype), table.to_pandas()):
        customers = as_pandas(crm.Orders(native, customer="id", time="date", amount="money").customers())
        assert customers["customer_id"].tolist() == [1, 2]
        assert customers["n_orders"].tolist() == [2, 1]


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (pd.Series([[1], [2], [2], [2]], dtype=pd.ArrowDtype(pa.list_(pa.int64()))), "list<item: int64>[pyarrow]"),
    ],
)
def test_customers_that_cannot_be_grouped_are_refused(column: Any, kind: str) -> None:
    with pytest.raises(crm.DataError) as caught:
        crm.Orders(PLAIN.assign(id=column), customer="id", time="date")
    words = f"column 'id' (customer) holds values of type {kind}, which cannot be grouped; make them text or numbers first"
    assert str(caught.value) == f"Orders cannot read this order log:\n- {words}"
