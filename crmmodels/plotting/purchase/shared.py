"""Colours, words and bars that the plots of the purchase models share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from crmmodels._typing import FloatArray
from crmmodels.exceptions import ParameterError
from crmmodels.models.parametric.record import ParametricFit
from crmmodels.models.purchase.model import PurchaseModel
from crmmodels.parameters import is_whole
from crmmodels.plotting.drawing.arguments import MOST_CLASSES, fitted_record
from crmmodels.plotting.drawing.axis_marks import short, start_at_zero
from crmmodels.plotting.drawing.bars import draw_bars
from crmmodels.plotting.drawing.figure import BLUE, ORANGE
from crmmodels.plotting.drawing.lettering import Lettering, Phrases

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ACTUAL: Final = BLUE
EXPECTED: Final = ORANGE
"""What customers did, and what a model says of them, in every plot of purchases."""

_MOST_TICKS: Final = 16
_INCHES_PER_CLASS: Final = 0.28
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
    """Return the fitted record, or refuse what is no fitted purchase model."""
    return fitted_record(plot, model, PurchaseModel, "a fitted purchase model, such as BetaGeoModel")


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


def classes_up_to(most: int) -> Sequence[str]:
    """Names of the classes 0, 1, … of a number, the last for all from ``most`` on."""
    return [*map(str, range(most)), f"{most}+"]


def draw_classes(ax: Axes, classes: Sequence[str], series: Sequence[tuple[FloatArray, str, str]]) -> None:
    """Draw bars side by side for each class, of height (n_classes,), colour and name; of many classes some are named, the last always."""
    heights, colours, names = zip(*series, strict=True)
    draw_bars(ax, np.stack(heights), colours=colours, names=names)
    most = int(np.clip(ax.bbox.width / ax.figure.dpi / _INCHES_PER_CLASS, 2, _MOST_TICKS))
    step = -(-len(classes) // most)
    written = [*range(0, len(classes) - step, step), len(classes) - 1]
    ax.set_xticks(written, [classes[k] for k in written])
    ax.set_xlim(-0.6, len(classes) - 0.4)
    ax.tick_params(axis="x", length=0)
    start_at_zero(ax)
