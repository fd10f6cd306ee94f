"""Blocks, groups, rounding and sweeps of arrays."""
