"""CLV in six components: the hand-checkable case, exact sums, laws, and what is said of what is missing."""

from __future__ import annotations

import math
import runpy
import warnings
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmmodels._frozen import seal
from crmmodels.data.accounts.customer_base import CustomerBase
from crmmodels.data.accounts.referrals import CustomerCosts, Referrals
from crmmodels.data.orders.orders import Orders
from crmmodels.exceptions import CrmModelsWarning, ParameterError, ReturnsOnlyWarning
from crmmodels.models.clv.model import CLVModel
from crmmodels.models.clv.record import COMPONENTS

CASE = runpy.run_path(str(Path(__file__).with_name("clv_case.py")))
HAND = CASE["HAND"]
record = CASE["record"]
at = CASE["at"]
AHEAD = CASE["AHEAD"]
hand_base = CASE["hand_base"]


def in_pandas(answer: Any) -> pd.DataFrame:
    if isinstance(answer, pd.DataFrame):
        return answer.sort_index()
    if isinstance(answer, pl.LazyFrame):
        answer = answer.collect()
    data = (
        pd.DataFrame(answer.to_dict(as_series=False))
        if isinstance(answer, pl.DataFrame)
        else answer.to_pandas()
        if isinstance(answer, pa.Table)
        else answer.df()
    )
    return data.set_index("customer_id").sort_index()


MAKERS = {
    "pandas": lambda frame: frame.copy(),
    "polars": pl.from_pandas,
    "polars-lazy": lambda frame: pl.from_pandas(frame).lazy(),
    "pyarrow": lambda frame: pa.Table.from_pandas(frame, preserve_index=False),
    "duckdb": lambda frame: duckdb.connect().from_df(frame),
}


def check_hand(scores: pd.DataFrame) -> None:
    a, b = scores.loc["A"], scores.loc["B"]
    assert a[list(COMPONENTS)].to_numpy() == pytest.approx([5, 50, 15, 8, 14.5, 15], abs=1e-9)
    assert b[list(COMPONENTS)].to_numpy() == pytest.approx([20, 0, 0, 0, 0, 0], abs=1e-9)
    assert (a["own"], b["own"]) == (pytest.approx(93), pytest.approx(20))
    assert (a["clv"], b["clv"]) == (pytest.approx(107.5), pytest.approx(20))
    assert (a["retained"], b["retained"]) == (pytest.approx(107.5), pytest.approx(2.5))
    assert scores["retained"].sum() == pytest.approx(93 + 20 - 3)
    assert scores["future"].abs().max() == 0.0


