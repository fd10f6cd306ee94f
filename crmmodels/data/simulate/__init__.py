"""Draws from known mechanisms, with the truth that no data show."""

from crmmodels.data.simulate.lifecycle import (
    LIFECYCLE_STAGES,
    LifecycleParameters,
    SimulatedLifecycle,
    simulate_lifecycle,
)
from crmmodels.data.simulate.retailer import Channel, ParetoNBDParameters, Retailer, RetailerParameters, simulate_retailer
from crmmodels.data.simulate.survey import SimulatedSurvey, simulate_survey

__all__ = [
    "LIFECYCLE_STAGES",
    "Channel",
    "LifecycleParameters",
    "ParetoNBDParameters",
    "Retailer",
    "RetailerParameters",
    "SimulatedLifecycle",
    "SimulatedSurvey",
    "simulate_lifecycle",
    "simulate_retailer",
    "simulate_survey",
]
