"""How many customers each segment has and how much of the money it makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from crmmodels._typing import FloatArray
from crmmodels.base import BaseModel
from crmmodels.data.tables.frames import open_table
from crmmodels.exceptions import DataError, ParameterError
from crmmodels.plotting.drawing.arguments import check_choice
from crmmodels.plotting.drawing.bars import draw_bars
from crmmodels.plotting.drawing.figure import (
    BLUE,
    ORANGE,
    axes_of_size,
    columns_across,
    percent,
    percent_axis,
    require_matplotlib,
)
from crmmodels.plotting.drawing.lettering import Lettering, Phrases, english_labels, in_columns, language_of, write_in_fonts
from crmmodels.plotting.drawing.tiles import draw_tiles, write_in_tiles

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PLOT: Final = "plot_segments"
_CUSTOMERS: Final = "share_of_customers"
_SHARE_OF: Final = "share_of_"

_PHRASES: Final[Phrases] = {
    "en": {
        "customers": "customers",
        "both": "Share of customers and of {value}",
        "share_of_customers": "share of customers",
        "share_of_value": "share of {value}",
        "how_to_read": "Area: share of customers. Colour: share of {value}.",
        "tile": "{customers} of customers\n{money} of {value}",
        "small": "Too small for a label (share of customers, share of {value}): {listed}",
    },
    "zh": {
        "customers": "客户",
        "both": "客户占比与 {value} 占比",
        "share_of_customers": "客户占比",
        "share_of_value": "{value} 占比",
        "how_to_read": "面积：客户占比；颜色：{value} 占比",
        "tile": "客户占 {customers}\n{value} 占 {money}",
        "small": "面积过小未标注（客户占比, {value} 占比）：{listed}",
    },
}


@dataclass(frozen=True, slots=True, eq=False)
class SegmentShares:
    """Column of the money; shares of the customers and of the money of each segment, worst first, shape (n_segments,)."""

    value: str
    customers: FloatArray
    money: FloatArray


def plot_segments(
    model: BaseModel[Any, Any], data: Any, *, kind: Literal["bar", "treemap"] = "bar", ax: Axes | None = None
) -> Axes:
    """Draw the share of the customers and of the money that each segment has.

    It shows which segments make more money than their size suggests. The figures are those of ``model.summary(data)``.

    Parameters
    ----------
    model : BaseModel
        A fitted model whose summary has ``share_of_customers`` and one other share, such as RFMModel or ABCModel.
    data : dataframe or Orders
        The customers to draw; they need not be those of the fit.
    kind : {"bar", "treemap"}, default "bar"
        Two bars per segment, best on top; or a tile per segment, its area the share of the customers, its colour
        the share of the money. A tile too small for a name is named under the plot.
    ax : matplotlib Axes, optional
        Axes to draw into; a new figure if None.

    Returns
    -------
    matplotlib Axes
        The axes drawn into.

    Raises
    ------
    ParameterError
        If ``kind`` is unknown, or ``model`` is not a model or its summary lacks the shares.
    NotFittedError
        If the model is not fitted.
    DataError
        If the table cannot be used, or the money does not add up to more than 0.
    MissingDependencyError
        If matplotlib is not installed.

    Warns
    -----
    MissingGlyphWarning
        If no installed font has the characters of the labels; English is drawn instead.

    References
    ----------
    Bruls, M., Huizing, K. & van Wijk, J. J. (2000). Squarified Treemaps. Data Visualization 2000, Eurographics, 33-42.
    doi:10.1007/978-3-7091-6783-0_4

    Examples
    --------
    >>> import crmmodels as crm
    >>> from crmmodels import plotting
    >>> customers = crm.RFMModel.example(n_customers=200, seed=1)
    >>> rfm = crm.RFMModel().fit(customers)
    >>> ax = plotting.plot_segments(rfm, customers)
    >>> ax.get_xlabel()
    'Share of customers and of spend'
    """
    check_choice(_PLOT, "kind", ("bar", "treemap"), kind)
    if not isinstance(model, BaseModel):
        raise ParameterError.must_be(_PLOT, "model", "a fitted model", type(model))
    shares = segment_shares(model, data)
    require_matplotlib(_PLOT)
    text = write_in_fonts(
        _PLOT, language_of(model), _PHRASES, labels=model.segment_labels(), english=english_labels(model), value=shares.value
    )
    if kind == "treemap":
        return _draw_treemap(axes_of_size(ax, 9.0, 6.0), shares, text)
    row = max(0.5, 0.2 * text.most_lines())
    return _draw_bars(axes_of_size(ax, 6.0 + text.label_width(), 1.3 + row * len(text.labels)), shares, text)


def segment_shares(model: BaseModel[Any, Any], data: Any) -> SegmentShares:
    """Read the two shares from a model's summary, in the order of its labels.

    Raise ParameterError if the summary lacks ``share_of_customers`` or has not one other share, DataError if the money has no shares.
    """
    summary = open_table(model.summary(data), "segment", _PLOT).frame
    others = [name for name in summary.columns if name.startswith(_SHARE_OF) and name != _CUSTOMERS]
    if _CUSTOMERS not in summary.columns or len(others) != 1:
        must = f"a model whose summary has {_CUSTOMERS!r} and one other column {_SHARE_OF + '...'!r}"
        raise ParameterError.must_be(_PLOT, "model", must, summary.columns)
    rows = {str(label): row for row, label in enumerate(summary["segment"].to_list())}
    order = [rows[label] for label in model.segment_labels()]
    value = others[0].removeprefix(_SHARE_OF)
    customers, money = (summary[name].to_numpy().astype(np.float64)[order] for name in (_CUSTOMERS, others[0]))
    if np.isnan(money).any():
        raise DataError(_PLOT, [f"column {value!r} does not add up to more than 0, so that segments have no shares of it"])
    return SegmentShares(value, customers, money)


def _draw_bars(ax: Axes, shares: SegmentShares, text: Lettering) -> Axes:
    position = np.arange(len(text.labels), dtype=np.float64)
    values, names = np.stack([shares.customers, shares.money]), (text.phrase("customers"), text.value)
    draw_bars(ax, values, colours=(BLUE, ORANGE), names=names, horizontal=True, written=percent)
    ax.set_yticks(position, text.labels, **text.style)
    ax.set_ylim(-0.6, len(position) - 0.4)
    ax.tick_params(axis="y", length=0)
    ax.margins(x=0.12)
    percent_axis(ax.xaxis)
    ax.set_xlabel(text.phrase("both"), **text.style)
    ax.spines[["top", "right"]].set_visible(False)
    legend = ax.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, frameon=False)
    for entry in legend.get_texts():
        entry.set(**text.style)
    return ax


def _draw_treemap(ax: Axes, shares: SegmentShares, text: Lettering) -> Axes:
    customers, money = [percent(share) for share in shares.customers], [percent(share) for share in shares.money]
    ax.set_title(text.phrase("how_to_read"), **text.style)
    tiles = draw_tiles(ax, shares.customers, shares.money, text.phrase("share_of_value"), text.style)
    wordings = []
    for label, of_customers, of_money in zip(text.labels, customers, money, strict=True):
        broken = label.replace(" ", "\n")
        figures = text.phrase("tile", customers=of_customers, money=of_money)
        wordings.append([f"{label}\n{figures}", f"{broken}\n{of_customers}\n{of_money}", label, broken])
    if small := write_in_tiles(ax, tiles, wordings, text.style):
        listed = [f"{text.labels[k]} ({customers[k]}, {money[k]})".replace("\n", " ") for k in reversed(small)]
        note = text.phrase("small", listed="; ".join(listed))
        ax.set_xlabel(in_columns(note, columns_across(ax)), loc="left", fontsize="small", **text.style)
    return ax
