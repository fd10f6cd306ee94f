"""A purchase model as the clock by which a lifecycle tells silence from a slow customer."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

from crmmodels._typing import FloatArray
from crmmodels.exceptions import ParameterError
from crmmodels.kernels.hmm.histories import Histories
from crmmodels.kernels.hmm.recency import recency_of
from crmmodels.kernels.purchase.histories import distinct_rows
from crmmodels.models.purchase.beta_geo import BetaGeoModel, ModifiedBetaGeoModel
from crmmodels.models.purchase.model import PurchaseModel
from crmmodels.models.purchase.nbd import NBDModel
from crmmodels.models.purchase.pareto_nbd import ParetoNBDModel
from crmmodels.models.purchase.process import PurchaseProcess

_PURCHASE_MODELS: Final[tuple[type[PurchaseModel[Any]], ...]] = (NBDModel, BetaGeoModel, ModifiedBetaGeoModel, ParetoNBDModel)
CLOCK_RECORDS: Final = tuple(dict.fromkeys(kind for model in _PURCHASE_MODELS for kind in (model, *model.record_types)))
"""What a saved lifecycle with a purchase model may hold."""


def unfitted_clock(owner: str, model: Any) -> PurchaseModel[Any] | None:
    """Copy of a purchase model without what it learned; it must be one of continuous time, without the weights that no panel has."""
    if model is None:
        return None
    if not isinstance(model, PurchaseModel) or model.process.is_discrete or model.weight is not None:
        must = "None, or a purchase model of continuous time and without weight, such as ParetoNBDModel(horizon=3)"
        raise ParameterError.must_be(owner, "purchase_model", must, model)
    return dataclasses.replace(model)


def purchase_values(histories: Histories) -> Mapping[str, FloatArray]:
    """Columns that a purchase model reads, of shape (n_histories,); one period is one unit of time."""
    found = recency_of(histories)
    return {"frequency": found.frequency, "age_at_last": found.age_at_last, "age": found.age}


def no_purchase(process: PurchaseProcess, parameters: Any, histories: Histories, horizon: int) -> FloatArray:
    """Probability of no order within so many periods, by a purchase process; shape (n_histories,)."""
    columns = purchase_values(histories)
    rows = distinct_rows(columns["frequency"], columns["age_at_last"], columns["age"])
    table = rows.table
    found = process.probability_no_purchase(table.frequency, table.age_at_last, table.age, float(horizon), parameters)
    return found[rows.row]
