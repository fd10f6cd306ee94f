"""Customer analytics: from an order log to numbers and a label per customer."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from crmmodels import exceptions
from crmmodels.exceptions import *  # noqa: F403  (all that it lists)
from crmmodels.models import HOMES

# isort: off
if TYPE_CHECKING:
    from crmmodels import metrics as metrics, plotting as plotting
    from crmmodels._domains import Domain as Domain
    from crmmodels.base import BaseModel as BaseModel
    from crmmodels.data import datasets as datasets, simulate as simulate
    from crmmodels.data.accounts.customer_base import CustomerBase as CustomerBase
    from crmmodels.data.accounts.referrals import CustomerCosts as CustomerCosts, Referrals as Referrals
    from crmmodels.data.orders.orders import Orders as Orders, Split as Split
    from crmmodels.data.tables.schema import Column as Column, Conflict as Conflict
    from crmmodels.models.abc_analysis import ABCFit as ABCFit, ABCModel as ABCModel, Interval as Interval
    from crmmodels.models.clv.model import CLVModel as CLVModel
    from crmmodels.models.clv.record import CLVFit as CLVFit
    from crmmodels.models.clv.uncertainty import CLVDraws as CLVDraws
    from crmmodels.models.gamma_gamma import GammaGammaModel as GammaGammaModel
    from crmmodels.models.lifecycle.model import LifecycleModel as LifecycleModel
    from crmmodels.models.lifecycle.record import LifecycleFit as LifecycleFit
    from crmmodels.models.loading import load as load
    from crmmodels.models.migration import Migration as Migration
    from crmmodels.models.parametric.model import ParametricModel as ParametricModel
    from crmmodels.models.parametric.posterior import PosteriorDraws as PosteriorDraws
    from crmmodels.models.parametric.priors import GammaPrior as GammaPrior, LogNormalPrior as LogNormalPrior
    from crmmodels.models.parametric.record import ParametricFit as ParametricFit
    from crmmodels.models.purchase.beta_geo import (
        BetaGeoModel as BetaGeoModel,
        ModifiedBetaGeoModel as ModifiedBetaGeoModel,
    )
    from crmmodels.models.purchase.beta_geo_beta_binom import BetaGeoBetaBinomModel as BetaGeoBetaBinomModel
    from crmmodels.models.purchase.comparison import Comparison as Comparison, compare as compare
    from crmmodels.models.purchase.model import PurchaseModel as PurchaseModel
    from crmmodels.models.purchase.nbd import NBDModel as NBDModel
    from crmmodels.models.purchase.pareto_nbd import ParetoNBDModel as ParetoNBDModel
    from crmmodels.models.rfm.model import RFMFit as RFMFit, RFMModel as RFMModel
    from crmmodels.models.rfm.segment_tables import SegmentRule as SegmentRule
    from crmmodels.models.satisfaction.model import SatisfactionIndexModel as SatisfactionIndexModel
    from crmmodels.models.shifted_beta_geo import ShiftedBetaGeoModel as ShiftedBetaGeoModel
    from crmmodels.models.structural.groups import GroupComparison as GroupComparison
    from crmmodels.models.structural.model import StructuralModel as StructuralModel
    from crmmodels.models.structural.record import StructuralFit as StructuralFit
    from crmmodels.models.structural.survey_model import SurveyModel as SurveyModel
    from crmmodels.models.structural.templates import (
        Template as Template,
        TemplateConstruct as TemplateConstruct,
        TemplatePath as TemplatePath,
        structural_templates as structural_templates,
    )
    from crmmodels.protocol import Model as Model

# isort: on
_HOME = {
    "_domains": ("Domain",),
    "base": ("BaseModel",),
    "data.accounts.customer_base": ("CustomerBase",),
    "data.accounts.referrals": ("CustomerCosts", "Referrals"),
    "data.orders.orders": ("Orders", "Split"),
    "data.tables.schema": ("Column", "Conflict"),
    "models.abc_analysis": ("ABCFit", "Interval"),
    "models.clv.record": ("CLVFit",),
    "models.clv.uncertainty": ("CLVDraws",),
    "models.lifecycle.record": ("LifecycleFit",),
    "models.loading": ("load",),
    "models.migration": ("Migration",),
    "models.parametric.model": ("ParametricModel",),
    "models.parametric.posterior": ("PosteriorDraws",),
    "models.parametric.priors": ("GammaPrior", "LogNormalPrior"),
    "models.parametric.record": ("ParametricFit",),
    "models.purchase.comparison": ("Comparison", "compare"),
    "models.purchase.model": ("PurchaseModel",),
    "models.rfm.model": ("RFMFit",),
    "models.rfm.segment_tables": ("SegmentRule",),
    "models.structural.groups": ("GroupComparison",),
    "models.structural.record": ("StructuralFit",),
    "models.structural.survey_model": ("SurveyModel",),
    "models.structural.templates": ("Template", "TemplateConstruct", "TemplatePath", "structural_templates"),
    "protocol": ("Model",),
}
_MODULES = {"metrics": "metrics", "plotting": "plotting", "datasets": "data.datasets", "simulate": "data.simulate"}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}
_MODULE_OF |= {name: f"models.{module}" for name, module in HOMES.items()}

__all__ = [*sorted([*_MODULE_OF, *_MODULES, *exceptions.__all__])]  # noqa: PLE0604


# Type checkers and editors read the imports above, and refuse other names.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Load a public name when it is first used, so that importing the package costs next to nothing."""
        if name in _MODULES:
            value: Any = import_module(f"{__name__}.{_MODULES[name]}")
        elif name in _MODULE_OF:
            value = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
        else:
            msg = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(msg, name=name, obj=sys.modules[__name__])
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return __all__
