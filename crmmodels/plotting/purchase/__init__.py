"""Plots of purchase models."""
