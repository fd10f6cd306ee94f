"""Long arrays in cache-sized blocks on a thread pool."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, TypeAlias, TypeVar

T = TypeVar("T")

_FEWEST_BLOCKS: Final = 8
"""Below this number of blocks starting threads costs more than it gains."""

OnBlock: TypeAlias = Callable[[int, int], None]
_ON_BLOCK: Final[ContextVar[OnBlock | None]] = ContextVar("crmmodels_on_block", default=None)


@contextmanager
def told_of_blocks(on_block: OnBlock) -> Iterator[None]:
    """Call back after each block, within a context: a callback for all formulas, none of which has to hand it on.

    Parameters
    ----------
    on_block : callable
        Called with blocks done and in all, from the thread that entered the context.

    Yields
    ------
    None
        Results are those without it.
    """
    before = _ON_BLOCK.get()
    _ON_BLOCK.set(on_block)
    try:
        yield
    finally:
        _ON_BLOCK.set(before)


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
        return _told(map(work, blocks), len(blocks))
    with ThreadPoolExecutor(n_threads) as pool:
        return _told(pool.map(work, blocks), len(blocks))


def _told(results: Iterable[T], n_blocks: int) -> list[T]:
    """Results as they come, each told of."""
    on_block = _ON_BLOCK.get()
    if on_block is None:
        return list(results)
    found = []
    for result in results:
        found.append(result)
        on_block(len(found), n_blocks)
    return found


def _processors() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
