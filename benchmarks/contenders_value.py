"""What is compared of customer value: accounts, fit and score, and the money of each customer by hand, which is the part that a query gives.

Each contender prepares outside the clock and returns the call that is measured, which returns something to check.
"""

from __future__ import annotations

import glob
from collections.abc import Callable
from typing import Any

from benchmarks.value_data import ROLES, forest

RATE = 0.1
DAYS_PER_YEAR = 365.25

BY_HAND_SQL = """
WITH ended AS (SELECT max(CAST(date AS DATE)) + 1 AS day FROM read_parquet('{path}'))
SELECT customer_id,
    sum(power(1 + {rate}, (ended.day - CAST(date AS DATE)) / {year}) * (amount - quantity * unit_cost - service_cost)) AS own
FROM read_parquet('{path}'), ended GROUP BY customer_id
"""


def _frame(engine: str, files: str) -> Any:
    if engine == "duckdb":
        import duckdb  # noqa: F401

        return files
    if engine == "polars":
        import polars as pl

        return pl.scan_parquet(files)
    import pandas as pd

    return pd.concat([pd.read_parquet(path) for path in sorted(glob.glob(files))], ignore_index=True)


def _base(engine: str, files: str, tables: dict[str, str], memory_limit: str | None = None) -> Any:
    import pandas as pd

    import crmmodels as crm

    options = {} if memory_limit is None else {"memory_limit": memory_limit}
    orders = crm.Orders(_frame(engine, files), **ROLES, **options)
    referrals, costs = (pd.read_parquet(tables[name]) for name in ("referrals", "acquisition_costs"))
    return crm.CustomerBase(
        orders,
        crm.Referrals(referrals, referrer="referrer", referee="referee", time="date", reward="reward"),
        crm.CustomerCosts(costs, customer="customer_id", cost="cost"),
    )


def value_accounts(engine: str, files: str, tables: dict[str, str], memory_limit: str | None = None) -> Callable[[], Any]:
    """Accounts of all customers; the answer is their number."""
    import crmmodels as crm

    base = _base(engine, files, tables, memory_limit)

    def call() -> Any:
        made = crm.CLVModel().accounts(base)
        return len(made.collect() if engine == "polars" else made)

    return call


def own_value_by_hand(engine: str, files: str) -> Callable[[], Any]:
    """Discounted contributions of each customer, without splitting them; the answer is the number of customers."""
    frame = _frame(engine, files)

    def duckdb_call() -> Any:
        import duckdb

        query = BY_HAND_SQL.format(path=files, rate=RATE, year=DAYS_PER_YEAR)
        return duckdb.connect().sql(query).to_arrow_table().num_rows

    def polars_call() -> Any:
        import polars as pl

        day = pl.col("date").dt.date()
        years = (pl.lit(frame.select(day.max()).collect().item()) - day).dt.total_days() + 1
        grown = (1 + RATE) ** (years / DAYS_PER_YEAR)
        money = grown * (pl.col("amount") - pl.col("quantity") * pl.col("unit_cost") - pl.col("service_cost"))
        return frame.group_by("customer_id").agg(money.sum()).collect(engine="streaming").height

    def pandas_call() -> Any:
        day = frame["date"].dt.normalize()
        grown = (1 + RATE) ** (((day.max() - day).dt.days + 1) / DAYS_PER_YEAR)
        money = grown * (frame["amount"] - frame["quantity"] * frame["unit_cost"] - frame["service_cost"])
        return len(money.groupby(frame["customer_id"]).sum())

    return {"duckdb": duckdb_call, "polars": polars_call, "pandas": pandas_call}[engine]


def value_fit(files: str, tables: dict[str, str]) -> Callable[[], Any]:
    """Fit to accounts that are there; the answer is what was learned of money."""
    import crmmodels as crm

    accounts = crm.CLVModel().accounts(_base("polars", files, tables)).collect().to_pandas()

    def call() -> Any:
        fitted = crm.CLVModel().fit(accounts).fitted
        return {"n_customers": fitted.n_customers, "kappa": fitted.kappa, "means": fitted.means.tolist()}

    return call


def value_score(files: str, tables: dict[str, str], n_draws: int) -> Callable[[], Any]:
    """Score of accounts that are there, with limits from so many draws; the answer is the mean value and its limits."""
    import crmmodels as crm

    accounts = crm.CLVModel().accounts(_base("polars", files, tables)).collect().to_pandas()
    model = crm.CLVModel(n_draws=n_draws).fit(accounts)

    def call() -> Any:
        return model.score(accounts)[["clv", "lower", "upper"]].mean().to_dict()

    return call


def value_whole(
    engine: str, files: str, tables: dict[str, str], n_draws: int, memory_limit: str | None = None
) -> Callable[[], Any]:
    """All of it in one process, for its memory: accounts, fit, score."""
    import crmmodels as crm

    base = _base(engine, files, tables, memory_limit)

    def call() -> Any:
        model = crm.CLVModel(n_draws=n_draws)
        accounts = model.accounts(base)
        scores = model.fit(accounts).score(accounts)
        return len(scores.collect() if engine == "polars" else scores)

    return call


def referral_forest(kind: str, n_customers: int, generations: int | str) -> Callable[[], Any]:
    """The kernel alone; the answer is the deepest generation."""
    import numpy as np

    from crmmodels.kernels.value.referrals import referral_generations, referral_values

    referrer = forest(kind, n_customers)
    own = np.random.default_rng(1).normal(50.0, 20.0, n_customers)
    reward, relief = np.full(n_customers, 3.0), np.full(n_customers, 15.0)

    def call() -> Any:
        found = referral_values(own, referrer, reward, relief, 0.5, generations=generations)
        missing = own.sum() - 3.0 * np.count_nonzero(referrer >= 0) - found.retained.sum()
        return {"deepest": int(referral_generations(referrer).max()), "not_accounted_for": abs(float(missing))}

    return call
