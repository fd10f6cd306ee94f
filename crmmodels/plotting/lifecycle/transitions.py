"""How probable each stage is a period after each stage, and how long customers stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from crmmodels.kernels.hmm.structure import lifecycle_structure
from crmmodels.models.lifecycle.model import LifecycleModel
from crmmodels.models.lifecycle.record import STAGES
from crmmodels.plotting.drawing.axis_marks import short, write_words
from crmmodels.plotting.drawing.figure import axes_of_size, percent, require_matplotlib
from crmmodels.plotting.drawing.heatmap import draw_heatmap
from crmmodels.plotting.drawing.lettering import Phrases, language_of, write_in_fonts
from crmmodels.plotting.drawing.names import name_columns
from crmmodels.plotting.lifecycle.shared import STAGE_COLOURS, fitted_lifecycle

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PLOT: Final = "plot_transition_matrix"
_STRIP: Final = 0.09
"""Width of the colours beside the cells, over that of a cell."""
_ROOM_FOR_NAMES: Final = 0.95
"""Share of the width of a cell that the name of its column may take."""
_PHRASES: Final[Phrases] = {
    "en": {
        "title": "Probability of the stage a period later",
        "now": "Stage, and mean number of periods in it",
        "next": "Stage a period later",
        "row": "{stage}\n{dwell}",
    },
    "zh": {
        "title": "下一周期处于各阶段的概率",
        "now": "当前阶段及平均停留周期数",
        "next": "下一周期的阶段",
        "row": "{stage}\n{dwell}",
    },
}


def plot_transition_matrix(model: LifecycleModel, *, ax: Axes | None = None) -> Axes:
    """Draw the probability of each stage a period after each stage, and the mean time in it.

    It shows which way customers go and where they stay. Moves that the lifecycle does not have show a dash.

    Parameters
    ----------
    model : LifecycleModel
        A fitted model.
    ax : matplotlib Axes, optional
        Axes to draw into; a new figure if None.

    Returns
    -------
    matplotlib Axes
        The axes drawn into: the stage now downwards, with the mean number of consecutive periods in it, and the stage a period later to the
        right, both in the order of the lifecycle. The figures are those of ``model.transition_matrix()`` and ``model.dwell_times()``.

    Raises
    ------
    ParameterError
        If ``model`` is no LifecycleModel.
    NotFittedError
        If the model is not fitted.
    MissingDependencyError
        If matplotlib is not installed.

    Warns
    -----
    MissingGlyphWarning
        If no installed font has the characters of the model's labels; English is drawn instead.

    Examples
    --------
    >>> import crmmodels as crm
    >>> model = crm.LifecycleModel(n_starts=1).fit(crm.LifecycleModel.example(n_customers=300, seed=1))
    >>> ax = crm.plotting.plot_transition_matrix(model)
    >>> ax.get_title(), ax.images[0].get_array().shape
    ('Probability of the stage a period later', (4, 4))
    """
    moves = fitted_lifecycle(_PLOT, model).parameters.moves
    dwell = model.dwell_times().tolist()
    possible = lifecycle_structure(recovery=model.recovery).allowed
    require_matplotlib(_PLOT)
    text = write_in_fonts(_PLOT, language_of(model), _PHRASES, labels=model.stage_labels(), english=STAGES)
    ax = axes_of_size(ax, 4.6 + text.label_width(), 4.4)
    ticks = np.arange(1, len(STAGE_COLOURS) + 1)
    shown = ["\N{INFINITY}" if np.isinf(time) else short(round(time, 1)) for time in dwell]
    rows = [text.phrase("row", stage=stage, dwell=time) for stage, time in zip(text.labels, shown, strict=True)]
    ax.set_yticks(ticks, rows, **text.style)
    name_columns(ax, text.labels, text.style, first=1.0, room=_ROOM_FOR_NAMES, angle=35.0)
    write_words(ax, text, title=text.phrase("title"), x=text.phrase("next"), y=text.phrase("now"), legend=False)
    draw_heatmap(ax, np.where(possible, moves, np.nan), x=ticks, y=ticks, written=percent)
    _draw_strips(ax)
    return ax


def _draw_strips(ax: Axes) -> None:
    """Colours of the stages along the rows and columns."""
    from matplotlib.patches import Rectangle  # noqa: PLC0415  (optional package)

    n = len(STAGE_COLOURS)
    for k, colour in enumerate(STAGE_COLOURS):
        low = k + 0.53
        for corner, width, height in (((0.5 - _STRIP, low), _STRIP, 0.94), ((low, n + 0.5), 0.94, _STRIP)):
            ax.add_patch(Rectangle(corner, width, height, facecolor=colour, linewidth=0, clip_on=False))
    ax.tick_params(which="major", pad=10)
