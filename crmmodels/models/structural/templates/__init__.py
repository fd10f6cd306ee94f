"""Structural models of the literature, as values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from crmmodels._frozen import FrozenMapping
from crmmodels.models.structural.templates.customer_relationship import CRAM
from crmmodels.models.structural.templates.customer_satisfaction import ACSI, ECSI, SCSB
from crmmodels.models.structural.templates.template import Template, TemplateConstruct, TemplatePath

__all__ = ["Template", "TemplateConstruct", "TemplatePath", "structural_templates"]

_TEMPLATES: Final = FrozenMapping({template.name: template for template in (ACSI, SCSB, ECSI, CRAM)})


def structural_templates() -> Mapping[str, Template]:
    """Structural models of the literature that come with the library, by name.

    Use it to see which constructs a survey has to measure; ``SatisfactionIndexModel(template=...)`` takes a name of these, or a
    `Template` of your own.

    Returns
    -------
    mapping of str to Template
        Constructs in English and Chinese, paths with the signs that theory expects, and the source.

    Examples
    --------
    >>> import crmmodels as crm
    >>> for name, template in crm.structural_templates().items():
    ...     print(f"{name}: {template.title}")
    acsi: American Customer Satisfaction Index
    scsb: Swedish Customer Satisfaction Barometer
    ecsi: European Customer Satisfaction Index
    cram: Customer relationship analysis model
    >>> str(crm.structural_templates()["scsb"]).splitlines()[3]
    '  satisfaction 客户满意度 → complaints, loyalty'
    """
    return _TEMPLATES
