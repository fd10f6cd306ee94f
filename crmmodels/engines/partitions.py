"""Parts of a log by customer, so that an engine holds what it knows of a part of the customers at a time."""

from __future__ import annotations

import sys
from typing import Any

from crmmodels.engines import duckdb as duckdb_engine


def is_divisible(native: object) -> bool:
    """Whether the engine of a native frame reads a part of a log without holding all of it: DuckDB and lazy Polars.

    Parameters
    ----------
    native : object
        A frame.

    Returns
    -------
    bool
        False for frames in memory, whose parts would be copies, and for engines that divide their work themselves.
    """
    return duckdb_engine.is_relation(native) or _is_polars(native)


def part(native: Any, column: str, number: int, n_parts: int) -> Any:
    """Rows whose value of a column falls into one of so many parts; together the parts hold every row once.

    Parameters
    ----------
    native : duckdb.DuckDBPyRelation or polars.LazyFrame
        Rows, not read yet.
    column : str
        Equal values are in one part; missing ones are in one, too.
    number : int
        The part, from 0.
    n_parts : int
        Number of parts, at least 1.

    Returns
    -------
    DuckDBPyRelation or LazyFrame
        The rows, not read yet.
    """
    if n_parts == 1:
        return native
    if duckdb_engine.is_relation(native):
        return duckdb_engine.part(native, column, number, n_parts)
    import polars as pl  # noqa: PLC0415  (the caller's frame is of it)

    return native.filter(pl.col(column).hash(seed=0) % n_parts == number)


def _is_polars(native: object) -> bool:
    polars = sys.modules.get("polars")
    return polars is not None and isinstance(native, polars.LazyFrame)
