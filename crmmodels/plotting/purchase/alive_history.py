"""How the chance that one customer is alive fell in silence and rose with every order."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import narwhals as nw
import numpy as np

from crmmodels._typing import FloatArray, IntArray
from crmmodels.data.orders.bounded import log_of
from crmmodels.data.orders.logs import EPOCH
from crmmodels.data.orders.orders import Orders
from crmmodels.data.tables.dates import as_date
from crmmodels.exceptions import ParameterError
from crmmodels.kernels.orders.periods import DAYS_PER_UNIT
from crmmodels.models.purchase.model import PurchaseModel
from crmmodels.plotting.drawing.axis_marks import put_dates, write_words
from crmmodels.plotting.drawing.curves import draw_curve
from crmmodels.plotting.drawing.figure import axes_of_size, require_matplotlib
from crmmodels.plotting.drawing.lettering import language_of, write_in_fonts
from crmmodels.plotting.purchase.shared import ACTUAL, EXPECTED, fitted_model, with_shared
from crmmodels.wording import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PLOT: Final = "plot_alive_history"

_PHRASES: Final = with_shared(
    {
        "en": {"title": "Customer {who}", "alive": "probability alive", "order": "order", "y": "Probability alive"},
        "zh": {"title": "客户 {who}", "alive": "存活概率", "order": "购买", "y": "存活概率"},
    }
)


@dataclass(frozen=True, slots=True, eq=False)
class AlivePath:
    """The history of a customer as it stood on every day, each of shape (n_points,).

    Days from the first order on, of which one with a repeat order stands twice, before and after the order; repeat order days until then, and
    days from the first order to the last until then.
    """

    day: IntArray
    frequency: FloatArray
    days_at_last: FloatArray


def plot_alive_history(
    model: PurchaseModel[Any],
    orders: Orders,
    customer: Any,
    *,
    until: str | dt.date | np.datetime64 | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the probability that one customer is alive, day by day, with the orders.

    It shows when a customer's silence becomes unusual for this customer, and so when to write.

    Parameters
    ----------
    model : PurchaseModel
        A fitted model of continuous time.
    orders : Orders
        The log with the customer's orders.
    customer : str or int
        The customer, as in the log.
    until : str or date, optional
        Last day to draw; later orders are left out. Default: the day up to which the log is observed, as in `Orders.customers`.
    ax : matplotlib Axes, optional
        Axes to draw into; a new figure if None.

    Returns
    -------
    matplotlib Axes
        The axes drawn into. ``ax.lines[0]`` is the probability: a point a day from the first order on, and two on a day with a repeat
        order, before and after it. Orders of one day count as one; returns do not count.

    Raises
    ------
    ParameterError
        If the customer has no order in the log up to ``until``, or an argument is out of range, or ``model`` is not a purchase model
        of continuous time.
    NotFittedError
        If the model is not fitted.
    DataError
        If the log cannot be used.
    MissingDependencyError
        If matplotlib is not installed.

    Warns
    -----
    MissingGlyphWarning
        If no installed font has the characters of the customer's name or of the model's labels; English is drawn instead.

    Examples
    --------
    >>> import pandas as pd
    >>> import crmmodels as crm
    >>> from crmmodels import plotting
    >>> model = crm.NBDModel(horizon=39, unit="W").fit(crm.NBDModel.example(n_customers=500, seed=1))
    >>> lines = pd.DataFrame({"who": ["a", "a", "b"], "day": ["2026-01-01", "2026-01-15", "2026-02-10"]})
    >>> orders = crm.Orders(lines, customer="who", time="day")
    >>> plotting.plot_alive_history(model, orders, "a", until="2026-01-31").get_title()
    'Customer a'
    >>> plotting.plot_alive_history(model, orders, "c")
    Traceback (most recent call last):
    ...
    crmmodels.exceptions.ParameterError: plot_alive_history(customer=...) must be a customer with an order up to 2026-02-11; got 'c'.
    """
    parameters = fitted_model(_PLOT, model).parameters
    if model.process.is_discrete:
        must = "a model of continuous time, in which customers are seen from day to day"
        raise ParameterError.must_be(_PLOT, "model", must, type(model))
    if not isinstance(orders, Orders):
        must = "an order log, such as crm.Orders(frame, ...)"
        raise ParameterError.must_be(_PLOT, "orders", must, type(orders))
    end = _last_day(orders, until)
    days = _order_days(orders, plain(customer), end)
    path = alive_path(days, (end - EPOCH).days)
    per_unit = DAYS_PER_UNIT[model.unit]  # type: ignore[index]  # one of its keys, since the model is of continuous time
    age = (path.day - days[0]) / per_unit
    history = path.frequency, path.days_at_last / per_unit, age
    alive = model.process.probability_alive(*history, parameters, ahead=0.0)
    require_matplotlib(_PLOT)
    text = write_in_fonts(_PLOT, language_of(model), _PHRASES, labels=[str(plain(customer))], english=["?"])
    ax = axes_of_size(ax, 7.6, 3.8)
    draw_curve(ax, _dates(path.day), alive, colour=EXPECTED, name=text.phrase("alive"), zorder=3)
    ax.vlines(_dates(days), 0.0, 1.0, color=ACTUAL, linewidth=1.2, label=text.phrase("order"))
    put_dates(ax, _dates(path.day))
    ax.set_ylim(0.0, 1.03)
    write_words(ax, text, title=text.phrase("title", who=text.labels[0]), x="", y=text.phrase("y"))
    return ax


