"""Plots of models and customers: functions that return matplotlib Axes."""

from crmmodels.plotting.cohort_table import plot_cohort_table
from crmmodels.plotting.concentration import plot_concentration
from crmmodels.plotting.heatmaps import plot_migration, plot_rf_heatmap
from crmmodels.plotting.lifecycle.customer import plot_stage_probabilities
from crmmodels.plotting.lifecycle.flow import plot_stage_flow
from crmmodels.plotting.lifecycle.shares import plot_stage_shares
from crmmodels.plotting.lifecycle.transitions import plot_transition_matrix
from crmmodels.plotting.purchase.alive_history import plot_alive_history
from crmmodels.plotting.purchase.counts import plot_frequency, plot_purchase_distribution
from crmmodels.plotting.purchase.holdout import plot_calibration, plot_time_since_last
from crmmodels.plotting.purchase.matrices import plot_expected_purchases_matrix, plot_probability_alive_matrix
from crmmodels.plotting.purchase.tracking import plot_tracking
from crmmodels.plotting.segments import plot_segments
from crmmodels.plotting.survey.bootstrap import plot_bootstrap
from crmmodels.plotting.survey.importance_performance import plot_importance_performance
from crmmodels.plotting.survey.index import plot_index
from crmmodels.plotting.survey.loadings import plot_cross_loadings
from crmmodels.plotting.survey.path_diagram import plot_path_diagram
from crmmodels.plotting.value.claims import plot_claims
from crmmodels.plotting.value.cohorts import plot_value_by_cohort
from crmmodels.plotting.value.distribution import plot_value_distribution
from crmmodels.plotting.value.realised import plot_realised_future
from crmmodels.plotting.value.waterfall import plot_waterfall
from crmmodels.plotting.value.whale import plot_whale

__all__ = [
    "plot_alive_history",
    "plot_bootstrap",
    "plot_calibration",
    "plot_claims",
    "plot_cohort_table",
    "plot_concentration",
    "plot_cross_loadings",
    "plot_expected_purchases_matrix",
    "plot_frequency",
    "plot_importance_performance",
    "plot_index",
    "plot_migration",
    "plot_path_diagram",
    "plot_probability_alive_matrix",
    "plot_purchase_distribution",
    "plot_realised_future",
    "plot_rf_heatmap",
    "plot_segments",
    "plot_stage_flow",
    "plot_stage_probabilities",
    "plot_stage_shares",
    "plot_time_since_last",
    "plot_tracking",
    "plot_transition_matrix",
    "plot_value_by_cohort",
    "plot_value_distribution",
    "plot_waterfall",
    "plot_whale",
]
