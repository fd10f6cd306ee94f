"""Stages, the moves between them, and what is believed of both before any data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from crmmodels._typing import BoolArray, FloatArray

LEAST_RISE: Final = 1.05
"""Factor by which the rate of a rising stage is above that of the one before, at least: stages that are alike are one."""


@dataclass(frozen=True, slots=True, eq=False)
class StageStructure:
    """What is fixed of a hidden Markov model before it is fitted.

    Attributes
    ----------
    start : ndarray of float64, shape (n_stages,)
        Probabilities of the stage of the first period.
    allowed : ndarray of bool, shape (n_stages, n_stages)
        Which moves there are.
    prior_moves : ndarray of float64, shape (n_stages, n_stages)
        Moves that are counted in addition to those of the data: the parameters of Dirichlet distributions, less 1.
    decline_ratio : float or None
        Largest rate of the last stage over that of the one before; each other one is above that before it. None for rates without order.
    """

    start: FloatArray
    allowed: BoolArray
    prior_moves: FloatArray
    decline_ratio: float | None

    @property
    def n_stages(self) -> int:
        """Number of stages."""
        return len(self.start)


def lifecycle_structure(
    n_stages: int = 4,
    *,
    recovery: bool = True,
    decline_ratio: float = 0.5,
    expected_dwell: Sequence[float] = (6.0, 6.0, 24.0, 12.0),
    prior_weight: float = 50.0,
) -> StageStructure:
    r"""A lifecycle: stages of rising rates, and decline, which can follow any of them.

    Parameters
    ----------
    n_stages : int, default 4
        Exploration, build-up, stable and decline; with more or fewer there are more or fewer rising stages.
    recovery : bool, default True
        Whether decline can turn into build-up again, the second stage, or the first where there is no second.
    decline_ratio : float, default 0.5
        Largest rate of decline over that of the stage before it.
    expected_dwell : sequence of float, shape (n_stages,)
        Periods that a customer is believed to stay in each stage, above 1.
    prior_weight : float, default 50
        Moves from each stage that this belief counts for.

    Returns
    -------
    StageStructure
        A customer starts in the first stage. A stay has the prior probability :math:`1 - 1/d`, and the moves share the rest.

    References
    ----------
    Dwyer, F. R., Schurr, P. H. & Oh, S. (1987). Developing Buyer-Seller Relationships. Journal of Marketing 51(2), 11-27.
    """
    decline = n_stages - 1
    allowed = np.eye(n_stages, dtype=np.bool_)
    allowed[:, decline] = True
    for stage in range(decline - 1):
        allowed[stage, stage + 1] = True
    if recovery:
        allowed[decline, min(1, decline - 1)] = True
    stay = 1.0 - 1.0 / np.asarray(expected_dwell, np.float64)
    n_moves = allowed.sum(axis=1) - 1
    share = np.divide(1.0 - stay, n_moves, out=np.zeros(n_stages), where=n_moves > 0)
    prior = np.where(np.eye(n_stages, dtype=np.bool_), stay[:, None], share[:, None])
    return StageStructure(np.eye(n_stages)[0], allowed, prior_weight * prior * allowed, float(decline_ratio))


def dwell_of(n_stages: int, expected_dwell: Sequence[float]) -> tuple[float, ...]:
    """Expected dwell times of a lifecycle with more or fewer stages than four.

    Parameters
    ----------
    n_stages : int
        Stages, 2 or more.
    expected_dwell : sequence of float, shape (4,)
        Dwell times of exploration, build-up, stable and decline.

    Returns
    -------
    tuple of float, shape (n_stages,)
        Fewer leave out stable's predecessors, the latest first; more repeat build-up.
    """
    first, middle, last, decline = expected_dwell
    if n_stages == 2:
        return (last, decline)
    return (first, *[middle] * (n_stages - 3), last, decline)
