"""How the shares of the stages of all customers change from period to period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from crmmodels._typing import FloatArray, IntArray
from crmmodels.base import Inside
from crmmodels.data.panel import Panel
from crmmodels.kernels.arrays.grouping import group_sums
from crmmodels.models.lifecycle.model import LifecycleModel
from crmmodels.models.lifecycle.record import STAGES, stage_paths
from crmmodels.plotting.drawing.arguments import check_choice
from crmmodels.plotting.drawing.axis_marks import write_words
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

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PLOT: Final = "plot_stage_shares"
_PHRASES: Final = with_periods(
    {
        "en": {"title": "Stages of {n} customers", "shares": "Share of customers", "counts": "Customers"},
        "zh": {"title": "{n} 位客户的阶段构成", "shares": "客户占比", "counts": "客户数"},
    }
)


@dataclass(frozen=True, slots=True, eq=False)
class StageCounts:
    """Numbers of the periods, shape (n_periods,), and the expected customers in each stage, shape (4, n_periods)."""

    period: IntArray
    expected: FloatArray


def plot_stage_shares(
    model: LifecycleModel, data: Any, *, values: Literal["shares", "counts"] = "shares", ax: Axes | None = None
) -> Axes:
    """Draw how many customers are in each stage, period by period.

    It shows whether a base matures or wears out. The probabilities of all customers who were there are added up, each given what
    was known in that period, so that customers whose stage is uncertain count a part in each. Labels, which `segment` gives, would count them
    whole, and those silent by their own clock as declining.

    Parameters
    ----------
    model : LifecycleModel
        A fitted model.
    data : dataframe or Orders
        The panel, or an order log; the customers need not be those of the fit.
    values : {"shares", "counts"}, default "shares"
        Share of the customers who were there, or their number, which grows as customers come.
    ax : matplotlib Axes, optional
        Axes to draw into; a new figure if None.

    Returns
    -------
    matplotlib Axes
        The axes drawn into. ``ax.collections`` are the areas of exploration, build-up, stable and decline, upon each other.

    Raises
    ------
    ParameterError
        If ``values`` is unknown, or ``model`` is no LifecycleModel.
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
    >>> ax = crm.plotting.plot_stage_shares(crm.LifecycleModel(n_starts=1).fit(panel), panel)
    >>> [entry.get_text() for entry in ax.get_legend().get_texts()]
    ['exploration', 'build-up', 'stable', 'decline']
    """
    check_choice(_PLOT, "values", ("shares", "counts"), values)
    fitted = fitted_lifecycle(_PLOT, model)
    _, panel = Inside(model).read(data)
    counts = stage_counts(panel, stage_paths(panel, fitted.parameters))
    require_matplotlib(_PLOT)
    text = write_in_fonts(_PLOT, language_of(model), _PHRASES, labels=model.stage_labels(), english=STAGES)
    ax = axes_of_size(ax, 7.6, 4.4)
    heights = counts.expected / counts.expected.sum(axis=0) if values == "shares" else counts.expected
    place = places_of(counts.period, model.period, is_dated=panel.is_dated)
    if len(place) == 1:
        place, heights = place[0] + np.array([-0.5, 0.5]), np.repeat(heights, 2, axis=1)
    areas = ax.stackplot(place, heights, colors=STAGE_COLOURS, edgecolor="white", linewidth=0.6)
    put_periods(ax, place[0], place[-1], is_dated=panel.is_dated)
    if values == "shares":
        percent_axis(ax.yaxis)
        ax.set_ylim(0.0, 1.0)
    else:
        ax.yaxis.set_major_formatter(lambda count, _: f"{count:,.0f}")
        ax.set_ylim(0.0, 1.03 * heights.sum(axis=0).max())
    title = text.phrase("title", n=f"{len(panel.length):,}")
    x = "" if panel.is_dated else text.phrase("period")
    write_words(ax, text, title=title, x=x, y=text.phrase(values), legend=False)
    name_stages(ax, text, areas)
    return ax


def stage_counts(panel: Panel, paths: FloatArray) -> StageCounts:
    """Add up stage probabilities, shape (n_rows, 4), by period in which anybody was there."""
    period, code = np.unique(panel.period, return_inverse=True)
    return StageCounts(period, np.stack([group_sums(code, column, len(period)) for column in paths.T]))
