"""Estimation: starting points, bounds, optimisation and standard errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Generic, Literal, TypeVar

import numpy as np

from crmmodels._typing import BoolArray, FloatArray
from crmmodels.kernels.inference.newton import Likelihood, LikelihoodFunction, Optimum, maximise

ParametersT_co = TypeVar("ParametersT_co", covariant=True)
TableT_contra = TypeVar("TableT_contra", contravariant=True)

SMALLEST_SHAPE: Final = 1e-4
LARGEST_SHAPE: Final = 1e4
"""Shapes beyond which a gamma or beta distribution is a point or two, for any data."""
_RUNNING: Final = 10.0
"""A shape this large, or its inverse this small, runs to infinity, or 0, where its partner does."""
_WIDEST_SCALE: Final = 1e9
_NO_SCALE: Final = 1e-6
"""A scale this small relative to the other scale of the family runs to 0."""
_FAR: Final = float(np.log(30.0))
"""A log shape above this that still rises is on its way to an edge that is known."""
_LOW: Final = float(np.log(1e5))
"""A log scale no more than this above its bound that still falls is on its way to 0."""
_NO_CURVATURE: Final = 1e-9
"""Curvature, relative to the largest, below which a partner at an edge is in no combination that the data determine."""
_UNTOLD: Final = 10.0
"""Standard error of a logarithm from which on the data tell nothing of a combination: the limits are nine powers of ten off either way."""
_FLATTEST: Final = 1e-13
"""Curvature, relative to the largest, below which rounding alone may have made it."""
_AS_GOOD: Final = 1e-8
"""Log-likelihood per customer by which an estimate must exceed the simpler model of a limit."""
_HARDLY: Final = 5.0
"""Log-likelihood that four parameters gain by chance in 4 % of tables."""
_OF_SAMPLE: Final = 1e-5
"""Tolerance of the optimisation on a sample, whose optimum is the starting point for all customers."""


@dataclass(frozen=True, slots=True)
class Edge:
    """What it means when a parameter has no best value, only an ever better one.

    Attributes
    ----------
    parameter : str
        Name of the parameter.
    side : {"small", "large"}
        Where it runs to.
    meaning : str
        What the data show then, and which simpler model fits as well.
    partner : str or None
        The parameter that the data leave as undetermined.
    together : bool
        Whether this is meant of both parameters running to this side, or of the first alone.
    """

    parameter: str
    side: Literal["small", "large"]
    meaning: str
    partner: str | None = None
    together: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Limit(Generic[TableT_contra]):
    """A simpler model that a family reaches at an edge, which the optimisation would approach ever more slowly.

    Attributes
    ----------
    best : callable
        A table and the highest log parameters to the point at the edge where the simpler model is best, of shape (n_parameters,), or None
        where it has no best parameters.
    is_near : callable
        Log parameters and a table to whether the simpler model is close, so that an optimisation with a lower likelihood there would end at it.
    rises : callable
        That point and a table to starting points near it, the best one first, of which the first that leads to a maximum counts; none where
        the likelihood falls in every direction.
    """

    best: Callable[[TableT_contra, FloatArray], FloatArray | None]
    is_near: Callable[[FloatArray, TableT_contra], bool]
    rises: Callable[[FloatArray, TableT_contra], Sequence[FloatArray]]


@dataclass(frozen=True, slots=True, eq=False)
class Family(Generic[ParametersT_co, TableT_contra]):
    """A parametric family of likelihoods, with what the optimisation needs to know of it.

    Attributes
    ----------
    parameters : type
        Record of the parameters; its fields are in the order of the log parameters.
    log_likelihood : callable
        Log parameters of shape (n_parameters,) and a table to `Likelihood`.
    start : callable
        A table to a first guess of the parameters, of shape (n_parameters,).
    sample : callable
        A table to a smaller one that stands for it, or to None where it is small.
    total_weight : callable
        A table to the number of customers in it.
    scales : frozenset of str
        Parameters that carry the unit of the data; the others are shapes.
    edges : tuple of Edge
        What a shape without a best value means.
    limit : Limit or None
        The simpler model at an edge that the optimisation does not reach in a few steps.
    """

    parameters: type[ParametersT_co]
    log_likelihood: Callable[[FloatArray, TableT_contra], Likelihood]
    start: Callable[[TableT_contra], FloatArray]
    sample: Callable[[TableT_contra], TableT_contra | None]
    total_weight: Callable[[TableT_contra], float]
    scales: frozenset[str]
    edges: tuple[Edge, ...]
    limit: Limit[TableT_contra] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters."""
        fields: dict[str, object] = self.parameters.__dataclass_fields__  # type: ignore[attr-defined]
        return tuple(fields)


