"""The true components of a simulated retailer, found again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from crmmodels.data.accounts.customer_base import CustomerBase
from crmmodels.data.accounts.referrals import CustomerCosts, Referrals
from crmmodels.data.orders.orders import Orders
from crmmodels.data.simulate import Retailer, RetailerParameters, simulate_retailer
from crmmodels.models.clv.model import CLVModel

ROLES = ("order_id", "quantity", "list_price", "unit_cost", "category", "sku", "channel", "service_cost")
NAMES = [f"clv{number}" for number in range(1, 7)]


def base_of(retailer: Retailer) -> CustomerBase:
    orders = Orders(
        retailer.lines,
        customer="customer_id",
        time="date",
        amount="amount",
        until=retailer.as_of,
        **{role: role for role in ROLES},
    )
    referrals = Referrals(retailer.referrals, referrer="referrer", referee="referee", time="date", reward="reward")
    events = (
        CustomerCosts(retailer.service_costs, customer="customer_id", cost="cost", time="date")
        if len(retailer.service_costs)
        else None
    )
    costs = CustomerCosts(retailer.acquisition_costs, customer="customer_id", cost="cost")
    return CustomerBase(orders, referrals if len(retailer.referrals) else None, costs, events)


def found(retailer: Retailer, **parameters: Any) -> pd.DataFrame:
    """Realised components per customer, undiscounted; the future does not matter here."""
    model = CLVModel(discount_rate_annual=0.0, n_draws=1, **parameters)
    accounts = model.accounts(base_of(retailer)).set_index("customer_id")
    columns = {
        "clv1": accounts["first_contribution"] - accounts["acquisition_cost"],
        "clv2": accounts["base_same"] + accounts["service_base"],
        "clv3": accounts["base_new"],
        "clv4": accounts["saving"] + accounts["service_saving"],
        "clv6": accounts["premium"],
    }
    table = pd.DataFrame(columns)
    table["own"] = table.sum(axis=1)
    if "referrer_id" in accounts:
        referred = accounts["referrer_id"].notna()
        theta = model.theta
        transfer = theta * table["own"] + (1 - theta) * accounts["acquisition_relief"] - accounts["reward"]
        table["clv5"] = transfer[referred].groupby(accounts["referrer_id"][referred].astype(int)).sum()
    return table.fillna(0.0)


@pytest.fixture(scope="module")
def retailer() -> Retailer:
    return simulate_retailer(6000, 20)


def test_own_value_is_recovered_to_the_cent(retailer):
    here, truth = found(retailer), retailer.truth
    np.testing.assert_allclose(here["own"], truth["own"], rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(here["clv1"], truth["clv1"], rtol=1e-9, atol=1e-6)


def of_resampled(retailer: Retailer, base: CustomerBase, n_samples: int) -> pd.DataFrame:
    """Totals of the same base with the benchmarks that customers drawn with replacement give: how far chance moves benchmarks."""
    rng, model = np.random.default_rng(0), CLVModel(discount_rate_annual=0.0, n_draws=1)
    rows_of = retailer.lines.groupby("customer_id").indices
    totals = []
    for _ in range(n_samples):
        drawn = rng.choice(list(rows_of), len(rows_of))
        again = np.repeat(np.arange(len(drawn)), [len(rows_of[customer]) for customer in drawn])
        lines = retailer.lines.iloc[np.concatenate([rows_of[customer] for customer in drawn])]
        lines = lines.assign(customer_id=again, order_id=lines["order_id"].astype(str) + "-" + again.astype(str))
        orders = Orders(
            lines, customer="customer_id", time="date", amount="amount", until=retailer.as_of, **{role: role for role in ROLES}
        )
        benchmarks = model._accounts(CustomerBase(orders), None).benchmarks
        totals.append(totals_of(model._accounts(base, benchmarks).frame.to_native()))
    return pd.DataFrame(totals)


def totals_of(accounts: pd.DataFrame) -> dict[str, float]:
    sums = accounts.sum(numeric_only=True)
    return {
        "clv2": sums["base_same"] + sums["service_base"],
        "clv3": sums["base_new"],
        "clv4": sums["saving"] + sums["service_saving"],
        "clv6": sums["premium"],
    }


def chance_of_causes(retailer: Retailer) -> float:
    """Standard deviation of the true total of clv5: who would not have come otherwise is binomial, at what a referee is worth more then."""
    referred = retailer.truth[retailer.truth["generation"] > 0]
    relief = RetailerParameters().acquisition_cost - RetailerParameters().referee_acquisition_cost
    return float(np.sqrt(0.25 * ((referred["own"] - relief) ** 2).sum()))


SEEDS = (200, 201, 202, 203)
WIDEST = {"clv1": 1e-7, "clv2": 0.01, "clv3": 0.01, "clv4": 0.06, "clv5": 0.25, "clv6": 0.03}
"""Standard errors of totals, as shares of them, above which an interval would prove nothing."""


@pytest.fixture(scope="module")
def recovered() -> dict[int, pd.DataFrame]:
    """Estimate, truth and standard error of each of the six totals, of four retailers."""
    tables = {}
    for seed in SEEDS:
        retailer = simulate_retailer(1500, seed)
        base = base_of(retailer)
        errors = of_resampled(retailer, base, 12).std(ddof=1)
        errors["clv1"], errors["clv5"] = 1e-9 * abs(retailer.truth["clv1"]).sum(), chance_of_causes(retailer)
        truth = retailer.truth.rename(columns={"clv5": "clv5_all", "clv5_direct": "clv5"}).sum(numeric_only=True)
        tables[seed] = pd.DataFrame({"found": found(retailer).sum(), "truth": truth, "error": errors}).loc[NAMES]
    return tables


@pytest.mark.parametrize("name", NAMES)
def test_each_total_is_within_its_interval(recovered, name):
    """4.44 standard errors are 99.9 % of a t distribution with the 11 degrees of freedom that 12 resamples leave."""
    off = []
    for seed in SEEDS:
        row = recovered[seed].loc[name]
        assert abs(row["error"]) <= WIDEST[name] * abs(row["truth"]) * 1.001 + 1e-6, (seed, row)
        off.append((row["found"] - row["truth"]) / row["error"])
    assert (np.abs(off) < 4.44).all(), off
    # Together they are as far off as their errors say: a bias of more than two errors would show.
    assert np.sqrt(np.mean(np.square(off))) < 2.6, off


def test_the_limits_of_the_draws_hold_the_true_referral_total(retailer):
    """Theta is the only thing that the realised clv5 leaves open; its limits over the draws hold the truth, as own value is exact."""
    base = base_of(retailer)
    model = CLVModel(discount_rate_annual=0.0, n_draws=2).fit(base)
    values = model._read(model._open(base, model.fitted)).columns
    totals = [part.realised[4].sum() for part in model._draws(values, model.fitted, 100, 0)]
    low, high = np.quantile(totals, [0.025, 0.975])
    assert low < retailer.truth["clv5_direct"].sum() < high
    assert model.components(base)["clv5_realised"].sum() == pytest.approx(found(retailer)["clv5"].sum(), rel=1e-9)


def test_own_components_move_money_among_each_other_only(retailer):
    here, truth = found(retailer).sum(), retailer.truth.sum(numeric_only=True)
    parts = ["clv2", "clv3", "clv4", "clv6"]
    assert here[parts].sum() == pytest.approx(truth[parts].sum(), rel=1e-9)
    for name, percent in (("clv2", 2), ("clv3", 2), ("clv4", 6), ("clv6", 4)):
        assert here[name] == pytest.approx(truth[name], rel=percent / 100), name
    assert here["clv5"] == pytest.approx(truth["clv5_direct"], abs=4 * chance_of_causes(retailer))


def test_customers_are_recovered_one_by_one(retailer):
    here, truth = found(retailer), retailer.truth
    for name in ("clv2", "clv3", "clv4", "clv6"):
        assert np.corrcoef(here[name], truth[name])[0, 1] > 0.99, name


def test_every_generation(retailer):
    model = CLVModel(discount_rate_annual=0.0, n_draws=1, generations="all").fit(base_of(retailer))
    parts = model.components(base_of(retailer))
    truth = retailer.truth
    noise = 4 * np.sqrt(0.25 * (truth.loc[truth["generation"] > 0, "own"] ** 2).sum())
    assert parts["clv5_realised"].sum() == pytest.approx(truth["clv5"].sum(), abs=1.5 * noise)
    direct = CLVModel(discount_rate_annual=0.0, n_draws=1).fit(base_of(retailer)).components(base_of(retailer))
    assert parts["clv5_realised"].sum() > direct["clv5_realised"].sum()
    np.testing.assert_allclose(direct["clv5_realised"], found(retailer)["clv5"].reindex(direct.index), rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize(
    ("off", "component"),
    [
        ({"discount_decay_order": 0.0, "discount_decay_year": 0.0, "discount_noise": 0.0, "introductory_spread": 0.0}, "clv6"),
        ({"service_learning": 0.0, "service_noise": 0.0}, "clv4"),
        ({"category_adoption": 0.0}, "clv3"),
        ({"referral_rate": 0.0}, "clv5"),
    ],
    ids=["price", "service", "categories", "referrals"],
)
def test_what_is_not_there_is_not_found(off, component):
    retailer = simulate_retailer(1500, 3, parameters=RetailerParameters(**off))
    here = found(retailer)
    if component == "clv5":
        assert "clv5" not in here
        return
    assert here[component].abs().max() < 1e-6 * retailer.lines["amount"].abs().max() * 100


def test_what_is_not_there_is_noise_at_most():
    """Noise on, learning and decay off: the components are 0 but for chance, whose size is known."""
    still = RetailerParameters(discount_decay_order=0.0, discount_decay_year=0.0, service_learning=0.0)
    scores = []
    for seed in range(6):
        retailer = simulate_retailer(1200, seed, parameters=still)
        here = found(retailer)
        base = here["clv2"].sum() + here["clv3"].sum()
        scores.append([here["clv6"].sum() / base, here["clv4"].sum() / base])
    mean, error = np.mean(scores, axis=0), np.std(scores, axis=0, ddof=1) / np.sqrt(len(scores))
    assert (np.abs(mean) < 4 * error + 1e-3).all()
    assert (np.abs(scores) < 0.05).all()


def test_totals_are_unbiased_over_draws():
    """A systematic error would add up over seeds; chance does not."""
    errors = []
    for seed in range(8):
        retailer = simulate_retailer(1500, 100 + seed)
        here, truth = found(retailer).sum(), retailer.truth.sum(numeric_only=True)
        errors.append([here[name] / truth[name] - 1 for name in ("clv2", "clv3", "clv4", "clv6")])
    mean, error = np.mean(errors, axis=0), np.std(errors, axis=0, ddof=1) / np.sqrt(len(errors))
    assert (np.abs(mean) < 4 * error + 0.005).all(), (mean, error)


def test_returns_go_back_to_the_order_they_undo():
    """A return is a line of its order: of a first order it lowers clv1, of a later one clv2, clv3 and clv6."""
    retailer = simulate_retailer(1500, 9, parameters=RetailerParameters(return_share=0.15))
    here, truth = found(retailer), retailer.truth
    np.testing.assert_allclose(here["own"], truth["own"], rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(here["clv1"], truth["clv1"], rtol=1e-9, atol=1e-6)
    for name, percent in (("clv2", 3), ("clv3", 3), ("clv4", 12), ("clv6", 8)):
        assert here[name].sum() == pytest.approx(truth[name].sum(), rel=percent / 100), name


def of_two_halves(seed: int, **changes: Any) -> tuple[CLVModel, Orders, pd.DataFrame]:
    """Fitted on three years of customers who came in them, with the lines of the next three."""
    parameters = RetailerParameters(n_days=2 * 1096, acquisition_span=0.5, referral_rate=0.0, contact_rate=0.0, **changes)
    whole = simulate_retailer(3000, seed, parameters=parameters)
    middle = pd.Timestamp("2022-01-01") + pd.Timedelta(days=1096)
    past = whole.lines[whole.lines["date"] < middle]
    orders = Orders(
        past, customer="customer_id", time="date", amount="amount", until=middle.date(), **{role: role for role in ROLES}
    )
    then = whole.lines[(whole.lines["date"] >= middle) & whole.lines["customer_id"].isin(past["customer_id"].unique())]
    return CLVModel(discount_rate_annual=0.0, n_draws=40, horizon_years=1096 / 365.25).fit(orders), orders, then


@pytest.mark.slow
def test_the_future_of_a_steady_base_is_what_then_comes():
    """Without trends in prices, discounts and service, what comes is what is foreseen, and so is its spread over customers."""
    steady = {"discount_decay_order": 0.0, "discount_decay_year": 0.0, "service_learning": 0.0, "inflation_annual": 0.0}
    model, orders, then = of_two_halves(31, **steady)
    money = then["quantity"] * (then["net_price"] - then["unit_cost"]) - then["service_cost"]
    came = money.groupby(then["customer_id"]).sum()
    scores = model.score(orders)
    came = came.reindex(scores.index, fill_value=0.0)
    assert scores["future"].sum() == pytest.approx(came.sum(), rel=0.08)
    fifths = pd.qcut(scores["future"], 5)
    by = pd.DataFrame({"foreseen": scores["future"], "came": came}).groupby(fifths, observed=True).mean()
    np.testing.assert_allclose(by["foreseen"].iloc[1:], by["came"].iloc[1:], rtol=0.25)
    assert np.corrcoef(scores["future"], came)[0, 1] > 0.5


@pytest.mark.slow
def test_trends_are_not_foreseen():
    """With the default mechanisms orders become dearer with loyalty; money per order stays that of the past, so that less is foreseen."""
    model, orders, then = of_two_halves(31)
    came = (then["quantity"] * (then["net_price"] - then["unit_cost"]) - then["service_cost"]).sum()
    assert 0.6 * came < model.score(orders)["future"].sum() < came
