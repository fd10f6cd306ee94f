"""Pareto/NBD where nobody drops out, or customers do not differ: seen early, and the simpler model fitted by itself."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

import crmmodels as crm
from crmmodels.kernels.inference.estimation import estimate
from crmmodels.kernels.purchase.histories import distinct_rows
from crmmodels.kernels.purchase.pareto_nbd import likelihood as pareto_nbd
from crmmodels.kernels.purchase.pareto_nbd.likelihood import ParetoNBDParameters
from crmmodels.kernels.simulation.purchases import purchase_histories, simulate_pareto_nbd
from crmmodels.models.purchase import pareto_nbd as model_file

NO_DROPOUT = "ParetoNBDModel: the likelihood rises as s goes to 0: no dropout can be seen, so the NBD model, without dropout, fits as well"
ONE_DROPOUT_RATE = (
    "ParetoNBDModel: the likelihood rises as s goes to infinity: no difference in dropout between customers can be seen; one common dropout "
    "rate fits as well"
)
ONE_ORDER_RATE = (
    "ParetoNBDModel: the likelihood rises as r goes to infinity: customers do not differ in how often they order; one common rate, a Poisson "
    "process, fits as well"
)
DROPOUT_AT_ONCE = (
    "ParetoNBDModel: the likelihood rises as beta goes to 0: a share of the customers drops out right after the first order, and the others "
    "hardly ever; `compare` tells whether the NBD model, without dropout, is enough"
)


def uniform_days(n: int, seed: int, shape: float = np.inf, rate: float = 0.02) -> pd.DataFrame:
    """Customers who never drop out, whose order days are uniform between the first and the last day observed."""
    rng = np.random.default_rng(seed)
    age = rng.integers(100, 365, n).astype(np.float64)
    rates = np.full(n, rate) if np.isinf(shape) else rng.gamma(shape, rate / shape, n)
    x = rng.poisson(rates * age)
    last = np.where(x > 0, np.ceil(age * rng.beta(np.maximum(x, 1), 1)), 0.0)
    return pd.DataFrame({"customer_id": range(n), "frequency": np.minimum(x, last), "age_at_last": last, "age": age})


def drawn(truth: ParetoNBDParameters, n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    age = rng.integers(100, 365, n).astype(np.float64)
    history = purchase_histories(simulate_pareto_nbd(age, truth, rng), age)
    last = np.minimum(np.ceil(history.age_at_last), age)
    return pd.DataFrame(
        {"customer_id": range(n), "frequency": np.minimum(history.frequency, last), "age_at_last": last, "age": age}
    )


def fitted_with_warnings(table: pd.DataFrame) -> tuple[Any, list[str]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fitted = crm.ParetoNBDModel(horizon=30).fit(table).fitted
    return fitted, [str(warning.message) for warning in caught if issubclass(warning.category, crm.BoundaryWarning)]


@pytest.fixture
def n_climbed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sizes of the tables of which the likelihood was computed with derivatives."""
    sizes: list[int] = []

    def counted(point: Any, table: Any) -> Any:
        sizes.append(len(table.weight))
        return pareto_nbd.log_likelihood(point, table)

    family = model_file._FAMILY
    values = {name: getattr(family, name) for name in family.__dataclass_fields__} | {"log_likelihood": counted}
    monkeypatch.setattr(crm.ParetoNBDModel, "_family", type(family)(**values))
    return sizes


@pytest.mark.parametrize(("shape", "seed"), [*((0.8, seed) for seed in (4, 5, 6)), *((np.inf, seed) for seed in (2, 6, 12))])
def test_nobody_drops_out(shape: float, seed: int, n_climbed: list[int]) -> None:
    """The optimum is that of the NBD model; 400 to 600 likelihoods before, 7 to 13 of customers who drop out."""
    table = uniform_days(2000, seed, shape)
    fitted, told = fitted_with_warnings(table)
    assert len(n_climbed) <= 30
    assert NO_DROPOUT in told
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", crm.BoundaryWarning)
        nbd = crm.NBDModel(horizon=30).fit(table).fitted
    assert fitted.log_likelihood == pytest.approx(nbd.log_likelihood, abs=1e-8 * len(table))
    assert (fitted.parameters.r, fitted.parameters.alpha) == pytest.approx((nbd.parameters.r, nbd.parameters.alpha), rel=1e-6)


