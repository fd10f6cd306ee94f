"""Colours, words and readings that the plots of lifecycle stages share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from crmmodels._typing import FloatArray, IntArray, Period
from crmmodels.kernels.orders.periods import first_day_of_period
from crmmodels.models.lifecycle.model import LifecycleModel
from crmmodels.models.lifecycle.record import STAGES, LifecycleFit
from crmmodels.plotting.drawing.arguments import fitted_record
from crmmodels.plotting.drawing.axis_marks import legend_above, put_dates, whole_ticks
from crmmodels.plotting.drawing.lettering import Lettering, Phrases

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STAGE_COLOURS: Final = ("#F0E442", "#56B4E9", "#0072B2", "#D55E00")
"""Of exploration, build-up, stable and decline in every plot: Okabe & Ito (2008), told apart by the colour-blind."""

_SHARED: Final[Phrases] = {"en": {"period": "Period"}, "zh": {"period": "周期"}}


def with_periods(own: Phrases) -> Phrases:
    """Phrases of one plot beside the word for a numbered period."""
    return {language: {**_SHARED[language], **phrases} for language, phrases in own.items()}


def fitted_lifecycle(plot: str, model: LifecycleModel) -> LifecycleFit:
    """Return the fitted record, or refuse what is no fitted lifecycle model."""
    return fitted_record(plot, model, LifecycleModel, "a fitted LifecycleModel")


def places_of(period: IntArray, kind: Period, *, is_dated: bool) -> FloatArray:
    """Where periods, shape (n,), lie on an axis: days since 1970-01-01 of their first days, or their numbers."""
    return (first_day_of_period(period, kind) if is_dated else period).astype(np.float64)


def put_periods(ax: Axes, low: float, high: float, *, is_dated: bool) -> None:
    """Write dates or numbers of periods along the x axis, which goes from ``low`` to ``high``."""
    if is_dated:
        put_dates(ax, np.array([low, high]).astype("datetime64[D]"))
    else:
        whole_ticks(ax.xaxis)
    ax.set_xlim(low, high)


def name_stages(ax: Axes, text: Lettering, handles: list[Any], names: tuple[str, ...] = ()) -> None:
    """Put a legend of the stages, and of what else is drawn, above axes that have their title."""
    labels = [label.replace("\n", " ") for label in text.labels[: len(STAGES)]]
    legend_above(ax, text, handles, [*labels, *names])
