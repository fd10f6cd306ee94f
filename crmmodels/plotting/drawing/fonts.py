"""Which installed fonts have the characters of a plot."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from matplotlib.font_manager import FontEntry

CHINESE_FAMILIES: Final = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "Microsoft YaHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "Heiti SC",
    "STHeiti",
    "SimHei",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Droid Sans Fallback",
    "Arial Unicode MS",
    "Noto Sans CJK TC",
    "Noto Sans CJK JP",
    "Noto Serif CJK SC",
    "Songti SC",
    "SimSun",
)
"""Families to try before any other, the best looking in a plot first."""

_PLACEHOLDERS: Final = ("lastresort", "adobeblank")
"""Fonts that claim every character and draw a box, or nothing, for it."""


@dataclass(frozen=True, slots=True)
class FontChoice:
    """Families set in matplotlib, then those that fill their gaps; and the characters that no installed font has."""

    families: tuple[str, ...]
    missing: frozenset[str]


def choose_fonts(texts: Iterable[str]) -> FontChoice:
    """Choose font families that together have every character of some texts; one is added where one is enough."""
    from matplotlib import rcParams  # noqa: PLC0415  (optional package)

    base = tuple(rcParams["font.family"])
    # matplotlib draws with its default font where a family that is set is not installed.
    missing = frozenset(character for character in "".join(texts) if _is_drawn(character))
    for family in base:
        missing = _lacking(_drawn_with(family), missing)
    if not missing:
        return FontChoice(base, missing)
    candidates = candidate_families()
    for family in candidates:
        if not _lacking(_file_of(family), missing):
            return FontChoice((*base, family), frozenset())
    added = []
    for family in candidates:
        left = _lacking(_file_of(family), missing)
        if left < missing:
            added.append(family)
            missing = left
    return FontChoice((*base, *added), missing)


def candidate_families() -> tuple[str, ...]:
    """List the installed font families, those made for Chinese first."""
    from matplotlib.font_manager import fontManager  # noqa: PLC0415  (optional package)

    installed = {entry.name for entry in fontManager.ttflist}
    usable = {name for name in installed if not _is_placeholder(name)}
    first = [name for name in CHINESE_FAMILIES if name in usable]
    return (*first, *sorted(usable.difference(first)))


def display_width(text: str) -> int:
    """Columns that a text takes in a terminal; a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def is_chinese(text: str) -> bool:
    """Whether a text holds a Chinese character."""
    return any("\u3400" <= character <= "\u9fff" or "\U00020000" <= character <= "\U0003ffff" for character in text)


def _drawn_with(family: str) -> str:
    """File that matplotlib draws a family with, which may be a generic one, or the default where it is not installed."""
    from matplotlib.font_manager import FontProperties, findfont  # noqa: PLC0415  (optional package)

    return findfont(FontProperties(family=[family]))


def _file_of(family: str) -> str:
    """File of the plainest face of an installed family; `findfont` would log each family that has no normal weight."""
    from matplotlib.font_manager import fontManager  # noqa: PLC0415  (optional package)

    def distance(entry: FontEntry) -> float:
        style, weight = fontManager.score_style("normal", entry.style), fontManager.score_weight("normal", entry.weight)
        return style + weight + fontManager.score_stretch("normal", entry.stretch)

    return min((entry for entry in fontManager.ttflist if entry.name == family), key=distance).fname


def _lacking(path: str, characters: frozenset[str]) -> frozenset[str]:
    from matplotlib.font_manager import get_font  # noqa: PLC0415  (optional package)

    font = get_font(path)
    return frozenset(character for character in characters if not font.get_char_index(ord(character)))


def _is_drawn(character: str) -> bool:
    """Whether a character needs a glyph: neither white space nor a control character."""
    return not character.isspace() and unicodedata.category(character)[0] != "C"


def _is_placeholder(family: str) -> bool:
    return family.lstrip(".").replace(" ", "").casefold().startswith(_PLACEHOLDERS)
