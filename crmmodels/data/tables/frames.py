"""Any dataframe in, the same kind out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import narwhals as nw
import pandas as pd

from crmmodels._typing import AnyArray, IntArray, Period, TimeUnit
from crmmodels.engines.engine import Engine, engine_of
from crmmodels.exceptions import DataError, MissingDependencyError

KINDS: Final = "pandas, Polars (eager or lazy), PyArrow or DuckDB"


class OrderTables(ABC):
    """An order log, which models ask for the table that they read."""

    @abstractmethod
    def customers(self, as_of: Any = None, unit: TimeUnit = "D", window_days: int | None = None) -> Any:
        """One row per customer who ordered up to a date."""

    @abstractmethod
    def panel(self, period: Period = "M", as_of: Any = None) -> Any:
        """One row per customer and calendar period."""

    @abstractmethod
    def __order_log__(self) -> Any:
        """The log, for the other rooms of this package."""


@dataclass(frozen=True, slots=True, eq=False)
class OrderDays:
    """How many customers ordered on each calendar day, for the first time and again.

    Attributes
    ----------
    day : ndarray of int64, shape (n_days,)
        Days since 1970-01-01 with at least one order, ascending.
    n_first, n_repeat : ndarray of int64, shape (n_days,)
        Customers whose first order day it is, and customers who ordered before.
    last : int
        Last day that the log covers, since 1970-01-01.
    """

    day: IntArray
    n_first: IntArray
    n_repeat: IntArray
    last: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """An eager view of a caller's table, and the way back to the caller's kind.

    Attributes
    ----------
    frame : narwhals DataFrame
        The rows; the key is a column.
    key : str
        Column that names the customer.
    origin : object
        What the caller gave.
    index : pandas.Index or None
        Index that an answer in pandas carries; None for other kinds.
    """

    frame: nw.DataFrame[Any]
    key: str
    origin: Any
    index: pd.Index[Any] | None

    def answer(self, columns: Mapping[str, AnyArray]) -> Any:
        """Columns of shape (n_customers,) in the caller's kind: on its index, or with the key first."""
        if self.index is not None:
            return pd.DataFrame(dict(columns), index=self.index)
        backend = self.frame.implementation
        series = [nw.new_series(name, values, backend=backend) for name, values in columns.items()]
        return self._as_given(self.frame.select(self.key).with_columns(*series), ())

    def answer_labels(self, codes: IntArray, labels: Sequence[str], name: str) -> Any:
        """One ordered label per customer of positions in ``labels``, of shape (n_customers,) and -1 for missing: a Series on the index, or the key and the label."""
        if self.index is not None:
            ordered = pd.Categorical.from_codes(codes, categories=pd.Index(list(labels)), ordered=True)
            return pd.Series(ordered, index=self.index, name=name)
        series = ordered_labels(codes, labels, name, self.frame.implementation)
        return self._as_given(self.frame.select(self.key).with_columns(series), ((name, labels),))

    def _as_given(self, frame: nw.DataFrame[Any], ordered: Sequence[tuple[str, Sequence[str]]]) -> Any:
        return in_kind_of(self.origin, frame, ordered)


def ordered_labels(codes: IntArray, labels: Sequence[str], name: str, backend: Any) -> nw.Series[Any]:
    """Ordered categorical column of a library, where it has such a type, of positions in ``labels`` (-1 for missing)."""
    column = nw.new_series(name, codes, backend=backend)
    return engine_of(column.to_frame().to_native()).labels(column, labels)


def open_table(data: Any, key: str, reader: str) -> Table:
    """Look at a caller's table of customers through one interface; a lazy one is collected.

    In pandas the name of the index will do for the key. Raises DataError if ``data`` is not a dataframe, or columns have no name of their own.
    """
    engine = engine_of(data)
    # A connection is asked for its columns in turn, too.
    with engine.locked():
        if problem := engine.odd_columns(data):
            raise DataError(reader, [problem])
        opened = any_frame(engine.keyed(data, key))
        if isinstance(opened, nw.LazyFrame):
            opened = opened.collect()
    if opened is None:
        raise DataError(reader, [f"expected a dataframe ({KINDS}); got {type(data).__name__}"])
    return Table(opened, key, data, engine.index_of(data))


def any_frame(data: Any) -> nw.DataFrame[Any] | nw.LazyFrame[Any] | None:
    """Look at a native frame through narwhals; None where this is no frame."""
    try:
        opened = nw.from_native(data)
    except TypeError:
        return None
    return opened if isinstance(opened, nw.DataFrame | nw.LazyFrame) else None


def in_kind_of(origin: Any, frame: nw.DataFrame[Any], ordered: Sequence[tuple[str, Sequence[str]]] = ()) -> Any:
    """Rows as the kind of another native frame; ``ordered`` columns are ordered categories of text."""
    return engine_of(origin).answer(origin, frame, ordered)


def in_output(result: nw.DataFrame[Any], engine: Engine, relation: Any, reader: str) -> Any:
    """Rows of files, which have no kind of their own, as the kind of an engine; ``relation`` is the files as their engine has them."""
    try:
        return engine.answer(relation, result)
    except ImportError as error:
        raise MissingDependencyError.needed(f"{reader}(output={engine.name!r})", engine.name, engine.extra) from error
