"""Draws of log parameters from a posterior, from the fewest likelihoods that serve."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeAlias

import numpy as np

from crmmodels._typing import FloatArray
from crmmodels.kernels.inference.importance_sampling import SmoothedWeights, pareto_smoothed, resample
from crmmodels.kernels.inference.newton import Likelihood, LikelihoodFunction, Optimum
from crmmodels.kernels.inference.surrogate import Surrogate, Whitening, fit_surrogate

_MOST_EVALUATIONS: Final = 96
"""Likelihoods that a surrogate may cost."""
_STAGE: Final = 12
"""Design points that are added at a time."""
_STAGES: Final = 4
"""Stages before the first check."""
_CHECKS: Final = 16
"""Draws at which the surrogate is compared with the likelihood."""
_OUTSIDE_CHECKS: Final = 4
"""Candidates out of the surrogate's reach whose weights are computed."""
_TOLERANCE: Final = 0.02
"""Largest error of the surrogate at the checks, in log-likelihood: 2 % of a weight."""
_EARLY: Final = 0.01
"""Largest error at the points of a new stage that ends the stages."""
_MOST_OUTSIDE: Final = 0.001
"""Largest share of the posterior that may lie out of the surrogate's reach."""
_REACH: Final = 3.0
"""Distance from the nearest design point, in posterior standard deviations, up to which a surrogate serves."""
_FIRST_REACH: Final = 2.5
"""The same while it is being built: the design grows into the unknown step by step."""
_TEMPERATURE: Final = 1.5
"""Factor by which variances are inflated where design points are sought: the tails need some, too."""
_POOL: Final = 200
"""Candidates among which the design points of a stage are chosen."""
_EXPLORED: Final = 4000
_FREEDOM: Final = 7.0
"""Degrees of freedom of the proposals: tails heavier than those of a likelihood, and still nine tenths as good as a normal one."""
_COMPONENTS: Final = 400
"""Components of the second proposal."""
_LARGEST_WEIGHT: Final = 0.02
"""Weight of a single draw from which on it counts no more in a covariance or a proposal."""

Progress: TypeAlias = Callable[[int, int], None]
_LogDensity: TypeAlias = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True, slots=True, eq=False)
class PosteriorSample:
    """Draws from a posterior, equally weighted.

    Attributes
    ----------
    log_parameters : ndarray of float64, shape (n_draws, k)
        The draws, in random order; some may be repeated.
    pareto_k : float
        Tail shape of the importance weights; above 0.7 the draws are not to be trusted.
    effective_size : float
        Number of independent draws that the weighted candidates are worth.
    n_evaluations : int
        Likelihoods computed.
    exact : bool
        Whether the weights come from the likelihood itself, not from a surrogate.
    surrogate_error : float
        Largest error of the surrogate's log-likelihood at fresh draws; 0 where the weights are exact.
    """

    log_parameters: FloatArray
    pareto_k: float
    effective_size: float
    n_evaluations: int
    exact: bool
    surrogate_error: float


