"""Repeat business in two parts: repetition of the first order, and growth of spending."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from crmmodels.data.accounts.customer_base import CustomerBase
from crmmodels.data.accounts.referrals import CustomerCosts
from crmmodels.data.orders.orders import Orders
from crmmodels.data.simulate import RetailerParameters, simulate_retailer
from crmmodels.exceptions import ParameterError
from crmmodels.models.clv.model import CLVModel

ROLES = ("order_id", "quantity", "list_price", "unit_cost", "category", "sku", "channel", "service_cost")
HAND = pd.DataFrame(
    {
        "id": ["A", "A", "A", "B"],
        "date": pd.to_datetime(["2026-01-01", "2026-02-01", "2026-03-01", "2026-01-10"]),
        "kind": ["coffee", "coffee", "tea", "coffee"],
        "q": [1, 2, 1, 1],
        "list": [100.0, 100.0, 50.0, 100.0],
        "paid": [90.0, 190.0, 50.0, 90.0],
        "cost": [60.0, 60.0, 20.0, 60.0],
        "service": [10.0, 6.0, 6.0, 10.0],
    }
)
HAND_ROLES = {"quantity": "q", "list_price": "list", "unit_cost": "cost", "category": "kind", "service_cost": "service"}


def hand(frame: Any = HAND) -> Orders:
    return Orders(frame, customer="id", time="date", amount="paid", **HAND_ROLES)


def orders(lines: Any, **options: Any) -> Orders:
    return Orders(lines, customer="customer_id", time="date", amount="amount", **{role: role for role in ROLES} | options)


def test_by_hand():
    """A's first coffee has a base of 90 - 60 - 10 = 20; the second, of two packs, one of 50: 20 repeated and 30 of growth. Tea is clv3."""
    found = CLVModel(discount_rate_annual=0.0).growth(hand())
    assert found.columns.tolist() == ["clv2a_realised", "clv2b_realised"]
    assert found.loc["A"].tolist() == pytest.approx([20.0, 30.0])
    assert found.loc["B"].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("kind", ["polars", "pyarrow", "duckdb"])
def test_in_every_engine(kind):
    make: dict[str, Any] = {
        "polars": pl.from_pandas,
        "pyarrow": lambda frame: pa.Table.from_pandas(frame, preserve_index=False),
        "duckdb": lambda frame: duckdb.connect().from_df(frame),
    }
    answer = CLVModel(discount_rate_annual=0.0).growth(hand(make[kind](HAND)))
    assert type(answer) is type(make[kind](HAND))
    frame = {"polars": "to_pandas", "pyarrow": "to_pandas", "duckdb": "df"}[kind]
    found = getattr(answer, frame)().set_index("customer_id").sort_index()
    assert found.loc["A"].tolist() == pytest.approx([20.0, 30.0])


@pytest.mark.parametrize("rate", [0.0, 0.15])
@pytest.mark.parametrize("returns", [0.0, 0.2])
def test_both_parts_are_clv2(rate, returns):
    retailer = simulate_retailer(200, 7, parameters=RetailerParameters(return_share=returns))
    events = CustomerCosts(retailer.service_costs, customer="customer_id", cost="cost", time="date")
    base = CustomerBase(orders(retailer.lines), service_costs=events)
    model = CLVModel(n_draws=2, discount_rate_annual=rate).fit(base)
    parts, found = model.components(base), model.growth(base)
    assert found.index.equals(parts.index)
    np.testing.assert_allclose(found.sum(axis=1), parts["clv2_realised"], rtol=1e-9, atol=1e-9)
    assert (found["clv2b_realised"] < 0).any()
    assert (found["clv2b_realised"] > 0).any()


def test_against_the_lines_of_explain():
    """Repetition is the base of the first order, as `explain` lists it, times the discounts of later orders with a line of its categories."""
    lines = simulate_retailer(80, 12).lines
    log, model = orders(lines), CLVModel(discount_rate_annual=0.1)
    found = model.growth(log)
    for customer in lines["customer_id"].drop_duplicates().head(25):
        rows = model.explain(log, customer)
        first = rows[rows["component"] == "clv1"]
        level = (first["reference"] - first["cost"] - first["new_service"]).sum()
        later = rows[rows["component"] == "clv2"].drop_duplicates("order_id")
        assert found.loc[customer, "clv2a_realised"] == pytest.approx(
            level * later["discount_factor"].sum(), rel=1e-9, abs=1e-9
        )


def test_who_repeats_the_first_order_does_not_grow():
    days = pd.date_range("2025-01-01", periods=6, freq="31D")
    log = pd.DataFrame({"id": "A", "date": days, "paid": 10.0, "q": 1, "list": 10.0, "cost": 4.0, "kind": "x", "service": 1.0})
    found = CLVModel(discount_rate_annual=0.2, price_reference="list").growth(hand(log))
    assert found.loc["A", "clv2a_realised"] > 25
    assert abs(found.loc["A", "clv2b_realised"]) < 1e-9


def test_accounts_are_refused():
    with pytest.raises(ParameterError, match="an order log"):
        CLVModel().growth(CLVModel.example(10, 1))
