"""What the hooks of a model gave, checked, so that a slip of its author is told of by the name of the hook."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from crmmodels import saving
from crmmodels._domains import check_value
from crmmodels._typing import AnyArray, IntArray
from crmmodels.data.tables.schema import Column, shown
from crmmodels.exceptions import HookError, SavedFormatError


def read_columns(model: str, given: object) -> tuple[Column, ...]:
    """Columns that ``columns()`` declares."""
    columns = tuple(given) if isinstance(given, Sequence) and not isinstance(given, str) else (given,)
    for column in columns:
        if not isinstance(column, Column):
            raise HookError.gave(model, "columns()", shown(column), "return a tuple of crm.Column, one per column that is read")
    return columns


def read_names(model: str, hook: str, given: object) -> tuple[str, ...]:
    """Names or labels that a hook declares; each stands once."""
    names = tuple(given) if isinstance(given, Sequence) and not isinstance(given, str) else ()
    if not names or not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        raise HookError.gave(model, hook, shown(given), "return a tuple of texts, each of them once")
    return names


def read_numbers(model: str, hook: str, given: object, names: Sequence[str] | None, n: int) -> dict[str, AnyArray]:
    """Columns of shape (n,) that a hook gave; numbers of the declared names where there are some."""
    if not isinstance(given, Mapping):
        raise HookError.gave(model, hook, f"a {type(given).__name__}", "return a mapping of column names to arrays")
    if names is not None and set(given) != set(names):
        raise HookError.gave(
            model, hook, f"the columns {list(given)}", f"return those that score_columns() declares, {list(names)}"
        )
    columns = {name: np.asarray(given[name]) for name in (given if names is None else names)}
    for name, array in columns.items():
        if array.shape != (n,):
            what = "segment, as segment_labels() lists them" if names is None else "customer, as in the arrays that it got"
            raise HookError.gave(model, hook, f"column {name!r} of shape {array.shape}", f"give {n} numbers, one per {what}")
        if names is not None and array.dtype.kind not in "biuf":
            raise HookError.gave(model, hook, f"column {name!r} of type {array.dtype}", "give numbers")
    return columns


def read_codes(model: str, given: object, n: int, labels: Sequence[str]) -> IntArray:
    """Positions in the labels, of shape (n,), that ``_segment`` gave."""
    codes, hook = np.asarray(given), "_segment"
    if codes.shape != (n,):
        raise HookError.gave(model, hook, f"an array of shape {codes.shape}", f"give {n} positions, one per customer")
    what = f"positions in segment_labels(), whole numbers from 0 to {len(labels) - 1}, or -1 for a customer without a segment"
    if codes.dtype.kind not in "iu":
        such = f" such as {shown(codes.tolist()[0])}" if n else ""
        raise HookError.gave(model, hook, f"values of type {codes.dtype}{such}", f"give {what}")
    outside = (codes < -1) | (codes >= len(labels))
    if outside.any():
        raise HookError.gave(model, hook, f"{int(codes[outside][0])} for {int(outside.sum())} of {n} customers", f"give {what}")
    return codes.astype(np.int64, copy=False)


def read_record(model: str, record: Any, record_types: Sequence[type]) -> Any:
    """A fitted record that can be saved and loaded again."""
    if record is None:
        raise HookError.gave(model, "_fit", "None", "return the fitted record")
    if dataclasses.is_dataclass(record) and type(record) not in record_types:
        kind = type(record).__name__
        raise HookError.gave(
            model, "_fit", f"a record of type {kind}", f"list it: record_types = ({kind},), or it cannot be loaded"
        )
    try:
        check_value(record, Any, "the record")
        saving.encode(record)
    except (SavedFormatError, TypeError, ValueError) as error:
        raise HookError.gave(
            model, "_fit", f"a record that cannot be saved: {error}", "return numbers, text and arrays"
        ) from error
    return record
