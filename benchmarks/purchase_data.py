"""Customers of the purchase models: the CDNOW sample, and any number drawn from a known model, seeded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

# Of daily rates, near those of the CDNOW customers in weeks.
PARAMETERS = {"beta_geo": (0.25, 30.0, 0.8, 2.4), "pareto_nbd": (0.55, 74.0, 0.6, 82.0)}
SPEND = (6.25, 3.74, 15.4)
# Customers who never drop out, with order days as even as chance makes them: where Pareto/NBD has no best dropout.
UNIFORM = "uniform"
UNIFORM_RATE = 0.02
# Behind a model's name: customers whose ages are no whole days, so that hardly any two are alike.
ANY_AGES = "-any-ages"
DAYS = 730
AT_ONCE = 1_000_000
COLUMNS = ("frequency", "age_at_last", "age", "mean_repeat_spend")


def customer_file(kind: str, n_customers: int, folder: Path) -> str:
    """File of the columns, one after the other, written once; for gamma_gamma all customers have repeat orders."""
    path = folder / f"customers-{kind}-{n_customers}.npy"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        parts: list[Any] = []
        while (missing := n_customers - sum(part.shape[1] for part in parts)) > 0:
            if kind == "gamma_gamma":
                drawn = _drawn("beta_geo", AT_ONCE, len(parts))
                parts.append(drawn[:, drawn[0] > 0][:, :missing])
            elif kind == UNIFORM:
                parts.append(_uniform(min(AT_ONCE, missing), len(parts)))
            else:
                at_any_time = kind.endswith(ANY_AGES)
                parts.append(_drawn(kind.removesuffix(ANY_AGES), min(AT_ONCE, missing), len(parts), by_day=not at_any_time))
        partial = path.with_suffix(".partial.npy")
        np.save(partial, np.concatenate(parts, axis=1))
        partial.rename(path)
    return str(path)


def customers(file: str) -> pd.DataFrame:
    """Table of the customers of a file: ages to the day, total spend to the cent."""
    columns = dict(zip(COLUMNS, np.load(file), strict=True))
    columns["frequency"] = columns["frequency"].astype(np.int64)
    return pd.DataFrame({"customer_id": np.arange(len(columns["age"])), **columns})


def cdnow() -> pd.DataFrame:
    """2,357 customers observed for 39 weeks, as lifetimes ships them, with our names of the columns."""
    from lifetimes.datasets import load_cdnow_summary_data_with_monetary_value

    table = load_cdnow_summary_data_with_monetary_value().reset_index()
    return table.rename(columns={"recency": "age_at_last", "T": "age", "monetary_value": "mean_repeat_spend"})


def _uniform(n: int, seed: int) -> Any:
    """Orders at one rate for ever; those of a customer fall on any day."""
    rng = np.random.default_rng([len(PARAMETERS), seed])
    age = rng.integers(1, DAYS, n, endpoint=True).astype(np.float64)
    x = rng.poisson(UNIFORM_RATE * age)
    last = np.where(x > 0, np.ceil(age * rng.beta(np.maximum(x, 1), 1)), 0.0)
    return np.stack([np.minimum(x, last), last, age, np.zeros(n)])


def _drawn(kind: str, n: int, seed: int, *, by_day: bool = True) -> Any:
    """First orders spread evenly over two years; orders counted by the day, once a day, or as they come."""
    from crmmodels.kernels.purchase.beta_geo.likelihood import BetaGeoParameters
    from crmmodels.kernels.purchase.gamma_gamma import GammaGammaParameters
    from crmmodels.kernels.purchase.pareto_nbd.likelihood import ParetoNBDParameters
    from crmmodels.kernels.simulation import purchases as simulation

    rng = np.random.default_rng([sorted(PARAMETERS).index(kind), seed])
    age = rng.integers(1, DAYS, n, endpoint=True).astype(np.float64) if by_day else rng.uniform(1.0, DAYS, n)
    if kind == "beta_geo":
        orders = simulation.simulate_beta_geo(age, BetaGeoParameters(*PARAMETERS[kind]), rng)
    else:
        orders = simulation.simulate_pareto_nbd(age, ParetoNBDParameters(*PARAMETERS[kind]), rng)
    if by_day:
        customer, day = orders.customer, np.ceil(orders.time)
        first_of_day = np.ones(len(day), np.bool_)
        first_of_day[1:] = (customer[1:] != customer[:-1]) | (day[1:] != day[:-1])
        orders = simulation.OrderTimes(customer[first_of_day], day[first_of_day])
    history = simulation.purchase_histories(orders, age)
    spend = simulation.simulate_gamma_gamma(history.frequency.astype(np.int64), GammaGammaParameters(*SPEND), rng)
    n_spent = np.maximum(history.frequency, 1.0)
    mean = np.where(history.frequency > 0, np.maximum(np.round(spend * n_spent, 2), 0.01), 0.0) / n_spent
    return np.stack([history.frequency, history.age_at_last, history.age, mean])
