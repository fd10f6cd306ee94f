"""A log-likelihood from few evaluations: a Gaussian process that honours values, gradients and Hessians."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from crmmodels._typing import FloatArray, IntArray
from crmmodels.kernels.inference.newton import Likelihood

_LENGTHS: Final = (2.0, 3.0, 4.5, 6.5, 9.0)
"""Correlation lengths that are tried, in posterior standard deviations."""
_NOISE: Final = 1e-3
"""Error that is allowed at the top, in log-likelihood; what is less would not be seen in the draws."""
_UNIMPORTANT: Final = 4.0
"""Fall of the log-likelihood over which the allowed error grows by a factor of four: the depths must not bend the top."""
_NUGGET: Final = 1e-11
"""Added to the unit diagonal, for the factorisation's sake."""
_FIRST_VARIANCE: Final = 100.0
_LEAST_VARIANCE: Final = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Whitening:
    """Coordinates in which a posterior is about a standard normal one.

    Attributes
    ----------
    centre : ndarray of float64, shape (k,)
        Origin, in log parameters.
    scale : ndarray of float64, shape (k, k)
        Lower Cholesky factor of the covariance.
    """

    centre: FloatArray
    scale: FloatArray

    def white(self, points: FloatArray) -> FloatArray:
        """Whitened coordinates of points.

        Parameters
        ----------
        points : ndarray of float64, shape (n, k)
            Log parameters.

        Returns
        -------
        ndarray of float64, shape (n, k)
            Standard deviations from the centre.
        """
        from scipy.linalg import solve_triangular  # noqa: PLC0415

        whitened: FloatArray = solve_triangular(self.scale, (points - self.centre).T, lower=True).T
        return whitened


@dataclass(frozen=True, slots=True, eq=False)
class Surrogate:
    """A smooth function through values, gradients and Hessians at its nodes.

    Attributes
    ----------
    whitening : Whitening
        Coordinates z of the nodes.
    nodes : ndarray of float64, shape (n_nodes, k)
        Whitened design points.
    length : float
        Correlation length in those coordinates.
    coefficients : ndarray of float64, shape (n_features, n_nodes)
        Quadratic of each node, on the features of z, by which its bell is multiplied.
    trend : ndarray of float64, shape (n_features,)
        Quadratic to which the function returns far from the nodes.
    """

    whitening: Whitening
    nodes: FloatArray
    length: float
    coefficients: FloatArray
    trend: FloatArray

    def log_likelihood(self, points: FloatArray) -> FloatArray:
        """Approximate log-likelihood at many points.

        Parameters
        ----------
        points : ndarray of float64, shape (n, k)
            Log parameters.

        Returns
        -------
        ndarray of float64, shape (n,)
            To be trusted near nodes only.
        """
        z = self.whitening.white(points)
        features = _features(z)
        bells = np.exp(-0.5 * _squared_distances(z, self.nodes) / self.length**2)
        value: FloatArray = features @ self.trend + np.einsum("ij,ij->i", features @ self.coefficients, bells)
        return value

    def distance(self, points: FloatArray) -> FloatArray:
        """Distance to the nearest node.

        Parameters
        ----------
        points : ndarray of float64, shape (n, k)
            Log parameters.

        Returns
        -------
        ndarray of float64, shape (n,)
            In whitened coordinates.
        """
        nearest: FloatArray = np.sqrt(_squared_distances(self.whitening.white(points), self.nodes).min(axis=1))
        return nearest


