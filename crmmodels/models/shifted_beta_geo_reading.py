"""sBG: what is read of customers under contract, and where their likelihood has an edge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

import numpy as np

from crmmodels._typing import FloatArray
from crmmodels.base import Values
from crmmodels.kernels.inference.estimation import Edge, Family
from crmmodels.kernels.purchase import shifted_beta_geo as kernel
from crmmodels.kernels.purchase.shifted_beta_geo import ShiftedBetaGeoParameters, SurvivalTable
from crmmodels.models.parametric.model import ParametricModel
from crmmodels.wording import count_of


def _start(table: SurvivalTable) -> FloatArray:
    """The share that leaves at the first chance, of moderately different customers."""
    left, at_risk = float(table.churned[0]), float((table.churned + table.survivors).sum())
    share = min(max(left / at_risk, 0.01), 0.9)
    return np.array([share, 1.0 - share])


def _no_sample(table: SurvivalTable) -> None:  # noqa: ARG001  (the table is small for any number of customers)
    return None


def _total_weight(table: SurvivalTable) -> float:
    return float((table.churned + table.survivors).sum())


_FAMILY: Final = Family(
    ShiftedBetaGeoParameters,
    kernel.log_likelihood,
    _start,
    _no_sample,
    _total_weight,
    frozenset(),
    (
        Edge("alpha", "large", "every customer leaves at the first chance", "beta"),
        Edge("beta", "small", "every customer leaves at the first chance", "alpha"),
        Edge("alpha", "small", "almost nobody leaves, and it cannot be told who might", "beta"),
        Edge("beta", "large", "almost nobody leaves, and it cannot be told who might", "alpha"),
        Edge(
            "alpha",
            "large",
            "customers do not differ in their risk to leave; one constant retention rate fits as well",
            "beta",
            together=True,
        ),
        Edge("alpha", "small", "customers leave at once or never; two kinds of customers fit as well", "beta", together=True),
    ),
)


class ShiftedBetaGeoReader(ParametricModel[ShiftedBetaGeoParameters, SurvivalTable]):
    """A model that reads how long customers stayed and who has left, and learns alpha and beta."""

    _family: ClassVar[Family[ShiftedBetaGeoParameters, SurvivalTable]] = _FAMILY

    def _table_from(self, values: Values) -> SurvivalTable:
        tenure, churned = values["tenure"].astype(np.int64), values["churned"]
        weight = self._weights(values)
        counts = np.ones(len(tenure)) if weight is None else weight
        most = int(tenure.max())
        left, stayed = (
            np.bincount(tenure, counts * of, most + 1)[1:].astype(np.float64, copy=False) for of in (churned, 1.0 - churned)
        )
        return SurvivalTable(left, stayed)

    def _why_not(self, values: Values) -> Sequence[str]:
        n, weight = len(values["tenure"]), self._weights(values)
        counted = (values["tenure"] > 0) & (True if weight is None else weight > 0)
        churned = values["churned"][counted]
        if not counted.any():
            return [f"chances to renew: none of {count_of(n, 'customer')} has met one (tenure 0); wait for the first renewals"]
        if not churned.any():
            return [
                f"customers who left: none of {count_of(n, 'customer')} has churned, so nothing says how fast they leave; observe longer"
            ]
        if churned.all() and (values["tenure"][counted] == 1).all():
            return [
                f"customers who stayed: all {count_of(n, 'customer')} left at the first chance, so nothing says how long others stay"
            ]
        if int(counted.sum()) == 1 and weight is None:
            return ["customers: 1 customer does not tell how customers differ; fit many, then score one"]
        return []

    def _n_distinct(self, table: SurvivalTable) -> int:
        return int((table.churned > 0).sum() + (table.survivors > 0).sum())
