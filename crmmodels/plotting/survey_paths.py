"""The path diagram: constructs, loadings of their items, and paths between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from crmmodels.models.structural_survey import SurveyModel
from crmmodels.plotting.figures import BLUE, GREY, ORANGE, axes_of_size, require_matplotlib
from crmmodels.plotting.fonts import display_width
from crmmodels.plotting.lettering import Lettering, Phrases, language_of, write_in_fonts
from crmmodels.plotting.survey_axes import check_survey_model, construct_names
from crmmodels.plotting.survey_layout import Layout, label_spots, lay_out

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
    fitted = check_survey_model(_PLOT, model)
    require_matplotlib(_PLOT)
    graph, names = model.graph(), construct_names(model)
    text = write_in_fonts(
        _PLOT, language_of(model), _PHRASES, labels=[names[name] for name in graph.names], english=list(graph.names)
    )
    paths = fitted.paths
    order = {name: i for i, name in enumerate(graph.names)}
    pairs = [(order[source], order[target]) for source, target in zip(paths["source"], paths["target"], strict=True)]
    layout = lay_out(len(order), pairs)
    facts = _facts(fitted.r_squared, fitted.index)
    cards = [
        _Card(label.replace("\n", " "), facts.get(name, ""), _items(fitted.loadings, name) if items else ())
        for name, label in zip(order, text.labels, strict=True)
    ]
    places = _places(layout, cards)
    low, high = places.min(axis=0), places.max(axis=0)
    width, height = max(card.width for card in cards), max(card.height for card in cards)
    ax = axes_of_size(ax, high[0] - low[0] + width + 0.4, high[1] - low[1] + height + 1.0)
    ax.set_xlim(low[0] - 0.5 * width - 0.1, high[0] + 0.5 * width + 0.1)
    ax.set_ylim(low[1] - 0.5 * height - 0.1, high[1] + 0.5 * height + 0.1)
    ax.set_aspect("equal")
    ax.axis("off")
    boxes = [_draw_card(ax, card, place, text.style) for card, place in zip(cards, places, strict=True)]
    halves = 0.5 * np.array([[card.width, card.height] for card in cards])
    _draw_paths(ax, paths, _Drawn(pairs, places, label_spots(places, halves, pairs), boxes), text)
    has_tests = "standard_error" in paths
    ax.set_title(text.phrase("title"), **text.style)
    note = text.phrase("stars" if has_tests else "plain")
    ax.text(0.5, 0.0, note, transform=ax.transAxes, ha="center", va="top", fontsize="x-small", color=GREY, **text.style)
    return ax


@dataclass(frozen=True, slots=True, eq=False)
class _Drawn:
    """What stands already, for the arrows to go between."""

    pairs: list[tuple[int, int]]
    places: Any
    spots: Any
    boxes: list[FancyBboxPatch]


def _facts(r_squared: pd.DataFrame, index: pd.DataFrame) -> Mapping[str, str]:
    """The line under the name: explained variance and index, where there are any."""
    found: dict[str, list[str]] = {}
    for name, value in zip(r_squared["construct"], r_squared["estimate"], strict=True):
        found.setdefault(name, []).append(f"R² {_short(value)}")
    for name, value in zip(index["construct"], index["estimate"], strict=True):
        if np.isfinite(value):
            found.setdefault(name, []).append(f"{value:.1f}")
    return {name: " · ".join(words) for name, words in found.items()}


def _items(loadings: pd.DataFrame, construct: str) -> tuple[tuple[str, str], ...]:
    own = loadings[loadings["construct"] == construct]
    return tuple((str(item), _short(value)) for item, value in zip(own["item"], own["estimate"], strict=True))


def _short(value: float) -> str:
    """Two decimals without the leading zero, as correlations are written."""
    return f"{value:.2f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.2f}"


def _places(layout: Layout, cards: list[_Card]) -> Any:
    """Centres in inches."""
    across = max(card.width for card in cards) + _APART
    up = max(card.height for card in cards) + 0.35 * _APART
    # Neighbouring columns may overlap where their constructs stand on different rows.
    return np.column_stack([layout.column * across * 0.8, layout.level * up])


def _draw_card(ax: Axes, card: _Card, place: Any, style: dict[str, Any]) -> FancyBboxPatch:
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
    ax.text(x, top - 0.17, card.name, ha="center", va="center", weight="bold", fontsize="medium", zorder=4, **style)
    ax.text(x, top - 0.37, card.facts, ha="center", va="center", fontsize="small", zorder=4, **style)
    for row, (item, loading) in enumerate(card.items):
        height = top - _HEAD - _LINE * (row + 0.4)
        ax.text(corner[0] + 0.12, height, item, ha="left", va="center", fontsize="x-small", color=GREY, zorder=4, **style)
        ax.text(
            corner[0] + card.width - 0.12,
            height,
            loading,
            ha="right",
            va="center",
            fontsize="x-small",
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
                mutation_scale=12,
                linewidth=0.8 + 4.0 * min(abs(value), 1.0),
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
            _short(value) + stars[row],
            ha="center",
            va="center",
            fontsize="small",
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
