"""Tables of odd names and values are refused as DataError, on every engine."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

import crmmodels as crm

TABLE = crm.RFMModel.example(n_customers=6, seed=1)


def refused(table: Any) -> str:
    """What fit and score say, which is the same."""
    messages = []
    fitted = crm.RFMModel().fit(TABLE)
    for verb in (crm.RFMModel().fit, fitted.score, fitted.segment, fitted.summary):
        with pytest.raises(crm.DataError) as caught:
            verb(table)
        messages.append(str(caught.value))
    assert len(set(messages)) == 1
    return messages[0]


def column_of(items: list[Any]) -> pd.Series:
    column = pd.Series([None] * len(items), dtype=object)
    for row, item in enumerate(items):
        column.iat[row] = item  # noqa: PD009  (loc and iloc unpack what has a length)
    return column


@pytest.mark.parametrize(
    "item", [[1], {"a": 1}, {1}, np.array([1, 2]), pd.DataFrame(), Decimal("sNaN")], ids=lambda item: type(item).__name__
)
@pytest.mark.parametrize("n", [1, 6])
def test_what_cannot_be_compared_names_no_customers(item: Any, n: int) -> None:
    message = refused(TABLE.assign(customer_id=column_of([*[item] * n, *TABLE["customer_id"][n:]])))
    assert f"column 'customer_id' must name customers by text or numbers; it holds {type(item).__name__} such as" in message
    assert max(map(len, message.splitlines())) < 250


@pytest.mark.parametrize(
    "item",
    [[1], {"a": 1}, {1}, (1,), np.array([1]), "x", b"x", 1j, object(), True, pd.Period("2026-01")],
    ids=lambda x: type(x).__name__,
)
def test_what_is_no_number_is_no_money(item: Any) -> None:
    message = refused(TABLE.assign(spend=column_of([item, *TABLE["spend"][1:]])))
    assert f"column 'spend' must be numeric; it holds {type(item).__name__} such as" in message


@pytest.mark.parametrize("item", [10**400, 10**5000, Decimal("sNaN")], ids=["large", "larger than text", "signalling"])
def test_what_no_float_holds_is_no_money(item: Any) -> None:
    message = refused(TABLE.assign(spend=column_of([1.0, item, *TABLE["spend"][2:]])))
    assert "column 'spend' must be numeric; it holds" in message
    assert "in row 1, which is no number that can be counted with: correct it first" in message


@pytest.mark.parametrize("item", [None, np.nan, pd.NA, Decimal("NaN")], ids=str)
@pytest.mark.parametrize("n", [1, 6])
def test_missing_money_is_counted_whatever_stands_for_it(item: Any, n: int) -> None:
    message = refused(TABLE.assign(spend=column_of([*[item] * n, *TABLE["spend"][n:]])))
    assert f"column 'spend' misses {n} value" in message


@pytest.mark.parametrize("keyed", [True, False])
def test_names_of_several_levels(keyed: bool) -> None:
    table = TABLE.set_index("customer_id") if keyed else TABLE.copy()
    table.columns = pd.MultiIndex.from_product([["a"], table.columns])
    message = refused(table)
    assert "its columns have names of 2 levels, such as ('a', " in message
    table.columns = ["_".join(map(str, name)) for name in table.columns]
    assert "levels" not in refused(table)


def test_names_that_are_no_text() -> None:
    assert "column 'spend' is missing; it has ['customer_id', 'days_since_last', 'n_orders', 0]" in refused(
        TABLE.rename(columns={"spend": 0})
    )
    odd = TABLE.assign(x=1).rename(columns={"x": pd.Timestamp("2026-01-01")})
    pd.testing.assert_frame_equal(crm.RFMModel().fit(odd).score(odd), crm.RFMModel().fit(TABLE).score(TABLE))


@pytest.mark.parametrize("kind", ["list", "struct", "object"])
@pytest.mark.parametrize("name", ["customer_id", "spend"])
def test_polars(kind: str, name: str) -> None:
    pl = pytest.importorskip("polars")
    made = {
        "list": lambda: pl.Series(name, [[i] for i in range(6)]),
        "struct": lambda: pl.Series(name, [{"a": i} for i in range(6)]),
        "object": lambda: pl.Series(name, [{i} for i in range(6)], dtype=pl.Object),
    }[kind]()
    message = refused(pl.from_pandas(TABLE).with_columns(made))
    assert f"column '{name}' must" in message


@pytest.mark.parametrize("engine", ["pyarrow", "duckdb"])
@pytest.mark.parametrize("kind", ["list", "struct", "map"])
@pytest.mark.parametrize("name", ["customer_id", "spend"])
def test_arrow_and_duckdb(engine: str, kind: str, name: str) -> None:
    pa, duckdb = pytest.importorskip("pyarrow"), pytest.importorskip("duckdb")
    made = {
        "list": lambda: pa.array([[i] for i in range(6)]),
        "struct": lambda: pa.array([{"a": i} for i in range(6)]),
        "map": lambda: pa.array([[("k", i)] for i in range(6)], pa.map_(pa.string(), pa.int64())),
    }[kind]()
    table = pa.Table.from_pandas(TABLE)
    table = table.set_column(table.column_names.index(name), name, made)
    with duckdb.connect() as connection:
        message = refused(connection.from_arrow(table) if engine == "duckdb" else table)
    assert f"column '{name}' must" in message


def test_names_that_are_repeated() -> None:
    pa, duckdb = pytest.importorskip("pyarrow"), pytest.importorskip("duckdb")
    said = "columns ['a'] stand in it more than once; name each column once"
    assert said in refused(pd.DataFrame([[1, 2]], columns=["a", "a"]))
    assert said in refused(pa.table([pa.array([1]), pa.array([2])], names=["a", "a"]))
    with duckdb.connect() as connection:
        assert said in refused(connection.sql("select 1 as a, 2 as a"))