Penalty = Callable[[FloatArray], Likelihood]
"""Logarithm of a prior density in log parameters, with derivatives."""


def penalised(likelihood: LikelihoodFunction, penalty: Penalty | None) -> LikelihoodFunction:
    """Sum of a likelihood and the logarithm of a prior density.

    Parameters
    ----------
    likelihood : callable
        Log parameters to `Likelihood`.
    penalty : callable, optional
        The same of the prior; none if None.

    Returns
    -------
    callable
        Log parameters to the sum.
    """
    if penalty is None:
        return likelihood

    def posterior(log_parameters: FloatArray) -> Likelihood:
        of_data, of_prior = likelihood(log_parameters), penalty(log_parameters)
        return Likelihood(
            of_data.value + of_prior.value, of_data.gradient + of_prior.gradient, of_data.hessian + of_prior.hessian
        )

    return posterior


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """Optimal parameters and their covariance.

    Attributes
    ----------
    optimum : Optimum
        Result of the optimisation.
    covariance : ndarray of float64, shape (n_parameters, n_parameters)
        Of the log parameters: the inverse of minus the Hessian. At an edge it is that of the simpler model there: infinite on the diagonal
        of the parameter that runs off, and 0 beside it, while its partner stands for the combination of the two that the data determine and
        that the simpler model has in their place.
    determined : ndarray of bool, shape (n_parameters,)
        Whether the data determine each parameter.
    edges : tuple of Edge
        The edges at which the parameters ended.
    """

    optimum: Optimum
    covariance: FloatArray
    determined: BoolArray
    edges: tuple[Edge, ...]


def estimate(
    family: Family[ParametersT_co, TableT_contra], table: TableT_contra, penalty: Penalty | None = None
) -> Estimate | None:
    """The parameters of largest likelihood, or of largest posterior density in log parameters.

    Parameters
    ----------
    family : Family
        The likelihood.
    table : object
        The customers.
    penalty : callable, optional
        Logarithm of a prior density in log parameters.

    Returns
    -------
    Estimate or None
        None if the optimisation found no maximum.

    Notes
    -----
    The likelihood of a large table is maximised from the optimum of a sample, which saves most evaluations. Where the first starting point
    leads to no maximum or to an edge, others are tried and the best result is kept; for a large table they are tried on the sample. An
    optimisation that approaches the simpler model of a `Limit` stops as soon as that model is better; where the likelihood rises from that
    model, it is maximised from there.
    """
    guess = np.log(family.start(table))
    bounds = _bounds(family, guess)
    sample = family.sample(table)
    if sample is None:
        return _best(_Search(family, table, penalty, bounds), guess)
    part, whole = _Search(family, sample, penalty, bounds, _OF_SAMPLE), _Search(family, table, penalty, bounds)
    small = _best(part, guess)
    found = None if small is None else whole.end_of(small)
    is_like = (
        found is not None and small is not None and (set(found.edges) <= set(small.edges) or part.is_as_good(found, small))
    )
    is_like |= found is not None and found is whole.at_limit()
    return found if is_like else _best(whole, guess)


def _best(search: _Search[ParametersT_co, TableT_contra], guess: FloatArray) -> Estimate | None:
    """The best of several optimisations; the first alone if it ends at no edge or another one confirms it."""
    best: Estimate | None = None
    for start in _starts(search.family, guess):
        ended = search.end(start, best)
        if ended is not None and (best is None or _value(ended) > _value(best) + 1e-9 * search.weight):
            best = ended
        if best is not None and (not best.edges or best is search.at_limit() or search.is_confirmed):
            break
    return best


def _value(found: Estimate) -> float:
    return found.optimum.likelihood.value


