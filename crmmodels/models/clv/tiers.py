"""Tiers of value: their names, and the amounts of money that bound them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from crmmodels._typing import FloatArray
from crmmodels.models.labels import read_labels

_QUARTILES: Final = ("bronze", "silver", "gold", "platinum")
_CLASSES: Final = ("C", "B", "A")
_CHINESE: Final = {"bronze": "青铜", "silver": "白银", "gold": "黄金", "platinum": "铂金"}


def tier_labels(tiers: Any, labels: str | Mapping[str, str]) -> tuple[str, ...]:
    """Labels of the tiers, worst first.

    Parameters
    ----------
    tiers : {"quartiles", "abc"} or sequence of float
        The tiers.
    labels : {"en", "zh"} or mapping of str to str
        Language, or wording.

    Returns
    -------
    tuple of str
        Numbered from the best, "tier 1", where amounts of money part them.

    Raises
    ------
    ParameterError
        If the language or a label is unknown, or two tiers would share a label.
    """
    if isinstance(tiers, str):
        names: Sequence[str] = _QUARTILES if tiers == "quartiles" else _CLASSES
        return read_labels("CLVModel", labels, names, _CHINESE)
    numbers = range(len(tiers) + 1, 0, -1)
    chinese = {f"tier {number}": f"第{number}级" for number in numbers}
    return read_labels("CLVModel", labels, tuple(chinese), chinese)


def tier_table(labels: Sequence[str], bounds: FloatArray) -> pd.DataFrame:
    """Tiers with the values that bound them.

    Parameters
    ----------
    labels : sequence of str
        Worst first.
    bounds : ndarray of float64, shape (n_tiers - 1,)
        Values that part them, ascending.

    Returns
    -------
    pandas.DataFrame
        One row per tier, best first: ``segment, at_least, below``.
    """
    all_bounds = np.concatenate([[-np.inf], bounds, [np.inf]])
    return pd.DataFrame(
        {"segment": list(labels)[::-1], "at_least": all_bounds[:-1][::-1].copy(), "below": all_bounds[1:][::-1].copy()}
    )
