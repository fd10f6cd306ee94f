from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmmodels.plotting.drawing.figure import ink_on, percent

CHANNELS = st.tuples(*[st.floats(0, 1)] * 3)


def contrast(one, other):
    """Contrast ratio of two colours, from WCAG 2.2."""

    def luminance(colour):
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@given(CHANNELS)
def test_ink_contrasts_as_much_as_can_be(colour):
    ratios = {"black": contrast(colour, (0, 0, 0)), "white": contrast(colour, (1, 1, 1))}
    ink = ink_on(np.array(colour))
    assert ratios[ink] >= max(ratios.values()) - 1e-9
    assert ratios[ink] >= 4.5


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0%"), (0.123, "12.3%"), (1, "100.0%"), (0.0004, "<0.1%"), (0.0006, "0.1%"), (-0.0004, ">-0.1%"), (-0.25, "-25.0%")],
)
def test_percent(share, text):
    assert percent(share) == text
