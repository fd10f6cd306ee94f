"""What structural models refuse, and in which words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import crmmodels as crm

SURVEY = crm.simulate.simulate_survey(60, 1)
ONE = {"a": ["x1", "x2"], "b": ["y1"]}
PATH = {"a": ["b"]}
FRAME = pd.DataFrame({"x1": [1, 2, 4, 5, 9], "x2": [2, 1, 5, 4, 8], "y1": [3, 2, 6, 4, 7]})


def model(**parameters):
    return crm.StructuralModel(**{"constructs": ONE, "paths": PATH, "n_bootstrap": 0, **parameters})


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"constructs": {}}, "constructs=...) must be a mapping from construct to the names of its items; got {}."),
        (
            {"constructs": {"a": "x1"}},
            "constructs=...) must be a mapping from construct to the names of its items; got {'a': 'x1'}.",
        ),
        (
            {"constructs": {"a": ["x1"], "b": []}},
            "constructs=...) must be constructs with one item or more each; got {'b': ()}.",
        ),
        (
            {"constructs": {"a": ["x1", "x2"], "b": ["x2"]}},
            "constructs=...) must be blocks in which every item stands once, in one construct; got {'x2': ['a', 'b']}.",
        ),
        ({"paths": {"a": ["c"]}}, "paths=...) must be between the constructs ['a', 'b']; got ['c']."),
        ({"paths": {"a": ["b", "b"]}}, "paths=...) must be such that every path stands in it once; got [('a', 'b')]."),
        (
            {"paths": {"a": ["b"], "b": ["a"]}},
            "paths=...) must be without a circle; it leads in one through or from some of these; got ['a', 'b'].",
        ),
        (
            {"constructs": {**ONE, "c": ["z"]}},
            "paths=...) must be such that every construct explains or is explained; got ['c'].",
        ),
        ({"modes": "C"}, "modes=...) must be one of 'A', 'B', 'sum', or a mapping from construct to one of them; got 'C'."),
        ({"modes": {"c": "A"}}, "modes=...) must be of the constructs ['a', 'b']; got ['c']."),
        ({"scheme": "horst"}, "scheme=...) must be one of 'path', 'factorial', 'centroid'; got 'horst'."),
        ({"scale": (10, 1)}, "scale=...) must be the lowest and the highest answer, such as (1, 10); got (10, 1)."),
        ({"scale": {"a": (1, 10)}}, "scale=...) must be a scale for every item or its construct; none is guessed; got ['y1']."),
        (
            {"scale": {"a": (1, 10), "b": None}},
            "scale=...) must be two ends for every item of 'b', whose index makes the segments",
        ),
        ({"reverse": ["z"]}, "reverse=...) must be a sequence of items of the model, ['x1', 'x2', 'y1']; got ('z',)."),
        ({"missing": "drop"}, "missing=...) must be one of 'mean', 'listwise', 'em'; got 'drop'."),
        ({"missing_codes": ["x"]}, "missing_codes=...) must be numbers that mean 'no answer'; got ('x',)."),
        ({"weight": "x1"}, "weight=...) must be a column that is no item; got 'x1'."),
        ({"n_bootstrap": -1}, "n_bootstrap=...) must be a whole number, 0 or more; got -1."),
        ({"n_bootstrap": 1}, "n_bootstrap=...) must be 0, or 2 or more; got 1."),
        ({"bands": (60, 50)}, "bands=...) must be ascending cut points above 0 and below 100; got (60, 50)."),
        ({"consistent": 1}, "consistent=...) must be True or False; got 1."),
        ({"target": "c"}, "target=...) must be one of the constructs ['a', 'b']; got 'c'."),
        (
            {"missing": "em", "bootstrap": "moments"},
            "bootstrap=...) must be 'respondents' where missing='em', whose covariances are found anew in every replicate",
        ),
        (
            {"second_order": {"a": ["a", "b"]}},
            "second_order=...) must be of other names than the constructs that have items; got ['a'].",
        ),
        (
            {"second_order": {"h": ["a", "z"]}},
            "second_order=...) must be made of constructs that have items, ['a', 'b']; got ['z'].",
        ),
        ({"second_order": {"h": ["a"]}}, "second_order=...) must be a mapping from a construct of second order to two or more"),
    ],
)
def test_parameters_out_of_range(parameters, message):
    with pytest.raises(crm.ParameterError) as caught:
        model(**parameters)
    assert f"StructuralModel({message}" in str(caught.value)


def refused(frame, **parameters):
    with pytest.raises(crm.DataError) as caught:
        model(**parameters).fit(frame)
    return str(caught.value)


def test_all_problems_of_a_survey_at_once():
    frame = FRAME.assign(x1=["a", "b", "c", "d", "e"], x2=[1, 2, 99, 98, 99]).drop(columns="y1")
    assert refused(frame).splitlines() == [
        "StructuralModel cannot read this survey:",
        "- column 'x1' must be numeric; it is String such as 'a': convert it first",
        (
            "- item 'x2' has 3 answers outside its scale 1 to 10: 98 (1 time), 99 (2 times); correct the scale, or declare codes for "
            "'no answer' by missing_codes=[98, 99]"
        ),
        "- column 'y1' (an item) is missing; it has ['x1', 'x2']",
    ]


def test_a_constant_item_and_one_without_answers():
    message = refused(FRAME.assign(x1=7, x2=np.nan))
    assert "- item 'x1' has the same answer, 7, from all; without variance it measures nothing: leave it out" in message
    assert "- item 'x2' has no answers; leave it out of the model" in message


def test_no_variance_left_after_listwise_deletion():
    frame = FRAME.assign(x1=[1, np.nan, 1, np.nan, np.nan])
    expected = (
        "item 'x1' has the same answer, 1, from all after respondents with a missing answer are left out (missing='listwise')"
    )
    assert expected in refused(frame, missing="listwise")
    nobody = FRAME.assign(x1=[np.nan, np.nan, np.nan, 1, np.nan])
    assert (
        "1 respondent of 5 with all answers (missing='listwise') left; a model needs two or more; use missing='mean' or 'em'"
        in refused(nobody, missing="listwise")
    )


def test_fewer_respondents_than_items_in_a_block():
    items = [f"x{i}" for i in range(4)]
    frame = pd.DataFrame(np.random.default_rng(0).integers(1, 11, (3, 5)), columns=[*items, "y1"])
    expected = "construct 'a' has 4 items, but there are 3 respondents; more respondents than items are needed"
    assert expected in refused(frame, constructs={"a": items, "b": ["y1"]})


def test_a_collinear_formative_block():
    expected = "the items of the formative construct 'a' are collinear (x1, x2), so that their weights cannot be told apart"
    assert expected in refused(FRAME.assign(x2=FRAME["x1"]), modes="B")
    parts = {"h": ["p", "q"]}
    constructs = {"p": ["x1"], "q": ["x2"], "b": ["y1"]}
    twin = {"constructs": constructs, "paths": {"h": ["b"]}, "second_order": parts, "modes": {"h": "B"}}
    assert "the formative construct 'h' are collinear (p, q)" in refused(FRAME.assign(x2=FRAME["x1"]), target="b", **twin)


def test_respondent_weights():
    assert "column 'w' (the respondent weight) is missing" in refused(FRAME, weight="w")
    assert "column 'w' misses 1 weight in row 0" in refused(FRAME.assign(w=[np.nan, 1, 1, 1, 1]), weight="w")
    assert "column 'w' has 1 weight below 0 or infinite (such as -1) in row 0" in refused(
        FRAME.assign(w=[-1, 1, 1, 1, 1]), weight="w"
    )
    assert "column 'w' holds no weight above 0" in refused(FRAME.assign(w=0), weight="w")


def test_a_negative_weight_is_a_warning_that_names_the_item():
    turned = SURVEY.answers.assign(quality_1=11 - SURVEY.answers["quality_1"])
    made = crm.SatisfactionIndexModel(indicators=SURVEY.indicators, n_bootstrap=0)
    with pytest.warns(
        crm.NegativeWeightWarning, match="'quality_1' in 'quality' has a negative weight.*declare the item by reverse="
    ):
        made.fit(turned)
    kept = crm.SatisfactionIndexModel(indicators=SURVEY.indicators, n_bootstrap=0, nonnegative=True).fit(turned)
    assert kept.fitted.quantities["weights"].of("quality", "quality_1") == 0.0


def test_weights_that_do_not_settle(monkeypatch):
    import functools

    from crmmodels.models.structural import estimation as structural_plan

    monkeypatch.setattr(structural_plan, "estimate", functools.partial(structural_plan.estimate, max_iterations=1))
    with pytest.raises(
        crm.ConvergenceError, match=r"in the last of 1 iterations they still moved by 0.*, where 1e-07 is the limit"
    ):
        crm.SatisfactionIndexModel(indicators=SURVEY.indicators, n_bootstrap=0).fit(SURVEY.answers)


def test_importance_needs_something_that_is_explained():
    fit = model().fit(FRAME)
    with pytest.raises(
        crm.ParameterError, match=r"must be one of the constructs of StructuralModel that others explain, \['b'\]"
    ):
        fit.importance_performance("a")
    with pytest.raises(crm.ParameterError, match="must be one of 'construct', 'item'; got 'question'"):
        fit.importance_performance("b", by="question")


def test_groups_and_folds():
    fit = model().fit(FRAME)
    with pytest.raises(crm.DataError, match="there is one group only"):
        fit.compare_groups(FRAME.assign(g="x"), "g")
    with pytest.raises(crm.DataError, match="group 'y' has 1 respondent with answers; two or more are needed"):
        fit.compare_groups(FRAME.assign(g=list("xxxxy")), "g")
    with pytest.raises(crm.DataError, match=r"column 'h' \(the groups\) is missing"):
        fit.compare_groups(FRAME.assign(g=list("xxxxy")), "h")
    with pytest.raises(crm.DataError, match="misses the group of 1 respondent in row 4"):
        fit.compare_groups(FRAME.assign(g=["x", "x", "y", "y", None]), "g")
    with pytest.raises(crm.DataError, match="in group 'y' item 'x1' has the same answer, 5, from all"):
        fit.compare_groups(FRAME.assign(x1=[1, 2, 3, 5, 5], g=list("xxxyy")), "g")
    with pytest.raises(crm.ParameterError, match="n_permutations"):
        fit.compare_groups(FRAME, "g", n_permutations=0)
    with pytest.raises(crm.ParameterError, match="a whole number from 2 to the number of respondents, 5; got 6"):
        fit.predict_quality(FRAME, folds=6)
    with pytest.raises(crm.ParameterError, match="antecedents"):
        fit.predict_quality(FRAME, folds=2, antecedents="all")


def test_a_record_that_does_not_fit_the_parameters_is_damaged():
    document = model().fit(FRAME).to_dict()
    document["fitted"]["fields"]["items"]["$tuple"][0] = "other"
    with pytest.raises(crm.SavedFormatError, match="damaged"):
        crm.StructuralModel.from_dict(document)
