"""What other packages get wrong, one row of the specification's table after the other.

References are mpmath at 40 digits and more from the textbook formulas, SciPy's distributions, or the specification's own numbers.
"""

from __future__ import annotations

import re
import time
import warnings
from typing import Any

import mpmath as mp
import numpy as np
import pandas as pd
import pytest
from scipy.stats import nbinom

import crmmodels as crm
from crmmodels.kernels.purchase.histories import PurchaseTable

CONTINUOUS = (crm.NBDModel, crm.BetaGeoModel, crm.ModifiedBetaGeoModel, crm.ParetoNBDModel)
PURCHASE = (*CONTINUOUS, crm.BetaGeoBetaBinomModel)
ALL = (*PURCHASE, crm.ShiftedBetaGeoModel, crm.GammaGammaModel)
PARAMETERS = {
    crm.NBDModel: (0.384767674, 12.0720850),
    crm.BetaGeoModel: (0.242592907, 4.41353156, 0.792886148, 2.42575344),
    crm.ModifiedBetaGeoModel: (0.524837984, 6.18299202, 0.891356155, 1.61399934),
    crm.ParetoNBDModel: (0.553275509, 10.5776122, 0.606213569, 11.6679112),
    crm.BetaGeoBetaBinomModel: (1.20352235, 0.749716358, 0.656718209, 2.78344223),
    crm.ShiftedBetaGeoModel: (0.704077299, 1.18204303),
    crm.GammaGammaModel: (6.24880249, 3.74458845, 15.4477480),
}
"""Published estimates of each model; see the specification."""
TIME_VERBS = ("probability_alive", "expected_purchases", "probability_no_purchase", "purchase_distribution")
WEEK, YEAR = 7.0, 365.25


def options(kind: type) -> dict[str, Any]:
    if kind is crm.GammaGammaModel:
        return {}
    return {"horizon": 3} if kind in (crm.ShiftedBetaGeoModel, crm.BetaGeoBetaBinomModel) else {"horizon": 39, "unit": "W"}


def at(kind: type, values: Any = None, **changed: Any) -> Any:
    """A model at given parameters."""
    values = PARAMETERS[kind] if values is None else values
    return kind.from_parameters(kind._family.parameters(*values), **{**options(kind), **changed})


def customer(x: float, t_x: float, age: float) -> pd.DataFrame:
    return pd.DataFrame({"customer_id": ["c"], "frequency": [x], "age_at_last": [t_x], "age": [age]})


def by_name(kind: type) -> str:
    return kind.__name__


def expected_beta_geo(time: Any, r: Any, alpha: Any, a: Any, b: Any) -> Any:
    """Expected orders of somebody alive, with the posterior's parameters; singular at a = 1."""
    z = time / (alpha + time)
    return (a + b - 1) / (a - 1) * (1 - (1 - z) ** r * mp.hyp2f1(r, b, a + b - 1, z))


def expected_pareto(time: Any, r: Any, alpha: Any, s: Any, beta: Any) -> Any:
    """Expected orders of somebody alive; singular at s = 1."""
    return r * beta / (alpha * (s - 1)) * (1 - (beta / (beta + time)) ** (s - 1))


def later_orders_beta_geo(n: int, time: float, r: Any, alpha: Any, a: Any, b: Any) -> Any:
    """Chance of n orders of somebody alive, with the posterior's parameters, in the textbook form."""
    z = time / (alpha + time)
    terms = [mp.rf(r, j) / mp.factorial(j) * z**j for j in range(n + 1)]
    none = (1 - z) ** r
    chance = mp.beta(a, b + n) / mp.beta(a, b) * none * terms[n]
    if n:
        chance += mp.beta(a + 1, b + n - 1) / mp.beta(a, b) * (1 - none * mp.fsum(terms[:n]))
    return chance


def later_orders_pareto(n: int, time: float, r: Any, alpha: Any, s: Any, beta: Any) -> Any:
    """Chance of n orders of somebody alive: negative binomial up to the end of a life of Pareto length."""

    def counted(until: Any) -> Any:
        return mp.rf(r, n) / mp.factorial(n) * (alpha / (alpha + until)) ** r * (until / (alpha + until)) ** n

    gone = mp.quad(lambda u: counted(u) * s / beta * (beta / (beta + u)) ** (s + 1), mp.linspace(0, time, 9))
    return gone + counted(mp.mpf(time)) * (beta / (beta + time)) ** s


