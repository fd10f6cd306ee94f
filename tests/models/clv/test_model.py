"""CLVModel: parameters, promises of the interface, draws, tiers, saving."""

from __future__ import annotations

import json
import math
import warnings

import numpy as np
import pandas as pd
import pytest

from crmmodels.data.accounts.customer_base import CustomerBase
from crmmodels.data.accounts.referrals import CustomerCosts, Referrals
from crmmodels.data.orders.orders import Orders
from crmmodels.data.simulate import Retailer, simulate_retailer
from crmmodels.exceptions import CrmModelsWarning, DataError, NotFittedError, ParameterError
from crmmodels.models.clv.model import CLVModel
from crmmodels.models.clv.record import COMPONENTS
from crmmodels.models.purchase.beta_geo import BetaGeoModel
from crmmodels.models.purchase.pareto_nbd import ParetoNBDModel
from crmmodels.models.shifted_beta_geo import ShiftedBetaGeoModel
from crmmodels.testing import check_model

ROLES = ("order_id", "quantity", "list_price", "unit_cost", "category", "sku", "channel", "service_cost")


def base_of(retailer: Retailer) -> CustomerBase:
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


@pytest.fixture(scope="module")
def base() -> CustomerBase:
    return base_of(simulate_retailer(400, 5))


@pytest.fixture(scope="module")
def fitted(base: CustomerBase) -> CLVModel:
    return CLVModel(n_draws=40).fit(base)


class TestParameters:
    @pytest.mark.parametrize(
        ("name", "value", "must"),
        [
            ("theta", -0.01, "a probability from 0 to 1"),
            ("theta", 1.01, "a probability from 0 to 1"),
            ("theta", math.nan, "a probability from 0 to 1"),
            ("theta", "half", "a probability from 0 to 1"),
            ("theta", None, "a probability from 0 to 1"),
            ("discount_rate_annual", -1.5, "a number, 0 or more, such as 0.1 for 10 % a year"),
            ("discount_rate_annual", -0.01, "a number, 0 or more, such as 0.1 for 10 % a year"),
            ("discount_rate_annual", math.inf, "a number, 0 or more, such as 0.1 for 10 % a year"),
            ("discount_rate_annual", math.nan, "a number, 0 or more, such as 0.1 for 10 % a year"),
            ("horizon_years", 0, "a number above 0"),
            ("horizon_years", math.inf, "a number above 0"),
            ("margin", 0.0, "None, or a share above 0, up to 1"),
            ("margin", 1.2, "None, or a share above 0, up to 1"),
            ("shrinkage", -1, "a number, 0 or more"),
            ("kappa", -1.0, "None, or a number, 0 or more"),
            ("kappa", math.nan, "None, or a number, 0 or more"),
            ("n_draws", 0, "a whole number from 1 to 100,000"),
            ("n_draws", 2.5, "a whole number from 1 to 100,000"),
            ("generations", 2, "1 or 'all'"),
            ("generations", True, "1 or 'all'"),
            (
                "price_reference",
                1.0,
                "'new_customers', 'own_first', 'list', 'column', or a share of the list price from 0 to below 1",
            ),
            (
                "price_reference",
                "cheapest",
                "'new_customers', 'own_first', 'list', 'column', or a share of the list price from 0 to below 1",
            ),
            (
                "price_reference",
                True,
                "'new_customers', 'own_first', 'list', 'column', or a share of the list price from 0 to below 1",
            ),
            ("tiers", "deciles", "'quartiles', 'abc', or ascending amounts of money"),
        ],
    )
    def test_out_of_range(self, name, value, must):
        with pytest.raises(ParameterError) as caught:
            CLVModel(**{name: value})
        assert str(caught.value) == f"CLVModel({name}=...) must be {must}; got {value!r}."

    @pytest.mark.parametrize("tiers", [[], [100.0, 10.0], [5.0, 5.0], [math.nan], ["a"], 3.0, [math.inf]])
    def test_tiers_are_ascending(self, tiers):
        with pytest.raises(ParameterError, match="ascending amounts of money"):
            CLVModel(tiers=tiers)

    @pytest.mark.parametrize(
        "value", [pd.DataFrame({"a": [1]}), np.array([1.0, 2.0]), {"a": 1}, object()], ids=["frame", "array", "dict", "object"]
    )
    @pytest.mark.parametrize("name", ["tiers", "price_reference", "generations", "theta", "margin"])
    def test_odd_objects_are_refused_as_parameters_are(self, name, value):
        if name == "tiers" and isinstance(value, np.ndarray):
            CLVModel(tiers=value)
            return
        with pytest.raises(ParameterError):
            CLVModel(**{name: value})

    @pytest.mark.parametrize(
        "model", [None, "pareto", ParetoNBDModel, ShiftedBetaGeoModel(horizon=3)], ids=["none", "text", "class", "contracts"]
    )
    def test_the_purchase_model_is_one_of_continuous_time(self, model):
        with pytest.raises(
            ParameterError, match=r"CLVModel\(purchase_model=\.\.\.\) must be a purchase model of continuous time"
        ):
            CLVModel(purchase_model=model)

    @pytest.mark.parametrize("level", [0, 1, "much"])
    def test_levels(self, level):
        with pytest.raises(ParameterError):
            CLVModel(level=level)

    def test_edges_are_allowed(self):
        CLVModel(
            theta=0,
            discount_rate_annual=0,
            margin=1,
            shrinkage=0,
            kappa=math.inf,
            tiers=[0.0],
            price_reference=0.0,
            generations="all",
        )

    def test_a_fitted_purchase_model_is_not_shared(self):
        purchase = BetaGeoModel(horizon=52, unit="W").fit(BetaGeoModel.example(200, 1))
        assert not CLVModel(purchase_model=purchase).purchase_model.is_fitted
        assert purchase.is_fitted


