"""A survey as arrays: any frame, recoded, with NaN for no answer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

from crmmodels.data.survey import Item, read_groups, read_survey
from crmmodels.data.tables.frames import open_table
from crmmodels.exceptions import DataError

FRAME = pd.DataFrame({"q1": [1.0, np.nan, 10.0], "q2": [2, 3, 4], "money": [1.5, -2.0, 1e6], "w": [1, 2, 3]})
ITEMS = (
    Item(name="q1", low=1, high=10),
    Item(name="q2", low=1, high=5, is_reversed=True),
    Item(name="money", is_reversed=True),
)


def read(frame=FRAME, items=ITEMS, **options):
    return read_survey(open_table(frame, "respondent_id", "Reader"), items, reader="Reader", **options)


def test_reversed_items_are_recoded_and_weights_read():
    values = read(weight="w")
    assert values["q1"].tolist()[::2] == [1.0, 10.0]
    assert np.isnan(values["q1"][1])
    assert values["q2"].tolist() == [4, 3, 2]
    assert values["money"].tolist() == [-1.5, 2.0, -1e6]
    assert values["w"].tolist() == [1, 2, 3]


@pytest.mark.parametrize("kind", ["polars", "lazy", "nullable", "object"])
def test_any_kind_of_frame_with_any_kind_of_gap(kind):
    keyed = FRAME.assign(respondent_id=["a", "b", "c"])
    frame = {
        "polars": lambda: pl.DataFrame(keyed.to_dict("list")).with_columns(pl.col("q1").fill_nan(None)),
        "lazy": lambda: pl.DataFrame(keyed.to_dict("list")).with_columns(pl.col("q1").fill_nan(None)).lazy(),
        "nullable": lambda: keyed.assign(q1=keyed["q1"].astype("Int64")),
        "object": lambda: keyed.assign(q1=keyed["q1"].astype(object)),
    }[kind]()
    assert [x if x == x else None for x in read(frame)["q1"].tolist()] == [1.0, None, 10.0]


def test_declared_codes_are_no_answers_wherever_they_lie():
    values = read(FRAME.assign(q2=[98, 3, 99]), missing_codes=[98, 99, 3])
    assert np.isnan(values["q2"]).all()


def test_answers_outside_the_scale_are_counted_by_value():
    with pytest.raises(DataError) as caught:
        read(FRAME.assign(q1=[0, 11, 11], q2=[np.inf, 3, 4]))
    assert str(caught.value).splitlines() == [
        "Reader cannot read this survey:",
        (
            "- item 'q1' has 3 answers outside its scale 1 to 10: 0 (1 time), 11 (2 times); correct the scale, or declare codes for "
            "'no answer' by missing_codes=[0, 11]"
        ),
        "- item 'q2' holds 1 infinite value in row 0; drop or correct them first",
    ]


def test_many_different_answers_outside_are_not_all_listed():
    frame = pd.DataFrame({"q1": np.arange(100, 130)})
    with pytest.raises(DataError, match=r"111 \(1 time\), …; correct the scale"):
        read(frame, ITEMS[:1])


def test_an_empty_survey_and_repeated_respondents():
    with pytest.raises(DataError, match="it has no rows; at least one respondent is needed"):
        read(FRAME.iloc[:0])
    with pytest.raises(DataError, match=r"column 'respondent_id' repeats 1 value .*one row per respondent is expected"):
        read(FRAME.assign(respondent_id=["a", "a", "b"]))
    with pytest.raises(DataError, match="column 'respondent_id' misses 1 value in row 2; every respondent needs one"):
        read(FRAME.assign(respondent_id=["a", "b", None]))


def test_groups_are_sorted_and_of_an_ordered_categorical_in_its_order():
    def groups(values):
        table = open_table(pd.DataFrame({"g": values}), "respondent_id", "Reader")
        return read_groups(table, "g", "Reader")

    codes, names = groups(["b", "a", "b"])
    assert (codes.tolist(), names) == ([1, 0, 1], ("a", "b"))
    codes, names = groups([2, 1, 2])
    assert (codes.tolist(), names) == ([1, 0, 1], (1, 2))
    codes, names = groups(pd.Categorical(["low", "high", "low"], ["low", "high"], ordered=True))
    assert (codes.tolist(), names) == ([0, 1, 0], ("low", "high"))
