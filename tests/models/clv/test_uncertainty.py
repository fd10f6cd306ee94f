"""What is drawn of CLVModel's parameters, what follows from it, and limits in blocks of customers."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmmodels.data.accounts.customer_base import CustomerBase
from crmmodels.data.accounts.referrals import CustomerCosts, Referrals
from crmmodels.data.orders.orders import Orders
from crmmodels.data.simulate import simulate_retailer
from crmmodels.exceptions import BoundaryWarning
from crmmodels.kernels.inference.estimation import Family, estimate
from crmmodels.kernels.purchase.histories import distinct_rows
from crmmodels.kernels.purchase.nbd import NBDParameters, log_likelihood
from crmmodels.kernels.value.credibility import variance_components
from crmmodels.models.clv.model import CLVModel
from crmmodels.models.clv.record import ReferralOutlook
from crmmodels.models.clv.uncertainty import draw, limits_of, log_kappa_error
from crmmodels.models.clv.valuation import HISTORY, Valuation, money_of
from crmmodels.models.purchase.beta_geo import BetaGeoModel
from crmmodels.models.purchase.nbd import NBDModel
from crmmodels.models.purchase.pareto_nbd import ParetoNBDModel

ROLES = ("order_id", "quantity", "list_price", "unit_cost", "category", "sku", "channel", "service_cost")


@pytest.fixture(scope="module")
def base() -> CustomerBase:
    retailer = simulate_retailer(500, 8)
    orders = Orders(
        retailer.lines,
        customer="customer_id",
        time="date",
        amount="amount",
        until=retailer.as_of,
        **{role: role for role in ROLES},
    )
    return CustomerBase(
        orders,
        Referrals(retailer.referrals, referrer="referrer", referee="referee", time="date", reward="reward"),
        CustomerCosts(retailer.acquisition_costs, customer="customer_id", cost="cost"),
        CustomerCosts(retailer.service_costs, customer="customer_id", cost="cost", time="date"),
    )


@pytest.fixture(scope="module", params=[1, "all"], ids=["one", "all"])
def model(request, base) -> CLVModel:
    return CLVModel(n_draws=30, generations=request.param).fit(base)


def test_at_an_edge_the_combination_that_the_data_determine_varies() -> None:
    """Customers who order at one rate: r runs off, alpha tells the rate r / alpha, and both errors are those of a Poisson rate."""
    rng = np.random.default_rng(2)
    orders = [(f"c{c}", day) for c in range(300) for day in np.flatnonzero(rng.random(300) < 0.02) + 1] + [
        (f"c{c}", 0) for c in range(300)
    ]
    days = pd.Timestamp("2025-01-01") + pd.to_timedelta([day for _, day in orders], unit="D")
    log = pd.DataFrame({"customer": [name for name, _ in orders], "date": days, "amount": 10.0})
    base = CustomerBase(Orders(log, customer="customer", time="date", amount="amount", until="2025-10-27"))
    with pytest.warns(BoundaryWarning, match="r goes to infinity"):
        model = CLVModel(purchase_model=NBDModel(horizon=90)).fit(base)
    drawn = np.array(
        [one.purchase for one in draw(model.fitted, money_of(model.fitted, model.theta), 4000, np.random.default_rng(0))]
    )
    n_repeats = len(log.drop_duplicates()) - 300
    assert np.ptp(drawn[:, 0]) == 0.0
    assert np.log(drawn[:, 0] / drawn[:, 1]).std() == pytest.approx(1 / np.sqrt(n_repeats), rel=0.06)


def values_of(model: CLVModel, base: CustomerBase) -> dict[str, np.ndarray]:
    return dict(model._read(model._open(base, model.fitted)).columns)


class TestLimits:
    def test_limits_are_the_quantiles_of_the_sample(self, base, model):
        """`sample` holds all six components of all customers; `score` takes another way to their sum."""
        scores, drawn = model.score(base), model.sample(base).components.sum(axis=1)
        low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
        np.testing.assert_allclose(scores["lower"], low, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(scores["upper"], high, rtol=1e-9, atol=1e-9)

    @pytest.mark.parametrize("n_rows", [1, 7, 100, 10_000])
    def test_limits_do_not_depend_on_the_size_of_blocks(self, base, model, n_rows, monkeypatch):
        whole = model.score(base)
        monkeypatch.setattr(limits_of, "__kwdefaults__", {"values_at_once": n_rows * model.n_draws})
        blocks = model.score(base)
        pd.testing.assert_frame_equal(blocks, whole, check_exact=True)

    @pytest.mark.parametrize("n_rows", [1, 3, 5])
    @pytest.mark.parametrize("generations", [1, "all"])
    def test_a_long_chain_over_many_blocks(self, generations, n_rows, monkeypatch):
        accounts = CLVModel.example(40, 3)
        names = accounts["customer_id"].tolist()
        accounts["referrer_id"] = [None, *names[:-1]]
        accounts["reward"] = 2.0
        model = CLVModel(n_draws=12, generations=generations, theta=0.9).fit(accounts)
        whole, drawn = model.score(accounts), model.sample(accounts).components.sum(axis=1)
        np.testing.assert_allclose(whole["upper"], np.quantile(drawn, 0.975, axis=0), rtol=1e-9)
        monkeypatch.setattr(limits_of, "__kwdefaults__", {"values_at_once": n_rows * 12})
        pd.testing.assert_frame_equal(model.score(accounts), whole, check_exact=True)

    def test_memory_does_not_grow_with_draws(self, monkeypatch):
        """Of all draws together no more values are held than allowed, however many customers and draws there are."""
        accounts = CLVModel.example(300, 2)
        model = CLVModel(n_draws=50).fit(accounts)
        held: list[int] = []
        plain = np.quantile

        def watched(values, *arguments, **options):
            held.append(values.size)
            return plain(values, *arguments, **options)

        monkeypatch.setattr(limits_of, "__kwdefaults__", {"values_at_once": 1000})
        monkeypatch.setattr("crmmodels.models.clv.uncertainty.np.quantile", watched)
        model.score(accounts)
        assert max(held) <= 1000
        assert sum(held) == 300 * 50

    def test_one_customer_is_scored_alone_as_among_others(self):
        accounts = CLVModel.example(80, 6).set_index("customer_id")
        model = CLVModel(n_draws=40).fit(accounts)
        whole = model.score(accounts)
        for name in accounts.index[::16]:
            pd.testing.assert_frame_equal(model.score(accounts.loc[[name]]), whole.loc[[name]], check_exact=True)


class TestResiduals:
    @pytest.mark.parametrize("kind", [NBDModel, ParetoNBDModel])
    def test_orders_follow_from_the_time(self, kind):
        """DERT = DEAT (r + x) / (alpha + T), against the quadrature of its own."""
        table = kind.example(200, 4)
        histories = {name: table[name].to_numpy(float) for name in HISTORY}
        history = tuple(histories.values())
        parameters = kind._example_parameters()
        valuation = Valuation(kind.process, 0.002, 150.0, 1)
        found = valuation.residual(histories, np.array(dataclasses.astuple(parameters)))
        expected = kind.process.discounted_purchases(*history, 0.002, parameters, horizon=150.0)
        np.testing.assert_allclose(found.orders, expected, rtol=1e-12)

    def test_time_is_left_out_only_where_it_is_not_read(self, base):
        model = CLVModel(n_draws=10, purchase_model=BetaGeoModel(horizon=1, unit="W"))
        lean = model.fit(base.orders)
        drawn = lean.sample(base.orders).components.sum(axis=1)
        np.testing.assert_allclose(lean.score(base.orders)["lower"], np.quantile(drawn, 0.025, axis=0), rtol=1e-9, atol=1e-9)
        drawn = model.fit(base).sample(base).components.sum(axis=1)
        np.testing.assert_allclose(model.score(base)["lower"], np.quantile(drawn, 0.025, axis=0), rtol=1e-9, atol=1e-9)


class TestKappa:
    def test_leaving_out_one_customer_at_a_time(self):
        """The vectorised jackknife against as many fits as there are customers."""
        rng = np.random.default_rng(3)
        n = rng.integers(1, 9, 60).astype(float)
        means = rng.normal(20.0, 5.0, 60)
        squares = np.where(n > 1, rng.chisquare(np.maximum(n - 1, 1)) * 40.0, 0.0)
        logs = np.array(
            [math.log(variance_components(*(np.delete(column, i) for column in (n, means, squares))).kappa) for i in range(60)]
        )
        expected = math.sqrt(59 / 60 * ((logs - logs.mean()) ** 2).sum())
        assert log_kappa_error(n, means, squares) == pytest.approx(expected, rel=1e-9)

    def test_it_is_the_spread_of_kappa_over_populations(self):
        rng = np.random.default_rng(5)

        def one() -> tuple[float, float]:
            n = rng.integers(1, 9, 400).astype(float)
            rate = rng.normal(20.0, 4.0, 400)
            orders = [rng.normal(mean, 6.0, int(k)) for mean, k in zip(rate, n, strict=True)]
            means = np.array([order.mean() for order in orders])
            squares = np.array([((order - order.mean()) ** 2).sum() for order in orders])
            return math.log(variance_components(n, means, squares).kappa), log_kappa_error(n, means, squares)

        logs, errors = np.array([one() for _ in range(200)]).T
        assert np.median(errors) == pytest.approx(logs.std(), rel=0.2)

    @pytest.mark.parametrize("n", [0, 1, 2])
    def test_few_customers_tell_nothing(self, n):
        assert log_kappa_error(np.full(n, 3.0), np.arange(float(n)), np.ones(n)) == 0.0

    def test_customers_who_do_not_differ_tell_nothing(self):
        assert log_kappa_error(np.full(9, 4.0), np.full(9, 10.0), np.full(9, 3.0)) == 0.0

    def test_a_given_kappa_is_not_drawn(self, base):
        given_kappa = CLVModel(n_draws=5, kappa=3.0).fit(base)
        assert given_kappa.fitted.kappa_error == 0.0
        kappas = [one.money.kappa for one in drawn_from(given_kappa, 5)]
        assert kappas == [3.0] * 5

    def test_an_estimated_one_is(self, model):
        logs = np.log([one.money.kappa for one in drawn_from(model, 4000)])
        assert logs.mean() == pytest.approx(math.log(model.fitted.kappa), abs=4 * model.fitted.kappa_error / math.sqrt(4000))
        assert logs.std() == pytest.approx(model.fitted.kappa_error, rel=0.05)
        assert model.fitted.kappa_error > 0.02


def drawn_from(model: CLVModel, n_draws: int):
    return draw(model.fitted, money_of(model.fitted, model.theta), n_draws, np.random.default_rng(1))


class TestReferrals:
    def test_the_value_of_a_referral_follows_theta(self, base, model):
        """At another theta it is what a model with that theta learns: exactly with one generation, to a thousandth with all."""
        outlook = model.fitted.referrals
        assert model.fitted.referral_value == pytest.approx(outlook.value(0.5), rel=1e-9)
        for theta in (0.0, 0.13, 0.6, 1.0):
            there = CLVModel(n_draws=2, generations=model.generations, theta=theta).fit(base).fitted.referral_value
            assert outlook.value(theta) == pytest.approx(there, rel=1e-9 if model.generations == 1 else 2e-3)

    @pytest.mark.parametrize("number", range(4))
    def test_it_follows_the_purchase_parameters(self, base, number):
        """The change of the value, to first order, against the model with that parameter."""
        model = CLVModel(n_draws=2, theta=0.7).fit(base)
        fitted, values = model.fitted, values_of(model, base)
        money = money_of(fitted, model.theta)
        referred = values["referrer"] >= 0
        for change in (-0.05, 0.05):
            logs = change * np.eye(4)[number]
            found = model._valuation().values(values, fitted.purchase.values * np.exp(logs), money)
            exact = (found.transfer - values["reward"])[referred].mean() - fitted.referral_value
            linear = fitted.referrals.value(0.7, logs) - fitted.referrals.value(0.7)
            # Orders change alike for all kinds of money but what is paid per unit of time.
            assert linear == pytest.approx(exact, rel=0.1, abs=0.005 * abs(fitted.referral_value))

    def test_it_follows_the_means(self, base):
        model = CLVModel(n_draws=2, theta=0.7).fit(base)
        fitted, values = model.fitted, values_of(model, base)
        money = money_of(fitted, model.theta)
        shift = np.array([1.0, 0.5, 0.0, -0.2])
        moved = type(money)(money.kappa, money.means + shift, money.service_rates, 0.0, 0.0, 0.0, money.theta)
        found = model._valuation().values(values, fitted.purchase.values, moved)
        exact = (found.transfer - values["reward"])[values["referrer"] >= 0].mean()
        assert fitted.referrals.value(0.7, None, shift) == pytest.approx(exact, rel=1e-9)

    def test_the_rate_is_as_sure_as_its_likelihood_says(self, base, model):
        values = values_of(model, base)
        made = np.bincount(values["referrer"][values["referrer"] >= 0].astype(int), minlength=len(values["age"])).astype(float)
        table = distinct_rows(made, np.zeros(len(made)), values["age"]).table
        family = Family(
            NBDParameters,
            log_likelihood,
            lambda _: np.array([1.0, 100.0]),
            lambda _: None,
            lambda t: t.weight.sum(),
            frozenset(),
            (),
        )
        found = estimate(family, table)
        np.testing.assert_allclose(model.fitted.referrals.covariance, found.covariance, rtol=1e-4)
        pairs = np.log([(one.money.referral_shape, one.money.referral_rate) for one in drawn_from(model, 4000)])
        np.testing.assert_allclose(np.cov(pairs.T), found.covariance, rtol=0.1)

    def test_draws_value_referrals_at_their_own_theta(self, model):
        outlook, fitted = model.fitted.referrals, model.fitted
        for one in drawn_from(model, 20):
            logs = np.log(one.purchase) - np.log(fitted.purchase.values)
            expected = outlook.value(one.money.theta, logs, one.money.means - fitted.means)
            assert one.money.referral_value == pytest.approx(expected, rel=1e-6, abs=1e-6 * abs(fitted.referral_value))

    def test_without_referrals_nothing_is_drawn_of_them(self, base):
        alone = CLVModel(n_draws=3).fit(base.orders)
        assert alone.fitted.referrals is None
        assert {one.money.referral_value for one in drawn_from(alone, 3)} == {0.0}

    @given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
    @settings(max_examples=30)
    def test_with_one_generation_it_is_a_straight_line(self, low, high, share):
        outlook = ReferralOutlook(np.array([-3.0, 17.0]), np.array([0.0, 8.0]), np.zeros(4), 0.0, np.eye(2))
        between = low + share * (high - low)
        expected = outlook.value(low) + share * (outlook.value(high) - outlook.value(low))
        assert outlook.value(between) == pytest.approx(expected, abs=1e-12)


def test_every_draw_adds_up(base, model):
    """Own value and referrals of each draw, computed apart, are the sum of the six components."""
    values, fitted = values_of(model, base), model.fitted
    for found in model._draws(values, fitted, 5, 3):
        total = (found.realised + found.future).sum(axis=0)
        np.testing.assert_allclose(found.own + found.realised[4] + found.future[4], total, rtol=1e-9, atol=1e-9)
        paid = values["reward"][values["referrer"] >= 0].sum()
        assert found.retained.sum() == pytest.approx(found.own.sum() - paid, rel=1e-9)


def test_parameters_that_the_data_leave_open_are_held(base):
    model = CLVModel(n_draws=3).fit(base)
    spread = np.array([one.purchase for one in drawn_from(model, 4000)])
    logs = np.log(spread)
    determined = np.isfinite(np.diag(model.fitted.purchase.covariance))
    np.testing.assert_allclose(
        logs.std(axis=0)[determined], np.sqrt(np.diag(model.fitted.purchase.covariance))[determined], rtol=0.06
    )
    assert (logs.std(axis=0)[~determined] < 1e-12).all()
