"""Customer analytics: from an order log to numbers and a label per customer."""

from crmmodels import metrics, plotting
from crmmodels._domains import Domain
from crmmodels.base import BaseModel
from crmmodels.data import datasets, simulate
from crmmodels.data.accounts.customer_base import CustomerBase
from crmmodels.data.accounts.referrals import CustomerCosts, Referrals
from crmmodels.data.orders.orders import Orders
from crmmodels.data.orders.split import Split
from crmmodels.data.tables.schema import Column, Conflict
from crmmodels.exceptions import (
    BoundaryWarning,
    ConvergenceError,
    CrmModelsError,
    CrmModelsWarning,
    DataError,
    DuplicatesWarning,
    FewCustomersWarning,
    HeavyTailWarning,
    ImportanceWarning,
    MissingDependencyError,
    MissingGlyphWarning,
    MissingRowsWarning,
    NegativeSpendWarning,
    NegativeWeightWarning,
    NotFittedError,
    OneCohortWarning,
    OneValueWarning,
    OrderIdWarning,
    ParameterError,
    ReturnsOnlyWarning,
    SavedFormatError,
    SpendCorrelationWarning,
    StrayDateWarning,
    UnconvergedWarning,
    UnitPriceWarning,
    UnitWarning,
)
from crmmodels.models.abc_analysis import ABCFit, ABCModel, Interval
from crmmodels.models.clv.model import CLVModel
from crmmodels.models.clv.record import CLVFit
from crmmodels.models.clv.uncertainty import CLVDraws
from crmmodels.models.gamma_gamma import GammaGammaModel
from crmmodels.models.lifecycle.model import LifecycleModel
from crmmodels.models.lifecycle.record import LifecycleFit
from crmmodels.models.loading import load
from crmmodels.models.migration import Migration
from crmmodels.models.parametric.model import ParametricModel
from crmmodels.models.parametric.posterior import PosteriorDraws
from crmmodels.models.parametric.priors import GammaPrior, LogNormalPrior
from crmmodels.models.parametric.record import ParametricFit
from crmmodels.models.purchase.beta_geo import BetaGeoModel
from crmmodels.models.purchase.beta_geo_beta_binom import BetaGeoBetaBinomModel
from crmmodels.models.purchase.comparison import Comparison, compare
from crmmodels.models.purchase.model import PurchaseModel
from crmmodels.models.purchase.modified_beta_geo import ModifiedBetaGeoModel
from crmmodels.models.purchase.nbd import NBDModel
from crmmodels.models.purchase.pareto_nbd import ParetoNBDModel
from crmmodels.models.rfm.model import RFMFit, RFMModel
from crmmodels.models.rfm.segment_tables import SegmentRule
from crmmodels.models.satisfaction.model import SatisfactionIndexModel
from crmmodels.models.shifted_beta_geo import ShiftedBetaGeoModel
from crmmodels.models.structural.groups import GroupComparison
from crmmodels.models.structural.model import StructuralModel
from crmmodels.models.structural.record import StructuralFit
from crmmodels.models.structural.survey_model import SurveyModel
from crmmodels.models.structural.templates import Template, TemplateConstruct, TemplatePath, structural_templates
from crmmodels.protocol import Model

__all__ = [
    "ABCFit",
    "ABCModel",
    "BaseModel",
    "BetaGeoBetaBinomModel",
    "BetaGeoModel",
    "BoundaryWarning",
    "CLVDraws",
    "CLVFit",
    "CLVModel",
    "Column",
    "Comparison",
    "Conflict",
    "ConvergenceError",
    "CrmModelsError",
    "CrmModelsWarning",
    "CustomerBase",
    "CustomerCosts",
    "DataError",
    "Domain",
    "DuplicatesWarning",
    "FewCustomersWarning",
    "GammaGammaModel",
    "GammaPrior",
    "GroupComparison",
    "HeavyTailWarning",
    "ImportanceWarning",
    "Interval",
    "LifecycleFit",
    "LifecycleModel",
    "LogNormalPrior",
    "Migration",
    "MissingDependencyError",
    "MissingGlyphWarning",
    "MissingRowsWarning",
    "Model",
    "ModifiedBetaGeoModel",
    "NBDModel",
    "NegativeSpendWarning",
    "NegativeWeightWarning",
    "NotFittedError",
    "OneCohortWarning",
    "OneValueWarning",
    "OrderIdWarning",
    "Orders",
    "ParameterError",
    "ParametricFit",
    "ParametricModel",
    "ParetoNBDModel",
    "PosteriorDraws",
    "PurchaseModel",
    "RFMFit",
    "RFMModel",
    "Referrals",
    "ReturnsOnlyWarning",
    "SatisfactionIndexModel",
    "SavedFormatError",
    "SegmentRule",
    "ShiftedBetaGeoModel",
    "SpendCorrelationWarning",
    "Split",
    "StrayDateWarning",
    "StructuralFit",
    "StructuralModel",
    "SurveyModel",
    "Template",
    "TemplateConstruct",
    "TemplatePath",
    "UnconvergedWarning",
    "UnitPriceWarning",
    "UnitWarning",
    "compare",
    "datasets",
    "load",
    "metrics",
    "plotting",
    "simulate",
    "structural_templates",
]
