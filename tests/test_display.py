"""How models look, against files that `golden/make_golden.py` wrote and a person read."""

from __future__ import annotations

import dataclasses
import runpy
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import crmmodels as crm
from crmmodels.display import ModelView, html_view, show_value, text_view
from docs.figures import differences

RTOL = 1e-9
GOLDEN = Path(__file__).resolve().parent / "golden"
MODELS: dict[str, Any] = runpy.run_path(str(GOLDEN / "make_golden.py"))["models"]()


@pytest.mark.parametrize("name", MODELS)
def test_the_text_is_the_golden_one(name: str) -> None:
    expected = (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")
    assert list(differences(repr(MODELS[name]) + "\n", expected, rtol=RTOL)) == []


@pytest.mark.parametrize("name", MODELS)
def test_the_html_is_the_golden_one(name: str) -> None:
    expected = (GOLDEN / f"{name}.html").read_text(encoding="utf-8")
    assert list(differences(MODELS[name]._repr_html_() + "\n", expected, rtol=RTOL)) == []


def test_every_golden_file_belongs_to_a_model() -> None:
    files = {path.name for pattern in ("*.txt", "*.html") for path in GOLDEN.glob(pattern)}
    assert files == {f"{name}.{kind}" for name in MODELS for kind in ("txt", "html")}


class Tags(HTMLParser):
    """Tags that a browser would see, checked to close in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.data: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.data.append(data)


@pytest.mark.parametrize("name", MODELS)
def test_the_html_holds_known_tags_only_and_closes_them(name: str) -> None:
    tags = Tags(MODELS[name]._repr_html_())
    assert tags.open == []
    assert tags.seen <= {"div", "b", "i", "table", "tr", "th", "td", "code"}


@pytest.mark.parametrize("evil", ["<img src=x onerror=alert(1)>", "a & b", '"quoted"', "</code><b>"])
def test_every_text_in_the_html_is_escaped(evil: str) -> None:
    view = ModelView(evil, {evil: evil}, frozenset({evil}), {evil: np.array([evil])}, (evil,), (evil, evil))
    tags = Tags(html_view(view))
    assert tags.open == []
    assert tags.seen <= {"div", "b", "i", "table", "tr", "th", "td", "code"}
    assert sum(evil in text for text in tags.data) >= 5


@dataclasses.dataclass(frozen=True)
class Pair:
    left: Any
    right: Any


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "None"),
        (True, "True"),
        ("text", "'text'"),
        (1234567, "1,234,567"),
        (1234567.891, "1.23457e+06"),
        (0.1 + 0.2, "0.3"),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (np.float64(2.5), "2.5"),
        ((1, "a", None), "(1, 'a', None)"),
        (tuple(range(100)), "100 items"),
        (np.array([1.0, 2.5, np.inf]), "[1, 2.5, inf]"),
        (np.array([], dtype=np.int64), "[]"),
        (np.arange(6), "[0, 1, 2, 3, 4, 5]"),
        (np.arange(7), "array of int64, shape (7,)"),
        (np.zeros((2, 2)), "array of float64, shape (2, 2)"),
        (Pair(1, (2.0, "x")), "Pair(left=1, right=(2, 'x'))"),
        (Pair("a" * 50, "b" * 50), "Pair"),
        ({"a": "x" * 100}, "of a"),
        ({"a": 0.1, "b": (1, 2)}, "{'a': 0.1, 'b': (1, 2)}"),
    ],
)
def test_a_value_is_shown_on_one_short_line(value: Any, shown: str) -> None:
    assert show_value(value) == shown
    assert len(shown) <= 76


def test_only_changed_parameters_stand_in_the_first_line() -> None:
    assert repr(crm.RFMModel()).splitlines()[0] == "RFMModel()"
    first = repr(crm.RFMModel(n_bins=4, labels="zh", threshold="mean")).splitlines()[0]
    assert first == "RFMModel(n_bins=4, labels='zh')"
    # The first line is how to make the model again.
    assert eval(first, {"RFMModel": crm.RFMModel}) == crm.RFMModel(n_bins=4, labels="zh")  # noqa: S307


def test_a_model_says_whether_it_is_fitted() -> None:
    view = ModelView("AnyModel", {}, frozenset(), None, ("score",), ("low", "high"))
    assert text_view(view).splitlines() == [
        "AnyModel()",
        "  not fitted: call fit(data)",
        "  answers",
        "    score    score",
        "    segment  low < high",
    ]
    assert "<i>not fitted</i>" in html_view(view)
    assert "<i>fitted</i>" in html_view(dataclasses.replace(view, fitted={"n": 1}))
    assert "not fitted" not in text_view(dataclasses.replace(view, fitted={"n": 1}))
