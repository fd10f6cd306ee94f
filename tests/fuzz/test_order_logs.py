"""Random order logs, over every kind of frame and file: no foreign exception, and no two answers to one table.

``make test`` tries 300 logs, ``make fuzz`` more: the environment variable ``FUZZ_EXAMPLES`` says how many.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import os
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import narwhals as nw
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import crmmodels as crm

N_EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "300"))
DAYS = st.dates(dt.date(2024, 1, 1), dt.date(2026, 12, 31))
MOMENTS = st.datetimes(dt.datetime(2024, 1, 1), dt.datetime(2026, 12, 31)).map(lambda moment: moment.replace(microsecond=0))
ODD_TEXT = st.sampled_from(
    ["", " ", "a b", 'q"uote', "it's", "semi;colon", "com,ma", "new\nline", "客户", "1e5", "007", "NA", "null", "é"]
)
CUSTOMERS = st.sampled_from(
    [
        st.integers(1, 4),
        st.sampled_from(["a", "b", "c"]),
        st.one_of(st.sampled_from(["a", "b"]), ODD_TEXT),
        st.sampled_from([1.0, 2.0, 2.5]),
        st.one_of(st.none(), st.sampled_from(["a", "b"])),
    ]
)
TIMES = st.sampled_from(
    [
        DAYS,
        MOMENTS,
        DAYS.map(dt.date.isoformat),
        MOMENTS.map(dt.datetime.isoformat),
        MOMENTS.map(lambda moment: moment.strftime("%Y-%m-%d %H:%M:%S +0100")),
        DAYS.map(lambda day: day.strftime("%d.%m.%Y")),
        DAYS.map(lambda day: int(day.strftime("%Y%m%d"))),
        st.one_of(
            DAYS.map(dt.date.isoformat), st.sampled_from(["", "2026-02-30", "9999-12-31", "0001-01-01", "soon", "2026-1-5"])
        ),
        st.one_of(st.none(), DAYS),
        st.sampled_from([dt.date(1, 1, 1), dt.date(2026, 1, 1), dt.date(9999, 12, 31)]),
    ]
)
AMOUNTS = st.sampled_from(
    [
        st.integers(-20, 100),
        st.decimals(-50, 500, places=2).map(float),
        st.sampled_from([0.0, -0.0, 1e-300, 1e15, -1e15, 0.1, 0.2, -0.3]),
        st.one_of(st.none(), st.integers(0, 9).map(float)),
        st.sampled_from([1.0, math.inf, -math.inf, math.nan, 1e308]),
        st.sampled_from(["5", "7.5", "1,5", "x", ""]),
        st.booleans(),
    ]
)
OPTIONS = st.fixed_dictionaries(
    {
        "missing": st.sampled_from(["refuse", "refuse", "drop"]),
        "duplicates": st.sampled_from(["keep", "keep", "drop", "refuse"]),
        "date_format": st.sampled_from([None, None, None, "%d.%m.%Y", "%Y%m%d"]),
        "after": st.one_of(st.none(), DAYS),
    }
)


@st.composite
def logs(draw: st.DrawFn) -> tuple[pd.DataFrame, dict[str, Any]]:
    """A frame, and the arguments with which it is read."""
    n = draw(st.integers(1, 12))
    kinds = {"who": draw(CUSTOMERS), "when": draw(TIMES)}
    roles = {"customer": "who", "time": "when"}
    for role, column, kind in (
        ("amount", "how much", draw(AMOUNTS)),
        ("order_id", "no", st.one_of(st.integers(1, 3), st.integers(1, 3))),
        ("quantity", "units", st.integers(-2, 5)),
    ):
        if draw(st.booleans()):
            roles[role], kinds[column] = column, kind
    if "amount" in roles and "quantity" in roles and draw(st.booleans()):
        roles["unit_price"] = roles.pop("amount")
    frame = pd.DataFrame({name: pd.Series(draw(st.lists(kind, min_size=n, max_size=n))) for name, kind in kinds.items()})
    frame["town"] = draw(st.lists(st.sampled_from(["Ulm", "Bonn"]), min_size=n, max_size=n))
    keep = {"keep": ["town"]} if draw(st.booleans()) else {}
    return frame, {**roles, **keep, **draw(OPTIONS)}


def natives(frame: pd.DataFrame, folder: Path) -> Iterator[tuple[str, Callable[[], Any]]]:
    """The same rows in every kind of frame and file that can hold them."""
    yield "pandas", frame.copy
    yield "pandas, other order", lambda: frame.sample(frac=1.0, random_state=3)
    try:
        table = pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return
    yield "pyarrow", lambda: table
    yield "polars", lambda: pl.from_arrow(table)
    yield "polars lazy", lambda: pl.from_arrow(table).lazy()
    yield "duckdb", lambda: duckdb.connect().from_arrow(table)
    half = len(table) // 2
    parts = [table.slice(0, half), table.slice(half)] if half else [table]
    for i, part in enumerate(parts):
        pq.write_table(part, folder / f"part-{i}.parquet")
        names = part.column_names if i == 0 else part.column_names[::-1]
        part.select(names).to_pandas(date_as_object=True).to_csv(folder / f"part-{i}.csv", index=False, sep=";")
    pq.write_table(table, folder / "log.parquet")
    table.to_pandas(date_as_object=True).to_csv(folder / "log.csv", index=False)
    for name in ("log.parquet", "part-*.parquet", "log.csv", "part-*.csv"):
        yield name, lambda name=name: folder / name


def answer_of(native: Any, arguments: dict[str, Any], as_of: dt.date | None) -> dict[str, tuple[Any, ...]] | None:
    """Customers and what is said of each; None where the log is refused."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", crm.CrmModelsWarning)
        try:
            answer = crm.Orders(native, **arguments).customers(as_of=as_of)
        except (crm.DataError, crm.ParameterError):
            return None
        opened: Any = nw.from_native(answer)
        rows = (opened.collect() if isinstance(opened, nw.LazyFrame) else opened).rows(named=True)
    return {_name(row["customer_id"]): tuple(_plain(value) for value in list(row.values())[1:]) for row in rows}


