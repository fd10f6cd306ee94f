"""Promises about dataframes of other kinds than pandas."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import narwhals as nw
import pandas as pd

from crmmodels.testing.checks.claims import AnyModel, NotApplicable, answers, claim, customers_of, same


def check_polars_agrees(model: AnyModel, data: pd.DataFrame) -> None:
    """Polars frames, eager and lazy, get the answers of pandas, as Polars frames of the same kind."""
    polars = _installed("polars")
    eager = polars.DataFrame({name: data[name].tolist() for name in data.columns})
    _agrees(model, data, eager)
    _agrees(model, data, eager.lazy())


def check_pyarrow_agrees(model: AnyModel, data: pd.DataFrame) -> None:
    """PyArrow tables get the answers of pandas, as PyArrow tables."""
    _agrees(model, data, _installed("pyarrow").table({name: data[name].tolist() for name in data.columns}))


def check_duckdb_agrees(model: AnyModel, data: pd.DataFrame) -> None:
    """DuckDB relations get the answers of pandas, as DuckDB relations on the same connection."""
    duckdb = _installed("duckdb")
    rows = _installed("pyarrow").table({name: data[name].tolist() for name in data.columns})
    with duckdb.connect() as connection:
        relation = connection.from_arrow(rows)
        _agrees(model, data, relation)
        joined = model.score(relation).set_alias("scores").join(relation.set_alias("given"), model.key)
        claim(holds=len(joined.fetchall()) == len(data), otherwise="scores cannot be joined to the relation they are for")


def _installed(package: str) -> Any:
    try:
        return import_module(package)
    except ImportError:
        msg = f"{package} is not installed"
        raise NotApplicable(msg) from None


def _agrees(model: AnyModel, data: pd.DataFrame, other: Any) -> None:
    expected = answers(model.fit(data), data).set_axis(pd.Index(customers_of(model, data), name=model.key))
    record = model.to_dict()["fitted"]
    kind = type(other).__name__
    model.fit(other)
    claim(holds=model.to_dict()["fitted"] == record, otherwise=f"the record fitted on a {kind} differs from that on pandas")
    scores, segments, summary = model.score(other), model.segment(other), model.summary(other)
    for name, answer in (("score", scores), ("segment", segments), ("summary", summary)):
        claim(holds=type(answer) is type(other), otherwise=f"{name} of a {kind} is a {type(answer).__name__}")
    first = [next(iter(nw.from_native(answer).collect_schema())) for answer in (scores, segments)]
    claim(holds=first == [model.key] * 2, otherwise=f"the first columns for a {kind} are {first}, not {model.key!r}")
    position = {label: i for i, label in enumerate(model.segment_labels())}
    codes = _as_pandas(segments, model.key)["segment"].map(lambda label: position[str(label)])
    actual = _as_pandas(scores, model.key).assign(segment=codes.astype(expected["segment"].dtype))
    same(actual.loc[expected.index].astype(dict(expected.dtypes)), expected, f"answers for a {kind}")


def _as_pandas(answer: Any, key: str) -> pd.DataFrame:
    frame = nw.from_native(answer)
    eager = frame.collect() if isinstance(frame, nw.LazyFrame) else frame
    return pd.DataFrame({name: eager[name].to_list() for name in eager.columns}).set_index(key)
