"""Claims of loyalty: slopes within customers, by statsmodels with a dummy per customer, and on CDNOW."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from statsmodels.regression.linear_model import OLS

from crmmodels.data import datasets
from crmmodels.data.accounts.customer_base import CustomerBase
from crmmodels.data.orders.orders import Orders
from crmmodels.exceptions import ParameterError
from crmmodels.models.clv.loyalty_claims import slope_within
from crmmodels.models.clv.model import CLVModel

ROLES = {"quantity": "q", "list_price": "list", "service_cost": "service"}


def log(n_customers: int = 30, seed: int = 3, price: float = 0.05, service: float = -0.2, basket: float = 0.0) -> pd.DataFrame:
    """Orders whose logarithms have known slopes on that of the order's number, with noise."""
    rng = np.random.default_rng(seed)
    rows = []
    for customer in range(n_customers):
        level = rng.normal(0, 0.3, 3)
        days = np.sort(rng.choice(700, rng.integers(1, 12), replace=False))
        for number, day in enumerate(days, start=1):
            share = 0.8 * np.exp(price * np.log(number) + 0.1 * level[0] + rng.normal(0, 0.02))
            units = 1 + rng.poisson(2)
            full = 10 * np.exp(basket * np.log(number) + level[1])
            cost = 4 * np.exp(service * np.log(number) + level[2] + rng.normal(0, 0.1))
            rows.append(
                (
                    f"k{customer:02d}",
                    pd.Timestamp("2024-01-01") + pd.Timedelta(days=int(day)),
                    units,
                    full,
                    units * full * share,
                    cost,
                )
            )
    return pd.DataFrame(rows, columns=["id", "date", "q", "list", "paid", "service"])


def orders(frame: Any, *left_out: str) -> Orders:
    roles = {role: column for role, column in ROLES.items() if role not in left_out}
    return Orders(frame, customer="id", time="date", amount="paid", **roles)


def with_dummies(frame: pd.DataFrame, value: pd.Series[float]) -> Any:
    """Least squares of a logarithm on that of the order's number and a dummy per customer, errors clustered by customer."""
    number = frame.groupby("id").cumcount() + 1
    several = frame.groupby("id")["id"].transform("size") > 1
    kept = frame[several]
    dummies = pd.get_dummies(kept["id"]).to_numpy(float)
    design = np.column_stack([np.log(number[several]), dummies])
    groups = pd.factorize(kept["id"])[0]
    fit = OLS(np.log(value[several].to_numpy()), design).fit(
        cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False}
    )
    return float(fit.params[0]), float(fit.bse[0]), len(kept), kept["id"].nunique()


@pytest.mark.parametrize("measure", ["price", "cost_to_serve", "basket"])
def test_slopes_are_those_with_a_dummy_per_customer(measure):
    frame = log().sort_values(["id", "date"], ignore_index=True)
    value = {"price": frame["paid"] / (frame["q"] * frame["list"]), "cost_to_serve": frame["service"], "basket": frame["paid"]}[
        measure
    ]
    slope, error, n_orders, n_customers = with_dummies(frame, value)
    found = CLVModel().claims(orders(frame.sample(frac=1, random_state=1))).loc[measure]
    assert found["slope"] == pytest.approx(slope, rel=1e-9)
    assert (found["n_orders"], found["n_customers"]) == (n_orders, n_customers)
    # The sandwich is the same; the correction for few clusters is G/(G - 1) times (n - 1)/(n - 1).
    assert found["standard_error"] == pytest.approx(error * np.sqrt(n_customers / (n_customers - 1)), rel=1e-9)


def test_what_is_true_is_found_and_judged():
    found = CLVModel().claims(orders(log(200, price=0.05, service=-0.2, basket=-0.4)))
    for measure, truth, verdict in (
        ("price", 0.05, "supported"),
        ("cost_to_serve", -0.2, "supported"),
        ("basket", -0.35, "contradicted"),
    ):
        row = found.loc[measure]
        assert abs(row["slope"] - truth) < 4 * row["standard_error"], measure
        assert row["verdict"] == verdict
    back = CLVModel().claims(orders(log(200, price=-0.05, service=0.2)))
    assert back.loc[["price", "cost_to_serve"], "verdict"].tolist() == ["contradicted"] * 2
    nothing = CLVModel().claims(orders(log(40, seed=8, price=0.0, service=0.0)), level=0.9999)
    assert nothing["verdict"].tolist() == ["not decided"] * 3


def test_limits_are_normal_quantiles_of_the_level():
    frame = log()
    wide, narrow = (CLVModel().claims(orders(frame), level=level) for level in (0.95, 0.5))
    half = 1.959963984540054 * wide["standard_error"]
    np.testing.assert_allclose(wide["upper"] - wide["slope"], half, rtol=1e-9)
    np.testing.assert_allclose(wide["slope"] - wide["lower"], half, rtol=1e-9)
    assert (narrow["upper"] < wide["upper"]).all()


