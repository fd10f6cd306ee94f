"""Where the constructs of a path diagram stand, so that arrows pass beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Final

import numpy as np

from crmmodels._typing import FloatArray, IntArray

_LEVELS: Final = 3
_MOST_TRIED: Final = 3**8
"""Layouts up to which all are tried; beyond, one construct after the other is moved."""
_NEAR: Final = 0.5
"""Distance of an arrow from a construct, in steps of the grid, below which it seems to touch it."""
_SHARES: Final = (0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8)
"""Places of a label along its arrow, in the order of preference."""
_LABEL: Final = np.array([0.6, 0.22])
"""Width and height of a label."""
_STEPS: Final = 60
"""Points of an arrow that a label keeps away from."""


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Column of each construct from the left, the longest way from one that nothing explains, and its row, around 0; shape (n_constructs,)."""

    column: FloatArray
    level: FloatArray


def lay_out(n_constructs: int, pairs: Sequence[tuple[int, int]]) -> Layout:
    """Choose places with few arrows, from source to target of each pair, through constructs and across each other.

    The best of all on three rows for a few constructs, otherwise one that moving any single construct does not improve.
    """
    edges = np.array(pairs, np.int64).reshape(-1, 2)
    column = _columns(n_constructs, edges)
    crowd = int(np.bincount(column.astype(np.int64)).max())
    rows = np.arange(max(_LEVELS, crowd), dtype=np.float64)
    rows -= rows.mean()
    if len(rows) ** n_constructs <= _MOST_TRIED:
        tried = np.array(list(product(rows, repeat=n_constructs)))
        level = tried[int(np.argmin(_penalties(column, tried, edges)))]
    else:
        level = _improved(column, rows, edges)
    return Layout(column, level)


def arrows_through(places: FloatArray, sizes: FloatArray, pairs: Sequence[tuple[int, int]]) -> int:
    """Count how often an arrow passes through a construct at neither of its ends; centres and sizes have shape (n_constructs, 2)."""
    count = 0
    for source, target in pairs:
        start, along = places[source], places[target] - places[source]
        flat = along == 0
        step = np.where(flat, 1.0, along)
        # Shares of the arrow at which it enters and leaves the strip of each construct, by coordinate.
        first, last = ((places + side * sizes / 2.0 - start) / step for side in (-1.0, 1.0))
        is_between = np.abs(places - start) <= sizes / 2.0
        enter = np.where(flat, np.where(is_between, 0.0, np.inf), np.minimum(first, last)).max(axis=1)
        leave = np.where(flat, np.where(is_between, 1.0, -np.inf), np.maximum(first, last)).min(axis=1)
        crosses = np.maximum(enter, 0.0) <= np.minimum(leave, 1.0)
        crosses[[source, target]] = False
        count += int(crosses.sum())
    return count


def _columns(n: int, edges: IntArray) -> FloatArray:
    column = np.zeros(n)
    for _ in range(n):
        np.maximum.at(column, edges[:, 1], column[edges[:, 0]] + 1.0)
    return column


def _improved(column: FloatArray, rows: FloatArray, edges: IntArray) -> FloatArray:
    """Move one construct after the other to its best row until none moves."""
    taken: dict[float, int] = {}
    level = np.empty(len(column))
    for i, place in enumerate(column.tolist()):
        level[i] = rows[taken.get(place, 0)]
        taken[place] = taken.get(place, 0) + 1
    best = np.inf
    while True:
        for i in range(len(column)):
            tried = np.repeat(level[None], len(rows), axis=0)
            tried[:, i] = rows
            level = tried[int(np.argmin(_penalties(column, tried, edges)))]
        now = float(_penalties(column, level[None], edges)[0])
        if now >= best:
            return level
        best = now


