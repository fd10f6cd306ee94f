"""A line on the terminal for what takes longer than two seconds."""

from __future__ import annotations

import os
import sys
from time import monotonic
from types import TracebackType
from typing import Final, Self

SWITCH: Final = "CRMMODELS_PROGRESS"
"""Environment variable that switches progress off where it is "0"."""
_PATIENCE: Final = 2.0
"""Seconds before anything is shown."""
_PAUSE: Final = 0.5
"""Seconds between two updates."""


class Progress:
    """How much of a long call is done, on standard error where somebody looks: a terminal or a notebook.

    Nothing is shown where the environment variable ``CRMMODELS_PROGRESS`` is ``0``.

    Parameters
    ----------
    what : str
        The call.
    of : str
        What is counted, such as "draws".
    """

    def __init__(self, what: str, of: str) -> None:
        self._what, self._of = what, of
        self._start = self._last = monotonic()
        looked_at = sys.stderr is not None and (sys.stderr.isatty() or "ipykernel" in sys.modules)
        self._watched = looked_at and os.environ.get(SWITCH) != "0"
        self._shown = 0

    def __call__(self, done: int, total: int) -> None:
        """Note progress.

        Parameters
        ----------
        done, total : int
            How much is done, and of how much.
        """
        now = monotonic()
        if not self._watched or now - self._start < _PATIENCE or (now - self._last < _PAUSE and done < total):
            return
        self._last = now
        left = (now - self._start) * (total - done) / max(done, 1)
        line = f"{self._what}: {done:,} of {total:,} {self._of}, about {left:,.0f} s left"
        self._write("\r" + line.ljust(self._shown))
        self._shown = len(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Clear the line."""
        if self._shown:
            self._write("\r" + " " * self._shown + "\r")

    @staticmethod
    def _write(text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()
