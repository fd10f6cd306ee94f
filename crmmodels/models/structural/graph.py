"""The graph of a structural model by names: constructs, their items and the scales of these, and what explains what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final, Literal, TypeAlias, get_args

import numpy as np

from crmmodels._typing import IntArray
from crmmodels.exceptions import ParameterError
from crmmodels.kernels.pls.design import Mode, PathDesign, Scheme, topological_order
from crmmodels.kernels.pls.second_order import repeated_indicators
from crmmodels.parameters import is_number

SecondOrderMethod: TypeAlias = Literal["two-stage", "repeated"]
MODES: Final[tuple[str, ...]] = get_args(Mode)


@dataclass(frozen=True, slots=True, kw_only=True)
class StructuralGraph:
    """What is measured by what, and what explains what.

    Attributes
    ----------
    blocks : mapping of str to tuple of str
        Items of each construct of first order, causes before effects where the caller has them so.
    parts : mapping of str to tuple of str
        Constructs of first order of which each construct of second order is made.
    pairs : tuple of (str, str)
        Paths: source and target.
    modes : mapping of str to {"A", "B", "sum"}
        How each construct is weighted.
    names : tuple of str
        Constructs of the structural model, in the order of the answers: those of first order that are no part, and those of second order.
    repeats : bool
        Whether constructs of second order repeat the items of their parts, instead of being made of their scores.
    """

    blocks: Mapping[str, tuple[str, ...]]
    parts: Mapping[str, tuple[str, ...]]
    pairs: tuple[tuple[str, str], ...]
    modes: Mapping[str, Mode]
    names: tuple[str, ...]
    repeats: bool = False

    @property
    def items(self) -> tuple[str, ...]:
        """Every item once, by construct."""
        return tuple(item for block in self.blocks.values() for item in block)

    @property
    def has_two_stages(self) -> bool:
        """Whether constructs of second order are made of the scores of a first stage."""
        return bool(self.parts) and not self.repeats

    @property
    def answered(self) -> tuple[str, ...]:
        """Every construct, those of the structural model first, then the parts of those of second order."""
        return (*self.names, *(part for parts in self.parts.values() for part in parts))

    @property
    def modelled(self) -> tuple[str, ...]:
        """Constructs whose paths are estimated: parts only where their items are repeated."""
        return self.answered if self.repeats else self.names

    @property
    def components(self) -> tuple[IntArray, ...]:
        """Positions of the parts of every construct that is answered; none for those of first order."""
        position = {name: i for i, name in enumerate(self.answered)}
        return tuple(np.array([position[part] for part in self.parts.get(name, ())], dtype=np.int64) for name in self.answered)

    def design(self, scheme: Scheme, *, nonnegative: bool = False) -> PathDesign:
        """The design of every construct that is answered; blocks of second order are empty, unless they repeat the items of their parts."""
        item = {name: i for i, name in enumerate(self.items)}
        construct = {name: i for i, name in enumerate(self.answered)}
        blocks = tuple(np.array([item[x] for x in self.blocks.get(name, ())], dtype=np.int64) for name in self.answered)
        paths = np.zeros((len(construct), len(construct)), bool)
        for source, target in self.pairs:
            paths[construct[source], construct[target]] = True
        modes = tuple(self.modes[name] for name in self.answered)
        design = PathDesign(blocks, paths, modes, scheme, len(item), nonnegative)
        return repeated_indicators(design, self.components) if self.repeats else design

    def members_of(self, name: str) -> tuple[str, ...]:
        """What a construct is made of: its items, or its parts."""
        return self.parts.get(name) or self.blocks[name]

    def items_of(self, name: str) -> tuple[str, ...]:
        """Items of a construct; of one of second order those of its parts."""
        if name in self.blocks:
            return self.blocks[name]
        return tuple(item for part in self.parts[name] for item in self.blocks[part])


def read_graph(
    owner: str,
    *,
    constructs: Any,
    paths: Any,
    modes: Any = "A",
    second_order: Any = None,
    method: SecondOrderMethod = "two-stage",
    order: Sequence[str] = (),
) -> StructuralGraph:
    """Make a graph of parameters, or refuse them; ``order`` is that of the constructs in answers."""
    blocks = _read_blocks(owner, constructs)
    parts = _read_parts(owner, second_order or {}, blocks)
    inner = {part for members in parts.values() for part in members}
    names = tuple(name for name in (*blocks, *parts) if name not in inner)
    names = tuple(sorted(names, key=list(order).index)) if order else names
    pairs = _read_pairs(owner, paths, names)
    graph = StructuralGraph(
        blocks=blocks,
        parts=parts,
        pairs=pairs,
        modes=_read_modes(owner, modes, (*blocks, *parts)),
        names=names,
        repeats=bool(parts) and method == "repeated",
    )
    ordered = topological_order(graph.design("path").paths)
    if len(ordered) < len(graph.answered):
        circle = [name for i, name in enumerate(graph.answered) if i not in ordered]
        raise ParameterError.must_be(owner, "paths", "without a circle; it leads in one through or from some of these", circle)
    return graph


def _read_blocks(owner: str, constructs: Any) -> Mapping[str, tuple[str, ...]]:
    must = "a mapping from construct to the names of its items"
    if not isinstance(constructs, Mapping) or not constructs or not all(isinstance(name, str) for name in constructs):
        raise ParameterError.must_be(owner, "constructs", must, constructs)
    if wrong := {name: block for name, block in constructs.items() if not _are_names(block)}:
        raise ParameterError.must_be(owner, "constructs", must, wrong)
    if empty := [name for name, block in constructs.items() if not block]:
        raise ParameterError.must_be(owner, "constructs", "constructs with one item or more each", dict.fromkeys(empty, ()))
    homes = Counter(item for block in constructs.values() for item in block)
    if shared := [item for item, n in homes.items() if n > 1]:
        where = {item: [name for name, block in constructs.items() if item in block] for item in shared}
        raise ParameterError.must_be(owner, "constructs", "blocks in which every item stands once, in one construct", where)
    return dict(constructs)


def _are_names(given: object) -> bool:
    return isinstance(given, tuple) and all(isinstance(name, str) for name in given)


def _read_parts(owner: str, second_order: Any, blocks: Mapping[str, Any]) -> Mapping[str, tuple[str, ...]]:
    must = "a mapping from a construct of second order to two or more constructs of first order"
    if not isinstance(second_order, Mapping) or not all(
        _are_names(parts) and len(parts) > 1 for parts in second_order.values()
    ):
        raise ParameterError.must_be(owner, "second_order", must, second_order)
    if clash := sorted(set(second_order) & set(blocks)):
        raise ParameterError.must_be(owner, "second_order", "of other names than the constructs that have items", clash)
    homes = Counter(part for parts in second_order.values() for part in parts)
    if unknown := sorted(set(homes) - set(blocks)):
        raise ParameterError.must_be(owner, "second_order", f"made of constructs that have items, {list(blocks)}", unknown)
    if shared := sorted(part for part, n in homes.items() if n > 1):
        raise ParameterError.must_be(owner, "second_order", "such that a construct is part of one other only", shared)
    return dict(second_order)


def _read_pairs(owner: str, paths: Any, names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    must = "a mapping from construct to the constructs that it explains"
    if not isinstance(paths, Mapping) or not all(_are_names(targets) for targets in paths.values()):
        raise ParameterError.must_be(owner, "paths", must, paths)
    pairs = tuple((source, target) for source, targets in paths.items() for target in targets)
    if unknown := [end for end in dict.fromkeys(end for pair in pairs for end in pair) if end not in names]:
        raise ParameterError.must_be(owner, "paths", f"between the constructs {list(names)}", unknown)
    if twice := [pair for pair, n in Counter(pairs).items() if n > 1]:
        raise ParameterError.must_be(owner, "paths", "such that every path stands in it once", twice)
    on_path = {end for pair in pairs for end in pair}
    if alone := [name for name in names if name not in on_path]:
        raise ParameterError.must_be(owner, "paths", "such that every construct explains or is explained", alone)
    return pairs


def _read_modes(owner: str, modes: Any, names: Sequence[str]) -> Mapping[str, Mode]:
    if isinstance(modes, str) and modes in MODES:
        one: Any = modes
        return dict.fromkeys(names, one)
    if not isinstance(modes, Mapping) or not all(mode in MODES for mode in modes.values()):
        must = f"one of {', '.join(map(repr, MODES))}, or a mapping from construct to one of them"
        raise ParameterError.must_be(owner, "modes", must, modes)
    if unknown := [name for name in modes if name not in names]:
        raise ParameterError.must_be(owner, "modes", f"of the constructs {list(names)}", unknown)
    return {name: modes.get(name, "A") for name in names}


def read_scales(owner: str, scale: Any, blocks: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[float, float] | None]:
    """Ends of the scale of each item, None for a number without a scale; an item's own scale goes before that of its construct."""
    if not isinstance(scale, Mapping):
        common = _ends_of(owner, scale)
        return {item: common for block in blocks.values() for item in block}
    known = [*blocks, *(item for block in blocks.values() for item in block)]
    if unknown := [name for name in scale if name not in known]:
        raise ParameterError.must_be(owner, "scale", f"a mapping from items or constructs, {known}", unknown)
    scales: dict[str, tuple[float, float] | None] = {}
    for construct, block in blocks.items():
        for item in block:
            if item not in scale and construct not in scale:
                raise ParameterError.must_be(owner, "scale", "a scale for every item or its construct; none is guessed", [item])
            own = scale[item] if item in scale else scale[construct]
            scales[item] = None if own is None else _ends_of(owner, own)
    return scales


def _ends_of(owner: str, given: Any) -> tuple[float, float]:
    usable = isinstance(given, tuple) and len(given) == 2 and all(is_number(end) and isfinite(end) for end in given)
    if not usable or given[0] >= given[1]:
        raise ParameterError.must_be(owner, "scale", "the lowest and the highest answer, such as (1, 10)", given)
    return float(given[0]), float(given[1])
