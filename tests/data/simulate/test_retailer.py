"""The simulated retailer: identities of its truth, each mechanism against its formula, and what a firm can find from the logs."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import crmmodels as crm
from crmmodels.data.simulate import Channel, ParetoNBDParameters, Retailer, RetailerParameters, simulate_retailer

COMPONENTS = ["clv1", "clv2", "clv3", "clv4", "clv5", "clv6"]
DEFAULTS = RetailerParameters()
ROLES = ("order_id", "quantity", "list_price", "unit_cost", "category", "sku", "channel", "service_cost")
SURE = 5.0
"""Standard errors that a right simulation leaves once in a million draws."""


def simulated(n_customers: int = 4000, seed: int = 3, **changes: Any) -> Retailer:
    return simulate_retailer(n_customers, seed, parameters=replace(DEFAULTS, **changes))


@pytest.fixture(scope="module")
def retailer() -> Retailer:
    return simulated(20_000, return_share=0.1, referral_rate=0.3)


@pytest.fixture(scope="module")
def plain() -> Retailer:
    """Without returns, so that every line belongs to the date of its order."""
    return simulated(20_000)


def order_numbers(lines: pd.DataFrame) -> pd.Series:
    """Orders of the customer before that of the line."""
    first = lines.groupby("customer_id")["order_id"].transform("min")
    return lines["order_id"] - first


def test_one_seed_gives_one_retailer() -> None:
    one, same, other = simulated(300), simulated(300), simulated(300, seed=4)
    for name in ("lines", "referrals", "acquisition_costs", "service_costs", "truth", "references"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(same, name))
    assert not one.lines["amount"].equals(other.lines["amount"])
    drawn = simulate_retailer(300, np.random.default_rng(3))
    pd.testing.assert_frame_equal(one.lines, drawn.lines)
    assert simulate_retailer(300).truth["clv"].sum() != simulate_retailer(300).truth["clv"].sum()


def test_own_components_are_contribution_less_acquisition_cost(retailer: Retailer) -> None:
    lines, truth = retailer.lines, retailer.truth
    contribution = lines["quantity"] * (lines["net_price"] - lines["unit_cost"]) - lines["service_cost"]
    expected = contribution.groupby(lines["customer_id"]).sum()
    expected -= retailer.acquisition_costs.set_index("customer_id")["cost"]
    expected -= retailer.service_costs.groupby("customer_id")["cost"].sum().reindex(truth.index, fill_value=0.0)
    np.testing.assert_allclose(truth["own"], expected, rtol=0, atol=1e-9)
    np.testing.assert_allclose(truth[COMPONENTS].sum(axis=1), truth["clv"], rtol=0, atol=1e-9)
    np.testing.assert_allclose(truth["clv"] - truth["transfer"], truth["retained"], rtol=0, atol=1e-9)
    assert (lines["amount"] == lines["quantity"] * lines["net_price"]).all()


def test_each_component_is_its_sum_over_lines(retailer: Retailer) -> None:
    lines, truth, parameters = retailer.lines, retailer.truth, retailer.parameters
    quantity, price, cost = lines["quantity"], lines["net_price"], lines["unit_cost"]
    reference, service = retailer.references["reference_price"], retailer.references["reference_service_cost"]
    later = order_numbers(lines) > 0
    in_first = lines.loc[~later].groupby("customer_id")["category"].first().reindex(lines["customer_id"])
    old = lines["category"].astype(str).to_numpy() == in_first.astype(str).to_numpy()
    contacts = retailer.service_costs.groupby("customer_id")["cost"].agg(["sum", "size"]).reindex(truth.index, fill_value=0.0)
    base = quantity * (reference - cost) - service
    expected = {
        "clv1": (quantity * (price - cost) - lines["service_cost"]).where(~later, 0.0),
        "clv2": base.where(later & old, 0.0),
        "clv3": base.where(later & ~old, 0.0),
        "clv4": (service - lines["service_cost"]).where(later, 0.0),
        "clv6": (quantity * (price - reference)).where(later, 0.0),
    }
    sums = {name: money.groupby(lines["customer_id"]).sum() for name, money in expected.items()}
    sums["clv1"] -= retailer.acquisition_costs["cost"]
    sums["clv2"] -= parameters.contact_cost * contacts["size"]
    sums["clv4"] += parameters.contact_cost * contacts["size"] - contacts["sum"]
    for name, money in sums.items():
        np.testing.assert_allclose(truth[name], money, rtol=0, atol=1e-9)


def test_referrals_are_worth_what_the_firm_would_lack_without_them(retailer: Retailer) -> None:
    """Of each referrer: the firm's money with and without its referrals, referee by referee."""
    truth, parameters = retailer.truth, retailer.parameters
    referees = retailer.referrals.groupby("referrer")["referee"].agg(list).to_dict()
    own, caused = truth["own"].to_numpy(), truth["caused"].to_numpy()
    saved = parameters.acquisition_cost - retailer.acquisition_costs["cost"].to_numpy()

    def gained(referrer: int) -> float:
        each = ((own[k] + gained(k)) if caused[k] else saved[k] for k in referees.get(referrer, ()))
        return sum(money - parameters.referral_reward for money in each)

    assert truth["generation"].max() >= 3
    np.testing.assert_allclose(truth["clv5"], [gained(i) for i in truth.index], rtol=0, atol=1e-9)
    reward = retailer.referrals["reward"].sum()
    assert truth["retained"].sum() == pytest.approx(truth["own"].sum() - reward, abs=1e-6)
    by = retailer.referrals["referee"].to_numpy()
    direct = pd.Series(np.where(caused, own, saved)[by], index=by)
    np.testing.assert_allclose(truth["transfer_direct"][by], direct, rtol=0, atol=1e-12)
    expected = (direct - parameters.referral_reward).groupby(retailer.referrals["referrer"].to_numpy()).sum()
    np.testing.assert_allclose(truth["clv5_direct"], expected.reindex(truth.index, fill_value=0.0), rtol=0, atol=1e-9)


