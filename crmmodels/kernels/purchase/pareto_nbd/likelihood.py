"""Pareto/NBD: buying at a gamma rate until a dropout at another gamma rate.

A customer buys at rate lambda, gamma distributed with shape r and rate alpha, until a lifetime of rate mu, gamma distributed with shape s and
rate beta, ends. The arguments of all functions are

=======  ==============  ===============================================
symbol   name            meaning
=======  ==============  ===============================================
x        frequency       repeat orders
t_x      age_at_last     time from the first to the last order
T        age             time from the first order to the end
r, α     r, alpha        shape and rate of the order rates
s, β     s, beta         shape and rate of the dropout rates
=======  ==============  ===============================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from crmmodels._typing import FloatArray
from crmmodels.kernels.arrays.blocks import in_blocks
from crmmodels.kernels.inference.newton import Likelihood
from crmmodels.kernels.purchase.histories import PurchaseTable
from crmmodels.kernels.purchase.pareto_nbd.quadrature import no_order, race
from crmmodels.kernels.purchase.pareto_nbd.series import LARGEST_SHARE
from crmmodels.kernels.purchase.pareto_nbd.series_likelihood import Silence, silence
from crmmodels.kernels.special.gamma_functions import log_rising

_R, _ALPHA, _S, _BETA = range(4)
_BLOCK_ROWS: Final = 8192
"""Rows that are summed up at a time, on whatever thread. From 10,000 on BLAS adds up on threads of its own, which costs more than it gains and
makes the rounding depend on their number."""


@dataclass(frozen=True, slots=True)
class ParetoNBDParameters:
    """Parameters of Pareto/NBD, all positive.

    Attributes
    ----------
    r, alpha : float
        Shape and rate of the gamma distribution of order rates; alpha in the unit of time.
    s, beta : float
        Shape and rate of the gamma distribution of dropout rates; beta in the unit of time.
    """

    r: float
    alpha: float
    s: float
    beta: float


def log_likelihood(log_parameters: FloatArray, table: PurchaseTable) -> Likelihood:
    """Log-likelihood of Pareto/NBD, with its derivatives by the logarithms of r, alpha, s and beta.

    Parameters
    ----------
    log_parameters : ndarray of float64, shape (4,)
        Logarithms of r, alpha, s and beta.
    table : PurchaseTable
        Distinct customers and their weights; fastest where equal frequencies stand together.

    Returns
    -------
    Likelihood
        Weighted sum over the rows; not finite where a parameter overflows.

    Notes
    -----
    The textbook form is a difference of Gaussian hypergeometric functions that cancels and overflows. Here the customer is either alive at
    the end or dropped out at some age u since the last order,

    ``L = Poch(r, x) α^r β^s [(α + T)^-(r + x) (β + T)^-s + s ∫_{t_x}^T (α + u)^-(r + x) (β + u)^-(s + 1) du]``

    ``  = Poch(r, x) (α / a)^r a^-x (β / b)^s Q``

    with ``a = α + t_x``, ``b = β + t_x`` and Q the probability that no order is seen in the silence after t_x, which is 1 where there was
    none. All derivatives follow from those of Q, without differences that cancel where the derivative itself does not vanish: from power
    series where they are short and keep the digits (`crmmodels.kernels.purchase.pareto_nbd.series_likelihood`), else by quadrature
    (`crmmodels.kernels.purchase.pareto_nbd.quadrature`).

    References
    ----------
    Schmittlein, D. C., Morrison, D. G. & Colombo, R. (1987). Counting Your Customers: Who Are They and What Will They Do Next?
    Management Science 33(1), 1-24. doi:10.1287/mnsc.33.1.1

    Fader, P. S. & Hardie, B. G. S. (2005). A Note on Deriving the Pareto/NBD Model and Related Expressions. Technical note.
    """
    return _total(log_parameters, table, derivatives=True)


def log_likelihood_value(log_parameters: FloatArray, table: PurchaseTable) -> float:
    """Log-likelihood of Pareto/NBD without derivatives, at a fraction of the cost.

    Parameters
    ----------
    log_parameters : ndarray of float64, shape (4,)
        Logarithms of r, alpha, s and beta.
    table : PurchaseTable
        Distinct customers and their weights; fastest where equal frequencies stand together.

    Returns
    -------
    float
        The value of `log_likelihood`, but for rounding.
    """
    return _total(log_parameters, table, derivatives=False).value


def _total(log_parameters: FloatArray, table: PurchaseTable, *, derivatives: bool) -> Likelihood:
    x, t_x, age, weight = table.frequency, table.age_at_last, table.age, table.weight
    with np.errstate(all="ignore"):
        parameters = np.exp(log_parameters)
        known = _purchases_part(parameters, table)

    def by_series(rows: slice) -> Silence:
        with np.errstate(all="ignore"):
            return _series_block(parameters, x[rows], t_x[rows], age[rows], weight[rows], derivatives=derivatives)

    parts = in_blocks(by_series, len(x), _BLOCK_ROWS)
    left = np.flatnonzero(~np.concatenate([part.reliable for part in parts]))
    quadrature = _silence_by_quadrature if derivatives else _silence_value_by_quadrature

    def by_quadrature(block: slice) -> Likelihood:
        rows = left[block]
        with np.errstate(all="ignore"):
            return quadrature(parameters, x[rows], t_x[rows], age[rows], weight[rows])

    return _sum([known, *(part.likelihood for part in parts), *in_blocks(by_quadrature, len(left), _BLOCK_ROWS)])


def _series_block(
    parameters: FloatArray, x: FloatArray, t_x: FloatArray, age: FloatArray, weight: FloatArray, *, derivatives: bool
) -> Silence:
    """What depends on t_x of all of the rows, and their silences where the series serve."""
    columns = (x, t_x, age, weight)
    before = _until_last(parameters, x, t_x, weight)
    apart, larger = abs(float(parameters[_BETA] - parameters[_ALPHA])), float(max(parameters[_ALPHA], parameters[_BETA]))
    reliable = apart / (larger + t_x) <= LARGEST_SHARE
    if not reliable.any():
        return Silence(before, reliable)
    served = columns if reliable.all() else tuple(column[reliable] for column in columns)
    after = silence(parameters, *served, derivatives=derivatives)
    reliable[reliable] = after.reliable
    return Silence(_sum([before, after.likelihood]), reliable)


def _sum(parts: list[Likelihood]) -> Likelihood:
    return Likelihood(
        sum(part.value for part in parts),
        np.sum([part.gradient for part in parts], axis=0),
        np.sum([part.hessian for part in parts], axis=0),
    )


def _until_last(parameters: FloatArray, x: FloatArray, t_x: FloatArray, weight: FloatArray) -> Likelihood:
    """Weighted sum of ``log((α / a)^r a^-x (β / b)^s)``."""
    r, alpha, s, beta = (float(parameter) for parameter in parameters)
    # Derivatives of log a by log alpha and of log b by log beta, and what is missing to 1.
    to_a, from_a = alpha / (alpha + t_x), t_x / (alpha + t_x)
    to_b, from_b = beta / (beta + t_x), t_x / (beta + t_x)
    log_a, log_b = float(weight @ np.log1p(t_x / alpha)), float(weight @ np.log1p(t_x / beta))
    value = -float((weight * x) @ np.log(alpha + t_x)) - r * log_a - s * log_b
    last_a, last_b = float(weight @ from_a), float(weight @ from_b)
    gradient = np.array([-r * log_a, float(weight @ (r * from_a - x * to_a)), -s * log_b, s * last_b])
    hessian = np.diag(
        [-r * log_a, -float((weight * (r + x)) @ (to_a * from_a)), -s * log_b, -s * float(weight @ (to_b * from_b))]
    )
    hessian[_R, _ALPHA] = hessian[_ALPHA, _R] = r * last_a
    hessian[_S, _BETA] = hessian[_BETA, _S] = s * last_b
    return Likelihood(value, gradient, hessian)


def _silence_by_quadrature(
    parameters: FloatArray, x: FloatArray, t_x: FloatArray, age: FloatArray, weight: FloatArray
) -> Likelihood:
    """Weighted sum of log Q."""
    r, alpha, s, beta = (float(parameter) for parameter in parameters)
    quiet = no_order(r + x, t_x, age - t_x, alpha=alpha, s=s, beta=beta)
    one = np.ones(len(x))
    chain = np.stack([r * one, alpha / (alpha + t_x), s * one, beta / (beta + t_x)])
    # Second derivatives of r and s by their logarithms are r and s; of log a and log b they are as follows, relative to the first.
    curve = np.stack([one, t_x / (alpha + t_x), one, t_x / (beta + t_x)])
    gradient = chain * quiet.gradient
    hessian = np.empty((4, 4))
    for i in range(4):
        for j in range(i, 4):
            hessian[i, j] = hessian[j, i] = (weight * chain[i] * chain[j]) @ quiet.hessian[i, j]
    hessian += np.diag(np.einsum("ij,j->i", curve * gradient, weight))
    return Likelihood(float(weight @ quiet.value), np.einsum("ij,j->i", gradient, weight), hessian)


def _silence_value_by_quadrature(
    parameters: FloatArray, x: FloatArray, t_x: FloatArray, age: FloatArray, weight: FloatArray
) -> Likelihood:
    """Weighted sum of log Q without derivatives."""
    r, alpha, s, beta = (float(parameter) for parameter in parameters)
    stand = race(r + x, t_x, age - t_x, alpha=alpha, s=s, beta=beta)
    return Likelihood(float(weight @ stand.log_no_order), np.zeros(4), np.zeros((4, 4)))


def _purchases_part(parameters: FloatArray, table: PurchaseTable) -> Likelihood:
    """Weighted sum of log Poch(r, x), from runs of equal x, of which a sorted table has few."""
    r, x = float(parameters[_R]), table.frequency
    starts = np.flatnonzero(np.concatenate([[True], x[1:] != x[:-1]]))[: len(x)]
    rising, total = log_rising(r, x[starts]), np.add.reduceat(table.weight, starts)
    value, slope, curvature = (float(np.sum(total * part)) for part in (rising.value, rising.slope, rising.curvature))
    gradient, hessian = np.zeros(4), np.zeros((4, 4))
    gradient[_R] = r * slope
    hessian[_R, _R] = r * (r * curvature + slope)
    return Likelihood(value, gradient, hessian)
