"""Other values of the parameters of a model."""

from __future__ import annotations

import dataclasses
import itertools
import re
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
        Not fitted. None where no other value that was tried is admitted, alone or with another value of a parameter that has a list of them.
    """
    given = {field.name: getattr(model, field.name) for field in dataclasses.fields(model)}  # type: ignore[arg-type]
    values = [*_by_type(type(model), name), *_by_value(model, given[name]), *_mappings(model, given, name)]
    beside = [{other: value} for other in given if other != name for value in _by_type(type(model), other)]
    for also, value in itertools.product(({}, *beside), values):
        made = _made(model, {**given, **also, name: value})
        if made is not None and getattr(made, name) != given[name]:
            return made
    return None


def _made(model: AnyModel, parameters: Mapping[str, Any]) -> AnyModel | None:
    try:
        return type(model)(**parameters)
    except (CrmModelsError, TypeError, ValueError):
        return None


def _parts_of_hint(cls: type, name: str) -> Iterator[Any]:
    """The types of which the annotation of a parameter is made."""
    try:
        pending = [typing.get_type_hints(cls).get(name)]
    except (NameError, TypeError):
        return
    while pending:
        item = pending.pop()
        yield item
        if typing.get_origin(item) is not Literal:
            pending += typing.get_args(item)


def _by_type(cls: type, name: str) -> Iterator[Any]:
    """Values that the annotation lists."""
    for part in _parts_of_hint(cls, name):
        if typing.get_origin(part) is Literal:
            yield from typing.get_args(part)


def _mappings(model: AnyModel, given: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    """Mappings whose keys the refusal of an unknown one lists."""
    parts = list(_parts_of_hint(type(model), name))
    if not any(typing.get_origin(part) is Mapping for part in parts):
        return
    records = [record for part in parts if (record := _record_of(part)) is not None]
    for item in (*records, "another label", *(tuple(range(1, n)) for n in range(2, 8))):
        try:
            type(model)(**{**given, name: {"an unknown key": item}})
        except CrmModelsError as refusal:
            for key in re.findall(r"'([^']+)'", str(refusal)):
                yield {key: item}
        except (TypeError, ValueError):
            continue


def _record_of(part: Any) -> Any:
    """A record of two numbers, where a type is that of such; else None."""
    if not isinstance(part, type) or not dataclasses.is_dataclass(part):
        return None
    kind: Any = part
    try:
        return kind(1.0, 2.0)
    except (CrmModelsError, TypeError, ValueError):
        return None


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
