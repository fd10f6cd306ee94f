"""Record benchmarks/recorded/lifetimes_failures.json: where lifetimes and this package leave the truth, which has fifty digits.

    python -m benchmarks.record_lifetimes_failures            (in the environment of the tests; lifetimes 0.11.3, mpmath)

Less than a minute. The likelihood of one customer each is taken at seeded points over the whole domain that this package promises:
parameters log-uniform from 1e-3 to 1e3, a quarter of the customers without a repeat order and the others with up to 10,000 of them,
log-uniform, ages log-uniform from 1e-2 to 1e6, the last order at a uniform time or, in every second case, at the very end. For
gamma-gamma every second mean spend lies within a factor of 2 of where the parameters put it, the others anywhere from 1e-2 to 1e6. For
BG/BB up to 1,000 opportunities. Many of these points no data will ever show; the predictions below are of the published fits.

A value of ours fails if it is further than 1e-10 relative from the exact one. One of lifetimes is not finite, or wrong if further than
1e-6 relative; "absolutely too" counts those that are also 1e-6 or more away in the log-likelihood itself, since one close to 0
has a large relative error soon; and "lifetimes_failing" applies the rule that ours has to keep. Where a value is not finite the
JSON has null.

The predictions are of heavy buyers (T = 39 weeks, 52 weeks ahead) and of the probabilities of 150 to 250 orders within 39 weeks,
which for BG/NBD and MBG/NBD are those of a new customer and for Pareto/NBD, where lifetimes has no such, those of one with 200
repeat orders, the last in week 38 of 39, who may well order as often again. Parameters are the optima of the CDNOW customers.
"""

from __future__ import annotations

import json
import math
import platform
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from itertools import product
from pathlib import Path
from typing import Any

import mpmath as mp
import numpy as np
import pandas as pd
from lifetimes import BetaGeoBetaBinomFitter, BetaGeoFitter, GammaGammaFitter, ModifiedBetaGeoFitter, ParetoNBDFitter

from benchmarks import record_exact as exact
from crmmodels.kernels.purchase import gamma_gamma
from crmmodels.kernels.purchase.beta_geo import likelihood as beta_geo
from crmmodels.kernels.purchase.beta_geo import predictions as beta_geo_purchases
from crmmodels.kernels.purchase.beta_geo_beta_binom import likelihood as beta_geo_beta_binom
from crmmodels.kernels.purchase.histories import PurchaseTable
from crmmodels.kernels.purchase.pareto_nbd import distribution as pareto_nbd_distribution
from crmmodels.kernels.purchase.pareto_nbd import likelihood as pareto_nbd
from crmmodels.kernels.purchase.pareto_nbd import predictions as pareto_nbd_purchases

RECORD = Path(__file__).resolve().parent / "recorded" / "lifetimes_failures.json"
SEED = 20261123
N_POINTS = 300
OURS_WITHIN, LIFETIMES_WITHIN = 1e-10, 1e-6
# Optima from the exact days of the CDNOW sample, 39 weeks, in weeks.
PUBLISHED = {
    "beta_geo": {"r": 0.2425945224, "alpha": 4.413602019, "a": 0.7929220172, "b": 2.425906777},
    "modified_beta_geo": {"r": 0.5248431591, "alpha": 6.18308528, "a": 0.8913593907, "b": 1.61400224},
    "pareto_nbd": {"r": 0.5532770469, "alpha": 10.57768346, "s": 0.606239989, "beta": 11.66873528},
}
HEAVY, AGE, HORIZON = (200, 500, 1000), 39.0, 52.0
CUSTOMER, PMF_HORIZON, MANY = (200.0, 38.0, 39.0), 39.0, range(150, 251)
# Beside every tenth, the first number whose factorial is beyond a float.
SHOWN = (*MANY[::10], 171)
BANDS = ((0, 0), (1, 9), (10, 99), (100, 999), (1000, 10_000))

Point = tuple[list[float], tuple[float, ...]]


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def some_parameters(rng: np.random.Generator, n: int) -> list[float]:
    return [log_uniform(rng, 1e-3, 1e3) for _ in range(n)]


