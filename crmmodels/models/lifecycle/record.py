"""What a lifecycle model learned, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from crmmodels._domains import Count, CountFromOne, Positive, require
from crmmodels._typing import BoolArray, FloatArray
from crmmodels.data.panel import Panel
from crmmodels.display import Shown
from crmmodels.exceptions import DataError
from crmmodels.kernels.hmm.filtering import filtered_paths
from crmmodels.kernels.hmm.fit import fit_hmm
from crmmodels.kernels.hmm.histories import Histories, cells_of, histories_of, totals
from crmmodels.kernels.hmm.multipliers import LARGEST_SHAPE, SMALLEST_SHAPE
from crmmodels.kernels.hmm.parameters import HMMParameters
from crmmodels.kernels.hmm.structure import LEAST_RISE, StageStructure
from crmmodels.models.parametric.record import ParametricFit
from crmmodels.progress import Progress

STAGES: Final = ("exploration", "build-up", "stable", "decline")
FEWEST_CUSTOMERS: Final = 50
_MOST_ITERATIONS: Final = 1000
_ROUNDING: Final = 1e-6
_LARGEST_RATE: Final = 1e9
_FARTHEST: Final = 1e9
"""Orders per period, and log-likelihood per period, are within these for any data."""


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
    n_customers: CountFromOne
    n_periods: CountFromOne
    mean_rate: Positive
    n_iterations: Count
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


def check_parameters(found: HMMParameters, allowed: BoolArray, decline_ratio: float) -> None:
    """Refuse rates, moves and multipliers that EM cannot have found; ``allowed`` of shape (n_stages, n_stages) says which moves there are."""
    rate, moves, where = found.rate, found.moves, "fitted.parameters"
    room = 1.0 + _ROUNDING
    require(bool((rate <= _LARGEST_RATE).all()), f"{where}.rate must be at most {_LARGEST_RATE:g}; got {rate.tolist()}")
    rises = bool((rate[1:-1] * room >= LEAST_RISE * rate[:-2]).all())
    is_so = rises and rate[-1] <= room * decline_ratio * rate[-2]
    require(is_so, f"{where}.rate must rise up to stable, and fall to decline; got {rate.tolist()}")
    require(bool((moves[~allowed] == 0).all()), f"{where}.moves must be 0 where the lifecycle knows no such move")
    require(np.allclose(moves.sum(axis=1), 1.0, rtol=0.0, atol=_ROUNDING), f"{where}.moves from each stage must add up to 1")
    one = found.n_grid == 1
    is_so = np.isinf(found.shape) if one else SMALLEST_SHAPE / room <= found.shape <= LARGEST_SHAPE * room
    must = "infinite for one node" if one else f"from {SMALLEST_SHAPE:g} to {LARGEST_SHAPE:g}"
    require(bool(is_so), f"{where}.shape must be {must}; got {found.shape!r}")


def check_counts(fitted: LifecycleFit) -> None:
    """Refuse numbers of customers and periods that do not go together."""
    n, periods = fitted.n_customers, fitted.n_periods
    require(n >= FEWEST_CUSTOMERS, f"fitted.n_customers must be {FEWEST_CUSTOMERS} or more; got {n}")
    require(periods > n, f"fitted.n_periods must be more than the {n} customers; got {periods}")
    is_so = fitted.log_likelihood <= _ROUNDING * periods
    require(is_so, f"fitted.log_likelihood must be that of a probability, at most 0; got {fitted.log_likelihood!r}")
    require(
        abs(fitted.log_likelihood) <= _FARTHEST * periods,
        f"fitted.log_likelihood is {fitted.log_likelihood!r}, of {periods} periods",
    )
    require(fitted.mean_rate <= _LARGEST_RATE, f"fitted.mean_rate must be at most {_LARGEST_RATE:g}; got {fitted.mean_rate!r}")
    require(fitted.n_iterations > 0, "fitted.n_iterations must be 1 or more; got 0")


def histories_in(panel: Panel) -> Histories:
    """Distinct histories of a panel, for the kernels."""
    return histories_of(panel.count, panel.exposure, panel.length)


def stage_paths(panel: Panel, parameters: HMMParameters) -> FloatArray:
    """Stage probabilities in each row of a panel, given the orders up to it; shape (n_rows, n_stages), rows add up to 1."""
    histories = histories_in(panel)
    # As lifecycle_structure has it, customers start in the first stage.
    found = filtered_paths(histories, np.eye(len(parameters.rate))[0], parameters)
    return found[cells_of(histories.start[histories.history], panel.length)]


def check_learnable(panel: Panel, reader: str) -> None:
    """Refuse a panel of fewer than 50 customers, without orders, or without a customer of two periods."""
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
    """Estimate a lifecycle; ``n_grid`` is the number of nodes of the multipliers, 1 for customers without differences."""
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