class TestByHand:
    @pytest.mark.parametrize("kind", MAKERS)
    def test_every_kind_to_the_cent(self, kind):
        base = hand_base(MAKERS[kind])
        model = at(discount_rate_annual=0.0)
        check_hand(in_pandas(model.score(base)))
        parts = in_pandas(model.components(base))
        assert parts.loc["B", "transfer"] == pytest.approx(17.5)
        assert parts.loc["A", "transfer"] == 0.0

    def test_files(self, tmp_path):
        HAND.to_parquet(tmp_path / "log.parquet", index=False)
        check_hand(
            in_pandas(
                at(discount_rate_annual=0.0).score(
                    hand_base(lambda frame: str(tmp_path / "log.parquet") if "date" in frame else frame)
                )
            )
        )

    @pytest.mark.parametrize("kind", MAKERS)
    def test_accounts_come_back_in_the_kind_that_came_and_score_alike(self, kind):
        base, model = hand_base(MAKERS[kind]), at(discount_rate_annual=0.0)
        accounts = model.accounts(base)
        assert type(accounts) is type(MAKERS[kind](HAND))
        given = accounts.set_index("customer_id") if isinstance(accounts, pd.DataFrame) else accounts
        check_hand(in_pandas(model.score(given)))

    def test_customer_equity_counts_everybody_once(self):
        equity = at(discount_rate_annual=0.0).customer_equity(hand_base())
        expected = {"own": 113, "rewards": -3, "customer_equity": 110, "future_referrals": 0, "sum_of_clv": 127.5}
        assert equity[list(expected)].to_dict() == pytest.approx(expected)
        assert equity[list(COMPONENTS)].sum() == pytest.approx(127.5)
        assert equity["realised"] + equity["future"] == pytest.approx(127.5)

    @pytest.mark.parametrize(("theta", "transfer"), [(0.0, 15.0), (0.5, 17.5), (1.0, 20.0)])
    def test_theta_moves_value_between_customers_and_makes_none(self, theta, transfer):
        model = at(discount_rate_annual=0.0, theta=theta)
        scores = model.score(hand_base())
        assert scores.loc["A", "clv5"] == pytest.approx(transfer - 3)
        assert scores["retained"].sum() == pytest.approx(110)

    def test_sensitivity_to_theta(self):
        """T = theta 20 + (1 - theta) 15 less the reward of 3: own value and equity stay, clv5 is a straight line."""
        table = at(discount_rate_annual=0.0).theta_sensitivity(hand_base())
        assert table.columns.tolist() == ["theta", "clv5", "own", "customer_equity", "sum_of_clv", "retained"]
        assert table["theta"].tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
        assert table["clv5"].tolist() == pytest.approx([12.0, 13.25, 14.5, 15.75, 17.0])
        assert table["own"].tolist() == pytest.approx([113.0] * 5)
        assert table["customer_equity"].tolist() == pytest.approx([110.0] * 5)
        assert table["retained"].tolist() == pytest.approx([110.0] * 5)
        assert table["sum_of_clv"].tolist() == pytest.approx([125.0, 126.25, 127.5, 128.75, 130.0])

    def test_sensitivity_is_that_of_models_with_these_thetas(self):
        base = hand_base()
        table = at(record(**AHEAD)).theta_sensitivity(base, thetas=np.array([0.9, 0.1])).set_index("theta")
        for theta in (0.1, 0.9):
            equity = at(record(**AHEAD), theta=theta).customer_equity(base)
            assert table.loc[theta, "clv5"] == pytest.approx(equity["clv5"])
            assert table.loc[theta, "sum_of_clv"] == pytest.approx(equity["sum_of_clv"])

    @pytest.mark.parametrize("thetas", [(), (0.5, 1.2), (-0.1,), 0.5, "half", (None,), (math.nan,), (True,)])
    def test_thetas_that_are_none(self, thetas):
        with pytest.raises(ParameterError) as caught:
            at().theta_sensitivity(hand_base(), thetas=thetas)
        assert str(caught.value) == (
            "theta_sensitivity(thetas=...) must be probabilities from 0 to 1, at least one, such as (0, 0.5, 1); "
            f"got {thetas!r}."
        )

    def test_generations(self):
        """C, brought by B, is worth 20 and cost nothing: with all generations half of her goes through B to A."""
        log = pd.concat([HAND, HAND.iloc[[3]].assign(id="C", date=pd.Timestamp("2026-01-20"))])
        brought = pd.DataFrame({"by": ["A", "B"], "whom": ["B", "C"], "w": [3.0, 0.0]})
        base = CustomerBase(
            hand_base(frame=log).orders,
            Referrals(brought, referrer="by", referee="whom", reward="w"),
            hand_base().acquisition_costs,
        )
        one = at(discount_rate_annual=0.0).score(base)
        every = at(discount_rate_annual=0.0, generations="all").score(base)
        assert one["clv5"].tolist() == pytest.approx([14.5, 17.5, 0])
        assert every["clv5"].tolist() == pytest.approx([14.5 + 0.5 * 17.5, 17.5, 0])
        assert one["retained"].sum() == pytest.approx(every["retained"].sum()) == pytest.approx(130)


