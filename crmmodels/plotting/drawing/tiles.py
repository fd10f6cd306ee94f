"""Tiles of a treemap on an Axes, and as much text in each as fits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from crmmodels._typing import FloatArray
from crmmodels.plotting.drawing.figure import COLOUR_MAP, ink_on, percent_axis, settle
from crmmodels.plotting.drawing.treemap import squarified

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from matplotlib.patches import Rectangle
    from matplotlib.text import Text

_POINTS: Final = (11.0, 10.0, 9.0, 8.0, 7.0)
"""Sizes of text to try; smaller is not readable."""
_FILLED: Final = 0.86
"""Part of a tile's width and height that text may take."""


def draw_tiles(ax: Axes, sizes: FloatArray, shades: FloatArray, shade_label: str, style: dict[str, Any]) -> list[Rectangle]:
    """Fill the axes, which become the unit square, with a tile per size, shaded by a share, and add a colour bar.

    Sizes, up to a factor, and shades have shape (n_tiles,), the tiles returned their order.
    """
    from matplotlib.patches import Rectangle  # noqa: PLC0415  (optional package)

    colours = _colours_of(shades)
    bar = ax.figure.colorbar(colours, ax=ax, fraction=0.05, pad=0.02)
    bar.set_label(shade_label, **style)
    bar.outline.set_visible(False)
    percent_axis(bar.ax.yaxis)
    ax.set(xlim=(0, 1), ylim=(0, 1), xticks=[], yticks=[], aspect="auto")
    ax.spines[:].set_visible(False)
    settle(ax)
    places = squarified(sizes, ax.bbox.width / ax.bbox.height)
    tiles = [
        Rectangle((left, bottom), width, height, facecolor=tuple(colour), edgecolor="white", linewidth=2)
        for (left, bottom, width, height), colour in zip(places, colours.to_rgba(shades), strict=True)
    ]
    for tile in tiles:
        ax.add_patch(tile)
    return tiles


def write_in_tiles(ax: Axes, tiles: Sequence[Rectangle], wordings: Sequence[Sequence[str]], style: dict[str, Any]) -> list[int]:
    """Write into each tile the first of its wordings that fits, as large as it fits; return the tiles too small for any."""
    empty = []
    for k, (tile, wording) in enumerate(zip(tiles, wordings, strict=True)):
        ink = ink_on(tile.get_facecolor())
        x, y = tile.get_center()
        text = ax.text(x, y, "", ha="center", va="center", color=ink, linespacing=1.3, **style)
        room = _FILLED * np.array([tile.get_width() * ax.bbox.width, tile.get_height() * ax.bbox.height])
        if not any(_fits(text, room) for _ in _attempts(text, wording)):
            text.remove()
            empty.append(k)
    return empty


def _attempts(text: Text, wordings: Sequence[str]) -> Iterator[None]:
    """Give the text one wording after the other: level before upright, and large before small."""
    for wording in wordings:
        for rotation in (0, 90):
            for points in _POINTS:
                text.set(text=wording, rotation=rotation, fontsize=points)
                yield


def _fits(text: Text, room: FloatArray) -> bool:
    extent = text.get_window_extent()
    return bool(extent.width <= room[0] and extent.height <= room[1])


def _colours_of(shades: FloatArray) -> ScalarMappable:
    from matplotlib.cm import ScalarMappable  # noqa: PLC0415  (optional package)
    from matplotlib.colors import Normalize  # noqa: PLC0415

    return ScalarMappable(Normalize(min(0.0, float(shades.min())), float(shades.max())), COLOUR_MAP)
