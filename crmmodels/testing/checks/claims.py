"""How a check says that a promise is broken; works under ``python -O`` too, where ``assert`` says nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

import numpy as np
import pandas as pd

from crmmodels.base import BaseModel

AnyModel: TypeAlias = BaseModel[Any, Any]
ROUNDING: Final = 1e-12
"""Relative difference up to which numbers may depend on the order of the rows, in which sums round."""


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


def alike(actual: pd.DataFrame, expected: pd.DataFrame, what: str) -> None:
    """Fail the check unless the segments of two tables of answers are equal, and the numbers but for rounding; the message says by how much they differ."""
    n = int((actual["segment"] != expected["segment"]).sum())
    claim(holds=n == 0, otherwise=f"{what}: {n} of {len(actual)} customers are in another segment")
    for name in expected.columns.drop("segment"):
        off = difference(actual[name].tolist(), expected[name].tolist())
        claim(holds=off <= ROUNDING, otherwise=f"{what}: column {name!r} differs by {off:.3g} of its value, above {ROUNDING:g}")


def difference(one: Any, other: Any) -> float:
    """Largest relative difference between the numbers of two JSON values; infinite where they differ otherwise."""
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return max(map(difference, one, other), default=0.0)
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return max((difference(one[key], other[key]) for key in one), default=0.0)
    if isinstance(one, float) and isinstance(other, float) and np.isfinite([one, other]).all():
        return abs(one - other) / max(abs(one), abs(other), np.finfo(float).tiny)
    return 0.0 if one == other or (one != one and other != other) else np.inf  # noqa: PLR0124  (NaN)