@pytest.mark.parametrize(
    ("truth", "seed", "expected"),
    [
        (ParetoNBDParameters(0.8, 60.0, 5e3, 75e4), 2, [ONE_DROPOUT_RATE]),
        (ParetoNBDParameters(1e5, 3e6, 0.7, 120.0), 5, [ONE_ORDER_RATE]),
        (ParetoNBDParameters(1e5, 3e6, 5e3, 75e4), 2, [ONE_DROPOUT_RATE]),
    ],
    ids=["one dropout rate", "one order rate", "both"],
)
def test_customers_do_not_differ(truth: Any, seed: int, expected: list[str], n_climbed: list[int]) -> None:
    fitted, told = fitted_with_warnings(drawn(truth, 3000, seed))
    assert set(expected) <= set(told)
    assert len(n_climbed) <= 40
    assert np.isfinite(fitted.log_likelihood)


def test_a_large_table_is_climbed_from_the_end_of_its_sample(n_climbed: list[int]) -> None:
    """Of the whole table a handful of likelihoods are computed, as where customers do drop out."""
    table = uniform_days(25_000, 1, 0.8)
    _, told = fitted_with_warnings(table)
    assert told == [NO_DROPOUT]
    assert sum(size > 16_000 for size in n_climbed) <= 3


def test_dropout_of_a_few_is_not_taken_for_none() -> None:
    """A best point with little dropout beside the NBD model: the likelihood of old climbs was higher by 3e-6 per customer there."""
    truth = drawn(ParetoNBDParameters(0.8, 60.0, 0.03, 20.0), 4000, 3)
    fitted, told = fitted_with_warnings(truth)
    nbd = crm.NBDModel(horizon=30).fit(truth).fitted
    assert told == []
    assert fitted.log_likelihood > nbd.log_likelihood + 1.0


def test_dropout_of_a_few_that_lies_beyond_a_climb_to_none_is_found() -> None:
    """A top beside the NBD model, higher by 1.7e-4 per customer, where a climb towards no dropout passes by."""
    fitted, told = fitted_with_warnings(uniform_days(300, 4, 0.8))
    assert told == []
    assert fitted.log_likelihood == pytest.approx(-6587.195306205, abs=1e-8 * 300)


def test_a_large_table_that_reaches_an_edge_beyond_its_sample_is_not_climbed_anew(n_climbed: list[int]) -> None:
    """The best of a sample lies short of the edge that all customers run to; 42 likelihoods of all of them before."""
    _, told = fitted_with_warnings(drawn(ParetoNBDParameters(0.8, 60.0, 5e3, 75e4), 40_000, 1))
    assert told == [ONE_DROPOUT_RATE]
    assert sum(size > 16_000 for size in n_climbed) <= 12


@pytest.mark.parametrize("seed", range(1, 5))
@pytest.mark.parametrize(
    "truth",
    [
        ParetoNBDParameters(0.8, 60.0, 5e3, 75e4),
        ParetoNBDParameters(1e5, 3e6, 0.7, 120.0),
        ParetoNBDParameters(1e5, 3e6, 5e3, 75e4),
    ],
    ids=["one dropout rate", "one order rate", "both"],
)
def test_climbs_go_to_the_end_of_their_ridges(truth: ParetoNBDParameters, seed: int, n_climbed: list[int]) -> None:
    """7 to 13 likelihoods of customers who differ; 31 to 60 before."""
    fitted_with_warnings(drawn(truth, 1500, seed))
    assert len(n_climbed) <= 30


