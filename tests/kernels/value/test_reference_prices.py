"""Discounts and prices of first-time buyers: shrinkage step by step, its limits, and cells without buyers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmmodels.kernels.value.reference_prices import shrunk_discounts, shrunk_means

N_GROUPS = 4
cells = st.lists(st.tuples(st.integers(0, N_GROUPS - 1), st.integers(0, 50), st.floats(0.0, 0.9)), min_size=1, max_size=20)
Cells = list[tuple[int, int, float]]


def columns(rows: Cells) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    group, quantity, level = (np.array(column) for column in zip(*rows, strict=True))
    return group.astype(np.int64), quantity.astype(np.float64), quantity * level


def test_a_worked_case() -> None:
    """Coffee 10 % off on 30 units in the first of two periods, tea 30 % off on 10; prior weight 10 units.

    All: 6/40 = .15. Coffee: (3 + 1.5)/40 = .1125. Tea: (3 + 1.5)/20 = .225. Wine, without buyers: .15.
    Coffee in period 1: (3 + 1.125)/40 = .103125; in 2, without buyers, .1125. Tea in 1: (3 + 2.25)/20 = .2625.
    """
    category, quantity, off = np.array([0, 0, 1, 2]), np.array([30.0, 0.0, 10.0, 0.0]), np.array([3.0, 0.0, 3.0, 0.0])
    found = shrunk_discounts(category, quantity, off, 3, shrinkage=10.0)
    assert found.overall == pytest.approx(0.15)
    np.testing.assert_allclose(found.category, [0.1125, 0.225, 0.15], rtol=1e-14)
    np.testing.assert_allclose(found.cell, [0.103125, 0.1125, 0.2625, 0.15], rtol=1e-14)


@given(cells, st.floats(0.001, 1e3))
def test_shrinkage_is_that_many_more_units_at_the_mean_above(rows: Cells, shrinkage: float) -> None:
    group, quantity, total = columns(rows)
    found = shrunk_discounts(group, quantity, total, N_GROUPS, shrinkage=shrinkage)
    if not quantity.sum():
        assert np.isnan(found.overall)
        assert np.isnan(found.cell).all()
        return
    assert found.overall == pytest.approx(total.sum() / quantity.sum(), rel=1e-12)
    for code in range(N_GROUPS):
        inside = group == code
        expected = (total[inside].sum() + shrinkage * found.overall) / (quantity[inside].sum() + shrinkage)
        assert found.category[code] == pytest.approx(expected, rel=1e-9)
    for row, code in enumerate(group):
        expected = (total[row] + shrinkage * found.category[code]) / (quantity[row] + shrinkage)
        assert found.cell[row] == pytest.approx(expected, rel=1e-9)


@given(cells)
def test_without_shrinkage_a_cell_is_its_own_mean_and_an_empty_one_its_category_s(rows: Cells) -> None:
    group, quantity, total = columns(rows)
    found = shrunk_discounts(group, quantity, total, N_GROUPS, shrinkage=0.0)
    for row, code in enumerate(group):
        if quantity[row]:
            assert found.cell[row] == pytest.approx(total[row] / quantity[row], rel=1e-12)
        elif quantity[group == code].any():
            assert found.cell[row] == found.category[code]
            assert found.category[code] == pytest.approx(total[group == code].sum() / quantity[group == code].sum(), rel=1e-12)
        elif quantity.any():
            assert found.cell[row] == found.overall


@given(cells)
def test_endless_shrinkage_leaves_one_discount(rows: Cells) -> None:
    group, quantity, total = columns(rows)
    found = shrunk_discounts(group, quantity, total, N_GROUPS, shrinkage=1e15)
    np.testing.assert_allclose(found.cell, found.overall, rtol=0, atol=1e-11)


@given(cells, st.floats(0.0, 1e3))
def test_a_discount_lies_between_its_own_mean_and_that_of_its_category(rows: Cells, shrinkage: float) -> None:
    group, quantity, total = columns(rows)
    found = shrunk_discounts(group, quantity, total, N_GROUPS, shrinkage=shrinkage)
    bought = quantity > 0
    own, above = total[bought] / quantity[bought], found.category[group[bought]]
    assert np.all(found.cell[bought] >= np.minimum(own, above) - 1e-12)
    assert np.all(found.cell[bought] <= np.maximum(own, above) + 1e-12)


def test_prices_are_drawn_to_the_article_and_never_to_other_articles() -> None:
    """A pen at 1 and a piano at 5,000; the piano was bought first in one period only, the drum by no first-time buyer."""
    sku, quantity = np.array([0, 0, 1, 1, 2]), np.array([30.0, 10.0, 2.0, 0.0, 0.0])
    paid = np.array([30.0, 14.0, 10_000.0, 0.0, 0.0])
    found = shrunk_means(sku, quantity, paid, 3, shrinkage=10.0)
    np.testing.assert_allclose(found.sku, [1.1, 5000.0, np.nan], rtol=1e-14)
    np.testing.assert_allclose(found.cell, [41.0 / 40.0, 25.0 / 20.0, 5000.0, 5000.0, np.nan], rtol=1e-14)


@given(cells, st.floats(0.0, 100.0), st.sampled_from([0.01, 3.0, 100.0]))
def test_prices_scale_with_the_currency(rows: Cells, shrinkage: float, factor: float) -> None:
    group, quantity, paid = columns(rows)
    found = shrunk_means(group, quantity, paid, N_GROUPS, shrinkage=shrinkage)
    scaled = shrunk_means(group, quantity, factor * paid, N_GROUPS, shrinkage=shrinkage)
    np.testing.assert_allclose(scaled.cell, factor * found.cell, rtol=1e-12)
    np.testing.assert_array_equal(np.isnan(found.sku), np.bincount(group, quantity, N_GROUPS) == 0)
