"""Frames in memory: pandas, Polars and PyArrow."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from crmmodels._typing import IntArray
from crmmodels.engines.any_frame import AnyFrame, repeated
from crmmodels.engines.arrow_types import plain_type
from crmmodels.engines.engine import TypedFrame
from crmmodels.engines.pandas_types import is_zoned, with_local_time, with_plain_types
from crmmodels.engines.polars_lazy import PolarsLazy
from crmmodels.engines.text_dates import DatePattern, iso_text


class Pandas(AnyFrame):
    """Frames of pandas: kernels add up their arrays, and answers carry their index."""

    name = "pandas"
    backend = "pandas"
    in_memory = True

    def owns(self, native: object) -> bool:
        return isinstance(native, pd.DataFrame)

    def odd_columns(self, native: Any) -> str | None:
        if native.columns.nlevels > 1:
            first = native.columns[0] if len(native.columns) else ()
            return (
                f"its columns have names of {native.columns.nlevels} levels, such as {first!r}; make them one first: "
                "frame.columns = ['_'.join(map(str, name)) for name in frame.columns]"
            )
        return repeated(native.columns)

    def index_of(self, native: Any) -> pd.Index[Any]:
        index: pd.Index[Any] = native.index
        return index

    def keyed(self, native: Any, key: str) -> Any:
        return native.reset_index() if key not in native.columns and native.index.name == key else native

    def indexed(self, native: Any, key: str) -> Any:
        return native.set_index(key)

    def typed(self, native: Any, wanted: Mapping[str, tuple[str, str]], time_zone: str | None) -> TypedFrame:
        frame, problems = with_plain_types(native, wanted)
        time = wanted["time"][0]
        # narwhals does not know every zone of pandas.
        is_local = is_zoned(frame.dtypes.get(time))
        return TypedFrame(with_local_time(frame, time, time_zone) if is_local else frame, problems, is_local)

    def with_iso_dates(self, native: Any, column: str, pattern: DatePattern, *, is_float: bool = False) -> Any:
        values = native[column].astype("string").str.removesuffix(".0" if is_float else "").astype(object)
        distinct = {value: iso_text(value, pattern) for value in values.dropna().unique()}
        return native.assign(**{column: values.map(distinct).astype("string")})

    def to_pandas(self, native: Any) -> pd.DataFrame:
        frame: pd.DataFrame = native
        return frame

    def frame_of(self, columns: Mapping[str, Any], key: nw.Series[Any]) -> nw.DataFrame[Any]:  # noqa: ARG002  (arrays of pandas have their type)
        return nw.from_native(pd.DataFrame(dict(columns)), eager_only=True)

    def taken(self, column: nw.Series[Any], position: IntArray, name: str) -> nw.Series[Any]:
        known = position >= 0
        values = np.full(len(position), None, object)
        # Numbers among missing ones stay whole.
        values[known] = np.array([*column.to_list(), None], object)[position[known]]
        native: Any = pd.Series(values, index=column.to_native().index, dtype=object, name=name)
        return nw.from_native(native, series_only=True)

    def labels(self, codes: nw.Series[Any], labels: Sequence[str]) -> nw.Series[Any]:
        ordered = pd.Categorical.from_codes(codes.to_numpy(), pd.Index(list(labels)), ordered=True)
        native: Any = pd.Series(ordered, name=codes.name)
        return nw.from_native(native, series_only=True)

    def answer(self, origin: Any, rows: nw.DataFrame[Any], ordered: Sequence[tuple[str, Sequence[str]]] = ()) -> Any:  # noqa: ARG002
        if rows.implementation.is_pandas():
            return rows.to_native()
        frame: pd.DataFrame = rows.to_arrow().to_pandas(date_as_object=False)
        dates = {name: frame[name].dt.as_unit("s") for name in frame.columns if frame[name].dtype.kind == "M"}
        return frame.assign(**dates)


class Polars(PolarsLazy):
    """Frames of Polars in memory; its own plans add them up."""

    name = "polars"
    in_memory = True
    is_divisible = False

    def owns(self, native: object) -> bool:
        polars = sys.modules.get("polars")
        return polars is not None and isinstance(native, polars.DataFrame)

    def labels(self, codes: nw.Series[Any], labels: Sequence[str]) -> nw.Series[Any]:
        import polars as pl  # noqa: PLC0415  (the codes are a Polars series)

        positions = codes.to_native().replace(-1, None)
        return nw.from_native(
            pl.Series(codes.name, list(labels), dtype=pl.Enum(list(labels))).gather(positions), series_only=True
        ).alias(codes.name)

    def answer(self, origin: Any, rows: nw.DataFrame[Any], ordered: Sequence[tuple[str, Sequence[str]]] = ()) -> Any:  # noqa: ARG002
        return rows.to_polars()


class PyArrow(AnyFrame):
    """Tables of PyArrow: kernels add up their arrays."""

    name = "pyarrow"
    in_memory = True

    def owns(self, native: object) -> bool:
        arrow = sys.modules.get("pyarrow")
        return arrow is not None and isinstance(native, arrow.Table)

    def odd_columns(self, native: Any) -> str | None:
        return repeated(native.column_names)

    def typed(self, native: Any, wanted: Mapping[str, tuple[str, str]], time_zone: str | None) -> TypedFrame:
        return super().typed(_with_plain_types(native, wanted), wanted, time_zone)

    def with_iso_dates(self, native: Any, column: str, pattern: DatePattern, *, is_float: bool = False) -> Any:
        import pyarrow as pa  # noqa: PLC0415  (the caller's table is a PyArrow table)

        zero = ".0" if is_float else ""
        coded = native[column].cast(pa.string()).combine_chunks().dictionary_encode()
        words = pa.array(
            [None if word is None else iso_text(word.removesuffix(zero), pattern) for word in coded.dictionary.to_pylist()],
            pa.string(),
        )
        return native.set_column(native.column_names.index(column), column, words.take(coded.indices))

    def to_pandas(self, native: Any) -> pd.DataFrame:
        frame: pd.DataFrame = native.to_pandas(date_as_object=False)
        return frame

    def labels(self, codes: nw.Series[Any], labels: Sequence[str]) -> nw.Series[Any]:
        import pyarrow as pa  # noqa: PLC0415  (the codes are of it)

        numbers = codes.to_numpy()
        positions = pa.array(numbers, pa.int32(), mask=numbers < 0)
        dictionary = pa.DictionaryArray.from_arrays(positions, pa.array(list(labels)), ordered=True)
        series: nw.Series[Any] = nw.from_native(pa.chunked_array([dictionary]), series_only=True)
        return series.alias(codes.name)

    def answer(self, origin: Any, rows: nw.DataFrame[Any], ordered: Sequence[tuple[str, Sequence[str]]] = ()) -> Any:  # noqa: ARG002
        return rows.to_arrow()


def _with_plain_types(table: Any, wanted: Mapping[str, tuple[str, str]]) -> Any:
    """Dictionaries, unless they are names of customers or orders, and views as their values."""
    import pyarrow as pa  # noqa: PLC0415  (the table is of it)

    for name, kind in wanted.values():
        if name not in table.column_names or kind == "kept":
            continue
        given = table.schema.field(name).type
        is_name = kind == "key" and pa.types.is_dictionary(given) and given.value_type in {pa.string(), pa.large_string()}
        target = plain_type(given)
        if target != given and not is_name:
            table = table.set_column(table.column_names.index(name), name, table[name].cast(target))
    return table
