from __future__ import annotations

import datetime as dt
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import crmmodels as crm
from crmmodels.data.orders.stray_dates import Strays, strays_after, strays_before

LOG = pd.DataFrame({"id": list("abcd") * 10, "date": pd.date_range("2026-01-01", periods=40), "spend": 1.0})
TYPED = LOG.assign(date=LOG["date"].where(LOG.index != 7, pd.Timestamp("2062-01-08")))


def orders_of(native: Any, **options: Any) -> crm.Orders:
    return crm.Orders(native, customer="id", time="date", amount="spend", **options)


def test_a_date_in_the_far_future_is_said_with_row_date_and_way_out(engine: Any, tmp_path: Path) -> None:
    orders = orders_of(engine.make(TYPED, tmp_path))
    with pytest.warns(crm.StrayDateWarning) as caught:
        orders.customers()
    said = str(caught[0].message)
    assert (
        "1 order of 2062-01-08 or later, 35.9 years after all others (next is 2026-02-09), which moves as_of and every age"
        in said
    )
    assert "time=" in said
    assert "customer='d'" in said
    assert said.endswith("leave it out by until='2026-02-09'")
    place = {"parquet": "a.parquet row 7: ", "csv": "log.csv line 9: "}.get(
        engine.name, "" if engine.lazy() or engine.name == "polars" else "row 7: "
    )
    assert place in said
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        orders.customers()  # once a log
        orders_of(engine.make(TYPED, tmp_path), until="2026-02-09").customers()


def test_a_date_in_the_far_past_is_said() -> None:
    typed = LOG.assign(date=LOG["date"].where(LOG.index != 7, pd.Timestamp("1926-01-08")))
    with pytest.warns(
        crm.StrayDateWarning,
        match=r"100\.0 years before all others .* moves the age of its customer; row 7: .* by after='2025-12-31'",
    ):
        orders_of(typed).customers()


@pytest.mark.parametrize(
    "frame", [crm.datasets.load_cdnow().rename(columns={"customer_id": "id"}), LOG, LOG.head(2), LOG.head(1)]
)
def test_ordinary_logs_are_not_warned_of(frame: pd.DataFrame) -> None:
    orders_of(frame).customers()


@given(days=st.lists(st.integers(0, 1_500), min_size=60, max_size=200, unique=True), gap=st.integers(0, 30_000))
def test_one_stray_order_is_found_where_its_gap_is_far_beyond_the_others(days: list[int], gap: int) -> None:
    day = np.sort(np.array(days))
    usual = int(np.diff(day).max())
    with_stray = np.append(day, day[-1] + gap + 1)
    found = strays_after(with_stray, np.ones(len(with_stray), np.int64))
    if gap + 1 > max(60, 10 * usual):
        assert found == Strays(1, int(with_stray[-1]), int(day[-1]))
        mirrored = strays_before(-with_stray[::-1], np.ones(len(with_stray), np.int64))
        assert mirrored == Strays(1, -int(with_stray[-1]), -int(day[-1]))
    else:
        assert found is None or found.n > 1


def test_placeholder_dates_are_strays_and_a_new_season_is_none() -> None:
    n = np.ones(31, np.int64)
    day = np.append(np.arange(30), (dt.date(9999, 12, 31) - dt.date(1970, 1, 1)).days)
    assert strays_after(day, n) == Strays(1, int(day[-1]), 29)
    seasons = np.concatenate([np.arange(30), 365 + np.arange(30)])
    assert strays_after(seasons, np.ones(60, np.int64)) is None
    assert strays_after(np.empty(0, np.int64), np.empty(0, np.int64)) is None


@pytest.mark.parametrize("stray", ["2062-01-08", "2062-01-08 12:30:00", "1926-01-08"])
def test_a_stray_date_of_text_is_said(engine: Any, tmp_path: Path, stray: str) -> None:
    text = LOG.assign(date=LOG["date"].dt.strftime("%Y-%m-%d").where(LOG.index != 7, stray))
    with pytest.warns(crm.StrayDateWarning, match=f"1 order of {stray[:10]} or .*{stray}"):
        orders_of(engine.make(text, tmp_path)).customers()


def test_strays_at_both_ends_do_not_hide_each_other() -> None:
    day = np.concatenate([[-20_000], np.arange(300), [25_000]])
    n = np.ones(len(day), np.int64)
    assert strays_after(day, n) == Strays(1, 25_000, 299)
    assert strays_before(day, n) == Strays(1, -20_000, 0)
    assert strays_after(np.append(np.arange(300), 9_000), np.append(np.ones(300, np.int64), 4)) == Strays(4, 9_000, 299)
