"""Conformance checks for models, ours and yours, and Hypothesis strategies (`crmmodels.testing.strategies`)."""

from crmmodels.testing.report import CheckReport, CheckResult
from crmmodels.testing.run import check_model, model_checks

__all__ = ["CheckReport", "CheckResult", "check_model", "model_checks"]
