"""Who brought whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import narwhals as nw
import numpy as np
import pandas as pd

from crmmodels._typing import AnyArray
from crmmodels.data.tables.frames import KINDS, any_frame
from crmmodels.engines.engine import engine_of
from crmmodels.exceptions import DataError, ParameterError, missing_columns
from crmmodels.kernels.value.referrals import cycles
from crmmodels.wording import EXAMPLES_SHOWN, count_of

_READER: Final = "Referrals"
_SUBJECT: Final = "referral log"


@dataclass(frozen=True, eq=False, repr=False)
class Referrals:
    """A referral log: which customer brought which, when, and for what reward.

    Use it beside an order log in a `CustomerBase`, for the value of referrals. Every customer was brought by one other at most.

    Parameters
    ----------
    frame : dataframe
        pandas, Polars, PyArrow or DuckDB; one row per referred customer.
    referrer, referee : str
        Columns that name the customer who referred, and the one who came.
    time : str, optional
        Column with the day of the referral, on which a reward is paid. Default: the day of the referee's first order.
    reward : str, optional
        Column with the money paid for the referral, 0 or more. Default: none was paid.

    Raises
    ------
    DataError
        If a column is missing or a value, a referee has two referrers, a customer refers itself, or referrals run in a circle.
    ParameterError
        If a parameter is no name of a column.

    Examples
    --------
    >>> import pandas as pd
    >>> import crmmodels as crm
    >>> log = pd.DataFrame({"by": ["a", "a"], "whom": ["b", "c"], "paid": [3.0, 3.0]})
    >>> crm.Referrals(log, referrer="by", referee="whom", reward="paid")
    Referrals(2 referrals by 1 customer; referrer='by', referee='whom', reward='paid')
    """

    frame: Any
    referrer: str
    referee: str
    time: str | None = None
    reward: str | None = None

    _table: pd.DataFrame = field(init=False)

    def __rows__(self) -> pd.DataFrame:
        """Rows under canonical names, for the customer base."""
        return self._table

    def __post_init__(self) -> None:
        """Read and check the rows."""
        columns = {"referrer": self.referrer, "referee": self.referee, "time": self.time, "reward": self.reward}
        table = read_small(_READER, _SUBJECT, self.frame, columns, optional=("time", "reward"))
        object.__setattr__(self, "_table", table)
        problems = [*_own_problems(table)]
        if problems:
            raise DataError(_READER, problems, _SUBJECT)

    def __repr__(self) -> str:
        """Size and columns."""
        names = ("referrer", "referee", "time", "reward")
        columns = ", ".join(f"{name}={getattr(self, name)!r}" for name in names if getattr(self, name) is not None)
        by = count_of(self._table["referrer"].nunique(), "customer")
        return f"Referrals({count_of(len(self._table), 'referral')} by {by}; {columns})"


def read_small(
    reader: str, subject: str, frame: Any, columns: dict[str, str | None], optional: tuple[str, ...] = ()
) -> pd.DataFrame:
    """Read named columns of a frame of any kind into pandas under their canonical names, without missing values.

    "time" is read as days, "reward" and "cost" as numbers of 0 or more, others as they are. A DataError names every problem.
    """
    for name, column in columns.items():
        if not isinstance(column, str) and not (column is None and name in optional):
            must = "the name of a column" + (", or None" if name in optional else "")
            raise ParameterError.must_be(reader, name, must, column)
    if problem := engine_of(frame).odd_columns(frame):
        raise DataError(reader, [problem], subject)
    opened = any_frame(frame)
    if opened is None:
        raise DataError(reader, [f"expected a dataframe ({KINDS}); got {type(frame).__name__}"], subject)
    given = {name: column for name, column in columns.items() if column is not None}
    there = list(opened.collect_schema())
    if absent := {name: column for name, column in given.items() if column not in there}:
        problem = missing_columns(list(absent.values()), there, [f" ({name})" for name in absent])
        raise DataError(reader, [problem], subject)
    narrow = opened.select(*(nw.col(column).alias(name) for name, column in given.items()))
    eager = narrow.collect() if isinstance(narrow, nw.LazyFrame) else narrow
    table, problems = pd.DataFrame(index=range(len(eager))), []
    for name, column in given.items():
        values = eager[name].to_pandas().reset_index(drop=True)
        if n_missing := int(values.isna().sum()):
            problems.append(f"column {column!r} ({name}) misses {count_of(n_missing, 'value')}; every row needs one")
            continue
        converted, wrong = _converted(name, values)
        if wrong:
            problems.append(f"column {column!r} ({name}) {wrong}")
        table[name] = converted
    if problems:
        raise DataError(reader, problems, subject)
    return table


def _converted(name: str, values: Any) -> tuple[Any, str | None]:
    """A column as days, as numbers of 0 or more, or as names; with what is wrong with it."""
    if name == "time":
        if pd.api.types.is_numeric_dtype(values.dtype):
            return (
                values,
                f"must hold dates, timestamps or ISO strings; it holds numbers such as {values.iloc[0]!r}, never taken for dates",
            )
        try:
            text = values.dtype == object or pd.api.types.is_string_dtype(values.dtype)
            days = pd.to_datetime(values, format="ISO8601") if text else pd.to_datetime(values)
            return days.dt.tz_localize(None).dt.normalize(), None
        except (ValueError, TypeError, AttributeError):
            return values, f"must hold dates, timestamps or ISO strings; it holds {values.iloc[0]!r}"
    if name in {"reward", "cost"}:
        kind = pd.api.types.infer_dtype(values)
        if not pd.api.types.is_numeric_dtype(values.dtype) and kind not in {
            "decimal",
            "integer",
            "floating",
            "mixed-integer-float",
        }:
            return values, f"must be numeric; it holds {values.iloc[0]!r}"
        numbers = values.astype(np.float64)
        low = ~(numbers >= 0).to_numpy() | np.isinf(numbers.to_numpy())
        if n_low := int(low.sum()):
            return numbers, f"has {count_of(n_low, 'value')} below 0 or infinite (such as {numbers.to_numpy()[low][0]:g})"
        return numbers, None
    return values.astype(object) if isinstance(values.dtype, pd.CategoricalDtype) else values, None


def _own_problems(table: pd.DataFrame) -> list[str]:
    """What is wrong with referrals by themselves."""
    problems = []
    twice = table["referee"].duplicated(keep=False)
    if twice.any():
        names = table.loc[twice, "referee"].drop_duplicates()
        shown = names.head(EXAMPLES_SHOWN).tolist()
        problems.append(
            f"{count_of(len(names), 'customer')} with two referrers or more (such as {shown}); keep the one who counts"
        )
    own = table["referrer"] == table["referee"]
    if own.any():
        shown = table.loc[own, "referee"].head(EXAMPLES_SHOWN).tolist()
        problems.append(
            f"{count_of(int(own.sum()), 'customer')} who referred themselves (such as {shown}); leave these rows out"
        )
    if not problems:
        codes, everybody = _coded(table)
        if len(circle := cycles(codes)):
            around = everybody[circle][: 2 * EXAMPLES_SHOWN].tolist()
            problems.append(
                f"{count_of(len(circle), 'customer')} who referred each other in a circle (such as {around}); one of them came first by itself"
            )
    return problems


def _coded(table: pd.DataFrame) -> tuple[AnyArray, AnyArray]:
    """Code of each customer's referrer among all customers of the log, -1 for none, and their names."""
    codes, names = pd.factorize(pd.concat([table["referrer"], table["referee"]], ignore_index=True))
    referrer = np.full(len(names), -1, np.int64)
    referrer[codes[len(table) :]] = codes[: len(table)]
    return referrer, np.asarray(names)


