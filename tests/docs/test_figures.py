"""Texts are the same where only rounding tells their numbers apart."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docs.figures import differences


def differ(found, expected, rtol=1e-9, atol=0.0):
    return list(differences(found, expected, rtol=rtol, atol=atol))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ("r 0.59742 ± 0.0174", "r 0.597419 ± 0.0175"),
        ("-12,121.3", "-12,121.4"),
        ("1.23457e+06 at 5", "1.23456e+06 at 4.99999"),
        ("[1.0, 2.0000000000000004]", "[1.0, 2.0]"),
        ("  n_iterations   28\n  n 3", "  n_iterations   132\n  n 3"),
        ('"n_iterations": 28, "n": 3', '"n_iterations": 32, "n": 3'),
        ("-0.00 of 1998-06-30 12:00:00.5", "0.00 of 1998-06-30 12:00:00.5"),
    ],
)
def test_rounding_of_the_last_place_is_no_difference(found, expected):
    assert differ(found, expected) == differ(expected, found) == []


@pytest.mark.parametrize(
    ("found", "expected", "said"),
    [
        ("a 0.59742", "a 0.597417", ["0.59742 in place of 0.597417"]),
        ("n 2,357", "n 2,356", ["2,357 in place of 2,356"]),
        ("x1 3\ny 2", "x2 3\ny 2", ["line 1 reads 'x1 #' in place of 'x2 #'"]),
        ("one\nto 1998-06-30", "one\nto 1998-06-29", ["line 2 reads 'to 1998-06-30' in place of 'to 1998-06-29'"]),
        ("nan", "1.0", ["line 1 reads 'nan' in place of '#'"]),
        ("one\n2", "one", ["line 2 reads '#' in place of None"]),
        ("version 1.2.3", "version 1.2.4", ["line 1 reads 'version 1.2.3' in place of 'version 1.2.4'"]),
        ("-0.5", "0.5", ["-0.5 in place of 0.5"]),
        ("0.5 1.5", "0.7 1.7", ["0.5 in place of 0.7", "1.5 in place of 1.7"]),
        ("1e-07", "1e-09", ["1e-07 in place of 1e-09"]),
    ],
)
def test_what_is_said_of_a_difference(found, expected, said):
    assert differ(found, expected) == said


def test_numbers_may_differ_by_the_tolerances():
    assert differ("1017 of 3", "1020 of 3", rtol=5e-3) == []
    assert differ("1014 of 3", "1020 of 3", rtol=5e-3) == ["1014 in place of 1020"]
    assert differ("2.129e-16", "1.718e-16", atol=1e-12) == []


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_two_numbers_written_in_full_differ_as_they_do(one, other):
    if math.isclose(one, other, rel_tol=1e-6):
        assert differ(f"<{one!r}>", f"<{other!r}>", rtol=1e-6) == []
    elif not math.isclose(one, other, rel_tol=1e-5, abs_tol=10.0):
        assert differ(f"<{one!r}>", f"<{other!r}>", rtol=1e-6) == [f"{one!r} in place of {other!r}"]


@given(st.text())
def test_a_text_is_the_same_as_itself(text):
    assert differ(text, text) == []
