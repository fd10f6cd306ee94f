"""Running what was planned on an engine, whose failures are told in the words of this package."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Protocol

import narwhals as nw

from crmmodels.data.orders.options import refused
from crmmodels.engines import duckdb as duckdb_engine
from crmmodels.exceptions import DataError, MissingDependencyError
from crmmodels.progress import polled


class Watched(Protocol):
    """An engine that says how far it is."""

    def share_done(self) -> float:
        """Share that is done, from 0 to 1; below 0 where it is not known."""

    def interrupt(self) -> None:
        """End what runs."""


def collected(
    plan: nw.DataFrame[Any] | nw.LazyFrame[Any],
    refuse: Callable[[str], DataError] = refused,
    watched: Watched | None = None,
) -> nw.DataFrame[Any]:
    """Run a plan; what is in memory already comes back as it is.

    Parameters
    ----------
    plan : narwhals DataFrame or LazyFrame
        What is asked.
    refuse : callable
        Makes the error of a problem; by default that of an order log.
    watched : Watched, optional
        The engine, where it says how far it is; then that is shown if it takes long.

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
        return _run(plan) if watched is None else polled(lambda: _run(plan), watched.share_done, "Orders", watched.interrupt)
    except ModuleNotFoundError as error:
        raise MissingDependencyError.needed(f"an answer of {plan.implementation}", error.name or "pyarrow", "duckdb") from error
    except failures() as error:
        raise refuse(f"{plan.implementation} cannot read it: {duckdb_engine.reason(error)}") from error


def _run(plan: nw.LazyFrame[Any]) -> nw.DataFrame[Any]:
    return plan.collect(engine="streaming") if plan.implementation.is_polars() else plan.collect()


def failures() -> tuple[type[Exception], ...]:
    """What engines raise where they cannot read."""
    polars = sys.modules.get("polars")
    arrow = sys.modules.get("pyarrow")
    of_polars = () if polars is None else (polars.exceptions.PolarsError,)
    of_arrow = () if arrow is None else (arrow.lib.ArrowException,)
    return (nw.exceptions.NarwhalsError, *duckdb_engine.errors(), *of_polars, *of_arrow)
