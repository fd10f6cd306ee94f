from __future__ import annotations

import os
import re
import subprocess
import sys
import warnings

import pandas as pd
import pytest
from matplotlib import get_cachedir, rcParams
from matplotlib.text import Text

import crmmodels as crm
from crmmodels import plotting
from crmmodels.plotting.drawing.fonts import candidate_families, choose_fonts, display_width, is_chinese

ENGLISH = list(crm.RFMModel().segment_labels())
CHINESE = list(crm.RFMModel(labels="zh").segment_labels())


def texts(ax):
    """Everything written on the figure."""
    return [artist for artist in ax.figure.findobj(Text) if artist.get_text().strip()]


def plots(labels, customers):
    """Every plot of models with these labels, as functions without arguments."""
    rfm, abc = crm.RFMModel(labels=labels).fit(customers), crm.ABCModel(labels=labels).fit(customers)
    computed = crm.ABCModel(labels=labels, method="computed").fit(customers)
    moves = rfm.migration(customers, customers)
    return {
        "bars": lambda: plotting.plot_segments(rfm, customers),
        "tiles": lambda: plotting.plot_segments(rfm, customers, kind="treemap"),
        "classes": lambda: plotting.plot_segments(abc, customers, kind="treemap"),
        "scores": lambda: plotting.plot_rf_heatmap(rfm, customers),
        "curve": lambda: plotting.plot_concentration(abc),
        "computed curve": lambda: plotting.plot_concentration(computed),
        "moves": lambda: plotting.plot_migration(moves),
        "whale": lambda: plotting.plot_whale(customers.rename(columns={"spend": "毛利"}), value="毛利"),
    }


NAMES = ["bars", "tiles", "classes", "scores", "curve", "computed curve", "moves", "whale"]


@pytest.mark.parametrize("name", NAMES)
def test_chinese_is_drawn_where_a_font_has_it(customers, name, with_han_font, drawn):
    ax = drawn(plots("zh", customers)[name]())
    titles = {"bars": [ax.get_xlabel()], "tiles": [ax.get_title()], "classes": [ax.get_title()]}
    assert all(is_chinese(title) for title in titles.get(name, [ax.get_xlabel(), ax.get_ylabel()]))
    for artist in texts(ax):
        if is_chinese(artist.get_text()):
            assert artist.get_fontfamily() == [*rcParams["font.family"], with_han_font]


@pytest.mark.parametrize("name", NAMES)
def test_without_a_font_there_is_one_warning_and_no_chinese(customers, name, without_han_font, drawn):
    plot = plots("zh", customers)[name]
    with pytest.warns(crm.MissingGlyphWarning) as caught:
        ax = plot()
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert not [artist.get_text() for artist in texts(drawn(ax)) if is_chinese(artist.get_text())]


@pytest.mark.parametrize("name", [name for name in NAMES if name != "whale"])
def test_english_needs_no_font_and_no_warning(customers, name, without_han_font, drawn):
    ax = drawn(plots("en", customers)[name]())
    assert not [artist.get_text() for artist in texts(ax) if is_chinese(artist.get_text())]


def test_labels_go_back_to_english(customers, without_han_font):
    model = crm.RFMModel(labels="zh").fit(customers)
    with pytest.warns(crm.MissingGlyphWarning):
        ax = plotting.plot_segments(model, customers)
    assert [label.get_text() for label in ax.get_yticklabels()] == ENGLISH
    assert ax.get_xlabel() == "Share of customers and of spend"


def test_the_warning_tells_what_is_missing_and_what_to_do(without_han_font):
    table = pd.DataFrame({"customer_id": [1, 2], "毛利": [1.0, 2.0]})
    with pytest.warns(crm.MissingGlyphWarning) as caught:
        ax = plotting.plot_whale(table, value="毛利")
    message = str(caught[0].message)
    n = len(set("累计客户占比（毛利由高到低）总峰值：的贡献"))
    assert re.fullmatch(
        rf"plot_whale: no installed font has {n} of the characters of this plot \(.{{12}}…\), so English is drawn instead; "
        r"install a font with Chinese characters, such as Noto Sans CJK, then delete matplotlib's font cache "
        rf"\(the files fontlist-\*\.json in {re.escape(repr(get_cachedir()))}\) and start Python anew",
        message,
    )
    assert ax.get_ylabel() == "Cumulative share of total value"


def test_moves_have_numbers_where_they_have_no_english_name(customers, without_han_font):
    migration = crm.RFMModel(labels="zh").migration(customers, customers)
    with pytest.warns(crm.MissingGlyphWarning, match="so English or numbered labels are drawn instead"):
        ax = plotting.plot_migration(migration)
    assert [label.get_text() for label in ax.get_yticklabels()] == [f"segment {k}" for k in range(1, 11)]
    assert ax.get_xlabel() == "Segment after"


