"""Templates of national customer satisfaction indices: Swedish, American and European."""

from __future__ import annotations

from typing import Final

from crmmodels.models.structural.templates.template import Template, TemplateConstruct, TemplatePath

IMAGE: Final = TemplateConstruct(
    name="image",
    zh="企业形象",
    asks="What the company stands for: reliable, professional, close to its customers.",
    aliases=("IMAG",),
)
EXPECTATIONS: Final = TemplateConstruct(
    name="expectations",
    zh="预期质量",
    asks="What was expected before the purchase: overall, fit with the own needs, how often things would go wrong.",
    aliases=("EXP", "EXPE", "expectation", "客户期望"),
)
QUALITY: Final = TemplateConstruct(
    name="quality",
    zh="感知质量",
    asks="How good product and service are: overall, fit with the own needs, how often things went wrong.",
    aliases=("QUAL", "perceived_quality"),
)
VALUE: Final = TemplateConstruct(
    name="value",
    zh="感知价值",
    asks="Quality given the price, and price given the quality.",
    aliases=("VAL", "perceived_value", "perceived_price", "感知价格"),
)
PERFORMANCE: Final = TemplateConstruct(
    name="performance",
    zh="感知绩效",
    asks="Quality given the price, and price given the quality.",
    aliases=("PERF", "perceived_performance", "value", "感知价值", "perceived_price", "感知价格"),
)
SATISFACTION: Final = TemplateConstruct(
    name="satisfaction",
    zh="客户满意度",
    asks="Overall satisfaction, expectations met, distance from the ideal.",
    aliases=("SAT", "顾客满意度"),
)
COMPLAINTS: Final = TemplateConstruct(
    name="complaints",
    zh="客户抱怨",
    asks="Whether the customer complained, or how well complaints were handled.",
    aliases=("COMP", "complaint", "顾客抱怨"),
)
LOYALTY: Final = TemplateConstruct(
    name="loyalty",
    zh="客户忠诚度",
    asks="Likelihood to buy again, to recommend, and to stay when the price rises.",
    aliases=("LOY", "顾客忠诚度"),
)

_AFTER: Final = (
    TemplatePath(source="satisfaction", target="complaints", sign=0),
    TemplatePath(source="satisfaction", target="loyalty"),
    TemplatePath(source="complaints", target="loyalty", sign=0),
)
_BEFORE: Final = (
    TemplatePath(source="expectations", target="quality"),
    TemplatePath(source="expectations", target="value"),
    TemplatePath(source="expectations", target="satisfaction"),
    TemplatePath(source="quality", target="value"),
    TemplatePath(source="quality", target="satisfaction"),
    TemplatePath(source="value", target="satisfaction"),
)

SCSB: Final = Template(
    name="scsb",
    title="Swedish Customer Satisfaction Barometer",
    zh="瑞典顾客满意度指数模型",
    constructs=(EXPECTATIONS, PERFORMANCE, SATISFACTION, COMPLAINTS, LOYALTY),
    paths=(
        TemplatePath(source="expectations", target="performance"),
        TemplatePath(source="expectations", target="satisfaction"),
        TemplatePath(source="performance", target="satisfaction"),
        *_AFTER,
    ),
    source="Fornell, C. (1992). A National Customer Satisfaction Barometer: The Swedish Experience. Journal of Marketing 56(1), "
    "6-21. doi:10.1177/002224299205600103",
)

ACSI: Final = Template(
    name="acsi",
    title="American Customer Satisfaction Index",
    zh="美国顾客满意度指数模型",
    constructs=(EXPECTATIONS, QUALITY, VALUE, SATISFACTION, COMPLAINTS, LOYALTY),
    paths=(*_BEFORE, *_AFTER),
    source="Fornell, C., Johnson, M. D., Anderson, E. W., Cha, J. & Bryant, B. E. (1996). The American Customer Satisfaction Index: "
    "Nature, Purpose, and Findings. Journal of Marketing 60(4), 7-18. doi:10.1177/002224299606000403",
)

ECSI: Final = Template(
    name="ecsi",
    title="European Customer Satisfaction Index",
    zh="欧洲顾客满意度指数模型",
    constructs=(IMAGE, EXPECTATIONS, QUALITY, VALUE, SATISFACTION, COMPLAINTS, LOYALTY),
    paths=(
        TemplatePath(source="image", target="expectations"),
        TemplatePath(source="image", target="satisfaction"),
        TemplatePath(source="image", target="loyalty"),
        *_BEFORE,
        *_AFTER,
    ),
    source="Tenenhaus, M., Esposito Vinzi, V., Chatelin, Y.-M. & Lauro, C. (2005). PLS Path Modeling. Computational Statistics & Data "
    "Analysis 48(1), 159-205. doi:10.1016/j.csda.2004.03.005",
)
