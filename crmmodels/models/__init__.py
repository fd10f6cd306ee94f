"""One family a folder, one model a file: parameters, documentation and hooks; the arithmetic is in the kernels."""

from typing import Final

HOMES: Final = {
    "ABCModel": "abc_analysis",
    "RFMModel": "rfm.model",
    "NBDModel": "purchase.nbd",
    "BetaGeoModel": "purchase.beta_geo",
    "ModifiedBetaGeoModel": "purchase.beta_geo",
    "ParetoNBDModel": "purchase.pareto_nbd",
    "BetaGeoBetaBinomModel": "purchase.beta_geo_beta_binom",
    "ShiftedBetaGeoModel": "shifted_beta_geo",
    "GammaGammaModel": "gamma_gamma",
    "CLVModel": "clv.model",
    "LifecycleModel": "lifecycle.model",
    "SatisfactionIndexModel": "satisfaction.model",
    "StructuralModel": "structural.model",
}
"""Every model of the library, and the module that it is in; a model is imported when it is used or loaded."""
