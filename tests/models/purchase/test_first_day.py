"""Customers whose first order is on the last day observed: age 0, of whom nothing is known yet."""

from __future__ import annotations

import warnings
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crmmodels as crm
from crmmodels import plotting
from crmmodels.interop.lifetimes import from_lifetimes

CONTINUOUS = (crm.ParetoNBDModel, crm.BetaGeoModel, crm.ModifiedBetaGeoModel, crm.NBDModel)
KINDS = (*CONTINUOUS, crm.BetaGeoBetaBinomModel)
HISTORY = ["frequency", "age_at_last", "age"]
ROLES = {"customer": "customer_id", "time": "date"}
HORIZON = 13


def named(kind: Any) -> str:
    return str(kind.__name__)


def new(n: int) -> pd.DataFrame:
    return pd.DataFrame({"customer_id": [f"new{i}" for i in range(n)], "frequency": 0, "age_at_last": 0, "age": 0})


def with_new(table: pd.DataFrame, n: int) -> pd.DataFrame:
    return pd.concat([new(n), table], ignore_index=True)


@pytest.fixture(scope="module", params=KINDS, ids=named)
def case(request: Any) -> tuple[Any, pd.DataFrame, Any]:
    """A kind, its customers, and the model fitted without those of age 0."""
    kind = request.param
    table = kind.example(400, 2)
    return kind, table, kind(horizon=HORIZON, unit="W").fit(table)


def test_published_case_in_days():
    """The limit of customers whose age goes to 0."""
    model = crm.ParetoNBDModel.from_parameters(
        {"r": 0.82607626, "alpha": 63.76455806, "s": 1.09950301, "beta": 539.09255198}, horizon=90
    )
    found = model.score(new(1)).iloc[0]
    assert found["probability_alive"] == pytest.approx(1.0, abs=1e-12)
    assert found["expected_purchases"] == pytest.approx(1.07002718, abs=5e-9)
    assert found["probability_no_purchase"] == pytest.approx(0.51511602, abs=5e-9)


def test_they_count_and_move_nothing(case):
    kind, table, without = case
    fitted = kind(horizon=HORIZON, unit="W").fit(with_new(table, 7)).fitted
    assert fitted.n_customers == without.fitted.n_customers + 7
    assert fitted.parameters == without.fitted.parameters
    assert fitted.log_likelihood == without.fitted.log_likelihood
    np.testing.assert_array_equal(fitted.covariance, without.fitted.covariance)


def test_they_are_scored_as_new_customers(case):
    _, _, model = case
    found = model.score(new(1)).iloc[0]
    assert found["expected_purchases"] == pytest.approx(model.expected_purchases_new(HORIZON), rel=1e-10)
    chances = model.purchase_distribution_new(HORIZON, 5)
    assert found["probability_no_purchase"] == pytest.approx(chances[0], rel=1e-10)
    np.testing.assert_allclose(model.purchase_distribution(new(1), HORIZON, 5).to_numpy()[0], chances, rtol=1e-10)


def test_nobody_has_left_on_the_first_day_but_where_the_first_order_may_be_the_last(case):
    """In MBG/NBD customers may drop out right after the first order: b / (a + b) are left."""
    kind, _, model = case
    alive = model.probability_alive(new(1)).iloc[0, 0]
    p = model.fitted.parameters
    assert alive == pytest.approx(p.b / (p.a + p.b) if kind is crm.ModifiedBetaGeoModel else 1.0, rel=1e-12)


@pytest.mark.parametrize("horizon", [HORIZON, np.inf])
def test_answers_are_the_limit_of_ever_younger_customers(case, horizon):
    kind, _, model = case
    if kind is crm.BetaGeoBetaBinomModel:
        pytest.skip("opportunities have no fractions")
    close = new(1).assign(age=1e-9)
    for answer in (model.discounted_purchases, model.discounted_lifetime):
        at_zero, near = (answer(table, 0.1, horizon).iloc[0, 0] for table in (new(1), close))
        assert at_zero == pytest.approx(near, rel=1e-7)
    np.testing.assert_allclose(model.score(new(1)), model.score(close), rtol=1e-7)


def test_every_other_answer_takes_them(case):
    kind, table, model = case
    full = with_new(table, 3)
    assert len(model.segment(full)) == len(full)
    assert model.summary(full)["n_customers"].sum() == len(full)
    fitted = kind(horizon=HORIZON, unit="W").fit(full)
    draws = fitted.sample_posterior(full, 50, rng=1)
    limits = fitted.expected_purchases(full, draws=draws)
    assert np.isfinite(limits.to_numpy()).all()
    with pytest.raises(crm.DataError, match="not the one of fit"):
        fitted.sample_posterior(table, 50, rng=1)


def test_plots_take_them(case):
    _, table, model = case
    full = with_new(table, 100)
    ax = plotting.plot_frequency(model, full, most=3)
    actual, expected = ([bar.get_height() for bar in bars] for bars in ax.containers)
    assert sum(expected) == pytest.approx(len(full))
    before = [bar.get_height() for bar in plotting.plot_frequency(model, table, most=3).containers[1]]
    np.testing.assert_allclose(np.subtract(expected, before), [100, 0, 0, 0], atol=1e-9)
    assert actual[0] == (full["frequency"] == 0).sum()
    plotting.plot_purchase_distribution(model, data=full)
    plt.close("all")


