"""Accounts of customers: the hand-checkable case in every engine, and any log against a plain loop over its lines."""

from __future__ import annotations

import datetime as dt
import math
import warnings
from collections import defaultdict
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmmodels.data.accounts.accounts import ACCOUNT_COLUMNS, OPTIONAL_COLUMNS, accounts_of
from crmmodels.data.accounts.customer_base import CustomerBase
from crmmodels.data.accounts.referrals import CustomerCosts, Referrals
from crmmodels.data.orders.bounded import log_of
from crmmodels.data.orders.orders import Orders
from crmmodels.exceptions import DataError, ReturnsOnlyWarning

# Random logs use their order ids again.
pytestmark = pytest.mark.filterwarnings("ignore::crmmodels.OrderIdWarning")

SUMS = ("first_contribution", "base_same", "base_new", "saving", "premium")
ROLES = {
    "quantity": "q",
    "list_price": "list",
    "unit_cost": "cost",
    "category": "kind",
    "service_cost": "service",
}
HAND = pd.DataFrame(
    {
        "id": ["A", "A", "A", "B"],
        "date": pd.to_datetime(["2026-01-01", "2026-02-01", "2026-03-01", "2026-01-10"]),
        "kind": ["coffee", "coffee", "tea", "coffee"],
        "q": [1, 2, 1, 1],
        "list": [100.0, 100.0, 50.0, 100.0],
        "paid": [90.0, 190.0, 50.0, 90.0],
        "cost": [60.0, 60.0, 20.0, 60.0],
        "service": [10.0, 6.0, 6.0, 10.0],
    }
)
EXPECTED = {
    "A": {"first_contribution": 20, "base_same": 50, "base_new": 15, "saving": 8, "premium": 15},
    "B": {"first_contribution": 20, "base_same": 0, "base_new": 0, "saving": 0, "premium": 0},
}


def hand_orders(native: Any = None, **options: Any) -> Orders:
    return Orders(HAND if native is None else native, customer="id", time="date", amount="paid", **{**ROLES, **options})


def accounts(base: CustomerBase | Orders, **options: Any) -> pd.DataFrame:
    base = CustomerBase(base) if isinstance(base, Orders) else base
    settled = {"unit": "W", "discount_rate": 0.0, "margin": None, "price_reference": "new_customers", "shrinkage": 20.0}
    frame = accounts_of(base, **{**settled, **options}).frame
    return pd.DataFrame({name: frame[name].to_list() for name in frame.columns}).set_index("customer_id").sort_index()


