"""The immutable mapping that stands for a dict among the parameters."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmmodels._frozen import FrozenMapping, freeze

dicts = st.dictionaries(st.integers(0, 5), st.integers(0, 3), max_size=5)


@given(dicts)
def test_it_reads_like_the_dict_it_was_made_of(items: dict[int, int]) -> None:
    frozen = FrozenMapping(items)
    assert frozen == items
    assert dict(frozen) == items
    assert list(frozen.items()) == list(items.items())
    assert len(frozen) == len(items)
    assert repr(frozen) == repr(items)
    assert all(frozen[key] == value for key, value in items.items())
    assert 99 not in frozen


@given(dicts, dicts)
def test_mappings_are_equal_where_items_and_their_order_are(first: dict[int, int], second: dict[int, int]) -> None:
    backwards = FrozenMapping(dict(reversed(list(first.items()))))
    assert (backwards == FrozenMapping(first)) == (len(first) < 2)
    assert hash(FrozenMapping(dict(first))) == hash(FrozenMapping(first))
    assert (FrozenMapping(first) == FrozenMapping(second)) == (list(first.items()) == list(second.items()))
    assert FrozenMapping(first) == first


@pytest.mark.parametrize(
    "change",
    [
        lambda frozen: frozen.__setitem__("a", 2),
        lambda frozen: frozen.__delitem__("a"),
        lambda frozen: setattr(frozen, "_items", {}),
        lambda frozen: setattr(frozen, "other", 1),
        lambda frozen: frozen.update(b=1),
        lambda frozen: frozen.pop("a"),
    ],
)
def test_it_cannot_be_changed(change: Any) -> None:
    frozen = FrozenMapping({"a": 1})
    with pytest.raises((AttributeError, TypeError)):
        change(frozen)
    assert dict(frozen) == {"a": 1}


def test_a_change_of_the_source_does_not_reach_it() -> None:
    source = {"a": 1}
    frozen = FrozenMapping(source)
    source["a"] = 2
    assert frozen["a"] == 1


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
def test_it_can_be_copied_and_pickled(duplicate: Any) -> None:
    frozen = FrozenMapping({(1, 2): ("a", FrozenMapping({"b": 3.5}))})
    again = duplicate(frozen)
    assert again == frozen
    assert hash(again) == hash(frozen)
    assert isinstance(again[1, 2][1], FrozenMapping)


def test_lists_and_dicts_are_frozen_all_the_way_down() -> None:
    frozen: Any = freeze({"a": [1, {"b": [2, 3]}], "c": (4, [5])})
    assert frozen == {"a": (1, FrozenMapping({"b": (2, 3)})), "c": (4, (5,))}
    assert hash(frozen) == hash(freeze({"a": [1, {"b": [2, 3]}], "c": (4, [5])}))


@pytest.mark.parametrize("value", [None, 3, "text", 2.5, FrozenMapping({"a": 1})])
def test_other_values_stay_as_they_are(value: Any) -> None:
    assert freeze(value) is value