class _Search(Generic[ParametersT_co, TableT_contra]):
    """Optimisations on one table, with the simpler model that they may end at."""

    def __init__(
        self,
        family: Family[ParametersT_co, TableT_contra],
        table: TableT_contra,
        penalty: Penalty | None,
        bounds: tuple[FloatArray, FloatArray],
        tolerance: float = 1e-9,
    ) -> None:
        self.family = family
        self.weight = family.total_weight(table)
        self._table = table
        self._lowest, self._highest = bounds
        run = {edge.parameter for edge in family.edges if edge.side == "large"}
        self._tolerance = tolerance
        self._runs = np.array([name in run for name in family.names])
        self._likelihood = penalised(lambda point: family.log_likelihood(point, table), penalty)
        # Under priors the simpler model is no limit.
        self._limit = family.limit if penalty is None else None
        self._at_limit: Estimate | None = None
        self.is_confirmed = False

    def at_limit(self) -> Estimate | None:
        """The simpler model at its optimum or a better point near it, once an optimisation came close to it."""
        return self._at_limit

    def end(self, start: FloatArray, known: Estimate | None = None) -> Estimate | None:
        """Result of an optimisation: the simpler model if that is better, None if it leads to a known edge."""

        def leads_nowhere(point: FloatArray, here: Likelihood) -> bool:
            return self._leads_to_limit(point, here) or (known is not None and self._leads_to(known, point, here))

        found = self._maximise(start, leads_nowhere)
        if not found.converged and self._at_limit is not None:
            return self._at_limit
        return _estimate(self.family, found, self._lowest, self._highest)

    def end_of(self, sample: Estimate) -> Estimate | None:
        """Result of an optimisation from the optimum of a sample; without one if that is at the limit."""
        start = sample.optimum.log_parameters
        if self._limit is not None and self._limit.is_near(start, self._table):
            found = self._stand_at_limit()
            if found is not None:
                return found
        return self.end(start)

    def is_as_good(self, other: Estimate, best: Estimate) -> bool:
        """Whether the optimum of another table is nearly as likely here as this table's own."""
        return self._likelihood(other.optimum.log_parameters).value >= _value(best) - _HARDLY

    def _maximise(self, start: FloatArray, leads_nowhere: Callable[[FloatArray, Likelihood], bool] | None = None) -> Optimum:
        return maximise(
            self._likelihood,
            start,
            self.weight,
            lowest=self._lowest,
            highest=self._highest,
            leads_nowhere=leads_nowhere,
            runs=self._runs,
            tolerance=self._tolerance,
        )

    def _leads_to_limit(self, point: FloatArray, here: Likelihood) -> bool:
        if self._limit is None or not self._limit.is_near(point, self._table):
            return False
        found = self._at_limit or self._stand_at_limit()
        return found is not None and here.value <= _value(found)

    def _leads_to(self, known: Estimate, point: FloatArray, here: Likelihood) -> bool:
        """Whether all shapes run to infinity that do so at an edge that is known and better, or a scale goes to 0 as there."""
        names = self.family.names
        runs = [names.index(edge.parameter) for edge in known.edges if edge.side == "large"]
        leads = bool(runs) and all(point[i] >= _FAR and here.gradient[i] > 0 for i in runs)
        gone = [names.index(edge.parameter) for edge in known.edges if edge.parameter in self.family.scales]
        # Bounds of scales are nine orders of magnitude off.
        leads |= any(point[i] <= known.optimum.log_parameters[i] + _LOW and here.gradient[i] < 0 for i in gone)
        self.is_confirmed |= leads and here.value <= _value(known)
        return leads and here.value <= _value(known)

    def _stand_at_limit(self) -> Estimate | None:
        """The simpler model at its optimum, or the result of an optimisation from it if that is better."""
        limit = self._limit
        point = None if limit is None else limit.best(self._table, self._highest)
        if limit is not None and point is not None:
            here = self._likelihood(point)
            found = _estimate(self.family, Optimum(point, here, 1, here.is_finite()), self._lowest, self._highest)
            ends = (
                _estimate(self.family, self._maximise(higher), self._lowest, self._highest)
                for higher in limit.rises(point, self._table)
            )
            nearby = next((end for end in ends if end is not None), None)
            self._at_limit = found
            if nearby is not None and found is not None and _value(nearby) > _value(found) + _AS_GOOD * self.weight:
                self._at_limit = nearby
        if self._at_limit is None:
            self._limit = None
        return self._at_limit


def covariance_of(hessian: FloatArray, determined: BoolArray) -> FloatArray | None:
    """Covariance of log parameters at a maximum.

    Parameters
    ----------
    hessian : ndarray of float64, shape (n_parameters, n_parameters)
        Second derivatives of the log-likelihood by the log parameters.
    determined : ndarray of bool, shape (n_parameters,)
        Parameters that the data determine.

    Returns
    -------
    ndarray of float64, shape (n_parameters, n_parameters), or None
        Symmetric; infinite on the diagonal of the others. None where the point is no maximum.
    """
    covariance = np.diag(np.where(determined, 0.0, np.inf))
    inside = np.ix_(determined, determined)
    curvature, directions = np.linalg.eigh(-hessian[inside])
    if (curvature <= _FLATTEST * np.abs(curvature).max(initial=0.0)).any():
        return None
    inverse = (directions / curvature) @ directions.T
    covariance[inside] = 0.5 * (inverse + inverse.T)
    return covariance


