"""Customers drawn from a known lifecycle, with the stage that each was in."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from math import inf
from typing import Final

import numpy as np
import pandas as pd

from crmmodels._typing import AnyArray, FloatArray, IntArray
from crmmodels.data.tables.dates import as_date
from crmmodels.exceptions import ParameterError
from crmmodels.kernels.orders.periods import first_day_of_period, period_of_day
from crmmodels.kernels.simulation.stage_paths import StagePaths, draw_stage_paths
from crmmodels.wording import plain

__all__ = ["LIFECYCLE_STAGES", "LifecycleParameters", "SimulatedLifecycle", "simulate_lifecycle"]

LIFECYCLE_STAGES: Final = ("exploration", "build-up", "stable", "decline")
"""The stages of Dwyer, Schurr & Oh (1987) as rows and columns of transitions have them."""

_FUNCTION: Final = "simulate_lifecycle"
_OWNER: Final = "LifecycleParameters"
_ALLOWED: Final = np.array([[1, 1, 0, 1], [0, 1, 1, 1], [0, 0, 1, 1], [0, 1, 0, 1]], dtype=np.bool_)
_TRANSITIONS: Final = (
    (0.86, 0.12, 0.00, 0.02),
    (0.00, 0.84, 0.13, 0.03),
    (0.00, 0.00, 0.97, 0.03),
    (0.00, 0.05, 0.00, 0.95),
)
_ROUNDING: Final = 1e-9
_MOST_PERIODS: Final = 1200
_MOST_ORDERS: Final = 10_000.0
"""Orders per period beyond which a simulation of thousands of customers no longer fits in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleParameters:
    """The mechanism of a simulated lifecycle; stages are exploration, build-up, stable and decline, periods are months.

    Attributes
    ----------
    order_rates : tuple of float, default (0.4, 1.2, 3.0, 0.4)
        Mean orders per month in each stage, of a customer whose multiplier is 1; above 0.
    transitions : tuple of tuple of float
        Probability of each stage (columns) a month after each stage (rows). A customer who explores may build up, one who
        builds up may become stable, all may decline, and one in decline may build up again; other moves must be 0.
        Default: mean stays of 7, 6, 33 and 20 months.
    multiplier_shape : float, default 1.5
        Shape of the gamma distribution of customers' multipliers, whose mean is 1: the lower, the more customers differ.
        Infinity makes them alike.
    mean_amount : float, default 50
        Mean money of an order.
    amount_variation : float, default 0.5
        Coefficient of variation of the money of orders (gamma), from 0.
    """

    order_rates: tuple[float, float, float, float] = (0.4, 1.2, 3.0, 0.4)
    transitions: tuple[tuple[float, ...], ...] = _TRANSITIONS
    multiplier_shape: float = 1.5
    mean_amount: float = 50.0
    amount_variation: float = 0.5


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SimulatedLifecycle:
    """Simulated customers: what a firm would see, and the stages that nobody sees.

    Attributes
    ----------
    panel : pandas.DataFrame
        ``customer_id``, ``period`` (first day of the month), ``n_orders``: one row per customer and month from acquisition to
        the end, whether the first months have orders or not.
    orders : pandas.DataFrame
        ``customer_id``, ``date``, ``amount``: one row per order, by customer and date. A log begins with the first order, so
        that `Orders.panel` leaves out the months before it, and customers who never ordered.
    stages : pandas.DataFrame
        ``customer_id``, ``period``, ``stage`` (categorical, in the order of `LIFECYCLE_STAGES`): the rows of ``panel``.
    multipliers : pandas.Series
        On ``customer_id``: how many times the rate of the stage each customer orders at.
    parameters : LifecycleParameters
        What it was drawn with.
    as_of : date
        Last day of the last month.
    """

    panel: pd.DataFrame
    orders: pd.DataFrame
    stages: pd.DataFrame
    multipliers: pd.Series[float]
    parameters: LifecycleParameters
    as_of: dt.date

    def __repr__(self) -> str:
        """Sizes of the logs."""
        sizes = f"{len(self.multipliers)} customers, {len(self.panel)} months, {len(self.orders)} orders"
        return f"SimulatedLifecycle({sizes}; as of {self.as_of.isoformat()})"


