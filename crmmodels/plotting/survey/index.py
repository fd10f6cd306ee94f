"""The index of each construct with its limits, of all respondents or by group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from crmmodels._typing import FloatArray
from crmmodels.exceptions import ParameterError
from crmmodels.models.structural.groups import GroupComparison
from crmmodels.models.structural.survey_model import SurveyModel
from crmmodels.plotting.drawing.axis_marks import legend_above, write_words
from crmmodels.plotting.drawing.bars import draw_bars
from crmmodels.plotting.drawing.figure import BLUE, DARK, ORANGE, axes_of_size, ink_on, require_matplotlib, settle
from crmmodels.plotting.drawing.fonts import display_width
from crmmodels.plotting.drawing.lettering import Lettering, Phrases, language_of, write_in_fonts
from crmmodels.plotting.drawing.names import name_rows, points_of_rows, whole_labels
from crmmodels.plotting.survey.shared import construct_names, fitted_survey

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PLOT: Final = "plot_index"
_COLOURS: Final = (BLUE, ORANGE, "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
"""Colours of groups, of Okabe & Ito (2008)."""
_BAR: Final = 0.8
"""Height of the bars of a row, of which there is one per group."""
_ROW: Final = 0.3
"""Height of a bar in a new figure, in inches."""
_LARGEST: Final = 9.0
_SMALLEST: Final = 4.5
"""Sizes of the numbers in points; smaller ones are left out."""
_COLUMN: Final = 0.09
_INSIDE: Final = 20.0
"""Lower limit from which on the number stands in the bar."""
_INSET: Final = 1.2
_FULL: Final = 100.0

_PHRASES: Final[Phrases] = {
    "en": {
        "title": "Index by construct",
        "groups": "Index by construct and group",
        "one": "Index of {construct} by group",
        "x": "Index, 0 to 100",
        "limits": " ({level} limits)",
        "none": " (no replicates, so no limits)",
    },
    "zh": {
        "title": "各潜变量指数",
        "groups": "各群体的潜变量指数",
        "one": "各群体的{construct}指数",
        "x": "指数，0–100",
        "limits": "（{level} 置信限）",
        "none": "（未做自助法，故无置信限）",
    },
}


def plot_index(
    model: SurveyModel, comparison: GroupComparison | None = None, *, construct: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the index of each construct from 0 to 100 with its limits, of all respondents or by group.

    Parameters
    ----------
    model : SatisfactionIndexModel or StructuralModel
        A fitted model.
    comparison : GroupComparison, optional
        What ``model.compare_groups(survey, by=...)`` returns, for bars by group; without, there is one bar per construct.
    construct : str, optional
        Draw this construct only, with a row per group, best first: the way to compare many branches. Default: all, up to six groups.
    ax : matplotlib Axes, optional
        Axes to draw into; a new figure if None.

    Returns
    -------
    matplotlib Axes
        The axes drawn into, causes before effects from top to bottom; ``ax.containers`` holds the bars, one after the other by group.

    Raises
    ------
    ParameterError
        If ``model`` is no model of a survey, ``comparison`` is none of it, there is no such construct with an index, or there are more than six
        groups without ``construct``.
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
    >>> survey = crm.simulate.simulate_survey(400, rng=1, groups={"north": 0.0, "south": 0.3})
    >>> model = crm.SatisfactionIndexModel(indicators=survey.indicators, n_bootstrap=0).fit(survey.answers)
    >>> ax = crm.plotting.plot_index(model, model.compare_groups(survey.answers, by="group", n_permutations=100))
    >>> [len(bars) for bars in ax.containers]
    [6, 6]
    """
    fitted = fitted_survey(_PLOT, model)
    everyone = fitted.index.rename(columns={"estimate": "index"}).assign(group="")
    everyone = everyone[np.isfinite(everyone["index"].to_numpy(np.float64))]
    table = everyone if comparison is None else _checked(comparison, everyone)
    constructs, groups = (list(dict.fromkeys(of)) for of in (everyone["construct"], table["group"]))
    if construct is not None:
        if construct not in constructs:
            raise ParameterError.unknown_choice(_PLOT, "construct", tuple(constructs), construct)
        constructs = [construct]
    elif len(groups) > len(_COLOURS):
        must = f"one of the constructs {constructs}, since {len(groups):,} groups of bars on each of their rows are too many"
        raise ParameterError.must_be(_PLOT, "construct", must, construct)
    require_matplotlib(_PLOT)
    names = construct_names(model)
    sizes = [] if comparison is None else [_with_size(table, group) for group in groups]
    words = [*(names[name] for name in constructs), *sizes]
    english = [*(name.replace("_", " ") for name in constructs), *sizes]
    text = write_in_fonts(_PLOT, language_of(model), _PHRASES, labels=words, english=english)
    labels = whole_labels(text, words, english)
    rows, series = labels[: len(constructs)], labels[len(constructs) :]
    values = _values(table, constructs, groups)
    title = text.phrase("title" if comparison is None else "groups")
    if construct is not None and comparison is not None:
        title = text.phrase("one", construct=rows[0])
        best = np.argsort(-values[0, :, 0], kind="stable")
        rows, series, values = [series[k] for k in best], [], np.swapaxes(values, 1, 2)[:, :, best]
    n_bars = len(rows) * values.shape[1]
    ax = axes_of_size(ax, 6.0 + _COLUMN * max(map(display_width, rows)), 1.3 + _ROW * n_bars + (0.12 * len(rows)))
    ax.set_xlim(0.0, _FULL)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    name_rows(ax, rows, text.style)
    has_limits = bool(np.isfinite(values[1:]).any())
    limits = text.phrase("limits", level=f"{100.0 * model.level:g}%") if has_limits else text.phrase("none")
    write_words(ax, text, title=title, x=text.phrase("x") + limits, y="", legend=False)
    bars = _draw(ax, values, text)
    if series:
        legend_above(ax, text, bars, series)
    return ax


