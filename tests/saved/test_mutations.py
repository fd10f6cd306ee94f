"""Whatever happens to a file of a model: it is refused, or the model answers as models do.

``CRMMODELS_MUTATIONS`` sets the number of mutations of each file, and ``CRMMODELS_MUTATION_SEED`` the seed.
"""

from __future__ import annotations

import contextlib
import os
import runpy
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import crmmodels as crm

HERE = Path(__file__).resolve().parent
SAVED = sorted(HERE.glob("format_*/*.json"))
MAKER: dict[str, Any] = runpy.run_path(str(HERE / "make_saved.py"))
mutated: Callable[[str, np.random.Generator], bytes] = runpy.run_path(str(HERE / "mutations.py"))["mutated"]
N_MUTATIONS = int(os.environ.get("CRMMODELS_MUTATIONS", "100"))
SEED = int(os.environ.get("CRMMODELS_MUTATION_SEED", "12"))


def table_of(path: Path) -> pd.DataFrame:
    """Some rows of the table that a saved model scores."""
    table = MAKER["tables"](path.stem)[1]
    if path.stem.startswith("Lifecycle"):
        return table[table["customer_id"].isin(table["customer_id"].unique()[::4])].reset_index(drop=True)
    return table.iloc[::3].reset_index(drop=True)


def unknown_scores(model: Any, table: pd.DataFrame) -> pd.DataFrame:
    """Where there is no number: NaN, or infinity in a column that never is."""
    scores = model.score(table)
    return pd.DataFrame({name: ~np.isfinite(scores[name].astype(float)) for name in scores}, index=scores.index)


def ask(model: Any, table: pd.DataFrame) -> list[str]:
    """Everything that a model answers; what is wrong with it, where it answers."""
    problems = []
    assert isinstance(repr(model), str)
    assert isinstance(model._repr_html_(), str)
    if model.is_fitted:
        assert isinstance(repr(model.fitted), str)
    for verb in ("segment", "summary", "segment_table"):
        if hasattr(model, verb):
            with contextlib.suppress(crm.CrmModelsError):
                getattr(model, verb)(*(() if verb == "segment_table" else (table,)))
    try:
        unknown = unknown_scores(model, table)
    except crm.CrmModelsError:
        return problems
    # A respondent without an answer has no score under some policies for missing answers.
    answered = ~table.drop(columns="n", errors="ignore").isna().any(axis=1).to_numpy()
    if len(unknown) == len(table):
        unknown = unknown[answered]
    problems += [f"{name}: {int(column.sum())} scores that are no numbers" for name, column in unknown.items() if column.any()]
    return problems


def outcome(content: bytes, path: Path, table: pd.DataFrame) -> list[str]:
    """What is wrong with what a file leads to; nothing where it is refused."""
    path.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", crm.CrmModelsWarning)
        try:
            model = crm.load(path)
        except crm.CrmModelsError:
            return []
        return ask(model, table)


@pytest.mark.parametrize("saved", SAVED, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_mutated_file_is_refused_or_answers(saved: Path, tmp_path: Path) -> None:
    text, table = saved.read_text(encoding="utf-8"), table_of(saved)
    assert outcome(text.encode(), tmp_path / "model.json", table) == []
    for number in range(N_MUTATIONS):
        content = mutated(text, np.random.default_rng([SEED, number, sum(saved.stem.encode())]))
        # An exception outside the library's tree fails the test; the file that led to it stays in the folder.
        problems = outcome(content, tmp_path / f"mutation-{SEED}-{number}.json", table)
        assert not problems, f"mutation {number} of seed {SEED}: {problems}"
        (tmp_path / f"mutation-{SEED}-{number}.json").unlink()
