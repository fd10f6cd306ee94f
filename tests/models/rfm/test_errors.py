"""What RFMModel refuses, word for word."""

from __future__ import annotations

from typing import Any

import pytest

import crmmodels as crm

CUSTOMERS = crm.RFMModel.example(n_customers=4, seed=0)
TABLES = "'ten', 'eight', 'four', a mapping from cell to label, or a sequence of SegmentRule"
FOUR_CUTS = "4 ascending cut points per measure (n_bins - 1)"


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_bins": 1}, "n_bins=...) must be a whole number from 2 to 99; got 1."),
        ({"n_bins": 100}, "n_bins=...) must be a whole number from 2 to 99; got 100."),
        ({"n_bins": 5.0}, "n_bins=...) must be a whole number from 2 to 99; got 5.0."),
        ({"n_bins": True}, "n_bins=...) must be a whole number from 2 to 99; got True."),
        ({"scoring": "quintile"}, "scoring=...) must be one of 'independent', 'nested'; got 'quintile'."),
        ({"monetary": "sum"}, "monetary=...) must be one of 'total', 'mean'; got 'sum'."),
        ({"threshold": "mode"}, "threshold=...) must be one of 'mean', 'median'; got 'mode'."),
        ({"threshold_on": "ranks"}, "threshold_on=...) must be one of 'values', 'scores'; got 'ranks'."),
        ({"weights": (0, 0, 0)}, "weights=...) must be three numbers >= 0 that are not all 0; got (0, 0, 0)."),
        ({"weights": [1, -1, 1]}, "weights=...) must be three numbers >= 0 that are not all 0; got (1, -1, 1)."),
        ({"weights": (1, 1)}, "weights=...) must be three numbers >= 0 that are not all 0; got (1, 1)."),
        (
            {"weights": (1, 1, float("inf"))},
            "weights=...) must be three numbers >= 0 that are not all 0; got (1, 1, inf).",
        ),
        ({"strict": True}, "strict=...) must be False unless segments='four'; got True."),
        ({"segments": "nine"}, f"segments=...) must be {TABLES}; got 'nine'."),
        ({"segments": []}, f"segments=...) must be {TABLES}; got ()."),
        ({"segments": ["ten"]}, f"segments=...) must be {TABLES}; got ('ten',)."),
        (
            {"thresholds": {"money": [1]}},
            (
                "thresholds=...) must be a mapping whose keys are among ['days_since_last', 'n_orders', 'spend']; "
                "got {'money': (1,)}."
            ),
        ),
        ({"thresholds": {"spend": [1, 2]}}, f"thresholds=...) must be {FOUR_CUTS}; got {{'spend': (1, 2)}}."),
        ({"thresholds": {"spend": [1, 3, 2, 4]}}, f"thresholds=...) must be {FOUR_CUTS}; got {{'spend': (1, 3, 2, 4)}}."),
        ({"thresholds": {"spend": [1, 1, 2, 4]}}, f"thresholds=...) must be {FOUR_CUTS}; got {{'spend': (1, 1, 2, 4)}}."),
        (
            {"thresholds": {"spend": [1, 2, 3, 4]}, "scoring": "nested"},
            "thresholds=...) must be None where scoring='nested'; got {'spend': (1, 2, 3, 4)}.",
        ),
        (
            {"thresholds": {"spend": [1, 2]}, "n_bins": 3},
            "thresholds=...) must be None, or n_bins=5, the levels of segments='ten'; got {'spend': (1, 2)}.",
        ),
        (
            {"thresholds": {"spend": [float("nan")]}, "n_bins": 2, "segments": "eight"},
            "thresholds=...) must be 1 ascending cut points per measure (n_bins - 1); got {'spend': (nan,)}.",
        ),
        *(
            ({"weights": wrong}, f"weights=...) must be three numbers >= 0 that are not all 0; got {wrong!r}.")
            for wrong in (5, ("a", "b", "c"), (1, 1, float("nan")))
        ),
        ({"thresholds": {"spend": 5}}, f"thresholds=...) must be {FOUR_CUTS}; got {{'spend': 5}}."),
        ({"labels": "fr"}, "labels=...) must be 'en', 'zh' or a mapping of label to wording; got 'fr'."),
    ],
)
def test_a_parameter_out_of_range_is_refused(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(crm.ParameterError) as refusal:
        crm.RFMModel(**parameters)
    assert str(refusal.value) == f"RFMModel({message}"


@pytest.mark.parametrize("verb", ["score", "segment", "summary"])
def test_nothing_is_answered_before_fit(verb: str) -> None:
    with pytest.raises(crm.NotFittedError) as refusal:
        getattr(crm.RFMModel(), verb)(CUSTOMERS)
    assert str(refusal.value) == (
        f"RFMModel is not fitted yet, so {verb} has nothing to work with; call RFMModel.fit(data) first."
    )


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        (
            CUSTOMERS.drop(columns="spend"),
            "column 'spend' is missing; it has ['customer_id', 'days_since_last', 'n_orders']",
        ),
        (
            CUSTOMERS.assign(days_since_last=[4, -3, 0, 2]),
            "column 'days_since_last' has 1 value below 0 (such as -3) in row 1; drop or correct them first",
        ),
        (
            CUSTOMERS.assign(n_orders=[1, 2, 0, 0]),
            "column 'n_orders' has 2 values below 1 (such as 0) in rows 2, 3; drop or correct them first",
        ),
        (
            CUSTOMERS.assign(n_orders=[1, 2.5, 3, 4]),
            "column 'n_orders' has 1 value that should be whole numbers (such as 2.5) in row 1; round or correct them first",
        ),
        (
            CUSTOMERS.assign(spend=[1.0, None, 2.0, 3.0]),
            "column 'spend' misses 1 value in row 1; drop or fill them first",
        ),
        (
            CUSTOMERS.assign(spend=[1.0, 2.0, float("inf"), 3.0]),
            "column 'spend' holds 1 infinite value in row 2; drop or correct them first",
        ),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(table: Any, problem: str) -> None:
    for use in (crm.RFMModel().fit, crm.RFMModel().fit(CUSTOMERS).score):
        with pytest.raises(crm.DataError) as refusal:
            use(table)
        assert str(refusal.value) == f"RFMModel cannot read this table:\n- {problem}"


def test_every_problem_of_a_table_is_reported_at_once() -> None:
    broken = CUSTOMERS.drop(columns="n_orders").assign(customer_id="same", days_since_last=-1)
    with pytest.raises(crm.DataError) as refusal:
        crm.RFMModel().fit(broken)
    assert [problem.split(" ")[1] for problem in refusal.value.problems] == ["'customer_id'", "'days_since_last'", "'n_orders'"]
