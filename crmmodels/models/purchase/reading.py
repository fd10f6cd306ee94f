"""What the purchase models read of customers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np

from crmmodels._typing import FloatArray
from crmmodels.data.tables.age_units import UNIT_DAYS
from crmmodels.data.tables.schema import Conflict
from crmmodels.exceptions import UnitWarning
from crmmodels.kernels.purchase.histories import PurchaseTable, distinct_rows
from crmmodels.models.purchase.process import TimeScale
from crmmodels.wording import count_of

_OLDEST_YEARS: Final = 100.0
_YOUNGEST_UNITS: Final = 5.0
"""A customer base older than a century, or younger than five units of time, is in another unit, as far as one can tell."""


def history_of(values: Mapping[str, FloatArray]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Frequency, age at last and age, each of shape (n_customers,), in the order of the arguments of the kernels."""
    return values["frequency"], values["age_at_last"], values["age"]


def conflicts_of(values: Mapping[str, FloatArray], *, is_discrete: bool) -> Iterable[Conflict]:
    """Customers whose columns contradict each other."""
    x, t_x, age = history_of(values)
    yield Conflict(t_x > age, "whose age_at_last is above age; the last order cannot be after the end of observation")
    yield Conflict(
        (x > 0) & (t_x == 0), "with repeat orders (frequency above 0) but age_at_last 0; orders of one day count as one"
    )
    yield Conflict((x == 0) & (t_x > 0), "without repeat orders (frequency 0) but age_at_last above 0; set it to 0")
    if is_discrete:
        few = (
            "with more repeat orders (frequency) than opportunities up to the last (age_at_last); one opportunity is one order"
        )
        yield Conflict((x > t_x) & (t_x > 0), few)


def purchase_table(values: Mapping[str, FloatArray], weight: FloatArray | None) -> PurchaseTable:
    """Distinct customers, without those of age 0: their likelihood is 1 whatever the parameters, so they tell nothing."""
    table = distinct_rows(*history_of(values), weight).table
    counted = (table.weight > 0) & (table.age > 0)
    if counted.all():
        return table
    return PurchaseTable(table.frequency[counted], table.age_at_last[counted], table.age[counted], table.weight[counted])


def why_no_estimates(values: Mapping[str, FloatArray], weight: FloatArray | None, weight_column: str | None) -> Sequence[str]:
    """What keeps the likelihood of these customers, whatever the model, from having a maximum."""
    n = len(values["frequency"])
    counted = np.ones(n, np.bool_) if weight is None else weight > 0
    telling = counted & (values["age"] > 0)
    if not counted.any():
        return [f"weights (column {weight_column!r}) that are all 0"]
    if not telling.any():
        reason = (
            f"time after the first order: all {count_of(n, 'customer')} have age 0 (first order on the last day observed), so nothing "
            "says whether they order again; observe until a later day"
        )
        return [reason]
    if not values["frequency"][telling].any():
        reason = (
            f"repeat orders: all {count_of(n, 'customer')} have frequency 0, which no rate of ordering and of dropout explains better "
            "than another; observe longer, or count repeat orders only (not the first)"
        )
        return [reason]
    if int(telling.sum()) == 1 and (weight is None or n == 1):
        return ["customers: 1 customer does not tell how customers differ; fit many, then score one"]
    return []


def unit_concerns(owner: str, oldest: float, scale: TimeScale) -> Iterable[UnitWarning]:
    """Whether the age of the oldest customer looks like one in another unit of continuous time."""
    if scale.is_discrete:
        return
    years, unit = oldest * scale.days / UNIT_DAYS["Y"], scale.unit
    if years > _OLDEST_YEARS:
        shown = "" if unit == "Y" else f", which are {years:,.0f} years"
        yield UnitWarning(
            f"{owner}: there are ages of up to {oldest:,.6g} {scale.name}{shown}; they look like seconds, hours or "
            f"another smaller unit than unit={unit!r}"
        )
    if oldest < _YOUNGEST_UNITS and unit != "Y":
        yield UnitWarning(
            f"{owner}: ages of at most {oldest:,.6g} {scale.name} are very short; they look like years or another larger unit "
            f"than unit={unit!r}"
        )
