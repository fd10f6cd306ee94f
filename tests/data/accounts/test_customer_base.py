"""Orders with what else is known of customers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from crmmodels.data.accounts.customer_base import CustomerBase, links_of, service_events
from crmmodels.data.accounts.referrals import CustomerCosts, Referrals
from crmmodels.data.orders.orders import Orders
from crmmodels.exceptions import DataError, ParameterError

LOG = pd.DataFrame(
    {
        "id": ["a", "b", "c", "a", "d"],
        "date": pd.to_datetime(["2026-01-01", "2026-01-10", "2026-02-01", "2026-03-01", "2026-01-01"]),
        "spend": [10.0, 5.0, 7.0, 8.0, 9.0],
    }
)
NAMES = np.array(["a", "b", "c", "d"])
FIRST = (
    pd.to_datetime(["2026-01-01", "2026-01-10", "2026-02-01", "2026-01-01"]).to_numpy().astype("datetime64[D]").astype(np.int64)
)


def orders() -> Orders:
    return Orders(LOG, customer="id", time="date", amount="spend")


def brought(*pairs: tuple[Any, Any], **columns: list[Any]) -> Referrals:
    frame = pd.DataFrame({"by": [by for by, _ in pairs], "whom": [whom for _, whom in pairs], **columns})
    return Referrals(frame, referrer="by", referee="whom", **{name: name for name in columns})


def costs(who: list[Any], paid: list[float], when: list[str] | None = None) -> CustomerCosts:
    frame = pd.DataFrame({"id": who, "paid": paid, **({} if when is None else {"when": pd.to_datetime(when)})})
    return CustomerCosts(frame, customer="id", cost="paid", time=None if when is None else "when")


def problems(base: CustomerBase) -> tuple[str, ...]:
    with pytest.raises(DataError) as caught:
        links_of(base, NAMES, FIRST)
    assert caught.value.reader == "CustomerBase"
    return caught.value.problems


class TestParts:
    @pytest.mark.parametrize("given", [LOG, None, "log.csv"])
    def test_orders_are_an_order_log(self, given):
        with pytest.raises(ParameterError) as caught:
            CustomerBase(given)  # type: ignore[arg-type]
        assert str(caught.value) == (
            f"CustomerBase(orders=...) must be an order log, such as crm.Orders(frame, ...); got {type(given).__name__!r}."
        )

    def test_referrals_are_a_referral_log(self):
        with pytest.raises(ParameterError) as caught:
            CustomerBase(orders(), referrals=LOG)  # type: ignore[arg-type]
        assert str(caught.value) == (
            "CustomerBase(referrals=...) must be a referral log, such as crm.Referrals(frame, ...), or None; got 'DataFrame'."
        )

    def test_acquisition_has_no_time_and_service_has_one(self):
        untimed, timed = costs(["a"], [1.0]), costs(["a"], [1.0], ["2026-01-01"])
        CustomerBase(orders(), acquisition_costs=untimed, service_costs=timed)
        with pytest.raises(
            ParameterError,
            match=r"acquisition_costs=\.\.\.\) must be crm.CustomerCosts\(frame, \.\.\.\) without a time, or None",
        ):
            CustomerBase(orders(), acquisition_costs=timed)
        with pytest.raises(
            ParameterError, match=r"service_costs=\.\.\.\) must be crm.CustomerCosts\(frame, \.\.\.\) with a time, or None"
        ):
            CustomerBase(orders(), service_costs=untimed)

    @pytest.mark.parametrize("name", ["acquisition_costs", "service_costs"])
    def test_costs_are_cost_tables(self, name):
        with pytest.raises(ParameterError, match=name):
            CustomerBase(orders(), **{name: LOG})


class TestLinks:
    def test_nothing_known(self):
        links = links_of(CustomerBase(orders()), NAMES, FIRST)
        assert links.referrer.tolist() == [-1, -1, -1, -1]
        assert links.reward.tolist() == links.acquisition_cost.tolist() == [0.0] * 4
        assert links.reward_day.tolist() == FIRST.tolist()

    def test_everything_known(self):
        base = CustomerBase(
            orders(),
            referrals=brought(("b", "c"), ("a", "b"), time=["2026-02-03", "2026-01-12"], reward=[2.0, 3.0]),
            acquisition_costs=costs(["d", "a"], [4.0, 15.0]),
        )
        links = links_of(base, NAMES, FIRST)
        assert links.referrer.tolist() == [-1, 0, 1, -1]
        assert links.reward.tolist() == [0.0, 3.0, 2.0, 0.0]
        days = pd.to_datetime(["2026-01-01", "2026-01-12", "2026-02-03", "2026-01-01"]).to_numpy()
        assert links.reward_day.tolist() == days.astype("datetime64[D]").astype(np.int64).tolist()
        assert links.acquisition_cost.tolist() == [15.0, 0.0, 0.0, 4.0]

    def test_whole_number_customers_of_another_type_are_found(self):
        base = CustomerBase(orders(), referrals=brought((1, 2)), acquisition_costs=costs([2], [5.0]))
        links = links_of(base, np.array([1, 2], np.int32), np.array([0, 5]))
        assert links.referrer.tolist() == [-1, 0]
        assert links.acquisition_cost.tolist() == [0.0, 5.0]

    def test_who_ordered_on_the_same_day_may_refer(self):
        assert links_of(CustomerBase(orders(), referrals=brought(("a", "d"))), NAMES, FIRST).referrer.tolist() == [
            -1,
            -1,
            -1,
            0,
        ]

    def test_referees_older_than_their_referrers(self):
        assert problems(CustomerBase(orders(), referrals=brought(("c", "b"), ("b", "a"), ("a", "d")))) == (
            (
                "2 referred customers who first ordered before their referrer did (such as ['b', 'a']); a customer is brought by one "
                "who was there before: correct or leave out these referrals"
            ),
        )

    def test_unknown_customers_are_all_named_at_once(self):
        base = CustomerBase(
            orders(), referrals=brought(("a", "x"), ("y", "b"), ("y", "c")), acquisition_costs=costs(["z", "a"], [1.0, 1.0])
        )
        assert problems(base) == (
            "1 referred customer without orders (such as ['x']); leave them out, or hand over their orders",
            "1 referrer without orders (such as ['y']); leave them out, or hand over their orders",
            "1 customer with an acquisition cost without orders (such as ['z']); leave them out, or hand over their orders",
        )

    def test_at_most_a_few_examples_are_shown(self):
        base = CustomerBase(orders(), acquisition_costs=costs([f"x{i}" for i in range(50)], [1.0] * 50))
        found = problems(base)[0]
        assert found.startswith("50 customers with an acquisition cost without orders")
        assert found.count("'x") <= 5


class TestEvents:
    def test_events_up_to_the_last_day(self):
        base = CustomerBase(
            orders(), service_costs=costs(["b", "a", "b"], [1.0, 2.0, 3.0], ["2026-01-11", "2026-03-02", "2026-01-11"])
        )
        last = int(np.datetime64("2026-03-01", "D").astype(np.int64))
        found = service_events(base, NAMES, last)
        assert found.customer.tolist() == [1, 1]
        assert found.cost.tolist() == [1.0, 3.0]
        assert found.day.tolist() == [int(np.datetime64("2026-01-11", "D").astype(np.int64))] * 2

    def test_none(self):
        assert len(service_events(CustomerBase(orders()), NAMES, 10**6).cost) == 0

    def test_events_of_strangers(self):
        base = CustomerBase(orders(), service_costs=costs(["q"], [1.0], ["2026-01-11"]))
        with pytest.raises(DataError, match=r"1 customer with a service cost without orders \(such as \['q'\]\)"):
            service_events(base, NAMES, 10**6)