class TestByHand:
    def test_every_engine_to_the_cent(self, engine, tmp_path):
        found = accounts(hand_orders(engine.make(HAND, tmp_path)))
        for customer, numbers in EXPECTED.items():
            assert {name: found.loc[customer, name] for name in SUMS} == pytest.approx(numbers, abs=1e-9)
        assert found["frequency"].tolist() == [2, 0]
        assert found["age"].tolist() == pytest.approx([60 / 7, 51 / 7])
        # Order days of 64 + 4 (coffee: 50, 4, 10) and 24 (tea: 15, 4, 5).
        assert found.loc["A", "squares"] == pytest.approx(64.0**2 + 24.0**2)

    def test_in_every_engine_with_referrals_and_costs(self, engine, tmp_path):
        referrals = pd.DataFrame({"by": ["A"], "whom": ["B"], "reward": [3.0]})
        paid = pd.DataFrame({"id": ["A"], "paid": [15.0]})
        base = CustomerBase(
            hand_orders(engine.make(HAND, tmp_path)),
            Referrals(referrals, referrer="by", referee="whom", reward="reward"),
            CustomerCosts(paid, customer="id", cost="paid"),
        )
        found = accounts(base)
        assert found["acquisition_cost"].tolist() == [15.0, 0.0]
        assert found["acquisition_relief"].tolist() == [0.0, 15.0]
        assert found["reward"].tolist() == [0.0, 3.0]
        assert found["referrer_id"].isna().tolist() == [True, False]
        assert found.loc["B", "referrer_id"] == "A"

    def test_text_dates(self, engine, tmp_path):
        found = accounts(hand_orders(engine.make(HAND.assign(date=HAND["date"].dt.strftime("%Y-%m-%d")), tmp_path)))
        assert found.loc["A", "base_same"] == pytest.approx(50.0)

    def test_customers_may_be_whole_numbers(self, engine, tmp_path):
        frame = HAND.assign(id=HAND["id"].map({"A": 7, "B": 11}))
        seven, eleven = engine.key(7), engine.key(11)
        referrals = Referrals(pd.DataFrame({"by": [seven], "whom": [eleven]}), referrer="by", referee="whom")
        found = accounts(CustomerBase(hand_orders(engine.make(frame, tmp_path)), referrals))
        assert found.loc[eleven, "referrer_id"] == seven
        assert found.loc[seven, "base_same"] == pytest.approx(50.0)

    def test_numbers_are_not_looked_for_among_the_texts_of_a_csv_file(self, tmp_path):
        frame = HAND.assign(id=HAND["id"].map({"A": 7, "B": 11}))
        frame.to_csv(tmp_path / "log.csv", index=False)
        referrals = Referrals(pd.DataFrame({"by": [7], "whom": [11]}), referrer="by", referee="whom")
        with pytest.raises(
            DataError, match=r"cannot be found \(such as \[11\]\), since the log names customers like '11'; make both text"
        ):
            accounts(CustomerBase(hand_orders(tmp_path / "log.csv"), referrals))

    def test_what_is_optional_is_there_and_zero(self):
        found = accounts(hand_orders())
        assert found.columns.tolist() == [*ACCOUNT_COLUMNS, *OPTIONAL_COLUMNS, "days_since_last"]
        assert found[list(OPTIONAL_COLUMNS)].eq(0).all(axis=None)

    def test_money_counts_as_of_the_end_of_observation(self):
        rate = math.log1p(0.1) / 365.25
        here, there = accounts(hand_orders(until="2027-03-01"), discount_rate=rate), accounts(hand_orders())
        days = np.array([(pd.Timestamp("2027-03-01") - day).days for day in HAND["date"][:3]])
        grown = 1.1 ** (days / 365.25)
        assert here.loc["A", "first_contribution"] == pytest.approx(20 * grown[0], rel=1e-12)
        assert here.loc["A", "base_same"] == pytest.approx(50 * grown[1], rel=1e-12)
        assert here.loc["A", "saving"] == pytest.approx(4 * grown[1] + 4 * grown[2], rel=1e-12)
        totals = [f"total_{name}" for name in SUMS[1:]]
        pd.testing.assert_frame_equal(here[totals], there[totals])

    def test_acquisition_is_paid_on_the_first_day_and_rewards_on_theirs(self):
        rate = math.log1p(0.1) / 365.25
        referrals = pd.DataFrame({"by": ["A"], "whom": ["B"], "reward": [3.0], "when": ["2026-02-01"]})
        base = CustomerBase(
            hand_orders(until="2027-01-10"),
            Referrals(referrals, referrer="by", referee="whom", reward="reward", time="when"),
            CustomerCosts(pd.DataFrame({"id": ["A", "B"], "paid": [15.0, 5.0]}), customer="id", cost="paid"),
        )
        found = accounts(base, discount_rate=rate)
        assert found.loc["A", "acquisition_cost"] == pytest.approx(15 * 1.1 ** (374 / 365.25), rel=1e-12)
        assert found.loc["B", "acquisition_relief"] == pytest.approx(10 * 1.1 ** (365 / 365.25), rel=1e-12)
        assert found.loc["B", "reward"] == pytest.approx(3 * 1.1 ** (343 / 365.25), rel=1e-12)
        assert found["total_reward"].tolist() == [0.0, 3.0]

    def test_without_acquisition_costs_nothing_was_relieved(self):
        referrals = Referrals(pd.DataFrame({"by": ["A"], "whom": ["B"]}), referrer="by", referee="whom")
        assert accounts(CustomerBase(hand_orders(), referrals))["acquisition_relief"].tolist() == [0.0, 0.0]


