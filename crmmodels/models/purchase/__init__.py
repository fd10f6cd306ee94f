"""Models of when customers buy, and what all of them share."""