# x >= 200 with t_x = T


HEAVY = {
    crm.ParetoNBDModel: (142.059251318, 166.87619918, 12.5445258675, 416.499942966, 0.00194240272974, 832.539515942),
    crm.BetaGeoModel: (121.030967901, 171.010116423, 2.33098066604, 427.595650441, 8.14143254006e-5, 855.238966486),
}
"""Published from end points of another optimiser, which agree with ours to five digits."""


@pytest.mark.parametrize("kind", HEAVY, ids=by_name)
def test_heavy_buyers_who_ordered_on_the_last_day_have_the_published_expectation(kind):
    x, t_x, age, horizon = [200, 200, 500, 500, 1000, 1000], [38, 39] * 3, 39, 52
    who = pd.DataFrame({"customer_id": range(6), "frequency": x, "age_at_last": t_x, "age": age})
    found = at(kind).expected_purchases(who, horizon)["expected_purchases"]
    np.testing.assert_allclose(found, HEAVY[kind], rtol=5e-5)
    with mp.workdps(60):
        first, second, third, fourth = (mp.mpf(float(value)) for value in PARAMETERS[kind])
        for row_of, frequency in enumerate(x):
            n, last = first + frequency, second + age
            before, gap = second + t_x[row_of], mp.mpf(horizon)
            if kind is crm.BetaGeoModel:
                odds = third / (fourth + frequency - 1) * (last / before) ** n
                expected = expected_beta_geo(gap, n, last, third, fourth + frequency) / (1 + odds)
            else:
                odds = mp.quad(
                    lambda u, n=n, last=last: (
                        third * (last / (second + u)) ** n * ((fourth + age) / (fourth + u)) ** third / (fourth + u)
                    ),
                    mp.linspace(t_x[row_of], age, 17),
                )
                expected = expected_pareto(gap, n, last, third, fourth + age) / (1 + odds)
            assert found[row_of] == pytest.approx(float(expected), rel=1e-10)


@pytest.mark.parametrize("kind", CONTINUOUS, ids=by_name)
@pytest.mark.parametrize("x", [200, 1000, 10_000])
def test_heavy_buyers_who_ordered_on_the_last_day_have_finite_answers(kind, x):
    model, who = at(kind), customer(x, 39.0, 39.0)
    score = model.score(who).iloc[0]
    assert np.isfinite(score).all()
    assert 0.99 < score["probability_alive"] <= 1.0
    assert 0.6 * x < score["expected_purchases"] < 1.1 * x
    assert np.isfinite(model._family.log_likelihood(np.log(PARAMETERS[kind]), row(x, 39.0, 39.0)).value)


def row(x: float, t_x: float, age: float) -> PurchaseTable:
    return PurchaseTable(*(np.array([float(value)]) for value in (x, t_x, age, 1.0)))


# PMF beyond n = 170


@pytest.mark.parametrize("kind", CONTINUOUS, ids=by_name)
def test_the_distribution_is_right_beyond_170_orders(kind):
    """Where factorials overflow."""
    horizon, x, age = 52.0, 300, 60.0
    found = at(kind).purchase_distribution(customer(x, age, age), horizon, 500).iloc[0].to_numpy()
    assert found.sum() == pytest.approx(1.0, abs=1e-9)
    with mp.workdps(60):
        values = [mp.mpf(float(value)) for value in PARAMETERS[kind]]
        alive = mp.mpf(float(at(kind).probability_alive(customer(x, age, age)).iloc[0, 0]))
        for n in (0, 1, 100, 170, 171, 172, 200, 250, 400, 500):
            if kind is crm.NBDModel:
                r, alpha = (float(value) for value in values)
                expected = nbinom.pmf(n, r + x, (alpha + age) / (alpha + age + horizon))
            elif kind is crm.ParetoNBDModel:
                r, alpha, s, beta = values
                expected = alive * later_orders_pareto(n, horizon, r + x, alpha + age, s, beta + age) + (1 - alive) * (n == 0)
            else:
                r, alpha, a, b = values
                b = b + x + (kind is crm.ModifiedBetaGeoModel)
                expected = alive * later_orders_beta_geo(n, horizon, r + x, alpha + age, a, b) + (1 - alive) * (n == 0)
            assert found[n] == pytest.approx(float(expected), rel=1e-9), n