def _penalties(column: FloatArray, level: FloatArray, edges: IntArray) -> FloatArray:
    """Penalty of each layout: constructs on one place, arrows near constructs, crossings, length, and no symmetry."""
    n = level.shape[1]
    first, second = (np.array(side) for side in zip(*combinations(range(n), 2), strict=True))
    same = (column[first] == column[second]) & (level[:, first] == level[:, second])
    x1, x2 = column[edges[:, 0]], column[edges[:, 1]]
    y1, y2 = level[:, edges[:, 0]], level[:, edges[:, 1]]
    # A step to the next row is shorter than one to the next column, in the eye of the reader.
    along = np.stack(np.broadcast_arrays(x2 - x1, y2 - y1), axis=-1)
    to_node = np.stack(np.broadcast_arrays(column[None, None] - x1[None, :, None], level[:, None, :] - y1[:, :, None]), axis=-1)
    length = (along**2).sum(axis=-1)
    share = np.clip((to_node * along[:, :, None]).sum(axis=-1) / length[:, :, None], 0.0, 1.0)
    gap = np.linalg.norm(to_node - share[..., None] * along[:, :, None], axis=-1)
    own = (edges[:, 0, None] == np.arange(n)) | (edges[:, 1, None] == np.arange(n))
    near = np.where(own[None], 0.0, np.maximum(0.0, _NEAR - gap))
    total: FloatArray = 100.0 * same.sum(axis=1) + 40.0 * near.sum(axis=(1, 2)) + 0.05 * np.sqrt(length).sum(axis=1)
    total += 0.1 * np.abs(level.mean(axis=1)) + 0.01 * np.abs(level).sum(axis=1)
    for i, j in combinations(range(len(edges)), 2):
        if not set(edges[i].tolist()) & set(edges[j].tolist()):
            total += _cross((x1[i], y1[:, i]), (x2[i], y2[:, i]), (x1[j], y1[:, j]), (x2[j], y2[:, j]))
    return total


def _cross(
    a: tuple[float, FloatArray], b: tuple[float, FloatArray], c: tuple[float, FloatArray], d: tuple[float, FloatArray]
) -> FloatArray:
    """1 where the lines from a to b and from c to d cross."""

    def side(p: tuple[float, FloatArray], q: tuple[float, FloatArray], r: tuple[float, FloatArray]) -> FloatArray:
        return np.sign((q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]))

    crossing = (side(a, b, c) * side(a, b, d) < 0) & (side(c, d, a) * side(c, d, b) < 0)
    return crossing.astype(np.float64)


def label_spots(places: FloatArray, halves: FloatArray, pairs: Sequence[tuple[int, int]]) -> FloatArray:
    """Place one label after the other on the visible part of its arrow, off other constructs, other arrows and the labels before.

    Centres of the constructs and half their sizes have shape (n_constructs, 2), the centres returned (n_paths, 2).
    """
    spots = np.empty((len(pairs), 2))
    steps = np.linspace(0.0, 1.0, _STEPS)[:, None]
    on_arrows = [places[source] + steps * (places[target] - places[source]) for source, target in pairs]
    for i, (source, target) in enumerate(pairs):
        start, along = places[source], places[target] - places[source]
        with np.errstate(divide="ignore"):
            leaves, arrives = (float((halves[end] / np.abs(along)).min()) for end in (source, target))
        shares = leaves + np.array(_SHARES) * max(1.0 - leaves - arrives, 0.0)
        tried = start + shares[:, None] * along
        others = np.delete(np.arange(len(places)), [source, target])
        outside = np.maximum(np.abs(tried[:, None] - places[others]) - halves[others], 0.0) / _LABEL
        to_labels = np.abs(tried[:, None] - spots[None, :i]) / _LABEL
        arrows = np.array([spot for k, spot in enumerate(on_arrows) if k != i]).reshape(-1, 2)
        to_arrows = 2.0 * np.abs(tried[:, None] - arrows) / _LABEL
        room = np.minimum(outside.max(axis=-1).min(axis=1, initial=1.0), to_labels.max(axis=-1).min(axis=1, initial=1.0))
        free = np.minimum(to_arrows.max(axis=-1).min(axis=1, initial=1.0), 1.0)
        spots[i] = tried[int(np.argmax(room + 0.5 * free - 0.03 * np.arange(len(_SHARES))))]
    return spots
