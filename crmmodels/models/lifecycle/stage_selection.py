"""How many stages, with differences between customers or without."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from crmmodels._typing import IntArray
from crmmodels.data.panel import Panel
from crmmodels.exceptions import DataError, ParameterError
from crmmodels.kernels.hmm.filtering import filtered_stages
from crmmodels.kernels.hmm.structure import StageStructure
from crmmodels.models.lifecycle.record import STAGES, histories_in, learn
from crmmodels.progress import Progress
from crmmodels.wording import count_of, plain


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A lifecycle that might describe the data; ``n_grid`` is 1 for customers without differences."""

    structure: StageStructure
    n_grid: int


def choice_table(
    panel: Panel, candidates: Sequence[Candidate], truth: IntArray | None, *, n_starts: int, seed: int, owner: str
) -> pd.DataFrame:
    r"""Fit each candidate and compare the fits, also with the true stages (n_customers,) of the last period where they are known.

    With k free parameters and n customers :math:`\text{BIC} = k \log n - 2 \log L`. Customers, not their periods, are what is independent.
    """
    rows = []
    histories = histories_in(panel)
    with Progress(f"{owner}.choice", "lifecycles") as progress:
        for candidate in progress.over(candidates):
            structure, n_grid = candidate.structure, candidate.n_grid
            fitted = learn(panel, structure, n_grid, n_starts=n_starts, seed=seed, owner=owner)
            n_parameters = int(structure.allowed.sum()) + (1 if n_grid > 1 else 0)
            row: dict[str, object] = {
                "n_stages": structure.n_stages,
                "heterogeneity": n_grid > 1,
                "n_parameters": n_parameters,
                "log_likelihood": fitted.log_likelihood,
                "bic": n_parameters * math.log(fitted.n_customers) - 2.0 * fitted.log_likelihood,
            }
            if truth is not None:
                found = filtered_stages(histories, structure.start, fitted.parameters, 1, fitted.mean_rate)
                stage = found.probability.argmax(axis=1)[histories.history]
                known = structure.n_stages == 4
                row |= {
                    "accuracy": float((stage == truth).mean()) if known else math.nan,
                    "majority": float(np.bincount(truth).max() / len(truth)),
                    "decline_recall": float((stage[truth == 3] == structure.n_stages - 1).mean())
                    if (truth == 3).any()
                    else math.nan,
                }
            rows.append(row)
    return pd.DataFrame(rows)


def true_stages(truth: Any, customers: Sequence[Any]) -> IntArray:
    """Number of each customer's true stage."""
    must = "a pandas Series on the customers, of 0 to 3 or names of stages"
    if not isinstance(truth, pd.Series) or not truth.index.is_unique:
        raise ParameterError.must_be("choice", "truth", must, truth)
    numbers: dict[Any, int] = {
        **{stage: number for number, stage in enumerate(STAGES)},
        **{number: number for number in range(len(STAGES))},
    }
    stage = [numbers.get(plain(value), -1) for value in truth.reindex(pd.Index(customers)).tolist()]
    if min(stage) < 0:
        n = sum(number < 0 for number in stage)
        raise DataError(
            "LifecycleModel", [f"{count_of(n, 'customer')} of the panel without a stage among {list(STAGES)}"], "truth"
        )
    return np.array(stage, np.int64)
