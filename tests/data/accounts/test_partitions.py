"""A log read in parts gives what it gives in one piece, and too little memory is said."""

from __future__ import annotations

import warnings
from typing import Any

import duckdb
import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmmodels.data.accounts import partitions as account_parts
from crmmodels.data.accounts.accounts import Accounts, accounts_of
from crmmodels.data.accounts.customer_base import CustomerBase
from crmmodels.data.accounts.referrals import CustomerCosts, Referrals
from crmmodels.data.orders.orders import Orders
from crmmodels.exceptions import DataError, ReturnsOnlyWarning

# Random logs use their order ids again.
pytestmark = pytest.mark.filterwarnings("ignore::crmmodels.OrderIdWarning")

ROLES = {name: name for name in ("quantity", "list_price", "unit_cost", "category", "channel", "service_cost")}


def log_of(n_lines: int, n_customers: int, seed: int = 0) -> pd.DataFrame:
    """Orders of several lines and days, returns among them, customers named by text."""
    rng = np.random.default_rng(seed)
    customer = rng.integers(0, n_customers, n_lines)
    sign = np.where(rng.random(n_lines) < 0.1, -1, 1)
    quantity = rng.integers(1, 4, n_lines)
    price = rng.choice([5.0, 20.0, 40.0], n_lines)
    return pd.DataFrame(
        {
            "customer": [f"c{code}" for code in customer],
            "time": np.datetime64("2025-01-01T08:00", "us") + rng.integers(0, 400 * 24, n_lines).astype("timedelta64[h]"),
            "order_id": [f"{code}-{number}" for code, number in zip(customer, rng.integers(0, 5, n_lines), strict=True)],
            "amount": sign * np.round(quantity * price * rng.uniform(0.7, 1.0, n_lines), 2),
            "quantity": quantity,
            "list_price": price,
            "unit_cost": 0.5 * price,
            "category": rng.choice(["coffee", "tea", "milk"], n_lines),
            "channel": rng.choice(["web", "shop"], n_lines),
            "service_cost": np.where(sign > 0, np.round(rng.uniform(0.0, 3.0, n_lines), 2), 0.0),
        }
    )


def orders(native: Any, *, with_ids: bool = True, **options: Any) -> Orders:
    roles = {**ROLES, "order_id": "order_id"} if with_ids else ROLES
    return Orders(native, customer="customer", time="time", amount="amount", **roles, **options)


def made(base: CustomerBase | Orders, reference: Any = "new_customers") -> Accounts:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ReturnsOnlyWarning)
        return accounts_of(
            CustomerBase(base) if isinstance(base, Orders) else base,
            unit="W",
            discount_rate=0.0003,
            margin=None,
            price_reference=reference,
            shrinkage=20.0,
        )


def table(found: Accounts) -> pd.DataFrame:
    frame = pd.DataFrame({name: found.frame[name].to_list() for name in found.frame.columns})
    return frame.sort_values("customer_id", ignore_index=True)


@pytest.fixture(params=["files", "relation", "polars"])
def lazy(request, tmp_path) -> Any:
    """Makes what can be read in parts of a frame."""

    def make(frame: pd.DataFrame) -> Any:
        if request.param == "polars":
            return pl.from_pandas(frame).lazy()
        frame.to_parquet(tmp_path / "log.parquet", index=False)
        path = str(tmp_path / "log.parquet")
        return path if request.param == "files" else duckdb.connect().read_parquet(path)

    return make


