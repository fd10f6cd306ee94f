"""Promises about scores and segments."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from crmmodels.testing.checks.claims import (
    ROUNDING,
    AnyModel,
    NotApplicable,
    alike,
    answers,
    claim,
    customers_of,
    difference,
    index_of,
    part_of,
    same,
)

_GRID: Final = 20
_LARGE: Final = 12_000


def check_index_and_columns_kept(model: AnyModel, data: pd.DataFrame) -> None:
    """Answers have the declared columns, ordered labels, and the caller's index, be it a range, shuffled or the key."""
    model.fit(data)
    numbered = data.set_axis(np.arange(len(data))[::-1] * 10 + 7)
    for table in (numbered, data.set_index(model.key)):
        scores, segments = model.score(table), model.segment(table)
        columns = list(model.score_columns())
        claim(holds=list(scores.columns) == columns, otherwise=f"score has {list(scores.columns)}, declared are {columns}")
        for name, answer in (("score", scores), ("segment", segments)):
            claim(holds=answer.index.equals(index_of(model, table)), otherwise=f"{name} is not on the index of the table")
        labels = list(model.segment_labels())
        found = list(segments.cat.categories)
        claim(holds=bool(segments.cat.ordered), otherwise="the labels are not ordered")
        claim(holds=found == labels, otherwise=f"the categories are {found}, declared are {labels}")
        claim(holds=bool(segments.notna().all()), otherwise="a customer has no segment")


def check_finite(model: AnyModel, data: pd.DataFrame) -> None:
    """Scores of a valid table are finite numbers."""
    scores = model.fit(data).score(data)
    for name in scores.columns:
        n_bad = int((~np.isfinite(scores[name].to_numpy(dtype=np.float64))).sum())
        claim(holds=n_bad == 0, otherwise=f"column {name!r} has {n_bad} values that are no finite numbers")


def check_row_order_irrelevant(model: AnyModel, data: pd.DataFrame) -> None:
    """Shuffling the rows changes no segment, and no number of the record or an answer by more than 1e-12 of its value."""
    expected = answers(model.fit(data), data)
    record = model.to_dict()["fitted"]
    rng = np.random.default_rng(0)
    for order in (np.arange(len(data))[::-1], *(rng.permutation(len(data)) for _ in range(3))):
        shuffled = data.iloc[order]
        actual = answers(model.fit(shuffled), shuffled)
        alike(actual.loc[expected.index], expected, "answers for shuffled rows")
        off = difference(model.to_dict()["fitted"], record)
        say = f"the fitted record differs by {off:.3g} of its numbers for shuffled rows, above {ROUNDING:g}"
        claim(holds=off <= ROUNDING, otherwise=say)


def check_one_equals_among_others(model: AnyModel, data: pd.DataFrame) -> None:
    """Once fitted, the answer for a customer is the same alone, in part of the table, and in all of it."""
    whole = answers(model.fit(data), data)
    customers = customers_of(model, data)
    part = part_of(model, data, customers[: max(1, len(customers) // 3)])
    same(answers(model, part), whole.loc[index_of(model, part)], "answers for a part")
    for customer in customers[:10]:
        one = part_of(model, data, [customer])
        same(answers(model, one), whole.loc[index_of(model, one)], f"the answer for {customer!r} alone")


def check_large_tables_agree(model: AnyModel, data: pd.DataFrame) -> None:
    """In a table of many thousand rows a customer has the answer that it has in a small one, wherever it stands."""
    model.fit(data)
    large = type(model).example(_LARGE, 1)
    customers = customers_of(model, large)
    whole = answers(model, large)
    size = max(1, len(customers) // 100)
    middle = np.random.default_rng(0).choice(len(customers), size, replace=False)
    for some in (customers[:size], customers[-size:], [customers[i] for i in middle.tolist()]):
        part = part_of(model, large, some)
        same(whole.loc[index_of(model, part)], answers(model, part), f"answers in a table of {len(large):,} rows")
    counts = model.summary(large)["n_customers"].tolist()
    claim(
        holds=counts[::-1] == np.bincount(whole["segment"], minlength=len(counts)).tolist(),
        otherwise=f"n_customers of a table of {len(large):,} rows are not the customers that segment labels so",
    )


def check_labels_monotone(model: AnyModel, data: pd.DataFrame) -> None:
    """Where the model declares it, a better value never leads to a worse segment, all else equal."""
    directions = model.monotone()
    if not directions:
        msg = "the model declares no column as monotone"
        raise NotApplicable(msg)
    model.fit(data)
    for name, direction in directions.items():
        grid = np.unique(data[name].to_numpy())
        grid = grid[np.linspace(0, len(grid) - 1, min(len(grid), _GRID)).astype(int)][:: 1 if direction > 0 else -1]
        codes = np.stack([model.segment(data.assign(**{name: value})).cat.codes.to_numpy() for value in grid])
        worse = np.argwhere(np.diff(codes.astype(int), axis=0) < 0)
        first = "" if len(worse) == 0 else f"{grid[worse[0, 0]]!r} to {grid[worse[0, 0] + 1]!r} for row {worse[0, 1]}"
        claim(holds=len(worse) == 0, otherwise=f"a better {name} leads to a worse segment, from {first}")


def check_summary_adds_up(model: AnyModel, data: pd.DataFrame) -> None:
    """The summary lists every segment once, best first, and its counts and shares add up to all customers."""
    summary = model.fit(data).summary(data)
    labels = list(model.segment_labels())[::-1]
    claim(holds=summary["segment"].tolist() == labels, otherwise=f"segments are {summary['segment'].tolist()}, not {labels}")
    counts = model.segment(data).value_counts()
    claim(
        holds=summary["n_customers"].tolist() == [int(counts[label]) for label in labels],
        otherwise="n_customers are not the customers that segment labels so",
    )
    total = float(summary["share_of_customers"].sum())
    claim(holds=bool(np.isclose(total, 1.0, rtol=0, atol=1e-12)), otherwise=f"shares of customers add up to {total!r}")