_REFERENCES = ["new_customers", "own_first", "list", 0.1]
_LINE = st.fixed_dictionaries(
    {
        "customer": st.sampled_from("abcd"),
        "day": st.integers(0, 500),
        "amount": st.integers(-30, 100).map(float),
        "quantity": st.integers(1, 4),
        "list_price": st.sampled_from([5.0, 20.0, 40.0]),
        "unit_cost": st.sampled_from([0.0, 3.0, 30.0]),
        "category": st.sampled_from(["x", "y"]),
        "sku": st.sampled_from(["s", "t"]),
        "channel": st.sampled_from(["web", "shop"]),
        "service_cost": st.sampled_from([0.0, 1.0, 2.5]),
    }
)
_OPTIONAL = ("quantity", "list_price", "unit_cost", "category", "sku", "channel", "service_cost")


@st.composite
def bases(draw: st.DrawFn) -> tuple[CustomerBase, pd.DataFrame, dict[str, str]]:
    """Logs of customers who all bought something, with whoever may have brought whom, and random roles missing."""
    frame = pd.DataFrame(draw(st.lists(_LINE, min_size=1, max_size=15)))
    firsts = pd.DataFrame([draw(_LINE) | {"customer": name, "amount": 30.0} for name in sorted(set(frame["customer"]))])
    frame = pd.concat([frame, firsts], ignore_index=True)
    frame["date"] = pd.Timestamp("2024-03-01") + pd.to_timedelta(frame["day"], unit="D")
    roles = {name: name for name in _OPTIONAL if draw(st.booleans())}
    orders = Orders(frame, customer="customer", time="date", amount="amount", **roles)
    came = frame[frame["amount"] >= 0].groupby("customer")["date"].min().sort_values()
    names = came.index.tolist()
    pairs = []
    for place, name in enumerate(names[1:], start=1):
        if draw(st.booleans()):
            pairs.append((names[draw(st.integers(0, place - 1))], name, float(draw(st.integers(0, 5)))))
    referrals = costs = events = None
    if pairs:
        referrals = Referrals(pd.DataFrame(pairs, columns=["by", "whom", "w"]), referrer="by", referee="whom", reward="w")
    if draw(st.booleans()):
        paid = pd.DataFrame({"id": names, "paid": [float(draw(st.integers(0, 20))) for _ in names]})
        costs = CustomerCosts(paid, customer="id", cost="paid")
    if draw(st.booleans()):
        calls = pd.DataFrame({"id": names, "paid": [float(draw(st.integers(0, 9))) for _ in names], "when": came.to_numpy()})
        events = CustomerCosts(calls, customer="id", cost="paid", time="when")
    return CustomerBase(orders, referrals, costs, events), frame, roles


def scaled(base: CustomerBase, frame: pd.DataFrame, roles: dict[str, str], by: float) -> CustomerBase:
    """The same base in another currency."""
    money = [name for name in ("amount", "list_price", "unit_cost", "service_cost") if name in frame]
    orders = Orders(
        frame.assign(**{name: frame[name] * by for name in money}), customer="customer", time="date", amount="amount", **roles
    )
    referrals, costs, events = base.referrals, base.acquisition_costs, base.service_costs
    if referrals is not None:
        referrals = Referrals(referrals.frame.assign(w=referrals.frame["w"] * by), referrer="by", referee="whom", reward="w")
    if costs is not None:
        costs = CustomerCosts(costs.frame.assign(paid=costs.frame["paid"] * by), customer="id", cost="paid")
    if events is not None:
        events = CustomerCosts(events.frame.assign(paid=events.frame["paid"] * by), customer="id", cost="paid", time="when")
    return CustomerBase(orders, referrals, costs, events)


def reference_for(roles: dict[str, str], wanted: Any) -> Any:
    return wanted if "list_price" in roles else "new_customers"


