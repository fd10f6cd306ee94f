"""Repeat orders over time, as they came and as a purchase model has them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from crmmodels.data.orders.bounded import log_of
from crmmodels.data.orders.orders import Orders
from crmmodels.data.tables.dates import as_date
from crmmodels.exceptions import ParameterError
from crmmodels.models.purchase.model import PurchaseModel
from crmmodels.models.purchase.tracking import track
from crmmodels.plotting.drawing.axis_marks import put_dates, start_at_zero, write_words
from crmmodels.plotting.drawing.curves import draw_curve
from crmmodels.plotting.drawing.figure import GREY, axes_of_size, require_matplotlib
from crmmodels.plotting.drawing.lettering import language_of, write_in_fonts
from crmmodels.plotting.purchase.shared import ACTUAL, EXPECTED, fitted_model, per_duration, with_shared

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PLOT: Final = "plot_tracking"
_FEW: Final = 30
"""Periods up to which each has a dot, so that a line of one point is seen, too."""

_PHRASES: Final = with_shared(
    {
        "en": {
            "one": "Repeat orders per {time}",
            "many": "Repeat orders per {time}",
            "cumulative": "Repeat orders since the first order",
            "x": "Last day of the period",
            "y": "Repeat orders",
            "split": "end of calibration",
        },
        "zh": {
            "one": "每{time}的复购次数",
            "many": "每 {time}的复购次数",
            "cumulative": "累计复购次数",
            "x": "各期最后一天",
            "y": "复购次数",
            "split": "校准期末",
        },
    }
)


def plot_tracking(
    model: PurchaseModel[Any],
    orders: Orders,
    periods: int,
    *,
    length: float = 1.0,
    cumulative: bool = False,
    split_at: str | dt.date | np.datetime64 | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw repeat orders period by period, expected and actual, from the first order of a log on.

    It shows whether the model follows the customers over time, beyond its calibration above all. The figures are those of
    ``model.tracking(orders, periods, length)``.

    Parameters
    ----------
    model : PurchaseModel
        A model fitted to the calibration.
    orders : Orders
        The log, calibration and holdout together, with the customers that are to be tracked.
    periods : int
        Periods to draw, the first of which begins on the day of the first order.
    length : float, default 1
        Length of a period in the model's unit.
    cumulative : bool, default False
        Whether each period adds to those before.
    split_at : str or date, optional
        Last day of the calibration, where a line is drawn; it must be among the days drawn. Default: none.
    ax : matplotlib Axes, optional
        Axes to draw into; a new figure if None.

    Returns
    -------
    matplotlib Axes
        The axes drawn into; ``ax.lines`` holds the actual orders, which end with the log, then the expected ones.

    Raises
    ------
    ParameterError
        If an argument is out of range, or ``model`` is not a purchase model.
    NotFittedError
        If the model is not fitted.
    DataError
        If the log cannot be used.
    MissingDependencyError
        If matplotlib is not installed.

    Warns
    -----
    MissingGlyphWarning
        If no installed font has Chinese characters and the model's labels are Chinese; English is drawn instead.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005). "Counting Your Customers" the Easy Way: An Alternative to the
    Pareto/NBD Model. Marketing Science 24(2), 275-284. doi:10.1287/mksc.1040.0098

    Examples
    --------
    >>> import crmmodels as crm
    >>> from crmmodels import plotting
    >>> orders = crm.Orders(crm.datasets.load_cdnow(), customer="customer_id", time="date")
    >>> split = orders.split("1997-09-30")
    >>> model = crm.NBDModel(horizon=39, unit="W").fit(split.calibration)
    >>> ax = plotting.plot_tracking(model, orders, 78, cumulative=True, split_at=split.at)
    >>> int(ax.lines[0].get_ydata()[-1])
    4339
    """
    parameters = fitted_model(_PLOT, model).parameters
    if not isinstance(orders, Orders):
        must = "an order log, such as crm.Orders(frame, ...)"
        raise ParameterError.must_be(_PLOT, "orders", must, type(orders))
    days = log_of(orders).order_days()
    tracked = track(days, periods, length, unit=model.unit, process=model.process, parameters=parameters)
    end, suffix = tracked["end"], "_cumulative" if cumulative else ""
    cut = None if split_at is None else as_date(split_at, _PLOT, "split_at")
    first = days.day[0].astype("datetime64[D]")
    if cut is not None and not first <= np.datetime64(cut) <= end[-1]:
        must = f"among the days drawn, {first} to {end[-1]}"
        raise ParameterError.must_be(_PLOT, "split_at", must, cut.isoformat())
    require_matplotlib(_PLOT)
    text = write_in_fonts(_PLOT, language_of(model), _PHRASES)
    ax = axes_of_size(ax, 7.6, 4.4)
    dot = "o" if periods <= _FEW else ""
    for name, colour, line in (("actual", ACTUAL, "-"), ("expected", EXPECTED, "--")):
        height = tracked[name + suffix]
        draw_curve(ax, end, height, colour=colour, name=text.phrase(name), line=line, marker=dot, markersize=4)
    if cut is not None:
        ax.axvline(np.datetime64(cut), color=GREY, linewidth=1, linestyle=":", label=text.phrase("split"))  # type: ignore[arg-type]
    put_dates(ax, np.append(first, end))
    start_at_zero(ax)
    about = "cumulative" if cumulative else "one" if length == 1 else "many"
    title = text.phrase(about, time=per_duration(model, text, length))
    write_words(ax, text, title=title, x=text.phrase("x"), y=text.phrase("y"))
    return ax
