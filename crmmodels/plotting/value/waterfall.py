"""Where customer lifetime value comes from: its components as steps from 0 to their sum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from crmmodels._typing import AnyArray, FloatArray
from crmmodels.exceptions import ParameterError
from crmmodels.models.clv.model import CLVModel
from crmmodels.models.clv.record import COMPONENTS
from crmmodels.plotting.drawing.axis_marks import legend_above, write_words
from crmmodels.plotting.drawing.bars import draw_bars
from crmmodels.plotting.drawing.figure import BLUE, GREY, ORANGE, axes_of_size, require_matplotlib, settle
from crmmodels.plotting.drawing.lettering import Lettering, english_labels, language_of, write_in_fonts
from crmmodels.plotting.value.shared import CustomerValues, amount, decimals_for, fitted_clv, in_money, values_of, with_values
from crmmodels.wording import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PLOT: Final = "plot_waterfall"
_HALF: Final = 0.36
_PALE: Final = "#BBBBBB"
_HATCH: Final = "////"
_ROOM_FOR_NAMES: Final = 0.45
"""Length of the names of the components, over that of the axes, from which on their numbers stand alone."""
_MARGIN: Final = 0.03
_WIDEST: Final = 0.6
"""Part of the axes that a word beside a step may take."""

_PHRASES: Final = with_values(
    {
        "en": {
            "customer": "Customer {who}",
            "mean": "Mean of {n} customers",
            "mean_of": "Mean of {n} customers: {who}",
            "sum": "Sum over {n} customers",
            "sum_of": "Sum over {n} customers: {who}",
            "gain": "gain",
            "loss": "loss",
            "total": "total",
            "marked": "{money}, {note}",
        },
        "zh": {
            "customer": "客户 {who}",
            "mean": "{n} 名客户的平均值",
            "mean_of": "{n} 名客户的平均值：{who}",
            "sum": "{n} 名客户的合计",
            "sum_of": "{n} 名客户的合计：{who}",
            "gain": "增加",
            "loss": "减少",
            "total": "合计",
            "marked": "{money}，{note}",
        },
    }
)


@dataclass(frozen=True, slots=True)
class _Steps:
    """What is drawn: the six components, the name of the phrase for the title, and the number of customers behind them."""

    parts: FloatArray
    title: str
    n: int


def plot_waterfall(
    model: CLVModel, data: Any, *, customer: Any = None, segment: str | None = None, total: bool = False, ax: Axes | None = None
) -> Axes:
    """Draw the six components of customer lifetime value as steps from 0 to their sum.

    It shows which components make the value of one customer, of a segment, or of all, and which take some of it away. A component
    that the data cannot tell apart is hatched and says so; its money, if there is any, is in other components.

    Parameters
    ----------
    model : CLVModel
        A fitted model.
    data : Orders, CustomerBase or dataframe
        The customers; a dataframe is one that `CLVModel.accounts` returned. They need not be those of the fit.
    customer : str or int, optional
        Draw this customer alone.
    segment : str, optional
        Draw the customers of this segment, one of ``model.segment_labels()``. Default: all.
    total : bool, default False
        The sum over the customers in place of the mean. The sum of CLV counts referred customers twice, in their own value and
        in that of who referred them; `CLVModel.customer_equity` does not.
    ax : matplotlib Axes, optional
        Axes to draw into; a new figure if None.

    Returns
    -------
    matplotlib Axes
        The axes drawn into. The first seven of ``ax.patches`` are the steps CLV1 to CLV6 and their sum, from top to bottom.

    Raises
    ------
    ParameterError
        If ``model`` is no CLVModel, both a customer and a segment are given, or there is none such.
    NotFittedError
        If the model is not fitted.
    DataError
        If the data cannot be used.
    MissingDependencyError
        If matplotlib is not installed.

    Warns
    -----
    MissingGlyphWarning
        If no installed font has the characters of the customer's name or of the model's labels; English is drawn instead.

    Examples
    --------
    >>> import crmmodels as crm
    >>> accounts = crm.CLVModel.example(n_customers=300, seed=1)
    >>> model = crm.CLVModel(n_draws=20).fit(accounts)
    >>> ax = crm.plotting.plot_waterfall(model, accounts, segment="platinum")
    >>> ax.get_title()
    'Mean of 75 customers: platinum'
    >>> bool(abs(ax.patches[6].get_width() - model.score(accounts)["clv"].nlargest(75).mean()) < 1e-9)
    True
    """
    fitted_clv(_PLOT, model)
    if customer is not None and segment is not None:
        raise ParameterError.must_be(_PLOT, "segment", "None where a customer is given", segment)
    if not isinstance(total, bool):
        raise ParameterError.must_be(_PLOT, "total", "True or False", total)
    labels = list(model.segment_labels())
    if segment is not None and segment not in labels:
        raise ParameterError.unknown_choice(_PLOT, "segment", labels, segment)
    found = values_of(_PLOT, model, data)
    steps = _steps(found, _chosen(found, customer, segment, labels), total=total)
    require_matplotlib(_PLOT)
    title, names, english = steps.title, list[str](), list[str]()
    if customer is not None:
        title, names, english = "customer", [str(plain(customer))], ["?"]
    elif segment is not None:
        in_english = english_labels(model)
        title, names, english = f"{title}_of", [segment], [in_english[labels.index(segment)] if in_english else "?"]
    text = write_in_fonts(_PLOT, language_of(model), _PHRASES, labels=names, english=english)
    ax = axes_of_size(ax, 7.6, 4.4)
    _draw(ax, found, steps.parts, text)
    who = text.labels[0].replace("\n", " ") if names else ""
    write_words(
        ax,
        text,
        title=text.phrase(title, n=f"{steps.n:,}", who=who),
        x=in_money(text, text.phrase("clv"), found.basis),
        y="",
        legend=False,
    )
    _name_rows(ax, text)
    _explain(ax, text, steps.parts)
    for _ in range(2):  # the layout may change with the ticks
        _make_room(ax, steps.parts)
    return ax


def _chosen(found: CustomerValues, customer: Any, segment: str | None, labels: Sequence[str]) -> AnyArray:
    """Positions of the customers to draw."""
    if customer is not None:
        name = plain(customer)
        is_named = isinstance(name, str | int | float) and not isinstance(name, bool)
        rows = np.flatnonzero([is_named and plain(other) == name for other in found.customers])
        if not len(rows):
            raise ParameterError.must_be(_PLOT, "customer", "a customer of these data", customer)
        return rows
    if segment is None:
        return np.arange(len(found.customers))
    rows = np.flatnonzero(found.tier == labels.index(segment))
    if not len(rows):
        raise ParameterError.must_be(_PLOT, "segment", "a segment that customers of these data are in", segment)
    return rows


def _steps(found: CustomerValues, rows: AnyArray, *, total: bool) -> _Steps:
    chosen = found.components[:, rows]
    return _Steps(chosen.sum(axis=1) if total else chosen.mean(axis=1), "sum" if total else "mean", len(rows))


def _draw(ax: Axes, found: CustomerValues, parts: FloatArray, text: Lettering) -> None:
    ends = np.cumsum(parts)
    starts = np.concatenate([[0.0], ends[:-1], [0.0]])
    widths = np.append(parts, ends[-1])
    decimals = decimals_for(np.concatenate([parts, ends]))
    standings = [found.standing[name] for name in COMPONENTS]
    colours = [*(_colour(width, standing) for width, standing in zip(parts, standings, strict=True)), GREY]
    (bars,) = draw_bars(ax, widths[np.newaxis], colours=[colours], base=starts, room=2 * _HALF, horizontal=True)
    ax.vlines(ends, np.arange(6) + _HALF, np.arange(1, 7) - _HALF, color=GREY, linewidth=1, zorder=1)
    ax.axvline(0.0, color=GREY, linewidth=1, zorder=1)
    for k, bar in enumerate(bars):
        standing = standings[k] if k < 6 else "identified"
        words = amount(float(widths[k]), decimals, signed=k < 6)
        if standing != "identified":
            note = text.phrase(standing)
            words = note if widths[k] == 0 else text.phrase("marked", money=words, note=note)
            bar.set(hatch=_HATCH, edgecolor="white", linewidth=0)
        if standing == "missing":
            ax.axhspan(k - _HALF, k + _HALF, facecolor="none", edgecolor=_PALE, hatch=_HATCH, linewidth=0, zorder=0)
        style: dict[str, Any] = {"va": "center", "fontsize": "small", "zorder": 3, **text.style}
        if standing == "missing":
            style |= {"color": GREY, "bbox": {"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none"}}
        if k == 6:
            style["fontweight"] = "bold"
        if standing == "missing" and widths[k] == 0:
            ax.text(0.5, k, words, transform=ax.get_yaxis_transform(), ha="center", **style)
        else:
            right = max(float(starts[k]), float(starts[k] + widths[k]))
            ax.annotate(words, (right, k), (4, 0), textcoords="offset points", **style)
    ax.set_ylim(6.6, -0.6)
    ax.tick_params(axis="y", length=0)


def _colour(width: float, standing: str) -> str:
    if standing == "missing":
        return _PALE
    return BLUE if width >= 0 else ORANGE


def _name_rows(ax: Axes, text: Lettering) -> None:
    """Name the components beside their steps, or give their numbers where the names leave no room."""
    names = [text.phrase(name) for name in (*COMPONENTS, "clv")]
    ax.set_yticks(range(7), names, **text.style)
    settle(ax)
    extents = [label.get_window_extent() for label in ax.get_yticklabels()]
    if min(e.x0 for e in extents) < 0 or max(e.width for e in extents) > _ROOM_FOR_NAMES * ax.bbox.width:
        ax.set_yticks(range(7), [name.split(" ")[0] for name in names], **text.style)


def _explain(ax: Axes, text: Lettering, parts: FloatArray) -> None:
    from matplotlib.patches import Patch  # noqa: PLC0415  (optional package)

    if (parts < 0).any():
        names = [text.phrase(name) for name in ("gain", "loss", "total")]
        legend_above(ax, text, [Patch(color=colour) for colour in (BLUE, ORANGE, GREY)], names)


def _make_room(ax: Axes, parts: FloatArray) -> None:
    """Widen the axes to the right until every word beside a step fits."""
    from matplotlib.text import Annotation  # noqa: PLC0415  (optional package)

    settle(ax)
    ends = np.append(np.cumsum(parts), 0.0)
    low, high = float(ends.min()), float(ends.max())
    low -= _MARGIN * (high - low) if low < 0 else 0.0
    width = ax.bbox.width
    furthest = high if high > low else low + 1.0
    for words in ax.texts:
        if isinstance(words, Annotation):
            taken = min(_WIDEST, (words.get_window_extent().width + 8.0 * ax.figure.dpi / 72.0) / width)
            furthest = max(furthest, low + (float(words.xy[0]) - low) / (1.0 - taken))
    ax.set_xlim(low, furthest)
