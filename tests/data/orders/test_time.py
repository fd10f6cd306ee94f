"""The calendar day of every kind of time, for every engine."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import crmmodels as crm
from crmmodels.engines.text_dates import ISO_DATE

INSTANTS = pd.to_datetime(["2026-01-01 23:30", "2026-01-02 00:30", "2026-03-29 01:30"]).tz_localize("UTC")
LATE = pd.DataFrame({"id": ["a", "b", "c"], "date": INSTANTS, "spend": [1.0, 2.0, 3.0]})
ZONES = ["UTC", "Asia/Shanghai", "America/New_York", "Asia/Kolkata"]


def arrow_backed(frame: pd.DataFrame) -> pd.DataFrame:
    zone = str(frame["date"].dt.tz)
    return frame.assign(date=frame["date"].astype(pd.ArrowDtype(pa.timestamp("us", zone))))


def first_days(native: Any, as_pandas: Any, **options: Any) -> list[str]:
    orders = crm.Orders(native, customer="id", time="date", amount="spend", **options)
    return [str(day.date()) for day in as_pandas(orders.customers(as_of="2026-12-31"))["first_order"]]


def local_days(zone: str) -> list[str]:
    return [str(instant.astimezone(ZoneInfo(zone)).date()) for instant in INSTANTS.to_pydatetime()]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    "make", [lambda f: f, arrow_backed, pl.from_pandas, lambda f: pl.from_pandas(f).lazy(), pa.Table.from_pandas]
)
def test_zoned_timestamps_count_by_their_own_clock(zone: str, make: Any, as_pandas: Any) -> None:
    frame = LATE.assign(date=LATE["date"].dt.tz_convert(zone))
    assert first_days(make(frame), as_pandas) == local_days(zone)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    "make",
    [lambda f: f, arrow_backed, pl.from_pandas, lambda f: pl.from_pandas(f).lazy(), pa.Table.from_pandas, duckdb.from_df],
)
def test_zoned_timestamps_count_by_the_clock_asked_for(zone: str, make: Any, as_pandas: Any) -> None:
    assert first_days(make(LATE), as_pandas, time_zone=zone) == local_days(zone)


def test_local_days_differ_so_that_the_zone_matters() -> None:
    assert local_days("UTC") == ["2026-01-01", "2026-01-02", "2026-03-29"]
    assert local_days("Asia/Shanghai") == ["2026-01-02", "2026-01-02", "2026-03-29"]
    assert local_days("America/New_York") == ["2026-01-01", "2026-01-01", "2026-03-28"]


def test_iso_strings_count_by_the_day_that_they_name(engine: Any, tmp_path: Path, as_pandas: Any) -> None:
    texts = ["2026-01-01", "2026-01-01T23:59:59", "2026-01-01 10:00", "2026-01-01T10:00:00.123456Z", "2026-01-01T23:30+09:00"]
    frame = pd.DataFrame({"id": range(5), "date": texts, "spend": 1.0})
    assert first_days(engine.make(frame, tmp_path), as_pandas) == ["2026-01-01"] * 5


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_timestamps_of_any_resolution_count_alike(unit: Any, as_pandas: Any) -> None:
    naive = LATE.assign(date=LATE["date"].dt.tz_localize(None).dt.as_unit(unit))
    for native in (naive, pl.from_pandas(naive), pa.Table.from_pandas(naive), duckdb.from_df(naive)):
        assert first_days(native, as_pandas) == local_days("UTC")


def test_dates_before_1970_count_alike(engine: Any, tmp_path: Path, as_pandas: Any) -> None:
    frame = pd.DataFrame({"id": [1, 2], "date": pd.to_datetime(["1969-12-31 23:00", "1950-03-01 01:00"]), "spend": 1.0})
    assert first_days(engine.make(frame, tmp_path), as_pandas) == ["1969-12-31", "1950-03-01"]


@pytest.mark.parametrize(
    "values",
    [
        [dt.date(2026, 1, 1), dt.date(2026, 1, 2)],
        [dt.datetime(2026, 1, 1, 23, 59), dt.datetime(2026, 1, 2)],
        [pd.Timestamp("2026-01-01 12:00"), pd.Timestamp("2026-01-02")],
    ],
    ids=lambda values: type(values[0]).__name__,
)
def test_python_dates_in_pandas_columns_of_objects_are_read(values: list[Any], as_pandas: Any) -> None:
    frame = pd.DataFrame({"id": [1, 2], "date": pd.Series(values, dtype=object), "spend": 1.0})
    assert first_days(frame, as_pandas) == ["2026-01-01", "2026-01-02"]
    assert frame["date"].dtype == object


def test_python_datetimes_of_several_zones_are_refused() -> None:
    times = [dt.datetime(2026, 1, 1, tzinfo=ZoneInfo(zone)) for zone in ("Asia/Shanghai", "Europe/Berlin")]
    frame = pd.DataFrame({"id": [1, 2], "date": pd.Series(times, dtype=object), "spend": 1.0})
    with pytest.raises(crm.DataError) as caught:
        crm.Orders(frame, customer="id", time="date", amount="spend")
    assert str(caught.value).splitlines()[1] == (
        "- column 'date' (time) mixes time zones; make them one first with pandas.to_datetime(..., utc=True), and give "
        "time_zone= for the zone in which their day is taken"
    )


def test_date_columns_of_other_engines_are_read(as_pandas: Any) -> None:
    rows = {"id": [1, 2], "date": [dt.date(2026, 1, 1), dt.date(2026, 1, 2)], "spend": [1.0, 2.0]}
    for native in (pl.DataFrame(rows), pl.LazyFrame(rows), pa.table(rows), duckdb.from_arrow(pa.table(rows))):
        assert first_days(native, as_pandas) == ["2026-01-01", "2026-01-02"]


def test_decimals_and_integers_are_amounts() -> None:
    frame = pd.DataFrame({"id": [1, 1], "date": ["2026-01-01", "2026-01-02"]})
    for spend in (
        [Decimal("1.10"), Decimal("2.20")],
        [1, 2],
        pd.array([1, 2], dtype="Int64"),
        pd.array([1.0, 2.0], dtype="float32"),
    ):
        customers = crm.Orders(frame.assign(spend=spend), customer="id", time="date", amount="spend").customers()
        assert customers["spend"].tolist() == [pytest.approx(float(sum(spend)))]


@given(st.dates() | st.from_regex(r"\A[0-2]\d{3}-[01]\d-[0-3]\d\Z"))
def test_the_pattern_of_iso_dates_knows_the_calendar(candidate: Any) -> None:
    text = str(candidate)
    try:
        dt.date.fromisoformat(text)
        real = True
    except ValueError:
        real = False
    assert bool(re.match(ISO_DATE, text)) == real


@pytest.mark.parametrize(
    "text",
    [
        "2026-1-1",
        "20260101",
        "2026-01-01T",
        "2026-01-01T10",
        "2026-01-01x",
        "2026-13-01",
        "2023-02-29",
        "1900-02-29",
        " 2026-01-01",
        "",
    ],
)
def test_the_pattern_refuses_what_is_no_iso_date(text: str) -> None:
    assert not re.match(ISO_DATE, text)


@pytest.mark.parametrize("text", ["2024-02-29", "2000-02-29", "1999-12-31 00:00:00+0800", "2026-01-01T10:00Z"])
def test_the_pattern_takes_iso_dates(text: str) -> None:
    assert re.match(ISO_DATE, text)


def test_a_line_feed_after_a_date_is_refused_by_every_engine(engine: Any, tmp_path: Path) -> None:
    if engine.name == "csv":
        pytest.skip("a CSV file ends its lines so")
    frame = pd.DataFrame({"id": [1, 2], "date": ["2026-01-01", "2026-01-02\n"], "spend": 1.0})
    with pytest.raises(crm.DataError, match="1 row whose time"):
        crm.Orders(engine.make(frame, tmp_path), customer="id", time="date").customers()


def test_text_of_early_years_is_read(as_pandas: Any) -> None:
    frame = pd.DataFrame({"id": [1, 2], "date": ["0999-12-31", "0001-01-01"], "spend": 1.0})
    customers = crm.Orders(frame, customer="id", time="date").customers(as_of="1000-01-10")
    assert customers["days_since_last"].tolist() == [10, (dt.date(1000, 1, 10) - dt.date(1, 1, 1)).days]
