"""Order logs and customers of any size, seeded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

LINES_PER_CUSTOMER = 10
LINES_PER_FILE = 10_000_000
DAYS = 730
FIRST_DAY = np.datetime64("2024-01-01", "us")


def order_lines(n_lines: int, n_customers: int, seed: int) -> pd.DataFrame:
    """Lines in random order: customers of gamma-distributed activity, days over two years, amounts in cents."""
    rng = np.random.default_rng(seed)
    activity = np.cumsum(rng.gamma(1.0, 1.0, n_customers))
    customer = np.searchsorted(activity, rng.random(n_lines) * activity[-1])
    minutes = rng.integers(0, DAYS * 24 * 60, n_lines).astype("timedelta64[m]")
    spend = np.round(rng.gamma(2.0, 20.0, n_lines), 2)
    return pd.DataFrame({"id": customer, "date": FIRST_DAY + minutes, "spend": spend})


def order_files(n_lines: int, folder: Path) -> str:
    """Glob over Parquet files of a log, written once, of at most ten million lines each."""
    target = folder / f"orders-{n_lines}"
    if not target.exists():
        partial = folder / f"orders-{n_lines}-partial"
        partial.mkdir(parents=True, exist_ok=True)
        for number, start in enumerate(range(0, n_lines, LINES_PER_FILE)):
            part = order_lines(min(LINES_PER_FILE, n_lines - start), n_lines // LINES_PER_CUSTOMER, seed=number)
            part.to_parquet(partial / f"{number:03d}.parquet", index=False)
        partial.rename(target)
    return str(target / "*.parquet")


def customers(n_customers: int, seed: int = 0) -> pd.DataFrame:
    """What RFM reads of each customer."""
    rng = np.random.default_rng(seed)
    n_orders = 1 + rng.poisson(rng.gamma(1.0, 3.0, n_customers))
    return pd.DataFrame(
        {
            "customer_id": np.arange(n_customers),
            "days_since_last": np.floor(rng.exponential(90.0, n_customers)).astype(np.int64),
            "n_orders": n_orders,
            "spend": np.round(n_orders * rng.lognormal(3.0, 0.7, n_customers), 2),
        }
    )
