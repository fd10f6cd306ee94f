"""The lines behind the numbers of one customer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import narwhals as nw
import numpy as np
import pandas as pd

from crmmodels.data.accounts.customer_base import CustomerBase
from crmmodels.data.accounts.reference_prices import Benchmarks
from crmmodels.data.orders.bounded import log_of
from crmmodels.exceptions import DataError
from crmmodels.kernels.value.contribution import discount_factor
from crmmodels.models.clv.order_lines import split_lines

if TYPE_CHECKING:
    from crmmodels.models.clv.base import CLVBase

_TOLD: Final[Mapping[str, str]] = {"order_id": "order", "channel": "channel"}
"""Roles of a log that name the rows, and the columns in which value plans keep them."""


def explain_lines(base: CustomerBase, model: CLVBase, customer: Any, benchmarks: Benchmarks | None) -> pd.DataFrame:
    """Sums of the lines of one customer, with what becomes of them.

    Parameters
    ----------
    base : CustomerBase
        The base.
    model : CLVBase
        The model whose parameters count.
    customer : object
        Name of the customer.
    benchmarks : Benchmarks or None
        What new customers pay and cost; learned from the base if None.

    Returns
    -------
    pandas.DataFrame
        One row per order, day, channel and kind of line, numbered from 1.

    Raises
    ------
    DataError
        If there is no such customer.
    """
    orders = base.orders
    end = log_of(orders).end(None, "explain")
    with log_of(orders).turn():
        is_wanted = nw.col("customer").cast(nw.String) == nw.lit(str(customer))
        parts = split_lines(orders, model, benchmarks, is_wanted).collect()
    if parts.is_empty():
        raise DataError("explain", [f"customer {customer!r} has no order in it; give the name of one who has"], "order log")
    table = pd.DataFrame({name: parts[name].to_list() for name in parts.columns})
    table["day"] = pd.to_datetime(table["day"])
    table = table.sort_values(["day", "order", "channel", "in_first"], ascending=[True, True, True, False], ignore_index=True)
    days = (table["day"].to_numpy().astype("datetime64[D]") - np.datetime64(end, "D")).astype(np.float64)
    factor = np.asarray(discount_factor(days, model.discount_rate_annual)) if model.discount_rate_annual else np.ones(len(days))
    first = table["is_first"].to_numpy(dtype=np.bool_)
    told = {role: table[name] for role, name in _TOLD.items() if role in orders.known_roles}
    explained = pd.DataFrame(
        {
            "day": table["day"],
            **told,
            "component": np.where(first, "clv1", np.where(table["in_first"], "clv2", "clv3")),
            **{name: table[name] for name in ("amount", "cost", "service", "reference")},
            "new_service": table["served"],
            "discount_factor": factor,
            "base": factor * (table["first_contribution"] + table["base_same"] + table["base_new"]),
            "saving": factor * table["saving"],
            "premium": factor * table["premium"],
        }
    )
    return explained.set_index(pd.RangeIndex(1, len(explained) + 1, name="line"))
