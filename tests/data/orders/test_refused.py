"""Every order log or date that is refused, for the full text of the refusal."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest

import crmmodels as crm

FRAME = pd.DataFrame(
    {
        "id": ["a", "b", "c", "d"],
        "date": pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"]),
        "spend": [1.0, 2.0, 3.0, 4.0],
    }
)
KINDS = "pandas, Polars (eager or lazy), PyArrow or DuckDB"


def orders_of(native: Any = FRAME, **roles: Any) -> crm.Orders:
    return crm.Orders(native, **{"customer": "id", "time": "date", "amount": "spend", **roles})


def refusal_of(native: Any, **roles: Any) -> str:
    """The refusal, at construction for frames in memory, at the first reading otherwise."""
    with pytest.raises(crm.DataError) as caught:
        orders_of(native, **roles).customers()
    return str(caught.value)


def report(*problems: str, subject: str = "order log") -> str:
    return "\n".join([f"Orders cannot read this {subject}:", *(f"- {problem}" for problem in problems)])


def test_misspelt_columns_are_all_named_with_what_was_meant(engine: Any, tmp_path: Path) -> None:
    native = engine.make(FRAME, tmp_path)
    assert refusal_of(native, customer="idd", amount="spnd") == report(
        "column 'idd' (customer: who bought) is missing; it has ['id', 'date', 'spend']; did you mean 'id'?",
        "column 'spnd' (amount: money of the line; negative for a return) is missing; it has ['id', 'date', 'spend']; "
        "did you mean 'spend'?",
    )
    with pytest.raises(crm.DataError) as caught:
        crm.Orders(native, customer="ID", time="Date_")
    assert [line[-4:] for line in str(caught.value).splitlines()[1:]] == ["id'?", "te'?"]


def test_a_missing_column_like_no_other_gets_no_guess() -> None:
    assert refusal_of(FRAME, time="zzz") == report("column 'zzz' (time: when) is missing; it has ['id', 'date', 'spend']")


def test_text_amounts_are_refused(engine: Any, tmp_path: Path) -> None:
    frame = FRAME.assign(spend=["1", "twelve", "3", "4"])
    expected = "column 'spend' (amount) must be numeric; it is String such as '1': convert it first"
    if engine.name == "csv":  # every value is text there
        expected = (
            "1 row whose amount (column 'spend') is no plain number like '-1234.50', give decimal=',' where a comma stands "
            "before decimals (or '.' where thousands are grouped), or correct them first; log.csv line 3: (customer='b', time='2026-01-02', amount='twelve')"
        )
    assert refusal_of(engine.make(frame, tmp_path)) == report(expected)


def test_boolean_amounts_are_refused() -> None:
    assert refusal_of(FRAME.assign(spend=[True, False, True, True])) == report(
        "column 'spend' (amount) must be numeric; it is Boolean such as True: convert it first"
    )


def test_customers_missing_in_three_rows_are_counted_and_shown(engine: Any, tmp_path: Path) -> None:
    frame = FRAME.assign(id=["a", None, None, None])
    expected = report(
        "3 rows without a customer (column 'id'), drop or correct them first; rows 1, 2, 3: "
        "(customer=missing, time=2026-01-02 00:00:00, amount=2.0); (customer=missing, time=2026-01-03 00:00:00, amount=3.0); "
        "(customer=missing, time=2026-01-04 00:00:00, amount=4.0)"
    )
    if not engine.lazy():
        assert refusal_of(engine.make(frame, tmp_path)) == expected
        return
    # A lazy engine has no row numbers, and shows the rows in an order of its own.
    message = refusal_of(engine.make(frame, tmp_path))
    head, _, examples = message.partition(" first; ")
    assert head + " first" == expected.partition("; rows")[0]
    rows = re.sub(r"such as | 00:00:00|'|[a-z.]*(csv line|parquet row) [0-9]: ", "", examples)
    assert sorted(rows.split("; ")) == [f"(customer=missing, time=2026-01-0{day}, amount={day}.0)" for day in (2, 3, 4)]
    places = {
        "csv": [f"log.csv line {n}" for n in (3, 4, 5)],
        "parquet": ["a.parquet row 1", "b.parquet row 0", "b.parquet row 1"],
    }
    assert all(place in examples for place in places.get(engine.name, ()))


def test_every_problem_of_the_rows_is_reported_at_once(engine: Any, tmp_path: Path) -> None:
    frame = FRAME.assign(
        id=["a", None, "c", "d"], date=FRAME["date"].where([True, True, False, True]), spend=[1.0, 2.0, np.inf, np.nan]
    )
    lines = refusal_of(engine.make(frame, tmp_path)).splitlines()
    infinite = (
        "whose amount (column 'spend') is no plain number like '-1234.50'"
        if engine.name == "csv"
        else "with an infinite amount (column 'spend')"
    )
    assert [re.split(r", (drop|give decimal)", line)[0] for line in lines] == [
        "Orders cannot read this order log:",
        "- 1 row without a customer (column 'id')",
        "- 1 row without a time (column 'date')",
        f"- 1 row {infinite}",
        "- 1 row without an amount (column 'spend')",
    ]


def test_a_lazy_log_with_bad_rows_is_refused_by_every_call_that_reads_it() -> None:
    lazy = pl.from_pandas(FRAME.assign(spend=[1.0, None, 3.0, 4.0])).lazy()
    for read in (crm.Orders.customers, crm.Orders.panel, lambda orders: orders.split("2026-01-02").customers()):
        with pytest.raises(crm.DataError, match="1 row without an amount"):
            read(orders_of(lazy))


@pytest.mark.parametrize("role", [{}, {"order_id": "order"}], ids=["lines", "orders"])
def test_a_bad_line_is_not_hidden_by_its_order(role: dict[str, str]) -> None:
    frame = FRAME.assign(id="a", order=1, spend=[1.0, None, 3.0, 4.0])
    for native in (frame, pl.from_pandas(frame).lazy(), duckdb.from_df(frame)):
        assert "1 row without an amount (column 'spend')" in refusal_of(native, **role)
    dates = frame.assign(spend=1.0, date=FRAME["date"].where([True, True, False, True]))
    for native in (dates, pl.from_pandas(dates).lazy(), duckdb.from_df(dates)):
        assert "1 row without a time (column 'date')" in refusal_of(native, **role)


def test_integers_are_never_taken_for_dates(engine: Any, tmp_path: Path) -> None:
    if engine.name == "pandas":
        assert refusal_of(FRAME.assign(date=[19970131] * 4)) == report(
            "column 'date' (time) must hold dates, timestamps or ISO strings like '1997-01-31'; it is Int64 such as 19970131, "
            "which is never taken for a date: if it is written as %Y%m%d: give date_format='%Y%m%d', or "
            "pandas.to_datetime(frame['date'].astype(str), format='%Y%m%d')"
        )
    if engine.name == "csv":
        assert "no ISO date like '1997-01-31', give date_format='%Y%m%d';" in refusal_of(
            engine.make(FRAME.assign(date=[19970131] * 4), tmp_path)
        )
        return
    native = engine.make(FRAME.assign(date=[19970131] * 4), tmp_path)
    assert "it is Int64 such as 19970131, which is never taken for a date" in refusal_of(native)


def test_strings_that_are_no_iso_dates_are_refused(engine: Any, tmp_path: Path) -> None:
    native = engine.make(FRAME.assign(date=["2026-01-01", "01/02/2026", "2026-02-30", "2026-01-01"]), tmp_path)
    where = {"parquet": ("a.parquet row 1: ", "b.parquet row 0: "), "csv": ("log.csv line 3: ", "log.csv line 4: ")}
    first, second = where.get(engine.name, ("such as " if engine.lazy() else "rows 1, 2: ", ""))
    assert refusal_of(native) == report(
        "2 rows whose time (column 'date') is no ISO date like '1997-01-31', give date_format='%d/%m/%Y' or '%m/%d/%Y', whichever "
        f"holds for all; {first}(customer='b', time='01/02/2026', amount=2.0); {second}(customer='c', time='2026-02-30', amount=3.0)"
    )


def test_an_empty_log_is_refused(engine: Any, tmp_path: Path) -> None:
    native = engine.make(FRAME.iloc[:0], tmp_path)
    assert refusal_of(native) == report("it has no rows; at least one order is needed")


@pytest.mark.parametrize(
    "native", [[1, 2], {"id": [1]}, FRAME["id"], None, np.zeros(3)], ids=lambda value: type(value).__name__
)
def test_what_is_no_dataframe_is_refused(native: Any) -> None:
    expected = report(f"expected a dataframe ({KINDS}) or a path; got {type(native).__name__}")
    assert refusal_of(native) == expected


def test_one_column_cannot_have_two_roles() -> None:
    assert refusal_of(FRAME, order_id="id") == report("column 'id' cannot be both customer and order_id")


def test_ids_of_mixed_types_are_refused() -> None:
    assert refusal_of(FRAME.assign(id=["a", 1, "b", 2])) == report(
        "column 'id' (customer) mixes int such as 2, str such as 'b'; make all of them text: frame['id'] = frame['id'].astype('string')"
    )


def test_a_time_zone_needs_zoned_timestamps() -> None:
    assert refusal_of(FRAME, time_zone="Asia/Shanghai") == report(
        "column 'date' has no time zone, so time_zone='Asia/Shanghai' cannot be applied; leave it out"
    )


def test_instants_of_duckdb_need_a_time_zone() -> None:
    relation = duckdb.from_df(FRAME.assign(date=FRAME["date"].dt.tz_localize("UTC")))
    assert refusal_of(relation) == report(
        "column 'date' holds instants, and DuckDB has no zone of the column in which to take their day; give time_zone=, such "
        "as 'Europe/Berlin'"
    )


def test_as_of_before_the_first_order_is_refused(engine: Any, tmp_path: Path) -> None:
    orders = orders_of(engine.make(FRAME, tmp_path))
    for read in (orders.customers, orders.panel):
        with pytest.raises(crm.DataError) as caught:
            read(as_of="2025-12-31")
        assert str(caught.value) == report(
            "no order is left up to 2025-12-31; the log runs from 2026-01-01 to 2026-01-04: choose other dates"
        )


def test_a_log_of_returns_is_refused(engine: Any, tmp_path: Path) -> None:
    orders = orders_of(engine.make(FRAME.assign(spend=-1.0), tmp_path))
    for read in (orders.customers, orders.panel):
        with pytest.raises(crm.DataError) as caught:
            read(as_of="2026-01-05")
        assert str(caught.value) == report(
            "all amounts up to 2026-01-05 are negative, which are returns; at least one order is needed"
        )


@pytest.mark.parametrize(
    ("as_of", "text"),
    [
        ("2026-01-01 10:00", "a date without a time of day, such as '2026-01-01'; got '2026-01-01 10:00'."),
        ("01/02/2026", "a date such as '1998-07-01'; got '01/02/2026'."),
        (20260101, "a date such as '1998-07-01'; got 20260101."),
        (
            dt.datetime(2026, 1, 1, 10),
            "a date without a time of day, such as '2026-01-01'; got datetime.datetime(2026, 1, 1, 10, 0).",
        ),
    ],
)
def test_as_of_must_be_a_whole_day(as_of: Any, text: str) -> None:
    with pytest.raises(crm.ParameterError) as caught:
        orders_of().customers(as_of=as_of)
    assert str(caught.value) == f"customers(as_of=...) must be {text}"


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: orders_of(duplicates="no"), "Orders(duplicates=...) must be one of 'keep', 'drop', 'refuse'; got 'no'."),
        (lambda: orders_of(output="polars"), "Orders(output=...) must be left out unless frame is a path; got 'polars'."),
        (lambda: orders_of(memory_limit="1GB"), "Orders(memory_limit=...) must be left out unless frame is a path; got '1GB'."),
        (
            lambda: orders_of(time_zone="Mars/Base"),
            "Orders(time_zone=...) must be the name of a time zone, such as 'Asia/Shanghai'; got 'Mars/Base'.",
        ),
        (lambda: orders_of().customers(unit="H"), "customers(unit=...) must be one of 'D', 'W', 'M', 'Y'; got 'H'."),  # type: ignore[arg-type]
        (
            lambda: orders_of().customers(window_days=0),
            "customers(window_days=...) must be a whole number of days, 1 or more, that does not begin before the year 1; got 0.",
        ),
        (lambda: orders_of().panel(period="H"), "panel(period=...) must be one of 'D', 'W', 'M', 'Q', 'Y'; got 'H'."),  # type: ignore[arg-type]
        (
            lambda: orders_of().split("2026-02-01"),
            "split(at=...) must be before the end of the holdout, 2026-01-04; got '2026-02-01'.",
        ),
        (lambda: orders_of().split("soon"), "split(at=...) must be a date such as '1998-07-01'; got 'soon'."),
    ],
)
def test_parameters_out_of_range_are_refused(call: Any, text: str) -> None:
    with pytest.raises(crm.ParameterError) as caught:
        call()
    assert str(caught.value) == text


def test_paths_without_files_and_of_other_kinds_are_refused(tmp_path: Path) -> None:
    missing = str(tmp_path / "none" / "*.parquet")
    assert refusal_of(missing) == report(
        f"no file matches {missing!r}; give a path or a glob such as 'orders/*.parquet'", subject="path"
    )
    (tmp_path / "log.json").touch()
    assert refusal_of(str(tmp_path / "log.json")) == report(
        "'log.json' ends neither in .parquet nor in .csv (.tsv, .txt, also with .gz) nor in .xlsx; name the files with their ending",
        subject="path",
    )


def test_a_misspelt_column_of_a_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    FRAME.to_parquet(tmp_path / "log.parquet")
    with pytest.raises(crm.DataError, match="did you mean 'spend'"):
        orders_of(tmp_path / "log.parquet", amount="spent")


def test_a_memory_limit_that_duckdb_does_not_know_is_refused(tmp_path: Path) -> None:
    FRAME.to_parquet(tmp_path / "log.parquet")
    with pytest.raises(crm.ParameterError, match=r"Orders\(memory_limit=\.\.\.\) must be what DuckDB accepts.*got \('lots',\)"):
        orders_of(tmp_path / "log.parquet", memory_limit="lots")


def test_lines_without_an_order_are_refused(engine: Any, tmp_path: Path) -> None:
    orders = ["x", None, None, None] if engine.name != "csv" else [1, None, None, None]
    native = engine.make(FRAME.assign(order=orders), tmp_path)
    message = refusal_of(native, order_id="order")
    assert message.splitlines()[1].startswith("- 3 rows without an order (column 'order'), drop or correct them first; ")


@pytest.mark.parametrize("make", [lambda frame: frame, pl.from_pandas, lambda f: pl.from_pandas(f).lazy(), duckdb.from_df])
def test_ids_that_are_nan_are_refused_by_every_engine(make: Any) -> None:
    native = make(FRAME.assign(id=[1.0, float("nan"), 2.0, 3.0]))
    assert "1 row without a customer (column 'id')" in refusal_of(native)


def test_complex_amounts_are_refused() -> None:
    assert refusal_of(FRAME.assign(spend=[1 + 1j, 2, 3, 4])) == report(
        "column 'spend' (amount) must be numeric; it is Unknown such as (1+1j): convert it first"
    )


def test_columns_of_one_name_are_refused() -> None:
    twice = pd.concat([FRAME, FRAME["spend"]], axis=1)
    problem = "columns ['spend'] stand in it more than once; name each column once"
    assert refusal_of(twice) == report(problem)
    with pytest.raises(crm.DataError) as caught:
        crm.ABCModel().fit(twice)
    assert str(caught.value) == f"ABCModel cannot read this table:\n- {problem}"


def test_columns_with_names_that_are_no_text_are_listed() -> None:
    frame = FRAME.set_axis([0, 1, 2], axis=1)
    assert refusal_of(frame).splitlines()[1] == "- column 'id' (customer: who bought) is missing; it has [0, 1, 2]"


@pytest.mark.parametrize(
    "native", [pl.DataFrame({"id": [1], "date": [dt.time(10)]}), pd.DataFrame({"id": [1], "date": [dt.timedelta(1)]})]
)
def test_times_of_day_and_durations_are_no_times(native: Any) -> None:
    with pytest.raises(crm.DataError, match="must hold dates, timestamps or ISO strings"):
        crm.Orders(native, customer="id", time="date")


def test_text_with_a_zone_is_not_shifted() -> None:
    frame = FRAME.assign(date="2026-01-01T23:30Z")
    assert refusal_of(frame, time_zone="Asia/Shanghai") == report(
        "column 'date' is text, which counts by the day that it names, so time_zone='Asia/Shanghai' cannot be applied; leave it "
        "out, or make timestamps of the text first"
    )


def test_ids_of_bytes_are_refused() -> None:
    import pyarrow as pa

    table = pa.table({"id": pa.array([b"a" * 16], pa.binary(16)), "date": [dt.date(2026, 1, 1)]})
    with pytest.raises(crm.DataError, match="must name something by text or numbers; it is Unknown such as b'a"):
        crm.Orders(table, customer="id", time="date")


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "log.parquet").write_bytes(b"no parquet")
    with pytest.raises(crm.DataError, match=r"DuckDB cannot read .*log\.parquet"):
        orders_of(tmp_path / "log.parquet")


def test_a_folder_is_refused_with_the_glob_to_give(tmp_path: Path) -> None:
    assert refusal_of(tmp_path) == report(
        f"{str(tmp_path)!r} is a folder; give a glob such as '{tmp_path}/*.parquet'", subject="path"
    )


def test_a_panel_that_does_not_fit_in_memory_is_refused() -> None:
    frame = pd.DataFrame({"id": range(300), "date": "0026-01-01", "spend": 1.0})
    with pytest.raises(crm.ParameterError) as caught:
        orders_of(frame).panel("D", as_of="2026-01-01")
    assert str(caught.value) == (
        "panel(period=...) must be longer for this log, whose panel would have 219,145,800 rows (at most 200,000,000); split the "
        "customers, too; got 'D'."
    )


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: orders_of(customer=None), "Orders(customer=...) must be the name of a column; got None."),
        (lambda: orders_of(amount=["spend"]), "Orders(amount=...) must be the name of a column, or None; got ['spend']."),
        (
            lambda: orders_of(time_zone="Europe"),
            "Orders(time_zone=...) must be the name of a time zone, such as 'Asia/Shanghai'; got 'Europe'.",
        ),
        (lambda: orders_of().customers(as_of=pd.NaT), "customers(as_of=...) must be a date such as '1998-07-01'; got NaT."),
        (
            lambda: orders_of().customers(as_of=["2020-01-01"]),
            "customers(as_of=...) must be a date such as '1998-07-01'; got ['2020-01-01'].",
        ),
        (
            lambda: orders_of().customers(as_of=np.datetime64("300000-01-01")),
            "customers(as_of=...) must be a date such as '1998-07-01'; got np.datetime64('300000-01-01').",
        ),
        (lambda: orders_of().customers(unit=["D"]), "customers(unit=...) must be one of 'D', 'W', 'M', 'Y'; got ['D']."),
        (
            lambda: orders_of().split("2026-01-02").customers(unit="x"),
            "customers(unit=...) must be one of 'D', 'W', 'M', 'Y'; got 'x'.",
        ),
        (
            lambda: orders_of().customers(window_days=10**9),
            "customers(window_days=...) must be a whole number of days, 1 or more, that does not begin before the year 1; got 1000000000.",
        ),
        (
            lambda: orders_of().customers(window_days=True),
            "customers(window_days=...) must be a whole number of days, 1 or more, that does not begin before the year 1; got True.",
        ),
    ],
)
def test_arguments_of_a_wrong_type_are_refused(call: Any, text: str) -> None:
    with pytest.raises(crm.ParameterError) as caught:
        call()
    assert str(caught.value) == text
