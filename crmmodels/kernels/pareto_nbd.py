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

from typing import Final

import numpy as np

from crmmodels._typing import FloatArray
from crmmodels.kernels.likelihood import Likelihood
from crmmodels.kernels.pareto_integral import no_order
from crmmodels.kernels.purchases import PurchaseTable

_R, _ALPHA, _S, _BETA = range(4)
_UPPER: Final = tuple((i, j) for i in range(4) for j in range(i, 4))
_BLOCK_ROWS: Final = 4096
"""Rows that are worked on at a time; what a row gives does not depend on it."""
_LARGE_SHAPE: Final = 20.0
"""Shape from which on Stirling's series serves; below, differences of gamma functions lose no digits that count."""
_STIRLING: Final = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360)
"""Coefficients of z^-1, z^-3, ... in log Gamma(z); the next one is below 1e-17 from z = 20 on."""


def log_likelihood(log_parameters: FloatArray, table: PurchaseTable) -> Likelihood:
    """Log-likelihood of Pareto/NBD, with its derivatives by the logarithms of r, alpha, s and beta.

    Parameters
    ----------
    log_parameters : ndarray of float64, shape (4,)
        Logarithms of r, alpha, s and beta.
    table : PurchaseTable
        Distinct customers and their weights.

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
    none. All derivatives follow from those of Q, without differences that cancel where the derivative itself does not vanish.

    References
    ----------
    Schmittlein, D. C., Morrison, D. G. & Colombo, R. (1987). Counting Your Customers: Who Are They and What Will They Do Next?
    Management Science 33(1), 1-24. doi:10.1287/mnsc.33.1.1

    Fader, P. S. & Hardie, B. G. S. (2005). A Note on Deriving the Pareto/NBD Model and Related Expressions. Technical note.
    """
    x, t_x, age, weight = table.frequency, table.age_at_last, table.age, table.weight
    per_row = np.empty((1 + 4 + len(_UPPER), len(x)))
    with np.errstate(all="ignore"):
        parameters = np.exp(log_parameters)
        rising = _log_rising(float(parameters[_R]), x)
        for first in range(0, len(x), _BLOCK_ROWS):
            rows = slice(first, first + _BLOCK_ROWS)
            per_row[:, rows] = _row_likelihoods(parameters, x[rows], t_x[rows], age[rows], rising[:, rows])
        per_row *= weight
        total = per_row.sum(axis=-1)
    hessian = np.empty((4, 4))
    for (i, j), second in zip(_UPPER, total[5:], strict=True):
        hessian[i, j] = hessian[j, i] = second
    return Likelihood(float(total[0]), total[1:5], hessian)


def _row_likelihoods(parameters: FloatArray, x: FloatArray, t_x: FloatArray, age: FloatArray, rising: FloatArray) -> FloatArray:
    """Value, gradient and upper triangle of the Hessian of each row, of shape (15, n_rows)."""
    r, alpha, s, beta = (float(parameter) for parameter in parameters)
    silence = no_order(r + x, t_x, age - t_x, alpha=alpha, s=s, beta=beta)
    # Derivatives of log a by log alpha and of log b by log beta, and what is missing to 1.
    to_a, from_a = alpha / (alpha + t_x), t_x / (alpha + t_x)
    to_b, from_b = beta / (beta + t_x), t_x / (beta + t_x)
    log_a, log_b = np.log1p(t_x / alpha), np.log1p(t_x / beta)
    chain = (r, to_a, s, to_b)
    value = rising[0] - x * np.log(alpha + t_x) - r * log_a - s * log_b + silence.value
    gradient = [factor * slope for factor, slope in zip(chain, silence.gradient, strict=True)]
    hessian = {(i, j): chain[i] * chain[j] * silence.hessian[i, j] for i, j in _UPPER}
    # Second derivatives of r and s by their logarithms are r and s; of log a and log b: to_a from_a, to_b from_b.
    for i, curve in enumerate((1.0, from_a, 1.0, from_b)):
        hessian[i, i] += curve * gradient[i]
    gradient[_R] += r * (rising[1] - log_a)
    gradient[_ALPHA] += r * from_a - x * to_a
    gradient[_S] -= s * log_b
    gradient[_BETA] += s * from_b
    hessian[_R, _R] += r * (r * rising[2] + rising[1] - log_a)
    hessian[_R, _ALPHA] += r * from_a
    hessian[_ALPHA, _ALPHA] -= (r + x) * to_a * from_a
    hessian[_S, _S] -= s * log_b
    hessian[_S, _BETA] += s * from_b
    hessian[_BETA, _BETA] -= s * to_b * from_b
    return np.stack([value, *gradient, *hessian.values()])


def _log_rising(r: float, x: FloatArray) -> FloatArray:
    """Logarithm of Gamma(r + x) / Gamma(r) and its first two derivatives by r, of shape (3, n_rows).

    Once for each run of equal x, of which a sorted table has few.
    """
    from scipy.special import digamma, gammaln, zeta  # noqa: PLC0415  (scipy is not imported before it is used)

    starts = np.ones(len(x), np.bool_)
    starts[1:] = x[1:] != x[:-1]
    run, k = np.cumsum(starts) - 1, x[starts]
    n = r + k
    if r < _LARGE_SHAPE:
        rising = np.stack([gammaln(n) - gammaln(r), digamma(n) - digamma(r), zeta(2.0, n) - zeta(2.0, r)])
    else:
        log_ratio = np.log1p(k / r)
        value = (r - 0.5) * log_ratio + k * np.log(n) - k
        first = log_ratio + 0.5 * k / (r * n)
        second = -k / (r * n) - 0.5 * k * (n + r) / (r * n) ** 2
        for power, coefficient in zip(range(1, 12, 2), _STIRLING, strict=True):
            value += coefficient * (n**-power - r**-power)
            first -= coefficient * power * (n ** -(power + 1) - r ** -(power + 1))
            second += coefficient * power * (power + 1) * (n ** -(power + 2) - r ** -(power + 2))
        rising = np.stack([value, first, second])
    return rising[:, run]
