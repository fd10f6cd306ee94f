"""What is compared of the purchase models: our call, and the same done by lifetimes.

As in contenders.py each contender prepares outside the clock, imports and a small first call included, and returns the call that is
measured. Without a file the customers are those of CDNOW, in weeks.
"""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

NUTS = Path(__file__).resolve().parent / "recorded" / "nuts.json"
RATE_PER_30_DAYS, DAYS_PER_YEAR = 0.01, 365.25
THREE_YEARS = 36
HORIZON = 90.0


def fit_ours(kind: str, file: str | None = None) -> Callable[[], Any]:
    table, model = _table(file), _model(kind, file)
    model.fit(table.head(2000))

    def call() -> Any:
        fitted = model.fit(table).fitted
        return {
            "parameters": list(fitted.values),
            "n_distinct": fitted.n_distinct,
            "n_evaluations": fitted.n_evaluations,
        }

    return call


def fit_quietly(kind: str, file: str) -> Callable[[], Any]:
    """The same, without the warning of customers who do not drop out."""
    call = fit_ours(kind, file)

    def quiet() -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return call()

    return quiet


def fit_lifetimes(kind: str, file: str | None = None) -> Callable[[], Any]:
    import numpy as np

    columns = _series(kind, file)
    fitter = _fitter(kind)
    np.random.seed(0)  # noqa: NPY002  (where lifetimes takes its starts from)

    def call() -> Any:
        fitter.fit(*columns)
        return {"parameters": fitter.params_.tolist()}

    return call


def score_ours(kind: str, file: str) -> Callable[[], Any]:
    table = _table(file)
    model = _model(kind, file).fit(table)
    model.score(table.head(2000))

    def call() -> Any:
        return _mean(model.score(table)["expected_purchases"])

    return call


def score_lifetimes(kind: str, file: str) -> Callable[[], Any]:
    """Two of our three columns."""
    fitter, columns = _fitted(kind, file), _series(kind, file)

    def call() -> Any:
        expected = fitter.conditional_expected_number_of_purchases_up_to_time(HORIZON, *columns)
        alive = fitter.conditional_probability_alive(*columns)
        return _mean(expected) + 0 * len(alive)

    return call


def value_ours(kind: str, file: str) -> Callable[[], Any]:
    """Expected spend times discounted orders over 36 periods of 30 days."""
    table = _table(file)
    model, spend = _model(kind, file).fit(table), _model("gamma_gamma", file).fit(table)
    annual = (1 + RATE_PER_30_DAYS) ** (DAYS_PER_YEAR / 30) - 1

    def call() -> Any:
        orders = model.discounted_purchases(table, annual, 30.0 * THREE_YEARS)
        return _mean(orders["discounted_purchases"] * spend.score(table)["expected_spend"])

    return call


def value_lifetimes(kind: str, file: str) -> Callable[[], Any]:
    """The same, discounted by the end of each period."""
    fitter, columns = _fitted(kind, file), _series(kind, file)
    spend, money = _fitted("gamma_gamma", file), _table(file)["mean_repeat_spend"]

    def call() -> Any:
        return _mean(spend.customer_lifetime_value(fitter, *columns, money, THREE_YEARS, RATE_PER_30_DAYS, freq="D"))

    return call


def posterior_ours(kind: str, file: str | None = None, n_draws: int = 4000) -> Callable[[], Any]:
    """Draws given the data of the fit; the answer says how long one likelihood takes in the same process."""
    import statistics

    import numpy as np

    table, model = _table(file), _model(kind, file)
    model.fit(table)
    family, rows = model._family, model._table_from(model._read(model._open(table)))  # noqa: SLF001
    point, evaluations = np.log(model.fitted.values), []
    for _ in range(9):
        started = time.process_time()
        family.log_likelihood(point, rows)
        evaluations.append(time.process_time() - started)

    def call() -> Any:
        draws = model.sample_posterior(table, n_draws, rng=0)
        return {
            "evaluation_cpu_s": statistics.median(evaluations),
            "n_draws": len(draws),
            "pareto_k": draws.pareto_k,
            "n_distinct": model.fitted.n_distinct,
        }

    return call


def quantiles_ours(kind: str, n_draws: int = 16_000) -> Callable[[], Any]:
    """Fit and draws of the CDNOW customers at the priors at which record_nuts.py recorded NUTS."""
    import numpy as np

    import crmmodels as crm

    recorded = json.loads(NUTS.read_text(encoding="utf-8"))["models"][kind]
    levels = next(iter(recorded["parameters"].values()))["quantiles"]
    prior = {name: crm.LogNormalPrior(median=at["median"], sigma=at["sigma"]) for name, at in recorded["priors"].items()}
    table = _table(None)
    model = type(_model(kind, None))(horizon=39.0, unit="W", prior=prior)

    def call() -> Any:
        draws = model.fit(table).sample_posterior(table, n_draws, rng=0)
        columns = draws.frame().items()
        quantiles = {name: {at: float(np.quantile(column, float(at))) for at in levels} for name, column in columns}
        return {"n_draws": len(draws), "pareto_k": draws.pareto_k, "quantiles": quantiles}

    return call


def _table(file: str | None) -> Any:
    warnings.simplefilter("ignore")
    from benchmarks.purchase_data import cdnow, customers

    return cdnow() if file is None else customers(file)


def _model(kind: str, file: str | None) -> Any:
    import crmmodels as crm

    if kind == "gamma_gamma":
        return crm.GammaGammaModel()
    models = {"beta_geo": crm.BetaGeoModel, "pareto_nbd": crm.ParetoNBDModel}
    return models[kind](horizon=39.0, unit="W") if file is None else models[kind](horizon=HORIZON, unit="D")


def _fitter(kind: str) -> Any:
    import lifetimes

    fitters = {
        "beta_geo": lifetimes.BetaGeoFitter,
        "pareto_nbd": lifetimes.ParetoNBDFitter,
        "gamma_gamma": lifetimes.GammaGammaFitter,
    }
    return fitters[kind]()


def _fitted(kind: str, file: str) -> Any:
    """A fitter of lifetimes with the parameters of our fit, so that both score the same model."""
    import pandas as pd

    fitter, fitted = _fitter(kind), _model(kind, file).fit(_table(file)).fitted
    fitter.params_ = pd.Series(dict(zip(fitted.names, fitted.values, strict=True)))
    if kind != "gamma_gamma":
        fitter.predict = fitter.conditional_expected_number_of_purchases_up_to_time
    return fitter


def _series(kind: str, file: str | None) -> list[Any]:
    """What a fitter reads; for spend the customers with repeat orders only, as it demands."""
    table = _table(file)
    if kind == "gamma_gamma":
        table = table[table["frequency"] > 0]
        return [table["frequency"], table["mean_repeat_spend"]]
    return [table["frequency"], table["age_at_last"], table["age"]]


def _mean(column: Any) -> float:
    import numpy as np

    return float(np.mean(column))