def _checked(comparison: object, everyone: pd.DataFrame) -> pd.DataFrame:
    """The index by group, where these are groups of the model's respondents."""
    if not isinstance(comparison, GroupComparison) or set(comparison.index["construct"]) != set(everyone["construct"]):
        must = "what compare_groups of this model returns"
        raise ParameterError.must_be(_PLOT, "comparison", must, type(comparison))
    return comparison.index


def _with_size(table: pd.DataFrame, group: object) -> str:
    return f"{group} (n = {table.loc[table['group'] == group, 'n_respondents'].iloc[0]:,})"


def _values(table: pd.DataFrame, constructs: Sequence[str], groups: Sequence[object]) -> FloatArray:
    """Index, lower and upper limit by group and construct; NaN for limits that there are not."""
    indexed = table.set_index(["group", "construct"])
    order = pd.MultiIndex.from_product([groups, constructs])
    columns = [
        indexed[name].reindex(order).to_numpy(np.float64) if name in indexed else np.full(len(order), np.nan)
        for name in ("index", "lower", "upper")
    ]
    return np.array(columns).reshape(3, len(groups), len(constructs))


def _draw(ax: Axes, values: FloatArray, text: Lettering) -> Sequence[Any]:
    """Draw the bars of each group on every row, with limits, and the number in the bar."""
    index, lower, upper = values
    n_series = len(index)
    settle(ax)
    points = min(_LARGEST, 0.9 * points_of_rows(ax) * _BAR / n_series)
    colours = _COLOURS[:n_series]
    drawn = draw_bars(ax, index, colours=colours, lower=lower, upper=upper, room=_BAR, filled=0.9, horizontal=True)
    if points < _SMALLEST:
        return drawn
    known = np.isfinite(lower) & np.isfinite(upper)
    for bars, colour, lows in zip(drawn, colours, np.where(known, lower, index), strict=True):
        for bar, low in zip(bars, lows, strict=True):
            is_inside = low > _INSIDE
            ax.text(
                _INSET if is_inside else max(bar.get_width(), 0.0) + _INSET,
                bar.get_y() + bar.get_height() / 2.0,
                f"{bar.get_width():.1f}",
                color=ink_on(colour) if is_inside else DARK,
                fontsize=points,
                ha="left",
                va="center",
                zorder=4,
                **text.style,
            )
    return drawn