def purchase_points(rng: np.random.Generator) -> list[Point]:
    points: list[Point] = []
    for number in range(N_POINTS):
        x = 0.0 if number % 4 == 0 else math.floor(log_uniform(rng, 1.0, 10_001.0))
        age, share = log_uniform(rng, 1e-2, 1e6), float(rng.uniform())
        t_x = 0.0 if x == 0 else age if number % 2 else age * share
        points.append((some_parameters(rng, 4), (x, t_x, age)))
    return points


def spend_points(rng: np.random.Generator) -> list[Point]:
    points: list[Point] = []
    for number in range(N_POINTS):
        p, q, v = parameters = some_parameters(rng, 3)
        near = p * v / q * log_uniform(rng, 0.5, 2.0)
        mean = near if number % 2 else log_uniform(rng, 1e-2, 1e6)
        points.append((parameters, (math.floor(log_uniform(rng, 1.0, 10_001.0)), mean)))
    return points


def opportunity_points(rng: np.random.Generator) -> list[Point]:
    points: list[Point] = []
    for number in range(N_POINTS):
        n = math.floor(log_uniform(rng, 1.0, 1001.0))
        last = n if number % 2 else int(rng.integers(1, n + 1))
        x = 0 if number % 4 == 0 else int(rng.integers(1, last + 1))
        points.append((some_parameters(rng, 4), (x, last if x else 0, n)))
    return points


def table(row: tuple[float, ...]) -> PurchaseTable:
    return PurchaseTable(*(np.array([value], np.float64) for value in (*row, 1.0)))


def arrays(row: tuple[float, ...]) -> list[np.ndarray]:
    return [np.array([value], np.float64) for value in row]


def modified_exact(parameters: list[float], x: float, t_x: float, age: float) -> Any:
    return exact.beta_geo(parameters, int(x), t_x, age, m=1)


def by_negative(fitter: Any) -> Callable[[list[float], tuple[float, ...]], float]:
    """Log-likelihood of one customer by the objective that lifetimes minimises, of log parameters and without a penalty."""

    def call(parameters: list[float], row: tuple[float, ...]) -> float:
        return -float(fitter._negative_log_likelihood(np.log(parameters), *arrays(row), np.ones(1), 0.0))  # noqa: SLF001

    return call


def pareto_of_lifetimes(parameters: list[float], row: tuple[float, ...]) -> float:
    return float(ParetoNBDFitter._conditional_log_likelihood(parameters, *arrays(row))[0])  # noqa: SLF001


def beta_binom_of_lifetimes(parameters: list[float], row: tuple[float, ...]) -> float:
    whole = (np.array([int(value)]) for value in row)
    return float(BetaGeoBetaBinomFitter._loglikelihood(parameters, *whole)[0])  # noqa: SLF001


def gamma_gamma_ours(parameters: list[float], row: tuple[float, ...]) -> float:
    return gamma_gamma.log_likelihood(np.log(parameters), gamma_gamma.SpendTable(*arrays((*row, 1.0)))).value


# Of each model: the points, the exact value, ours, and that of lifetimes.
MODELS: dict[str, tuple[Any, Any, Any, Any]] = {
    "beta_geo": (
        purchase_points,
        exact.beta_geo,
        lambda parameters, row: beta_geo.log_likelihood(np.log(parameters), table(row)).value,
        by_negative(BetaGeoFitter),
    ),
    "modified_beta_geo": (
        purchase_points,
        modified_exact,
        lambda parameters, row: beta_geo.log_likelihood(np.log(parameters), table(row), modified=True).value,
        by_negative(ModifiedBetaGeoFitter),
    ),
    "pareto_nbd": (
        purchase_points,
        exact.pareto_nbd,
        lambda parameters, row: pareto_nbd.log_likelihood(np.log(parameters), table(row)).value,
        pareto_of_lifetimes,
    ),
    "beta_geo_beta_binom": (
        opportunity_points,
        exact.beta_geo_beta_binom,
        lambda parameters, row: beta_geo_beta_binom.log_likelihood(np.log(parameters), table(row)).value,
        beta_binom_of_lifetimes,
    ),
    "gamma_gamma": (spend_points, exact.gamma_gamma, gamma_gamma_ours, by_negative(GammaGammaFitter)),
}