class TestInterface:
    @pytest.mark.slow
    @pytest.mark.parametrize(
        "parameters",
        [{}, {"purchase_model": BetaGeoModel(horizon=26, unit="W"), "tiers": "abc", "kappa": 2.0, "discount_rate_annual": 0.0}],
        ids=["default", "other"],
    )
    def test_every_promise_is_kept(self, parameters):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CrmModelsWarning)
            report = check_model(CLVModel(n_draws=4, **parameters))
        assert all(result.status != "failed" for result in report.results)

    def test_unfitted_models_have_nothing_to_say(self, base):
        for verb in ("score", "segment", "components", "sample", "customer_equity", "summary"):
            with pytest.raises(NotFittedError, match=f"CLVModel is not fitted yet, so {verb} has nothing to work with"):
                getattr(CLVModel(), verb)(base)

    @pytest.mark.parametrize("data", [None, 3, "orders.parquet", [1, 2]])
    def test_data_that_are_none(self, fitted, data):
        for verb in (CLVModel().fit, fitted.score):
            with pytest.raises(DataError):
                verb(data)
        with pytest.raises(
            ParameterError, match=r"must be an order log \(crm.Orders\) or a customer base \(crm.CustomerBase\); got"
        ):
            CLVModel().accounts(data)

    def test_raw_lines_are_no_accounts(self):
        with pytest.raises(DataError, match=r"columns 'frequency', 'age_at_last', 'age', .* are missing"):
            CLVModel().fit(simulate_retailer(20, 1).lines.drop_duplicates("customer_id"))

    def test_a_failed_fit_changes_nothing(self, base):
        model = CLVModel(n_draws=2).fit(base)
        record = model.fitted
        with pytest.raises(DataError):
            model.fit(pd.DataFrame({"customer_id": [1]}))
        assert model.fitted is record

    def test_a_fit_of_accounts_is_that_of_their_orders(self, base, fitted):
        accounts = CLVModel(n_draws=40).accounts(base)
        again = CLVModel(n_draws=40).fit(accounts)
        for name in (
            "kappa",
            "means",
            "means_covariance",
            "service_rates",
            "referral_shape",
            "referral_rate",
            "referral_value",
            "tier_bounds",
        ):
            np.testing.assert_allclose(
                getattr(again.fitted, name), getattr(fitted.fitted, name), rtol=1e-9, atol=1e-12, err_msg=name
            )
        assert again.fitted.purchase.values.tolist() == fitted.fitted.purchase.values.tolist()
        here, there = again.score(accounts.set_index("customer_id")), fitted.score(base)
        pd.testing.assert_frame_equal(here, there, rtol=1e-9)
        assert again.fitted.benchmarks is None
        assert fitted.fitted.benchmarks is not None

    def test_refitting_is_fitting(self, base, fitted):
        again = CLVModel(n_draws=40).fit(base).fit(base)
        pd.testing.assert_frame_equal(again.score(base), fitted.score(base), rtol=1e-12)

    def test_another_log_is_scored_with_the_benchmarks_of_the_fit(self, base, fitted):
        lines = base.orders.frame
        cheaper = lines.assign(amount=lines["amount"] * 0.5)
        roles = {role: role for role in ROLES}
        orders = Orders(cheaper, customer="customer_id", time="date", amount="amount", until=base.orders.until, **roles)
        here = fitted.components(base)
        there = fitted.components(CustomerBase(orders, base.referrals, base.acquisition_costs, base.service_costs))
        np.testing.assert_allclose(there["clv2_realised"], here["clv2_realised"], rtol=1e-9)
        lost = 0.5 * (
            lines["amount"] * 1.1 ** ((pd.Timestamp(base.orders.until) - lines["date"].dt.normalize()).dt.days / 365.25)
        )
        later = (
            here["clv6_realised"].sum() - there["clv6_realised"].sum() + (here["clv1_realised"] - there["clv1_realised"]).sum()
        )
        assert later == pytest.approx(lost.sum(), rel=1e-9)

    def test_referrers_must_be_among_the_customers(self, base, fitted):
        accounts = fitted.accounts(base)
        referees = accounts[accounts["referrer_id"].notna()].set_index("customer_id").head(1)
        with pytest.raises(DataError, match="1 customer whose referrer is not among the customers"):
            fitted.score(referees)

    def test_optional_columns_are_zero_where_they_are_missing(self, fitted):
        accounts = CLVModel.example(50, 2)
        zero = accounts.assign(acquisition_cost=0.0, reward=0.0, service_base=0.0)
        pd.testing.assert_frame_equal(
            fitted.score(accounts.set_index("customer_id")), fitted.score(zero.set_index("customer_id"))
        )


