"""What the purchase models read of customers, and in which unit."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Final, TypeVar, cast

import numpy as np

from crmmodels._typing import FloatArray, TimeUnit
from crmmodels.base import Values
from crmmodels.data.tables.age_units import UNIT_DAYS, UNIT_NAMES
from crmmodels.data.tables.frames import OrderTables
from crmmodels.data.tables.schema import LARGEST_FREQUENCY, LARGEST_TIME, Column, Conflict
from crmmodels.exceptions import CrmModelsWarning, ParameterError, UnitWarning
from crmmodels.kernels.purchase.histories import PurchaseTable, distinct_rows
from crmmodels.models.parametric.model import ParametricModel
from crmmodels.models.parametric.record import ParametricFit
from crmmodels.parameters import is_number
from crmmodels.wording import count_of

ParametersT = TypeVar("ParametersT")

_OLDEST_YEARS: Final = 100.0
_YOUNGEST_UNITS: Final = 5.0
"""A customer base older than a century, or younger than five units of time, is in another unit, as far as one can tell."""


class PurchaseReader(ParametricModel[ParametersT, PurchaseTable]):
    """A model of what customers did and when, and of a time ahead."""

    horizon: float
    unit: str

    _units: ClassVar[tuple[str, ...]] = ("D", "W", "M", "Y")
    _whole: ClassVar[bool] = False
    _longest: ClassVar[float] = LARGEST_TIME

    def columns(self) -> Sequence[Column]:
        """Columns that the model reads, beside the key."""
        return (
            Column.count("frequency", maximum=min(LARGEST_FREQUENCY, self._longest)),
            Column.time("age_at_last", self._longest, whole=self._whole, unit=self.unit),
            Column.time("age", self._longest, whole=self._whole, unit=self.unit),
            *self._weight_columns(),
        )

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if not isinstance(self.unit, str) or self.unit not in self._units:
            raise ParameterError.unknown_choice(type(self).__name__, "unit", self._units, self.unit)
        self._time(type(self).__name__, self.horizon)

    def _conflicts(self, values: Values) -> Iterable[Conflict]:
        x, t_x, age = history_of(values)
        yield Conflict(t_x > age, "whose age_at_last is above age; the last order cannot be after the end of observation")
        yield Conflict(
            (x > 0) & (t_x == 0), "with repeat orders (frequency above 0) but age_at_last 0; orders of one day count as one"
        )
        yield Conflict((x == 0) & (t_x > 0), "without repeat orders (frequency 0) but age_at_last above 0; set it to 0")
        if self._whole:
            few = "with more repeat orders (frequency) than opportunities up to the last (age_at_last); one opportunity is one order"
            yield Conflict((x > t_x) & (t_x > 0), few)

    def _table_of(self, orders: OrderTables) -> Any:
        return orders.customers(unit=cast("TimeUnit", self.unit))

    def _table_from(self, values: Values) -> PurchaseTable:
        """Distinct customers, without those of age 0: their likelihood is 1 whatever the parameters, so they tell nothing."""
        table = distinct_rows(*history_of(values), self._weights(values)).table
        counted = (table.weight > 0) & (table.age > 0)
        if counted.all():
            return table
        return PurchaseTable(table.frequency[counted], table.age_at_last[counted], table.age[counted], table.weight[counted])

    def _n_customers(self, values: Values, table: PurchaseTable) -> float:
        """Those of age 0 count, though they tell nothing."""
        weights, is_new = self._weights(values), values["age"] == 0
        return super()._n_customers(values, table) + float(is_new.sum() if weights is None else weights[is_new].sum())

    def _n_telling(self, values: Values) -> int:
        return int(np.count_nonzero(values["age"]))

    def _why_not(self, values: Values) -> Sequence[str]:
        n = len(values["frequency"])
        weights = self._weights(values)
        counted = np.ones(n, np.bool_) if weights is None else weights > 0
        telling = counted & (values["age"] > 0)
        if not counted.any():
            return [f"weights (column {self.weight!r}) that are all 0"]
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
        if int(telling.sum()) == 1 and (weights is None or n == 1):
            return ["customers: 1 customer does not tell how customers differ; fit many, then score one"]
        return []

    def _unit(self) -> str:
        return self.unit

    def _concerns(self, values: Values, fitted: ParametricFit[ParametersT]) -> Iterable[CrmModelsWarning]:
        yield from super()._concerns(values, fitted)
        oldest, name = float(values["age"].max()), UNIT_NAMES[self.unit]
        years = oldest * UNIT_DAYS[self.unit] / UNIT_DAYS["Y"]
        if not self._whole and years > _OLDEST_YEARS:
            shown = "" if self.unit == "Y" else f", which are {years:,.0f} years"
            yield UnitWarning(
                f"{type(self).__name__}: there are ages of up to {oldest:,.6g} {name}{shown}; they look like seconds, hours or "
                f"another smaller unit than unit={self.unit!r}"
            )
        if not self._whole and oldest < _YOUNGEST_UNITS and self.unit != "Y":
            yield UnitWarning(
                f"{type(self).__name__}: ages of at most {oldest:,.6g} {name} are very short; they look like years or another larger unit "
                f"than unit={self.unit!r}"
            )

    def _time_name(self) -> str:
        return UNIT_NAMES[self.unit]

    def _time(self, verb: str, horizon: float | None, *, endless: bool = False) -> float:
        """Return a horizon that can be used: that of the model where none is given."""
        time = self.horizon if horizon is None else horizon
        if not is_number(time) or time <= 0 or (not endless and math.isinf(time)) or (self._whole and time % 1 > 0):
            kind = "a whole number" if self._whole else "a number"
            raise ParameterError.must_be(verb, "horizon", f"{kind} above 0, of {self._time_name()}", horizon)
        if self._longest < time < math.inf:
            raise ParameterError.must_be(verb, "horizon", f"at most {self._most_time()}", horizon)
        return time

    def _most_time(self) -> str:
        return f"{self._longest:,.0f} {self._time_name()}"


def history_of(values: Values) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Frequency, age at last and age of customers, in the order of the arguments of the kernels.

    Parameters
    ----------
    values : mapping of str to ndarray
        The columns by name.

    Returns
    -------
    tuple of ndarray of float64, shape (n_customers,)
        The three columns.
    """
    return values["frequency"], values["age_at_last"], values["age"]
