"""Who moved from which stage to which between two periods, as bands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from crmmodels._typing import FloatArray, IntArray, Period
from crmmodels.data.tables.dates import as_date
from crmmodels.kernels.orders.periods import period_of_day
from crmmodels.models.lifecycle.model import LifecycleModel
from crmmodels.models.lifecycle.record import STAGES
from crmmodels.parameters import is_whole
from crmmodels.plotting.drawing.axis_marks import period_name, write_words
from crmmodels.plotting.drawing.curves import draw_band
from crmmodels.plotting.drawing.figure import GREY, axes_of_size, percent, require_matplotlib, settle
from crmmodels.plotting.drawing.lettering import Lettering, Phrases, language_of, write_in_fonts
from crmmodels.plotting.lifecycle.shared import STAGE_COLOURS, fitted_lifecycle
from crmmodels.wording import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PLOT: Final = "plot_stage_flow"
_COLOURS: Final = (GREY, *STAGE_COLOURS)
_GAP: Final = 0.03
"""Space between blocks, over the height of all customers."""
_PLACES: Final = (0.0, 1.0)
_BLOCK: Final = 0.05
"""Width of a block, over the distance of the two periods."""
_STEPS: Final = 60
_OPACITY: Final = 0.55
_LINE: Final = 1.15
"""Least distance of two names, over the height of one."""
_PHRASES: Final[Phrases] = {
    "en": {"title": "Moves between stages of {n} customers", "new": "not yet customers", "block": "{stage}\n{n} ({share})"},
    "zh": {"title": "{n} 位客户的阶段变化", "new": "尚非客户", "block": "{stage}\n{n}（{share}）"},
}


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """Height and bottom of the blocks of one period, shape (n,): shares of the customers, with gaps above the first that holds anybody."""

    height: FloatArray
    bottom: FloatArray


def plot_stage_flow(model: LifecycleModel, data: Any, before: Any, after: Any, *, ax: Axes | None = None) -> Axes:
    """Draw who moved from which stage to which between two periods.

    The height of a band is the share of the customers who moved so, and its colour that of the stage they came from. Each period is judged by what was
    known then, with the labels of `segment`; customers who came in between stand below.

    Parameters
    ----------
    model : LifecycleModel
        A fitted model.
    data : dataframe or Orders
        The panel, or an order log.
    before, after : int, str or date
        Two periods: numbers where the panel has numbers, otherwise days in them.
    ax : matplotlib Axes, optional
        Axes to draw into; a new figure if None.

    Returns
    -------
    matplotlib Axes
        The axes drawn into, from below: those who were not there yet, exploration, build-up, stable, decline. ``ax.collections`` are the bands,
        ``ax.patches`` the blocks, and ``ax.texts`` their names with the number and share of customers, before and then after. The figures are those of
        ``model.flow(data, before, after)``.

    Raises
    ------
    ParameterError
        If the periods are not in the panel, or not one after the other, or ``model`` is no LifecycleModel.
    NotFittedError
        If the model is not fitted.
    DataError
        If the table cannot be used.
    MissingDependencyError
        If matplotlib is not installed.

    Warns
    -----
    MissingGlyphWarning
        If no installed font has the characters of the model's labels; English is drawn instead.

    Examples
    --------
    >>> import crmmodels as crm
    >>> panel = crm.LifecycleModel.example(n_customers=300, seed=1)
    >>> ax = crm.plotting.plot_stage_flow(crm.LifecycleModel(n_starts=1).fit(panel), panel, 5, 11)
    >>> [label.get_text() for label in ax.get_xticklabels()]
    ['5', '11']
    """
    fitted_lifecycle(_PLOT, model)
    counts = _counts(model, data, before, after)
    require_matplotlib(_PLOT)
    text = write_in_fonts(_PLOT, language_of(model), _PHRASES, labels=model.stage_labels(), english=STAGES)
    ax = axes_of_size(ax, 5.4 + 2.0 * text.label_width(), 4.8)
    n = int(counts.sum())
    sides = (_blocks(counts.sum(axis=1) / n), _blocks(counts.sum(axis=0) / n))
    _draw_bands(ax, counts / n, sides)
    for blocks, place in zip(sides, _PLACES, strict=True):
        held = np.flatnonzero(blocks.height)
        ax.bar(place, blocks.height[held], _BLOCK, blocks.bottom[held], align="edge", color=[_COLOURS[stage] for stage in held])
    top = max(float((blocks.bottom + blocks.height).max()) for blocks in sides)
    ax.set_ylim(0.0, top)
    ax.set_xlim(_PLACES[0], _PLACES[1] + _BLOCK)
    names = [
        period_name(_number(given, model.period), model.period, is_dated=not is_whole(plain(given)))
        for given in (before, after)
    ]
    ax.set_xticks([place + _BLOCK / 2.0 for place in _PLACES], names)
    ax.set_yticks([])
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    write_words(ax, text, title=text.phrase("title", n=f"{n:,}"), x="", y="", legend=False)
    _name_blocks(ax, sides, (counts.sum(axis=1), counts.sum(axis=0)), text)
    return ax


def _counts(model: LifecycleModel, data: Any, before: Any, after: Any) -> IntArray:
    """Customers by stage before (rows, the first for those not there yet) and after, in the order of the lifecycle."""
    flow = model.flow(data, before, after)
    place = {label: 1 + k for k, label in enumerate(model.stage_labels())}
    counts = np.zeros((len(place) + 1, len(place) + 1), np.int64)
    for origin, end, n in zip(flow["before"], flow["after"], flow["n_customers"], strict=True):
        counts[0 if pd.isna(origin) else place[origin], place[end]] += n
    return counts


def _number(given: Any, kind: Period) -> int:
    """Number of a period that is given as a number, or as a day in it."""
    value: Any = plain(given)
    if is_whole(value):
        return int(value)
    day = np.datetime64(as_date(value, _PLOT, "before"), "D").astype(np.int64)
    return int(period_of_day(np.array([day]), kind)[0])


def _blocks(height: FloatArray) -> Blocks:
    gap = np.where(height > 0, _GAP, 0.0)
    gap[np.flatnonzero(height)[0]] = 0.0
    return Blocks(height, np.cumsum(height + gap) - height)


def _draw_bands(ax: Axes, shares: FloatArray, sides: tuple[Blocks, Blocks]) -> None:
    """A band for each pair of stages that has customers; on either side in the order of the stages at the other."""
    t = np.linspace(0.0, 1.0, _STEPS)
    place = _PLACES[0] + _BLOCK + t * (_PLACES[1] - _PLACES[0] - _BLOCK)
    bend = t * t * (3.0 - 2.0 * t)
    left = sides[0].bottom[:, None] + np.cumsum(shares, axis=1) - shares
    right = sides[1].bottom + np.cumsum(shares, axis=0) - shares
    for origin, end in np.argwhere(shares):
        low = left[origin, end] + (right[origin, end] - left[origin, end]) * bend
        colour, high = _COLOURS[origin], low + shares[origin, end]
        draw_band(ax, place, low, high, colour=colour, opacity=_OPACITY, linewidth=0.4, edgecolor="white")


def _name_blocks(ax: Axes, sides: tuple[Blocks, Blocks], counts: tuple[IntArray, IntArray], text: Lettering) -> None:
    """Write the name of each block beside it, as near as the others let it."""
    names = [text.phrase("new"), *text.labels]
    anchors = ((_PLACES[0], "right", -6), (_PLACES[1] + _BLOCK, "left", 6))
    for blocks, count, (place, side, offset) in zip(sides, counts, anchors, strict=True):
        written = []
        for stage in np.flatnonzero(count):
            words = text.phrase("block", stage=names[stage], n=f"{count[stage]:,}", share=percent(count[stage] / count.sum()))
            middle = float(blocks.bottom[stage] + blocks.height[stage] / 2.0)
            written.append(
                ax.annotate(
                    words,
                    (place, middle),
                    (offset, 0),
                    textcoords="offset points",
                    ha=side,
                    multialignment=side,
                    va="center",
                    fontsize="small",
                    **text.style,
                )
            )
        _spread(ax, written)


def _spread(ax: Axes, written: list[Any]) -> None:
    """Move names that would lie upon each other apart, up and down."""
    settle(ax)
    height = np.array([words.get_window_extent().height for words in written]) * _LINE
    wanted = np.array([ax.transData.transform(words.xy)[1] for words in written])
    points = 72.0 / ax.figure.dpi
    for words, at, want in zip(written, spread_apart(wanted, height, (ax.bbox.y0, ax.bbox.y1)), wanted, strict=True):
        words.set_position((words.get_position()[0], (at - want) * points))


def spread_apart(wanted: FloatArray, height: FloatArray, between: tuple[float, float]) -> FloatArray:
    """Places next to those wanted, shape (n,), at which names of given heights do not overlap; both ascending.

    Where the room ``between`` two ends is too small for all names, they begin at the lower end. The squared distance from the middles wanted
    is least: with the distances that names need taken off, places that must not descend are wanted, an isotonic regression, cut off at the ends.
    """
    from scipy.optimize import isotonic_regression  # noqa: PLC0415  (loading SciPy takes time)

    needed = np.concatenate([[0.0], np.cumsum((height[:-1] + height[1:]) / 2.0)])
    lowest = between[0] + height[0] / 2.0
    highest = between[1] - height[-1] / 2.0 - needed[-1]
    free = np.asarray(isotonic_regression(wanted - needed).x, np.float64)
    found: FloatArray = np.maximum(np.minimum(free, highest), lowest) + needed
    return found
