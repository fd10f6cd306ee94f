"""Record benchmarks/recorded/posterior.json: posterior draws by the surrogate of the likelihood, and by the likelihood itself.

    .venv/bin/python -m benchmarks.record_posterior [small] [large]

The other way is plain importance sampling: as many points as draws, from a Student t distribution around the estimates with the covariance of the
fit, weighted by the likelihood of the distinct rows (without derivatives where there is a kernel for that, of Pareto/NBD), Pareto smoothed and
resampled. Where Pareto k is above 0.7, the proposal is fitted to the weighted points, and as many are drawn again, at most twice.

CPU time is that of all threads in fresh processes with one BLAS thread: medians of five or three, which each row says. Fit and reading of the
table are outside the clock. With a million customers the likelihood is timed at a hundred of the points, and the time multiplied; once, a thousand
draws are made in full.
At the priors at which NUTS was recorded, `beside_nuts` is by how much the share of draws below one of its quantiles differs from what it should be,
at most.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.measure import measure

RECORD = Path(__file__).resolve().parent / "recorded" / "posterior.json"
NUTS = Path(__file__).resolve().parent / "recorded" / "nuts.json"
MILLION, SOME = 1_000_000, 100
FOLDER = Path(tempfile.gettempdir()) / "crmmodels-benchmarks"
SURROGATE, PLAINLY = "posterior_by_surrogate", "posterior_plainly"
FREEDOM, LARGEST_K, MOST_ROUNDS = 7.0, 0.7, 3
SMALL = (
    ("beta_geo", "cdnow", 1000),
    ("beta_geo", "cdnow", 4000),
    ("pareto_nbd", "cdnow", 1000),
    ("pareto_nbd", "cdnow", 4000),
    ("nbd", "cdnow", 4000),
    ("gamma_gamma", "cdnow", 4000),
    ("beta_geo_beta_binom", "example", 4000),
    ("shifted_beta_geo", "example", 4000),
    ("beta_geo", "cdnow, priors of NUTS", 4000),
    ("pareto_nbd", "cdnow, priors of NUTS", 4000),
)
LARGE = (
    ("beta_geo", "whole weeks", 1000),
    ("beta_geo", "whole weeks", 4000),
    ("pareto_nbd", "whole weeks", 1000),
    ("pareto_nbd", "whole weeks", 4000),
    ("beta_geo", "whole days", 4000),
    ("pareto_nbd", "whole days", 4000),
    ("beta_geo", "any ages", 4000),
    ("pareto_nbd", "any ages", 4000),
    ("gamma_gamma", "spend to the cent", 4000),
)
IN_FULL = (("beta_geo", "whole weeks", 1000), ("pareto_nbd", "whole weeks", 1000), ("beta_geo", "whole days", 1000))


def posterior_by_surrogate(kind: str, data: str, n_draws: int) -> Callable[[], Any]:
    import numpy as np

    from crmmodels.kernels.inference.posterior import sample_posterior

    names, likelihood, _, optimum, n_distinct = _problem(kind, data)
    sample_posterior(likelihood, optimum, 2, np.random.default_rng(0))

    def call() -> Any:
        found = sample_posterior(likelihood, optimum, n_draws, np.random.default_rng(1))
        draws = dict(zip(names, np.exp(found.log_parameters).T, strict=True))
        figures = {"pareto_k": found.pareto_k, "effective_size": found.effective_size, "n_likelihoods": found.n_evaluations}
        return {"n_distinct": n_distinct, **figures, "beside_nuts": _beside_nuts(kind, data, draws)}

    return call


def posterior_plainly(kind: str, data: str, n_draws: int) -> Callable[[], Any]:
    import numpy as np

    from crmmodels.kernels.inference.importance_sampling import pareto_smoothed, resample

    names, _, value, optimum, n_distinct = _problem(kind, data)
    value(optimum.log_parameters)

    def call() -> Any:
        rng = np.random.default_rng(1)
        mean, covariance = optimum.log_parameters, np.linalg.inv(-optimum.likelihood.hessian)
        for number in range(1, MOST_ROUNDS + 1):  # noqa: B007  (told below)
            points, log_proposal = _student(mean, covariance, n_draws, rng)
            values = np.array([value(point) for point in points])
            weights = pareto_smoothed(np.where(np.isfinite(values), values, -np.inf) - log_proposal)
            if not weights.pareto_k > LARGEST_K:
                break
            mean = weights.weights @ points
            covariance = (points - mean).T @ (weights.weights[:, None] * (points - mean))
        drawn = np.exp(points[resample(weights.weights, n_draws, rng)])
        figures = {"pareto_k": weights.pareto_k, "effective_size": weights.effective_size, "n_likelihoods": number * n_draws}
        return {
            "n_distinct": n_distinct,
            **figures,
            "beside_nuts": _beside_nuts(kind, data, dict(zip(names, drawn.T, strict=True))),
        }

    return call


def posterior_likelihoods(kind: str, data: str) -> Callable[[], Any]:
    """Values at some of the points of `posterior_plainly`."""
    import numpy as np

    _, _, value, optimum, n_distinct = _problem(kind, data)
    points, _ = _student(optimum.log_parameters, np.linalg.inv(-optimum.likelihood.hessian), SOME, np.random.default_rng(1))

    def call() -> Any:
        started = time.process_time()
        for point in points:
            value(point)
        return {"n_distinct": n_distinct, "likelihood_cpu_s": (time.process_time() - started) / SOME}

    return call


def _student(mean: Any, covariance: Any, n: int, rng: Any) -> tuple[Any, Any]:
    """Points and their log densities up to a constant."""
    import numpy as np

    z = rng.standard_normal((n, len(mean))) / np.sqrt(rng.chisquare(FREEDOM, (n, 1)) / FREEDOM)
    log_density = -0.5 * (FREEDOM + len(mean)) * np.log1p((z**2).sum(axis=1) / FREEDOM)
    return mean + z @ np.linalg.cholesky(covariance).T, log_density


def _problem(kind: str, data: str) -> tuple[Any, Any, Any, Any, int]:
    """Names of the parameters, log-likelihood with and without derivatives, its top, and the number of distinct rows."""
    import numpy as np

    import crmmodels as crm
    from crmmodels.kernels.inference.estimation import penalised
    from crmmodels.kernels.inference.newton import Optimum
    from crmmodels.kernels.purchase.pareto_nbd.likelihood import log_likelihood_value
    from crmmodels.models.parametric.priors import log_prior

    warnings.simplefilter("ignore")
    kinds = {
        "beta_geo": crm.BetaGeoModel,
        "pareto_nbd": crm.ParetoNBDModel,
        "nbd": crm.NBDModel,
        "gamma_gamma": crm.GammaGammaModel,
        "beta_geo_beta_binom": crm.BetaGeoBetaBinomModel,
        "shifted_beta_geo": crm.ShiftedBetaGeoModel,
    }
    table, options = _table(kind, data), {}
    if data == "cdnow, priors of NUTS":
        priors = json.loads(NUTS.read_text(encoding="utf-8"))["models"][kind]["priors"]
        options["prior"] = {name: crm.LogNormalPrior(median=at["median"], sigma=at["sigma"]) for name, at in priors.items()}
    if kind in ("beta_geo", "pareto_nbd", "nbd"):
        options |= {"horizon": 39.0, "unit": "W" if data.startswith("cdnow") else "D"}
    if data == "example":
        options["horizon"] = 3
    model = kinds[kind](**options).fit(table)
    family, rows = model._family, model._table_from(model._read(model._open(table)))  # noqa: SLF001
    penalty = log_prior(model.prior, family.names)
    likelihood = penalised(lambda point: family.log_likelihood(point, rows), penalty)

    def value(point: Any) -> float:
        if kind != "pareto_nbd":
            return float(likelihood(point).value)
        return log_likelihood_value(point, rows) + (0.0 if penalty is None else float(penalty(point).value))

    point = np.log(model.fitted.values)
    return family.names, likelihood, value, Optimum(point, likelihood(point), 1, converged=True), model.fitted.n_distinct


def _table(kind: str, data: str) -> Any:
    import numpy as np

    import crmmodels as crm
    from benchmarks.purchase_data import ANY_AGES, cdnow, customer_file, customers

    if data == "example":
        examples = {"beta_geo_beta_binom": crm.BetaGeoBetaBinomModel, "shifted_beta_geo": crm.ShiftedBetaGeoModel}
        return examples[kind].example(n_customers=1000, seed=1)
    if data.startswith("cdnow"):
        return cdnow()
    table = customers(customer_file(kind + (ANY_AGES if data == "any ages" else ""), MILLION, FOLDER))
    if data == "whole weeks":
        table[["age_at_last", "age"]] = np.ceil(table[["age_at_last", "age"]] / 7.0)
    return table


def _beside_nuts(kind: str, data: str, draws: dict[str, Any]) -> float | None:
    if data != "cdnow, priors of NUTS":
        return None
    import numpy as np

    theirs = json.loads(NUTS.read_text(encoding="utf-8"))["models"][kind]["parameters"]
    return max(
        abs(float(np.mean(draws[name] <= quantile)) - float(level))
        for name, described in theirs.items()
        for level, quantile in described["quantiles"].items()
    )


def small() -> Iterator[dict[str, Any]]:
    """Both ways, one after the other."""
    for kind, data, n in SMALL:
        for contender in (SURROGATE, PLAINLY):
            yield {"model": kind, "data": data, "n_draws": n, **_measured(contender, kind, data, n)}


def large() -> Iterator[dict[str, Any]]:
    """The surrogate, and the other way from the time of one likelihood; some of that in full."""
    for kind, data, n in LARGE:
        yield {"model": kind, "data": data, "n_draws": n, **_measured(SURROGATE, kind, data, n, repeat=3)}
    for kind, data in dict.fromkeys((kind, data) for kind, data, _ in LARGE):
        one = _measured("posterior_likelihoods", kind, data, repeat=3)
        for n in (n for *of, n in LARGE if of == [kind, data]):
            multiplied = {"contender": PLAINLY, "cpu_s": n * one["likelihood_cpu_s"], "n_likelihoods": n}
            yield {"model": kind, "data": data, "n_draws": n, **one, **multiplied}
    for kind, data, n in IN_FULL:
        yield {"model": kind, "data": data, "n_draws": n, "in_full": True, **_measured(PLAINLY, kind, data, n, repeat=1)}


def _measured(contender: str, *arguments: Any, repeat: int = 5) -> dict[str, Any]:
    found = measure(contender, *arguments, repeat=repeat, blas_threads=1)
    kept = {name: found[name] for name in ("contender", "cpu_s", "cpu_range_s", "repeat", "peak_mb", "added_mb")}
    return {**kept, **found["answer"]}


def main() -> None:
    for size in sys.argv[1:] or ("small", "large"):
        runs = []
        for run in {"small": small, "large": large}[size]():
            runs.append(run)
            print(run, flush=True)
        recorded = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
        recorded = {"made_by": "benchmarks/record_posterior.py", **recorded, size: runs}
        RECORD.write_text(json.dumps(recorded, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