def fit_surrogate(points: FloatArray, likelihoods: Sequence[Likelihood], whitening: Whitening) -> Surrogate | None:
    """Surrogate of a log-likelihood from its values and derivatives at some points.

    Parameters
    ----------
    points : ndarray of float64, shape (n_nodes, k)
        Distinct log parameters; the first is a maximum with a negative definite Hessian.
    likelihoods : sequence of Likelihood
        Finite values and derivatives there.
    whitening : Whitening
        Coordinates in which correlations depend on the distance alone.

    Returns
    -------
    Surrogate or None
        The most likely over a few correlation lengths; None where no kernel matrix could be factorised.

    Notes
    -----
    The mean is the quadratic at the first point, the covariance ``v exp(-|z - z'|^2 / (2 l^2))``. Its derivatives are Hermite polynomials,
    with multi-indices a, b and ``d = (z - z') / l``

    ``D_z^a D_z'^b exp(-|d|^2 / 2) = (-1)^|a| l^-(|a| + |b|) prod_i He_(a_i + b_i)(d_i) exp(-|d|^2 / 2)``.

    An error of ``0.001 (1 + g / 4)^2`` is allowed at a point that is g below the top. The work grows with the cube of
    ``n_nodes (1 + k + k (k + 1) / 2)``.

    References
    ----------
    Rasmussen, C. E. & Williams, C. K. I. (2006). Gaussian Processes for Machine Learning, sections 2.7, 5.4 and 9.4. MIT Press.
    """
    z = whitening.white(points)
    n_nodes, k = z.shape
    orders = _orders(k)
    scale = whitening.scale
    observed = np.array([_taylor(likelihood, scale) for likelihood in likelihoods])
    trend = _recentred(observed[0], z[0])
    gap = observed[:, 0].max() - observed[:, 0]
    noise = np.repeat((_NOISE * (1.0 + gap / _UNIMPORTANT) ** 2) ** 2, len(orders))
    residual = (observed - _trend_taylor(trend, z)).ravel()
    found: _Factorised | None = None
    for length in _LENGTHS:
        kernel = _kernel(z, orders, length)
        tried = _factorised(kernel, noise, residual, _FIRST_VARIANCE)
        tried = tried and _factorised(kernel, noise, residual, tried.variance)
        if tried is not None and (found is None or tried.evidence > found.evidence):
            found, chosen = tried, length
    if found is None:
        return None
    per_node = found.weights.reshape(n_nodes, len(orders))
    return Surrogate(whitening, z, chosen, _node_quadratics(per_node, z, chosen), trend)


@dataclass(frozen=True, slots=True, eq=False)
class _Factorised:
    weights: FloatArray
    variance: float
    evidence: float


def _factorised(kernel: FloatArray, noise: FloatArray, residual: FloatArray, variance: float) -> _Factorised | None:
    """Weights of the observations, the variance that would suit them best, and their log evidence."""
    from scipy.linalg import cho_solve, cholesky  # noqa: PLC0415

    with_noise = kernel + np.diag(noise / variance)
    unit = 1.0 / np.sqrt(np.diag(with_noise))
    with_noise *= unit[:, None] * unit
    with_noise[np.diag_indices_from(with_noise)] += _NUGGET
    try:
        factor = cholesky(with_noise, lower=True, overwrite_a=True, check_finite=False)
    except np.linalg.LinAlgError:
        return None
    weights = unit * cho_solve((factor, True), unit * residual, check_finite=False)
    square = float(residual @ weights)
    if not np.isfinite(square):
        return None
    n = len(residual)
    log_determinant = 2.0 * float(np.log(np.diag(factor)).sum() - np.log(unit).sum()) + n * np.log(variance)
    evidence = -0.5 * (square / variance + log_determinant)
    return _Factorised(weights, max(square / n, _LEAST_VARIANCE), float(evidence))


def _orders(k: int) -> IntArray:
    """Multi-indices of the value, the gradient and the upper triangle of the Hessian, shape (n_features, k)."""
    one = np.eye(k, dtype=np.int64)
    rows, columns = np.triu_indices(k)
    return np.concatenate([np.zeros((1, k), np.int64), one, one[rows] + one[columns]])


def _features(z: FloatArray) -> FloatArray:
    """1, each coordinate, and each product of two, in the order of `_orders`."""
    rows, columns = np.triu_indices(z.shape[1])
    return np.concatenate([np.ones((len(z), 1)), z, z[:, rows] * z[:, columns]], axis=1)


