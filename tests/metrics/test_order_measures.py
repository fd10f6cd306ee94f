"""Retention, churn, growth and repeats of an order log: CDNOW by brute force in pandas, every engine, and what is refused."""

from __future__ import annotations

import datetime as dt
from typing import Any

import duckdb
import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import crmmodels as crm
from crmmodels import metrics
from crmmodels.kernels.inference.proportions import wilson_interval

END = "1998-06-30"
KINDS: dict[str, Any] = {
    "pandas": (lambda frame: frame, pd.DataFrame),
    "polars": (pl.from_pandas, pl.DataFrame),
    "polars-lazy": (lambda frame: pl.from_pandas(frame).lazy(), pl.LazyFrame),
    "pyarrow": (lambda frame: pa.Table.from_pandas(frame, preserve_index=False), pa.Table),
    "duckdb": (lambda frame: duckdb.connect().from_df(frame), duckdb.DuckDBPyRelation),
}
TABLES = {
    "retention_curve": metrics.retention_curve,
    "cohort_table": metrics.cohort_table,
    "churn_rate": metrics.churn_rate,
    "growth_accounting": metrics.growth_accounting,
}


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    return crm.datasets.load_cdnow()


@pytest.fixture(scope="module")
def cdnow(log: pd.DataFrame) -> crm.Orders:
    return read(log)


def read(frame: Any, **options: Any) -> crm.Orders:
    return crm.Orders(frame, customer="customer_id", time="date", amount="spend", **options)


def small(*rows: tuple[str, str], **options: Any) -> crm.Orders:
    frame = pd.DataFrame(rows, columns=["customer_id", "date"])
    return read(frame.assign(spend=1.0), **options)


def active_sets(log: pd.DataFrame, period: str, last: str) -> dict[pd.Period, set[Any]]:
    """Customers of each period that is over, one period after the other."""
    of_order = log["date"].dt.to_period(period)
    every = pd.period_range(of_order.min(), pd.Period(last, period))
    return {one: set(log.loc[of_order == one, "customer_id"]) for one in every}


def check_limits(table: pd.DataFrame, counts: Any) -> None:
    limits = wilson_interval(np.array(counts), table["n"].to_numpy(), 0.95)
    np.testing.assert_allclose(table["lower"], limits.lower, rtol=1e-12)
    np.testing.assert_allclose(table["upper"], limits.upper, rtol=1e-12)


@pytest.mark.parametrize(("period", "freq"), [("M", "M"), ("W", "W-SUN"), ("Q", "Q")])
def test_cohorts_of_cdnow_are_those_of_a_loop(log: pd.DataFrame, cdnow: crm.Orders, period: Any, freq: str) -> None:
    last = {"M": "1998-06-30", "W": "1998-06-28", "Q": "1998-06-30"}[period]
    sets = active_sets(log, freq, last)
    cohort_of = log.groupby("customer_id")["date"].min().dt.to_period(freq)
    rows = []
    for cohort in sets:
        members = set(cohort_of.index[cohort_of == cohort])
        rows += [
            (cohort.start_time, (one - cohort).n, len(members), len(members & sets[one]))
            for one in sets
            if one >= cohort and members
        ]
    expected = pd.DataFrame(rows, columns=["cohort", "age", "n", "active"])
    table = metrics.cohort_table(cdnow, period=period, as_of=END)
    assert list(table.columns) == ["cohort", "age", "value", "lower", "upper", "n"]
    assert (table["cohort"] == expected["cohort"]).all()
    assert (table["age"] == expected["age"]).all()
    assert (table["n"] == expected["n"]).all()
    np.testing.assert_allclose(table["value"], expected["active"] / expected["n"], rtol=1e-14)
    later = table["age"] > 0
    check_limits(table[later], expected["active"][later])
    assert (table.loc[~later, ["value", "lower", "upper"]] == 1.0).all(axis=None)
    curve = metrics.retention_curve(cdnow, period=period, as_of=END)
    of_age = expected.groupby("age")[["n", "active"]].sum()
    assert curve["age"].tolist() == of_age.index.tolist()
    assert curve["n"].tolist() == of_age["n"].tolist()
    np.testing.assert_allclose(curve["value"], of_age["active"] / of_age["n"], rtol=1e-14)
    check_limits(curve[1:], of_age["active"][1:])
    assert (curve["n"] + curve["n_left_out"] == cohort_of.size).all()