@pytest.mark.parametrize("kind", KINDS, ids=named)
@pytest.mark.parametrize("prior", [None, {}], ids=["no prior", "priors"])
def test_a_table_of_them_alone_is_refused(kind, prior):
    names = kind._family.names
    chosen = None if prior is None else {name: crm.LogNormalPrior(1.0, 1.0) for name in names}
    with pytest.raises(crm.ConvergenceError) as caught:
        kind(horizon=HORIZON, unit="W", prior=chosen).fit(new(3))
    assert str(caught.value) == (
        f"{kind.__name__} found no best parameters for these data; check them for:\n"
        "- time after the first order: all 3 customers have age 0 (first order on the last day observed), so nothing says "
        "whether they order again; observe until a later day"
    )


@pytest.mark.parametrize("kind", KINDS, ids=named)
def test_one_customer_beside_them_is_one_customer(kind):
    table = with_new(pd.DataFrame({"customer_id": ["old"], "frequency": [3], "age_at_last": [20], "age": [30]}), 5)
    with pytest.raises(crm.ConvergenceError, match="customers: 1 customer does not tell how customers differ"):
        kind(horizon=HORIZON, unit="W").fit(table)


@pytest.mark.parametrize("kind", KINDS, ids=named)
def test_repeat_orders_need_time(kind):
    table = kind.example(50, 1)
    table.loc[4, HISTORY] = [2, 0, 0]
    with pytest.raises(crm.DataError, match=r"1 customer in row 4 with repeat orders \(frequency above 0\) but age_at_last 0"):
        kind(horizon=HORIZON, unit="W").fit(table)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=3, max_size=3), st.floats(0.0, 5.0), st.randoms(use_true_random=False))
def test_weights_of_them_count_and_move_nothing(places, weight, random):
    table = crm.BetaGeoModel.example(200, 5).assign(n=1.0)
    model = crm.BetaGeoModel(horizon=HORIZON, unit="W", weight="n")
    without = model.fit(table).fitted
    full = pd.concat([with_new(table, len(places)).assign(n=1.0)], ignore_index=True)
    full.loc[: len(places) - 1, "n"] = [weight * place for place in places]
    full = full.sample(frac=1.0, random_state=random.randrange(2**31)).reset_index(drop=True)
    found = model.fit(full).fitted
    assert found.parameters == without.parameters
    assert found.n_customers == pytest.approx(without.n_customers + weight * sum(places))


# A shop that is split at any date.


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    truth = crm.ParetoNBDModel.from_parameters({"r": 0.7, "alpha": 8.0, "s": 0.6, "beta": 12.0}, horizon=40, unit="W")
    return truth.simulate(400, np.random.default_rng(1).uniform(10, 26, 400), rng=3, until="2025-12-31")


@pytest.mark.parametrize("kind", CONTINUOUS, ids=named)
@pytest.mark.parametrize("at", pd.date_range("2025-07-09", "2025-12-30", periods=12).strftime("%Y-%m-%d"))
def test_a_shop_can_be_split_at_any_date(kind, at, log):
    customers = crm.Orders(log, **ROLES).split(at=at, until="2025-12-31").customers(unit="D")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", crm.CrmModelsWarning)
        model = kind(horizon=30).fit(customers)
    assert model.fitted.n_customers == len(customers)
    assert np.isfinite(model.score(customers).to_numpy()).all()


def last_day(log: pd.DataFrame) -> str:
    """A date on which somebody orders for the first time."""
    first = log.groupby("customer_id")["date"].min().dt.normalize()
    return str(first[first > "2025-09-30"].iloc[0].date())


def test_comparison_holdout_and_tracking_with_first_orders_on_the_split_date(log):
    at = last_day(log)
    orders = crm.Orders(log, **ROLES)
    split = orders.split(at=at, until="2025-12-31")
    assert (split.customers()["age"] == 0).any()
    models = [kind(horizon=30) for kind in CONTINUOUS]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", crm.BoundaryWarning)
        compared = crm.compare(models, split)
        model = crm.BetaGeoModel(horizon=30).fit(split.customers())
    assert np.isfinite(compared.table.loc[[named(kind) for kind in CONTINUOUS], "log_score"]).all()
    assert np.isfinite(model.tracking(orders, 20, length=7)["expected"]).all()
    plotting.plot_calibration(model, split.customers())
    plotting.plot_time_since_last(model, split.customers())
    plt.close("all")


def test_months_of_an_order_log_that_has_just_begun(log):
    """Who came in the last whole month has met no opportunity yet."""
    orders = crm.Orders(log[log["date"] < "2025-12-01"], until="2025-11-30", **ROLES)
    model = crm.BetaGeoBetaBinomModel(horizon=3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", crm.BoundaryWarning)
        model.fit(orders)
    assert model.fitted.n_customers == log.loc[log["date"] < "2025-12-01", "customer_id"].nunique()


def test_customer_value_of_a_first_order_on_the_last_day(log):
    at = last_day(log)
    orders = crm.Orders(log.assign(money=20.0), amount="money", until=at, **ROLES)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", crm.CrmModelsWarning)
        model = crm.CLVModel().fit(orders)
        scores = model.score(orders)
    assert model.fitted.n_customers == len(scores)
    is_new = (orders.customers()["age"] == 0).to_numpy()
    assert is_new.any()
    assert np.isfinite(scores[is_new].to_numpy(np.float64)).all()


def test_a_fitter_of_lifetimes_that_has_seen_them():
    lifetimes = pytest.importorskip("lifetimes")
    table = with_new(crm.BetaGeoModel.example(300, 1), 4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitter = lifetimes.BetaGeoFitter().fit(table["frequency"], table["age_at_last"], table["age"])
    assert from_lifetimes(fitter, horizon=13, unit="W").fitted.n_customers == len(table)
