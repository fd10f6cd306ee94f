"""Cross-loadings: whether items measure their own construct more than any other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from crmmodels._typing import BoolArray
from crmmodels.models.structural.survey_model import SurveyModel
from crmmodels.plotting.drawing.axis_marks import write_words
from crmmodels.plotting.drawing.figure import BLUE, DARK, ORANGE, axes_of_size, require_matplotlib
from crmmodels.plotting.drawing.fonts import display_width
from crmmodels.plotting.drawing.heatmap import SMALLEST, draw_heatmap, points_of_cells
from crmmodels.plotting.drawing.lettering import Phrases, language_of, write_in_fonts
from crmmodels.plotting.drawing.names import name_columns, name_rows, whole_labels
from crmmodels.plotting.survey.shared import construct_names, fitted_survey, two_decimals

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PLOT: Final = "plot_cross_loadings"
_LARGEST: Final = 9.0
"""Size of the numbers in points; where they would be too small there is a colour bar instead."""
_WIDEST: Final = 4
"""Characters of the longest number, such as -.85."""
_COLUMN: Final = 0.09

_PHRASES: Final[Phrases] = {
    "en": {
        "title": "Correlations of items with constructs",
        "x": "Outlined: own construct",
        "stray": "; orange: as high on another",
    },
    "zh": {
        "title": "题项与潜变量的相关（交叉载荷）",
        "x": "框内：所属潜变量",
        "stray": "；橙框：与其他潜变量的相关不低于此",
    },
}


def plot_cross_loadings(model: SurveyModel, *, ax: Axes | None = None) -> Axes:
    """Draw the correlation of every item with every construct.

    Each item should correlate most with its own construct, whose cells are outlined. A correlation with another construct that is as high is
    framed in orange: the item does not tell the two apart.

    Parameters
    ----------
    model : SatisfactionIndexModel or StructuralModel
        A fitted model.
    ax : matplotlib Axes, optional
        Axes to draw into; a new figure if None.

    Returns
    -------
    matplotlib Axes
        The axes drawn into; the image has a row per item and a column per construct. The numbers stand in the cells where they fit,
        otherwise there is a colour bar.

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

    References
    ----------
    Chin, W. W. (1998). The Partial Least Squares Approach to Structural Equation Modeling. In Marcoulides, G. A. (ed.), Modern
    Methods for Business Research, 295-336. Erlbaum.

    Examples
    --------
    >>> import crmmodels as crm
    >>> survey = crm.simulate.simulate_survey(300, rng=1)
    >>> model = crm.SatisfactionIndexModel(indicators=survey.indicators, n_bootstrap=0).fit(survey.answers)
    >>> crm.plotting.plot_cross_loadings(model).images[0].get_array().shape
    (18, 6)
    """
    fitted = fitted_survey(_PLOT, model)
    require_matplotlib(_PLOT)
    table = fitted.cross_loadings
    items, constructs = (list(dict.fromkeys(table[key])) for key in ("item", "construct"))
    values = table["estimate"].to_numpy(np.float64).reshape(len(items), len(constructs))
    is_own = _own(fitted.loadings, items, constructs)
    is_stray = ~is_own & (np.abs(values) >= np.where(is_own, np.abs(values), -np.inf).max(axis=1, keepdims=True))
    names = construct_names(model)
    words = [*(names.get(item, item) for item in items), *(names[name] for name in constructs)]
    english = [name.replace("_", " ") if name in names else name for name in (*items, *constructs)]
    text = write_in_fonts(_PLOT, language_of(model), _PHRASES, labels=words, english=english)
    labels = whole_labels(text, words, english)
    rows, columns = labels[: len(items)], labels[len(items) :]
    width = 0.75 * len(columns) + 1.2 + _COLUMN * max(map(display_width, rows))
    ax = axes_of_size(ax, float(np.clip(width, 4.0, 11.0)), float(np.clip(0.26 * len(rows) + 1.8, 3.2, 14.0)))
    ax.set_ylim(len(items) - 0.5, -0.5)
    name_columns(ax, columns, text.style)
    note = text.phrase("x") + (text.phrase("stray") if is_stray.any() else "")
    write_words(ax, text, title=text.phrase("title"), x=note, y="", legend=False)
    name_rows(ax, rows, text.style)
    numbered = points_of_cells(ax, values.shape, _WIDEST) >= SMALLEST
    colours, scale = _diverging(), (-1.0, 1.0)
    written = two_decimals if numbered else None
    drawn = draw_heatmap(ax, values, written=written, scale=scale, colours=colours, gap=1.0, largest=_LARGEST)
    for cell, number in drawn.numbers.items():
        number.set_fontweight("bold" if is_own[cell] else "normal")
    _frame(ax, is_own, is_stray)
    return ax


def _own(loadings: pd.DataFrame, items: list[str], constructs: list[str]) -> BoolArray:
    """Whether each item belongs to each construct."""
    pairs = set(zip(loadings["item"], loadings["construct"], strict=True))
    return np.array([[(item, construct) in pairs for construct in constructs] for item in items])


def _diverging() -> Any:
    """From orange over white to blue: told apart by the colour-blind."""
    from matplotlib.colors import LinearSegmentedColormap  # noqa: PLC0415  (optional package)

    return LinearSegmentedColormap.from_list("orange_blue", [ORANGE, "white", BLUE])


def _frame(ax: Axes, is_own: BoolArray, is_stray: BoolArray) -> None:
    """Outline the items of each construct, and the cells that should be lower."""
    from matplotlib.patches import Rectangle  # noqa: PLC0415  (optional package)

    style: dict[str, Any] = {"fill": False, "clip_on": False}
    for column, member in enumerate(is_own.T):
        starts = np.flatnonzero(member & ~np.concatenate([[False], member[:-1]]))
        ends = np.flatnonzero(member & ~np.concatenate([member[1:], [False]]))
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            corner = (column - 0.5, start - 0.5)
            block = Rectangle(corner, 1.0, end - start + 1.0, edgecolor=DARK, linewidth=1.6, zorder=4, **style)
            block.set_gid("own")
            ax.add_patch(block)
    for row, column in np.argwhere(is_stray).tolist():
        cell = Rectangle((column - 0.44, row - 0.42), 0.88, 0.84, edgecolor="#B36B00", linewidth=1.6, zorder=3, **style)
        cell.set_gid("stray")
        ax.add_patch(cell)