@pytest.mark.parametrize("kind", [crm.NBDModel, crm.BetaGeoModel, crm.ParetoNBDModel], ids=by_name)
def test_the_distribution_of_new_customers_is_right_beyond_170_orders(kind):
    horizon = 2000.0
    found = at(kind).purchase_distribution_new(horizon, 1000)
    with mp.workdps(60):
        values = [mp.mpf(float(value)) for value in PARAMETERS[kind]]
        for n in (0, 169, 170, 171, 200, 1000):
            if kind is crm.NBDModel:
                r, alpha = (float(value) for value in values)
                expected = nbinom.pmf(n, r, alpha / (alpha + horizon))
            else:
                reference = later_orders_pareto if kind is crm.ParetoNBDModel else later_orders_beta_geo
                expected = reference(n, horizon, *values)
            assert found[n] == pytest.approx(float(expected), rel=1e-9), n


# a = 1 or s = 1


@pytest.mark.parametrize("shape", [1.0, 1.0 - 1e-13, 1.0 + 1e-9, 1.0 - 1e-6, 2.0])
@pytest.mark.parametrize("kind", CONTINUOUS[1:], ids=by_name)
def test_a_or_s_of_one_is_a_removable_singularity(kind, shape):
    first, second, _, last = PARAMETERS[kind]
    model = at(kind, (first, second, shape, last))
    x, t_x, age, horizon = 5, 20.0, 30.0, 52.0
    alive = float(model.probability_alive(customer(x, t_x, age)).iloc[0, 0])
    with mp.workdps(60):
        # Two steps off the singularity, where 60 digits leave 35: the limit, and as good at the other points.
        near = mp.mpf(shape) + mp.mpf(10) ** -25
        if kind is crm.ParetoNBDModel:
            expected = expected_pareto(horizon, first + x, second + age, near, last + age)
        else:
            b = mp.mpf(last) + x + (kind is crm.ModifiedBetaGeoModel)
            expected = expected_beta_geo(mp.mpf(horizon), mp.mpf(first) + x, mp.mpf(second) + age, near, b)
        assert model.expected_purchases(customer(x, t_x, age), horizon).iloc[0, 0] == pytest.approx(
            alive * float(expected), rel=1e-11
        )
        if kind is not crm.ModifiedBetaGeoModel:
            new = (expected_pareto if kind is crm.ParetoNBDModel else expected_beta_geo)(
                mp.mpf(horizon), mp.mpf(first), mp.mpf(second), near, mp.mpf(last)
            )
            assert model.expected_purchases_new(horizon) == pytest.approx(float(new), rel=1e-11)


# homogeneous customers, no dropout


@pytest.fixture(scope="module")
def alike() -> pd.DataFrame:
    """Customers who order every four weeks or so, none of them ever late."""
    x = np.tile([8, 9, 10, 11, 12], 60)
    age = np.tile([39.0, 40.0, 41.0], 100)
    return pd.DataFrame({"customer_id": range(300), "frequency": x, "age_at_last": age * x / (x + 0.5), "age": age})


@pytest.mark.parametrize(
    ("kind", "parameter", "side"),
    [
        (crm.BetaGeoModel, "a", "0"),
        (crm.ModifiedBetaGeoModel, "a", "0"),
        (crm.ParetoNBDModel, "s", "0"),
        (crm.NBDModel, None, None),
    ],
    ids=["BG", "MBG", "Pareto", "NBD"],
)
def test_homogeneous_customers_without_dropout_are_a_warning_that_names_the_boundary_and_the_simpler_model(
    kind, parameter, side, alike
):
    model = kind(horizon=39, unit="W")
    with pytest.warns(crm.BoundaryWarning) as caught:
        model.fit(alike)
    messages = [str(warning.message) for warning in caught]
    assert (
        f"{kind.__name__}: the likelihood rises as r goes to infinity: customers do not differ in how often they order; one common rate, "
        "a Poisson process, fits as well"
    ) in messages
    no_dropout = (
        f"{kind.__name__}: the likelihood rises as {parameter} goes to {side}: no dropout can be seen, so the NBD model, without dropout, "
        "fits as well"
    )
    assert (no_dropout in messages) == (kind is not crm.NBDModel)
    fitted = model.fitted
    assert {"r", "alpha"} <= set(fitted.undetermined)
    assert all(np.isinf(fitted.standard_errors[name]) for name in fitted.undetermined)
    assert fitted.parameters.r / fitted.parameters.alpha == pytest.approx(
        alike["frequency"].sum() / alike["age"].sum(), rel=1e-3
    )
    # The likelihood is that of the Poisson process that the warning names: sum of x log(rate) - rate T.
    rate = alike["frequency"].sum() / alike["age"].sum()
    poisson = float(alike["frequency"].sum() * np.log(rate) - rate * alike["age"].sum())
    assert fitted.log_likelihood == pytest.approx(poisson, rel=1e-3)
    assert np.isfinite(model.score(alike)).all(axis=None)