class TestLaws:
    @given(bases(), st.sampled_from(_REFERENCES), st.sampled_from([0.0, 0.1, 0.5]), st.sampled_from([1, "all"]))
    @settings(max_examples=12)
    def test_components_add_up(self, drawn, reference, rate, generations):
        base, _, roles = drawn
        model = at(
            record(**AHEAD),
            price_reference=reference_for(roles, reference),
            discount_rate_annual=rate,
            generations=generations,
            theta=0.3,
        )
        scores, parts = model.score(base), model.components(base)
        size = parts.drop(columns="transfer").abs().sum(axis=1).to_numpy() + 1.0
        close = {"rtol": 0, "atol": 1e-9}
        np.testing.assert_allclose((scores[list(COMPONENTS)].sum(axis=1) - scores["clv"]) / size, 0, **close)
        np.testing.assert_allclose((scores["own"] + scores["clv5"] - scores["clv"]) / size, 0, **close)
        np.testing.assert_allclose((scores["realised"] + scores["future"] - scores["clv"]) / size, 0, **close)
        for name in COMPONENTS:
            both = parts[f"{name}_realised"] + parts[f"{name}_future"]
            np.testing.assert_allclose((both - scores[name]) / size, 0, **close)
        equity = model.customer_equity(base)
        rewards = 0.0
        if base.referrals is not None:
            rewards = float(model.accounts(base)["reward"].sum())
        assert scores["retained"].sum() == pytest.approx(scores["own"].sum() - rewards, abs=1e-9 * size.sum())
        assert equity["customer_equity"] == pytest.approx(scores["retained"].sum(), abs=1e-9 * size.sum())
        assert equity["sum_of_clv"] == pytest.approx(scores["clv"].sum(), abs=1e-9 * size.sum())
        drawn_parts = model.sample(base, n_draws=3).components
        assert drawn_parts.shape == (3, 6, len(scores))
        assert np.isfinite(drawn_parts).all()

    @given(bases(), st.sampled_from(_REFERENCES), st.sampled_from([0.0, 0.1]))
    @settings(max_examples=12)
    def test_realised_own_value_is_what_came_in_less_what_went_out(self, drawn, reference, rate):
        base, frame, roles = drawn
        model = at(price_reference=reference_for(roles, reference), discount_rate_annual=rate)
        end = frame["date"].max() + pd.Timedelta(days=1)
        units = np.where(frame["amount"] < 0, -1.0, 1.0) * (frame["quantity"] if "quantity" in roles else 1.0)
        money = frame["amount"] - (units * frame["unit_cost"] if "unit_cost" in roles else 0.0)
        money = money - (frame["service_cost"] if "service_cost" in roles else 0.0)
        expected = (money * (1 + rate) ** ((end - frame["date"]).dt.days / 365.25)).groupby(frame["customer"]).sum()
        first = frame[frame["amount"] >= 0].groupby("customer")["date"].min()
        for costs in (base.acquisition_costs, base.service_costs):
            if costs is not None:
                spent = costs.frame.set_index("id")["paid"] * (1 + rate) ** ((end - first).dt.days / 365.25)
                expected = expected - spent
        scores = model.score(base)
        np.testing.assert_allclose(scores["own"], expected[scores.index], rtol=1e-9, atol=1e-7)

    @given(bases(), st.sampled_from([0.01, 3.0, 1000.0]))
    @settings(max_examples=12)
    def test_money_in_another_currency(self, drawn, by):
        base, frame, roles = drawn
        here = at(record(**AHEAD)).score(base)
        money = {"means": 1, "means_covariance": 2, "service_rates": 1, "referral_value": 1}
        ahead = AHEAD | {name: AHEAD[name] * by**power for name, power in money.items()}
        there = at(record(**ahead)).score(scaled(base, frame, roles, by))
        np.testing.assert_allclose(there / by, here, rtol=1e-9, atol=1e-8)

    @given(bases(), st.lists(st.sampled_from([0.0, 0.05, 0.2, 1.0]), min_size=2, max_size=2, unique=True))
    @settings(max_examples=12)
    def test_impatience_never_raises_what_is_to_come(self, drawn, rates):
        base, _, _ = drawn
        patient, impatient = (
            at(record(**{**AHEAD, "kappa": math.inf}), discount_rate_annual=rate).components(base) for rate in sorted(rates)
        )
        for name, sign in (("clv2", 1), ("clv3", 1), ("clv4", 1), ("clv6", -1)):
            before, after = sign * patient[f"{name}_future"], sign * impatient[f"{name}_future"]
            positive = before > 0 if name == "clv2" else np.ones(len(before), bool)
            assert (after <= before * (1 + 1e-9) + 1e-12)[positive].all()

    @given(bases(), st.lists(st.sampled_from([0.1, 1.0, 3.0, 10.0]), min_size=2, max_size=2, unique=True))
    @settings(max_examples=12)
    def test_a_longer_horizon_never_brings_fewer_orders(self, drawn, years):
        base, _, _ = drawn
        ones = {"kappa": math.inf, "means": np.array([1.0, 0.0, 0.0, 0.0])}
        short, long = (at(record(**ones), horizon_years=horizon).components(base)["clv2_future"] for horizon in sorted(years))
        assert (short >= 0).all()
        assert (long >= short * (1 - 1e-9)).all()

    def test_expected_orders_and_time_are_those_of_the_purchase_model(self):
        """Discounted orders in closed form: without discount and dropout that matters, the mean number within the horizon."""
        base = hand_base()
        ones = {"kappa": math.inf, "means": np.array([1.0, 0.0, 0.0, 0.0])}
        model = at(record(**ones), discount_rate_annual=0.0)
        purchase = model.purchase_model
        table = base.orders.customers(unit="W").set_index("customer_id")
        fitted = type(purchase)(horizon=52, unit="W")
        object.__setattr__(fitted, "_record", seal(record().purchase))
        expected = fitted.expected_purchases(table, horizon=3 * 365.25 / 7)
        got = model.components(base)["clv2_future"]
        np.testing.assert_allclose(got, np.asarray(expected).ravel(), rtol=1e-6)