def sample_posterior(
    likelihood: LikelihoodFunction,
    optimum: Optimum,
    n_draws: int,
    rng: np.random.Generator,
    *,
    on_evaluation: Progress | None = None,
) -> PosteriorSample:
    """Posterior draws of log parameters, under a flat prior on them or whatever prior the likelihood contains.

    Parameters
    ----------
    likelihood : callable
        Log parameters of shape (k,) to `Likelihood`; a value that is not finite counts as impossible.
    optimum : Optimum
        Its maximum, with a negative definite Hessian: parameters at a boundary are to be left out, else `numpy.linalg.LinAlgError`.
    n_draws : int
        Number of draws, positive.
    rng : numpy.random.Generator
        The draws are the same to the last bit from a generator in the same state.
    on_evaluation : callable, optional
        Called after each likelihood with how many were computed and how many there will be at most.

    Returns
    -------
    PosteriorSample
        At most 96 likelihoods were computed, or, where a surrogate did not do, 2 `n_draws` more.

    Notes
    -----
    1. A surrogate is fitted to values, gradients and Hessians at the optimum and 24 to 48 points, spread over the posterior as the
       surrogate so far knows it, somewhat inflated.
    2. Candidates come from a Student t distribution with the posterior's covariance, weighted by the surrogate, then as many from a
       mixture of narrow ones around a sample of the first, which follows bent ridges. All are weighted by the density over the mean of the
       two proposals', and the weights are Pareto smoothed.
    3. At 16 draws the surrogate may be wrong by 0.02 at most, and what lies beyond its reach must have less than
       0.001 of the weight. Otherwise these points join the design, as long as 96 likelihoods are not exceeded.
    4. Failing that, or where a point of the design is impossible, or where the draws are few, all candidates are weighted by the likelihood itself.

    Likelihoods of purchase models approach a constant as parameters run to infinity on a ridge, so that with a flat prior the posterior is
    improper, strictly speaking; it is explored around the optimum. Modes that are far apart are not found.

    References
    ----------
    West, M. (1993). Approximating Posterior Distributions by Mixtures. Journal of the Royal Statistical Society B 55(2), 409-422.
    doi:10.1111/j.2517-6161.1993.tb01911.x

    Owen, A. & Zhou, Y. (2000). Safe and Effective Importance Sampling. Journal of the American Statistical Association 95(449), 135-143.
    doi:10.1080/01621459.2000.10473909
    """
    whitening = _whitening(optimum.log_parameters, np.linalg.inv(-optimum.likelihood.hessian).astype(np.float64, copy=False))
    counted = _Counted(likelihood, _MOST_EVALUATIONS, on_evaluation)
    if 2 * n_draws > _MOST_EVALUATIONS:
        found = _from_surrogate(counted, optimum, whitening, n_draws, rng)
        if found is not None:
            return found
        counted.most = counted.done + 2 * n_draws
    else:
        counted.most = 2 * n_draws
    candidates = _candidates(counted.values, whitening, n_draws, rng)
    return _sample(candidates, n_draws, rng, counted.done, None)


class _Counted:
    """A likelihood that counts its evaluations."""

    def __init__(self, likelihood: LikelihoodFunction, most: int, on_evaluation: Progress | None) -> None:
        self._likelihood = likelihood
        self._on_evaluation = on_evaluation
        self.most = most
        self.done = 0

    def __call__(self, point: FloatArray) -> Likelihood:
        found = self._likelihood(point)
        self.done += 1
        if self._on_evaluation is not None:
            self._on_evaluation(self.done, self.most)
        return found

    def values(self, points: FloatArray) -> FloatArray:
        """Log-likelihoods, minus infinity where they are not finite."""
        values = np.array([self(point).value for point in points])
        return np.where(np.isfinite(values), values, -np.inf)


@dataclass(frozen=True, slots=True, eq=False)
class _Candidates:
    """Points from the proposals, their log densities up to a constant, and their weights."""

    points: FloatArray
    log_density: FloatArray
    log_proposal: FloatArray
    weights: SmoothedWeights


@dataclass(frozen=True, slots=True, eq=False)
class _StudentMixture:
    """Equally weighted Student t distributions around several centres, with one scale matrix."""

    centres: FloatArray
    scale: FloatArray

    def draw(self, n: int, rng: np.random.Generator) -> FloatArray:
        k = len(self.scale)
        normal = rng.standard_normal((n, k)) / np.sqrt(rng.chisquare(_FREEDOM, (n, 1)) / _FREEDOM)
        drawn: FloatArray = self.centres[np.arange(n) % len(self.centres)] + normal @ self.scale.T
        return drawn

    def log_density(self, points: FloatArray) -> FloatArray:
        """Up to a constant that depends on the degrees of freedom alone."""
        whitening = Whitening(self.centres[0], self.scale)
        z, nodes = whitening.white(points), whitening.white(self.centres)
        squares = (z**2).sum(axis=1)[:, None] + (nodes**2).sum(axis=1) - 2.0 * z @ nodes.T
        power = -0.5 * (_FREEDOM + len(self.scale))
        # The factor that the narrowest component leaves is taken out, or a point far off would have density 0.
        nearest = np.log1p(np.maximum(squares.min(axis=1), 0.0) / _FREEDOM)
        others = np.log1p(np.maximum(squares, 0.0) / _FREEDOM) - nearest[:, None]
        log_scale = np.log(np.diag(self.scale)).sum()
        density: FloatArray = power * nearest + np.log(np.exp(power * others).mean(axis=1)) - log_scale
        return density