class TestDraws:
    def test_draws_add_up_and_repeat(self, base, fitted):
        one, two, other = fitted.sample(base, 7), fitted.sample(base, 7), fitted.sample(base, 7, rng=1)
        assert one.components.tolist() == two.components.tolist()
        assert one.components.tolist() != other.components.tolist()
        scores = fitted.score(base)
        assert list(one.customers) == scores.index.tolist()
        assert one.components.shape == (7, 6, len(scores))
        assert repr(one) == f"CLVDraws(7 draws of {len(scores):,} customers)"

    def test_a_generator_is_a_source_of_chance(self, base, fitted):
        one, two = (fitted.sample(base, 3, rng=np.random.default_rng(9)) for _ in range(2))
        assert one.components.tolist() == two.components.tolist()

    def test_score_s_limits_are_quantiles_of_these_draws(self, base, fitted):
        clv = fitted.sample(base, 40).components.sum(axis=1)
        scores = fitted.score(base)
        low, high = np.quantile(clv, [0.025, 0.975], axis=0)
        np.testing.assert_allclose(scores["lower"], low, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(scores["upper"], high, rtol=1e-9, atol=1e-9)
        assert (scores["lower"] <= scores["upper"]).all()
        inside = (scores["lower"] <= scores["clv"]) & (scores["clv"] <= scores["upper"])
        assert inside.mean() > 0.9

    def test_intervals(self, base, fitted):
        draws = fitted.sample(base, 40)
        frame = draws.interval(0.8)
        assert frame.index.name == "customer_id"
        low, high = np.quantile(draws.components[:, 2], [0.1, 0.9], axis=0)
        np.testing.assert_allclose(frame["clv3_lower"], low)
        np.testing.assert_allclose(frame["clv3_upper"], high)
        np.testing.assert_allclose(frame[list(COMPONENTS)].sum(axis=1), frame["clv"], rtol=1e-9, atol=1e-9)
        with pytest.raises(ParameterError):
            draws.interval(1.5)

    def test_probabilities_of_being_negative(self, base, fitted):
        draws = fitted.sample(base, 40)
        shares = draws.probability_negative()
        assert shares.columns.tolist() == [*COMPONENTS, "clv"]
        assert shares["clv"].tolist() == (draws.components.sum(axis=1) < 0).mean(axis=0).tolist()
        assert shares["clv1"].tolist() == (draws.components[:, 0] < 0).mean(axis=0).tolist()
        assert set(shares["clv1"]) <= {0.0, 1.0}
        assert 0 < shares["clv"].mean() < 0.5

    def test_only_what_is_unsure_varies(self, base, fitted):
        spread = fitted.sample(base, 10).components.std(axis=0)
        assert spread[0].max() < 1e-9
        sure = CLVModel(n_draws=2, theta=1.0).fit(base).sample(base, 10).components
        assert sure[:, 1].std(axis=0).max() > 0

    def test_theta_alone_is_drawn_from_zero_to_one(self, base):
        model = CLVModel(n_draws=300, theta=0.5).fit(base)
        from crmmodels.models.clv.uncertainty import draw
        from crmmodels.models.clv.valuation import money_of

        thetas = np.array(
            [one.money.theta for one in draw(model.fitted, money_of(model.fitted, model.theta), 4000, np.random.default_rng(0))]
        )
        assert thetas.mean() == pytest.approx(0.5, abs=0.01)
        assert thetas.std() == pytest.approx(math.sqrt(0.25 / 11), rel=0.05)

    @pytest.mark.parametrize("n_draws", [0, -1, 2.5, "many"])
    def test_numbers_of_draws(self, base, fitted, n_draws):
        with pytest.raises(ParameterError, match="whole number, 1 or more"):
            fitted.sample(base, n_draws)


class TestSaving:
    def test_a_saved_model_answers_alike(self, base, fitted):
        again = CLVModel.from_dict(json.loads(json.dumps(fitted.to_dict())))
        assert again == fitted
        pd.testing.assert_frame_equal(again.score(base), fitted.score(base), check_exact=True)
        assert again.segment(base).tolist() == fitted.segment(base).tolist()
        assert dict(again.fitted.identified) == dict(fitted.fitted.identified)
        assert again.fitted.benchmarks.kind == "discount"

    def test_models_of_other_parameters_and_infinite_kappa(self, base):
        model = CLVModel(
            purchase_model=BetaGeoModel(horizon=10, unit="D"),
            kappa=math.inf,
            tiers=[1.0, 2.0],
            generations="all",
            labels="en",
            n_draws=2,
        ).fit(base)
        again = CLVModel.from_dict(json.loads(json.dumps(model.to_dict())))
        assert again.kappa == math.inf
        assert again.purchase_model == model.purchase_model
        pd.testing.assert_frame_equal(again.score(base), model.score(base), check_exact=True)

    def test_unfitted(self):
        again = CLVModel.from_dict(json.loads(json.dumps(CLVModel(margin=0.3).to_dict())))
        assert again == CLVModel(margin=0.3)
        assert not again.is_fitted

    def test_files(self, fitted, base, tmp_path):
        fitted.save(tmp_path / "clv.json")
        document = json.loads((tmp_path / "clv.json").read_text())
        pd.testing.assert_frame_equal(CLVModel.from_dict(document).score(base), fitted.score(base), check_exact=True)

    def test_what_it_shows(self, fitted):
        shown = repr(fitted)
        for name in ("clv6", "kappa", "platinum", "prices beside new_customers"):
            assert name in shown


class TestLearning:
    def test_money_per_order_is_weighed_by_credibility(self, base):
        """One weight per customer for all components, and the mean of all in proportion to these weights."""
        model = CLVModel(n_draws=2, kappa=4.0).fit(base)
        accounts = model.accounts(base)
        x = accounts["frequency"].to_numpy(float)
        names = ["total_base_same", "total_base_new", "total_saving", "total_premium"]
        own = accounts[names].to_numpy()[x > 0] / x[x > 0, None]
        weight = x[x > 0] / (x[x > 0] + 4.0)
        np.testing.assert_allclose(model.fitted.means, weight @ own / weight.sum(), rtol=1e-9)
        parts = model.components(base)
        quiet = parts.loc[accounts["customer_id"][x == 0]]
        ratio = quiet["clv3_future"] / quiet["clv6_future"]
        np.testing.assert_allclose(ratio, model.fitted.means[1] / model.fitted.means[3], rtol=1e-9)

    def test_kappa_is_that_of_the_variances(self, base):
        """Buehlmann and Straub by hand, from the lines: variance within customers over that between."""
        model = CLVModel(n_draws=2).fit(base)
        accounts = model.accounts(base).query("frequency > 0")
        x = accounts["frequency"].to_numpy(float)
        mean = accounts[["total_base_same", "total_base_new", "total_saving", "total_premium"]].sum(axis=1).to_numpy() / x
        within = (accounts["squares"] - x * mean**2).clip(lower=0).sum() / (x - 1).sum()
        overall = (x * mean).sum() / x.sum()
        between = ((x * (mean - overall) ** 2).sum() - (len(x) - 1) * within) / (x.sum() - (x**2).sum() / x.sum())
        assert model.fitted.kappa == pytest.approx(within / between, rel=1e-9)

    def test_referrals_to_come_pool_customers(self, base, fitted):
        record = fitted.fitted
        accounts = fitted.accounts(base)
        referred = accounts["referrer_id"].notna()
        parts = fitted.components(base)
        worth = (parts["transfer"].to_numpy() - accounts["reward"].to_numpy())[referred]
        # To the accuracy with which the fit itself knows what a referred customer is worth: referrals to come are no part of it.
        assert record.referral_value == pytest.approx(worth.mean(), rel=1e-9)
        assert record.referral_shape / record.referral_rate == pytest.approx(referred.sum() / accounts["age"].sum(), rel=0.2)

    def test_without_referrals_none_are_to_come(self, base):
        orders_only = CLVModel(n_draws=2).fit(base.orders)
        assert orders_only.fitted.referral_rate == 0.0
        assert orders_only.score(base.orders)["clv5"].eq(0).all()
