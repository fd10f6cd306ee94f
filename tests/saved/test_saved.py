"""Models of every format ever released still load and answer as they did."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import crmmodels as crm
from crmmodels.models import HOMES
from crmmodels.saving import FORMAT, encode
from docs.figures import differences

HERE = Path(__file__).resolve().parent
SAVED = sorted(HERE.glob("format_*/*.json"))
RTOL = 1e-9
"""Sums of products are rounded as the processor adds them up; fits end where their gradient is as small."""
EM_RTOL = 1e-6
"""EM searches its shape to 1e-6 of its logarithm in every step, so that rounding decides where in that it ends."""
ATOL = 1e-12
"""Standard errors and changes that are 0 but for rounding."""
MAKER: dict[str, Any] = runpy.run_path(str(HERE / "make_saved.py"))


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("path", SAVED, ids=name_of)
def test_a_saved_model_answers_as_it_did_when_it_was_saved(path: Path) -> None:
    model = crm.load(path)
    assert type(model).__name__ == path.stem.split("-")[0]
    if path.stem.endswith("unfitted"):
        assert not model.is_fitted
        return
    expected = pd.read_csv(path.with_suffix(".csv"), dtype={"segment": str})
    found = MAKER["answers"](model, MAKER["tables"](path.stem)[1]).reset_index(drop=True)
    pd.testing.assert_frame_equal(found, expected, rtol=1e-12, check_dtype=False)


@pytest.mark.filterwarnings("ignore::crmmodels.SpendCorrelationWarning")
@pytest.mark.parametrize("path", sorted((HERE / f"format_{FORMAT}").glob("*.json")), ids=name_of)
def test_a_saved_model_of_this_format_is_what_would_be_saved_today(path: Path) -> None:
    saved, fresh = crm.load(path), MAKER["flavours"]()[path.stem]
    assert saved == fresh
    if saved.is_fitted:
        fresh.fit(MAKER["tables"](path.stem)[0])
        found, made = (json.dumps(encode(model.fitted), indent=1) for model in (fresh, saved))
        rtol = EM_RTOL if isinstance(fresh, crm.LifecycleModel) else RTOL
        assert list(differences(found, made, rtol=rtol, atol=ATOL)) == []
    assert saved.to_dict().keys() == fresh.to_dict().keys()


def test_every_flavour_of_this_format_has_a_file() -> None:
    names = {path.stem for path in SAVED if path.parent.name == f"format_{FORMAT}"}
    assert names == set(MAKER["flavours"]())


def test_every_class_is_among_the_files_of_this_format() -> None:
    classes = {path.stem.split("-")[0] for path in SAVED if path.parent.name == f"format_{FORMAT}"}
    assert classes == set(HOMES)


def test_every_format_ever_released_has_files() -> None:
    assert {path.parent.name for path in SAVED} == {f"format_{number}" for number in range(1, FORMAT + 1)}
