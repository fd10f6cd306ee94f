"""What Orders.customers says, worked out by hand and by lifetimes, for every engine."""

from __future__ import annotations

import copy
import dataclasses
import datetime as dt
import pickle
import uuid
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from duckdb import DuckDBPyRelation
from hypothesis import given, settings
from hypothesis import strategies as st

import crmmodels as crm
from crmmodels.testing.strategies import order_logs

UNITS = {"D": 1.0, "W": 7.0, "M": 30.4375, "Y": 365.25}


def log(*rows: tuple[Any, ...], columns: tuple[str, ...] = ("id", "date", "spend")) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=pd.Index(columns))
    return frame.assign(date=pd.to_datetime(frame["date"]))


SMALL = log(
    ("b", "2026-01-10 09:00", 5.0),
    ("a", "2026-01-15 12:00", 30.0),
    ("a", "2026-01-01 23:59", 10.0),
    ("a", "2026-01-15 08:00", 2.0),
    ("a", "2026-02-01 00:00", 7.0),
    ("c", "2026-02-20 10:00", 1.0),
)


def orders_of(native: Any, **roles: Any) -> crm.Orders:
    return crm.Orders(native, **{"customer": "id", "time": "date", "amount": "spend", **roles})


def reference(frame: pd.DataFrame, as_of: str, unit: str) -> pd.DataFrame:
    """Customers as lifetimes counts them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lifetimes.utils import summary_data_from_transaction_data

        return summary_data_from_transaction_data(
            frame, "id", "date", "spend", observation_period_end=as_of, freq="D", freq_multiplier=UNITS[unit]
        )


def test_customers_worked_out_by_hand(engine: Any, tmp_path: Path, as_pandas: Any) -> None:
    customers = as_pandas(orders_of(engine.make(SMALL, tmp_path)).customers(as_of="2026-02-11"))
    expected = pd.DataFrame(
        {
            "customer_id": ["a", "b"],
            "n_orders": [4, 1],
            "frequency": [2, 0],
            "age_at_last": [31.0, 0.0],
            "age": [41.0, 32.0],
            "days_since_last": [10, 32],
            "spend": [49.0, 5.0],
            "mean_repeat_spend": [(32.0 + 7.0) / 2, 0.0],
            "first_order": pd.to_datetime(["2026-01-01", "2026-01-10"]),
            "last_order": pd.to_datetime(["2026-02-01", "2026-01-10"]),
            "as_of": pd.to_datetime(["2026-02-11", "2026-02-11"]),
        }
    )
    pd.testing.assert_frame_equal(customers, expected, check_dtype=False, check_exact=True)


def test_the_answer_is_of_the_kind_that_came_in(engine: Any, tmp_path: Path) -> None:
    orders = orders_of(engine.make(SMALL, tmp_path))
    for answer in (orders.customers(), orders.panel(), orders.split("2026-01-20").customers()):
        assert type(answer) is engine.answer


def test_customers_come_sorted_and_as_eager_frames_do(engine: Any, tmp_path: Path) -> None:
    if engine.name == "duckdb":
        pytest.skip("a relation has no order")
    import narwhals as nw

    answer = nw.from_native(orders_of(engine.make(SMALL, tmp_path)).customers())
    eager = answer.collect() if isinstance(answer, nw.LazyFrame) else answer
    assert eager["customer_id"].to_list() == ["a", "b", "c"]


@pytest.mark.parametrize("unit", UNITS)
def test_cdnow_agrees_with_lifetimes(engine: Any, unit: Any, tmp_path: Path, as_pandas: Any) -> None:
    frame = crm.datasets.load_cdnow().rename(columns={"customer_id": "id"})
    expected = reference(frame, "1998-06-30", unit).rename(index=engine.key).sort_index()
    actual = as_pandas(orders_of(engine.make(frame, tmp_path)).customers(as_of="1998-06-30", unit=unit)).set_index(
        "customer_id"
    )
    assert actual.index.tolist() == expected.index.tolist()
    assert len(actual) == 2357
    assert actual["n_orders"].sum() == 6919
    for ours, theirs in (("frequency", "frequency"), ("age_at_last", "recency"), ("age", "T")):
        np.testing.assert_array_equal(actual[ours].to_numpy(dtype=float), expected[theirs].to_numpy(), err_msg=ours)
    np.testing.assert_allclose(actual["mean_repeat_spend"], expected["monetary_value"], rtol=1e-12, atol=1e-12)


@settings(max_examples=15)
@given(frame=order_logs(), after=st.integers(0, 400), unit=st.sampled_from(list(UNITS)))
def test_random_logs_agree_with_lifetimes(
    engine: Any, tmp_path_factory: Any, as_pandas: Any, frame: pd.DataFrame, after: int, unit: Any
) -> None:
    frame = frame.set_axis(["id", "date", "spend"], axis=1)
    as_of = (frame["date"].min() + pd.Timedelta(days=after)).strftime("%Y-%m-%d")
    expected = reference(frame, as_of, unit).rename(index=engine.key).sort_index()
    native = engine.make(frame, tmp_path_factory.mktemp("log"))
    actual = as_pandas(orders_of(native).customers(as_of=as_of, unit=unit)).set_index("customer_id")
    assert actual.index.tolist() == expected.index.tolist()
    for ours, theirs in (("frequency", "frequency"), ("age_at_last", "recency"), ("age", "T")):
        np.testing.assert_array_equal(actual[ours].to_numpy(dtype=float), expected[theirs].to_numpy(), err_msg=ours)
    np.testing.assert_allclose(actual["mean_repeat_spend"], expected["monetary_value"], rtol=1e-9, atol=1e-9)
    until = frame[frame["date"] <= as_of].assign(id=frame["id"].map(engine.key))
    np.testing.assert_array_equal(actual["n_orders"], until.groupby("id").size())
    np.testing.assert_allclose(actual["spend"], until.groupby("id")["spend"].sum(), rtol=1e-12, atol=1e-9)


def test_as_of_defaults_to_the_day_after_the_last_order(engine: Any, tmp_path: Path, as_pandas: Any) -> None:
    customers = as_pandas(orders_of(engine.make(SMALL, tmp_path)).customers())
    assert customers["as_of"].unique().tolist() == [pd.Timestamp("2026-02-21")]
    assert customers["days_since_last"].tolist() == [20, 42, 1]


@pytest.mark.parametrize(
    "as_of",
    ["2026-02-11", dt.date(2026, 2, 11), dt.datetime(2026, 2, 11), pd.Timestamp("2026-02-11"), np.datetime64("2026-02-11")],
)
def test_as_of_is_a_date_of_any_type(as_of: Any) -> None:
    assert orders_of(SMALL).customers(as_of=as_of)["days_since_last"].tolist() == [10, 32]


def test_as_of_is_inclusive_and_nothing_after_it_leaks_in(engine: Any, tmp_path: Path, as_pandas: Any) -> None:
    later = log(("a", "2026-02-12 00:00", 1e6), ("z", "2026-02-12 00:00", 1e6))
    whole = as_pandas(orders_of(engine.make(pd.concat([SMALL, later]), tmp_path)).customers(as_of="2026-02-11"))
    pd.testing.assert_frame_equal(whole, as_pandas(orders_of(SMALL).customers(as_of="2026-02-11")), check_dtype=False)
    on_the_day = orders_of(SMALL).customers(as_of="2026-02-01")
    assert on_the_day.set_index("customer_id").loc["a", "days_since_last"] == 0


def test_a_window_counts_only_its_days(engine: Any, tmp_path: Path, as_pandas: Any) -> None:
    orders = orders_of(engine.make(SMALL, tmp_path))
    customers = as_pandas(orders.customers(as_of="2026-02-11", window_days=28)).set_index("customer_id")
    assert customers["n_orders"].to_dict() == {"a": 3}
    assert customers.loc["a", "first_order"] == pd.Timestamp("2026-01-15")
    assert as_pandas(orders.customers(as_of="2026-02-11", window_days=27))["n_orders"].tolist() == [1]


def test_ages_are_exact_in_any_unit(engine: Any, tmp_path: Path, as_pandas: Any) -> None:
    orders = orders_of(engine.make(SMALL, tmp_path))
    for unit, days in UNITS.items():
        customers = as_pandas(orders.customers(as_of="2026-02-11", unit=unit))  # type: ignore[arg-type]
        assert customers["age"].tolist() == [41 / days, 32 / days]
        assert customers["age_at_last"].tolist() == [31 / days, 0.0]
        assert customers["days_since_last"].tolist() == [10, 32]


def test_without_amounts_there_are_no_money_columns(engine: Any, tmp_path: Path, as_pandas: Any) -> None:
    orders = orders_of(engine.make(SMALL, tmp_path), amount=None)
    customers = as_pandas(orders.customers(as_of="2026-02-11"))
    assert [name for name in customers if "spend" in name] == []
    assert customers["n_orders"].tolist() == [4, 1]
    assert "spend" not in as_pandas(orders.panel())
    assert "spend_holdout" not in as_pandas(orders.split("2026-01-20").customers())


def test_lines_of_one_order_count_once_on_the_day_of_the_first(engine: Any, tmp_path: Path, as_pandas: Any) -> None:
    frame = log(
        ("a", "2026-01-02", 1.0, "x"),
        ("a", "2026-01-01", 2.0, "x"),
        ("a", "2026-01-05", 3.0, "y"),
        ("b", "2026-01-05", 4.0, "x"),
        columns=("id", "date", "spend", "order"),
    )
    customers = as_pandas(orders_of(engine.make(frame, tmp_path), order_id="order").customers(as_of="2026-01-10"))
    assert customers["n_orders"].tolist() == [2, 1]
    assert customers["age"].tolist() == [9.0, 5.0]
    assert customers["spend"].tolist() == [6.0, 4.0]
    assert customers["mean_repeat_spend"].tolist() == [3.0, 0.0]


def test_returns_lower_the_spend_but_are_no_orders(engine: Any, tmp_path: Path, as_pandas: Any) -> None:
    frame = log(
        ("a", "2026-01-01", -3.0),
        ("a", "2026-01-02", 10.0),
        ("a", "2026-01-09", 4.0),
        ("a", "2026-01-20", -6.0),
        ("b", "2026-01-03", 8.0),
        ("b", "2026-01-04", -9.0),
    )
    customers = as_pandas(orders_of(engine.make(frame, tmp_path)).customers(as_of="2026-01-31")).set_index("customer_id")
    assert customers["n_orders"].to_dict() == {"a": 2, "b": 1}
    assert customers["frequency"].to_dict() == {"a": 1, "b": 0}
    assert customers["spend"].to_dict() == {"a": 5.0, "b": -1.0}
    assert customers["days_since_last"].to_dict() == {"a": 22, "b": 28}
    assert customers["age_at_last"].to_dict() == {"a": 7.0, "b": 0.0}
    # Of the 6 returned at last all is of the first order; the 3 returned before it are of none.
    assert customers["mean_repeat_spend"].to_dict() == {"a": 4.0, "b": 0.0}


def test_customers_who_only_returned_are_left_out_with_a_warning(engine: Any, tmp_path: Path, as_pandas: Any) -> None:
    frame = log(("a", "2026-01-01", 10.0), ("b", "2026-01-02", -4.0), ("c", "2026-01-02", -1.5))
    orders = orders_of(engine.make(frame, tmp_path))
    with pytest.warns(crm.ReturnsOnlyWarning) as caught:
        customers = as_pandas(orders.customers(as_of="2026-01-31"))
    assert customers["customer_id"].tolist() == ["a"]
    message = str(caught[0].message)
    assert message.startswith("2 customers with returns and no order up to 2026-01-31 left out (such as ['")
    assert message.endswith(", total -5.50)")


def test_duplicates_are_kept_dropped_or_refused_as_asked(engine: Any, tmp_path: Path, as_pandas: Any) -> None:
    twice = pd.concat([SMALL, SMALL.iloc[[1, 1]]], ignore_index=True)
    native = engine.make(twice, tmp_path)
    kept = as_pandas(orders_of(native).customers())
    with pytest.warns(crm.DuplicatesWarning, match="2 rows repeating another in every column left out"):
        dropped = as_pandas(orders_of(native, duplicates="drop").customers())
    assert kept["n_orders"].tolist() == [6, 1, 1]
    assert dropped["n_orders"].tolist() == [4, 1, 1]
    with pytest.raises(crm.DataError) as caught:
        orders_of(native, duplicates="refuse")
    first, problem = str(caught.value).splitlines()
    assert first == "Orders cannot read this order log:"
    assert problem.startswith("- 2 rows repeating another in every column (such as (customer='a', time=")
    assert problem.endswith("); duplicates='drop' removes them, 'keep' counts each as an order")


def test_a_log_without_duplicates_is_not_refused(engine: Any, tmp_path: Path, as_pandas: Any) -> None:
    customers = orders_of(engine.make(SMALL, tmp_path), duplicates="refuse").customers()
    assert as_pandas(customers)["n_orders"].tolist() == [4, 1, 1]


@pytest.mark.parametrize("keys", [[3, 1, 2], ["3", "1", "2"], [3.5, 1.5, 2.5]], ids=["int", "text", "float"])
def test_customers_keep_the_type_of_their_ids(engine: Any, keys: list[Any], tmp_path: Path, as_pandas: Any) -> None:
    frame = log(*((key, "2026-01-01", 1.0) for key in keys))
    assert as_pandas(orders_of(engine.make(frame, tmp_path)).customers())["customer_id"].tolist() == sorted(
        map(engine.key, keys)
    )


def test_the_input_stays_as_it_was(engine: Any, tmp_path: Path) -> None:
    native = engine.make(SMALL, tmp_path)
    orders = orders_of(native)
    orders.customers()
    orders.panel()
    orders.split("2026-01-20").customers()
    again = engine.make(SMALL, tmp_path)
    if isinstance(native, pd.DataFrame):
        pd.testing.assert_frame_equal(native, again)
    elif engine.name in {"polars", "pyarrow"}:
        assert native.equals(again)
    elif engine.name == "duckdb":
        assert native.fetchall() == again.fetchall()
    with pytest.raises(AttributeError):
        orders.amount = "other"  # type: ignore[misc]


def test_categorical_ids_and_an_index_of_any_kind_do_no_harm() -> None:
    frame = SMALL.assign(id=SMALL["id"].astype("category")).set_axis([5, 5, 5, 1, 1, 0])
    customers = orders_of(frame).customers(as_of="2026-02-11")
    assert customers["customer_id"].astype(str).tolist() == ["a", "b"]
    assert customers["n_orders"].tolist() == [4, 1]


def test_roles_become_canonical_columns(engine: Any, tmp_path: Path) -> None:
    import narwhals as nw

    frame = SMALL.assign(shop="web", other=1)
    orders = orders_of(engine.make(frame, tmp_path), channel="shop")
    assert orders.roles == {"customer": "id", "time": "date", "amount": "spend", "channel": "shop"}
    assert list(nw.from_native(orders.lines()).collect_schema()) == ["customer", "time", "amount", "channel"]


def test_the_repr_says_kind_size_roles_and_bounds() -> None:
    orders = orders_of(SMALL)
    assert repr(orders) == "Orders(pandas, 6 lines; customer='id', time='date', amount='spend')"
    assert repr(orders.split("2026-01-20").holdout) == (
        "Orders(pandas, 6 lines; customer='id', time='date', amount='spend'; after 2026-01-20 until 2026-02-20)"
    )


@pytest.mark.parametrize(
    ("output", "kind"),
    [
        (None, pd.DataFrame),
        ("pandas", pd.DataFrame),
        ("polars", pl.DataFrame),
        ("pyarrow", pa.Table),
        ("duckdb", DuckDBPyRelation),
    ],
)
def test_files_are_answered_in_the_kind_asked_for(output: Any, kind: type, tmp_path: Path, as_pandas: Any) -> None:
    SMALL.to_parquet(tmp_path / "log.parquet")
    orders = orders_of(tmp_path / "log.parquet", output=output)
    for answer in (orders.customers(), orders.panel(), orders.split("2026-01-20").customers()):
        assert type(answer) is kind
    assert as_pandas(orders.customers())["n_orders"].tolist() == [4, 1, 1]
    assert as_pandas(orders.panel())["n_orders"].sum() == 6


def test_files_give_pandas_the_types_of_a_frame_in_memory(tmp_path: Path) -> None:
    SMALL.to_parquet(tmp_path / "log.parquet")
    by_file, in_memory = orders_of(tmp_path / "log.parquet").customers(), orders_of(SMALL).customers()
    pd.testing.assert_frame_equal(by_file, in_memory, check_exact=True)


def test_models_read_an_order_log_of_any_kind(engine: Any, tmp_path: Path) -> None:
    model = crm.RFMModel(n_bins=2, segments="eight")
    expected = model.fit(orders_of(SMALL)).score(orders_of(SMALL))
    assert expected.index.name == "customer_id"
    actual = model.fit(orders_of(engine.make(SMALL, tmp_path))).score(orders_of(engine.make(SMALL, tmp_path)))
    assert type(actual) is engine.answer


def test_a_part_of_a_log_shows_and_counts_nothing_after_its_end(engine: Any, tmp_path: Path, as_pandas: Any) -> None:
    orders = orders_of(engine.make(SMALL, tmp_path))
    split = orders.split("2026-01-20")
    assert len(as_pandas(split.calibration.lines(), "customer")) == 4
    assert len(as_pandas(split.holdout.lines(), "customer")) == 2
    with pytest.raises(crm.ParameterError) as caught:
        split.calibration.customers(as_of="2026-06-01")
    assert str(caught.value) == "customers(as_of=...) must be at most 2026-01-20, where this log ends; got '2026-06-01'."


def test_bounds_are_arguments_too(engine: Any, tmp_path: Path, as_pandas: Any) -> None:
    native = engine.make(SMALL, tmp_path)
    part = orders_of(native, after="2026-01-01", until="2026-01-20")
    customers = as_pandas(part.customers())
    assert customers[["customer_id", "n_orders", "days_since_last"]].to_numpy().tolist() == [["a", 2, 5], ["b", 1, 10]]
    again = dataclasses.replace(part, duplicates="drop")
    assert as_pandas(again.customers())["n_orders"].tolist() == [2, 1]


@pytest.mark.parametrize("kind", ["pandas", "pyarrow", "parquet"])
def test_logs_and_their_parts_can_be_pickled_and_copied(kind: str, tmp_path: Path, as_pandas: Any) -> None:
    if kind == "parquet":
        SMALL.to_parquet(tmp_path / "log.parquet")
    native = {"pandas": SMALL, "pyarrow": pa.Table.from_pandas(SMALL), "parquet": tmp_path / "log.parquet"}[kind]
    calibration = orders_of(native).split("2026-01-20").calibration
    for again in (pickle.loads(pickle.dumps(calibration)), copy.deepcopy(calibration), copy.copy(calibration)):
        pd.testing.assert_frame_equal(as_pandas(again.customers()), as_pandas(calibration.customers()))


def test_one_log_of_files_serves_many_threads(tmp_path: Path) -> None:
    SMALL.to_parquet(tmp_path / "log.parquet")
    orders = orders_of(tmp_path / "log.parquet")
    expected = orders.customers()
    with ThreadPoolExecutor(4) as pool:
        for actual in pool.map(lambda _: orders.customers(), range(12)):
            pd.testing.assert_frame_equal(actual, expected)


def test_equal_money_is_equal_in_any_order_of_the_rows() -> None:
    cdnow = crm.datasets.load_cdnow(sample=False).rename(columns={"customer_id": "id"})
    expected = orders_of(cdnow).customers()
    for seed in range(2):
        actual = orders_of(cdnow.sample(frac=1.0, random_state=seed)).customers()
        pd.testing.assert_frame_equal(actual, expected, check_exact=True)
    cents = np.rint(expected["spend"] * 100)
    assert expected.groupby(cents)["spend"].nunique().max() == 1


@pytest.mark.parametrize("n_bins", [5, 50])
def test_customers_of_equal_money_share_a_score_whatever_summed_it(n_bins: int) -> None:
    cdnow = crm.datasets.load_cdnow(sample=False).rename(columns={"customer_id": "id"})
    expected = None
    for native in (cdnow, pl.from_pandas(cdnow)):
        customers = orders_of(native).customers()
        scores = crm.RFMModel(n_bins=n_bins).fit(customers).score(customers)
        money, score = (np.asarray(frame[name].to_list()) for frame, name in ((customers, "spend"), (scores, "m_score")))
        by_cents = pd.Series(score).groupby(np.rint(money * 100))
        assert by_cents.nunique().max() == 1
        expected = score if expected is None else expected
        np.testing.assert_array_equal(score, expected)


def test_a_panel_warns_of_customers_who_only_returned(engine: Any, tmp_path: Path) -> None:
    frame = log(("a", "2026-01-01", 10.0), ("b", "2026-01-02", -4.0))
    with pytest.warns(crm.ReturnsOnlyWarning) as caught:
        orders_of(engine.make(frame, tmp_path)).panel(as_of="2026-01-31")
    assert str(caught[0].message) == "1 customer with returns and no order up to 2026-01-31 left out"
    assert caught[0].filename == __file__


def test_warnings_point_to_the_line_of_the_user() -> None:
    frame = log(("a", "2026-01-01", 10.0), ("b", "2026-01-02", -4.0))
    for call in (orders_of(frame).customers, lambda: crm.ABCModel().fit(orders_of(frame))):
        with pytest.warns(crm.ReturnsOnlyWarning) as caught:
            call()
        assert caught[0].filename == __file__


def test_the_types_of_a_split_do_not_depend_on_the_data(engine: Any, tmp_path: Path) -> None:
    import narwhals as nw

    orders = orders_of(engine.make(SMALL, tmp_path))
    full, empty = (orders.split("2026-01-20", until=until).customers() for until in ("2026-02-20", "2026-01-21"))
    assert nw.from_native(full).collect_schema() == nw.from_native(empty).collect_schema()


@pytest.mark.parametrize("keys", [[uuid.UUID(int=2), uuid.UUID(int=1)], pd.array(["b", "a"], dtype="string[pyarrow]")])
def test_ids_of_one_type_are_taken_whatever_it_is(keys: Any) -> None:
    frame = pd.DataFrame({"id": keys, "date": pd.to_datetime(["2026-01-01"] * 2), "spend": 1.0})
    assert orders_of(frame).customers()["customer_id"].tolist() == sorted(keys)


def test_the_last_day_of_the_calendar_is_a_day() -> None:
    frame = pd.DataFrame({"id": [1], "date": ["9999-12-31"], "spend": [1.0]})
    assert orders_of(frame).customers()["days_since_last"].tolist() == [0]


@pytest.mark.parametrize("output", ["pandas", "duckdb"])
def test_logs_and_models_of_relations_take_turns(output: Any, tmp_path: Path) -> None:
    SMALL.to_parquet(tmp_path / "log.parquet")
    relation = duckdb.connect().from_df(SMALL)
    by_file = orders_of(tmp_path / "log.parquet", output=output)
    table = duckdb.connect().from_df(crm.RFMModel.example(n_customers=20, seed=0))
    model = crm.RFMModel().fit(table)
    calls = [
        lambda: orders_of(relation).customers(),
        lambda: orders_of(relation).panel(),
        by_file.customers,
        lambda: by_file.split("2026-01-20").customers(),
        lambda: model.score(table),
        lambda: model.segment(table),
    ] * 5
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda call: call(), calls))
    assert len(answers) == len(calls)


def test_what_an_engine_cannot_read_is_refused(tmp_path: Path) -> None:
    rows = "\n".join(f"{i},2020-01-01,1.5" for i in range(60_000))
    (tmp_path / "log.csv").write_text(f"id,date,spend\n{rows}\n5,2020-01-03,oops\n")
    with pytest.raises(crm.DataError, match="cannot read it: "):
        orders_of(pl.scan_csv(tmp_path / "log.csv", infer_schema_length=100)).customers()
    with pytest.raises(
        crm.DataError, match=r"is no plain number .* log\.csv line 60002: \(customer='5', time='2020-01-03', amount='oops'"
    ):
        orders_of(tmp_path / "log.csv").customers()
