"""Customers with costs, referrals and reference prices."""
