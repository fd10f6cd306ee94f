"""A survey as arrays: one row per respondent, one column per item."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import narwhals as nw
import numpy as np
import pandas as pd

from crmmodels._typing import AnyArray, FloatArray
from crmmodels.data.tables.frames import Table
from crmmodels.data.tables.schema import key_problems, read_number
from crmmodels.exceptions import DataError, missing_column, missing_columns
from crmmodels.wording import EXAMPLES_SHOWN, count_of, plain, rows_at

_NOUN: Final = "survey"
_TOO_MANY: Final = 12
"""More distinct answers outside the scale than these are not listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A question of a survey, as its answers stand in a column.

    Attributes
    ----------
    name : str
        Name of the column.
    low, high : float or None
        Ends of its scale; None for a number without a scale, such as money.
    is_reversed : bool
        Whether a high answer means little of what is measured, so that x is read as low + high - x.
    """

    name: str
    low: float | None = None
    high: float | None = None
    is_reversed: bool = False


def read_survey(
    table: Table,
    items: Sequence[Item],
    *,
    weight: str | None = None,
    missing_codes: Sequence[float] = (),
    reader: str,
) -> Mapping[str, FloatArray]:
    """Answers by item and the weights, (n_respondents,) each, NaN for none, reversed items recoded, or one DataError that names every problem.

    A code that is declared missing is taken for no answer also where it lies within the scale.
    """
    frame = table.frame
    problems: list[str] = []
    values: dict[str, FloatArray] = {}
    if frame.is_empty():
        problems.append("it has no rows; at least one respondent is needed")
    if table.index is None or table.key in frame.columns:
        problems += key_problems(frame, table.key, "respondent")
    absent = [item.name for item in items if item.name not in frame.columns]
    for item in items:
        if item.name in absent:
            continue
        array, found = read_number(frame[item.name])
        problems += found
        if array is not None:
            array = _without_codes(array, missing_codes)
            problems += _answer_problems(array, item)
            values[item.name] = _recoded(array, item)
    if absent:
        problems.append(missing_columns(absent, frame.columns, " (items)" if len(absent) > 1 else " (an item)"))
    if weight is not None:
        problems += _read_weight(frame, weight, values)
    if problems:
        raise DataError(reader, problems, _NOUN)
    return values


def _without_codes(array: FloatArray, missing_codes: Sequence[float]) -> FloatArray:
    return np.where(np.isin(array, missing_codes), np.nan, array) if missing_codes else array


def _recoded(array: FloatArray, item: Item) -> FloatArray:
    if not item.is_reversed:
        return array
    if item.low is None or item.high is None:
        return -array
    return item.low + item.high - array


def _answer_problems(array: FloatArray, item: Item) -> Iterator[str]:
    infinite = np.isinf(array)
    if n_infinite := int(infinite.sum()):
        yield f"item {item.name!r} holds {count_of(n_infinite, 'infinite value')}{rows_at(infinite)}; drop or correct them first"
    if item.low is None or item.high is None:
        return
    outside = ~infinite & ((array < item.low) | (array > item.high))
    if n_outside := int(outside.sum()):
        answers, counts = np.unique(array[outside], return_counts=True)
        shown = ", ".join(
            f"{a:g} ({count_of(int(n), 'time')})" for a, n in zip(answers[:_TOO_MANY], counts[:_TOO_MANY], strict=True)
        )
        more = ", …" if len(answers) > _TOO_MANY else ""
        codes = ", ".join(f"{a:g}" for a in answers[:EXAMPLES_SHOWN])
        yield (
            f"item {item.name!r} has {count_of(n_outside, 'answer')} outside its scale {item.low:g} to {item.high:g}: {shown}{more}; "
            f"correct the scale, or declare codes for 'no answer' by missing_codes=[{codes}]"
        )


def _read_weight(frame: nw.DataFrame[Any], weight: str, values: dict[str, FloatArray]) -> Iterator[str]:
    if weight not in frame.columns:
        yield missing_column(weight, frame.columns, " (the respondent weight)")
        return
    array, found = read_number(frame[weight])
    yield from found
    if array is None:
        return
    missing = np.isnan(array)
    if n_missing := int(missing.sum()):
        yield f"column {weight!r} misses {count_of(n_missing, 'weight')}{rows_at(missing)}; every respondent needs one"
    wrong = np.isinf(array) | (array < 0)
    if n_wrong := int(wrong.sum()):
        example = float(array[wrong][0])
        yield f"column {weight!r} has {count_of(n_wrong, 'weight')} below 0 or infinite (such as {example:g}){rows_at(wrong)}"
    if len(array) and not missing.any() and not array.any():
        yield f"column {weight!r} holds no weight above 0"
    values[weight] = array


def read_groups(table: Table, by: str, reader: str) -> tuple[AnyArray, tuple[object, ...]]:
    """Position of each respondent in the groups, (n_respondents,), and the groups, sorted; of an ordered categorical in its order."""
    if by not in table.frame.columns:
        raise DataError(reader, [missing_column(by, table.frame.columns, " (the groups)")], _NOUN)
    column = table.frame[by]
    given = pd.Series(column.to_pandas().array) if column.dtype == nw.Enum else pd.Series(column.to_list())
    missing = given.isna().to_numpy()
    if n_missing := int(missing.sum()):
        problem = (
            f"column {by!r} misses the group of {count_of(n_missing, 'respondent')}{rows_at(missing)}; drop or name them first"
        )
        raise DataError(reader, [problem], _NOUN)
    codes, groups = pd.factorize(given, sort=True)
    return codes.astype(np.int64), tuple(plain(group) for group in groups)
