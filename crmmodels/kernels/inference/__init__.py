"""Optimisation, posteriors, bootstrap limits, proportions and means."""
