"""Standard errors where a parameter runs to an edge: those of the simpler model there, with all that the data determine."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import polygamma

import crmmodels as crm
from crmmodels.kernels.inference.newton import Likelihood, maximise
from crmmodels.kernels.purchase.beta_geo.likelihood import BetaGeoParameters
from crmmodels.kernels.purchase.beta_geo_beta_binom.likelihood import BetaGeoBetaBinomParameters
from crmmodels.kernels.purchase.histories import PurchaseTable
from crmmodels.kernels.purchase.pareto_nbd.likelihood import ParetoNBDParameters
from crmmodels.kernels.simulation.purchases import (
    OrderTimes,
    purchase_histories,
    simulate_beta_geo,
    simulate_beta_geo_beta_binom,
    simulate_pareto_nbd,
)


def one_price(n: int, rng: np.random.Generator, q: float = 4.0, c: float = 60.0) -> pd.DataFrame:
    """Customers each of whom pays one price; the prices are inverse-gamma distributed."""
    return pd.DataFrame(
        {
            "customer_id": range(n),
            "frequency": 1 + rng.poisson(2, n),
            "mean_repeat_spend": c / rng.gamma(q, 1.0, n),
        }
    )


def error_of_q(q: float, n: int) -> float:
    """By the information of the inverse gamma distribution, whose scale is estimated, too."""
    return float(q / np.sqrt(n * (q * q * polygamma(1, q) - q)))


def fitted_quietly(model: Any, table: pd.DataFrame) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", crm.CrmModelsWarning)
        return model.fit(table).fitted


def test_published_error_of_q() -> None:
    assert error_of_q(4.0, 300) == pytest.approx(0.3139, abs=5e-5)


@pytest.mark.parametrize("seed", range(6))
def test_one_price_per_customer_leaves_the_error_of_the_inverse_gamma_distribution(seed: int) -> None:
    rng = np.random.default_rng(seed)
    fitted = fitted_quietly(crm.GammaGammaModel(), one_price(300, rng))
    if fitted.undetermined != ("p", "v"):
        assert fitted.undetermined == ()
        return
    assert fitted.standard_errors["q"] == pytest.approx(error_of_q(fitted.parameters.q, 300), rel=2e-3)
    assert fitted.standard_errors["p"] == fitted.standard_errors["v"] == np.inf


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_partner_has_the_error_of_the_combination(seed: int) -> None:
    """v for p times v, the scale of the prices: by the information of the inverse gamma distribution in log q and the log scale."""
    fitted = fitted_quietly(crm.GammaGammaModel(), one_price(300, np.random.default_rng(seed)))
    assert fitted.undetermined == ("p", "v")
    q = fitted.parameters.q
    expected = np.linalg.inv(300 * np.array([[q * q * polygamma(1, q), -q], [-q, q]]))
    found = fitted.covariance[1:, 1:]
    assert found == pytest.approx(expected, rel=4e-3)
    assert np.isinf(fitted.covariance[0, 0])
    # What customers pay on average, pv / (q - 1), is known far better than q and pv are by themselves.
    direction = np.array([-q / (q - 1), 1.0])
    assert direction @ found @ direction < 0.3 * found[1, 1]


def covered(n_tables: int, seed: int) -> float:
    """Share of tables at the edge whose 95 % limits of q hold it."""
    rng, hits, n = np.random.default_rng(seed), 0, 0
    while n < n_tables:
        fitted = fitted_quietly(crm.GammaGammaModel(), one_price(300, rng))
        if fitted.undetermined:
            limits = fitted.interval().loc["q"]
            hits, n = hits + int(limits["lower"] <= 4.0 <= limits["upper"]), n + 1
    return hits / n


def test_limits_at_the_edge_hold_the_truth() -> None:
    """Of 100 tables 95 are expected to hold it, and 90 to 99 with a probability of 98 %; 68 did without the partner."""
    assert 0.9 <= covered(100, 1) <= 0.99


@pytest.mark.slow
def test_limits_at_the_edge_hold_the_truth_of_many_tables() -> None:
    assert covered(2000, 2) == pytest.approx(0.95, abs=0.02)


# Every edge: the curvature of the likelihood, with all other parameters at their best wherever one is held.


def customers(times: OrderTimes, age: np.ndarray, *, whole: bool = False) -> pd.DataFrame:
    history = purchase_histories(times, age)
    last = np.ceil(history.age_at_last) if not whole else history.age_at_last
    return pd.DataFrame(
        {"customer_id": range(len(age)), "frequency": history.frequency, "age_at_last": np.minimum(last, age), "age": age}
    )


def pareto(r: float, alpha: float, s: float, beta: float, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    age = rng.integers(100, 365, 3000).astype(np.float64)
    return customers(simulate_pareto_nbd(age, ParetoNBDParameters(r, alpha, s, beta), rng), age)


def beta_geo(seed: int, *, modified: bool) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    age = rng.integers(100, 365, 3000).astype(np.float64)
    return customers(simulate_beta_geo(age, BetaGeoParameters(0.8, 30.0, 5000.0, 45000.0), rng, modified=modified), age)


def opportunities(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    age = rng.integers(5, 15, 3000)
    truth = BetaGeoBetaBinomParameters(3000.0, 7000.0, 0.7, 8.0)
    return customers(simulate_beta_geo_beta_binom(age, truth, rng), age.astype(np.float64), whole=True)


def narrow_spend(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x = 1 + rng.poisson(4, 400)
    spend = rng.gamma(5.0 * x, 4.0) / x
    return pd.DataFrame({"customer_id": range(400), "frequency": x, "mean_repeat_spend": 20.0 + 0.9 * (spend - 20.0)})


def at_once(seed: int) -> pd.DataFrame:
    """Customers who hardly differ in their rates and never drop out, but every fifth, who does so at once."""
    table = pareto(8.0, 160.0, 1e-6, 1e6, seed)
    table.loc[::5, ["frequency", "age_at_last"]] = 0.0
    return table


AT_EDGES = {
    "gamma-gamma, one price": (crm.GammaGammaModel(), one_price(300, np.random.default_rng(3)), ("p", "v")),
    "gamma-gamma, like customers": (crm.GammaGammaModel(), narrow_spend(2), ("q", "v")),
    "Pareto/NBD, one dropout rate": (crm.ParetoNBDModel(horizon=30), pareto(0.8, 60.0, 5e3, 75e4, 2), ("s", "beta")),
    "Pareto/NBD, no dropout": (crm.ParetoNBDModel(horizon=30), pareto(0.8, 60.0, 1e-6, 1e6, 2), ("s", "beta")),
    "Pareto/NBD, one order rate": (crm.ParetoNBDModel(horizon=30), pareto(1e5, 3e6, 0.7, 120.0, 5), ("r", "alpha")),
    "Pareto/NBD, dropout at once": (crm.ParetoNBDModel(horizon=30), at_once(3), ("s", "beta")),
    "BG/NBD, one dropout probability": (crm.BetaGeoModel(horizon=30), beta_geo(2, modified=False), ("a", "b")),
    "MBG/NBD, one dropout probability": (crm.ModifiedBetaGeoModel(horizon=30), beta_geo(2, modified=True), ("a", "b")),
    "BG/BB, one order probability": (crm.BetaGeoBetaBinomModel(horizon=3), opportunities(4), ("alpha", "beta")),
}


@pytest.mark.parametrize("name", AT_EDGES)
def test_errors_at_an_edge_are_those_of_the_profile_likelihood(name: str) -> None:
    model, table, undetermined = AT_EDGES[name]
    fitted = fitted_quietly(model, table)
    assert fitted.undetermined == undetermined
    family = model._family
    reduced = model._table_from(model._read(model._open(table)))
    best, step = np.log(fitted.values), 1e-3
    # Held is the parameter at its bound; what runs beside it is free.
    bound = np.isclose(fitted.values, 1e4, rtol=1e-6) | np.isclose(fitted.values, 1e-4, rtol=1e-6)
    # The scale of dropout rates is nothing, or tells nothing, where customers drop out at once or never.
    bound |= (fitted.values < 1e-6) | (fitted.values > 1e9)
    for tested in np.flatnonzero([n not in undetermined for n in fitted.names]):
        free = ~bound
        free[tested] = False

        def profile(change: float, free: np.ndarray = free, tested: int = int(tested)) -> float:
            point = best.copy()
            point[tested] += change

            def of_free(part: np.ndarray) -> Likelihood:
                point[free] = part
                found = family.log_likelihood(point.copy(), reduced)
                return Likelihood(found.value, found.gradient[free], found.hessian[np.ix_(free, free)])

            return float(maximise(of_free, best[free], float(len(table))).likelihood.value)

        curvature = (2.0 * profile(0.0) - profile(step) - profile(-step)) / step**2
        assert fitted.covariance[tested, tested] == pytest.approx(1.0 / curvature, rel=1e-3)


def test_without_dropout_errors_are_those_of_the_nbd_model() -> None:
    model, table, _ = AT_EDGES["Pareto/NBD, no dropout"]
    fitted = fitted_quietly(model, table)
    nbd = fitted_quietly(crm.NBDModel(horizon=30), table)
    np.testing.assert_allclose(fitted.covariance[:2, :2], nbd.covariance, rtol=1e-6)
    assert fitted.log_likelihood == pytest.approx(nbd.log_likelihood, rel=1e-10)
    assert isinstance(model._table_from(model._read(model._open(table))), PurchaseTable)