def test_logs_are_what_a_firm_could_have(retailer: Retailer) -> None:
    lines, truth, referrals = retailer.lines, retailer.truth, retailer.referrals
    n, parameters = len(truth), retailer.parameters
    begin, end = pd.Timestamp("2022-01-01"), pd.Timestamp(retailer.as_of)
    assert retailer.as_of == dt.date(2025, 1, 1)
    assert truth.index.equals(pd.RangeIndex(n, name="customer_id"))
    assert (truth["generation"] == 0).sum() == 20_000
    assert sorted(lines["customer_id"].unique()) == list(truth.index)
    assert retailer.acquisition_costs["customer_id"].tolist() == list(truth.index)
    assert not lines.drop_duplicates(["order_id", "customer_id"])["order_id"].duplicated().any()
    for frame in (lines, referrals, retailer.service_costs):
        assert frame["date"].between(begin, end, inclusive="left").all()
    assert lines.index.equals(retailer.references.index)
    bought, back = lines[lines["quantity"] > 0], lines[lines["quantity"] < 0]
    assert len(bought) + len(back) == len(lines)
    assert bought.groupby("order_id")["date"].nunique().max() == 1
    orders = bought.drop_duplicates("order_id")
    assert (orders.sort_values(["customer_id", "date", "order_id"])["order_id"].diff().dropna() > 0).all()
    assert (lines.sort_values(["customer_id", "date"], kind="stable").index == lines.index).all()
    assert (lines["unit_cost"] == parameters.unit_cost_share * lines["list_price"]).all()
    assert lines.groupby("sku", observed=True)["category"].nunique().max() == 1
    first = orders.groupby("customer_id")["date"].min()
    assert (first == truth["first_order"]).all()
    assert (orders.groupby("customer_id")["date"].max() <= first + pd.to_timedelta(truth["active_days"], unit="D")).all()
    contact = retailer.service_costs
    assert (contact["date"] >= first.reindex(contact["customer_id"]).to_numpy()).all()
    active = pd.to_timedelta(truth["active_days"], unit="D")
    assert (contact["date"] <= (first + active).reindex(contact["customer_id"]).to_numpy()).all()


def test_referees_are_younger_than_their_one_referrer(retailer: Retailer) -> None:
    """By a calendar day, which also excludes cycles."""
    referrals, truth = retailer.referrals, retailer.truth
    assert referrals["referee"].is_unique
    assert set(referrals["referee"]) == set(truth.index[truth["generation"] > 0])
    first = truth["first_order"]
    assert (referrals["date"] == first[referrals["referee"]].to_numpy()).all()
    referrer = first[referrals["referrer"]].reset_index(drop=True)
    assert (referrals["date"].dt.normalize() > referrer.dt.normalize()).all()
    assert (
        referrals["date"] <= referrer + pd.to_timedelta(truth["active_days"][referrals["referrer"]].to_numpy(), unit="D")
    ).all()
    generation = truth["generation"].to_numpy()
    assert (generation[referrals["referee"]] == generation[referrals["referrer"]] + 1).all()
    assert not truth["caused"][truth["generation"] == 0].any()


