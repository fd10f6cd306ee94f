"""The scales on which items are answered."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

from crmmodels.exceptions import ParameterError
from crmmodels.parameters import is_number


def read_scales(owner: str, scale: Any, blocks: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[float, float] | None]:
    """Ends of the scale of each item, None for a number without a scale; an item's own scale goes before that of its construct."""
    if not isinstance(scale, Mapping):
        common = _ends_of(owner, scale)
        return {item: common for block in blocks.values() for item in block}
    known = [*blocks, *(item for block in blocks.values() for item in block)]
    if unknown := [name for name in scale if name not in known]:
        raise ParameterError.must_be(owner, "scale", f"a mapping from items or constructs, {known}", unknown)
    scales: dict[str, tuple[float, float] | None] = {}
    for construct, block in blocks.items():
        for item in block:
            if item not in scale and construct not in scale:
                raise ParameterError.must_be(owner, "scale", "a scale for every item or its construct; none is guessed", [item])
            own = scale[item] if item in scale else scale[construct]
            scales[item] = None if own is None else _ends_of(owner, own)
    return scales


def _ends_of(owner: str, given: Any) -> tuple[float, float]:
    usable = isinstance(given, tuple) and len(given) == 2 and all(is_number(end) and isfinite(end) for end in given)
    if not usable or given[0] >= given[1]:
        raise ParameterError.must_be(owner, "scale", "the lowest and the highest answer, such as (1, 10)", given)
    return float(given[0]), float(given[1])
