"""Posterior draws against those of NUTS, at the same priors, for the CDNOW customers.

benchmarks/recorded/nuts.json holds what PyMC drew with the likelihoods of pymc-marketing 1.3.0, and the Monte-Carlo standard error of each
quantile; benchmarks/record_nuts.py says how. Errors of ours come from the number of draws that the sample is worth.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from lifetimes.datasets import load_cdnow_summary

import crmmodels as crm

RECORD = Path(__file__).resolve().parents[3] / "benchmarks" / "recorded" / "nuts.json"
KINDS = {"beta_geo": crm.BetaGeoModel, "pareto_nbd": crm.ParetoNBDModel}
N_DRAWS, SEED = 4000, 1
WITHIN_ERRORS = 4.0
ALLOWANCE = 0.01
"""In posterior standard deviations: the surrogate of the likelihood may err by 2 % of a weight, which moves quantiles by about as much."""


@dataclass(frozen=True)
class Posterior:
    model: Any
    draws: Any


@dataclass(frozen=True)
class Difference:
    """Ours less theirs at one quantile, and the standard error of that."""

    what: str
    value: float
    error: float
    deviation: float

    @property
    def agrees(self) -> bool:
        return abs(self.value) <= WITHIN_ERRORS * self.error + ALLOWANCE * self.deviation


@pytest.fixture(scope="module")
def recorded() -> dict[str, Any]:
    return json.loads(RECORD.read_text(encoding="utf-8"))["models"]


@pytest.fixture(scope="module")
def customers() -> pd.DataFrame:
    return load_cdnow_summary().reset_index(names="customer_id").rename(columns={"recency": "age_at_last", "T": "age"})


@pytest.fixture(scope="module", params=sorted(KINDS))
def name(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def posterior(name, recorded, customers) -> Posterior:
    return drawn(name, recorded[name]["priors"], customers)


def drawn(name: str, priors: dict[str, Any], customers: pd.DataFrame, narrower: float = 1.0) -> Posterior:
    """Draws at the recorded priors, or at such with less spread."""
    prior = {p: crm.LogNormalPrior(median=given["median"], sigma=narrower * given["sigma"]) for p, given in priors.items()}
    model = KINDS[name](horizon=39.0, unit="W", prior=prior).fit(customers)
    return Posterior(model, model.sample_posterior(customers, N_DRAWS, rng=SEED))


def differences(what: str, ours: np.ndarray, theirs: dict[str, Any], effective: float) -> Iterator[Difference]:
    for level, value in theirs["quantiles"].items():
        share = float(level)
        width = np.sqrt(share * (1.0 - share) / effective)
        low, middle, high = np.quantile(ours, [max(share - width, 0.0), share, min(share + width, 1.0)])
        error = np.hypot(theirs["quantile_mcse"][level], 0.5 * (high - low))
        yield Difference(f"{what}, {level}", middle - value, error, theirs["sd"])


def of_parameters(posterior: Posterior, theirs: dict[str, Any]) -> list[Difference]:
    columns = zip(posterior.draws.names, posterior.draws.values.T, strict=True)
    worth = n_independent(posterior.draws.effective_size, len(posterior.draws))
    return [found for parameter, ours in columns for found in differences(parameter, ours, theirs[parameter], worth)]


def n_independent(effective_size: float, n_chosen: int) -> float:
    """Weighted candidates are worth so many draws, and choosing among them adds its own chance."""
    return 1.0 / (1.0 / effective_size + 1.0 / n_chosen)


def disagreeing(found: Iterable[Difference]) -> list[Difference]:
    return [difference for difference in found if not difference.agrees]


def test_what_is_recorded_can_be_relied_on(name, recorded):
    record = recorded[name]
    assert record["divergences"] == 0
    quantities = [*record["parameters"].values(), *(p for p in record["predictions"] if "always" not in p)]
    assert all(q["r_hat"] < 1.01 and q["ess_bulk"] > 4000 for q in quantities)
    assert {prior["distribution"] for prior in record["priors"].values()} == {"LogNormal"}


def test_parameters_agree_with_nuts(name, posterior, recorded):
    found = of_parameters(posterior, recorded[name]["parameters"])
    assert len(found) == 28
    assert disagreeing(found) == []


def test_predictions_agree_with_nuts(name, posterior, recorded):
    predictions = pd.DataFrame(recorded[name]["predictions"])
    who = predictions[["frequency", "age_at_last", "age"]].drop_duplicates().astype(float)
    columns = who.to_numpy().T
    parameters = type(posterior.model.fitted.parameters)
    used = posterior.draws.values[::2]
    answers = [posterior.model.process.prospects(*columns, 39.0, parameters(*draw)) for draw in used]
    worth, found, constant = n_independent(posterior.draws.effective_size, len(used)), [], []
    for prediction in recorded[name]["predictions"]:
        quantity = prediction["quantity"]
        customer = tuple(float(prediction[column]) for column in who)
        place = list(who.itertuples(index=False, name=None)).index(customer)
        ours = np.array([getattr(answer, quantity)[place] for answer in answers])
        if "always" in prediction:
            assert (ours == prediction["always"]).all()
            constant.append((quantity, *customer))
        else:
            assert prediction.get("horizon", 39.0) == 39.0
            found += differences(f"{quantity} of {customer}", ours, prediction, worth)
    assert constant == ([("probability_alive", 0.0, 0.0, 38.86)] if name == "beta_geo" else [])
    assert len(found) == 7 * (6 - len(constant))
    assert disagreeing(found) == []


def test_the_comparison_tells_other_posteriors_apart(name, posterior, recorded, customers):
    """Priors half as wide, and the normal approximation, from which the draws are resampled, do not agree."""
    theirs = recorded[name]["parameters"]
    narrow = drawn(name, recorded[name]["priors"], customers, narrower=0.5)
    assert disagreeing(of_parameters(narrow, theirs))
    fitted = posterior.model.fitted
    normal = np.random.default_rng(SEED).multivariate_normal(np.log(fitted.values), fitted.covariance, N_DRAWS)
    flat = crm.PosteriorDraws(fitted.names, np.exp(normal), 0.0, float(N_DRAWS))
    assert disagreeing(of_parameters(Posterior(posterior.model, flat), theirs))
