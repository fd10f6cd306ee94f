"""Pareto/NBD: chances of numbers of orders against published ones, 40-digit arithmetic and laws."""

from __future__ import annotations

import dataclasses
from itertools import pairwise
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from crmmodels.kernels.purchase.pareto_nbd.distribution import purchase_distribution, purchase_distribution_new
from crmmodels.kernels.purchase.pareto_nbd.likelihood import ParetoNBDParameters
from crmmodels.kernels.purchase.pareto_nbd.predictions import (
    expected_purchases,
    expected_purchases_new,
    probability_no_purchase,
)

LAWS = settings(max_examples=60, deadline=None)

# Recomputed to convergence from the exact days of the CDNOW sample, 39 weeks; first printed in Fader, Hardie & Lee (2005), Table 2.
PUBLISHED = (0.5532770469, 10.57768346, 0.606239989, 11.66873528)
CDNOW = ParetoNBDParameters(*PUBLISHED)
moderate = st.tuples(*[st.floats(0.1, 20.0)] * 4).map(lambda values: ParetoNBDParameters(*values))


def array(*values: float) -> np.ndarray:
    return np.array(values, np.float64)


def double_exponential(low: Any, high: Any, per_unit: int = 40) -> list[tuple[Any, Any]]:
    """Nodes and weights of the tanh-sinh rule."""
    nodes = []
    for j in range(-5 * per_unit, 5 * per_unit + 1):
        t = mp.mpf(j) / per_unit
        odds = mp.exp(mp.pi * mp.sinh(t))
        share = odds / (1 + odds)
        nodes.append((low + (high - low) * share, (high - low) * mp.pi * mp.cosh(t) * share / (1 + odds) / per_unit))
    return nodes


def test_published_distribution_of_new_customers() -> None:
    chances = [0.593532383898, 0.165585364071, 0.0825042511836, 0.0490523645292]
    np.testing.assert_allclose(purchase_distribution_new(39, 3, CDNOW), chances, rtol=1e-11)


def exact_chance(k: int, horizon: float, r: float, alpha: float, s: float, beta: float) -> float:
    """P(X(t) = k) in 40 digits, the integral over the age of dropout in pieces about where it is largest."""
    with mp.workdps(40):
        r, alpha, s, beta, t = (mp.mpf(v) for v in (r, alpha, s, beta, horizon))

        def log_density(z: Any) -> Any:
            u = mp.exp(z)
            return z - r * mp.log1p(u / alpha) - k * mp.log1p(alpha / u) - (s + 1) * mp.log1p(u / beta) + mp.log(s / beta)

        middle, end = (k - s) * alpha + (1 - r) * beta, mp.log(t)
        root = mp.sqrt(middle**2 + 4 * (r + s) * (k + 1) * alpha * beta)
        peak = min(end, mp.log((middle + root) / (2 * (r + s))))
        steps = [mp.mpf(d) / 100 for d in (1, 3, 6, 12, 25, 50, 100, 200, 400, 800, 1500, 3000, 6000)]
        edges = [peak - d for d in reversed(steps)] + [peak] + [peak + d for d in steps if peak + d < end]
        edges += [end] if edges[-1] < end else []
        gone = mp.mpf(0)
        for low, high in pairwise(edges):
            gone += sum(w * mp.exp(log_density(z)) for z, w in double_exponential(low, high, 6))
        alive = -r * mp.log1p(t / alpha) - k * mp.log1p(alpha / t) - s * mp.log1p(t / beta)
        return float(mp.exp(mp.loggamma(r + k) - mp.loggamma(r) - mp.loggamma(k + 1)) * (mp.exp(alive) + gone))


@pytest.mark.parametrize("k", [0, 1, 20, 171, 200, 1000])
def test_chances_of_any_number_agree_with_40_digits(k: int) -> None:
    expected = exact_chance(k, 390.0, *PUBLISHED)
    assert purchase_distribution_new(390.0, 1000, CDNOW)[k] == pytest.approx(expected, rel=1e-11)


def test_chances_agree_with_40_digits_over_the_domain() -> None:
    rng = np.random.default_rng(9)
    for _ in range(12):
        parameters = ParetoNBDParameters(*(10 ** rng.uniform(-3, 3, 4)).tolist())
        k, horizon = int(rng.choice([0, 1, 5, 60, 700])), float(10 ** rng.uniform(-3, 6))
        expected = exact_chance(k, horizon, *dataclasses.astuple(parameters))
        assert purchase_distribution_new(horizon, k, parameters)[k] == pytest.approx(expected, rel=1e-10, abs=1e-300)


@LAWS
@given(moderate, st.floats(0.1, 30.0))
def test_the_distribution_of_new_customers_sums_to_one_and_has_the_expected_mean(
    parameters: ParetoNBDParameters, horizon: float
) -> None:
    assume(horizon < 3 * parameters.alpha)
    chances = purchase_distribution_new(horizon, 600, parameters)
    assert chances.sum() == pytest.approx(1.0, abs=1e-11)
    mean = expected_purchases_new(array(horizon), parameters)[0]
    assert chances @ np.arange(601.0) == pytest.approx(mean, rel=1e-10)


@LAWS
@given(moderate, st.integers(0, 30), st.floats(0.0, 1.0), st.floats(0.5, 40.0), st.floats(0.1, 20.0))
def test_the_distribution_of_a_customer_has_her_expectation(
    parameters: ParetoNBDParameters, x: int, share: float, age: float, horizon: float
) -> None:
    row = array(x), array(share * age * (x > 0)), array(age)
    assume(horizon < 3 * (parameters.alpha + age))
    chances = purchase_distribution(*row, horizon, 800, parameters)[0]
    assert chances.sum() == pytest.approx(1.0, abs=1e-11)
    assert chances[0] == pytest.approx(probability_no_purchase(*row, horizon, parameters)[0], rel=1e-11)
    mean = expected_purchases(*row, horizon, parameters)[0]
    assert chances @ np.arange(801.0) == pytest.approx(mean, rel=1e-9, abs=1e-290)
