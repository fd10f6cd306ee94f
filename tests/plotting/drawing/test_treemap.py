from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmmodels.plotting.drawing.treemap import squarified

SIZES = st.lists(st.integers(0, 10**7) | st.floats(1e-6, 1e9), min_size=1, max_size=40).filter(any)
ASPECTS = st.floats(0.1, 10)


@given(SIZES, ASPECTS)
def test_areas_are_proportional_to_the_sizes(sizes, aspect):
    tiles = squarified(np.array(sizes, np.float64), aspect)
    np.testing.assert_allclose(tiles[:, 2] * tiles[:, 3], np.array(sizes) / np.sum(sizes), rtol=1e-6, atol=1e-12)


@given(SIZES, ASPECTS)
def test_tiles_lie_inside_the_unit_square(sizes, aspect):
    left, bottom, width, height = squarified(np.array(sizes, np.float64), aspect).T
    assert (left >= 0).all()
    assert (bottom >= 0).all()
    assert (width >= 0).all()
    assert (height >= 0).all()
    assert (left + width <= 1 + 1e-12).all()
    assert (bottom + height <= 1 + 1e-12).all()


@given(SIZES, ASPECTS)
def test_tiles_do_not_overlap(sizes, aspect):
    tiles = squarified(np.array(sizes, np.float64), aspect)
    for k, (left, bottom, width, height) in enumerate(tiles):
        others = np.delete(tiles, k, axis=0)
        across = np.minimum(left + width, others[:, 0] + others[:, 2]) - np.maximum(left, others[:, 0])
        up = np.minimum(bottom + height, others[:, 1] + others[:, 3]) - np.maximum(bottom, others[:, 1])
        assert not ((across > 1e-9) & (up > 1e-9)).any()


@given(st.lists(st.integers(1, 10**6), min_size=2, max_size=12, unique=True), ASPECTS, st.randoms())
def test_the_order_of_the_sizes_does_not_matter(sizes, aspect, random):
    shuffled = list(sizes)
    random.shuffle(shuffled)
    tiles = dict(zip(shuffled, squarified(np.array(shuffled, np.float64), aspect).tolist(), strict=True))
    assert [tiles[size] for size in sizes] == squarified(np.array(sizes, np.float64), aspect).tolist()


def test_the_published_example():
    # Bruls, Huizing & van Wijk (2000), section 3.1 and figure 4: areas 6, 6, 4, 3, 2, 2, 1 in a rectangle of 6 x 4.
    tiles = squarified(np.array([6.0, 6, 4, 3, 2, 2, 1]), aspect=6 / 4) * [6, 4, 6, 4]
    expected = [[3, 2], [3, 2], [12 / 7, 7 / 3], [9 / 7, 7 / 3], [6 / 5, 5 / 3], [6 / 5, 5 / 3], [3 / 5, 5 / 3]]
    np.testing.assert_allclose(tiles[:, 2:], expected)
    np.testing.assert_allclose(tiles[0, :2], [0, 2])


def test_tiles_are_squarer_than_slices():
    sizes = np.ones(16)
    tiles = squarified(sizes)
    np.testing.assert_allclose(tiles[:, 2:], 0.25)


@pytest.mark.parametrize("sizes", [[1.0, 0.0], [0.0, 1.0, 0.0]])
def test_a_size_of_zero_has_a_tile_without_extent(sizes):
    tiles = squarified(np.array(sizes))
    np.testing.assert_allclose(tiles[np.array(sizes) == 0, 2:], 0)
    np.testing.assert_allclose(tiles[np.array(sizes) == 1], [[0, 0, 1, 1]])