class TestEvents:
    """Costs without an order: what one costs a new customer goes to clv2, what it cost less to clv4."""

    def base(self, **options: Any) -> CustomerBase:
        events = pd.DataFrame(
            {
                "id": ["A", "A", "B", "A"],
                "paid": [2.0, 3.0, 5.0, 100.0],
                "when": pd.to_datetime(["2026-02-03", "2026-02-20", "2026-01-12", "2028-01-01"]),
            }
        )
        return CustomerBase(
            hand_orders(**options), service_costs=CustomerCosts(events, customer="id", cost="paid", time="when")
        )

    def test_money(self):
        found = accounts(self.base())
        assert found["service_base"].tolist() == found["total_service_base"].tolist() == [-10.0, -5.0]
        assert found["service_saving"].tolist() == found["total_service_saving"].tolist() == [5.0, 0.0]

    def test_the_sum_is_the_cost_whatever_a_new_customer_s_is(self):
        rate = 0.001
        found = accounts(self.base(until="2026-04-01"), discount_rate=rate)
        days = [(pd.Timestamp("2026-04-01") - pd.Timestamp(day)).days for day in ("2026-02-03", "2026-02-20")]
        expected = -2 * math.exp(rate * days[0]) - 3 * math.exp(rate * days[1])
        assert found.loc["A", ["service_base", "service_saving"]].sum() == pytest.approx(expected, rel=1e-12)


class TestReturnsAndOddPrices:
    def test_returns_lower_what_they_undo(self):
        back = HAND.iloc[[1]].assign(paid=-190.0, q=-2, service=0.0, date=pd.Timestamp("2026-02-10"))
        found = accounts(hand_orders(pd.concat([HAND, back])))
        assert found["frequency"].tolist() == [2, 0]
        # 190 - 120 of margin came and went; service of the order stays, and a return costs a new customer's order nothing more.
        assert found.loc["A", "base_same"] == pytest.approx(-10.0)
        assert found.loc["A", "premium"] == pytest.approx(5.0)
        assert found.loc["A", "saving"] == pytest.approx(8.0)

    def test_prices_above_the_list_are_kept(self):
        found = accounts(hand_orders(HAND.assign(paid=[90.0, 230.0, 50.0, 90.0])))
        assert found.loc["A", "premium"] == pytest.approx(2 * (115 - 90) + 5)

    def test_surcharges_of_new_customers_are_negative_discounts(self):
        found = accounts(hand_orders(HAND.assign(paid=[120.0, 200.0, 50.0, 120.0])))
        assert found.loc["A", "premium"] == pytest.approx(2 * (100 - 120) + (50 - 60))

    def test_costs_above_the_price_are_losses(self):
        found = accounts(hand_orders(HAND.assign(cost=[95.0, 60.0, 20.0, 60.0])))
        assert found.loc["A", "first_contribution"] == pytest.approx(90 - 95 - 10)

    def test_odd_lines_are_counted(self):
        odd = HAND.assign(paid=[90.0, 230.0, -50.0, 90.0], cost=[95.0, 60.0, 20.0, 60.0])
        made = accounts_of(
            CustomerBase(hand_orders(odd)), unit="W", discount_rate=0.0, margin=None, price_reference="list", shrinkage=0.0
        )
        assert (made.n_returns, made.n_above_list, made.n_below_cost) == (1, 1, 1)

    @pytest.mark.parametrize("margin", [None, 0.25])
    def test_without_unit_costs(self, margin):
        found = accounts(hand_orders(unit_cost=None), margin=margin)
        share = 1.0 if margin is None else margin
        assert found.loc["A", "first_contribution"] == pytest.approx(90 * share - 10)
        assert found.loc["A", list(SUMS[1:])].sum() == pytest.approx(240 * share - 12)