@pytest.mark.parametrize("kind", CONTINUOUS, ids=by_name)
@pytest.mark.parametrize("seed", [0, 1, 2, 6])
def test_a_boundary_warning_names_no_parameter_that_is_inside(kind, seed):
    """Customers of one Poisson rate who never drop out: chance alone decides at which bounds the estimates lie."""
    rng = np.random.default_rng(seed)
    age = rng.uniform(27, 39, 1000)
    frequency = rng.poisson(0.25 * age)
    last = np.where(frequency > 0, age * rng.beta(np.maximum(frequency, 1), 1.0), 0.0)
    table = pd.DataFrame({"customer_id": range(1000), "frequency": frequency, "age_at_last": last, "age": age})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fitted = kind(horizon=39, unit="W").fit(table).fitted
    for warning in caught:
        assert warning.category is crm.BoundaryWarning
        name, other, bound = re.search(r"as (\w+)(?: and (\w+))? goe?s? to (0|infinity):", str(warning.message)).groups()
        values = sorted(getattr(fitted.parameters, parameter) for parameter in (name, other) if parameter)
        if bound == "0":
            assert values[0] < 2e-4, str(warning.message)
            assert values[-1] <= 0.1, str(warning.message)
        else:
            assert values[-1] > 5e3, str(warning.message)
            assert values[0] >= 10.0, str(warning.message)
    assert bool(caught) == bool(fitted.undetermined)


# all frequencies zero; one customer


@pytest.mark.parametrize("kind", PURCHASE, ids=by_name)
def test_all_frequencies_zero_or_one_customer_is_an_error_that_says_what_the_data_show(kind):
    model = kind(**options(kind))
    none = pd.DataFrame({"customer_id": range(50), "frequency": 0, "age_at_last": 0, "age": 30})
    with pytest.raises(crm.ConvergenceError, match="all 50 customers have frequency 0"):
        model.fit(none)
    with pytest.raises(crm.ConvergenceError, match="1 customer does not tell how customers differ"):
        model.fit(customer(3, 10, 30))
    assert not model.is_fitted


# days, hours, seconds, years instead of weeks


@pytest.mark.parametrize(
    ("unit", "per_week"), [("D", 7.0), ("D", 7.0 * 24), ("M", WEEK / 30.4375), ("Y", WEEK / YEAR)], ids=["D", "hours", "M", "Y"]
)
@pytest.mark.parametrize("kind", CONTINUOUS, ids=by_name)
def test_estimates_in_another_unit_are_the_same_up_to_the_unit(kind, unit, per_week):
    weeks = kind.example(n_customers=400, seed=2)
    other = in_unit(weeks, per_week)
    here = kind(horizon=39, unit="W").fit(weeks)
    there = kind(horizon=39 * per_week, unit=unit).fit(other)
    scale = scales(kind, per_week)
    np.testing.assert_allclose(there.fitted.values, here.fitted.values * scale, rtol=1e-7)
    shift = weeks["frequency"].sum() * np.log(per_week)
    assert there.fitted.log_likelihood == pytest.approx(here.fitted.log_likelihood - shift, rel=1e-12)
    np.testing.assert_allclose(there.fitted.covariance, here.fitted.covariance, rtol=1e-5, atol=1e-8)
    pd.testing.assert_frame_equal(there.score(other), here.score(weeks), rtol=1e-7)
    pd.testing.assert_series_equal(there.segment(other), here.segment(weeks))


