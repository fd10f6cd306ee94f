"""Path designs: which items measure which construct, and which construct explains which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from crmmodels._typing import BoolArray, IntArray

Mode: TypeAlias = Literal["A", "B", "sum"]
Scheme: TypeAlias = Literal["path", "factorial", "centroid"]


@dataclass(frozen=True, slots=True, eq=False)
class PathDesign:
    """Blocks of items, the graph of constructs, and how weights are found.

    Nothing is checked here: the graph is taken to be without cycles and every block to hold an item.

    Attributes
    ----------
    blocks : tuple of ndarray of int64
        Positions of each construct's items, one array per construct. An item stands in several blocks only as a repeated indicator of
        a second-order construct.
    paths : ndarray of bool, shape (n_constructs, n_constructs)
        True at (i, k) where construct i explains construct k.
    modes : tuple of {"A", "B", "sum"}
        How each block is weighted: by covariances with its inner estimate, by regression on it, or all alike.
    scheme : {"path", "factorial", "centroid"}
        How neighbours are combined into the inner estimate.
    n_items : int
        Items in all.
    nonnegative : bool
        Whether weights are kept from falling below 0.
    """

    blocks: tuple[IntArray, ...]
    paths: BoolArray
    modes: tuple[Mode, ...]
    scheme: Scheme
    n_items: int
    nonnegative: bool = False

    @property
    def n_constructs(self) -> int:
        """Number of constructs."""
        return len(self.blocks)

    @property
    def membership(self) -> BoolArray:
        """Whether an item is of a construct's block, shape (n_items, n_constructs)."""
        member = np.zeros((self.n_items, self.n_constructs), bool)
        for construct, block in enumerate(self.blocks):
            member[block, construct] = True
        return member

    @property
    def entries(self) -> IntArray:
        """Items of all blocks laid end to end, shape (n_entries,); an item of two blocks stands twice."""
        return np.concatenate(self.blocks).astype(np.int64)

    @property
    def owners(self) -> IntArray:
        """Construct of each entry, shape (n_entries,)."""
        return np.repeat(np.arange(self.n_constructs), self.lengths)

    @property
    def lengths(self) -> IntArray:
        """Items of each block, shape (n_constructs,)."""
        return np.array([len(block) for block in self.blocks], np.int64)

    @property
    def starts(self) -> IntArray:
        """Where each block begins among the entries, shape (n_constructs,)."""
        return np.cumsum(self.lengths) - self.lengths

    @property
    def neighbours(self) -> BoolArray:
        """Whether two constructs are joined by a path, either way, shape (n_constructs, n_constructs)."""
        joined: BoolArray = self.paths | self.paths.T
        return joined

    @property
    def order(self) -> IntArray:
        """Constructs, each after those that explain it."""
        return topological_order(self.paths)

    def predecessors(self, construct: int) -> IntArray:
        """Constructs that explain one.

        Parameters
        ----------
        construct : int
            Position of the construct.

        Returns
        -------
        ndarray of int64
            Their positions, ascending.
        """
        return np.flatnonzero(self.paths[:, construct])

    def successors(self, construct: int) -> IntArray:
        """Constructs that one explains.

        Parameters
        ----------
        construct : int
            Position of the construct.

        Returns
        -------
        ndarray of int64
            Their positions, ascending.
        """
        return np.flatnonzero(self.paths[construct])


def topological_order(paths: BoolArray) -> IntArray:
    """Constructs in an order in which each comes after all that explain it.

    Parameters
    ----------
    paths : ndarray of bool, shape (n_constructs, n_constructs)
        True at (i, k) where construct i explains construct k.

    Returns
    -------
    ndarray of int64, shape (n_ordered,)
        Positions. Constructs on a cycle, and those that one leads to, are missing: with a length below n_constructs the graph has a
        cycle.

    References
    ----------
    Kahn, A. B. (1962). Topological sorting of large networks. Communications of the ACM 5, 558-562. doi:10.1145/368996.369025

    Examples
    --------
    >>> paths = np.zeros((3, 3), bool)
    >>> paths[2, 0] = paths[0, 1] = True
    >>> topological_order(paths)
    array([2, 0, 1])
    >>> paths[1, 0] = True
    >>> topological_order(paths)
    array([2])
    """
    waiting = paths.sum(axis=0)
    ready = list(np.flatnonzero(waiting == 0))
    ordered = []
    while ready:
        construct = ready.pop(0)
        ordered.append(construct)
        followers = np.flatnonzero(paths[construct])
        waiting[followers] -= 1
        ready.extend(followers[waiting[followers] == 0])
    return np.asarray(ordered, np.int64)
