"""Whether loyal customers pay more, cost less and buy more: slopes with their limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from crmmodels._typing import Language
from crmmodels.exceptions import DataError, ParameterError
from crmmodels.models.clv.loyalty_claims import CLAIMS
from crmmodels.models.clv.model import CLVModel
from crmmodels.parameters import check_level
from crmmodels.plotting.drawing.axis_marks import write_words
from crmmodels.plotting.drawing.figure import BLUE, GREY, ORANGE, axes_of_size, require_matplotlib, settle
from crmmodels.plotting.drawing.forest import draw_forest
from crmmodels.plotting.drawing.lettering import Lettering, Phrases, in_columns, language_of, write_in_fonts
from crmmodels.plotting.value.shared import check_base

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PLOT: Final = "plot_claims"
_ROOM_FOR_NAMES: Final = 0.6
_NARROW: Final = 16
"""Columns of a line where the names take more of the width of the axes."""
_COLOURS: Final = {"supported": BLUE, "contradicted": ORANGE, "not decided": GREY}

_CLAIMS: Final[dict[Language, dict[str, str]]] = {
    "en": dict(CLAIMS),
    "zh": {
        "price": "忠诚客户支付更高价格",
        "cost_to_serve": "忠诚客户服务成本更低",
        "basket": "忠诚客户每单消费更多",
    },
}

_PHRASES: Final[Phrases] = {
    "en": {
        "title": "Claims of loyalty, tested within customers",
        "x": "Elasticity to the order number ({level} limits)",
        "supported": "supported",
        "contradicted": "contradicted",
        "not decided": "not decided",
        "words": "{verdict}: {slope}",
    },
    "zh": {
        "title": "忠诚度论断的客户内检验",
        "x": "对订单序号的弹性（{level} 置信限）",
        "supported": "支持",
        "contradicted": "相反",
        "not decided": "无法判定",
        "words": "{verdict}：{slope}",
    },
}


def plot_claims(model: CLVModel, data: Any, *, level: float = 0.95, ax: Axes | None = None) -> Axes:
    """Draw whether loyal customers pay more, cost less to serve, and spend more per order.

    It shows the slopes of ``model.claims(data)``, which are elasticities, with their limits. Those of price and basket support the claim above 0, that of the cost
    to serve below.

    Parameters
    ----------
    model : CLVModel
        The model, whose margin counts; it need not be fitted.
    data : Orders or CustomerBase
        The orders.
    level : float, default 0.95
        Confidence level of the limits.
    ax : matplotlib Axes, optional
        Axes to draw into; a new figure if None.

    Returns
    -------
    matplotlib Axes
        The axes drawn into, a row per claim that the data can test; ``ax.containers`` holds the slopes with their limits, from top to
        bottom, and ``ax.texts`` the verdicts.

    Raises
    ------
    ParameterError
        If the level is not between 0 and 1, ``model`` is no CLVModel, or ``data`` are accounts.
    DataError
        If the data cannot be used, or test no claim, since no customer has two orders.
    MissingDependencyError
        If matplotlib is not installed.

    Warns
    -----
    MissingGlyphWarning
        If no installed font has Chinese characters and the model's labels are Chinese; English is drawn instead.

    References
    ----------
    Reinartz, W. J. & Kumar, V. (2002). The Mismanagement of Customer Loyalty. Harvard Business Review 80(7), 86-94.

    Examples
    --------
    >>> import crmmodels as crm
    >>> orders = crm.Orders(crm.datasets.load_cdnow(), customer="customer_id", time="date", amount="spend", quantity="n_cds")
    >>> ax = crm.plotting.plot_claims(crm.CLVModel(), orders)
    >>> [words.get_text() for words in ax.texts]
    ['not decided: -0.00718', 'not decided: 0.00482']
    """
    if not isinstance(model, CLVModel):
        raise ParameterError.must_be(_PLOT, "model", "a CLVModel", type(model))
    check_level(_PLOT, level)
    check_base(_PLOT, data)
    claims = model.claims(data, level=level)
    if not claims.empty:
        claims = claims[np.isfinite(claims[["lower", "upper"]].to_numpy(np.float64)).all(axis=1)]
    if claims.empty:
        raise DataError(
            _PLOT, ["no customer has two orders with an amount above 0, so that no claim can be tested"], "order log"
        )
    require_matplotlib(_PLOT)
    language = language_of(model)
    labels, english = ([_CLAIMS[of][name] for name in claims.index] for of in (language, "en"))
    text = write_in_fonts(_PLOT, language, _PHRASES, labels=labels, english=english)
    ax = axes_of_size(ax, 5.4 + text.label_width(), 1.6 + 0.75 * len(claims))
    ax.axvline(0.0, color=GREY, linewidth=1, linestyle="--")
    _draw(ax, claims, text)
    _name_rows(ax, text)
    ax.set_ylim(len(claims) - 0.5, -0.7)
    ax.tick_params(axis="y", length=0)
    x = text.phrase("x", level=f"{100.0 * level:g}%")
    write_words(ax, text, title=text.phrase("title"), x=x, y="", legend=False)
    return ax


def _name_rows(ax: Axes, text: Lettering) -> None:
    """Name the claims, in narrow lines where the axes are narrow."""
    rows = range(len(text.labels))
    ax.set_yticks(rows, text.labels, **text.style)
    settle(ax)
    if max(label.get_window_extent().width for label in ax.get_yticklabels()) > _ROOM_FOR_NAMES * ax.bbox.width:
        narrow = [in_columns(label.replace("\n", " "), _NARROW) for label in text.labels]
        ax.set_yticks(rows, narrow, fontsize="small", **text.style)


def _draw(ax: Axes, claims: pd.DataFrame, text: Lettering) -> None:
    slope, lower, upper = (claims[name].to_numpy(np.float64) for name in ("slope", "lower", "upper"))
    verdicts = claims["verdict"].tolist()
    words = [
        text.phrase("words", verdict=text.phrase(verdict), slope=f"{one:.3g}")
        for verdict, one in zip(verdicts, slope, strict=True)
    ]
    colours = [_COLOURS[verdict] for verdict in verdicts]
    draw_forest(ax, slope, lower, upper, colours=colours, written=words, style=text.style)
