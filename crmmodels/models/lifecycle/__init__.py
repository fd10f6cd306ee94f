"""Lifecycle stages by a hidden Markov model."""
