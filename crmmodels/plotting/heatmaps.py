"""Heat maps: customers or money by R and F score, and moves from segment to segment."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from crmmodels._typing import AnyArray
from crmmodels.base import Inside
from crmmodels.exceptions import DataError, ParameterError
from crmmodels.kernels.arrays.grouping import group_shares
from crmmodels.models.migration import Migration
from crmmodels.models.rfm.model import RFMModel
from crmmodels.plotting.drawing.arguments import check_choice, fitted_record
from crmmodels.plotting.drawing.figure import axes_of_size, percent, require_matplotlib
from crmmodels.plotting.drawing.heatmap import draw_heatmap, size_of_cells
from crmmodels.plotting.drawing.lettering import Phrases, language_of, language_of_texts, write_in_fonts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_NUMBERED: Final = 10
"""Rows and columns of R and F scores up to which numbers in the cells can be read."""
_MOST_MOVES: Final = 16
"""Segments up to which they can in a table of moves, which is drawn larger."""
_MOST_TICKS: Final = 20

_SCORES: Final[Phrases] = {
    "en": {
        "customers": "Number of customers",
        "spend": "Share of spend",
        "r": "R score ({n} = most recent)",
        "f": "F score ({n} = most orders)",
    },
    "zh": {"customers": "客户数", "spend": "消费金额占比", "r": "R 分（{n} = 最近购买）", "f": "F 分（{n} = 购买最多）"},
}
_MOVES: Final[Phrases] = {
    "en": {
        "shares": "Share of the customers of each row",
        "counts": "Number of customers",
        "before": "Segment before",
        "after": "Segment after",
    },
    "zh": {"shares": "占期初各群客户的比例", "counts": "客户数", "before": "期初客群", "after": "期末客群"},
}


def plot_rf_heatmap(
    model: RFMModel, data: Any, *, measure: Literal["customers", "spend"] = "customers", ax: Axes | None = None
) -> Axes:
    """Draw how many customers have each R and F score, or how much of the spend they make.

    It shows where the customer base sits between recent and frequent. Up to ten scores the numbers stand in the cells.

    Parameters
    ----------
    model : RFMModel
        A fitted model.
    data : dataframe or Orders
        The customers to draw; they need not be those of the fit.
    measure : {"customers", "spend"}, default "customers"
        Number of customers, or share of the total spend.
    ax : matplotlib Axes, optional
        Axes to draw into; a new figure if None.

    Returns
    -------
    matplotlib Axes
        The axes drawn into. The image's first row is R score 1, its first column F score 1.

    Raises
    ------
    ParameterError
        If ``measure`` is unknown, or ``model`` is not an RFMModel.
    NotFittedError
        If the model is not fitted.
    DataError
        If the table cannot be used, or the spend does not add up to more than 0.
    MissingDependencyError
        If matplotlib is not installed.

    Warns
    -----
    MissingGlyphWarning
        If no installed font has Chinese characters and the model's labels are Chinese; English is drawn instead.

    References
    ----------
    Hughes, A. M. (1994). Strategic Database Marketing. Probus, Chicago.

    Examples
    --------
    >>> import crmmodels as crm
    >>> from crmmodels import plotting
    >>> customers = crm.RFMModel.example(n_customers=200, seed=1)
    >>> ax = plotting.plot_rf_heatmap(crm.RFMModel().fit(customers), customers)
    >>> int(ax.images[0].get_array().sum())
    200
    """
    plot = "plot_rf_heatmap"
    check_choice(plot, "measure", ("customers", "spend"), measure)
    values = _by_scores(plot, model, data, measure)
    require_matplotlib(plot)
    text = write_in_fonts(plot, language_of(model), _SCORES)
    n = model.n_bins
    ax = axes_of_size(ax, **size_of_cells(n, around=0.5))
    ticks = np.arange(1, n + 1) if n <= _MOST_TICKS else np.arange(10, n + 1, 10)
    ax.set_xticks(ticks)
    ax.set_yticks(ticks)
    ax.set_xlabel(text.phrase("f", n=n), **text.style)
    ax.set_ylabel(text.phrase("r", n=n), **text.style)
    ax.set_title(text.phrase(measure), **text.style)
    written = percent if measure == "spend" else _whole
    _draw(ax, values, written, numbered=n <= _MOST_NUMBERED, upwards=True)
    return ax


def plot_migration(migration: Migration, *, values: Literal["shares", "counts"] = "shares", ax: Axes | None = None) -> Axes:
    """Draw who moved from which segment to which between two dates.

    Customers on the diagonal stayed; to the right of it they rose, to the left they fell.

    Parameters
    ----------
    migration : Migration
        What ``model.migration(before, after)`` returns.
    values : {"shares", "counts"}, default "shares"
        Share of the customers of each segment before, or number of customers. A segment that had none has no shares.
    ax : matplotlib Axes, optional
        Axes to draw into; a new figure if None.

    Returns
    -------
    matplotlib Axes
        The axes drawn into: the segment before downwards, the segment after to the right, worst first.

    Raises
    ------
    ParameterError
        If ``values`` is unknown, or ``migration`` is not a Migration.
    MissingDependencyError
        If matplotlib is not installed.

    Warns
    -----
    MissingGlyphWarning
        If no installed font has the characters of the labels; they are numbered instead.

    Examples
    --------
    >>> import crmmodels as crm
    >>> from crmmodels import plotting
    >>> before, after = crm.RFMModel.example(n_customers=200, seed=1), crm.RFMModel.example(n_customers=200, seed=2)
    >>> ax = plotting.plot_migration(crm.RFMModel().migration(before, after), values="counts")
    >>> int(ax.images[0].get_array().sum())
    200
    """
    plot = "plot_migration"
    check_choice(plot, "values", ("shares", "counts"), values)
    if not isinstance(migration, Migration):
        raise ParameterError.must_be(plot, "migration", "a Migration, as model.migration returns it", type(migration))
    require_matplotlib(plot)
    labels = [str(label) for label in migration.counts.index]
    text = write_in_fonts(plot, language_of_texts(labels), _MOVES, labels=labels)
    n = len(labels)
    ax = axes_of_size(ax, **size_of_cells(n, around=0.5 + text.label_width()))
    ticks = np.arange(1, n + 1)
    ax.set_yticks(ticks, text.labels, **text.style)
    turned: dict[str, Any] = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    if text.most_lines() > 1:
        turned = {"rotation": 90}
    ax.set_xticks(ticks, text.labels, **turned, **text.style)
    ax.set_ylabel(text.phrase("before"), **text.style)
    ax.set_xlabel(text.phrase("after"), **text.style)
    ax.set_title(text.phrase(values), **text.style)
    frame, written = (migration.shares, percent) if values == "shares" else (migration.counts, _whole)
    _draw(ax, frame.to_numpy(dtype=np.float64), written, numbered=n <= _MOST_MOVES)
    return ax


def _draw(ax: Axes, values: AnyArray, written: Callable[[float], str], *, numbered: bool, upwards: bool = False) -> None:
    """Draw n × n cells at 1, 2, …."""
    place, gap = np.arange(1, len(values) + 1), 1.5 if numbered else 0.3
    draw_heatmap(ax, values, x=place, y=place, written=written, numbered=numbered, gap=gap, upwards=upwards)


def _by_scores(plot: str, model: RFMModel, data: Any, measure: str) -> AnyArray:
    """Customers or share of the spend by R score (rows) and F score (columns)."""
    fitted_record(plot, model, RFMModel, "a fitted RFMModel")
    inside = Inside(model)
    _, table = inside.read(data)
    scores = inside.score(table)
    n = model.n_bins
    cell = (scores["r_score"] - 1) * n + scores["f_score"] - 1
    if measure == "customers":
        return np.bincount(cell, minlength=n * n).reshape(n, n)
    shares = group_shares(cell, table["spend"], n * n)
    if np.isnan(shares).any():
        total = float(table["spend"].sum())
        raise DataError(plot, [f"column 'spend' adds up to {total:g}, so that cells have no shares of it"])
    return shares.reshape(n, n)


def _whole(number: float) -> str:
    return f"{number:,.0f}"
