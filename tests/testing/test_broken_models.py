"""Each model below breaks one promise on purpose; the check meant for it must say so."""

from __future__ import annotations

import contextlib
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import narwhals as nw
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
            data["spend"] = np.sort(data["spend"].to_numpy())
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
        object.__setattr__(record, "total", float(values["spend"][0]))
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
class NothingForAMissingColumn(crm.ABCModel):
    def _read(self, table: Any) -> Values:
        is_there = self.value in table.frame.columns or self.key not in table.frame.columns
        return super()._read(table) if is_there else {self.value: np.arange(1.0, len(table.frame) + 1.0)}


@dataclass(frozen=True, kw_only=True)
class AnswersOtherwiseWhenRestored(crm.ABCModel):
    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        model = super().from_dict(document)
        object.__setattr__(model, "_is_restored", True)
        return model

    def _segment(self, values: Values, fitted: crm.ABCFit) -> IntArray:
        codes = super()._segment(values, fitted)
        return np.zeros_like(codes) if "_is_restored" in self.__dict__ else codes


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
    def _open(self, data: Any, fitted: Any = None) -> Any:
        if isinstance(data, pd.DataFrame) and self.key in data.columns:
            data = data.drop_duplicates(self.key).dropna(subset=[self.key])
        return super()._open(data, fitted)


@dataclass(frozen=True, kw_only=True)
class OneRecordForAll(crm.ABCModel):
    def fit(self, data: Any) -> Self:
        super().fit(data)
        type(self)._record = self.__dict__.pop("_record")
        return self


@dataclass(frozen=True, kw_only=True)
class OneCacheForAll(crm.ABCModel):
    _totals: ClassVar[dict[str, float]] = {}

    def _fit(self, values: Values) -> crm.ABCFit:
        record = super()._fit(values)
        self._totals["last"] = record.total
        return record


@dataclass(frozen=True, kw_only=True)
class CountsFits(crm.ABCModel):
    _n_fits: ClassVar[int] = 0

    def _fit(self, values: Values) -> crm.ABCFit:
        type(self)._n_fits += 1
        return super()._fit(values)


@dataclass(frozen=True, kw_only=True)
class WrongBeyondTheThousandthRow(crm.ABCModel):
    def _score(self, values: Values, fitted: crm.ABCFit) -> Mapping[str, AnyArray]:
        scores = dict(super()._score(values, fitted))
        scores["share"] = np.where(np.arange(len(values["spend"])) < 1000, scores["share"], 0.0)
        return scores


@dataclass(frozen=True, kw_only=True)
class RoughForLargeTables(crm.ABCModel):
    def _score(self, values: Values, fitted: crm.ABCFit) -> Mapping[str, AnyArray]:
        scores = dict(super()._score(values, fitted))
        if len(values["spend"]) > 10_000:
            scores["share"] = scores["share"].astype(np.float32).astype(np.float64)
        return scores


@dataclass(frozen=True, kw_only=True)
class SegmentsAlikeInLargeTables(crm.ABCModel):
    def _segment(self, values: Values, fitted: crm.ABCFit) -> IntArray:
        codes = super()._segment(values, fitted)
        return codes if len(codes) < 5000 else np.zeros_like(codes)