@pytest.mark.parametrize("period", ["M", "Q", "Y"])
def test_flows_of_cdnow_are_those_of_sets(log: pd.DataFrame, cdnow: crm.Orders, period: Any) -> None:
    sets = active_sets(log, period, {"Y": "1997-12-31"}.get(period, END))
    rows, ever, before = [], set(), set()
    for one, now in sets.items():
        came, back, went = len(now - ever), len((now & ever) - before), len(before - now)
        rows.append((one.start_time, came, len(now & before), back, went, len(now), len(now) - len(before)))
        ever, before = ever | now, now
    names = ["period", "new", "retained", "resurrected", "churned", "active", "net"]
    expected = pd.DataFrame(rows, columns=names)
    table = metrics.growth_accounting(cdnow, period=period, as_of=END)
    assert list(table.columns) == [*names, "value", "lower", "upper", "n"]
    for name in names:
        assert table[name].tolist() == expected[name].tolist()
    assert table["value"][0] == np.inf
    gained = expected["new"] + expected["resurrected"]
    np.testing.assert_allclose(table["value"][1:], (gained / expected["churned"])[1:], rtol=1e-14)
    limits = wilson_interval(gained, table["n"], 0.95)
    np.testing.assert_allclose(table["lower"], limits.lower / (1 - limits.lower), rtol=1e-9)
    assert (table["lower"] <= table["value"]).all()
    assert (table["value"] <= table["upper"]).all()
    if period == "Y":
        with pytest.raises(crm.DataError, match=r"only one period \(Y\) is over"):
            metrics.churn_rate(cdnow, period=period, as_of=END)
        return
    churn = metrics.churn_rate(cdnow, period=period, as_of=END)
    assert churn["period"].tolist() == expected["period"].tolist()[1:]
    assert churn["n"].tolist() == expected["active"].tolist()[:-1]
    np.testing.assert_allclose(churn["value"], expected["churned"][1:].to_numpy() / expected["active"][:-1].to_numpy())
    check_limits(churn, expected["churned"][1:])


@pytest.mark.parametrize("window", [1, 30, 90, 365, 480])
def test_repeats_of_cdnow_are_those_of_a_loop(log: pd.DataFrame, cdnow: crm.Orders, window: int) -> None:
    end, start, last = pd.Timestamp(END), pd.Timestamp("1997-01-10"), pd.Timestamp("1997-03-10")
    counts = {"repeating": 0, "n": 0, "left_out": 0}
    for _, dates in log.groupby("customer_id")["date"]:
        days = sorted(set(dates))
        if not start <= days[0] <= last:
            continue
        if days[0] + pd.Timedelta(days=window) > end:
            counts["left_out"] += 1
            continue
        counts["n"] += 1
        counts["repeating"] += len(days) > 1 and (days[1] - days[0]).days <= window
    rate = metrics.repeat_rate(cdnow, window_days=window, cohort_start=start.date(), cohort_end="1997-03-10", as_of=END)
    assert (rate.n, rate.n_left_out) == (counts["n"], counts["left_out"])
    assert rate.value == counts["repeating"] / counts["n"]
    limits = wilson_interval(counts["repeating"], counts["n"], 0.95)
    assert (rate.lower, rate.upper) == (limits.lower, limits.upper)
    assert (window == 480) == (rate.n_left_out > 0)


def test_published_interval_of_a_repeat_rate() -> None:
    """45 of 100, Wilson: .356 to .548."""
    rows = [(f"c{k}", day) for k in range(100) for day in ("2024-01-01", "2024-01-20")[: 2 if k < 45 else 1]]
    rate = metrics.repeat_rate(small(*rows), window_days=30, as_of="2024-03-01")
    assert (rate.value, rate.n, round(rate.lower, 3), round(rate.upper, 3)) == (0.45, 100, 0.356, 0.548)
    change = metrics.rate_change(rate, metrics.repeat_rate(small(*rows[:90]), window_days=30, as_of="2024-03-01"))
    assert change.value == pytest.approx(0.55)


def test_the_window_ends_with_its_last_day_and_a_day_has_one_order() -> None:
    rows = [("a", "2024-01-01"), ("a", "2024-01-01"), ("a", "2024-01-31"), ("b", "2024-01-02"), ("b", "2024-01-02")]
    orders = small(*rows)
    assert metrics.repeat_rate(orders, window_days=30, as_of="2024-02-01").value == 0.5
    assert metrics.repeat_rate(orders, window_days=29, as_of="2024-02-01").value == 0.0
    censored = metrics.repeat_rate(orders, window_days=30, as_of="2024-01-31")
    assert (censored.value, censored.n, censored.n_left_out) == (1.0, 1, 1)


def test_a_period_that_is_not_over_counts_for_nothing() -> None:
    orders = small(("a", "2024-01-05"), ("a", "2024-02-10"), ("b", "2024-02-20"), ("c", "2024-03-02"))
    curve = metrics.retention_curve(orders, as_of="2024-03-30")
    assert curve[["age", "value", "n", "n_left_out"]].values.tolist() == [[0, 1, 2, 1], [1, 1, 1, 2]]
    assert len(metrics.growth_accounting(orders, as_of="2024-03-30")) == 2
    assert len(metrics.growth_accounting(orders, as_of="2024-03-31")) == 3
    over = metrics.retention_curve(orders, as_of="2024-03-31")
    assert over[["age", "value", "n"]].values.tolist() == [[0, 1, 3], [1, 0.5, 2], [2, 0, 1]]


