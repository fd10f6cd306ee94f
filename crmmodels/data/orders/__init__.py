"""The order log."""
