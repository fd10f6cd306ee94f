"""The likelihoods and predictions of the purchase models in fifty digits, for benchmarks/record_lifetimes_failures.py.

Written from the papers, without a line of the package. Parameters are plain numbers, taken as exact; where a difference of the
textbook form cancels, enough digits are spent on it, and the integral of the Pareto/NBD is done by quadrature.

Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005). "Counting Your Customers" the Easy Way. Marketing Science 24(2), 275-284.
Batislam, E. P., Denizel, M. & Filiztekin, A. (2007). Empirical validation and comparison of models for customer base analysis.
Fader, P. S. & Hardie, B. G. S. (2005). A Note on Deriving the Pareto/NBD Model and Related Expressions.
Fader, P. S., Hardie, B. G. S. & Shang, J. (2010). Customer-Base Analysis in a Discrete-Time Noncontractual Setting.
Fader, P. S. & Hardie, B. G. S. (2013). The Gamma-Gamma Model of Monetary Value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mpmath as mp

DIGITS = 50
# What is e^-150 of the largest value of a 50-digit integral is beyond its last digit.
NEGLIGIBLE = 150


def log_beta(a: Any, b: Any) -> Any:
    return mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)


def beta_geo_terms(parameters: Sequence[float], x: int, t_x: float, age: float, m: int) -> tuple[Any, Any]:
    """Log-likelihoods of being alive at the end and of having dropped out at the last order; m is 1 for MBG/NBD."""
    r, alpha, a, b = map(mp.mpf, parameters)
    buying = mp.loggamma(r + x) - mp.loggamma(r) + r * mp.log(alpha) - log_beta(a, b)
    alive = buying + log_beta(a, b + x + m) - (r + x) * mp.log(alpha + mp.mpf(age))
    if x + m == 0:
        return alive, mp.mpf("-inf")
    return alive, buying + log_beta(a + 1, b + x + m - 1) - (r + x) * mp.log(alpha + mp.mpf(t_x))


def log_sum(one: Any, other: Any) -> Any:
    larger, smaller = max(one, other), min(one, other)
    return larger + mp.log1p(mp.exp(smaller - larger))


def beta_geo(parameters: Sequence[float], x: int, t_x: float, age: float, m: int = 0) -> Any:
    return log_sum(*beta_geo_terms(parameters, x, t_x, age, m))


def beta_geo_alive(parameters: Sequence[float], x: int, t_x: float, age: float, m: int = 0) -> Any:
    alive, gone = beta_geo_terms(parameters, x, t_x, age, m)
    return 1 / (1 + mp.exp(gone - alive))


def beta_geo_expected(parameters: Sequence[float], x: int, t_x: float, age: float, horizon: float, m: int = 0) -> Any:
    """P(alive) times the closed form of Fader, Hardie & Lee (2005), equation 10, in which MBG/NBD has b + 1 for b."""
    r, alpha, a, b = map(mp.mpf, parameters)
    b, age, horizon = b + m, mp.mpf(age), mp.mpf(horizon)
    c = a + b + x - 1
    hyper = mp.hyp2f1(r + x, b + x, c, horizon / (alpha + age + horizon))
    mean = c / (a - 1) * (1 - hyper * ((alpha + age) / (alpha + age + horizon)) ** (r + x))
    return beta_geo_alive(parameters, x, t_x, age, m) * mean


def beta_geo_distribution(parameters: Sequence[float], horizon: float, n: int, m: int = 0) -> Any:
    """Probability of n repeat orders of a new customer; 250 digits more for the tail, which is one minus a sum."""
    with mp.workdps(DIGITS + 250):
        r, alpha, a, b = map(mp.mpf, parameters)
        stays, at = alpha / (alpha + mp.mpf(horizon)), mp.mpf(horizon) / (alpha + mp.mpf(horizon))
        term, below = stays**r, mp.mpf(0)
        for k in range(n):
            below += term
            term *= (r + k) / (k + 1) * at
        alive = mp.exp(log_beta(a, b + n + m) - log_beta(a, b)) * term
        if n + m == 0:
            return alive
        return alive + mp.exp(log_beta(a + 1, b + n + m - 1) - log_beta(a, b)) * (1 - below)


def double_exponential(density: Any, low: Any, high: Any, per_unit: int = 40) -> Any:
    """Integral by the tanh-sinh rule."""
    total = mp.mpf(0)
    for j in range(-5 * per_unit, 5 * per_unit + 1):
        t = mp.mpf(j) / per_unit
        odds = mp.exp(mp.pi * mp.sinh(t))
        share = odds / (1 + odds)
        total += density(low + (high - low) * share) * mp.cosh(t) * share / (1 + odds)
    return total * (high - low) * mp.pi / per_unit


def pareto_parts(parameters: Sequence[float], x: int, t_x: float, age: float) -> tuple[Any, Any, Any]:
    """The logarithm of what the likelihoods of alive and gone share, and what remains of each."""
    r, alpha, s, beta = map(mp.mpf, parameters)
    t_x, silence = mp.mpf(t_x), mp.mpf(age) - mp.mpf(t_x)
    n, a, b = r + x, alpha + t_x, beta + t_x
    scale = min(a, b)
    end = mp.log1p(silence / scale)

    def decay(v: Any) -> Any:
        return n * mp.log1p(scale * mp.expm1(v) / a) + s * mp.log1p(scale * mp.expm1(v) / b)

    def density(v: Any) -> Any:
        return scale * mp.exp(v) * s / (b + scale * mp.expm1(v)) * mp.exp(-decay(v))

    alive = mp.exp(-decay(end))
    if decay(end) > NEGLIGIBLE:
        low = mp.mpf(0)
        for _ in range(60):
            middle = (low + end) / 2
            low, end = (middle, end) if decay(middle) < NEGLIGIBLE else (low, middle)
    gone = double_exponential(density, mp.mpf(0), end) if silence > 0 else mp.mpf(0)
    shared = mp.loggamma(n) - mp.loggamma(r) + r * mp.log(alpha) + s * mp.log(beta) - n * mp.log(a) - s * mp.log(b)
    return shared, alive, gone


def pareto_nbd(parameters: Sequence[float], x: int, t_x: float, age: float) -> Any:
    shared, alive, gone = pareto_parts(parameters, x, t_x, age)
    return shared + mp.log(alive + gone)


def pareto_alive(parameters: Sequence[float], x: int, t_x: float, age: float) -> Any:
    _, alive, gone = pareto_parts(parameters, x, t_x, age)
    return alive / (alive + gone)


def pareto_expected(parameters: Sequence[float], x: int, t_x: float, age: float, horizon: float) -> Any:
    """P(alive) times the mean rate times the mean lifetime within the horizon, s other than 1."""
    r, alpha, s, beta = map(mp.mpf, parameters)
    end = beta + mp.mpf(age)
    lifetime = end / (s - 1) * (1 - (end / (end + mp.mpf(horizon))) ** (s - 1))
    return pareto_alive(parameters, x, t_x, age) * (r + x) / (alpha + mp.mpf(age)) * lifetime


def pareto_distribution(parameters: Sequence[float], x: int, t_x: float, age: float, horizon: float, n: int) -> Any:
    """Probability of n orders within the horizon, n at least 1: as many while alive to its end, or before dropping out in it."""
    r, alpha, s, beta = map(mp.mpf, parameters)
    age, horizon = mp.mpf(age), mp.mpf(horizon)
    total, a, b = r + x + n, alpha + age, beta + age

    def shape(u: Any) -> Any:
        return mp.exp(n * mp.log(u) - total * mp.log(a + u) - s * mp.log(b + u))

    # Times the likelihood of alive at the end of observation without its powers of a and b.
    to_end = shape(horizon)
    within = double_exponential(lambda u: s / (b + u) * shape(u), mp.mpf(0), horizon, per_unit=80)
    constant = mp.loggamma(total) - mp.loggamma(r + x) - mp.loggamma(n + 1) + (r + x) * mp.log(a) + s * mp.log(b)
    return pareto_alive(parameters, x, t_x, age) * mp.exp(constant) * (to_end + within)


def gamma_gamma(parameters: Sequence[float], x: int, mean: float) -> Any:
    p, q, v = map(mp.mpf, parameters)
    mean, n = mp.mpf(mean), p * x
    constant = mp.loggamma(n + q) - mp.loggamma(n) - mp.loggamma(q)
    return constant + q * mp.log(v) + (n - 1) * mp.log(mean) + n * mp.log(x) - (n + q) * mp.log(v + x * mean)


def beta_geo_beta_binom(parameters: Sequence[float], x: int, t_x: int, n: int) -> Any:
    """Sum over the opportunity after which the customer left; each product from the one before, as all terms are positive."""
    alpha, beta, gamma, delta = map(mp.mpf, parameters)
    orders = mp.exp(log_beta(alpha + x, beta + t_x - x) - log_beta(alpha, beta))
    gone = mp.exp(log_beta(gamma + 1, delta + t_x) - log_beta(gamma, delta))
    total = mp.mpf(0)
    for j in range(t_x, n):
        total += orders * gone
        orders *= (beta + j - x) / (alpha + beta + j)
        gone *= (delta + j) / (gamma + delta + j + 1)
    return mp.log(total + orders * mp.exp(log_beta(gamma, delta + n) - log_beta(gamma, delta)))
