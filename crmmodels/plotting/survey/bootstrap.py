"""Densities of bootstrap replicates: how sure the estimates are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from crmmodels._typing import FloatArray
from crmmodels.exceptions import ParameterError
from crmmodels.kernels.inference.bootstrap_limits import percentile_limits
from crmmodels.models.structural.record import KEYS
from crmmodels.models.structural.survey_model import SurveyModel
from crmmodels.plotting.drawing.arguments import check_choice
from crmmodels.plotting.drawing.axis_marks import write_words
from crmmodels.plotting.drawing.curves import draw_curve
from crmmodels.plotting.drawing.figure import BLUE, DARK, GREY, axes_of_size, require_matplotlib
from crmmodels.plotting.drawing.fonts import display_width
from crmmodels.plotting.drawing.lettering import Phrases, language_of, write_in_fonts
from crmmodels.plotting.drawing.names import name_rows, whole_labels
from crmmodels.plotting.survey.shared import construct_names, fitted_survey

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PLOT: Final = "plot_bootstrap"
_QUANTITIES: Final = tuple(name for name in KEYS if name != "cross_loadings")
_REFERENCES: Final[Mapping[str, float]] = {
    "weights": 0.0,
    "paths": 0.0,
    "total_effects": 0.0,
    "unstandardised_effects": 0.0,
    "htmt": 0.9,
}
"""What limits should stay away from: no effect, and constructs that are hard to tell apart."""
_HIGH: Final = 0.85
"""Height of a density, over that of a row."""
_GRID: Final = 200
_TAILS: Final = (0.0005, 0.9995)
"""Quantiles between which densities are drawn."""
_COLUMN: Final = 0.09

_PHRASES: Final[Phrases] = {
    "en": {
        "title": "{what} in {n} bootstrap replicates",
        "x": "Dot: estimate; line: {level} limits",
        "grey": "; grey: limits include {reference}",
        "weights": "Weights",
        "loadings": "Loadings",
        "index_weights": "Weights of the index",
        "paths": "Paths",
        "total_effects": "Total effects",
        "unstandardised_effects": "Total effects in points of the index",
        "f_squared": "Effect sizes f²",
        "vif": "Variance inflation",
        "htmt": "Heterotrait-monotrait ratios",
        "correlations": "Correlations of constructs",
        "r_squared": "R²",
        "r_squared_adjusted": "Adjusted R²",
        "redundancy": "Redundancy",
        "alpha": "Cronbach's alpha",
        "rho_a": "Reliability ρ_A",
        "rho_c": "Reliability ρ_C",
        "ave": "Average variance extracted",
        "index": "Index",
        "item_means": "Mean answers",
        "gof": "Goodness of fit",
    },
    "zh": {
        "title": "{n} 次自助抽样的{what}",
        "x": "点：估计值；线：{level} 置信限",
        "grey": "；灰色：置信限包含 {reference}",
        "weights": "权重",
        "loadings": "载荷",
        "index_weights": "指数权重",
        "paths": "路径系数",
        "total_effects": "总效应",
        "unstandardised_effects": "总效应（指数分）",
        "f_squared": "效应量 f²",
        "vif": "方差膨胀因子",
        "htmt": "异质—单质比 HTMT",
        "correlations": "潜变量相关系数",
        "r_squared": "R²",
        "r_squared_adjusted": "调整 R²",
        "redundancy": "冗余度",
        "alpha": "Cronbach α",
        "rho_a": "信度 ρ_A",
        "rho_c": "信度 ρ_C",
        "ave": "平均方差抽取量 AVE",
        "index": "指数",
        "item_means": "题项均值",
        "gof": "拟合优度 GoF",
    },
}
_BETWEEN: Final[Mapping[tuple[str, ...], str]] = {
    ("source", "target"): "{} → {}",
    ("construct", "item"): "{}: {}",
    ("construct", "other"): "{} – {}",
}


def plot_bootstrap(
    model: SurveyModel, data: Any, *, quantity: str = "paths", n_replicates: int | None = None, ax: Axes | None = None
) -> Axes:
    r"""Draw how estimates vary over bootstrap replicates, with their limits.

    The model keeps limits and standard errors only, so the replicates are drawn again, with its seed: they are the ones that its limits were
    made of. All densities are of one height; what is wide is unsure.

    Parameters
    ----------
    model : SatisfactionIndexModel or StructuralModel
        A fitted model.
    data : dataframe
        The survey of `fit`.
    quantity : str, default "paths"
        Kind of estimate, one of ``model.fitted.quantities`` but the cross-loadings.
    n_replicates : int, optional
        How many replicates. Default: the model's ``n_bootstrap``.
    ax : matplotlib Axes, optional
        Axes to draw into; a new figure if None.

    Returns
    -------
    matplotlib Axes
        The axes drawn into, a row per estimate in the order of the record; ``ax.collections`` holds the densities, from top to bottom.

    Raises
    ------
    ParameterError
        If ``model`` is no model of a survey, there is no such quantity, or no number of replicates.
    NotFittedError
        If the model is not fitted.
    DataError
        If the survey cannot be used, or is not the one of the fit.
    MissingDependencyError
        If matplotlib is not installed.

    Warns
    -----
    MissingGlyphWarning
        If no installed font has the characters of the labels; English is drawn instead.

    Notes
    -----
    Densities are sums of normal kernels whose standard deviation is, by the rule of Silverman,
    :math:`0.9 \min(s, \frac{\mathrm{IQR}}{1.34}) n^{-1/5}`.

    References
    ----------
    Silverman, B. W. (1986). Density Estimation for Statistics and Data Analysis. Chapman & Hall, section 3.4.

    Examples
    --------
    >>> import crmmodels as crm
    >>> survey = crm.simulate.simulate_survey(200, rng=1)
    >>> model = crm.SatisfactionIndexModel(indicators=survey.indicators, n_bootstrap=200).fit(survey.answers)
    >>> ax = crm.plotting.plot_bootstrap(model, survey.answers, quantity="r_squared")
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['quality', 'value', 'satisfaction', 'complaints', 'loyalty']
    """
    fitted = fitted_survey(_PLOT, model)
    check_choice(_PLOT, "quantity", _QUANTITIES, quantity)
    drawn = model.replicates(data, quantity, n_replicates).to_numpy(np.float64)
    estimates = fitted.quantities[quantity]
    known = np.isfinite(estimates.estimate) & np.isfinite(drawn).any(axis=0)
    if not known.any():
        must = "one that some estimate has, in some replicate whose weights settled"
        raise ParameterError.must_be(_PLOT, "quantity", must, quantity)
    labels = [label for label, is_known in zip(estimates.labels, known.tolist(), strict=True) if is_known]
    require_matplotlib(_PLOT)
    names, plain = construct_names(model), {name: name.replace("_", " ") for name in construct_names(model)}
    words, english = ([_written(quantity, label, of) for label in labels] for of in (names, plain))
    text = write_in_fonts(_PLOT, language_of(model), _PHRASES, labels=words, english=english)
    rows = whole_labels(text, words, english)
    ax = axes_of_size(ax, 5.6 + _COLUMN * max(map(display_width, rows)), 1.5 + 0.42 * len(rows))
    ax.set_ylim(len(rows) - 0.4, -1.0)
    name_rows(ax, rows, text.style)
    reference = _REFERENCES.get(quantity)
    limits = percentile_limits(drawn[:, known], model.level)
    is_open = np.zeros(len(rows), bool)
    if reference is not None:
        is_open = (limits.lower <= reference) & (limits.upper >= reference)
        ax.axvline(reference, color=GREY, linewidth=0.8, linestyle="--", zorder=1)
    colours = np.where(is_open, GREY, BLUE).tolist()
    _draw(ax, drawn[:, known], colours)
    for row, (low, high) in enumerate(zip(limits.lower.tolist(), limits.upper.tolist(), strict=True)):
        ax.plot([low, high], [row, row], color=DARK, linewidth=2, solid_capstyle="butt", zorder=4)
    ax.plot(estimates.estimate[known], range(len(rows)), "o", color=DARK, markersize=4, zorder=5)
    x = text.phrase("x", level=f"{100.0 * model.level:g}%")
    if is_open.any():
        x += text.phrase("grey", reference=f"{reference:g}")
    n = f"{int(np.isfinite(drawn[:, known]).any(axis=1).sum()):,}"
    write_words(ax, text, title=text.phrase("title", what=text.phrase(quantity), n=n), x=x, y="", legend=False)
    ax.spines["left"].set_visible(False)
    return ax


def _written(quantity: str, label: Sequence[str], names: Mapping[str, str]) -> str:
    """What a number belongs to, such as "quality → satisfaction"."""
    words = [names.get(part, part) for part in label]
    if not words:
        return "GoF"
    return _BETWEEN.get(KEYS[quantity], "{}").format(*words)


def _draw(ax: Axes, drawn: FloatArray, colours: Sequence[str]) -> None:
    """Draw a density upon each row."""
    for row, (replicates, colour) in enumerate(zip(drawn.T, colours, strict=True)):
        values = replicates[np.isfinite(replicates)]
        grid, height = _density(values)
        top = row - _HIGH * height
        draw_curve(ax, grid, top, colour=colour, lower=top, upper=row, linewidth=1.0, opacity=0.45, zorder=3)


def _density(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Density of some numbers on a grid, 1 where it is highest; a spike where all are the same."""
    low, high = np.quantile(values, _TAILS).tolist()
    lower, upper = np.quantile(values, [0.25, 0.75]).tolist()
    deviation = float(values.std())
    spread = min(deviation, (upper - lower) / 1.34) or deviation
    width = 0.9 * spread * len(values) ** -0.2
    if width <= 1e-12 * max(abs(low), abs(high)):
        return np.array([low, low]), np.array([0.0, 1.0])
    grid = np.linspace(low - 2.0 * width, high + 2.0 * width, _GRID)
    counts, edges = np.histogram(values, 4 * _GRID)
    centres = 0.5 * (edges[1:] + edges[:-1])
    height: FloatArray = np.exp(-0.5 * ((grid[:, np.newaxis] - centres) / width) ** 2) @ counts
    return grid, height / height.max()
