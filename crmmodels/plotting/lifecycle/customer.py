"""Where one customer stood in each period, as far as the orders up to it told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from crmmodels.base import Inside
from crmmodels.data.panel import Panel, PanelTable
from crmmodels.exceptions import ParameterError
from crmmodels.models.lifecycle.model import LifecycleModel
from crmmodels.models.lifecycle.record import STAGES, stage_paths
from crmmodels.plotting.drawing.axis_marks import whole_ticks, write_words
from crmmodels.plotting.drawing.bars import stack_bars
from crmmodels.plotting.drawing.figure import axes_of_size, percent_axis, require_matplotlib
from crmmodels.plotting.drawing.lettering import language_of, write_in_fonts
from crmmodels.plotting.lifecycle.shared import (
    STAGE_COLOURS,
    fitted_lifecycle,
    name_stages,
    places_of,
    put_periods,
    with_periods,
)
from crmmodels.wording import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PLOT: Final = "plot_stage_probabilities"
_ROOM: Final = 1.12
"""Height of the axis of orders over the largest number of them."""
_PHRASES: Final = with_periods(
    {
        "en": {"title": "Customer {who}", "y": "Probability of the stage", "orders": "orders (right axis)", "right": "Orders"},
        "zh": {"title": "客户 {who}", "y": "阶段概率", "orders": "订单数（右轴）", "right": "订单数"},
    }
)


def plot_stage_probabilities(model: LifecycleModel, data: Any, customer: Any, *, ax: Axes | None = None) -> Axes:
    """Draw the probability of each stage of one customer, period by period, with the orders.

    It shows what made the model change its mind about a customer, and how sure it was. Each period knows the orders up to it and none later, as
    one would have seen it then.

    Parameters
    ----------
    model : LifecycleModel
        A fitted model.
    data : dataframe or Orders
        The panel, or an order log, with the customer in it.
    customer : str or int
        The customer, as in the data.
    ax : matplotlib Axes, optional
        Axes to draw into; a new figure if None.

    Returns
    -------
    matplotlib Axes
        The axes drawn into. ``ax.containers`` are the bars of exploration, build-up, stable and decline, upon each other, one per period. The
        number of orders is a line of dots on a second axis; of an order log it counts the first order, too, which tells the model nothing.

    Raises
    ------
    ParameterError
        If the customer is not in the data, or ``model`` is no LifecycleModel.
    NotFittedError
        If the model is not fitted.
    DataError
        If the table cannot be used.
    MissingDependencyError
        If matplotlib is not installed.

    Warns
    -----
    MissingGlyphWarning
        If no installed font has the characters of the customer's name or of the model's labels; English is drawn instead.

    Examples
    --------
    >>> import crmmodels as crm
    >>> panel = crm.LifecycleModel.example(n_customers=300, seed=1)
    >>> model = crm.LifecycleModel(n_starts=1).fit(panel)
    >>> ax = crm.plotting.plot_stage_probabilities(model, panel, "c00001")
    >>> len(ax.containers), len(ax.containers[0])
    (4, 12)
    """
    fitted = fitted_lifecycle(_PLOT, model)
    table: Any = Inside(model).read(data)[0]
    own = history_of(table, customer)
    paths = stage_paths(own, fitted.parameters)
    orders = table.rows["n_orders"].to_numpy().astype(np.float64)[own.row]
    require_matplotlib(_PLOT)
    labels, english = (*model.stage_labels(), str(plain(customer))), (*STAGES, "?")
    text = write_in_fonts(_PLOT, language_of(model), _PHRASES, labels=labels, english=english)
    ax = axes_of_size(ax, 7.6, 4.2)
    edge = places_of(np.append(own.period, own.period[-1] + 1), model.period, is_dated=own.is_dated)
    if not own.is_dated:
        edge -= 0.5
    period: dict[str, Any] = {"places": edge[:-1], "width": np.diff(edge), "align": "edge"}
    bars = stack_bars(ax, paths.T, colours=STAGE_COLOURS, **period, edgecolor="white", linewidth=0.5)
    second = ax.twinx()
    middle = (edge[:-1] + edge[1:]) / 2.0
    second.vlines(middle, 0.0, orders, color="white", linewidth=3.2)
    second.vlines(middle, 0.0, orders, color="black", linewidth=1.4)
    dots = second.plot(
        middle, orders, "o", color="black", markersize=5.5, markeredgecolor="white", markeredgewidth=1.0, clip_on=False
    )
    second.set_ylim(0.0, _ROOM * max(1.0, orders.max()))
    whole_ticks(second.yaxis)
    second.set_ylabel(text.phrase("right"), **text.style)
    second.spines["top"].set_visible(False)
    put_periods(ax, edge[0], edge[-1], is_dated=own.is_dated)
    percent_axis(ax.yaxis)
    ax.set_ylim(0.0, 1.0)
    title, x = text.phrase("title", who=text.labels[-1]), "" if own.is_dated else text.phrase("period")
    write_words(ax, text, title=title, x=x, y=text.phrase("y"), legend=False)
    name_stages(ax, text, [*bars, *dots], (text.phrase("orders"),))
    return ax


def history_of(table: PanelTable, customer: Any) -> Panel:
    """Rows of one customer; raise ParameterError if nobody in the table is so called."""
    wanted, names = plain(customer), table.frame[table.key].to_list()
    found = [k for k, name in enumerate(names) if type(plain(name)) is type(wanted) and plain(name) == wanted]
    if not found:
        raise ParameterError.must_be(_PLOT, "customer", f"one of the {len(names):,} customers of the data", customer)
    panel = table.panel
    start, length = int(panel.start[found[0]]), int(panel.length[found[0]])
    rows = slice(start, start + length)
    return Panel(
        panel.row[rows], panel.period[rows], panel.count[rows], panel.exposure[rows], np.array([length]), panel.is_dated
    )
