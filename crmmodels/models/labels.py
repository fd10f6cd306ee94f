"""Segment labels in English, Chinese or the user's own words, and the cut points between segments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crmmodels.exceptions import ParameterError
from crmmodels.parameters import is_number


def read_labels(
    owner: str, given: str | Mapping[str, str], names: Sequence[str], chinese: Mapping[str, str]
) -> tuple[str, ...]:
    """Segment labels, worst first, in the language or wording asked for, or ParameterError; a label without a Chinese one stays as it is."""
    if isinstance(given, str):
        if given not in {"en", "zh"}:
            raise ParameterError.must_be(owner, "labels", "'en', 'zh' or a mapping of label to wording", given)
        labels = tuple(names) if given == "en" else tuple(chinese.get(name, name) for name in names)
    elif not isinstance(given, Mapping) or not all(isinstance(label, str) for label in given.values()):
        raise ParameterError.must_be(owner, "labels", "'en', 'zh' or a mapping of label to wording", given)
    else:
        if unknown := sorted(set(given) - set(names), key=str):
            raise ParameterError.must_be(owner, "labels", f"a mapping whose keys are among {list(names)}", unknown)
        labels = tuple(given.get(name, name) for name in names)
    if len(set(labels)) < len(labels):
        raise ParameterError.must_be(owner, "labels", "a wording that tells all segments apart", labels)
    return labels


def check_cut_points(owner: str, cuts: Sequence[float], n: int, must: str) -> None:
    """Raise ParameterError unless cut points are ``n`` ascending numbers between 0 and 1."""
    usable = isinstance(cuts, tuple) and len(cuts) == n and all(is_number(cut) and 0 < cut < 1 for cut in cuts)
    if not usable or sorted(set(cuts)) != list(cuts):
        raise ParameterError.must_be(owner, "cut_points", f"{must} between 0 and 1", cuts)
