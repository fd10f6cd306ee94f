"""What customers did after the calibration of a purchase model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np

from crmmodels._typing import FloatArray
from crmmodels.data.tables.frames import open_table
from crmmodels.data.tables.schema import Column, read_values
from crmmodels.exceptions import DataError
from crmmodels.kernels.purchase.histories import PurchaseTable
from crmmodels.models.purchase.process import PurchaseProcess
from crmmodels.models.purchase.reading import conflicts_of, history_of

HOLDOUT_COLUMNS: Final = ("order_days_holdout", "duration_holdout")
"""Columns of a table of customers that say what they did later."""


@dataclass(frozen=True, slots=True, eq=False)
class Holdout:
    """Customers with what they did before and after one date.

    Attributes
    ----------
    history : PurchaseTable
        What they did up to the date, one row per row of the caller's, with its weight.
    orders : ndarray of float64, shape (n_rows,)
        Order days after it.
    duration : float
        Time in which these were counted.
    """

    history: PurchaseTable
    orders: FloatArray
    duration: float

    def expected_by(self, process: PurchaseProcess, parameters: Any) -> FloatArray:
        """Orders after the date that a process expects, of shape (n_rows,)."""
        past = self.history
        return process.expected_purchases(past.frequency, past.age_at_last, past.age, self.duration, parameters)


def read_holdout(
    table: Any, reader: str, *, key: str, columns: Sequence[Column], weight: str | None, is_discrete: bool
) -> Holdout | None:
    """Read what customers did before and after one date; None where the table has no columns of a holdout."""
    opened = open_table(table, key, reader)
    orders, duration = HOLDOUT_COLUMNS
    if not set(HOLDOUT_COLUMNS) <= set(opened.frame.columns):
        return None
    conflicts = partial(conflicts_of, is_discrete=is_discrete)
    values = read_values(opened.frame, (*columns, Column.count(orders), Column.time(duration)), key, reader, conflicts)
    times = np.unique(values[duration])
    if len(times) > 1 or times[0] <= 0:
        problem = (
            f"column {duration!r} must hold one number above 0 for all customers; it holds {len(times)}, such as {times[0]:g}"
        )
        raise DataError(reader, [problem])
    weights = np.ones(len(values["age"])) if weight is None else values[weight]
    history = PurchaseTable(*history_of(values), weights)
    return Holdout(history, values[orders], float(times[0]))