@pytest.mark.parametrize("level", [0.0, 1.0, -1, "high"])
def test_levels_are_between_zero_and_one(level):
    with pytest.raises(ParameterError):
        CLVModel().claims(orders(log()), level=level)


def test_only_what_the_log_can_tell_is_tested():
    frame = log()
    assert CLVModel().claims(orders(frame)).index.tolist() == ["price", "cost_to_serve", "basket"]
    assert CLVModel().claims(orders(frame, "service_cost")).index.tolist() == ["price", "basket"]
    assert CLVModel().claims(orders(frame, "list_price")).index.tolist() == ["price", "cost_to_serve", "basket"]
    assert CLVModel().claims(orders(frame, *ROLES)).index.tolist() == ["basket"]
    assert CLVModel().claims(orders(frame.groupby("id").head(1), *ROLES)).empty


def test_a_base_is_as_good_as_its_orders_and_money_s_unit_does_not_matter():
    frame = log()
    here = CLVModel().claims(CustomerBase(orders(frame)))
    money = {name: frame[name] * 7.5 for name in ("list", "paid", "service")}
    there = CLVModel().claims(orders(frame.assign(**money)))
    np.testing.assert_allclose(here[["slope", "standard_error"]], there[["slope", "standard_error"]], rtol=1e-8)


def test_several_lines_of_a_day_are_one_order():
    frame = log().sort_values(["id", "date"], ignore_index=True)
    twice = pd.concat([frame, frame])
    here, there = CLVModel().claims(orders(frame)), CLVModel().claims(orders(twice))
    np.testing.assert_allclose(here["slope"], there["slope"], rtol=1e-9)
    assert here["n_orders"].tolist() == there["n_orders"].tolist()


def test_returns_and_gifts_are_no_orders():
    frame = log().sort_values(["id", "date"], ignore_index=True)
    odd = frame.iloc[[0, 5, 9]].assign(paid=[-5.0, -1.0, 0.0], date=frame["date"].iloc[[0, 5, 9]] + pd.Timedelta(hours=0))
    here, there = CLVModel().claims(orders(frame)), CLVModel().claims(orders(pd.concat([frame, odd])))
    np.testing.assert_allclose(here["slope"], there["slope"], rtol=1e-9)


def test_no_two_orders_of_anybody_have_no_slope():
    found = slope_within(np.array([0, 1, 2]), np.zeros(3), np.arange(3.0))
    assert np.isnan(found.slope)
    assert np.isnan(found.standard_error)
    assert (found.n_orders, found.n_customers) == (0, 0)


def test_one_customer_with_two_orders_decides_nothing():
    frame = log().groupby("id").head(1)
    again = frame.iloc[[0]].assign(date=frame["date"].max() + pd.Timedelta(days=1), paid=frame["paid"].iloc[0] * 2)
    found = CLVModel().claims(orders(pd.concat([frame, again]), *ROLES))
    assert found.empty or found.loc["basket", "verdict"] == "not decided"


@pytest.fixture(scope="module")
def base() -> Orders:
    frame = datasets.load_cdnow()
    return Orders(frame[frame["n_cds"] > 0], customer="customer_id", time="date", amount="spend", quantity="n_cds")


class TestCdnow:
    def test_loyal_customers_do_not_pay_more(self, base):
        found = CLVModel().claims(base)
        assert found.index.tolist() == ["price", "basket"]
        assert found.loc["price", "slope"] == pytest.approx(-0.007, abs=0.0035)
        assert found.loc["price", "standard_error"] == pytest.approx(0.008, abs=0.001)
        assert found.loc["price", "verdict"] == "not decided"

    @pytest.mark.slow
    def test_the_six_add_up(self, base):
        model = CLVModel(n_draws=2).fit(base)
        assert model.fitted.identified["clv6"].startswith("not identified")
        scores = model.score(base)
        names = [f"clv{i}" for i in range(1, 7)]
        size = scores[names].abs().sum(axis=1)
        assert ((scores[names].sum(axis=1) - scores["clv"]).abs() / size).max() < 1e-9
        spent = base.customers().set_index("customer_id")["spend"]
        frame = base.frame
        end = frame["date"].max() + pd.Timedelta(days=1)
        money = frame["spend"] * 1.1 ** ((end - frame["date"]).dt.days / 365.25)
        expected = money.groupby(frame["customer_id"]).sum()
        np.testing.assert_allclose(scores["realised"], expected[scores.index], rtol=1e-9)
        assert scores["realised"].sum() > spent.sum()

    @pytest.mark.slow
    def test_the_first_three_years_hold_46_percent_of_all_that_is_to_come(self, base):
        """At the 15 % of Fader, Hardie & Lee (2005)."""
        short, long = (CLVModel(n_draws=2, discount_rate_annual=0.15, horizon_years=years).fit(base) for years in (3.0, 500.0))
        share = short.score(base)["future"].sum() / long.score(base)["future"].sum()
        assert share == pytest.approx(0.46, abs=0.01)
