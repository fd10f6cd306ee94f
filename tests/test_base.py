"""What every model promises, whichever it is."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

import crmmodels as crm
from crmmodels._frozen import FrozenMapping
from crmmodels.base import Values
from crmmodels.models import HOMES

SIMPLE = (crm.ABCModel, crm.RFMModel)
"""Models that are made without parameters and learn from a handful of customers."""
every_model = pytest.mark.parametrize("model_class", SIMPLE, ids=lambda model: model.__name__)
parametric_models = pytest.mark.parametrize(
    "model_class",
    [model for name in HOMES if issubclass(model := getattr(crm, name), crm.ParametricModel)],
    ids=lambda model: model.__name__,
)


@every_model
def test_a_model_is_what_an_application_may_rely_on(model_class: Any) -> None:
    assert isinstance(model_class(), crm.Model)
    assert isinstance(model_class(), crm.BaseModel)
    assert not isinstance(object(), crm.Model)


@every_model
def test_parameters_are_given_by_keyword_only(model_class: Any) -> None:
    with pytest.raises(TypeError, match="positional argument"):
        model_class(5)
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        model_class(colour="red")


@every_model
def test_parameters_never_change(model_class: Any) -> None:
    model = model_class().fit(model_class.example(20, 0))
    for field in dataclasses.fields(model):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(model, field.name, field.default)
        with pytest.raises(dataclasses.FrozenInstanceError):
            delattr(model, field.name)
    with pytest.raises(dataclasses.FrozenInstanceError):
        model._record = None
    assert model.is_fitted


def test_lists_and_dicts_become_immutable() -> None:
    thresholds = {"spend": [1, 2, 3, 4]}
    rules = [crm.SegmentRule("low", r=(1, 2)), crm.SegmentRule("high", r=(3, 5))]
    model = crm.RFMModel(thresholds=thresholds, weights=[1, 2, 3], segments=rules)  # type: ignore[arg-type]
    thresholds["spend"].append(5)
    rules.clear()
    assert model.thresholds == {"spend": (1, 2, 3, 4)}
    assert isinstance(model.thresholds, FrozenMapping)
    assert model.weights == (1, 2, 3)
    assert isinstance(model.segments, tuple)
    assert len(model.segments) == 2


def test_models_with_equal_parameters_are_equal_and_share_a_hash() -> None:
    first, second = (crm.RFMModel(thresholds={"spend": [1, 2, 3, 4]}, labels={"new": "N"}) for _ in range(2))
    assert first == second
    assert hash(first) == hash(second)
    assert first != crm.RFMModel()
    assert crm.RFMModel() != crm.ABCModel()


def test_replaced_parameters_make_an_unfitted_model() -> None:
    model = crm.RFMModel().fit(crm.RFMModel.example(20, 0))
    other = dataclasses.replace(model, n_bins=3)
    assert (other.n_bins, other.is_fitted, model.n_bins, model.is_fitted) == (3, False, 5, True)


@every_model
def test_fit_returns_the_model_and_keeps_no_data(model_class: Any) -> None:
    model, customers = model_class(), model_class.example(5000, 0)
    assert model.fit(customers) is model
    assert not any(str(key) in repr(vars(model)) for key in customers["customer_id"].head(50))
    assert len(pickle.dumps(model)) < 60_000


@every_model
def test_the_fitted_record_is_refused_before_fit(model_class: Any) -> None:
    model = model_class()
    assert not model.is_fitted
    with pytest.raises(crm.NotFittedError, match=f"^{model_class.__name__} is not fitted yet, so fitted has nothing"):
        _ = model.fitted


@every_model
def test_a_failed_fit_leaves_the_model_as_it_was(model_class: Any) -> None:
    customers = model_class.example(30, 0)
    unfitted, fitted = model_class(), model_class().fit(customers)
    record = fitted.fitted
    for broken in (customers.drop(columns="spend"), customers.head(0), pd.concat([customers, customers]), "no table"):
        for model in (unfitted, fitted):
            with pytest.raises(crm.DataError):
                model.fit(broken)
    assert not unfitted.is_fitted
    assert fitted.fitted is record


def test_a_warning_made_an_error_leaves_the_model_as_it_was() -> None:
    customers = crm.RFMModel.example(5, 0).assign(spend=[-5.0, 1, 2, 3, 4])
    model = crm.RFMModel()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(crm.NegativeSpendWarning):
            model.fit(customers)
    assert not model.is_fitted


@every_model
def test_a_second_fit_replaces_the_first(model_class: Any) -> None:
    first, second = model_class.example(40, 1), model_class.example(50, 2)
    model = model_class().fit(first).fit(second)
    assert model.to_dict() == model_class().fit(second).to_dict()


INDEXES = {
    "text": pd.Index([f"row {i}" for i in range(6)], name="row"),
    "repeated": pd.Index([1, 1, 2, 2, 3, 3]),
    "dates": pd.date_range("2026-01-01", periods=6),
    "levels": pd.MultiIndex.from_product([["a", "b"], [1, 2, 3]], names=["x", "y"]),
}


@every_model
@pytest.mark.parametrize("index", INDEXES.values(), ids=INDEXES)
def test_answers_carry_the_index_of_the_caller(model_class: Any, index: pd.Index) -> None:
    customers = model_class.example(6, 3).set_index(index)
    before = customers.copy(deep=True)
    model = model_class().fit(customers)
    scores, segments = model.score(customers), model.segment(customers)
    assert scores.index.equals(index)
    assert segments.index.equals(index)
    assert segments.name == "segment"
    assert list(scores.columns) == list(model.score_columns())
    pd.testing.assert_frame_equal(customers, before)
    plain = model.score(customers.reset_index(drop=True))
    np.testing.assert_array_equal(scores.to_numpy(), plain.to_numpy())


@every_model
def test_the_index_may_be_the_key(model_class: Any) -> None:
    customers = model_class.example(12, 4)
    keyed = customers.set_index("customer_id")
    model = model_class().fit(keyed)
    assert model.to_dict() == model_class().fit(customers).to_dict()
    joined = keyed.join(model.score(keyed))
    np.testing.assert_array_equal(joined[list(model.score_columns())], model.score(customers))


@every_model
@pytest.mark.parametrize(
    "duplicate",
    [copy.copy, copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model)), lambda model: model.from_dict(model.to_dict())],
    ids=["copy", "deepcopy", "pickle", "dict"],
)
def test_a_copy_of_a_fitted_model_answers_alike_and_is_its_own(model_class: Any, duplicate: Any) -> None:
    customers = model_class.example(60, 5)
    model = model_class().fit(customers)
    again = duplicate(model)
    assert again == model
    pd.testing.assert_frame_equal(again.score(customers), model.score(customers), check_exact=True)
    again.fit(model_class.example(30, 6))
    assert model.to_dict() != again.to_dict()
    assert model.to_dict() == model_class().fit(customers).to_dict()


@every_model
def test_a_model_with_dicts_among_its_parameters_can_be_copied(model_class: Any) -> None:
    last = model_class().segment_labels()[-1]
    model = model_class(labels={last: "best"})
    for again in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert again == model
        assert again.segment_labels()[-1] == "best"


def test_an_incomplete_model_cannot_be_made() -> None:
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Unfinished(crm.BaseModel[Values, float]):
        pass

    with pytest.raises(TypeError, match="abstract"):
        Unfinished()


def made(model_class: Any) -> Any:
    return model_class(horizon=12) if "horizon" in model_class.__dataclass_fields__ else model_class()


@parametric_models
def test_copies_of_a_parametric_model_answer_alike_and_are_read_only(model_class: Any) -> None:
    customers = model_class.example(600, 5)
    model = made(model_class).fit(customers)
    for twin in (
        copy.copy(model),
        copy.deepcopy(model),
        pickle.loads(pickle.dumps(model)),
        type(model).from_dict(model.to_dict()),
    ):
        pd.testing.assert_frame_equal(twin.score(customers), model.score(customers))
        assert twin == model
        with pytest.raises(ValueError, match="read-only"):
            twin.fitted.covariance[0, 0] = 1.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        model.weight = "n"


@parametric_models
def test_a_parametric_model_keeps_no_data_and_survives_a_failed_fit(model_class: Any) -> None:
    customers = model_class.example(600, 5)
    model = made(model_class)
    with pytest.raises(crm.NotFittedError, match=f"^{model_class.__name__} is not fitted yet, so fitted has nothing"):
        _ = model.fitted
    record = model.fit(customers).fitted
    assert len(pickle.dumps(model)) < 5_000
    for broken in (customers.head(0), pd.concat([customers, customers]), "no table"):
        with pytest.raises(crm.DataError):
            model.fit(broken)
    assert model.fitted is record
