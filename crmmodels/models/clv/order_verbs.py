"""Questions that CLVModel answers from the lines of an order log."""

from __future__ import annotations

from typing import Any

import pandas as pd

from crmmodels.kernels.value.contribution import growth_split
from crmmodels.models.clv.base import CLVBase
from crmmodels.models.clv.explain import explain_lines
from crmmodels.models.clv.growth import repeat_orders
from crmmodels.models.clv.loyalty_claims import claims_of
from crmmodels.models.clv.reading import as_base


class CLVOrderVerbs(CLVBase):
    """A model of customer lifetime value that looks at lines: tests of loyalty, one customer's numbers, growth of spending."""

    def claims(self, data: Any, level: float = 0.95) -> pd.DataFrame:
        """Test whether loyal customers pay more, cost less to serve, and spend more per order.

        Parameters
        ----------
        data : Orders or CustomerBase
            The orders.
        level : float, default 0.95
            Confidence level of the limits.

        Returns
        -------
        pandas.DataFrame
            One row per claim that the data can test: ``claim, slope`` (of the logarithm on the logarithm of the order number, within
            customers), ``standard_error`` (clustered by customer), ``lower, upper, verdict, n_orders, n_customers``.

        Raises
        ------
        DataError
            If the data cannot be used.
        ParameterError
            If the level is not between 0 and 1.

        References
        ----------
        Reinartz, W. J. & Kumar, V. (2002). The Mismanagement of Customer Loyalty. Harvard Business Review 80(7), 86-94.
        """
        return claims_of(as_base(data), self.margin, level)

    def explain(self, data: Any, customer: Any) -> pd.DataFrame:
        """Return the lines behind the realised numbers of one customer.

        Parameters
        ----------
        data : Orders or CustomerBase
            The orders of the whole base, which the benchmarks are learned from before `fit`.
        customer : object
            Name of the customer.

        Returns
        -------
        pandas.DataFrame
            One row per order, day, channel and kind of line, numbered from 1 in this order: ``day``, ``order_id`` and ``channel`` where the log has
            these roles, ``component`` (where the base goes: ``clv1``, ``clv2`` or ``clv3``), ``amount, cost, service, reference`` (money that a
            new customer would have paid), ``new_service``, ``discount_factor``, and ``base, saving, premium``, discounted; of the first order
            ``base`` is its whole contribution. They add up to the realised components before acquisition costs and costs without an order.

        Raises
        ------
        DataError
            If there is no such customer.
        """
        base = as_base(data)
        return explain_lines(base, self, customer, None if self._record is None else self._record.benchmarks)

    def growth(self, data: Any) -> Any:
        """Split the realised CLV2 of every customer into repetition of the first order and growth of spending.

        Parameters
        ----------
        data : Orders or CustomerBase
            The orders; accounts do not hold the level of the first order.

        Returns
        -------
        dataframe
            ``clv2a_realised``, as if every later order in the categories of the first had repeated it, and ``clv2b_realised``, what these
            orders brought beyond that; below 0 where spending shrank. They add up to ``clv2_realised`` of `components`. In the kind of the data.

        Raises
        ------
        DataError
            If the data cannot be used.

        Notes
        -----
        Both parts are at the prices and the cost to serve of new customers; see `crmmodels.kernels.value.contribution.growth_split`. Costs without an order
        count in ``clv2b_realised``.
        """
        base = as_base(data)
        table = self._open(base)
        values = self._read(table)
        benchmarks = None if self._record is None else self._record.benchmarks
        found = repeat_orders(base.orders, self, table.frame[table.key].to_list(), benchmarks)
        split = growth_split(values["base_same"] + values["service_base"], found.first_base, found.discounted_orders)
        return table.answer({"clv2a_realised": split.repetition, "clv2b_realised": split.growth})
