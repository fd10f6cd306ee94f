"""The only place where tables are read."""
