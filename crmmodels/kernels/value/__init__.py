"""Contribution, credibility, referrals and reference prices of customers."""