OFF = {
    "discounts": ({"discount_decay_order": 0.0, "discount_decay_year": 0.0, "discount_noise": 0.0}, "clv6"),
    "learning": ({"service_learning": 0.0, "service_noise": 0.0}, "clv4"),
    "adoption": ({"category_adoption": 0.0}, "clv3"),
    "one category": ({"n_categories": 1}, "clv3"),
    "referrals": ({"referral_rate": 0.0}, "clv5"),
}


@pytest.mark.parametrize(("changes", "component"), OFF.values(), ids=OFF)
@pytest.mark.parametrize("return_share", [0.0, 0.2])
def test_a_mechanism_turned_off_leaves_no_trace(changes: dict[str, Any], component: str, return_share: float) -> None:
    truth = simulated(500, return_share=return_share, **changes).truth
    assert truth[component].abs().max() == 0.0
    assert (truth[[name for name in COMPONENTS if name != component]].abs().sum() > 0.0).all()


def test_without_decay_only_the_noise_of_discounts_is_left() -> None:
    retailer = simulated(discount_decay_order=0.0, discount_decay_year=0.0)
    lines, reference = retailer.lines, retailer.references["reference_price"]
    later = order_numbers(lines) > 0
    mean_discount = (lines["quantity"] * (lines["list_price"] - reference))[later]
    deviation = DEFAULTS.discount_noise * np.sqrt((mean_discount**2).sum() / 3.0)
    assert 0.0 < abs(retailer.truth["clv6"].sum()) < SURE * deviation
    assert deviation < 0.01 * simulated().truth["clv6"].sum()


def test_without_learning_only_the_noise_of_service_is_left() -> None:
    retailer = simulated(service_learning=0.0)
    later = order_numbers(retailer.lines) > 0
    orders = retailer.references["reference_service_cost"][later].groupby(retailer.lines["order_id"]).sum()
    squares = (orders**2).sum() + DEFAULTS.contact_cost**2 * len(retailer.service_costs)
    deviation = DEFAULTS.service_noise * np.sqrt(squares)
    assert 0.0 < abs(retailer.truth["clv4"].sum()) < SURE * deviation


def test_discounts_follow_their_formula(plain: Retailer) -> None:
    lines, parameters = plain.lines, plain.parameters
    number = order_numbers(lines)
    years = (lines["date"] - plain.truth["first_order"][lines["customer_id"]].to_numpy()) / pd.Timedelta(days=365.25)
    introductory = 1.0 - plain.references["reference_price"] / lines["list_price"]
    cells = introductory.groupby([lines["category"], lines["date"].dt.to_period("Q")], observed=True)
    assert cells.ngroups == parameters.n_categories * 12
    assert (cells.max() - cells.min()).max() < 1e-12
    means = cells.mean()
    assert means.between(0.10, 0.20).all()
    assert means.std() == pytest.approx(0.05 / np.sqrt(3.0), rel=0.3)
    decay = np.exp(-parameters.discount_decay_order * number - parameters.discount_decay_year * years)
    noise = (1.0 - lines["net_price"] / lines["list_price"]) / (introductory * decay) - 1.0
    assert noise.abs().max() <= parameters.discount_noise + 1e-9
    assert noise.abs().max() > 0.999 * parameters.discount_noise
    for group in (noise[number == 0], noise[number == 1], noise[number > 5], noise[years > 1.5]):
        assert abs(group.mean()) < SURE * parameters.discount_noise / np.sqrt(3.0 * len(group))


