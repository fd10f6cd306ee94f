"""Returns: what is netted, what counts as an order, and what enters the mean of repeat orders, on every engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crmmodels as crm
from crmmodels.data.orders import logs as order_log
from crmmodels.data.orders import plans as order_plans

# Random logs use their order ids again.
pytestmark = pytest.mark.filterwarnings("ignore::crmmodels.OrderIdWarning")

DAYS = ("2026-01-01", "2026-01-05", "2026-02-01")
MONEY = ("spend", "mean_repeat_spend")

# Few days, customers and amounts in cents, so that exact returns, returns of a day of orders and free orders are met often.
cents = st.integers(-9_999, 9_999) | st.sampled_from([0, 5_030, -5_030, -10_060, 1, -1])
row = st.tuples(st.integers(0, 3), st.integers(0, 9), cents, st.integers(0, 12))
logs = st.lists(row, min_size=1, max_size=30)


def log_of(*customers: tuple[float, ...]) -> pd.DataFrame:
    """One order or return on each of the days."""
    rows = [
        ("abcdefgh"[i], day, money) for i, amounts in enumerate(customers) for day, money in zip(DAYS, amounts, strict=False)
    ]
    return pd.DataFrame(rows, columns=["id", "date", "spend"]).assign(date=lambda frame: pd.to_datetime(frame["date"]))


def orders_of(native: Any, **roles: Any) -> crm.Orders:
    return crm.Orders(native, customer="id", time="date", amount="spend", **roles)


def test_a_first_order_that_is_returned_takes_nothing_from_the_repeat_orders(
    engine: Any, tmp_path: Path, as_pandas: Any
) -> None:
    frame = log_of((100.0, -100.0, 20.0), (-100.0, 20.0, 30.0), (10.0, -50.0, 20.0), (10.0, 20.0, -50.0), (100.1, 50.3, -150.4))
    customers = as_pandas(orders_of(engine.make(frame, tmp_path)).customers(as_of="2026-03-01")).set_index("customer_id")
    assert customers["mean_repeat_spend"].tolist() == [20.0, 30.0, 20.0, 0.0, 0.0]
    np.testing.assert_allclose(customers["spend"], [20.0, -50.0, -20.0, -20.0, 0.0], rtol=1e-12)
    assert customers["n_orders"].tolist() == [2] * 5
    assert customers["frequency"].tolist() == [1] * 5
    assert customers["days_since_last"].tolist() == [28, 28, 28, 55, 55]


@pytest.mark.filterwarnings("ignore::crmmodels.ReturnsOnlyWarning")
@settings(max_examples=25)
@given(rows=logs, with_order_id=st.booleans(), unit=st.sampled_from([100.0, 3.0]), random=st.randoms(use_true_random=False))
def test_every_engine_follows_the_rule_in_any_order_of_the_rows(
    engine: Any, tmp_path_factory: Any, as_pandas: Any, rows: list[tuple], with_order_id: bool, unit: float, random: Any
) -> None:
    """In cents and in amounts that no decimal holds; money that is all returned is 0 on every engine, not a residue."""
    shuffled = list(rows)
    random.shuffle(shuffled)
    roles = {"order_id": "order"} if with_order_id else {}
    expected = by_queue(rows, with_order_id=with_order_id)
    orders = orders_of(engine.make(frame_of(shuffled, unit), tmp_path_factory.mktemp("log")), **roles)
    if not expected:
        with pytest.raises(crm.DataError):
            orders.customers(as_of="2026-01-31")
        return
    customers = as_pandas(orders.customers(as_of="2026-01-31")).set_index("customer_id")
    assert customers["n_orders"].to_dict() == {name: facts[0] for name, facts in expected.items()}
    assert customers["frequency"].to_dict() == {name: facts[1] for name, facts in expected.items()}
    mean = {name: left / unit / max(repeats, 1) for name, (_, repeats, left) in expected.items()}
    for name, found in customers["mean_repeat_spend"].items():
        assert found == pytest.approx(mean[name], rel=1e-12, abs=0.0)


def frame_of(rows: list[tuple], unit: float) -> pd.DataFrame:
    customer, day, amount, order = (np.array(column) for column in zip(*rows, strict=True))
    date = pd.Timestamp("2026-01-01") + pd.to_timedelta(day, "D")
    return pd.DataFrame({"id": [f"c{code}" for code in customer], "date": date, "spend": amount / unit, "order": order})


def by_queue(rows: list[tuple], *, with_order_id: bool) -> dict[str, tuple[int, int, int]]:
    """Orders, order days after the first, and money left of these, of each customer with an order: a queue, in whole cents."""
    summed: dict[tuple[int, int], list[int]] = {}
    for number, (customer, day, amount, order) in enumerate(rows):
        held = summed.setdefault((customer, order if with_order_id else number), [day, 0])
        held[0], held[1] = min(held[0], day), held[1] + amount
    answer = {}
    for customer in {key[0] for key in summed}:
        log = sorted((day, money < 0, money) for (who, _), (day, money) in summed.items() if who == customer)
        days = sorted({day for day, is_return, _ in log if not is_return})
        if not days:
            continue
        queue: list[list[int]] = []
        for day, is_return, money in log:
            if not is_return:
                queue.append([day, money])
            owed = -money if is_return else 0
            for entry in queue:
                taken = min(entry[1], owed)
                entry[1], owed = entry[1] - taken, owed - taken
        left = sum(money for day, money in queue if day != days[0])
        answer[f"c{customer}"] = (sum(not is_return for _, is_return, _ in log), len(days) - 1, left)
    return answer


@pytest.mark.parametrize("kind", ["polars", "duckdb"])
def test_a_log_without_returns_is_read_once_and_customers_with_returns_twice(kind: str, monkeypatch: Any) -> None:
    n_plans = []
    of_customers = order_plans.of_customers
    monkeypatch.setattr(order_plans, "of_customers", lambda log, some: n_plans.append(len(some)) or of_customers(log, some))
    for frame, read in ((log_of((5.0, 7.0), (5.0, 8.0)), []), (log_of((5.0, 7.0), (5.0, -1.0, 9.0)), [1])):
        native = pl.from_pandas(frame).lazy() if kind == "polars" else duckdb.from_df(frame)
        orders_of(native).customers(as_of="2026-03-01")
        assert n_plans == read


def test_customers_with_returns_are_read_in_parts_that_fit_in_memory(monkeypatch: Any, as_pandas: Any) -> None:
    monkeypatch.setattr(order_log, "LINES_AT_ONCE", 4)
    frame = log_of(*((100.0 + i, -30.0 * i, 20.0 + i) for i in range(8)))
    expected = orders_of(frame).customers(as_of="2026-03-01")
    actual = as_pandas(orders_of(duckdb.from_df(frame)).customers(as_of="2026-03-01"))
    pd.testing.assert_frame_equal(actual[list(MONEY)], expected[list(MONEY)])


KEYS = {
    "enum": "id::ENUM('a', 'b')",
    "decimal": "(ascii(id) / 4)::DECIMAL(38, 2)",
    "date": "DATE '2020-01-01' + ascii(id)",
    "large": "9007199254740993 + ascii(id)",
    "text": "id || ' ''\"x'",
}


@pytest.mark.parametrize("key", KEYS)
def test_customers_with_returns_are_found_again_whatever_names_them(key: str) -> None:
    frame = log_of((100.1, -100.1, 20.0), (5.0, 7.0, -6.0))  # noqa: F841  (DuckDB finds it by its name)
    relation = duckdb.sql(f"SELECT {KEYS[key]} AS id, date, spend FROM frame")  # noqa: S608
    customers = orders_of(relation).customers(as_of="2026-03-01").order("customer_id")
    assert customers.select("mean_repeat_spend").fetchall() == [(20.0,), (6.0,)]


@pytest.mark.parametrize("kind", [pl.Categorical, pl.Enum(["a", "b"])])
def test_customers_of_polars_with_returns_are_found_again(kind: Any) -> None:
    frame = pl.from_pandas(log_of((100.1, -100.1, 20.0), (5.0, 7.0, -6.0))).with_columns(pl.col("id").cast(kind))
    for native in (frame, frame.lazy()):
        customers = orders_of(native).customers(as_of="2026-03-01").lazy().collect()
        assert customers["mean_repeat_spend"].to_list() == [20.0, 6.0]


def test_an_order_returned_under_its_number_is_free_and_no_return(engine: Any, tmp_path: Path, as_pandas: Any) -> None:
    """Summed in floating point, in some order of the rows, -0.1 - 0.2 + 0.3 is below 0."""
    frame = pd.DataFrame(
        {
            "id": ["a"] * 4,
            "date": pd.to_datetime(["2026-01-01"] * 3 + ["2026-01-09"]),
            "spend": [-0.1, -0.2, 0.3, 5.0],
            "order": [1, 1, 1, 2],
        }
    )
    for rows in ([0, 1, 2, 3], [3, 2, 1, 0]):
        native = engine.make(frame.iloc[rows], tmp_path)
        customers = as_pandas(orders_of(native, order_id="order").customers(as_of="2026-01-31"))
        assert customers[["n_orders", "frequency", "mean_repeat_spend"]].to_numpy().tolist() == [[2, 1, 5.0]]


def test_windows_begin_anew_and_holdouts_add_money_up(engine: Any, tmp_path: Path, as_pandas: Any) -> None:
    """What was ordered before the days looked at is not there to be netted."""
    orders = orders_of(engine.make(log_of((100.0, 20.0, -30.0), (50.0, -10.0, 20.0)), tmp_path))
    window = as_pandas(orders.customers(as_of="2026-03-01", window_days=58))
    assert window["customer_id"].tolist() == ["a", "b"]
    assert window["spend"].tolist() == [-10.0, 10.0]
    split = as_pandas(orders.split("2026-01-03").customers())
    assert split["spend"].tolist() == [100.0, 50.0]
    assert split["n_orders_holdout"].tolist() == [1, 1]
    assert split["spend_holdout"].tolist() == [-10.0, 10.0]


@pytest.mark.parametrize("make", [pd.DataFrame, pl.from_pandas])
def test_gamma_gamma_reads_a_log_whose_first_orders_were_returned(make: Any) -> None:
    """Two of 782 customers like these were enough for it to refuse all."""
    rng = np.random.default_rng(5)
    n, days = 300, [0, 4, 40]
    money = np.round(rng.gamma(5.0, 1.0, (3, n)) * 60.0 / rng.gamma(4.0, 1.0, n), 2)
    money[1, :5] = -money[0, :5]
    date = pd.Timestamp("2026-01-01") + pd.to_timedelta(np.repeat(days, n), "D")
    frame = pd.DataFrame({"id": np.tile(np.arange(n), 3), "date": date, "spend": money.ravel()})
    orders = orders_of(make(frame))
    assert len(crm.GammaGammaModel().fit(orders).score(orders)) == n
