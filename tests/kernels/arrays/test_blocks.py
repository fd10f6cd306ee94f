"""Blocks on threads: the same answer on any number of threads, in order."""

from __future__ import annotations

import contextlib
import threading

import numpy as np
import pytest

from crmmodels.kernels.arrays import blocks
from crmmodels.kernels.arrays.blocks import in_blocks, told_of_blocks


@pytest.mark.parametrize("n_rows", [0, 1, 7, 8, 9, 1000])
def test_every_row_is_worked_on_once_and_in_order(n_rows):
    rows = np.arange(n_rows)
    parts = in_blocks(lambda block: rows[block].copy(), n_rows, 8)
    assert np.concatenate([*parts, np.zeros(0, int)]).tolist() == rows.tolist()
    assert all(len(part) == 8 for part in parts[:-1])


def test_the_number_of_threads_does_not_matter(monkeypatch):
    x = np.random.default_rng(0).random(100_000)
    sums = []
    for n_threads in (1, 2, 5):
        monkeypatch.setattr(blocks, "_processors", lambda n=n_threads: n)
        sums.append(sum(in_blocks(lambda block: float(x[block].sum()), len(x), 1000)))
    assert sums[0] == sums[1] == sums[2]


def test_threads_are_used(monkeypatch):
    monkeypatch.setattr(blocks, "_processors", lambda: 2)
    together = threading.Barrier(2, timeout=30)
    in_blocks(lambda _: together.wait(), 16, 1)


def test_an_error_in_a_block_reaches_the_caller():
    def work(block: slice) -> None:
        if block.start == 90:
            msg = "row 90"
            raise ZeroDivisionError(msg)

    with pytest.raises(ZeroDivisionError, match="row 90"):
        in_blocks(work, 100, 10)


@pytest.mark.parametrize("n_rows", [10, 1000])
def test_blocks_are_told_of_from_the_thread_that_asked(n_rows):
    seen, threads = [], set()

    def on_block(*progress: int) -> None:
        seen.append(progress)
        threads.add(threading.get_ident())

    def work(rows: slice) -> int:
        return rows.stop

    with told_of_blocks(on_block):
        told = in_blocks(work, n_rows, 10)
    assert told == in_blocks(work, n_rows, 10)
    assert seen == [(done, n_rows // 10) for done in range(1, n_rows // 10 + 1)]
    assert threads == {threading.get_ident()}


def test_a_context_gives_way_to_the_one_within_and_ends_by_an_exception():
    outer, inner = [], []
    with told_of_blocks(lambda *_: outer.append(1)):
        with contextlib.suppress(KeyError), told_of_blocks(lambda *_: inner.append(1)):
            in_blocks(lambda rows: rows, 3, 1)
            raise KeyError
        in_blocks(lambda rows: rows, 2, 1)
    in_blocks(lambda rows: rows, 5, 1)
    assert (len(outer), len(inner)) == (2, 3)
