"""Colours, words and bars that the plots of the purchase models share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from crmmodels._typing import AnyArray, FloatArray
from crmmodels.exceptions import ParameterError
from crmmodels.models.parametric.record import ParametricFit
from crmmodels.models.purchase.model import PurchaseModel
from crmmodels.parameters import is_whole
from crmmodels.plotting.drawing.figure import BLUE, ORANGE, settle
from crmmodels.plotting.drawing.fonts import display_width
from crmmodels.plotting.drawing.lettering import Lettering, Phrases, in_columns

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ACTUAL: Final = BLUE
EXPECTED: Final = ORANGE
"""What customers did, and what a model says of them, in every plot of purchases."""

MOST_CLASSES: Final = 1_000
_BAR: Final = 0.4
_MOST_TICKS: Final = 16
_INCHES_PER_CLASS: Final = 0.28
_OVERHANG: Final = 1.1
"""Length of words, over that of the axes that they stand at, from which on they are broken into lines."""
_NARROWEST: Final = 14
"""Fewest columns of a line."""
_INCHES_PER_DATE: Final = 0.95
_FEWEST_DAYS: Final = 4.0
_MARGIN: Final = 0.03
_DAYS: Final = (1, 2, 5, 10)
_MONTHS: Final = (1, 2, 3, 6)
_YEARS: Final = (1, 2, 5, 10, 20, 50, 100, 500)
"""Steps from date to date."""

_SHARED: Final[Phrases] = {
    "en": {
        "actual": "actual",
        "expected": "expected",
        "D": "days",
        "W": "weeks",
        "M": "months",
        "Q": "quarters",
        "Y": "years",
        "opportunities": "opportunities",
    },
    "zh": {
        "actual": "实际",
        "expected": "预期",
        "D": "天",
        "W": "周",
        "M": "个月",
        "Q": "个季度",
        "Y": "年",
        "opportunities": "次机会",
    },
}
_ONE: Final = {
    "days": "day",
    "weeks": "week",
    "months": "month",
    "quarters": "quarter",
    "years": "year",
    "opportunities": "opportunity",
}


def with_shared(own: Phrases) -> Phrases:
    """Phrases of one plot beside those of all: actual, expected and the units of time."""
    return {language: {**_SHARED[language], **phrases} for language, phrases in own.items()}


def fitted_model(plot: str, model: PurchaseModel[Any]) -> ParametricFit[Any]:
    """Return the fitted record, or refuse what is no fitted purchase model.

    Parameters
    ----------
    plot : str
        The plotting function, for the error.
    model : PurchaseModel
        What the caller gave.

    Returns
    -------
    ParametricFit
        The record.

    Raises
    ------
    ParameterError
        If this is no purchase model.
    NotFittedError
        If it is not fitted.
    """
    if not isinstance(model, PurchaseModel):
        raise ParameterError.must_be(plot, "model", "a fitted purchase model, such as BetaGeoModel", type(model))
    return model._fitted_for(plot)  # noqa: SLF001  (the same package: the refusal names this function)


def check_most(plot: str, most: object) -> None:
    """Raise ParameterError for a largest frequency that cannot be drawn."""
    if not is_whole(most) or not 1 <= most <= MOST_CLASSES:
        raise ParameterError.must_be(plot, "most", f"a whole number from 1 to {MOST_CLASSES:,}", most)


def unit_name(model: PurchaseModel[Any], text: Lettering) -> str:
    """Name of a model's unit of time, in the plural."""
    return text.phrases["opportunities" if model.process.is_discrete else model.unit]


def duration(model: PurchaseModel[Any], text: Lettering, time: float) -> str:
    """A length of time with its unit, such as "39 weeks" or "1 day"."""
    unit = unit_name(model, text)
    return f"{short(time)} {_ONE.get(unit, unit) if time == 1 else unit}"


def per_duration(model: PurchaseModel[Any], text: Lettering, time: float) -> str:
    """A length of time as it stands after "per": "week", "26 weeks"."""
    unit = unit_name(model, text)
    return _ONE.get(unit, unit) if time == 1 else duration(model, text, time)


def short(number: float) -> str:
    """A number with no more digits than a title needs."""
    return f"{number:,.4g}" if abs(number) < 1_000 else f"{number:,.0f}"


def classes_up_to(most: int) -> Sequence[str]:
    """Names of the classes 0, 1, … of a number, the last for all from ``most`` on."""
    return [*map(str, range(most)), f"{most}+"]


