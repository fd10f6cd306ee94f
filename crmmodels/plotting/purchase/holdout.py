"""How well a purchase model foretold what customers did in a holdout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np

from crmmodels._typing import FloatArray, IntArray, TimeUnit
from crmmodels.data.orders.orders import Split
from crmmodels.data.tables.frames import open_table
from crmmodels.exceptions import DataError, ParameterError, missing_columns
from crmmodels.kernels.arrays.grouping import group_sums
from crmmodels.models.purchase.holdout import HOLDOUT_COLUMNS, Holdout, read_holdout
from crmmodels.models.purchase.model import PurchaseModel
from crmmodels.plotting.drawing.arguments import checked_bins
from crmmodels.plotting.drawing.axis_marks import start_at_zero, write_words
from crmmodels.plotting.drawing.curves import draw_curve
from crmmodels.plotting.drawing.figure import axes_of_size, require_matplotlib
from crmmodels.plotting.drawing.lettering import language_of, write_in_fonts
from crmmodels.plotting.purchase.shared import (
    ACTUAL,
    EXPECTED,
    check_most,
    classes_up_to,
    draw_classes,
    duration,
    fitted_model,
    unit_name,
    with_shared,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BINS: Final = 10

_PHRASES: Final = with_shared(
    {
        "en": {
            "title": "Orders in {time} of holdout",
            "frequency": "Repeat orders in the calibration",
            "silence": "Time since the last order ({unit})",
            "y": "Mean orders per customer",
        },
        "zh": {
            "title": "检验期 {time}内的购买次数",
            "frequency": "校准期内的复购次数",
            "silence": "距上次购买的时间（{unit}）",
            "y": "平均购买次数",
        },
    }
)


def plot_calibration(model: PurchaseModel[Any], data: Any, *, most: int = 7, ax: Axes | None = None) -> Axes:
    """Draw the mean orders in the holdout, actual and expected, of customers with 0, 1, 2, … repeat orders before.

    It shows whether the model's conditional expectations hold for light and for heavy buyers. The figures are those of
    ``compare([model], data).by_frequency``, of a model that is fitted already.

    Parameters
    ----------
    model : PurchaseModel
        A model fitted to the calibration.
    data : Split or dataframe
        Calibration and holdout; or a table of customers with ``order_days_holdout`` and ``duration_holdout``, as
        `Split.customers` returns it, in the model's unit.
    most : int, default 7
        Frequency from which on customers stand in one class; 1 to 1,000.
    ax : matplotlib Axes, optional
        Axes to draw into; a new figure if None.

    Returns
    -------
    matplotlib Axes
        The axes drawn into; ``ax.containers`` holds the actual, then the expected bars. A class without customers has none.

    Raises
    ------
    ParameterError
        If an argument is out of range, or ``model`` is not a purchase model.
    NotFittedError
        If the model is not fitted.
    DataError
        If the table cannot be used, has no holdout, or its customers were not observed for the same time in the holdout.
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
    >>> customers = crm.NBDModel.example(n_customers=500, seed=1)
    >>> later = customers.assign(order_days_holdout=1, duration_holdout=13.0)
    >>> ax = plotting.plot_calibration(crm.NBDModel(horizon=39, unit="W").fit(customers), later, most=2)
    >>> [round(float(bar.get_height()), 2) for bar in ax.containers[0]]
    [1.0, 1.0, 1.0]
    """
    plot = "plot_calibration"
    parameters = fitted_model(plot, model).parameters
    check_most(plot, most)
    found = _read(plot, model, data)
    group = np.minimum(found.history.frequency, most).astype(np.int64)
    actual, expected = (
        _means(group, values, found.history.weight, most + 1)
        for values in (found.orders, found.expected_by(model.process, parameters))
    )
    require_matplotlib(plot)
    text = write_in_fonts(plot, language_of(model), _PHRASES)
    ax = axes_of_size(ax, 6.4, 4.4)
    series = ((actual, ACTUAL, text.phrase("actual")), (expected, EXPECTED, text.phrase("expected")))
    draw_classes(ax, classes_up_to(most), series)
    title = text.phrase("title", time=duration(model, text, found.duration))
    write_words(ax, text, title=title, x=text.phrase("frequency"), y=text.phrase("y"))
    return ax


def plot_time_since_last(
    model: PurchaseModel[Any], data: Any, *, bins: int | Sequence[float] | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the mean orders in the holdout, actual and expected, by the time since the last order before.

    It shows whether the model gives up silent customers too early or too late.

    Parameters
    ----------
    model : PurchaseModel
        A model fitted to the calibration.
    data : Split or dataframe
        Calibration and holdout; or a table of customers with ``order_days_holdout`` and ``duration_holdout``, as
        `Split.customers` returns it, in the model's unit.
    bins : int or sequence of float, optional
        Number of classes of equal width, 1 to 1,000, or their bounds in the model's unit, ascending, within which all customers lie. A
        class holds its lower bound; the last one both. Default: about ten classes with round bounds.
    ax : matplotlib Axes, optional
        Axes to draw into; a new figure if None.

    Returns
    -------
    matplotlib Axes
        The axes drawn into; ``ax.lines`` holds the actual, then the expected means at the middles of the classes, NaN where a class has
        no customers.

    Raises
    ------
    ParameterError
        If an argument is out of range, or ``model`` is not a purchase model.
    NotFittedError
        If the model is not fitted.
    DataError
        If the table cannot be used, has no holdout, or its customers were not observed for the same time in the holdout.
    MissingDependencyError
        If matplotlib is not installed.

    Warns
    -----
    MissingGlyphWarning
        If no installed font has Chinese characters and the model's labels are Chinese; English is drawn instead.

    Examples
    --------
    >>> import crmmodels as crm
    >>> from crmmodels import plotting
    >>> customers = crm.NBDModel.example(n_customers=500, seed=1)
    >>> later = customers.assign(order_days_holdout=1, duration_holdout=13.0)
    >>> ax = plotting.plot_time_since_last(crm.NBDModel(horizon=39, unit="W").fit(customers), later, bins=[0, 10, 20, 40])
    >>> ax.lines[0].get_xdata().tolist()
    [5.0, 15.0, 30.0]
    """
    plot = "plot_time_since_last"
    parameters = fitted_model(plot, model).parameters
    bounds = checked_bins(plot, bins)
    found = _read(plot, model, data)
    require_matplotlib(plot)
    silence = found.history.age - found.history.age_at_last
    edges = _edges(plot, silence, bounds)
    group = np.clip(np.searchsorted(edges, silence, side="right") - 1, 0, len(edges) - 2).astype(np.int64)
    text = write_in_fonts(plot, language_of(model), _PHRASES)
    ax = axes_of_size(ax, 6.4, 4.4)
    middle = (edges[:-1] + edges[1:]) / 2.0
    for values, colour, name, line in (
        (found.orders, ACTUAL, "actual", "-"),
        (found.expected_by(model.process, parameters), EXPECTED, "expected", "--"),
    ):
        means = _means(group, values, found.history.weight, len(middle))
        draw_curve(ax, middle, means, colour=colour, name=text.phrase(name), line=line, marker="o", markersize=5)
    ax.set_xlim(edges[0], edges[-1])
    start_at_zero(ax)
    title = text.phrase("title", time=duration(model, text, found.duration))
    write_words(ax, text, title=title, x=text.phrase("silence", unit=unit_name(model, text)), y=text.phrase("y"))
    return ax