def test_own_chinese_segments_without_an_english_name_are_numbered(customers, without_han_font, drawn):
    cells = {(r, f): "高" if r + f > 3 else "low" for r in (1, 2) for f in (1, 2)}
    model = crm.RFMModel(n_bins=2, segments=cells).fit(customers)
    assert model.segment_labels() == ("low", "高")
    with pytest.warns(crm.MissingGlyphWarning, match=r"has 1 of the characters of this plot \(高\)"):
        ax = drawn(plotting.plot_segments(model, customers))
    assert [label.get_text() for label in ax.get_yticklabels()] == ["low", "segment 2"]


def test_own_chinese_wording_goes_back_to_english(customers, without_han_font, drawn):
    model = crm.RFMModel(labels={"champions": "冠军"}).fit(customers)
    with pytest.warns(crm.MissingGlyphWarning):
        ax = drawn(plotting.plot_segments(model, customers))
    assert [label.get_text() for label in ax.get_yticklabels()] == ENGLISH


def test_titles_are_chinese_only_for_chinese_labels(customers, with_han_font):
    model = crm.RFMModel(labels={"champions": "冠军"}).fit(customers)
    ax = plotting.plot_segments(model, customers)
    assert ax.get_xlabel() == "Share of customers and of spend"
    assert ax.get_yticklabels()[-1].get_text() == "冠军"
    chinese = plotting.plot_segments(crm.RFMModel(labels="zh").fit(customers), customers)
    assert chinese.get_xlabel() == "客户占比与消费金额占比"
    assert [label.get_text() for label in chinese.get_yticklabels()] == CHINESE


def test_chinese_words_take_no_spaces_between_them(with_han_font):
    table = pd.DataFrame({"customer_id": [1, 2], "毛利": [1.0, 2.0]})
    assert plotting.plot_whale(table, value="毛利").get_ylabel() == "累计毛利占比"


def test_several_fonts_together_have_every_character(with_han_font, monkeypatch):
    choice = choose_fonts(["abc 客户 ∮"])
    assert choice.families == (*rcParams["font.family"], with_han_font)
    assert choice.missing == frozenset()


def test_what_no_font_has_is_missing(with_han_font):
    choice = choose_fonts(["客 \U0001f9ff\n\t"])
    assert choice.missing == {"\U0001f9ff"}
    assert choice.families == (*rcParams["font.family"], with_han_font)


def test_families_without_a_normal_weight_are_tried_without_a_word(with_han_font, monkeypatch, caplog):
    """matplotlib logs each on the standard error, "findfont: Failed to find font weight normal", when it is asked for one."""
    from matplotlib import font_manager

    manager = font_manager.fontManager
    plain = next(entry for entry in manager.ttflist if entry.name == "DejaVu Sans")
    odd = font_manager.FontEntry(fname=plain.fname, name="Aaa Condensed", weight=380, stretch="condensed")
    monkeypatch.setattr(manager, "ttflist", [odd, *manager.ttflist])
    manager._findfont_cached.cache_clear()
    assert choose_fonts(["客户 🧿"]).families == (*rcParams["font.family"], with_han_font)
    assert caplog.messages == []


def test_a_font_of_boxes_is_no_font(without_han_font):
    assert candidate_families() == ("DejaVu Sans",)
    assert choose_fonts(["客"]).missing == {"客"}


def test_chinese_families_come_first(monkeypatch):
    from matplotlib import font_manager

    names = ["Zapf", "SimHei", "Adobe Blank", ".LastResort", "Arial", "Noto Sans CJK SC"]
    entries = [font_manager.FontEntry(fname="", name=name) for name in names]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", entries)
    assert candidate_families() == ("Noto Sans CJK SC", "SimHei", "Arial", "Zapf")


def test_a_chinese_character_is_two_columns_wide():
    assert display_width("ab客户") == 6


def test_importing_needs_no_matplotlib():
    code = "import sys; from crmmodels import plotting; print(sorted(plotting.__all__) == plotting.__all__, 'matplotlib' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)  # noqa: S603
    assert shown.stdout.strip() == "True False"


@pytest.mark.parametrize("name", NAMES)
def test_without_matplotlib_the_extra_is_named(customers, name, monkeypatch):
    plot = plots("en", customers)[name]
    for module in [module for module in sys.modules if module.split(".")[0] == "matplotlib"]:
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(crm.MissingDependencyError) as refusal:
        plot()
    assert re.fullmatch(
        r"plot_\w+ needs the package 'matplotlib', which is not installed; "
        r"install it with: python -m pip install 'crmmodels\[plot\]'",
        str(refusal.value),
    )


def test_warnings_as_errors_leave_no_figure_behind(customers, without_han_font):
    import matplotlib.pyplot as plt

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name, plot in plots("zh", customers).items():
            with pytest.raises(crm.MissingGlyphWarning):
                plot()
            assert plt.get_fignums() == [], name
