"""Colours, words and readings that the plots of lifecycle stages share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from crmmodels._typing import FloatArray, IntArray, Period
from crmmodels.data.panel import shown_period
from crmmodels.exceptions import ParameterError
from crmmodels.kernels.orders.periods import first_day_of_period
from crmmodels.models.lifecycle.model import LifecycleModel
from crmmodels.models.lifecycle.record import STAGES, LifecycleFit
from crmmodels.plotting.drawing.lettering import Lettering, Phrases
from crmmodels.plotting.purchase.shared import put_dates, whole_ticks
from crmmodels.plotting.value.shared import legend_above

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STAGE_COLOURS: Final = ("#F0E442", "#56B4E9", "#0072B2", "#D55E00")
"""Of exploration, build-up, stable and decline in every plot: Okabe & Ito (2008), told apart by the colour-blind."""

_SHARED: Final[Phrases] = {"en": {"period": "Period"}, "zh": {"period": "周期"}}


def with_periods(own: Phrases) -> Phrases:
    """Phrases of one plot beside the word for a numbered period."""
    return {language: {**_SHARED[language], **phrases} for language, phrases in own.items()}


def fitted_lifecycle(plot: str, model: LifecycleModel) -> LifecycleFit:
    """Return the fitted record, or refuse what is no fitted lifecycle model.

    Parameters
    ----------
    plot : str
        The plotting function, for the error.
    model : LifecycleModel
        What the caller gave.

    Returns
    -------
    LifecycleFit
        The record.

    Raises
    ------
    ParameterError
        If this is no LifecycleModel.
    NotFittedError
        If it is not fitted.
    """
    if not isinstance(model, LifecycleModel):
        raise ParameterError.must_be(plot, "model", "a fitted LifecycleModel", type(model))
    return model._fitted_for(plot)  # noqa: SLF001  (the same package: the refusal names this function)


def places_of(period: IntArray, kind: Period, *, is_dated: bool) -> FloatArray:
    """Where periods lie on an axis.

    Parameters
    ----------
    period : ndarray of int64, shape (n,)
        Numbers of periods.
    kind : {"D", "W", "M", "Q", "Y"}
        What they are, where they are calendar periods.
    is_dated : bool
        Whether they are.

    Returns
    -------
    ndarray of float64, shape (n,)
        Days since 1970-01-01 of their first days, or the numbers.
    """
    return (first_day_of_period(period, kind) if is_dated else period).astype(np.float64)


def put_periods(ax: Axes, low: float, high: float, *, is_dated: bool) -> None:
    """Write dates or numbers of periods along the x axis, which goes from ``low`` to ``high``."""
    if is_dated:
        put_dates(ax, np.array([low, high]).astype("datetime64[D]"))
    else:
        whole_ticks(ax.xaxis)
    ax.set_xlim(low, high)


def period_name(number: int, kind: Period, *, is_dated: bool) -> str:
    """Name of a period, such as "2026-01" for a month or "2026 Q1", or its number."""
    shown = shown_period(number, kind, is_dated=is_dated)
    if not is_dated:
        return shown
    year, month, _ = shown.split("-")
    return {"M": f"{year}-{month}", "Q": f"{year} Q{(int(month) + 2) // 3}", "Y": year}.get(kind, shown)


def name_stages(ax: Axes, text: Lettering, handles: list[Any], names: tuple[str, ...] = ()) -> None:
    """Put a legend of the stages, and of what else is drawn, above axes that have their title."""
    labels = [label.replace("\n", " ") for label in text.labels[: len(STAGES)]]
    legend_above(ax, text, handles, [*labels, *names])
