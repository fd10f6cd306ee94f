from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

import crmmodels as crm
from crmmodels.data.accounts.customer_base import CustomerBase
from crmmodels.data.accounts.referrals import CustomerCosts, Referrals
from crmmodels.data.simulate import simulate_retailer
from crmmodels.models.clv.model import CLVModel
from crmmodels.plotting.drawing.figure import BLUE, GREY, ORANGE
from crmmodels.plotting.value.claims import plot_claims

COLOURS = {"supported": BLUE, "contradicted": ORANGE, "not decided": GREY}


@pytest.fixture(scope="module")
def clv_base():
    retailer = simulate_retailer(300, 0)
    roles = ("order_id", "quantity", "list_price", "unit_cost", "category", "sku", "channel", "service_cost")
    orders = crm.Orders(
        retailer.lines, customer="customer_id", time="date", amount="amount", **dict(zip(roles, roles, strict=True))
    )
    costs = {"customer": "customer_id", "cost": "cost"}
    return CustomerBase(
        orders,
        referrals=Referrals(retailer.referrals, referrer="referrer", referee="referee", time="date", reward="reward"),
        acquisition_costs=CustomerCosts(retailer.acquisition_costs, **costs),
        service_costs=CustomerCosts(retailer.service_costs, **costs, time="date"),
    )


@pytest.fixture(scope="module")
def clv_model(clv_base):
    return CLVModel(n_draws=5).fit(clv_base)


def orders_of(amounts):
    """Customers who order once a month, for the amounts of each."""
    rows = [
        (who, pd.Timestamp(2024, month, 1), amount)
        for who, own in enumerate(amounts)
        for month, amount in enumerate(own, start=1)
    ]
    frame = pd.DataFrame(rows, columns=["who", "day", "paid"])
    return crm.Orders(frame, customer="who", time="day", amount="paid")


def drawn_claims(ax):
    """Slope, lower and upper limit, and colour of each row."""
    rows = []
    for container in ax.containers:
        point, _, (bar,) = container.lines
        (low, _), (high, _) = bar.get_segments()[0]
        rows.append((point.get_xdata()[0], low, high, to_hex(point.get_color())))
    return rows


@pytest.mark.parametrize("level", [0.5, 0.95])
def test_rows_are_the_claims_of_the_model(clv_base, clv_model, level, drawn):
    ax = drawn(plot_claims(clv_model, clv_base, level=level))
    claims = clv_model.claims(clv_base, level=level)
    assert len(claims) == 3
    for (slope, low, high, colour), row in zip(drawn_claims(ax), claims.itertuples(), strict=True):
        assert (slope, low, high) == pytest.approx((row.slope, row.lower, row.upper))
        assert colour == COLOURS[row.verdict].lower()
    assert [words.get_text() for words in ax.texts] == [f"{row.verdict}: {row.slope:.3g}" for row in claims.itertuples()]
    assert [label.get_text().replace("\n", " ") for label in ax.get_yticklabels()] == claims["claim"].tolist()
    assert f"({level:.0%} limits)" in ax.get_xlabel().replace("\n", " ")
    assert ax.lines[0].get_xdata() == [0.0, 0.0]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]


@pytest.mark.parametrize(("growth", "verdict"), [(0.5, "supported"), (-0.5, "contradicted"), (0.0, "not decided")])
def test_the_slope_is_the_elasticity_that_the_orders_have(growth, verdict):
    rng = np.random.default_rng(1)
    noise = np.exp(rng.normal(0.0, 0.05, (40, 6)))
    orders = orders_of(20.0 * np.arange(1, 7) ** growth * noise)
    ax = plot_claims(CLVModel(), orders)
    ((slope, low, high, _),) = drawn_claims(ax)
    assert slope == pytest.approx(growth, abs=0.05)
    assert low < slope < high
    assert ax.texts[0].get_text().startswith(f"{verdict}: ")
    left, right = ax.get_xlim()
    assert left < min(low, 0.0)
    assert right > max(high, 0.0)


def test_orders_without_any_difference_can_be_drawn(drawn):
    ax = drawn(plot_claims(CLVModel(), orders_of(np.full((5, 3), 7.0))))
    assert ax.texts[0].get_text() == "not decided: 0"


def test_what_tests_no_claim_is_refused():
    with pytest.raises(crm.DataError, match="no customer has two orders with an amount above 0, so that no claim can be"):
        plot_claims(CLVModel(), orders_of([[1.0], [2.0]]))


def test_claims_without_limits_are_left_out(clv_base, clv_model, monkeypatch):
    claims = clv_model.claims(clv_base)
    claims.loc["price", ["lower", "upper"]] = np.nan
    monkeypatch.setattr(CLVModel, "claims", lambda *_, **__: claims)
    assert len(plot_claims(clv_model, clv_base).containers) == 2
    claims[["lower", "upper"]] = np.nan
    with pytest.raises(crm.DataError, match="no claim can be tested"):
        plot_claims(clv_model, clv_base)


@pytest.mark.parametrize("level", [0, 1, 2, "high", True])
def test_other_levels_are_refused(clv_base, clv_model, level):
    with pytest.raises(crm.ParameterError, match=r"^plot_claims\(level=...\) must be between 0 and 1; got "):
        plot_claims(clv_model, clv_base, level=level)