class TestRefused:
    def test_logs_without_money(self):
        with pytest.raises(DataError) as caught:
            accounts(Orders(HAND, customer="id", time="date"))
        assert str(caught.value) == (
            "CLVModel cannot read this order log:\n- no column of it is named as amount; value needs the money of each line"
        )

    def test_two_currencies(self, engine, tmp_path):
        frame = HAND.assign(money=["EUR", "USD", "EUR", "EUR"])
        with pytest.raises(DataError) as caught:
            accounts(hand_orders(engine.make(frame, tmp_path), currency="money"))
        assert str(caught.value) == (
            "CLVModel cannot read this order log:\n- amounts in 2 currencies (EUR, USD); convert them to one first"
        )

    def test_one_currency(self):
        assert len(accounts(hand_orders(HAND.assign(money="EUR"), currency="money"))) == 2

    @pytest.mark.parametrize("role", ["quantity", "list_price", "unit_cost", "service_cost"])
    def test_missing_numbers(self, engine, tmp_path, role):
        frame = HAND.astype({ROLES[role]: float})
        frame.loc[[1, 2], ROLES[role]] = np.nan
        with pytest.raises(DataError) as caught:
            accounts(hand_orders(engine.make(frame, tmp_path)))
        assert caught.value.problems == (f"2 lines without {role}; fill or drop them first",)

    @pytest.mark.parametrize("role", ["quantity", "list_price", "unit_cost", "service_cost"])
    def test_infinite_numbers(self, role):
        frame = HAND.astype({ROLES[role]: float})
        frame.loc[1, ROLES[role]] = np.inf
        with pytest.raises(DataError):
            accounts(hand_orders(frame))

    @pytest.mark.parametrize("role", ["list_price", "unit_cost"])
    def test_prices_below_zero(self, role):
        frame = HAND.copy()
        frame.loc[1, ROLES[role]] = -1.0
        with pytest.raises(DataError):
            accounts(hand_orders(frame))

    def test_links_are_refused_by_their_own_name(self):
        base = CustomerBase(hand_orders(), Referrals(pd.DataFrame({"a": ["B"], "b": ["A"]}), referrer="a", referee="b"))
        with pytest.raises(
            DataError, match="CustomerBase cannot read this customer base:\n- 1 referred customer who first ordered"
        ):
            accounts(base)


def test_customers_who_come_on_the_last_day_are_there():
    found = accounts(hand_orders(until="2026-01-10"))
    assert found.loc["B", "age"] == 0.0
    assert found.loc["B", "first_contribution"] == pytest.approx(20.0)


def test_a_calibration_period_knows_the_customers_of_its_time_only():
    """Referrals and costs of customers who come later are of no use yet, but no error either."""
    base = CustomerBase(
        hand_orders(until="2026-01-09"),
        Referrals(pd.DataFrame({"by": ["A"], "whom": ["B"], "w": [3.0]}), referrer="by", referee="whom", reward="w"),
        CustomerCosts(pd.DataFrame({"id": ["A", "B"], "paid": [15.0, 5.0]}), customer="id", cost="paid"),
    )
    found = accounts(base)
    assert found.index.tolist() == ["A"]
    assert found.loc["A", "acquisition_cost"] == 15.0


# Any log, against a plain loop.

_DAY_ONE = dt.date(2025, 11, 20)
_LINE = st.fixed_dictionaries(
    {
        "customer": st.sampled_from("abcd"),
        "day": st.integers(0, 150),
        "order": st.integers(0, 6),
        "amount": st.integers(-40, 200).map(lambda cents: cents / 2),
        "quantity": st.integers(1, 4),
        "list_price": st.sampled_from([5.0, 20.0, 40.0]),
        "unit_cost": st.sampled_from([0.0, 3.0, 30.0]),
        "category": st.sampled_from(["x", "y", "z"]),
        "channel": st.sampled_from(["web", "shop"]),
        "service_cost": st.sampled_from([0.0, 1.0, 2.5]),
        "reference_price": st.sampled_from([4.0, 18.0]),
    }
)
_OPTIONAL = ("order_id", "quantity", "list_price", "unit_cost", "category", "channel", "service_cost", "reference_price")


@st.composite
def logs(draw: st.DrawFn) -> tuple[pd.DataFrame, dict[str, str], Any]:
    frame = pd.DataFrame(draw(st.lists(_LINE, min_size=1, max_size=20)))
    roles = {name: name for name in _OPTIONAL if draw(st.booleans())}
    frame["order_id"] = frame["customer"] + frame["order"].astype(str)
    frame["date"] = pd.to_datetime([_DAY_ONE + dt.timedelta(days=day) for day in frame["day"]])
    if not (frame["amount"] >= 0).any():
        frame.loc[0, "amount"] = 1.0
    references: list[Any] = ["new_customers"]
    references += ["list", "own_first", 0.125] if "list_price" in roles else []
    references += ["column"] if "reference_price" in roles else []
    return frame, roles, draw(st.sampled_from(references))


