"""BG/BB: likelihood and predictions."""