@pytest.mark.parametrize("kind", CONTINUOUS, ids=by_name)
def test_estimates_in_seconds_are_the_same_up_to_the_unit_and_doubted(kind):
    weeks, second = kind.example(n_customers=400, seed=2), 7.0 * 86_400.0
    here = kind(horizon=39, unit="W").fit(weeks)
    with pytest.warns(crm.UnitWarning, match="they look like seconds"):
        there = kind(horizon=39 * second).fit(in_unit(weeks, second))
    np.testing.assert_allclose(there.fitted.values, here.fitted.values * scales(kind, second), rtol=1e-7)
    pd.testing.assert_frame_equal(there.score(in_unit(weeks, second)), here.score(weeks), rtol=1e-7)


@pytest.mark.parametrize("per_week", [7.0, 7.0 * 24, 7.0 * 86_400, WEEK / YEAR], ids=["D", "hours", "seconds", "Y"])
@pytest.mark.parametrize("kind", CONTINUOUS, ids=by_name)
def test_every_verb_answers_alike_in_every_unit(kind, per_week):
    """At the same parameters, to eleven digits; the discount rate is that which gives the same rate per unit."""
    weeks = kind.example(n_customers=60, seed=3)
    other = in_unit(weeks, per_week)
    here = at(kind)
    unit = "Y" if per_week < 1 else "D"
    there = at(kind, np.array(PARAMETERS[kind]) * scales(kind, per_week), horizon=39 * per_week, unit=unit)
    shift = float(weeks["frequency"].sum() * np.log(per_week))
    values = [model._family.log_likelihood(np.log(model.fitted.values), model._table_from(columns(table))).value
              for model, table in ((here, weeks), (there, other))]  # fmt: skip
    assert values[1] == pytest.approx(values[0] - shift, rel=1e-13)
    for verb in TIME_VERBS:
        arguments = {"ahead": 5.0} if verb == "probability_alive" else {"horizon": 20.0}
        scaled = {name: value * per_week for name, value in arguments.items()}
        same(getattr(there, verb)(other, **scaled), getattr(here, verb)(weeks, **arguments))
    days_of_unit = YEAR if unit == "Y" else 1.0
    annual = 0.15
    rate_of_unit = np.log1p(annual) * WEEK / YEAR / per_week
    annual_there = float(np.expm1(rate_of_unit * YEAR / days_of_unit))
    for horizon in (np.inf, 52.0):
        same(
            there.discounted_purchases(other, annual_there, horizon * per_week),
            here.discounted_purchases(weeks, annual, horizon),
        )
        lives = here.discounted_lifetime(weeks, annual, horizon) * per_week
        same(there.discounted_lifetime(other, annual_there, horizon * per_week), lives)
    times = np.array([0.0, 1.0, 52.0, 520.0])
    np.testing.assert_allclose(there.expected_purchases_new(times * per_week), here.expected_purchases_new(times), rtol=1e-11)
    np.testing.assert_allclose(
        there.purchase_distribution_new(39 * per_week, 50), here.purchase_distribution_new(39, 50), rtol=1e-10
    )


def same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(found, expected, rtol=1e-10, atol=1e-14)


def columns(table: pd.DataFrame) -> dict[str, Any]:
    return {name: table[name].to_numpy(np.float64) for name in ("frequency", "age_at_last", "age")}


def in_unit(table: pd.DataFrame, per_week: float) -> pd.DataFrame:
    return table.assign(age_at_last=table["age_at_last"] * per_week, age=table["age"] * per_week)


def scales(kind: type, factor: float) -> Any:
    return np.array([factor if name in kind._family.scales else 1.0 for name in kind._family.names])


# currency in cents


def test_currency_in_cents_scales_exactly():
    dollars = crm.GammaGammaModel.example(n_customers=500, seed=4)
    cents = dollars.assign(mean_repeat_spend=dollars["mean_repeat_spend"] * 100)
    here, there = (crm.GammaGammaModel().fit(table) for table in (dollars, cents))
    np.testing.assert_allclose(there.fitted.values, here.fitted.values * [1, 1, 100], rtol=1e-8)
    n = (dollars["frequency"] > 0).sum()
    assert there.fitted.log_likelihood == pytest.approx(here.fitted.log_likelihood - n * np.log(100), rel=1e-12)
    np.testing.assert_allclose(there.score(cents), here.score(dollars) * 100, rtol=1e-8)
    assert (there.score(cents)["expected_spend"] > 0).all()
    pd.testing.assert_series_equal(there.segment(cents), here.segment(dollars))


# gamma-gamma with q < 1


