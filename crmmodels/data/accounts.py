"""One account per customer: the money of the past, split as CLVModel does, with what the future needs."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final, cast

import narwhals as nw
import numpy as np
import pandas as pd

from crmmodels._typing import AnyArray, FloatArray, IntArray, TimeUnit
from crmmodels.data import value_plans
from crmmodels.data.benchmarks import Benchmarks, PriceReference, learn_benchmarks, with_benchmarks
from crmmodels.data.customer_base import CustomerBase, links_of, service_events
from crmmodels.data.order_log import EPOCH, days_of
from crmmodels.data.orders import Orders
from crmmodels.data.schema import EXAMPLES_SHOWN, count_of
from crmmodels.exceptions import DataError
from crmmodels.kernels.periods import DAYS_PER_UNIT

ACCOUNT_COLUMNS: Final = (
    "frequency",
    "age_at_last",
    "age",
    *value_plans.SUMS,
    *(f"total_{name}" for name in value_plans.SUMS[1:]),
    "squares",
)
"""Columns that every account has beside the customer, in the order in which they stand."""
OPTIONAL_COLUMNS: Final = (
    "acquisition_cost",
    "acquisition_relief",
    "service_base",
    "service_saving",
    "total_service_base",
    "total_service_saving",
    "reward",
    "total_reward",
)
"""Columns that are 0 where nothing is known."""


_ONE_MONTH: Final = 2
"""Distinct months of the benchmarks of a log of one month: that month, and 0 for all."""


@dataclass(frozen=True, slots=True, eq=False)
class Accounts:
    """Accounts of customers.

    Attributes
    ----------
    frame : narwhals DataFrame
        ``customer_id``, `ACCOUNT_COLUMNS`, `OPTIONAL_COLUMNS` and ``referrer_id`` (missing where nobody referred).
    benchmarks : Benchmarks
        What a new customer would have paid and cost.
    n_returns, n_above_list, n_below_cost : int
        Lines that are returns, that were paid above the list price, and that were paid below cost; all are kept.
    is_one_cohort : bool
        Whether all customers first ordered in one month, so that one benchmark serves all later ones.
    """

    frame: nw.DataFrame[Any]
    benchmarks: Benchmarks
    n_returns: int
    n_above_list: int
    n_below_cost: int
    is_one_cohort: bool


def accounts_of(
    base: CustomerBase,
    *,
    unit: str,
    discount_rate: float,
    margin: float | None,
    price_reference: PriceReference,
    shrinkage: float,
    benchmarks: Benchmarks | None = None,
) -> Accounts:
    """Make the accounts of a customer base.

    Parameters
    ----------
    base : CustomerBase
        Orders, referrals and costs.
    unit : str
        Unit of the ages.
    discount_rate : float
        Continuous rate per day; money counts as of the end of observation.
    margin : float or None
        Share of the amount that is left after the cost of goods, where unit costs are not known.
    price_reference : str or float
        What a new customer pays.
    shrinkage : float
        Units by which a benchmark of a month is drawn towards that of all months.
    benchmarks : Benchmarks, optional
        Those learned before; learned from the log if None.

    Returns
    -------
    Accounts
        One row per customer with an order.

    Raises
    ------
    DataError
        If the log has no amounts, or the parts contradict each other.
    """
    orders = base.orders
    end = orders._end(None, "CLVModel")  # noqa: SLF001  (the same layer)
    with orders._turn():  # noqa: SLF001
        money = money_lines(orders, margin)
        counts = money.counts
        lines = value_plans.with_first_orders(money.lines, has_returns=counts["n_returns"] > 0)
        found = learn_benchmarks(lines, price_reference, shrinkage) if benchmarks is None else benchmarks
        priced = with_benchmarks(lines, found, price_reference)
        sums = _collected(
            value_plans.by_customer(value_plans.by_order_day(value_plans.parts_of_orders(priced)), end, discount_rate)
        )
    customers = nw.from_native(orders.customers(as_of=end, unit=_as_unit(unit)))
    people = customers.collect() if isinstance(customers, nw.LazyFrame) else customers
    people = people.select("customer_id", "frequency", "age_at_last", "age", "first_order")
    frame = _joined(people.sort("customer_id"), sums)
    links = _linked(base, frame, end, discount_rate)
    backend: Any = frame.implementation
    position = links.pop("referrer_position")
    frame = frame.with_columns(*(nw.new_series(name, column, backend=backend) for name, column in links.items()))
    if base.referrals is not None:
        frame = frame.with_columns(_referrers(frame["customer_id"], position))
    names = ("customer_id", *ACCOUNT_COLUMNS, *OPTIONAL_COLUMNS, *(["referrer_id"] if base.referrals is not None else []))
    first = pd.to_datetime(pd.Series(frame["first_order"].to_list()))
    one_month = first.min().to_period("M") == first.max().to_period("M")
    return Accounts(
        frame.select(*names),
        found,
        n_returns=counts["n_returns"],
        n_above_list=counts.get("n_above_list", 0),
        n_below_cost=counts.get("n_below_cost", 0),
        is_one_cohort=bool(found.kind) and one_month and len(np.unique(found.month)) > _ONE_MONTH,
    )


@dataclass(frozen=True, slots=True, eq=False)
class MoneyLines:
    """Lines of a log with the money they bring and cost.

    Attributes
    ----------
    lines : narwhals LazyFrame
        The lines, not read yet.
    counts : dict of str to int
        How many are odd in which way.
    """

    lines: value_plans.Plan
    counts: dict[str, int]


def money_lines(orders: Orders, margin: float | None) -> MoneyLines:
    """Plan the money of the lines of a log, after checking that they have any.

    Parameters
    ----------
    orders : Orders
        The log.
    margin : float or None
        Share of the amount that is left after the cost of goods, where unit costs are not known.

    Returns
    -------
    MoneyLines
        The plan, with what was counted on the way.

    Raises
    ------
    DataError
        If the log has no amounts, lines lack a number, or amounts are in several currencies.
    """
    if "amount" not in orders.roles:
        raise DataError("CLVModel", ["no column of it is named as amount; value needs the money of each line"], "order log")
    lines = orders._lines_within()  # noqa: SLF001  (the same layer)
    native = lines.to_native()
    if isinstance(native, pd.DataFrame):
        days = days_of(native["time"], orders.time_zone).astype("datetime64[D]").astype("datetime64[us]")
        lines = nw.from_native(native.assign(day_of_line=days), eager_only=True)
    log = lines.lazy() if isinstance(lines, nw.DataFrame) else lines
    found = value_plans.counted(log).collect()
    counts = {name: int(found[name][0] or 0) for name in found.columns}
    words = {"missing": "without {}; fill or drop them first", "infinite": "with an infinite {}; correct them first"}
    words["negative"] = "with a {} below 0; correct them first"
    problems = [
        f"{count_of(n, 'line')} {words[kind].format(role)}"
        for name, n in counts.items()
        for kind, _, role in [name.partition("_")]
        if kind in words and n
    ]
    if "currency" in log.collect_schema():
        currencies = log.select(nw.col("currency")).unique().collect()["currency"].to_list()
        if len(currencies) > 1:
            shown = sorted(map(str, currencies))
            problems.append(
                f"amounts in {len(shown)} currencies ({', '.join(shown[:EXAMPLES_SHOWN])}); convert them to one first"
            )
    if problems:
        raise DataError("CLVModel", problems, "order log")
    return MoneyLines(value_plans.value_lines(log, orders.time_zone, margin), counts)


def _referrers(customers: nw.Series[Any], position: IntArray) -> nw.Series[Any]:
    """Names of who referred each customer, missing for nobody."""
    names = customers.to_list()
    by = [None if place < 0 else names[place] for place in position.tolist()]
    if customers.implementation.is_pandas():
        native: Any = pd.Series(by, index=customers.to_native().index, dtype=object, name="referrer_id")
        return nw.from_native(native, series_only=True)
    backend: Any = customers.implementation
    return nw.new_series("referrer_id", by, customers.dtype, backend=backend)


def _joined(people: nw.DataFrame[Any], sums: nw.DataFrame[Any]) -> nw.DataFrame[Any]:
    """Put the sums beside the customers, whatever their engines call the same type."""
    names = pd.Index(people["customer_id"].to_list())
    position = pd.Index(sums["customer"].to_list()).get_indexer(names)
    known = position >= 0
    kept = people if known.all() else nw.maybe_reset_index(people.filter(known.tolist()))
    place, backend = position[known], cast("Any", people.implementation)
    columns = (name for name in sums.columns if name != "customer")
    return kept.with_columns(*(nw.new_series(name, value_plans.number(sums[name])[place], backend=backend) for name in columns))


def _linked(base: CustomerBase, frame: nw.DataFrame[Any], end: dt.date, rate: float) -> dict[str, AnyArray]:
    """What referrals and costs say of each customer, discounted."""
    names = np.array(frame["customer_id"].to_list())
    first = pd.to_datetime(pd.Series(frame["first_order"].to_list())).to_numpy().astype("datetime64[D]").astype(np.int64)
    last = (end - EPOCH).days
    links = links_of(base, names, first)

    def factor(day: AnyArray) -> FloatArray:
        grown: FloatArray = np.exp(rate * (last - day).astype(np.float64))
        return grown

    alone = links.referrer < 0
    usual = float(links.acquisition_cost[alone].mean()) if alone.any() else float(links.acquisition_cost.mean())
    relief = (
        np.where(alone, 0.0, usual - links.acquisition_cost) if base.acquisition_costs is not None else np.zeros(len(names))
    )
    events = service_events(base, names, last)
    repeat = frame["frequency"].to_numpy() > 0
    n = len(names)
    usual_event = _usual_event(events.customer, events.cost, ~repeat)
    grown = factor(events.day)

    def summed(values: FloatArray) -> FloatArray:
        return np.bincount(events.customer, values, n).astype(np.float64)

    at_first = factor(first)
    return {
        "acquisition_cost": at_first * links.acquisition_cost,
        "acquisition_relief": at_first * relief,
        "service_base": summed(-usual_event * grown),
        "service_saving": summed((usual_event - events.cost) * grown),
        "total_service_base": summed(np.full(len(events.cost), -usual_event)),
        "total_service_saving": summed(usual_event - events.cost),
        "reward": factor(links.reward_day) * links.reward,
        "total_reward": links.reward,
        "referrer_position": links.referrer,
    }


def _usual_event(customer: AnyArray, cost: FloatArray, is_new: AnyArray) -> float:
    """Mean cost of an event of customers without a repeat order; of all where they have none."""
    if len(cost) == 0:
        return 0.0
    of_new = is_new[customer]
    return float(cost[of_new].mean() if of_new.any() else cost.mean())


def _collected(plan: value_plans.Plan) -> nw.DataFrame[Any]:
    return plan.collect(engine="streaming") if plan.implementation.is_polars() else plan.collect()


def _as_unit(unit: str) -> TimeUnit:
    return next(known for known in DAYS_PER_UNIT if known == unit)
