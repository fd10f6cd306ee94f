"""What accounts ask of an order log, one part of the customers after the other where the log is long.

What an engine holds of a log grows with its orders; of a part of the customers it holds a part. Every customer is in one part, and
sums never cross customers, so that the answers are those of the whole log.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any, Final

import narwhals as nw
import numpy as np
import pandas as pd

from crmmodels._typing import AnyArray, FloatArray, TimeUnit
from crmmodels.data.accounts.plans import Plan, number
from crmmodels.data.orders import collecting
from crmmodels.data.orders.bounded import BoundedLog
from crmmodels.data.orders.checks import without_returns_only
from crmmodels.data.orders.logs import BadRowsError, EngineLog
from crmmodels.engines.engine import engine_of
from crmmodels.exceptions import DataError
from crmmodels.progress import Progress

LINES_AT_ONCE: Final = 2_000_000
"""Lines of a part, about: what an engine needs for so many is less than what a million customers need in the end."""
_PEOPLE: Final = (
    "customer_id",
    "n_orders",
    "spend",
    "frequency",
    "age_at_last",
    "age",
    "days_since_last",
    "first_order",
    "last_order",
)


def n_parts_of(lines: Plan, n_lines: int) -> int:
    """Number of parts in which a log is read: 1 where it is short, or its engine cannot read a part."""
    return max(1, -(-n_lines // LINES_AT_ONCE)) if engine_of(lines.to_native()).is_divisible else 1


def parts_of(lines: Plan, n_parts: int) -> Iterator[Plan]:
    """Parts of a log by customer, one after the other."""
    if n_parts == 1:
        yield lines
        return
    native: Any = lines.to_native()
    for i in range(n_parts):
        yield nw.from_native(engine_of(native).part(native, "customer", i, n_parts))


def collected(plan: Plan) -> nw.DataFrame[Any]:
    """Run a plan; what the engine cannot read is refused in the name of CLVModel."""
    return collecting.collected(plan, lambda problem: DataError("CLVModel", [problem], "order log"))


def end_of(orders: BoundedLog, n_parts: int) -> dt.date:
    """End of observation: the last day that counts, or the day after the last order."""
    log, bounds = orders.log, orders.bounds
    if n_parts == 1 or bounds.until is not None or not isinstance(log, EngineLog):
        return orders.end(None, "CLVModel")
    try:
        with Progress("last day", "parts of the log", n_parts) as progress:
            parts = progress.over(parts_of(log.log, n_parts))
            days = [EngineLog(part, log.time_zone).days(bounds).last() for part in parts]
    except OverflowError:
        raise orders.bad_rows() from None
    last = max((day for day in days if day is not None), default=None)
    if last is None:
        raise orders.nothing_left(bounds)
    return last if last == dt.date.max else last + dt.timedelta(days=1)


def people_of(orders: BoundedLog, end: dt.date, unit: TimeUnit, n_parts: int) -> nw.DataFrame[Any]:
    """Customers with their frequency, ages and first and last order, as `Orders.customers` counts them."""
    log = orders.log
    if n_parts == 1 or not isinstance(log, EngineLog):
        people = orders.customers_until(end, unit).select(*_PEOPLE)
    else:
        bounds = orders.bounded(None, end)
        try:
            with Progress("customers", "parts of the log", n_parts) as progress:
                logs = (EngineLog(part, log.time_zone) for part in progress.over(parts_of(log.log, n_parts)))
                people = nw.concat([part.customers(bounds, end, unit).select(*_PEOPLE) for part in logs])
        except BadRowsError:
            raise orders.bad_rows() from None
        if people.is_empty():
            raise orders.nothing_left(bounds)
        people = without_returns_only(people, bounds, orders.say)
    return nw.maybe_reset_index(people.sort("customer_id"))


def sums_of(
    lines: Plan, n_parts: int, plan: Callable[[Plan], Plan], customers: AnyArray
) -> tuple[dict[str, FloatArray], AnyArray]:
    """Sums of a plan per customer by name, and whether it has any, each of shape (n_customers,)."""
    index = pd.Index(customers)
    sums, known = dict[str, FloatArray](), np.zeros(len(index), np.bool_)
    with Progress("money", "parts of the log", n_parts) as progress:
        for part in progress.over(parts_of(lines, n_parts)):
            found = collected(plan(part))
            place = index.get_indexer(pd.Index(names_of(found["customer"])))
            kept = place >= 0
            place = place[kept]
            known[place] = True
            for name in found.columns:
                if name != "customer":
                    sums.setdefault(name, np.zeros(len(index)))[place] = number(found[name])[kept]
    return sums, known


def names_of(customers: nw.Series[Any]) -> AnyArray:
    """Names of customers as an array of shape (n_customers,): numbers as they are, all others as objects."""
    if customers.dtype.is_numeric():
        return customers.to_numpy()
    names = np.empty(len(customers), object)
    names[:] = customers.to_list()
    return names
