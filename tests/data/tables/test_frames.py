"""Any dataframe in, the same kind out."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import crmmodels as crm
from crmmodels.data.tables.frames import open_table

CUSTOMERS = crm.RFMModel.example(n_customers=40, seed=2)
MODEL = crm.RFMModel(segments="eight", labels="zh").fit(CUSTOMERS)
LABELS = list(MODEL.segment_labels())
EXPECTED = MODEL.segment(CUSTOMERS).astype(str).tolist()


def test_pandas_answers_can_be_assigned_and_joined() -> None:
    customers = CUSTOMERS.copy()
    customers["segment"] = MODEL.segment(customers)
    joined = customers.join(MODEL.score(customers))
    assert joined["segment"].astype(str).tolist() == EXPECTED
    assert joined["segment"].cat.categories.tolist() == LABELS
    assert (joined["segment"] > LABELS[3]).sum() == sum(LABELS.index(label) > 3 for label in EXPECTED)
    assert joined["r_score"].notna().all()


def test_pandas_tables_may_have_the_customer_as_index() -> None:
    indexed = CUSTOMERS.set_index("customer_id")
    answer = MODEL.segment(indexed)
    assert answer.index.equals(indexed.index)
    assert answer.astype(str).tolist() == EXPECTED


def test_polars_answers_are_enums_after_the_key() -> None:
    for native in (pl.from_pandas(CUSTOMERS), pl.from_pandas(CUSTOMERS).lazy()):
        answer = MODEL.segment(native)
        assert type(answer) is type(native)
        eager = answer.lazy().collect()
        assert eager.columns == ["customer_id", "segment"]
        assert eager["segment"].dtype == pl.Enum(LABELS)
        assert eager["segment"].to_list() == EXPECTED
        assert native.lazy().join(MODEL.score(native).lazy(), on="customer_id").collect()["r_score"].null_count() == 0


def test_pyarrow_answers_are_ordered_dictionaries_after_the_key() -> None:
    answer = MODEL.segment(pa.Table.from_pandas(CUSTOMERS))
    assert answer.column_names == ["customer_id", "segment"]
    assert answer.schema.field("segment").type.ordered
    assert answer["segment"].to_pylist() == EXPECTED
    assert answer["segment"].chunk(0).dictionary.to_pylist() == LABELS


def test_duckdb_answers_are_enums_that_sort_and_join() -> None:
    connection = duckdb.connect()
    relation = connection.from_df(CUSTOMERS)
    answer = MODEL.segment(relation)
    assert dict(answer.fetchall()) == dict(zip(CUSTOMERS["customer_id"], EXPECTED, strict=True))
    assert str(answer.types[1]).startswith("ENUM(")
    best_first = [row[0] for row in answer.project("segment").distinct().order("segment DESC").fetchall()]
    assert best_first == [label for label in LABELS[::-1] if label in EXPECTED]
    joined = relation.set_alias("given").join(MODEL.score(relation).set_alias("scores"), "customer_id")
    assert len(joined.fetchall()) == len(CUSTOMERS)


def test_labels_with_quotes_survive_duckdb() -> None:
    model = crm.ABCModel(labels={"A": 'the "best"', "B": "it's ok"}).fit(CUSTOMERS)
    answer = model.segment(duckdb.from_df(CUSTOMERS))
    assert {row[1] for row in answer.fetchall()} >= {'the "best"', "it's ok"}


@pytest.mark.parametrize(
    "data", [[1], "text", CUSTOMERS["spend"], np.zeros((3, 3)), None], ids=lambda data: type(data).__name__
)
def test_what_is_no_dataframe_is_refused(data: Any) -> None:
    with pytest.raises(crm.DataError) as caught:
        open_table(data, "customer_id", "RFMModel")
    assert str(caught.value) == (
        "RFMModel cannot read this table:\n- expected a dataframe (pandas, Polars (eager or lazy), PyArrow or DuckDB); "
        f"got {type(data).__name__}"
    )


@pytest.mark.parametrize("make", [pl.from_pandas, pa.Table.from_pandas, duckdb.from_df])
def test_summaries_come_best_first(make: Any) -> None:
    import narwhals as nw

    summary = nw.from_native(MODEL.summary(make(CUSTOMERS)))
    eager = summary.collect() if isinstance(summary, nw.LazyFrame) else summary
    assert eager["segment"].to_list() == LABELS[::-1]
    expected = MODEL.summary(CUSTOMERS)
    for name in expected.columns[1:]:
        actual = np.array([np.nan if value is None else value for value in eager[name].to_list()], dtype=float)
        np.testing.assert_array_equal(actual, expected[name].to_numpy(dtype=float))


def test_tables_of_the_caller_do_not_stand_in_for_answers() -> None:
    connection = duckdb.connect()
    for name in ("rows", "answer", "origin"):
        connection.execute(f"CREATE TABLE {name} AS SELECT 'zz' AS customer_id, 1 AS r_score, 'x' AS segment")
    relation = connection.from_df(CUSTOMERS)
    assert {row[0] for row in MODEL.score(relation).fetchall()} == set(CUSTOMERS["customer_id"])
    assert [row[1] for row in sorted(MODEL.segment(relation).fetchall())] == EXPECTED


def test_customers_that_are_lists_are_refused() -> None:
    table = pl.DataFrame({"customer_id": [[1], [2]], "spend": [1.0, 2.0]})
    with pytest.raises(crm.DataError, match="column 'customer_id' must name customers by text or numbers; it is List"):
        crm.ABCModel().fit(table)


def test_a_key_by_another_name_is_guessed_at() -> None:
    with pytest.raises(crm.DataError, match=r"column 'customer_id' is missing; .* did you mean 'CustomerID'"):
        crm.ABCModel().fit(pd.DataFrame({"CustomerID": [1], "spend": [1.0]}))
