"""A table of customers as floats, or every reason why not."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import crmmodels as crm
from crmmodels.data.tables.schema import Column, read_values
from crmmodels.wording import count_of

COLUMNS = (Column(name="age", minimum=0), Column(name="n", minimum=1, whole=True))
TABLE = pd.DataFrame({"customer_id": ["a", "b", "c"], "age": [1.5, 0.0, 3.0], "n": [1, 2, 3]})


def read(table: Any) -> Any:
    return read_values(nw.from_native(table, eager_only=True), COLUMNS, "customer_id", "TestModel")


def problems(table: Any) -> list[str]:
    with pytest.raises(crm.DataError) as caught:
        read(table)
    assert caught.value.reader == "TestModel"
    assert str(caught.value).splitlines()[0] == "TestModel cannot read this table:"
    assert [f"- {problem}" for problem in caught.value.problems] == str(caught.value).splitlines()[1:]
    return list(caught.value.problems)


@pytest.mark.parametrize("make", [lambda frame: frame, pl.from_pandas, pa.Table.from_pandas])
def test_columns_are_read_as_floats(make: Any) -> None:
    values = read(make(TABLE))
    assert {name: array.tolist() for name, array in values.items()} == {"age": [1.5, 0.0, 3.0], "n": [1.0, 2.0, 3.0]}
    assert all(array.dtype == np.float64 for array in values.values())


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([1, 2, 3], dtype="Int64"),
        pd.Series([1, 2, 3], dtype="int8"),
        pd.Series([1.0, 2.0, 3.0], dtype="Float64"),
        pd.Series([1, 2, 3], dtype="int64[pyarrow]"),
        pd.Series([Decimal("1.0"), Decimal(2), Decimal(3)], dtype=object),
        pd.Series([1, 2.0, np.int64(3)], dtype=object),
    ],
    ids=lambda column: str(column.dtype),
)
def test_numbers_of_any_type_are_read(column: Any) -> None:
    assert read(TABLE.assign(n=column))["n"].tolist() == [1.0, 2.0, 3.0]


def test_decimals_of_other_engines_are_read() -> None:
    decimals = [Decimal("1.50"), Decimal("0.00"), Decimal("3.00")]
    for make in (pl.from_pandas, lambda frame: pa.Table.from_pandas(frame, preserve_index=False)):
        assert read(make(TABLE.assign(age=decimals)))["age"].tolist() == [1.5, 0.0, 3.0]


def test_every_problem_is_named_at_once() -> None:
    table = pd.DataFrame(
        {
            "customer_id": ["a", "a", None, "b"],
            "age": [np.nan, -1.0, np.inf, -2.0],
            "n": [0.5, 1.0, 0.0, 2.0],
            "x": [1, 2, 3, 4],
        }
    )
    assert problems(table) == [
        "column 'customer_id' misses 1 value in row 2; every customer needs one",
        "column 'customer_id' repeats 1 value (such as 'a'); one row per customer is expected",
        "column 'age' misses 1 value in row 0; drop or fill them first",
        "column 'age' holds 1 infinite value in row 2; drop or correct them first",
        "column 'age' has 2 values below 0 (such as -1) in rows 1, 3; drop or correct them first",
        "column 'n' has 2 values below 1 (such as 0.5) in rows 0, 2; drop or correct them first",
        "column 'n' has 1 value that should be whole numbers (such as 0.5) in row 0; round or correct them first",
    ]


def test_missing_columns_are_named_with_what_was_meant() -> None:
    assert problems(TABLE.rename(columns={"customer_id": "customer", "age": "ages", "n": "zzz"})) == [
        "columns 'customer_id', 'age' and 'n' are missing; it has ['customer', 'ages', 'zzz']; did you mean 'customer' and 'ages'?",
    ]


def test_rows_beyond_the_third_are_not_listed() -> None:
    table = pd.DataFrame({"customer_id": range(9), "age": [-1.0] * 9, "n": 1})
    assert problems(table) == ["column 'age' has 9 values below 0 (such as -1) in rows 0, 1, 2, …; drop or correct them first"]


@pytest.mark.parametrize(
    ("column", "problem"),
    [
        (["1", "2", "3"], "column 'n' must be numeric; it is String such as '1': convert it first"),
        ([True, False, True], "column 'n' must be numeric; it is Boolean such as True: convert it first"),
        (pd.Series([1, "two", 3], dtype=object), "column 'n' must be numeric; it holds str such as 'two': convert it first"),
        (pd.Categorical(["x", "y", "x"]), "column 'n' must be numeric; it is Categorical such as 'x': convert it first"),
    ],
)
def test_what_is_no_number_is_refused(column: Any, problem: str) -> None:
    assert problems(TABLE.assign(n=column)) == [problem]


def test_missing_values_in_nullable_columns_are_seen() -> None:
    for column in (pd.array([1, None, 3], dtype="Int64"), pd.Series([1, None, 3], dtype=object)):
        assert problems(TABLE.assign(n=column)) == ["column 'n' misses 1 value in row 1; drop or fill them first"]
    assert problems(pl.DataFrame({"customer_id": [1, 2], "age": [1.0, 2.0], "n": [1, None]})) == [
        "column 'n' misses 1 value in row 1; drop or fill them first"
    ]


def test_a_table_without_rows_is_refused() -> None:
    assert problems(TABLE.iloc[:0]) == ["it has no rows; at least one customer is needed"]


def test_keys_may_be_missing_as_nan() -> None:
    assert problems(TABLE.assign(customer_id=[1.0, np.nan, np.nan])) == [
        "column 'customer_id' misses 2 values in rows 1, 2; every customer needs one"
    ]


def test_repeated_keys_show_three_examples() -> None:
    table = pd.DataFrame({"customer_id": [1, 1, 2, 2, 3, 3, 4, 4, 4], "age": 1.0, "n": 1})
    assert problems(table) == ["column 'customer_id' repeats 5 values (such as 1, 2, 3); one row per customer is expected"]


@pytest.mark.parametrize(("n", "text"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (12345, "12,345 rows")])
def test_counts_are_worded(n: int, text: str) -> None:
    assert count_of(n, "row") == text
