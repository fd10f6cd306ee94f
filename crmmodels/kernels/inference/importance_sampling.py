"""Importance weights that can be trusted: Pareto smoothing, its diagnostic, and resampling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from crmmodels._typing import FloatArray, IntArray

_FEWEST_TAIL: Final = 5
"""Weights in the tail below which no generalised Pareto distribution is fitted."""
_LEAST_EXCESS: Final = 1e-290
"""Excess over the threshold, relative to the largest weight, whose inverse still has room to grow."""
_PRIOR_SHAPE: Final = 0.5
"""Shape towards which a small tail is drawn."""
_PRIOR_WEIGHT: Final = 10.0
"""Weight of that prior, in observations."""
_GRID: Final = 30
"""Number of points at which the profile likelihood is averaged, in addition to the square root of the number of observations."""
_GRID_SPREAD: Final = 3.0
"""Width of the grid, in inverse first quartiles."""


@dataclass(frozen=True, slots=True, eq=False)
class SmoothedWeights:
    """Normalised importance weights with a smoothed upper tail.

    Attributes
    ----------
    weights : ndarray of float64, shape (n_draws,)
        In [0, 1], with sum 1, in the order of the log ratios.
    pareto_k : float
        Estimated shape of the tail of the raw weights: below 0.5 their variance is finite, above 0.7 a mean under these weights is not
        to be trusted. Minus infinity where the largest weights are all equal, NaN where too few draws have a weight to tell.
    """

    weights: FloatArray
    pareto_k: float

    @property
    def effective_size(self) -> float:
        """Number of equally weighted draws that would be as good: 1 over the sum of squared weights."""
        return 1.0 / float(self.weights @ self.weights)


@dataclass(frozen=True, slots=True, eq=False)
class GeneralisedPareto:
    """A distribution of excesses over a threshold: ``P(X > x) = (1 + shape x / scale)^(-1 / shape)``.

    Attributes
    ----------
    shape : float
        Positive for a heavy tail: moments of order 1 / shape and above are infinite.
    scale : float
        Positive, in the unit of the excesses.
    """

    shape: float
    scale: float


def pareto_smoothed(log_ratios: FloatArray) -> SmoothedWeights:
    """Pareto-smoothed importance weights with their diagnostic.

    The largest weights are replaced by the mean order statistics of a generalised Pareto distribution fitted to them, which tames their
    variance at a small bias.

    Parameters
    ----------
    log_ratios : ndarray of float64, shape (n_draws,)
        Logarithms of target over proposal density at draws from the proposal, up to a constant; minus infinity where the target is 0.
        At least one is finite, and none is plus infinity or NaN.

    Returns
    -------
    SmoothedWeights
        The same, to rounding, whatever constant is added to the log ratios.

    Notes
    -----
    The tail are the ``min(S / 5, 3 sqrt(S))`` largest of S weights, over the largest one below them. The estimated shape is drawn towards
    0.5 with the weight of 10 observations. A smoothed weight is never larger than the largest raw weight.

    References
    ----------
    Vehtari, A., Simpson, D., Gelman, A., Yao, Y. & Gabry, J. (2024). Pareto Smoothed Importance Sampling. Journal of Machine Learning
    Research 25(72), 1-58. https://jmlr.org/papers/v25/19-556.html
    """
    weights = np.exp(log_ratios - log_ratios.max())
    n = len(weights)
    n_tail = int(np.ceil(min(0.2 * n, 3.0 * np.sqrt(n))))
    pareto_k = np.nan
    if n_tail >= _FEWEST_TAIL:
        ascending = np.argsort(weights, kind="stable")
        tail = ascending[-n_tail:]
        threshold = weights[ascending[-n_tail - 1]]
        excess = weights[tail] - threshold
        if excess[-1] <= np.finfo(np.float64).eps:
            pareto_k = -np.inf
        elif np.count_nonzero(excess > _LEAST_EXCESS) >= _FEWEST_TAIL:
            fitted = fit_generalised_pareto(excess[excess > _LEAST_EXCESS])
            pareto_k = (n_tail * fitted.shape + _PRIOR_WEIGHT * _PRIOR_SHAPE) / (n_tail + _PRIOR_WEIGHT)
            chance = (np.arange(n_tail) + 0.5) / n_tail
            smooth = threshold + _quantiles(chance, GeneralisedPareto(pareto_k, fitted.scale))
            weights[tail] = np.minimum(smooth, 1.0)
    return SmoothedWeights(weights / weights.sum(), float(pareto_k))


def fit_generalised_pareto(ascending: FloatArray) -> GeneralisedPareto:
    """Generalised Pareto distribution of positive excesses.

    Parameters
    ----------
    ascending : ndarray of float64, shape (n_values,)
        Positive, in ascending order, not all equal; at least five.

    Returns
    -------
    GeneralisedPareto
        Close to the posterior mean under a weak prior from the data; there is no iteration that could fail.

    Notes
    -----
    With ``theta = -shape / scale``, the shape that maximises the likelihood is ``mean(log(1 - theta x))``, and
    ``l(theta) = n (log(-theta / shape) - shape - 1)`` remains. Theta is its mean over the grid
    ``1 / x_(n) + (1 - sqrt(m / (j - 0.5))) / (3 q)``, ``j = 1..m``, with the weights ``exp(l)``, where q is the first quartile.

    References
    ----------
    Zhang, J. & Stephens, M. A. (2009). A New and Efficient Estimation Method for the Generalized Pareto Distribution. Technometrics
    51(3), 316-325. doi:10.1198/tech.2009.08017
    """
    n = len(ascending)
    m = _GRID + int(np.sqrt(n))
    quartile = ascending[int(n / 4.0 + 0.5) - 1]
    steps = np.arange(1, m + 1) - 0.5
    theta = 1.0 / ascending[-1] + (1.0 - np.sqrt(m / steps)) / (_GRID_SPREAD * quartile)
    shapes = np.log1p(-theta[:, None] * ascending).mean(axis=1)
    profile = n * (np.log(-theta / shapes) - shapes - 1.0)
    likelihood = np.exp(profile - profile.max())
    best = float(theta @ likelihood) / float(likelihood.sum())
    shape = float(np.log1p(-best * ascending).mean())
    return GeneralisedPareto(shape, -shape / best)


def _quantiles(chance: FloatArray, distribution: GeneralisedPareto) -> FloatArray:
    silent = -np.log1p(-chance)
    if distribution.shape == 0.0:
        return distribution.scale * silent
    with np.errstate(over="ignore"):
        return distribution.scale * np.expm1(distribution.shape * silent) / distribution.shape


def resample(weights: FloatArray, n: int, rng: np.random.Generator) -> IntArray:
    """Positions drawn with given probabilities, by systematic resampling.

    Parameters
    ----------
    weights : ndarray of float64, shape (n_candidates,)
        Not negative, with sum 1.
    n : int
        Number of draws, positive.
    rng : numpy.random.Generator
        Source of one uniform number and one permutation.

    Returns
    -------
    ndarray of int64, shape (n,)
        In random order. Position i occurs ``n * weights[i]`` times on average, and never less than the whole number below or more than
        the one above.

    References
    ----------
    Kitagawa, G. (1996). Monte Carlo Filter and Smoother for Non-Gaussian Nonlinear State Space Models. Journal of Computational and
    Graphical Statistics 5(1), 1-25. doi:10.1080/10618600.1996.10474692
    """
    cumulative = np.cumsum(weights)
    ticks = (rng.random() + np.arange(n)) / n * cumulative[-1]
    return rng.permutation(np.minimum(np.searchsorted(cumulative, ticks, side="right"), len(weights) - 1)).astype(np.int64)
