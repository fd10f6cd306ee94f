"""Importance and performance: what moves a construct, and how much room it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from crmmodels._typing import FloatArray
from crmmodels.exceptions import ParameterError
from crmmodels.models.structural.record import StructuralFit
from crmmodels.parameters import check_choice

_FULL = 100.0
_OWNER = "importance_performance"


def importance_of(
    fitted: StructuralFit, target: str, by: Literal["construct", "item"], ends: tuple[FloatArray, FloatArray], reader: str
) -> pd.DataFrame:
    """Importance of everything that leads to a construct and its performance, largest gain first; ``ends`` are (n_items,) each."""
    check_choice(_OWNER, "by", by, ("construct", "item"))
    effects = fitted.unstandardised_effects
    explained = list(dict.fromkeys(effects["target"]))
    if target not in explained:
        must = f"one of the constructs of {reader} that others explain, {explained}"
        raise ParameterError.must_be(_OWNER, "target", must, target)
    effects = effects[effects["target"] == target].set_index("source")
    index = fitted.index.set_index("construct")
    table = _by_construct(effects, index) if by == "construct" else _by_item(fitted, effects, ends)
    room = np.where(table["importance"] < 0, -table["performance"], _FULL - table["performance"])
    table = table.assign(gain=table["importance"] * room)
    front = [name for name in ("construct", "item", "importance", "performance", "gain") if name in table.columns]
    ordered = table[[*front, *(name for name in table.columns if name not in front)]]
    return ordered.sort_values("gain", ascending=False, kind="stable", ignore_index=True)


def _by_construct(effects: pd.DataFrame, index: pd.DataFrame) -> pd.DataFrame:
    columns: dict[str, Any] = {
        "construct": effects.index,
        "importance": effects["estimate"].to_numpy(),
        "performance": index.loc[effects.index, "estimate"].to_numpy(),
    }
    for name in _limits(effects):
        columns[f"importance_{name}"] = effects[name].to_numpy()
        columns[f"performance_{name}"] = index.loc[effects.index, name].to_numpy()
    return pd.DataFrame(columns)


def _limits(effects: pd.DataFrame) -> Sequence[str]:
    return [name for name in ("lower", "upper") if name in effects.columns]


def _by_item(fitted: StructuralFit, effects: pd.DataFrame, ends: tuple[FloatArray, FloatArray]) -> pd.DataFrame:
    """Items share the importance of their construct as they share its index, on their own way from 0 to 100."""
    low, high = ends
    means = fitted.quantities["item_means"]
    kinds = {"performance": means.estimate, "performance_lower": means.lower, "performance_upper": means.upper}
    performance = {name: _FULL * (mean - low) / (high - low) for name, mean in kinds.items() if mean is not None}
    rows = []
    for construct, effect in zip(effects.index, effects["estimate"].to_numpy(), strict=True):
        shares = fitted.rule.index_weights[:, fitted.constructs.index(construct)] / _FULL
        for position in np.flatnonzero(shares):
            own = {name: values[position] for name, values in performance.items()}
            item = fitted.items[position]
            rows.append({"construct": construct, "item": item, "importance": effect * shares[position], **own})
    return pd.DataFrame(rows)
