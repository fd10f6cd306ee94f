"""What CLVModel reads of orders, customer bases and accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from crmmodels._typing import IntArray
from crmmodels.data.accounts.accounts import OPTIONAL_COLUMNS
from crmmodels.data.accounts.customer_base import CustomerBase
from crmmodels.data.accounts.reference_prices import Benchmarks
from crmmodels.data.orders.orders import Orders
from crmmodels.data.tables.frames import Table
from crmmodels.data.tables.schema import Column, read_values
from crmmodels.exceptions import DataError, ParameterError
from crmmodels.models.clv.valuation import Columns
from crmmodels.wording import EXAMPLES_SHOWN, count_of

_VALUE_ROLES: Final = frozenset(
    ("quantity", "list_price", "unit_cost", "category", "sku", "channel", "service_cost", "reference_price")
)
_PARTS: Final = ("referrals", "acquisition_costs", "service_costs")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where accounts come from: the notes on what they tell apart, and, of those made of a log, its roles and benchmarks."""

    identified: Mapping[str, str]
    roles: tuple[str, ...] = ()
    benchmarks: Benchmarks | None = None
    is_one_cohort: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class AccountsTable(Table):
    """Accounts, and where they come from; None where a caller handed them over."""

    source: Origin | None


@dataclass(frozen=True, slots=True, eq=False)
class AccountsRead:
    """Columns of accounts by name, of shape (n_customers,), and where they come from."""

    columns: Columns
    origin: Origin


def as_base(data: Any) -> CustomerBase:
    """Orders, or a customer base, as a customer base; ParameterError for anything else."""
    if isinstance(data, CustomerBase):
        return data
    if isinstance(data, Orders):
        return CustomerBase(data)
    must = "an order log (crm.Orders) or a customer base (crm.CustomerBase)"
    raise ParameterError.must_be("CLVModel", "data", must, type(data).__name__)


def roles_of(base: CustomerBase) -> frozenset[str]:
    """Roles of the log that value reads, and parts of the base."""
    parts = {name for name in _PARTS if getattr(base, name) is not None}
    return frozenset(_VALUE_ROLES & base.orders.known_roles) | parts


def linked(values: Columns, table: Table) -> Columns:
    """Add optional columns, 0 where they are not there, and the position of each customer's ``referrer``, -1 for nobody.

    DataError if an optional column cannot be used, or a referrer is not among the customers.
    """
    there = [name for name in OPTIONAL_COLUMNS if name in table.frame.columns]
    found = dict(values)
    if there:
        found |= read_values(table.frame, [Column.money(name) for name in there], table.key, "CLVModel")
    n = len(found["age"])
    found |= {name: np.zeros(n) for name in OPTIONAL_COLUMNS if name not in there}
    referrer = np.full(n, -1, np.int64)
    if "referrer_id" in table.frame.columns:
        referrer = _positions(table.frame[table.key].to_list(), table.frame["referrer_id"].to_list())
    return {**found, "referrer": referrer.astype(np.float64)}


def _positions(customers: Sequence[Any], referrers: Sequence[Any]) -> IntArray:
    """Position of each customer's referrer among the customers; -1 for nobody."""
    given = pd.Series(list(referrers), dtype=object)
    position = pd.Index(customers).get_indexer(pd.Index(given)).astype(np.int64)
    absent = given.isna().to_numpy()
    lost = (position < 0) & ~absent
    if lost.any():
        shown = given[lost].drop_duplicates().head(EXAMPLES_SHOWN).tolist()
        problem = (
            f"{count_of(int(lost.sum()), 'customer')} whose referrer is not among the customers (such as {shown}); the value of referrals "
            "needs both: hand over the whole base"
        )
        raise DataError("CLVModel", [problem])
    return np.where(absent, -1, position)
