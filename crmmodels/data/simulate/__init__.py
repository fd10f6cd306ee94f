"""Draws from known mechanisms, with the truth that no data show."""

from crmmodels.data.simulate.retailer import Channel, ParetoNBDParameters, Retailer, RetailerParameters, simulate_retailer

__all__ = ["Channel", "ParetoNBDParameters", "Retailer", "RetailerParameters", "simulate_retailer"]