def _read(plot: str, model: PurchaseModel[Any], data: Any) -> Holdout:
    whole = model.process.is_discrete
    if isinstance(data, Split):
        if whole:
            must = f"a table of customers, for {type(model).__name__} counts opportunities, which a Split does not"
            raise ParameterError.must_be(plot, "data", must, "a Split")
        data = data.customers(unit=cast("TimeUnit", model.unit))
    found = read_holdout(data, plot, key=model.key, columns=model.columns(), weight=model.weight, is_discrete=whole)
    if found is None:
        there = open_table(data, model.key, plot).frame.columns
        missing = [name for name in HOLDOUT_COLUMNS if name not in there]
        raise DataError(plot, [missing_columns(missing, there, ", of the holdout,")])
    if whole and found.duration % 1 > 0:
        raise DataError(plot, [f"column 'duration_holdout' must be a whole number of opportunities; it is {found.duration:g}"])
    return found


def _means(group: IntArray, values: FloatArray, weight: FloatArray, n_groups: int) -> FloatArray:
    """Mean per customer of each group; NaN where nobody is."""
    n = group_sums(group, weight, n_groups)
    sums = group_sums(group, weight * values, n_groups)
    means: FloatArray = np.divide(sums, n, out=np.full(n_groups, np.nan), where=n > 0)
    return means


def _edges(plot: str, silence: FloatArray, bins: int | FloatArray | None) -> FloatArray:
    """Bounds of the classes: those given, or such as hold everybody."""
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415  (optional package)

    longest = float(silence.max())
    if isinstance(bins, np.ndarray):
        if silence.min() < bins[0] or longest > bins[-1]:
            must = f"bounds around all customers, whose times since the last order go from {silence.min():g} to {longest:g}"
            raise ParameterError.must_be(plot, "bins", must, bins.tolist())
        return bins
    longest = longest if longest > 0 else 1.0
    if bins is not None:
        return np.linspace(0.0, longest, bins + 1)
    return np.asarray(MaxNLocator(_BINS, steps=[1, 2, 5, 10]).tick_values(0.0, longest))
