"""Further columns of an order log in memory, of which each customer keeps the last value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from crmmodels._typing import AnyArray, BoolArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class KeptColumn:
    """A column, ready to be reduced to the last value of each customer.

    Attributes
    ----------
    name : str
        Its name.
    cells : pandas.Series
        One per line.
    rank : ndarray of int64, shape (n_lines,)
        Place of each line in the order of times, and of values within a time; -1 where the value is missing.
    """

    name: str
    cells: Any
    rank: IntArray


def kept_columns(columns: Mapping[str, pd.Series[Any]], time: pd.Series[Any]) -> tuple[KeptColumn, ...]:
    """Rank the lines of each column by time and value."""
    if not columns:
        return ()
    when = pd.factorize(time, sort=True)[0]
    return tuple(KeptColumn(name, values, _rank(values, when)) for name, values in columns.items())


def _rank(values: pd.Series[Any], when: AnyArray) -> IntArray:
    plain = values.astype(object) if isinstance(values.dtype, pd.CategoricalDtype) else values
    code = pd.factorize(plain, sort=True)[0].astype(np.int64)
    missing = (code < 0) | (values.astype(object) == "").fillna(value=False).to_numpy(dtype=np.bool_)
    return np.where(missing, -1, when.astype(np.int64) * (len(values) + 1) + code)


def last_kept(columns: Sequence[KeptColumn], customer: AnyArray, counts: BoolArray, wanted: AnyArray) -> dict[str, Any]:
    """Last value of each wanted customer by name, missing where there is none.

    ``customer`` and ``counts`` are of shape (n_lines,), ``wanted`` of shape (n_customers,).
    """
    last: dict[str, Any] = {}
    for column in columns:
        lines = np.flatnonzero(counts & (column.rank >= 0))
        by_rank = lines[np.lexsort((column.rank[lines], customer[lines]))]
        position = np.full(int(customer.max(initial=0)) + 1, -1, np.int64)
        position[customer[by_rank]] = by_rank
        taken = column.cells.array.take(position[wanted], allow_fill=True)
        # PyArrow takes no NaN for a missing text.
        last[column.name] = np.where(pd.isna(taken), None, taken) if taken.dtype == object else taken
    return last
