"""What a table without some columns probably is: that of another library, or an order log."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import crmmodels as crm

LIFETIMES = pd.DataFrame(
    {"frequency": [2, 0, 1], "recency": [30.0, 0.0, 12.0], "T": [39.0, 38.0, 35.0], "monetary_value": [20.0, 0.0, 5.0]},
    index=pd.Index(["a", "b", "c"], name="customer_id"),
)
BTYD = pd.DataFrame(
    {"Id": ["a", "b", "c"], "x": [2, 0, 1], "t.x": [30.0, 0.0, 12.0], "T.cal": [39.0, 38.0, 35.0], "Spending": [20.0, 0, 5]}
)
LOG = pd.DataFrame(
    {
        "who": ["a", "b", "a"],
        "Order Date": pd.to_datetime(["2026-01-01", "2026-01-02", "2026-02-03"]),
        "Total_Amount": [1.0, 2.0, 3.0],
    }
)
NBD = crm.NBDModel(horizon=1, unit="W")


def refused(model: Any, table: Any) -> str:
    with pytest.raises(crm.DataError) as caught:
        model.fit(table)
    return str(caught.value)


def test_the_names_of_lifetimes_are_told_with_the_line_to_type() -> None:
    assert refused(NBD, LIFETIMES) == (
        "NBDModel cannot read this table:\n"
        "- columns 'age_at_last' and 'age' are missing; it has ['customer_id', 'frequency', 'recency', 'T', 'monetary_value']; these look like the "
        "names of lifetimes, pymc-marketing or CLVTools, whose 'recency' is 'age_at_last', 'T' is 'age' here: "
        "frame.rename(columns={'recency': 'age_at_last', 'T': 'age'}); 'recency' must be the age at the last order, as there, not the days since it, "
        "which are age - age_at_last"
    )


@pytest.mark.parametrize("table", [LIFETIMES, BTYD], ids=["lifetimes", "CLVTools"])
@pytest.mark.parametrize(
    "model",
    [NBD, crm.BetaGeoModel(horizon=1), crm.ParetoNBDModel(horizon=1), crm.GammaGammaModel()],
    ids=lambda m: type(m).__name__,
)
def test_the_line_makes_a_table_that_is_read(table: pd.DataFrame, model: Any) -> None:
    message = refused(model, table)
    line = message[message.index("frame.rename(columns={") :].partition("})")[0] + "})"
    renamed = eval(line, {"frame": table})  # noqa: S307  (the line that the message gives)
    assert len(model._read(model._open(renamed))["frequency"]) == 3


@pytest.mark.parametrize("kind", ["polars", "pyarrow", "duckdb"])
def test_every_engine_is_told(kind: str) -> None:
    table: Any = LIFETIMES.reset_index()
    if kind == "polars":
        table = pytest.importorskip("polars").from_pandas(table)
    else:
        table = pytest.importorskip("pyarrow").Table.from_pandas(table, preserve_index=False)
        table = pytest.importorskip("duckdb").connect().from_arrow(table) if kind == "duckdb" else table
    assert "'recency' is 'age_at_last', 'T' is 'age' here" in refused(NBD, table)


def test_an_index_without_a_name_may_hold_the_customers() -> None:
    message = refused(NBD, LIFETIMES.rename_axis(None))
    assert ".rename_axis('customer_id') where the index names the customers" in message


def test_recency_of_lifetimes_is_not_that_of_rfm() -> None:
    message = refused(crm.RFMModel(), LIFETIMES)
    assert (
        "'recency' beside 'T' looks like that of lifetimes, which is the age at the last order, not the days since it"
        in message
    )
    assert "days_since_last is frame['T'] - frame['recency']" in message
    plain = LIFETIMES.drop(columns="T")
    assert (
        "frame.rename(columns={'recency': 'days_since_last', 'frequency': 'n_orders', 'monetary_value': 'spend'}), where 'recency' counts days since "
        "the last order (that of lifetimes is an age)"
    ) in refused(crm.RFMModel(), plain)


@pytest.mark.parametrize(
    "model",
    [crm.RFMModel(), crm.ABCModel(value="Total_Amount"), NBD, crm.GammaGammaModel(), crm.LifecycleModel(), crm.CLVModel()],
    ids=lambda model: type(model).__name__,
)
def test_an_order_log_is_told_with_the_call_that_reads_it(model: Any) -> None:
    message = refused(model, LOG.rename(columns={"who": "customer_id"}))
    assert "crm.Orders(frame, customer='customer_id', time='Order Date', amount='Total_Amount')" in message
    assert message.count("Order Date") - message.count("time='Order Date'") <= 1


def test_what_is_not_recognised_is_left_open() -> None:
    assert "crm.Orders(frame, customer=..., time='Order Date', amount='Total_Amount')" in refused(crm.RFMModel(), LOG)
    text = (
        LOG.assign(**{"Order Date": LOG["Order Date"].astype(str)})
        .drop(columns="Total_Amount")
        .rename(columns={"who": "用户ID"})
    )
    assert "crm.Orders(frame, customer='用户ID', time='Order Date', amount=...)" in refused(crm.RFMModel(), text)


def test_prices_are_no_amounts() -> None:
    assert "amount=...)" in refused(crm.RFMModel(), LOG.rename(columns={"Total_Amount": "UnitPrice"}))


def test_a_table_of_customers_with_their_dates_is_no_log() -> None:
    customers = crm.Orders(LOG, customer="who", time="Order Date", amount="Total_Amount").customers()
    assert "order log" not in refused(crm.RFMModel(), customers.drop(columns="spend"))


def test_customer_value_says_once_what_it_reads() -> None:
    customers = crm.Orders(LOG, customer="who", time="Order Date", amount="Total_Amount").customers()
    message = refused(crm.CLVModel(), customers)
    assert len(message.splitlines()) == 2
    assert message.count("mean_repeat_spend") == 1
    assert (
        "CLVModel reads orders, of which it makes these columns: pass the order log, crm.Orders(frame, customer=..., time=..., amount=...), or "
        "crm.CustomerBase(orders, ...) with referrals and costs beside it; of tables it reads only what CLVModel.accounts returned"
    ) in message


def test_columns_are_listed_once_however_many_are_missing() -> None:
    for model in (
        crm.RFMModel(),
        NBD,
        crm.CLVModel(),
        crm.LifecycleModel(),
        crm.GammaGammaModel(),
        crm.ShiftedBetaGeoModel(horizon=1),
    ):
        message = refused(model, pd.DataFrame({"zzz": [1.0], "yyy": [np.nan]}))
        assert message.count("['zzz', 'yyy']") == 1
