"""BG/NBD and MBG/NBD: likelihood and predictions."""
