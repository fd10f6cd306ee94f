from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

import crmmodels as crm
from crmmodels.data.accounts.customer_base import CustomerBase
from crmmodels.data.accounts.referrals import CustomerCosts, Referrals
from crmmodels.data.simulate import simulate_retailer
from crmmodels.models.clv.model import CLVModel
from crmmodels.plotting.value.cohorts import plot_value_by_cohort

NAMES = [f"clv{k}" for k in range(1, 7)]


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


@pytest.fixture(scope="module")
def plain_orders(clv_base):
    return crm.Orders(clv_base.orders.frame, customer="customer_id", time="date", amount="amount")


def expected(model, base, orders, period):
    """Means of the components and number of customers by pandas period of the first order."""
    scores = model.score(base)[NAMES]
    first = orders.customers().set_index("customer_id")["first_order"].loc[scores.index]
    cohort = pd.PeriodIndex(first, freq="W-SUN" if period == "W" else period)
    every = pd.period_range(cohort.min(), cohort.max())
    return scores.groupby(cohort).mean().reindex(every), scores.groupby(cohort).size().reindex(every, fill_value=0)


def parts(ax):
    return np.array([[bar.get_height() for bar in bars] for bars in ax.containers])


@pytest.mark.parametrize("period", ["W", "M", "Q", "Y"])
def test_bars_are_the_means_of_the_scores(clv_base, clv_model, period, drawn):
    ax = drawn(plot_value_by_cohort(clv_model, clv_base, period=period))
    means, n = expected(clv_model, clv_base, clv_base.orders, period)
    np.testing.assert_allclose(parts(ax), means.fillna(0.0).to_numpy().T, rtol=0, atol=1e-9)
    np.testing.assert_allclose(ax.lines[0].get_ydata(), means.sum(axis=1, skipna=False).to_numpy(), rtol=0, atol=1e-9)
    second = next(other for other in ax.figure.axes if other is not ax)
    assert second.lines[0].get_ydata().tolist() == n.tolist()
    assert second.get_ylim()[0] == 0
    forms = {"W": lambda p: str(p.start_time.date()), "M": str, "Q": lambda p: f"{p.year} Q{p.quarter}", "Y": str}
    ticks = ax.get_xticks().astype(int)
    assert [label.get_text() for label in ax.get_xticklabels()] == [forms[period](means.index[k]) for k in ticks]
    assert ticks[0] == 0


def test_losses_hang_below_zero_and_gains_stand_above(clv_base, clv_model, drawn):
    ax = drawn(plot_value_by_cohort(clv_model, clv_base, period="W"))
    height = parts(ax)
    assert (height[0] < 0).any()
    above, below = np.zeros(height.shape[1]), np.zeros(height.shape[1])
    for bars, own in zip(ax.containers, height, strict=True):
        start = np.array([bar.get_y() for bar in bars])
        np.testing.assert_allclose(start, np.where(own < 0, below, above))
        above += np.maximum(own, 0)
        below += np.minimum(own, 0)
    low, high = ax.get_ylim()
    assert low < below.min()
    assert high > above.max()


@pytest.mark.parametrize("engine", [pl.from_pandas, lambda f: pl.from_pandas(f).lazy(), lambda f: pl.from_pandas(f).to_arrow()])
def test_other_kinds_of_logs_will_do(plain_orders, engine):
    model = CLVModel(n_draws=2).fit(plain_orders)
    frame = plain_orders.frame[["customer_id", "date", "amount"]]
    orders = crm.Orders(engine(frame), customer="customer_id", time="date", amount="amount")
    np.testing.assert_allclose(
        parts(plot_value_by_cohort(model, orders)), parts(plot_value_by_cohort(model, plain_orders)), rtol=1e-9
    )


def test_components_that_are_not_identified_are_named_under_the_plot(plain_orders, drawn):
    model = CLVModel(n_draws=2).fit(plain_orders)
    ax = drawn(plot_value_by_cohort(model, plain_orders, period="Q"))
    lines = ax.get_xlabel().split("\n")
    assert lines == ["Quarter of the first order", "Before acquisition cost: CLV1", "Not identified: CLV3, CLV4, CLV5, CLV6"]
    names = [entry.get_text() for entry in ax.get_legend().get_texts()]
    assert names == ["CLV1 first purchase", "CLV2 repeat purchases", "mean CLV", "customers (right axis)"]
    assert [bars[0].get_hatch() is None for bars in ax.containers] == [False, True, False, False, False, False]
    assert ax.get_ylabel() == "Mean CLV (revenue)"


def test_the_means_weighted_by_customers_are_the_mean_of_all(clv_base, clv_model):
    ax = plot_value_by_cohort(clv_model, clv_base, period="Q")
    second = next(other for other in ax.figure.axes if other is not ax)
    n, mean = second.lines[0].get_ydata(), ax.lines[0].get_ydata()
    assert n @ mean / n.sum() == pytest.approx(clv_model.score(clv_base)["clv"].mean())


def test_other_arguments_are_refused(clv_base, clv_model):
    must = "one of 'D', 'W', 'M', 'Q', 'Y'; got 'month'"
    with pytest.raises(crm.ParameterError, match=rf"^plot_value_by_cohort\(period=...\) must be {must}"):
        plot_value_by_cohort(clv_model, clv_base, period="month")
    with pytest.raises(
        crm.ParameterError, match=r"\(period=...\) must be a longer one, for first orders lie in 1,\d\d\d periods"
    ):
        plot_value_by_cohort(clv_model, clv_base, period="D")
