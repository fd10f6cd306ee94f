"""Wording of segment labels."""

from __future__ import annotations

from typing import Any

import pytest

from crmmodels.exceptions import ParameterError
from crmmodels.models.labels import read_labels

NAMES = ("low", "high")
CHINESE = {"low": "低"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("en", ("low", "high")),
        ("zh", ("低", "high")),
        ({}, ("low", "high")),
        ({"high": "VIP"}, ("low", "VIP")),
        ({"low": "high", "high": "low"}, ("high", "low")),
    ],
)
def test_labels_are_worded_as_asked(given: Any, expected: tuple[str, ...]) -> None:
    assert read_labels("RFMModel", given, NAMES, CHINESE) == expected


@pytest.mark.parametrize(
    ("given", "rest"),
    [
        ("fr", "'en', 'zh' or a mapping of label to wording; got 'fr'."),
        (5, "'en', 'zh' or a mapping of label to wording; got 5."),
        ({"low": 1}, "'en', 'zh' or a mapping of label to wording; got {'low': 1}."),
        ({"middle": "x"}, "a mapping whose keys are among ['low', 'high']; got ['middle']."),
        ({"low": "high"}, "a wording that tells all segments apart; got ('high', 'high')."),
    ],
)
def test_other_wordings_are_refused(given: Any, rest: str) -> None:
    with pytest.raises(ParameterError) as refusal:
        read_labels("RFMModel", given, NAMES, CHINESE)
    assert str(refusal.value) == f"RFMModel(labels=...) must be {rest}"
