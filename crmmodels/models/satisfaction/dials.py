"""Dials from 0 to 100 as inline SVG."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, isfinite, pi, sin
from typing import Final

_WIDTH: Final = 190
_HEIGHT: Final = 150
_CENTRE: Final = (95.0, 98.0)
_RADIUS: Final = 70.0
_THICKNESS: Final = 14
_TRACK: Final = ("#d9a39a", "#e6cf9a", "#b9d3a5", "#86b58f")
_INK: Final = "#1f2933"
_SOFT: Final = "#5b6770"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial:
    """A number from 0 to 100 to show, with its limits, if there are some, also in words."""

    name: str
    value: float
    lower: float | None
    upper: float | None
    words: str


def dial_svg(dial: Dial, cuts: Sequence[float]) -> str:
    """A half-circle dial: bands in colour between the cuts, limits as a dark arc, the value as a needle and a number."""
    ends = [0.0, *cuts, 100.0]
    n_bands = len(ends) - 1
    arcs = [
        _arc(ends[i], ends[i + 1], _RADIUS, _THICKNESS, _TRACK[i * (len(_TRACK) - 1) // max(n_bands - 1, 1)])
        for i in range(n_bands)
    ]
    if dial.lower is not None and dial.upper is not None and isfinite(dial.lower) and isfinite(dial.upper):
        arcs.append(_arc(_within(dial.lower), _within(dial.upper), _RADIUS, 5, _INK))
    inner, tip = _point(_within(dial.value), 36.0), _point(_within(dial.value), _RADIUS + _THICKNESS / 2 + 3)
    needle = (
        f'<line x1="{inner[0]:.1f}" y1="{inner[1]:.1f}" x2="{tip[0]:.1f}" y2="{tip[1]:.1f}" stroke="{_INK}" stroke-width="3" '
        'stroke-linecap="round"/>'
    )
    name, words = html.escape(dial.name), html.escape(dial.words)
    title = html.escape(f"{dial.name}: {dial.value:.1f} {dial.words}".strip())
    y = _CENTRE[1]
    return (
        f'<svg role="img" width="{_WIDTH}" height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'xmlns="http://www.w3.org/2000/svg" font-family="sans-serif"><title>{title}</title>{"".join(arcs)}{needle}'
        f"{_text(y - 4, 26, _INK, f'{dial.value:.1f}', 'bold')}{_text(y + 18, 12, _SOFT, words)}"
        f"{_text(y + 40, 14, _INK, name, 'bold')}</svg>"
    )


def _within(value: float) -> float:
    return min(max(value, 0.0), 100.0)


def _point(value: float, radius: float) -> tuple[float, float]:
    angle = pi * (1.0 - value / 100.0)
    return _CENTRE[0] + radius * cos(angle), _CENTRE[1] - radius * sin(angle)


def _arc(low: float, high: float, radius: float, thickness: float, colour: str) -> str:
    start, end = _point(low, radius), _point(high, radius)
    return (
        f'<path d="M {start[0]:.1f} {start[1]:.1f} A {radius} {radius} 0 0 1 {end[0]:.1f} {end[1]:.1f}" fill="none" '
        f'stroke="{colour}" stroke-width="{thickness}"/>'
    )


def _text(y: float, size: int, colour: str, escaped: str, weight: str = "normal") -> str:
    return f'<text x="{_CENTRE[0]:.0f}" y="{y:.0f}" font-size="{size}" font-weight="{weight}" fill="{colour}" text-anchor="middle">{escaped}</text>'
