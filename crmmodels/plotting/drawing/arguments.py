"""Checks of arguments that several plots take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeVar

import numpy as np

from crmmodels._typing import FloatArray
from crmmodels.base import BaseModel
from crmmodels.exceptions import NotFittedError, ParameterError
from crmmodels.parameters import is_number, is_whole

FitT = TypeVar("FitT")

MOST_CLASSES: Final = 1_000
"""Classes along an axis; more cannot be told apart."""


def check_choice(plot: str, name: str, choices: tuple[str, ...], given: object) -> None:
    """Raise ParameterError for a name that is not among the choices."""
    if given not in choices:
        raise ParameterError.unknown_choice(plot, name, choices, given)


def fitted_record(plot: str, model: BaseModel[Any, FitT], kind: type, must: str) -> FitT:
    """Return the fitted record of a model of a kind; refuse other models, and those that are not fitted."""
    if not isinstance(model, kind):
        raise ParameterError.must_be(plot, "model", must, type(model))
    if not model.is_fitted:
        raise NotFittedError.before(type(model).__name__, plot)
    return model.fitted


def checked_bins(plot: str, bins: int | Sequence[float] | None) -> int | FloatArray | None:
    """Return a number of classes, or their ascending bounds; raise ParameterError for anything else."""
    if bins is None or (is_whole(bins) and 1 <= bins <= MOST_CLASSES):
        return bins
    given = bins.tolist() if isinstance(bins, np.ndarray) else bins
    if isinstance(given, list | tuple) and 1 < len(given) <= MOST_CLASSES and all(map(is_number, given)):
        edges = np.array(given, np.float64)
        if np.isfinite(edges).all() and (np.diff(edges) > 0).all():
            return edges
    must = f"a whole number from 1 to {MOST_CLASSES:,}, or ascending bounds"
    raise ParameterError.must_be(plot, "bins", must, bins)
