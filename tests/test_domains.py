"""Values held against annotations."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Protocol, TypeVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from crmmodels import Domain
from crmmodels._domains import Count, Share, check_fields, check_symmetric, check_value

T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Leaf:
    weight: float
    count: Count = 0


@dataclasses.dataclass(frozen=True)
class Unresolved:
    weight: NotThere  # noqa: F821  # type: ignore[name-defined]


class Told(Protocol):
    def tell(self) -> str: ...


FLOATS = np.array([1.0, 2.0])


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (1.5, float), (1, float), (1, int), (True, bool), ("a", str), (None, None), (None, float | None), (2.5, float | None), (1, Count), (0.5, Share),
        ((1.0, 2), tuple[float, ...]), ((1.0, "a"), tuple[float, str]), ((), tuple[float, ...]), ((1, 2), Sequence[int]), ({"a": 1.0}, Mapping[str, float]),
        ("en", Literal["en", "zh"]), (1, Literal[1, "all"]), ("en", Literal["en"] | Mapping[str, str]), ({"a": "b"}, Literal["en"] | Mapping[str, str]),
        ((1.0, 2.0), Sequence[int] | Sequence[float]), (FLOATS, NDArray[np.float64]), (FLOATS, NDArray[Any]), (FLOATS, np.ndarray), (Leaf(1.0), Leaf),
        (dt.date(2026, 1, 1), dt.date), (Leaf(1.0), Any), (Leaf(1.0), T), ("x", Told), (math.inf, Annotated[float, Domain(admits="infinite")]),
        (math.nan, Annotated[float, Domain(least=0, admits="any")]), (np.array([np.nan, 0.0]), Annotated[NDArray[np.float64], Domain(least=0, admits="any", ndim=1)]),
        (Unresolved(1.0), Unresolved),
    ],
)  # fmt: skip
def test_what_is_declared_passes(value: Any, hint: Any) -> None:
    check_value(value, hint, "it")


@pytest.mark.parametrize(
    ("value", "hint", "message"),
    [
        ("1.5", float, "it must be a number; got '1.5'"),
        (True, float, "it must be a number; got True"),
        (1.0, int, "it must be a whole number; got 1.0"),
        (1, bool, "it must be true or false; got 1"),
        (None, float, "it must be a number; got None"),
        ("x", float | None, "it must be a number or None; got 'x'"),
        (math.nan, float, "it must be a finite number; got nan"),
        (math.inf, float | None, "it must be a finite number; got inf"),
        (math.nan, Annotated[float, Domain(admits="infinite")], "it must be a number; got nan"),
        (-1.0, Annotated[float, Domain(least=0, admits="any")], "it must be a number or NaN, 0 or more; got -1.0"),
        (-math.inf, Annotated[float, Domain(above=0, admits="infinite")], "it must be a number, above 0; got -inf"),
        (-1, Count, "it must be a finite number, 0 or more; got -1.0"),
        (2**63, Count, "it is 9223372036854775808, which is too large"),
        (1.5, Share, "it must be a finite number, 0 or more, at most 1; got 1.5"),
        ((1.0, "a"), tuple[float, ...], "it[1] must be a number; got 'a'"),
        ((1.0,), tuple[float, float], "it must be tuple; got (1.0,)"),
        ([1.0], tuple[float, ...], "it must be tuple; got [1.0]"),
        ("ab", Sequence[str], "it must be Sequence; got 'ab'"),
        ({"a": "b"}, Mapping[str, float], "it['a'] must be a number; got 'b'"),
        ({1: 1.0}, Mapping[str, float], "a key of it must be text; got 1"),
        ("de", Literal["en", "zh"], "it must be 'en' or 'zh'; got 'de'"),
        (True, Literal[1, "all"], "it must be 1 or 'all'; got True"),
        (np.array([1, 2]), NDArray[np.float64], "it must be an array of float64; got array([1, 2])"),
        (FLOATS, Annotated[NDArray[np.float64], Domain(ndim=2)], "it must have 2 dimensions; it is of shape (2,)"),
        (np.array([1.0, np.inf]), NDArray[np.float64], "it must be a finite number; got inf"),
        (Leaf(1.0, -1), Leaf, "it.count must be a finite number, 0 or more; got -1.0"),
        (Leaf("1"), Any, "it.weight must be a number; got '1'"),  # type: ignore[arg-type]
        ((Leaf(math.nan),), Any, "it[0].weight must be a finite number; got nan"),
        (Unresolved(math.nan), Unresolved, "it.weight must be a finite number; got nan"),
    ],
)  # fmt: skip
def test_what_is_not_declared_is_refused_by_name(value: Any, hint: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError)) as refusal:
        check_value(value, hint, "it")
    assert str(refusal.value) == message


def test_parameters_may_be_infinite_where_nothing_else_is_declared() -> None:
    check_fields(Leaf(math.inf), "Model", parameters=True)
    with pytest.raises(ValueError, match=r"Model\.weight must be a finite number; got inf"):
        check_fields(Leaf(math.inf), "Model")
    with pytest.raises(TypeError, match=r"Model\.weight must be a number; got 'x'"):
        check_fields(Leaf("x"), "Model", parameters=True)  # type: ignore[arg-type]


@given(st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_products_are_covariances_and_their_negatives_are_not(n: int, seed: int) -> None:
    root = np.random.default_rng(seed).normal(size=(n, n)) * 10.0 ** np.arange(n)
    covariance = root @ root.T
    check_symmetric(covariance, "it")
    with pytest.raises(ValueError, match="it must be a covariance, without a negative eigenvalue"):
        check_symmetric(-covariance, "it")


def test_what_is_no_covariance_is_refused() -> None:
    check_symmetric(np.zeros((2, 2)), "it")
    check_symmetric(np.ones((3, 3)), "it")
    with pytest.raises(ValueError, match=r"it must be square; it is of shape \(2, 3\)"):
        check_symmetric(np.ones((2, 3)), "it")
    with pytest.raises(ValueError, match="it must be symmetric"):
        check_symmetric(np.array([[1.0, 0.5], [0.4, 1.0]]), "it")