def error(found: float, true: Any) -> float:
    """Relative; infinite where what was found is not finite."""
    return float(abs(mp.mpf(float(found)) - true) / abs(true)) if math.isfinite(found) else math.inf


@dataclass(frozen=True, slots=True)
class Errors:
    """Relative errors at one point, and the exact value."""

    ours: float
    lifetimes: float
    exact: float

    @property
    def lifetimes_wrong(self) -> bool:
        return LIFETIMES_WITHIN < self.lifetimes < math.inf


def errors(ours: float, lifetimes: float, true: Any) -> Errors:
    return Errors(error(ours, true), error(lifetimes, true), float(true))


def count(found: list[Errors]) -> dict[str, int]:
    """How many failures there are."""
    return {
        "points": len(found),
        "ours_failing": sum(e.ours > OURS_WITHIN for e in found),
        "lifetimes_failing": sum(e.lifetimes > OURS_WITHIN for e in found),
        "lifetimes_not_finite": sum(math.isinf(e.lifetimes) for e in found),
        "lifetimes_wrong": sum(e.lifetimes_wrong for e in found),
    }


def likelihoods(name: str) -> dict[str, Any]:
    """Counts of failures at the points of one model, in all and by repeat orders, with the worst finite errors."""
    draw, true, ours, theirs = MODELS[name]
    points = draw(np.random.default_rng([SEED, sorted(MODELS).index(name)]))
    at: list[tuple[float, Errors]] = []
    for parameters, row in points:
        found = errors(ours(parameters, row), theirs(parameters, row), true(parameters, *row))
        at.append((row[0], found))
    every = [e for _, e in at]
    bands = {f"{low}-{high}": [e for x, e in at if low <= x <= high] for low, high in BANDS}
    return {
        **count(every),
        "lifetimes_wrong_absolutely_too": sum(
            e.lifetimes_wrong and e.lifetimes * abs(e.exact) > LIFETIMES_WITHIN for e in every
        ),
        "ours_largest_error": max(e.ours for e in every),
        "lifetimes_largest_finite_error": max(e.lifetimes for e in every if e.lifetimes < math.inf),
        "by_frequency": {band: count(some) for band, some in bands.items() if some},
    }


def fitted(fitter: Any, name: str) -> Any:
    """A fitter of lifetimes that has these parameters, as if fitted."""
    fitter.params_ = pd.Series(PUBLISHED[name])
    return fitter


def prediction(name: str, quantity: str, row: tuple[float, ...]) -> tuple[Any, float, float]:
    """The exact value, ours and that of lifetimes."""
    values, columns = tuple(PUBLISHED[name].values()), arrays(row)
    alive = quantity == "probability_alive"
    if name == "pareto_nbd":
        parameters, theirs = pareto_nbd.ParetoNBDParameters(*values), fitted(ParetoNBDFitter(), name)
        if alive:
            true, ours = exact.pareto_alive(values, *row), pareto_nbd_purchases.probability_alive(*columns, parameters)
        else:
            true = exact.pareto_expected(values, *row, HORIZON)
            ours = pareto_nbd_purchases.expected_purchases(*columns, HORIZON, parameters)
    else:
        m = int(name == "modified_beta_geo")
        parameters, theirs = (
            beta_geo.BetaGeoParameters(*values),
            fitted(ModifiedBetaGeoFitter() if m else BetaGeoFitter(), name),
        )
        if alive:
            true = exact.beta_geo_alive(values, *row, m)
            ours = beta_geo_purchases.probability_alive(*columns, parameters, modified=bool(m))
        else:
            true = exact.beta_geo_expected(values, *row, HORIZON, m)
            ours = beta_geo_purchases.expected_purchases(*columns, HORIZON, parameters, modified=bool(m))
    if alive:
        return true, float(ours[0]), float(np.ravel(theirs.conditional_probability_alive(*columns))[0])
    return true, float(ours[0]), float(theirs.conditional_expected_number_of_purchases_up_to_time(HORIZON, *columns)[0])


