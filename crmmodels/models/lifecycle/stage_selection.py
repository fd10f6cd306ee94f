"""How many stages, with differences between customers or without."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmmodels._typing import IntArray
from crmmodels.data.panel import Panel
from crmmodels.kernels.hmm.filtering import filtered_stages
from crmmodels.kernels.hmm.structure import StageStructure
from crmmodels.models.lifecycle.record import histories_in, learn
from crmmodels.progress import Progress


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A lifecycle that might describe the data.

    Attributes
    ----------
    structure : StageStructure
        Stages, moves and priors.
    n_grid : int
        Nodes of the customers' multipliers; 1 for customers without differences.
    """

    structure: StageStructure
    n_grid: int


def choice_table(
    panel: Panel, candidates: Sequence[Candidate], truth: IntArray | None, *, n_starts: int, seed: int, owner: str
) -> pd.DataFrame:
    r"""Fit each candidate and say how well it describes the data, and, where it is known, the truth.

    Parameters
    ----------
    panel : Panel
        The histories of customers.
    candidates : sequence of Candidate
        What is compared.
    truth : ndarray of int64, shape (n_customers,), or None
        True stage of each customer in the last period, from 0 in the order of the lifecycle.
    n_starts, seed : int
        Starts of EM, and their seed.
    owner : str
        Who compares, for errors and progress.

    Returns
    -------
    pandas.DataFrame
        One row per candidate.

    Notes
    -----
    With k free parameters and n customers :math:`\text{BIC} = k \log n - 2 \log L`; the lowest is best. Customers, not their periods, are
    what is independent.
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
