"""What a purchase model says of every history that customers can have."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from crmmodels._typing import BoolArray, FloatArray
from crmmodels.exceptions import ParameterError
from crmmodels.models.purchase.model import PurchaseModel
from crmmodels.parameters import is_number
from crmmodels.plotting.drawing.axis_marks import whole_ticks, write_words
from crmmodels.plotting.drawing.figure import GREY, axes_of_size, require_matplotlib
from crmmodels.plotting.drawing.heatmap import draw_heatmap
from crmmodels.plotting.drawing.lettering import Lettering, Phrases, language_of, write_in_fonts
from crmmodels.plotting.purchase.shared import check_most, duration, fitted_model, with_shared

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_STEPS: Final = 40
_FEWEST_STEPS: Final = 20
_MOST_STEPS: Final = 80
"""Columns of a matrix; one per unit of time where that is neither too few nor too many to see."""
_MOST_OPPORTUNITIES: Final = 400

_PHRASES: Final[Phrases] = with_shared(
    {
        "en": {
            "alive": "Probability alive",
            "orders": "Expected orders in the next {time}",
            "x": "From first to last order (of {age})",
            "y": "Repeat orders",
            "none": "Hatched: no customer can be there",
        },
        "zh": {
            "alive": "存活概率",
            "orders": "未来 {time}内的预期购买次数",
            "x": "首次至末次购买的时间（共 {age}）",
            "y": "复购次数",
            "none": "阴影：不可能有客户",
        },
    }
)


def plot_probability_alive_matrix(model: PurchaseModel[Any], *, age: float, most: int = 20, ax: Axes | None = None) -> Axes:
    """Draw the probability to be alive by number of repeat orders and age at the last one.

    It shows how long a silence tells that a customer has gone: few weeks for one who ordered weekly, many for one who ordered twice.

    Parameters
    ----------
    model : PurchaseModel
        A fitted model.
    age : float
        Time from first order to end of observation of the customers drawn, in the model's unit.
    most : int, default 20
        Most repeat orders to draw, 1 to 1,000; no more than there were opportunities, where a model counts these.
    ax : matplotlib Axes, optional
        Axes to draw into; a new figure if None.

    Returns
    -------
    matplotlib Axes
        The axes drawn into. The image has a row per number of repeat orders from 0, a column per age at the last order from 0 to ``age``; it
        is masked where no customer can be.

    Raises
    ------
    ParameterError
        If ``age`` or ``most`` is out of range, or ``model`` is not a purchase model.
    NotFittedError
        If the model is not fitted.
    MissingDependencyError
        If matplotlib is not installed.

    Warns
    -----
    MissingGlyphWarning
        If no installed font has Chinese characters and the model's labels are Chinese; English is drawn instead.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005). RFM and CLV: Using Iso-Value Curves for Customer Base Analysis. Journal
    of Marketing Research 42(4), 415-430. doi:10.1509/jmkr.2005.42.4.415

    Examples
    --------
    >>> import crmmodels as crm
    >>> from crmmodels import plotting
    >>> model = crm.NBDModel(horizon=39, unit="W").fit(crm.NBDModel.example(n_customers=500, seed=1))
    >>> ax = plotting.plot_probability_alive_matrix(model, age=39)
    >>> ax.images[0].get_array().shape
    (21, 40)
    """
    plot = "plot_probability_alive_matrix"
    parameters = fitted_model(plot, model).parameters
    grid = _grid(plot, model, age, most)
    values = grid.filled(model.process.probability_alive(*grid.history, parameters, ahead=0.0))
    require_matplotlib(plot)
    text = write_in_fonts(plot, language_of(model), _PHRASES)
    return _draw(axes_of_size(ax, 6.8, 4.8), model, grid, values, highest=1.0, text=text, title=text.phrase("alive"))


def plot_expected_purchases_matrix(
    model: PurchaseModel[Any], *, age: float, horizon: float | None = None, most: int = 20, ax: Axes | None = None
) -> Axes:
    """Draw the orders to expect by number of repeat orders and age at the last one.

    Customers of like value lie along bent bands: of two who were silent equally long, the one who ordered more often may be worth less.

    Parameters
    ----------
    model : PurchaseModel
        A fitted model.
    age : float
        Time from first order to end of observation of the customers drawn, in the model's unit.
    horizon : float, optional
        Time ahead, in the model's unit. Default: that of the model.
    most : int, default 20
        Most repeat orders to draw, 1 to 1,000; no more than there were opportunities, where a model counts these.
    ax : matplotlib Axes, optional
        Axes to draw into; a new figure if None.

    Returns
    -------
    matplotlib Axes
        The axes drawn into. The image has a row per number of repeat orders from 0, a column per age at the last order from 0 to ``age``; it
        is masked where no customer can be.

    Raises
    ------
    ParameterError
        If ``age``, ``horizon`` or ``most`` is out of range, or ``model`` is not a purchase model.
    NotFittedError
        If the model is not fitted.
    MissingDependencyError
        If matplotlib is not installed.

    Warns
    -----
    MissingGlyphWarning
        If no installed font has Chinese characters and the model's labels are Chinese; English is drawn instead.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005). RFM and CLV: Using Iso-Value Curves for Customer Base Analysis. Journal
    of Marketing Research 42(4), 415-430. doi:10.1509/jmkr.2005.42.4.415

    Examples
    --------
    >>> import crmmodels as crm
    >>> from crmmodels import plotting
    >>> model = crm.NBDModel(horizon=39, unit="W").fit(crm.NBDModel.example(n_customers=500, seed=1))
    >>> plotting.plot_expected_purchases_matrix(model, age=39, horizon=1).get_title()
    'Expected orders in the next 1 week'
    """
    plot = "plot_expected_purchases_matrix"
    parameters = fitted_model(plot, model).parameters
    time = model.process.scale(model.unit).horizon(plot, horizon, model.horizon)
    grid = _grid(plot, model, age, most)
    values = grid.filled(model.process.expected_purchases(*grid.history, time, parameters))
    require_matplotlib(plot)
    text = write_in_fonts(plot, language_of(model), _PHRASES)
    title = text.phrase("orders", time=duration(model, text, time))
    return _draw(axes_of_size(ax, 6.8, 4.8), model, grid, values, highest=None, text=text, title=title)


@dataclass(frozen=True, slots=True, eq=False)
class _Grid:
    """Histories of customers of one age: frequency of each row, age at the last order of each column, and where a customer can be."""

    frequency: FloatArray
    age_at_last: FloatArray
    possible: BoolArray

    @property
    def history(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Frequency, age at last and age of the possible cells, row by row."""
        row, column = np.nonzero(self.possible)
        return self.frequency[row], self.age_at_last[column], np.full(len(row), self.age_at_last[-1])

    def filled(self, values: FloatArray) -> FloatArray:
        """Values of the possible cells in their place, NaN elsewhere."""
        cells = np.full(self.possible.shape, np.nan)
        cells[self.possible] = values
        return cells


