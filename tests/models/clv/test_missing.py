"""What the data lack is said, and the money goes where the specification says."""

from __future__ import annotations

import runpy
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from crmmodels.data.accounts.customer_base import CustomerBase
from crmmodels.data.accounts.referrals import CustomerCosts, Referrals
from crmmodels.data.orders.orders import Orders
from crmmodels.exceptions import CrmModelsWarning, DataError
from crmmodels.models.clv.model import CLVModel
from crmmodels.models.clv.record import COMPONENTS

CASE = runpy.run_path(str(Path(__file__).with_name("clv_case.py")))
HAND = CASE["HAND"]
ROLES = CASE["ROLES"]
record = CASE["record"]
at = CASE["at"]
AHEAD = CASE["AHEAD"]
hand_base = CASE["hand_base"]


class TestMissing:
    """What the data lack is said, and the money goes where the specification says."""

    def notes(self, base: CustomerBase | Orders, **parameters: Any) -> Any:
        rng = np.random.default_rng(1)
        base = CustomerBase(base) if isinstance(base, Orders) else base
        rows = []
        for number in range(60):
            days = np.sort(rng.choice(300, rng.integers(1, 6), replace=False))
            rows += [(f"k{number:02d}", pd.Timestamp("2025-01-01") + pd.Timedelta(days=int(day))) for day in days]
        frame = pd.DataFrame(rows, columns=["id", "date"])
        n = len(frame)
        frame = frame.assign(
            kind=rng.choice(["x", "y"], n),
            sku=rng.choice(["s", "t"], n),
            q=1,
            list=20.0,
            paid=rng.uniform(10, 20, n).round(2),
            cost=5.0,
            service=1.0,
        )
        roles = {role: column for role, column in base.orders.roles.items() if role not in {"customer", "time", "amount"}}
        first = frame.groupby("id")["date"].min().sort_values().index
        parts: dict[str, Any] = {}
        if base.referrals is not None:
            parts["referrals"] = Referrals(pd.DataFrame({"by": [first[0]], "whom": [first[5]]}), referrer="by", referee="whom")
        if base.acquisition_costs is not None:
            parts["acquisition_costs"] = CustomerCosts(pd.DataFrame({"id": first, "c": 4.0}), customer="id", cost="c")
        whole = CustomerBase(Orders(frame, customer="id", time="date", amount="paid", **roles), **parts)
        model = CLVModel(n_draws=2, **parameters)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CrmModelsWarning)
            model.fit(whole)
        return model.fitted.identified

    def without(self, *roles: str, **parts: Any) -> CustomerBase:
        full = hand_base(frame=HAND.assign(sku=HAND["kind"]), sku="sku")
        orders = Orders(
            full.orders.frame,
            customer="id",
            time="date",
            amount="paid",
            **{role: column for role, column in {**ROLES, "sku": "sku"}.items() if role not in roles},
        )
        return CustomerBase(
            orders, parts.get("referrals", full.referrals), parts.get("acquisition_costs", full.acquisition_costs)
        )

    def test_everything_known(self):
        assert dict(self.notes(self.without())) == {
            "basis": "contribution: amounts less unit costs",
            "clv1": "first order, less the cost of acquisition",
            "clv2": "repeat orders",
            "clv3": "categories",
            "clv4": "service costs",
            "clv5": "referrals",
            "clv6": "prices beside new_customers",
        }

    def test_without_list_prices_and_products(self):
        base = self.without("list_price", "sku")
        assert self.notes(base)["clv6"] == "not identified without list prices or products; its money is in clv2 and clv3"
        scores = at(discount_rate_annual=0.0).score(base)
        assert scores.loc["A", list(COMPONENTS)].tolist() == pytest.approx([5, 60, 20, 8, 14.5, 0])

    def test_products_alone_are_enough(self):
        base = self.without("list_price")
        assert self.notes(base)["clv6"] == "prices beside new_customers"
        scores = at(discount_rate_annual=0.0).score(base)
        # Coffee costs new customers 90; nobody's first purchase was tea.
        assert scores.loc["A", list(COMPONENTS)].tolist() == pytest.approx([5, 50, 20, 8, 14.5, 10])

    def test_without_categories(self):
        base = self.without("category")
        assert self.notes(base)["clv3"] == "not identified without categories; its money is in clv2"
        scores = at(discount_rate_annual=0.0).score(base)
        assert scores.loc["A", list(COMPONENTS)].tolist() == pytest.approx([5, 65, 0, 8, 14.5, 15])

    def test_without_service_costs(self):
        base = self.without("service_cost")
        assert self.notes(base)["clv4"] == (
            "not identified without service costs, which are not deducted; clv1 to clv3 are gross of them"
        )
        scores = at(discount_rate_annual=0.0).score(base)
        # The first order of B, and so A's referral, is worth 10 more before service; A's first order, too.
        assert scores.loc["A", list(COMPONENTS)].tolist() == pytest.approx([15, 60, 25, 0, 19.5, 15])

    def test_without_referrals(self):
        base = self.without(referrals=None)
        assert self.notes(base)["clv5"] == "not identified without a referral log"
        scores = at(record(**AHEAD | {"referral_shape": 0.0, "referral_rate": 0.0})).score(base)
        assert scores["clv5"].eq(0).all()
        assert scores["retained"].tolist() == scores["clv"].tolist()

    def test_without_unit_costs(self):
        base = self.without("unit_cost")
        assert self.notes(base)["basis"] == "revenue: neither unit costs nor a margin are known"
        assert self.notes(base, margin=0.25)["basis"] == "amounts times a margin of 0.25"
        revenue = at(discount_rate_annual=0.0).score(base)
        assert revenue.loc["A", "own"] == pytest.approx(90 + 190 + 50 - 22 - 15)
        share = at(discount_rate_annual=0.0, margin=0.25).score(base)
        assert share.loc["A", "own"] == pytest.approx(0.25 * 330 - 22 - 15)

    def test_without_acquisition_costs(self):
        base = self.without(acquisition_costs=None)
        assert self.notes(base)["clv1"] == "gross: the cost of acquisition is not known"
        assert at(discount_rate_annual=0.0).score(base).loc["A", "clv1"] == pytest.approx(20)

    def test_one_cohort_only(self):
        """First-time buyers of one month alone cannot tell price changes from loyalty: a warning says so."""
        log = pd.DataFrame(
            [
                (f"k{i:02d}", pd.Timestamp("2025-01-02") + pd.Timedelta(days=int(d)))
                for i in range(60)
                for d in {i % 5, 40 + 3 * i, 90 + i * i % 170}
            ],
            columns=["id", "date"],
        ).assign(paid=10.0, list=12.0, kind="x")
        orders = Orders(log, customer="id", time="date", amount="paid", list_price="list", category="kind")
        with pytest.warns(CrmModelsWarning) as caught:
            CLVModel(n_draws=2).fit(orders)
        assert any("cohort" in str(warning.message) or "first-time buyers" in str(warning.message) for warning in caught)

    @pytest.mark.parametrize(
        ("reference", "role"),
        [("list", "list_price"), ("own_first", "list_price"), (0.1, "list_price"), ("column", "reference_price")],
    )
    def test_references_that_the_log_cannot_give(self, reference, role):
        base = self.without("list_price", "sku")
        with pytest.raises(DataError, match=f"needs the role {role}, which no column of it has"):
            at(price_reference=reference).score(base)

    def test_a_given_price_is_named(self):
        assert self.notes(self.without(), price_reference=0.25)["clv6"] != self.notes(self.without())["clv6"]
        assert "list" in self.notes(self.without(), price_reference="list")["clv6"]

    def test_odd_lines_are_told(self):
        log = hand_base(frame=HAND.assign(paid=[90.0, 230.0, 50.0, 55.0])).orders
        many = pd.concat(
            [log.frame.assign(id=log.frame["id"] + str(i), date=log.frame["date"] + pd.Timedelta(days=i)) for i in range(40)]
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CrmModelsWarning)
            model = CLVModel(n_draws=2).fit(Orders(many, customer="id", time="date", amount="paid", **ROLES))
        told = " ".join(model.fitted.identified.values())
        assert "40 lines below cost" in told
        assert "40 lines above" in told
