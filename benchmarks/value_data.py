"""Logs of a simulated retailer of any size, and referral forests, seeded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

# Of this many customers a referred part more come, and about 8.4 lines are drawn per customer who was not referred.
AT_ONCE = 115_000
LINES_PER_CUSTOMER = 8.45
ROLES = {
    "customer": "customer_id",
    "time": "date",
    "amount": "amount",
    "order_id": "order_id",
    "quantity": "quantity",
    "list_price": "list_price",
    "unit_cost": "unit_cost",
    "category": "category",
    "channel": "channel",
    "service_cost": "service_cost",
}
TABLES = ("referrals", "acquisition_costs")


@dataclass(frozen=True, slots=True)
class RetailFiles:
    """Where the logs of a retailer lie.

    Attributes
    ----------
    lines : str
        Glob over Parquet files of order lines.
    tables : dict of str to str
        Parquet file of each further table.
    """

    lines: str
    tables: dict[str, str]


def retail_files(n_lines: int, folder: Path) -> RetailFiles:
    """Logs of a retailer with about so many lines, written once; every part has customers, orders and referrals of its own."""
    from crmmodels.data.simulate import simulate_retailer

    target = folder / f"retailer-{n_lines}"
    if not target.exists():
        partial = folder / f"retailer-{n_lines}-partial"
        (partial / "lines").mkdir(parents=True, exist_ok=True)
        wanted, tables = round(n_lines / LINES_PER_CUSTOMER), {name: list[pd.DataFrame]() for name in TABLES}
        n_before = n_orders_before = 0
        for number, start in enumerate(range(0, wanted, AT_ONCE)):
            drawn = simulate_retailer(min(AT_ONCE, wanted - start), number)
            lines = drawn.lines[list(ROLES.values())]
            lines = lines.assign(customer_id=lines["customer_id"] + n_before, order_id=lines["order_id"] + n_orders_before)
            shuffled = np.random.default_rng(number).permutation(len(lines))
            lines.iloc[shuffled].to_parquet(partial / "lines" / f"{number:03d}.parquet", index=False)
            for name, columns in (("referrals", ("referrer", "referee")), ("acquisition_costs", ("customer_id",))):
                table = getattr(drawn, name)
                tables[name].append(table.assign(**{column: table[column] + n_before for column in columns}))
            n_before, n_orders_before = int(drawn.truth.index.max()) + 1 + n_before, int(lines["order_id"].max()) + 1
        for name, parts in tables.items():
            pd.concat(parts, ignore_index=True).to_parquet(partial / f"{name}.parquet", index=False)
        partial.rename(target)
    return RetailFiles(str(target / "lines" / "*.parquet"), {name: str(target / f"{name}.parquet") for name in TABLES})


def forest(kind: str, n_customers: int) -> Any:
    """Who referred each customer: a random tenth by earlier ones, everybody by a random earlier one, or one chain."""
    rng = np.random.default_rng(0)
    earlier = np.maximum(np.arange(n_customers) - 1, 0)
    if kind == "chain":
        referrer = earlier
    else:
        referrer = (rng.random(n_customers) * np.maximum(np.arange(n_customers), 1)).astype(np.int64)
        if kind == "tenth":
            referrer[rng.random(n_customers) > 0.1] = -1
    referrer[0] = -1
    return referrer
