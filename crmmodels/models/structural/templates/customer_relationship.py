"""Template of the customer relationship analysis model: what happens before, in and after the sale."""

from __future__ import annotations

from typing import Final

from crmmodels.models.structural.templates.customer_satisfaction import LOYALTY, SATISFACTION
from crmmodels.models.structural.templates.template import Template, TemplateConstruct, TemplatePath

_FACTORS: Final = (
    TemplateConstruct(
        name="searchable_information", zh="可搜寻信息", asks="Whether what one wants to know before buying can be found."
    ),
    TemplateConstruct(name="brand_information", zh="品牌信息", asks="What is known and told of the brand."),
    TemplateConstruct(
        name="quality_stability", zh="质量及其稳定性", asks="Quality of the product, and whether it stays the same."
    ),
    TemplateConstruct(name="price_stability", zh="价格及其稳定性", asks="The price, and whether it stays the same."),
    TemplateConstruct(name="service_quality", zh="服务质量", asks="Quality of the service after the sale."),
    TemplateConstruct(name="value_extension", zh="价值延伸", asks="What else the purchase brings over time."),
)
_STAGES: Final = (
    TemplateConstruct(
        name="pre_sale",
        zh="售前",
        asks="Before the sale.",
        aliases=("PRE",),
        parts=("searchable_information", "brand_information"),
    ),
    TemplateConstruct(
        name="in_sale", zh="售中", asks="In the sale.", aliases=("IN",), parts=("quality_stability", "price_stability")
    ),
    TemplateConstruct(
        name="post_sale", zh="售后", asks="After the sale.", aliases=("POST",), parts=("service_quality", "value_extension")
    ),
)
_OPTIONAL: Final = (
    TemplateConstruct(name="promise_validity", zh="承诺有效性", asks="Whether what was promised was kept.", is_optional=True),
    TemplateConstruct(name="staff", zh="员工", asks="Competence and attitude of the staff.", is_optional=True),
    TemplateConstruct(name="environment", zh="环境", asks="The surroundings in which one is served.", is_optional=True),
    TemplateConstruct(name="convenience", zh="便利性", asks="Effort that buying and being served takes.", is_optional=True),
    TemplateConstruct(name="contact_points", zh="接触点", asks="Where one meets the firm.", is_optional=True),
    TemplateConstruct(name="word_of_mouth", zh="口碑", asks="What others say.", is_optional=True),
    TemplateConstruct(name="trust", zh="信任", asks="Whether the firm is relied on.", is_optional=True),
)
_OUTCOMES: Final = (
    SATISFACTION,
    LOYALTY,
    TemplateConstruct(
        name="complaint", zh="客户抱怨", asks="Whether and how the customer complained.", aliases=("COMP", "complaints")
    ),
    TemplateConstruct(name="profit", zh="利润", asks="Profit made with the customer, asked for or observed.", is_observed=True),
)

CRAM: Final = Template(
    name="cram",
    title="Customer relationship analysis model",
    zh="客户关系分析模型",
    constructs=(*_FACTORS, *_STAGES, *_OPTIONAL, *_OUTCOMES),
    paths=(
        *(TemplatePath(source=stage.name, target="satisfaction") for stage in _STAGES),
        *(TemplatePath(source=factor.name, target="satisfaction") for factor in _OPTIONAL),
        TemplatePath(source="satisfaction", target="loyalty"),
        TemplatePath(source="satisfaction", target="complaint", sign=0),
        TemplatePath(source="loyalty", target="profit"),
    ),
    source="the customer relationship analysis model: stages before, in and after the sale, each of second order",
)
