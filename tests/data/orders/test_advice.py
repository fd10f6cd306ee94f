"""The advice that an error gives works on the value that it shows."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import crmmodels as crm
from crmmodels.data.orders.advice import formats_of

DAY = dt.datetime(2026, 1, 3)


def refusal_of(values: list[Any]) -> str:
    with pytest.raises(crm.DataError) as caught:
        crm.Orders(pd.DataFrame({"id": ["a"] * len(values), "date": values}), customer="id", time="date")
    return str(caught.value)


@pytest.mark.parametrize(
    ("value", "day"),
    [
        (931112, dt.date(1993, 11, 12)),
        (20260103, dt.date(2026, 1, 3)),
        (1767398400, dt.date(2026, 1, 3)),
        (1767398400.0, dt.date(2026, 1, 3)),
        (1767398400000, dt.date(2026, 1, 3)),
        (1767398400000000, dt.date(2026, 1, 3)),
        (1767398400000000000, dt.date(2026, 1, 3)),
        (46025, dt.date(2026, 1, 3)),
        (46025.75, dt.date(2026, 1, 3)),
        (pd.Period("2026-01-03", "D"), dt.date(2026, 1, 3)),
    ],
)
def test_the_line_that_the_error_writes_reads_the_value_that_it_shows(value: Any, day: dt.date) -> None:
    said = refusal_of([value])
    frame = pd.DataFrame({"id": ["a"], "date": [value]})
    line = re.search(r"(pandas\.to_datetime\(frame.*?\)|frame\['date'\]\.dt\.to_timestamp\(\))$", said)
    assert line is not None, said
    repaired = frame.assign(date=eval(line.group(1), {"pandas": pd, "frame": frame}))  # noqa: S307
    customers = crm.Orders(repaired, customer="id", time="date").customers()
    assert customers["first_order"].dt.date.to_list() == [day]
    if option := re.search(r"date_format='([^']+)'", said):
        customers = crm.Orders(frame, customer="id", time="date", date_format=option.group(1)).customers()
        assert customers["first_order"].dt.date.to_list() == [day]


@given(
    moment=st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2060, 1, 1)),
    date_format=st.sampled_from(["%d/%m/%Y", "%m-%d-%y", "%d.%m.%Y %H:%M", "%Y/%m/%d", "%d %b %Y", "%Y年%m月%d日"]),
)
def test_the_formats_that_are_proposed_read_the_text(moment: dt.datetime, date_format: str) -> None:
    text = moment.strftime(date_format)
    proposed = formats_of(text)
    assert proposed
    frame = pd.DataFrame({"id": ["a"], "date": [text]})
    days = {
        crm.Orders(frame, customer="id", time="date", date_format=name).customers()["first_order"][0].date()
        for name in proposed
    }
    assert moment.date() in days


def test_a_date_that_can_be_two_gets_both_formats_until_another_row_decides() -> None:
    assert "give date_format='%d/%m/%Y' or '%m/%d/%Y', whichever holds for all" in refusal_of(["03/04/2026"])
    assert "give date_format='%d/%m/%Y';" in refusal_of(["03/04/2026", "13/04/2026"])


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (pd.Timedelta("3D"), "a duration is no date: add it to the day from which it counts"),
        (3, "a number like this counts something"),
        (2026, "a year is no day: give the column with the full date"),
        (-5, "a number like this is no date"),
        (np.float64("inf"), "a number like this is no date"),
        (dt.time(10), "a time of day is no date"),
        ("soon", "give date_format=, such as '%d/%m/%Y', if all are dates of one format"),
        (True, "convert it first"),
    ],
)
def test_what_is_no_date_is_not_said_to_be_one(value: Any, said: str) -> None:
    assert said in refusal_of([value])
