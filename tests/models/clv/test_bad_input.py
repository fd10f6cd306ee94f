"""What CLVModel refuses, in which words, and what it keeps and counts."""

from __future__ import annotations

import warnings
from typing import Any

import pandas as pd
import pytest

from crmmodels.data.accounts.customer_base import CustomerBase
from crmmodels.data.accounts.referrals import CustomerCosts, Referrals
from crmmodels.data.orders.orders import Orders
from crmmodels.exceptions import CrmModelsWarning, DataError, ParameterError
from crmmodels.models.clv.model import CLVModel

LOG = pd.DataFrame(
    {
        "id": ["A", "A", "A", "B", "B", "C"],
        "date": pd.to_datetime(["2026-01-01", "2026-02-01", "2026-03-01", "2026-01-10", "2026-02-20", "2026-01-15"]),
        "q": [1, 2, 1, 1, 1, 1],
        "list": [100.0, 100.0, 50.0, 100.0, 100.0, 100.0],
        "paid": [90.0, 190.0, 50.0, 90.0, 90.0, 90.0],
        "cost": [60.0, 60.0, 20.0, 60.0, 60.0, 60.0],
    }
)
ROLES = {"quantity": "q", "list_price": "list", "unit_cost": "cost"}


def orders(frame: pd.DataFrame = LOG, **options: Any) -> Orders:
    return Orders(frame, customer="id", time="date", amount="paid", **ROLES | options)


def referrals(*pairs: tuple[str, str]) -> Referrals:
    return Referrals(pd.DataFrame(pairs, columns=["by", "whom"]), referrer="by", referee="whom")


def refused(make: Any) -> str:
    with pytest.raises(DataError) as caught:
        make()
    return str(caught.value)


class TestReferrals:
    def test_a_circle(self):
        found = refused(lambda: referrals(("A", "B"), ("B", "C"), ("C", "A")))
        assert found == (
            "Referrals cannot read this referral log:\n- 3 customers who referred each other in a circle (such as ['A', 'B', 'C']); "
            "one of them came first by itself"
        )

    def test_two_referrers(self):
        found = refused(lambda: referrals(("A", "C"), ("B", "C")))
        assert found == (
            "Referrals cannot read this referral log:\n- 1 customer with two referrers or more (such as ['C']); keep the one who counts"
        )

    @pytest.mark.parametrize("verb", ["fit", "accounts"])
    def test_a_customer_who_is_not_known(self, verb):
        found = refused(lambda: getattr(CLVModel(), verb)(CustomerBase(orders(), referrals(("A", "X"), ("Y", "B")))))
        assert found == (
            "CustomerBase cannot read this customer base:\n"
            "- 1 referred customer without orders (such as ['X']); leave them out, or hand over their orders\n"
            "- 1 referrer without orders (such as ['Y']); leave them out, or hand over their orders"
        )

    @pytest.mark.parametrize("verb", ["fit", "accounts"])
    def test_who_was_there_before_the_referrer(self, verb):
        found = refused(lambda: getattr(CLVModel(), verb)(CustomerBase(orders(), referrals(("B", "A")))))
        assert found == (
            "CustomerBase cannot read this customer base:\n- 1 referred customer who first ordered before their referrer did (such as ['A']); "
            "a customer is brought by one who was there before: correct or leave out these referrals"
        )

    def test_accounts_without_the_referrer(self):
        accounts = CLVModel.example(5, 1).assign(referrer_id=[None, "c00000", "x", None, "y"])
        found = refused(lambda: CLVModel().fit(accounts))
        assert found == (
            "CLVModel cannot read this table:\n- 2 customers whose referrer is not among the customers (such as ['x', 'y']); "
            "the value of referrals needs both: hand over the whole base"
        )

    def test_costs_of_a_customer_who_is_not_known(self):
        costs = CustomerCosts(pd.DataFrame({"id": ["Z"], "paid": [1.0]}), customer="id", cost="paid")
        found = refused(lambda: CLVModel().accounts(CustomerBase(orders(), acquisition_costs=costs)))
        assert "1 customer with an acquisition cost without orders (such as ['Z'])" in found


