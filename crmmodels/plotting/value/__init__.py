"""Plots of customer value."""
