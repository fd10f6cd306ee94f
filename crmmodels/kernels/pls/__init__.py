"""Partial least squares path models."""
