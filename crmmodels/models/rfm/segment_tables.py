"""Segment tables over score cells, as values: total, disjoint and listable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np

from crmmodels._typing import IntArray
from crmmodels.exceptions import ParameterError
from crmmodels.parameters import is_whole

Cell = tuple[int, ...]
Levels = int | Sequence[int] | None


@dataclass(frozen=True, slots=True)
class SegmentRule:
    """One line of a segment table: the cells between score bounds.

    Parameters
    ----------
    label : str
        The segment.
    r, f, m : int or tuple of (int, int), optional
        One score, or the lowest and highest score; None for any.

    Raises
    ------
    ParameterError
        If a bound is no score and no pair of scores.
    """

    label: str
    r: Levels = None
    f: Levels = None
    m: Levels = None

    def __post_init__(self) -> None:
        """Check the bounds."""
        if not isinstance(self.label, str):
            raise ParameterError.must_be("SegmentRule", "label", "text", self.label)
        for name in ("r", "f", "m"):
            bound = getattr(self, name)
            if isinstance(bound, list):
                object.__setattr__(self, name, bound := tuple(bound))
            pair = bound if isinstance(bound, tuple) else (bound, bound)
            if bound is not None and not (len(pair) == 2 and all(map(is_whole, pair)) and pair[0] <= pair[1]):
                must = "a whole number, a pair (lowest, highest) of them, or None"
                raise ParameterError.must_be("SegmentRule", name, must, bound)

    def covers(self, cell: Cell) -> bool:
        """Whether a cell is within all bounds.

        Parameters
        ----------
        cell : tuple of int
            Scores (R, F) or (R, F, M).

        Returns
        -------
        bool
            True where the rule applies.
        """
        bounds = (self.r, self.f, self.m)[: len(cell)]
        return all(_within(level, bound) for level, bound in zip(cell, bounds, strict=True))


def _within(level: int, bound: Levels) -> bool:
    if bound is None:
        return True
    low, high = (bound, bound) if isinstance(bound, int) else bound
    return low <= level <= high


@dataclass(frozen=True, slots=True)
class SegmentTable:
    """A total and disjoint assignment of score cells to segments.

    Attributes
    ----------
    labels : tuple of str
        English labels, worst first.
    n_levels : int
        Scores per measure that the table expects.
    cells : tuple of (tuple of int, str)
        Every cell, (R, F) or (R, F, M), with its label.
    """

    labels: tuple[str, ...]
    n_levels: int
    cells: tuple[tuple[Cell, str], ...]

    def find(self, r: IntArray, f: IntArray, m: IntArray) -> IntArray:
        """Segment of each customer.

        Parameters
        ----------
        r, f, m : ndarray of int64, shape (n_customers,)
            Levels of the three measures, from 0 (worst).

        Returns
        -------
        ndarray of int64, shape (n_customers,)
            Positions in ``labels``.
        """
        position = {label: i for i, label in enumerate(self.labels)}
        grid = np.empty((self.n_levels,) * 3, np.int64)
        for cell, label in self.cells:
            grid[tuple(level - 1 for level in cell)] = position[label]
        found: IntArray = grid[r, f, m]
        return found


def table_of_rules(owner: str, rules: Sequence[SegmentRule], n_levels: int) -> SegmentTable:
    """Make a table of rules that together cover every cell once.

    Parameters
    ----------
    owner : str
        The model, for the error.
    rules : sequence of SegmentRule
        The rules; labels in the order of their first appearance are taken as worst first.
    n_levels : int
        Scores per measure.

    Returns
    -------
    SegmentTable
        Over (R, F) where no rule names M, otherwise over (R, F, M).

    Raises
    ------
    ParameterError
        If a cell is covered by no rule or by two, or a bound lies outside 1 to ``n_levels``.
    """
    for rule in rules:
        for bound in (rule.r, rule.f, rule.m):
            levels = () if bound is None else (bound,) if isinstance(bound, int) else bound
            if any(not 1 <= level <= n_levels for level in levels):
                raise ParameterError.must_be(owner, "segments", f"rules with scores from 1 to {n_levels}", rule)
    depth = 3 if any(rule.m is not None for rule in rules) else 2
    cells = []
    for cell in product(range(1, n_levels + 1), repeat=depth):
        found = [rule.label for rule in rules if rule.covers(cell)]
        if len(found) != 1:
            raise _not_a_partition(owner, cell, found, depth)
        cells.append((cell, found[0]))
    return SegmentTable(tuple(dict.fromkeys(rule.label for rule in rules)), n_levels, tuple(cells))


def table_of_cells(owner: str, mapping: Mapping[Cell | str, str], n_levels: int) -> SegmentTable:
    """Make a table of a mapping from every cell to a label.

    Parameters
    ----------
    owner : str
        The model, for the error.
    mapping : mapping of cell to str
        Cells as tuples (R, F) or (R, F, M), or as digits such as "54" or "543"; labels in the order of their first
        appearance are taken as worst first.
    n_levels : int
        Scores per measure.

    Returns
    -------
    SegmentTable
        The same assignment.

    Raises
    ------
    ParameterError
        If a cell is missing, given twice, or not on the grid.
    """
    cells: dict[Cell, str] = {}
    for key, label in mapping.items():
        cell = tuple(int(digit) for digit in key) if isinstance(key, str) and key.isdecimal() else key
        on_grid = isinstance(cell, tuple) and len(cell) in {2, 3} and all(level in range(1, n_levels + 1) for level in cell)
        if not on_grid:
            must = f"a mapping whose keys are cells like (5, 4) or '54' with scores from 1 to {n_levels}"
            raise ParameterError.must_be(owner, "segments", must, key)
        assert isinstance(cell, tuple)  # noqa: S101  (for the type checker: on_grid says so)
        cell = tuple(int(level) for level in cell)
        if not isinstance(label, str):
            raise ParameterError.must_be(owner, "segments", "a mapping from cell to label, which is text", {key: label})
        if cell in cells:
            raise _not_a_partition(owner, cell, [cells[cell], label], len(cell))
        cells[cell] = label
    depth = max((len(cell) for cell in cells), default=2)
    for cell in product(range(1, n_levels + 1), repeat=depth):
        if cell not in cells:
            raise _not_a_partition(owner, cell, [], depth)
    if stray := [cell for cell in cells if len(cell) != depth]:
        raise ParameterError.must_be(owner, "segments", f"a mapping whose cells all have {depth} scores", stray[0])
    return SegmentTable(tuple(dict.fromkeys(cells.values())), n_levels, tuple(sorted(cells.items())))


def _not_a_partition(owner: str, cell: Cell, labels: Sequence[str], depth: int) -> ParameterError:
    name = "cell (R, F)" if depth == 2 else "cell (R, F, M)"
    what = f"{name} = {cell} is covered by no segment"
    if labels:
        what = f"{name} = {cell} is covered by {' and by '.join(repr(label) for label in labels)}"
    return ParameterError(f"{owner}(segments=...) must give every cell exactly one segment; {what}.")


def nearest_cells(anchors: Sequence[tuple[Cell, str]], n_levels: int) -> Iterator[tuple[Cell, str]]:
    """Assign every cell to the nearest anchor by L1 distance, ties to the first listed."""
    for cell in product(range(1, n_levels + 1), repeat=3):
        distances = [sum(abs(a - b) for a, b in zip(cell, anchor, strict=True)) for anchor, _ in anchors]
        yield cell, anchors[distances.index(min(distances))][1]


TEN: Final = table_of_rules(
    "RFMModel",
    (
        SegmentRule("hibernating", r=(1, 2), f=(1, 2)),
        SegmentRule("about to sleep", r=3, f=(1, 2)),
        SegmentRule("at risk", r=(1, 2), f=(3, 4)),
        SegmentRule("cannot lose", r=(1, 2), f=5),
        SegmentRule("need attention", r=3, f=3),
        SegmentRule("promising", r=4, f=1),
        SegmentRule("new", r=5, f=1),
        SegmentRule("potential loyalist", r=(4, 5), f=(2, 3)),
        SegmentRule("loyal", r=(3, 4), f=(4, 5)),
        SegmentRule("champions", r=5, f=(4, 5)),
    ),
    5,
)
"""Exact partition of the 5 × 5 grid of R and F."""

EIGHT: Final = SegmentTable(
    ("win-back", "develop", "keep", "value", "key win-back", "key develop", "key keep", "key value"),
    2,
    (
        ((1, 1, 1), "win-back"),
        ((2, 1, 1), "develop"),
        ((1, 2, 1), "keep"),
        ((2, 2, 1), "value"),
        ((1, 1, 2), "key win-back"),
        ((2, 1, 2), "key develop"),
        ((1, 2, 2), "key keep"),
        ((2, 2, 2), "key value"),
    ),
)
"""Recent, frequent, large: each low (1) or high (2)."""

_FOUR_ANCHORS: Final = (
    ((3, 3, 3), "high value"),
    ((1, 3, 2), "win back"),
    ((3, 1, 1), "new"),
    ((1, 1, 1), "low value"),
)

FOUR: Final = SegmentTable(("low value", "new", "win back", "high value"), 3, tuple(nearest_cells(_FOUR_ANCHORS, 3)))
"""Four given cells of the 3 × 3 × 3 grid; the others go to the nearest."""

FOUR_STRICT: Final = SegmentTable(
    ("other", *FOUR.labels),
    3,
    tuple((cell, dict[Cell, str](_FOUR_ANCHORS).get(cell, "other")) for cell, _ in FOUR.cells),
)
"""Four given cells of the 3 × 3 × 3 grid; the others stay `other`."""

CHINESE: Final[Mapping[str, Mapping[str, str]]] = {
    "ten": {
        "hibernating": "沉睡客户",
        "about to sleep": "即将沉睡客户",
        "at risk": "流失风险客户",
        "cannot lose": "不可流失客户",
        "need attention": "需要关注客户",
        "promising": "有望客户",
        "new": "新客户",
        "potential loyalist": "潜在忠诚客户",
        "loyal": "忠诚客户",
        "champions": "冠军客户",
    },
    "eight": {
        "key value": "重要价值",
        "key keep": "重要保持",
        "key develop": "重要发展",
        "key win-back": "重要挽留",
        "value": "一般价值",
        "keep": "一般保持",
        "develop": "一般发展",
        "win-back": "一般挽留",
    },
    "four": {
        "high value": "高价值",
        "win back": "重要挽留",
        "new": "新客户",
        "low value": "低价值",
        "other": "其他",
    },
}
"""Chinese labels of the tables that come with the library."""
