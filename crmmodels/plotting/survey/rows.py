"""Names of rows of estimates, and room for them."""

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
    """Labels of a plot without the line breaks of long ones.

    Parameters
    ----------
    text : Lettering
        Labels as they can be drawn.
    *wordings : sequence of str
        The same labels as they may be worded.

    Returns
    -------
    list of str
        The wording of each that is drawn.
    """
    found = []
    for label, *worded in zip(text.labels, *wordings, strict=True):
        same = (word for word in worded if "".join(word.split()) == "".join(label.split()))
        found.append(next(same, label.replace("\n", " ")))
    return found


def name_rows(ax: Axes, labels: Sequence[str], style: dict[str, Any]) -> None:
    """Name rows at 0, 1, … downwards, in lines and characters for which there is room; of very low rows some.

    Parameters
    ----------
    ax : matplotlib Axes
        Axes whose limits of y are set.
    labels : sequence of str
        The names.
    style : mapping of str to object
        Keywords for the texts.
    """
    rows, names = range(len(labels)), list(labels)
    ax.set_yticks(rows, names, **style)
    ax.tick_params(axis="y", length=0)
    settle(ax)
    usual = float(ax.get_yticklabels()[0].get_fontsize())
    filled = max(label.get_window_extent().width for label in ax.get_yticklabels()) / (_ROOM_FOR_NAMES * ax.bbox.width)
    size = min(usual, usual / filled, points_of_rows(ax))
    broken = [in_columns(name, _NARROW) for name in names]
    size_broken = min(usual, points_of_rows(ax, max(name.count("\n") + 1 for name in broken)))
    if filled > 1.0 and size_broken > size:
        names, size = broken, size_broken
    step = max(1, int(np.ceil(_SMALLEST / points_of_rows(ax))))
    ax.set_yticks(rows[::step], names[::step], fontsize=max(size, _SMALLEST), **style)


def points_of_rows(ax: Axes, lines: float = 1.0) -> float:
    """Size of text at which so many lines fit a row.

    Parameters
    ----------
    ax : matplotlib Axes
        Axes whose rows are 1 apart.
    lines : float, default 1
        Lines in a row.

    Returns
    -------
    float
        In points.
    """
    bottom, top = ax.get_ylim()
    row = ax.bbox.height / abs(top - bottom) / ax.figure.dpi * 72.0
    return float(row / (_LINE * lines))