class TestWithoutHistory:
    """Customers of whom next to nothing is known yet."""

    def test_the_last_day_s_customers_are_worth_what_new_ones_are(self):
        """B first orders on the last day; what is to come of it is what comes of every new customer, at the mean of all."""
        base = CustomerBase(hand_base(until="2026-01-10").orders)
        model = at(record(**AHEAD))
        purchase = type(model.purchase_model)(horizon=52, unit="W")
        object.__setattr__(purchase, "_record", seal(record(**AHEAD).purchase))
        new = pd.DataFrame({"customer_id": ["n"], "frequency": [0], "age_at_last": [0], "age": [0]})
        orders = purchase.discounted_purchases(new, model.discount_rate_annual, model.horizon_years * 365.25 / 7).iloc[0, 0]
        found = in_pandas(model.components(base)).loc["B"]
        assert found["clv3_future"] == pytest.approx(orders * record(**AHEAD).means[1], rel=1e-6)

    def test_a_base_in_which_nobody_came_thrice(self):
        """No customer has two repeat orders, so kappa cannot be estimated; the mean of all is believed then, and no value is missing."""
        rng = np.random.default_rng(4)
        accounts = CLVModel.example(400, 4)
        accounts = accounts[accounts["frequency"] <= 1].reset_index(drop=True)
        money = accounts["frequency"] * rng.lognormal(3, 0.3, len(accounts))
        accounts = accounts.assign(total_base_same=money, base_same=money, squares=money**2)
        accounts[["total_base_new", "base_new", "total_saving", "saving", "total_premium", "premium"]] = 0.0
        model = CLVModel(n_draws=5)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CrmModelsWarning)
            model.fit(accounts)
        assert np.isfinite(model.score(accounts)).all(axis=None)

    def test_nobody_came_back(self):
        accounts = CLVModel.example(300, 4).query("frequency == 0").reset_index(drop=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CrmModelsWarning)
            try:
                scores = CLVModel(n_draws=5).fit(accounts).score(accounts)
            except Exception as error:  # noqa: BLE001
                assert type(error).__name__ == "ConvergenceError"  # noqa: PT017
                return
        assert np.isfinite(scores).all(axis=None)


def test_returns_alone_are_left_out_with_a_warning():
    log = pd.concat([HAND, HAND.iloc[[3]].assign(id="R", paid=-90.0)])
    with pytest.warns(ReturnsOnlyWarning):
        scores = at().score(hand_base(frame=log))
    assert scores.index.tolist() == ["A", "B"]
