"""LifecycleModel on real orders and on every kind of table, and what may not change its answers."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crmmodels as crm
from crmmodels.testing import check_model

PROBABILITIES = ["probability_exploration", "probability_build_up", "probability_stable", "probability_decline"]


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    return crm.LifecycleModel.example(n_customers=120, seed=8)


@pytest.fixture(scope="module")
def model(panel: pd.DataFrame) -> crm.LifecycleModel:
    return crm.LifecycleModel(n_starts=1, n_grid=5).fit(panel)


@pytest.mark.parametrize("parameters", [{}, {"decline_if_inactive": None}, {"purchase_model": crm.NBDModel(horizon=2)}])
def test_every_promise_of_a_model_is_kept(parameters: dict[str, Any]) -> None:
    assert check_model(crm.LifecycleModel(n_starts=1, n_grid=5, **parameters)).passed


@pytest.mark.parametrize("kind", ["polars", "pyarrow", "duckdb"])
def test_any_kind_of_table_gets_the_same_answers(model: Any, panel: pd.DataFrame, kind: str) -> None:
    table: Any = {
        "polars": lambda: pl.from_pandas(panel),
        "pyarrow": lambda: pa.Table.from_pandas(panel, preserve_index=False),
        "duckdb": lambda: duckdb.from_df(panel),  # type: ignore[no-untyped-call]
    }[kind]()
    expected = model.score(panel)
    found = model.score(table)
    frame = found.df() if kind == "duckdb" else found.to_pandas()
    frame = frame.set_index("customer_id").reindex(expected.index)
    np.testing.assert_array_equal(frame.to_numpy(), expected.to_numpy())


def test_cdnow_by_month_from_orders_to_labels() -> None:
    orders = crm.Orders(crm.datasets.load_cdnow(), customer="customer_id", time="date", amount="spend", until="1998-06-30")
    model = crm.LifecycleModel(period="M", n_starts=1).fit(orders)
    panel = orders.panel(period="M")
    labels = model.segment(orders)
    assert len(labels) == panel["customer_id"].nunique()
    assert model.fitted.n_periods == len(panel)
    # Most of CDNOW's customers never came back in a year and a half.
    assert (labels.astype(str) == "decline").mean() > 0.5
    active = panel[(panel["period"] >= "1998-04-01") & (panel["n_orders"] > 0)]["customer_id"].unique()
    scores = model.score(orders)
    assert scores.loc[active, "probability_decline"].mean() < scores["probability_decline"].mean()
    np.testing.assert_allclose(scores[PROBABILITIES].sum(axis=1), 1.0, rtol=1e-12)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=10), st.lists(st.integers(0, 40), min_size=1, max_size=6))
@settings(max_examples=25)
def test_what_comes_later_never_changes_what_was_known(model: Any, seen: list[int], later: list[int]) -> None:
    def table(counts: list[int]) -> pd.DataFrame:
        return pd.DataFrame({"customer_id": "x", "period": range(len(counts)), "n_orders": counts})

    then = model.history(table(seen))
    now = model.history(table(seen + later))
    pd.testing.assert_frame_equal(now.head(len(seen)), then, check_exact=True)
    np.testing.assert_allclose(
        now.iloc[len(seen) - 1][PROBABILITIES].astype(float), model.score(table(seen)).loc["x", PROBABILITIES], rtol=1e-10
    )


def test_one_customer_is_scored_as_among_all(model: Any, panel: pd.DataFrame) -> None:
    expected = model.stages(panel)
    for customer in ("c00000", "c00119"):
        alone = model.stages(panel[panel["customer_id"] == customer])
        pd.testing.assert_frame_equal(alone, expected.loc[[customer]], check_exact=True)


def test_a_panel_without_orders_can_be_scored(model: Any, panel: pd.DataFrame) -> None:
    scores = model.score(panel.assign(n_orders=0))
    assert np.isfinite(scores.to_numpy()).all()
    assert (scores["probability_no_order"] > model.score(panel)["probability_no_order"]).mean() > 0.8


def test_numbers_of_periods_may_begin_anywhere(model: Any, panel: pd.DataFrame) -> None:
    expected = model.score(panel)
    for first in (-3, 2**31 - 4, 2**40):
        moved = panel.assign(period=panel["period"] + first)
        pd.testing.assert_frame_equal(model.score(moved), expected, check_exact=True)