def _candidates(log_density: _LogDensity, whitening: Whitening, n: int, rng: np.random.Generator) -> _Candidates:
    """2 n weighted candidates from two proposals, the second made from the first."""
    first = _StudentMixture(whitening.centre[None], whitening.scale)
    points = first.draw(n, rng)
    values = log_density(points)
    second = _followed(points, pareto_smoothed(values - first.log_density(points)), whitening, rng)
    more = second.draw(n, rng)
    points, values = np.concatenate([points, more]), np.concatenate([values, log_density(more)])
    proposal: FloatArray = np.logaddexp(first.log_density(points), second.log_density(points)) - np.log(2.0)
    return _Candidates(points, values, proposal, pareto_smoothed(values - proposal))


def _followed(points: FloatArray, weights: SmoothedWeights, prior: Whitening, rng: np.random.Generator) -> _StudentMixture:
    """Narrow components around a weighted sample, drawn towards its mean so that the mixture is no wider than the sample."""
    k = points.shape[1]
    overall = _moments(points, weights, prior)
    width = (4.0 / ((k + 2.0) * _COMPONENTS)) ** (1.0 / (k + 4.0))
    centres = points[resample(_capped(weights), _COMPONENTS, rng)]
    return _StudentMixture(overall.centre + np.sqrt(1.0 - width**2) * (centres - overall.centre), width * overall.scale)


def _capped(weights: SmoothedWeights) -> FloatArray:
    """Weights that no single draw dominates."""
    capped: FloatArray = np.minimum(weights.weights, _LARGEST_WEIGHT)
    capped /= capped.sum()
    return capped


def _moments(points: FloatArray, weights: SmoothedWeights, prior: Whitening) -> Whitening:
    """Mean and covariance of weighted points, where they are worth few draws together with a prior's."""
    share = _capped(weights)
    mean = share @ points
    off = points - mean
    worth, k = 1.0 / float(share @ share), len(mean)
    covariance = (worth * (share[:, None] * off).T @ off + k * prior.scale @ prior.scale.T) / (worth + k)
    return _whitening(mean, covariance)


def _from_surrogate(
    counted: _Counted, optimum: Optimum, laplace: Whitening, n_draws: int, rng: np.random.Generator
) -> PosteriorSample | None:
    """Draws weighted by a surrogate, if it passes its checks."""
    design = _Design(counted, optimum)
    whitening, surrogate = laplace, None
    pool = laplace.centre + rng.standard_normal((_POOL, len(laplace.centre))) @ laplace.scale.T
    for _ in range(_STAGES):
        error = design.add(_spread(pool, design.points, whitening), surrogate)
        if design.has_edge:
            return None
        surrogate = fit_surrogate(design.points, design.likelihoods, whitening)
        if surrogate is None:
            return None
        inflated = Whitening(whitening.centre, np.sqrt(_TEMPERATURE) * whitening.scale)
        proposal = _StudentMixture(inflated.centre[None], inflated.scale)
        points = proposal.draw(_EXPLORED, rng)
        weights = pareto_smoothed(_within(_FIRST_REACH, surrogate, points) / _TEMPERATURE - proposal.log_density(points))
        inflated = _moments(points, weights, inflated)
        whitening = Whitening(inflated.centre, inflated.scale / np.sqrt(_TEMPERATURE))
        pool = points[resample(weights.weights, _POOL, rng)]
        if error <= _EARLY:
            break
    while counted.done + _CHECKS + _OUTSIDE_CHECKS <= _MOST_EVALUATIONS:
        surrogate = fit_surrogate(design.points, design.likelihoods, whitening)
        if surrogate is None:
            return None
        candidates = _candidates(partial(_within, _REACH, surrogate), whitening, 2 * n_draws, rng)
        drawn = np.unique(resample(candidates.weights.weights, _CHECKS, rng))
        error = design.add(candidates.points[drawn], surrogate)
        if design.has_edge:
            return None
        outside = _share_outside(candidates, design, rng)
        if error <= _TOLERANCE and outside <= _MOST_OUTSIDE:
            return _sample(candidates, n_draws, rng, counted.done, error)
    return None