def test_service_follows_the_learning_curve(plain: Retailer) -> None:
    lines, parameters = plain.lines, plain.parameters
    orders = lines.assign(number=order_numbers(lines)).groupby("order_id")
    cost, number = orders["service_cost"].sum(), orders["number"].first()
    of_first = {channel.name: channel.service_cost for channel in parameters.channels}
    mean = orders["channel"].first().astype(str).map(of_first) * (number + 1.0) ** -parameters.service_learning
    noise = cost / mean
    assert noise.std() == pytest.approx(parameters.service_noise, rel=0.02)
    for group in (noise[number == 0], noise[number == 1], noise[number > 5]):
        assert abs(group.mean() - 1.0) < SURE * parameters.service_noise / np.sqrt(len(group))
    assert orders["service_cost"].nunique().max() == 1
    contacts = plain.service_costs.sort_values("date")
    starts = lines.drop_duplicates("order_id")[["customer_id", "date", "order_id"]].sort_values("date")
    experienced = pd.merge_asof(contacts, starts, on="date", by="customer_id")
    first_id = lines.groupby("customer_id")["order_id"].min()
    n_orders = experienced["order_id"] - first_id[experienced["customer_id"]].to_numpy() + 1
    noise = experienced["cost"] / (parameters.contact_cost * n_orders**-parameters.service_learning)
    for group in (noise[n_orders == 1], noise[n_orders > 2]):
        assert abs(group.mean() - 1.0) < SURE * parameters.service_noise / np.sqrt(len(group))


def test_prices_rise_by_steps(plain: Retailer) -> None:
    lines = plain.lines
    quarter = lines["date"].dt.to_period("Q")
    prices = lines.groupby(["sku", quarter], observed=True)["list_price"].agg(["min", "max"])
    assert (prices["max"] / prices["min"] - 1.0).max() < 1e-12
    table = prices["min"].reset_index().pivot_table("min", "sku", "date", observed=True)
    days = (table.columns.start_time - pd.Timestamp("2022-01-01")).days.to_numpy()
    growth = table.div(table.iloc[:, 0], axis=0)
    np.testing.assert_allclose(growth, np.broadcast_to(1.03 ** (days / 365.25), growth.shape), rtol=1e-12)


def test_list_prices_start_at_their_mean() -> None:
    lines = simulated(1000, list_price_spread=0.0).lines
    np.testing.assert_allclose(lines["list_price"][lines["date"] < "2022-04-01"], DEFAULTS.list_price, rtol=1e-12)
    many = simulated(8000, n_categories=50, skus_per_category=40, inflation_annual=0.0).lines
    prices = many.groupby("sku", observed=True)["list_price"].first()
    assert len(prices) > 1900
    assert abs(prices.mean() - DEFAULTS.list_price) < SURE * prices.std() / np.sqrt(len(prices))
    assert np.log(prices).std() == pytest.approx(DEFAULTS.list_price_spread, rel=0.1)


def test_orders_adopt_categories_and_hold_lines_and_units_as_told(plain: Retailer) -> None:
    lines, parameters = plain.lines, plain.parameters
    number = order_numbers(lines)
    firsts = lines[number == 0].groupby("customer_id")["category"].nunique()
    assert (firsts == 1).all()
    new = ~lines.duplicated(["customer_id", "category"]) & (number > 0)
    before = new.groupby(lines["customer_id"]).cumsum() - new
    room = lines.assign(new=new, room=before < parameters.n_categories - 1)[number > 0].groupby("order_id")
    adopted = room["new"].sum()[room["room"].first()]
    share = parameters.category_adoption
    assert adopted.max() == 1
    assert abs(adopted.mean() - share) < SURE * np.sqrt(share * (1.0 - share) / len(adopted))
    for extra in (number == 0, number > 0):
        n_lines = lines[extra].groupby("order_id").size()
        assert abs(n_lines.mean() - 1.0 - parameters.extra_lines) < SURE * np.sqrt(parameters.extra_lines / len(n_lines))
    units = lines["quantity"].groupby(lines["customer_id"]).mean()
    error = units.std() / np.sqrt(len(units))
    assert abs(units.mean() - 1.0 - parameters.extra_units) < SURE * error
    two = simulated(20_000, extra_units_spread=0.0).lines
    variance = parameters.extra_units + (parameters.extra_units_spread * parameters.extra_units) ** 2
    assert lines.groupby("customer_id")["quantity"].first().var() == pytest.approx(variance, rel=0.05)
    assert two.groupby("customer_id")["quantity"].first().var() == pytest.approx(parameters.extra_units, rel=0.05)


