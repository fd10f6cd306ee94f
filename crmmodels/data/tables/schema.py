"""What a table of customers must look like, and the report when it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from numbers import Real
from typing import Any, Final

import narwhals as nw
import numpy as np
import pandas as pd

from crmmodels._typing import AnyArray, BoolArray, FloatArray
from crmmodels.data.tables.age_units import unit_problem
from crmmodels.data.tables.hints import as_order_log, meant_by
from crmmodels.engines.engine import engine_of
from crmmodels.exceptions import DataError, missing_column, missing_columns
from crmmodels.wording import EXAMPLES_SHOWN, count_of, plain, rows_at

_LONGEST_SHOWN: Final = 80

LARGEST_COUNT: Final = 1e9
LARGEST_FREQUENCY: Final = 1e6
LARGEST_TIME: Final = 1e12
LARGEST_MONEY: Final = 1e18
SMALLEST_MONEY: Final = 1e-18
"""Largest counts, order days, times (in any unit) and amounts of money (in any currency, also below 0) that a table of customers may hold. What is
beyond them is a mistake, such as a number that stands for a missing one, and would drown the digits of all others. The smallest money counts where logarithms of it are taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One numeric column that a model reads.

    Attributes
    ----------
    name : str
        Name of the column.
    minimum, maximum : float or None
        Smallest and largest admissible value; None for no limit.
    whole : bool
        Whether the values must be whole numbers.
    may_miss : bool
        Whether a value may be missing, as an answer in a survey; the model says what becomes of it.
    unit : {"D", "W", "M", "Q", "Y"} or None
        Unit of time in which the model reads it, of ``age`` and ``age_at_last``. A table that says by its dates or by ``days_since_last`` that its
        ages are in another one is refused.
    """

    name: str
    minimum: float | None = None
    maximum: float | None = None
    whole: bool = False
    may_miss: bool = False
    unit: str | None = None

    @classmethod
    def count(cls, name: str, minimum: float = 0, maximum: float = LARGEST_COUNT, *, whole: bool = True) -> Column:
        """A column of counts, such as orders.

        Parameters
        ----------
        name : str
            Name of the column.
        minimum : float, default 0
            Smallest count.
        maximum : float, default 1e9
            Largest count.
        whole : bool, default True
            Whether the counts must be whole numbers; weights need not.

        Returns
        -------
        Column
            What is read.
        """
        return cls(name=name, minimum=minimum, maximum=maximum, whole=whole)

    @classmethod
    def time(cls, name: str, maximum: float = LARGEST_TIME, *, whole: bool = False, unit: str | None = None) -> Column:
        """A column of times, such as ages, 0 or more.

        Parameters
        ----------
        name : str
            Name of the column.
        maximum : float, default 1e12
            Longest time, in the unit of the column.
        whole : bool, default False
            Whether the times must be whole numbers.
        unit : str, optional
            Unit of time in which the model reads it.

        Returns
        -------
        Column
            What is read.
        """
        return cls(name=name, minimum=0, maximum=maximum, whole=whole, unit=unit)

    @classmethod
    def money(cls, name: str) -> Column:
        """A column of money, from -1e18 to 1e18.

        Parameters
        ----------
        name : str
            Name of the column.

        Returns
        -------
        Column
            What is read.
        """
        return cls(name=name, minimum=-LARGEST_MONEY, maximum=LARGEST_MONEY)


@dataclass(frozen=True, slots=True, eq=False)
class Conflict:
    """Rows whose columns contradict each other.

    Attributes
    ----------
    rows : ndarray of bool, shape (n_customers,)
        Where; nowhere where all is well.
    problem : str
        What is wrong there and what to do, after "3 customers", such as "with more days than weeks; correct them first".
    """

    rows: BoolArray
    problem: str


def read_values(
    frame: nw.DataFrame[Any],
    columns: Sequence[Column],
    key: str,
    reader: str,
    conflicts: Callable[[Mapping[str, FloatArray]], Iterable[Conflict]] | None = None,
    *,
    advice: str = "",
) -> Mapping[str, FloatArray]:
    """Return the columns by name as float arrays of shape (n_customers,), or raise one DataError naming every problem."""
    problems: list[str] = []
    values: dict[str, FloatArray] = {}
    if frame.is_empty():
        problems.append("it has no rows; at least one customer is needed")
    absent = [name for name in dict.fromkeys((key, *(column.name for column in columns))) if name not in frame.columns]
    if key not in absent:
        problems += key_problems(frame, key, hint="" if absent else next(as_order_log(frame, key), ""))
    for column in columns:
        if column.name in absent:
            continue
        array, found = read_number(frame[column.name])
        problems += found
        if array is not None:
            problems += _value_problems(array, column)
            values[column.name] = array
    if absent:
        problems.append(missing_columns(absent, frame.columns, hint=advice or meant_by(absent, frame, key)))
    if not problems:
        problems += _contradictions(frame, columns, values, conflicts)
    if problems:
        raise DataError(reader, problems)
    return values


def _contradictions(
    frame: nw.DataFrame[Any],
    columns: Sequence[Column],
    values: Mapping[str, FloatArray],
    conflicts: Callable[[Mapping[str, FloatArray]], Iterable[Conflict]] | None,
) -> Iterator[str]:
    """What is wrong with columns together, each of which by itself is in order."""
    aged = {column.name: column for column in columns if column.unit is not None}
    if aged:
        since = read_number(frame["days_since_last"])[0] if "days_since_last" in frame.columns else None
        first = next(iter(aged.values()))
        ages = {name: values[name] for name in aged}
        if problem := unit_problem(frame, ages, str(first.unit), since, periods=first.whole):
            yield problem
            return
    for conflict in () if conflicts is None else conflicts(values):
        if conflict.rows.any():
            yield f"{count_of(int(conflict.rows.sum()), 'customer')}{rows_at(conflict.rows)} {conflict.problem}"


def key_problems(frame: nw.DataFrame[Any], key: str, noun: str = "customer", hint: str = "") -> Iterator[str]:
    """Word what is wrong with the column that names the rows; ``hint`` says what the table looks like where names are repeated."""
    if key not in frame.columns:
        yield missing_column(key, frame.columns)
        return
    column = frame[key]
    if problem := unnameable(column, noun):
        yield problem
        return
    missing = column.is_null()
    if column.dtype.is_float():
        missing = missing | column.is_nan()
    if n_missing := int(missing.sum()):
        yield f"column {key!r} misses {count_of(n_missing, 'value')}{rows_at(missing.to_numpy())}; every {noun} needs one"
    present = column.filter(~missing)
    if n_repeated := len(present) - present.n_unique():
        example = present.filter(present.is_duplicated()).unique(maintain_order=True).head(EXAMPLES_SHOWN).to_list()
        yield (
            f"column {key!r} repeats {count_of(n_repeated, 'value')} (such as {_listed(example)}); "
            f"one row per {noun} is expected{f'; {hint}' if hint else ''}"
        )


def unnameable(column: nw.Series[Any], noun: str) -> str | None:
    """Word that a column cannot name anything, such as one of lists; None where it can."""
    must = f"column {column.name!r} must name {noun}s by text or numbers"
    if column.dtype.is_nested():
        return f"{must}; it is {column.dtype}"
    if column.dtype != nw.Object:
        return None
    items = column.to_list()
    wrong = next((item for item in items if not _has_hash(item)), None)
    if wrong is None and not engine_of(column.to_frame().to_native()).groups_objects:
        wrong = next((item for item in items if item is not None), None)
    return None if wrong is None else f"{must}; it holds {type(wrong).__name__} such as {shown(wrong)}: convert it first"


def _has_hash(item: object) -> bool:
    try:
        hash(item)
    except TypeError:
        return False
    return True


def read_number(column: nw.Series[Any]) -> tuple[FloatArray | None, list[str]]:
    """Return a column as floats of shape (n_customers,), with NaN for missing, or None; and what is wrong with it."""
    dtype = column.dtype
    if dtype.is_decimal():
        return _floats(column.cast(nw.Float64).to_numpy()), []
    if dtype == nw.Object:
        return _read_objects(column)
    if column.null_count() == len(column):
        return np.full(len(column), np.nan), []
    if dtype.is_numeric() or dtype == nw.Unknown:
        array = column.to_numpy()
        if array.dtype.kind in "iuf":
            return _floats(array), []
        return None, [f"column {column.name!r} must be numeric; it is {array.dtype}: convert it first"]
    example = column.drop_nulls().head(1).to_list()
    such = f" such as {shown(plain(example[0]))}" if example else ""
    return None, [f"column {column.name!r} must be numeric; it is {dtype}{such}: convert it first"]


def _read_objects(column: nw.Series[Any]) -> tuple[FloatArray | None, list[str]]:
    """Read a column of Python objects."""
    array = np.full(len(column), np.nan)
    for row, item in enumerate(column.to_list()):
        if item is None or item is pd.NA:
            continue
        if not isinstance(item, Real | Decimal) or isinstance(item, bool):
            what = f"it holds {type(item).__name__} such as {shown(item)}"
            return None, [f"column {column.name!r} must be numeric; {what}: convert it first"]
        try:
            array[row] = float(item)
        except (OverflowError, ValueError):
            what = f"it holds {shown(item)} in row {row}, which is no number that can be counted with"
            return None, [f"column {column.name!r} must be numeric; {what}: correct it first"]
    return array, []


def shown(value: object) -> str:
    """Return a value as it stands in a message: its repr on one line, or as much of it as fits."""
    try:
        text = " ".join(repr(value).split())
    except Exception:  # noqa: BLE001  (whatever a caller's object does)
        text = f"a {type(value).__name__}"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"


def _floats(array: AnyArray) -> FloatArray:
    return array.astype(np.float64, copy=False)


def _value_problems(array: FloatArray, column: Column) -> Iterator[str]:
    missing = np.isnan(array)
    if not column.may_miss and (n_missing := int(missing.sum())):
        yield f"column {column.name!r} misses {count_of(n_missing, 'value')}{rows_at(missing)}; drop or fill them first"
    infinite = np.isinf(array)
    if n_infinite := int(infinite.sum()):
        yield f"column {column.name!r} holds {count_of(n_infinite, 'infinite value')}{rows_at(infinite)}; drop or correct them first"
    for limit, word, outside in ((column.minimum, "below", np.less), (column.maximum, "above", np.greater)):
        beyond = outside(array, np.nan if limit is None else limit) & ~infinite
        if n_beyond := int(beyond.sum()):
            example = float(array[beyond][0])
            yield (
                f"column {column.name!r} has {count_of(n_beyond, 'value')} {word} {limit:g} "
                f"(such as {example:g}){rows_at(beyond)}; drop or correct them first"
            )
    if column.whole:
        broken = ~missing & ~infinite & (array != np.floor(array))
        if n_broken := int(broken.sum()):
            example = float(array[broken][0])
            yield (
                f"column {column.name!r} has {count_of(n_broken, 'value')} that should be whole numbers "
                f"(such as {example:g}){rows_at(broken)}; round or correct them first"
            )


def _listed(items: Sequence[object]) -> str:
    return ", ".join(repr(plain(item)) for item in items)
