"""A bar for what takes longer than two seconds, where somebody looks."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sized
from concurrent.futures import Future, wait
from contextvars import ContextVar, copy_context
from functools import cache
from importlib.util import find_spec
from threading import RLock, Thread
from time import monotonic, time
from types import TracebackType
from typing import Any, Final, Self, TypeVar

T = TypeVar("T")

SWITCH: Final = "CRMMODELS_PROGRESS"
"""Environment variable that switches progress off where it is "0"."""
PATIENCE: Final = 2.0
"""Seconds before anything is shown."""
PAUSE: Final = 0.3
"""Seconds between two looks at how much is done."""
_INTERRUPTION: Final = 5.0
"""Seconds in which a call that was interrupted may still end."""
_COLUMNS: Final = 80
_ROWS: Final = 24
PER_CENT: Final = "%"
"""What is counted where only a share is known."""


class Progress:
    """How much of a long call is done, on standard error where somebody looks: a terminal or a notebook.

    Nothing is written where standard error is neither, where there is none, and where the environment variable ``CRMMODELS_PROGRESS``
    is ``0``; then a call of it costs next to nothing. Within another progress of the same thread it has no bar of its own: it stands
    behind that of the outermost, so that there is one line at a time. The bar is taken away at the end, however the call ends.

    Parameters
    ----------
    what : str
        The call.
    of : str
        What is counted, such as "draws"; "%" where only the share of the whole is known, in hundredths.
    total : int, optional
        How many there are in all, where it is known beforehand.
    """

    def __init__(self, what: str, of: str, total: int | None = None) -> None:
        self._what, self._of = what, of
        self._done, self._total = 0, total
        self._outer: Progress | None = None
        self._is_watched = is_watched()
        self.start = self._last = monotonic()
        self._lock = RLock()
        self._bar: Any = None

    @property
    def is_watched(self) -> bool:
        """Whether anything would be shown."""
        return self._is_watched

    def __call__(self, done: int, total: int | None = None) -> None:
        """Report progress from any thread: ``done`` of ``total``, as before if None."""
        if not self._is_watched:
            return
        self._done = done
        self._total = self._total if total is None else total
        now = monotonic()
        if now - self.start < PATIENCE or now - self._last < PAUSE:
            return
        self._last = now
        if self._outer is None:
            self.show()
        else:
            self._outer.show(self._words())

    def over(self, items: Iterable[T]) -> Iterator[T]:
        """The items, each counted once the next is asked for."""
        total = len(items) if isinstance(items, Sized) else None
        self(0, total)
        for done, item in enumerate(items, start=1):
            yield item
            self(done, total)

    def __enter__(self) -> Self:
        if self._is_watched:
            outermost = _OUTERMOST.get()
            if outermost is None:
                _OUTERMOST.set(self)
            else:
                self._outer, self.start = outermost, outermost.start
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Take the bar away."""
        if self._is_watched and self._outer is None:
            _OUTERMOST.set(None)
            self._close()

    def _words(self) -> str:
        if self._of == PER_CENT:
            return self._what if self._total is None else f"{self._what}: {self._done} %"
        of = f"/{self._total:,}" if self._total is not None else ""
        return f"{self._what}: {self._done:,}{of} {self._of}"

    def _format(self) -> str:
        """How tqdm draws the bar."""
        shown = "" if self._of == PER_CENT else " {n_fmt} {unit}" if self._total is None else " {n_fmt}/{total_fmt} {unit}"
        left, time = ("{desc}:", "{elapsed}") if self._total is None else ("{l_bar}{bar}|", "{elapsed}<{remaining}")
        return f"{left}{shown} [{time}]{{postfix}}"

    def show(self, note: str = "") -> None:
        """Bring the bar up to what is done, with what an inner progress notes."""
        with self._lock:
            if self._bar is not None and self._bar.total != self._total:
                self._close()
            if self._bar is None:
                self._bar = self._opened()
            if not _has_widgets():
                self._bar.ncols, self._bar.nrows = _room()
            self._bar.set_postfix_str(note, refresh=False)
            self._bar.update(self._done - self._bar.n)

    def _opened(self) -> Any:
        """A bar that has been there since the start, and waits no longer."""
        bar = _kind_of_bar(_has_widgets())(
            desc=self._what,
            total=self._total,
            unit=self._of,
            file=sys.stderr,
            leave=False,
            delay=PATIENCE,
            mininterval=0,
            miniters=0,
            smoothing=0,
            bar_format=self._format(),
        )
        bar.start_t = bar.last_print_t = time() - (monotonic() - self.start)
        return bar

    def _close(self) -> None:
        with self._lock:
            if self._bar is not None:
                # In a notebook the bar of a total that was not reached would stay, in red.
                self._bar.total = None
                self._bar.close()
                self._bar = None


