"""The segment tables written out by hand, and the refusal of tables that are none."""

from __future__ import annotations

from collections import Counter
from itertools import product
from typing import Any

import numpy as np
import pytest

import crmmodels as crm
from crmmodels.models.rfm.segment_tables import CHINESE, EIGHT, FOUR, FOUR_STRICT, TEN, table_of_cells, table_of_rules

# Rows R = 5 (most recent) down to 1, columns F = 1 to 5.
TEN_BY_HAND = """
new             potential_loyalist  potential_loyalist  champions  champions
promising       potential_loyalist  potential_loyalist  loyal      loyal
about_to_sleep  about_to_sleep      need_attention      loyal      loyal
hibernating     hibernating         at_risk             at_risk    cannot_lose
hibernating     hibernating         at_risk             at_risk    cannot_lose
"""
EIGHT_BY_HAND = {
    "000": ("win-back", "一般挽留"),
    "001": ("key win-back", "重要挽留"),
    "010": ("keep", "一般保持"),
    "011": ("key keep", "重要保持"),
    "100": ("develop", "一般发展"),
    "101": ("key develop", "重要发展"),
    "110": ("value", "一般价值"),
    "111": ("key value", "重要价值"),
}
FOUR_GIVEN = {(3, 3, 3): "high value", (1, 3, 2): "win back", (3, 1, 1): "new", (1, 1, 1): "low value"}


def test_ten_is_the_grid_of_the_specification() -> None:
    rows = [line.split() for line in TEN_BY_HAND.strip().splitlines()]
    expected = {(5 - i, j + 1): label.replace("_", " ") for i, row in enumerate(rows) for j, label in enumerate(row)}
    assert dict(TEN.cells) == expected


def test_eight_names_every_combination_of_bits_in_both_languages() -> None:
    cells = {"".join(str(level - 1) for level in cell): label for cell, label in EIGHT.cells}
    assert cells == {bits: english for bits, (english, _) in EIGHT_BY_HAND.items()}
    assert {CHINESE["eight"][label] for label in EIGHT.labels} == {chinese for _, chinese in EIGHT_BY_HAND.values()}
    assert all(CHINESE["eight"][english] == chinese for english, chinese in EIGHT_BY_HAND.values())


def test_four_gives_every_cell_to_the_nearest_of_the_given_ones() -> None:
    found = dict(FOUR.cells)
    assert found.keys() == set(product((1, 2, 3), repeat=3))
    for cell, label in found.items():
        # sorted keeps the order of equal distances, so that a tie goes to the first listed.
        nearest = sorted(FOUR_GIVEN, key=lambda given: sum(abs(a - b) for a, b in zip(cell, given, strict=True)))
        assert label == FOUR_GIVEN[nearest[0]], cell
    counts = Counter(found.values())
    assert [counts[label] for label in FOUR_GIVEN.values()] == [9, 8, 6, 4]


def test_strict_four_leaves_the_cells_that_were_not_given() -> None:
    assert dict(FOUR_STRICT.cells) == {cell: FOUR_GIVEN.get(cell, "other") for cell in product((1, 2, 3), repeat=3)}


@pytest.mark.parametrize("table", [TEN, EIGHT, FOUR, FOUR_STRICT])
def test_every_table_is_total_and_disjoint(table: Any) -> None:
    depth = len(table.cells[0][0])
    assert sorted(cell for cell, _ in table.cells) == list(product(range(1, table.n_levels + 1), repeat=depth))
    levels = np.array(list(product(range(table.n_levels), repeat=3)))
    found = [table.labels[code] for code in table.find(*levels.T)]
    assert found == [dict(table.cells)[tuple(cell[:depth])] for cell in (levels + 1).tolist()]


@pytest.mark.parametrize(
    ("parameters", "size", "columns"),
    [
        ({}, 25, ["r", "f", "segment"]),
        ({"segments": "eight"}, 8, ["r", "f", "m", "segment"]),
        ({"segments": "four", "strict": True}, 27, ["r", "f", "m", "segment"]),
    ],
)
def test_the_table_of_a_model_can_be_listed(parameters: dict[str, Any], size: int, columns: list[str]) -> None:
    table = crm.RFMModel(**parameters).segment_table()
    assert (len(table), list(table.columns)) == (size, columns)
    assert set(table["segment"]) == set(crm.RFMModel(**parameters).segment_labels())


