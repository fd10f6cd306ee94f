"""Columns of encoded types as the type that they encode, so that a log is read as its plain form is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import narwhals as nw
import pandas as pd

from crmmodels.data.orders.options import refused
from crmmodels.data.orders.roles import ROLES


def with_plain_types(frame: pd.DataFrame, roles: Mapping[str, str]) -> pd.DataFrame:
    """Decode the columns of a pandas frame that have a role.

    Parameters
    ----------
    frame : pandas.DataFrame
        The caller's frame.
    roles : mapping of str to str
        Column of each role.

    Returns
    -------
    pandas.DataFrame
        Dictionaries, views and dates of Arrow as their values.

    Raises
    ------
    DataError
        If customers or orders are lists or the like of Arrow, which cannot be grouped.
    """
    decoded: dict[str, Any] = {}
    for role, name in roles.items():
        if name not in frame.columns:
            continue
        column = frame[name]
        if isinstance(column.dtype, pd.ArrowDtype):
            if ROLES[role].kind == "key" and _is_nested(column.dtype.pyarrow_dtype):
                raise _not_grouped(name, role, column.dtype)
            target = _plain_arrow(column.dtype.pyarrow_dtype)
            if target != column.dtype.pyarrow_dtype:
                values: Any = column.array
                plain = pd.arrays.ArrowExtensionArray(values.__arrow_array__().cast(target))
                decoded[name] = pd.Series(plain, index=column.index)
    return frame.assign(**decoded) if decoded else frame


def with_plain_columns(opened: Any, roles: Mapping[str, str]) -> Any:
    """Decode the columns of any other frame that have a role.

    Parameters
    ----------
    opened : narwhals DataFrame or LazyFrame
        The caller's frame.
    roles : mapping of str to str
        Column of each role.

    Returns
    -------
    dataframe
        Dictionaries of a PyArrow table, unless they are names of customers or orders, and its views, as their values; times that
        are categories as text.
    """
    if opened.implementation.is_pyarrow():
        opened = nw.from_native(_plain_table(opened.to_native(), roles))
    dtype = opened.collect_schema().get(roles["time"])
    if isinstance(dtype, nw.Categorical | nw.Enum):
        opened = opened.with_columns(nw.col(roles["time"]).cast(nw.String))
    return opened.to_native()


def _plain_table(table: Any, roles: Mapping[str, str]) -> Any:
    for role, name in roles.items():
        if name not in table.column_names:
            continue
        kind = table.schema.field(name).type
        is_name = ROLES[role].kind == "key" and _arrow().types.is_dictionary(kind) and _is_text(kind.value_type)
        target = _plain_arrow(kind)
        if target != kind and not is_name:
            table = table.set_column(table.column_names.index(name), name, table[name].cast(target))
    return table


def _plain_arrow(kind: Any) -> Any:
    """Type of the values of a type of Arrow, in a form that Arrow can sort and take."""
    arrow = _arrow()
    if arrow.types.is_dictionary(kind):
        return _plain_arrow(kind.value_type)
    plain = {
        arrow.string_view(): arrow.large_string(),
        arrow.binary_view(): arrow.large_binary(),
        arrow.date64(): arrow.date32(),
    }
    return plain.get(kind, kind)


def _is_text(kind: Any) -> bool:
    return kind in {_arrow().string(), _arrow().large_string()}


def _is_nested(kind: Any) -> bool:
    return bool(_arrow().types.is_nested(kind))


def _not_grouped(name: str, role: str, kind: object) -> Exception:
    return refused(
        f"column {name!r} ({role}) holds values of type {kind}, which cannot be grouped; make them text or numbers first"
    )


def _arrow() -> Any:
    """PyArrow, which whoever has a column of it has."""
    import pyarrow as pa  # noqa: PLC0415  (an extra)

    return pa
