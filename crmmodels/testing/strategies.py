"""Hypothesis strategies for order logs and for tables of customers."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import pandas as pd

from crmmodels.base import BaseModel
from crmmodels.data.tables.schema import Column
from crmmodels.exceptions import MissingDependencyError

try:
    from hypothesis import strategies as st
except ImportError as error:
    raise MissingDependencyError.needed("crmmodels.testing.strategies", "hypothesis") from error

_FIRST_DAY: Final = dt.date(2019, 12, 20)
_LARGEST: Final = 1e9


def order_logs(
    *, max_customers: int = 6, max_lines: int = 40, max_days: int = 120, returns: bool = False
) -> st.SearchStrategy[pd.DataFrame]:
    """Order logs with ties, same-day orders, single orders and, on request, returns.

    Parameters
    ----------
    max_customers : int, default 6
        Most customers.
    max_lines : int, default 40
        Most lines.
    max_days : int, default 120
        Days over which the orders spread, across a leap day.
    returns : bool, default False
        Whether amounts may be negative.

    Returns
    -------
    SearchStrategy of pandas.DataFrame
        ``customer_id`` (int), ``date`` (datetime64) and ``amount`` (whole cents), at least one line.
    """
    cents = st.integers(-5_000 if returns else 0, 20_000)
    line = st.tuples(st.integers(0, max_customers - 1), st.integers(0, max_days), cents)
    return st.lists(line, min_size=1, max_size=max_lines).map(_log)


def _log(lines: list[tuple[int, int, int]]) -> pd.DataFrame:
    customer, day, cents = zip(*lines, strict=True)
    dates = pd.to_datetime(pd.Series([_FIRST_DAY + dt.timedelta(days=offset) for offset in day]))
    return pd.DataFrame({"customer_id": customer, "date": dates, "amount": [amount / 100 for amount in cents]})


def customer_tables(model: BaseModel[Any, Any], *, min_size: int = 1, max_size: int = 30) -> st.SearchStrategy[pd.DataFrame]:
    """Tables of customers that a model admits, with ties and extremes.

    Parameters
    ----------
    model : BaseModel
        The model whose columns are drawn within their limits.
    min_size, max_size : int, default 1 and 30
        Bounds of the number of customers.

    Returns
    -------
    SearchStrategy of pandas.DataFrame
        The key and the model's columns.
    """
    columns = {column.name: _values(column) for column in model.columns()}
    row = st.fixed_dictionaries(columns)
    rows = st.lists(row, min_size=min_size, max_size=max_size)
    return rows.map(lambda drawn: pd.DataFrame(drawn).assign(**{model.key: [f"c{i}" for i in range(len(drawn))]}))


def _values(column: Column) -> st.SearchStrategy[Any]:
    low = -_LARGEST if column.minimum is None else max(-_LARGEST, column.minimum)
    high = _LARGEST if column.maximum is None else min(_LARGEST, column.maximum)
    if column.whole:
        least = int(max(0.0, low))
        return st.integers(least, min(int(high), least + 5)) | st.integers(least, int(high))
    few_values = st.sampled_from([value for value in (0.0, 0.01, 1.0, 20.0, 1e6) if low <= value <= high])
    return few_values | st.floats(low, high)
