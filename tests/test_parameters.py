"""What counts as a number among the parameters."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest

import crmmodels as crm
from crmmodels.parameters import check_choice, check_level, check_switch, check_whole, is_number, is_whole


@pytest.mark.parametrize("value", [0, -3, 2.5, float("inf"), np.float64(1.5)])
def test_real_numbers_are_numbers(value: Any) -> None:
    assert is_number(value)


@pytest.mark.parametrize(
    "value",
    [Fraction(1, 3), True, np.bool_(True), "1", None, float("nan"), np.float64("nan"), 1j, Decimal(1), (1,), np.ones(1)],
)
def test_other_values_are_not(value: Any) -> None:
    assert not is_number(value)


@pytest.mark.parametrize(("value", "whole"), [(0, True), (-3, True), (2.0, False), (True, False), ("1", False), (None, False)])
def test_whole_numbers_are_integers(value: Any, whole: bool) -> None:
    assert is_whole(value) == whole


@pytest.mark.parametrize(
    ("check", "usable", "wrong", "must"),
    [
        (lambda value: check_whole("M", "x", value, 1), [1, 7], [0, 1.0, True, "1", None], "a whole number, 1 or more"),
        (lambda value: check_choice("M", "x", value, ("a", "b")), ["a", "b"], ["c", 1, None, ["a"]], "one of 'a', 'b'"),
        (lambda value: check_switch("M", "x", value), [True, False], [1, 0.0, "True", None], "True or False"),
        (lambda value: check_level("M", value), [0.5, 0.95], [0, 1, 1.5, "0.95", None, float("nan")], "between 0 and 1"),
    ],
)
def test_checks_refuse_what_is_out_of_range(check: Any, usable: list[Any], wrong: list[Any], must: str) -> None:
    for value in usable:
        check(value)
    for value in wrong:
        with pytest.raises(crm.ParameterError) as refusal:
            check(value)
        assert f"must be {must}; got {value!r}." in str(refusal.value)


def test_numpy_scalars_become_python_numbers() -> None:
    model = crm.RFMModel(n_bins=np.int64(4), weights=tuple(np.ones(3, np.float32)))
    assert (type(model.n_bins), [type(weight) for weight in model.weights]) == (int, [float] * 3)
    assert crm.RFMModel.from_dict(model.to_dict()) == model


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda: crm.RFMModel(segments=5),
            (
                "RFMModel(segments=...) must be 'ten', 'eight', 'four', a mapping from cell to label, or a sequence of "
                "SegmentRule; got 5."
            ),
        ),
        (
            lambda: crm.SegmentRule("low", r="x"),
            "SegmentRule(r=...) must be a whole number, a pair (lowest, highest) of them, or None; got 'x'.",
        ),
        (
            lambda: crm.SegmentRule("low", f=(3, 1)),
            "SegmentRule(f=...) must be a whole number, a pair (lowest, highest) of them, or None; got (3, 1).",
        ),
        (lambda: crm.SegmentRule(3), "SegmentRule(label=...) must be text; got 3."),
        (
            lambda: crm.ABCModel(value=None),
            "ABCModel(value=...) must be the name of a column other than 'customers', whose share the summary has already; got None.",
        ),
        (lambda: crm.ABCModel(n_bootstrap=True), "ABCModel(n_bootstrap=...) must be a whole number, 0 or more; got True."),
        (
            lambda: crm.ABCModel(value="customers"),
            (
                "ABCModel(value=...) must be the name of a column other than 'customers', whose share the summary has already; "
                "got 'customers'."
            ),
        ),
        (lambda: crm.RFMModel(strict="no"), "RFMModel(strict=...) must be True or False; got 'no'."),
        (
            lambda: crm.RFMModel(n_bins=2, segments={"11": "low", "12": None, "21": "mid", "22": "high"}),
            "RFMModel(segments=...) must be a mapping from cell to label, which is text; got {'12': None}.",
        ),
        (
            lambda: crm.RFMModel(weights=(10**400, 1, 1)),
            f"RFMModel(weights=...) must be three numbers >= 0 that are not all 0; got ({10**400}, 1, 1).",
        ),
        (lambda: crm.ABCModel(a="x"), "ABCModel(a, b=...) must be shares with 0 < a < b < 1; got ('x', 0.95)."),
        (lambda: crm.RFMModel(weights=5), "RFMModel(weights=...) must be three numbers >= 0 that are not all 0; got 5."),
    ],
)
def test_parameters_of_a_wrong_type_are_refused(call: Any, text: str) -> None:
    with pytest.raises(crm.ParameterError) as caught:
        call()
    assert str(caught.value) == text


def test_money_whose_sum_would_overflow_is_refused() -> None:
    customers = pd.DataFrame({"customer_id": [1, 2], "spend": [1.7e308, 1.7e308]})
    with pytest.raises(crm.DataError) as caught:
        crm.ABCModel().fit(customers)
    expected = "- column 'spend' has 2 values above 1e+18 (such as 1.7e+308) in rows 0, 1; drop or correct them first"
    assert str(caught.value).splitlines()[1] == expected


def test_arrays_are_taken_for_sequences() -> None:
    model = crm.RFMModel(n_bins=5, thresholds={"spend": np.array([1.0, 2.0, 3.0, 4.0])}, weights=np.array([2, 1, 1]))
    assert model.thresholds == {"spend": (1.0, 2.0, 3.0, 4.0)}
    assert model.weights == (2, 1, 1)


def test_large_weights_do_not_overflow() -> None:
    customers = crm.RFMModel.example(n_customers=20, seed=0)
    large, usual = (crm.RFMModel(weights=(w, w, w)).fit(customers).score(customers) for w in (1e308, 1.0))
    pd.testing.assert_frame_equal(large, usual)


def test_unknown_labels_of_any_type_are_refused() -> None:
    with pytest.raises(crm.ParameterError, match="a mapping whose keys are among"):
        crm.ABCModel(labels={1: "a", "zz": "b"})