class _Design:
    """Points at which the likelihood is known, and whether any of them that the surrogate thought possible was not."""

    def __init__(self, counted: _Counted, optimum: Optimum) -> None:
        self._counted = counted
        self.points = optimum.log_parameters[None]
        self.likelihoods = [optimum.likelihood]
        self.has_edge = False

    def add(self, points: FloatArray, surrogate: Surrogate | None) -> float:
        """Largest error that a surrogate made at new points; infinity where there was none."""
        values = self.values(points)
        self.has_edge |= not bool(np.isfinite(values).all())
        if surrogate is None or self.has_edge:
            return np.inf
        return float(np.abs(values - surrogate.log_likelihood(points)).max())

    def values(self, points: FloatArray) -> FloatArray:
        """Log-likelihoods at new points, which join the design where they are finite."""
        found = [self._counted(point) for point in points]
        values = np.array([likelihood.value for likelihood in found])
        finite = np.isfinite(values)
        self.points = np.concatenate([self.points, points[finite]])
        self.likelihoods += [likelihood for likelihood, is_finite in zip(found, finite, strict=True) if is_finite]
        return np.where(finite, values, -np.inf)


def _within(reach: float, surrogate: Surrogate, points: FloatArray) -> FloatArray:
    """The surrogate where a design point is near, minus infinity elsewhere."""
    return np.where(surrogate.distance(points) <= reach, surrogate.log_likelihood(points), -np.inf)


def _spread(pool: FloatArray, taken: FloatArray, whitening: Whitening) -> FloatArray:
    """Points of a pool, each as far as can be from those taken before."""
    z, nodes = whitening.white(pool), whitening.white(taken)
    distance: FloatArray = ((z[:, None] - nodes) ** 2).sum(axis=2).min(axis=1)
    chosen = []
    for _ in range(_STAGE):
        chosen.append(int(distance.argmax()))
        distance = np.minimum(distance, ((z - z[chosen[-1]]) ** 2).sum(axis=1))
    return pool[chosen]


def _share_outside(candidates: _Candidates, design: _Design, rng: np.random.Generator) -> float:
    """Estimated share of the posterior out of the surrogate's reach, from exact weights of some candidates there."""
    outside = np.flatnonzero(np.isneginf(candidates.log_density))
    if len(outside) == 0:
        return 0.0
    some = rng.choice(outside, min(_OUTSIDE_CHECKS, len(outside)), replace=False)
    log_ratios = candidates.log_density - candidates.log_proposal
    top = log_ratios.max()
    within = np.exp(log_ratios - top).sum()
    beyond = np.exp(design.values(candidates.points[some]) - candidates.log_proposal[some] - top).mean() * len(outside)
    return float(beyond / (within + beyond))


def _sample(
    candidates: _Candidates, n_draws: int, rng: np.random.Generator, n_evaluations: int, error: float | None
) -> PosteriorSample:
    """Draws by weight; an error of None says that the weights are exact."""
    weights = candidates.weights
    draws = candidates.points[resample(weights.weights, n_draws, rng)]
    return PosteriorSample(draws, weights.pareto_k, weights.effective_size, n_evaluations, error is None, error or 0.0)


def _whitening(mean: FloatArray, covariance: FloatArray) -> Whitening:
    scale = np.linalg.cholesky(0.5 * (covariance + covariance.T))
    return Whitening(mean, scale.astype(np.float64, copy=False))
