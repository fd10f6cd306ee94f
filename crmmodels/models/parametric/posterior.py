"""Draws of parameters, and what they say about answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from crmmodels._typing import AnyArray, FloatArray
from crmmodels.kernels.purchase.histories import distinct
from crmmodels.parameters import check_level

_VALUES_AT_ONCE: Final = 4_000_000
"""Answers that are held at a time before their quantiles are taken: 32 MB."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PosteriorDraws:
    """Parameters drawn from their posterior.

    Attributes
    ----------
    names : tuple of str
        Parameters.
    values : ndarray of float64, shape (n_draws, n_parameters)
        The draws, all of equal weight.
    pareto_k : float
        Pareto k̂ of the importance weights: below 0.5 all is well, above 0.7 tails and means are unreliable.
    effective_size : float
        Independent draws that the importance weights are worth.
    """

    names: tuple[str, ...]
    values: FloatArray
    pareto_k: float
    effective_size: float

    def __len__(self) -> int:
        """Number of draws."""
        return len(self.values)

    def __repr__(self) -> str:
        """Number of draws, parameters and diagnostic."""
        return f"PosteriorDraws({len(self):,} draws of {', '.join(self.names)}; Pareto k {self.pareto_k:.2f})"

    def frame(self) -> pd.DataFrame:
        """The draws as a table.

        Returns
        -------
        pandas.DataFrame
            One column per parameter, one row per draw.
        """
        return pd.DataFrame(self.values, columns=pd.Index(self.names))

    def interval(self, level: float = 0.95) -> pd.DataFrame:
        """Posterior mean, standard deviation and limits of the parameters.

        Parameters
        ----------
        level : float, default 0.95
            Share of the draws between the limits.

        Returns
        -------
        pandas.DataFrame
            One row per parameter: ``mean, standard_deviation, median, lower, upper``.

        Raises
        ------
        ParameterError
            If the level is not between 0 and 1.
        """
        check_level("interval", level)
        low, middle, high = np.quantile(self.values, [0.5 - 0.5 * level, 0.5, 0.5 + 0.5 * level], axis=0)
        columns = {
            "mean": self.values.mean(axis=0),
            "standard_deviation": self.values.std(axis=0),
            "median": middle,
            "lower": low,
            "upper": high,
        }
        return pd.DataFrame(columns, index=pd.Index(self.names, name="parameter"))


def over_draws(
    columns: Mapping[str, AnyArray],
    values: Mapping[str, FloatArray],
    answer: Callable[[Mapping[str, FloatArray], Any], Mapping[str, AnyArray]],
    parameters: type,
    draws: PosteriorDraws,
    *,
    level: float,
    progress: Callable[[int, int], None],
) -> dict[str, AnyArray]:
    """Columns of shape (n_customers,) and, for each column ``c``, the limits ``c_lower, c_upper`` between which it lies for most draws."""
    # Customers with equal values have equal answers.
    found = distinct(tuple(values.values()))
    values = {name: column[found.first] for name, column in values.items()}
    names, n_rows = list(columns), len(found.first)
    limits = {name: np.empty((2, n_rows)) for name in names}
    size = max(1, _VALUES_AT_ONCE // (len(draws) * len(names)))
    n_blocks = -(-n_rows // size)
    for block, first in enumerate(range(0, n_rows, size)):
        rows = slice(first, min(first + size, n_rows))
        part = {name: column[rows] for name, column in values.items()}
        drawn = {name: np.empty((len(draws), rows.stop - rows.start)) for name in names}
        for number, draw in enumerate(draws.values.tolist()):  # noqa: PD011  (no pandas object)
            for name, column in answer(part, parameters(*draw)).items():
                drawn[name][number] = column
            progress(block * len(draws) + number + 1, n_blocks * len(draws))
        for name in names:
            limits[name][:, rows] = np.quantile(drawn[name], [0.5 - 0.5 * level, 0.5 + 0.5 * level], axis=0)
    result: dict[str, AnyArray] = {}
    for name in names:
        lower, upper = limits[name][:, found.row]
        result |= {name: columns[name], f"{name}_lower": lower, f"{name}_upper": upper}
    return result
