"""From a caller's frame to a log with canonical columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from crmmodels.data.order_checks import role_problems, row_problems
from crmmodels.data.order_log import ArrayLog, EngineLog, OrderLog, array_log
from crmmodels.data.order_options import refused
from crmmodels.data.roles import ROLES
from crmmodels.data.tables import KINDS, any_frame, repeated_columns
from crmmodels.engines import duckdb as duckdb_engine

Lines = nw.DataFrame[Any] | nw.LazyFrame[Any]


def canonical_lines(native: Any, roles: Mapping[str, str], time_zone: str | None, *, drop_duplicates: bool) -> Lines:
    """Rename the roles' columns and drop the others, after checking that they can be what they are said to be.

    Parameters
    ----------
    native : dataframe
        The caller's frame.
    roles : mapping of str to str
        Column of each role.
    time_zone : str or None
        Zone in which the days of zoned timestamps are taken.
    drop_duplicates : bool
        Whether only one of the rows that are equal in every role stays.

    Returns
    -------
    narwhals DataFrame or LazyFrame
        One column per role.

    Raises
    ------
    DataError
        If this is no dataframe, or a column is missing or of a wrong type.
    """
    if problem := repeated_columns(native):
        raise refused(problem)
    opened = any_frame(native)
    if opened is None:
        raise refused(f"expected a dataframe ({KINDS}) or a path; got {type(native).__name__}")
    if opened.implementation.is_dask():
        raise refused("a Dask frame cannot be summed here; write it to Parquet, and give the path")
    local = False
    if isinstance(native, pd.DataFrame):
        typed = _typed_objects(native, roles)
        local = _is_zoned(typed.dtypes.get(roles["time"]))
        opened = nw.from_native(_with_local_time(typed, roles["time"], time_zone) if local else typed)
    schema = opened.collect_schema()
    if any(role_problems(schema, roles, {})):
        known = [column for column in dict.fromkeys(roles.values()) if column in schema]
        raise refused(*role_problems(schema, roles, _first_values(opened, known)))
    if not local:
        opened = _with_days_of_zone(opened, native, roles["time"], time_zone)
    canonical: Lines = opened.select(*(nw.col(column).alias(role) for role, column in roles.items()))
    if not drop_duplicates:
        return canonical
    return canonical.unique(maintain_order=True) if isinstance(canonical, nw.DataFrame) else canonical.unique()


def _with_days_of_zone(opened: Lines, native: Any, time: str, time_zone: str | None) -> Lines:
    """Refuse a zone that cannot be applied, and give DuckDB the local time that it does not keep."""
    dtype = opened.collect_schema()[time]
    zone = getattr(dtype, "time_zone", None)
    if time_zone is not None and dtype == nw.String:
        raise refused(
            f"column {time!r} is text, which counts by the day that it names, so time_zone={time_zone!r} cannot be applied; "
            "leave it out, or make timestamps of the text first"
        )
    if zone is None and time_zone is not None:
        raise refused(f"column {time!r} has no time zone, so time_zone={time_zone!r} cannot be applied; leave it out")
    if zone is None or not duckdb_engine.is_relation(native):
        return opened
    if time_zone is None:
        raise refused(
            f"column {time!r} holds instants, and DuckDB has no zone of the column in which to take their "
            "day; give time_zone=, such as 'Europe/Berlin'"
        )
    return nw.from_native(duckdb_engine.to_local_time(native, time, time_zone))


def open_log(canonical: Lines, roles: Mapping[str, str], time_zone: str | None, *, refuse_duplicates: bool) -> OrderLog:
    """Choose how a log is summed: kernels on arrays in memory, or plans for an engine.

    Parameters
    ----------
    canonical : narwhals DataFrame or LazyFrame
        One column per role.
    roles : mapping of str to str
        The caller's column of each role.
    time_zone : str or None
        Zone in which the days of zoned timestamps are taken.
    refuse_duplicates : bool
        Whether rows that repeat others in every role are a problem.

    Returns
    -------
    OrderLog
        The log. A lazy one has not been read, unless duplicates had to be sought.

    Raises
    ------
    DataError
        If rows in memory cannot be read.
    """
    lazy = isinstance(canonical, nw.LazyFrame)
    if (not lazy or refuse_duplicates) and (problems := row_problems(canonical, roles, refuse_duplicates=refuse_duplicates)):
        raise refused(*problems)
    if isinstance(canonical, nw.LazyFrame):
        return EngineLog(canonical, time_zone)
    if canonical.implementation.is_polars():
        return EngineLog(canonical.lazy(), time_zone)
    return _array_log(canonical, time_zone)


def _typed_objects(frame: pd.DataFrame, roles: Mapping[str, str]) -> pd.DataFrame:
    """Give pandas columns of Python dates or decimals the type that they have."""
    typed: dict[str, Any] = {}
    for role, column in roles.items():
        if column not in frame.columns or frame[column].dtype != object:
            continue
        kind = pd.api.types.infer_dtype(frame[column], skipna=True)
        if ROLES[role].kind == "time" and kind in {"date", "datetime", "datetime64"}:
            typed[column] = _as_datetimes(frame[column], role)
        if ROLES[role].kind == "number" and kind in {"decimal", "integer", "floating", "mixed-integer-float"}:
            typed[column] = frame[column].astype(np.float64)
        if ROLES[role].kind == "key" and kind.startswith("mixed"):
            types = sorted({type(item).__name__ for item in frame[column].dropna()})
            if len(types) == 1:
                continue
            raise refused(f"column {column!r} ({role}) mixes {', '.join(types)}; make all of them one type, such as text")
    return frame.assign(**typed) if typed else frame


def _is_zoned(dtype: object) -> bool:
    """Whether a type of pandas is that of instants, in its own or in Arrow's representation."""
    if isinstance(dtype, pd.ArrowDtype):
        return getattr(dtype.pyarrow_dtype, "tz", None) is not None
    return isinstance(dtype, pd.DatetimeTZDtype)


