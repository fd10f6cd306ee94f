"""A heat map with its numbers in the cells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from crmmodels._typing import AnyArray
from crmmodels.plotting.drawing.figure import COLOUR_MAP, GREY, ink_on, settle

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NO_NUMBER: Final = "\N{EN DASH}"
_LARGEST: Final = 10.0
_SMALLEST: Final = 5.0


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Numbers on a square grid.

    Attributes
    ----------
    values : ndarray, shape (n, n)
        First row at ``y = 1``, first column at ``x = 1``; NaN where there is none.
    written : callable
        Turns a number into its text.
    numbered : bool
        Whether the numbers stand in the cells; otherwise a colour bar is drawn.
    upwards : bool
        Whether the first row is at the bottom.
    """

    values: AnyArray
    written: Callable[[float], str]
    numbered: bool
    upwards: bool


def draw_cells(ax: Axes, cells: Cells) -> None:
    """Draw a heat map whose rows and columns are at 1, 2, ….

    Parameters
    ----------
    ax : matplotlib Axes
        Where to draw; ticks and labels are set before, for they decide how large a cell is.
    cells : Cells
        The numbers.
    """
    n = len(cells.values)
    ends = (0.5, n + 0.5)
    shown = np.ma.masked_invalid(cells.values)
    lowest, highest = (float(shown.min()), float(shown.max())) if shown.count() else (0.0, 1.0)
    image = ax.imshow(
        shown,
        cmap=COLOUR_MAP,
        vmin=min(0.0, lowest),
        vmax=highest if highest > lowest or highest > 0 else lowest + 1.0,
        origin="lower" if cells.upwards else "upper",
        extent=(*ends, *(ends if cells.upwards else ends[::-1])),
        aspect="auto",
    )
    ax.spines[:].set_visible(False)
    ax.tick_params(which="both", length=0)
    ax.set_xticks(np.arange(n + 1) + 0.5, minor=True)
    ax.set_yticks(np.arange(n + 1) + 0.5, minor=True)
    ax.grid(which="minor", color="white", linewidth=1.5 if cells.numbered else 0.3)
    if not cells.numbered:
        bar = ax.figure.colorbar(image, ax=ax)
        bar.ax.yaxis.set_major_formatter(lambda value, _: cells.written(value))
        return
    settle(ax)
    texts = np.array([_NO_NUMBER if np.isnan(value) else cells.written(value) for value in cells.values.flat])
    points = _points(ax, n, max(len(text) for text in texts))
    colours = image.to_rgba(shown).reshape(-1, 4)
    for (i, j), value, text, colour in zip(np.ndindex(n, n), cells.values.flat, texts, colours, strict=True):
        ink = ink_on(colour) if value and not np.isnan(value) else GREY
        ax.text(j + 1, i + 1, text, ha="center", va="center", color=ink, fontsize=points)


def _points(ax: Axes, n: int, n_characters: int) -> float:
    """Size of text at which the longest number fits a cell."""
    cell = np.array([ax.bbox.width, ax.bbox.height]) / n / ax.figure.dpi * 72.0
    return float(np.clip(min(0.85 * cell[0] / (0.62 * n_characters), 0.7 * cell[1]), _SMALLEST, _LARGEST))


def size_of_cells(n: int, around: float) -> dict[str, Any]:
    """Size of a new figure for n × n cells, in inches, with room for labels beside them."""
    side = float(np.clip(0.65 * n, 3.2, 7.5))
    return {"width": side + around + 0.7, "height": side + around + 0.4}