_OUTERMOST: Final[ContextVar[Progress | None]] = ContextVar("crmmodels_progress", default=None)


def polled(
    call: Callable[[], T], fraction_done: Callable[[], float | None], what: str, interrupt: Callable[[], None] | None = None
) -> T:
    """The result of ``call``, with a bar of ``fraction_done()``, 0 to 1 or None, polled every 0.3 seconds.

    Where progress is shown the call runs in a thread of its own and must not warn; ``interrupt`` ends it if this thread is interrupted.
    """
    with Progress(what, PER_CENT) as progress:
        if not progress.is_watched:
            return call()
        result = _begun(call)
        try:
            while not wait([result], PAUSE).done:
                fraction = fraction_done()
                if fraction is None or fraction < 0:
                    progress(0)
                else:
                    progress(int(100 * min(fraction, 1.0)), 100)
        except BaseException:
            if interrupt is not None:
                interrupt()
                wait([result], _INTERRUPTION)
            raise
        return result.result()


def is_watched() -> bool:
    """Whether standard error is a terminal or the output of a notebook, and progress is not switched off."""
    stream = sys.stderr
    if stream is None or os.environ.get(SWITCH) == "0":
        return False
    if _is_of_notebook(stream):
        return True
    try:
        return bool(stream.isatty())
    except (AttributeError, OSError, ValueError):  # no file, or one that was closed
        return False


def _begun(call: Callable[[], T]) -> Future[T]:
    """The result of a call in a thread of its own, which an interrupted interpreter need not wait for."""
    result: Future[T] = Future()
    context = copy_context()

    def work() -> None:
        try:
            result.set_result(context.run(call))
        except BaseException as error:  # noqa: BLE001  (raised in the thread that waits)
            result.set_exception(error)

    Thread(target=work, name=f"{__name__}.polled", daemon=True).start()
    return result


def _is_of_notebook(stream: object) -> bool:
    """Whether a stream is what a Jupyter kernel sends to its notebook, and not one put in its place."""
    return type(stream).__module__.partition(".")[0] == "ipykernel"


def _room() -> tuple[int, int]:
    """Columns and rows of the terminal, less the last of each; those of a usual one where it does not know its size, as in a container."""
    try:
        columns, rows = os.get_terminal_size(sys.stderr.fileno())
    except (OSError, ValueError):
        columns, rows = 0, 0
    return (columns or _COLUMNS) - 1, (rows or _ROWS) - 1


def _has_widgets() -> bool:
    """Whether a bar can be a widget; consoles on a kernel, such as Spyder's, have text alone."""
    in_console = any(name.startswith("SPYDER") for name in os.environ)
    return _is_of_notebook(sys.stderr) and not in_console and find_spec("ipywidgets") is not None


@cache
def _kind_of_bar(as_widget: bool) -> Any:  # noqa: FBT001  (a key of the cache)
    """Class of the bar, without the thread that tqdm has for bars that stand still."""
    base: Any
    if as_widget:
        from tqdm.notebook import tqdm as base  # noqa: PLC0415
    else:
        from tqdm.std import tqdm as base  # noqa: PLC0415  (tqdm is not imported before it is needed)
    return type("ProgressBar", (base,), {"monitor_interval": 0})
