"""Who makes which share of the total: the Lorenz curve with its ABC classes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from crmmodels._typing import FloatArray
from crmmodels.kernels.concentration.lorenz import LorenzCurve
from crmmodels.models.abc_analysis import ABCFit, ABCModel
from crmmodels.plotting.drawing.arguments import fitted_record
from crmmodels.plotting.drawing.curves import draw_band, draw_curve
from crmmodels.plotting.drawing.figure import (
    BLUE,
    GREY,
    ORANGE,
    axes_of_size,
    percent,
    percent_axis,
    require_matplotlib,
    settle,
)
from crmmodels.plotting.drawing.lettering import Lettering, Phrases, english_labels, language_of, write_in_fonts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PLOT: Final = "plot_concentration"
_TINTS: Final = ("#6BAED6", "#BDD7E7", "#EFF3FF")
"""Class A dark to class C light, on paper too."""

_PHRASES: Final[Phrases] = {
    "en": {
        "x": "Cumulative share of customers, largest {value} first",
        "y": "Cumulative share of {value}",
        "title": "Gini {gini:.2f}; top 20% of customers: {top} of {value}",
        "class": "{label}: {n:,.0f} customers ({customers}), {share} of {value}",
        "rest": "Not on the curve: {n:,} customers with {value} of 0 or less",
        "equality": "all equal",
        "points": "points of the computed analysis",
    },
    "zh": {
        "x": "累计客户占比（{value} 由高到低）",
        "y": "累计 {value} 占比",
        "title": "基尼系数 {gini:.2f}；前 20% 客户占 {value} 的 {top}",
        "class": "{label}：{n:,.0f} 位客户（{customers}），占 {value} 的 {share}",
        "rest": "未计入曲线：{n:,} 位客户的 {value} 不大于 0",
        "equality": "完全均等",
        "points": "计算式 ABC 分析的临界点",
    },
}


@dataclass(frozen=True, slots=True)
class Border:
    """Where a class ends on the Lorenz curve: customers in this class and the better ones, and the share of the total that they make."""

    customers: float
    share: float


def border_at(boundary: float, curve: LorenzCurve) -> Border:
    """Customers with a boundary value or a larger one, and their share; the curve has a knot at every boundary, and an empty class an infinite one."""
    n_above = int(np.count_nonzero(curve.value >= boundary))
    if n_above == 0:
        return Border(0.0, 0.0)
    return Border(float(curve.customers[1, n_above - 1]), float(curve.share[1, n_above - 1]))


def plot_concentration(model: ABCModel, *, ax: Axes | None = None) -> Axes:
    """Draw the Lorenz curve of a fitted ABC analysis, largest customers first, with its classes.

    It shows how much of the total hangs on how few customers. Customers whose value is not positive are not on the curve.

    Parameters
    ----------
    model : ABCModel
        A fitted model.
    ax : matplotlib Axes, optional
        Axes to draw into; a new figure if None.

    Returns
    -------
    matplotlib Axes
        The axes drawn into.

    Raises
    ------
    ParameterError
        If ``model`` is not an ABCModel.
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
    Lorenz, M. O. (1905). Methods of Measuring the Concentration of Wealth. Publications of the American Statistical Association
    9(70), 209-219. doi:10.2307/2276207

    Ultsch, A. & Lötsch, J. (2015). Computed ABC Analysis for Rational Selection of Most Informative Variables in
    Multivariate Data. PLoS ONE 10(6), e0129767. doi:10.1371/journal.pone.0129767

    Examples
    --------
    >>> import pandas as pd
    >>> import crmmodels as crm
    >>> from crmmodels import plotting
    >>> customers = pd.DataFrame({"customer_id": list("uvwxyz"), "spend": [50.0, 30.0, 10.0, 5.0, 3.0, 2.0]})
    >>> ax = plotting.plot_concentration(crm.ABCModel().fit(customers))
    >>> ax.get_title()
    'Gini 0.54; top 20% of customers: 56.0% of spend'
    """
    fitted = fitted_record(_PLOT, model, ABCModel, "a fitted ABCModel")
    require_matplotlib(_PLOT)
    text = write_in_fonts(
        _PLOT, language_of(model), _PHRASES, labels=model.segment_labels(), english=english_labels(model), value=model.value
    )
    ax = axes_of_size(ax, 7.2, 6.2)
    classes = _classes(fitted, text)
    for one in classes:
        draw_band(ax, one.x, 0.0, one.y, colour=one.tint, edgecolor=one.tint, label=one.line)
    for one in classes[:-1]:
        ax.plot([one.x[-1], one.x[-1], 0.0], [0.0, one.y[-1], one.y[-1]], color=GREY, linewidth=1, linestyle=":")
    x, y = _polygon(fitted.curve)
    draw_curve(ax, x, y, colour=BLUE, clip_on=False)
    ax.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--", label=text.phrase("equality"))
    if fitted.points is not None:
        _mark_points(ax, fitted.points, text)
    _frame(ax, fitted, text)
    _name_classes(ax, classes, text)
    return ax


@dataclass(frozen=True, slots=True, eq=False)
class _Class:
    """One class: the curve over it, and what is said of it."""

    x: FloatArray
    y: FloatArray
    label: str
    line: str
    tint: str


def _classes(fitted: ABCFit, text: Lettering) -> list[_Class]:
    n = fitted.n_positive
    x, y = _polygon(fitted.curve)
    borders = [Border(0.0, 0.0), *(border_at(float(boundary), fitted.curve) for boundary in fitted.boundaries)]
    borders.append(Border(float(n), 1.0))
    classes = []
    # Class D, where there is one, is not on the curve.
    for (start, end), label, tint in zip(pairwise(borders), text.labels[::-1], _TINTS, strict=False):
        left, right = start.customers / n, end.customers / n
        inside = (x > left) & (x < right)
        line = text.phrase(
            "class",
            label=label,
            n=end.customers - start.customers,
            customers=percent(right - left),
            share=percent(end.share - start.share),
        )
        over = np.concatenate([[left], x[inside], [right]]), np.concatenate([[start.share], y[inside], [end.share]])
        classes.append(_Class(*over, label, line, tint))
    return classes


def _polygon(curve: LorenzCurve) -> tuple[FloatArray, FloatArray]:
    """The curve from (0, 0) to (1, 1), with both ends of every knot."""
    customers = np.append(0.0, curve.customers.T.ravel())
    kept = np.append(True, np.diff(customers) > 0)
    return customers[kept] / customers[-1], np.append(0.0, curve.share.T.ravel())[kept]


def _mark_points(ax: Axes, points: FloatArray, text: Lettering) -> None:
    ax.plot(*points.T, "D", color=ORANGE, markeredgecolor="black", clip_on=False, label=text.phrase("points"), zorder=3)
    # A and B may lie close together: A is named on the left of the curve, the others on its right.
    for name, point, offset in zip("ABC", points, ((-12, 5), (7, -11), (7, -11)), strict=True):
        ax.annotate(name, tuple(point), offset, textcoords="offset points", fontsize="small")


def _frame(ax: Axes, fitted: ABCFit, text: Lettering) -> None:
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1)
    percent_axis(ax.xaxis)
    percent_axis(ax.yaxis)
    n_rest = fitted.n_customers - fitted.n_positive
    rest = f"\n{text.phrase('rest', n=n_rest)}" if n_rest else ""
    ax.set_xlabel(text.phrase("x") + rest, **text.style)
    ax.set_ylabel(text.phrase("y"), **text.style)
    title = text.phrase("title", gini=fitted.gini, top=percent(fitted.top_20_share))
    ax.set_title(title, pad=20, **text.style)
    ax.spines[["top", "right"]].set_visible(False)
    legend = ax.legend(loc="lower right", fontsize="small", framealpha=0.95)
    for entry in legend.get_texts():
        entry.set(**text.style)


def _name_classes(ax: Axes, classes: list[_Class], text: Lettering) -> None:
    """Write the labels over the classes that are wide enough; the legend has them all."""
    settle(ax)
    for one in classes:
        middle = (one.x[0] + one.x[-1]) / 2
        name = ax.annotate(one.label, (middle, 1.0), (0, 4), textcoords="offset points", ha="center", va="bottom", **text.style)
        name.set_fontweight("bold")
        if name.get_window_extent().width > (one.x[-1] - one.x[0]) * ax.bbox.width:
            name.remove()
