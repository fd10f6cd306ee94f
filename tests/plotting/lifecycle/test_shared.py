from __future__ import annotations

import numpy as np
import pytest

from crmmodels.plotting.drawing.axis_marks import period_name
from crmmodels.plotting.lifecycle.shared import STAGE_COLOURS, places_of


@pytest.mark.parametrize(
    ("kind", "number", "name", "day"),
    [
        ("D", 59, "1970-03-01", 59),
        ("W", 1, None, None),
        ("M", 336, "1998-01", 10227),
        ("Q", 113, "1998 Q2", 10317),
        ("Y", 28, "1998", 10227),
    ],
)
def test_periods_are_named_and_placed_by_their_first_day(kind, number, name, day):
    place = places_of(np.array([number]), kind, is_dated=True)[0]
    first = np.datetime64(0, "D") + int(place)
    assert period_name(number, kind, is_dated=True) == (name or str(first))
    if kind == "W":
        assert first.astype(object).weekday() == 0
    else:
        assert place == day


def test_numbered_periods_are_their_numbers():
    assert period_name(7, "M", is_dated=False) == "7"
    np.testing.assert_array_equal(places_of(np.array([3, 4]), "M", is_dated=False), [3.0, 4.0])


def _linear(colour):
    channel = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255.0
    return np.where(channel <= 0.04045, channel / 12.92, ((channel + 0.055) / 1.055) ** 2.4)


# Viénot, F., Brettel, H. & Mollon, J. D. (1999). Digital video colourmaps for checking the legibility of displays by
# dichromats. Color Research & Application 24(4), 243-252: linear RGB as protanopes and deuteranopes see it.
PROTAN = np.array([[0.11238, 0.88762, 0.0], [0.11238, 0.88762, 0.0], [0.00401, -0.00401, 1.0]])
DEUTAN = np.array([[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]])


@pytest.mark.parametrize("seen", [np.eye(3), PROTAN, DEUTAN], ids=["normal", "protan", "deutan"])
def test_the_colour_blind_tell_the_stages_apart(seen):
    colours = [np.cbrt(np.clip(seen @ _linear(colour), 0.0, 1.0)) for colour in STAGE_COLOURS]
    apart = [np.linalg.norm(a - b) for k, a in enumerate(colours) for b in colours[:k]]
    assert min(apart) > 0.2