def _name(customer: Any) -> str:
    number = isinstance(customer, float) and customer.is_integer()
    return str(int(customer)) if number else str(customer)


def _plain(value: Any) -> Any:
    return str(value)[:10] if hasattr(value, "isoformat") else value


@pytest.mark.slow
@pytest.mark.timeout(0)
def test_every_kind_gives_one_answer_or_an_error_of_the_library() -> None:
    counts: Counter[str] = Counter()

    @settings(max_examples=N_EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(log=logs(), as_of=st.one_of(st.none(), st.dates(dt.date(2026, 1, 1), dt.date(2027, 1, 1))))
    def tried(log: tuple[pd.DataFrame, dict[str, Any]], as_of: dt.date | None) -> None:
        frame, arguments = log
        before = frame.copy()
        with tempfile.TemporaryDirectory() as folder:
            answers = {kind: answer_of(make(), arguments, as_of) for kind, make in natives(frame, Path(folder))}
        pd.testing.assert_frame_equal(frame, before)
        accepted = {kind: answer for kind, answer in answers.items() if answer is not None}
        counts.update(["logs", *accepted, *([] if accepted else ["refused by every kind"])])
        agree(accepted)

    tried()
    assert counts["logs"] >= N_EXAMPLES
    assert counts["pandas"] > counts["logs"] / 10  # a strategy that makes only what is refused would try nothing
    if path := os.environ.get("FUZZ_RECORD"):
        Path(path).write_text(json.dumps(dict(sorted(counts.items())), indent=1) + "\n", encoding="utf-8")


def agree(accepted: dict[str, dict[str, tuple[Any, ...]]]) -> None:
    """Every kind that accepted a log says the same of it; numbers to 1e-12, and names as numbers where CSV files made texts of them."""
    named = {kind: {_as_number(name): row for name, row in answer.items()} for kind, answer in accepted.items()}
    for kind, answer in named.items():
        first_kind, first = next(iter(named.items()))
        assert answer.keys() == first.keys(), (first_kind, kind)
        for name, row in answer.items():
            for one, other in zip(row, first[name], strict=True):
                same = one == pytest.approx(other, rel=1e-12, abs=1e-9) if isinstance(one, float) else one == other
                assert same, (first_kind, kind, name, row, first[name])


def _as_number(name: str) -> str | float:
    return float(name) if _is_float(name) else name


def _is_float(name: str) -> bool:
    try:
        return math.isfinite(float(name))
    except ValueError:
        return False
