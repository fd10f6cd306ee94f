"""Structural models of a survey."""
