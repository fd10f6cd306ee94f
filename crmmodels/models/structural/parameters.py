"""What the parameters of a model of surveys may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import isfinite
from typing import Any, Final

from crmmodels.exceptions import ParameterError
from crmmodels.models.parametric.record import check_level
from crmmodels.models.structural.graph import SCHEMES, StructuralGraph
from crmmodels.parameters import is_number, is_whole

_CHOICES: Final[Mapping[str, Sequence[str]]] = {
    "scheme": SCHEMES,
    "missing": ("mean", "listwise", "em"),
    "bootstrap": ("respondents", "moments"),
}
_SWITCHES: Final = ("standardised", "consistent", "nonnegative")


def check_survey_parameters(owner: str, model: Any) -> None:
    """Refuse parameters that are out of range whatever the constructs are.

    Parameters
    ----------
    owner : str
        The model, for the error.
    model : SurveyModel
        Whose parameters.

    Raises
    ------
    ParameterError
        If one is out of range.
    """
    for name, choices in _CHOICES.items():
        if getattr(model, name) not in choices:
            raise ParameterError.unknown_choice(owner, name, choices, getattr(model, name))
    for name in _SWITCHES:
        if not isinstance(getattr(model, name), bool):
            raise ParameterError.must_be(owner, name, "True or False", getattr(model, name))
    for name in ("n_bootstrap", "seed"):
        if not is_whole(getattr(model, name)) or getattr(model, name) < 0:
            raise ParameterError.must_be(owner, name, "a whole number, 0 or more", getattr(model, name))
    _check_bootstrap(owner, model)
    if model.weight is not None and not isinstance(model.weight, str):
        raise ParameterError.must_be(owner, "weight", "None or the name of a column", model.weight)
    codes = model.missing_codes
    if not isinstance(codes, tuple) or not all(is_number(code) and isfinite(code) for code in codes):
        raise ParameterError.must_be(owner, "missing_codes", "numbers that mean 'no answer'", codes)
    bands = model.bands
    usable = isinstance(bands, tuple) and bands and all(is_number(band) and 0 < band < 100 for band in bands)
    if not usable or any(low >= high for low, high in pairwise(bands)):
        raise ParameterError.must_be(owner, "bands", "ascending cut points above 0 and below 100", bands)


def _check_bootstrap(owner: str, model: Any) -> None:
    if model.n_bootstrap == 1:
        raise ParameterError.must_be(owner, "n_bootstrap", "0, or 2 or more", 1)
    check_level(owner, model.level)
    if model.bootstrap == "moments" and model.missing == "em":
        must = "'respondents' where missing='em', whose covariances are found anew in every replicate"
        raise ParameterError.must_be(owner, "bootstrap", must, "moments")


def check_survey(owner: str, model: Any, graph: StructuralGraph, segmented: str, has_index: Mapping[str, bool]) -> None:
    """Refuse parameters that do not go with the constructs and their items.

    Parameters
    ----------
    owner : str
        The model, for the error.
    model : SurveyModel
        Whose parameters.
    graph : StructuralGraph
        Constructs and items.
    segmented : str
        Construct whose index makes the segments.
    has_index : mapping of str to bool
        Whether each construct has an index.

    Raises
    ------
    ParameterError
        If one names no item, or an item that is something else already.
    """
    items = graph.items
    if not isinstance(model.reverse, tuple) or set(model.reverse) - set(items):
        raise ParameterError.must_be(owner, "reverse", f"a sequence of items of the model, {list(items)}", model.reverse)
    if model.weight in items:
        raise ParameterError.must_be(owner, "weight", "a column that is no item", model.weight)
    columns = [*graph.answered, *(f"{name}_standardised" for name in graph.answered)]
    if len(set(columns)) < len(columns):
        raise ParameterError.must_be(owner, "constructs", "of names that differ also with _standardised added", graph.answered)
    if not has_index[segmented]:
        must = f"two ends for every item of {segmented!r}, whose index makes the segments"
        raise ParameterError.must_be(owner, "scale", must, model.scale)


def read_scales(owner: str, scale: Any, blocks: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[float, float] | None]:
    """Ends of the scale of each item.

    Parameters
    ----------
    owner : str
        The model, for the error.
    scale : sequence of two floats, or mapping of str to this or None
        Common, or by item or construct; that of the item counts.
    blocks : mapping of str to tuple of str
        Items of each construct.

    Returns
    -------
    mapping of str to (float, float) or None
        By item; None for a number without a scale.

    Raises
    ------
    ParameterError
        If a scale is no two ascending numbers, an item has none, or a name is unknown.
    """
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