def by_loop(frame: pd.DataFrame, roles: dict[str, str], reference: Any, rate: float, margin: float | None, end: dt.date) -> Any:
    """Discounted sums per customer, and undiscounted contributions per day of later orders, line by line."""
    lines = []
    for row in frame.to_dict("records"):
        sign = -1.0 if row["amount"] < 0 else 1.0
        quantity = sign * (row["quantity"] if "quantity" in roles else 1.0)
        cost = (
            quantity * row["unit_cost"] if "unit_cost" in roles else row["amount"] * (0.0 if margin is None else 1.0 - margin)
        )
        lines.append(
            {
                "who": row["customer"],
                "day": row["date"].date(),
                "order": row["order_id"] if "order_id" in roles else row["date"].date(),
                "amount": row["amount"],
                "quantity": quantity,
                "cost": cost,
                "service": row["service_cost"] if "service_cost" in roles else 0.0,
                "full": quantity * row["list_price"] if "list_price" in roles else None,
                "column": quantity * row["reference_price"] if "reference_price" in roles else None,
                "category": row["category"] if "category" in roles else "",
                "channel": row["channel"] if "channel" in roles else "",
            }
        )
    bought = [line for line in lines if line["amount"] >= 0]
    placed: dict[Any, dt.date] = {}
    for line in bought:
        key = line["who"], line["order"]
        placed[key] = min(placed.get(key, dt.date.max), line["day"])
    first = {who: min((day, order) for (name, order), day in placed.items() if name == who)[1] for who, _ in placed}
    lines = [line for line in lines if line["who"] in first]
    for line in lines:
        day = placed.get((line["who"], line["order"]), line["day"])
        line["month"] = (day.year, day.month)
        line["first"] = line["order"] == first[line["who"]]
    known = {(line["who"], line["category"]) for line in lines if line["first"]}
    served: dict[Any, float] = defaultdict(float)
    for line in lines:
        if line["first"]:
            served[line["who"], line["channel"]] += line["service"]
    by_channel = defaultdict(list)
    for (_, channel), cost in served.items():
        by_channel[channel].append(cost)
    usual = {channel: sum(costs) / len(costs) for channel, costs in by_channel.items()}
    overall = sum(served.values()) / len(served)
    n_lines: dict[Any, int] = defaultdict(int)
    for line in lines:
        n_lines[line["who"], line["order"], line["channel"]] += line["amount"] >= 0
    price = _references(lines, reference)
    sums: dict[str, dict[str, float]] = {who: dict.fromkeys(SUMS, 0.0) for who in first}
    days: dict[Any, float] = defaultdict(float)
    for line, paid in zip(lines, price, strict=True):
        factor = math.exp(rate * (end - line["day"]).days)
        sigma = 0.0
        if line["amount"] >= 0:
            sigma = usual.get(line["channel"], overall) / n_lines[line["who"], line["order"], line["channel"]]
        account = sums[line["who"]]
        if line["first"]:
            account["first_contribution"] += factor * (line["amount"] - line["cost"] - line["service"])
            continue
        kind = "base_same" if (line["who"], line["category"]) in known else "base_new"
        account[kind] += factor * (paid - line["cost"] - sigma)
        account["saving"] += factor * (sigma - line["service"])
        account["premium"] += factor * (line["amount"] - paid)
        days[line["who"], line["day"]] += line["amount"] - line["cost"] - line["service"]
    squares = {who: sum(money**2 for (name, _), money in days.items() if name == who) for who in first}
    return sums, squares


