"""Calibration and holdout."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import narwhals as nw

from crmmodels._typing import TimeUnit
from crmmodels.data.tables.dates import check_unit
from crmmodels.kernels.orders.periods import DAYS_PER_UNIT

if TYPE_CHECKING:
    from crmmodels.data.orders.orders import Orders


@dataclass(frozen=True, eq=False)
class Split:
    """An order log cut at a date.

    Attributes
    ----------
    calibration : Orders
        Orders up to ``at``.
    holdout : Orders
        Orders after ``at``, up to ``until``.
    at, until : date
        Last day of the calibration and of the holdout.
    """

    calibration: Orders
    holdout: Orders
    at: dt.date
    until: dt.date

    def customers(self, unit: TimeUnit = "D") -> Any:
        """The customers of the calibration, with what they did in the holdout.

        Parameters
        ----------
        unit : {"D", "W", "M", "Y"}, default "D"
            Unit of the ages.

        Returns
        -------
        dataframe of the kind of the log
            The columns of `Orders.customers` as of ``at``, then ``n_orders_holdout``, ``order_days_holdout``,
            ``spend_holdout``, the sum of the holdout's money, returns of earlier orders included (0 for who did not order), and
            ``duration_holdout`` (in ``unit``).

        Raises
        ------
        DataError
            If no order is left in the calibration, or a lazy log holds bad rows.
        ParameterError
            If the unit is unknown.
        """
        check_unit(unit)
        before = self.calibration._customers_until(self.at, unit)  # noqa: SLF001  (the other half of one concept)
        zeros: dict[str, float] = {"n_orders": 0, "order_days": 0, "spend": 0.0}
        if "spend" not in before.columns:
            zeros.pop("spend")
        joined = self._with_holdout(before, zeros, unit)
        duration = (self.until - self.at).days / DAYS_PER_UNIT[unit]
        joined = joined.with_columns(nw.lit(duration).alias("duration_holdout")).sort("customer_id")
        return self.calibration._native(joined)  # noqa: SLF001

    def _with_holdout(self, before: nw.DataFrame[Any], zeros: dict[str, float], unit: TimeUnit) -> nw.DataFrame[Any]:
        holdout = self.holdout
        with holdout._turn():  # noqa: SLF001
            after = holdout._counted(holdout._bounds, self.until, unit)  # noqa: SLF001
        if after.is_empty():
            joined = before.with_columns(*(nw.lit(zero).alias(f"{name}_holdout") for name, zero in zeros.items()))
            return joined.with_columns(*(nw.col(f"{name}_holdout").cast(nw.Int64) for name in zeros if name != "spend"))
        counted = after.with_columns((nw.col("frequency") + 1).alias("order_days")).select(
            "customer_id", *(nw.col(name).alias(f"{name}_holdout") for name in zeros)
        )
        joined = before.join(counted, on="customer_id", how="left").with_columns(
            *(nw.col(f"{name}_holdout").fill_null(zero) for name, zero in zeros.items())
        )
        return joined.with_columns(*(nw.col(f"{name}_holdout").cast(nw.Int64) for name in zeros if name != "spend"))
