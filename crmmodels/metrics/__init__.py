"""Closed-form measures of customers, each with its value, its interval and the number it stands on."""
