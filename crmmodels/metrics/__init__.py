"""Closed-form measures of customers, each with its value, its interval and the number it stands on."""

from crmmodels.metrics.complaints import complaint_rate
from crmmodels.metrics.growth import churn_rate, growth_accounting
from crmmodels.metrics.measures import Measure, NetPromoterScore, Rate, rate_change
from crmmodels.metrics.repeats import repeat_rate
from crmmodels.metrics.retention import cohort_table, retention_curve
from crmmodels.metrics.survey_scores import ces, csat, gap_score, nps

__all__ = [
    "Measure",
    "NetPromoterScore",
    "Rate",
    "ces",
    "churn_rate",
    "cohort_table",
    "complaint_rate",
    "csat",
    "gap_score",
    "growth_accounting",
    "nps",
    "rate_change",
    "repeat_rate",
    "retention_curve",
]
