"""A headless matplotlib, and a font with Chinese characters that is there on every machine."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

mpl.use("agg")

import matplotlib.pyplot as plt
from matplotlib import font_manager

HAN_FAMILY = "Tests Han"
HAN_CHARACTERS = "".join(chr(code) for code in (*range(0x4E00, 0x9FA6), *range(0x3000, 0x3020), *range(0xFF00, 0xFF60)))


@pytest.fixture(autouse=True)
def closed_figures():
    """Give every test a clean matplotlib, and check that it leaves the settings alone."""
    plt.close("all")
    before = dict(mpl.rcParams)
    yield
    assert dict(mpl.rcParams) == before
    plt.close("all")


@pytest.fixture(scope="session")
def han_font(tmp_path_factory) -> Path:
    """Write a font whose every Chinese character is the same square."""
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    pen = TTGlyphPen(None)
    pen.moveTo((100, 0))
    for point in ((100, 800), (900, 800), (900, 0)):
        pen.lineTo(point)
    pen.closePath()
    square = pen.glyph()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "square"])
    builder.setupCharacterMap(dict.fromkeys(map(ord, HAN_CHARACTERS), "square"))
    builder.setupGlyf({".notdef": square, "square": square})
    builder.setupHorizontalMetrics({".notdef": (1000, 100), "square": (1000, 100)})
    builder.setupHorizontalHeader(ascent=880, descent=-120)
    builder.setupNameTable({"familyName": HAN_FAMILY, "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=880, usWinAscent=880, usWinDescent=120)
    builder.setupPost()
    path = tmp_path_factory.mktemp("fonts") / "han.ttf"
    builder.save(path)
    return path


@pytest.fixture
def with_han_font(monkeypatch, han_font):
    """Only DejaVu Sans and the tests' own Chinese font are installed."""
    manager = font_manager.fontManager
    monkeypatch.setattr(manager, "ttflist", [entry for entry in manager.ttflist if entry.name == "DejaVu Sans"])
    manager.addfont(han_font)
    return HAN_FAMILY


@pytest.fixture
def without_han_font(monkeypatch):
    """Only DejaVu Sans is installed, beside the font that draws a box for everything."""
    manager = font_manager.fontManager
    kept = [entry for entry in manager.ttflist if entry.name == "DejaVu Sans" or entry.name.startswith("Last Resort")]
    monkeypatch.setattr(manager, "ttflist", kept)
    manager._findfont_cached.cache_clear()
    yield
    manager._findfont_cached.cache_clear()


@pytest.fixture
def drawn():
    """Return a function that renders the whole figure of an Axes; warnings are errors."""

    def draw(ax):
        ax.figure.canvas.draw()
        return ax

    return draw


@pytest.fixture(scope="session")
def customers():
    import crmmodels as crm

    return crm.RFMModel.example(n_customers=300, seed=4)


@pytest.fixture(scope="session")
def survey():
    """A survey with known paths, in three groups."""
    import crmmodels as crm

    return crm.simulate.simulate_survey(300, rng=1, groups={"north": 0.0, "south": 0.4, "west": -0.4})


@pytest.fixture(scope="session")
def survey_model(survey):
    """Return a function that fits the six constructs of the American index."""
    import crmmodels as crm

    @cache
    def fit(n_bootstrap=60, labels="en"):
        model = crm.SatisfactionIndexModel(indicators=survey.indicators, n_bootstrap=n_bootstrap, labels=labels)
        return model.fit(survey.answers)

    return fit


@pytest.fixture(scope="session")
def template_model():
    """Return a function that fits any template to answers that all move together, two items per construct."""
    import crmmodels as crm

    @cache
    def fit(template, labels="en", n_items=2):
        constructs = crm.structural_templates()[template].constructs
        names = [construct.name for construct in constructs if not construct.parts and not construct.is_optional]
        indicators = {name: [f"{name}_{j + 1}" for j in range(n_items)] for name in names}
        items = [item for own in indicators.values() for item in own]
        rng = np.random.default_rng(0)
        answers = 5.5 + 1.2 * rng.normal(size=(120, 1)) + rng.normal(size=(120, len(items)))
        answers = pd.DataFrame(np.clip(np.rint(answers), 1, 10), columns=items)
        model = crm.SatisfactionIndexModel(indicators=indicators, template=template, n_bootstrap=0, labels=labels)
        return model.fit(answers)

    return fit
