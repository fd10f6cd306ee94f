"""The one interface that every model shares."""

from __future__ import annotations

import copy
import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar, overload

import narwhals as nw
import numpy as np
import pandas as pd

from crmmodels import hooks, saving
from crmmodels._domains import check_fields, check_value
from crmmodels._frozen import freeze, seal
from crmmodels._typing import AnyArray, FloatArray, IntArray
from crmmodels.data.tables.frames import OrderTables, Table, in_kind_of, open_table, ordered_labels
from crmmodels.data.tables.schema import Column, Conflict, read_values
from crmmodels.display import html_view, text_view, view_of
from crmmodels.exceptions import CrmModelsWarning, NotFittedError, SavedFormatError, warn
from crmmodels.kernels.arrays.blocks import told_of_blocks
from crmmodels.progress import Progress

TableT = TypeVar("TableT")
FitT = TypeVar("FitT")
FrameT = TypeVar("FrameT")
Values = Mapping[str, FloatArray]
_DAMAGE = (ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError)
"""What a damaged document may cause on the way from JSON to a model."""


class BaseModel(ABC, Generic[TableT, FitT]):
    """Reads tables, keeps the fitted record, labels the answers.

    A model is a frozen, keyword-only dataclass that derives from this class: its fields are the parameters, which are
    checked once and never change. Two models are equal where their parameters are, fitted or not. It declares the columns it reads and writes, and gives pure hooks on arrays. Only
    `fit` writes to a model, in one assignment, after everything has succeeded, so that a fitted model can be
    scored from many threads and a failed fit changes nothing. The data are not kept.

    A new model gives `columns`, `score_columns`, `segment_labels`, `_fit`, `_score`, `_segment` and `example`; where
    it has parameters to check, `_check_parameters`; where a damaged file could hold a wrong record, `_check_record`.
    What a hook gives is checked, and a `HookError` names the hook. The first type in ``BaseModel[Values, MyFit]`` is what the hooks
    receive: `Values`, a mapping of column names to float arrays, unless the model reads its table otherwise, in `_read`; the second is
    the fitted record.

    See Also
    --------
    crmmodels.testing.check_model : Checks that a model keeps every promise of this interface.
    """

    key: ClassVar[str] = "customer_id"
    """Column that names the customer."""

    index_is_key: ClassVar[bool] = False
    """Whether the index of a pandas table names the rows where the key column is not there."""

    within: ClassVar[str | None] = None
    """Column that tells the rows of one customer apart, where a table has several; answers have one row per customer."""

    record_types: ClassVar[tuple[type, ...]] = ()
    """Dataclasses of which fitted record and parameters are made, that of the record first; saved models may hold no others."""

    _record: FitT | None = None

    def __init_subclass__(cls, **kwargs: object) -> None:
        """Keep the repr of this class from being replaced by the one that ``dataclass`` writes."""
        super().__init_subclass__(**kwargs)
        if "__repr__" not in cls.__dict__:
            cls.__repr__ = BaseModel.__repr__  # type: ignore[method-assign]

    def __post_init__(self) -> None:
        """Freeze the parameters that came as lists or dicts, then check them."""
        for field in dataclasses.fields(self):  # type: ignore[arg-type]  # subclasses are dataclasses
            object.__setattr__(self, field.name, freeze(getattr(self, field.name)))
        self._check_parameters()

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Copies and pickles are as read-only as the model was."""
        self.__dict__.update(state)
        seal(self._record)

    def fit(self, data: Any) -> Self:
        """Learn the fitted record from a reference population.

        Parameters
        ----------
        data : dataframe or Orders
            One row per customer, in any kind of dataframe, or an order log.

        Returns
        -------
        Self
            The model itself, now fitted.

        Raises
        ------
        DataError
            If the table cannot be used; every problem is named. The model stays as it was.
        """
        table = self._read(self._open(data))
        record = hooks.read_record(type(self).__name__, self._fit(table), self.record_types)
        for concern in self._concerns(table, record):
            warn(concern)
        return self._learned(record)

    @property
    def is_fitted(self) -> bool:
        """Whether the model holds a fitted record."""
        return self._record is not None

    @property
    def fitted(self) -> FitT:
        """The fitted record.

        Raises
        ------
        NotFittedError
            Before `fit`.
        """
        return self._fitted_for("fitted")

    @overload
    def score(self, data: OrderTables) -> Any: ...
    @overload
    def score(self, data: FrameT) -> FrameT: ...
    def score(self, data: Any) -> Any:
        """Return one row of numbers per customer.

        This is not scikit-learn's ``score``, which is a goodness of fit.

        Parameters
        ----------
        data : dataframe or Orders
            The customers to score; they need not be those of `fit`.

        Returns
        -------
        dataframe
            The columns `score_columns`, in the kind of ``data``: on its index (pandas), or after the key column (the
            others). For `Orders` the pandas index is the key.

        Raises
        ------
        NotFittedError
            Before `fit`.
        DataError
            If the table cannot be used.
        """
        fitted = self._fitted_for("score")
        opened = self._open(data, fitted)
        name, columns = type(self).__name__, hooks.read_names(type(self).__name__, "score_columns()", self.score_columns())
        with self._watched("score"):
            table = self._read(opened)
            scores = hooks.read_numbers(name, "_score", self._score(table, fitted), columns, len(opened.frame))
        return self._noted(opened.answer(scores), table, fitted)

    @overload
    def segment(self, data: OrderTables) -> Any: ...
    @overload
    def segment(self, data: pd.DataFrame) -> pd.Series[str]: ...
    @overload
    def segment(self, data: FrameT) -> FrameT: ...
    def segment(self, data: Any) -> Any:
        """Return one ordered label per customer, worst first.

        Parameters
        ----------
        data : dataframe or Orders
            The customers to label; they need not be those of `fit`.

        Returns
        -------
        Series or dataframe
            Ordered categorical: a Series on the caller's index (pandas), or the key column and ``segment`` (the others).
            Missing where a model has no answer, such as for a respondent without any.

        Raises
        ------
        NotFittedError
            Before `fit`.
        DataError
            If the table cannot be used.
        """
        fitted = self._fitted_for("segment")
        opened = self._open(data, fitted)
        with self._watched("segment"):
            codes = self._codes_of(self._read(opened), opened, fitted)
        return opened.answer_labels(codes, self.segment_labels(), "segment")

    @overload
    def summary(self, data: OrderTables) -> Any: ...
    @overload
    def summary(self, data: FrameT) -> FrameT: ...
    def summary(self, data: Any) -> Any:
        """Describe the segments: one row each, best first.

        Parameters
        ----------
        data : dataframe or Orders
            The customers to describe.

        Returns
        -------
        dataframe
            ``segment, n_customers, share_of_customers`` and what the model adds, in the kind of ``data``. A mean of a
            segment without customers is missing.

        Raises
        ------
        NotFittedError
            Before `fit`.
        DataError
            If the table cannot be used.
        """
        fitted = self._fitted_for("summary")
        opened = self._open(data, fitted)
        table = self._read(opened)
        labels = self.segment_labels()
        with self._watched("summary"):
            codes = self._codes_of(table, opened, fitted)
            measures = hooks.read_numbers(
                type(self).__name__, "_measures", self._measures(table, codes, fitted), None, len(labels)
            )
        n = np.bincount(codes[codes >= 0], minlength=len(labels)).astype(np.int64)
        columns = {"n_customers": n, "share_of_customers": n / max(n.sum(), 1), **measures}
        best_first = np.arange(len(labels))[::-1]
        backend = opened.frame.implementation
        segment = ordered_labels(best_first, labels, "segment", backend)
        series = [nw.new_series(name, column[best_first], backend=backend) for name, column in columns.items()]
        return in_kind_of(opened.origin, segment.to_frame().with_columns(*series), (("segment", labels),))

    def to_dict(self) -> dict[str, Any]:
        """Return the model as plain JSON values.

        Returns
        -------
        dict
            Format number, library version, class, parameters and fitted record.

        Raises
        ------
        SavedFormatError
            If a parameter or a field of the record is not what its annotation says, or of a type that JSON has no form for.
        """
        try:
            check_fields(self, type(self).__name__, parameters=True)
            check_value(self._record, Any, "fitted")
        except (TypeError, ValueError) as error:
            msg = f"this {type(self).__name__} cannot be saved: {error}"
            raise SavedFormatError(msg) from error
        return {
            "format": saving.FORMAT,
            "version": saving.library_version(),
            "class": type(self).__name__,
            "parameters": {name: saving.encode(value) for name, value in self._parameters().items()},
            "fitted": saving.encode(self._record),
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """Make a model from what `to_dict` returned.

        Parameters
        ----------
        document : mapping
            A saved model of this class.

        Returns
        -------
        Self
            A model that answers as the saved one did.

        Raises
        ------
        SavedFormatError
            If this is no saved model of this class, its format is unknown, or it is damaged: a number is not finite, not of its type or
            out of its range, or the record does not go with the parameters. The message names the field.
        """
        saving.check_document(document, {cls.__name__: cls}, "this document")
        records = {record.__qualname__: record for record in cls.record_types}
        try:
            parameters = {name: saving.decode(value, records, name) for name, value in document["parameters"].items()}
            record = saving.decode(document["fitted"], records, "fitted")
            if record is not None and cls.record_types and not isinstance(record, cls.record_types[0]):
                msg = f"the fitted record is of type {type(record).__name__}, not {cls.record_types[0].__name__}"
                raise TypeError(msg)
        except SavedFormatError:
            raise
        except _DAMAGE as error:
            raise SavedFormatError.damaged(cls.__name__, error) from error
        fields = {field.name for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
        if unknown := sorted(map(str, parameters.keys() - fields)):
            msg = f"this saved {cls.__name__} has the unknown parameters {unknown}; known are {sorted(fields)}"
            raise SavedFormatError(msg)
        try:
            model = cls(**parameters)
            check_fields(model, cls.__name__, parameters=True)
            if record is not None:
                with np.errstate(all="ignore"):
                    check_value(record, Any, "fitted")
                    model._check_record(record)
        except _DAMAGE as error:
            raise SavedFormatError.damaged(cls.__name__, error) from error
        return model if record is None else model._learned(record)

    def save(self, path: str | Path) -> None:
        """Write the model to a JSON file; `crmmodels.load` reads it.

        Parameters
        ----------
        path : str or Path
            The file. An existing one is replaced only once the new one is complete, and keeps its mode; of a link, the file that it
            leads to.

        Raises
        ------
        SavedFormatError
            If a parameter or the record holds what a file cannot, such as a function.
        ParameterError
            If the path leads to a folder, a device, a pipe or a socket.
        OSError
            As Python gives it, if the folder is missing, the file must not be written, or the disk is full. An old file is
            whole then.
        """
        saving.write_document(self.to_dict(), path)

    def __repr__(self) -> str:
        """Parameters, fitted record, score columns and labels."""
        return text_view(view_of(self))

    def _repr_html_(self) -> str:
        return html_view(view_of(self))

    # What a new model gives.

    @abstractmethod
    def columns(self) -> Sequence[Column]:
        """Columns that the model reads, beside the key.

        Returns
        -------
        sequence of Column
            Their names and limits.
        """

    @abstractmethod
    def score_columns(self) -> Sequence[str]:
        """Columns that `score` returns.

        Returns
        -------
        sequence of str
            Their names.
        """

    @abstractmethod
    def segment_labels(self) -> Sequence[str]:
        """Segment labels, worst first.

        Returns
        -------
        sequence of str
            In the wording of the parameter ``labels``, where there is one.
        """

    @classmethod
    @abstractmethod
    def example(cls, n_customers: int, seed: int) -> pd.DataFrame:
        """Draw a valid table, for documentation and conformance checks.

        Parameters
        ----------
        n_customers : int
            Number of rows.
        seed : int
            Seed of the draw.

        Returns
        -------
        pandas.DataFrame
            The key and the columns that the model reads.
        """

    @abstractmethod
    def _fit(self, values: TableT) -> FitT:
        """Learn from arrays of shape (n_customers,)."""

    @abstractmethod
    def _score(self, values: TableT, fitted: FitT) -> Mapping[str, AnyArray]:
        """Return an array of shape (n_customers,) per score column."""

    @abstractmethod
    def _segment(self, values: TableT, fitted: FitT) -> IntArray:
        """Return the position in `segment_labels` of each customer's segment; -1 for none."""

    # What a new model may give.

    def monotone(self) -> Mapping[str, int]:
        """Columns in which a better value never leads to a worse segment.

        Returns
        -------
        mapping of str to int
            +1 where more is better, -1 where less is better.
        """
        return {}

    def _check_parameters(self) -> None:
        """Raise ParameterError for parameters out of range."""

    def _check_record(self, fitted: FitT) -> None:
        """Raise ValueError for a record that cannot be one of this model, as a damaged file may hold."""

    def _conflicts(self, values: Values) -> Iterable[Conflict]:  # noqa: ARG002  (a hook)
        """Return rows whose columns contradict each other; every column by itself is in order."""
        return ()

    def _concerns(self, values: TableT, fitted: FitT) -> Iterable[CrmModelsWarning]:  # noqa: ARG002  (a hook)
        """Return what a user should be warned of when these values are fitted."""
        return ()

    def _measures(self, values: TableT, codes: IntArray, fitted: FitT) -> Mapping[str, AnyArray]:  # noqa: ARG002  (a hook)
        """Return further columns of `summary`, each of shape (n_labels,), worst first."""
        return {}

    def _advice(self, table: Table) -> str:  # noqa: ARG002  (a hook)
        """Return what to hand over where the table lacks columns; by default what the table looks like is said."""
        return ""

    def _table_of(self, orders: OrderTables) -> Any:
        """Ask an order log for the table that the model reads."""
        return orders.customers()

    def _read(self, table: Table) -> TableT:
        """Return what the other hooks receive: by default the declared columns, checked, as a mapping of float arrays."""
        values: Any = self._columns_of(table)
        return values  # type: ignore[no-any-return]

    def _noted(self, answer: Any, values: TableT, fitted: FitT) -> Any:  # noqa: ARG002  (a hook)
        """Attach to an answer of `score` what must be said of it."""
        return answer

    # Shared work.

    @contextmanager
    def _watched(self, verb: str) -> Iterator[None]:
        """Show how far the kernels are, where that takes long."""
        with Progress(f"{type(self).__name__}.{verb}", "blocks of customers") as progress, told_of_blocks(progress):
            yield

    def _parameters(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}  # type: ignore[arg-type]

    def _fitted_for(self, verb: str) -> FitT:
        record = self._record
        if record is None:
            raise NotFittedError.before(type(self).__name__, verb)
        return record

    def _columns_of(self, table: Table) -> Values:
        """The declared columns, checked."""
        name = type(self).__name__
        columns, advice = hooks.read_columns(name, self.columns()), self._advice(table)
        return read_values(table.frame, columns, table.key, name, self._conflicts, advice=advice)

    def _learned(self, record: FitT) -> Self:
        """Become a fitted model, the one place where a record is assigned."""
        object.__setattr__(self, "_record", seal(record))
        return self

    def _codes_of(self, values: TableT, opened: Table, fitted: FitT) -> IntArray:
        name = type(self).__name__
        labels = hooks.read_names(name, "segment_labels()", self.segment_labels())
        return hooks.read_codes(name, self._segment(values, fitted), len(opened.frame), labels)

    def _open(self, data: Any, fitted: FitT | None = None) -> Table:  # noqa: ARG002  (a hook)
        """Look at what a caller gave: to fit without a record, to answer with one."""
        if isinstance(data, OrderTables):
            data = self._table_of(data)
            if isinstance(data, pd.DataFrame):
                data = data.set_index(self.key)
        return open_table(data, self.key, type(self).__name__)


