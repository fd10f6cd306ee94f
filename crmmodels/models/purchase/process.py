"""The purchase processes as values: which functions answer what for each model, and how it counts time."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from crmmodels._typing import FloatArray
from crmmodels.data.tables.age_units import UNIT_DAYS, UNIT_NAMES
from crmmodels.data.tables.schema import LARGEST_TIME, Column
from crmmodels.exceptions import ParameterError
from crmmodels.kernels.inference.estimation import Edge
from crmmodels.kernels.purchase.histories import Prospects, PurchaseTable
from crmmodels.kernels.simulation.purchases import OrderTimes
from crmmodels.parameters import is_number

_MOST_OPPORTUNITIES: Final = 10_000
_SAMPLE_ROWS: Final = 4_000
"""Distinct rows that are enough to start close to the best parameters of all."""
_LARGE_TABLE: Final = 2 * _SAMPLE_ROWS


RATE_EDGES: Final = (
    Edge(
        "r",
        "large",
        "customers do not differ in how often they order; one common rate, a Poisson process, fits as well",
        "alpha",
    ),
    Edge("r", "small", "almost all orders come from a few customers, and the others may never order again", "alpha"),
)
"""What r without a best value means, in every model whose rates are gamma distributed."""


@dataclass(frozen=True, slots=True)
class TimeScale:
    """The unit of the times of a model, and whether they are whole numbers of opportunities."""

    unit: str
    is_discrete: bool

    @property
    def units(self) -> tuple[str, ...]:
        """Units that there are."""
        return ("D", "W", "M", "Q", "Y") if self.is_discrete else ("D", "W", "M", "Y")

    @property
    def name(self) -> str:
        """Name of the unit, in the plural."""
        return "opportunities" if self.is_discrete else UNIT_NAMES[self.unit]

    @property
    def days(self) -> float:
        """Days in the unit."""
        return UNIT_DAYS[self.unit]

    @property
    def longest(self) -> float:
        """Longest time that can be computed with."""
        return _MOST_OPPORTUNITIES if self.is_discrete else LARGEST_TIME

    @property
    def most(self) -> str:
        """The longest time as errors say it."""
        return f"at most {self.longest:,.0f} {self.name}"

    @property
    def a_number(self) -> str:
        """One time as errors say it."""
        return "a whole number" if self.is_discrete else "a number"

    def column(self, name: str) -> Column:
        """Declare a column of ages."""
        return Column.time(name, self.longest, whole=self.is_discrete, unit=self.unit)

    def rate(self, annual: float) -> float:
        """Convert an effective rate per year: to a continuous rate per unit, or to an effective one per opportunity."""
        continuous = math.log1p(annual) * self.days / UNIT_DAYS["Y"]
        return math.expm1(continuous) if self.is_discrete else continuous

    def horizon(self, owner: str, given: object, default: object = None, *, endless: bool = False) -> float:
        """Return a time ahead, the default where None is given, or raise ParameterError."""
        time = default if given is None else given
        if not is_number(time) or time <= 0 or (not endless and math.isinf(time)) or (self.is_discrete and time % 1 > 0):
            raise ParameterError.must_be(owner, "horizon", f"{self.a_number} above 0, of {self.name}", given)
        if self.longest < time < math.inf:
            raise ParameterError.must_be(owner, "horizon", self.most, given)
        return time

    def check(self, owner: str, parameter: str, times: FloatArray, must: str, got: object) -> None:
        """Raise ParameterError unless all times, of any shape but none, are 0 or more and can be computed with."""
        is_usable = times.size > 0 and bool((np.isfinite(times) & (times >= 0)).all())
        if not is_usable or (self.is_discrete and (times % 1 > 0).any()):
            raise ParameterError.must_be(owner, parameter, f"{must}, 0 or more, of {self.name}", got)
        if (times > self.longest).any():
            raise ParameterError.must_be(owner, parameter, self.most, got)


@dataclass(frozen=True, slots=True, eq=False)
class PurchaseProcess:
    """The functions of one purchase model, all with the same arguments.

    Attributes
    ----------
    prospects : callable
        ``(frequency, age_at_last, age, horizon, parameters)`` to `Prospects`.
    probability_alive : callable
        ``(frequency, age_at_last, age, parameters, ahead=)`` to an array.
    expected_purchases, probability_no_purchase : callable
        ``(frequency, age_at_last, age, horizon, parameters)`` to an array.
    purchase_distribution : callable
        ``(frequency, age_at_last, age, horizon, n_max, parameters)`` to an array of shape (n_customers, n_max + 1).
    discounted_purchases, discounted_lifetime : callable
        ``(frequency, age_at_last, age, discount_rate, parameters, horizon=)`` to an array.
    expected_purchases_new : callable
        ``(horizons, parameters)`` to an array.
    purchase_distribution_new : callable
        ``(horizon, n_max, parameters)`` to an array of shape (n_max + 1,).
    parameters : type
        Record of the parameters, of as many numbers.
    simulate : callable
        ``(duration, parameters, rng)`` to `OrderTimes`.
    is_discrete : bool
        Whether all times are whole numbers of opportunities.
    """

    prospects: Callable[[FloatArray, FloatArray, FloatArray, Any, Any], Prospects]
    probability_alive: Callable[..., FloatArray]
    expected_purchases: Callable[..., FloatArray]
    probability_no_purchase: Callable[..., FloatArray]
    purchase_distribution: Callable[[FloatArray, FloatArray, FloatArray, Any, int, Any], FloatArray]
    discounted_purchases: Callable[..., FloatArray]
    discounted_lifetime: Callable[..., FloatArray]
    expected_purchases_new: Callable[[FloatArray, Any], FloatArray]
    purchase_distribution_new: Callable[[Any, int, Any], FloatArray]
    simulate: Callable[[FloatArray, Any, np.random.Generator], OrderTimes]
    parameters: type[Any]
    is_discrete: bool = False

    def scale(self, unit: str) -> TimeScale:
        """How time is counted in a unit."""
        return TimeScale(unit, self.is_discrete)


def sample_of(table: PurchaseTable) -> PurchaseTable | None:
    """Every so many-th distinct row of a large table, spread evenly over it; None for a small one."""
    n = len(table.weight)
    if n < _LARGE_TABLE:
        return None
    rows = slice(n // _SAMPLE_ROWS // 2, None, n // _SAMPLE_ROWS)
    return PurchaseTable(table.frequency[rows], table.age_at_last[rows], table.age[rows], table.weight[rows])


def n_customers(table: PurchaseTable) -> float:
    """Number of customers of a table: the sum of the weights."""
    return float(table.weight.sum())


def typical_age(table: PurchaseTable) -> float:
    """Mean age of the customers of a table."""
    return float(table.weight @ table.age / table.weight.sum())


def typical_rate(table: PurchaseTable) -> float:
    """Mean number of repeat orders of the customers of a table."""
    return float(table.weight @ table.frequency / table.weight.sum())
