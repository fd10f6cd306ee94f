"""What customers did after the calibration of a purchase model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from crmmodels._typing import FloatArray
from crmmodels.data.tables.frames import open_table
from crmmodels.data.tables.schema import Column, read_values
from crmmodels.exceptions import DataError
from crmmodels.kernels.purchase.histories import PurchaseTable
from crmmodels.models.purchase.model import PurchaseModel

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

    def expected_by(self, model: PurchaseModel[Any]) -> FloatArray:
        """Orders after the date that a model expects.

        Parameters
        ----------
        model : PurchaseModel
            A fitted model.

        Returns
        -------
        ndarray of float64, shape (n_rows,)
            Expected orders within the duration.
        """
        process, parameters, past = model._process, model.fitted.parameters, self.history  # noqa: SLF001  (models, one concept)
        return process.expected_purchases(past.frequency, past.age_at_last, past.age, self.duration, parameters)


def read_holdout(model: PurchaseModel[Any], table: Any, reader: str) -> Holdout | None:
    """Read what customers did before and after one date.

    Parameters
    ----------
    model : PurchaseModel
        The model, which knows what it reads.
    table : dataframe
        One row per customer.
    reader : str
        Who reads, for the error.

    Returns
    -------
    Holdout or None
        None where the table has no columns of a holdout.

    Raises
    ------
    DataError
        If the table cannot be used, or its customers were not observed for the same time.
    """
    opened = open_table(table, model.key, reader)
    orders, duration = HOLDOUT_COLUMNS
    if not set(HOLDOUT_COLUMNS) <= set(opened.frame.columns):
        return None
    columns = (*model.columns(), Column.count(orders), Column.time(duration))
    values: Mapping[str, FloatArray] = read_values(opened.frame, columns, model.key, reader, model._conflicts)  # noqa: SLF001
    times = np.unique(values[duration])
    if len(times) > 1 or times[0] <= 0:
        problem = (
            f"column {duration!r} must hold one number above 0 for all customers; it holds {len(times)}, such as {times[0]:g}"
        )
        raise DataError(reader, [problem])
    weight = np.ones(len(values["age"])) if model.weight is None else values[model.weight]
    history = PurchaseTable(values["frequency"], values["age_at_last"], values["age"], weight)
    return Holdout(history, values[orders], float(times[0]))
