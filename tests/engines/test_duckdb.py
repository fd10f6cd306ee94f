"""Files through DuckDB: globs, kinds, limits, and the error without it."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

import crmmodels as crm


def log_of(n_lines: int, n_customers: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "id": rng.integers(0, n_customers, n_lines),
            "date": np.datetime64("2025-01-01") + rng.integers(0, 365, n_lines),
            "spend": np.round(rng.gamma(2.0, 20.0, n_lines), 2),
        }
    )


def orders_of(path: object, **options: object) -> crm.Orders:
    return crm.Orders(path, customer="id", time="date", amount="spend", **options)  # type: ignore[arg-type]


def test_a_glob_reads_all_files_at_once(tmp_path: Path) -> None:
    log = log_of(5_000, 300)
    for month, part in log.groupby(pd.to_datetime(log["date"]).dt.month):
        (tmp_path / f"month={month}").mkdir()
        part.to_parquet(tmp_path / f"month={month}" / "part.parquet", index=False)
    expected = orders_of(log).customers()
    actual = orders_of(str(tmp_path / "**" / "*.parquet"), threads=1).customers()
    pd.testing.assert_frame_equal(actual, expected, check_dtype=False, rtol=1e-12)


@pytest.mark.parametrize("name", ["log.csv", "log.csv.gz", "log.tsv", "log.txt"])
def test_csv_of_every_ending_is_read(name: str, tmp_path: Path) -> None:
    log = log_of(500, 50)
    log.to_csv(tmp_path / name, index=False, sep="\t" if name.endswith(".tsv") else ",")
    pd.testing.assert_frame_equal(
        orders_of(tmp_path / name).customers(),
        orders_of(log.assign(id=log["id"].astype(str))).customers(),
        check_dtype=False,
        rtol=1e-12,
    )


@pytest.mark.slow
def test_a_small_memory_limit_spills_instead_of_failing(tmp_path: Path) -> None:
    log = log_of(3_000_000, 1_000_000)
    log.to_parquet(tmp_path / "log.parquet", index=False)
    customers = orders_of(tmp_path / "log.parquet", memory_limit="200MB", threads=1).customers()
    assert customers["n_orders"].sum() == len(log)
    assert len(customers) == log["id"].nunique()


def test_a_file_with_instants_needs_and_takes_a_time_zone(tmp_path: Path) -> None:
    instants = pd.to_datetime(["2026-01-01 23:30"]).tz_localize("UTC")
    pd.DataFrame({"id": [1], "date": instants, "spend": [1.0]}).to_parquet(tmp_path / "log.parquet")
    with pytest.raises(crm.DataError, match="give time_zone="):
        orders_of(tmp_path / "log.parquet")
    customers = orders_of(tmp_path / "log.parquet", time_zone="Asia/Shanghai").customers()
    assert customers["first_order"].dt.strftime("%Y-%m-%d").tolist() == ["2026-01-02"]


@pytest.mark.skipif(duckdb.__version__.startswith("1."), reason="narwhals cannot select such a column of DuckDB 1")
def test_a_column_name_with_quotes_is_read(tmp_path: Path) -> None:
    instants = pd.to_datetime(["2026-01-01 23:30"]).tz_localize("UTC")
    relation = duckdb.from_df(pd.DataFrame({'the "id"': [1], 'the "date"': instants}))
    orders = crm.Orders(relation, customer='the "id"', time='the "date"', time_zone="Asia/Tokyo")
    assert str(orders.customers().fetchall()[0][6])[:10] == "2026-01-02"


def test_without_duckdb_the_error_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(crm.MissingDependencyError) as caught:
        orders_of("orders/*.parquet")
    assert str(caught.value) == (
        "Orders reading files needs the package 'duckdb', which is not installed; install it with: "
        "python -m pip install 'crmmodels[duckdb]'"
    )


def test_answers_live_on_the_connection_of_the_relation() -> None:
    connection = duckdb.connect()
    connection.execute("CREATE TABLE log AS SELECT 1 AS id, DATE '2026-01-01' AS date, 2.0 AS spend")
    customers = orders_of(connection.table("log")).customers()
    customers.create("customers")
    assert connection.execute("SELECT customer_id, n_orders, spend FROM customers").fetchall() == [(1, 1, 2.0)]
