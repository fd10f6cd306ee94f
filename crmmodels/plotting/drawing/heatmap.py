"""A heat map, with its numbers in the cells or beside a bar of its colours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from crmmodels._typing import AnyArray, FloatArray
from crmmodels.plotting.drawing.figure import COLOUR_MAP, GREY, ink_on, settle

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage
    from matplotlib.text import Text

_NO_NUMBER: Final = "\N{EN DASH}"
SMALLEST: Final = 5.0
"""Size of the smallest numbers that can be read, in points."""


@dataclass(frozen=True, slots=True, eq=False)
class HeatMap:
    """The image of a heat map, and its numbers by row and column; there is none in a cell that has none."""

    image: AxesImage
    numbers: dict[tuple[int, int], Text]


def draw_heatmap(
    ax: Axes,
    values: AnyArray,
    *,
    x: AnyArray | None = None,
    y: AnyArray | None = None,
    written: Callable[[float], str] | None = None,
    numbered: bool = True,
    missing: str = _NO_NUMBER,
    scale: tuple[float, float] | None = None,
    colours: Any = COLOUR_MAP,
    gap: float = 1.5,
    upwards: bool = False,
    largest: float = 10.0,
) -> HeatMap:
    """Draw a cell per number of values, shape (n_rows, n_columns), the more the darker, the first row on top unless ``upwards``.

    Ticks and labels are set before, for they decide how large a cell is. Middles of columns and rows, ``x`` and ``y``, evenly spaced and
    ascending, are 0, 1, … if not given. Numbers, ``written`` as told, stand in the cells, as large as they fit and at most ``largest`` points,
    and ``missing`` where one is NaN; without them, or not ``numbered``, there is a colour bar. The scale goes from 0, or the least number if it is
    less, to the largest, if not given. With a ``gap`` of white lines between cells the axes have neither spines nor ticks.
    """
    n_rows, n_columns = values.shape
    shown = np.ma.masked_invalid(values)
    x, y = np.arange(n_columns) if x is None else x, np.arange(n_rows) if y is None else y
    columns, rows = _ends(x), _ends(y)
    low, high = _scale(shown) if scale is None else scale
    image = ax.imshow(
        shown,
        cmap=colours,
        vmin=low,
        vmax=high,
        origin="lower" if upwards else "upper",
        extent=(columns[0], columns[-1], *(rows[[0, -1]] if upwards else rows[[-1, 0]])),
        aspect="auto",
        interpolation="nearest",
    )
    if gap:
        _part(ax, columns, rows, gap)
    if not values.size:
        return HeatMap(image, {})
    if numbered and written is not None:
        return HeatMap(image, _write(ax, image, (x, y), written=written, missing=missing, largest=largest))
    bar = ax.figure.colorbar(image, ax=ax)
    if written is not None:
        bar.ax.yaxis.set_major_formatter(lambda value, _: written(value))
    return HeatMap(image, {})


def points_of_cells(ax: Axes, shape: tuple[int, ...], n_characters: int) -> float:
    """Size of text in points at which so many characters fit a cell, of a number of rows and of columns."""
    settle(ax)
    n_rows, n_columns = shape
    width, height = np.array([ax.bbox.width / n_columns, ax.bbox.height / n_rows]) / ax.figure.dpi * 72.0
    return float(min(0.85 * width / (0.62 * n_characters), 0.7 * height))


def size_of_cells(n: int, around: float) -> dict[str, Any]:
    """Size of a new figure for n × n cells, in inches, with room for labels beside them."""
    side = float(np.clip(0.65 * n, 3.2, 7.5))
    return {"width": side + around + 0.7, "height": side + around + 0.4}


def _ends(middles: AnyArray) -> FloatArray:
    """Ends of cells, one more than there are middles; of no cells, of the place for one."""
    if not len(middles):
        return np.array([-0.5, 0.5])
    step = (middles[-1] - middles[0]) / (len(middles) - 1) if len(middles) > 1 else 1.0
    ends: FloatArray = np.append(middles - step / 2.0, middles[-1] + step / 2.0)
    return ends


def _scale(shown: Any) -> tuple[float, float]:
    if not shown.count():
        return 0.0, 1.0
    lowest, highest = float(shown.min()), float(shown.max())
    return min(0.0, lowest), highest if highest > lowest or highest > 0 else lowest + 1.0


def _part(ax: Axes, columns: FloatArray, rows: FloatArray, gap: float) -> None:
    """Draw white lines between the cells, in place of spines and ticks."""
    ax.spines[:].set_visible(False)
    ax.tick_params(which="both", length=0)
    ax.xaxis.remove_overlapping_locs = ax.yaxis.remove_overlapping_locs = False
    ax.set_xticks(columns, minor=True)
    ax.set_yticks(rows, minor=True)
    ax.grid(which="minor", color="white", linewidth=gap)


def _write(
    ax: Axes,
    image: AxesImage,
    middles: tuple[AnyArray, AnyArray],
    *,
    written: Callable[[float], str],
    missing: str,
    largest: float,
) -> dict[tuple[int, int], Text]:
    """Write the numbers into the cells; what is nothing is grey."""
    shown: Any = np.ma.masked_invalid(np.ma.asarray(image.get_array()))
    values: FloatArray = np.ma.filled(shown.astype(np.float64), np.nan)
    texts = {at: missing if np.isnan(value) else written(value) for at, value in np.ndenumerate(values)}
    n_characters = max([1, *map(len, texts.values())])
    points = float(np.clip(points_of_cells(ax, values.shape, n_characters), SMALLEST, largest))
    x, y = (middle.tolist() for middle in middles)
    colours, numbers = image.to_rgba(shown), {}
    for (i, j), text in texts.items():
        ink = ink_on(colours[i, j]) if values[i, j] and not np.isnan(values[i, j]) else GREY
        if text:
            numbers[i, j] = ax.text(x[j], y[i], text, ha="center", va="center", color=ink, fontsize=points)
    return numbers
