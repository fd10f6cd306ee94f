"""One account per customer: the money of the past, split as CLVModel does, with what the future needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import narwhals as nw
import numpy as np

from crmmodels._typing import AnyArray, FloatArray, IntArray, TimeUnit
from crmmodels.data.accounts import partitions as account_parts
from crmmodels.data.accounts import plans as value_plans
from crmmodels.data.accounts.customer_base import CustomerBase, links_of, service_events
from crmmodels.data.accounts.reference_prices import Benchmarks, PriceReference, learn_benchmarks, with_benchmarks
from crmmodels.data.orders.bounded import log_of
from crmmodels.data.orders.logs import EPOCH
from crmmodels.data.orders.orders import Orders
from crmmodels.engines.engine import engine_of
from crmmodels.exceptions import DataError
from crmmodels.kernels.orders.periods import DAYS_PER_UNIT
from crmmodels.progress import Progress
from crmmodels.wording import EXAMPLES_SHOWN, count_of

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


@dataclass(frozen=True, slots=True, eq=False)
class Accounts:
    """Accounts of customers.

    Attributes
    ----------
    frame : narwhals DataFrame
        ``customer_id``, `ACCOUNT_COLUMNS`, `OPTIONAL_COLUMNS`, ``referrer_id`` (missing where nobody referred) and ``days_since_last``.
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
    """Make the accounts of a customer base, one row per customer with an order, with benchmarks learned from it or before.

    ``discount_rate`` is continuous per day, as of the end of observation; ``shrinkage`` are units by which a month is drawn towards all months.
    """
    orders = log_of(base.orders)
    with Progress("CLVModel.accounts", "steps", 4) as progress, orders.turn():
        money = money_lines(base.orders, margin)
        progress(1)
        counts, has_returns = money.counts, money.counts["n_returns"] > 0
        n_parts = account_parts.n_parts_of(money.lines, counts["n_lines"])
        end = account_parts.end_of(orders, n_parts)
        people = account_parts.people_of(orders, end, _as_unit(unit), n_parts)
        progress(2)
        names = account_parts.names_of(people["customer_id"])
        firsts = value_plans.lines_of_first_orders(money.lines, has_returns=has_returns)
        found = learn_benchmarks(firsts, price_reference, shrinkage) if benchmarks is None else benchmarks
        progress(3)

        def plan(lines: value_plans.Plan) -> value_plans.Plan:
            priced = with_benchmarks(value_plans.with_first_orders(lines, has_returns=has_returns), found, price_reference)
            return value_plans.by_customer(value_plans.by_order_day(value_plans.parts_of_orders(priced)), end, discount_rate)

        sums, known = account_parts.sums_of(money.lines, n_parts, plan, names)
    if not known.all():
        people, names = nw.maybe_reset_index(people.filter(known.tolist())), names[known]
        sums = {name: column[known] for name, column in sums.items()}
    first, last = (_days(people[name]) for name in ("first_order", "last_order"))
    is_new = people["frequency"].to_numpy() == 0
    links = _linked(base, names, first, is_new, last_day=(end - EPOCH).days, rate=discount_rate)
    backend: Any = people.implementation
    # Nothing reads the days, but by them a table tells the unit of its ages.
    frame = people.select("customer_id", "frequency", "age_at_last", "age", "days_since_last")
    position = links.pop("referrer_position")
    frame = frame.with_columns(
        *(nw.new_series(name, column, backend=backend) for name, column in (*sums.items(), *links.items()))
    )
    if base.referrals is not None:
        frame = frame.with_columns(engine_of(frame.to_native()).taken(frame["customer_id"], position, "referrer_id"))
    referrer = ["referrer_id"] if base.referrals is not None else []
    columns = ("customer_id", *ACCOUNT_COLUMNS, *OPTIONAL_COLUMNS, *referrer, "days_since_last")
    return Accounts(
        frame.select(*columns),
        found,
        n_returns=counts["n_returns"],
        n_above_list=counts.get("n_above_list", 0),
        n_below_cost=counts.get("n_below_cost", 0),
        is_one_cohort=bool(found.kind) and _is_one_cohort(first, last),
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
    """Plan the money of the lines of a log, of whose amount a ``margin`` is left where unit costs are not known; DataError where they have none."""
    if "amount" not in orders.known_roles:
        raise DataError("CLVModel", ["no column of it is named as amount; value needs the money of each line"], "order log")
    lines = log_of(orders).dated_lines()
    log = lines.lazy() if isinstance(lines, nw.DataFrame) else lines
    found = account_parts.collected(value_plans.counted(log))
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
        currencies = account_parts.collected(log.select(nw.col("currency")).unique())["currency"].to_list()
        if len(currencies) > 1:
            shown = sorted(map(str, currencies))
            problems.append(
                f"amounts in {len(shown)} currencies ({', '.join(shown[:EXAMPLES_SHOWN])}); convert them to one first"
            )
    if problems:
        raise DataError("CLVModel", problems, "order log")
    return MoneyLines(value_plans.value_lines(log, orders.time_zone, margin), counts)


def _days(dates: nw.Series[Any]) -> IntArray:
    """Days since 1970-01-01."""
    return dates.to_numpy().astype("datetime64[D]").astype(np.int64)


def _is_one_cohort(first_day: IntArray, last_day: IntArray) -> bool:
    """Whether all first orders are of one month, and later months have orders, too."""
    first, last = (day.astype("datetime64[D]").astype("datetime64[M]") for day in (first_day, last_day))
    return bool(len(first) and first.min() == first.max() and last.max() > first.max())


def _linked(
    base: CustomerBase, names: AnyArray, first: IntArray, is_new: AnyArray, *, last_day: int, rate: float
) -> dict[str, AnyArray]:
    """What referrals and costs say of each customer, discounted."""
    links = links_of(base, names, first)

    def factor(day: AnyArray) -> FloatArray:
        grown: FloatArray = np.exp(rate * (last_day - day).astype(np.float64))
        return grown

    alone = links.referrer < 0
    usual = float(links.acquisition_cost[alone].mean()) if alone.any() else float(links.acquisition_cost.mean())
    relief = (
        np.where(alone, 0.0, usual - links.acquisition_cost) if base.acquisition_costs is not None else np.zeros(len(names))
    )
    events = service_events(base, names, last_day)
    n = len(names)
    usual_event = _usual_event(events.customer, events.cost, is_new)
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


def _as_unit(unit: str) -> TimeUnit:
    return next(known for known in DAYS_PER_UNIT if known == unit)
