"""The strategies draw what they say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import find, given
from hypothesis import strategies as st

import crmmodels as crm
from crmmodels.testing.strategies import customer_tables, order_logs


@given(order_logs())
def test_order_logs_are_accepted(log: pd.DataFrame) -> None:
    customers = crm.Orders(log, customer="customer_id", time="date", amount="amount").customers()
    assert customers["n_orders"].sum() == len(log)


def test_order_logs_hold_returns_only_on_request() -> None:
    assert find(order_logs(returns=True), lambda log: bool((log["amount"] < 0).any())) is not None

    @given(order_logs())
    def none_negative(log: pd.DataFrame) -> None:
        assert (log["amount"] >= 0).all()

    none_negative()


@pytest.mark.filterwarnings("ignore::crmmodels.NegativeSpendWarning", "ignore::crmmodels.OneValueWarning")
@given(st.data())
def test_models_answer_every_table_that_they_admit(data: st.DataObject) -> None:
    for model in (crm.RFMModel(), crm.RFMModel(segments="eight", scoring="nested", n_bins=3), crm.RFMModel(segments="four")):
        table = data.draw(customer_tables(model))
        scores = model.fit(table).score(table)
        assert np.isfinite(scores.to_numpy()).all()
        assert model.segment(table).notna().all()


@given(customer_tables(crm.ABCModel()))
def test_abc_answers_every_table_with_a_positive_value(table: pd.DataFrame) -> None:
    for model in (crm.ABCModel(), crm.ABCModel(method="computed", negative="join", n_knots=4)):
        if (table["spend"] > 0).any():
            assert np.isfinite(model.fit(table).score(table).to_numpy()).all()
        else:
            with pytest.raises(crm.DataError, match="holds no positive value"):
                model.fit(table)
