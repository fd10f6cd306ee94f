"""What a user writes, as type checkers see it: checked by `make types`, never run."""

from __future__ import annotations

import datetime as dt
from typing import Any, assert_type

import numpy as np
import pandas as pd
import polars as pl

import crmmodels as crm
from crmmodels.testing import CheckReport, check_model

frame = pd.DataFrame({"id": [1], "date": ["2026-01-01"], "spend": [1.0]})
orders = crm.Orders(frame, customer="id", time="date", amount="spend")
customers: pd.DataFrame = orders.customers(as_of=dt.date(2026, 1, 2), unit="W", window_days=30)
orders.customers(as_of=np.datetime64("2026-01-02"))
split = orders.split("2026-01-01")
assert_type(split, crm.Split)
assert_type(split.calibration, crm.Orders)

rfm = crm.RFMModel(segments="eight", labels="zh", weights=[5, 3, 2])
assert_type(rfm.fit(customers), crm.RFMModel)
assert_type(rfm.fitted, crm.RFMFit)
assert_type(rfm.score(customers), pd.DataFrame)
assert_type(rfm.segment(customers), "pd.Series[str]")
assert_type(rfm.score(pl.DataFrame(frame)), pl.DataFrame)
assert_type(rfm.segment(pl.LazyFrame()), pl.LazyFrame)
assert_type(rfm.score(orders), Any)
assert_type(rfm.migration(customers, customers), crm.Migration)
customers["segment"] = rfm.segment(customers)

rules = [crm.SegmentRule("lapsed", r=[1, 2]), crm.SegmentRule("active", r=(3, 5))]
crm.RFMModel(segments=rules, thresholds={"spend": [1, 2, 3, 4]})
crm.RFMModel(segments="twelve")  # type: ignore[arg-type]
crm.RFMModel(labels="de")  # type: ignore[arg-type]
crm.RFMModel(5)  # type: ignore[call-arg]
orders.customers(unit="H")  # type: ignore[arg-type]

abc = crm.ABCModel(method="computed", a=0.7).fit(customers)
assert_type(abc.fitted.gini, float)
assert_type(check_model(abc), CheckReport)


def nightly(model: crm.Model, data: pd.DataFrame) -> Any:
    """Any model will do."""
    return model.fit(data).segment(data)


nightly(rfm, customers)
nightly(abc, customers)