def draw_bars(ax: Axes, classes: Sequence[str], series: Sequence[tuple[FloatArray, str, str]]) -> None:
    """Draw bars side by side for each class.

    Parameters
    ----------
    ax : matplotlib Axes
        Where to draw.
    classes : sequence of str
        Names of the classes; of many, some are written, the last always.
    series : sequence of (ndarray, str, str)
        Height in each class, NaN for none; colour; name.
    """
    position = np.arange(len(classes), dtype=np.float64)
    width = 2.0 * _BAR / len(series)
    for k, (height, colour, name) in enumerate(series):
        ax.bar(position + (k - (len(series) - 1) / 2.0) * width, height, width, color=colour, label=name)
    most = int(np.clip(ax.bbox.width / ax.figure.dpi / _INCHES_PER_CLASS, 2, _MOST_TICKS))
    step = -(-len(classes) // most)
    written = [*range(0, len(classes) - step, step), len(classes) - 1]
    ax.set_xticks(position[written], [classes[k] for k in written])
    ax.set_xlim(-0.6, len(classes) - 0.4)
    ax.tick_params(axis="x", length=0)
    start_at_zero(ax)


def start_at_zero(ax: Axes) -> None:
    """Let the y axis, of counts or probabilities, begin at 0, with some room above what is drawn."""
    highest = ax.dataLim.y1
    ax.set_ylim(0.0, 1.05 * highest if np.isfinite(highest) and highest > 0 else 1.0)


def whole_ticks(axis: Any) -> None:
    """Put the ticks of an axis at whole numbers."""
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415  (optional package)

    axis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))


def put_dates(ax: Axes, drawn: AnyArray) -> None:
    """Write dates along the x axis in numbers, as many as there is room for.

    Parameters
    ----------
    ax : matplotlib Axes
        Axes with everything drawn.
    drawn : ndarray of datetime64
        The dates drawn, ascending.
    """
    from matplotlib.dates import (  # noqa: PLC0415  (optional package)
        DateFormatter,
        DayLocator,
        MonthLocator,
        YearLocator,
        date2num,
    )

    first, last = date2num(drawn[[0, -1]])  # type: ignore[no-untyped-call]
    margin = max(_MARGIN * (last - first), (_FEWEST_DAYS - (last - first)) / 2.0)
    first, last = first - margin, last + margin
    ax.set_xlim(first, last)
    # matplotlib's own choice warns where it finds none for few ticks, and names months in the language of the machine.
    step = (last - first) / max(2.0, ax.bbox.width / ax.figure.dpi / _INCHES_PER_DATE)
    days = next((n for n in _DAYS if n >= 1.2 * step), None)
    months = next((n for n in _MONTHS if n * 30 >= step), None)
    years = next((n for n in _YEARS if n * 365 >= step), _YEARS[-1])
    locator: Any
    if days is not None:
        locator, form = DayLocator(interval=days), "%Y-%m-%d"  # type: ignore[no-untyped-call]
    elif months is not None:
        locator, form = MonthLocator(bymonth=range(1, 13, months)), "%Y-%m"  # type: ignore[no-untyped-call]
    else:
        locator, form = YearLocator(years), "%Y"  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(DateFormatter(form))  # type: ignore[no-untyped-call]


def write_words(ax: Axes, text: Lettering, *, title: str, x: str, y: str, legend: bool = True) -> None:
    """Write title and axis labels, broken into lines where they are longer than the axes, and the legend.

    Parameters
    ----------
    ax : matplotlib Axes
        Axes with everything drawn and named.
    text : Lettering
        Fonts.
    title, x, y : str
        The words; empty for none.
    legend : bool
        Whether there is a legend. It stands between the title and the axes, where it covers nothing.
    """
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_xlabel(x, **text.style)
    ax.set_ylabel(y, **text.style)
    ax.set_title(title, **text.style)
    settle(ax)
    width, height = ax.bbox.width, ax.bbox.height
    for words, room in ((ax.xaxis.label, width), (ax.title, width), (ax.yaxis.label, height)):
        extent = words.get_window_extent()
        _break_lines(words, (extent.height if words is ax.yaxis.label else extent.width) / room)
    if not legend:
        return
    n = len(ax.get_legend_handles_labels()[1])
    box = _legend(ax, text, n)
    if box.get_window_extent().width > width:
        box = _legend(ax, text, 1)
    ax.set_title(ax.get_title(), pad=box.get_window_extent().height / ax.figure.dpi * 72.0 + 4.0, **text.style)


def _legend(ax: Axes, text: Lettering, n_columns: int) -> Any:
    legend = ax.legend(
        loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=n_columns, fontsize="small", frameon=False, borderaxespad=0.2
    )
    for entry in legend.get_texts():
        entry.set(**text.style)
    return legend


def _break_lines(words: Any, filled: float) -> None:
    """Break words that take more room than there is, given how much of it they take."""
    if filled > _OVERHANG:
        lines = words.get_text().split("\n")
        columns = max(_NARROWEST, int(_OVERHANG / filled * max(map(display_width, lines))))
        words.set_text("\n".join(in_columns(line, columns) for line in lines))
