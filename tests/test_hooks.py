"""A hook of a model of one's own that gives what it must not is named, in an error that says what to give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest

import crmmodels as crm
from crmmodels.base import Values
from crmmodels.testing import check_model

TABLE = pd.DataFrame({"customer_id": ["a", "b", "c"], "spend": [1.0, 2.0, 6.0]})


@dataclass(frozen=True)
class MeanFit:
    mean: float


@dataclass(frozen=True)
class OtherFit:
    mean: float


@dataclass(frozen=True, kw_only=True)
class MeanModel(crm.BaseModel[Values, Any]):
    """Customers above and below the mean, by NumPy's mean."""

    record_types: ClassVar[tuple[type, ...]] = (MeanFit,)

    def columns(self) -> Any:
        return (crm.Column(name="spend"),)

    def score_columns(self) -> Any:
        return ("ratio",)

    def segment_labels(self) -> Any:
        return ("below", "above")

    @classmethod
    def example(cls, n_customers: int, seed: int) -> pd.DataFrame:
        rng = np.random.default_rng(seed)
        return pd.DataFrame({"customer_id": np.arange(n_customers), "spend": rng.gamma(2.0, 30.0, n_customers)})

    def _fit(self, values: Values) -> Any:
        return MeanFit(float(values["spend"].mean()))

    def _score(self, values: Values, fitted: Any) -> Any:
        return {"ratio": values["spend"] / fitted.mean}

    def _segment(self, values: Values, fitted: Any) -> Any:
        return (values["spend"] > fitted.mean).astype(np.int64)


def variant(**hooks: Any) -> crm.BaseModel[Values, Any]:
    """The model with some hooks exchanged, under a name of its own."""
    return dataclass(frozen=True, kw_only=True)(type("Own", (MeanModel,), hooks))()


def test_a_model_by_a_plain_mean_keeps_every_promise() -> None:
    assert check_model(MeanModel()).passed


@pytest.mark.parametrize(
    ("hook", "given", "said"),
    [
        ("_score", lambda v: [v["spend"]], "Own._score gave a list; return a mapping of column names to arrays"),
        ("_score", lambda v: {"ration": v["spend"]}, r"gave the columns \['ration'\]; return those that score_columns\(\) declares, \['ratio'\]"),
        ("_score", lambda v: {"ratio": v["spend"], "more": v["spend"]}, r"gave the columns \['ratio', 'more'\]"),
        ("_score", lambda v: {"ratio": v["spend"][:2]}, r"gave column 'ratio' of shape \(2,\); give 3 numbers, one per customer"),
        ("_score", lambda _: {"ratio": 1.0}, r"gave column 'ratio' of shape \(\)"),
        ("_score", lambda v: {"ratio": v["spend"].astype(str)}, "gave column 'ratio' of type <U32; give numbers"),
        ("_segment", lambda _: ["below", "below", "above"], "gave values of type <U5 such as 'below'; give positions in segment_labels"),
        ("_segment", lambda v: v["spend"], "gave values of type float64 such as 1.0; give positions"),
        ("_segment", lambda v: v["spend"] > 2, "gave values of type bool such as False; give positions"),
        ("_segment", lambda _: np.array([0, 1, 2]), r"gave 2 for 1 of 3 customers; give positions in segment_labels\(\), whole numbers from 0 to 1"),
        ("_segment", lambda _: np.array([0, 1]), r"gave an array of shape \(2,\); give 3 positions, one per customer"),
        ("_measures", lambda _: {"mean": np.zeros(3)}, r"gave column 'mean' of shape \(3,\); give 2 numbers, one per segment"),
        ("_measures", lambda _: np.zeros(2), "gave a ndarray; return a mapping"),
        ("_fit", lambda _: None, "gave None; return the fitted record"),
        ("_fit", lambda _: {"mean": np.mean}, "gave a record that cannot be saved: a value of type"),
        ("_fit", lambda _: MeanFit(np.nan), "gave a record that cannot be saved: the record.mean"),
        ("_fit", lambda _: MeanFit("1"), "gave a record that cannot be saved: the record.mean must be"),
        ("_fit", lambda _: OtherFit(1.0), r"gave a record of type OtherFit; list it: record_types = \(OtherFit,\)"),
        ("columns", lambda _: ("spend",), r"Own.columns\(\) gave 'spend'; return a tuple of crm.Column"),
        ("columns", lambda _: "spend", r"Own.columns\(\) gave 'spend'; return a tuple of crm.Column"),
        ("score_columns", lambda _: "ratio", r"Own.score_columns\(\) gave 'ratio'; return a tuple of texts, each of them once"),
        ("score_columns", lambda _: (1,), r"Own.score_columns\(\) gave \(1,\); return a tuple of texts"),
        ("segment_labels", lambda _: ("low", "low"), r"Own.segment_labels\(\) gave \('low', 'low'\); return a tuple of texts"),
        ("segment_labels", lambda _: (), r"Own.segment_labels\(\) gave \(\); return a tuple of texts"),
    ],
)  # fmt: skip
def test_a_hook_that_gives_what_it_must_not_is_named(hook: str, given: Any, said: str) -> None:
    def exchanged(_: Any, values: Mapping[str, Any] = TABLE, *__: Any) -> Any:
        return given(values)

    model = variant(**{hook: exchanged})
    with pytest.raises(crm.HookError, match=said) as caught:  # noqa: PT012  (whichever verb asks the hook)
        fitted = model.fit(TABLE)
        fitted.score(TABLE)
        fitted.segment(TABLE)
        fitted.summary(TABLE)
    assert isinstance(caught.value, TypeError)
    if hook == "_fit":
        assert not model.is_fitted


def test_a_column_of_pandas_is_taken_by_position() -> None:
    model = variant(_score=lambda _, values, fitted: {"ratio": pd.Series(values["spend"], index=[2, 1, 0])})
    scores = model.fit(TABLE).score(TABLE)
    assert scores["ratio"].tolist() == TABLE["spend"].tolist()
