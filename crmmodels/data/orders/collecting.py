"""Running what was planned on an engine, whose failures are told in the words of this package."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import narwhals as nw

from crmmodels.data.orders.options import refused
from crmmodels.engines.engine import engine_of
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
    """Run a plan, and show how far it is where ``watched`` tells; what is in memory already comes back as it is."""
    if isinstance(plan, nw.DataFrame):
        return plan
    engine = engine_of(plan.to_native())
    with told(plan, refuse):
        if watched is None:
            return engine.collect(plan)
        return polled(lambda: engine.collect(plan), watched.share_done, "Orders", watched.interrupt)


@contextmanager
def told(plan: nw.LazyFrame[Any], refuse: Callable[[str], DataError] = refused) -> Iterator[None]:
    """Tell failures of the engine of a plan in the words of this package."""
    engine = engine_of(plan.to_native())
    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingDependencyError.needed(
            f"an answer of {plan.implementation}", error.name or engine.backend, engine.extra
        ) from error
    except engine.errors() as error:
        raise refuse(f"{plan.implementation} cannot read it: {engine.reason(error)}") from error
