"""Pareto/NBD: likelihood, by series and by quadrature, and predictions."""
