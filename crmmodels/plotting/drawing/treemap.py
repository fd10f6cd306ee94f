"""Where the tiles of a treemap lie."""

from __future__ import annotations

import numpy as np

from crmmodels._typing import FloatArray


def squarified(sizes: FloatArray, aspect: float = 1.0) -> FloatArray:
    """Tiles of the unit square whose areas are as given sizes, shape (n_tiles,), as square as can be.

    Drawn, the square is ``aspect`` times as wide as high. Return left, bottom, width and height, shape (n_tiles, 4): larger tiles further
    to the top left; those without size have no width and no height. The largest tiles first, each joins the row along the shorter side of
    what is left of the square while that makes the least square tile of the row no less square. With side w and a row of areas r of sum s,
    the worst ratio of sides is ``max(w² max(r) / s², s² / (w² min(r)))``.

    Bruls, M., Huizing, K. & van Wijk, J. J. (2000). Squarified Treemaps. Data Visualization 2000, Eurographics, 33-42.
    doi:10.1007/978-3-7091-6783-0_4
    """
    order = np.argsort(-sizes, kind="stable")
    order = order[sizes[order] > 0]
    areas = sizes[order] / sizes.max()
    areas *= aspect / areas.sum()
    # Summed from the smallest, so that what is left never vanishes before the last tile.
    left_over = np.cumsum(areas[::-1])[::-1]
    tiles = np.zeros((len(sizes), 4))
    tiles[:, 1] = 1.0
    width, height = aspect, 1.0
    start = 0
    while start < len(areas):
        side = min(width, height)
        end = _end_of_row(areas, start, side)
        row = areas[start:end]
        thickness = row.sum() / side
        ends = np.cumsum(row) / row.sum() * side
        lengths = np.diff(ends, prepend=0.0)
        left, top = aspect - width, height
        rest = left_over[end] if end < len(areas) else 0.0
        if width >= height:
            place = [np.full(len(row), left), top - ends, np.full(len(row), thickness), lengths]
            width = rest / height
        else:
            place = [left + ends - lengths, np.full(len(row), top - thickness), lengths, np.full(len(row), thickness)]
            height = rest / width
        tiles[order[start:end]] = np.column_stack(place)
        start = end
    return _within_unit_square(tiles / [aspect, 1.0, aspect, 1.0])


def _end_of_row(areas: FloatArray, start: int, side: float) -> int:
    """End of the longest row from ``start`` in which no tile makes the worst ratio worse."""
    total = areas[start]
    worst = _worst_ratio(areas[start], areas[start], total, side)
    end = start + 1
    while end < len(areas):
        total = total + areas[end]
        ratio = _worst_ratio(areas[start], areas[end], total, side)
        if ratio > worst:
            break
        worst = ratio
        end += 1
    return end


def _worst_ratio(largest: float, smallest: float, total: float, side: float) -> float:
    return float(max(side**2 * largest / total**2, total**2 / (side**2 * smallest)))


def _within_unit_square(tiles: FloatArray) -> FloatArray:
    """Cut off what rounding carried past the edges."""
    low = np.clip(tiles[:, :2], 0.0, 1.0)
    high = np.clip(tiles[:, :2] + tiles[:, 2:], 0.0, 1.0)
    return np.concatenate([low, high - low], axis=1)
