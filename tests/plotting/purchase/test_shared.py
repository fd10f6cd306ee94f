"""What all plots of the purchase models keep to."""

from __future__ import annotations

import sys

import matplotlib.pyplot as plt
import pandas as pd
import pytest

import crmmodels as crm
from crmmodels import plotting
from crmmodels.models.purchase.nbd import NBDModel

LINES = pd.DataFrame({"who": ["a", "a", "b"], "day": ["2024-01-01", "2024-01-15", "2024-01-08"]})


@pytest.fixture(scope="module")
def people():
    return NBDModel.example(n_customers=300, seed=3).assign(order_days_holdout=2, duration_holdout=13.0)


def plots_of(model, people):
    orders = crm.Orders(LINES, customer="who", time="day")
    return {
        "plot_alive_history": lambda **axes: plotting.plot_alive_history(model, orders, "a", **axes),
        "plot_calibration": lambda **axes: plotting.plot_calibration(model, people, **axes),
        "plot_expected_purchases_matrix": lambda **axes: plotting.plot_expected_purchases_matrix(model, age=39, **axes),
        "plot_frequency": lambda **axes: plotting.plot_frequency(model, people, **axes),
        "plot_probability_alive_matrix": lambda **axes: plotting.plot_probability_alive_matrix(model, age=39, **axes),
        "plot_purchase_distribution": lambda **axes: plotting.plot_purchase_distribution(model, **axes),
        "plot_time_since_last": lambda **axes: plotting.plot_time_since_last(model, people, **axes),
        "plot_tracking": lambda **axes: plotting.plot_tracking(model, orders, 9, split_at="2024-01-08", **axes),
    }


NAMES = list(plots_of(None, None))


def words_of(ax):
    legend = ax.get_legend()
    ticks = []
    for axis in (ax.xaxis, ax.yaxis):
        low, high = axis.get_view_interval()
        ticks += [tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
    return [ax.title, ax.xaxis.label, ax.yaxis.label, *(legend.get_texts() if legend else ()), *ticks]


def test_every_plot_of_a_purchase_model_is_held_to_it():
    of_purchases = {
        name for name in plotting.__all__ if getattr(plotting, name).__module__.startswith("crmmodels.plotting.purchase")
    }
    assert of_purchases == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_without_matplotlib_the_command_that_installs_it_is_told(name, people, monkeypatch):
    model = NBDModel(horizon=39, unit="W").fit(people)
    for module in [module for module in sys.modules if module.partition(".")[0] == "matplotlib"]:
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(crm.MissingDependencyError) as refusal:
        plots_of(model, people)[name]()
    command = "python -m pip install 'crmmodels[plot]'"
    expected = f"{name} needs the package 'matplotlib', which is not installed; install it with: {command}"
    assert str(refusal.value) == expected


@pytest.mark.parametrize("labels", ["en", "zh"])
@pytest.mark.parametrize("name", NAMES)
def test_a_new_figure_clips_nothing(name, labels, people, with_han_font, drawn):
    ax = drawn(plots_of(NBDModel(horizon=39, unit="W", labels=labels).fit(people), people)[name]())
    page = ax.figure.bbox
    for words in words_of(ax):
        box = words.get_window_extent()
        if words.get_text():
            assert page.x0 - 1 <= box.x0 <= box.x1 <= page.x1 + 1, words
            assert page.y0 - 1 <= box.y0 <= box.y1 <= page.y1 + 1, words


@pytest.mark.parametrize("name", NAMES)
def test_every_word_has_the_fonts_of_the_plot(name, people, with_han_font, drawn):
    ax = drawn(plots_of(NBDModel(horizon=39, unit="W", labels="zh").fit(people), people)[name]())
    chinese = [words for words in words_of(ax) if any("\u4e00" <= character <= "\u9fff" for character in words.get_text())]
    assert len(chinese) >= 2
    assert all(with_han_font in words.get_fontfamily() for words in chinese)


@pytest.mark.parametrize("name", NAMES)
def test_in_a_small_figure_words_stay_beside_their_axes(name, people, drawn):
    model = NBDModel(horizon=39, unit="W").fit(people)
    figure, axes = plt.subplots(2, 2, figsize=(7, 6), layout="constrained")
    ax = drawn(plots_of(model, people)[name](ax=axes[0, 1]))
    assert ax is axes[0, 1]
    assert figure.get_size_inches().tolist() == [7, 6]
    box = ax.get_window_extent()
    for words, along in ((ax.title, "width"), (ax.xaxis.label, "width"), (ax.yaxis.label, "height")):
        assert getattr(words.get_window_extent(), along) <= 1.25 * getattr(box, along)
