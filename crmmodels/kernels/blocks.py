"""Long arrays in cache-sized blocks on a thread pool."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

T = TypeVar("T")

_FEWEST_BLOCKS: Final = 8
"""Below this number of blocks starting threads costs more than it gains."""


def in_blocks(work: Callable[[slice], T], n_rows: int, block_rows: int) -> list[T]:
    """Apply a function to consecutive blocks of rows, on as many threads as there are processors.

    Parameters
    ----------
    work : callable
        From the slice of a block to its result; it is called from several threads at once and must write to no more than its rows.
    n_rows : int
        Rows in all.
    block_rows : int
        Rows of a block, all but the last; choose it so that the arrays of a block fit in a processor's cache.

    Returns
    -------
    list
        Results in the order of the blocks, which depend neither on the number of threads nor on which is done first.
    """
    blocks = [slice(first, min(first + block_rows, n_rows)) for first in range(0, n_rows, block_rows)]
    n_threads = min(_processors(), len(blocks))
    if n_threads < 2 or len(blocks) < _FEWEST_BLOCKS:
        return [work(block) for block in blocks]
    with ThreadPoolExecutor(n_threads) as pool:
        return list(pool.map(work, blocks))


def _processors() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
