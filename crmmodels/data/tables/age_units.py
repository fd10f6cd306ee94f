"""In which unit of time the ages of a table are, as far as the table tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import narwhals as nw
import numpy as np

from crmmodels._typing import AnyArray, FloatArray
from crmmodels.kernels.orders.periods import DAYS_PER_UNIT

UNIT_NAMES: Final = {"D": "days", "W": "weeks", "M": "months", "Q": "quarters", "Y": "years"}
UNIT_DAYS: Final[Mapping[str, float]] = {str(unit): days for unit, days in DAYS_PER_UNIT.items()} | {
    "Q": 3.0 * DAYS_PER_UNIT["M"]
}
_FINER: Final[Mapping[str, float]] = {"hours": 1 / 24, "minutes": 1 / 1440, "seconds": 1 / 86_400}
_MOST_DECIMALS: Final = 6
_DAYS_OFF: Final = 2.0
"""Ages of timestamps and days of dates differ by up to a day at either end."""
_CLEAR: Final = 5.0
"""An age tells a unit where it is so many times as large as it may be off."""
_ROUNDING: Final = 1e-6
"""Relative; single precision keeps more than six digits."""


@dataclass(frozen=True, slots=True, eq=False)
class _Evidence:
    """Times that stand in a table twice: in the unit of its ages, and in days."""

    ages: str
    days: str
    in_units: FloatArray
    in_days: FloatArray


def unit_problem(
    frame: nw.DataFrame[Any], values: Mapping[str, FloatArray], unit: str, days_since_last: FloatArray | None, *, periods: bool
) -> str | None:
    """Word that the ages of a table are in another unit than the one in which they are read; None where it does not tell.

    Notes
    -----
    ``days_since_last`` is the age less the age at last times the days of the unit, and so are the dates ``first_order``, ``last_order`` and
    ``as_of`` apart. Ages may have been rounded or cut to the decimals that they show, lifetimes' to whole units, and be taken of timestamps:
    so they may be off by one in their last decimal, and by two days. The table is in another unit where ages are further off than that from their
    own, all of these agree with the other, and one of them is at least five times as large as it may be off. Otherwise the columns say something
    else, such as the days up to a later date, and nothing is refused.
    """
    own = UNIT_DAYS[unit]
    for evidence in _evidence(frame, values, days_since_last):
        step = _step_of([values[name] for name in ("age", "age_at_last") if name in values])
        slack = 2.0 if periods else step
        off = ~_agree(evidence, own, slack)
        if not off.any():
            continue
        part = _Evidence(evidence.ages, evidence.days, evidence.in_units[off], evidence.in_days[off])
        for name, days in (*((UNIT_NAMES[other], UNIT_DAYS[other]) for other in UNIT_DAYS if other != unit), *_FINER.items()):
            is_clear = part.in_units.max() >= _CLEAR * (step + _DAYS_OFF / days)
            if is_clear and _agree(part, days, step).all():
                return _worded(evidence, off, name, unit, periods=periods)
    return None


def _worded(evidence: _Evidence, off: AnyArray, name: str, unit: str, *, periods: bool) -> str:
    row = int(np.flatnonzero(off)[evidence.in_units[off].argmax()])
    n = int(off.sum())
    of_all = "the ages of this table" if n > len(off) // 2 else f"the ages of {n:,} of its {len(off):,} rows"
    remedy = f'make it with orders.customers(unit="{unit}"), or pass the Orders, which are asked for the unit of the model'
    if periods:
        remedy = "pass the Orders, of which the periods are counted, or count them so first"
    return (
        f"{of_all} are in {name}, since {evidence.ages} is {evidence.in_units[row]:,.6g} where {evidence.days} is {evidence.in_days[row]:,.6g} days "
        f"(row {row}); the model's unit is {unit!r} ({UNIT_NAMES[unit]}): {remedy}"
    )


def _agree(evidence: _Evidence, days_per_unit: float, slack: float) -> AnyArray:
    """Whether each time in units is that in days, as well as can be told; a missing one does not contradict."""
    expected = evidence.in_days / days_per_unit
    allowed = slack * (1.0 + _ROUNDING) + _DAYS_OFF / days_per_unit + _ROUNDING * np.abs(expected)
    return ~(np.abs(evidence.in_units - expected) > allowed)


def _step_of(ages: Sequence[FloatArray]) -> float:
    """Unit of the last decimal that all ages show, at least a millionth."""
    for decimals in range(_MOST_DECIMALS):
        scale = 10.0**decimals
        if all(
            (np.abs(age * scale - np.round(age * scale)) <= 1e-9 * np.maximum(1.0, np.abs(age) * scale)).all() for age in ages
        ):
            return 1.0 / scale
    return 10.0**-_MOST_DECIMALS


def _evidence(
    frame: nw.DataFrame[Any], values: Mapping[str, FloatArray], days_since_last: FloatArray | None
) -> Iterator[_Evidence]:
    age, t_x = values.get("age"), values.get("age_at_last")
    if age is not None and t_x is not None and days_since_last is not None:
        yield _Evidence("age - age_at_last", "days_since_last", age - t_x, days_since_last)
    first = _days(frame, "first_order")
    as_of, last = _days(frame, "as_of"), _days(frame, "last_order")
    if age is not None and first is not None and as_of is not None:
        yield _Evidence("age", "as_of - first_order", age, as_of - first)
    if t_x is not None and first is not None and last is not None:
        yield _Evidence("age_at_last", "last_order - first_order", t_x, last - first)
    if age is not None and t_x is not None and as_of is not None and last is not None:
        yield _Evidence("age - age_at_last", "as_of - last_order", age - t_x, as_of - last)


def _days(frame: nw.DataFrame[Any], name: str) -> FloatArray | None:
    """Days since 1970-01-01 of a column of dates, NaN for missing; None where it is not there or holds no dates."""
    if name not in frame.columns:
        return None
    column = frame[name]
    try:
        if isinstance(column.dtype, nw.Datetime) and column.dtype.time_zone is not None:
            column = column.dt.replace_time_zone(None)
        if isinstance(column.dtype, nw.Date | nw.Datetime):
            dates = column.to_numpy().astype("datetime64[D]")
        elif column.dtype in {nw.String, nw.Object}:
            items = [item[:10] if isinstance(item, str) else item for item in column.to_list()]
            dates = np.array(items, dtype="datetime64[D]")
        else:
            return None
    except (TypeError, ValueError, OverflowError):
        return None
    return np.where(np.isnat(dates), np.nan, dates.astype(np.float64))
