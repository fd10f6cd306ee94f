"""The path diagram: constructs, loadings of their items, and paths between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from crmmodels._typing import FloatArray
from crmmodels.models.structural.survey_model import SurveyModel
from crmmodels.plotting.drawing.figure import BLUE, GREY, ORANGE, axes_of_size, require_matplotlib, settle
from crmmodels.plotting.drawing.fonts import display_width
from crmmodels.plotting.drawing.lettering import Lettering, Phrases, in_columns, language_of, write_in_fonts
from crmmodels.plotting.drawing.names import whole_labels
from crmmodels.plotting.survey.layout import Layout, arrows_through, label_spots, lay_out
from crmmodels.plotting.survey.shared import construct_names, fitted_survey, two_decimals

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import FancyBboxPatch

_PLOT: Final = "plot_path_diagram"
_STARS: Final = ((0.001, "***"), (0.01, "**"), (0.05, "*"))
_LINE: Final = 0.15
"""Height of a line of items in inches."""
_HEAD: Final = 0.52
"""Height of the name of a construct and of the line under it."""
_COLUMN: Final = 0.085
"""Width of a column of text."""
_APART: Final = 1.0
"""Room between constructs for an arrow and its label."""
_GAPS: Final = (0.35, 0.7, 1.1, 1.6, 2.2)
"""Room between rows: the least that keeps arrows off the cards."""
_CLEAR: Final = 0.1
_LABEL: Final = 0.8
"""Room between constructs side by side for the label of their arrow."""
_STEP: Final = 1.3
"""Least distance of the middles of two rows, for labels between them."""
_POINTS: Final = {"name": 10.0, "facts": 8.3, "item": 7.0, "note": 7.0}
"""Sizes of text where an inch of the diagram is an inch of the figure."""
_SHORTEST_NOTE: Final = 24

_PHRASES: Final[Phrases] = {
    "en": {
        "title": "Paths between constructs",
        "stars": "* p < .05, ** p < .01, *** p < .001 (bootstrap); under a name R² and the index, beside an item its loading",
        "plain": "Under a name R² and the index, beside an item its loading; no replicates, so no tests",
    },
    "zh": {
        "title": "潜变量路径图",
        "stars": "* p < .05，** p < .01，*** p < .001（自助法）；名称下为 R² 与指数，题项旁为载荷",
        "plain": "名称下为 R² 与指数，题项旁为载荷；未做自助法，故无检验",
    },
}


@dataclass(frozen=True, slots=True)
class _Card:
    """What is written on a construct."""

    name: str
    facts: str
    items: tuple[tuple[str, str], ...]

    @property
    def height(self) -> float:
        return _HEAD + _LINE * len(self.items)

    @property
    def width(self) -> float:
        columns = [display_width(self.name) * 1.15, display_width(self.facts)]
        return 0.3 + _COLUMN * max([*columns, *(display_width(item) + 6 for item, _ in self.items)])


def plot_path_diagram(model: SurveyModel, *, items: bool = True, ax: Axes | None = None) -> Axes:
    """Draw constructs with the loadings of their items, and the paths between them.

    Causes stand to the left of what they explain. Wide arrows are strong paths, orange ones negative; stars are those of a test
    that the path is 0, by its standard error over the replicates.

    Parameters
    ----------
    model : SatisfactionIndexModel or StructuralModel
        A fitted model.
    items : bool, default True
        Whether the items stand on their constructs.
    ax : matplotlib Axes, optional
        Axes to draw into; a new figure, as large as the diagram needs, if None.

    Returns
    -------
    matplotlib Axes
        The axes drawn into. The labels of the arrows have the path as ``gid``, such as "quality -> satisfaction".

    Raises
    ------
    ParameterError
        If ``model`` is no model of a survey.
    NotFittedError
        If the model is not fitted.
    MissingDependencyError
        If matplotlib is not installed.

    Warns
    -----
    MissingGlyphWarning
        If no installed font has the characters of the labels; English is drawn instead.

    Examples
    --------
    >>> import crmmodels as crm
    >>> survey = crm.simulate.simulate_survey(300, rng=1)
    >>> model = crm.SatisfactionIndexModel(indicators=survey.indicators, n_bootstrap=0).fit(survey.answers)
    >>> ax = crm.plotting.plot_path_diagram(model)
    >>> len([text for text in ax.texts if "->" in (text.get_gid() or "")])
    9
    """
    fitted = fitted_survey(_PLOT, model)
    require_matplotlib(_PLOT)
    graph, names = model.graph(), construct_names(model)
    words, english = [names[name] for name in graph.names], [name.replace("_", " ") for name in graph.names]
    text = write_in_fonts(_PLOT, language_of(model), _PHRASES, labels=words, english=english)
    paths = fitted.paths
    order = {name: i for i, name in enumerate(graph.names)}
    pairs = [(order[source], order[target]) for source, target in zip(paths["source"], paths["target"], strict=True)]
    layout = lay_out(len(order), pairs)
    facts = _facts(fitted.r_squared, fitted.index)
    cards = [
        _Card(label, facts.get(name, ""), _items(fitted.loadings, name, names) if items else ())
        for name, label in zip(order, whole_labels(text, words, english), strict=True)
    ]
    places = _places(layout, cards, pairs)
    low, high = places.min(axis=0), places.max(axis=0)
    width, height = max(card.width for card in cards), max(card.height for card in cards)
    ax = axes_of_size(ax, high[0] - low[0] + width + 0.4, high[1] - low[1] + height + 1.0)
    ax.set_xlim(low[0] - 0.5 * width - 0.1, high[0] + 0.5 * width + 0.1)
    ax.set_ylim(low[1] - 0.5 * height - 0.1, high[1] + 0.5 * height + 0.1)
    ax.set_aspect("equal")
    ax.axis("off")
    has_tests = "standard_error" in paths
    ax.set_title(text.phrase("title"), **text.style)
    scale = _scale(ax)
    note = in_columns(text.phrase("stars" if has_tests else "plain"), _columns_of_note(ax, scale))
    size = _POINTS["note"] * scale
    ax.text(0.5, 0.0, note, transform=ax.transAxes, ha="center", va="top", fontsize=size, color=GREY, **text.style)
    scale = _scale(ax)
    boxes = [_draw_card(ax, card, place, scale, text.style) for card, place in zip(cards, places, strict=True)]
    halves = 0.5 * np.array([[card.width, card.height] for card in cards])
    _draw_paths(ax, paths, _Drawn(pairs, places, label_spots(places, halves, pairs), boxes, scale), text)
    return ax


@dataclass(frozen=True, slots=True, eq=False)
class _Drawn:
    """What stands already, for the arrows to go between."""

    pairs: list[tuple[int, int]]
    places: Any
    spots: Any
    boxes: list[FancyBboxPatch]
    scale: float


def _scale(ax: Axes) -> float:
    """Inches of the figure to one of the diagram, so that text fits its card; at most 1."""
    settle(ax)
    (left, bottom), (right, top) = ax.transData.transform([(0.0, 0.0), (1.0, 1.0)])
    return float(min(right - left, top - bottom, ax.figure.dpi) / ax.figure.dpi)


def _columns_of_note(ax: Axes, scale: float) -> int:
    """Columns of the note that fit side by side under the diagram."""
    points = ax.bbox.width / ax.figure.dpi * 72.0
    return max(_SHORTEST_NOTE, int(points / (0.55 * _POINTS["note"] * scale)))


def _facts(r_squared: pd.DataFrame, index: pd.DataFrame) -> Mapping[str, str]:
    """The line under the name: explained variance and index, where there are any."""
    found: dict[str, list[str]] = {}
    for name, value in zip(r_squared["construct"], r_squared["estimate"], strict=True):
        found.setdefault(name, []).append(f"R² {two_decimals(value)}")
    for name, value in zip(index["construct"], index["estimate"], strict=True):
        if np.isfinite(value):
            found.setdefault(name, []).append(f"{value:.1f}")
    return {name: " · ".join(words) for name, words in found.items()}


def _items(loadings: pd.DataFrame, construct: str, names: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    own = loadings[loadings["construct"] == construct]
    return tuple(
        (names.get(item, str(item)), two_decimals(value)) for item, value in zip(own["item"], own["estimate"], strict=True)
    )


def _places(layout: Layout, cards: list[_Card], pairs: list[tuple[int, int]]) -> FloatArray:
    """Centres in inches, rows so far apart that arrows pass beside the cards where they can."""
    sizes = np.array([(card.width, card.height) for card in cards])
    widest, highest = sizes.max(axis=0)
    # Neighbouring columns may overlap where their constructs stand on different rows.
    across = 0.8 * (widest + _APART)
    for i, j in combinations(range(len(cards)), 2):
        if layout.level[i] == layout.level[j]:
            reach = 0.5 * (sizes[i, 0] + sizes[j, 0]) + _LABEL
            across = max(across, reach / abs(layout.column[i] - layout.column[j]))
    tried = [np.column_stack([layout.column * across, layout.level * max(highest + gap, _STEP)]) for gap in _GAPS]
    return min(tried, key=lambda places: arrows_through(places, sizes + _CLEAR, pairs))


def _draw_card(ax: Axes, card: _Card, place: Any, scale: float, style: dict[str, Any]) -> FancyBboxPatch:
    from matplotlib.patches import FancyBboxPatch  # noqa: PLC0415  (optional package)

    x, y = place
    corner = (x - 0.5 * card.width, y - 0.5 * card.height)
    box = FancyBboxPatch(
        corner,
        card.width,
        card.height,
        boxstyle="round,pad=0,rounding_size=0.12",
        facecolor="#EAF2F8",
        edgecolor=BLUE,
        zorder=3,
    )
    ax.add_patch(box)
    top = y + 0.5 * card.height
    ax.text(
        x, top - 0.17, card.name, ha="center", va="center", weight="bold", fontsize=scale * _POINTS["name"], zorder=4, **style
    )
    ax.text(x, top - 0.37, card.facts, ha="center", va="center", fontsize=scale * _POINTS["facts"], zorder=4, **style)
    for row, (item, loading) in enumerate(card.items):
        height = top - _HEAD - _LINE * (row + 0.4)
        ax.text(
            corner[0] + 0.12,
            height,
            item,
            ha="left",
            va="center",
            fontsize=scale * _POINTS["item"],
            color=GREY,
            zorder=4,
            **style,
        )
        ax.text(
            corner[0] + card.width - 0.12,
            height,
            loading,
            ha="right",
            va="center",
            fontsize=scale * _POINTS["item"],
            color=GREY,
            zorder=4,
            **style,
        )
    return box


def _draw_paths(ax: Axes, paths: pd.DataFrame, drawn: _Drawn, text: Lettering) -> None:
    from matplotlib.patches import FancyArrowPatch  # noqa: PLC0415  (optional package)

    stars = _stars(paths)
    for row, (source, target) in enumerate(drawn.pairs):
        value = float(paths["estimate"].iloc[row])
        colour = ORANGE if value < 0 else BLUE
        start, end = drawn.places[source], drawn.places[target]
        ax.add_patch(
            FancyArrowPatch(
                tuple(start),
                tuple(end),
                patchA=drawn.boxes[source],
                patchB=drawn.boxes[target],
                arrowstyle="-|>",
                mutation_scale=12 * drawn.scale,
                linewidth=drawn.scale * (0.8 + 4.0 * min(abs(value), 1.0)),
                color=colour,
                alpha=0.75 if stars[row] or "standard_error" not in paths else 0.35,
                shrinkA=0,
                shrinkB=1,
                zorder=2,
            )
        )
        label = ax.text(
            drawn.spots[row, 0],
            drawn.spots[row, 1],
            two_decimals(value) + stars[row],
            ha="center",
            va="center",
            fontsize=drawn.scale * _POINTS["facts"],
            zorder=5,
            bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.9},
            **text.style,
        )
        label.set_gid(f"{paths['source'].iloc[row]} -> {paths['target'].iloc[row]}")


def _stars(paths: pd.DataFrame) -> list[str]:
    """Stars of each path by its two-sided normal test; none without replicates."""
    if "standard_error" not in paths:
        return [""] * len(paths)
    from scipy.special import ndtr  # noqa: PLC0415  (import cost)

    error = paths["standard_error"].to_numpy(np.float64)
    value = np.abs(paths["estimate"].to_numpy(np.float64))
    p = 2.0 * ndtr(-np.divide(value, error, out=np.full(len(value), np.inf), where=error > 0))
    return [next((mark for limit, mark in _STARS if chance < limit), "") for chance in p.tolist()]
