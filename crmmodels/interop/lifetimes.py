"""Fitted models of the package lifetimes as models of this library."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Final

import pandas as pd

from crmmodels.exceptions import DataError, ParameterError
from crmmodels.models.gamma_gamma import GammaGammaModel
from crmmodels.models.purchase.beta_geo import BetaGeoModel, ModifiedBetaGeoModel
from crmmodels.models.purchase.beta_geo_beta_binom import BetaGeoBetaBinomModel
from crmmodels.models.purchase.model import PurchaseModel
from crmmodels.models.purchase.pareto_nbd import ParetoNBDModel

_MODELS: Final[dict[str, Any]] = {
    "BetaGeoFitter": BetaGeoModel,
    "ModifiedBetaGeoFitter": ModifiedBetaGeoModel,
    "ParetoNBDFitter": ParetoNBDModel,
    "BetaGeoBetaBinomFitter": BetaGeoBetaBinomModel,
    "GammaGammaFitter": GammaGammaModel,
}
_COLUMNS: Final = {
    "frequency": "frequency",
    "recency": "age_at_last",
    "T": "age",
    "n_periods": "age",
    "monetary_value": "mean_repeat_spend",
}


def from_lifetimes(fitter: Any, *, horizon: float | None = None, unit: str | None = None) -> Any:
    """Turn a fitted model of lifetimes into one of this library, with its parameters.

    The answers are then those of our formulas at the parameters of lifetimes. They are not refitted: `fit` does that, in milliseconds.

    Parameters
    ----------
    fitter : object
        A fitted ``BetaGeoFitter``, ``ModifiedBetaGeoFitter``, ``ParetoNBDFitter``, ``BetaGeoBetaBinomFitter`` or ``GammaGammaFitter``.
    horizon : float, optional
        Horizon of the new model, in ``unit``; needed by all but `GammaGammaModel`.
    unit : {"D", "W", "M", "Q", "Y"}, optional
        Unit in which the ages given to lifetimes were. Default: that of the new model.

    Returns
    -------
    BetaGeoModel, ModifiedBetaGeoModel, ParetoNBDModel, BetaGeoBetaBinomModel or GammaGammaModel
        Fitted. Standard errors are those of our Hessian on the data that the fitter keeps; they are infinite where it keeps none.

    Raises
    ------
    ParameterError
        If this is no fitter of a model that the library has, or it is not fitted, or the horizon is missing or out of range.
    DataError
        If the data that the fitter keeps are not those of such a model.

    Examples
    --------
    >>> from lifetimes import BetaGeoFitter
    >>> from lifetimes.datasets import load_cdnow_summary
    >>> data = load_cdnow_summary(index_col=[0])
    >>> fitter = BetaGeoFitter().fit(data["frequency"], data["recency"], data["T"])
    >>> from crmmodels.interop.lifetimes import from_lifetimes
    >>> model = from_lifetimes(fitter, horizon=39, unit="W")
    >>> round(model.fitted.parameters.alpha, 2)
    4.41
    """
    kind = type(fitter).__name__
    if kind not in _MODELS:
        raise ParameterError.unknown_choice("from_lifetimes", "fitter", _MODELS, kind)
    params = getattr(fitter, "params_", None)
    if params is None or len(params) == 0:
        must = f"fitted; call {kind}().fit(...) first"
        raise ParameterError.must_be("from_lifetimes", "fitter", must, fitter)
    cls = _MODELS[kind]
    options: dict[str, Any] = {}
    if issubclass(cls, PurchaseModel):
        options = {"horizon": horizon} if unit is None else {"horizon": horizon, "unit": unit}
    elif horizon is not None or unit is not None:
        raise ParameterError.must_be(
            "from_lifetimes", "horizon", f"left out, with the unit, for {cls.__name__}", (horizon, unit)
        )
    names = [field.name for field in fields(cls.record_types[1])]
    if not set(names) <= set(params.keys()):
        raise ParameterError.must_be("from_lifetimes", "fitter", f"a fitter with the parameters {names}", list(params.keys()))
    parameters = {name: float(params[name]) for name in names}
    table = _table(fitter)
    if table is None:
        return cls.from_parameters(parameters, **options)
    counted = cls.from_parameters(parameters, data=table, **options, weight="weights")
    return cls.from_parameters(counted.fitted, **options)


def _table(fitter: Any) -> pd.DataFrame | None:
    """The data that a fitter keeps, under our names, or None."""
    data = getattr(fitter, "data", None)
    if data is None:
        return None
    if not isinstance(data, pd.DataFrame):
        raise DataError("from_lifetimes", [f"the fitter keeps its data as {type(data).__name__}, not as a pandas table"])
    return data.rename(columns=_COLUMNS).reset_index(drop=True).rename_axis("customer_id").reset_index()
