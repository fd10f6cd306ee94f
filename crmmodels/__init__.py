"""Customer analytics: from an order log to numbers and a label per customer."""

from crmmodels import plotting
from crmmodels.base import BaseModel
from crmmodels.data import datasets
from crmmodels.data.orders import Orders
from crmmodels.data.schema import Column
from crmmodels.data.split import Split
from crmmodels.exceptions import (
    ConvergenceError,
    CrmModelsError,
    CrmModelsWarning,
    DataError,
    MissingDependencyError,
    MissingGlyphWarning,
    NegativeSpendWarning,
    NotFittedError,
    ParameterError,
    ReturnsOnlyWarning,
    SavedFormatError,
)
from crmmodels.models.concentration import ABCFit, ABCModel, Interval
from crmmodels.models.loading import load
from crmmodels.models.migration import Migration
from crmmodels.models.rfm import RFMFit, RFMModel
from crmmodels.models.segment_tables import SegmentRule
from crmmodels.protocol import Model

__all__ = [
    "ABCFit",
    "ABCModel",
    "BaseModel",
    "Column",
    "ConvergenceError",
    "CrmModelsError",
    "CrmModelsWarning",
    "DataError",
    "Interval",
    "Migration",
    "MissingDependencyError",
    "MissingGlyphWarning",
    "Model",
    "NegativeSpendWarning",
    "NotFittedError",
    "Orders",
    "ParameterError",
    "RFMFit",
    "RFMModel",
    "ReturnsOnlyWarning",
    "SavedFormatError",
    "SegmentRule",
    "Split",
    "datasets",
    "load",
    "plotting",
]