def _references(lines: list[dict[str, Any]], reference: Any, shrinkage: float = 20.0) -> list[float]:
    if reference == "column":
        return [line["column"] for line in lines]
    if reference == "own_first":
        firsts = [line for line in lines if line["first"] and line["amount"] >= 0]
        share = {
            who: sum(line["amount"] for line in firsts if line["who"] == who)
            / sum(line["full"] for line in firsts if line["who"] == who)
            for who in {line["who"] for line in lines}
        }
        return [line["full"] * share[line["who"]] for line in lines]
    if reference != "new_customers":
        return [line["full"] * (1.0 if reference == "list" else 1.0 - reference) for line in lines]
    if lines[0]["full"] is None:
        return [line["amount"] for line in lines]
    units: dict[Any, float] = defaultdict(float)
    taken: dict[Any, float] = defaultdict(float)
    for line in lines:
        if line["first"] and line["amount"] >= 0:
            for cell in ("all", line["category"], (line["category"], line["month"])):
                units[cell] += line["quantity"]
                taken[cell] += line["quantity"] * (1.0 - line["amount"] / line["full"])

    def discount(line: dict[str, Any]) -> float:
        mean = taken["all"] / units["all"]
        for cell in (line["category"], (line["category"], line["month"])):
            mean = (taken[cell] + shrinkage * mean) / (units[cell] + shrinkage) if units[cell] else mean
        return mean

    return [line["full"] * (1.0 - discount(line)) for line in lines]


def check_against_a_loop(frame: pd.DataFrame, roles: dict[str, str], reference: Any, native: Any, margin: float | None) -> None:
    rate = 0.0004
    log = Orders(native, customer="customer", time="date", amount="amount", **roles)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ReturnsOnlyWarning)
        try:
            end = log_of(log).end(None, "test")
            found = accounts(log, discount_rate=rate, price_reference=reference, margin=margin)
        except DataError as error:
            # Orders count an order by its sum, and there may be none that is worth 0 or more.
            assert "are returns" in str(error)  # noqa: PT017
            return
    sums, squares = by_loop(frame, roles, reference, rate, margin, end)
    for who, row in found.iterrows():
        scale = 1e-9 * max(1.0, frame.loc[frame["customer"] == who, "amount"].abs().sum() + 500.0)
        assert {name: row[name] for name in SUMS} == pytest.approx(sums[who], abs=scale)
        assert row["squares"] == pytest.approx(squares[who], rel=1e-9, abs=1e-6)


@given(logs(), st.sampled_from([None, 0.3]))
@settings(max_examples=40)
def test_any_log_against_a_loop(drawn, margin):
    frame, roles, reference = drawn
    check_against_a_loop(frame, roles, reference, frame[["customer", "date", "amount", *roles]], margin)


@given(logs())
@settings(max_examples=15)
def test_any_log_against_a_loop_in_another_engine(drawn):
    frame, roles, reference = drawn
    native = nw.from_native(frame[["customer", "date", "amount", *roles]], eager_only=True).to_polars()
    check_against_a_loop(frame, roles, reference, native, None)


@given(logs(), st.sampled_from([0.0, 0.001]))
@settings(max_examples=25)
def test_sums_are_the_contributions_whatever_a_new_customer_pays(drawn, rate):
    """For every benchmark alike: no loop over benchmarks, just what came in and what it cost."""
    frame, roles, reference = drawn
    log = Orders(frame, customer="customer", time="date", amount="amount", **roles)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ReturnsOnlyWarning)
        try:
            found = accounts(log, discount_rate=rate, price_reference=reference)
            end = log_of(log).end(None, "test")
        except DataError:
            return
    sign = np.where(frame["amount"] < 0, -1.0, 1.0)
    units = sign * (frame["quantity"] if "quantity" in roles else 1.0)
    cost = units * frame["unit_cost"] if "unit_cost" in roles else 0.0
    service = frame["service_cost"] if "service_cost" in roles else 0.0
    grown = np.exp(rate * (pd.Timestamp(end) - frame["date"]).dt.days)
    expected = (grown * (frame["amount"] - cost - service)).groupby(frame["customer"]).sum()
    scale = (frame["amount"].abs() + abs(cost) + service).sum() + 100.0
    for who, row in found.iterrows():
        assert row[list(SUMS)].sum() == pytest.approx(expected[who], abs=1e-9 * scale)
