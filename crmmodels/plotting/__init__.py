"""Plots of models and customers: functions that return matplotlib Axes."""

from crmmodels.plotting.concentration import plot_concentration
from crmmodels.plotting.heatmaps import plot_migration, plot_rf_heatmap
from crmmodels.plotting.purchase_counts import plot_frequency, plot_purchase_distribution
from crmmodels.plotting.purchase_history import plot_alive_history
from crmmodels.plotting.purchase_holdout import plot_calibration, plot_time_since_last
from crmmodels.plotting.purchase_matrices import plot_expected_purchases_matrix, plot_probability_alive_matrix
from crmmodels.plotting.purchase_tracking import plot_tracking
from crmmodels.plotting.segments import plot_segments
from crmmodels.plotting.value_claims import plot_claims
from crmmodels.plotting.value_cohorts import plot_value_by_cohort
from crmmodels.plotting.value_distribution import plot_value_distribution
from crmmodels.plotting.value_realised import plot_realised_future
from crmmodels.plotting.value_waterfall import plot_waterfall
from crmmodels.plotting.whale import plot_whale

__all__ = [
    "plot_alive_history",
    "plot_calibration",
    "plot_claims",
    "plot_concentration",
    "plot_expected_purchases_matrix",
    "plot_frequency",
    "plot_migration",
    "plot_probability_alive_matrix",
    "plot_purchase_distribution",
    "plot_realised_future",
    "plot_rf_heatmap",
    "plot_segments",
    "plot_time_since_last",
    "plot_tracking",
    "plot_value_by_cohort",
    "plot_value_distribution",
    "plot_waterfall",
    "plot_whale",
]
