"""Names of rows and columns, and room for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from crmmodels.plotting.drawing.figure import settle
from crmmodels.plotting.drawing.lettering import Lettering, in_columns

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROOM_FOR_NAMES: Final = 0.6
"""Width of the names, over that of the axes, beyond which they are broken into lines or become smaller."""
_NARROW: Final = 16
_LINE: Final = 1.25
"""Height of a line over that of its characters."""
_SMALLEST: Final = 5.0
"""Smallest characters, in points."""


def whole_labels(text: Lettering, *wordings: Sequence[str]) -> list[str]:
    """Labels as they can be drawn, without the line breaks of long ones; each is one of its wordings."""
    found = []
    for label, *worded in zip(text.labels, *wordings, strict=True):
        same = (word for word in worded if "".join(word.split()) == "".join(label.split()))
        found.append(next(same, label.replace("\n", " ")))
    return found


def name_rows(ax: Axes, names: Sequence[str], style: dict[str, Any]) -> None:
    """Name rows at 0, 1, … of axes with limits, in lines and characters for which there is room; of very low rows some."""
    rows, shown = range(len(names)), list(names)
    ax.set_yticks(rows, shown, **style)
    ax.tick_params(axis="y", length=0)
    settle(ax)
    usual = float(ax.get_yticklabels()[0].get_fontsize())
    filled = max(label.get_window_extent().width for label in ax.get_yticklabels()) / (_ROOM_FOR_NAMES * ax.bbox.width)
    size = min(usual, usual / filled, points_of_rows(ax))
    broken = [in_columns(name, _NARROW) for name in names]
    size_broken = min(usual, points_of_rows(ax, max(name.count("\n") + 1 for name in broken)))
    if filled > 1.0 and size_broken > size:
        shown, size = broken, size_broken
    step = max(1, int(np.ceil(_SMALLEST / points_of_rows(ax))))
    ax.set_yticks(rows[::step], shown[::step], fontsize=max(size, _SMALLEST), **style)


def name_columns(
    ax: Axes, names: Sequence[str], style: dict[str, Any], *, first: float = 0.0, room: float = 0.9, angle: float = 45.0
) -> None:
    """Name columns at ``first``, ``first + 1``, …; aslant where a name takes more than its ``room`` of a column."""
    places = first + np.arange(len(names))
    ax.set_xlim(first - 0.5, first + len(names) - 0.5)
    ax.set_xticks(places, names, **style)
    settle(ax)
    if max(label.get_window_extent().width for label in ax.get_xticklabels()) > room * ax.bbox.width / len(names):
        ax.set_xticks(places, names, rotation=angle, ha="right", rotation_mode="anchor", **style)


def points_of_rows(ax: Axes, lines: float = 1.0) -> float:
    """Size of text in points at which so many lines fit a row, of axes whose rows are 1 apart."""
    bottom, top = ax.get_ylim()
    row = ax.bbox.height / abs(top - bottom) / ax.figure.dpi * 72.0
    return float(row / (_LINE * lines))
