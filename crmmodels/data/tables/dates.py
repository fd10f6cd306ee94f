"""Dates and units as parameters."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from crmmodels.exceptions import ParameterError
from crmmodels.kernels.orders.periods import DAYS_PER_UNIT


def as_date(value: str | dt.date | np.datetime64, owner: str, name: str) -> dt.date:
    """Read a date; a time of day is refused, since orders count by whole days.

    Parameters
    ----------
    value : str, date or datetime64
        The date; text in ISO 8601.
    owner, name : str
        Whose parameter, and which, for the error.

    Returns
    -------
    date
        The day.

    Raises
    ------
    ParameterError
        If this is no date, or has a time of day.
    """
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
    """Refuse what is no unit of age.

    Parameters
    ----------
    unit : object
        "D", "W", "M" or "Y".

    Raises
    ------
    ParameterError
        If it is none of them.
    """
    if not isinstance(unit, str) or unit not in DAYS_PER_UNIT:
        raise ParameterError.unknown_choice("customers", "unit", DAYS_PER_UNIT, unit)
