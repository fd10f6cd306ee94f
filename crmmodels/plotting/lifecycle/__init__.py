"""Plots of lifecycle stages."""
