"""Moments of items, their products, missing answers and resampling."""