def _grid(plot: str, model: PurchaseModel[Any], age: float, most: int) -> _Grid:
    scale = model.process.scale(model.unit)
    whole = scale.is_discrete
    if not is_number(age) or not 0 < age < math.inf or (whole and (age % 1 > 0 or age > _MOST_OPPORTUNITIES)):
        must = f"a whole number from 1 to {_MOST_OPPORTUNITIES}" if whole else "a number above 0"
        raise ParameterError.must_be(plot, "age", f"{must}, of {scale.name}", age)
    if age > scale.longest:
        raise ParameterError.must_be(plot, "age", scale.most, age)
    check_most(plot, most)
    n_steps = int(age) if whole or (age % 1 == 0 and _FEWEST_STEPS <= age <= _MOST_STEPS) else _STEPS
    frequency, age_at_last = np.arange(most + 1.0), np.linspace(0.0, age, n_steps + 1)
    x, t_x = np.meshgrid(frequency, age_at_last, indexing="ij")
    possible = (x == 0) == (t_x == 0)
    if whole:
        possible &= x <= t_x
        frequency, possible = frequency[: int(age) + 1], possible[: int(age) + 1]
    return _Grid(frequency, age_at_last, possible)


def _draw(
    ax: Axes, model: PurchaseModel[Any], grid: _Grid, values: FloatArray, *, highest: float | None, text: Lettering, title: str
) -> Axes:
    age = float(grid.age_at_last[-1])
    # White is a low value, so that cells without customers are hatched.
    ax.patch.set(hatch="////", edgecolor="#BFBFBF", linewidth=0)
    scale = None if highest is None else (0.0, highest)
    draw_heatmap(ax, values, x=grid.age_at_last, y=grid.frequency, scale=scale, gap=0.0, upwards=True)
    whole_ticks(ax.yaxis)
    if model.process.is_discrete:
        whole_ticks(ax.xaxis)
    x = f"{text.phrase('x', age=duration(model, text, age))}\n{text.phrase('none')}"
    write_words(ax, text, title=title, x=x, y=text.phrase("y"), legend=False)
    ax.spines[:].set(visible=True, color=GREY)
    return ax