@dataclass(frozen=True, kw_only=True)
class ReadsIntegersOtherwise(crm.ABCModel):
    def _read(self, table: Any) -> Values:
        values = super()._read(table)
        is_integer = table.frame[self.value].dtype.is_integer()
        return {self.value: values[self.value] // 2} if is_integer else values


@dataclass(frozen=True, kw_only=True)
class ReadsDecimalsOtherwise(crm.ABCModel):
    def _read(self, table: Any) -> Values:
        values = super()._read(table)
        is_object = table.frame[self.value].dtype == nw.Object
        return {self.value: values[self.value] + 1} if is_object else values


@dataclass(frozen=True, kw_only=True)
class RefusesSinglePrecision(crm.ABCModel):
    def _read(self, table: Any) -> Values:
        if table.frame[self.value].dtype == nw.Float32:
            raise crm.DataError("RefusesSinglePrecision", ["single precision"])
        return super()._read(table)


@dataclass(frozen=True, kw_only=True)
class SilencesNumPy(crm.ABCModel):
    def _fit(self, values: Values) -> crm.ABCFit:
        np.seterr(divide="ignore" if np.geterr()["divide"] != "ignore" else "warn")
        return super()._fit(values)


@dataclass(frozen=True, kw_only=True)
class DrawsGlobally(crm.ABCModel):
    def _score(self, values: Values, fitted: crm.ABCFit) -> Mapping[str, AnyArray]:
        np.random.random()  # noqa: NPY002
        return super()._score(values, fitted)


@dataclass(frozen=True, kw_only=True)
class SeedsPython(crm.ABCModel):
    def _fit(self, values: Values) -> crm.ABCFit:
        random.seed(len(values["spend"]))
        return super()._fit(values)


@dataclass(frozen=True, kw_only=True)
class SilencesWarnings(crm.ABCModel):
    def _fit(self, values: Values) -> crm.ABCFit:
        warnings.filterwarnings("ignore", message=str(time.monotonic_ns()))
        return super()._fit(values)


@dataclass(frozen=True, kw_only=True)
class SetsTheEnvironment(crm.ABCModel):
    def _fit(self, values: Values) -> crm.ABCFit:
        os.environ["LAST_FIT"] = "now"
        return super()._fit(values)


@dataclass(frozen=True, kw_only=True)
class SetsPandasOptions(crm.ABCModel):
    def summary(self, data: Any) -> Any:
        pd.set_option("display.precision", 3)
        return super().summary(data)


@dataclass(frozen=True, kw_only=True)
class Prints(crm.ABCModel):
    def _fit(self, values: Values) -> crm.ABCFit:
        print("fitting")  # noqa: T201
        return super()._fit(values)


@dataclass(frozen=True, kw_only=True)
class LeavesAThread(crm.ABCModel):
    def _fit(self, values: Values) -> crm.ABCFit:
        threading.Thread(target=time.sleep, args=(0.5,), daemon=True).start()
        return super()._fit(values)


@dataclass(frozen=True, kw_only=True)
class WritesAFile(crm.ABCModel):
    def _fit(self, values: Values) -> crm.ABCFit:
        np.save("values.npy", values["spend"])
        return super()._fit(values)


@dataclass(frozen=True, kw_only=True)
class WritesElsewhere(crm.ABCModel):
    def score(self, data: Any) -> Any:
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("scored")
        return super().score(data)


@dataclass(frozen=True, kw_only=True)
class StartsAProcess(crm.ABCModel):
    def summary(self, data: Any) -> Any:
        subprocess.run([sys.executable, "-c", ""], check=True)
        return super().summary(data)


@dataclass(frozen=True, kw_only=True)
class LosesAParameter(crm.ABCModel):
    def to_dict(self) -> dict[str, Any]:
        document = super().to_dict()
        parameters = {name: value for name, value in document["parameters"].items() if name != "crossing"}
        return {**document, "parameters": parameters}


@dataclass(frozen=True, kw_only=True)
class SavesAnotherParameter(crm.ABCModel):
    def to_dict(self) -> dict[str, Any]:
        document = super().to_dict()
        return {**document, "parameters": {**document["parameters"], "seed": 0}}


@pytest.mark.parametrize(
    ("model", "check"),
    [
        (OneRecordForAll, "check_instances_apart"),
        (OneCacheForAll, "check_instances_apart"),
        (CountsFits, "check_instances_apart"),
        (WrongBeyondTheThousandthRow, "check_large_tables_agree"),
        (RoughForLargeTables, "check_large_tables_agree"),
        (SegmentsAlikeInLargeTables, "check_large_tables_agree"),
        (ReadsIntegersOtherwise, "check_number_types_agree"),
        (ReadsDecimalsOtherwise, "check_number_types_agree"),
        (RefusesSinglePrecision, "check_number_types_agree"),
        (SilencesNumPy, "check_process_unchanged"),
        (DrawsGlobally, "check_process_unchanged"),
        (SeedsPython, "check_process_unchanged"),
        (SilencesWarnings, "check_process_unchanged"),
        (SetsTheEnvironment, "check_process_unchanged"),
        (SetsPandasOptions, "check_process_unchanged"),
        (Prints, "check_process_unchanged"),
        (LeavesAThread, "check_process_unchanged"),
        (WritesAFile, "check_nothing_written"),
        (WritesElsewhere, "check_nothing_written"),
        (StartsAProcess, "check_nothing_written"),
        (NothingForAMissingColumn, "check_missing_column_refused"),
        (AnswersOtherwiseWhenRestored, "check_json_round_trip"),
        (LosesAParameter, "check_every_parameter_saved"),
        (SavesAnotherParameter, "check_every_parameter_saved"),
        (WritableRecord, "check_record_is_read_only"),
        (KeepsTheFrame, "check_data_not_kept"),
        (KeepsTheValues, "check_data_not_kept"),
        (MutatesTheInput, "check_input_unchanged"),
        (SortsTheInput, "check_input_unchanged"),
        (FittedEarly, "check_failed_fit_keeps_state"),
        (OrderDependentSum, "check_row_order_irrelevant"),
        (OrderDependentRecord, "check_row_order_irrelevant"),
        (LambdaInState, "check_process_unchanged"),
        (NaNScore, "check_finite"),
        (SharesAmongTheScored, "check_one_equals_among_others"),
        (ScoresUnfitted, "check_unfitted_raises"),
        (ReturnsNothing, "check_fit_returns_self"),
        (ChangesItself, "check_parameters_unchanged"),
        (AnswersOnARange, "check_index_and_columns_kept"),
        (BackToFront, "check_labels_monotone"),
        (Learns, "check_refit_equals_fit"),
        (FillsMissingValues, "check_missing_values_refused"),
        (FillsMissingValues, "check_failed_fit_keeps_state"),
        (ReadsByPosition, "check_extra_columns_ignored"),
        (SavesAnotherTotal, "check_process_unchanged"),
        (RemembersTheLastTable, "check_threads_agree"),
        (PandasOnly, "check_polars_agrees"),
        (PandasOnly, "check_pyarrow_agrees"),
        (PandasOnly, "check_duckdb_agrees"),
        (DropsASegment, "check_summary_adds_up"),
        (DropsRepeats, "check_duplicate_keys_refused"),
        (DropsRepeats, "check_missing_keys_refused"),
    ],
)
def test_the_check_meant_for_it_catches_the_broken_model(
    model: Callable[[], Any], check: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    with set_back(model):
        report = check_model(model(), raise_on_failure=False)
    assert check in report.named("failed"), str(report)


@pytest.mark.parametrize("model", [NaNScore, LosesAParameter])
def test_a_broken_model_is_reported_and_raises(model: Callable[[], Any]) -> None:
    report = check_model(model(), raise_on_failure=False)
    failed = report.named("failed")
    assert len(failed) >= 1
    with pytest.raises(AssertionError, match=failed[0]):
        check_model(model())


@contextlib.contextmanager
def set_back(model: Any) -> Iterator[None]:
    """Some of the models are broken in that they change what is not theirs."""
    environment = dict(os.environ)
    try:
        with warnings.catch_warnings(), np.errstate(), pd.option_context("display.precision", 6):
            yield
    finally:
        os.environ.clear()
        os.environ.update(environment)
        vars(model).get("_totals", {}).clear()
        if "_record" in vars(model):
            del model._record


def test_every_check_has_a_broken_model_that_it_catches() -> None:
    from crmmodels.testing.checks import CHECKS

    caught = test_the_check_meant_for_it_catches_the_broken_model.pytestmark[0].args[1]  # type: ignore[attr-defined]
    assert {check.__name__ for check in CHECKS} == {name for _, name in caught}


@dataclass(frozen=True, kw_only=True)
class RaisesInAHook(crm.ABCModel):
    def _score(self, values: Values, fitted: crm.ABCFit) -> Mapping[str, AnyArray]:
        return {"share": values["spent"]}


@dataclass(frozen=True, kw_only=True)
class OtherColumns(crm.ABCModel):
    def _score(self, values: Values, fitted: crm.ABCFit) -> Mapping[str, AnyArray]:
        return {"shares": values["spend"]}


@pytest.mark.parametrize(
    ("model", "said"), [(RaisesInAHook, "KeyError('spent')"), (OtherColumns, "OtherColumns._score gave the columns ['shares']")]
)
def test_an_error_of_a_hook_is_told_once(model: type[crm.ABCModel], said: str) -> None:
    report = check_model(model(), raise_on_failure=False)
    assert str(report).count(said) == 1
    assert len(report.named("not run")) > 10
    assert {result.reason for result in report.results if result.status == "not run"} == {
        f"stopped by the error of {report.named('failed')[0]}"
    }


@dataclass(frozen=True, kw_only=True)
class PlainMean(crm.ABCModel):
    """Sums in the order of the rows, which rounds otherwise in another order."""

    def _fit(self, values: Values) -> crm.ABCFit:
        record = super()._fit(values)
        total = 0.0
        for value in values["spend"].tolist():
            total += value
        object.__setattr__(record, "total", total)
        return record


def test_sums_that_round_with_the_order_of_the_rows_are_kept_promises() -> None:
    assert "check_row_order_irrelevant" in check_model(PlainMean(), raise_on_failure=False).named("passed")


def test_the_largest_relative_difference_is_told() -> None:
    report = check_model(OrderDependentSum(), raise_on_failure=False)
    (result,) = (result for result in report.results if result.name == "check_row_order_irrelevant")
    assert re.search(r"column 'share' differs by (0\.\d+|1) of its value, above 1e-12", result.reason), result.reason
