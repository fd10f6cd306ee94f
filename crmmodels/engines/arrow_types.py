"""Types of Arrow, which tables of PyArrow and columns of pandas have."""

from __future__ import annotations

from typing import Any


def plain_type(kind: Any) -> Any:
    """Type of the values of a type of Arrow, in a form that Arrow can sort and take."""
    import pyarrow as pa  # noqa: PLC0415  (an extra, which whoever has a type of it has)

    if pa.types.is_dictionary(kind):
        return plain_type(kind.value_type)
    plain = {pa.string_view(): pa.large_string(), pa.binary_view(): pa.large_binary(), pa.date64(): pa.date32()}
    return plain.get(kind, kind)


def is_nested(kind: Any) -> bool:
    """Whether values are lists or the like, which cannot be grouped."""
    import pyarrow as pa  # noqa: PLC0415  (an extra, which whoever has a type of it has)

    return bool(pa.types.is_nested(kind))
