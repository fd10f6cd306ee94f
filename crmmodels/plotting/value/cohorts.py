"""What customers are worth by the time of their first order, component by component."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, get_args

import narwhals as nw
import numpy as np

from crmmodels._typing import FloatArray, IntArray, Period
from crmmodels.data.accounts.customer_base import CustomerBase
from crmmodels.data.orders.orders import Orders
from crmmodels.exceptions import ParameterError
from crmmodels.kernels.arrays.grouping import group_means
from crmmodels.kernels.orders.periods import period_of_day
from crmmodels.models.clv.model import CLVModel
from crmmodels.models.clv.record import COMPONENTS
from crmmodels.plotting.drawing.arguments import MOST_CLASSES
from crmmodels.plotting.drawing.axis_marks import legend_above, period_name, start_at_zero, whole_ticks, write_words
from crmmodels.plotting.drawing.bars import stack_bars
from crmmodels.plotting.drawing.figure import GREY, axes_of_size, require_matplotlib
from crmmodels.plotting.drawing.lettering import Lettering, language_of, write_in_fonts
from crmmodels.plotting.value.shared import CustomerValues, check_base, fitted_clv, in_money, values_of, with_values

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PLOT: Final = "plot_value_by_cohort"
_COLOURS: Final = ("#0072B2", "#56B4E9", "#009E73", "#F0E442", "#CC79A7", "#D55E00")
"""Of the six components: Okabe & Ito (2008), told apart by the colour-blind."""
_HATCH: Final = "////"
_BAR: Final = 0.86
_DOT: Final = 5.0
_SMALL_DOT: Final = 3.0
_MANY: Final = 18
"""Cohorts from which on dots are small."""
_ROOM: Final = 0.06
_INCHES_PER_TICK: Final = 0.85
_STEPS: Final = {
    "D": (1, 2, 7, 14, 28, 91, 182, 364),
    "W": (1, 2, 4, 13, 26, 52, 104, 208, 520),
    "M": (1, 2, 3, 6, 12, 24, 60, 120, 240),
    "Q": (1, 2, 4, 8, 20, 40, 80, 200),
    "Y": (1, 2, 5, 10, 20, 50, 100, 200),
}
"""Steps from name to name of a period."""

_PHRASES: Final = with_values(
    {
        "en": {
            "title": "CLV by first order",
            "y": "Mean CLV",
            "mean": "mean CLV",
            "customers": "customers (right axis)",
            "n": "Customers",
            "left_out": "{note}: {which}",
            "D": "Day of the first order",
            "W": "Week of the first order, from its Monday",
            "M": "Month of the first order",
            "Q": "Quarter of the first order",
            "Y": "Year of the first order",
        },
        "zh": {
            "title": "按首次购买时间划分的 CLV",
            "y": "平均 CLV",
            "mean": "平均 CLV",
            "customers": "客户数（右轴）",
            "n": "客户数",
            "left_out": "{note}：{which}",
            "D": "首次购买日",
            "W": "首次购买周（以周一表示）",
            "M": "首次购买月份",
            "Q": "首次购买季度",
            "Y": "首次购买年份",
        },
    }
)


@dataclass(frozen=True, slots=True, eq=False)
class Cohorts:
    """Customers by the period of their first order, from the first such period, a number as `period_of_day` counts, to the last.

    Their number, shape (n_cohorts,), and the mean of each component, shape (6, n_cohorts), NaN where nobody came.
    """

    first: int
    n_customers: IntArray
    means: FloatArray


def plot_value_by_cohort(model: CLVModel, data: Orders | CustomerBase, *, period: Period = "M", ax: Axes | None = None) -> Axes:
    """Draw the mean customer lifetime value by the period of the first order, split into its components.

    It shows whether new customers are worth as much as those who came earlier, and what the difference is made of. Earlier cohorts had
    more time to realise value, and it is counted as of the end of observation.

    Parameters
    ----------
    model : CLVModel
        A fitted model.
    data : Orders or CustomerBase
        The orders, and what else is known; accounts do not tell when customers came.
    period : {"D", "W", "M", "Q", "Y"}, default "M"
        Days, weeks from Monday, calendar months, quarters or years.
    ax : matplotlib Axes, optional
        Axes to draw into; a new figure if None.

    Returns
    -------
    matplotlib Axes
        The axes drawn into. ``ax.containers`` holds CLV1 to CLV6, those above 0 upon each other and those below 0 under each other;
        ``ax.lines[0]`` is their sum. The number of customers is a line on a second axis.

    Raises
    ------
    ParameterError
        If ``data`` is neither, the period is unknown or so short that there are more than 1,000 of it, or ``model`` is no CLVModel.
    NotFittedError
        If the model is not fitted.
    DataError
        If the data cannot be used.
    MissingDependencyError
        If matplotlib is not installed.

    Warns
    -----
    MissingGlyphWarning
        If no installed font has Chinese characters and the model's labels are Chinese; English is drawn instead.

    Examples
    --------
    >>> import crmmodels as crm
    >>> log = crm.datasets.load_cdnow()
    >>> orders = crm.Orders(log, customer="customer_id", time="date", amount="spend")
    >>> ax = crm.plotting.plot_value_by_cohort(crm.CLVModel(n_draws=20).fit(orders), orders)
    >>> [label.get_text() for label in ax.get_xticklabels()]
    ['1997-01', '1997-02', '1997-03']
    """
    fitted_clv(_PLOT, model)
    check_base(_PLOT, data)
    if period not in get_args(Period):
        raise ParameterError.unknown_choice(_PLOT, "period", get_args(Period), period)
    found = values_of(_PLOT, model, data)
    cohorts = _cohorts(found, data if isinstance(data, Orders) else data.orders, period)
    require_matplotlib(_PLOT)
    text = write_in_fonts(_PLOT, language_of(model), _PHRASES)
    ax = axes_of_size(ax, 8.4, 4.8)
    position = np.arange(len(cohorts.n_customers), dtype=np.float64)
    handles = _draw_components(ax, cohorts, position)
    handles += ax.plot(
        position, cohorts.means.sum(axis=0), "o", color="black", markersize=_DOT if len(position) <= _MANY else _SMALL_DOT
    )
    ax.axhline(0.0, color=GREY, linewidth=1)
    ax.set_xlim(-0.6, len(position) - 0.4)
    second = ax.twinx()
    handles += second.plot(position, cohorts.n_customers, ".-", color=GREY, linewidth=1, markersize=4)
    start_at_zero(second)
    whole_ticks(second.yaxis)
    second.spines["top"].set_visible(False)
    second.set_ylabel(text.phrase("n"), **text.style)
    _put_periods(ax, cohorts, period)
    value = in_money(text, text.phrase("y"), found.basis)
    x = "\n".join([text.phrase(period), *_doubts(ax, found, text)])
    write_words(ax, text, title=text.phrase("title"), x=x, y=value, legend=False)
    drawn = [k for k, name in enumerate(COMPONENTS) if found.standing[name] != "missing" or found.components[k].any()]
    names = [text.phrase(name) for name in ("mean", "customers")]
    legend_above(
        ax,
        text,
        [handles[k] for k in drawn] + handles[-2:],
        [text.phrase(COMPONENTS[k]) for k in drawn] + names,
        [COMPONENTS[k].upper() for k in drawn] + names,
    )
    return ax


def _cohorts(found: CustomerValues, orders: Orders, period: Period) -> Cohorts:
    people = nw.from_native(orders.customers())
    table = people.collect() if isinstance(people, nw.LazyFrame) else people
    day = table["first_order"].to_numpy().astype("datetime64[D]").astype(np.int64)
    of_customer = dict(zip(table["customer_id"].to_list(), period_of_day(day, period).tolist(), strict=True))
    number = np.array([of_customer[name] for name in found.customers], np.int64)
    first = int(number.min())
    n = int(number.max()) - first + 1
    if n > MOST_CLASSES:
        must = f"a longer one, for first orders lie in {n:,} periods and at most {MOST_CLASSES:,} are drawn"
        raise ParameterError.must_be(_PLOT, "period", must, period)
    code = number - first
    means = np.stack([group_means(code, part, n) for part in found.components])
    return Cohorts(first, np.bincount(code, minlength=n).astype(np.int64), means)


def _draw_components(ax: Axes, cohorts: Cohorts, position: FloatArray) -> list[Any]:
    """Bars upon each other above 0, and under each other below."""
    means = np.nan_to_num(cohorts.means)
    bars: list[Any] = list(stack_bars(ax, means, colours=_COLOURS, places=position, width=_BAR))
    above, below = np.maximum(means, 0.0).sum(axis=0), np.minimum(means, 0.0).sum(axis=0)
    # The edges of bars of no height would stick to the end of the axis.
    room = _ROOM * max(float(above.max() - below.min()), 1e-9)
    ax.set_ylim(below.min() - (room if below.any() else 0.0), above.max() + room)
    return bars


def _doubts(ax: Axes, found: CustomerValues, text: Lettering) -> list[str]:
    """Hatch the components that the data do not tell apart, and say which these are."""
    said = []
    for standing in ("gross", "missing"):
        of_it = [k for k, name in enumerate(COMPONENTS) if found.standing[name] == standing]
        for k in of_it:
            for bar in ax.containers[k]:
                bar.set(hatch=_HATCH, edgecolor="white", linewidth=0)
        if of_it:
            which = ", ".join(COMPONENTS[k].upper() for k in of_it)
            said.append(text.phrase("left_out", note=text.phrase(standing).capitalize(), which=which))
    return said


def _put_periods(ax: Axes, cohorts: Cohorts, period: Period) -> None:
    """Name as many periods as there is room for."""
    n = len(cohorts.n_customers)
    least = n / max(1.0, ax.bbox.width / ax.figure.dpi / _INCHES_PER_TICK)
    step = next((step for step in _STEPS[period] if step >= least), n)
    ticks = np.arange(0, n, step)
    ax.set_xticks(ticks, [period_name(cohorts.first + int(tick), period, is_dated=True) for tick in ticks])
