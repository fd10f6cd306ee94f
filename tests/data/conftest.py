"""Every test that asks for an engine runs once per kind of dataframe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import narwhals as nw
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest


@dataclass(frozen=True)
class Engine:
    """A kind of dataframe: how to make one, and what comes back."""

    name: str
    make: Callable[[pd.DataFrame, Path], Any]
    answer: type

    def lazy(self) -> bool:
        return self.name not in {"pandas", "polars", "pyarrow"}

    def key(self, value: Any) -> Any:
        """A customer as the engine has it: as text in a CSV file."""
        return str(value) if self.name == "csv" else value


def _parquet(frame: pd.DataFrame, folder: Path) -> str:
    half = len(frame) // 2
    for name, part in (("a", frame.iloc[:half]), ("b", frame.iloc[half:])):
        if len(part) or name == "b":
            part.to_parquet(folder / f"{name}.parquet", index=False)
    return str(folder / "*.parquet")


def _csv(frame: pd.DataFrame, folder: Path) -> Path:
    frame.to_csv(folder / "log.csv", index=False)
    return folder / "log.csv"


ENGINES = (
    Engine("pandas", lambda frame, _: frame.copy(), pd.DataFrame),
    Engine("polars", lambda frame, _: pl.from_pandas(frame), pl.DataFrame),
    Engine("polars-lazy", lambda frame, _: pl.from_pandas(frame).lazy(), pl.LazyFrame),
    Engine("pyarrow", lambda frame, _: pa.Table.from_pandas(frame, preserve_index=False), pa.Table),
    Engine("duckdb", lambda frame, _: duckdb.connect().from_df(frame), duckdb.DuckDBPyRelation),
    Engine("parquet", _parquet, pd.DataFrame),
    Engine("csv", _csv, pd.DataFrame),
)


@pytest.fixture(scope="session", params=ENGINES, ids=lambda engine: engine.name)
def engine(request: pytest.FixtureRequest) -> Engine:
    return request.param


def as_pandas(answer: Any, key: str = "customer_id") -> pd.DataFrame:
    """An answer of any kind as a pandas frame, sorted by its first columns."""
    frame = nw.from_native(answer)
    eager = frame.collect() if isinstance(frame, nw.LazyFrame) else frame
    data = pd.DataFrame({name: eager[name].to_list() for name in eager.columns})
    for name in data.columns.intersection(["first_order", "last_order", "as_of", "period"]):
        data[name] = pd.to_datetime(data[name])
    by = [key, "period"] if "period" in data else [key]
    return data.sort_values(by, ignore_index=True)


@pytest.fixture(scope="session", name="as_pandas")
def as_pandas_fixture() -> Callable[..., pd.DataFrame]:
    return as_pandas
