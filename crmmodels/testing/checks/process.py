"""Promises about what is beside the model: the process in which it runs, and the disk."""

from __future__ import annotations

import contextlib
import io
import os
import random
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from crmmodels.testing.checks.claims import AnyModel, answers, claim

_OPTIONS: Final = ("display.max_rows", "display.max_columns", "display.width", "display.precision", "display.float_format")


def check_process_unchanged(model: AnyModel, data: pd.DataFrame) -> None:
    """No method prints, or changes anything of the process: random states, how NumPy treats errors, options, filters, environment, threads."""
    changed, printed = _changes(lambda: _use(model, data))
    if changed:
        # What a first import changes is none of the model's doing, and does not happen twice.
        changed, printed = _changes(lambda: _use(model, data))
    claim(holds=not changed, otherwise=f"these are not as they were: {', '.join(changed)}")
    claim(holds=not printed, otherwise=f"it prints {printed[:60]!r}")


def check_nothing_written(model: AnyModel, data: pd.DataFrame) -> None:
    """No method but save writes to the disk, starts a process or opens a connection."""
    home = Path.cwd()
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder), _watched() as seen:
        _use(model, data)
        created = [path.name for path in Path(folder).rglob("*")]
        os.chdir(home)
    claim(holds=not seen and not created, otherwise=f"it writes: {', '.join(dict.fromkeys([*seen, *created]))}")


def _use(model: AnyModel, data: pd.DataFrame) -> None:
    model.fit(data)
    answers(model, data)
    model.summary(data)
    repr(type(model).from_dict(model.to_dict()))


@dataclass(frozen=True, slots=True)
class _Setting:
    """Something that belongs to the whole process."""

    name: str
    read: Callable[[], Any]
    write: Callable[[Any], Any]


def _write_environment(before: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(before)


def _write_filters(before: list[Any]) -> None:
    warnings.filters[:] = before  # type: ignore[index]


def _write_options(before: tuple[Any, ...]) -> None:
    for name, value in zip(_OPTIONS, before, strict=True):
        pd.set_option(name, value)


def _random_state() -> tuple[Any, ...]:
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002  (the global generator is what is watched)
    return kind, np.asarray(keys).tobytes(), *rest


def _write_random_state(before: tuple[Any, ...]) -> None:
    kind, keys, *rest = before
    np.random.set_state((kind, np.frombuffer(keys, np.uint32), *rest))  # noqa: NPY002


_SETTINGS: Final = (
    _Setting("how NumPy treats errors", np.geterr, lambda before: np.seterr(**before)),
    _Setting("NumPy's random state", _random_state, _write_random_state),
    _Setting("Python's random state", random.getstate, random.setstate),
    _Setting("NumPy's print options", np.get_printoptions, lambda before: np.set_printoptions(**before)),
    _Setting("pandas' options", lambda: tuple(pd.get_option(name) for name in _OPTIONS), _write_options),
    _Setting("filters of warnings", lambda: list(warnings.filters), _write_filters),
    _Setting("the environment", lambda: dict(os.environ), _write_environment),
    _Setting("the working directory", os.getcwd, os.chdir),
    _Setting("the recursion limit", sys.getrecursionlimit, sys.setrecursionlimit),
    _Setting("running threads", lambda: sorted(thread.name for thread in threading.enumerate()), lambda before: None),  # noqa: ARG005
)


def _changes(use: Callable[[], None]) -> tuple[list[str], str]:
    """Settings that a use changes, which are set back, and what it prints."""
    before = [setting.read() for setting in _SETTINGS]
    # So that a seed set earlier, and set again, is seen.
    np.random.random()  # noqa: NPY002
    random.random()  # noqa: S311  (the generator itself is watched)
    moved = [setting.read() for setting in _SETTINGS]
    out = io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            use()
        changed = [setting.name for setting, old in zip(_SETTINGS, moved, strict=True) if setting.read() != old]
    finally:
        for setting, old in zip(_SETTINGS, before, strict=True):
            setting.write(old)
    return changed, out.getvalue()


class _Watch:
    """What the interpreter tells of files, processes and connections, while somebody listens; its hooks cannot be removed."""

    def __init__(self) -> None:
        self.listeners: list[list[str]] = []
        self.is_installed = False

    def install(self) -> None:
        if not self.is_installed:
            sys.addaudithook(self.hear)
            self.is_installed = True

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.listeners and (told := _told(event, arguments)):
            for heard in self.listeners:
                heard.append(told)


_WATCH: Final = _Watch()
_OTHER_EVENTS: Final = frozenset(
    ("os.mkdir", "os.rename", "os.remove", "os.truncate", "sqlite3.connect", "subprocess.Popen", "os.system", "socket.connect")
)


def _told(event: str, arguments: tuple[Any, ...]) -> str:
    """Word an event that writes, starts or connects; empty for others."""
    if event in _OTHER_EVENTS:
        return f"{event} {arguments[0] if arguments else ''}".strip()
    if event != "open":
        return ""
    path, mode, flags = arguments
    writes = (
        any(letter in mode for letter in "wax+")
        if isinstance(mode, str)
        else bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
    )
    name = os.fsdecode(path) if isinstance(path, str | bytes) else ""
    # Compiled modules of a first import, and what is written nowhere, are no data.
    return name if writes and name and "__pycache__" not in name and name != os.devnull else ""


@contextlib.contextmanager
def _watched() -> Iterator[list[str]]:
    _WATCH.install()
    heard: list[str] = []
    _WATCH.listeners.append(heard)
    try:
        yield heard
    finally:
        _WATCH.listeners.remove(heard)
