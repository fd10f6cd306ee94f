"""A purchase model as the clock by which a lifecycle tells silence from a slow customer."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

from crmmodels._typing import FloatArray, IntArray, Period
from crmmodels.exceptions import ParameterError
from crmmodels.kernels.hmm.histories import Histories
from crmmodels.kernels.hmm.recency import recency_of
from crmmodels.kernels.purchase.histories import distinct_rows
from crmmodels.models.parametric.record import ParametricFit
from crmmodels.models.purchase.beta_geo import BetaGeoModel, ModifiedBetaGeoModel
from crmmodels.models.purchase.model import PurchaseModel
from crmmodels.models.purchase.nbd import NBDModel
from crmmodels.models.purchase.pareto_nbd import ParetoNBDModel

_PURCHASE_MODELS: Final[tuple[type[PurchaseModel[Any]], ...]] = (NBDModel, BetaGeoModel, ModifiedBetaGeoModel, ParetoNBDModel)
CLOCK_RECORDS: Final = tuple(dict.fromkeys(kind for model in _PURCHASE_MODELS for kind in (model, *model.record_types)))
"""What a saved lifecycle with a purchase model may hold."""


def unfitted_clock(owner: str, model: Any) -> PurchaseModel[Any] | None:
    """Return a copy of a purchase model without what it learned.

    Parameters
    ----------
    owner : str
        Who keeps it, for the error.
    model : object
        What the user gave.

    Returns
    -------
    PurchaseModel or None
        None for none.

    Raises
    ------
    ParameterError
        If it is no purchase model of continuous time, or reads weights, which a panel does not have.
    """
    if model is None:
        return None
    if not isinstance(model, PurchaseModel) or model.process.is_discrete or model.weight is not None:
        must = "None, or a purchase model of continuous time and without weight, such as ParetoNBDModel(horizon=3)"
        raise ParameterError.must_be(owner, "purchase_model", must, model)
    return type(model)(**model._parameters())  # noqa: SLF001  (models, one concept)


def purchase_values(histories: Histories, customer: IntArray | None = None) -> Mapping[str, FloatArray]:
    """Columns that a purchase model reads, of a panel; one period is one unit of time.

    Parameters
    ----------
    histories : Histories
        The histories.
    customer : ndarray of int64, shape (n_customers,), optional
        Which history is each customer's. Default: a row per history.

    Returns
    -------
    mapping of str to ndarray of float64
        ``frequency``, ``age_at_last`` and ``age``.
    """
    found = recency_of(histories)
    columns = {"frequency": found.frequency, "age_at_last": found.age_at_last, "age": found.age}
    return columns if customer is None else {name: column[customer] for name, column in columns.items()}


def learn_clock(model: PurchaseModel[Any], histories: Histories, period: Period) -> ParametricFit[Any]:
    """Fit a purchase model to histories.

    Parameters
    ----------
    model : PurchaseModel
        What is fitted; it stays as it is.
    histories : Histories
        The histories of the reference population.
    period : {"D", "W", "M", "Q", "Y"}
        What their periods are: the unit of the parameters.

    Returns
    -------
    ParametricFit
        The best parameters.

    Raises
    ------
    ConvergenceError
        If there are none.
    """
    found = model._fit(purchase_values(histories, histories.history))  # noqa: SLF001  (models, one concept)
    return dataclasses.replace(found, unit=period)


def no_purchase(model: PurchaseModel[Any], learned: ParametricFit[Any], histories: Histories, horizon: int) -> FloatArray:
    """Probability of no order within the horizon, by the purchase model.

    Parameters
    ----------
    model : PurchaseModel
        The model.
    learned : ParametricFit
        What it learned.
    histories : Histories
        The histories.
    horizon : int
        Periods ahead.

    Returns
    -------
    ndarray of float64, shape (n_histories,)
        Probabilities.
    """
    columns = purchase_values(histories)
    rows = distinct_rows(columns["frequency"], columns["age_at_last"], columns["age"])
    table, process = rows.table, model.process
    found = process.probability_no_purchase(table.frequency, table.age_at_last, table.age, float(horizon), learned.parameters)
    return found[rows.row]