def _taylor(likelihood: Likelihood, scale: FloatArray) -> FloatArray:
    """Value, gradient and upper triangle of the Hessian in whitened coordinates."""
    hessian = scale.T @ likelihood.hessian @ scale
    return np.concatenate([[likelihood.value], scale.T @ likelihood.gradient, hessian[np.triu_indices(len(scale))]])


def _recentred(taylor: FloatArray, node: FloatArray) -> FloatArray:
    """Coefficients on the features of the quadratic with this value and these derivatives at a node."""
    k = len(node)
    hessian = _symmetric(taylor[1 + k :], k)
    slope = taylor[1 : 1 + k] - hessian @ node
    constant = taylor[0] - taylor[1 : 1 + k] @ node + 0.5 * node @ hessian @ node
    rows, columns = np.triu_indices(k)
    return np.concatenate([[constant], slope, np.where(rows == columns, 0.5, 1.0) * taylor[1 + k :]])


def _symmetric(upper: FloatArray, k: int) -> FloatArray:
    whole = np.zeros((k, k))
    whole[np.triu_indices(k)] = upper
    return whole + np.triu(whole, 1).T


def _trend_taylor(trend: FloatArray, z: FloatArray) -> FloatArray:
    """Value and derivatives of a quadratic at each node, shape (n_nodes, n_features)."""
    k = z.shape[1]
    rows, columns = np.triu_indices(k)
    upper = np.where(rows == columns, 2.0, 1.0) * trend[1 + k :]
    slopes = trend[1 : 1 + k] + z @ _symmetric(upper, k)
    return np.concatenate([(_features(z) @ trend)[:, None], slopes, np.broadcast_to(upper, (len(z), len(upper)))], axis=1)


def _squared_distances(z: FloatArray, nodes: FloatArray) -> FloatArray:
    squares: FloatArray = (z**2).sum(axis=1)[:, None] + (nodes**2).sum(axis=1) - 2.0 * z @ nodes.T
    return np.maximum(squares, 0.0)


def _kernel(z: FloatArray, orders: IntArray, length: float) -> FloatArray:
    """Correlations of the values and derivatives at all nodes, shape (n_nodes * n_features, n_nodes * n_features)."""
    n_nodes, n_features = len(z), len(orders)
    d = (z[:, None] - z[None]).transpose(2, 0, 1) / length
    hermite = [np.ones_like(d), d, d**2 - 1.0, d**3 - 3.0 * d, d**4 - 6.0 * d**2 + 3.0]
    bell = np.exp(-0.5 * (d**2).sum(axis=0))
    kernel = np.empty((n_nodes, n_features, n_nodes, n_features))
    for i, left in enumerate(orders):
        for j, right in enumerate(orders):
            block = bell * ((-1.0) ** left.sum() / length ** (left.sum() + right.sum()))
            for axis in np.flatnonzero(left + right):
                block *= hermite[left[axis] + right[axis]][axis]
            kernel[:, i, :, j] = block
    return kernel.reshape(n_nodes * n_features, n_nodes * n_features)


def _node_quadratics(per_node: FloatArray, z: FloatArray, length: float) -> FloatArray:
    """The sum of Hermite polynomials that each node contributes, on the features of z; shape (n_features, n_nodes)."""
    k = z.shape[1]
    rows, columns = np.triu_indices(k)
    curvature = per_node[:, 1 + k :] / length**2
    constant = per_node[:, 0] - curvature[:, rows == columns].sum(axis=1)
    # In d = (z - node) / length: constant + linear . d + sum_(i <= j) curvature_ij d_i d_j; as a Taylor series at the node, recentred.
    twice = np.where(rows == columns, 2.0, 1.0) * curvature / length**2
    series = np.concatenate([constant[:, None], per_node[:, 1 : 1 + k] / length**2, twice], axis=1)
    return np.array([_recentred(taylor, node) for taylor, node in zip(series, z, strict=True)]).T
