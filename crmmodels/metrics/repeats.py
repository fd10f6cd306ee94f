"""Who orders a second time."""

from __future__ import annotations

import datetime as dt
from typing import Final

import numpy as np

from crmmodels.data.orders.activity import second_orders
from crmmodels.data.orders.bounded import log_of
from crmmodels.data.orders.logs import EPOCH
from crmmodels.data.orders.orders import Orders
from crmmodels.data.tables.dates import as_date
from crmmodels.exceptions import DataError, ParameterError
from crmmodels.kernels.inference.proportions import wilson_interval
from crmmodels.metrics.measures import Rate, check_level
from crmmodels.wording import count_of, plain

_READER: Final = "repeat_rate"
_MOST_DAYS: Final = 36_525


def repeat_rate(
    orders: Orders,
    *,
    window_days: int,
    cohort_start: str | dt.date | np.datetime64 | None = None,
    cohort_end: str | dt.date | np.datetime64 | None = None,
    as_of: str | dt.date | np.datetime64 | None = None,
    level: float = 0.95,
) -> Rate:
    r"""Share of the customers of a cohort who order again within so many days of their first order.

    The cohort and the window are fixed, so that the rate of one cohort does not change with time, and two cohorts compare:
    a "repeat rate" of all customers to date grows as they grow older and falls as new ones come.

    Parameters
    ----------
    orders : Orders
        The log.
    window_days : int
        Days after the first order in which a second one counts.
    cohort_start, cohort_end : str or date, optional
        First and last day of first orders that count. Default: all of the log.
    as_of : str or date, optional
        Last day that counts. Default: ``until``, or the day after the last order.
    level : float, default 0.95
        Nominal coverage of the interval.

    Returns
    -------
    Rate
        The share, from 0 to 1, with Wilson's interval; ``n`` customers of the cohort observed for the whole window, and
        ``n_left_out`` others, of whom it is not known.

    Raises
    ------
    ParameterError
        If ``orders`` is no order log, or a parameter is out of range.
    DataError
        If no order is left, the cohort has no customers, or none was observed for the whole window.

    Warns
    -----
    ReturnsOnlyWarning
        If customers with returns and no order are left out.

    See Also
    --------
    rate_change : Difference between two cohorts, with an interval.

    Notes
    -----
    With the first two order days :math:`d_0 < d_1` of each customer, the window :math:`w` and the end of observation :math:`T`

    .. math:: \frac{\#\{i: d_1 - d_0 \leq w,\; d_0 + w \leq T\}}{\#\{i: d_0 + w \leq T\}}

    Orders of one day are one. To count customers who bought early in the window but were not observed to its end would favour
    those who repeat, so they are left out.

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. Journal of the American
    Statistical Association 22, 209-212. doi:10.1080/01621459.1927.10502953

    Examples
    --------
    >>> import crmmodels as crm
    >>> log = crm.datasets.load_cdnow()
    >>> orders = crm.Orders(log, customer="customer_id", time="date", amount="spend")
    >>> rate = crm.metrics.repeat_rate(orders, window_days=90, cohort_end="1997-01-31")
    >>> round(rate.value, 3), round(rate.lower, 3), round(rate.upper, 3), rate.n
    (0.297, 0.266, 0.33, 781)
    """
    check_level(_READER, level)
    if not isinstance(orders, Orders):
        raise ParameterError.must_be(_READER, "orders", "an order log, such as crm.Orders(frame, ...)", type(orders).__name__)
    window = plain(window_days)
    if not isinstance(window, int) or isinstance(window, bool) or not 1 <= window <= _MOST_DAYS:
        raise ParameterError.must_be(_READER, "window_days", f"a whole number of days from 1 to {_MOST_DAYS:,}", window_days)
    start = None if cohort_start is None else as_date(cohort_start, _READER, "cohort_start")
    end = None if cohort_end is None else as_date(cohort_end, _READER, "cohort_end")
    if start is not None and end is not None and start > end:
        raise ParameterError.must_be(_READER, "cohort_start", f"at most cohort_end, {end.isoformat()}", start.isoformat())
    found = second_orders(log_of(orders), as_of, _READER)
    in_cohort = np.ones(len(found.first), np.bool_)
    if start is not None:
        in_cohort &= found.first >= (start - EPOCH).days
    if end is not None:
        in_cohort &= found.first <= (end - EPOCH).days
    observed = in_cohort & (found.first + window <= found.end)
    n_cohort, n = int(found.n_customers[in_cohort].sum()), int(found.n_customers[observed].sum())
    if n == 0:
        raise DataError(_READER, [_nobody(n_cohort, window, start, end, found.end)], "order log")
    n_repeating = int(found.n_customers[observed & (found.second - found.first <= window)].sum())
    limits = wilson_interval(n_repeating, n, level)
    return Rate(
        value=n_repeating / n,
        lower=float(limits.lower),
        upper=float(limits.upper),
        n=n,
        n_effective=float(n),
        n_left_out=n_cohort - n,
        level=level,
    )


def _nobody(n_cohort: int, window: int, start: dt.date | None, end: dt.date | None, last: int) -> str:
    if n_cohort:
        until = (EPOCH + dt.timedelta(days=last)).isoformat()
        days = count_of(window, "day")
        return f"none of {count_of(n_cohort, 'customer')} of the cohort was observed for {days} until {until}; take a shorter window"
    bounds = [f"{word} {day.isoformat()}" for word, day in (("from", start), ("to", end)) if day is not None]
    return f"no customer has a first order {' '.join(bounds)}; take another cohort"
