"""The lines behind one customer's numbers add up to them; repeat business is repetition of the first order, and growth."""

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
from crmmodels.exceptions import DataError, ParameterError
from crmmodels.models.clv.model import CLVModel

COLUMNS = [
    "day", "order_id", "channel", "component", "amount", "cost", "service", "reference", "new_service", "discount_factor", "base", "saving", "premium",
]  # fmt: skip
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


@pytest.fixture(scope="module")
def lines() -> pd.DataFrame:
    return simulate_retailer(60, 11).lines


def orders(frame: Any, **options: Any) -> Orders:
    roles = ("order_id", "quantity", "list_price", "unit_cost", "category", "sku", "channel", "service_cost")
    return Orders(frame, customer="customer_id", time="date", amount="amount", **{name: name for name in roles} | options)


def hand(frame: Any = HAND) -> Orders:
    return Orders(frame, customer="id", time="date", amount="paid", **HAND_ROLES)


@pytest.mark.parametrize("reference", ["new_customers", "own_first", "list", 0.2])
@pytest.mark.parametrize("rate", [0.0, 0.15])
def test_lines_add_up_to_the_accounts(lines, reference, rate):
    model = CLVModel(price_reference=reference, discount_rate_annual=rate)
    base = CustomerBase(orders(lines))
    accounts = model.accounts(base).set_index("customer_id")
    busiest = accounts.sort_values("frequency").index[[-1, -5, 0]]
    for customer in busiest:
        found, account = model.explain(base, customer), accounts.loc[customer]
        assert found.columns.tolist() == COLUMNS
        by = found.groupby("component")["base"].sum()
        assert by.get("clv1", 0.0) == pytest.approx(account["first_contribution"], rel=1e-9)
        assert by.get("clv2", 0.0) == pytest.approx(account["base_same"], rel=1e-9, abs=1e-9)
        assert by.get("clv3", 0.0) == pytest.approx(account["base_new"], rel=1e-9, abs=1e-9)
        assert found["saving"].sum() == pytest.approx(account["saving"], rel=1e-9, abs=1e-9)
        assert found["premium"].sum() == pytest.approx(account["premium"], rel=1e-9, abs=1e-9)
        own = lines[lines["customer_id"] == customer]
        for name, money in (
            ("amount", own["amount"]),
            ("cost", own["quantity"] * own["unit_cost"]),
            ("service", own["service_cost"]),
        ):
            assert found[name].sum() == pytest.approx(money.sum(), rel=1e-9)


def test_each_row_explains_itself(lines):
    model = CLVModel(discount_rate_annual=0.1)
    base = orders(lines)
    customer = lines["customer_id"].value_counts().index[0]
    found = model.explain(base, customer)
    later = found["component"] != "clv1"
    factor = found["discount_factor"]
    np.testing.assert_allclose(found["premium"], np.where(later, factor * (found["amount"] - found["reference"]), 0.0))
    np.testing.assert_allclose(found["saving"], np.where(later, factor * (found["new_service"] - found["service"]), 0.0))
    whole = found["base"] + found["saving"] + found["premium"]
    np.testing.assert_allclose(whole, factor * (found["amount"] - found["cost"] - found["service"]), rtol=1e-9, atol=1e-9)
    end = pd.Timestamp(base.customers()["as_of"].iloc[0])
    np.testing.assert_allclose(factor, 1.1 ** ((end - found["day"]).dt.days / 365.25), rtol=1e-12)
    assert found["day"].is_monotonic_increasing
    assert found.index.equals(pd.RangeIndex(1, len(found) + 1, name="line"))
    assert not found.duplicated(["day", "order_id", "channel", "component"]).any()


