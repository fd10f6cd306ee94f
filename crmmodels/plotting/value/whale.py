"""How the best customers make more than the whole profit, and the worst take some of it away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from crmmodels.data.orders.orders import Orders
from crmmodels.data.tables.frames import open_table
from crmmodels.data.tables.schema import Column, read_values
from crmmodels.exceptions import DataError
from crmmodels.kernels.concentration.lorenz import whale_curve
from crmmodels.plotting.drawing.curves import draw_band, draw_curve
from crmmodels.plotting.drawing.figure import BLUE, GREY, ORANGE, axes_of_size, percent, percent_axis, require_matplotlib
from crmmodels.plotting.drawing.lettering import Phrases, language_of_texts, write_in_fonts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PLOT: Final = "plot_whale"
_KEY: Final = "customer_id"

_PHRASES: Final[Phrases] = {
    "en": {
        "x": "Cumulative share of customers, most {value} first",
        "y": "Cumulative share of total {value}",
        "peak": "Peak: {customers} of customers\nmake {height} of total {value}",
    },
    "zh": {
        "x": "累计客户占比（{value} 由高到低）",
        "y": "累计 {value} 占比",
        "peak": "峰值：{customers} 的客户\n贡献总 {value} 的 {height}",
    },
}


def plot_whale(data: Any, *, value: str = "margin", ax: Axes | None = None) -> Axes:
    r"""Draw the whale curve: the cumulative profit over customers, most profitable first.

    Where it rises above 100 %, customers at its end take away what others make; its peak is the profit without them.

    Parameters
    ----------
    data : dataframe or Orders
        One row per customer, with ``customer_id``.
    value : str, default "margin"
        Column with the profit of each customer, of either sign, with a positive total.
    ax : matplotlib Axes, optional
        Axes to draw into; a new figure if None.

    Returns
    -------
    matplotlib Axes
        The axes drawn into.

    Raises
    ------
    DataError
        If the table cannot be used, lacks the column, or the column does not add up to more than 0.
    MissingDependencyError
        If matplotlib is not installed.

    Warns
    -----
    MissingGlyphWarning
        If no installed font has the characters of the column's name; "value" is drawn instead.

    References
    ----------
    Kaplan, R. S. & Narayanan, V. G. (2001). Measuring and Managing Customer Profitability. Journal of Cost Management
    15(5), 5-15.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmmodels import plotting
    >>> customers = pd.DataFrame({"customer_id": list("uvwxyz"), "margin": [60.0, 40.0, 20.0, 0.0, -5.0, -15.0]})
    >>> ax = plotting.plot_whale(customers)
    >>> ax.texts[0].get_text()
    'Peak: 50.0% of customers\nmake 120.0% of total margin'
    >>> plotting.plot_whale(customers.assign(margin=-1.0))
    Traceback (most recent call last):
    ...
    crmmodels.exceptions.DataError: plot_whale cannot read this table:
    - column 'margin' adds up to -6; a whale curve needs a positive total
    """
    table = open_table(data.customers() if isinstance(data, Orders) else data, _KEY, _PLOT)
    values = read_values(table.frame, (Column.money(value),), _KEY, _PLOT)[value]
    curve = whale_curve(values)
    if not curve.total > 0:
        raise DataError(_PLOT, [f"column {value!r} adds up to {curve.total:g}; a whale curve needs a positive total"])
    require_matplotlib(_PLOT)
    text = write_in_fonts(_PLOT, language_of_texts([value]), _PHRASES, value=value)
    ax = axes_of_size(ax, 7.0, 4.8)
    x, y = curve.customers, curve.value / curve.total
    draw_band(ax, x[curve.peak :], 1.0, y[curve.peak :], colour=ORANGE, opacity=0.35, edgecolor=ORANGE)
    ax.axhline(1.0, color=GREY, linewidth=1, linestyle="--")
    draw_curve(ax, x, y, colour=BLUE)
    words = text.phrase("peak", customers=percent(x[curve.peak]), height=percent(y[curve.peak]))
    _mark_peak(ax, x[curve.peak], y[curve.peak], words, text.style)
    ax.set_xlim(0, 1)
    ax.set_ylim(min(0.0, float(y.min())), 1.22 * float(y.max()))
    percent_axis(ax.xaxis)
    percent_axis(ax.yaxis)
    ax.set_xlabel(text.phrase("x"), **text.style)
    ax.set_ylabel(text.phrase("y"), **text.style)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _mark_peak(ax: Axes, x: float, y: float, words: str, style: dict[str, Any]) -> None:
    side = "left" if x < 0.25 else "right" if x > 0.75 else "center"
    ax.vlines(x, 0.0, y, color=GREY, linewidth=1, linestyle=":")
    ax.plot([x], [y], "o", color=BLUE, clip_on=False)
    ax.annotate(words, (x, y), (0, 8), textcoords="offset points", ha=side, va="bottom", **style)
