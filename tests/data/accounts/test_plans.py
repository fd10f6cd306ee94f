"""Lines of an order log with what they are worth: first orders, months, costs, oddities, in every engine."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import pytest

from crmmodels.data.accounts import plans as value_plans
from crmmodels.data.accounts.accounts import money_lines
from crmmodels.data.orders.bounded import log_of
from crmmodels.data.orders.orders import Orders

ROLES = {
    "customer": "who",
    "time": "when",
    "amount": "paid",
    "order_id": "order",
    "quantity": "n",
    "list_price": "full",
    "unit_cost": "cost",
    "category": "kind",
    "sku": "article",
    "channel": "way",
    "service_cost": "service",
}
LOG = pd.DataFrame(
    [
        # a: two orders on the first day, the second of which is later; tea comes back from the first order in February.
        ("a", "2026-01-01 09:00", 90.0, "a1", 1, 100.0, 60.0, "coffee", "c1", "web", 10.0),
        ("a", "2026-01-01 09:00", 40.0, "a1", 1, 50.0, 20.0, "tea", "t1", "web", 0.0),
        ("a", "2026-01-01 17:00", 190.0, "a2", 2, 100.0, 60.0, "coffee", "c1", "shop", 6.0),
        ("a", "2026-02-03 08:00", -40.0, "a1", 1, 50.0, 20.0, "tea", "t1", "web", 0.0),
        ("a", "2026-03-01 08:00", 25.0, "a3", 1, 20.0, 30.0, "milk", "m1", "web", 2.0),
        # b: a return of what was bought before the log began, then the first order.
        ("b", "2026-01-02 08:00", -100.0, "b0", 1, 100.0, 60.0, "coffee", "c1", "web", 0.0),
        ("b", "2026-01-05 08:00", 50.0, "b1", 1, 50.0, 20.0, "tea", "t1", "shop", 4.0),
        # c: a return alone.
        ("c", "2026-01-06 08:00", -50.0, "c0", 1, 50.0, 20.0, "tea", "t1", "shop", 0.0),
        # d: a gift.
        ("d", "2026-01-31 23:59", 0.0, "d1", 1, 50.0, 20.0, "tea", "t1", "app", 1.0),
    ],
    columns=["who", "when", "paid", "order", "n", "full", "cost", "kind", "article", "way", "service"],
)
LOG["when"] = pd.to_datetime(LOG["when"])


def orders(native: Any, *left_out: str) -> Orders:
    return Orders(native, **{role: column for role, column in ROLES.items() if role not in left_out})


def lines_of(log: Orders, margin: float | None = None) -> Any:
    return value_plans.with_first_orders(money_lines(log, margin).lines)


def collected(plan: Any, *by: str) -> pd.DataFrame:
    frame = plan.collect()
    data = pd.DataFrame({name: frame[name].to_list() for name in frame.columns})
    return data.sort_values(list(by), ignore_index=True)


@pytest.fixture
def log(engine, tmp_path) -> Orders:
    return orders(engine.make(LOG, tmp_path))


def test_first_orders_are_the_first_bought_and_their_returns_belong_to_them(log):
    found = collected(lines_of(log), "customer", "stamp", "order", "category")
    assert found["customer"].unique().tolist() == ["a", "b", "d"]
    rows = [
        (row.customer, row.order, row.category, bool(row.is_first), bool(row.in_first), row.quantity, row.cost)
        for row in found.itertuples()
    ]
    assert rows == [
        ("a", "a1", "coffee", True, True, 1, 60),
        ("a", "a1", "tea", True, True, 1, 20),
        ("a", "a2", "coffee", False, True, 2, 120),
        ("a", "a1", "tea", True, True, -1, -20),
        ("a", "a3", "milk", False, False, 1, 30),
        ("b", "b0", "coffee", False, False, -1, -60),
        ("b", "b1", "tea", True, True, 1, 20),
        ("d", "d1", "tea", True, True, 1, 20),
    ]


def test_months_are_those_in_which_the_order_was_placed(log):
    found = collected(lines_of(log), "customer", "stamp", "order", "category")
    months = (found["month"] - 2026 * 12).tolist()
    assert months == [1, 1, 1, 1, 3, 1, 1, 1]


def test_without_order_ids_a_day_is_an_order(engine, tmp_path):
    found = collected(lines_of(orders(engine.make(LOG, tmp_path), "order_id")), "customer", "stamp", "order", "category")
    assert found["is_first"].tolist() == [True, True, True, False, False, False, True, True]
    assert found["in_first"].tolist() == [True, True, True, True, False, False, True, True]
    assert (found["month"] - 2026 * 12).tolist() == [1, 1, 1, 2, 3, 1, 1, 1]


@pytest.mark.parametrize(("margin", "share"), [(None, 0.0), (0.25, 0.75), (1.0, 0.0)])
def test_without_unit_costs_a_share_of_the_amount_is_cost(engine, tmp_path, margin, share):
    found = collected(
        lines_of(orders(engine.make(LOG, tmp_path), "unit_cost"), margin), "customer", "stamp", "order", "category"
    )
    assert found["cost"].to_numpy() == pytest.approx(share * found["amount"].to_numpy(), abs=1e-12)


def test_known_unit_costs_count_before_a_margin(log):
    assert collected(lines_of(log, 0.5), "customer", "stamp", "order", "category")["cost"].tolist() == [
        60,
        20,
        120,
        -20,
        30,
        -60,
        20,
        20,
    ]


def test_without_the_other_roles_nothing_is_known(engine, tmp_path):
    log = Orders(engine.make(LOG[["who", "when", "paid"]], tmp_path), customer="who", time="when", amount="paid")
    found = collected(lines_of(log), "customer", "stamp", "order", "amount")
    assert set(found["quantity"]) == {-1.0, 1.0}
    assert (np.sign(found["quantity"]) == np.where(found["amount"] < 0, -1, 1)).all()
    assert set(found["category"]) == set(found["sku"]) == set(found["channel"]) == {""}
    assert found["in_first"].all()
    assert found["cost"].eq(0).all()
    assert found["service"].eq(0).all()
    assert "list_price" not in found
    assert "has_sku" not in found


def test_a_negative_quantity_is_a_return_like_a_negative_amount(engine, tmp_path):
    """Logs write returns as -1 unit, or as one unit for a negative amount; both are one unit back."""
    both = LOG.assign(n=np.where(LOG["paid"] < 0, -LOG["n"], LOG["n"]))
    here = collected(lines_of(orders(engine.make(both, tmp_path))), "customer", "stamp", "order", "category")
    there = collected(lines_of(orders(LOG)), "customer", "stamp", "order", "category")
    pd.testing.assert_frame_equal(here[["quantity", "cost", "amount"]], there[["quantity", "cost", "amount"]])


@pytest.mark.parametrize("missing", [None, np.nan], ids=["None", "NaN"])
def test_missing_categories_are_one_category_of_their_own(engine, tmp_path, missing):
    frame = LOG.assign(kind=LOG["kind"].astype(object).where(LOG["kind"] != "tea", missing))
    frame["kind"] = frame["kind"].astype("str" if engine.name == "duckdb" else object)
    found = collected(lines_of(orders(engine.make(frame, tmp_path))), "customer", "stamp", "order")
    assert set(found["category"]) == {"coffee", "milk", ""}


def test_categories_of_any_type_are_names(tmp_path):
    frame = LOG.assign(kind=pd.Categorical(LOG["kind"]), way=pd.Categorical(LOG["way"]), article=np.arange(len(LOG)))
    found = collected(lines_of(orders(frame)), "customer", "stamp", "order", "category")
    assert found["category"].tolist() == ["coffee", "tea", "coffee", "tea", "milk", "coffee", "tea", "tea"]
    assert set(map(type, found["sku"])) == {str}


def test_missing_members_of_a_categorical_are_no_name(tmp_path):
    frame = LOG.assign(kind=pd.Categorical(LOG["kind"].where(LOG["kind"] != "milk")))
    assert set(collected(lines_of(orders(frame)), "customer", "stamp", "order", "category")["category"]) == {
        "coffee",
        "tea",
        "",
    }


def test_oddities_are_counted(log):
    lines = log_of(log).lines_within()
    counts = collected(value_plans.counted(lines.lazy() if isinstance(lines, nw.DataFrame) else lines), "n_lines").iloc[0]
    assert counts["n_lines"] == 9
    assert counts["n_returns"] == 3
    assert counts["n_above_list"] == 1
    assert counts["n_below_cost"] == 1
    assert counts.filter(like="missing_").eq(0).all()


@pytest.mark.parametrize("role", ["quantity", "list_price", "unit_cost", "service_cost"])
def test_missing_numbers_are_counted(engine, tmp_path, role):
    frame = LOG.astype({ROLES[role]: float})
    frame.loc[[0, 4], ROLES[role]] = np.nan
    log = orders(engine.make(frame, tmp_path))
    lines = log_of(log).lines_within()
    counts = collected(value_plans.counted(lines.lazy() if isinstance(lines, nw.DataFrame) else lines), "n_lines").iloc[0]
    assert counts[f"missing_{role}"] == 2
    assert counts.filter(like="missing_").sum() == 2


def test_cells_of_discounts_hold_first_orders_and_every_month(log):
    found = collected(value_plans.discount_cells(lines_of(log)), "category", "month")
    found["month"] -= 2026 * 12
    rows = [tuple(row) for row in found.to_numpy().tolist()]
    assert rows == [
        ("coffee", 1, 1.0, pytest.approx(0.1)),
        ("milk", 3, 0.0, 0.0),
        # Half a unit of a's tea, none of b's, and all of the gift to d.
        ("tea", 1, 3.0, pytest.approx(0.2 + 0.0 + 1.0)),
    ]


def test_cells_of_prices_hold_first_orders_and_every_month(log):
    found = collected(value_plans.price_cells(lines_of(log)), "sku", "month")
    found["month"] -= 2026 * 12
    assert [tuple(row) for row in found.to_numpy().tolist()] == [
        ("c1", 1, 1.0, 90.0),
        ("m1", 3, 0.0, 0.0),
        ("t1", 1, 3.0, 90.0),
    ]


def test_service_of_first_orders_by_channel(log):
    found = collected(value_plans.service_cells(lines_of(log)), "channel")
    assert [tuple(row) for row in found.to_numpy().tolist()] == [("app", 1, 1.0), ("shop", 1, 4.0), ("web", 1, 10.0)]


def test_a_new_customer_s_service_is_shared_by_the_lines_bought_and_returns_cost_nothing():
    """Order o: two lines of coffee, one of them back the same day, and one of tea: each line bought is half of the order."""
    rows = [
        ("z", "2026-01-01", 10.0, "first", "coffee"),
        ("z", "2026-02-01", 10.0, "o", "coffee"),
        ("z", "2026-02-01", -10.0, "o", "coffee"),
        ("z", "2026-02-01", 10.0, "o", "tea"),
        ("z", "2026-03-01", -10.0, "o", "tea"),
    ]
    frame = pd.DataFrame(rows, columns=["who", "when", "paid", "order", "kind"]).assign(
        when=lambda f: pd.to_datetime(f["when"])
    )
    log = Orders(frame, customer="who", time="when", amount="paid", order_id="order", category="kind")
    lines = lines_of(log).with_columns(nw.col("amount").alias("reference"), nw.lit(12.0).alias("new_service"))
    found = collected(value_plans.parts_of_orders(lines), "day", "in_first")
    served = {(str(row.day)[:10], bool(row.in_first)): row.served for row in found.itertuples()}
    assert served["2026-02-01", False] + served["2026-02-01", True] == pytest.approx(12.0)
    assert served["2026-03-01", False] == 0.0
    assert served["2026-02-01", True] == pytest.approx(6.0)


def test_text_dates(engine, tmp_path):
    frame = LOG.assign(when=LOG["when"].dt.strftime("%Y-%m-%d"))
    here = collected(lines_of(orders(engine.make(frame, tmp_path))), "customer", "stamp", "order", "category")
    assert here["is_first"].tolist() == [True, True, False, True, False, False, True, True]


def test_zoned_times_count_by_their_local_day():
    zoned = LOG.assign(when=LOG["when"].dt.tz_localize("Asia/Shanghai"))
    here = collected(lines_of(orders(zoned)), "customer", "stamp", "order", "category")
    assert (here["month"] - 2026 * 12).tolist() == [1, 1, 1, 1, 3, 1, 1, 1]
    there = collected(
        lines_of(orders(zoned.assign(when=zoned["when"] + pd.Timedelta("1min")))), "customer", "stamp", "category"
    )
    assert (there["month"] - 2026 * 12).tolist() == [1, 1, 1, 1, 3, 1, 1, 2]


def test_facts_of_orders_leave_returns_out(log):
    plan = value_plans.order_facts(value_plans.value_lines(log_of(log).lines_within(), None, None))
    found = collected(plan, "customer", "day")
    rows = [(row.customer, str(row.day)[:10], row.amount, row.quantity, row.service, row.full) for row in found.itertuples()]
    assert rows == [
        ("a", "2026-01-01", 320.0, 4.0, 16.0, 350.0),
        ("a", "2026-03-01", 25.0, 1.0, 2.0, 20.0),
        ("b", "2026-01-05", 50.0, 1.0, 4.0, 50.0),
    ]


def test_of_two_orders_of_the_first_day_the_earlier_is_the_first(engine, tmp_path):
    """Whatever they are called."""
    when = pd.to_datetime(["2026-01-01 09:00", "2026-01-01 17:00"])
    frame = pd.DataFrame({"who": ["c", "c"], "when": when, "paid": [10.0, 20.0], "order": ["z", "a"]})
    log = Orders(engine.make(frame, tmp_path), customer="who", time="when", amount="paid", order_id="order")
    found = collected(lines_of(log), "amount")
    assert found["is_first"].tolist() == [True, False]


@pytest.mark.parametrize("has_returns", [True, False])
def test_an_order_that_goes_on_in_the_next_month_is_of_the_month_in_which_it_began(engine, tmp_path, has_returns):
    when = pd.to_datetime(["2026-01-31 23:50", "2026-02-01 00:10", "2026-02-05 09:00"])
    frame = pd.DataFrame({"who": ["a", "a", "a"], "when": when, "paid": [1.0, 2.0, 3.0], "order": ["x", "x", "y"]})
    log = Orders(engine.make(frame, tmp_path), customer="who", time="when", amount="paid", order_id="order")
    lines = money_lines(log, None).lines
    found = collected(value_plans.with_first_orders(lines, has_returns=has_returns), "amount")
    assert (found["month"] - 2026 * 12).tolist() == [1, 1, 2]
    firsts = collected(value_plans.lines_of_first_orders(lines, has_returns=has_returns), "amount")
    assert (firsts["month"] - 2026 * 12).tolist() == [1, 1]


def test_lines_of_first_orders_are_those_that_say_so(log):
    lines = money_lines(log, None).lines
    columns = ["customer", "order", "category", "amount", "month", "is_first"]
    whole = collected(value_plans.with_first_orders(lines), *columns)[columns]
    found = collected(value_plans.lines_of_first_orders(lines), *columns)[columns]
    pd.testing.assert_frame_equal(found, whole[whole["is_first"]].reset_index(drop=True), check_dtype=False)
