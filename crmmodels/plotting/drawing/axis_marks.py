"""Marks along axes and the words around them: ticks, dates, titles and legends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from crmmodels._typing import AnyArray, Period
from crmmodels.data.panel import shown_period
from crmmodels.plotting.drawing.figure import settle
from crmmodels.plotting.drawing.fonts import display_width
from crmmodels.plotting.drawing.lettering import Lettering, in_columns

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_OVERHANG: Final = 1.1
"""Length of words, over that of the axes that they stand at, from which on they are broken into lines."""
_NARROWEST: Final = 14
"""Fewest columns of a line."""
_MOST_ROWS: Final = 3
"""Rows of a legend from which on its names are short."""
_INCHES_PER_DATE: Final = 0.95
_FEWEST_DAYS: Final = 4.0
_MARGIN: Final = 0.03
_DAYS: Final = (1, 2, 5, 10)
_MONTHS: Final = (1, 2, 3, 6)
_YEARS: Final = (1, 2, 5, 10, 20, 50, 100, 500)
"""Steps from date to date."""


def short(number: float) -> str:
    """A number with no more digits than a title needs."""
    return f"{number:,.4g}" if abs(number) < 1_000 else f"{number:,.0f}"


def period_name(number: int, kind: Period, *, is_dated: bool) -> str:
    """Name of a period, such as "2026-01" for a month or "2026 Q1", or its number."""
    shown = shown_period(number, kind, is_dated=is_dated)
    if not is_dated:
        return shown
    year, month, _ = shown.split("-")
    return {"M": f"{year}-{month}", "Q": f"{year} Q{(int(month) + 2) // 3}", "Y": year}.get(kind, shown)


def start_at_zero(ax: Axes) -> None:
    """Let the y axis, of counts or probabilities, begin at 0, with some room above what is drawn."""
    highest = ax.dataLim.y1
    ax.set_ylim(0.0, 1.05 * highest if np.isfinite(highest) and highest > 0 else 1.0)


def whole_ticks(axis: Any) -> None:
    """Put the ticks of an axis at whole numbers."""
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415  (optional package)

    axis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))


def put_dates(ax: Axes, drawn: AnyArray) -> None:
    """Write dates along the x axis in numbers, as many as there is room for; ``drawn`` are those drawn, ascending."""
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
    """Write title and axis labels, broken into lines where they are longer than the axes, and a legend of what has a name.

    Everything must be drawn. The legend stands between the title and the axes, where it covers nothing.
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
    if legend:
        legend_above(ax, text, *ax.get_legend_handles_labels(), gap=2.0)


def legend_above(
    ax: Axes,
    text: Lettering,
    handles: Sequence[Any],
    names: Sequence[str],
    short_names: Sequence[str] | None = None,
    *,
    gap: float = 1.2,
) -> None:
    """Put a legend between the title and the axes, in as many columns as there is room for.

    Everything must be drawn, and the axes have their title. Short names are those to write where the names take more than three
    rows; the gap between columns is in units of the size of the text.
    """
    settle(ax)
    columns = range(len(names), 0, -1)
    tries = [(names, n) for n in columns if short_names is None or n * _MOST_ROWS >= len(names)]
    for wording, n_columns in tries + ([] if short_names is None else [(short_names, n) for n in columns]):
        legend = ax.legend(
            handles,
            wording,
            loc="lower center",
            bbox_to_anchor=(0.5, 1.0),
            ncols=n_columns,
            fontsize="small",
            frameon=False,
            borderaxespad=0.2,
            columnspacing=gap,
        )
        for entry in legend.get_texts():
            entry.set(**text.style)
        box = legend.get_window_extent()
        if box.width <= ax.bbox.width:
            break
    ax.set_title(ax.get_title(), pad=box.height / ax.figure.dpi * 72.0 + 4.0, **text.style)


def _break_lines(words: Any, filled: float) -> None:
    """Break words that take more room than there is, given how much of it they take."""
    if filled > _OVERHANG:
        lines = words.get_text().split("\n")
        columns = max(_NARROWEST, int(_OVERHANG / filled * max(map(display_width, lines))))
        words.set_text("\n".join(in_columns(line, columns) for line in lines))
