"""Plots of models and customers: functions that return matplotlib Axes."""

from crmmodels.plotting.concentration import plot_concentration
from crmmodels.plotting.heatmaps import plot_migration, plot_rf_heatmap
from crmmodels.plotting.segments import plot_segments
from crmmodels.plotting.whale import plot_whale

__all__ = [
    "plot_concentration",
    "plot_migration",
    "plot_rf_heatmap",
    "plot_segments",
    "plot_whale",
]
