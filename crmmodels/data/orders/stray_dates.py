"""Orders long before or after all others, which a mistyped date makes, and which move ages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from crmmodels._typing import IntArray

_ENOUGH_DAYS: Final = 20
"""Distinct days from which on the gaps between them tell what is usual."""
FAR: Final = 60
"""Days that a stray order lies apart at least."""
_FAR_IN_SHORT_LOGS: Final = 3 * 365
"""The same in a log of few days."""
_TIMES: Final = 10
_FEW, _SHARE = 5, 0.02
"""Lines that may be stray: so many, or this share of the log."""


@dataclass(frozen=True, slots=True)
class Strays:
    """A few lines apart from all others.

    Attributes
    ----------
    n : int
        Lines.
    day, usual : int
        The stray day that is nearest to the others, and the day of those nearest to it, in days since 1970-01-01.
    """

    n: int
    day: int
    usual: int


def strays_after(day: IntArray, n_lines: IntArray) -> Strays | None:
    """Few lines at the end of a log that lie far behind the others.

    The gap before them is more than ten times the largest gap between other days, and longer than 60 days; where there are fewer than 20
    distinct days, it is more than ten times the time that all others take, and longer than three years.
    """
    gaps = np.diff(day)
    behind = np.cumsum(n_lines[::-1])[::-1]
    few = min(max(_FEW, int(_SHARE * behind[0])), int(behind[0]) // 3) if len(day) else 0
    # What may be stray at the other end says nothing of what is usual.
    start = int(np.searchsorted(np.cumsum(n_lines), few, side="right"))
    for i in range(len(day) - 1, 1, -1):
        if behind[i] > few:
            return None
        usual = gaps[start : i - 1].max(initial=0) if i >= _ENOUGH_DAYS else day[i - 1] - day[min(start, i - 1)]
        if gaps[i - 1] > max(FAR if i >= _ENOUGH_DAYS else _FAR_IN_SHORT_LOGS, _TIMES * usual):
            return Strays(int(behind[i]), int(day[i]), int(day[i - 1]))
    return None


def strays_before(day: IntArray, n_lines: IntArray) -> Strays | None:
    """Few lines at the beginning of a log that lie far before the others, by the rule of `strays_after`."""
    found = strays_after(-day[::-1], n_lines[::-1])
    return None if found is None else Strays(found.n, -found.day, -found.usual)
