"""Parts of a log hold every row once, whatever names its customers, and equal values together."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest

from crmmodels.engines.engine import engine_of


def part(native: Any, column: str, number: int, n_parts: int) -> Any:
    return engine_of(native).part(native, column, number, n_parts)


def rows_of(native: Any) -> pd.DataFrame:
    return native.collect().to_pandas() if isinstance(native, pl.LazyFrame) else native.df()


@pytest.fixture(params=["duckdb", "polars"])
def lazy(request) -> Any:
    def make(frame: pd.DataFrame) -> Any:
        if request.param == "polars":
            return pl.from_pandas(frame).lazy()
        connection = duckdb.connect()
        connection.register("log_of_this_test", frame)
        return connection.table("log_of_this_test")

    return make


@pytest.mark.parametrize("kind", [int, float, str])
@pytest.mark.parametrize("n_parts", [1, 2, 7])
def test_every_row_is_in_one_part_with_its_equals(lazy, kind, n_parts):
    key = pd.Series(np.random.default_rng(0).integers(0, 40, 300)).astype(kind).astype(object)
    key[key == key[0]] = None
    frame = pd.DataFrame({"the key": key if kind is str else key.astype("Float64"), "row": np.arange(300)})
    parts = [rows_of(part(lazy(frame), "the key", i, n_parts)) for i in range(n_parts)]
    assert sorted(np.concatenate([part["row"] for part in parts])) == list(range(300))
    keys = [set(part["the key"].dropna()) for part in parts]
    assert sum(map(len, keys)) == len(set().union(*keys)) == frame["the key"].nunique()
    assert sum(part["the key"].isna().any() for part in parts) == 1


def test_parts_are_of_like_size(lazy):
    frame = pd.DataFrame({"customer": np.arange(10_000)})
    sizes = [len(rows_of(part(lazy(frame), "customer", i, 4))) for i in range(4)]
    # Binomial: a standard deviation of 43.
    assert max(abs(size - 2_500) for size in sizes) < 6 * 43.3


def test_frames_in_memory_are_not_divided(lazy):
    frame = pd.DataFrame({"customer": [1]})
    assert engine_of(lazy(frame)).is_divisible
    assert not any(engine_of(other).is_divisible for other in (frame, pl.from_pandas(frame), None))
