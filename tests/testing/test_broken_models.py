"""Each model below breaks one promise on purpose; the check meant for it must say so."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
import pytest

import crmmodels as crm
from crmmodels._typing import AnyArray, IntArray
from crmmodels.base import Values
from crmmodels.testing import check_model


@dataclass(frozen=True, kw_only=True)
class KeepsTheFrame(crm.ABCModel):
    def fit(self, data: Any) -> Self:
        object.__setattr__(self, "training_data", data)
        return super().fit(data)


@dataclass(frozen=True, kw_only=True)
class WritableRecord(crm.ABCModel):
    def fit(self, data: Any) -> Self:
        super().fit(data)
        object.__setattr__(self.fitted, "boundaries", self.fitted.boundaries.copy())
        return self


@dataclass(frozen=True, kw_only=True)
class KeepsTheValues(crm.ABCModel):
    def _fit(self, values: Values) -> Any:
        return {"values": np.array(values["spend"])}

    def _score(self, values: Values, fitted: Any) -> Mapping[str, AnyArray]:
        zeros = np.zeros(len(values["spend"]))
        return {"share": zeros, "cumulative_share": zeros, "rank": zeros}

    def _segment(self, values: Values, fitted: Any) -> IntArray:
        return np.zeros(len(values["spend"]), np.int64)

    def _measures(self, values: Values, codes: IntArray, fitted: Any) -> Mapping[str, AnyArray]:
        return {}


@dataclass(frozen=True, kw_only=True)
class MutatesTheInput(crm.ABCModel):
    def fit(self, data: Any) -> Self:
        if isinstance(data, pd.DataFrame) and len(data):
            data["spend"] = data["spend"] * 2
        return super().fit(data)


@dataclass(frozen=True, kw_only=True)
class SortsTheInput(crm.ABCModel):
    def score(self, data: Any) -> Any:
        if isinstance(data, pd.DataFrame):
            data.sort_values("spend", inplace=True)  # noqa: PD002
        return super().score(data)


@dataclass(frozen=True, kw_only=True)
class FittedEarly(crm.ABCModel):
    def fit(self, data: Any) -> Self:
        object.__setattr__(self, "_record", "half done")
        return super().fit(data)


@dataclass(frozen=True, kw_only=True)
class OrderDependentSum(crm.ABCModel):
    def _score(self, values: Values, fitted: crm.ABCFit) -> Mapping[str, AnyArray]:
        return {**super()._score(values, fitted), "share": np.cumsum(values["spend"]) / fitted.total}


@dataclass(frozen=True, kw_only=True)
class OrderDependentRecord(crm.ABCModel):
    def _fit(self, values: Values) -> crm.ABCFit:
        record = super()._fit(values)
        total = 0.0
        for value in values["spend"].tolist():
            total += value
        object.__setattr__(record, "total", total)
        return record


@dataclass(frozen=True, kw_only=True)
class LambdaInState(crm.ABCModel):
    def _fit(self, values: Values) -> Any:
        record = super()._fit(values)
        return (lambda: record,)

    def _score(self, values: Values, fitted: Any) -> Mapping[str, AnyArray]:
        return super()._score(values, fitted[0]())

    def _segment(self, values: Values, fitted: Any) -> IntArray:
        return super()._segment(values, fitted[0]())


@dataclass(frozen=True, kw_only=True)
class NaNScore(crm.ABCModel):
    def _score(self, values: Values, fitted: crm.ABCFit) -> Mapping[str, AnyArray]:
        return {**super()._score(values, fitted), "share": np.full(len(values["spend"]), np.nan)}


@dataclass(frozen=True, kw_only=True)
class SharesAmongTheScored(crm.ABCModel):
    def _score(self, values: Values, fitted: crm.ABCFit) -> Mapping[str, AnyArray]:
        return {**super()._score(values, fitted), "share": values["spend"] / np.sort(values["spend"]).sum()}


@dataclass(frozen=True, kw_only=True)
class ScoresUnfitted(crm.ABCModel):
    def score(self, data: Any) -> Any:
        return super().score(data) if self.is_fitted else data[["spend"]]


@dataclass(frozen=True, kw_only=True)
class ReturnsNothing(crm.ABCModel):
    def fit(self, data: Any) -> Any:
        super().fit(data)


@dataclass(frozen=True, kw_only=True)
class ChangesItself(crm.ABCModel):
    def fit(self, data: Any) -> Self:
        object.__setattr__(self, "a", 0.5)
        return super().fit(data)


@dataclass(frozen=True, kw_only=True)
class AnswersOnARange(crm.ABCModel):
    def segment(self, data: Any) -> Any:
        answer = super().segment(data)
        return answer.reset_index(drop=True) if isinstance(answer, pd.Series) else answer


@dataclass(frozen=True, kw_only=True)
class BackToFront(crm.ABCModel):
    def _segment(self, values: Values, fitted: crm.ABCFit) -> IntArray:
        return len(self.segment_labels()) - 1 - super()._segment(values, fitted)


@dataclass(frozen=True, kw_only=True)
class Learns(crm.ABCModel):
    def _fit(self, values: Values) -> crm.ABCFit:
        record = super()._fit(values)
        previous = 0.0 if self._record is None else self._record.total
        object.__setattr__(record, "total", record.total + previous)
        return record


@dataclass(frozen=True, kw_only=True)
class FillsMissingValues(crm.ABCModel):
    def _read(self, table: Any) -> Values:
        frame = table.frame
        column = frame[self.value].cast(type(frame[self.value].dtype)())
        filled = np.nan_to_num(column.to_numpy().astype(float), posinf=0.0)
        return {self.value: filled} if len(filled) and self.key in frame.columns else super()._read(table)


@dataclass(frozen=True, kw_only=True)
class ReadsByPosition(crm.ABCModel):
    def _read(self, table: Any) -> Values:
        super()._read(table)
        return {self.value: table.frame[table.frame.columns[1]].to_numpy()}


@dataclass(frozen=True, kw_only=True)
class SavesAnotherTotal(crm.ABCModel):
    def to_dict(self) -> dict[str, Any]:
        document = super().to_dict()
        return {**document, "fitted": {**document["fitted"], "fields": {**document["fitted"]["fields"], "total": 1.0}}}


@dataclass(frozen=True, kw_only=True)
class RemembersTheLastTable(crm.ABCModel):
    def score(self, data: Any) -> Any:
        object.__setattr__(self, "_last", data)
        time.sleep(0.001)
        return super().score(self._last)  # type: ignore[attr-defined]


@dataclass(frozen=True, kw_only=True)
class PandasOnly(crm.ABCModel):
    def score(self, data: Any) -> Any:
        answer = super().score(data)
        return answer if isinstance(answer, pd.DataFrame) else pd.DataFrame({"share": [1.0]})


@dataclass(frozen=True, kw_only=True)
class DropsASegment(crm.ABCModel):
    def summary(self, data: Any) -> Any:
        answer = super().summary(data)
        return answer.iloc[1:] if isinstance(answer, pd.DataFrame) else answer


@dataclass(frozen=True, kw_only=True)
class DropsRepeats(crm.ABCModel):
    def _open(self, data: Any) -> Any:
        if isinstance(data, pd.DataFrame) and self.key in data.columns:
            data = data.drop_duplicates(self.key).dropna(subset=[self.key])
        return super()._open(data)


@pytest.mark.parametrize(
    ("model", "check"),
    [
        (WritableRecord, "check_record_is_read_only"),
        (KeepsTheFrame, "check_data_not_kept"),
        (KeepsTheValues, "check_data_not_kept"),
        (MutatesTheInput, "check_input_unchanged"),
        (SortsTheInput, "check_input_unchanged"),
        (FittedEarly, "check_failed_fit_keeps_state"),
        (OrderDependentSum, "check_row_order_irrelevant"),
        (OrderDependentRecord, "check_row_order_irrelevant"),
        (LambdaInState, "check_json_round_trip"),
        (NaNScore, "check_finite"),
        (SharesAmongTheScored, "check_one_equals_among_others"),
        (ScoresUnfitted, "check_unfitted_raises"),
        (ReturnsNothing, "check_fit_returns_self"),
        (ChangesItself, "check_parameters_unchanged"),
        (AnswersOnARange, "check_index_and_columns_kept"),
        (BackToFront, "check_labels_monotone"),
        (Learns, "check_refit_equals_fit"),
        (FillsMissingValues, "check_missing_values_refused"),
        (FillsMissingValues, "check_missing_column_refused"),
        (ReadsByPosition, "check_extra_columns_ignored"),
        (SavesAnotherTotal, "check_json_round_trip"),
        (RemembersTheLastTable, "check_threads_agree"),
        (PandasOnly, "check_polars_agrees"),
        (PandasOnly, "check_pyarrow_agrees"),
        (PandasOnly, "check_duckdb_agrees"),
        (DropsASegment, "check_summary_adds_up"),
        (DropsRepeats, "check_duplicate_keys_refused"),
        (DropsRepeats, "check_missing_keys_refused"),
    ],
)
def test_the_check_meant_for_it_catches_the_broken_model(model: Callable[[], Any], check: str) -> None:
    report = check_model(model(), raise_on_failure=False)
    assert check in report.named("failed"), str(report)
    with pytest.raises(AssertionError, match=check):
        check_model(model())


def test_every_check_has_a_broken_model_that_it_catches() -> None:
    from crmmodels.testing.checks import CHECKS

    caught = test_the_check_meant_for_it_catches_the_broken_model.pytestmark[0].args[1]  # type: ignore[attr-defined]
    assert {check.__name__ for check in CHECKS} == {name for _, name in caught}
