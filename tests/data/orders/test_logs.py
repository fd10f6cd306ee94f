"""The kernel on arrays and the plans of the engines say the same of any log."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import crmmodels as crm
from crmmodels.data.orders.bounded import log_of
from crmmodels.data.orders.logs import ArrayLog, EngineLog
from crmmodels.testing.strategies import order_logs

# Random logs use their order ids again.
pytestmark = pytest.mark.filterwarnings("ignore::crmmodels.OrderIdWarning")


def orders_of(native: Any, **roles: str) -> crm.Orders:
    return crm.Orders(native, customer="customer_id", time="date", amount="amount", **roles)


def answer(read: Any) -> pd.DataFrame | str:
    """What a call answers, or the problems that it names."""
    try:
        return read()
    except crm.DataError as error:
        return str(error)


@pytest.mark.filterwarnings("ignore::crmmodels.ReturnsOnlyWarning")
@settings(max_examples=60)
@given(
    log=order_logs(returns=True),
    ids=st.lists(st.integers(0, 12), min_size=40, max_size=40),
    with_order_id=st.booleans(),
    window=st.none() | st.integers(1, 60),
    day=st.integers(-1, 130),
)
@example(
    log=pd.DataFrame({"customer_id": [0], "date": pd.to_datetime(["2020-01-01"]), "amount": [0.0]}),
    ids=[0],
    with_order_id=True,
    window=None,
    day=-1,
)
def test_kernel_and_engines_agree(
    as_pandas: Any, log: pd.DataFrame, ids: list[int], with_order_id: bool, window: int | None, day: int
) -> None:
    log = log.assign(order=ids[: len(log)])
    roles = {"order_id": "order"} if with_order_id else {}
    as_of = log["date"].min() + pd.Timedelta(days=day)
    in_memory = orders_of(log, **roles)
    assert isinstance(log_of(in_memory).log, ArrayLog)
    expected = answer(lambda: as_pandas(in_memory.customers(as_of=as_of, window_days=window)))
    connection = duckdb.connect()
    for native in (pl.from_pandas(log), pl.from_pandas(log).lazy(), connection.from_df(log)):
        by_engine = orders_of(native, **roles)
        assert isinstance(log_of(by_engine).log, EngineLog)
        actual = answer(lambda orders=by_engine: as_pandas(orders.customers(as_of=as_of, window_days=window)))
        if isinstance(expected, str) or isinstance(actual, str):
            assert str(actual) == str(expected)
            continue
        exact = expected.columns.difference(["spend", "mean_repeat_spend"])
        pd.testing.assert_frame_equal(actual[exact], expected[exact], check_exact=True, check_dtype=False)
        for money in ("spend", "mean_repeat_spend"):
            np.testing.assert_allclose(actual[money], expected[money], rtol=1e-12, atol=1e-9)


def test_the_types_of_the_columns_agree(as_pandas: Any) -> None:
    log = crm.datasets.load_cdnow().rename(columns={"spend": "amount"})
    expected = orders_of(log).customers()
    actual = orders_of(pl.from_pandas(log)).customers().to_pandas()
    assert actual.columns.tolist() == expected.columns.tolist()
    kinds = {name: (actual[name].dtype.kind, expected[name].dtype.kind) for name in expected}
    assert all(ours == theirs for ours, theirs in kinds.values()), kinds


def test_rows_in_any_order_give_the_same_customers_to_the_last_bit_of_a_sum_of_cents() -> None:
    log = crm.datasets.load_cdnow().rename(columns={"spend": "amount"})
    shuffled = log.sample(frac=1.0, random_state=1)
    expected, actual = orders_of(log).customers(), orders_of(shuffled).customers()
    pd.testing.assert_frame_equal(
        actual.drop(columns=["spend", "mean_repeat_spend"]), expected.drop(columns=["spend", "mean_repeat_spend"])
    )
    np.testing.assert_allclose(actual["spend"], expected["spend"], rtol=1e-15)


def test_an_overflowing_sum_is_refused() -> None:
    log = pd.DataFrame({"customer_id": [1, 1], "date": pd.to_datetime(["2026-01-01"] * 2), "amount": [1.7e308, 1.7e308]})
    for native in (log, pl.from_pandas(log), pl.from_pandas(log).lazy(), duckdb.from_df(log)):
        for read in (crm.Orders.customers, crm.Orders.panel):
            with pytest.raises(crm.DataError) as caught:
                read(orders_of(native))
            assert (
                str(caught.value)
                == "Orders cannot read this order log:\n- its sums or days are out of range; check the amounts and times"
            )
