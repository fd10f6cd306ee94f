"""How a check says that a promise is broken; works under ``python -O`` too, where ``assert`` says nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

import pandas as pd

from crmmodels.base import BaseModel

AnyModel: TypeAlias = BaseModel[Any, Any]


class NotApplicable(Exception):  # noqa: N818  (no error: the check has nothing to check)
    """The check does not concern this model or this machine; the message says why."""


def claim(*, holds: bool, otherwise: str) -> None:
    """Fail the check unless something holds.

    Parameters
    ----------
    holds : bool
        What must be so.
    otherwise : str
        What is wrong where it is not.

    Raises
    ------
    AssertionError
        If it does not hold.
    """
    if not holds:
        raise AssertionError(otherwise)


@contextmanager
def refusal(kind: type[Exception], mention: str, what: str) -> Iterator[None]:
    """Fail the check unless the block raises one kind of error that mentions something.

    Parameters
    ----------
    kind : type
        The error that is due.
    mention : str
        Text that its message must have in it.
    what : str
        What is tried, for the report.

    Yields
    ------
    None
        The block runs once.
    """
    try:
        yield
    except kind as error:
        claim(holds=mention in str(error), otherwise=f"{what}: the message {str(error)!r} does not mention {mention!r}")
        return
    except Exception as error:
        msg = f"{what}: expected {kind.__name__}, got {error!r}"
        raise AssertionError(msg) from error
    msg = f"{what}: expected {kind.__name__}, nothing was raised"
    raise AssertionError(msg)


def customers_of(model: AnyModel, data: pd.DataFrame) -> list[object]:
    """Names of the customers of a table, in the order in which they appear."""
    names: list[object] = data[model.key].drop_duplicates().tolist()
    return names


def part_of(model: AnyModel, data: pd.DataFrame, customers: Sequence[object]) -> pd.DataFrame:
    """All rows of some customers."""
    return data[data[model.key].isin(list(customers))]


def index_of(model: AnyModel, table: pd.DataFrame) -> pd.Index[Any]:
    """Index that the answers for a table carry: its own, or its customers where these have several rows."""
    if model.within is None:
        own: pd.Index[Any] = table.index
        return own
    keys = table[model.key] if model.key in table.columns else table.index.to_series()
    customers: pd.Index[Any] = pd.Index(keys.drop_duplicates(), name=model.key)
    return customers


def answers(model: AnyModel, data: pd.DataFrame) -> pd.DataFrame:
    """Scores and segment codes side by side, on the index of the data."""
    return model.score(data).assign(segment=model.segment(data).cat.codes)


def same(actual: pd.DataFrame, expected: pd.DataFrame, what: str) -> None:
    """Fail the check unless two tables of answers are equal to the last bit.

    Parameters
    ----------
    actual, expected : pandas.DataFrame
        The answers.
    what : str
        What was compared, for the report.

    Raises
    ------
    AssertionError
        If they differ.
    """
    try:
        pd.testing.assert_frame_equal(actual, expected, check_exact=True)
    except AssertionError as error:
        msg = f"{what}: {error}"
        raise AssertionError(msg) from error