def edges_of(family: Family[ParametersT_co, TableT_contra], parameters: FloatArray) -> tuple[Edge, ...]:
    """The edges at which parameters lie.

    Parameters
    ----------
    family : Family
        The likelihood.
    parameters : ndarray of float64, shape (n_parameters,)
        The parameters.

    Returns
    -------
    tuple of Edge
        Those of the family that hold.
    """
    room = 1.0 + 1e-9
    shapes: dict[str, float] = dict(zip(family.names, parameters.tolist(), strict=True))

    def lies_at(edge: Edge) -> bool:
        value, other = shapes[edge.parameter], shapes.get(edge.partner or "", 1.0)
        if edge.parameter in family.scales:
            is_gone = value <= _NO_SCALE * min(shapes[name] for name in family.scales if name != edge.parameter)
            # A shape at 0 tells more: with nobody to drop out, it does not matter when they do.
            return is_gone and other > SMALLEST_SHAPE * room
        if edge.partner in family.scales:
            other = 1.0
        # Of two shapes that run in proportion, one reaches its bound first.
        if edge.side == "small":
            is_at, runs = value <= SMALLEST_SHAPE * room, other <= 1.0 / _RUNNING
        else:
            is_at, runs = value >= LARGEST_SHAPE / room, other >= _RUNNING
        return is_at and runs == edge.together

    pairs = [edge for edge in family.edges if edge.together]
    swapped = [replace(edge, parameter=edge.partner or "", partner=edge.parameter) for edge in pairs]
    found = [edge for edge in (*family.edges, *swapped) if lies_at(edge)]
    # A pair is one edge, whichever of the two has reached its bound.
    seen: dict[tuple[str, bool], Edge] = {}
    for edge in found:
        seen.setdefault((edge.meaning, edge.together), edge)
    return tuple(seen.values())


def _bounds(family: Family[ParametersT_co, TableT_contra], guess: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Bounds of the log parameters: of shapes fixed, of scales far from the guess."""
    is_scale = np.array([name in family.scales for name in family.names])
    wide = np.log(_WIDEST_SCALE)
    lowest = np.where(is_scale, guess - wide, np.log(SMALLEST_SHAPE))
    highest = np.where(is_scale, guess + wide, np.log(LARGEST_SHAPE))
    return lowest, highest


def _starts(family: Family[ParametersT_co, TableT_contra], guess: FloatArray) -> Sequence[FloatArray]:
    """The guess, then the same with all shapes and scales a few times smaller and larger."""
    is_scale = np.array([name in family.scales for name in family.names])
    return [guess, *(guess + np.where(is_scale, step, 2.0 * step) for step in (-1.0, 1.0))]


def _estimate(
    family: Family[ParametersT_co, TableT_contra], found: Optimum, lowest: FloatArray, highest: FloatArray
) -> Estimate | None:
    if not found.converged:
        return None
    names = family.names
    edges = edges_of(family, np.exp(found.log_parameters))
    undetermined = {edge.parameter for edge in edges} | {edge.partner for edge in edges}
    at_bound = (found.log_parameters <= lowest) | (found.log_parameters >= highest)
    if any(is_at and name not in undetermined for is_at, name in zip(at_bound.tolist(), names, strict=True)):
        return None
    determined = np.array([name not in undetermined for name in names])
    covariance = _covariance_at(edges, names, found.likelihood.hessian, determined)
    return None if covariance is None else Estimate(found, covariance, determined, edges)


def _covariance_at(
    edges: tuple[Edge, ...], names: tuple[str, ...], hessian: FloatArray, determined: BoolArray
) -> FloatArray | None:
    """Covariance of the parameters that the data determine, whatever the combinations are that they determine of the others.

    With p at its bound, the partner v is as good as the combination of p and v that the simpler model keeps, such as p times v, and has its
    error. A partner without curvature, such as the scale of dropout rates where nobody drops out, is in no combination.
    """
    curvature = -np.diag(hessian)
    held = {edge.parameter for edge in edges}
    partners = [str(edge.partner) for edge in edges if edge.partner not in held]
    free = determined | (np.isin(names, partners) & (curvature > _NO_CURVATURE * np.abs(curvature).max()))
    covariance = covariance_of(hessian, free)
    told = determined if covariance is None else determined | (np.diag(covariance) < _UNTOLD**2)
    return covariance if (told == free).all() else covariance_of(hessian, told)
