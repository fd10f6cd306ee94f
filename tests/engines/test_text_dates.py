from __future__ import annotations

import datetime as dt
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmmodels.engines.engine import engine_of
from crmmodels.engines.text_dates import DIRECTIVES, UNMATCHED, DatePattern, date_pattern, iso_text

FORMATS = (
    "%d/%m/%Y",
    "%m/%d/%y",
    "%Y%m%d",
    "%y%m%d",
    "%d.%m.%Y %H:%M",
    "%b %d, %Y %I:%M %p",
    "%d %B %Y",
    "%Y年%m月%d日",
    "%Y-%m-%dT%H:%M:%S.%f",
    "%d/%b/%Y:%H:%M:%S",
    "%a %d-%m-%Y",
    "100%% %Y-%m-%d",
)


def pattern_of(date_format: str) -> DatePattern:
    pattern = date_pattern(date_format)
    assert isinstance(pattern, DatePattern)
    return pattern


def with_iso_dates(frame: Any, column: str, pattern: DatePattern) -> Any:
    return engine_of(frame).with_iso_dates(frame, column, pattern)


def in_every_engine(texts: list[str | None], date_format: str) -> list[list[str | None]]:
    pattern = pattern_of(date_format)
    table = pa.table({"t": pa.array(texts, pa.string())})
    answers: list[Any] = [
        with_iso_dates(pd.DataFrame({"t": texts}, dtype="str"), "t", pattern)["t"].to_list(),
        with_iso_dates(pl.DataFrame({"t": texts}, schema={"t": pl.String}), "t", pattern)["t"].to_list(),
        with_iso_dates(pl.LazyFrame({"t": texts}, schema={"t": pl.String}), "t", pattern).collect()["t"].to_list(),
        with_iso_dates(table, "t", pattern)["t"].to_pylist(),
        [row[0] for row in with_iso_dates(duckdb.connect().from_arrow(table), "t", pattern).fetchall()],
    ]
    return [[None if pd.isna(text) else text for text in answer] for answer in answers]


@given(
    moment=st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(2068, 12, 31)),
    date_format=st.sampled_from(FORMATS),
)
def test_what_strftime_writes_is_read_back(moment: dt.datetime, date_format: str) -> None:
    iso = iso_text(moment.strftime(date_format), pattern_of(date_format))
    read = dt.datetime.fromisoformat(iso)
    assert read == dt.datetime.strptime(moment.strftime(date_format), date_format).replace(microsecond=0)


@given(
    texts=st.lists(
        st.one_of(
            st.none(),
            st.text(st.sampled_from("0123456789/.-: aJnpPmM\n"), max_size=20),
            st.datetimes().flatmap(lambda moment: st.sampled_from(FORMATS).map(moment.strftime)),
        ),
        min_size=1,
        max_size=6,
    ),
    date_format=st.sampled_from(FORMATS),
)
def test_all_engines_read_the_same(texts: list[str | None], date_format: str) -> None:
    first, *others = in_every_engine(texts, date_format)
    assert all(other == first for other in others)
    expected = [None if text is None else iso_text(text, pattern_of(date_format)) for text in texts]
    assert first == expected


def test_texts_of_another_format_are_marked() -> None:
    assert iso_text("2026-01-03", pattern_of("%d/%m/%Y")) == UNMATCHED + "2026-01-03"
    assert iso_text("03/01/2026", pattern_of("%d/%m/%Y")) == "2026-01-03"
    assert iso_text("3/1/2026", pattern_of("%d/%m/%Y")) == "2026-01-03"


@pytest.mark.parametrize(("text", "year"), [("69", "1969"), ("99", "1999"), ("00", "2000"), ("68", "2068")])
def test_two_digits_of_a_year_are_of_the_century_that_posix_says(text: str, year: str) -> None:
    assert iso_text(f"03.01.{text}", pattern_of("%d.%m.%y")) == f"{year}-01-03"


@pytest.mark.parametrize(
    ("date_format", "wrong"),
    [
        ("%q/%m/%Y", f"holds '%q', which is not known; known are {', '.join(DIRECTIVES)}"),
        ("%m/%Y", "names a day not once"),
        ("day", "names a year and a month and a day not once"),
        ("%d/%d/%m/%Y", "names a day not once"),
        ("%Y-%m-%d %y", "names a year not once"),
        ("%d/%m/%Y %H:%H", "names a part not once"),
    ],
)
def test_what_is_no_format_is_said(date_format: str, wrong: str) -> None:
    assert date_pattern(date_format) == wrong
