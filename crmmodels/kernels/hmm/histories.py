"""Histories of counts, distinct ones once, without padding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from crmmodels._typing import AnyArray, BoolArray, FloatArray, IntArray

_LARGEST_TABLE: Final = 1 << 24
"""Pairs of count and exposure that are looked up in a table rather than sorted."""
_CELLS_AT_ONCE: Final = 1 << 20
_WHOLE: Final = 4096
"""Whole numbers below it are looked up in a table rather than sorted."""


@dataclass(frozen=True, slots=True, eq=False)
class Histories:
    """Distinct histories of counts with exposures, the longest first, and how many customers have each.

    Attributes
    ----------
    symbol : ndarray of int32, shape (n_cells,)
        Pair of count and exposure of each period, history after history.
    start : ndarray of int64, shape (n_histories,)
        First cell of each history.
    length : ndarray of int64, shape (n_histories,)
        Periods of each history, never ascending.
    weight : ndarray of float64, shape (n_histories,)
        Customers who have it.
    count, exposure : ndarray of float64, shape (n_symbols,)
        What each pair stands for.
    history : ndarray of int64, shape (n_customers,)
        Which history is each customer's.
    """

    symbol: AnyArray
    start: IntArray
    length: IntArray
    weight: FloatArray
    count: FloatArray
    exposure: FloatArray
    history: IntArray

    def __len__(self) -> int:
        """Number of distinct histories."""
        return len(self.start)


def histories_of(count: FloatArray, exposure: FloatArray, length: IntArray) -> Histories:
    """Reduce the histories of customers to distinct ones.

    Parameters
    ----------
    count : ndarray of float64, shape (n_cells,)
        Counts, 0 or more, customer after customer and period after period.
    exposure : ndarray of float64, shape (n_cells,)
        Share of each period that was observed, above 0.
    length : ndarray of int64, shape (n_customers,)
        Periods of each customer, 1 or more.

    Returns
    -------
    Histories
        In an order that depends on what the histories hold, and not on that of the customers.
    """
    symbol, counts, exposures = _symbols(count, exposure)
    start = np.concatenate([[0], np.cumsum(length)[:-1]]).astype(np.int64)
    rng = np.random.default_rng(0)
    while True:
        key = _keys(symbol, start, length, rng)
        _, first, inverse, n_customers = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
        if _are_alike(symbol, start, length, first[inverse]):
            break
    order = np.lexsort((key[first], -length[first]))
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    chosen = first[order]
    begin = np.concatenate([[0], np.cumsum(length[chosen])[:-1]]).astype(np.int64)
    return Histories(
        _gathered(symbol, start[chosen], length[chosen]),
        begin,
        length[chosen].astype(np.int64),
        n_customers[order].astype(np.float64),
        counts,
        exposures,
        rank[inverse],
    )


@dataclass(frozen=True, slots=True, eq=False)
class Totals:
    """Sums over the periods of each history.

    Attributes
    ----------
    count, exposure : ndarray of float64, shape (n_histories,)
        Orders, and periods observed.
    """

    count: FloatArray
    exposure: FloatArray


def totals(histories: Histories) -> Totals:
    """Orders and time of each history.

    Parameters
    ----------
    histories : Histories
        The histories.

    Returns
    -------
    Totals
        Two sums.
    """
    count = np.zeros(len(histories))
    exposure = np.zeros(len(histories))
    for period in range(int(histories.length.max())):
        n = int(np.searchsorted(-histories.length, -period, side="left"))
        symbol = histories.symbol[histories.start[:n] + period]
        count[:n] += histories.count[symbol]
        exposure[:n] += histories.exposure[symbol]
    return Totals(count, exposure)


def _symbols(count: FloatArray, exposure: FloatArray) -> tuple[AnyArray, FloatArray, FloatArray]:
    """Pair of each cell, ascending by exposure and count, and the pairs."""
    counts, exposures = _Values(count), _Values(exposure)
    n_counts, n_pairs = len(counts.distinct), len(counts.distinct) * len(exposures.distinct)
    is_small = n_pairs <= _LARGEST_TABLE
    pair = np.empty(len(count), np.int32 if is_small else np.int64)
    for part in _parts(len(count)):
        pair[part] = exposures.codes(exposure[part]) * n_counts + counts.codes(count[part])
    if is_small:
        used = np.zeros(n_pairs, np.bool_)
        for part in _parts(len(count)):
            used[pair[part]] = True
        pairs = np.flatnonzero(used)
        rank = np.cumsum(used, dtype=np.int32) - np.int32(1)
        for part in _parts(len(count)):
            pair[part] = rank[pair[part]]
        symbol: AnyArray = pair
    else:
        pairs, inverse = np.unique(pair, return_inverse=True)
        symbol = inverse.astype(np.int32)
    return symbol, counts.distinct[pairs % n_counts], exposures.distinct[pairs // n_counts]


class _Values:
    """Distinct values of a column, ascending; whole numbers by table, the others, and few of them, by sorting."""

    def __init__(self, values: FloatArray) -> None:
        seen = np.zeros(_WHOLE, np.bool_)
        others = []
        for part in _parts(len(values)):
            some = values[part]
            whole = _is_small_and_whole(some)
            seen[some[whole].astype(np.int64)] = True
            others.append(np.unique(some[~whole]))
        present = np.flatnonzero(seen)
        self.distinct: FloatArray = np.unique(np.concatenate([present.astype(np.float64), *others]))
        self._code = np.zeros(_WHOLE, np.int64)
        self._code[present] = np.searchsorted(self.distinct, present)

    def codes(self, values: FloatArray) -> IntArray:
        """Position of each value among the distinct ones."""
        whole = _is_small_and_whole(values)
        code = np.empty(len(values), np.int64)
        code[whole] = self._code[values[whole].astype(np.int64)]
        code[~whole] = np.searchsorted(self.distinct, values[~whole])
        return code


def _is_small_and_whole(values: FloatArray) -> BoolArray:
    found: BoolArray = (values < _WHOLE) & (values == np.floor(values))
    return found


def _parts(n: int) -> Iterator[slice]:
    """Parts of so many cells that what is made of them takes little memory."""
    return (slice(low, low + _CELLS_AT_ONCE) for low in range(0, n, _CELLS_AT_ONCE))


def _gathered(symbol: AnyArray, start: IntArray, length: IntArray) -> AnyArray:
    """Symbols of some histories, one history after the other."""
    ends = np.cumsum(length)
    found = np.empty(int(ends[-1]), symbol.dtype)
    step = max(1, _CELLS_AT_ONCE // int(length.max()))
    for low in range(0, len(start), step):
        part = slice(low, low + step)
        found[int(ends[low] - length[low]) : int(ends[part][-1])] = symbol[cells_of(start[part], length[part])]
    return found


def _keys(symbol: AnyArray, start: IntArray, length: IntArray, rng: np.random.Generator) -> AnyArray:
    """A number per history that differs, almost surely, where the histories do."""
    factor = rng.integers(0, 1 << 63, int(length.max()) + 1, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    key: AnyArray = length.astype(np.uint64) * factor[-1]
    block = max(1, _CELLS_AT_ONCE // max(int(length.max()), 1))
    for low in range(0, len(start), block):
        part = slice(low, low + block)
        first, n = start[part], length[part]
        cells = slice(int(first[0]), int(first[-1] + n[-1]))
        position = np.arange(cells.stop - cells.start) - np.repeat(first - first[0], n)
        key[part] += np.add.reduceat((symbol[cells].astype(np.uint64) + np.uint64(1)) * factor[position], first - first[0])
    return key


def _are_alike(symbol: AnyArray, start: IntArray, length: IntArray, other: IntArray) -> bool:
    """Whether each history is the same as another, cell for cell."""
    if (length != length[other]).any():
        return False
    step = max(1, _CELLS_AT_ONCE // max(int(length.max()), 1))
    for low in range(0, len(start), step):
        part = slice(low, low + step)
        mine, theirs = cells_of(start[part], length[part]), cells_of(start[other[part]], length[part])
        if (symbol[mine] != symbol[theirs]).any():
            return False
    return True


def cells_of(start: IntArray, length: IntArray) -> IntArray:
    """Positions of the cells of some histories, one history after the other.

    Parameters
    ----------
    start, length : ndarray of int64, shape (n,)
        First cell and number of cells of each.

    Returns
    -------
    ndarray of int64, shape (sum of length,)
        Positions.
    """
    ends = np.cumsum(length)
    positions: IntArray = np.arange(int(ends[-1])) + np.repeat(start - (ends - length), length)
    return positions
