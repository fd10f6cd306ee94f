"""A curve, and the band around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from crmmodels._typing import AnyArray, FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PolyCollection
    from matplotlib.lines import Line2D

_OPACITY: Final = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """The line of a curve, and its band where it has one."""

    line: Line2D
    band: PolyCollection | None


def draw_curve(
    ax: Axes,
    x: AnyArray,
    y: FloatArray,
    *,
    colour: str,
    name: str | None = None,
    lower: FloatArray | float | None = None,
    upper: FloatArray | float | None = None,
    line: str = "-",
    marker: str = "",
    linewidth: float = 2.0,
    opacity: float = _OPACITY,
    **style: Any,
) -> Curve:
    """Draw a curve over numbers or dates, each of shape (n,), with a band between its limits, and a dot if it has one point.

    Heights may be NaN, for a gap. Limits have shape (n,), or are the same everywhere; where one of them is NaN, there is no band. The band is as
    opaque as told; further keywords are those of the line.
    """
    band = None
    if lower is not None and upper is not None:
        band = draw_band(ax, x, lower, upper, colour=colour, opacity=opacity)
    if not marker and np.isfinite(y).sum() == 1:
        marker = "o"
    (drawn,) = ax.plot(x, y, line, marker=marker, color=colour, linewidth=linewidth, label=name, **style)
    return Curve(drawn, band)


def draw_band(
    ax: Axes,
    x: AnyArray,
    lower: FloatArray | float,
    upper: FloatArray | float,
    *,
    colour: str,
    opacity: float = 1.0,
    **style: Any,
) -> PolyCollection:
    """Fill what is between two heights, of shape (n,) or the same everywhere; where one of them is NaN, nothing."""
    return ax.fill_between(x, lower, upper, **{"facecolor": colour, "alpha": opacity, "linewidth": 0.0, **style})
