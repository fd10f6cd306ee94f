"""How many customers complain."""

from __future__ import annotations

from typing import Any, Final

import narwhals as nw

from crmmodels.data.answers import as_series
from crmmodels.data.tables.schema import key_problems
from crmmodels.exceptions import DataError, ParameterError
from crmmodels.kernels.inference.proportions import wilson_interval
from crmmodels.metrics.measures import Rate, check_level
from crmmodels.wording import EXAMPLES_SHOWN, count_of, plain, rows_at

_READER: Final = "complaint_rate"
_NOUN: Final = "complaint log"


def complaint_rate(complaints: Any, customers: Any, *, level: float = 0.95) -> Rate:
    """Share of the customers who complained, each counted once however often.

    A fall may mean fewer reasons to complain or fewer customers who bother; most who are dissatisfied leave in silence.

    Parameters
    ----------
    complaints : int or column
        Number of customers who complained, or the customer of each complaint of the period: a list, array or Series of any
        kind, or a frame of one column.
    customers : int or column
        Number of customers of the period, or the customers, each once.
    level : float, default 0.95
        Nominal coverage of the interval.

    Returns
    -------
    Rate
        The share, from 0 to 1, with Wilson's interval.

    Raises
    ------
    DataError
        If there are no customers, or a customer is missing or repeated, or complained without being one.
    ParameterError
        If a number is not whole, below 0, or there are more complaining customers than customers.

    See Also
    --------
    rate_change : Difference between two periods, with an interval.

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. Journal of the American
    Statistical Association 22, 209-212. doi:10.1080/01621459.1927.10502953

    Examples
    --------
    >>> from crmmodels import metrics
    >>> rate = metrics.complaint_rate(["anna", "ben", "anna"], 40)
    >>> rate.value, round(rate.lower, 3), round(rate.upper, 3)
    (0.05, 0.014, 0.165)
    """
    check_level(_READER, level)
    who = None if _is_count("customers", customers, 1) else _customers(customers)
    n = int(customers) if who is None else len(who)
    if _is_count("complaints", complaints, 0):
        n_complaining = int(complaints)
    else:
        complaining = _complaining(complaints)
        n_complaining = len(complaining)
        if who is not None:
            _check_known(complaining, who)
    if n_complaining > n:
        raise ParameterError.must_be(_READER, "complaints", f"of at most as many customers as there are, {n:,}", n_complaining)
    limits = wilson_interval(n_complaining, n, level)
    lower, upper = float(limits.lower), float(limits.upper)
    return Rate(value=n_complaining / n, lower=lower, upper=upper, n=n, n_effective=float(n), level=level)


def _is_count(name: str, given: object, least: int) -> bool:
    """Whether a number was given instead of a column; one that cannot be is refused."""
    number = plain(given)
    if not isinstance(number, int | float):
        return False
    if not isinstance(number, int) or isinstance(number, bool) or number < least:
        raise ParameterError.must_be(_READER, name, f"a whole number, {least} or more, or a column of customers", given)
    return True


def _customers(customers: Any) -> nw.Series[Any]:
    column = as_series(_READER, "customers", customers)
    problems = list(key_problems(column.to_frame(), "customers"))
    if len(column) == 0:
        problems.append("column 'customers' is empty; at least one customer is needed")
    if problems:
        raise DataError(_READER, problems, _NOUN)
    return column


def _complaining(complaints: Any) -> nw.Series[Any]:
    """Customers who complained, each once."""
    column = as_series(_READER, "complaints", complaints)
    if column.dtype.is_nested():
        raise DataError(_READER, [f"column 'complaints' must name customers by text or numbers; it is {column.dtype}"], _NOUN)
    missing = column.is_null()
    if column.dtype.is_float():
        missing = missing | column.is_nan()
    if n_missing := int(missing.sum()):
        where = rows_at(missing.to_numpy())
        problem = (
            f"column 'complaints' misses the customer of {count_of(n_missing, 'complaint')}{where}; drop or name them first"
        )
        raise DataError(_READER, [problem], _NOUN)
    return column.unique(maintain_order=True)


def _check_known(complaining: nw.Series[Any], customers: nw.Series[Any]) -> None:
    known = set(customers.to_list())
    unknown = [plain(name) for name in complaining.to_list() if name not in known]
    if unknown:
        shown = ", ".join(repr(name) for name in unknown[:EXAMPLES_SHOWN])
        problem = f"{count_of(len(unknown), 'customer')} in 'complaints' not among 'customers' (such as {shown})"
        raise DataError(_READER, [problem], _NOUN)
