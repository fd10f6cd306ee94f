"""The words, labels and fonts of one plot, so that no character is drawn as a box."""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from crmmodels._typing import Language
from crmmodels.base import BaseModel
from crmmodels.exceptions import MissingGlyphWarning
from crmmodels.plotting.drawing.fonts import FontChoice, choose_fonts, display_width, is_chinese

Phrases = Mapping[Language, Mapping[str, str]]

_CHINESE_VALUES: Final = {"spend": "消费金额", "margin": "毛利", "revenue": "收入", "profit": "利润"}
"""Usual names of the column of the money; others are drawn as they stand."""
_LINE: Final = 26
"""Columns after which a label goes on in the next line; the labels that come with the library are shorter."""
_COLUMN: Final = 0.09
"""Width of a column in inches, at the usual size of a tick label."""
_SHOWN: Final = 12
"""Missing characters that a warning names."""


@dataclass(frozen=True, slots=True)
class Lettering:
    """What a plot says, in characters that the fonts have.

    In ``phrases`` stands ``{value}`` for the column of the money; ``labels`` are broken into lines where they are long; ``style`` holds
    keywords for every text of the plot.
    """

    phrases: Mapping[str, str]
    labels: tuple[str, ...]
    value: str
    style: dict[str, Any]

    def phrase(self, name: str, **parts: object) -> str:
        """Return a phrase with its parts filled in; Chinese words take no spaces around them."""
        template = self.phrases[name]
        if is_chinese(template) and is_chinese(self.value):
            template = template.replace(" {value}", "{value}").replace("{value} ", "{value}")
        return template.format(value=self.value, **parts)

    def label_width(self) -> float:
        """Width of the longest label in inches, at the usual size of a tick label."""
        return _COLUMN * max(display_width(line) for label in self.labels for line in label.split("\n"))

    def most_lines(self) -> int:
        """Lines of the label that has most."""
        return max(label.count("\n") + 1 for label in self.labels)


def write_in_fonts(
    plot: str,
    language: Language,
    phrases: Phrases,
    *,
    labels: Sequence[str] = (),
    english: Sequence[str] = (),
    value: str = "",
) -> Lettering:
    """Choose words and fonts; warn and go back to English where a character has no glyph.

    Call it from the plotting function itself: the warning points to that function's caller. ``labels`` may have ``english`` names to go
    back to; ``value`` names the column of the money, where there is one.
    """
    worded = _CHINESE_VALUES.get(value, value) if language == "zh" else value
    fonts = choose_fonts([*phrases[language].values(), *labels, worded])
    shown, drawn_labels, drawn_value = language, tuple(labels), worded
    if fonts.missing:
        shown = "en"
        drawn_value = value if fonts.missing.isdisjoint(value) else "value"
        if not all(fonts.missing.isdisjoint(label) for label in labels):
            drawn_labels = _drawable(english or labels, fonts.missing)
        warnings.warn(_missing_glyphs(plot, fonts, labels_changed=drawn_labels != tuple(labels)), stacklevel=3)
    style = {"fontfamily": list(fonts.families), "parse_math": False}
    return Lettering(phrases[shown], tuple(in_columns(label, _LINE) for label in drawn_labels), drawn_value, style)


def language_of(model: BaseModel[Any, Any]) -> Language:
    """Language of a model's labels; own wording counts as English."""
    return "zh" if getattr(model, "labels", "en") == "zh" else "en"


def language_of_texts(texts: Sequence[str]) -> Language:
    """Chinese where a text holds a Chinese character, otherwise English."""
    return "zh" if any(is_chinese(text) for text in texts) else "en"


def english_labels(model: BaseModel[Any, Any]) -> tuple[str, ...]:
    """Labels of the same model in English, worst first; empty if its labels have no language."""
    if "labels" not in {field.name for field in fields(model)}:  # type: ignore[arg-type]  # models are dataclasses
        return ()
    return tuple(replace(model, labels="en").segment_labels())  # type: ignore[type-var]


def in_columns(text: str, n_columns: int) -> str:
    """Break a text into lines of so many columns, of which a Chinese character takes two."""
    if display_width(text) <= n_columns:
        return text
    return textwrap.fill(text, max(1, n_columns * len(text) // display_width(text)))


def _drawable(names: Sequence[str], missing: frozenset[str]) -> tuple[str, ...]:
    return tuple(name if missing.isdisjoint(name) else f"segment {k}" for k, name in enumerate(names, start=1))


def _missing_glyphs(plot: str, fonts: FontChoice, *, labels_changed: bool) -> MissingGlyphWarning:
    from matplotlib import get_cachedir  # noqa: PLC0415  (optional package)

    characters = "".join(sorted(fonts.missing)[:_SHOWN]) + ("…" if len(fonts.missing) > _SHOWN else "")
    instead = "English or numbered labels are" if labels_changed else "English is"
    return MissingGlyphWarning(
        f"{plot}: no installed font has {len(fonts.missing)} of the characters of this plot ({characters}), so {instead} drawn "
        "instead; install a font with Chinese characters, such as Noto Sans CJK, then delete matplotlib's font cache "
        f"(the files fontlist-*.json in {get_cachedir()!r}) and start Python anew"
    )
