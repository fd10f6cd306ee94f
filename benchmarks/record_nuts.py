"""Record benchmarks/recorded/nuts.json: the posterior of the CDNOW customers by the NUTS of pymc-marketing, a reference for ours.

Not run with the benchmarks: it takes minutes and a good hundred packages, so it has an environment of its own, outside the checkout:

    python3.12 -m venv nuts
    nuts/bin/python -m pip install pymc-marketing==1.3.0 lifetimes==0.11.3 "setuptools<81"
    nuts/bin/python benchmarks/record_nuts.py beta_geo
    nuts/bin/python benchmarks/record_nuts.py pareto_nbd

(lifetimes reads its data by pkg_resources, which setuptools 81 no longer has.) Each call replaces its model in the JSON. Recorded with
Python 3.12.1, PyMC 6.3.2 and PyTensor 3.3.8; the JSON names all versions. Likelihoods and predictions are pymc-marketing's, with
these priors in place of its own: every parameter independently log-normal around a round number near the published optimum,
with a standard deviation of 1.5 of its logarithm, so that 95 % lie within a factor of 19. BG/NBD is its model class, unchanged.
The Pareto/NBD of its class evaluates 2,357 customers, 4 to 50 ms a gradient; here its distribution stands in a plain PyMC model
on the 1,016 distinct rows, each likelihood times its count, and NUTS moves in the fixed metric of the curvature at the mode. The
posterior is the same; with the default warm-up 440 draws took 318 s, the more the further out, where the series of the
gradient are long.

The data are 2,357 customers observed for 39 weeks, as lifetimes ships them, with ages rounded to two decimals of a week. Names
of columns are those of this package. Of each quantity: mean, standard deviation, quantiles with their Monte-Carlo standard
errors, effective numbers of draws (bulk, tail) and R-hat, as arviz computes them. CPU time is that of all processes, compiling
included; wall time was taken on two cores that others were using, and says little.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import resource
import time
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

RECORD = Path(__file__).resolve().parent / "recorded" / "nuts.json"
QUANTILES = (0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975)
HORIZON = 39.0
# Frequency, age at last and age, in weeks.
CUSTOMERS = ((26, 30.86, 31.0), (0, 0.0, 38.86), (2, 10.0, 30.0))
SIGMA = 1.5
MEDIANS = {
    "beta_geo": {"r": 0.25, "alpha": 4.4, "a": 0.8, "b": 2.4},
    "pareto_nbd": {"r": 0.55, "alpha": 10.6, "s": 0.6, "beta": 11.7},
}
DRAWS = {"beta_geo": 4000, "pareto_nbd": 3000}
LIKELIHOODS = {
    "beta_geo": "BetaGeoModel of pymc-marketing, unchanged, one row per customer",
    "pareto_nbd": "ParetoNBD of pymc-marketing in a plain PyMC model, distinct rows times their counts",
}
SAMPLER = {"chains": 4, "tune": 1000, "target_accept": 0.9, "random_seed": 19970930}
PACKAGES = ("pymc-marketing", "pymc", "pytensor", "arviz", "numpy", "scipy", "numba", "lifetimes")


def data() -> Any:
    from lifetimes.datasets import load_cdnow_summary

    return load_cdnow_summary()[["frequency", "recency", "T"]].assign(customer_id=range(2357))


def priors(name: str) -> dict[str, Any]:
    from pymc_extras.prior import Prior

    return {parameter: Prior("LogNormal", mu=math.log(at), sigma=SIGMA) for parameter, at in MEDIANS[name].items()}


def build(name: str) -> Any:
    from pymc_marketing import clv

    return {"beta_geo": clv.BetaGeoModel, "pareto_nbd": clv.ParetoNBDModel}[name](model_config=priors(name))


def sample(name: str, model: Any, cores: int) -> None:
    """Draw from the posterior, into the model."""
    how = {"draws": DRAWS[name], "cores": cores, "progressbar": False, **SAMPLER}
    if name == "beta_geo":
        model.fit(data(), method="mcmc", **how)
        return
    import pymc as pm
    from pymc.step_methods.hmc.quadpotential import QuadPotentialFull
    from pymc_marketing.clv.distributions import ParetoNBD

    counted = data().groupby(["recency", "frequency", "T"]).size().reset_index(name="count")
    with pm.Model():
        parameters = {parameter: prior.create_variable(parameter) for parameter, prior in priors(name).items()}
        customer = ParetoNBD.dist(**parameters, T=counted["T"].to_numpy())
        log_likelihood = pm.logp(customer, counted[["recency", "frequency"]].to_numpy(dtype="float64"))
        pm.Potential("log_likelihood", (counted["count"].to_numpy() * log_likelihood).sum())
        shape = laplace(pm.modelcontext(None), MEDIANS[name])
        potential = QuadPotentialFull(shape["covariance"])
        step = pm.NUTS(potential=potential, target_accept=how.pop("target_accept"))
        model.idata = pm.sample(step=step, initvals=shape["starts"], **how)
    model.build_model(data())


def laplace(model: Any, start: dict[str, float]) -> dict[str, Any]:
    """Covariance at the mode of the logarithms, and starts for each chain drawn from twice its width."""
    import numpy as np
    from scipy.optimize import minimize

    names = [variable.name for variable in model.free_RVs]
    density = model.compile_fn([model.logp(), model.dlogp()], inputs=model.value_vars, point_fn=False)

    def falling(point: Any) -> tuple[float, Any]:
        value, slope = density(*point)
        return -float(value), -np.asarray(slope)

    mode = minimize(falling, np.log([start[name] for name in names]), jac=True, method="BFGS", options={"gtol": 1e-4}).x
    steps = 1e-4 * np.eye(len(mode))
    curvature = np.array([(falling(mode + step)[1] - falling(mode - step)[1]) / 2e-4 for step in steps])
    covariance = np.linalg.inv((curvature + curvature.T) / 2)
    rng = np.random.default_rng(SAMPLER["random_seed"])
    points = np.exp(rng.multivariate_normal(mode, 4 * covariance, SAMPLER["chains"]))
    starts = [dict(zip(names, map(float, point), strict=True)) for point in points]
    return {"covariance": covariance, "starts": starts}


def cpu_seconds() -> float:
    usage = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in usage)


def summary(draws: Any) -> dict[str, Any]:
    """Of an array of draws by chain and draw."""
    import arviz as az
    import numpy as np

    return {
        "mean": float(draws.mean()),
        "sd": float(draws.std(ddof=1)),
        "quantiles": {str(q): float(np.quantile(draws, q)) for q in QUANTILES},
        "quantile_mcse": {str(q): float(az.mcse(draws, method="quantile", prob=q)) for q in QUANTILES},
        "mean_mcse": float(az.mcse(draws, method="mean")),
        "ess_bulk": float(az.ess(draws, method="bulk")),
        "ess_tail": float(az.ess(draws, method="tail", prob=(0.05, 0.95))),
        "r_hat": float(az.rhat(draws)),
    }


def predictions(model: Any) -> list[dict[str, Any]]:
    import pandas as pd

    rows = pd.DataFrame(CUSTOMERS, columns=["frequency", "recency", "T"]).assign(customer_id=range(len(CUSTOMERS)))
    quantities = {
        "probability_alive": model.expected_probability_alive(rows),
        "expected_purchases": model.expected_purchases(rows, future_t=HORIZON),
    }
    recorded = []
    for quantity, found in quantities.items():
        by_customer = found.transpose("customer_id", "chain", "draw").to_numpy()
        for (x, t_x, age), draws in zip(CUSTOMERS, by_customer, strict=True):
            at = {"frequency": x, "age_at_last": t_x, "age": age}
            if quantity == "expected_purchases":
                at["horizon"] = HORIZON
            constant = bool(draws.min() == draws.max())
            recorded.append({"quantity": quantity, **at, **({"always": float(draws.max())} if constant else summary(draws))})
    return recorded


def record(name: str, cores: int) -> dict[str, Any]:
    """Sample one model and describe what came out."""
    model = build(name)
    cpu, wall = cpu_seconds(), time.perf_counter()
    sample(name, model, cores)
    wall, cpu = time.perf_counter() - wall, cpu_seconds() - cpu
    posterior, statistics = model.idata["posterior"], model.idata["sample_stats"]
    return {
        "unit": "weeks",
        "priors": {
            parameter: {"distribution": "LogNormal", "mu": math.log(at), "sigma": SIGMA, "median": at}
            for parameter, at in MEDIANS[name].items()
        },
        "sampler": {"name": "PyMC NUTS", **SAMPLER, "draws": DRAWS[name], "cores": cores},
        "likelihood": LIKELIHOODS[name],
        "versions": {"python": platform.python_version(), **{package: version(package) for package in PACKAGES}},
        "wall_s": wall,
        "cpu_s": cpu,
        "divergences": int(statistics["diverging"].sum()),
        "gradients": int(statistics["n_steps"].sum()),
        "parameters": {parameter: summary(posterior[parameter].to_numpy()) for parameter in MEDIANS[name]},
        "predictions": predictions(model),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=sorted(MEDIANS))
    parser.add_argument("--cores", type=int, default=2)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    found = record(arguments.model, arguments.cores)
    models = json.loads(RECORD.read_text(encoding="utf-8"))["models"] if RECORD.exists() else {}
    models = dict(sorted({**models, arguments.model: found}.items()))
    described = {
        "made_by": "benchmarks/record_nuts.py",
        "data": "CDNOW, lifetimes.datasets.load_cdnow_summary: 2,357 customers, 39 weeks of calibration, ages to two decimals",
        "models": models,
    }
    RECORD.parent.mkdir(exist_ok=True)
    RECORD.write_text(json.dumps(described, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