def test_the_listed_table_speaks_the_language_of_the_model() -> None:
    table = crm.RFMModel(segments="eight", labels="zh").segment_table()
    listed = {f"{r - 1}{f - 1}{m - 1}": segment for r, f, m, segment in table.itertuples(index=False)}
    assert listed == {bits: chinese for bits, (_, chinese) in EIGHT_BY_HAND.items()}


RULES = (crm.SegmentRule("cold", r=1), crm.SegmentRule("warm", r=2, f=(1, 2)), crm.SegmentRule("hot", r=(2, 3), m=None, f=3))


def test_rules_and_cells_make_the_same_table() -> None:
    rules = (*RULES, crm.SegmentRule("new", r=3, f=(1, 2)))
    by_rules = table_of_rules("RFMModel", rules, 3)
    assert by_rules.labels == ("cold", "warm", "hot", "new")
    assert dict(by_rules.cells)[2, 2] == "warm"
    for form in (tuple, lambda cell: "".join(map(str, cell)), lambda cell: tuple(map(float, cell))):
        mapping = {form(cell): label for cell, label in by_rules.cells}
        assert table_of_cells("RFMModel", mapping, 3).cells == by_rules.cells


def test_a_rule_over_money_makes_a_table_of_three_measures() -> None:
    table = table_of_rules("RFMModel", [crm.SegmentRule("small", m=1), crm.SegmentRule("large", m=2)], 2)
    assert dict(table.cells) == {(r, f, m): ("small", "large")[m - 1] for r, f, m in product((1, 2), repeat=3)}


PARTITION = "RFMModel(segments=...) must give every cell exactly one segment; "
CELLS = "RFMModel(segments=...) must be a mapping whose keys are cells like (5, 4) or '54' with scores from 1 to 2; got "
FULL = {"11": "a", "12": "a", "21": "b", "22": "b"}


@pytest.mark.parametrize(
    ("segments", "message"),
    [
        ({}, PARTITION + "cell (R, F) = (1, 1) is covered by no segment."),
        ({"11": "a", "12": "a", "21": "b"}, PARTITION + "cell (R, F) = (2, 2) is covered by no segment."),
        (FULL | {(1, 2): "c"}, PARTITION + "cell (R, F) = (1, 2) is covered by 'a' and by 'c'."),
        (FULL | {"111": "c"}, PARTITION + "cell (R, F, M) = (1, 1, 2) is covered by no segment."),
        (FULL | {"13": "c"}, CELLS + "'13'."),
        (FULL | {"²²": "c"}, CELLS + "'²²'."),
        (FULL | {1: "c"}, CELLS + "1."),
        (FULL | {(1.5, 1): "c"}, CELLS + "(1.5, 1)."),
        (
            dict.fromkeys(product((1, 2), repeat=3), "a") | {"11": "b"},
            "RFMModel(segments=...) must be a mapping whose cells all have 3 scores; got (1, 1).",
        ),
        (
            [crm.SegmentRule("low", r=1), crm.SegmentRule("often", f=2)],
            PARTITION + "cell (R, F) = (1, 2) is covered by 'low' and by 'often'.",
        ),
        (
            [crm.SegmentRule("low", r=1), crm.SegmentRule("big", r=2, m=2)],
            PARTITION + "cell (R, F, M) = (2, 1, 1) is covered by no segment.",
        ),
        (
            [crm.SegmentRule("all", r=(1, 3))],
            (
                "RFMModel(segments=...) must be rules with scores from 1 to 2; "
                "got SegmentRule(label='all', r=(1, 3), f=None, m=None)."
            ),
        ),
    ],
)
def test_a_table_that_is_no_partition_is_refused(segments: Any, message: str) -> None:
    with pytest.raises(crm.ParameterError) as refusal:
        crm.RFMModel(n_bins=2, segments=segments)
    assert str(refusal.value) == message
