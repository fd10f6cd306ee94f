"""What a table of customers must look like, and the report when it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from numbers import Real
from typing import Any, Final

import narwhals as nw
import numpy as np

from crmmodels._typing import AnyArray, BoolArray, FloatArray
from crmmodels.exceptions import DataError, missing_column

EXAMPLES_SHOWN: Final = 3
"""Offending rows that a message shows."""


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
    """

    name: str
    minimum: float | None = None
    maximum: float | None = None
    whole: bool = False
    may_miss: bool = False


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


def count_of(n: int, noun: str) -> str:
    """Return a number with its noun: '1 row', '3 rows'."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def plain(value: object) -> object:
    """Return a NumPy scalar as the Python value that users know, anything else as it is."""
    return value.item() if isinstance(value, np.generic) else value


def read_values(
    frame: nw.DataFrame[Any],
    columns: Sequence[Column],
    key: str,
    reader: str,
    conflicts: Callable[[Mapping[str, FloatArray]], Iterable[Conflict]] | None = None,
) -> Mapping[str, FloatArray]:
    """Return the columns as float arrays, or raise one DataError naming every problem.

    Parameters
    ----------
    frame : narwhals DataFrame
        One row per customer.
    columns : sequence of Column
        What is read.
    key : str
        Column that names the customer.
    reader : str
        Who reads, for the error.
    conflicts : callable, optional
        From the columns to what contradicts each other in them; asked only where every column by itself is in order.

    Returns
    -------
    mapping of str to ndarray of float64, shape (n_customers,)
        Each column by name.

    Raises
    ------
    DataError
        If the table is empty, lacks a column, repeats or misses a customer, or holds values that are missing, not
        numeric, not finite, not whole or out of range, or columns contradict each other.
    """
    problems: list[str] = []
    values: dict[str, FloatArray] = {}
    if frame.is_empty():
        problems.append("it has no rows; at least one customer is needed")
    problems += key_problems(frame, key)
    for column in columns:
        if column.name not in frame.columns:
            problems.append(missing_column(column.name, frame.columns))
            continue
        array, found = read_number(frame[column.name])
        problems += found
        if array is not None:
            problems += _value_problems(array, column)
            values[column.name] = array
    if conflicts is not None and not problems:
        found_conflicts = [conflict for conflict in conflicts(values) if conflict.rows.any()]
        problems += [
            f"{count_of(int(conflict.rows.sum()), 'customer')}{rows_at(conflict.rows)} {conflict.problem}"
            for conflict in found_conflicts
        ]
    if problems:
        raise DataError(reader, problems)
    return values


def key_problems(frame: nw.DataFrame[Any], key: str, noun: str = "customer") -> Iterator[str]:
    """Word what is wrong with the column that names the rows.

    Parameters
    ----------
    frame : narwhals DataFrame
        The rows.
    key : str
        The column.
    noun : str, default "customer"
        What a row is.

    Yields
    ------
    str
        A missing column, missing names, names that are repeated or cannot be compared.
    """
    if key not in frame.columns:
        yield missing_column(key, frame.columns)
        return
    column = frame[key]
    missing = column.is_null()
    if column.dtype.is_float():
        missing = missing | column.is_nan()
    if n_missing := int(missing.sum()):
        yield f"column {key!r} misses {count_of(n_missing, 'value')}{rows_at(missing.to_numpy())}; every {noun} needs one"
    present = column.filter(~missing)
    if column.dtype.is_nested():
        yield f"column {key!r} must name {noun}s by text or numbers; it is {column.dtype}"
        return
    if n_repeated := len(present) - present.n_unique():
        example = present.filter(present.is_duplicated()).unique(maintain_order=True).head(EXAMPLES_SHOWN).to_list()
        yield (
            f"column {key!r} repeats {count_of(n_repeated, 'value')} (such as {_listed(example)}); "
            f"one row per {noun} is expected"
        )


def read_number(column: nw.Series[Any]) -> tuple[FloatArray | None, list[str]]:
    """Return a column as floats, with NaN for missing, or the reason why it cannot be.

    Parameters
    ----------
    column : narwhals Series
        The column.

    Returns
    -------
    ndarray of float64, shape (n_customers,), or None
        The numbers.
    list of str
        What is wrong.
    """
    dtype = column.dtype
    if dtype.is_decimal():
        return _floats(column.cast(nw.Float64).to_numpy()), []
    if dtype.is_numeric() or dtype == nw.Unknown:
        array = column.to_numpy()
        if array.dtype.kind in "iuf":
            return _floats(array), []
        return None, [f"column {column.name!r} must be numeric; it is {array.dtype}: convert it first"]
    if dtype == nw.Object:
        items = column.to_list()
        wrong = next((item for item in items if not _is_number_or_missing(item)), None)
        if wrong is None:
            return np.array([np.nan if item is None else float(item) for item in items]), []
        return None, [
            f"column {column.name!r} must be numeric; it holds {type(wrong).__name__} such as {wrong!r}: convert it first"
        ]
    example = column.drop_nulls().head(1).to_list()
    shown = f" such as {plain(example[0])!r}" if example else ""
    return None, [f"column {column.name!r} must be numeric; it is {dtype}{shown}: convert it first"]


def _is_number_or_missing(item: object) -> bool:
    return item is None or (isinstance(item, Real | Decimal) and not isinstance(item, bool))


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
        beyond = outside(array, np.nan if limit is None else limit)
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


def rows_at(where: AnyArray) -> str:
    """Name the first offending rows by position.

    Parameters
    ----------
    where : ndarray of bool, shape (n_customers,)
        The rows.

    Returns
    -------
    str
        Such as " in rows 0, 4, 7, …".
    """
    positions = np.flatnonzero(where)
    more = ", …" if len(positions) > EXAMPLES_SHOWN else ""
    word = "row" if len(positions) == 1 else "rows"
    return f" in {word} {', '.join(str(p) for p in positions[:EXAMPLES_SHOWN])}{more}"


def _listed(items: Sequence[object]) -> str:
    return ", ".join(repr(plain(item)) for item in items)