def simulate_lifecycle(
    n_customers: int,
    rng: np.random.Generator | int | None = None,
    *,
    n_periods: int = 24,
    acquisition_periods: int = 1,
    start: str | dt.date | np.datetime64 = "2024-01-01",
    parameters: LifecycleParameters | None = None,
) -> SimulatedLifecycle:
    r"""Customers who explore, build up, are stable and decline, with the stage of each month known.

    Use it to see how many of the stages a lifecycle model recovers, and what it makes of customers who order much or little in
    every stage. With the defaults about half of the customers are stable in the last of 24 months.

    Parameters
    ----------
    n_customers : int
        Number of customers.
    rng : numpy.random.Generator or int, optional
        Source of chance, or its seed. Default: fresh.
    n_periods : int, default 24
        Months observed.
    acquisition_periods : int, default 1
        Customers come evenly over so many first months; 1 starts all in the first.
    start : str or date, default "2024-01-01"
        First day of a month, the first observed.
    parameters : LifecycleParameters, optional
        The mechanism. Default: the defaults of each.

    Returns
    -------
    SimulatedLifecycle
        Panel and order log, and the truth.

    Raises
    ------
    ParameterError
        If an argument or a parameter is out of range.

    See Also
    --------
    LifecycleParameters : The mechanism and its defaults.

    Notes
    -----
    All customers start in exploration. With the stage :math:`z_{it}` of customer :math:`i` in month :math:`t`, the transitions
    :math:`P`, order rates :math:`\lambda` and the shape of multipliers :math:`\nu`

    .. math:: P(z_{it} = s \mid z_{i,t-1} = r) = P_{rs}, \quad h_i \sim \Gamma(\nu, 1 / \nu), \quad
        y_{it} \sim \mathrm{Poisson}(h_i \lambda_{z_{it}})

    Orders lie evenly on the days of their month.

    References
    ----------
    Dwyer, F. R., Schurr, P. H. & Oh, S. (1987). Developing Buyer-Seller Relationships. Journal of Marketing 51(2), 11-27.
    doi:10.1177/002224298705100202

    Netzer, O., Lattin, J. M. & Srinivasan, V. (2008). A Hidden Markov Model of Customer Relationship Dynamics. Marketing
    Science 27(2), 185-204. doi:10.1287/mksc.1070.0294

    Examples
    --------
    >>> lifecycle = simulate_lifecycle(1500, 7)
    >>> lifecycle
    SimulatedLifecycle(1500 customers, 36000 months, 46980 orders; as of 2025-12-31)
    >>> last = lifecycle.stages[lifecycle.stages["period"] == "2025-12-01"]
    >>> last["stage"].value_counts(normalize=True).round(2).to_dict()
    {'stable': 0.5, 'decline': 0.32, 'build-up': 0.16, 'exploration': 0.02}
    """
    for name, value, most in (
        ("n_customers", n_customers, None),
        ("n_periods", n_periods, _MOST_PERIODS),
        ("acquisition_periods", acquisition_periods, n_periods),
    ):
        if not _is_whole(value) or value < 1 or (most is not None and value > most):
            must = "a whole number, 1 or more" if most is None else f"a whole number from 1 to {most}"
            raise ParameterError.must_be(_FUNCTION, name, must, value)
    chosen = LifecycleParameters() if parameters is None else parameters
    if not isinstance(chosen, LifecycleParameters):
        raise ParameterError.must_be(_FUNCTION, "parameters", "LifecycleParameters, or None", parameters)
    transitions = _checked(chosen)
    first_day = _first_of_month(start, int(n_periods))
    source = np.random.default_rng(rng)
    n, span = int(n_customers), int(acquisition_periods)
    first_period = np.arange(n, dtype=np.int64) * span // n
    rates = np.array(chosen.order_rates, np.float64)
    paths = draw_stage_paths(transitions, rates, float(chosen.multiplier_shape), first_period, int(n_periods), rng=source)
    first_month = period_of_day(np.array([first_day]), "M")[0]
    months = first_day_of_period(np.arange(first_month, first_month + int(n_periods) + 1), "M")
    customer = np.repeat(np.arange(n), np.diff(paths.start))
    period = _dates(months[paths.period])
    stage = pd.Categorical.from_codes(paths.stage, pd.Index(LIFECYCLE_STAGES))
    return SimulatedLifecycle(
        panel=pd.DataFrame({"customer_id": customer, "period": period, "n_orders": paths.n_orders}),
        orders=_orders(paths, customer, months, chosen, source),
        stages=pd.DataFrame({"customer_id": customer, "period": period, "stage": stage}),
        multipliers=pd.Series(paths.multiplier, index=pd.RangeIndex(n, name="customer_id"), name="multiplier"),
        parameters=chosen,
        as_of=dt.date(1970, 1, 1) + dt.timedelta(days=int(months[-1]) - 1),
    )