class Inside(Generic[TableT, FitT]):
    """The hooks of a model under plain names: for plots and tables that ask several things of one reading, and for models that are parts of others."""

    def __init__(self, model: BaseModel[TableT, FitT]) -> None:
        self._model = model

    def read(self, data: Any) -> tuple[Table, TableT]:
        """Open and read what a caller gave, to be answered with the record of the model where it is fitted."""
        opened = self._model._open(data, self._model._record)
        return opened, self._model._read(opened)

    def fit(self, values: TableT) -> FitT:
        """Learn a record; the model stays as it is."""
        return copy.copy(self._model)._fit(values)

    def score(self, values: TableT) -> Mapping[str, AnyArray]:
        """Columns of `score`, of shape (n_customers,)."""
        return self._model._score(values, self._model.fitted)

    def segment(self, values: TableT) -> IntArray:
        """Positions in `segment_labels`, of shape (n_customers,)."""
        return self._model._segment(values, self._model.fitted)

    def conflicts(self, values: Values) -> Iterable[Conflict]:
        """Rows whose columns contradict each other."""
        return self._model._conflicts(values)

    def concerns(self, values: TableT, fitted: FitT) -> Iterable[CrmModelsWarning]:
        """What a user should be warned of."""
        return self._model._concerns(values, fitted)

    def check_record(self, fitted: FitT) -> None:
        """Raise ValueError for a record that cannot be one of the model."""
        self._model._check_record(fitted)