class TestParts:
    """Every customer is in one part."""

    @pytest.mark.parametrize("reference", ["new_customers", "own_first", "list"])
    @pytest.mark.parametrize("with_ids", [True, False])
    def test_in_parts_and_in_one_piece(self, lazy, monkeypatch, reference, with_ids):
        frame = log_of(600, 60)
        whole = table(made(orders(frame, with_ids=with_ids), reference))
        one_piece = table(made(orders(lazy(frame), with_ids=with_ids), reference))
        monkeypatch.setattr(account_parts, "LINES_AT_ONCE", 90)
        in_parts = table(made(orders(lazy(frame), with_ids=with_ids), reference))
        pd.testing.assert_frame_equal(in_parts, one_piece, check_dtype=False, rtol=1e-11, atol=1e-9)
        pd.testing.assert_frame_equal(in_parts, whole, check_dtype=False, rtol=1e-11, atol=1e-9)

    def test_with_links_and_a_period(self, lazy, monkeypatch):
        frame = log_of(600, 60).assign(amount=lambda f: f["amount"].abs())
        first = frame.groupby("customer")["time"].min().sort_values()
        by, whom = first.index[0], first.index[-1]
        referrals = Referrals(pd.DataFrame({"by": [by], "whom": [whom]}), referrer="by", referee="whom")
        costs = CustomerCosts(pd.DataFrame({"id": [by], "paid": [15.0]}), customer="id", cost="paid")
        whole = made(CustomerBase(orders(frame, until="2025-12-31"), referrals, costs))
        monkeypatch.setattr(account_parts, "LINES_AT_ONCE", 100)
        in_parts = made(CustomerBase(orders(lazy(frame), until="2025-12-31"), referrals, costs))
        here, there = table(in_parts), table(whole)
        assert here["referrer_id"].dropna().tolist() == there["referrer_id"].dropna().tolist() == [by]
        numbers = [name for name in here if name != "referrer_id"]
        pd.testing.assert_frame_equal(here[numbers], there[numbers], check_dtype=False, rtol=1e-11, atol=1e-9)
        assert (in_parts.n_above_list, in_parts.n_below_cost) == (whole.n_above_list, whole.n_below_cost)

    def test_customers_with_returns_alone_are_warned_of_once(self, lazy, monkeypatch):
        frame = log_of(400, 40)
        back = frame["customer"].isin(["c1", "c2", "c3"])
        frame.loc[back, "amount"] = -frame.loc[back, "amount"].abs()
        monkeypatch.setattr(account_parts, "LINES_AT_ONCE", 50)
        with pytest.warns(ReturnsOnlyWarning) as caught:
            accounts_of(
                CustomerBase(orders(lazy(frame), with_ids=False)),
                unit="W",
                discount_rate=0.0,
                margin=None,
                price_reference="list",
                shrinkage=0.0,
            )
        assert [str(item.message)[:37] for item in caught] == ["3 customers with returns and no order"]

    @pytest.mark.parametrize("amount", [-1.0, None])
    def test_what_cannot_be_read_in_one_piece_cannot_be_in_parts(self, lazy, monkeypatch, amount):
        frame = log_of(200, 20).assign(amount=amount).astype({"amount": float})
        with pytest.raises(DataError) as there:
            made(orders(lazy(frame)))
        monkeypatch.setattr(account_parts, "LINES_AT_ONCE", 50)
        with pytest.raises(DataError) as here:
            made(orders(lazy(frame)))
        assert here.value.problems == there.value.problems

    @given(st.integers(1, 9), st.integers(0, 2**32 - 1))
    @settings(max_examples=15)
    def test_parts_hold_every_line_once_and_no_customer_twice(self, n_parts, seed):
        frame = log_of(80, 12, seed)
        lines: Any = nw.from_native(pl.from_pandas(frame).lazy())
        parts = [part.collect() for part in account_parts.parts_of(lines, n_parts)]
        assert sum(map(len, parts)) == len(frame)
        customers = [set(part["customer"].to_list()) for part in parts]
        assert sum(map(len, customers)) == len(set.union(*customers)) == frame["customer"].nunique()

    def test_frames_in_memory_are_one_part(self):
        lines = nw.from_native(log_of(50, 5)).lazy()
        assert account_parts.n_parts_of(lines, 10**9) == 1

    def test_long_logs_have_more_parts(self):
        lines: Any = nw.from_native(pl.from_pandas(log_of(50, 5)).lazy())
        at_once = account_parts.LINES_AT_ONCE
        found = [account_parts.n_parts_of(lines, n) for n in (0, 1, at_once, at_once + 1, 5 * at_once)]
        assert found == [1, 1, 1, 2, 5]


def test_too_little_memory_is_said_with_what_to_do(tmp_path):
    log_of(200_000, 100_000).to_parquet(tmp_path / "log.parquet", index=False)
    relation = duckdb.connect(config={"memory_limit": "8MB"}).read_parquet(str(tmp_path / "log.parquet"))
    lines: Any = nw.from_native(relation)
    with pytest.raises(DataError, match="CLVModel cannot read this order log:") as caught:
        account_parts.collected(lines.group_by("customer", "order_id").agg(nw.col("amount").sum()))
    (problem,) = caught.value.problems
    assert "Out of Memory" in problem
    assert "\n" not in problem
    assert problem.endswith("; raise memory_limit=, lower threads=, or free space for what DuckDB puts aside on disk")


def test_the_model_says_it_too(tmp_path):
    log_of(200_000, 100_000).to_parquet(tmp_path / "log.parquet", index=False)
    with pytest.raises(DataError, match="Out of Memory"):
        made(orders(str(tmp_path / "log.parquet"), memory_limit="8MB"))


def test_what_duckdb_cannot_read_is_said_in_its_words(tmp_path):
    pd.DataFrame({"x": ["1", "two"]}).to_parquet(tmp_path / "log.parquet", index=False)
    relation = duckdb.connect().read_parquet(str(tmp_path / "log.parquet")).project("CAST(x AS INTEGER) AS x")
    lines: Any = nw.from_native(relation)
    with pytest.raises(DataError, match="duckdb cannot read it: Conversion Error"):
        account_parts.collected(lines)