def test_columns_are_those_of_the_roles(lines):
    customer = lines["customer_id"].iloc[0]
    found = CLVModel().explain(Orders(lines, customer="customer_id", time="date", amount="amount"), customer)
    assert found.columns.tolist() == [name for name in COLUMNS if name not in {"order_id", "channel"}]


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow", "duckdb"])
def test_in_every_engine(lines, kind):
    plain = lines.astype({"sku": str, "category": str, "channel": str})
    make: dict[str, Any] = {
        "pandas": lambda frame: frame,
        "polars": pl.from_pandas,
        "pyarrow": lambda frame: pa.Table.from_pandas(frame, preserve_index=False),
        "duckdb": lambda frame: duckdb.connect().from_df(frame),
    }
    customer = int(lines["customer_id"].value_counts().index[0])
    there = CLVModel().explain(orders(plain), customer)
    here = CLVModel().explain(orders(make[kind](plain)), customer)
    by = ["day", "component", "amount"]
    numbers = COLUMNS[4:]
    np.testing.assert_allclose(
        here.sort_values(by)[numbers].astype(float), there.sort_values(by)[numbers].astype(float), rtol=1e-9, atol=1e-9
    )


def test_names_of_customers_may_be_numpy_s(lines):
    customer = lines["customer_id"].iloc[0]
    assert isinstance(customer, np.integer)
    assert len(CLVModel().explain(orders(lines), customer)) == len(CLVModel().explain(orders(lines), int(customer)))


@pytest.mark.parametrize("customer", [10**9, "nobody", None])
def test_strangers_are_refused(lines, customer):
    with pytest.raises(DataError) as caught:
        CLVModel().explain(orders(lines), customer)
    assert str(caught.value) == (
        f"explain cannot read this order log:\n- customer {customer!r} has no order in it; give the name of one who has"
    )


@pytest.mark.parametrize("kind", ["polars", "duckdb"])
def test_strangers_of_another_type_are_refused_in_other_engines(lines, kind):
    plain = lines.astype({"sku": str, "category": str, "channel": str})
    native = pl.from_pandas(plain) if kind == "polars" else duckdb.connect().from_df(plain)
    with pytest.raises(DataError, match="customer 'nobody' has no order in it"):
        CLVModel().explain(orders(native), "nobody")


def test_it_takes_orders_not_tables(lines):
    with pytest.raises(ParameterError) as caught:
        CLVModel().explain(lines, 0)
    assert str(caught.value) == (
        "CLVModel(data=...) must be an order log (crm.Orders) or a customer base (crm.CustomerBase); got 'DataFrame'."
    )


def test_benchmarks_are_those_of_the_fit(lines):
    cheap = lines.assign(amount=lines["amount"] * 0.9)
    model = CLVModel(n_draws=2).fit(orders(lines))
    customer = lines["customer_id"].value_counts().index[0]
    here, there = model.explain(orders(lines), customer), model.explain(orders(cheap), customer)
    np.testing.assert_allclose(here["reference"], there["reference"], rtol=1e-12)


def test_growth_by_hand():
    """A's first coffee has a base of 90 - 60 - 10 = 20; the second, of two packs, one of 50: 20 repeated and 30 of growth. Tea is clv3."""
    found = CLVModel(discount_rate_annual=0.0).growth(hand())
    assert found.columns.tolist() == ["clv2a_realised", "clv2b_realised"]
    assert found.loc["A"].tolist() == pytest.approx([20.0, 30.0])
    assert found.loc["B"].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("kind", ["polars", "pyarrow", "duckdb"])
def test_growth_in_every_engine(kind):
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
def test_both_parts_of_growth_are_clv2(rate, returns):
    retailer = simulate_retailer(200, 7, parameters=RetailerParameters(return_share=returns))
    events = CustomerCosts(retailer.service_costs, customer="customer_id", cost="cost", time="date")
    base = CustomerBase(orders(retailer.lines), service_costs=events)
    model = CLVModel(n_draws=2, discount_rate_annual=rate).fit(base)
    parts, found = model.components(base), model.growth(base)
    assert found.index.equals(parts.index)
    np.testing.assert_allclose(found.sum(axis=1), parts["clv2_realised"], rtol=1e-9, atol=1e-9)
    assert (found["clv2b_realised"] < 0).any()
    assert (found["clv2b_realised"] > 0).any()


def test_growth_against_the_lines_of_explain():
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


def test_accounts_have_no_growth():
    with pytest.raises(ParameterError, match="an order log"):
        CLVModel().growth(CLVModel.example(10, 1))