@dataclass(frozen=True, eq=False, repr=False)
class CustomerCosts:
    """Costs of customers that belong to no order.

    Use it beside an order log in a `CustomerBase`: without a time for what it cost to acquire a customer, with a time for what it cost
    to serve or keep one, such as calls and mailings.

    Parameters
    ----------
    frame : dataframe
        pandas, Polars, PyArrow or DuckDB; one row per customer, or, with a time, per cost.
    customer : str
        Column that names the customer.
    cost : str
        Column with the money, 0 or more.
    time : str, optional
        Column with the day of the cost.

    Raises
    ------
    DataError
        If a column is missing or a value, or, without a time, a customer stands in it twice.
    ParameterError
        If a parameter is no name of a column.

    Examples
    --------
    >>> import pandas as pd
    >>> import crmmodels as crm
    >>> crm.CustomerCosts(pd.DataFrame({"id": ["a"], "paid": [15.0]}), customer="id", cost="paid")
    CustomerCosts(1 cost of 1 customer, 15.00 in all)
    """

    frame: Any
    customer: str
    cost: str
    time: str | None = None

    _table: pd.DataFrame = field(init=False)

    def __rows__(self) -> pd.DataFrame:
        """Rows under canonical names, for the customer base."""
        return self._table

    def __post_init__(self) -> None:
        """Read and check the rows."""
        columns = {"customer": self.customer, "cost": self.cost, "time": self.time}
        table = read_small("CustomerCosts", "cost table", self.frame, columns, optional=("time",))
        twice = table["customer"].duplicated(keep=False)
        if self.time is None and twice.any():
            names = table.loc[twice, "customer"].drop_duplicates()
            shown = names.head(EXAMPLES_SHOWN).tolist()
            problem = (
                f"{count_of(len(names), 'customer')} with two costs or more (such as {shown}); add them up, or name the time"
            )
            raise DataError("CustomerCosts", [problem], "cost table")
        object.__setattr__(self, "_table", table)

    def __repr__(self) -> str:
        """Size and sum."""
        n = count_of(self._table["customer"].nunique(), "customer")
        return f"CustomerCosts({count_of(len(self._table), 'cost')} of {n}, {self._table['cost'].sum():,.2f} in all)"


def rows_of(table: Referrals | CustomerCosts) -> pd.DataFrame:
    """Rows of referrals or costs under canonical names."""
    return table.__rows__()
