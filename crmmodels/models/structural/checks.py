"""What a saved record of a structural model may hold: what follows from the means and covariances in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from crmmodels._domains import check_symmetric, require
from crmmodels._typing import FloatArray
from crmmodels.kernels.moments.moments import Moments
from crmmodels.kernels.pls.weights import MAX_ITERATIONS, TOLERANCE
from crmmodels.models.structural.estimation import Labels, StructuralPlan
from crmmodels.models.structural.fit import Resampling
from crmmodels.models.structural.record import KEYS, LIMITS, Quantity, StructuralFit

_SAME: Final = 1e-5
"""Estimates that settled to 1e-7 on two machines are the same to this."""
_ROUNDING: Final = 1e-9
_MODERATED: Final = frozenset({"paths", "total_effects", "f_squared", "vif", "r_squared", "r_squared_adjusted"})
"""Estimates that interactions change; the moments of their products are not kept."""
_MOST: Final = 1e30


def check_rule(fitted: StructuralFit, ends: tuple[FloatArray, FloatArray]) -> None:
    """Refuse means and covariances that no survey has, and counts that go with no estimate; ``ends`` are (n_items,) each, NaN for none."""
    rule, n_items = fitted.rule, len(fitted.items)
    shape = (n_items, len(fitted.constructs))
    for name, array, expected in (
        ("weights", rule.weights, shape),
        ("index_weights", rule.index_weights, shape),
        ("item_means", rule.item_means, shape[:1]),
        ("covariance", rule.covariance, (n_items, n_items)),
    ):
        where = f"fitted.rule.{name}"
        require(array.shape == expected, f"{where} must be of shape {expected}; it is of shape {array.shape}")
        require(not (np.abs(array) > _MOST).any(), f"{where} must be within {_MOST:g}")
    check_symmetric(rule.covariance, "fitted.rule.covariance")
    require(bool((np.diag(rule.covariance) > 0).all()), "fitted.rule.covariance must hold variances above 0")
    low, high = ends
    outside = (rule.item_means < low - _ROUNDING * np.abs(low)) | (rule.item_means > high + _ROUNDING * np.abs(high))
    require(not outside.any(), f"fitted.rule.item_means must be within the scale; got {rule.item_means.tolist()!r:.80}")
    require(fitted.n_respondents > 1, f"fitted.n_respondents must be 2 or more; got {fitted.n_respondents}")
    require(fitted.share_replaced < 1.0, "fitted.share_replaced must be below 1")
    is_so = 1 <= fitted.n_iterations <= MAX_ITERATIONS and fitted.last_change <= TOLERANCE
    must = f"fitted.last_change must be at most {TOLERANCE:g} after {MAX_ITERATIONS} iterations or fewer"
    require(is_so, f"{must}; got {fitted.last_change!r} after {fitted.n_iterations}")


def check_limits(fitted: StructuralFit, resampling: Resampling) -> None:
    """Refuse limits that were not made as the parameters say, or that cross."""
    found = fitted.bootstrap
    require((found is None) == (resampling.n_replicates == 0), "fitted.bootstrap must be there where n_bootstrap is above 0")
    if found is not None:
        made = (found.kind, found.n_replicates, found.level)
        asked = (resampling.kind, resampling.n_replicates, resampling.level)
        require(made == asked, f"fitted.bootstrap is of kind, number and level {made}, and the parameters say {asked}")
        n = found.n_not_converged
        require(n < found.n_replicates, f"fitted.bootstrap.n_not_converged must be below {found.n_replicates}; got {n}")
    require(set(fitted.quantities) == set(KEYS), f"fitted.quantities must be {sorted(KEYS)}; got {sorted(fitted.quantities)}")
    for name, quantity in fitted.quantities.items():
        _check_quantity(f"fitted.quantities[{name!r}]", quantity, with_limits=found is not None)


def _check_quantity(where: str, quantity: Quantity, *, with_limits: bool) -> None:
    shape = (len(quantity.labels),)
    require(
        quantity.estimate.shape == shape, f"{where}.estimate must be of shape {shape}; it is of shape {quantity.estimate.shape}"
    )
    for name in LIMITS:
        array = getattr(quantity, name)
        require((array is not None) == with_limits, f"{where}.{name} must be there where there are replicates, and only there")
        require(array is None or array.shape == shape, f"{where}.{name} must be of shape {shape}")
    if not with_limits:
        return
    negative = np.asarray(quantity.standard_error, np.float64) < 0
    require(not negative.any(), f"{where}.standard_error must be 0 or more")
    for low, high in (("lower", "upper"), ("lower_bca", "upper_bca")):
        crossed = getattr(quantity, low) > getattr(quantity, high)
        require(not crossed.any(), f"{where}.{low} must be at most {where}.{high}")


def check_estimates(
    plan: StructuralPlan, interactions: Sequence[tuple[str, str, str]], fitted: StructuralFit, *, is_weighted: bool
) -> None:
    """Refuse estimates that do not follow from the means and covariances of the record.

    Where respondents have weights, their number does not say how many observations there are.
    """
    moments = Moments(fitted.rule.item_means, fitted.rule.covariance, float(fitted.n_respondents))
    stages = plan.estimate(moments)
    is_so = bool(stages.has_converged) and not plan.collinear(stages)
    require(is_so, "fitted.rule.covariance determines no weights")
    rule = plan.rule(moments, stages)
    for name in ("weights", "index_weights"):
        is_so = _are_same(getattr(fitted.rule, name), getattr(rule, name))
        require(is_so, f"fitted.rule.{name} must follow from fitted.rule.covariance")
    names = (*plan.graph.modelled, *(f"{first} × {second}" for first, second, _ in interactions))
    for name, (labels, values) in plan.quantities(stages).items():
        where, quantity = f"fitted.quantities[{name!r}]", fitted.quantities[name]
        if interactions and name in _MODERATED:
            _check_moderated(where, quantity.labels, labels, names)
            continue
        require(quantity.labels == labels, f"{where}.labels must be {labels!r:.80}; got {quantity.labels!r:.80}")
        if not (is_weighted and name == "r_squared_adjusted"):
            require(_are_same(quantity.estimate, values), f"{where}.estimate must follow from fitted.rule.covariance")


def _check_moderated(where: str, found: Labels, plain: Labels, names: Sequence[str]) -> None:
    """Labels with interactions: those without, and others of constructs and products."""
    is_so = len(set(found)) == len(found) and set(plain) <= set(found) and all(set(label) <= set(names) for label in found)
    require(is_so, f"{where}.labels must be different ones of {names}, {plain!r:.80} among them")


def _are_same(found: FloatArray, expected: FloatArray) -> bool:
    return found.shape == expected.shape and np.allclose(found, expected, rtol=_SAME, atol=_SAME, equal_nan=True)
