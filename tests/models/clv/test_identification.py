"""What is missing is said: in the record, beside the scores, and in the repr."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

from crmmodels.data.accounts.customer_base import CustomerBase
from crmmodels.data.orders.orders import Orders
from crmmodels.data.simulate import simulate_retailer
from crmmodels.exceptions import NotFittedError
from crmmodels.models.clv.model import CLVModel
from crmmodels.models.clv.record import COMPONENTS

ALL = ("order_id", "quantity", "list_price", "unit_cost", "category", "sku", "channel", "service_cost")


@pytest.fixture(scope="module")
def lines() -> pd.DataFrame:
    return simulate_retailer(300, 4).lines


def orders(frame: pd.DataFrame, *missing: str) -> Orders:
    roles = {role: role for role in ALL if role not in missing}
    return Orders(frame, customer="customer_id", time="date", amount="amount", **roles)


def test_every_component_has_a_note(lines):
    model = CLVModel(n_draws=2).fit(orders(lines, "category", "service_cost"))
    notes = model.notes()
    assert notes.columns.tolist() == ["column", "is_identified", "note"]
    assert notes["column"].tolist() == ["basis", *COMPONENTS]
    assert notes.set_index("column")["note"].to_dict() == dict(model.fitted.identified)
    assert notes.loc[~notes["is_identified"], "column"].tolist() == ["clv3", "clv4", "clv5"]


def test_answers_in_pandas_carry_the_notes(lines):
    log = orders(lines, "category")
    model = CLVModel(n_draws=2).fit(log)
    expected = dict(model.fitted.identified)
    assert expected["clv3"] == "not identified without categories; its money is in clv2"
    answers = (
        model.score(log),
        model.components(log),
        model.summary(log),
        model.customer_equity(log),
        model.theta_sensitivity(log),
    )
    for answer in answers:
        assert answer.attrs["identified"] == expected
    # Zeros that the notes speak of, and no others.
    scores = answers[0]
    assert {name for name in COMPONENTS if scores[name].eq(0).all()} == {"clv3", "clv5"}
    assert all(expected[name].startswith("not identified") for name in ("clv3", "clv5"))


def test_notes_survive_saving_a_table_and_are_the_caller_s_own(lines, tmp_path):
    log = orders(lines)
    model = CLVModel(n_draws=2).fit(log)
    scores = model.score(log)
    scores.attrs["identified"]["clv5"] = "changed"
    assert model.score(log).attrs["identified"]["clv5"] == "not identified without a referral log"
    model.score(log).to_parquet(tmp_path / "scores.parquet")
    assert pd.read_parquet(tmp_path / "scores.parquet").attrs["identified"] == dict(model.fitted.identified)


def test_other_kinds_of_answers_are_numbers_alone(lines):
    log = orders(lines)
    model = CLVModel(n_draws=2).fit(log)
    scores = model.score(pl.from_pandas(model.accounts(log)))
    assert isinstance(scores, pl.DataFrame)
    assert scores.columns == ["customer_id", *model.score_columns()]
    assert all(dtype == pl.Float64 for dtype in scores.dtypes[1:])


def test_accounts_tell_by_their_columns(lines):
    accounts = CLVModel(n_draws=2).accounts(orders(lines, "category", "service_cost"))
    model = CLVModel(n_draws=2).fit(accounts)
    notes = dict(model.fitted.identified)
    assert notes["clv1"] == "gross: acquisition_cost is 0 for all customers of the accounts"
    assert notes["clv3"] == "not identified by accounts in which base_new is 0 for all customers"
    assert notes["clv4"] == "not identified by accounts in which saving and service_saving are 0 for all customers"
    assert notes["clv5"] == "not identified by accounts in which nobody has a referrer_id"
    assert notes["clv6"] == notes["clv2"] == "as in the accounts"


def test_of_accounts_the_notes_are_those_of_the_customers_in_hand(lines):
    """A model that was fitted to accounts knows nothing of where others come from."""
    model = CLVModel(n_draws=2).fit(CLVModel(n_draws=2).accounts(orders(lines, "category")))
    whole = orders(lines)
    accounts = CLVModel(n_draws=2).accounts(whole)
    assert model.fitted.identified["clv3"].startswith("not identified")
    assert model.score(accounts).attrs["identified"]["clv3"] == "as in the accounts"
    assert model.score(CustomerBase(whole)).attrs["identified"]["clv3"] == "categories"


def test_the_repr_shows_notes_and_numbers(lines):
    model = CLVModel(n_draws=2).fit(orders(lines, "category"))
    shown = repr(model)
    means = model.fitted.means
    assert f"base_same {means[0]:,.4g}, base_new {means[1]:,.4g}, saving {means[2]:,.4g}, premium {means[3]:,.4g}" in shown
    assert f"r {model.fitted.purchase.parameters.r:,.4g} ± " in shown
    assert "not identified without categories; its money is in clv2" in shown
    assert np.isfinite(means).all()


def test_before_fit():
    for verb in (CLVModel().notes, CLVModel().segment_table):
        with pytest.raises(NotFittedError):
            verb()
