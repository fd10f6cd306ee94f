"""Pure functions on NumPy arrays: no tables, no models, no input checks."""
