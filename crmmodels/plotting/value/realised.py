"""What customers were worth so far, against what they will be worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from crmmodels._typing import FloatArray
from crmmodels.models.clv.model import CLVModel
from crmmodels.plotting.drawing.axis_marks import legend_above, write_words
from crmmodels.plotting.drawing.figure import COLOUR_MAP, GREY, ORANGE, axes_of_size, require_matplotlib
from crmmodels.plotting.drawing.lettering import Lettering, english_labels, language_of, write_in_fonts
from crmmodels.plotting.value.shared import (
    fitted_clv,
    in_money,
    named_tiers,
    outside_note,
    shown_range,
    tier_colours,
    values_of,
    with_values,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PLOT: Final = "plot_realised_future"
_MOST_POINTS: Final = 2_000
"""Customers of whom each is drawn; of more, their density."""
_CELLS: Final = 40
_PALEST: Final = 0.2
_MARGIN: Final = 0.03

_PHRASES: Final = with_values(
    {
        "en": {
            "title": "Realised and future value of {n} customers",
            "realised": "Realised value",
            "future": "Future value",
            "bounds": "bounds of tiers",
            "density": "Customers",
        },
        "zh": {
            "title": "{n} 名客户的已实现价值与未来价值",
            "realised": "已实现价值",
            "future": "未来价值",
            "bounds": "层级界限",
            "density": "客户数",
        },
    }
)


def plot_realised_future(model: CLVModel, data: Any, *, ax: Axes | None = None) -> Axes:
    r"""Draw the realised against the future value of every customer, by tier.

    It shows good customers of the past of whom little is to be expected, to the lower right, and customers whose value lies ahead, to
    the upper left. Since both add up to CLV, a bound between tiers is a falling line.

    Parameters
    ----------
    model : CLVModel
        A fitted model.
    data : Orders, CustomerBase or dataframe
        The customers; a dataframe is one that `CLVModel.accounts` returned. They need not be those of the fit.
    ax : matplotlib Axes, optional
        Axes to draw into; a new figure if None.

    Returns
    -------
    matplotlib Axes
        The axes drawn into. Of up to 2,000 customers each is a point in the colour of its tier, and ``ax.collections`` holds the tiers,
        worst first; of more, ``ax.collections[0]`` holds the number in each hexagon. Far tails are cut off, and the axis says how many
        customers are not drawn.

    Raises
    ------
    ParameterError
        If ``model`` is no CLVModel.
    NotFittedError
        If the model is not fitted.
    DataError
        If the data cannot be used.
    MissingDependencyError
        If matplotlib is not installed.

    Warns
    -----
    MissingGlyphWarning
        If no installed font has the characters of the model's labels; English is drawn instead.

    Examples
    --------
    >>> import crmmodels as crm
    >>> accounts = crm.CLVModel.example(n_customers=300, seed=1)
    >>> ax = crm.plotting.plot_realised_future(crm.CLVModel(n_draws=20).fit(accounts), accounts)
    >>> ax.get_xlabel().split("\n")[0], ax.get_ylabel()
    ('Realised value', 'Future value')
    """
    fitted = fitted_clv(_PLOT, model)
    found = values_of(_PLOT, model, data)
    require_matplotlib(_PLOT)
    x, y = found.realised.sum(axis=0), found.future.sum(axis=0)
    (left, right), (bottom, top) = shown_range(x), shown_range(y)
    inside = (x >= left) & (x <= right) & (y >= bottom) & (y <= top)
    labels = model.segment_labels()
    text = write_in_fonts(_PLOT, language_of(model), _PHRASES, labels=labels, english=english_labels(model))
    from matplotlib.patches import Patch  # noqa: PLC0415  (optional package)

    ax = axes_of_size(ax, 6.6, 5.2)
    handles, names = list[Any](), list[str]()
    is_dense = len(x) > _MOST_POINTS
    if is_dense:
        _draw_density(ax, x[inside], y[inside], (left, right, bottom, top), text)
    else:
        for k, colour in enumerate(tier_colours(len(labels))):
            own = inside & (found.tier == k)
            ax.scatter(x[own], y[own], s=14, color=[colour], alpha=0.6, linewidths=0)
            handles.append(Patch(color=colour))
        tiers = named_tiers(len(labels))
        handles, names = [handles[k] for k in tiers], [text.labels[k].replace("\n", " ") for k in tiers]
    lines = _draw_bounds(ax, fitted.tier_bounds, (left, right, bottom, top), ORANGE if is_dense else GREY)
    for set_limits, low, high in ((ax.set_xlim, left, right), (ax.set_ylim, bottom, top)):
        set_limits(low - _MARGIN * (high - low), high + _MARGIN * (high - low))
    note = outside_note(text, found.clv, inside)
    realised, future = (in_money(text, text.phrase(name), found.basis) for name in ("realised", "future"))
    words = {"title": text.phrase("title", n=f"{len(x):,}"), "x": f"{realised}\n{note}" if note else realised, "y": future}
    write_words(ax, text, legend=False, **words)
    handles, names = handles + lines[:1], names + [text.phrase("bounds")] * bool(lines)
    if handles:
        legend_above(ax, text, handles, names)
    return ax


def _draw_density(ax: Axes, x: FloatArray, y: FloatArray, extent: Any, text: Lettering) -> None:
    from matplotlib.colors import LogNorm  # noqa: PLC0415  (optional package)

    cells = ax.hexbin(x, y, gridsize=_CELLS, mincnt=1, extent=extent, cmap=COLOUR_MAP, linewidths=0.2)
    most = max(2.0, float(np.max(np.asarray(cells.get_array()))))
    # Below 1 the scale begins, so that one customer is not white.
    cells.set_norm(LogNorm(_PALEST, most))
    bar = ax.figure.colorbar(cells, ax=ax, fraction=0.05, pad=0.02)
    bar.ax.set_ylim(1.0, most)
    bar.set_label(text.phrase("density"), **text.style)
    bar.outline.set_visible(False)


def _draw_bounds(ax: Axes, bounds: FloatArray, extent: tuple[float, float, float, float], colour: str) -> list[Any]:
    """Lines on which realised and future value add up to a bound, as far as they cross the range."""
    left, right, bottom, top = extent
    lines = []
    for bound in bounds.tolist():
        first, last = max(left, bound - top), min(right, bound - bottom)
        if first < last:
            ends = np.array([first, last])
            lines += ax.plot(ends, bound - ends, color=colour, linewidth=1.2, linestyle="--")
    return lines