def test_periods_without_customers() -> None:
    orders = small(("a", "2024-01-05"), ("b", "2024-04-05"), ("b", "2024-05-06"))
    churn = metrics.churn_rate(orders, as_of="2024-05-31")
    np.testing.assert_array_equal(churn["value"], [1.0, np.nan, np.nan, 0.0])
    growth = metrics.growth_accounting(orders, as_of="2024-05-31")
    np.testing.assert_array_equal(growth["value"], [np.inf, 0.0, np.nan, np.inf, np.nan])
    assert np.isnan(growth["lower"][2])
    table = metrics.cohort_table(orders, as_of="2024-05-31")
    assert table["cohort"].dt.month.tolist() == [1] * 5 + [4] * 2
    assert metrics.retention_curve(orders, as_of="2024-05-31")["n"].tolist() == [2, 2, 1, 1, 1]


def test_returns_are_no_orders() -> None:
    rows = [("a", "2024-01-05", 5.0), ("a", "2024-02-05", -5.0), ("b", "2024-01-07", 5.0), ("b", "2024-02-07", 1.0)]
    rows += [("r", "2024-01-02", -3.0)]
    for make, _ in KINDS.values():
        orders = read(make(pd.DataFrame(rows, columns=["customer_id", "date", "spend"])))
        with pytest.warns(crm.ReturnsOnlyWarning, match="1 customer with returns and no order up to 2024-02-29 left out"):
            curve = metrics.retention_curve(orders, as_of="2024-02-29")
        assert column(curve, "n") == [2, 2]
        assert column(curve, "value") == [1.0, 0.5]
        # Who is left out is said once a log.
        rate = metrics.repeat_rate(orders, window_days=40, as_of="2024-02-29")
        assert (rate.value, rate.n) == (0.5, 2)


def test_only_the_days_of_the_log_count(log: pd.DataFrame) -> None:
    bounded = read(log, after="1997-02-28", until="1998-01-31")
    part = log[(log["date"] > "1997-02-28") & (log["date"] <= "1998-01-31")]
    for measure in TABLES.values():
        pd.testing.assert_frame_equal(measure(bounded), measure(read(part), as_of="1998-01-31"))
    assert metrics.repeat_rate(bounded, window_days=60) == metrics.repeat_rate(read(part), window_days=60, as_of="1998-01-31")
    with pytest.raises(crm.ParameterError, match="as_of"):
        metrics.churn_rate(bounded, as_of="1998-02-28")


def column(answer: Any, name: str) -> list[Any]:
    frame = nw.from_native(answer)
    return (frame.collect() if isinstance(frame, nw.LazyFrame) else frame)[name].to_list()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("period", ["M", "W"])
def test_engines_agree_in_their_kind(log: pd.DataFrame, cdnow: crm.Orders, kind: str, period: Any) -> None:
    make, expected_kind = KINDS[kind]
    orders = read(make(log))
    for measure in TABLES.values():
        answer, expected = measure(orders, period=period, as_of=END), measure(cdnow, period=period, as_of=END)
        assert isinstance(answer, expected_kind)
        for name in expected:
            found = column(answer, name)
            if name in {"period", "cohort"}:
                assert [pd.Timestamp(day) for day in found] == expected[name].tolist()
            else:
                np.testing.assert_array_equal(found, expected[name])
    assert metrics.repeat_rate(orders, window_days=90) == metrics.repeat_rate(cdnow, window_days=90)


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_files_are_measured_in_place(log: pd.DataFrame, cdnow: crm.Orders, kind: str, tmp_path: Any) -> None:
    path = tmp_path / f"log.{kind}"
    getattr(log, f"to_{kind}")(path, index=False)
    orders = read(path, output="polars")
    assert isinstance(metrics.churn_rate(orders), pl.DataFrame)
    assert column(metrics.churn_rate(orders), "value") == metrics.churn_rate(cdnow)["value"].tolist()
    assert metrics.repeat_rate(orders, window_days=90) == metrics.repeat_rate(cdnow, window_days=90)


