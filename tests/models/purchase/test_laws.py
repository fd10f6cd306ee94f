"""Laws of the purchase models, whatever the parameters and the customers."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

import crmmodels as crm

CONTINUOUS = (crm.NBDModel, crm.BetaGeoModel, crm.ModifiedBetaGeoModel, crm.ParetoNBDModel)
PURCHASE = (*CONTINUOUS, crm.BetaGeoBetaBinomModel)
ALL = (*PURCHASE, crm.ShiftedBetaGeoModel, crm.GammaGammaModel)
of_continuous = pytest.mark.parametrize("kind", CONTINUOUS, ids=lambda kind: kind.__name__)
of_purchase = pytest.mark.parametrize("kind", PURCHASE, ids=lambda kind: kind.__name__)
of_all = pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
few = settings(max_examples=25)
fewer = settings(max_examples=8)


def new(kind: type, **changed: Any) -> Any:
    given = {} if kind is crm.GammaGammaModel else {"horizon": 5}
    return kind(**{**given, **({"unit": "W"} if kind in CONTINUOUS else {}), **changed})


def at(kind: type, values: Any, **changed: Any) -> Any:
    """A model at given parameters."""
    return kind.from_parameters(kind._family.parameters(*values), **new(kind, **changed)._parameters())


@contextmanager
def at_any_edge() -> Iterator[None]:
    """Small tables often have estimates at a bound, of which the models warn."""
    with warnings.catch_warnings():
        for category in (crm.BoundaryWarning, crm.FewCustomersWarning, crm.SpendCorrelationWarning, crm.HeavyTailWarning):
            warnings.simplefilter("ignore", category)
        yield


shapes = st.floats(0.05, 20.0)


@st.composite
def models(draw: Any, kind: type) -> Any:
    """A model at any parameters."""
    values = [draw(shapes) * (10.0 if name in kind._family.scales else 1.0) for name in kind._family.names]
    return at(kind, values)


@st.composite
def tables(draw: Any, kind: type, n: int = 6) -> pd.DataFrame:
    """Any customers, some of them without repeat orders, some with an order on the last day."""
    rows = []
    for _ in range(draw(st.integers(1, n))):
        if kind is crm.BetaGeoBetaBinomModel:
            age = draw(st.integers(1, 60))
            last = draw(st.integers(0, age))
            x = draw(st.integers(1, last)) if last else 0
        else:
            age = draw(st.floats(0.5, 200.0))
            x = draw(st.integers(0, 60))
            last = age * draw(st.one_of(st.just(1.0), st.floats(0.01, 1.0))) if x else 0.0
        rows.append((x, last, age))
    return pd.DataFrame(rows, columns=["frequency", "age_at_last", "age"]).rename_axis("customer_id").reset_index()


def column(frame: pd.DataFrame) -> Any:
    return frame.iloc[:, 0].to_numpy()


def values_of(model: Any, table: pd.DataFrame) -> Any:
    return model._read(model._open(table))


# Likelihood and fit


@of_all
@pytest.mark.parametrize("seed", [0, 1])
def test_weights_equal_repetition_to_the_last_bit(kind, seed):
    table = kind.example(n_customers=150, seed=seed)
    n = np.random.default_rng(seed).integers(0, 5, len(table))
    repeated = table.loc[table.index.repeat(n)].assign(customer_id=np.arange(n.sum()))
    with at_any_edge():
        weighted = new(kind, weight="n").fit(table.assign(n=n)).fitted
        plain = new(kind).fit(repeated).fitted
    assert weighted.n_customers == plain.n_customers
    assert weighted.log_likelihood == plain.log_likelihood
    assert weighted.values.tobytes() == plain.values.tobytes()
    assert weighted.covariance.tobytes() == plain.covariance.tobytes()


@of_all
def test_half_weights_halve_the_information(kind):
    """The estimates stay, the covariance doubles."""
    table = kind.example(n_customers=800, seed=2).assign(n=0.5)
    half, whole = new(kind, weight="n").fit(table).fitted, new(kind).fit(table).fitted
    assert half.n_customers == 0.5 * whole.n_customers
    np.testing.assert_allclose(half.values, whole.values, rtol=1e-6)
    assert half.log_likelihood == pytest.approx(0.5 * whole.log_likelihood, rel=1e-12)
    np.testing.assert_allclose(half.covariance, 2 * whole.covariance, rtol=1e-4, atol=1e-7)


@of_all
@fewer
@given(data=st.data())
def test_a_permutation_of_the_rows_gives_the_record_to_the_last_bit(kind, data):
    table = kind.example(n_customers=120, seed=data.draw(st.integers(0, 5)))
    order = np.array(data.draw(st.permutations(range(len(table)))))
    with at_any_edge():
        here, there = (new(kind).fit(rows) for rows in (table, table.iloc[order]))
    assert here.to_dict() == there.to_dict()


@of_purchase
@few
@given(data=st.data())
def test_the_log_likelihood_of_a_table_is_the_sum_over_its_customers(kind, data):
    model, table = data.draw(models(kind)), data.draw(tables(kind))
    point = np.log(model.fitted.values)
    pooled = model._family.log_likelihood(point, model._table_from(values_of(model, table)))
    alone = [
        model._family.log_likelihood(point, model._table_from(values_of(model, table.iloc[[i]]))) for i in range(len(table))
    ]
    assert pooled.value == pytest.approx(sum(one.value for one in alone), rel=1e-12, abs=1e-12)
    largest = max(np.abs(one.gradient).max() for one in alone)
    np.testing.assert_allclose(pooled.gradient, sum(one.gradient for one in alone), rtol=1e-9, atol=1e-11 * max(1, largest))


@of_continuous
@few
@given(data=st.data(), log_factor=st.floats(-14.0, 14.0))
def test_rescaled_time_rescales_parameters_and_shifts_the_log_likelihood(kind, data, log_factor):
    model, table, c = data.draw(models(kind)), data.draw(tables(kind)), float(np.exp(log_factor))
    scaled = table.assign(age=table["age"] * c, age_at_last=table["age_at_last"] * c)
    scale = np.array([c if name in kind._family.scales else 1.0 for name in kind._family.names])
    other = at(kind, model.fitted.values * scale)
    here, there = (m._family.log_likelihood(np.log(m.fitted.values), m._table_from(values_of(m, t))).value
                   for m, t in ((model, table), (other, scaled)))  # fmt: skip
    assert there == pytest.approx(here - table["frequency"].sum() * log_factor, rel=1e-9, abs=1e-8)
    pd.testing.assert_frame_equal(
        other.expected_purchases(scaled, 7.0 * c), model.expected_purchases(table, 7.0), rtol=1e-9, atol=1e-300
    )
    pd.testing.assert_frame_equal(other.probability_alive(scaled), model.probability_alive(table), rtol=1e-9, atol=1e-300)


@of_purchase
@settings(max_examples=15)
@given(data=st.data())
def test_a_fit_is_no_worse_than_any_other_parameters(kind, data):
    """Hypothesis looks for better ones."""
    table = kind.example(n_customers=200, seed=1)
    with at_any_edge():
        fitted = new(kind).fit(table).fitted
    model = new(kind)
    rows = model._table_from(values_of(model, table))
    moves = np.array([data.draw(st.floats(-3.0, 3.0)) for _ in fitted.names])
    other = model._family.log_likelihood(np.log(fitted.values) + moves, rows).value
    assert other <= fitted.log_likelihood + 1e-9 * abs(fitted.log_likelihood)


# Chances


@of_purchase
@few
@given(data=st.data())
def test_the_probability_to_be_alive_is_one_and_falls_in_silence_and_ahead(kind, data):
    model, table = data.draw(models(kind)), data.draw(tables(kind))
    alive = column(model.probability_alive(table))
    assert ((alive >= 0) & (alive <= 1)).all()
    silence = data.draw(st.integers(1, 100))
    later = column(model.probability_alive(table.assign(age=table["age"] + silence)))
    assert (later <= alive * (1 + 1e-12)).all()
    ahead = [column(model.probability_alive(table, steps)) for steps in (0, silence, silence + 1)]
    assert (ahead[0] == alive).all()
    assert (ahead[1] <= ahead[0] * (1 + 1e-12)).all()
    assert (ahead[2] <= ahead[1] * (1 + 1e-12)).all()
    if kind is crm.NBDModel:
        assert (ahead[2] == 1.0).all()
    if kind is crm.BetaGeoModel:
        assert (alive[table["frequency"] == 0] == 1.0).all()


@of_purchase
@few
@given(data=st.data())
def test_no_purchase_falls_and_the_expectation_rises_with_the_horizon(kind, data):
    model, table = data.draw(models(kind)), data.draw(tables(kind))
    times = sorted(data.draw(st.lists(st.integers(1, 500), min_size=2, max_size=3, unique=True)))
    none = [column(model.probability_no_purchase(table, time)) for time in times]
    expected = [column(model.expected_purchases(table, time)) for time in times]
    gone = 1.0 - column(model.probability_alive(table))
    for first, second in pairwise(none):
        assert (second <= first * (1 + 1e-12)).all()
    for first, second in pairwise(expected):
        assert (second >= first * (1 - 1e-12)).all()
    for n, e in zip(none, expected, strict=True):
        assert ((n >= gone - 1e-12) & (n <= 1)).all()
        assert (e >= (1 - n) - 1e-12).all()  # by Markov's inequality


@of_purchase
@few
@given(data=st.data())
def test_the_distribution_sums_to_one_with_its_tail_and_its_mean_is_the_expectation(kind, data):
    model, table = data.draw(models(kind)), data.draw(tables(kind, n=3))
    horizon, n_max = data.draw(st.integers(1, 30)), 600
    chances = model.purchase_distribution(table, horizon, n_max).to_numpy()
    assert (chances >= 0).all()
    assert (chances.sum(axis=1) <= 1 + 1e-10).all()
    np.testing.assert_allclose(chances[:, 0], column(model.probability_no_purchase(table, horizon)), rtol=1e-9, atol=1e-13)
    expected = column(model.expected_purchases(table, horizon))
    mean = chances @ np.arange(n_max + 1)
    assert (mean <= expected * (1 + 1e-9) + 1e-13).all()
    whole = chances[:, -1] < 1e-13
    assume(whole.any())
    np.testing.assert_allclose(chances[whole].sum(axis=1), 1.0, atol=1e-9)
    np.testing.assert_allclose(mean[whole], expected[whole], rtol=1e-7, atol=1e-12)


@of_purchase
@few
@given(data=st.data())
def test_the_distribution_of_new_customers_sums_to_one_and_its_mean_is_the_expectation(kind, data):
    model, horizon, n_max = data.draw(models(kind)), data.draw(st.integers(1, 30)), 600
    chances = model.purchase_distribution_new(horizon, n_max)
    assert chances.shape == (n_max + 1,)
    assert (chances >= 0).all()
    assert chances.sum() <= 1 + 1e-10
    expected = model.expected_purchases_new(horizon)
    assume(chances[-1] < 1e-13)
    assert chances.sum() == pytest.approx(1.0, abs=1e-9)
    assert chances @ np.arange(n_max + 1) == pytest.approx(expected, rel=1e-7, abs=1e-12)
    assert model.expected_purchases_new(0) == 0.0


@of_purchase
@few
@given(data=st.data())
def test_discounted_at_a_rate_of_zero_are_the_expected_orders(kind, data):
    model, table = data.draw(models(kind)), data.draw(tables(kind))
    horizon = data.draw(st.integers(1, 300))
    expected = model.expected_purchases(table, horizon).rename(columns={"expected_purchases": "discounted_purchases"})
    pd.testing.assert_frame_equal(model.discounted_purchases(table, 0.0, horizon), expected, rtol=1e-9, atol=1e-300)


@of_purchase
@few
@given(data=st.data(), low=st.floats(0.01, 0.5), more=st.floats(0.01, 2.0))
def test_a_higher_rate_discounts_more_and_a_longer_horizon_less(kind, data, low, more):
    model, table = data.draw(models(kind)), data.draw(tables(kind))
    for verb in ("discounted_purchases", "discounted_lifetime"):
        ask = getattr(model, verb)
        assert (column(ask(table, low + more)) <= column(ask(table, low)) * (1 + 1e-9)).all()
        short, long = column(ask(table, low, 10)), column(ask(table, low, 100))
        assert (short <= long * (1 + 1e-9)).all()
        assert (long <= column(ask(table, low)) * (1 + 1e-9)).all()


@of_continuous
@settings(max_examples=10)
@given(data=st.data(), annual=st.sampled_from([0.0, 0.15, 2.0]))
def test_the_discounted_lifetime_is_the_integral_of_the_probability_to_be_alive(kind, data, annual):
    model, table = data.draw(models(kind)), data.draw(tables(kind, n=1))
    horizon, rate = 30.0, np.log1p(annual) * 7 / 365.25
    expected, _ = quad(
        lambda u: np.exp(-rate * u) * column(model.probability_alive(table, u))[0], 0, horizon, epsabs=0, epsrel=1e-9, limit=200
    )
    assert column(model.discounted_lifetime(table, annual, horizon))[0] == pytest.approx(expected, rel=1e-7)


@of_continuous
@settings(max_examples=10)
@given(data=st.data())
def test_discounted_orders_are_those_of_short_times_each_at_its_worth(kind, data):
    """Stieltjes sums of the expectation, from below and from above."""
    model, table = data.draw(models(kind)), data.draw(tables(kind, n=2))
    times, rate = np.linspace(0.0, 52.0, 53), np.log(1.15) * 7 / 365.25
    expected = np.array([np.zeros(len(table)), *(column(model.expected_purchases(table, time)) for time in times[1:])])
    steps = np.diff(expected, axis=0)
    found = column(model.discounted_purchases(table, 0.15, 52.0))
    assert (np.exp(-rate * times[1:]) @ steps <= found * (1 + 1e-9)).all()
    assert (found <= np.exp(-rate * times[:-1]) @ steps * (1 + 1e-9)).all()


# Later dates, tables, threads


def test_a_later_date_moves_the_age_only():
    log = crm.datasets.load_cdnow()
    orders = crm.Orders(log[log["date"] <= "1997-09-30"], customer="customer_id", time="date", amount="spend")
    then, later = (orders.customers(as_of=day, unit="W") for day in (dt.date(1997, 9, 30), dt.date(1997, 12, 9)))
    assert (later["age"] - then["age"]).round(9).unique().tolist() == [10.0]
    pd.testing.assert_frame_equal(then[["frequency", "age_at_last"]], later[["frequency", "age_at_last"]])
    model = crm.ParetoNBDModel(horizon=39, unit="W").fit(then)
    pd.testing.assert_frame_equal(model.score(later), model.score(then.assign(age=then["age"] + 10.0)), rtol=1e-12)
    assert (model.score(later)["probability_alive"] < model.score(then)["probability_alive"]).all()
    assert (model.score(later)["probability_no_purchase"] > model.score(then)["probability_no_purchase"]).all()


@of_all
def test_every_kind_of_table_gives_the_same_answers_in_its_kind(kind):
    table = kind.example(n_customers=300, seed=4)
    model = new(kind).fit(table)
    columns = {name: table[name].to_list() for name in table}
    relation = duckdb.connect().from_arrow(pa.table(columns))
    others = (pl.DataFrame(columns), pl.LazyFrame(columns), pa.table(columns), relation)
    verbs = [(model.score, ())]
    if kind in PURCHASE:
        verbs += [
            (model.probability_alive, (2,)),
            (model.expected_purchases, (7,)),
            (model.probability_no_purchase, (7,)),
            (model.purchase_distribution, (7, 3)),
            (model.discounted_purchases, (0.1,)),
            (model.discounted_lifetime, (0.1, 9)),
        ]
    elif kind is crm.ShiftedBetaGeoModel:
        verbs += [(model.probability_churn, (2,)), (model.expected_renewals, (2,)), (model.discounted_renewals, (0.1,))]
    else:
        verbs += [(model.expected_spend, ())]
    for other in others:
        assert new(kind).fit(other).fitted.values.tobytes() == model.fitted.values.tobytes()
        for verb, arguments in verbs:
            expected, answer = verb(table, *arguments), verb(other, *arguments)
            assert type(answer) is type(other)
            found = answer.collect() if isinstance(answer, pl.LazyFrame) else answer
            found = found.df() if isinstance(answer, duckdb.DuckDBPyRelation) else found.to_pandas()
            found = found.set_index("customer_id").loc[table["customer_id"]].reset_index(drop=True)
            pd.testing.assert_frame_equal(found, expected, check_exact=True)


@of_all
def test_many_threads_score_as_one(kind):
    table = kind.example(n_customers=400, seed=1)
    model = new(kind).fit(table)
    expected = model.score(table)
    parts = [table.iloc[first::16] for first in range(16)] * 4
    with ThreadPoolExecutor(8) as pool:
        scores = list(pool.map(model.score, parts))
        fits = list(pool.map(lambda _: new(kind).fit(table).to_dict(), range(8)))
    for part, found in zip(parts, scores, strict=True):
        pd.testing.assert_frame_equal(found, expected.loc[part.index], check_exact=True)
    assert all(record == model.to_dict() for record in fits)


# Segments


@of_purchase
def test_segments_follow_the_cut_points(kind):
    table = kind.example(n_customers=500, seed=6)
    cuts = (0.3, 0.6, 0.85)
    model = new(kind, cut_points=cuts).fit(table)
    silent = column(model.probability_no_purchase(table))
    expected = pd.cut(silent, [-np.inf, *cuts, np.inf], labels=["active", "cooling", "at risk", "lapsed"]).astype(str)
    found = model.segment(table)
    assert found.astype(str).tolist() == list(expected)
    assert found.cat.categories.tolist() == ["lapsed", "at risk", "cooling", "active"]
    assert found.cat.ordered
    assert len(set(expected)) >= 3
    bounds = model.segment_table()
    assert bounds["segment"].tolist() == ["active", "cooling", "at risk", "lapsed"]
    assert bounds["above"].tolist() == [0.0, *cuts]
    assert bounds["up_to"].tolist() == [*cuts, 1.0]
    chinese = new(kind, cut_points=cuts, labels="zh").fit(table).segment(table)
    assert chinese.cat.categories.tolist() == ["已流失", "流失风险", "趋冷", "活跃"]
    assert (chinese.cat.codes == found.cat.codes).all()
    own = new(kind, cut_points=cuts, labels={"lapsed": "asleep"}).fit(table).segment(table)
    assert own.cat.categories.tolist() == ["asleep", "at risk", "cooling", "active"]


def test_a_customer_at_a_cut_point_is_in_the_better_segment():
    """Up to the bound, as the table of segments has it."""
    table = pd.DataFrame({"customer_id": [1], "frequency": [0], "age_at_last": [0.0], "age": [10.0]})
    model = at(crm.NBDModel, (1.0, 10.0), horizon=20)
    assert column(model.probability_no_purchase(table))[0] == 0.5  # 20 / (20 + 20)
    assert model.segment(table).tolist() == ["cooling"]


@of_purchase
def test_the_summary_is_that_of_a_group_by(kind):
    table = kind.example(n_customers=500, seed=7)
    model = new(kind, cut_points=(0.3, 0.6, 0.85)).fit(table)
    summary = model.summary(table)
    scores = model.score(table).assign(frequency=table["frequency"], segment=model.segment(table).astype(str))
    groups = scores.groupby("segment")
    found = summary.set_index("segment")
    for name in groups.groups:
        row, members = found.loc[name], groups.get_group(name)
        assert row["n_customers"] == len(members)
        assert row["expected_purchases"] == pytest.approx(members["expected_purchases"].sum(), rel=1e-12)
        assert row["mean_probability_alive"] == pytest.approx(members["probability_alive"].mean(), rel=1e-12)
        assert row["mean_probability_no_purchase"] == pytest.approx(members["probability_no_purchase"].mean(), rel=1e-12)
        assert row["mean_frequency"] == pytest.approx(members["frequency"].mean(), rel=1e-12)
    assert found["n_customers"].sum() == len(table)


# Saving


@of_all
def test_a_saved_model_answers_to_the_last_bit(kind, tmp_path):
    table = kind.example(n_customers=200, seed=8)
    prior = {kind._family.names[0]: crm.GammaPrior(2.0, 1.0), kind._family.names[1]: crm.LogNormalPrior(3.0, 0.7)}
    model = new(kind, prior=prior, labels="zh").fit(table)
    model.save(tmp_path / "model.json")
    loaded = crm.load(tmp_path / "model.json")
    assert loaded == model
    assert loaded.to_dict() == model.to_dict()
    assert loaded.fitted.is_penalised
    pd.testing.assert_frame_equal(loaded.score(table), model.score(table), check_exact=True)


def test_an_infinite_covariance_at_a_boundary_is_saved(tmp_path):
    x, age = np.tile([8, 9, 10, 11, 12], 60), np.tile([39.0, 40.0, 41.0], 100)
    table = pd.DataFrame({"customer_id": range(300), "frequency": x, "age_at_last": age * x / (x + 0.5), "age": age})
    with pytest.warns(crm.BoundaryWarning):
        model = crm.BetaGeoModel(horizon=39, unit="W").fit(table)
    model.save(tmp_path / "model.json")
    loaded = crm.load(tmp_path / "model.json")
    assert loaded.fitted.undetermined == model.fitted.undetermined == ("r", "alpha", "a", "b")
    np.testing.assert_array_equal(loaded.fitted.covariance, model.fitted.covariance)
    assert np.isinf(np.diag(loaded.fitted.covariance)).tolist() == [True, False, True, True]
    assert np.isinf(list(loaded.fitted.standard_errors.values())).all()
    assert loaded.fitted.standard_errors == dict.fromkeys(("r", "alpha", "a", "b"), np.inf)
    limits = loaded.fitted.interval()
    assert (limits["lower"] == 0).all()
    assert np.isinf(limits["upper"]).all()
    pd.testing.assert_frame_equal(loaded.score(table), model.score(table), check_exact=True)
    with pytest.raises(crm.ParameterError, match="no posterior without priors of"):
        loaded.sample_posterior(table, 10, rng=0)


# The record


@of_all
def test_criteria_and_intervals_by_hand(kind):
    table = kind.example(n_customers=400, seed=9)
    fitted = new(kind).fit(table).fitted
    k = len(fitted.names)
    n = (table["frequency"] > 0).sum() if kind is crm.GammaGammaModel else len(table)
    if kind is crm.ShiftedBetaGeoModel:
        n = (table["tenure"] > 0).sum()
    assert fitted.n_customers == n
    assert fitted.aic == pytest.approx(2 * k - 2 * fitted.log_likelihood, rel=1e-14)
    assert fitted.bic == pytest.approx(k * np.log(n) - 2 * fitted.log_likelihood, rel=1e-14)
    limits = fitted.interval(0.9)
    error = np.sqrt(np.diag(fitted.covariance))
    np.testing.assert_allclose(limits["lower"], fitted.values * np.exp(-1.6448536269514722 * error), rtol=1e-12)
    np.testing.assert_allclose(limits["upper"], fitted.values * np.exp(1.6448536269514722 * error), rtol=1e-12)
    assert limits.index.tolist() == list(fitted.names)


@of_purchase
def test_priors_pull_the_estimates_and_their_density_is_not_in_the_log_likelihood(kind):
    """A narrow prior fixes its parameter, and the likelihood there is the best under that constraint."""
    table = kind.example(n_customers=400, seed=11)
    free = new(kind).fit(table).fitted
    name = free.names[0]
    value = 1.5 * free.values[0]
    model = new(kind, prior={name: crm.LogNormalPrior(value, 1e-5)}).fit(table)
    pulled = model.fitted
    assert getattr(pulled.parameters, name) == pytest.approx(value, rel=1e-5)
    assert pulled.is_penalised
    assert pulled.standard_errors[name] == pytest.approx(1e-5 * value, rel=1e-2)
    assert pulled.log_likelihood < free.log_likelihood
    rows = model._table_from(values_of(model, table))
    there = model._family.log_likelihood(np.log(pulled.values), rows)
    assert pulled.log_likelihood == pytest.approx(there.value, rel=1e-12)
    assert np.abs(there.gradient[1:]).max() < 1e-5 * len(table)
