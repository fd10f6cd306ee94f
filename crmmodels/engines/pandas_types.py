"""Columns of pandas in the types that they encode: categories, Arrow's types, Python objects, zoned times."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from crmmodels.engines.arrow_types import is_nested, plain_type
from crmmodels.wording import plain, rows_at


def with_plain_types(frame: pd.DataFrame, wanted: Mapping[str, tuple[str, str]]) -> tuple[pd.DataFrame, dict[str, str]]:
    """Columns in their own types, and what is wrong with them by role; ``wanted`` has column and kind by role."""
    typed: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for role, (column, kind) in wanted.items():
        if column not in frame.columns:
            continue
        given = typed.get(column, frame[column])
        values, problem = _of_own_type(given, kind)
        if problem is not None:
            problems[role] = f"column {column!r} ({role.split()[0]}) {problem}"
        elif values is not given:
            typed[column] = values
    return frame.assign(**typed) if typed else frame, problems


def _of_own_type(values: pd.Series[Any], kind: str) -> tuple[pd.Series[Any], str | None]:
    """Values in the type that they have, and what is wrong with them; categories of further columns stay."""
    dtype: Any = values.dtype
    if isinstance(dtype, pd.ArrowDtype) and kind != "kept":
        given = dtype.pyarrow_dtype
        if kind == "key" and is_nested(given):
            return values, f"holds values of type {dtype}, which cannot be grouped; make them text or numbers first"
        if (target := plain_type(given)) == given:
            return values, None
        array: Any = values.array
        plain_array = pd.arrays.ArrowExtensionArray(array.__arrow_array__().cast(target))
        return pd.Series(plain_array, index=values.index), None
    if isinstance(dtype, pd.CategoricalDtype) and kind != "kept":
        return values.astype(dtype.categories.dtype), None
    return _typed(values, kind) if pd.api.types.is_object_dtype(dtype) else (values, None)


def _typed(values: pd.Series[Any], kind: str) -> tuple[pd.Series[Any], str | None]:
    """Values in the type that they have, and what is wrong with them."""
    inferred = pd.api.types.infer_dtype(values, skipna=True)
    if kind == "time" and inferred in {"date", "datetime", "datetime64"}:
        try:
            return pd.to_datetime(values), None
        except (ValueError, TypeError):
            return values, (
                "mixes time zones; make them one first with pandas.to_datetime(..., utc=True), and give time_zone= for the zone in "
                "which their day is taken"
            )
    if kind == "number":
        if inferred in {"decimal", "integer", "floating", "mixed-integer-float"}:
            return values.astype(np.float64), None
        return values, _no_number(values)
    if kind == "time" and not inferred.startswith("mixed"):
        return values, None
    return values, _mixture(values, inferred)


def _mixture(values: pd.Series[Any], inferred: str) -> str | None:
    """Why values cannot be told apart, such as text and numbers, or lists; None where they can."""
    if inferred in {"string", "integer", "floating", "boolean", "decimal", "date", "datetime", "bytes", "empty"}:
        return None
    types = {type(item): item for item in values.dropna()}
    if any(kind.__hash__ is None for kind in types):
        return (
            f"holds {', '.join(sorted(kind.__name__ for kind in types))}, which name nothing; make them text or numbers first"
        )
    if len(types) <= 1:
        return None
    shown = ", ".join(
        f"{kind.__name__} such as {plain(item)!r}" for kind, item in sorted(types.items(), key=lambda x: x[0].__name__)
    )
    column = f"frame[{values.name!r}]"
    return f"mixes {shown}; make all of them text: {column} = {column}.astype('string')"


def _no_number(values: pd.Series[Any]) -> str | None:
    """Which cells are no numbers; None where none is told."""
    wrong = values.map(lambda cell: not isinstance(cell, Real | Decimal) or isinstance(cell, bool)) & values.notna()
    if not wrong.any() or wrong[values.notna()].all():
        return None
    cell = values[wrong].iloc[0]
    shown = f"{type(cell).__name__} such as {plain(cell)!r}{rows_at(wrong.to_numpy(dtype=np.bool_))}"
    return f"must be numeric; it holds {shown}: convert it first"


def is_zoned(dtype: object) -> bool:
    """Whether a type of pandas is that of instants, in its own or in Arrow's representation."""
    if isinstance(dtype, pd.ArrowDtype):
        return getattr(dtype.pyarrow_dtype, "tz", None) is not None
    return isinstance(dtype, pd.DatetimeTZDtype)


def with_local_time(frame: pd.DataFrame, column: str, time_zone: str | None) -> pd.DataFrame:
    """Replace zoned timestamps by the time on the local clock."""
    zoned = frame[column]
    if isinstance(zoned.dtype, pd.ArrowDtype):
        zoned = zoned.astype(pd.DatetimeTZDtype("us", zoned.dtype.pyarrow_dtype.tz))
    zoned = zoned if time_zone is None else zoned.dt.tz_convert(time_zone)
    return frame.assign(**{column: zoned.dt.tz_localize(None)})
