"""Progress is shown to somebody who looks, after two seconds, and leaves nothing behind."""

from __future__ import annotations

import io

import pytest

from crmmodels import progress
from crmmodels.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress, "monotonic", lambda: now[0])
    return now


def run(clock, stream, monkeypatch, seconds: float) -> str:
    monkeypatch.setattr("sys.stderr", stream)
    with Progress("Model.verb", "draws") as told:
        for done in range(1, 11):
            clock[0] += seconds / 10
            told(done, 10)
    return stream.getvalue()


def test_a_short_call_shows_nothing(clock, monkeypatch):
    assert run(clock, Terminal(), monkeypatch, 1.9) == ""


def test_a_long_call_shows_what_is_left_and_clears_the_line(clock, monkeypatch):
    shown = run(clock, Terminal(), monkeypatch, 10.0)
    assert "Model.verb: 3 of 10 draws, about 7 s left" in shown
    lines = shown.split("\r")
    assert lines[-1] == ""
    assert set(lines[-2]) == {" "}
    assert len(lines[-2]) >= len(lines[-3].rstrip())


def test_nothing_is_written_where_nobody_looks(clock, monkeypatch):
    monkeypatch.setattr("sys.modules", {name: m for name, m in progress.sys.modules.items() if name != "ipykernel"})
    assert run(clock, io.StringIO(), monkeypatch, 10.0) == ""
