"""Customer analytics: from an order log to numbers and a label per customer."""

from crmmodels import metrics, plotting
from crmmodels._domains import Domain
from crmmodels.base import BaseModel
from crmmodels.data import datasets, simulate
from crmmodels.data.customer_base import CustomerBase
from crmmodels.data.orders import Orders
from crmmodels.data.referrals import CustomerCosts, Referrals
from crmmodels.data.schema import Column, Conflict
from crmmodels.data.split import Split
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
from crmmodels.models.beta_geo import BetaGeoModel
from crmmodels.models.beta_geo_beta_binom import BetaGeoBetaBinomModel
from crmmodels.models.clv import CLVModel
from crmmodels.models.clv_fit import CLVFit
from crmmodels.models.clv_sampling import CLVDraws
from crmmodels.models.comparison import Comparison, compare
from crmmodels.models.concentration import ABCFit, ABCModel, Interval
from crmmodels.models.gamma_gamma import GammaGammaModel
from crmmodels.models.lifecycle import LifecycleModel
from crmmodels.models.lifecycle_fit import LifecycleFit
from crmmodels.models.loading import load
from crmmodels.models.migration import Migration
from crmmodels.models.modified_beta_geo import ModifiedBetaGeoModel
from crmmodels.models.nbd import NBDModel
from crmmodels.models.parametric import ParametricModel
from crmmodels.models.parametric_fit import ParametricFit
from crmmodels.models.pareto_nbd import ParetoNBDModel
from crmmodels.models.posterior_draws import PosteriorDraws
from crmmodels.models.priors import GammaPrior, LogNormalPrior
from crmmodels.models.purchase import PurchaseModel
from crmmodels.models.rfm import RFMFit, RFMModel
from crmmodels.models.satisfaction import SatisfactionIndexModel
from crmmodels.models.segment_tables import SegmentRule
from crmmodels.models.shifted_beta_geo import ShiftedBetaGeoModel
from crmmodels.models.structural import StructuralModel
from crmmodels.models.structural_fit import StructuralFit
from crmmodels.models.structural_groups import GroupComparison
from crmmodels.models.structural_survey import SurveyModel
from crmmodels.models.templates import Template, TemplateConstruct, TemplatePath, structural_templates
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
