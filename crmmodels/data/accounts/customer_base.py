"""Orders with what else is known of customers: who brought them, what they cost."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from crmmodels._typing import AnyArray, FloatArray, IntArray
from crmmodels.data.accounts.referrals import CustomerCosts, Referrals, rows_of
from crmmodels.data.orders.bounded import log_of
from crmmodels.data.orders.logs import Bounds
from crmmodels.data.orders.orders import Orders
from crmmodels.exceptions import DataError, ParameterError
from crmmodels.wording import EXAMPLES_SHOWN, count_of

READER: Final = "CustomerBase"
_ALL_DAYS: Final = Bounds(None, None)
_SUBJECT: Final = "customer base"


@dataclass(frozen=True, eq=False)
class CustomerBase:
    """An order log, and beside it referrals and costs of the same customers.

    Use it with `CLVModel`, which takes an `Orders` alone, too, and says what it then cannot identify.

    Parameters
    ----------
    orders : Orders
        The order log; the roles ``quantity, list_price, unit_cost, category, sku, channel, service_cost`` tell more of value.
    referrals : Referrals, optional
        Who brought whom.
    acquisition_costs : CustomerCosts, optional
        What it cost to acquire each customer; a customer that is not in it cost nothing.
    service_costs : CustomerCosts, optional
        Costs without an order, such as calls and mailings, with their time.

    Raises
    ------
    ParameterError
        If a part is of another class, or costs have a time where they must not or none where they must.

    Examples
    --------
    >>> import pandas as pd
    >>> import crmmodels as crm
    >>> log = pd.DataFrame({"id": ["a", "b"], "date": ["2026-01-01", "2026-01-10"], "spend": [10.0, 5.0]})
    >>> referrals = crm.Referrals(pd.DataFrame({"by": ["a"], "whom": ["b"]}), referrer="by", referee="whom")
    >>> crm.CustomerBase(crm.Orders(log, customer="id", time="date", amount="spend"), referrals=referrals).referrals
    Referrals(1 referral by 1 customer; referrer='by', referee='whom')
    """

    orders: Orders
    referrals: Referrals | None = None
    acquisition_costs: CustomerCosts | None = None
    service_costs: CustomerCosts | None = None

    def __post_init__(self) -> None:
        """Refuse parts of other classes."""
        if not isinstance(self.orders, Orders):
            raise ParameterError.must_be(
                READER, "orders", "an order log, such as crm.Orders(frame, ...)", type(self.orders).__name__
            )
        if self.referrals is not None and not isinstance(self.referrals, Referrals):
            must = "a referral log, such as crm.Referrals(frame, ...), or None"
            raise ParameterError.must_be(READER, "referrals", must, type(self.referrals).__name__)
        for name, timed in (("acquisition_costs", False), ("service_costs", True)):
            costs = getattr(self, name)
            if costs is None:
                continue
            if not isinstance(costs, CustomerCosts) or (costs.time is not None) != timed:
                must = f"crm.CustomerCosts(frame, ...) {'with' if timed else 'without'} a time, or None"
                raise ParameterError.must_be(READER, name, must, costs)


@dataclass(frozen=True, slots=True, eq=False)
class CustomerLinks:
    """What a customer base says of each customer beside the orders.

    Attributes
    ----------
    referrer : ndarray of int64, shape (n_customers,)
        Position of who brought the customer; -1 for nobody.
    reward_day : ndarray of int64, shape (n_customers,)
        Day on which the reward for the customer was paid.
    reward : ndarray of float64, shape (n_customers,)
        That reward.
    acquisition_cost : ndarray of float64, shape (n_customers,)
        What it cost to acquire the customer.
    """

    referrer: IntArray
    reward_day: IntArray
    reward: FloatArray
    acquisition_cost: FloatArray


def links_of(base: CustomerBase, customers: AnyArray, first_day: IntArray) -> CustomerLinks:
    """Find the customers of referrals and costs among those with orders, whose names and first days are of shape (n_customers,).

    DataError where one has no orders, or a referee ordered before its referrer did.
    """
    index = pd.Index(customers)
    n, problems = len(index), list[str]()
    referrer, reward, reward_day = np.full(n, -1, np.int64), np.zeros(n), first_day.copy()
    if base.referrals is not None:
        table = rows_of(base.referrals)
        whom, by = index.get_indexer(pd.Index(table["referee"])), index.get_indexer(pd.Index(table["referrer"]))
        problems += _unknown(base, table["referee"], whom, "referred customer", index)
        problems += _unknown(base, table["referrer"], by, "referrer", index)
        known = (whom >= 0) & (by >= 0)
        older = known & (first_day[whom] < first_day[by])
        if older.any():
            shown = table.loc[older, "referee"].head(EXAMPLES_SHOWN).tolist()
            problems.append(
                f"{count_of(int(older.sum()), 'referred customer')} who first ordered before their referrer did (such as {shown}); "
                "a customer is brought by one who was there before: correct or leave out these referrals"
            )
        referrer[whom[known]] = by[known]
        if "reward" in table:
            reward[whom[known]] = table["reward"].to_numpy()[known]
        if "time" in table:
            days = table["time"].to_numpy().astype("datetime64[D]").astype(np.int64)
            reward_day[whom[known]] = days[known]
    cost = np.zeros(n)
    if base.acquisition_costs is not None:
        table = rows_of(base.acquisition_costs)
        who = index.get_indexer(pd.Index(table["customer"]))
        problems += _unknown(base, table["customer"], who, "customer with an acquisition cost", index)
        cost[who[who >= 0]] = table["cost"].to_numpy()[who >= 0]
    if problems:
        raise DataError(READER, problems, _SUBJECT)
    return CustomerLinks(referrer, reward_day, reward, cost)


@dataclass(frozen=True, slots=True, eq=False)
class ServiceEvents:
    """Costs without an order.

    Attributes
    ----------
    customer : ndarray of int64, shape (n_events,)
        Position of the customer.
    day : ndarray of int64, shape (n_events,)
        Days since 1970-01-01.
    cost : ndarray of float64, shape (n_events,)
        The money.
    """

    customer: IntArray
    day: IntArray
    cost: FloatArray


def service_events(base: CustomerBase, customers: AnyArray, last_day: int) -> ServiceEvents:
    """Costs without an order up to a day, in the order of the rows; ``customers`` of shape (n_customers,) are those with orders."""
    if base.service_costs is None:
        nothing = np.empty(0, np.int64)
        return ServiceEvents(nothing, nothing, np.empty(0))
    table = rows_of(base.service_costs)
    day = table["time"].to_numpy().astype("datetime64[D]").astype(np.int64)
    index = pd.Index(customers)
    who = index.get_indexer(pd.Index(table["customer"]))
    if problems := _unknown(base, table["customer"], who, "customer with a service cost", index):
        raise DataError(READER, problems, _SUBJECT)
    kept = (day <= last_day) & (who >= 0)
    return ServiceEvents(who[kept].astype(np.int64), day[kept], table["cost"].to_numpy()[kept])


def _unknown(base: CustomerBase, names: Any, position: AnyArray, what: str, customers: pd.Index[Any]) -> list[str]:
    """Word that names are not among the customers with orders."""
    missing = names[position < 0].drop_duplicates()
    log = log_of(base.orders)
    if len(missing) and log.bounds != _ALL_DAYS:
        # Who first ordered outside of the days that count is known, and no part of the base yet or any more.
        whole = log.within(None, dt.date.max).customers_until(dt.date.max, "D")
        missing = missing[~missing.isin(whole["customer_id"].to_list())]
    if missing.empty:
        return []
    shown = missing.head(EXAMPLES_SHOWN).tolist()
    noun, _, rest = what.partition(" with ")
    counted = count_of(len(missing), noun) + (f" with {rest}" if rest else "")
    is_text = [any(isinstance(name, str) for name in some[:1]) for some in (customers, shown)]
    if is_text[0] != is_text[1]:
        # The ids of a CSV file are text, "7" and not 7.
        return [
            f"{counted} that cannot be found (such as {shown}), since the log names customers like {customers[0]!r}; make both text"
        ]
    return [f"{counted} without orders (such as {shown}); leave them out, or hand over their orders"]
