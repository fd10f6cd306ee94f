"""What a lifecycle model learned, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from crmmodels._typing import FloatArray
from crmmodels.display import Shown
from crmmodels.exceptions import DataError
from crmmodels.kernels.hmm_histories import Histories, histories_of, totals
from crmmodels.kernels.hmm_parameters import HMMParameters
from crmmodels.kernels.hmm_starts import fit_hmm
from crmmodels.kernels.hmm_structure import StageStructure
from crmmodels.models.lifecycle_panel import Panel
from crmmodels.models.parametric_fit import ParametricFit
from crmmodels.progress import Progress

STAGES: Final = ("exploration", "build-up", "stable", "decline")
FEWEST_CUSTOMERS: Final = 50
_MOST_ITERATIONS: Final = 1000


@dataclass(frozen=True, slots=True, eq=False)
class LifecycleFit:
    """What a lifecycle model learned.

    Attributes
    ----------
    parameters : HMMParameters
        Rates, moves and the shape of customers' multipliers; stages are exploration, build-up, stable and decline.
    log_likelihood : float
        Logarithm of the probability of all histories.
    n_customers : int
        Customers of the reference population.
    n_periods : int
        Their periods in all.
    mean_rate : float
        Their orders per period.
    n_iterations : int
        Points that EM went through from the best start.
    converged : bool
        Whether it ended because there was nothing left to gain.
    purchase : ParametricFit or None
        Parameters of the purchase model, in periods; None where there is none.
    """

    parameters: HMMParameters
    log_likelihood: float
    n_customers: int
    n_periods: int
    mean_rate: float
    n_iterations: int
    converged: bool
    purchase: ParametricFit[Any] | None = None

    def view(self) -> Mapping[str, object]:
        """What a model shows of this record.

        Returns
        -------
        mapping of str to object
            The numbers by name.
        """
        clock = {} if self.purchase is None else {"purchase model": Shown(_parameters_of(self.purchase))}
        return {
            "orders per period": _by_stage(self.parameters.rate),
            "staying": _by_stage(np.diag(self.parameters.moves)),
            "shape": self.parameters.shape,
            "log_likelihood": self.log_likelihood,
            "n_customers": self.n_customers,
            "n_periods": self.n_periods,
            "n_iterations": self.n_iterations,
            **clock,
        }


def _by_stage(values: FloatArray) -> Shown:
    return Shown(", ".join(f"{stage} {value:,.4g}" for stage, value in zip(STAGES, values.tolist(), strict=False)))


def _parameters_of(found: ParametricFit[Any]) -> str:
    values = zip(found.names, found.values.tolist(), strict=True)
    return ", ".join(f"{name} {value:,.4g} ± {found.standard_errors[name]:,.2g}" for name, value in values)


def histories_in(panel: Panel) -> Histories:
    """Distinct histories of a panel.

    Parameters
    ----------
    panel : Panel
        The histories of customers.

    Returns
    -------
    Histories
        For the kernels.
    """
    return histories_of(panel.count, panel.exposure, panel.length)


def check_learnable(panel: Panel, reader: str) -> None:
    """Refuse a panel from which stages cannot be learned.

    Parameters
    ----------
    panel : Panel
        The histories of customers.
    reader : str
        Who learns, for the error.

    Raises
    ------
    DataError
        If there are fewer than 50 customers, no orders, or no customer with two periods.
    """
    problems = []
    if (n := len(panel.length)) < FEWEST_CUSTOMERS:
        noun = "customer" if n == 1 else "customers"
        problems.append(
            f"it has {n} {noun}; stages are learned from {FEWEST_CUSTOMERS} or more: fit many, then score as few as there are"
        )
    if panel.length.max() < 2:
        problems.append(
            "every customer has a single period, which tells nothing of moves between stages; use shorter periods, or wait"
        )
    if not panel.count.any():
        problems.append(
            "all n_orders are 0 (of an order log, all after the first order of each customer); without orders there are no stages"
        )
    if problems:
        raise DataError(reader, problems, "panel")


def learn(panel: Panel, structure: StageStructure, n_grid: int, *, n_starts: int, seed: int, owner: str) -> LifecycleFit:
    """Estimate a lifecycle.

    Parameters
    ----------
    panel : Panel
        The histories of customers.
    structure : StageStructure
        Stages, moves and priors.
    n_grid : int
        Nodes of the customers' multipliers; 1 for customers without differences.
    n_starts, seed : int
        Starts of EM, and their seed.
    owner : str
        Who learns, for errors and progress.

    Returns
    -------
    LifecycleFit
        The best found.

    Raises
    ------
    DataError
        If stages cannot be learned from the panel.
    """
    check_learnable(panel, owner)
    histories = histories_in(panel)
    with Progress(f"{owner}.fit", "passes") as progress, Progress("starts", "passes") as starts:
        found = fit_hmm(
            histories,
            structure,
            n_grid,
            n_starts=n_starts,
            seed=seed,
            most_iterations=_MOST_ITERATIONS,
            on_iteration=lambda done, _: progress(done),
            on_start=starts,
        )
    sums = totals(histories)
    return LifecycleFit(
        found.parameters,
        found.log_likelihood,
        len(panel.length),
        len(panel.count),
        float(sums.count @ histories.weight) / float(sums.exposure @ histories.weight),
        len(found.objective),
        found.converged,
    )
