"""How many orders customers place: counted, and as a purchase model has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from crmmodels._typing import FloatArray
from crmmodels.base import Inside
from crmmodels.exceptions import DataError, ParameterError
from crmmodels.kernels.arrays.grouping import group_sums
from crmmodels.kernels.purchase.histories import PurchaseTable, distinct, distinct_rows
from crmmodels.models.purchase.model import PurchaseModel
from crmmodels.parameters import is_whole
from crmmodels.plotting.drawing.arguments import MOST_CLASSES
from crmmodels.plotting.drawing.axis_marks import write_words
from crmmodels.plotting.drawing.figure import axes_of_size, require_matplotlib
from crmmodels.plotting.drawing.lettering import Phrases, language_of, write_in_fonts
from crmmodels.plotting.purchase.shared import (
    ACTUAL,
    EXPECTED,
    check_most,
    classes_up_to,
    draw_classes,
    duration,
    fitted_model,
    with_shared,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_AGES: Final = 1_000
"""Ages at which a distribution is computed; more are too close to each other to be told apart."""
_CHANCES_AT_ONCE: Final = 2_000_000

_FREQUENCY: Final = with_shared(
    {
        "en": {"title": "Repeat orders per customer", "x": "Repeat orders", "y": "Customers"},
        "zh": {"title": "每位客户的复购次数", "x": "复购次数", "y": "客户数"},
    }
)
_DISTRIBUTION: Final[Phrases] = with_shared(
    {
        "en": {
            "new": "Repeat orders of a new customer in {time}",
            "one": "Orders of {n} customer in the next {time}",
            "many": "Orders of {n} customers in the next {time}",
            "x_new": "Repeat orders",
            "x": "Orders",
            "y": "Probability",
            "y_mean": "Mean probability",
        },
        "zh": {
            "new": "新客户 {time}内的复购次数",
            "one": "{n} 位客户未来 {time}的购买次数",
            "many": "{n} 位客户未来 {time}的购买次数",
            "x_new": "复购次数",
            "x": "购买次数",
            "y": "概率",
            "y_mean": "平均概率",
        },
    }
)


def plot_frequency(model: PurchaseModel[Any], data: Any, *, most: int = 7, ax: Axes | None = None) -> Axes:
    """Draw how many customers placed 0, 1, 2, … repeat orders, and how many the model expects.

    It shows whether the model describes the customers of its fit. That it also foretells them, `plot_calibration` and
    `plot_tracking` show.

    Parameters
    ----------
    model : PurchaseModel
        A fitted model.
    data : dataframe or Orders
        The customers, those of the fit as a rule.
    most : int, default 7
        Number of repeat orders from which on customers are counted together; 1 to 1,000.
    ax : matplotlib Axes, optional
        Axes to draw into; a new figure if None.

    Returns
    -------
    matplotlib Axes
        The axes drawn into; ``ax.containers`` holds the actual, then the expected bars.

    Raises
    ------
    ParameterError
        If ``most`` is out of range, or ``model`` is not a purchase model.
    NotFittedError
        If the model is not fitted.
    DataError
        If the table cannot be used.
    MissingDependencyError
        If matplotlib is not installed.

    Warns
    -----
    MissingGlyphWarning
        If no installed font has Chinese characters and the model's labels are Chinese; English is drawn instead.

    Notes
    -----
    A class expects the sum over customers of the chance that a new customer has so many repeat orders at their age. Of more than
    1,000 different ages, neighbours are taken together at their mean.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005). "Counting Your Customers" the Easy Way: An Alternative to the
    Pareto/NBD Model. Marketing Science 24(2), 275-284. doi:10.1287/mksc.1040.0098

    Examples
    --------
    >>> import crmmodels as crm
    >>> from crmmodels import plotting
    >>> customers = crm.NBDModel.example(n_customers=500, seed=1)
    >>> ax = plotting.plot_frequency(crm.NBDModel(horizon=39, unit="W").fit(customers), customers, most=3)
    >>> actual, expected = ([round(bar.get_height()) for bar in bars] for bars in ax.containers)
    >>> sum(actual), sum(expected)
    (500, 500)
    """
    plot = "plot_frequency"
    parameters = fitted_model(plot, model).parameters
    check_most(plot, most)
    customers = _customers(plot, model, data)
    group = np.minimum(customers.frequency, most).astype(np.int64)
    actual = group_sums(group, customers.weight, most + 1)
    expected = _expected_counts(model, parameters, customers, most)
    require_matplotlib(plot)
    text = write_in_fonts(plot, language_of(model), _FREQUENCY)
    ax = axes_of_size(ax, 6.4, 4.4)
    series = ((actual, ACTUAL, text.phrase("actual")), (expected, EXPECTED, text.phrase("expected")))
    draw_classes(ax, classes_up_to(most), series)
    write_words(ax, text, title=text.phrase("title"), x=text.phrase("x"), y=text.phrase("y"))
    return ax


def plot_purchase_distribution(
    model: PurchaseModel[Any],
    *,
    horizon: float | None = None,
    n_max: int = 10,
    data: Any = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the probability of each number of orders: of a new customer, or of customers given what they did.

    It shows how much chance lies in an expectation. Of several customers it is the mean of their distributions: the share of them
    who are expected to place so many orders.

    Parameters
    ----------
    model : PurchaseModel
        A fitted model.
    horizon : float, optional
        Time after the first order of a new customer, or after the end of observation, in the model's unit. Default: that of the model.
    n_max : int, default 10
        Largest number of orders with a bar of its own, 0 to 999; all above share the last.
    data : dataframe or Orders, optional
        One customer or many. Default: a new customer.
    ax : matplotlib Axes, optional
        Axes to draw into; a new figure if None.

    Returns
    -------
    matplotlib Axes
        The axes drawn into; the heights of its bars add up to 1.

    Raises
    ------
    ParameterError
        If ``horizon`` or ``n_max`` is out of range, or ``model`` is not a purchase model.
    NotFittedError
        If the model is not fitted.
    DataError
        If the table cannot be used.
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
    >>> model = crm.NBDModel(horizon=39, unit="W").fit(customers)
    >>> plotting.plot_purchase_distribution(model, data=customers.head(1)).get_title()
    'Orders of 1 customer in the next 39 weeks'
    """
    plot = "plot_purchase_distribution"
    parameters = fitted_model(plot, model).parameters
    time = model.process.scale(model.unit).horizon(plot, horizon, model.horizon)
    if not is_whole(n_max) or not 0 <= n_max < MOST_CLASSES:
        raise ParameterError.must_be(plot, "n_max", f"a whole number from 0 to {MOST_CLASSES - 1:,}", n_max)
    customers = None if data is None else _customers(plot, model, data)
    if customers is None:
        chances = model.process.purchase_distribution_new(time, n_max, parameters)
    else:
        chances = _mean_distribution(model, parameters, customers, time, n_max)
    require_matplotlib(plot)
    text = write_in_fonts(plot, language_of(model), _DISTRIBUTION)
    ax = axes_of_size(ax, 6.4, 4.0)
    draw_classes(ax, classes_up_to(n_max + 1), ((with_rest(chances, 1.0), EXPECTED, text.phrase("expected")),))
    n = 0.0 if customers is None else float(customers.weight.sum())
    about = "new" if customers is None else "one" if n == 1 else "many"
    title = text.phrase(about, n=f"{n:,.0f}", time=duration(model, text, time))
    x, y = "x_new" if customers is None else "x", "y_mean" if about == "many" else "y"
    write_words(ax, text, title=title, x=text.phrase(x), y=text.phrase(y), legend=False)
    return ax


