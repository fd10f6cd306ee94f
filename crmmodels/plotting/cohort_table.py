"""The retention of cohorts as a heat map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import narwhals as nw
import numpy as np

from crmmodels._typing import AnyArray, FloatArray, IntArray, Language
from crmmodels.data.tables.frames import KINDS, any_frame
from crmmodels.engines.engine import engine_of
from crmmodels.exceptions import DataError, missing_columns
from crmmodels.plotting.drawing.arguments import check_choice
from crmmodels.plotting.drawing.figure import axes_of_size, require_matplotlib, tick_percent
from crmmodels.plotting.drawing.heatmap import draw_heatmap
from crmmodels.plotting.drawing.lettering import Phrases, write_in_fonts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PLOT: Final = "plot_cohort_table"
_COLUMNS: Final = ("cohort", "age", "value", "n")
_MOST_NUMBERED: Final = 24
"""Cohorts or ages up to which numbers in the cells can be read."""
_MOST_TICKS: Final = 24
_PHRASES: Final[Phrases] = {
    "en": {
        "title": "Customers of each cohort who order again, %",
        "x": "Periods since the period of the first order",
        "y": "First order (customers)",
    },
    "zh": {"title": "各批客户的复购比例（%）", "x": "距首次购买的周期数", "y": "首次购买（客户数）"},
}


@dataclass(frozen=True, slots=True, eq=False)
class _Triangle:
    """Retention by cohort (rows) and age from 1 (columns); NaN where it is not over."""

    shares: FloatArray
    age: IntArray
    cohort: AnyArray
    n: IntArray


def plot_cohort_table(table: Any, *, language: Language = "en", ax: Axes | None = None) -> Axes:
    """Draw what share of each cohort orders so many periods after its first order.

    Read it along a row for how a cohort thins out, down a column for whether later cohorts stay as well as earlier ones, and
    along the diagonals for calendar periods that were good or bad for all. Age 0, which is 100 % by definition, is not drawn.

    Parameters
    ----------
    table : dataframe
        What `crmmodels.metrics.cohort_table` returns, of any kind.
    language : {"en", "zh"}, default "en"
        Language of the axes.
    ax : matplotlib Axes, optional
        Axes to draw into; a new figure if None.

    Returns
    -------
    matplotlib Axes
        The axes drawn into: a row per cohort that is older than 0, the first at the top, and a column per age. Up to 24 of either, the shares stand
        in the cells in per cent.

    Raises
    ------
    DataError
        If this is no such table, or holds no age above 0.
    ParameterError
        If the language is unknown.
    MissingDependencyError
        If matplotlib is not installed.

    Warns
    -----
    MissingGlyphWarning
        If no installed font has Chinese characters and the language is Chinese; English is drawn instead.

    Examples
    --------
    >>> import crmmodels as crm
    >>> log = crm.datasets.load_cdnow()
    >>> orders = crm.Orders(log, customer="customer_id", time="date", amount="spend")
    >>> ax = crm.plotting.plot_cohort_table(crm.metrics.cohort_table(orders, as_of="1998-06-30"))
    >>> ax.images[0].get_array().shape
    (3, 17)
    """
    check_choice(_PLOT, "language", ("en", "zh"), language)
    triangle = _read(table)
    require_matplotlib(_PLOT)
    text = write_in_fonts(_PLOT, language, _PHRASES)
    n_rows, n_columns = triangle.shares.shape
    numbered = max(n_rows, n_columns) <= _MOST_NUMBERED
    width, height = float(np.clip(0.42 * n_columns, 4.0, 11.0)), float(np.clip(0.38 * n_rows, 1.8, 8.0))
    ax = axes_of_size(ax, width + 2.2, height + 1.3)
    across, down = (np.arange(0, n, 1 + (n - 1) // _MOST_TICKS) for n in (n_columns, n_rows))
    ax.set_xticks(triangle.age[across])
    rows = [f"{triangle.cohort[row]} ({triangle.n[row]:,})" for row in down]
    ax.set_yticks(down + 1, rows, **text.style)
    ax.set_xlabel(text.phrase("x"), **text.style)
    ax.set_ylabel(text.phrase("y"), **text.style)
    ax.set_title(text.phrase("title"), **text.style)
    _draw(ax, triangle, numbered=numbered)
    return ax


def _draw(ax: Axes, triangle: _Triangle, *, numbered: bool) -> None:
    shares, age = triangle.shares, triangle.age
    written, gap = (_written, 1.2) if numbered else (tick_percent, 0.3)
    row = np.arange(1, len(shares) + 1)
    draw_heatmap(ax, shares, x=age, y=row, written=written, numbered=numbered, missing="", gap=gap)


def _written(share: float) -> str:
    """Per cent without the sign, which would fill the cells; a decimal where the number is small."""
    per_cent = 100.0 * share
    return f"{per_cent:.0f}" if per_cent == 0 or round(per_cent, 1) >= 10 else f"{per_cent:.1f}"


def _read(table: Any) -> _Triangle:
    with engine_of(table).locked():
        opened = any_frame(table)
        frame = opened.collect() if isinstance(opened, nw.LazyFrame) else opened
    if frame is None:
        raise DataError(_PLOT, [f"expected what metrics.cohort_table returns ({KINDS}); got {type(table).__name__}"])
    if absent := [name for name in _COLUMNS if name not in frame.columns]:
        raise DataError(_PLOT, [missing_columns(absent, frame.columns)])
    ages = frame["age"].to_numpy().astype(np.int64)
    later = ages > 0
    if not later.any():
        raise DataError(_PLOT, ["it has no age above 0; take a log in which more periods are over"])
    day, ages = frame["cohort"].to_numpy().astype("datetime64[D]")[later], ages[later]
    cohort, row = np.unique(day, return_inverse=True)
    n = np.zeros(len(cohort), np.int64)
    n[row] = frame["n"].to_numpy()[later]
    age = np.arange(1, ages.max() + 1)
    shares = np.full((len(cohort), len(age)), np.nan)
    shares[row, ages - 1] = frame["value"].to_numpy()[later]
    is_monthly = bool((cohort == cohort.astype("datetime64[M]")).all()) and len(cohort) > 1
    return _Triangle(shares, age, cohort.astype("datetime64[M]") if is_monthly else cohort, n)
