"""Side by side with the peers, for the eye: pytest benchmarks --benchmark-only --benchmark-timer=time.process_time."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import contenders, contenders_purchases
from benchmarks.data import order_files

N_LINES = 200_000
N_CUSTOMERS = 200_000


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> str:
    return order_files(N_LINES, Path(tmp_path_factory.mktemp("orders")))


@pytest.mark.benchmark(group="customers of 200,000 order lines")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["pandas_ours", "lifetimes", "polars_ours", "polars_by_hand", "duckdb_ours", "duckdb_by_hand"])
def test_customers(benchmark, files, name):
    assert benchmark(getattr(contenders, name)(files)) > 0


@pytest.mark.benchmark(group="RFM of 200,000 customers")
@pytest.mark.parametrize("name", ["rfm_ours", "rfm_by_qcut"])
def test_rfm(benchmark, name):
    assert benchmark(getattr(contenders, name)(N_CUSTOMERS)) == 2 * N_CUSTOMERS


@pytest.mark.benchmark(group="fits of the 2,357 CDNOW customers")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("model", ["beta_geo", "pareto_nbd"])
@pytest.mark.parametrize("name", ["fit_ours", "fit_lifetimes"])
def test_purchase_models(benchmark, name, model):
    found = benchmark(getattr(contenders_purchases, name)(model))
    assert all(parameter > 0 for parameter in found["parameters"])