def predictions() -> list[dict[str, Any]]:
    """Each quantity of each heavy buyer under each model."""
    recorded = []
    for name, quantity, x, t_x in product(PUBLISHED, ("probability_alive", "expected_purchases"), HEAVY, (AGE - 1, AGE)):
        true, ours, theirs = prediction(name, quantity, (x, t_x, AGE))
        at = {"model": name, "quantity": quantity, "frequency": x, "age_at_last": t_x, "age": AGE}
        recorded.append({**at, **described(true, ours, theirs)})
    return recorded


def described(true: Any, ours: float, theirs: float) -> dict[str, float | None]:
    both = errors(ours, theirs, true)
    return {
        "exact": float(true),
        "ours": finite(ours),
        "lifetimes": finite(theirs),
        "ours_error": finite(both.ours),
        "lifetimes_error": finite(both.lifetimes),
    }


def finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def distribution(name: str) -> dict[str, Any]:
    """Probabilities of many orders under one model: failures over all numbers, and every tenth."""
    values = tuple(PUBLISHED[name].values())
    if name == "pareto_nbd":
        theirs, parameters = fitted(ParetoNBDFitter(), name), pareto_nbd.ParetoNBDParameters(*values)
        ours = pareto_nbd_distribution.purchase_distribution(*arrays(CUSTOMER), PMF_HORIZON, MANY[-1], parameters)[0]
        true = [exact.pareto_distribution(values, *CUSTOMER, PMF_HORIZON, n) for n in MANY]
        lifetimes = [theirs.conditional_probability_of_n_purchases_up_to_time(n, PMF_HORIZON, *CUSTOMER) for n in MANY]
    else:
        m = int(name == "modified_beta_geo")
        parameters, theirs = (
            beta_geo.BetaGeoParameters(*values),
            fitted(ModifiedBetaGeoFitter() if m else BetaGeoFitter(), name),
        )
        ours = beta_geo_purchases.purchase_distribution_new(PMF_HORIZON, MANY[-1], parameters, modified=bool(m))
        true = [exact.beta_geo_distribution(values, PMF_HORIZON, n, m) for n in MANY]
        lifetimes = [theirs.probability_of_n_purchases_up_to_time(PMF_HORIZON, n) for n in MANY]
    rows = [(n, t, float(ours[n]), float(np.ravel(f)[0])) for n, t, f in zip(MANY, true, lifetimes, strict=True)]
    return {
        "model": name,
        "customer": dict(zip(("frequency", "age_at_last", "age"), CUSTOMER, strict=True)) if name == "pareto_nbd" else "new",
        "horizon": PMF_HORIZON,
        **count([errors(o, f, t) for _, t, o, f in rows]),
        "rows": [{"orders": n, **described(t, o, f)} for n, t, o, f in rows if n in SHOWN],
    }


def main() -> None:
    started = time.perf_counter()
    with warnings.catch_warnings(), np.errstate(all="ignore"), mp.workdps(exact.DIGITS):
        warnings.simplefilter("ignore")
        found = {
            "likelihoods": {name: likelihoods(name) for name in MODELS},
            "predictions": predictions(),
            "distributions": [distribution(name) for name in PUBLISHED],
        }
    everything = {
        "made_by": "benchmarks/record_lifetimes_failures.py",
        "seed": SEED,
        "ours_within": OURS_WITHIN,
        "lifetimes_within": LIFETIMES_WITHIN,
        "versions": {"python": platform.python_version(), **{p: version(p) for p in ("lifetimes", "mpmath", "numpy", "scipy")}},
        "parameters_of_predictions": PUBLISHED,
        "horizon_of_predictions": HORIZON,
        **found,
    }
    print(json.dumps(everything, indent=1), f"\n{time.perf_counter() - started:.0f} s")
    RECORD.parent.mkdir(exist_ok=True)
    RECORD.write_text(json.dumps(everything, indent=1, allow_nan=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
