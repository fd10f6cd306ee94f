"""What is compared: our call, and the same result written by hand or by a peer.

Each contender prepares outside the clock and returns the call that is measured, which returns something to check.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

AS_OF = "2025-12-31"

BY_HAND_SQL = """
WITH days AS (
    SELECT id, CAST(date AS DATE) AS day, count(*) AS n_orders, sum(spend) AS spend
    FROM read_parquet('{path}') WHERE CAST(date AS DATE) <= DATE '{as_of}' GROUP BY ALL
)
SELECT id, sum(n_orders) AS n_orders, count(*) - 1 AS frequency, max(day) - min(day) AS age_at_last,
    DATE '{as_of}' - min(day) AS age, DATE '{as_of}' - max(day) AS days_since_last, sum(spend) AS spend,
    coalesce((sum(spend) - arg_min(spend, day)) / nullif(count(*) - 1, 0), 0) AS mean_repeat_spend,
    min(day) AS first_order, max(day) AS last_order
FROM days GROUP BY id
"""


def duckdb_ours(files: str, memory_limit: str | None = None) -> Callable[[], Any]:
    import duckdb  # noqa: F401

    import crmmodels as crm

    def call() -> Any:
        orders = crm.Orders(files, customer="id", time="date", amount="spend", output="pyarrow", memory_limit=memory_limit)
        return orders.customers(as_of=AS_OF).num_rows

    return call


def duckdb_by_hand(files: str, memory_limit: str | None = None) -> Callable[[], Any]:
    import duckdb
    import pyarrow as pa  # noqa: F401

    def call() -> Any:
        connection = duckdb.connect(config={} if memory_limit is None else {"memory_limit": memory_limit})
        return connection.sql(BY_HAND_SQL.format(path=files, as_of=AS_OF)).to_arrow_table().num_rows

    return call


def polars_ours(files: str) -> Callable[[], Any]:
    import polars as pl

    import crmmodels as crm

    def call() -> Any:
        orders = crm.Orders(pl.scan_parquet(files), customer="id", time="date", amount="spend")
        return orders.customers(as_of=AS_OF).collect().height

    return call


def polars_by_hand(files: str) -> Callable[[], Any]:
    import datetime as dt

    import polars as pl

    end = dt.date.fromisoformat(AS_OF)

    def call() -> Any:
        day = pl.col("day")
        repeats = pl.len() - 1
        return (
            pl.scan_parquet(files)
            .select("id", pl.col("date").dt.date().alias("day"), "spend")
            .filter(day <= end)
            .group_by("id", "day")
            .agg(pl.len().alias("n_orders"), pl.col("spend").sum())
            .group_by("id")
            .agg(
                pl.col("n_orders").sum(),
                repeats.alias("frequency"),
                (day.max() - day.min()).dt.total_days().alias("age_at_last"),
                (end - day.min()).dt.total_days().alias("age"),
                (end - day.max()).dt.total_days().alias("days_since_last"),
                pl.col("spend").sum(),
                ((pl.col("spend").sum() - pl.col("spend").min_by("day")) / repeats).alias("mean_repeat_spend"),
                day.min().alias("first_order"),
                day.max().alias("last_order"),
            )
            .sort("id")
            .collect(engine="streaming")
            .height
        )

    return call


def pandas_ours(files: str) -> Callable[[], Any]:
    import scipy.sparse  # noqa: F401

    import crmmodels as crm

    frame = _read(files)

    def call() -> Any:
        return len(crm.Orders(frame, customer="id", time="date", amount="spend").customers(as_of=AS_OF))

    return call


def lifetimes(files: str) -> Callable[[], Any]:
    warnings.simplefilter("ignore")
    from lifetimes.utils import summary_data_from_transaction_data

    frame = _read(files)

    def call() -> Any:
        return len(summary_data_from_transaction_data(frame, "id", "date", "spend", observation_period_end=AS_OF, freq="D"))

    return call


def rfm_ours(n_customers: int) -> Callable[[], Any]:
    import crmmodels as crm
    from benchmarks.data import customers

    table = customers(n_customers)

    def call() -> Any:
        model = crm.RFMModel().fit(table)
        return len(model.score(table)) + len(model.segment(table))

    return call


def rfm_by_qcut(n_customers: int) -> Callable[[], Any]:
    """The common snippet: qcut of ranks, and a dictionary from the two digits of R and F to a label."""
    import pandas as pd

    from benchmarks.data import customers
    from crmmodels.models.rfm.segment_tables import TEN

    table = customers(n_customers)
    names = {f"{r}{f}": label for (r, f), label in TEN.cells}

    def call() -> Any:
        scores = pd.DataFrame(index=table.index)
        scores["R"] = pd.qcut(table["days_since_last"].rank(method="first"), 5, labels=[5, 4, 3, 2, 1])
        scores["F"] = pd.qcut(table["n_orders"].rank(method="first"), 5, labels=[1, 2, 3, 4, 5])
        scores["M"] = pd.qcut(table["spend"].rank(method="first"), 5, labels=[1, 2, 3, 4, 5])
        cell = scores["R"].astype(str) + scores["F"].astype(str)
        scores["RFM"] = cell + scores["M"].astype(str)
        scores["score"] = scores[["R", "F", "M"]].astype(int).mean(axis=1)
        scores["segment"] = cell.map(names)
        return len(scores) + len(scores["segment"])

    return call


def import_ours(_: str = "") -> Callable[[], Any]:
    import narwhals
    import numpy as np
    import pandas as pd

    loaded = (np, pd, narwhals)

    def call() -> Any:
        import crmmodels

        return len(loaded) + len(crmmodels.__all__) * 0

    return call


def _read(files: str) -> Any:
    import pandas as pd

    return pd.concat([pd.read_parquet(path) for path in sorted(Path(files).parent.glob(Path(files).name))], ignore_index=True)
