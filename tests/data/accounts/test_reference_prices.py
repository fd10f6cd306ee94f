"""What a new customer would have paid and cost, against a plain loop over lines."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmmodels.data.accounts import plans as value_plans
from crmmodels.data.accounts.reference_prices import learn_benchmarks, with_benchmarks
from crmmodels.data.orders import bounded
from crmmodels.data.orders.orders import Orders
from crmmodels.exceptions import DataError

COLUMNS = ("list_price", "category", "sku", "channel", "service_cost", "quantity", "reference_price")
OVERALL = 0


def log_of(rows: list[tuple[Any, ...]], *without: str) -> pd.DataFrame:
    names = ["customer", "time", "quantity", "list_price", "amount", "category", "sku", "channel", "service_cost"]
    frame = pd.DataFrame(rows, columns=names).drop(columns=list(without))
    return frame.assign(time=pd.to_datetime(frame["time"]))


def orders(frame: Any, names: Any = None) -> Orders:
    columns = frame.columns if names is None else names
    roles = {name: name for name in COLUMNS if name in columns}
    return Orders(frame, customer="customer", time="time", amount="amount", **roles)


def lines_of(log: Orders) -> Any:
    return value_plans.with_first_orders(value_plans.value_lines(bounded.log_of(log).lines_within(), log.time_zone, None))


def priced(
    log: Orders, reference: Any = "new_customers", shrinkage: float = 20.0, learned_on: Orders | None = None
) -> pd.DataFrame:
    found = learn_benchmarks(lines_of(learned_on or log), reference, shrinkage)
    frame = with_benchmarks(lines_of(log), found, reference).collect()
    data = pd.DataFrame({name: frame[name].to_list() for name in frame.columns})
    return data.sort_values(["customer", "day", "amount", "category", "sku", "quantity"], ignore_index=True)


# Customers a and b come in January, c in February; a and b come back.
ROWS = [
    ("a", "2026-01-01", 2, 100.0, 180.0, "coffee", "c1", "web", 10.0),
    ("a", "2026-01-01", 1, 50.0, 50.0, "tea", "t1", "web", 2.0),
    ("b", "2026-01-09", 1, 100.0, 80.0, "coffee", "c2", "shop", 6.0),
    ("c", "2026-02-02", 4, 100.0, 300.0, "coffee", "c1", "web", 8.0),
    ("a", "2026-02-05", 3, 100.0, 290.0, "coffee", "c1", "web", 5.0),
    ("a", "2026-03-05", 1, 100.0, 99.0, "coffee", "c1", "app", 5.0),
    ("b", "2026-03-06", 2, 10.0, 18.0, "milk", "m1", "shop", 5.0),
    ("b", "2026-04-06", 1, 50.0, 45.0, "tea", "t1", "web", 5.0),
]
DISCOUNTED = {"coffee": {1: (3, 0.2 + 0.2), 2: (4, 1.0)}, "tea": {1: (1, 0.0)}}


def expected_discount(category: str, month: int, shrinkage: float) -> float:
    cells = [cell for months in DISCOUNTED.values() for cell in months.values()]
    overall = sum(qd for _, qd in cells) / sum(q for q, _ in cells)
    months = DISCOUNTED.get(category, {})
    units = sum(q for q, _ in months.values())
    of_category = (sum(qd for _, qd in months.values()) + shrinkage * overall) / (units + shrinkage) if units else overall
    q, qd = months.get(month, (0, 0.0))
    return (qd + shrinkage * of_category) / (q + shrinkage) if q else of_category


@pytest.mark.parametrize("shrinkage", [0.0, 1.0, 20.0, 1e6])
def test_discounts_of_new_customers_by_category_and_month(shrinkage):
    found = priced(orders(log_of(ROWS)), shrinkage=shrinkage)
    for row in found.itertuples():
        discount = expected_discount(row.category, row.month - 2026 * 12, shrinkage)
        assert row.reference == pytest.approx(row.quantity * row.list_price * (1 - discount), rel=1e-12)


def test_every_engine_finds_the_same(engine, tmp_path):
    frame = log_of(ROWS)
    here = priced(orders(engine.make(frame, tmp_path), frame.columns))
    there = priced(orders(frame))
    for name in ("reference", "new_service"):
        np.testing.assert_allclose(here[name].astype(float), there[name], rtol=1e-12)


@pytest.mark.parametrize("shrinkage", [0.0, 3.0])
def test_without_list_prices_prices_of_new_customers_by_product_and_month(shrinkage):
    found = priced(orders(log_of(ROWS, "list_price")), shrinkage=shrinkage)
    # Of c1 a bought 2 at 90 in January and c 4 at 75 in February.
    mean = 480 / 6
    expected = {
        ("c1", 1): (180 + shrinkage * mean) / (2 + shrinkage),
        ("c1", 2): (300 + shrinkage * mean) / (4 + shrinkage),
        ("c1", 3): mean,
        ("c2", 1): 80.0,
        ("t1", 1): 50.0,
        ("t1", 4): 50.0,
    }
    for row in found.itertuples():
        if row.sku == "m1":
            assert row.reference == row.amount
        else:
            price = expected[row.sku, row.month - 2026 * 12]
            assert row.reference == pytest.approx(row.quantity * price, rel=1e-12)


def test_without_list_prices_and_products_everything_is_compared_with_itself():
    found = priced(orders(log_of(ROWS, "list_price", "sku")))
    assert found["reference"].tolist() == found["amount"].tolist()


def test_one_s_own_first_discount():
    found = priced(orders(log_of(ROWS)), "own_first")
    share = {"a": 230 / 250, "b": 0.8, "c": 0.75}
    full = found["quantity"] * found["list_price"]
    assert found["reference"].to_numpy() == pytest.approx((full * found["customer"].map(share)).to_numpy(), rel=1e-12)


@pytest.mark.parametrize(("reference", "share"), [("list", 1.0), (0.0, 1.0), (0.25, 0.75), (0, 1.0)])
def test_the_list_price_and_a_share_off_it(reference, share):
    found = priced(orders(log_of(ROWS)), reference)
    full = found["quantity"] * found["list_price"]
    assert found["reference"].to_numpy() == pytest.approx((share * full).to_numpy(), rel=1e-12)


def test_prices_of_a_column():
    frame = log_of(ROWS, "list_price").assign(reference_price=np.arange(8.0))
    found = priced(orders(frame), "column")
    expected = frame.assign(reference=frame["quantity"] * frame["reference_price"]).sort_values(["customer", "time", "amount"])
    assert found["reference"].tolist() == expected["reference"].tolist()


@pytest.mark.parametrize(
    ("reference", "role"),
    [
        ("list", "list_price"),
        ("own_first", "list_price"),
        (0.1, "list_price"),
        (0.0, "list_price"),
        ("column", "reference_price"),
    ],
)
def test_references_that_the_log_cannot_give(reference, role):
    with pytest.raises(DataError) as caught:
        priced(orders(log_of(ROWS, "list_price")), reference)
    assert str(caught.value) == (
        f"CLVModel cannot read this order log:\n- price_reference={reference!r} needs the role {role}, which no column of it has"
    )


class TestService:
    def test_means_of_first_orders_by_channel(self):
        found = priced(orders(log_of(ROWS)))
        by_channel = {"web": (12.0 + 8.0) / 2, "shop": 6.0, "app": 26.0 / 3}
        assert found["new_service"].to_numpy() == pytest.approx(found["channel"].map(by_channel).to_numpy(), rel=1e-12)

    def test_without_channels_the_mean_of_all(self):
        assert priced(orders(log_of(ROWS, "channel")))["new_service"].to_numpy() == pytest.approx(26.0 / 3)

    def test_without_costs_nothing(self):
        assert priced(orders(log_of(ROWS, "service_cost")))["new_service"].eq(0.0).all()


class TestAnotherLog:
    """Benchmarks of one log, used for another."""

    LATER = (
        ("z", "2026-01-20", 1, 100.0, 100.0, "coffee", "c1", "web", 10.0),
        ("z", "2027-08-01", 1, 100.0, 70.0, "coffee", "c1", "phone", 9.0),
        ("z", "2026-02-01", 1, 30.0, 30.0, "bread", "b1", "web", 9.0),
        ("y", "2026-01-20", 5, 100.0, 100.0, "coffee", "c9", "web", 10.0),
    )

    def test_discounts_of_known_cells_else_the_category_s_else_that_of_all(self):
        found = priced(orders(log_of(list(self.LATER))), learned_on=orders(log_of(ROWS)), shrinkage=7.0)
        share = [expected_discount("coffee", 1, 7.0), expected_discount("coffee", 1, 7.0), expected_discount("bread", 2, 7.0)]
        rows = found.set_index(["customer", "category", "month"]).sort_index()
        full = rows["quantity"] * rows["list_price"]
        got = (1 - rows["reference"] / full).groupby(level=[0, 1, 2]).first()
        assert got["y", "coffee", 2026 * 12 + 1] == pytest.approx(share[0])
        assert got["z", "coffee", 2026 * 12 + 1] == pytest.approx(share[1])
        assert got["z", "bread", 2026 * 12 + 2] == pytest.approx(share[2])
        assert got["z", "coffee", 2027 * 12 + 8] == pytest.approx(expected_discount("coffee", 99, 7.0))

    def test_prices_of_known_products_else_their_own(self):
        found = priced(
            orders(log_of(list(self.LATER), "list_price")), learned_on=orders(log_of(ROWS, "list_price")), shrinkage=0.0
        )
        rows = {(row.customer, row.sku, row.month - 2026 * 12): row.reference for row in found.itertuples()}
        assert rows == {
            ("z", "c1", 1): pytest.approx(90.0),
            ("z", "c1", 20): pytest.approx(80.0),
            ("z", "b1", 2): 30.0,
            ("y", "c9", 1): 100.0,
        }

    def test_channels_that_were_unknown_cost_as_all_do(self):
        found = priced(orders(log_of(list(self.LATER))), learned_on=orders(log_of(ROWS)))
        rows = {(row.customer, row.channel, row.month - 2026 * 12): row.new_service for row in found.itertuples()}
        assert rows["z", "phone", 20] == pytest.approx(26.0 / 3)
        assert rows["z", "web", 1] == pytest.approx(10.0)

    @pytest.mark.parametrize("without", [("list_price",), ("list_price", "sku")])
    def test_discounts_are_not_taken_off_net_prices(self, without):
        """A log without list prices has none to take a discount off: it is compared with itself, or refused."""
        log = orders(log_of(list(self.LATER), *without))
        try:
            found = priced(log, learned_on=orders(log_of(ROWS)))
        except DataError:
            return
        assert found["reference"].tolist() == found["amount"].tolist()

    def test_in_every_engine(self, engine, tmp_path):
        frame = log_of(list(self.LATER))
        here = priced(orders(engine.make(frame, tmp_path), frame.columns), learned_on=orders(log_of(ROWS)))
        there = priced(orders(frame), learned_on=orders(log_of(ROWS)))
        np.testing.assert_allclose(here["reference"].astype(float), there["reference"], rtol=1e-12)
        np.testing.assert_allclose(here["new_service"].astype(float), there["new_service"], rtol=1e-12)


def test_categories_that_look_like_numbers_stay_names():
    numbered = log_of(ROWS).assign(category=[7, 10, 7, 7, 7, 7, 12, 10])
    np.testing.assert_allclose(
        priced(orders(numbered))["reference"].sort_values(), priced(orders(log_of(ROWS)))["reference"].sort_values(), rtol=1e-12
    )


def test_gifts_and_list_prices_of_zero_do_not_break_the_means():
    rows = [
        *ROWS,
        ("d", "2026-01-03", 1, 0.0, 0.0, "coffee", "g1", "web", 1.0),
        ("e", "2026-01-04", 1, 0.0, 5.0, "free", "g2", "web", 1.0),
    ]
    found = priced(orders(log_of(rows)), shrinkage=0.0)
    assert np.isfinite(found["reference"]).all()
    coffee = found[(found["category"] == "coffee") & (found["customer"] == "a") & (found["month"] == 2026 * 12 + 1)]
    assert coffee["reference"].iloc[0] == pytest.approx(200.0 * (1 - 0.4 / 3))


_LINES = st.lists(
    st.tuples(
        st.sampled_from("abcd"),
        st.integers(0, 200),
        st.integers(1, 5),
        st.sampled_from([0.0, 10.0, 25.0, 100.0]),
        st.integers(0, 130),
        st.sampled_from(["x", "y", "z"]),
    ),
    min_size=1,
    max_size=25,
)


@given(_LINES, st.sampled_from([0.0, 2.5, 20.0]))
@settings(max_examples=20)
def test_discounts_are_those_of_a_plain_loop(rows, shrinkage):
    frame = pd.DataFrame(rows, columns=["customer", "day", "quantity", "list_price", "percent", "category"])
    frame["time"] = pd.Timestamp("2025-11-20") + pd.to_timedelta(frame["day"], unit="D")
    frame["amount"] = (frame["quantity"] * frame["list_price"] * frame["percent"] / 100).round(2)
    first_day = frame.groupby("customer")["day"].transform("min")
    cells: dict[tuple[str, Any], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for row, first in zip(frame.itertuples(), first_day, strict=True):
        if row.day == first and row.list_price > 0:
            for key in ((row.category, (row.time.year, row.time.month)), (row.category, OVERALL), ("", OVERALL)):
                cells[key][0] += row.quantity
                cells[key][1] += row.quantity * (1 - row.amount / row.quantity / row.list_price)

    def mean(category: str, month: Any) -> float:
        units, sums = cells["", OVERALL]
        overall = sums / units if units else 0.0
        for key in ((category, OVERALL), (category, month)):
            units, sums = cells[key]
            overall = (sums + shrinkage * overall) / (units + shrinkage) if units else overall
        return overall

    expected = [
        row.quantity * row.list_price * (1 - mean(row.category, (row.time.year, row.time.month))) for row in frame.itertuples()
    ]
    roles = {name: name for name in ("quantity", "list_price", "category")}
    log = Orders(frame[["customer", "time", "amount", *roles]], customer="customer", time="time", amount="amount", **roles)
    found = priced(log, shrinkage=shrinkage)
    got = sorted(zip(found["customer"], found["day"].astype(str), found["amount"], found["reference"], strict=True))
    want = sorted(zip(frame["customer"], frame["time"].astype(str), frame["amount"], expected, strict=True))
    np.testing.assert_allclose([row[3] for row in got], [row[3] for row in want], rtol=1e-9, atol=1e-9)
