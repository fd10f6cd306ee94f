from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import crmmodels as crm
from crmmodels.plotting.survey.layout import arrows_through, label_spots, lay_out

SIZE = np.array([1.6, 1.1])


def graph_of(template):
    """Constructs that paths join, by number."""
    paths = crm.structural_templates()[template].paths
    names = list(dict.fromkeys(end for path in paths for end in (path.source, path.target)))
    return len(names), [(names.index(path.source), names.index(path.target)) for path in paths]


@st.composite
def graphs(draw):
    """Graphs without a circle, in which every construct is on a path."""
    n = draw(st.integers(2, 10))
    pairs = {(draw(st.integers(0, k - 1)), k) for k in range(1, n)}
    pairs |= draw(st.sets(st.sampled_from(list(combinations(range(n), 2))), max_size=n))
    return n, sorted(pairs)


def touches(start, end, corner, size):
    """Whether a line enters a rectangle, at one of many points."""
    points = start + np.linspace(0.0, 1.0, 4001)[:, None] * (end - start)
    return bool(((points >= corner) & (points <= corner + size)).all(axis=1).any())


@given(graphs())
def test_causes_stand_to_the_left_and_no_two_constructs_on_one_place(graph):
    n, pairs = graph
    layout = lay_out(n, pairs)
    assert all(layout.column[source] < layout.column[target] for source, target in pairs)
    assert len(set(zip(layout.column.tolist(), layout.level.tolist(), strict=True))) == n


@given(graphs())
def test_a_column_is_the_longest_way_to_it(graph):
    n, pairs = graph
    column = lay_out(n, pairs).column
    for k in range(n):
        assert column[k] == max((column[source] + 1 for source, target in pairs if target == k), default=0)


@pytest.mark.parametrize("template", list(crm.structural_templates()))
def test_no_arrow_of_a_template_runs_through_the_middle_of_a_construct(template):
    n, pairs = graph_of(template)
    layout = lay_out(n, pairs)
    places = np.column_stack([layout.column, layout.level])
    assert arrows_through(places, np.full((n, 2), 0.3), pairs) == 0


def test_a_construct_on_the_straight_line_of_an_arrow_moves_aside():
    layout = lay_out(3, [(0, 1), (1, 2), (0, 2)])
    assert not layout.level[0] == layout.level[1] == layout.level[2]


def test_a_chain_is_straight():
    assert len(set(lay_out(4, [(0, 1), (1, 2), (2, 3)]).level.tolist())) == 1


@given(st.integers(0, 10_000))
def test_arrows_through_constructs_are_those_that_enter_their_rectangles(seed):
    rng = np.random.default_rng(seed)
    places, sizes = rng.integers(-4, 5, (4, 2)).astype(float), rng.uniform(0.3, 3.0, (4, 2))
    pairs = [(0, 1), (1, 2), (3, 0)]
    expected = sum(
        touches(places[source], places[target], places[k] - sizes[k] / 2, sizes[k])
        for source, target in pairs
        for k in range(4)
        if k not in (source, target)
    )
    grown = arrows_through(places, sizes + 0.01, pairs)
    assert arrows_through(places, np.maximum(sizes - 0.01, 0.0), pairs) <= expected <= grown


@given(graphs())
def test_labels_stand_on_their_arrows_outside_of_the_ends(graph):
    n, pairs = graph
    layout = lay_out(n, pairs)
    places = np.column_stack([3.0 * layout.column, 2.5 * layout.level])
    halves = np.tile(SIZE / 2.0, (n, 1))
    for spot, (source, target) in zip(label_spots(places, halves, pairs), pairs, strict=True):
        along, to_spot = places[target] - places[source], spot - places[source]
        assert abs(along[0] * to_spot[1] - along[1] * to_spot[0]) < 1e-9
        assert 0 < to_spot @ along < along @ along
        for end in (source, target):
            assert (np.abs(spot - places[end]) > halves[end] - 1e-9).any()


def test_labels_of_crossing_arrows_stand_apart():
    places = np.array([[0.0, 0.0], [0.0, 4.0], [8.0, 0.0], [8.0, 4.0]])
    first, second = label_spots(places, np.full((4, 2), 0.5), [(0, 3), (1, 2)])
    assert (np.abs(first - second) >= [0.6, 0.22]).any()
    assert not np.allclose(first, [4.0, 2.0])