@pytest.mark.parametrize("q", [0.2, 0.9, 1.0])
def test_gamma_gamma_with_q_up_to_one_has_no_population_mean_and_is_never_negative(q):
    p, v = 5.0, 15.0
    model = at(crm.GammaGammaModel, (p, q, v))
    with pytest.raises(crm.ParameterError, match=f"the population has no mean spend, for q is {q:.3g}"):
        model.population_mean_spend()
    new = pd.DataFrame({"customer_id": ["new"], "frequency": [0], "mean_repeat_spend": [0.0]})
    with pytest.raises(crm.DataError, match="1 customer with too few repeat orders to have an expected spend"):
        model.score(new)
    known = new.assign(frequency=2, mean_repeat_spend=40.0)
    assert model.score(known)["expected_spend"][0] == pytest.approx(p * (v + 2 * 40.0) / (2 * p + q - 1), rel=1e-13)


# one million customers


@pytest.mark.parametrize("kind", [crm.BetaGeoModel, crm.ParetoNBDModel], ids=by_name)
def test_one_million_customers_converge(kind):
    truth = kind._family.parameters(*PARAMETERS[kind])
    rng = np.random.default_rng(1)
    duration = rng.uniform(27.0, 39.0, 1_000_000)
    times = kind.process.simulate(duration, truth, rng)
    frequency = np.bincount(times.customer, minlength=len(duration))
    last = np.zeros(len(duration))
    np.maximum.at(last, times.customer, times.time)
    table = pd.DataFrame({"customer_id": range(len(duration)), "frequency": frequency, "age_at_last": last, "age": duration})
    fitted = kind(horizon=39, unit="W").fit(table).fitted
    assert fitted.n_distinct > 500_000
    errors = np.array(list(fitted.standard_errors.values()))
    assert (np.abs(fitted.values - PARAMETERS[kind]) < 4 * errors).all()
    assert (errors < 0.15 * fitted.values).all()


# Pareto/NBD random start


@pytest.mark.parametrize("kind", ALL, ids=by_name)
def test_fitting_twice_gives_identical_bits(kind):
    table = kind.example(n_customers=500, seed=5)
    first, second = (kind(**options(kind)).fit(table.copy()) for _ in range(2))
    assert first.to_dict() == second.to_dict()
    assert first.fitted.values.tobytes() == second.fitted.values.tobytes()
    assert first.fitted.covariance.tobytes() == second.fitted.covariance.tobytes()


# covariance of parameters


def log_likelihood_of_row(kind: type, log_parameters: list[Any], x: int, t_x: float, age: float) -> Any:
    """Textbook forms with mpmath."""
    values = [mp.exp(value) for value in log_parameters]
    t_x, age = mp.mpf(t_x), mp.mpf(age)
    if kind is crm.NBDModel:
        r, alpha = values
        return mp.loggamma(r + x) - mp.loggamma(r) + r * mp.log(alpha) - (r + x) * mp.log(alpha + age)
    if kind is crm.ParetoNBDModel:
        r, alpha, s, beta = values
        if alpha >= beta:
            parts = [mp.hyp2f1(r + s + x, s + 1, r + s + x + 1, (alpha - beta) / (alpha + t)) / (alpha + t) ** (r + s + x)
                     for t in (t_x, age)]  # fmt: skip
        else:
            parts = [mp.hyp2f1(r + s + x, r + x, r + s + x + 1, (beta - alpha) / (beta + t)) / (beta + t) ** (r + s + x)
                     for t in (t_x, age)]  # fmt: skip
        there = 1 / ((alpha + age) ** (r + x) * (beta + age) ** s)
        return mp.log(mp.rf(r, x) * alpha**r * beta**s * (there + s / (r + s + x) * (parts[0] - parts[1])))
    r, alpha, a, b = values
    m = int(kind is crm.ModifiedBetaGeoModel)
    there = mp.beta(a, b + x + m) / mp.beta(a, b) / (alpha + age) ** (r + x)
    gone = mp.beta(a + 1, b + x + m - 1) / mp.beta(a, b) / (alpha + t_x) ** (r + x) if x + m > 0 else 0
    return mp.log(mp.rf(r, x) * alpha**r * (there + gone))


