"""Simulated lifecycles: the log says what the panel says, the truth is what it was drawn with, and what is refused."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import crmmodels as crm
from crmmodels.data.simulate import LIFECYCLE_STAGES, LifecycleParameters, SimulatedLifecycle, simulate_lifecycle

DEFAULTS = LifecycleParameters()


@pytest.fixture(scope="module")
def staggered() -> SimulatedLifecycle:
    return simulate_lifecycle(600, 3, n_periods=18, acquisition_periods=12, start="2023-11-01")


def test_one_seed_gives_one_lifecycle() -> None:
    one, same, other = simulate_lifecycle(50, 3), simulate_lifecycle(50, np.random.default_rng(3)), simulate_lifecycle(50, 4)
    for name in ("panel", "orders", "stages"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(same, name))
    assert not one.panel["n_orders"].equals(other.panel["n_orders"])
    assert not simulate_lifecycle(50).panel.equals(simulate_lifecycle(50).panel)


def test_about_half_are_stable_in_the_last_of_24_months() -> None:
    stages = simulate_lifecycle(20_000, 1).stages
    shares = stages[stages["period"] == stages["period"].max()]["stage"].value_counts(normalize=True)
    expected = np.linalg.matrix_power(np.array(DEFAULTS.transitions), 23)[0]
    assert shares.idxmax() == "stable"
    assert expected[2] == pytest.approx(0.51, abs=0.01)
    np.testing.assert_allclose(shares[list(LIFECYCLE_STAGES)], expected, atol=5 * 0.5 / np.sqrt(20_000))


def test_customers_come_evenly_and_stay_to_the_end(staggered: SimulatedLifecycle) -> None:
    months = staggered.panel.groupby("customer_id")["period"].agg(["min", "max", "size"])
    assert months["min"].value_counts().tolist() == [50] * 12
    assert months["min"].min() == pd.Timestamp("2023-11-01")
    assert (months["max"] == pd.Timestamp("2025-04-01")).all()
    assert staggered.as_of == dt.date(2025, 4, 30)
    span = (months["max"].dt.to_period("M").astype("int64") - months["min"].dt.to_period("M").astype("int64")) + 1
    assert (months["size"] == span).all()
    assert (staggered.stages.groupby("customer_id")["stage"].first() == "exploration").all()
    pd.testing.assert_frame_equal(staggered.stages[["customer_id", "period"]], staggered.panel[["customer_id", "period"]])


def test_the_log_has_the_orders_of_the_panel(staggered: SimulatedLifecycle) -> None:
    orders = staggered.orders
    month = orders["date"].dt.to_period("M").dt.to_timestamp().astype("datetime64[s]").rename("period")
    counted = orders.groupby([orders["customer_id"], month]).size()
    panel = staggered.panel.set_index(["customer_id", "period"])["n_orders"]
    pd.testing.assert_series_equal(counted, panel[panel > 0], check_names=False)
    assert orders.sort_values(["customer_id", "date"], kind="stable").index.equals(orders.index)
    assert (orders["amount"] >= 0).all()
    assert orders["amount"].mean() == pytest.approx(50.0, rel=0.02)
    assert orders["amount"].std() == pytest.approx(25.0, rel=0.05)


def test_the_panel_of_the_log_is_the_panel_from_the_first_order_on(staggered: SimulatedLifecycle) -> None:
    log = crm.Orders(staggered.orders, customer="customer_id", time="date", amount="amount")
    seen = log.panel(as_of=staggered.as_of)
    panel = staggered.panel
    begun = panel.groupby("customer_id")["n_orders"].cumsum() > 0
    pd.testing.assert_frame_equal(seen[["customer_id", "period", "n_orders"]], panel[begun].reset_index(drop=True))


def test_customers_alike_order_at_the_rate_of_their_stage() -> None:
    one = simulate_lifecycle(2000, 5, parameters=replace(DEFAULTS, multiplier_shape=float("inf"), amount_variation=0.0))
    assert (one.multipliers == 1.0).all()
    assert (one.orders["amount"] == 50.0).all()
    means = one.panel["n_orders"].groupby(one.stages["stage"], observed=True).agg(["mean", "size"])
    error = np.sqrt(np.array(DEFAULTS.order_rates) / means["size"])
    assert (np.abs(means["mean"] - np.array(DEFAULTS.order_rates)) <= 5 * error).all()


def test_it_says_its_sizes(staggered: SimulatedLifecycle) -> None:
    text = f"SimulatedLifecycle(600 customers, {len(staggered.panel)} months, {len(staggered.orders)} orders; as of 2025-04-30)"
    assert repr(staggered) == text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_customers": 0}, r"n_customers=.*whole number, 1 or more"),
        ({"n_customers": 2.5}, r"n_customers=.*whole number, 1 or more; got 2\.5"),
        ({"n_customers": True}, r"n_customers="),
        ({"n_periods": 0}, r"n_periods=.*from 1 to 1200"),
        ({"n_periods": "24"}, r"n_periods="),
        ({"acquisition_periods": 25}, r"acquisition_periods=.*from 1 to 24; got 25"),
        ({"start": "2024-01-02"}, r"start=.*first day of a month"),
        ({"start": "yesterday"}, r"start="),
        ({"start": "9999-01-01"}, r"start=.*24 months later"),
        ({"parameters": {"order_rates": 1}}, r"parameters=.*LifecycleParameters, or None"),
    ],
)
def test_arguments_are_checked(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(crm.ParameterError, match=message):
        simulate_lifecycle(**{"n_customers": 10, "rng": 1, **arguments})


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("order_rates", (1.0, 2.0, 3.0), "4 numbers above 0"),
        ("order_rates", (1.0, 2.0, 3.0, 0.0), "4 numbers above 0"),
        ("order_rates", (1.0, 2.0, float("nan"), 1.0), "4 numbers above 0"),
        ("order_rates", [1.0, 2.0, 3.0, 1.0], "a tuple of 4"),
        ("multiplier_shape", 0.0, "0.01 up"),
        ("multiplier_shape", float("nan"), "0.01 up"),
        ("mean_amount", -1.0, "0.01 to 1e9"),
        ("amount_variation", "0", "0 to 10"),
        ("transitions", ((1.0,),), "4 tuples of 4"),
        ("transitions", ((0.9, 0.2, 0.0, 0.0), *DEFAULTS.transitions[1:]), "add up to 1; so must that of 'exploration'"),
        ("transitions", (*DEFAULTS.transitions[:3], (0.0, -0.1, 0.0, 1.1)), "so must that of 'decline'"),
        (
            "transitions",
            ((0.8, 0.1, 0.1, 0.0), *DEFAULTS.transitions[1:]),
            "'exploration' is followed by 'exploration', 'build-up', 'decline'",
        ),
    ],
)
def test_parameters_are_checked(name: str, value: Any, message: str) -> None:
    with pytest.raises(crm.ParameterError, match=rf"LifecycleParameters\({name}=.*{message}"):
        simulate_lifecycle(10, 1, parameters=replace(DEFAULTS, **{name: value}))
