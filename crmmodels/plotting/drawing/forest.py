"""A forest plot: estimates with their intervals, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from crmmodels._typing import AnyArray, FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.container import ErrorbarContainer

_MARGIN: Final = 0.08
"""Room beyond the outermost limits, over their range."""
_ASIDE: Final = 0.3
"""Share of the range from either end within which words go inwards."""


def draw_forest(
    ax: Axes,
    estimates: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
    *,
    colours: Sequence[Any],
    rows: AnyArray | None = None,
    reference: float = 0.0,
    written: Sequence[str] | None = None,
    style: dict[str, Any] | None = None,
) -> list[ErrorbarContainer]:
    """Draw estimates, shape (n_rows,), as dots with their intervals on rows, and let the x axis hold them and a reference.

    Rows are at 0, 1, … if not given. A row without a finite estimate stays empty; a dot stands alone where a limit is not finite. Words may be
    ``written`` above each interval, in a ``style``; they go inwards from either end. Return a container per row that is drawn.
    """
    known = np.isfinite(lower) & np.isfinite(upper) & np.isfinite(estimates)
    lower, upper = np.where(known, lower, estimates), np.where(known, upper, estimates)
    ends = np.concatenate([[reference], lower, upper])
    low, high = float(np.nanmin(ends)), float(np.nanmax(ends))
    width = high - low if high > low else 1.0
    heights = np.arange(len(estimates)) if rows is None else rows
    drawn = []
    for k in np.flatnonzero(np.isfinite(estimates)).tolist():
        x, y = float(estimates[k]), float(heights[k])
        limits = [[x - lower[k]], [upper[k] - x]] if known[k] else None
        drawn.append(ax.errorbar([x], [y], xerr=limits, fmt="o", color=colours[k], linewidth=2, markersize=7, capsize=4))
        if written is not None:
            place = (x - low) / width
            side = "left" if place < _ASIDE else "right" if place > 1.0 - _ASIDE else "center"
            anchor = {"left": float(lower[k]), "right": float(upper[k]), "center": x}[side]
            _write(ax, written[k], (anchor, y), side, style or {})
    ax.set_xlim(low - _MARGIN * width, high + _MARGIN * width)
    return drawn


def _write(ax: Axes, words: str, at: tuple[float, float], side: str, style: dict[str, Any]) -> None:
    box = {"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none"}
    ax.annotate(words, at, (0, 8), textcoords="offset points", ha=side, va="bottom", fontsize="small", bbox=box, **style)
