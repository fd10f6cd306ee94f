"""Axes, colours and figures of speech that all plots share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from crmmodels.exceptions import MissingDependencyError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE: Final = "#0072B2"
ORANGE: Final = "#E69F00"
GREY: Final = "#595959"
"""Two colours of Okabe & Ito (2008), told apart by the colour-blind and in greyscale, and a grey for lines."""

DARK: Final = "#202020"
"""Lines and numbers over colours."""

COLOUR_MAP: Final = "Blues"
"""One hue from light to dark: more is darker, on paper too."""

_TINY: Final = 0.0005


def require_matplotlib(plot: str) -> None:
    """Raise MissingDependencyError where matplotlib is not installed."""
    try:
        import matplotlib.pyplot as plt  # noqa: F401, PLC0415  (optional package)
    except ModuleNotFoundError as error:
        raise MissingDependencyError.needed(plot, "matplotlib", "plot") from error


def axes_of_size(ax: Axes | None, width: float, height: float) -> Axes:
    """Return the axes given, whose figure stays as large as it is, or those of a new figure of a size in inches.

    In a new figure the layout is constrained, so that nothing is clipped.
    """
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt  # noqa: PLC0415  (optional package)

    _, new = plt.subplots(figsize=(width, height), layout="constrained")
    return new


def percent(share: float) -> str:
    """A share in per cent with one decimal; what would round to nothing is told from nothing."""
    if share == 0:
        return "0%"
    if abs(share) < _TINY:
        return "<0.1%" if share > 0 else ">-0.1%"
    return f"{share:.1%}"


def ink_on(colour: Any) -> str:
    """Black or white, whichever has the higher contrast ratio to a colour, taken for opaque.

    W3C (2023). Web Content Accessibility Guidelines 2.2, definitions of relative luminance and contrast ratio.
    """
    from matplotlib.colors import to_rgb  # noqa: PLC0415  (optional package)

    channel = np.array(to_rgb(colour))
    linear = np.where(channel <= 0.04045, channel / 12.92, ((channel + 0.055) / 1.055) ** 2.4)
    luminance = float(linear @ [0.2126, 0.7152, 0.0722])
    return "black" if (luminance + 0.05) ** 2 > 1.05 * 0.05 else "white"


def tick_percent(share: float) -> str:
    """A share in per cent with no more decimals than a tick needs."""
    return f"{100.0 * share:.4g}%"


def percent_axis(axis: Any) -> None:
    """Write the numbers of an axis of shares in per cent."""
    axis.set_major_formatter(lambda share, _: tick_percent(share))


def settle(ax: Axes) -> None:
    """Lay the figure out, so that the axes have the size in which they are drawn and text can be measured."""
    root = ax.figure
    while root is not root.figure:
        root = root.figure
    root.draw_without_rendering()


def columns_across(ax: Axes) -> int:
    """Columns of small text that fit side by side on the axes."""
    from matplotlib import rcParams  # noqa: PLC0415  (optional package)

    points = ax.bbox.width / ax.figure.dpi * 72.0
    return int(points / (0.55 * 0.833 * rcParams["font.size"]))
