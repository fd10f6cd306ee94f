"""Draws from the models."""
