"""What differs between dataframe engines; nothing else knows them by name."""
