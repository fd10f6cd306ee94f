"""Order lines as customers, periods and cohorts."""
