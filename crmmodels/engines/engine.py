"""What the package asks of a dataframe library, and who answers: an engine is one class, and one row of `ENGINES`, loaded when it is met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any, Literal, Protocol, TypeAlias

import narwhals as nw
import pandas as pd

from crmmodels._typing import IntArray
from crmmodels.engines.text_dates import DatePattern

OutputKind: TypeAlias = Literal["pandas", "polars", "pyarrow", "duckdb"]
"""Kinds in which a log of files may answer: the names of engines."""


@dataclass(frozen=True, slots=True, eq=False)
class TypedFrame:
    """A frame whose columns have the types that they encode, what is wrong by role, and whether instants are local time now."""

    native: Any
    problems: Mapping[str, str] = field(default_factory=dict)
    is_local: bool = False


class Engine(Protocol):
    """A dataframe library; `native` is one of its frames.

    Attributes
    ----------
    name : str
        The name by which a user asks for it.
    backend : str
        The library, as narwhals names it, in which its answers are put together in memory.
    extra : str
        Extra of this package that installs what its answers need.
    refusal : str or None
        Why a log of it cannot be read; None where it can.
    plans : bool
        Whether sums of a log are plans that the library runs; where not, kernels add up arrays. Lazy frames are always planned.
    in_memory : bool
        Whether its frames hold their rows in memory.
    preserves_order : bool
        Whether rows of an answer keep their order.
    is_divisible : bool
        Whether it reads a part of a log without holding all of it.
    keeps_zones : bool
        Whether a column of instants knows the zone in which they were written.
    groups_objects : bool
        Whether Python objects can name customers.
    """

    name: str
    backend: str
    extra: str
    refusal: str | None
    plans: bool
    in_memory: bool
    preserves_order: bool
    is_divisible: bool
    keeps_zones: bool
    groups_objects: bool

    def owns(self, native: object) -> bool:
        """Whether this is one of its frames; the library is not imported to find out."""
        ...

    def locked(self) -> AbstractContextManager[Any]:
        """Hold a lock of this process while a frame is worked with, where the library serves one caller at a time."""
        ...

    def odd_columns(self, native: Any) -> str | None:
        """Word that columns cannot be asked for by name, since they have several levels of names or share one; else None."""
        ...

    def index_of(self, native: Any) -> pd.Index[Any] | None:
        """Index that answers carry; None where the library has none."""
        ...

    def keyed(self, native: Any, key: str) -> Any:
        """The frame with the key as a column, where the name of its index is the key."""
        ...

    def indexed(self, native: Any, key: str) -> Any:
        """The frame with the key as its index, so that answers carry it; as it is where the library has no index."""
        ...

    def typed(self, native: Any, wanted: Mapping[str, tuple[str, str]], time_zone: str | None) -> TypedFrame:
        """Columns of a log in the types that they encode; ``wanted`` has column and kind (key, time, number, text, kept) by role."""
        ...

    def renamed(self, native: Any, names: Mapping[str, str]) -> Any:
        """All columns under other names; no name is a pattern."""
        ...

    def with_iso_dates(self, native: Any, column: str, pattern: DatePattern, *, is_float: bool = False) -> Any | None:
        """ISO 8601 text in place of text of a format, `UNMATCHED` before what is none; None where the library cannot.

        With ``is_float`` whole numbers stand as floats, as they do in pandas where one is missing.
        """
        ...

    def with_day(self, native: Any, column: str, day: str) -> Any:
        """Add the calendar day of ISO 8601 text in a column ``day``, where the library is faster so than by a pattern."""
        ...

    def to_pandas(self, native: Any) -> pd.DataFrame:
        """Rows in memory as a pandas frame, dates as timestamps."""
        ...

    def frame_of(self, columns: Mapping[str, Any], key: nw.Series[Any]) -> nw.DataFrame[Any]:
        """Frame in memory of named arrays of one length, the first of the type of ``key``."""
        ...

    def taken(self, column: nw.Series[Any], position: IntArray, name: str) -> nw.Series[Any]:
        """Values of a column at some positions, missing at those below 0, aligned with the rows of the column."""
        ...

    def labels(self, codes: nw.Series[Any], labels: Sequence[str]) -> nw.Series[Any]:
        """Ordered categories of positions in ``labels``, -1 for missing; text where the library has no such type."""
        ...

    def collect(self, plan: nw.LazyFrame[Any]) -> nw.DataFrame[Any]:
        """Run a plan; its rows come in any order."""
        ...

    def part(self, native: Any, column: str, number: int, n_parts: int) -> Any:
        """Rows whose value falls into one of so many parts; equal values, and missing ones, are in one, and every row is in one."""
        ...

    def answer(self, origin: Any, rows: nw.DataFrame[Any], ordered: Sequence[tuple[str, Sequence[str]]] = ()) -> Any:
        """Rows in memory as a frame of this library that can be joined to ``origin``, some columns as ordered categories of text."""
        ...

    def errors(self) -> tuple[type[Exception], ...]:
        """What it raises where it cannot read."""
        ...

    def reason(self, error: Exception) -> str:
        """One sentence of why it failed, and what to do."""
        ...


@dataclass(frozen=True, slots=True)
class Home:
    """Where the engine of a library lives: the name by which a user asks for it, its class, and the packages that define its frames."""

    name: str
    where: str
    libraries: frozenset[str] = frozenset()

    @property
    def engine(self) -> Engine:
        """The engine, loaded when first asked for."""
        return _loaded(self.where)


@cache
def _loaded(where: str) -> Engine:
    module, _, name = where.partition(":")
    engine: Engine = getattr(import_module(module), name)()
    return engine


ENGINES: tuple[Home, ...] = (
    Home("pandas", "crmmodels.engines.eager:Pandas", frozenset({"pandas"})),
    Home("polars", "crmmodels.engines.eager:Polars", frozenset({"polars"})),
    Home("pyarrow", "crmmodels.engines.eager:PyArrow", frozenset({"pyarrow"})),
    Home("polars-lazy", "crmmodels.engines.polars_lazy:PolarsLazy", frozenset({"polars"})),
    Home("duckdb", "crmmodels.engines.duckdb:DuckDB", frozenset({"duckdb", "_duckdb"})),
    Home("dask", "crmmodels.engines.any_frame:Dask", frozenset({"dask", "dask_expr"})),
    Home("narwhals", "crmmodels.engines.any_frame:AnyFrame"),
)
"""All engines; the first that owns a frame answers for it, the last for any frame."""


def engine_of(native: object) -> Engine:
    """Engine of a native frame; that of any frame also for what is none."""
    packages = {kind.__module__.partition(".")[0] for kind in type(native).__mro__}
    homes = (home for home in ENGINES if packages & home.libraries or not home.libraries)
    return next(home.engine for home in homes if home.engine.owns(native))


def engine_named(name: str | None) -> Engine:
    """Engine that a user asks for by name; the first without a wish."""
    return next(home.engine for home in ENGINES if name in {None, home.name})


def joinable(rows: nw.DataFrame[Any], lines: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Rows in memory where the engine of a plan can join them to its lines."""
    native: Any = lines.to_native()
    frame: nw.DataFrame[Any] | nw.LazyFrame[Any] = nw.from_native(engine_of(native).answer(native, rows))
    return frame.lazy() if isinstance(frame, nw.DataFrame) else frame
