"""Other values of the parameters of a model."""

from __future__ import annotations

import dataclasses
import itertools
import typing
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from crmmodels.exceptions import CrmModelsError
from crmmodels.testing.checks.claims import AnyModel


def variant_of(model: AnyModel, name: str) -> AnyModel | None:
    """Make a model that differs from another in one parameter.

    Parameters
    ----------
    model : BaseModel
        The model.
    name : str
        The parameter.

    Returns
    -------
    BaseModel or None
        Not fitted. None where no other value that was tried is admitted.
    """
    cls = type(model)
    given = {field.name: getattr(model, field.name) for field in dataclasses.fields(model)}  # type: ignore[arg-type]
    for value in itertools.chain(_by_type(cls, name), _by_value(model, given[name])):
        try:
            other = cls(**{**given, name: value})
            differs = bool(getattr(other, name) != given[name])
        except (CrmModelsError, TypeError, ValueError):
            continue
        if differs:
            return other
    return None


def _by_type(cls: type, name: str) -> Iterator[Any]:
    """Values that the annotation lists."""
    try:
        hint = typing.get_type_hints(cls).get(name)
    except (NameError, TypeError):
        return
    pending = [hint]
    while pending:
        item = pending.pop()
        if typing.get_origin(item) is Literal:
            yield from typing.get_args(item)
        else:
            pending += typing.get_args(item)


def _by_value(model: AnyModel, value: Any) -> Iterable[Any]:
    """Values like one that is admitted."""
    if isinstance(value, bool):
        return (not value,)
    if isinstance(value, int | float):
        return (value + 1, value - 1, value * 2, value * 0.9, value * 1.1, value * 0.5, (value + 1) / 2, 0, 1, 2, 0.5, 10)
    if isinstance(value, str):
        return (f"{value}_2", *"DWMQY", "en", "zh", *_relabelled(model))
    if isinstance(value, Mapping):
        return (dict(list(value.items())[1:]), {}, *_relabelled(model))
    if isinstance(value, tuple):
        return _of_tuple(value)
    if value is None:
        return (1, 0.5, 2.0, "a_column", (1, 2), (0.1, 0.2), *_relabelled(model))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _of_record(value)
    return (None,)


def _relabelled(model: AnyModel) -> Iterator[Mapping[str, str]]:
    labels = list(model.segment_labels())
    if labels:
        yield {labels[0]: "another label"}


def _of_tuple(value: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    numbers = [item for item in value if isinstance(item, int | float) and not isinstance(item, bool)]
    if numbers and len(numbers) == len(value):
        for factor in (0.9, 1.1, 2):
            yield tuple(item * factor for item in value)
        yield (value[0] + 1, *value[1:])
        yield (*value[:-1], value[-1] + 1)
    yield value[1:]
    yield value[:-1]
    yield (1.0, 2.0)


def _of_record(value: Any) -> Iterator[Any]:
    """A record, or a model within a model, with one field changed."""
    for field in dataclasses.fields(value):
        item = getattr(value, field.name)
        if isinstance(item, int | float) and not isinstance(item, bool):
            for other in (item + 1, item * 2, item * 0.5):
                try:
                    yield dataclasses.replace(value, **{field.name: other})
                except (CrmModelsError, TypeError, ValueError):
                    continue
