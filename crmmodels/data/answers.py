"""Answers to a question, in whatever kind of column they come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import narwhals as nw
import numpy as np
import pandas as pd

from crmmodels._typing import BoolArray, FloatArray
from crmmodels.data.tables.frames import any_frame
from crmmodels.data.tables.schema import read_number
from crmmodels.engines.engine import engine_of
from crmmodels.exceptions import DataError, ParameterError
from crmmodels.parameters import check_choice
from crmmodels.wording import EXAMPLES_SHOWN, count_of, plain, rows_at

_NOUN: Final = "survey"
Missing = Literal["refuse", "drop"]


@dataclass(frozen=True, slots=True)
class Scale:
    """The answers that a question admits: its ends, and whether only whole numbers lie between."""

    low: float
    high: float
    whole: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Answers to each question of the respondents who gave all, with their weights, (n,) each, and how many were left out."""

    values: Mapping[str, FloatArray]
    weight: FloatArray
    n_left_out: int


def read_answers(
    reader: str, columns: Mapping[str, Any], scale: Scale, *, weights: Any = None, missing: Missing = "refuse"
) -> Answers:
    """Answers of the same respondents, by the name of the parameter, as numbers, or one DataError that names every problem."""
    check_choice(reader, "missing", missing, ("refuse", "drop"))
    given = dict(columns) if weights is None else {**columns, "weights": weights}
    problems: list[str] = []
    values: dict[str, FloatArray] = {}
    for name, column in given.items():
        series = as_series(reader, name, column)
        # A column without any answer has no type to tell.
        array, found = (np.full(len(series), np.nan), []) if series.is_null().all() else read_number(series)
        problems += found
        if array is not None:
            problems += _weight_problems(array) if name == "weights" else _answer_problems(name, array, scale, missing)
            values[name] = array
    lengths = {name: len(array) for name, array in values.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name!r} has {count_of(n, 'value')}" for name, n in lengths.items())
        problems.append(f"columns of the same respondents must be of one length; {listed}")
    if problems:
        raise DataError(reader, problems, _NOUN)
    weight = values.pop("weights", np.ones(next(iter(lengths.values()))))
    answered: BoolArray = ~np.any([np.isnan(array) for array in values.values()], axis=0)
    if not weight[answered].any():
        raise DataError(reader, [_nobody(answered)], _NOUN)
    kept = {name: array[answered] for name, array in values.items()}
    return Answers(kept, weight[answered], int((~answered).sum()))


def as_series(reader: str, name: str, column: Any) -> nw.Series[Any]:
    """Look at a column of any kind through one interface: a list, array, Series, Arrow array, or a frame or relation of one column."""
    with engine_of(column).locked():
        frame = any_frame(column)
        if frame is not None:
            names = frame.collect_schema().names()
            if len(names) != 1:
                problem = f"{name} must be one column; the table has {count_of(len(names), 'column')}: {names[:12]}"
                raise DataError(reader, [problem], _NOUN)
            return (frame.collect() if isinstance(frame, nw.LazyFrame) else frame)[names[0]].alias(name)
    try:
        series: nw.Series[Any] = nw.from_native(column, series_only=True)
    except TypeError:
        series = nw.from_native(_pandas_series(reader, name, column), series_only=True)
    return series.alias(name)


def _pandas_series(reader: str, name: str, column: Any) -> pd.Series[Any]:
    values = column
    if not isinstance(column, list | tuple | range):
        values = np.asarray(column) if hasattr(column, "__array__") else None
    if values is None or (isinstance(values, np.ndarray) and values.ndim != 1):
        shape = f" of shape {values.shape}" if isinstance(values, np.ndarray) else ""
        problem = f"{name} must be a column: a list, array or Series; got {type(column).__name__}{shape}"
        raise DataError(reader, [problem], _NOUN)
    return pd.Series(values, dtype=np.float64 if len(values) == 0 else None)


def _answer_problems(name: str, array: FloatArray, scale: Scale, missing: Missing) -> Iterator[str]:
    if len(array) == 0:
        yield f"column {name!r} is empty; at least one answer is needed"
        return
    none = np.isnan(array)
    if missing == "refuse" and (n_none := int(none.sum())):
        yield f"column {name!r} misses {count_of(n_none, 'answer')}{rows_at(none)}; missing='drop' leaves these respondents out"
    outside = ~none & ~((array >= scale.low) & (array <= scale.high))
    if n_outside := int(outside.sum()):
        shown = ", ".join(f"{answer:g}" for answer in np.unique(array[outside])[:EXAMPLES_SHOWN])
        yield (
            f"column {name!r} has {count_of(n_outside, 'answer')} outside the scale {scale.low:g} to {scale.high:g} "
            f"(such as {shown}){rows_at(outside)}; correct them, or make codes for no answer missing"
        )
    broken = ~none & ~outside & (array != np.floor(array))
    if scale.whole and (n_broken := int(broken.sum())):
        shown = f"{float(array[broken][0]):g}"
        yield f"column {name!r} has {count_of(n_broken, 'answer')} that should be whole (such as {shown}){rows_at(broken)}"


def _weight_problems(array: FloatArray) -> Iterator[str]:
    wrong = ~(np.isfinite(array) & (array >= 0))
    if n_wrong := int(wrong.sum()):
        shown = f"{float(array[wrong][0]):g}"
        yield f"column 'weights' has {count_of(n_wrong, 'value')} missing, infinite or below 0 (such as {shown}){rows_at(wrong)}"
    elif len(array) and not array.any():
        yield "column 'weights' holds no weight above 0"


def _nobody(answered: BoolArray) -> str:
    n = len(answered)
    if answered.any():
        return f"those who answered, {int(answered.sum()):,} of {count_of(n, 'respondent')}, have no weight above 0"
    return f"none of {count_of(n, 'respondent')} answered"


def read_scale(reader: str, scale: object) -> Scale:
    """Read the ends of a scale."""
    must = "two numbers, the lowest and the highest answer, such as (1, 5)"
    if not isinstance(scale, list | tuple) or len(scale) != 2:
        raise ParameterError.must_be(reader, "scale", must, scale)
    low, high = (plain(end) for end in scale)
    if not all(isinstance(end, int | float) and not isinstance(end, bool) and np.isfinite(end) for end in (low, high)):
        raise ParameterError.must_be(reader, "scale", must, scale)
    if not low < high:  # type: ignore[operator]  # numbers, as checked above
        raise ParameterError.must_be(reader, "scale", must, scale)
    return Scale(float(low), float(high))  # type: ignore[arg-type]
