"""Tiers of value: their names, and the amounts of money that bound them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pandas as pd

from crmmodels._typing import FloatArray
from crmmodels.kernels.rfm import cut_points
from crmmodels.models.labels import read_labels
from crmmodels.parameters import is_number

_QUARTILES: Final = ("bronze", "silver", "gold", "platinum")
_CLASSES: Final = ("C", "B", "A")
_MOST: Final = 100
_CHINESE: Final = {"bronze": "青铜", "silver": "白银", "gold": "黄金", "platinum": "铂金"}


def are_tiers(tiers: Any) -> bool:
    """Whether a parameter says how to part tiers: "quartiles", "abc", or amounts of money that ascend."""
    if isinstance(tiers, str):
        return tiers in {"quartiles", "abc"}
    usable = isinstance(tiers, tuple) and 0 < len(tiers) < _MOST and all(is_number(t) and math.isfinite(t) for t in tiers)
    return usable and all(low < high for low, high in pairwise(tiers))


def tier_labels(tiers: Any, labels: str | Mapping[str, str]) -> tuple[str, ...]:
    """Labels of the tiers, worst first; numbered from the best, "tier 1", where amounts of money part them."""
    if isinstance(tiers, str):
        names: Sequence[str] = _QUARTILES if tiers == "quartiles" else _CLASSES
        return read_labels("CLVModel", labels, names, _CHINESE)
    numbers = range(len(tiers) + 1, 0, -1)
    chinese = {f"tier {number}": f"第{number}级" for number in numbers}
    return read_labels("CLVModel", labels, tuple(chinese), chinese)


def tier_bounds(tiers: str | Sequence[float], clv: FloatArray) -> FloatArray:
    """Values that part the tiers of a population, ascending, shape (n_tiers - 1,); ``clv`` of shape (n_customers,)."""
    if tiers == "quartiles":
        return cut_points(clv, 4)
    if tiers == "abc":
        best = np.sort(np.maximum(clv, 0.0))[::-1]
        total = best.sum()
        if total == 0:
            return np.zeros(2)
        share = np.cumsum(best) / total
        return np.array([best[min(int(np.searchsorted(share, part)), len(best) - 1)] for part in (0.95, 0.8)])
    return np.array(tiers, np.float64)


def tier_table(labels: Sequence[str], bounds: FloatArray) -> pd.DataFrame:
    """Tiers with the values that bound them, best first, of labels worst first: ``segment, at_least, below``."""
    all_bounds = np.concatenate([[-np.inf], bounds, [np.inf]])
    return pd.DataFrame(
        {"segment": list(labels)[::-1], "at_least": all_bounds[:-1][::-1].copy(), "below": all_bounds[1:][::-1].copy()}
    )
