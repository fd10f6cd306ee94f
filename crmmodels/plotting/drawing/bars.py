"""Bars with limits, side by side or upon each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from crmmodels._typing import AnyArray, FloatArray
from crmmodels.plotting.drawing.figure import DARK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.container import BarContainer

_CAP: Final = 0.15
"""Half the length of the end of a limit, over the room of its bar."""
_PADDING: Final = 3.0
"""Distance of a number from its bar, in points."""


def draw_bars(
    ax: Axes,
    values: FloatArray,
    *,
    colours: Sequence[Any],
    names: Sequence[str] | None = None,
    places: AnyArray | None = None,
    lower: FloatArray | None = None,
    upper: FloatArray | None = None,
    base: FloatArray | float = 0.0,
    room: float = 0.8,
    filled: float = 1.0,
    horizontal: bool = False,
    written: Callable[[float], str] | None = None,
) -> list[BarContainer]:
    """Draw bars of values, shape (n_series, n_places), those of a place side by side, the first to the left or on top; NaN for none.

    Each series has a colour, or one per bar, and may have a name for a legend. Middles of the places, shape (n_places,), are 0, 1, … if not
    given; bars begin at ``base``. Those of a place take ``room`` together, of which each fills a part. Limits, of the shape of the values, are
    drawn where both are finite. Numbers, if they are to be ``written``, stand beyond bar and limits. Of horizontal bars that are to go downwards
    the limits of the axis are set before. Return a container per series.
    """
    n_series, n_places = values.shape
    middle = np.arange(n_places, dtype=np.float64) if places is None else places
    width = room / n_series
    # Series follow each other as they are read: downwards where the axis goes upwards.
    way = -1.0 if horizontal and not ax.yaxis_inverted() else 1.0
    drawn = []
    for k, (value, colour) in enumerate(zip(values, colours, strict=True)):
        place = middle + way * (k - (n_series - 1) / 2.0) * width
        name = {} if names is None else {"label": names[k]}
        draw: Any = ax.barh if horizontal else ax.bar
        drawn.append(draw(place, value, filled * width, base, color=colour, zorder=2, **name))
        ends = base + value
        if lower is not None and upper is not None:
            draw_limits(ax, place, lower[k], upper[k], cap=_CAP * width, horizontal=horizontal)
            known = np.isfinite(lower[k]) & np.isfinite(upper[k])
            ends = np.where(known, np.where(value < 0, np.minimum(ends, lower[k]), np.maximum(ends, upper[k])), ends)
        if written is not None:
            _write(ax, place, ends, [written(number) for number in value], is_below=value < 0, horizontal=horizontal)
    return drawn


def stack_bars(
    ax: Axes,
    values: FloatArray,
    *,
    colours: Sequence[Any],
    places: AnyArray,
    width: FloatArray | float,
    align: Literal["center", "edge"] = "center",
    **style: Any,
) -> list[BarContainer]:
    """Draw bars of values, shape (n_series, n_places), upon each other above 0, and under each other below.

    Places and widths are one per place, where ``align`` says what of a bar is. Return a container per series.
    """
    above, below, drawn = np.zeros(values.shape[1]), np.zeros(values.shape[1]), []
    for value, colour in zip(values, colours, strict=True):
        drawn.append(ax.bar(places, value, width, np.where(value < 0, below, above), align=align, color=colour, **style))
        above += np.maximum(value, 0.0)
        below += np.minimum(value, 0.0)
    return drawn


def draw_limits(
    ax: Axes, places: AnyArray, lower: FloatArray, upper: FloatArray, *, cap: float, horizontal: bool = False
) -> None:
    """Draw limits over bars where both are finite: a line with ends twice ``cap`` long, which reads on light and dark."""
    known = np.isfinite(lower) & np.isfinite(upper)
    if not known.any():
        return
    place, low, high = places[known], lower[known], upper[known]
    along, across = (ax.hlines, ax.vlines) if horizontal else (ax.vlines, ax.hlines)
    for colour, width in (("white", 2.6), (DARK, 1.2)):
        along(place, low, high, color=colour, linewidth=width, zorder=3)
    for end in (low, high):
        across(end, place - cap, place + cap, color=DARK, linewidth=1.2, zorder=3)


def _write(
    ax: Axes, places: AnyArray, ends: FloatArray, numbers: Sequence[str], *, is_below: AnyArray, horizontal: bool
) -> None:
    """Write numbers beyond the ends of bars."""
    for place, end, number, below in zip(places.tolist(), ends.tolist(), numbers, is_below.tolist(), strict=True):
        if not np.isfinite(end):
            continue
        offset = -_PADDING if below else _PADDING
        if horizontal:
            at, shift, across, up = (end, place), (offset, 0.0), "right" if below else "left", "center"
        else:
            at, shift, across, up = (place, end), (0.0, offset), "center", "top" if below else "bottom"
        ax.annotate(number, at, shift, textcoords="offset points", fontsize="small", ha=across, va=up)
