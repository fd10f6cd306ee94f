"""What an engine promises, asked of every engine; a new one is one class and one row of `KINDS`."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from threading import Thread
from typing import Any

import duckdb
import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import crmmodels as crm
from crmmodels.engines import engine as engines
from crmmodels.engines.eager import Pandas
from crmmodels.engines.engine import Engine, Home, engine_named, engine_of, joinable

LOG = pd.DataFrame({"id": ["b", "a", "a", "c"], "date": pd.to_datetime(["2026-01-03", "2026-01-01", "2026-01-09", "2026-01-02"]), "spend": [1.0, 2.0, 3.0, 4.0]})  # fmt: skip
LABELS = ("low", "middle", "high")


class Folder(pd.DataFrame):
    """A frame of a library that this package has never heard of."""


class Folders(Pandas):
    """Its engine, as one file of an extension would have it."""

    name = "folders"

    def owns(self, native: object) -> bool:
        return isinstance(native, Folder)

    def frame_of(self, columns: Any, key: nw.Series[Any]) -> nw.DataFrame[Any]:
        return nw.from_native(Folder(dict(columns)), eager_only=True)

    def answer(self, origin: Any, rows: nw.DataFrame[Any], ordered: Any = ()) -> Any:
        return Folder(super().answer(origin, rows, ordered))


@dataclass(frozen=True)
class Kind:
    name: str
    make: Callable[[pd.DataFrame], Any]
    answer: type
    error: Callable[[], Exception] | None = None


KINDS = (
    Kind("pandas", lambda frame: frame.copy(), pd.DataFrame),
    Kind("polars", pl.from_pandas, pl.DataFrame, lambda: pl.exceptions.ComputeError("no such thing")),
    Kind("polars-lazy", lambda frame: pl.from_pandas(frame).lazy(), pl.LazyFrame, lambda: pl.exceptions.ComputeError("none")),
    Kind("pyarrow", lambda frame: pa.Table.from_pandas(frame, preserve_index=False), pa.Table, lambda: pa.ArrowInvalid("none")),
    Kind(
        "duckdb", lambda frame: duckdb.connect().from_df(frame), duckdb.DuckDBPyRelation, lambda: duckdb.Error("no such thing")
    ),
    Kind("folders", Folder, Folder),
)


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Kind:
    if request.param.name == "folders":
        monkeypatch.setattr(
            engines, "ENGINES", (Home("folders", f"{__name__}:Folders", frozenset({"pandas"})), *engines.ENGINES)
        )
    return request.param


@pytest.fixture
def native(kind: Kind) -> Any:
    return kind.make(LOG)


@pytest.fixture
def engine(kind: Kind, native: Any) -> Engine:
    return engine_of(native)


def rows_of(native: Any) -> dict[str, list[Any]]:
    frame = nw.from_native(native)
    eager = frame.collect() if isinstance(frame, nw.LazyFrame) else frame
    return {name: eager[name].to_list() for name in eager.columns}


def rows_of_its_own(engine: Engine, columns: dict[str, Any]) -> nw.DataFrame[Any]:
    series = [nw.new_series(name, values, backend=engine.backend) for name, values in columns.items()]
    return series[0].to_frame().with_columns(*series[1:])


def test_a_frame_has_one_engine_which_is_found_by_name(kind: Kind, native: Any, engine: Engine) -> None:
    assert engine.name == kind.name
    assert next(other.name for other in engines.ENGINES if other.engine.owns(native)) == kind.name
    assert engine_named(kind.name) is engine
    assert len({other.name for other in engines.ENGINES}) == len(engines.ENGINES)
    assert all(other.name == other.engine.name for other in engines.ENGINES)


def test_what_is_no_frame_is_of_the_last_engine() -> None:
    for nothing in (None, 1, "text", [1], pd.Series([1])):
        assert engine_of(nothing) is engines.ENGINES[-1].engine
        with engine_of(nothing).locked():
            assert engine_of(nothing).odd_columns(nothing) is None


def test_a_plan_is_collected_into_rows_in_memory(native: Any, engine: Engine) -> None:
    plan = nw.from_native(native).lazy().group_by("id").agg(nw.col("spend").sum())
    collected = engine.collect(plan)
    assert isinstance(collected, nw.DataFrame)
    assert dict(zip(collected["id"].to_list(), collected["spend"].to_list(), strict=True)) == {"a": 5.0, "b": 1.0, "c": 4.0}


def test_an_answer_is_of_the_kind_that_came(kind: Kind, native: Any, engine: Engine) -> None:
    columns = {"id": ["c", "a", "b"], "n": np.array([3, 1, 2])}
    answer = engine.answer(native, rows_of_its_own(engine, columns))
    assert isinstance(answer, kind.answer)
    found = rows_of(answer)
    assert dict(zip(found["id"], found["n"], strict=True)) == {"a": 1, "b": 2, "c": 3}
    if engine.preserves_order:
        assert found["id"] == columns["id"]


@pytest.mark.parametrize("backend", ["pandas", "pyarrow"])
def test_rows_of_another_library_are_answered_too(kind: Kind, native: Any, engine: Engine, backend: Any) -> None:
    day = nw.new_series("day", np.array(["2026-01-01", "2026-02-01"], "datetime64[s]"), backend=backend)
    answer = engine.answer(native, nw.new_series("n", [1, 2], backend=backend).to_frame().with_columns(day))
    assert isinstance(answer, kind.answer)
    found = rows_of(answer)
    assert found["n"] == [1, 2]
    assert [str(value)[:10] for value in found["day"]] == ["2026-01-01", "2026-02-01"]


def test_labels_are_ordered_categories_where_the_library_has_them(kind: Kind, native: Any, engine: Engine) -> None:
    codes = nw.new_series("segment", np.array([2, -1, 0]), backend=engine.backend)
    labels = engine_of(codes.to_frame().to_native()).labels(codes, LABELS)
    assert labels.name == "segment"
    assert labels.to_list() == ["high", None, "low"] or pd.isna(labels.to_list()[1])
    answer = engine.answer(native, labels.to_frame(), (("segment", LABELS),))
    dtype: Any = nw.from_native(answer).collect_schema()["segment"]
    if dtype == nw.Enum:
        assert tuple(dtype.categories) == LABELS
    else:
        # An ordered dictionary of Arrow.
        assert dtype == nw.Categorical
        assert answer["segment"].type.ordered
        assert answer["segment"].chunk(0).dictionary.to_pylist() == list(LABELS)


def test_small_tables_are_joined_to_a_plan(native: Any, engine: Engine) -> None:
    lines = nw.from_native(native).lazy().with_columns(nw.col("id").cast(nw.String))
    small = rows_of_its_own(engine, {"id": ["a", "b"], "code": np.array([7, 8])})
    joined = engine.collect(lines.join(joinable(small, lines), on="id", how="inner").select("id", "code"))
    assert sorted(zip(joined["id"].to_list(), joined["code"].to_list(), strict=True)) == [("a", 7), ("a", 7), ("b", 8)]


def test_values_are_taken_by_position_and_missing_below_0(engine: Engine) -> None:
    column = nw.new_series("id", [10, 20, 30], backend=engine.backend)
    taken = engine_of(column.to_frame().to_native()).taken(column, np.array([2, -1, 0]), "referrer")
    assert taken.name == "referrer"
    assert taken.to_list() == [30, None, 10]


def test_all_columns_are_renamed_and_no_name_is_a_pattern(kind: Kind) -> None:
    native = kind.make(LOG.rename(columns={"id": "^i.*$", "date": "*"}))
    found = rows_of(engine_of(native).renamed(native, {"^i.*$": "a", "*": "b", "spend": "c"}))
    assert list(found) == ["a", "b", "c"]
    assert found["a"] == LOG["id"].tolist()


def test_columns_are_in_the_types_that_they_encode(native: Any, engine: Engine) -> None:
    wanted = {"customer": ("id", "key"), "time": ("date", "time"), "amount": ("spend", "number")}
    typed = engine.typed(native, wanted, None)
    assert engine_of(typed.native) is engine
    assert not typed.problems
    assert not typed.is_local
    assert rows_of(typed.native) == rows_of(native)


def test_a_lock_is_held_again_by_its_holder_and_by_nobody_else(native: Any, engine: Engine) -> None:
    entered = []

    def enter() -> None:
        with engine.locked():
            entered.append(True)

    with engine.locked(), engine.locked():
        other = Thread(target=enter)
        other.start()
        other.join(0.2)
        waits = other.is_alive()
    other.join(5.0)
    assert entered == [True]
    assert waits == (engine.name == "duckdb")


def test_what_a_library_raises_is_an_error_of_its_engine_with_a_reason(kind: Kind, native: Any, engine: Engine) -> None:
    assert issubclass(nw.exceptions.ColumnNotFoundError, engine.errors())
    assert engine.reason(ValueError("what it says")) == "what it says"
    assert not issubclass(KeyboardInterrupt, engine.errors())
    if kind.error is not None:
        error = kind.error()
        assert isinstance(error, engine.errors())
        assert engine.reason(error) == str(error)


def test_rows_in_memory_become_arrays_of_pandas_and_come_back(kind: Kind, native: Any, engine: Engine) -> None:
    if not engine.in_memory or engine.plans:
        return
    table = engine.to_pandas(native)
    assert table["date"].dtype.kind == "M"
    key = nw.from_native(native)["id"].head(0)
    frame = engine.frame_of({"customer_id": table["id"].array, "n": np.arange(4)}, key)
    assert isinstance(frame.to_native(), kind.answer)
    assert frame["customer_id"].to_list() == LOG["id"].tolist()
    assert frame["n"].to_list() == [0, 1, 2, 3]


def test_only_pandas_has_an_index_that_may_be_the_key(kind: Kind, native: Any, engine: Engine) -> None:
    index = engine.index_of(native)
    if isinstance(native, pd.DataFrame):
        assert index is native.index
        assert "id" in engine.keyed(engine.indexed(native, "id"), "id").columns
    else:
        assert index is None
        assert engine.keyed(native, "id") is engine.indexed(native, "id") is native


def test_engines_are_values_that_can_be_copied_and_pickled(engine: Engine) -> None:
    assert type(copy.deepcopy(engine)) is type(engine)
    if engine.name != "folders":
        assert type(pickle.loads(pickle.dumps(engine))) is type(engine)


def test_logs_and_models_of_every_engine_answer_in_its_kind(kind: Kind, native: Any) -> None:
    orders = crm.Orders(native, customer="id", time="date", amount="spend")
    customers = orders.customers(as_of="2026-01-10")
    assert isinstance(customers, kind.answer)
    found = pd.DataFrame(rows_of(customers)).sort_values("customer_id")
    assert found["customer_id"].tolist() == ["a", "b", "c"]
    assert found["spend"].tolist() == [5.0, 1.0, 4.0]
    assert isinstance(orders.panel("M"), kind.answer)
    assert isinstance(orders.split("2026-01-02").customers(), kind.answer)
    scored = crm.ABCModel().fit(customers).score(customers)
    assert isinstance(scored, pd.DataFrame if issubclass(kind.answer, pd.DataFrame) else kind.answer)
