"""An immutable, hashable, picklable mapping for parameters that are given as dicts."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import TypeVar

import numpy as np

K = TypeVar("K")
V = TypeVar("V")


class FrozenMapping(Mapping[K, V]):
    """A mapping that keeps its order and cannot change.

    ``types.MappingProxyType`` can be neither hashed, copied deeply nor pickled,
    which a model's parameters must be.
    """

    __slots__ = ("_items",)
    _items: dict[K, V]

    def __init__(self, items: Mapping[K, V]) -> None:
        object.__setattr__(self, "_items", dict(items))

    def __setattr__(self, name: str, value: object) -> None:
        msg = f"{type(self).__name__} cannot be changed"
        raise AttributeError(msg)

    def __getitem__(self, key: K) -> V:
        return self._items[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __eq__(self, other: object) -> bool:
        """Whether another mapping has the same items, in the same order where it is frozen, too: labels are ordered."""
        if isinstance(other, FrozenMapping):
            return list(self._items.items()) == list(other._items.items())
        return self._items == other

    def __hash__(self) -> int:
        return hash(tuple(self._items.items()))

    def __repr__(self) -> str:
        return repr(self._items)

    def __reduce__(self) -> tuple[type[FrozenMapping[K, V]], tuple[dict[K, V]]]:
        return type(self), (self._items,)


def freeze(value: object) -> object:
    """Return an immutable equal of a list, mapping or array and the Python value of a NumPy scalar; others as they are."""
    if isinstance(value, np.generic | np.ndarray):
        plain = value.tolist()
        return plain if isinstance(plain, np.generic) else freeze(plain)
    if isinstance(value, list | tuple):
        return tuple(freeze(item) for item in value)
    if isinstance(value, Mapping) and not isinstance(value, FrozenMapping):
        return FrozenMapping({key: freeze(item) for key, item in value.items()})
    return value


def seal(record: object) -> object:
    """Make the arrays of a fitted record read-only, and return it; records within it likewise."""
    if isinstance(record, np.ndarray):
        record.setflags(write=False)
    elif isinstance(record, Mapping):
        for item in record.values():
            seal(item)
    elif isinstance(record, list | tuple):
        for item in record:
            seal(item)
    elif dataclasses.is_dataclass(record) and not isinstance(record, type):
        for field in dataclasses.fields(record):
            seal(getattr(record, field.name))
    return record