def _orders(
    paths: StagePaths, customer: IntArray, months: IntArray, parameters: LifecycleParameters, rng: np.random.Generator
) -> pd.DataFrame:
    row = np.repeat(np.arange(len(customer)), paths.n_orders)
    month = paths.period[row]
    day = months[month] + np.floor(rng.random(len(row)) * np.diff(months)[month]).astype(np.int64)
    by_customer = np.lexsort((day, customer[row]))
    mean, variation = float(parameters.mean_amount), float(parameters.amount_variation)
    amount = np.full(len(row), mean)
    if variation > 0:
        amount = rng.gamma(1.0 / variation**2, mean * variation**2, len(row))
    return pd.DataFrame(
        {
            "customer_id": customer[row][by_customer],
            "date": _dates(day[by_customer]),
            "amount": np.round(amount, 2),
        }
    )


def _dates(days: IntArray) -> AnyArray:
    return days.astype("datetime64[D]").astype("datetime64[s]")


def _first_of_month(start: str | dt.date | np.datetime64, n_periods: int) -> int:
    """Days from 1970-01-01 to the first day of observation."""
    first = as_date(start, _FUNCTION, "start")
    if first.day != 1:
        raise ParameterError.must_be(_FUNCTION, "start", "the first day of a month", first.isoformat())
    if first.year + (first.month + n_periods - 1) // 12 > dt.MAXYEAR:
        raise ParameterError.must_be(_FUNCTION, "start", f"so early that {n_periods} months later is a date", first.isoformat())
    return (first - dt.date(1970, 1, 1)).days


def _checked(parameters: LifecycleParameters) -> FloatArray:
    """Refuse parameters out of range, and return the transitions."""
    rates, n_stages = parameters.order_rates, len(LIFECYCLE_STAGES)
    is_four = isinstance(rates, tuple) and len(rates) == n_stages
    if not is_four or not all(_is_number(rate, 0.0, _MOST_ORDERS) and rate > 0 for rate in rates):
        must = f"a tuple of {n_stages} numbers above 0, at most {_MOST_ORDERS:g}"
        raise ParameterError.must_be(_OWNER, "order_rates", must, rates)
    ranges = {
        "multiplier_shape": ("a number from 0.01 up; infinity where customers are alike", 0.01, inf),
        "mean_amount": ("a number from 0.01 to 1e9", 0.01, 1e9),
        "amount_variation": ("a number from 0 to 10", 0.0, 10.0),
    }
    for name, (must, least, most) in ranges.items():
        if not _is_number(getattr(parameters, name), least, most):
            raise ParameterError.must_be(_OWNER, name, must, getattr(parameters, name))
    rows = parameters.transitions
    is_square = isinstance(rows, tuple) and len(rows) == n_stages
    if not is_square or not all(isinstance(row, tuple) and len(row) == n_stages for row in rows):
        raise ParameterError.must_be(_OWNER, "transitions", f"{n_stages} tuples of {n_stages} probabilities", rows)
    for stage, row, allowed in zip(LIFECYCLE_STAGES, rows, _ALLOWED, strict=True):
        if not all(_is_number(share, 0.0, 1.0) for share in row) or abs(sum(row) - 1.0) > _ROUNDING:
            must = f"rows of probabilities that add up to 1; so must that of {stage!r}"
            raise ParameterError.must_be(_OWNER, "transitions", must, row)
        if any(share > 0 and not may for share, may in zip(row, allowed, strict=True)):
            onward = ", ".join(repr(other) for other, may in zip(LIFECYCLE_STAGES, allowed, strict=True) if may)
            must = f"0 for moves that the lifecycle does not have; {stage!r} is followed by {onward}"
            raise ParameterError.must_be(_OWNER, "transitions", must, row)
    return np.array(rows, np.float64)


def _is_number(value: object, least: float, most: float) -> bool:
    number = plain(value)
    return isinstance(number, int | float) and not isinstance(number, bool) and least <= number <= most


def _is_whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)
