"""Pareto/NBD: the chance of the silences of many customers at once, from `crmmodels.kernels.purchase.pareto_nbd.series`.

A silence from t_x to T has the chance ``Q = g(t_x) + S (1 - g(T))`` of no order. With the chance F that the far one of order and dropout comes
first, ``Q = S + Delta`` or ``Q = 1 - Delta``, as the far one is the dropout or the order, where ``Delta = F(t_x) - S F(T)`` is
differentiated term by term. Where those differences cancel, in short silences, the quadrature of `crmmodels.kernels.purchase.pareto_nbd.quadrature` serves
instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from crmmodels._typing import BoolArray, FloatArray, IntArray
from crmmodels.kernels.inference.newton import Likelihood
from crmmodels.kernels.purchase.pareto_nbd.series import Pair, coefficients, n_terms, pair, powers, value_coefficients

_LEAST_LEFT: Final = 1e-3
"""What a difference must leave of its terms; three of fifteen digits are lost at most."""
_MOST_PRODUCTS: Final = 200_000
"""Products of a matrix multiplication, few enough for BLAS not to start threads of its own, on whose number the rounding may depend."""
(
    _FAR_FIRST,
    _NEAR_FIRST,
    _BY_NEAR,
    _BY_FAR,
    _NEAR_NEAR,
    _NEAR_FAR,
    _FAR_FAR,
    _BY_SHARE,
    _NEAR_SHARE,
    _FAR_SHARE,
    _SHARE_SHARE,
) = range(11)


@dataclass(frozen=True, slots=True, eq=False)
class Silence:
    """Weighted sum of the logarithms of the chances of silences.

    Attributes
    ----------
    likelihood : Likelihood
        Sum over the rows that are reliable, with derivatives by the logarithms of r, alpha, s and beta; zero derivatives where only the
        value was asked for.
    reliable : ndarray of bool, shape (n_rows,)
        Whether a row keeps its digits, so that it is in the sum.
    """

    likelihood: Likelihood
    reliable: BoolArray


@dataclass(frozen=True, slots=True, eq=False)
class _End:
    """One end of the silences: F and N with what it takes to differentiate F by the logarithms of near shape and scale, far shape and scale.

    Attributes
    ----------
    sums : ndarray of float64, shape (n_sums, n_rows)
        As `coefficients` or `value_coefficients` names them.
    rest : ndarray of float64, shape (n_rows,)
        1 - z.
    near_part, far_part : ndarray of float64, shape (n_rows,)
        Shares of near and far in near + t and far + t, near and far being the two scales.
    share_near, share_far : ndarray of float64, shape (n_rows,)
        Derivatives of z by the logarithms of the two scales.
    """

    sums: FloatArray
    rest: FloatArray
    near_part: FloatArray
    far_part: FloatArray
    share_near: FloatArray
    share_far: FloatArray

    def gradient(self, near: float, far: float) -> FloatArray:
        """First derivatives of F, of shape (4, n_rows)."""
        sums = self.sums
        return np.stack(
            [
                near * self.rest * sums[_BY_NEAR],
                self.share_near * sums[_BY_SHARE],
                far * self.rest * sums[_BY_FAR],
                self.share_far * sums[_BY_SHARE],
            ]
        )

    def hessian(self, weight: FloatArray, near: float, far: float, gradient: FloatArray) -> FloatArray:
        """Weighted sum over the rows of the second derivatives of F, of shape (4, 4)."""
        sums = self.sums
        plain, by_near, by_far = weight * self.rest, weight * self.share_near, weight * self.share_far
        first = np.einsum("ij,j->i", gradient, weight)
        result = np.zeros((4, 4))
        result[0, 0] = near * near * (plain @ sums[_NEAR_NEAR]) + first[0]
        result[0, 2] = near * far * (plain @ sums[_NEAR_FAR])
        result[2, 2] = far * far * (plain @ sums[_FAR_FAR]) + first[2]
        result[0, 1], result[0, 3] = near * (by_near @ sums[_NEAR_SHARE]), near * (by_far @ sums[_NEAR_SHARE])
        result[1, 2], result[2, 3] = far * (by_near @ sums[_FAR_SHARE]), far * (by_far @ sums[_FAR_SHARE])
        curved = sums[_SHARE_SHARE]
        result[1, 1] = (by_near * self.share_near) @ curved + first[1]
        result[1, 3] = (by_near * self.share_far) @ curved - (by_near * self.far_part) @ sums[_BY_SHARE]
        result[3, 3] = (by_far * self.share_far) @ curved + (by_far * (1.0 - 2.0 * self.far_part)) @ sums[_BY_SHARE]
        return np.triu(result) + np.triu(result, 1).T


def silence(
    parameters: FloatArray, x: FloatArray, t_x: FloatArray, age: FloatArray, weight: FloatArray, *, derivatives: bool
) -> Silence:
    """Weighted sum of log Q, with derivatives if asked for.

    Parameters
    ----------
    parameters : ndarray of float64, shape (4,)
        r, alpha, s and beta.
    x, t_x, age, weight : ndarray of float64, shape (n_rows,)
        Repeat orders, time to the last order and to the end of observation, weight; all z at most `LARGEST_SHARE`. Rows of equal x that
        stand together are worked on together.
    derivatives : bool
        Whether gradient and Hessian are needed.

    Returns
    -------
    Silence
        The sum over the reliable rows, and which they are.
    """
    r, alpha, s, beta = (float(parameter) for parameter in parameters)
    clocks = pair(alpha, beta)
    near, far = (r, s) if clocks.order_is_near else (s, r)
    count = r + x
    shape_near, shape_far = (count, s) if clocks.order_is_near else (s, count)
    start, end = _ends(clocks, x, t_x, age, r=r, s=s, derivatives=derivatives)
    silent = age - t_x
    near_start, far_start, near_end, far_end = clocks.near + t_x, clocks.far + t_x, clocks.near + age, clocks.far + age
    log_near, log_far = np.log1p(silent / near_start), np.log1p(silent / far_start)
    neither = np.exp(-(shape_near * log_near + shape_far * log_far))
    far_first = start.rest * start.sums[_FAR_FIRST], end.rest * end.sums[_FAR_FIRST]
    near_first = start.sums[_NEAR_FIRST], end.sums[_NEAR_FIRST]
    quiet = far_first[0] + neither * near_first[1] if clocks.order_is_near else near_first[0] + neither * far_first[1]
    reliable = quiet <= 1.0 - _LEAST_LEFT
    if not derivatives:
        logs = np.log(np.where(reliable, quiet, 1.0))
        return Silence(Likelihood(float(weight @ logs), np.zeros(4), np.zeros((4, 4))), reliable)

    near_rate, far_rate = clocks.near * silent / (near_start * near_end), clocks.far * silent / (far_start * far_end)
    hazard = np.stack([near * log_near, -shape_near * near_rate, far * log_far, -shape_far * far_rate])
    sign, rest = (1.0, -near_first[1]) if clocks.order_is_near else (-1.0, far_first[1])
    at_start, at_end = start.gradient(near, far), end.gradient(near, far)
    slopes = at_start - neither * (at_end - hazard * rest)
    reliable &= (np.abs(slopes) >= _LEAST_LEFT * np.abs(at_start)).all(axis=0)
    weight, quiet = np.where(reliable, weight, 0.0), np.where(reliable, quiet, 1.0)
    per_row = sign * weight / quiet
    gradient = np.einsum("ij,j->i", slopes, per_row)

    later = per_row * neither
    cross = (hazard * later) @ at_end.T
    remaining = later * rest
    by_rest = hazard * remaining
    bend = np.diag(by_rest.sum(axis=1))
    bend[1, 1] -= by_rest[1] @ (start.near_part + end.near_part)
    bend[3, 3] -= by_rest[3] @ (start.far_part + end.far_part)
    bend[0, 1] = bend[1, 0] = -near * (remaining @ near_rate)
    bend[2, 3] = bend[3, 2] = -far * (remaining @ far_rate)
    scaled = slopes / quiet
    hessian = (
        start.hessian(per_row, near, far, at_start)
        - end.hessian(later, near, far, at_end)
        + cross
        + cross.T
        - by_rest @ hazard.T
        + bend
        - (scaled * weight) @ scaled.T
    )
    hessian = 0.5 * (hessian + hessian.T)
    back = [0, 1, 2, 3] if clocks.order_is_near else [2, 3, 0, 1]
    return Silence(Likelihood(float(weight @ np.log(quiet)), gradient[back], hessian[np.ix_(back, back)]), reliable)


def _ends(
    clocks: Pair, x: FloatArray, t_x: FloatArray, age: FloatArray, *, r: float, s: float, derivatives: bool
) -> tuple[_End, _End]:
    """Both ends of the silences."""
    apart = clocks.far - clocks.near
    ends = [(clocks.near + t, clocks.far + t) for t in (t_x, age)]
    shares = [apart / far for _, far in ends]
    starts = np.flatnonzero(np.concatenate([[True], x[1:] != x[:-1]]))
    count, dropout = (r + x[starts])[:, None], np.full((len(starts), 1), s)
    near_shape, far_shape = (count, dropout) if clocks.order_is_near else (dropout, count)
    terms = n_terms(float(max(share.max() for share in shares)))
    table = (coefficients if derivatives else value_coefficients)(near_shape, far_shape, terms)
    start, end = (_sums(table, share, starts) for share in shares)

    def of(sums: FloatArray, near: FloatArray, far: FloatArray) -> _End:
        rest, near_part, far_part = near / far, clocks.near / near, clocks.far / far
        return _End(sums, rest, near_part, far_part, -clocks.near / far, rest * far_part)

    return of(start, *ends[0]), of(end, *ends[1])


def _sums(table: FloatArray, share: FloatArray, starts: IntArray) -> FloatArray:
    """Power series, of shape (n_sums, n_rows); the coefficients change where rows start."""
    _, n_sums, terms = table.shape
    by_power = powers(share, terms)
    result = np.empty((n_sums, len(share)))
    size = max(1, _MOST_PRODUCTS // (n_sums * terms))
    for coefficient, first, last in zip(table, starts, [*starts[1:], len(share)], strict=True):
        for low in range(int(first), int(last), size):
            rows = slice(low, min(low + size, int(last)))
            np.matmul(coefficient, by_power[:, rows], out=result[:, rows])
    return result