def test_a_share_that_leaves_at_once_is_an_edge_and_no_failure() -> None:
    """Every fifth customer never orders again, the others do so at one rate: beta goes to 0."""
    table = uniform_days(2000, 1, rate=0.05)
    table.loc[::5, ["frequency", "age_at_last"]] = 0
    fitted, told = fitted_with_warnings(table)
    assert DROPOUT_AT_ONCE in told
    assert {"s", "beta"} <= set(fitted.undetermined)
    alive = crm.ParetoNBDModel(horizon=30)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", crm.BoundaryWarning)
        score = alive.fit(table).score(table)
    silent = table["frequency"] == 0
    assert score.loc[silent, "probability_alive"].max() < 0.1
    assert score.loc[~silent & (table["age"] - table["age_at_last"] < 30), "probability_alive"].min() > 0.9


@pytest.mark.parametrize("at", ["2025-10-07", "2025-10-29"])
def test_an_edge_that_gains_less_than_chance_is_the_optimum_still(at: str) -> None:
    """Climbs run to beta 0 here, where the likelihood is higher than without dropout by less than 2; both were refused once."""
    truth = crm.ParetoNBDModel.from_parameters({"r": 0.7, "alpha": 8.0, "s": 0.6, "beta": 12.0}, horizon=40, unit="W")
    log = truth.simulate(400, np.random.default_rng(1).uniform(10, 26, 400), rng=3, until="2025-12-31")
    customers = crm.Orders(log, customer="customer_id", time="date").split(at=at, until="2025-12-31").customers()
    fitted, told = fitted_with_warnings(customers)
    nbd = crm.NBDModel(horizon=30).fit(customers).fitted
    assert told == [DROPOUT_AT_ONCE]
    assert 1e-8 * len(customers) < fitted.log_likelihood - nbd.log_likelihood < 2.0
    assert fitted.undetermined == ("s", "beta")
    assert np.isfinite(fitted.standard_errors["r"])


def few_leave(n: int, seed: int, s: float, beta: float) -> pd.DataFrame:
    """Customers of whom s times the logarithm of their age over beta drop out; none for s of 0."""
    rng = np.random.default_rng(seed)
    age = rng.integers(100, 365, n).astype(float)
    rates = rng.gamma(0.7, 1 / 20, n) if s else np.full(n, 0.02)
    alive = np.minimum(rng.exponential(1 / np.maximum(rng.gamma(s, 1 / beta, n), 1e-300)), age) if s else age
    x = rng.poisson(rates * alive).astype(float)
    last = np.where(x > 0, np.minimum(np.ceil(alive * rng.beta(np.maximum(x, 1), 1)), age), 0.0)
    return pd.DataFrame({"customer_id": range(n), "frequency": np.minimum(x, last), "age_at_last": last, "age": age})


@pytest.mark.parametrize(
    ("table", "best"),
    [(few_leave(100, 16, 0.03, 20.0), -3225.8480029679454), (few_leave(1000, 9, 0.0, 1.0), -23021.811088077866)],
    ids=["beta goes to 0", "two tops of one order rate"],
)
def test_no_optimum_of_slower_climbs_is_missed(table: pd.DataFrame, best: float) -> None:
    """Log-likelihoods where four climbs without a limit ended; the first lies at beta 0, the other on a ridge to r of infinity."""
    fitted, _ = fitted_with_warnings(table)
    assert fitted.log_likelihood >= best - 1e-8 * len(table)


def test_priors_leave_no_edge() -> None:
    table = uniform_days(500, 1, 0.8)
    reader = crm.ParetoNBDModel(horizon=30, prior={"s": crm.LogNormalPrior(0.5, 1.0), "beta": crm.LogNormalPrior(100.0, 1.0)})
    assert reader.fit(table).fitted.undetermined == ()


def test_the_family_without_its_limit_ends_no_higher() -> None:
    """The long way, as an independent reference."""
    family = model_file._FAMILY
    values = {name: getattr(family, name) for name in family.__dataclass_fields__} | {"limit": None}
    slow = type(family)(**values)
    for seed in range(6):
        columns = uniform_days(150, seed, 0.8)
        table = distinct_rows(*(columns[name].to_numpy() for name in ("frequency", "age_at_last", "age"))).table
        found, reference = estimate(family, table), estimate(slow, table)
        assert found is not None
        assert reference is not None
        above = found.optimum.likelihood.value - reference.optimum.likelihood.value
        assert above >= -1e-8 * 150
        if above < 1e-8 * 150:
            assert found.edges == reference.edges
