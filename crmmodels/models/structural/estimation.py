"""From moments to every estimate of a structural model, for one sample or for many replicates at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from crmmodels._typing import BoolArray, FloatArray
from crmmodels.kernels.moments.moments import Moments
from crmmodels.kernels.pls.design import PathDesign, Scheme, topological_order
from crmmodels.kernels.pls.estimates import StructuralEstimate, estimate
from crmmodels.kernels.pls.second_order import TwoStageEstimate, two_stage_design, two_stage_estimate
from crmmodels.models.structural.graph import StructuralGraph
from crmmodels.models.structural.interactions import Moderation, Products, products_of
from crmmodels.models.structural.record import Quantity, ScoringRule

Labels = tuple[tuple[str, ...], ...]
_FULL: Final = 100.0


@dataclass(frozen=True, slots=True, eq=False)
class Stages:
    """Estimates of one sample, or of many along leading axes; ``both`` where constructs of second order are made of scores of a first stage."""

    last: StructuralEstimate
    both: TwoStageEstimate | None = None
    moderation: Moderation | None = None

    @property
    def first(self) -> StructuralEstimate:
        """Estimates on the items."""
        return self.last if self.both is None else self.both.first

    @property
    def has_converged(self) -> BoolArray:
        """Whether the weights of all stages settled."""
        return np.asarray(self.last.has_converged) & np.asarray(self.first.has_converged)


@dataclass(frozen=True, slots=True, eq=False)
class StructuralPlan:
    """How a structural model is estimated.

    The ends of the scales, ``low`` and ``high``, are of shape (n_items,), NaN where an item has none; an interaction is two constructs that are
    multiplied, and the one that their product explains.
    """

    graph: StructuralGraph
    scheme: Scheme
    standardised: bool
    consistent: bool
    nonnegative: bool
    low: FloatArray
    high: FloatArray
    interactions: tuple[tuple[str, str, str], ...] = ()

    @property
    def products(self) -> Products | None:
        """Products of items that interactions need; None without."""
        if not self.interactions:
            return None
        position = {item: i for i, item in enumerate(self.graph.items)}
        members = [[position[item] for item in self.graph.items_of(name)] for name in self.graph.modelled]
        return products_of(self.interactions, self.graph.modelled, members, (self.low, self.high))

    def of_items(self, moments: Moments) -> Moments:
        """Moments of the items alone, from those of the items and of products of items."""
        n = len(self.graph.items)
        return Moments(moments.mean[..., :n], moments.covariance[..., :n, :n], moments.n_observations)

    @property
    def design(self) -> PathDesign:
        """The design of every construct."""
        return self.graph.design(self.scheme, nonnegative=self.nonnegative)

    @property
    def scale(self) -> tuple[FloatArray, FloatArray]:
        """Ends of the scales; 0 and 100 stand in for none, so that effects are in the unit of such an item."""
        none = np.isnan(self.low)
        return np.where(none, 0.0, self.low), np.where(none, _FULL, self.high)

    def estimate(self, moments: Moments, reference: Stages | None = None) -> Stages:
        """Estimates with the leading axes of the moments; replicates start from those of their sample, ``reference``, and take its signs."""
        products = self.products
        if products is None:
            return self._estimate(moments, reference)
        items = self.of_items(moments)
        stages = self._estimate(items, reference)
        weights = self.item_weights(stages)[..., : len(self.graph.modelled)]
        variance = np.einsum("...jl,...jk,...kl->...l", weights, items.covariance, weights)
        with np.errstate(invalid="ignore"):
            scaled = weights / np.sqrt(variance)[..., np.newaxis, :]
        return replace(stages, moderation=products.moderation(self._last_design, moments, scaled))

    @property
    def _last_design(self) -> PathDesign:
        if not self.graph.has_two_stages:
            return self.design
        return two_stage_design(self.design, self.graph.components).second

    def _estimate(self, moments: Moments, reference: Stages | None) -> Stages:
        if self.graph.has_two_stages:
            both = two_stage_estimate(
                two_stage_design(self.design, self.graph.components),
                moments,
                standardised=self.standardised,
                consistent=self.consistent,
                scale=self.scale,
                reference=None if reference is None else reference.both,
            )
            return Stages(both.second, both)
        found = estimate(
            self.design,
            moments,
            standardised=self.standardised,
            consistent=self.consistent,
            scale=self.scale,
            reference=None if reference is None else reference.last.weights,
        )
        return Stages(found)

    def rule(self, moments: Moments, stages: Stages) -> ScoringRule:
        """How answers become scores in every construct that is answered, parts included, from the estimates of one sample."""
        combined = self.item_weights(stages)
        variance = np.einsum("jl,jk,kl->l", combined, moments.covariance, combined)
        ranges = (self.high - self.low)[:, np.newaxis]
        reach = np.where(combined != 0, combined * ranges, 0.0)
        reach[:, ~self._has_scale] = np.nan
        arrays = (combined / np.sqrt(variance), _FULL * reach / reach.sum(axis=0), moments.mean, moments.covariance)
        # In one memory order, so that sums over a restored record are the same to the last bit.
        return ScoringRule(*(np.ascontiguousarray(array) for array in arrays))

    def item_weights(self, stages: Stages) -> FloatArray:
        """Weights of the unstandardised items in every construct that is answered, up to a factor; shape (..., n_items, n_constructs)."""
        if stages.both is None:
            return stages.last.unstandardised_weights
        first = two_stage_design(self.design, self.graph.components)
        parts = stages.both.first.unstandardised_weights[..., first.composites]
        return np.concatenate([stages.both.unstandardised_weights, parts], axis=-1)

    def _moderated(self, moderation: Moderation) -> dict[str, tuple[Labels, FloatArray]]:
        """Paths with interactions, whose products are named by their constructs."""
        names = (*self.graph.modelled, *(f"{first} × {second}" for first, second, _ in self.interactions))
        found, paths = moderation.estimates, moderation.paths
        caused = np.flatnonzero(paths.any(axis=0))
        labels = tuple((names[k],) for k in caused)
        return {
            "paths": _pick(found.coefficients, paths, names, names),
            "total_effects": _pick(found.total_effects, _reachable(paths), names, names),
            "f_squared": _pick(found.f_squared, paths, names, names),
            "vif": _pick(found.vif, paths, names, names),
            "r_squared": (labels, found.r_squared[..., caused]),
            "r_squared_adjusted": (labels, moderation.r_squared_adjusted[..., caused]),
        }

    def collinear(self, stages: Stages) -> tuple[str, ...]:
        """Formative constructs whose items determine one another, in the estimates of one sample."""
        answered = self.graph.answered
        if stages.both is None:
            return tuple(answered[k] for k in np.flatnonzero(stages.last.is_collinear))
        stage = two_stage_design(self.design, self.graph.components)
        inner = stage.first_constructs[stages.first.is_collinear]
        outer = stage.second_constructs[stages.last.is_collinear]
        return tuple(dict.fromkeys(answered[k] for k in (*inner, *outer)))

    @property
    def _has_scale(self) -> BoolArray:
        """Whether each construct that is answered has an index."""
        graph, unscaled = self.graph, {item for item, low in zip(self.graph.items, self.low, strict=True) if np.isnan(low)}
        return np.array([not unscaled & set(graph.items_of(name)) for name in graph.answered])

    def quantities(self, stages: Stages) -> Mapping[str, tuple[Labels, FloatArray]]:
        """Every estimate by kind: labels, and numbers of shape (..., n_labels)."""
        graph, design, items = self.graph, self.design, self.graph.items
        if stages.both is None:
            found = _reported(stages.last, design, graph.answered, items)
        else:
            stage = two_stage_design(design, graph.components)
            parts = tuple(graph.answered[stage.first_constructs[k]] for k in stage.composites)
            columns = (*(items[j] for j in stage.kept), *parts)
            found = _reported(stages.last, stage.second, graph.names, columns)
            inner = _reported(stages.first, stage.first, tuple(graph.answered[k] for k in stage.first_constructs), items)
            for name in _MEASUREMENT:
                found[name] = _joined(found[name], _of_constructs(inner[name], parts))
            found["item_means"] = inner["item_means"]
        if stages.moderation is not None:
            found |= self._moderated(stages.moderation)
        labels, index = found["index"]
        scaled = dict(zip(graph.answered, self._has_scale.tolist(), strict=True))
        found["index"] = (labels, np.where([scaled[name] for (name,) in labels], index, np.nan))
        return found


_MEASUREMENT: Final = ("weights", "loadings", "index_weights", "alpha", "rho_a", "rho_c", "ave", "index")
"""What a first stage tells of the parts of constructs."""


def _reported(
    last: StructuralEstimate, design: PathDesign, names: tuple[str, ...], columns: tuple[str, ...]
) -> dict[str, tuple[Labels, FloatArray]]:
    """Estimates of one design by kind."""
    found: dict[str, tuple[Labels, FloatArray]] = {}
    member, paths = design.membership.T, design.paths
    reach = _reachable(paths)
    pairs = np.triu(np.ones(paths.shape, bool), 1)
    caused, everyone = paths.any(axis=0), np.ones(len(names), bool)
    for name, of in (("weights", last.weights), ("loadings", last.loadings), ("index_weights", last.unstandardised_weights)):
        found[name] = _pick(np.swapaxes(of, -1, -2), member, names, columns)
    found["cross_loadings"] = _pick(last.cross_loadings, np.ones(member.T.shape, bool), columns, names)
    for name, square, where in (
        ("paths", last.paths, paths),
        ("total_effects", last.total_effects, reach),
        ("unstandardised_effects", last.unstandardised_effects, reach),
        ("f_squared", last.f_squared, paths),
        ("vif", last.vif, paths),
        ("htmt", last.htmt, pairs),
        ("correlations", last.construct_correlation, pairs),
    ):
        found[name] = _pick(square, where, names, names)
    for name, of, rows in (
        ("r_squared", last.r_squared, caused),
        ("r_squared_adjusted", last.r_squared_adjusted, caused),
        ("redundancy", last.redundancy, caused),
        ("alpha", last.alpha, everyone),
        ("rho_a", last.rho_a, everyone),
        ("rho_c", last.rho_c, everyone),
        ("ave", last.ave, everyone),
        ("index", last.index, everyone),
    ):
        found[name] = (tuple((names[k],) for k in np.flatnonzero(rows)), of[..., rows])
    found["item_means"] = (tuple((item,) for item in columns), last.item_means)
    found["gof"] = (((),), np.asarray(last.gof)[..., np.newaxis])
    return found


def quantities_of(found: Mapping[str, tuple[Labels, FloatArray]]) -> dict[str, Quantity]:
    """Estimates of one sample by kind, without limits."""
    return {name: Quantity(labels, np.array(values, np.float64)) for name, (labels, values) in found.items()}


def _pick(square: FloatArray, where: BoolArray, rows: tuple[str, ...], columns: tuple[str, ...]) -> tuple[Labels, FloatArray]:
    i, k = np.nonzero(where)
    return tuple((rows[a], columns[b]) for a, b in zip(i, k, strict=True)), square[..., i, k]


def _joined(left: tuple[Labels, FloatArray], right: tuple[Labels, FloatArray]) -> tuple[Labels, FloatArray]:
    return (*left[0], *right[0]), np.concatenate([left[1], right[1]], axis=-1)


def _of_constructs(found: tuple[Labels, FloatArray], names: tuple[str, ...]) -> tuple[Labels, FloatArray]:
    """The numbers of some constructs, which their labels begin with."""
    labels, values = found
    where = [i for i, label in enumerate(labels) if label[0] in names]
    return tuple(labels[i] for i in where), values[..., where]


def _reachable(paths: BoolArray) -> BoolArray:
    """Whether a construct leads to another over one path or more."""
    reach: BoolArray = paths.copy()
    for k in topological_order(paths):
        reach |= reach[:, [k]] & reach[[k]]
    return reach
