"""Any dataframe in, the same kind out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import narwhals as nw
import numpy as np
import pandas as pd

from crmmodels._typing import AnyArray, IntArray, Period, TimeUnit
from crmmodels.engines import duckdb as duckdb_engine
from crmmodels.exceptions import DataError, MissingDependencyError

OutputKind: TypeAlias = Literal["pandas", "polars", "pyarrow", "duckdb"]

KINDS: Final = "pandas, Polars (eager or lazy), PyArrow or DuckDB"


class OrderTables(ABC):
    """An order log, which models ask for the table that they read."""

    @abstractmethod
    def customers(self, as_of: Any = None, unit: TimeUnit = "D", window_days: int | None = None) -> Any:
        """One row per customer who ordered up to a date."""

    @abstractmethod
    def panel(self, period: Period = "M", as_of: Any = None) -> Any:
        """One row per customer and calendar period."""


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
        """Return numeric columns, one row per customer, in the caller's kind.

        Parameters
        ----------
        columns : mapping of str to ndarray of shape (n_customers,)
            The numbers.

        Returns
        -------
        DataFrame, LazyFrame, Table or relation
            On the caller's index (pandas), or with the key column first (the others).
        """
        if self.index is not None:
            return pd.DataFrame(dict(columns), index=self.index)
        backend = self.frame.implementation
        series = [nw.new_series(name, values, backend=backend) for name, values in columns.items()]
        return self._as_given(self.frame.select(self.key).with_columns(*series), ())

    def answer_labels(self, codes: IntArray, labels: Sequence[str], name: str) -> Any:
        """Return one ordered label per customer in the caller's kind.

        Parameters
        ----------
        codes : ndarray of int64, shape (n_customers,)
            Positions in ``labels``; -1 for missing.
        labels : sequence of str
            All labels, worst first.
        name : str
            Name of the column.

        Returns
        -------
        Series, DataFrame, LazyFrame, Table or relation
            An ordered categorical Series on the caller's index (pandas), or the key column and the label.
        """
        if self.index is not None:
            ordered = pd.Categorical.from_codes(codes, categories=pd.Index(list(labels)), ordered=True)
            return pd.Series(ordered, index=self.index, name=name)
        series = ordered_labels(codes, labels, name, self.frame.implementation)
        return self._as_given(self.frame.select(self.key).with_columns(series), ((name, labels),))

    def _as_given(self, frame: nw.DataFrame[Any], ordered: Sequence[tuple[str, Sequence[str]]]) -> Any:
        return in_kind_of(self.origin, frame, ordered)


def ordered_labels(codes: IntArray, labels: Sequence[str], name: str, backend: nw.Implementation) -> nw.Series[Any]:
    """Ordered categorical column of an engine: pandas Categorical, Polars Enum, Arrow dictionary.

    Parameters
    ----------
    codes : ndarray of int64
        Positions in ``labels``; -1 for missing.
    labels : sequence of str
        All labels in order.
    name : str
        Name of the column.
    backend : narwhals Implementation
        The engine.

    Returns
    -------
    narwhals Series
        The labels.
    """
    native: Any
    if backend.is_polars():
        import polars as pl  # noqa: PLC0415  (the caller's frame is a Polars frame)

        positions = pl.Series(codes).replace(-1, None)
        native = pl.Series(name, list(labels), dtype=pl.Enum(list(labels))).gather(positions)
    elif backend.is_pyarrow():
        import pyarrow as pa  # noqa: PLC0415  (the caller's table is a PyArrow table)

        positions = pa.array(codes, pa.int32(), mask=codes < 0)
        dictionary = pa.DictionaryArray.from_arrays(positions, pa.array(list(labels)), ordered=True)
        native = pa.chunked_array([dictionary])
    elif backend.is_pandas():
        native = pd.Series(pd.Categorical.from_codes(codes, pd.Index(list(labels)), ordered=True), name=name)
    else:
        text = np.array([*labels, None], dtype=object)[codes].tolist()
        other: Any = backend
        return nw.new_series(name, text, nw.String, backend=other)
    series: nw.Series[Any] = nw.from_native(native, series_only=True)
    return series.alias(name)


def open_table(data: Any, key: str, reader: str) -> Table:
    """Look at a caller's table of customers through one interface; a lazy one is collected.

    Parameters
    ----------
    data : dataframe
        Any kind that narwhals knows.
    key : str
        Column that names the customer; in pandas the name of the index will do.
    reader : str
        Who reads, for the error.

    Returns
    -------
    Table
        The table.

    Raises
    ------
    DataError
        If ``data`` is not a dataframe.
    """
    # A connection is asked for its columns in turn, too.
    with duckdb_engine.turn(data):
        problem = repeated_columns(data) or _levels_of_columns(data)
    if problem:
        raise DataError(reader, [problem])
    if isinstance(data, pd.DataFrame):
        frame = data.reset_index() if key not in data.columns and data.index.name == key else data
        return Table(nw.from_native(frame, eager_only=True), key, data, data.index)
    with duckdb_engine.turn(data):
        opened = any_frame(data)
    if isinstance(opened, nw.LazyFrame):
        with duckdb_engine.turn(data):
            return Table(opened.collect(), key, data, None)
    if isinstance(opened, nw.DataFrame):
        return Table(opened, key, data, None)
    raise DataError(reader, [f"expected a dataframe ({KINDS}); got {type(data).__name__}"])


def any_frame(data: Any) -> nw.DataFrame[Any] | nw.LazyFrame[Any] | None:
    """Look at a native frame through narwhals.

    Parameters
    ----------
    data : object
        What a caller gave.

    Returns
    -------
    narwhals DataFrame or LazyFrame, or None
        None where this is no frame.
    """
    try:
        opened = nw.from_native(data)
    except TypeError:
        return None
    return opened if isinstance(opened, nw.DataFrame | nw.LazyFrame) else None


def odd_columns(data: Any) -> str | None:
    """Word that the columns of a frame cannot be asked for by name; None where they can.

    Parameters
    ----------
    data : object
        What a caller gave.

    Returns
    -------
    str or None
        The problem: several levels of names in pandas, or names that are repeated.
    """
    if isinstance(data, pd.DataFrame) and data.columns.nlevels > 1:
        return (
            f"its columns have {data.columns.nlevels} levels of names, such as {data.columns[0]!r}; make them one first: "
            "frame.columns = ['_'.join(map(str, name)) for name in frame.columns]"
        )
    return repeated_columns(data)


def repeated_columns(data: Any) -> str | None:
    """Word that a frame names columns alike, which pandas and PyArrow admit; None where it does not.

    Parameters
    ----------
    data : object
        What a caller gave.

    Returns
    -------
    str or None
        The problem.
    """
    has_columns = isinstance(data, pd.DataFrame) or duckdb_engine.is_relation(data)
    names: Any = data.columns if has_columns else getattr(data, "column_names", ())
    counts = Counter(names) if isinstance(names, list | pd.Index) else Counter[str]()
    repeated = [name for name, n in counts.items() if n > 1]
    return f"columns {repeated} stand in it more than once; name each column once" if repeated else None


def _levels_of_columns(data: Any) -> str | None:
    """Word that columns of pandas have names of several levels; None where they have one."""
    if not isinstance(data, pd.DataFrame) or data.columns.nlevels == 1:
        return None
    return (
        f"its columns have names of {data.columns.nlevels} levels, such as {data.columns[0] if len(data.columns) else ()}; give each one "
        "name, such as with frame.columns = ['_'.join(map(str, name)) for name in frame.columns]"
    )


def in_kind_of(origin: Any, frame: nw.DataFrame[Any], ordered: Sequence[tuple[str, Sequence[str]]] = ()) -> Any:
    """Return an eager frame as the kind of another native frame.

    Parameters
    ----------
    origin : dataframe
        A native frame; its kind is wanted.
    frame : narwhals DataFrame
        The rows.
    ordered : sequence of (str, sequence of str)
        Ordered categorical columns and their values.

    Returns
    -------
    DataFrame, LazyFrame, Table or relation
        Eager kinds as they are; a Polars LazyFrame or a DuckDB relation over the finished rows.
    """
    if duckdb_engine.is_relation(origin):
        with duckdb_engine.turn(origin):
            return duckdb_engine.answer_relation(origin, frame.to_arrow(), ordered)
    opened = nw.from_native(origin)
    if isinstance(opened, nw.LazyFrame):
        return frame.lazy(backend=opened.implementation).to_native()
    return frame.to_native()


def in_output(result: nw.DataFrame[Any], kind: str, relation: Any, reader: str) -> Any:
    """Return a result of files, which have no kind of their own, as the kind asked for.

    Parameters
    ----------
    result : narwhals DataFrame
        The rows.
    kind : {"pandas", "polars", "pyarrow", "duckdb"}
        The kind.
    relation : duckdb.DuckDBPyRelation
        The files, on whose connection a relation is answered.
    reader : str
        Who answers, for the error.

    Returns
    -------
    DataFrame, Table or relation
        The same rows; dates of pandas as a frame in memory has them.

    Raises
    ------
    MissingDependencyError
        If the kind's package is not installed.
    """
    if kind == "duckdb":
        return in_kind_of(relation, result)
    if kind == "pandas" and result.implementation.is_pandas():
        return result.to_native()
    try:
        if kind == "polars":
            return result.to_polars()
        arrow = result.to_arrow()
    except ImportError as error:
        extra = "polars" if kind == "polars" else "duckdb"
        raise MissingDependencyError.needed(f"{reader}(output={kind!r})", kind, extra) from error
    if kind == "pyarrow":
        return arrow
    frame: pd.DataFrame = arrow.to_pandas(date_as_object=False)
    dates = {name: frame[name].dt.as_unit("s") for name in frame.columns if frame[name].dtype.kind == "M"}
    return frame.assign(**dates)