def test_customers_come_by_channel_and_by_referral_as_told(plain: Retailer) -> None:
    truth, parameters = plain.truth, plain.parameters
    unreferred = truth[truth["generation"] == 0]
    day = (unreferred["first_order"] - pd.Timestamp("2022-01-01")) / pd.Timedelta(days=1)
    for channel in parameters.channels:
        days = day[unreferred["channel"] == channel.name]
        assert abs(len(days) / len(day) - channel.share) < SURE * np.sqrt(channel.share * (1.0 - channel.share) / len(day))
        opens, span = channel.opens * parameters.n_days, (1.0 - channel.opens) * parameters.n_days
        assert abs(days.mean() - opens - span / 2.0) < SURE * span / np.sqrt(12.0 * len(days))
        assert days.min() >= opens
    assert (plain.lines["channel"].astype(str) == truth["channel"].astype(str)[plain.lines["customer_id"]].to_numpy()).all()
    expected = parameters.referral_rate / 365.25 * np.maximum(truth["active_days"] - 1.0, 0.0).sum()
    assert abs(len(plain.referrals) - expected) < SURE * np.sqrt(expected)
    theta, referees = parameters.referral_theta, truth[truth["generation"] > 0]
    assert abs(referees["caused"].mean() - theta) < SURE * np.sqrt(theta * (1.0 - theta) / len(referees))
    costs = plain.acquisition_costs["cost"]
    for group, mean in ((truth["generation"] == 0, 15.0), (truth["generation"] > 0, 5.0)):
        assert abs(costs[group].mean() - mean) < SURE * 0.2 * mean / np.sqrt(group.sum())
    contacts = parameters.contact_rate / 365.25 * truth["active_days"].sum()
    assert abs(len(plain.service_costs) - contacts) < SURE * np.sqrt(contacts)
    short = simulated(1000, acquisition_span=0.25, referral_rate=0.0)
    assert short.truth["first_order"].max() < pd.Timestamp("2022-01-01") + pd.Timedelta(days=274)


@pytest.mark.parametrize(("theta", "caused"), [(0.0, 0.0), (1.0, 1.0)])
def test_theta_decides_who_would_not_have_come(theta: float, caused: float) -> None:
    retailer = simulated(1000, referral_theta=theta)
    referees = retailer.referrals["referee"]
    assert retailer.truth["caused"][referees].mean() == caused
    saved = DEFAULTS.acquisition_cost - retailer.acquisition_costs["cost"][referees]
    expected = retailer.truth["own"][referees] if theta else saved
    np.testing.assert_allclose(retailer.truth["transfer_direct"][referees], expected, rtol=0, atol=1e-12)


def test_returns_mirror_lines_of_their_order(retailer: Retailer, plain: Retailer) -> None:
    assert (plain.lines["quantity"] > 0).all()
    lines = retailer.lines
    same = ["order_id", "sku", "list_price", "net_price", "unit_cost"]
    back = lines[lines["quantity"] < 0]
    bought = lines[(lines["quantity"] > 0) & (lines["date"] < "2024-06-01")]
    assert (back["service_cost"] == 0.0).all()
    key = [*same, "size"]
    pairs = back.assign(size=-back["quantity"]).merge(
        lines[lines["quantity"] > 0].assign(size=lambda frame: frame["quantity"]), on=key, suffixes=("", "_bought")
    )
    assert pairs["order_id"].nunique() == back["order_id"].nunique()
    assert (pairs["date"] >= pairs["date_bought"]).all()
    delay = (pairs["date"] - pairs["date_bought"])[pairs["date_bought"] < "2024-06-01"] / pd.Timedelta(days=1)
    assert abs(delay.mean() - 14.0) < SURE * 14.0 / np.sqrt(len(delay))
    share = len(delay) / len(bought)
    assert abs(share - 0.1) < SURE * np.sqrt(0.09 / len(bought))


def test_repeat_orders_are_those_of_pareto_nbd() -> None:
    from crmmodels.kernels.purchase.pareto_nbd.predictions import expected_purchases_new

    only = Channel(name="shop", service_cost=5.0)
    retailer = simulated(20_000, channels=(only,), acquisition_span=1e-9, referral_rate=0.0, n_days=730)
    repeats = retailer.lines.groupby("customer_id")["order_id"].nunique() - 1
    expected = expected_purchases_new(np.array([730.0]), DEFAULTS.purchases)[0]
    assert abs(repeats.mean() - expected) < SURE * repeats.std() / np.sqrt(len(repeats))
    never = simulated(500, purchases=ParetoNBDParameters(1.2, 90.0, 1e-6, 1e9), channels=(only,), referral_rate=0.0)
    left = (pd.Timestamp(never.as_of) - never.truth["first_order"]) / pd.Timedelta(days=1)
    np.testing.assert_allclose(never.truth["active_days"], left, rtol=0, atol=1e-9)


