"""How customer lifetime value is distributed over customers, and how the past of each compares with the future."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from crmmodels._typing import FloatArray, IntArray
from crmmodels.models.clv.model import CLVModel
from crmmodels.models.clv.uncertainty import draw
from crmmodels.models.clv.valuation import money_of
from crmmodels.plotting.drawing.arguments import checked_bins
from crmmodels.plotting.drawing.axis_marks import legend_above, start_at_zero, write_words
from crmmodels.plotting.drawing.bars import stack_bars
from crmmodels.plotting.drawing.figure import GREY, ORANGE, axes_of_size, require_matplotlib
from crmmodels.plotting.drawing.lettering import Lettering, english_labels, language_of, write_in_fonts
from crmmodels.plotting.value.shared import (
    CustomerValues,
    amount,
    decimals_for,
    fitted_clv,
    in_money,
    named_tiers,
    outside_note,
    shown_range,
    tier_colours,
    values_of,
    with_values,
)
from crmmodels.progress import Progress

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PLOT: Final = "plot_value_distribution"
_FEWEST_BINS: Final = 10
_MOST_BINS: Final = 60

_PHRASES: Final = with_values(
    {
        "en": {
            "y": "Customers",
            "title": "CLV of {n} customers: mean {mean} ({level}: {low} to {high})",
            "mean": "mean",
            "bounds": "bounds of tiers",
        },
        "zh": {
            "y": "客户数",
            "title": "{n} 名客户的 CLV：均值 {mean}（{level}：{low} 至 {high}）",
            "mean": "均值",
            "bounds": "层级界限",
        },
    }
)


def plot_value_distribution(
    model: CLVModel, data: Any, *, bins: int | Sequence[float] | None = None, ax: Axes | None = None
) -> Axes:
    """Draw how customer lifetime value is distributed over customers, by tier, with its mean.

    It shows how much a few customers differ from all others, and where the tiers part them. Far tails are cut off, and the axis says
    how many customers are not drawn; they count in the mean.

    Parameters
    ----------
    model : CLVModel
        A fitted model.
    data : Orders, CustomerBase or dataframe
        The customers; a dataframe is one that `CLVModel.accounts` returned. They need not be those of the fit.
    bins : int or sequence of float, optional
        Number of classes of equal width, 1 to 1,000, or their bounds, ascending. A class holds its lower bound; the last one both.
        Default: 10 to 60 classes, by the rule of Freedman and Diaconis.
    ax : matplotlib Axes, optional
        Axes to draw into; a new figure if None.

    Returns
    -------
    matplotlib Axes
        The axes drawn into. ``ax.containers`` holds the customers by class for each tier, worst first, one upon the other; the shaded
        range is that of the mean over the draws of the model's parameters, as wide as ``model.level`` says.

    Raises
    ------
    ParameterError
        If ``bins`` is out of range, or ``model`` is no CLVModel.
    NotFittedError
        If the model is not fitted.
    DataError
        If the data cannot be used.
    MissingDependencyError
        If matplotlib is not installed.

    Warns
    -----
    MissingGlyphWarning
        If no installed font has the characters of the model's labels; English is drawn instead.

    References
    ----------
    Freedman, D. & Diaconis, P. (1981). On the Histogram as a Density Estimator: L2 Theory. Zeitschrift für
    Wahrscheinlichkeitstheorie und verwandte Gebiete 57(4), 453-476. doi:10.1007/BF01025868

    Examples
    --------
    >>> import crmmodels as crm
    >>> accounts = crm.CLVModel.example(n_customers=300, seed=1)
    >>> model = crm.CLVModel(n_draws=20).fit(accounts)
    >>> ax = crm.plotting.plot_value_distribution(model, accounts, bins=[-100, 50, 100, 10_000])
    >>> int(sum(bar.get_height() for tier in ax.containers for bar in tier))
    300
    """
    fitted = fitted_clv(_PLOT, model)
    given = checked_bins(_PLOT, bins)
    found = values_of(_PLOT, model, data)
    require_matplotlib(_PLOT)
    clv = found.clv
    edges = _edges(clv, given)
    inside = (clv >= edges[0]) & (clv <= edges[-1])
    labels = model.segment_labels()
    with Progress(_PLOT, "draws", model.n_draws) as progress:
        drawn = progress.over(draw(fitted, money_of(fitted, model.theta), model.n_draws, np.random.default_rng(0)))
        means = np.array([found.valuation.values(found.accounts, one.purchase, one.money).clv.mean() for one in drawn])
    low, high = np.quantile(means, [0.5 - 0.5 * model.level, 0.5 + 0.5 * model.level]).tolist()
    text = write_in_fonts(_PLOT, language_of(model), _PHRASES, labels=labels, english=english_labels(model))
    ax = axes_of_size(ax, 7.2, 4.4)
    handles = _draw_tiers(ax, clv, found.tier, edges, len(labels))
    start_at_zero(ax)
    shown = [bound for bound in fitted.tier_bounds.tolist() if edges[0] <= bound <= edges[-1]]
    lines = [ax.axvline(bound, color=GREY, linewidth=1, linestyle="--") for bound in shown]
    # The range of the mean lies where many customers are, so that it is drawn over them.
    ax.axvspan(low, high, color=ORANGE, alpha=0.3, linewidth=0)
    mean = ax.axvline(float(clv.mean()), color=ORANGE, linewidth=2)
    ax.set_xlim(edges[0], edges[-1])
    label = _label(text, found, clv, inside)
    title = _title(text, model, clv, low, high)
    write_words(ax, text, title=title, x=label, y=text.phrase("y"), legend=False)
    tiers = named_tiers(len(labels))
    names = [text.labels[k].replace("\n", " ") for k in tiers] + [text.phrase("bounds")] * bool(lines) + [text.phrase("mean")]
    legend_above(ax, text, [*(handles[k] for k in tiers), *lines[:1], mean], names)
    return ax


def _label(text: Lettering, found: CustomerValues, clv: FloatArray, inside: Any) -> str:
    money = in_money(text, text.phrase("clv"), found.basis)
    note = outside_note(text, clv, inside)
    return f"{money}\n{note}" if note else money


def _title(text: Lettering, model: CLVModel, clv: FloatArray, low: float, high: float) -> str:
    decimals = decimals_for(np.array([low, high]))
    words = {"mean": float(clv.mean()), "low": low, "high": high}
    money = {name: amount(value, decimals) for name, value in words.items()}
    return text.phrase("title", n=f"{len(clv):,}", level=f"{100.0 * model.level:g}%", **money)


def _draw_tiers(ax: Axes, clv: FloatArray, tier: IntArray, edges: FloatArray, n_tiers: int) -> list[Any]:
    heights = np.array([np.histogram(clv[tier == k], edges)[0] for k in range(n_tiers)], np.float64)
    place: dict[str, Any] = {"places": edges[:-1], "width": np.diff(edges), "align": "edge"}
    return list(stack_bars(ax, heights, colours=tier_colours(n_tiers), **place, edgecolor="white", linewidth=0.3))


def _edges(clv: FloatArray, bins: int | FloatArray | None) -> FloatArray:
    """Bounds of the classes: those given, or such as hold all but far tails."""
    if isinstance(bins, np.ndarray):
        return bins
    low, high = shown_range(clv)
    if bins is None:
        quarter, three_quarters = np.quantile(clv, [0.25, 0.75]).tolist()
        width = 2.0 * (three_quarters - quarter) / len(clv) ** (1 / 3)
        bins = int(np.clip((high - low) / width, _FEWEST_BINS, _MOST_BINS)) if width > 0 else _FEWEST_BINS
    return np.linspace(low, high, bins + 1)