def _as_datetimes(column: pd.Series[Any], role: str) -> pd.Series[Any]:
    try:
        return pd.to_datetime(column)
    except (ValueError, TypeError):
        raise refused(
            f"column {column.name!r} ({role}) mixes time zones; make them one first with pandas.to_datetime(..., utc=True), and "
            "give time_zone= for the zone in which their day is taken"
        ) from None


def _with_local_time(frame: pd.DataFrame, column: str, time_zone: str | None) -> pd.DataFrame:
    """Replace zoned timestamps by the time on the local clock, since narwhals does not know every zone of pandas."""
    zoned = frame[column]
    if isinstance(zoned.dtype, pd.ArrowDtype):
        zoned = zoned.astype(pd.DatetimeTZDtype("us", zoned.dtype.pyarrow_dtype.tz))
    zoned = zoned if time_zone is None else zoned.dt.tz_convert(time_zone)
    return frame.assign(**{column: zoned.dt.tz_localize(None)})


def _first_values(frame: Lines, columns: list[str]) -> dict[str, Any]:
    if not columns:
        return {}
    head = frame.select(*columns).head(1)
    collected = head.collect() if isinstance(head, nw.LazyFrame) else head
    return {name: collected[name][0] if len(collected) else None for name in columns}


@dataclass(frozen=True, slots=True)
class _PandasBuilder:
    """Makes pandas frames of named arrays."""

    def __call__(self, columns: dict[str, Any]) -> nw.DataFrame[Any]:
        return nw.from_native(pd.DataFrame(columns), eager_only=True)


@dataclass(frozen=True, slots=True)
class _SeriesBuilder:
    """Makes frames of another library of named arrays, with the customers' own type."""

    dtype: Any
    backend: Any

    def __call__(self, columns: dict[str, Any]) -> nw.DataFrame[Any]:
        customer = nw.new_series("customer_id", list(columns.pop("customer_id")), self.dtype, backend=self.backend)
        series = [nw.new_series(name, column, backend=self.backend) for name, column in columns.items()]
        return customer.to_frame().with_columns(*series)


def _array_log(canonical: nw.DataFrame[Any], time_zone: str | None) -> ArrayLog:
    """Read an eager frame into arrays; answers are built by the frame's own library."""
    native = canonical.to_native()
    if isinstance(native, pd.DataFrame):
        return array_log(native, time_zone, _PandasBuilder())
    backend, dtype = canonical.implementation, canonical["customer"].dtype
    if dtype in {nw.Unknown, nw.Binary} or dtype.is_nested():
        raise refused("the customers are of a type that cannot be grouped; make them text or numbers first")
    pandas_frame = native.to_pandas(date_as_object=False) if backend.is_pyarrow() else canonical.to_pandas()
    return array_log(pandas_frame, time_zone, _SeriesBuilder(dtype, backend))
