"""The score of dropout at the NBD model against the likelihood of Pareto/NBD with next to no dropout."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmmodels.kernels.purchase.histories import PurchaseTable
from crmmodels.kernels.purchase.pareto_nbd.likelihood import log_likelihood
from crmmodels.kernels.purchase.pareto_nbd.score import dropout_score

BETAS = np.array([0.1, 1.0, 10.0, 100.0, 1e4])


def random_table(seed: int, n: int = 200, unit: float = 1.0) -> PurchaseTable:
    rng = np.random.default_rng(seed)
    age = rng.uniform(50.0, 300.0, n)
    x = rng.poisson(rng.gamma(0.8, 5.0, n)).astype(np.float64)
    last = np.where(x > 0, age * rng.beta(np.maximum(x, 1.0), 1.0), 0.0)
    return PurchaseTable(x, unit * last, unit * age, rng.integers(1, 4, n).astype(np.float64))


def next_to_no_dropout(r: float, alpha: float, beta: float, table: PurchaseTable, s: float = 1e-9) -> float:
    return float(log_likelihood(np.log([r, alpha, s, beta]), table).gradient[2]) / s


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.floats(0.05, 20.0), st.floats(1.0, 1e3))
def test_slope_is_that_of_the_likelihood(seed: int, r: float, alpha: float) -> None:
    table = random_table(seed)
    score = dropout_score(r, alpha, BETAS, table)
    expected = [next_to_no_dropout(r, alpha, beta, table) for beta in BETAS.tolist()]
    # The likelihood is not linear in s where a silence of e^20 times the chance is explained.
    bound = 1e-4 * np.sqrt(score.information * table.weight.sum()) + 1e-6 * score.information
    assert (np.abs(score.slope - expected) <= bound).all()


def test_customers_who_order_without_end_say_the_same_in_any_unit() -> None:
    here = dropout_score(0.8, 30.0, BETAS, random_table(1))
    there = dropout_score(0.8, 30.0 * 7.0, 7.0 * BETAS, random_table(1, unit=7.0))
    assert there.slope == pytest.approx(here.slope, rel=1e-9)
    assert there.information == pytest.approx(here.information, rel=1e-9)


def test_customers_who_just_ordered_speak_against_dropout() -> None:
    """With T = t_x the slope is minus log(1 + T / beta)."""
    age = np.array([10.0, 20.0])
    score = dropout_score(1.0, 5.0, BETAS, PurchaseTable(np.array([2.0, 3.0]), age, age, np.array([1.0, 2.0])))
    terms = -np.log1p(age / BETAS[:, None])
    assert score.slope == pytest.approx(terms @ [1.0, 2.0])
    assert score.information == pytest.approx(terms**2 @ [1.0, 2.0])
    assert score.gain == pytest.approx(np.zeros(len(BETAS)))


def test_a_silence_that_no_rate_explains_stays_a_number() -> None:
    table = PurchaseTable(np.array([2000.0]), np.array([10.0]), np.array([400.0]), np.ones(1))
    score = dropout_score(0.5, 1.0, BETAS, table)
    assert np.isfinite(score.gain).all()
    assert (score.gain > 0).all()


def test_many_customers_are_the_sum_of_their_blocks() -> None:
    table = random_table(5, n=20_000)
    whole = dropout_score(0.8, 30.0, BETAS, table)
    halves = [
        dropout_score(0.8, 30.0, BETAS, PurchaseTable(*(getattr(table, name)[rows] for name in table.__dataclass_fields__)))
        for rows in (slice(0, 7000), slice(7000, None))
    ]
    assert whole.slope == pytest.approx(halves[0].slope + halves[1].slope, rel=1e-9)