def with_rest(part: FloatArray, total: float) -> FloatArray:
    """Numbers with what they lack to their total, which rounding does not make negative."""
    return np.append(part, max(0.0, total - float(part.sum())))


def _customers(plot: str, model: PurchaseModel[Any], data: Any) -> PurchaseTable:
    """Distinct customers with their number, those who count for nothing left out."""
    _, values = Inside(model).read(data)
    weight = None if model.weight is None else values[model.weight]
    table = distinct_rows(values["frequency"], values["age_at_last"], values["age"], weight).table
    counted = table.weight > 0
    if not counted.any():
        raise DataError(plot, [f"column {model.weight!r}, the number of customers of each row, is 0 in all rows"])
    return PurchaseTable(table.frequency[counted], table.age_at_last[counted], table.age[counted], table.weight[counted])


def _expected_counts(model: PurchaseModel[Any], parameters: Any, customers: PurchaseTable, most: int) -> FloatArray:
    """Customers that a model expects with 0, 1, …, and ``most`` or more repeat orders."""
    age, weight = customers.age, customers.weight
    row = distinct((age,)).row
    if row.max() >= _MOST_AGES and not model.process.is_discrete:
        width = (age.max() - age.min()) / _MOST_AGES
        row = distinct((np.floor((age - age.min()) / width),)).row
    n_ages = int(row.max()) + 1
    n_customers = group_sums(row, weight, n_ages)
    mean_age = group_sums(row, weight * age, n_ages) / n_customers
    counts = np.zeros(most)
    for one_age, n in zip(mean_age.tolist(), n_customers.tolist(), strict=True):
        if one_age == 0:
            counts[0] += n
            continue
        counts += n * model.process.purchase_distribution_new(one_age, most - 1, parameters)
    return with_rest(counts, float(n_customers.sum()))


def _mean_distribution(
    model: PurchaseModel[Any], parameters: Any, customers: PurchaseTable, time: float, n_max: int
) -> FloatArray:
    """Mean over customers of the probabilities of 0 to ``n_max`` orders."""
    chances = np.zeros(n_max + 1)
    n_rows = max(1, _CHANCES_AT_ONCE // (n_max + 1))
    for start in range(0, len(customers.age), n_rows):
        rows = slice(start, start + n_rows)
        history = customers.frequency[rows], customers.age_at_last[rows], customers.age[rows]
        found = model.process.purchase_distribution(*history, time, n_max, parameters)
        chances += customers.weight[rows] @ found
    mean: FloatArray = chances / customers.weight.sum()
    return mean
