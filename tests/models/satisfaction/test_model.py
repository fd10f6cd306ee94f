"""SatisfactionIndexModel: templates, names of constructs, segments, and the report."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest

import crmmodels as crm

SURVEY = crm.simulate.simulate_survey(300, 1)


@pytest.fixture(scope="module")
def fit():
    return crm.SatisfactionIndexModel(indicators=SURVEY.indicators, n_bootstrap=200).fit(SURVEY.answers)


def test_it_is_the_structural_model_of_its_template(fit):
    plain = crm.StructuralModel(constructs=SURVEY.indicators, paths=SURVEY.paths, n_bootstrap=0).fit(SURVEY.answers)
    ours, theirs = (dict(zip(one.fitted.quantities["paths"].labels, one.fitted.quantities["paths"].estimate, strict=True)) for one in (fit, plain))  # fmt: skip
    assert ours == pytest.approx(theirs)
    assert list(fit.index().index) == list(SURVEY.indicators)


@pytest.mark.parametrize("wording", ["zh", "short", "alias"])
def test_constructs_go_by_any_of_their_names(wording, fit):
    template = crm.structural_templates()["acsi"]
    other = {
        "zh": {c.name: c.zh for c in template.constructs},
        "short": {c.name: c.aliases[0].lower() for c in template.constructs},
        "alias": {"value": "感知价格", "complaints": "顾客抱怨", "quality": "Perceived Quality"},
    }[wording]
    indicators = {other.get(name, name): items for name, items in SURVEY.indicators.items()}
    again = crm.SatisfactionIndexModel(indicators=indicators, n_bootstrap=0).fit(SURVEY.answers)
    assert again.fitted.constructs == fit.fitted.constructs
    assert again.score(SURVEY.answers).equals(fit.score(SURVEY.answers))


def test_segments_are_bands_of_satisfaction_in_either_language(fit):
    index = fit.score(SURVEY.answers)["satisfaction"]
    expected = pd.cut(index, [-1, 60, 75, 90, 101], right=False, labels=["dissatisfied", "passive", "satisfied", "delighted"])
    assert fit.segment(SURVEY.answers).tolist() == expected.tolist()
    chinese = crm.SatisfactionIndexModel(indicators=SURVEY.indicators, n_bootstrap=0, labels="zh")
    assert chinese.segment_labels() == ("不满意", "一般", "满意", "非常满意")


def test_parameters_out_of_range():
    for parameters, message in [
        ({"template": "csi"}, "template=...) must be one of 'acsi', 'scsb', 'ecsi', 'cram'; got 'csi'."),
        ({"indicators": {}}, "indicators=...) must be a mapping from construct to the names of its items; got {}."),
        (
            {"indicators": {**SURVEY.indicators, "price": ["p"]}},
            (
                "indicators=...) must be items of the constructs of 'acsi', ['expectations', 'quality', 'value', 'satisfaction', "
                "'complaints', 'loyalty']; got ['price']."
            ),
        ),
        (
            {"indicators": {k: v for k, v in SURVEY.indicators.items() if k != "value"}},
            "indicators=...) must be items of every construct of 'acsi'; these have none; got ['value'].",
        ),
        ({"indicators": {**SURVEY.indicators, "VAL": ["v"]}}, "'value' has more than one name in it"),
        ({"indicators": {**SURVEY.indicators, "value": "v"}}, "a mapping from construct to the names of its items"),
    ]:
        with pytest.raises(crm.ParameterError) as caught:
            crm.SatisfactionIndexModel(**{"indicators": SURVEY.indicators, **parameters})
        assert message in str(caught.value)


def test_a_template_of_ones_own_is_saved_with_the_model(tmp_path):
    acsi = crm.structural_templates()["acsi"]
    kept = [c for c in acsi.constructs if c.name in {"quality", "satisfaction", "loyalty"}]
    paths = [
        crm.TemplatePath(source="quality", target="satisfaction"),
        crm.TemplatePath(source="satisfaction", target="loyalty"),
    ]
    own = crm.Template(name="short", title="Short", zh="短", constructs=tuple(kept), paths=tuple(paths), source="us")
    indicators = {name: SURVEY.indicators[name] for name in ("quality", "satisfaction", "loyalty")}
    model = crm.SatisfactionIndexModel(indicators=indicators, template=own, n_bootstrap=0).fit(SURVEY.answers)
    model.save(tmp_path / "own.json")
    back = crm.load(tmp_path / "own.json")
    assert back == model
    assert back.template == own
    assert back.score(SURVEY.answers).equals(model.score(SURVEY.answers))
    nothing = crm.Template(name="n", title="n", zh="n", constructs=tuple(kept[:1]), paths=(), source="us")
    with pytest.raises(crm.ParameterError, match="a template with a construct named 'satisfaction'"):
        crm.SatisfactionIndexModel(indicators={"quality": ["a"]}, template=nothing)


def test_the_customer_relationship_model_with_money():
    rng = np.random.default_rng(0)
    stages = {
        "searchable_information": 2,
        "brand_information": 2,
        "quality_stability": 2,
        "price_stability": 2,
        "service_quality": 2,
        "value_extension": 2,
        "trust": 2,
    }
    paths = {
        **{name: {"satisfaction": 0.25} for name in stages},
        "satisfaction": {"loyalty": 0.6, "complaint": -0.4},
    }
    survey = crm.simulate.simulate_survey(500, rng, paths=paths, loadings=(0.9, 0.8))
    frame = survey.answers.assign(money=20 * survey.scores["loyalty"] + rng.normal(0, 20, 500))
    model = crm.SatisfactionIndexModel(
        indicators={**survey.indicators, "profit": ["money"]},
        template="cram",
        scale={**dict.fromkeys(survey.indicators, (1, 10)), "profit": None},
        n_bootstrap=50,
    ).fit(frame)
    assert model.fitted.constructs[:8] == (
        "pre_sale",
        "in_sale",
        "post_sale",
        "trust",
        "satisfaction",
        "loyalty",
        "complaint",
        "profit",
    )
    paths_found = model.fitted.paths.set_index(["source", "target"])["estimate"]
    assert (paths_found[["pre_sale", "in_sale", "post_sale", "trust"]] > 0.1).all()
    assert paths_found["satisfaction", "complaint"] < 0
    gains = model.importance_performance("profit").set_index("construct")
    assert gains.loc["loyalty", "importance"] > 0.3
    assert "profit" not in model.index().index
    assert "pre sale" in model.report_html()


class TestReport:
    def test_it_has_a_dial_with_limits_for_every_construct(self, fit):
        page = fit.report_html()
        dials = [ET.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", page, re.DOTALL)]  # noqa: S314  (our own)
        titles = [dial.find("{http://www.w3.org/2000/svg}title").text for dial in dials]
        assert len(dials) == 6
        for title, (name, row) in zip(titles, fit.index().iterrows(), strict=True):
            assert title == f"{name}: {row['index']:.1f} 95%: {row['lower']:.1f} to {row['upper']:.1f}"

    def test_the_needle_points_where_the_value_is(self):
        from crmmodels.models.satisfaction.dials import Dial, dial_svg

        for value, tip in ((0.0, (15, 98)), (50.0, (95, 18)), (100.0, (175, 98))):
            dial = ET.fromstring(dial_svg(Dial(name="x<y", value=value, lower=None, upper=None, words=""), (60, 75, 90)))  # noqa: S314  (our own)
            line = dial.find("{http://www.w3.org/2000/svg}line")
            assert (float(line.get("x2")), float(line.get("y2"))) == pytest.approx(tip, abs=0.1)
            assert len(dial.findall("{http://www.w3.org/2000/svg}path")) == 4

    def test_it_names_what_to_improve_first_in_order(self, fit):
        page = fit.report_html()
        table = fit.importance_performance()
        best = table.iloc[0]
        assert f"Begin with {best['construct']}: one point more raises satisfaction by {best['importance']:.2f} points" in page
        drivers = page[page.index("What to improve first") : page.index("For specialists")]
        places = [drivers.index(f">{name}</td>") for name in table["construct"]]
        assert places == sorted(places)

    def test_it_flags_what_contradicts_theory_and_what_cannot_be_told_apart(self):
        turned = SURVEY.answers.copy()
        items = list(SURVEY.indicators["loyalty"])
        turned[items] = 11 - turned[items]
        turned["value_1"] = turned["quality_1"]
        turned["value_2"] = turned["quality_2"]
        page = crm.SatisfactionIndexModel(indicators=SURVEY.indicators, n_bootstrap=0).fit(turned).report_html()
        assert "against theory" in page
        assert "Pairs that are hard to tell apart" in page
        assert "without limits; set n_bootstrap for them" in page

    def test_it_speaks_chinese_and_says_who_is_missing(self):
        blank = SURVEY.answers.astype({item: float for items in SURVEY.indicators.values() for item in items}).copy()
        blank.loc[0, [item for items in SURVEY.indicators.values() for item in items]] = np.nan
        blank.loc[1, "value_1"] = np.nan
        page = crm.SatisfactionIndexModel(indicators=SURVEY.indicators, n_bootstrap=50, labels="zh").fit(blank).report_html()
        for words in ("客户满意度", "299 位受访者", "剔除 1 位", "的回答缺失", "优先改进什么", "感知质量"):
            assert words in page

    def test_it_has_no_script_and_escapes_names(self):
        strange = {name: tuple(f"<b>{item}&" for item in items) for name, items in SURVEY.indicators.items()}
        frame = SURVEY.answers.rename(columns={item: f"<b>{item}&" for items in SURVEY.indicators.values() for item in items})
        page = crm.SatisfactionIndexModel(indicators=strange, n_bootstrap=0).fit(frame)._repr_html_()
        assert "<script" not in page
        assert "<b>" not in page
        assert "&lt;b&gt;loyalty_1&amp;" in page

    def test_before_fit_the_notebook_shows_the_parameters(self):
        model = crm.SatisfactionIndexModel(indicators=SURVEY.indicators)
        assert "not fitted" in model._repr_html_()
        with pytest.raises(crm.NotFittedError, match="report_html"):
            model.report_html()
