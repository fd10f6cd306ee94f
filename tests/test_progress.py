"""Progress is shown to somebody who looks, after two seconds, and leaves nothing behind."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from crmmodels import progress
from crmmodels.progress import Progress, is_watched, polled


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True

    def screen(self) -> list[str]:
        """Lines as they stand at the end."""
        lines, row, column = [""], 0, 0
        text = self.getvalue()
        i = 0
        while i < len(text):
            if text.startswith("\x1b[A", i):
                row, i = row - 1, i + 3
                continue
            sign, i = text[i], i + 1
            if sign == "\r":
                column = 0
            elif sign == "\n":
                row, column = row + 1, 0
                lines += [""] * (row + 1 - len(lines))
            else:
                lines[row] = lines[row].ljust(column)[:column] + sign + lines[row][column + 1 :]
                column += 1
        return [line.rstrip() for line in lines]


@pytest.fixture(autouse=True)
def _switched_on(monkeypatch):
    monkeypatch.delenv(progress.SWITCH, raising=False)


@pytest.fixture
def terminal(monkeypatch):
    stream = Terminal()
    # Pytest puts a stream of its own in the place of sys.stderr between a fixture and its test.
    monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=stream))
    return stream


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress, "monotonic", lambda: now[0])
    for module in ("crmmodels.progress", "tqdm.std"):
        monkeypatch.setattr(f"{module}.time", lambda: 1e9 + now[0])
    return now


def run(clock, seconds: float, steps: int = 10) -> None:
    with Progress("Model.verb", "draws") as told:
        for done in range(1, steps + 1):
            clock[0] += seconds / steps
            told(done, steps)


def test_a_short_call_shows_nothing(clock, terminal):
    run(clock, 1.9)
    assert terminal.getvalue() == ""


def test_a_long_call_shows_a_bar_and_clears_it(clock, terminal):
    run(clock, 10.0)
    shown = terminal.getvalue().split("\r")
    bars = [line for line in shown if "Model.verb" in line]
    assert "Model.verb:  20%|" in bars[0]
    assert "2/10 draws [00:02<00:08]" in bars[0]
    assert "9/10 draws [00:09<00:01]" in bars[-2]
    assert len(bars) == 9
    assert terminal.screen() == [""]


def test_it_is_shown_at_most_every_third_of_a_second(clock, terminal):
    run(clock, 4.0, 4000)
    assert 5 <= terminal.getvalue().count("Model.verb") <= 8


def test_an_unknown_total_is_counted(clock, terminal):
    with Progress("Model.fit", "likelihoods") as told:
        clock[0] = 3.0
        told(17)
    assert "Model.fit: 17 likelihoods [00:03]" in terminal.getvalue()
    assert terminal.screen() == [""]


def test_a_total_that_changes(clock, terminal):
    with Progress("Model.fit", "likelihoods") as told:
        for total in (None, 100, 200):
            clock[0] += 3.0
            told(50, total)
    shown = terminal.getvalue()
    assert "50 likelihoods" in shown
    assert "50/100 likelihoods" in shown
    assert "50/200 likelihoods" in shown
    assert terminal.screen() == [""]


@pytest.mark.parametrize("items", [[1, 2, 3, 4], (number for number in (1, 2, 3, 4))], ids=["known", "unknown"])
def test_items(clock, terminal, items):
    sized = isinstance(items, list)
    with Progress("compare", "models") as told:
        for _ in told.over(items):
            clock[0] += 2.0
    assert ("2/4 models" if sized else "2 models [") in terminal.getvalue()
    assert terminal.screen() == [""]


def test_an_inner_progress_stands_behind_the_outermost(clock, terminal):
    with Progress("compare", "models", 2) as outer:
        for model in outer.over(["A", "B"]):
            with Progress(f"{model}.fit", "likelihoods") as inner:
                for done in range(1, 4):
                    clock[0] += 1.0
                    inner(done)
    shown = terminal.getvalue()
    assert "compare:   0%|" in shown
    assert "0/2 models [00:02<?], A.fit: 2 likelihoods" in shown
    assert "1/2 models [00:06<00:06], B.fit: 3 likelihoods" in shown
    assert "\n" not in shown
    assert terminal.screen() == [""]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_call_that_ends_by_an_exception_clears_the_bar(clock, terminal, error):
    def broken() -> None:
        with Progress("compare", "models", 2) as outer, Progress("Model.fit", "draws") as told:
            clock[0] = 5.0
            outer(1)
            told(1, 4)
            raise error

    with pytest.raises(error):
        broken()
    assert "compare" in terminal.getvalue()
    assert terminal.screen() == [""]
    clock[0] = 0.0
    run(clock, 10.0)
    assert "Model.verb:  20%|" in terminal.getvalue()


class Closed(Terminal):
    def isatty(self) -> bool:
        raise ValueError


@pytest.mark.parametrize("stream", [io.StringIO(), None, object(), Closed()], ids=["file", "none", "object", "closed"])
def test_nothing_is_written_where_nobody_looks(clock, monkeypatch, stream):
    monkeypatch.setattr("sys.stderr", stream)
    run(clock, 10.0)
    assert not is_watched()
    if isinstance(stream, io.StringIO):
        assert stream.getvalue() == ""


def test_a_switch_keeps_it_off(clock, monkeypatch, terminal):
    monkeypatch.setenv("CRMMODELS_PROGRESS", "0")
    run(clock, 10.0)
    assert terminal.getvalue() == ""


def test_no_thread_is_started_and_the_classes_of_tqdm_stay_as_they_are(clock, terminal):
    from tqdm.std import tqdm

    before, interval = threading.active_count(), tqdm.monitor_interval
    with Progress("Model.verb", "draws") as told:
        clock[0] = 5.0
        told(1, 2)
        assert threading.active_count() == before
    assert tqdm.monitor_interval == interval > 0
    assert tqdm.monitor is None or not tqdm.monitor.is_alive()


def test_many_threads(monkeypatch, terminal):
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.setattr(progress, "PAUSE", 0.0)

    def scored(_: int) -> None:
        with Progress("Model.score", "draws") as told:
            for done in range(50):
                told(done, 50)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(scored, range(40)))
    assert terminal.screen() == [""] * len(terminal.screen())


def test_one_progress_told_from_many_threads(monkeypatch, terminal):
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.setattr(progress, "PAUSE", 0.0)
    with Progress("Model.score", "draws") as told, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda done: told(done, 400), range(400)))
    assert "Model.score" in terminal.getvalue()
    assert terminal.screen() == [""]


class Slow:
    """A call that says from outside how far it is."""

    def __init__(self, seconds: float, *, known: bool = True) -> None:
        self.seconds, self.known, self.start = seconds, known, 0.0
        self.thread: threading.Thread | None = None
        self.stop = threading.Event()

    def __call__(self) -> str:
        self.start, self.thread = time.monotonic(), threading.current_thread()
        self.stop.wait(self.seconds)
        return "done"

    def fraction(self) -> float | None:
        return (time.monotonic() - self.start) / self.seconds if self.known else None


@pytest.fixture
def _hasty(monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE", 0.1)
    monkeypatch.setattr(progress, "PAUSE", 0.02)


@pytest.mark.usefixtures("_hasty")
def test_a_blocking_call_is_watched_from_outside(terminal):
    call = Slow(0.4)
    assert polled(call, call.fraction, "Orders") == "done"
    assert call.thread is not threading.current_thread()
    assert "Orders:" in terminal.getvalue()
    assert "%|" in terminal.getvalue()
    assert "/100" not in terminal.getvalue()
    assert terminal.screen() == [""]


@pytest.mark.usefixtures("_hasty")
def test_a_blocking_call_that_tells_nothing(terminal):
    call = Slow(0.3, known=False)
    assert polled(call, call.fraction, "Orders") == "done"
    assert "Orders: [00:00]" in terminal.getvalue()
    assert terminal.screen() == [""]


@pytest.mark.usefixtures("_hasty")
def test_a_blocking_call_within_another_progress(terminal):
    call = Slow(0.3)
    with Progress("Model.fit", "steps", 3) as outer:
        for _ in outer.over(range(1)):
            assert polled(call, call.fraction, "Orders") == "done"
    assert re.search(r"0/1 steps \[.*\], Orders: \d+ %", terminal.getvalue())
    assert terminal.screen() == [""]


def test_a_short_blocking_call_shows_nothing(terminal):
    assert polled(lambda: 5, lambda: 0.5, "Orders") == 5
    assert terminal.getvalue() == ""


def test_a_blocking_call_stays_in_its_thread_where_nobody_looks(monkeypatch):
    monkeypatch.setattr("sys.stderr", io.StringIO())
    call = Slow(0.0)
    assert polled(call, call.fraction, "Orders") == "done"
    assert call.thread is threading.current_thread()


@pytest.mark.usefixtures("_hasty")
def test_what_a_blocking_call_raises_is_raised(terminal):
    def broken() -> None:
        time.sleep(0.2)
        msg = "no such column"
        raise KeyError(msg)

    with pytest.raises(KeyError, match="no such column"):
        polled(broken, lambda: 0.5, "Orders")
    assert terminal.screen() == [""]


@pytest.mark.usefixtures("_hasty")
def test_an_interrupted_blocking_call_is_told(terminal):
    call = Slow(60.0)

    def interrupted() -> float:
        if time.monotonic() - call.start > 0.2:
            raise KeyboardInterrupt
        return 0.5

    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        polled(call, interrupted, "Orders", call.stop.set)
    assert time.monotonic() - begun < 5.0
    call.thread.join(5.0)
    assert not call.thread.is_alive()
    assert terminal.screen() == [""]


def test_tqdm_is_not_imported_before_it_is_needed():
    code = (
        "import sys, crmmodels as crm\n"
        "m = crm.BetaGeoModel(horizon=39, unit='W')\n"
        "m.fit(m.example(n_customers=200, seed=0))\n"
        "sys.exit('tqdm' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    found = subprocess.run([sys.executable, "-c", code], check=False, env=environment)  # noqa: S603  (this interpreter)
    assert found.returncode == 0
