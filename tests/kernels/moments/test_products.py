"""The layout of products against the sums it stands for."""

from __future__ import annotations

import numpy as np
import pytest

from crmmodels.kernels.moments.moments import centring, product_sums
from crmmodels.kernels.moments.products import EXACT_IN_SINGLE, ProductLayout


def survey(seed: int, n: int = 30, p: int = 4, missing: float = 0.2, whole: bool = True) -> np.ndarray:
    rng = np.random.default_rng(seed)
    items = rng.normal(6, 2, (n, 1)) + rng.normal(size=(n, p))
    items = np.clip(np.rint(items), 1, 10) if whole else items
    items[rng.random(items.shape) < missing] = np.nan
    items[0] = 5.0
    return items


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("partial", [(), (1,), (0, 3), (0, 1, 2, 3)])
def test_products_sum_to_the_sums(partial: tuple[int, ...], weighted: bool) -> None:
    items = survey(1, missing=0.0)
    for item in partial:
        items[item + 2 :: 5, item] = np.nan
    weight = np.random.default_rng(1).uniform(size=30) if weighted else None
    layout = ProductLayout(centring(items), 4, weighted)
    products = layout.products(items, weight)
    assert products.shape == (layout.n_products, 30)
    found = layout.sums(products.sum(axis=1)[np.newaxis], np.array([30.0]))
    expected = product_sums(items, layout.found, weight)
    assert found.total[0] == pytest.approx(expected.total)
    assert found.first[0] == pytest.approx(expected.first)
    assert found.second[0] == pytest.approx(expected.second)
    assert (found.both is None) == (expected.both is None) == (not partial)
    if partial:
        assert found.both[0] == pytest.approx(expected.both)
        assert found.first_where[0] == pytest.approx(expected.first_where)


def test_single_precision_only_where_it_is_exact() -> None:
    rng = np.random.default_rng(1)
    scales = {10: True, 100: True, 1000: False}
    for top, exact in scales.items():
        layout = ProductLayout(centring(rng.integers(0, top + 1, (500, 3)).astype(float)), 3, is_weighted=False)
        assert layout.can_be_exact == exact
        assert not exact or layout.rows * layout.largest < EXACT_IN_SINGLE
    whole = centring(rng.integers(0, 11, (50, 3)).astype(float))
    assert not ProductLayout(whole, 3, is_weighted=True).can_be_exact
    assert not ProductLayout(centring(rng.normal(size=(50, 3))), 3, is_weighted=False).can_be_exact