def test_a_firm_can_find_the_truth_from_its_logs(plain: Retailer) -> None:
    """References estimated as the specification has them: within 1 % of the true total, by 12,000 first-time buyers and their noise."""
    lines, truth = plain.lines, plain.truth
    number = order_numbers(lines)
    period = lines["date"].dt.to_period("Q")
    first = lines[number == 0]
    discounts = (first["quantity"] * (1.0 - first["net_price"] / first["list_price"])).groupby(
        [first["category"], period[number == 0]], observed=True
    ).sum() / first["quantity"].groupby([first["category"], period[number == 0]], observed=True).sum()
    discount = discounts.reindex(pd.MultiIndex.from_arrays([lines["category"], period])).to_numpy()
    reference = lines["list_price"] * (1.0 - discount)
    premium = (lines["quantity"] * (lines["net_price"] - reference))[number > 0].sum()
    assert premium == pytest.approx(truth["clv6"].sum(), rel=0.01)
    per_order = first.groupby("order_id").agg(channel=("channel", "first"), cost=("service_cost", "sum"))
    service = per_order.groupby("channel", observed=True)["cost"].mean()
    later = lines[number > 0].drop_duplicates("order_id")["channel"].astype(str).map(service.to_dict()).sum()
    contacts = plain.service_costs["cost"]
    saving = later - lines["service_cost"][number > 0].sum() + len(contacts) * DEFAULTS.contact_cost - contacts.sum()
    assert saving == pytest.approx(truth["clv4"].sum(), rel=0.01)


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow", "duckdb"])
@pytest.mark.parametrize("return_share", [0.0, 0.1])
def test_orders_read_the_lines_with_all_roles(as_pandas: Any, kind: str, return_share: float) -> None:
    lines = simulated(300, return_share=return_share).lines
    native: Any = {
        "pandas": lambda: lines,
        "polars": lambda: pl.from_pandas(lines),
        "pyarrow": lambda: pa.Table.from_pandas(lines, preserve_index=False),
        "duckdb": lambda: duckdb.connect().from_df(lines),
    }[kind]()
    roles = {role: role for role in ROLES}
    orders = crm.Orders(native, customer="customer_id", time="date", amount="amount", **roles)
    assert set(orders.roles) == {"customer", "time", "amount", *ROLES}
    answer = orders.customers(as_of="2025-01-01")
    customers = as_pandas(answer.df() if kind == "duckdb" else answer).set_index("customer_id")
    np.testing.assert_allclose(customers["spend"], lines.groupby("customer_id")["amount"].sum(), rtol=0, atol=1e-9)
    assert (customers["first_order"] == lines.groupby("customer_id")["date"].min().dt.normalize()).all()
    # An order that came back whole is one or none, by the rounding of a sum that should be 0.
    if return_share == 0.0:
        assert (customers["n_orders"] == lines.groupby("customer_id")["order_id"].nunique()).all()


@pytest.mark.parametrize("period", ["D", "W", "M", "Y"])
def test_prices_may_change_with_any_calendar_period(period: Any) -> None:
    retailer = simulate_retailer(400, 5, start=dt.date(2023, 5, 17), price_period=period)
    lines = retailer.lines
    names = {"D": "D", "W": "W-SUN", "M": "M", "Y": "Y-DEC"}
    prices = lines.groupby(["sku", lines["date"].dt.to_period(names[period])], observed=True)["list_price"].agg(["min", "max"])
    assert (prices["max"] / prices["min"] - 1.0).max() < 1e-12
    assert prices["min"].groupby(level=0, observed=True).nunique().max() > 3
    assert retailer.as_of == dt.date(2023, 5, 17) + dt.timedelta(days=1096)


@pytest.mark.parametrize(("n_customers", "n_days"), [(1, 1), (1, 1096), (50, 2)])
def test_the_smallest_retailers_are_whole(n_customers: int, n_days: int) -> None:
    retailer = simulated(n_customers, n_days=n_days, return_share=1.0, n_categories=1, skus_per_category=1)
    assert len(retailer.truth) >= n_customers
    assert np.isfinite(retailer.truth[COMPONENTS]).all(axis=None)
    assert list(retailer.referrals) == ["referrer", "referee", "date", "reward"]


def test_a_retailer_shows_its_size() -> None:
    retailer = simulated(10)
    n, n_lines, n_referrals = len(retailer.truth), len(retailer.lines), len(retailer.referrals)
    assert repr(retailer) == f"Retailer({n} customers, {n_lines} lines, {n_referrals} referrals; as of 2025-01-01)"
