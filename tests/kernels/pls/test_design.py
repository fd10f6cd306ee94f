"""Path designs: who explains whom, and in which order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmmodels.kernels.pls.design import PathDesign, topological_order


@pytest.fixture
def design():
    paths = np.array([[0, 1, 1], [0, 0, 0], [0, 1, 0]], bool)
    return PathDesign((np.array([2, 0]), np.array([1]), np.array([3, 4])), paths, ("A", "A", "B"), "path", 5)


def test_predecessors_and_successors_are_the_ends_of_paths(design):
    assert design.predecessors(1).tolist() == [0, 2]
    assert design.predecessors(0).tolist() == []
    assert design.successors(0).tolist() == [1, 2]


def test_entries_lay_the_blocks_end_to_end(design):
    assert design.entries.tolist() == [2, 0, 1, 3, 4]
    assert design.owners.tolist() == [0, 0, 1, 2, 2]
    assert design.starts.tolist() == [0, 2, 3]


def test_membership_marks_each_block(design):
    assert design.membership.sum(axis=0).tolist() == [2, 1, 2]
    assert design.membership[design.entries, design.owners].all()


def test_neighbours_are_joined_either_way(design):
    assert design.neighbours[1].tolist() == [True, False, True]
    assert (design.neighbours == design.neighbours.T).all()


@given(st.integers(2, 8), st.randoms(use_true_random=False))
def test_every_path_of_an_acyclic_graph_leads_forward_in_the_order(count, random):
    upper = np.triu(np.array([[random.random() < 0.5 for _ in range(count)] for _ in range(count)]), 1)
    shuffle = np.array(random.sample(range(count), count))
    paths = upper[np.ix_(shuffle, shuffle)]
    order = topological_order(paths)
    assert sorted(order.tolist()) == list(range(count))
    rank = np.argsort(order)
    start, end = np.nonzero(paths)
    assert (rank[start] < rank[end]).all()


def test_a_cycle_and_what_it_leads_to_are_missing_from_the_order():
    paths = np.zeros((5, 5), bool)
    paths[0, 1] = paths[1, 2] = paths[2, 1] = paths[2, 3] = True
    assert topological_order(paths).tolist() == [0, 4]