@pytest.mark.parametrize("kind", CONTINUOUS, ids=by_name)
def test_the_covariance_is_symmetric_and_the_inverse_of_a_numerical_hessian(kind):
    """Central differences at 40 digits of the textbook log-likelihood, over few distinct customers with weights."""
    duration, rng = np.full(3000, 40.0), np.random.default_rng(6)
    times = kind.process.simulate(duration, kind._family.parameters(*PARAMETERS[kind]), rng)
    last = np.zeros(len(duration))
    np.maximum.at(last, times.customer, np.ceil(times.time / 4) * 4)
    x = np.minimum(np.bincount(times.customer, minlength=len(duration)), 15)
    table = pd.DataFrame({"frequency": x, "age_at_last": last, "age": duration})
    table = table.groupby(["frequency", "age_at_last", "age"]).size().rename("n").reset_index()
    table["customer_id"] = range(len(table))
    model = kind(horizon=39, unit="W", weight="n").fit(table)
    fitted = model.fitted
    assert fitted.undetermined == ()
    np.testing.assert_array_equal(fitted.covariance, fitted.covariance.T)
    k, rows = len(fitted.names), list(zip(table["frequency"], table["age_at_last"], table["age"], table["n"], strict=True))
    with mp.workdps(40):
        top = [mp.log(float(value)) for value in fitted.values]
        step = mp.mpf(10) ** -8

        def total(*moves: tuple[int, int]) -> Any:
            point = list(top)
            for place, sign in moves:
                point[place] += sign * step
            return mp.fsum(int(n) * log_likelihood_of_row(kind, point, int(x), t_x, age) for x, t_x, age, n in rows)

        centre = total()
        assert fitted.log_likelihood == pytest.approx(float(centre), rel=1e-12)
        hessian = np.empty((k, k))
        for i in range(k):
            up, down = total((i, 1)), total((i, -1))
            assert abs(float((up - down) / (2 * step))) < 1e-6 * table["n"].sum()
            hessian[i, i] = float((up - 2 * centre + down) / step**2)
            for j in range(i):
                mixed = total((i, 1), (j, 1)) - total((i, 1), (j, -1)) - total((i, -1), (j, 1)) + total((i, -1), (j, -1))
                hessian[i, j] = hessian[j, i] = float(mixed / (4 * step**2))
    expected = np.linalg.inv(-hessian)
    errors = np.sqrt(np.diag(expected))
    np.testing.assert_allclose(fitted.covariance / np.outer(errors, errors), expected / np.outer(errors, errors), atol=1e-7)
    for name, value, error in zip(fitted.names, fitted.values, errors, strict=True):
        assert fitted.standard_errors[name] == pytest.approx(value * error, rel=1e-7)


# BG/BB with 365 opportunities


@pytest.mark.parametrize(("x", "t_x"), [(0, 0), (1, 1), (3, 20), (40, 360), (182, 365), (365, 365), (1, 365)])
def test_beta_geo_beta_binom_with_365_opportunities_is_exact(x, t_x):
    n = 365
    with mp.workdps(60):
        alpha, beta, gamma, delta = (mp.mpf(float(value)) for value in PARAMETERS[crm.BetaGeoBetaBinomModel])
        both = mp.beta(alpha, beta) * mp.beta(gamma, delta)
        there = mp.beta(alpha + x, beta + n - x) * mp.beta(gamma, delta + n) / both
        gone = mp.fsum(
            mp.beta(alpha + x, beta + t_x - x + i) * mp.beta(gamma + 1, delta + t_x + i) / both for i in range(n - t_x)
        )
        expected, alive = float(mp.log(there + gone)), float(there / (there + gone))
    kind = crm.BetaGeoBetaBinomModel
    assert kind._family.log_likelihood(np.log(PARAMETERS[kind]), row(x, t_x, n)).value == pytest.approx(expected, rel=1e-13)
    assert at(kind).probability_alive(customer(x, t_x, n)).iloc[0, 0] == pytest.approx(alive, rel=1e-11)