@pytest.mark.parametrize("kind", ["polars", "pyarrow", "duckdb"])
def test_orders_of_several_lines_are_on_the_day_of_the_first(kind: str) -> None:
    rows = [("a", 1, "2024-01-31", 5.0), ("a", 1, "2024-02-02", 2.0), ("a", 2, "2024-03-05", 1.0), ("b", 3, "2024-01-02", 4.0)]
    frame = pd.DataFrame(rows, columns=["customer_id", "order", "date", "spend"])
    for made in (frame, KINDS[kind][0](frame)):
        orders = read(made, order_id="order")
        assert column(metrics.retention_curve(orders, as_of="2024-03-31"), "value") == [1.0, 0.0, 0.5]
        assert metrics.repeat_rate(orders, window_days=10, as_of="2024-03-31").value == 0.0
        assert metrics.repeat_rate(orders, window_days=40, as_of="2024-03-31").value == 0.5


@pytest.mark.parametrize("name", [*TABLES, "repeat_rate"])
def test_arguments_are_checked(cdnow: crm.Orders, log: pd.DataFrame, name: str) -> None:
    measure = getattr(metrics, name)
    needed = {"window_days": 30} if name == "repeat_rate" else {}
    with pytest.raises(crm.ParameterError, match=rf"{name}\(orders=.*order log.*'DataFrame'"):
        measure(log, **needed)
    with pytest.raises(crm.ParameterError, match=rf"{name}\(level=.*got 95"):
        measure(cdnow, level=95, **needed)
    with pytest.raises(crm.ParameterError, match=rf"{name}\(as_of="):
        measure(cdnow, as_of="soon", **needed)
    with pytest.raises(crm.DataError, match="no order is left up to 1990-01-01"):
        measure(cdnow, as_of="1990-01-01", **needed)
    if name in TABLES:
        with pytest.raises(crm.ParameterError, match=rf"{name}\(period=.*got 'H'"):
            measure(cdnow, period="H")
        with pytest.raises(crm.DataError, match=r"no period \(Y\) from the first order on is over on 1997-12-30"):
            measure(cdnow, period="Y", as_of="1997-12-30")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"window_days": 0}, crm.ParameterError, "window_days=.*from 1 to 36,525; got 0"),
        ({"window_days": 30.0}, crm.ParameterError, "window_days="),
        ({"window_days": True}, crm.ParameterError, "window_days="),
        ({"window_days": 30, "cohort_start": "1997-13-01"}, crm.ParameterError, "cohort_start="),
        (
            {"window_days": 30, "cohort_start": "1997-02-01", "cohort_end": "1997-01-31"},
            crm.ParameterError,
            "at most cohort_end",
        ),
        (
            {"window_days": 900},
            crm.DataError,
            "none of 2,357 customers of the cohort was observed for 900 days until 1998-07-01",
        ),
        (
            {"window_days": 9, "cohort_start": "1998-01-01"},
            crm.DataError,
            "no customer has a first order from 1998-01-01; take",
        ),
    ],
)
def test_cohorts_and_windows_are_checked(cdnow: crm.Orders, arguments: dict[str, Any], error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        metrics.repeat_rate(cdnow, **arguments)


def test_a_triangle_of_too_many_periods_is_refused() -> None:
    orders = small(("a", "2000-01-01"), ("a", "2020-01-01"))
    with pytest.raises(crm.ParameterError, match=r"period=.*a longer one, for the log has 7,306 periods and at most 2,000"):
        metrics.cohort_table(orders, period="D", as_of=dt.date(2020, 1, 1))


@pytest.mark.parametrize("bad", [{"customer_id": None}, {"date": None}, {"spend": None}, {"spend": float("nan")}])
def test_bad_rows_of_lazy_logs_are_refused(bad: dict[str, Any]) -> None:
    rows = [
        {"customer_id": "a", "date": "2024-01-05", "spend": 1.0},
        {"customer_id": "b", "date": "2024-01-06", "spend": 1.0, **bad},
    ]
    schema = {"customer_id": pl.String, "date": pl.String, "spend": pl.Float64}
    for frame in (pl.LazyFrame(rows, schema), duckdb.connect().from_arrow(pl.DataFrame(rows, schema).to_arrow())):
        for call in (
            lambda orders: metrics.retention_curve(orders, as_of="2024-02-29"),
            lambda orders: metrics.repeat_rate(orders, window_days=3, as_of="2024-02-29"),
        ):
            with pytest.raises(crm.DataError, match="1 row without"):
                call(read(frame))


def test_all_returns_are_refused() -> None:
    frame = pd.DataFrame({"customer_id": ["a"], "date": ["2024-01-05"], "spend": [-1.0]})
    for made in (frame, pl.from_pandas(frame)):
        with pytest.raises(crm.DataError, match="all amounts up to 2024-02-29 are negative"):
            metrics.churn_rate(read(made), as_of="2024-02-29")
        with pytest.raises(crm.DataError, match="all amounts up to 2024-02-29 are negative"):
            metrics.repeat_rate(read(made), window_days=5, as_of="2024-02-29")