def alive_path(order_day: IntArray, end: int) -> AlivePath:
    """What was known of a customer with orders on ascending days, shape (n_orders,), on each day from the first order to the end."""
    every = np.arange(order_day[0], end + 1)
    repeats = order_day[1:]
    day = np.sort(np.concatenate([every, repeats]))
    # Before an order stand the orders of earlier days only.
    is_before = np.append(day[1:] == day[:-1], False)
    frequency = np.searchsorted(repeats, day, side="right") - is_before
    return AlivePath(day, frequency.astype(np.float64), (order_day[frequency] - order_day[0]).astype(np.float64))


def _last_day(orders: Orders, until: str | dt.date | np.datetime64 | None) -> dt.date:
    log = log_of(orders)
    observed = log.bounds.until
    if until is None:
        with log.turn():
            return log.end(None, _PLOT)
    end = as_date(until, _PLOT, "until")
    if observed is not None and end > observed:
        must = f"at most {observed.isoformat()}, where this log ends"
        raise ParameterError.must_be(_PLOT, "until", must, end.isoformat())
    return end


def _order_days(orders: Orders, customer: Any, end: dt.date) -> IntArray:
    """Days on which a customer ordered, in days since 1970-01-01, counted as the log counts them."""
    log = log_of(orders)
    lines = log.lines
    dtype = lines.collect_schema()["customer"]
    is_text = dtype in {nw.String, nw.Categorical} or dtype == nw.Enum
    day = np.empty(0, np.int64)
    # Engines fail on comparing text and numbers, or take them for each other.
    if isinstance(customer, str) if is_text else not (dtype.is_numeric() and isinstance(customer, str)):
        name = nw.col("customer").cast(nw.String) if is_text else nw.col("customer")
        with log.turn():
            found = lines.filter(name == nw.lit(customer))
            own = found.collect() if isinstance(found, nw.LazyFrame) else found
        if len(own):
            day = log.opened.part(own).order_days(log.bounded(None, end)).day
    if not len(day):
        must = f"a customer with an order up to {end.isoformat()}"
        raise ParameterError.must_be(_PLOT, "customer", must, customer)
    return day


def _dates(day: IntArray) -> Any:
    return day.astype("datetime64[D]")
