"""Labels of points, beside one another rather than over one another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from crmmodels._typing import FloatArray
from crmmodels.plotting.drawing.figure import GREY, settle

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NEAR: Final = 7.0
"""Distance of a label from its point, in points of text."""
_REACH: Final = (1.0, 2.2, 3.6, 5.2, 7.0)
"""How many times as far a label may stand where there is no room nearer."""
_SIDES: Final = tuple(
    (round(float(np.cos(a)), 6), round(float(np.sin(a)), 6)) for a in np.radians([45, 135, 315, 225, 90, 270, 0, 180])
)
_LED: Final = 2.0
"""Reach from which on a line leads from the label to its point."""


def label_points(
    ax: Axes, points: FloatArray, names: Sequence[str], style: dict[str, Any], *, taken: Sequence[Any] = ()
) -> list[Any]:
    """Write a name beside each point, where it covers least of what is drawn and of the texts that have ``taken`` their place.

    Points have shape (n, 2), in data coordinates, the most important first. The axes have their limits.
    """
    settle(ax)
    scale = ax.figure.dpi / 72.0
    at = ax.transData.transform(points)
    marks = np.column_stack([at - 4.0 * scale, at + 4.0 * scale])
    boxes = [_corners(artist) for artist in taken]
    inside = np.array([ax.bbox.x0, ax.bbox.y0, ax.bbox.x1, ax.bbox.y1])
    written = []
    for here, point, name in zip(at, points, names, strict=True):
        label = ax.annotate(
            name,
            tuple(point),
            (0, _NEAR),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize="small",
            zorder=5,
            **style,
        )
        box = _corners(label)
        size = 0.5 * (box[2:] - box[:2]) + scale * np.array([1.5, 0.0])
        tried = [
            (reach, here + reach * _NEAR * scale * np.array(side) + size * np.sign(np.round(side, 1)))
            for reach in _REACH
            for side in _SIDES
        ]
        others = np.array([*boxes, *marks])
        costs = [
            _cost(np.concatenate([centre - size, centre + size]), others, inside) + 0.02 * reach for reach, centre in tried
        ]
        reach, centre = tried[int(np.argmin(costs))]
        label.set_position(tuple((centre - here) / scale))
        boxes.append(np.concatenate([centre - size, centre + size]))
        if reach > _LED:
            ax.annotate(
                "",
                tuple(point),
                tuple(ax.transData.inverted().transform(centre)),
                arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.5, "shrinkA": 0, "shrinkB": 3, "patchA": None},
                zorder=1,
            )
            label.set_bbox({"boxstyle": "square,pad=0.05", "facecolor": "white", "edgecolor": "none", "alpha": 0.85})
        written.append(label)
    return written


def _corners(artist: Any) -> FloatArray:
    box = artist.get_window_extent()
    return np.array([box.x0, box.y0, box.x1, box.y1])


def _cost(box: FloatArray, others: FloatArray, inside: FloatArray) -> float:
    """Share of a box that covers others, and much more for what lies outside of the axes."""
    area = float(np.prod(box[2:] - box[:2]))
    across = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    covered = float(np.prod(np.maximum(across, 0.0), axis=1).sum()) / area
    kept = float(np.prod(np.maximum(np.minimum(box[2:], inside[2:]) - np.maximum(box[:2], inside[:2]), 0.0))) / area
    return covered + 10.0 * (1.0 - kept)
