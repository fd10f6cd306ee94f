"""Templates are values: their graphs are those of the sources, and the record can hold what comes later."""

from __future__ import annotations

import pytest

import crmmodels as crm

SHORT = {
    "image": "IMAGE",
    "expectations": "EXP",
    "quality": "QUAL",
    "value": "VAL",
    "performance": "PERF",
    "satisfaction": "SAT",
    "complaints": "COMP",
    "loyalty": "LOY",
}
GRAPHS = {
    "acsi": "EXP>QUAL EXP>VAL EXP>SAT QUAL>VAL QUAL>SAT VAL>SAT SAT>COMP SAT>LOY COMP>LOY",
    "scsb": "EXP>PERF EXP>SAT PERF>SAT SAT>COMP SAT>LOY COMP>LOY",
    "ecsi": "IMAGE>EXP IMAGE>SAT IMAGE>LOY EXP>QUAL EXP>VAL EXP>SAT QUAL>VAL QUAL>SAT VAL>SAT SAT>COMP SAT>LOY COMP>LOY",
}


@pytest.mark.parametrize("name", GRAPHS)
def test_graphs_of_the_sources(name):
    template = crm.structural_templates()[name]
    assert {f"{SHORT[path.source]}>{SHORT[path.target]}" for path in template.paths} == set(GRAPHS[name].split())
    assert all(path.sign == 1 for path in template.paths if "complaints" not in {path.source, path.target})


def test_the_customer_relationship_model():
    template = crm.structural_templates()["cram"]
    parts = {c.name: c.parts for c in template.constructs if c.parts}
    assert parts == {
        "pre_sale": ("searchable_information", "brand_information"),
        "in_sale": ("quality_stability", "price_stability"),
        "post_sale": ("service_quality", "value_extension"),
    }
    optional = {c.name for c in template.constructs if c.is_optional}
    assert optional == {"promise_validity", "staff", "environment", "convenience", "contact_points", "word_of_mouth", "trust"}
    pairs = {(path.source, path.target) for path in template.paths if path.source not in optional}
    assert pairs == {
        ("pre_sale", "satisfaction"),
        ("in_sale", "satisfaction"),
        ("post_sale", "satisfaction"),
        ("satisfaction", "loyalty"),
        ("satisfaction", "complaint"),
        ("loyalty", "profit"),
    }
    assert template.find("profit").is_observed


def test_names_in_either_language_lead_to_the_construct():
    acsi = crm.structural_templates()["acsi"]
    for name in ("value", "VAL", "感知价值", "感知价格", "Perceived Price"):
        assert acsi.find(name).name == "value"
    assert [c.zh for c in acsi.constructs] == ["预期质量", "感知质量", "感知价值", "客户满意度", "客户抱怨", "客户忠诚度"]
    assert acsi.find("trust") is None


def test_a_later_template_is_data_only():
    """Second-order relationship quality with formative benefits: the record holds it, and it reads as it is."""

    def construct(name, **fields):
        return crm.TemplateConstruct(name=name, zh=f"{name}词", asks="", **fields)

    template = crm.Template(
        name="relationship_quality",
        title="Relationship quality",
        zh="关系质量",
        constructs=(
            construct("benefits", mode="B"),
            construct("trust"),
            construct("commitment"),
            construct("satisfaction"),
            construct("relationship_quality", parts=("trust", "commitment")),
            construct("revenue", is_observed=True),
        ),
        paths=(
            crm.TemplatePath(source="benefits", target="satisfaction"),
            crm.TemplatePath(source="satisfaction", target="relationship_quality"),
            crm.TemplatePath(source="relationship_quality", target="revenue"),
        ),
        source="Morgan & Hunt 1994",
    )
    assert "  relationship_quality relationship_quality词 = trust + commitment → revenue" in str(template).splitlines()
    paths = {"benefits": {"satisfaction": 0.6}, "satisfaction": {"trust": 0.5, "commitment": 0.5}, "trust": {"revenue": 0.3}}
    survey = crm.simulate.simulate_survey(300, 2, paths=paths)
    indicators = {**survey.indicators, "revenue": ["money"]}
    model = crm.SatisfactionIndexModel(
        indicators=indicators,
        template=template,
        scale={**dict.fromkeys(survey.indicators, (1, 10)), "revenue": None},
        n_bootstrap=0,
        nonnegative=True,
    ).fit(survey.answers.assign(money=survey.answers["revenue_1"] * 10.5))
    assert model.graph().modes["benefits"] == "B"
    assert model.fitted.quantities["paths"].of("satisfaction", "relationship_quality") > 0.3


def test_a_name_has_one_meaning():
    one, other = (crm.TemplateConstruct(name=name, zh=name, asks="", aliases=("X",)) for name in ("a", "b"))
    with pytest.raises(crm.ParameterError, match=r"names and aliases all differ; got \['x'\]"):
        crm.Template(name="t", title="t", zh="t", constructs=(one, other), paths=(), source="")
    with pytest.raises(crm.ParameterError, match=r"between constructs that are declared, \['a'\]; got \['c'\]"):
        crm.Template(
            name="t", title="t", zh="t", constructs=(one,), paths=(crm.TemplatePath(source="a", target="c"),), source=""
        )
