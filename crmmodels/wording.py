"""Numbers, values and rows as messages show them."""

from __future__ import annotations

from typing import Final

import numpy as np

from crmmodels._typing import AnyArray

EXAMPLES_SHOWN: Final = 3
"""Offending rows that a message shows."""


def count_of(n: int, noun: str) -> str:
    """Return a number with its noun: '1 row', '3 rows'."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def plain(value: object) -> object:
    """Return a NumPy scalar as the Python value that users know, anything else as it is."""
    return value.item() if isinstance(value, np.generic) else value


def rows_at(where: AnyArray) -> str:
    """Name the first offending rows of a mask of shape (n_rows,) by position, such as " in rows 0, 4, 7, …"."""
    positions = np.flatnonzero(where)
    more = ", …" if len(positions) > EXAMPLES_SHOWN else ""
    word = "row" if len(positions) == 1 else "rows"
    return f" in {word} {', '.join(str(p) for p in positions[:EXAMPLES_SHOWN])}{more}"
