"""Frames of any library that narwhals knows: what an engine does unless it says otherwise."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from crmmodels._typing import IntArray
from crmmodels.engines.engine import TypedFrame
from crmmodels.engines.text_dates import DatePattern


class AnyFrame:
    """The members of `Engine` by narwhals alone; an engine derives from it and says what differs."""

    name: str = "narwhals"
    backend: str = "pyarrow"
    extra: str = "duckdb"
    refusal: str | None = None
    plans: bool = False
    in_memory: bool = False
    preserves_order: bool = True
    is_divisible: bool = False
    keeps_zones: bool = True
    groups_objects: bool = True

    def owns(self, native: object) -> bool:  # noqa: ARG002  (any frame, and what is none)
        return True

    def locked(self) -> AbstractContextManager[Any]:
        return nullcontext()

    def odd_columns(self, native: Any) -> str | None:  # noqa: ARG002  (most libraries refuse such frames)
        return None

    def index_of(self, native: Any) -> pd.Index[Any] | None:  # noqa: ARG002  (pandas alone has one)
        return None

    def keyed(self, native: Any, key: str) -> Any:  # noqa: ARG002
        return native

    def indexed(self, native: Any, key: str) -> Any:  # noqa: ARG002
        return native

    def typed(self, native: Any, wanted: Mapping[str, tuple[str, str]], time_zone: str | None) -> TypedFrame:  # noqa: ARG002
        frame: Any = nw.from_native(native)
        time = wanted["time"][0]
        if isinstance(frame.collect_schema().get(time), nw.Categorical | nw.Enum):
            frame = frame.with_columns(nw.col(time).cast(nw.String))
        return TypedFrame(frame.to_native())

    def renamed(self, native: Any, names: Mapping[str, str]) -> Any:
        frame: Any = nw.from_native(native)
        return frame.rename(dict(names)).to_native()

    def with_iso_dates(self, native: Any, column: str, pattern: DatePattern, *, is_float: bool = False) -> Any | None:  # noqa: ARG002
        return None

    def with_day(self, native: Any, column: str, day: str) -> Any:  # noqa: ARG002
        return native

    def to_pandas(self, native: Any) -> pd.DataFrame:
        frame: Any = nw.from_native(native)
        table: pd.DataFrame = frame.to_pandas()
        return table

    def frame_of(self, columns: Mapping[str, Any], key: nw.Series[Any]) -> nw.DataFrame[Any]:
        backend: Any = key.implementation
        (name, keys), *others = columns.items()
        first = nw.new_series(name, list(keys), key.dtype, backend=backend)
        return first.to_frame().with_columns(*(nw.new_series(name, column, backend=backend) for name, column in others))

    def taken(self, column: nw.Series[Any], position: IntArray, name: str) -> nw.Series[Any]:
        backend: Any = column.implementation
        values = column[np.maximum(position, 0).tolist()].alias(name).to_frame()
        is_known = nw.new_series("is_known", position >= 0, backend=backend)
        known: nw.Series[Any] = values.with_columns(is_known).select(nw.when(nw.col("is_known")).then(nw.col(name)))[name]
        return known

    def labels(self, codes: nw.Series[Any], labels: Sequence[str]) -> nw.Series[Any]:
        backend: Any = codes.implementation
        text = np.array([*labels, None], dtype=object)[codes.to_numpy()].tolist()
        return nw.new_series(codes.name, text, nw.String, backend=backend)

    def collect(self, plan: nw.LazyFrame[Any]) -> nw.DataFrame[Any]:
        return plan.collect()

    def part(self, native: Any, column: str, number: int, n_parts: int) -> Any:
        raise NotImplementedError

    def answer(self, origin: Any, rows: nw.DataFrame[Any], ordered: Sequence[tuple[str, Sequence[str]]] = ()) -> Any:  # noqa: ARG002
        opened = nw.from_native(origin)
        backend: Any = opened.implementation
        return (rows.lazy(backend=backend) if isinstance(opened, nw.LazyFrame) else rows).to_native()

    def errors(self) -> tuple[type[Exception], ...]:
        arrow = sys.modules.get("pyarrow")
        return (nw.exceptions.NarwhalsError, *(() if arrow is None else (arrow.lib.ArrowException,)))

    def reason(self, error: Exception) -> str:
        return str(error)


class Dask(AnyFrame):
    """Frames of Dask, which narwhals does not sum as a log needs it."""

    name = "dask"
    refusal: str | None = "a Dask frame cannot be summed here; write it to Parquet, and give the path"

    def owns(self, native: object) -> bool:
        return type(native).__module__.partition(".")[0] in {"dask", "dask_expr"}


def repeated(names: Sequence[Any] | pd.Index[Any]) -> str | None:
    """Word that names of columns stand more than once; None where they do not."""
    twice = [name for name, n in Counter(names).items() if n > 1]
    return f"columns {twice} stand in it more than once; name each column once" if twice else None
