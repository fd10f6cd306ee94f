"""Functions of mathematics that SciPy lacks or computes too coarsely."""
