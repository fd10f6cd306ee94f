"""Dates and units as parameters."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from crmmodels.exceptions import ParameterError
from crmmodels.kernels.orders.periods import DAYS_PER_UNIT


def as_date(value: str | dt.date | np.datetime64, owner: str, name: str) -> dt.date:
    """Read a date for a call and its argument; a time of day is a ParameterError, since orders count by whole days."""
    day: object = value
    if isinstance(value, str):
        try:
            day = dt.datetime.fromisoformat(value)
        except ValueError:
            raise ParameterError.must_be(owner, name, "a date such as '1998-07-01'", value) from None
    if isinstance(value, np.datetime64):
        day = pd.Timestamp(value) if value.dtype == "datetime64[ns]" else value.astype("datetime64[us]").item()
    if day is pd.NaT or not isinstance(day, dt.date):
        raise ParameterError.must_be(owner, name, "a date such as '1998-07-01'", value)
    if isinstance(day, dt.datetime):
        if day.time() != dt.time() or getattr(day, "nanosecond", False):
            must = f"a date without a time of day, such as {day.date().isoformat()!r}"
            raise ParameterError.must_be(owner, name, must, value)
        return day.date()
    return day


def check_unit(unit: object) -> None:
    """Refuse what is no unit of age by a ParameterError."""
    if not isinstance(unit, str) or unit not in DAYS_PER_UNIT:
        raise ParameterError.unknown_choice("customers", "unit", DAYS_PER_UNIT, unit)