class TestMoney:
    def test_two_currencies(self):
        frame = LOG.assign(money=["EUR", "USD", "EUR", "EUR", "EUR", "EUR"])
        found = refused(lambda: CLVModel().fit(orders(frame, currency="money")))
        assert found == "CLVModel cannot read this order log:\n- amounts in 2 currencies (EUR, USD); convert them to one first"

    @pytest.mark.parametrize(("role", "column"), [("list_price", "list"), ("unit_cost", "cost")])
    def test_prices_and_costs_below_zero(self, role, column):
        frame = LOG.assign(**{column: [-1.0, *LOG[column].tolist()[1:]]})
        assert f"1 line with a {role} below 0; correct them first" in refused(lambda: CLVModel().fit(orders(frame)))

    def test_a_negative_quantity_is_a_return(self):
        """It goes back to the order it undoes: with the amount below 0, the sign of the quantity says nothing more."""
        back = LOG.iloc[[1]].assign(date=pd.Timestamp("2026-02-10"), paid=-95.0)
        model = CLVModel(discount_rate_annual=0.0)
        whole = model.accounts(orders(pd.concat([LOG, back.assign(q=-1)])))
        again = model.accounts(orders(pd.concat([LOG, back.assign(q=1)])))
        pd.testing.assert_frame_equal(whole, again)
        kept = model.accounts(orders()).set_index("customer_id").loc["A"]
        less = whole.set_index("customer_id").loc["A"]
        lost = kept[["base_same", "premium"]].sum() - less[["base_same", "premium"]].sum()
        assert lost == pytest.approx(95.0 - 60.0)
        assert less["frequency"] == kept["frequency"]

    def test_what_is_odd_is_kept_and_counted(self):
        """Net above list: a negative discount. Net below cost: a loss. Both are in the sums."""
        odd = LOG.assign(paid=[90.0, 230.0, 50.0, 90.0, 55.0, 90.0])
        many = pd.concat([odd.assign(id=odd["id"] + str(i), date=odd["date"] + pd.Timedelta(days=i)) for i in range(30)])
        many = pd.concat([many, many.iloc[[1]].assign(date=pd.Timestamp("2026-03-20"), paid=-115.0, q=1)])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CrmModelsWarning)
            model = CLVModel(n_draws=2, discount_rate_annual=0.0).fit(orders(many))
        notes = model.fitted.identified
        assert notes["clv6"].endswith("; 30 lines above the list price kept")
        assert "; 1 return kept, and taken off the order; 30 lines below cost kept" in notes["basis"]
        accounts = model.accounts(orders(many)).set_index("customer_id")
        b = accounts.loc["B1"]
        assert b["base_same"] + b["premium"] == pytest.approx(55.0 - 60.0)
        a = accounts.loc["A1"]
        assert a["base_same"] + a["premium"] == pytest.approx(230.0 - 120.0 + 50.0 - 20.0)


class TestParameters:
    @pytest.mark.parametrize("theta", [-0.5, 1.5])
    def test_theta(self, theta):
        with pytest.raises(ParameterError) as caught:
            CLVModel(theta=theta)
        assert str(caught.value) == f"CLVModel(theta=...) must be a probability from 0 to 1; got {theta}."

    @pytest.mark.parametrize("rate", [-1.5, -1.0, -0.2])
    def test_discount_rates(self, rate):
        """A rate below -1 has no meaning; one below 0 is refused with it, as horizons are worth less the further away."""
        with pytest.raises(ParameterError) as caught:
            CLVModel(discount_rate_annual=rate)
        assert str(caught.value) == (
            f"CLVModel(discount_rate_annual=...) must be a number, 0 or more, such as 0.1 for 10 % a year; got {rate}."
        )
