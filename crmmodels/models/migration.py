"""Who moved from which segment to which between two dates."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from crmmodels._typing import IntArray
from crmmodels.base import BaseModel, Inside
from crmmodels.kernels.arrays.grouping import cross_table

FitT = TypeVar("FitT")


@dataclass(frozen=True, slots=True, eq=False)
class Migration:
    """Segment × segment counts between two dates.

    Attributes
    ----------
    counts : pandas.DataFrame
        Customers by segment before (rows) and after (columns), worst first.
    shares : pandas.DataFrame
        Share of the customers of each row; missing where a segment had none.
    arrived : pandas.Series
        Customers by segment after who were not there before.
    departed : pandas.Series
        Customers by segment before who are not there after.
    """

    counts: pd.DataFrame
    shares: pd.DataFrame
    arrived: pd.Series[int]
    departed: pd.Series[int]

    def _repr_html_(self) -> str:
        return str(self.counts.to_html())


def migrate(model: BaseModel[Any, FitT], before: Any, after: Any) -> Migration:
    """Segment the customers of two dates on the cut points of the first and count the moves.

    Parameters
    ----------
    model : BaseModel
        Its parameters are used; it stays as it is.
    before, after : dataframe or Orders
        The customers at the two dates.

    Returns
    -------
    Migration
        Counts and shares.

    Raises
    ------
    DataError
        If a table cannot be used.
    """
    fresh = copy.copy(model).fit(before)
    labels = pd.Index(list(model.segment_labels()))
    earlier, later = _codes_by_key(fresh, before), _codes_by_key(fresh, after)
    both = earlier.index.intersection(later.index)
    n = len(labels)
    counts = cross_table(_array(earlier.loc[both]), _array(later.loc[both]), n)
    totals = counts.sum(axis=1, keepdims=True).astype(np.float64)
    shares = np.divide(counts, totals, out=np.full((n, n), np.nan), where=totals > 0)
    rows, columns = labels.rename("before"), labels.rename("after")
    return Migration(
        counts=pd.DataFrame(counts, index=rows, columns=columns),
        shares=pd.DataFrame(shares, index=rows, columns=columns),
        arrived=_count(later.drop(both), labels, "arrived"),
        departed=_count(earlier.drop(both), labels, "departed"),
    )


def _codes_by_key(model: BaseModel[Any, FitT], data: Any) -> pd.Series[int]:
    inside = Inside(model)
    table, values = inside.read(data)
    return pd.Series(inside.segment(values), index=pd.Index(table.frame[table.key].to_list()))


def _array(codes: pd.Series[int]) -> IntArray:
    return codes.to_numpy().astype(np.int64, copy=False)


def _count(codes: pd.Series[int], labels: pd.Index[str], name: str) -> pd.Series[int]:
    return pd.Series(np.bincount(_array(codes), minlength=len(labels)), index=labels, name=name)