def test_beta_geo_beta_binom_fits_365_opportunities_in_no_time():
    kind, rng = crm.BetaGeoBetaBinomModel, np.random.default_rng(7)
    n = np.full(2000, 365.0)
    times = kind.process.simulate(n, kind._family.parameters(0.6, 2.0, 0.7, 8.0), rng)
    last = np.zeros(len(n))
    np.maximum.at(last, times.customer, times.time)
    x = np.bincount(times.customer, minlength=len(n))
    table = pd.DataFrame({"customer_id": range(len(n)), "frequency": x, "age_at_last": last, "age": n})
    started = time.process_time()
    model = kind(horizon=30, unit="D").fit(table)
    scores = model.score(table)
    assert time.process_time() - started < 10.0  # lifetimes: NaN after 265 s
    assert np.isfinite(scores).all(axis=None)
    errors = np.array(list(model.fitted.standard_errors.values()))
    assert (np.abs(model.fitted.values - [0.6, 2.0, 0.7, 8.0]) < 4 * errors).all()


# non-integer or negative frequency


@pytest.mark.parametrize("kind", [*PURCHASE, crm.GammaGammaModel], ids=by_name)
@pytest.mark.parametrize(("wrong", "message"), [(2.5, "should be whole numbers"), (-1.0, "below 0")])
def test_non_integer_or_negative_frequency_is_refused_by_row(kind, wrong, message):
    good = kind.example(n_customers=400, seed=8).astype({"frequency": float})
    bad = good.copy()
    bad.loc[[3, 17], "frequency"] = wrong
    model = kind(**options(kind)).fit(good)
    record = model.fitted
    for method in (model.fit, model.score, model.segment):
        with pytest.raises(crm.DataError, match=f"column 'frequency' has 2 values.*{message}.*in rows 3, 17"):
            method(bad)
    assert model.fitted is record


# discount rate


@pytest.mark.parametrize(("unit", "days"), [("D", 1.0), ("W", 7.0), ("M", 30.4375), ("Y", 365.25)])
@pytest.mark.parametrize("kind", CONTINUOUS, ids=by_name)
def test_the_discount_rate_is_annual_and_effective_whatever_the_unit(kind, unit, days):
    """The same customers in another unit at the same annual rate have the same discounted orders."""
    factor, who = 7.0 / days, customer(4, 30.0, 35.0)
    model = at(kind, np.array(PARAMETERS[kind]) * scales(kind, factor), horizon=1.0, unit=unit)
    found = model.discounted_purchases(in_unit(who, factor), 0.15).iloc[0, 0]
    assert found == pytest.approx(at(kind).discounted_purchases(who, 0.15).iloc[0, 0], rel=1e-10)
    # One order a year ahead is worth 1 / 1.15: over a short time after t, orders are worth 1.15 ** -t of what they are at rate 0.
    year, short = 365.25 / days, 0.01 * 365.25 / days
    customers = in_unit(who, factor)
    worth, number = (
        model.discounted_purchases(customers, rate, year + short).iloc[0, 0]
        - model.discounted_purchases(customers, rate, year - short).iloc[0, 0]
        for rate in (0.15, 0.0)
    )
    assert worth / number == pytest.approx(1 / 1.15, rel=1e-4)


@pytest.mark.parametrize(("unit", "per_year"), [("Y", 1), ("Q", 4), ("M", 12)])
def test_the_discount_rate_of_opportunities_is_that_of_their_period(unit, per_year):
    """Fader, Hardie & Shang's DERT at 10 % from one opportunity to the next, whatever its length."""
    model = at(crm.BetaGeoBetaBinomModel, unit=unit)
    found = model.discounted_purchases(customer(6, 6, 6), 1.1**per_year - 1).iloc[0, 0]
    assert found == pytest.approx(5.90989424561, rel=1e-8)


# scoring arrays or new rows


@pytest.mark.parametrize("kind", ALL, ids=by_name)
def test_ids_are_kept_and_a_refit_replaces(kind):
    first, second = (kind.example(n_customers=300, seed=seed) for seed in (9, 10))
    model = kind(**options(kind)).fit(first)
    before = model.fitted
    new = second.head(5).set_axis(list("vwxyz"), axis=0)
    scores = model.score(new)
    assert scores.index.tolist() == list("vwxyz")
    pl = pytest.importorskip("polars")
    table = pl.from_pandas(second.head(5).assign(customer_id=[9, 3, 7, 1, 5]))
    answer = model.score(table)
    assert answer["customer_id"].to_list() == [9, 3, 7, 1, 5]
    np.testing.assert_array_equal(answer.drop("customer_id").to_numpy(), scores.to_numpy())
    assert model.fit(second) is model
    fresh = kind(**options(kind)).fit(second)
    assert model.to_dict() == fresh.to_dict()
    assert not np.array_equal(model.fitted.values, before.values)
