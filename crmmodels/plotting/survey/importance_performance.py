"""The importance-performance map: what to fix first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pandas as pd

from crmmodels._typing import FloatArray
from crmmodels.exceptions import ParameterError
from crmmodels.models.structural.survey_model import SurveyModel
from crmmodels.plotting.drawing.arguments import check_choice
from crmmodels.plotting.drawing.axis_marks import write_words
from crmmodels.plotting.drawing.figure import BLUE, GREY, ORANGE, axes_of_size, require_matplotlib
from crmmodels.plotting.drawing.lettering import Lettering, Phrases, language_of, write_in_fonts
from crmmodels.plotting.drawing.names import whole_labels
from crmmodels.plotting.drawing.point_labels import label_points
from crmmodels.plotting.survey.shared import construct_names, fitted_survey

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PLOT: Final = "plot_importance_performance"
_MARGIN: Final = 0.12
_LEAST: Final = 1e-3
"""Smallest range of an axis, over its largest number."""

_PHRASES: Final[Phrases] = {
    "en": {
        "title": "Importance and performance for {target}",
        "x": "Importance: points of {target} for one point more",
        "y": "Performance (index, 0 to 100)",
        "y_item": "Performance (mean answer, 0 to 100)",
        "limits": "(crosses: {level} limits)",
        "fix": "fix first",
    },
    "zh": {
        "title": "{target}的重要性—绩效图",
        "x": "重要性：提高 1 分时{target}提高的分数",
        "y": "绩效（指数，0–100）",
        "y_item": "绩效（平均得分，0–100）",
        "limits": "（十字为 {level} 置信限）",
        "fix": "优先改进",
    },
}


def plot_importance_performance(
    model: SurveyModel, *, target: str | None = None, by: Literal["construct", "item"] = "construct", ax: Axes | None = None
) -> Axes:
    """Draw what moves a construct against how well it does: what to fix first.

    To the right is what matters, below what does badly. Lines stand at the means; what lies right of and below both is orange. Thin
    crosses are limits, where there are replicates; items have them of their performance only.

    Parameters
    ----------
    model : SatisfactionIndexModel or StructuralModel
        A fitted model.
    target : str, optional
        The construct to be raised. Default: the one that makes the segments, which is satisfaction in a `SatisfactionIndexModel`.
    by : {"construct", "item"}, default "construct"
        Whether points are constructs or items.
    ax : matplotlib Axes, optional
        Axes to draw into; a new figure if None.

    Returns
    -------
    matplotlib Axes
        The axes drawn into. The labels of the points have the construct or item as ``gid``; what has no scale has no performance and
        is not drawn.

    Raises
    ------
    ParameterError
        If ``model`` is no model of a survey, ``by`` is unknown, or nothing that has a scale leads to the target.
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
    Ringle, C. M. & Sarstedt, M. (2016). Gain more insight from your PLS-SEM results: The importance-performance map analysis. Industrial
    Management & Data Systems 116(9), 1865-1886. doi:10.1108/IMDS-10-2015-0449

    Examples
    --------
    >>> import crmmodels as crm
    >>> survey = crm.simulate.simulate_survey(300, rng=1)
    >>> model = crm.SatisfactionIndexModel(indicators=survey.indicators, n_bootstrap=0).fit(survey.answers)
    >>> ax = crm.plotting.plot_importance_performance(model)
    >>> sorted(text.get_gid() for text in ax.texts if text.get_gid())
    ['expectations', 'quality', 'value']
    """
    fitted_survey(_PLOT, model)
    check_choice(_PLOT, "by", ("construct", "item"), by)
    chosen = model.segmented_construct if target is None else target
    table = model.importance_performance(chosen, by=by)
    table = table[np.isfinite(table[["importance", "performance"]].to_numpy(np.float64)).all(axis=1)]
    if table.empty:
        must = "a construct to which some construct with a scale leads"
        raise ParameterError.must_be(_PLOT, "target", must, chosen)
    require_matplotlib(_PLOT)
    names = construct_names(model)
    keys = [str(key) for key in table[by]]
    words = [names[chosen], *(names[key] if by == "construct" else key for key in keys)]
    english = [name.replace("_", " ") for name in (chosen, *keys)]
    text = write_in_fonts(_PLOT, language_of(model), _PHRASES, labels=words, english=english)
    ax = axes_of_size(ax, 6.4, 5.0 if by == "construct" else 6.0)
    points = table[["importance", "performance"]].to_numpy(np.float64)
    means = points.mean(axis=0)
    _set_limits(ax, table, points)
    _write(ax, text, by, level=f"{100.0 * model.level:g}%", has_limits="performance_lower" in table)
    corner = _draw_quadrants(ax, means, text)
    _draw_crosses(ax, table, points)
    is_first = (points[:, 0] > means[0]) & (points[:, 1] < means[1])
    ax.scatter(
        points[:, 0], points[:, 1], c=np.where(is_first, ORANGE, BLUE), s=42, edgecolors="white", linewidths=0.6, zorder=4
    )
    for label, key in zip(
        label_points(ax, points, whole_labels(text, words, english)[1:], text.style, taken=[corner]), keys, strict=True
    ):
        label.set_gid(key)
    return ax


def _write(ax: Axes, text: Lettering, by: str, *, level: str, has_limits: bool) -> None:
    target = text.labels[0].replace("\n", " ")
    x, y = text.phrase("x", target=target), text.phrase("y" if by == "construct" else "y_item")
    if has_limits:
        x = f"{x}\n{text.phrase('limits', level=level)}"
    write_words(ax, text, title=text.phrase("title", target=target), x=x, y=y, legend=False)


def _set_limits(ax: Axes, table: pd.DataFrame, points: FloatArray) -> None:
    """Set the axes to hold points and crosses, with room around them."""
    ends: list[tuple[float, float]] = []
    for k, name in enumerate(("importance", "performance")):
        held = [points[:, k], *(table[c].to_numpy(np.float64) for c in (f"{name}_lower", f"{name}_upper") if c in table)]
        low, high = float(np.nanmin(held)), float(np.nanmax(held))
        room = max(high - low, _LEAST * max(abs(low), abs(high), 1.0)) * _MARGIN
        ends.append((low - room, high + room))
    ax.set_xlim(*ends[0])
    ax.set_ylim(*ends[1])


def _draw_quadrants(ax: Axes, means: FloatArray, text: Lettering) -> Any:
    """Lines at the means, and the corner of what matters and does badly."""
    from matplotlib.patches import Rectangle  # noqa: PLC0415  (optional package)

    (x, y), right, bottom = means, ax.get_xlim()[1], ax.get_ylim()[0]
    ax.add_patch(Rectangle((x, bottom), right - x, y - bottom, facecolor=ORANGE, alpha=0.1, linewidth=0, zorder=0))
    ax.axvline(x, color=GREY, linewidth=0.8, linestyle="--", zorder=1)
    ax.axhline(y, color=GREY, linewidth=0.8, linestyle="--", zorder=1)
    return ax.annotate(
        text.phrase("fix"),
        (1, 0),
        (-6, 6),
        xycoords="axes fraction",
        textcoords="offset points",
        ha="right",
        va="bottom",
        color="#8A5A00",
        fontsize="medium",
        **text.style,
    )


def _draw_crosses(ax: Axes, table: pd.DataFrame, points: FloatArray) -> None:
    style: Any = {"color": GREY, "linewidth": 0.8, "alpha": 0.7, "zorder": 2}
    if "importance_lower" in table:
        ax.hlines(points[:, 1], table["importance_lower"].to_numpy(), table["importance_upper"].to_numpy(), **style)
    if "performance_lower" in table:
        ax.vlines(points[:, 0], table["performance_lower"].to_numpy(), table["performance_upper"].to_numpy(), **style)
