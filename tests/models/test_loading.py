"""Models from files: the same answers, and files that are refused by name."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import crmmodels as crm
from crmmodels.base import Values
from crmmodels.data.tables.schema import Column
from crmmodels.models import HOMES

FORMS = [
    crm.RFMModel(),
    crm.RFMModel(scoring="nested", n_bins=3, segments="eight", labels="zh", weights=[1, 2, 3]),  # type: ignore[arg-type]
    crm.RFMModel(n_bins=3, segments="four", thresholds={"n_orders": [1, 3]}),
    crm.RFMModel(n_bins=2, segments=[crm.SegmentRule("a", r=1), crm.SegmentRule("b", r=2, f=(1, 2))]),
    crm.RFMModel(n_bins=2, segments={(1, 1): "a", (1, 2): "a", (2, 1): "b", "22": "c"}),
    crm.ABCModel(),
    crm.ABCModel(method="computed", n_bootstrap=5, value="margin"),
    crm.ABCModel(crossing="out", a=0.001, b=0.002),
]


@pytest.mark.parametrize("model", FORMS, ids=range(len(FORMS)))
def test_a_loaded_model_answers_as_the_saved_one(model: Any, tmp_path: Path) -> None:
    customers = type(model).example(n_customers=200, seed=9)
    later = type(model).example(n_customers=50, seed=10)
    model.fit(customers).save(tmp_path / "model.json")
    loaded = crm.load(str(tmp_path / "model.json"))
    assert loaded == model
    assert type(loaded) is type(model)
    for table in (customers, later):
        pd.testing.assert_frame_equal(loaded.score(table), model.score(table), check_exact=True)
        pd.testing.assert_series_equal(loaded.segment(table), model.segment(table))
    assert loaded.to_dict() == model.to_dict()
    assert repr(loaded) == repr(model)


@pytest.mark.parametrize("name", HOMES)
def test_an_unfitted_model_loads_unfitted(name: str, tmp_path: Path) -> None:
    model = getattr(crm, name)
    needed = {
        "horizon": 12,
        "indicators": crm.simulate.simulate_survey(1, 0).indicators,
        "constructs": {"a": ["x"], "b": ["y"]},
        "paths": {"a": ["b"]},
    }
    model(**{name: value for name, value in needed.items() if name in model.__dataclass_fields__}).save(tmp_path / "model.json")
    assert not crm.load(tmp_path / "model.json").is_fitted


@dataclass(frozen=True, kw_only=True)
class MeanModel(crm.BaseModel[Values, float]):
    """A model of a user's own, with a plain number as its record."""

    factor: float = 1.0

    def columns(self) -> Sequence[Column]:
        return (Column(name="spend"),)

    def score_columns(self) -> Sequence[str]:
        return ("excess",)

    def segment_labels(self) -> Sequence[str]:
        return ("below", "above")

    @classmethod
    def example(cls, n_customers: int, seed: int) -> pd.DataFrame:
        return crm.ABCModel.example(n_customers, seed)

    def _fit(self, values: Mapping[str, np.ndarray]) -> float:
        return float(values["spend"].mean())

    def _score(self, values: Mapping[str, np.ndarray], fitted: float) -> Mapping[str, np.ndarray]:
        return {"excess": values["spend"] - self.factor * fitted}

    def _segment(self, values: Mapping[str, np.ndarray], fitted: float) -> np.ndarray:
        return (values["spend"] > self.factor * fitted).astype(np.int64)


def test_a_model_of_ones_own_is_loaded_only_where_it_is_named(tmp_path: Path) -> None:
    customers = MeanModel.example(20, 0)
    model = MeanModel(factor=2.0).fit(customers)
    path = tmp_path / "mine.json"
    model.save(path)
    pd.testing.assert_frame_equal(crm.load(path, models=[MeanModel]).score(customers), model.score(customers))
    with pytest.raises(crm.SavedFormatError) as refusal:
        crm.load(path)
    assert str(refusal.value) == (
        f"{str(path)!r} holds a 'MeanModel', which is not a known model; known are "
        f"{sorted(HOMES)}. "
        "For a model of your own, import it and pass it: load(path, models=[YourModel])."
    )


NO_MODEL = "is not a saved model: 'format' or 'class' is missing; files written by model.save(path) have both"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not json", "is not JSON (Expecting value: line 1 column 1 (char 0)); give a file written by model.save(path)"),
        (b"", "is not JSON (Expecting value: line 1 column 1 (char 0)); give a file written by model.save(path)"),
        (
            b"\x80\x04\x95pickle",
            (
                "is not JSON ('utf-8' codec can't decode byte 0x80 in position 0: invalid start byte); "
                "give a file written by model.save(path)"
            ),
        ),
        (b"{}", NO_MODEL),
        (b"[1, 2]", NO_MODEL),
        (b"null", NO_MODEL),
        (b'{"format": 1}', NO_MODEL),
        (b'{"class": "RFMModel"}', NO_MODEL),
    ],
)
def test_a_file_that_is_no_saved_model_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_bytes(content)
    with pytest.raises(crm.SavedFormatError) as refusal:
        crm.load(path)
    assert str(refusal.value) == f"{str(path)!r} {message}"


@pytest.mark.parametrize("version", ["9.1", None])
def test_a_later_format_is_refused_with_the_version_that_wrote_it(version: str | None, tmp_path: Path) -> None:
    path = tmp_path / "later.json"
    document = {"format": 2, "class": "RFMModel"} | ({} if version is None else {"version": version})
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(crm.SavedFormatError) as refusal:
        crm.load(path)
    found = str(refusal.value)
    assert found.startswith(f"{str(path)!r} has format 2; crmmodels ")
    wrote = version or "of an unknown version"
    assert found.endswith(f"reads format 1. It was written by crmmodels {wrote}: update crmmodels to read it.")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.json"):
        crm.load(tmp_path / "nowhere.json")


def test_a_class_of_the_standard_library_is_never_made(tmp_path: Path) -> None:
    path = tmp_path / "evil.json"
    document = crm.RFMModel().to_dict() | {"class": "Popen"}
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(crm.SavedFormatError, match="holds a 'Popen', which is not a known model"):
        crm.load(path)
