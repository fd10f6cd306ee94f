"""Running what was planned on an engine, whose failures are told in the words of this package."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import narwhals as nw

from crmmodels.data.order_options import refused
from crmmodels.engines import duckdb as duckdb_engine
from crmmodels.exceptions import DataError, MissingDependencyError


def collected(plan: nw.DataFrame[Any] | nw.LazyFrame[Any], refuse: Callable[[str], DataError] = refused) -> nw.DataFrame[Any]:
    """Run a plan; what is in memory already comes back as it is.

    Parameters
    ----------
    plan : narwhals DataFrame or LazyFrame
        What is asked.
    refuse : callable
        Makes the error of a problem; by default that of an order log.

    Returns
    -------
    narwhals DataFrame
        The answer.

    Raises
    ------
    DataError
        If the engine cannot read the log, or has too little memory for it.
    MissingDependencyError
        If PyArrow, by which DuckDB answers, is not installed.
    """
    if isinstance(plan, nw.DataFrame):
        return plan
    try:
        return plan.collect(engine="streaming") if plan.implementation.is_polars() else plan.collect()
    except ModuleNotFoundError as error:
        raise MissingDependencyError.needed(f"an answer of {plan.implementation}", error.name or "pyarrow", "duckdb") from error
    except failures() as error:
        raise refuse(f"{plan.implementation} cannot read it: {duckdb_engine.reason(error)}") from error


def failures() -> tuple[type[Exception], ...]:
    """What engines raise where they cannot read."""
    polars = sys.modules.get("polars")
    of_polars = () if polars is None else (polars.exceptions.PolarsError,)
    return (nw.exceptions.NarwhalsError, *duckdb_engine.errors(), *of_polars)
