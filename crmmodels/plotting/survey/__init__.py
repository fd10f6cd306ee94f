"""Plots of structural models and the satisfaction index."""
