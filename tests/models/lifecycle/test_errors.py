"""What LifecycleModel refuses, word for word."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest

import crmmodels as crm


def panel(n_customers: int = 60, n_periods: int = 4) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "customer_id": np.repeat([f"c{i:02d}" for i in range(n_customers)], n_periods),
            "period": np.tile(np.arange(n_periods), n_customers),
            "n_orders": rng.poisson(1.0, n_customers * n_periods),
        }
    )


def refusal(table: Any, **options: Any) -> str:
    model = crm.LifecycleModel(**options)
    with pytest.raises(crm.DataError) as caught:
        model.fit(table)
    assert not model.is_fitted
    return str(caught.value)


def test_a_missing_period_inside_a_history() -> None:
    table = panel().drop(index=[1, 2, 5])
    assert refusal(table) == (
        "LifecycleModel cannot read this table:\n"
        "- 2 customers without rows for 3 periods inside the history (such as 'c00' after 0, 'c01' after 0); "
        "a period without orders needs a row with n_orders 0"
    )


def test_a_missing_month_is_named_by_its_date() -> None:
    table = panel()
    table["period"] = [dt.date(2025, 11 + month, 1) if month < 2 else dt.date(2026, month - 1, 1) for month in table["period"]]
    assert "'c00' after 2025-11-01" in refusal(table.drop(index=[1]))


def test_a_history_that_ends_early() -> None:
    assert (
        "1 customer whose history ends before 3, the last period of the table (such as 'c00' after 1); "
        "a period without orders needs a row with n_orders 0"
    ) in refusal(panel().drop(index=[2, 3]))


def test_two_rows_of_one_customer_and_period() -> None:
    table = panel()
    assert (
        "1 row with a customer and period that another has (such as 'c00' in 2); "
        "one row per customer and period is expected: add them up first"
    ) in refusal(pd.concat([table, table.iloc[[2]]]))


def test_two_days_of_one_month_are_one_period() -> None:
    table = panel(n_periods=2)
    table["period"] = np.where(table["period"] == 0, np.datetime64("2026-01-01"), np.datetime64("2026-01-20"))
    assert "60 rows with a customer and period that another has (such as 'c00' in 2026-01-01, " in refusal(table)


def test_fractional_negative_and_missing_counts_are_told_at_once() -> None:
    table = panel().assign(n_orders=lambda frame: frame["n_orders"].astype(float))
    table.loc[3, "n_orders"], table.loc[4, "n_orders"], table.loc[9, "n_orders"] = 1.5, -1.0, np.nan
    message = refusal(table)
    assert "column 'n_orders' misses 1 value in row 9" in message
    assert "column 'n_orders' has 1 value below 0 (such as -1) in row 4" in message
    assert "column 'n_orders' has 1 value that should be whole numbers (such as 1.5) in row 3" in message


def test_a_single_period() -> None:
    assert refusal(panel(n_periods=1)).splitlines()[1:] == [
        "- every customer has a single period, which tells nothing of moves between stages; use shorter periods, or wait"
    ]


def test_an_all_zero_panel() -> None:
    assert refusal(panel().assign(n_orders=0)) == (
        "LifecycleModel cannot read this panel:\n"
        "- all n_orders are 0 (of an order log, all after the first order of each customer); without orders there are no stages"
    )


def test_fewer_than_fifty_customers_to_learn_from() -> None:
    assert refusal(panel(n_customers=49)).splitlines()[1:] == [
        "- it has 49 customers; stages are learned from 50 or more: fit many, then score as few as there are"
    ]
    assert "it has 1 customer;" in refusal(panel(n_customers=1))


def test_one_customer_of_one_period_without_orders_can_be_scored() -> None:
    model = crm.LifecycleModel(n_starts=1).fit(panel())
    one = pd.DataFrame({"customer_id": ["x"], "period": [0], "n_orders": [0]})
    scores = model.score(one)
    assert scores["probability_exploration"].tolist() == pytest.approx([1.0], rel=1e-12)
    assert np.isfinite(scores.to_numpy()).all()


def test_the_order_of_rows_has_no_meaning_but_periods_must_have_one() -> None:
    model = crm.LifecycleModel(n_starts=1).fit(panel())
    shuffled = panel().sample(frac=1.0, random_state=1)
    pd.testing.assert_frame_equal(model.score(shuffled).sort_index(), model.score(panel()), check_exact=True)
    text = panel().assign(period=lambda frame: "M" + frame["period"].astype(str))
    assert (
        "column 'period' must hold dates or whole numbers, which have an order; it is String such as 'M0': convert it first"
        in (refusal(text))
    )
    mixed = panel().astype({"period": object})
    mixed.loc[3, "period"] = "April"
    assert "column 'period' must hold dates or whole numbers, which have an order" in refusal(mixed)
    assert "column 'period' has 240 values that are no whole numbers (such as 0.5)" in refusal(
        panel().assign(period=lambda f: f["period"] + 0.5)
    )


def test_missing_columns_and_periods_are_named() -> None:
    assert "column 'period' is missing; it has ['customer_id', 'n_orders']" in refusal(panel().drop(columns="period"))
    message = refusal(panel().drop(columns=["customer_id", "n_orders"]))
    assert "columns 'customer_id' and 'n_orders' are missing; it has ['period']" in message
    assert "column 'period' misses 1 value; every row needs its period" in refusal(
        panel().assign(period=lambda frame: frame["period"].astype(float).where(frame.index != 4))
    )


def test_exposure_must_be_above_zero() -> None:
    table = panel().assign(exposure=1.0)
    table.loc[7, "exposure"] = 0.0
    assert "column 'exposure' has 1 value of 0; leave out periods in which nothing was observed" in refusal(table)


def test_an_empty_table() -> None:
    assert "it has no rows; at least one customer is needed" in refusal(panel().iloc[:0])


def test_orders_once_only_hold_no_stages() -> None:
    days = pd.date_range("2025-01-01", periods=60, freq="D")
    orders = crm.Orders(pd.DataFrame({"id": range(60), "date": days}), customer="id", time="date", until="2025-06-30")
    assert "all after the first order of each customer" in refusal(orders)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"period": "H"}, "LifecycleModel(period=...) must be one of 'D', 'W', 'M', 'Q', 'Y'; got 'H'."),
        ({"n_grid": 0}, "LifecycleModel(n_grid=...) must be a whole number from 1 to 101; got 0."),
        ({"decline_ratio": 1.5}, "LifecycleModel(decline_ratio=...) must be a number above 0, up to 1; got 1.5."),
        ({"recovery": 1}, "LifecycleModel(recovery=...) must be True or False; got 1."),
        (
            {"expected_dwell": (1, 2, 3, 4)},
            (
                "LifecycleModel(expected_dwell=...) must be 4 numbers of periods above 1, of "
                "['exploration', 'build-up', 'stable', 'decline']; got (1, 2, 3, 4)."
            ),
        ),
        ({"prior_weight": -1}, "LifecycleModel(prior_weight=...) must be a number, 0 or more; got -1."),
        ({"horizon": 0.5}, "LifecycleModel(horizon=...) must be a whole number of periods from 1 to 1200; got 0.5."),
        ({"decline_if_inactive": 0}, "LifecycleModel(decline_if_inactive=...) must be None, or a probability above 0; got 0."),
        ({"n_starts": 0}, "LifecycleModel(n_starts=...) must be a whole number, 1 or more; got 0."),
        ({"seed": -1}, "LifecycleModel(seed=...) must be a whole number, 0 or more; got -1."),
        ({"labels": "fr"}, "LifecycleModel(labels=...) must be 'en', 'zh' or a mapping of label to wording; got 'fr'."),
    ],
)
def test_parameters_out_of_range(options: dict[str, Any], message: str) -> None:
    with pytest.raises(crm.ParameterError) as caught:
        crm.LifecycleModel(**options)
    assert str(caught.value) == message


def test_estimates_that_still_gain_are_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crmmodels.models.lifecycle.record._MOST_ITERATIONS", 2)
    with pytest.warns(crm.UnconvergedWarning, match="EM still gained after"):
        crm.LifecycleModel(n_starts=1, prior_weight=0.0).fit(crm.LifecycleModel.example(n_customers=300, seed=2))


def test_an_exposure_is_a_share() -> None:
    table = panel().assign(exposure=1.0)
    table.loc[5, "exposure"] = 30.0
    assert "column 'exposure' has 1 value above 1 (such as 30) in row 5" in refusal(table)


def test_periods_far_apart_are_missing_ones() -> None:
    table = panel(n_periods=2).assign(period=lambda frame: np.where(frame["period"] == 0, -(2**31) + 1, 2**31 - 1))
    assert "60 customers without rows for 257,698,037,580 periods inside the history" in refusal(table)
