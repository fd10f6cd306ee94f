"""Interactions: products of two constructs as causes of a third, as functions of moments of items and of products of items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crmmodels._typing import AnyArray, BoolArray, FloatArray, IntArray
from crmmodels.kernels.moments.moments import Moments
from crmmodels.kernels.pls.design import PathDesign
from crmmodels.kernels.pls.moderation import interaction_design
from crmmodels.kernels.pls.paths import PathEstimates, adjusted_r_squared, path_coefficients


@dataclass(frozen=True, slots=True, eq=False)
class Moderation:
    """Paths of a model with interactions.

    Attributes
    ----------
    estimates : PathEstimates
        Of constructs, then of products.
    r_squared_adjusted : ndarray of float64, shape (..., n_constructs + n_products)
        Explained variance adjusted for the number of causes.
    paths : ndarray of bool, shape (n_constructs + n_products, n_constructs + n_products)
        What explains what.
    """

    estimates: PathEstimates
    r_squared_adjusted: FloatArray
    paths: BoolArray


@dataclass(frozen=True, slots=True, eq=False)
class Products:
    """Products of items from which products of constructs are made.

    Attributes
    ----------
    pairs : ndarray of int64, shape (n_products, 2)
        Positions of the constructs that are multiplied.
    targets : ndarray of int64, shape (n_products,)
        Position of the construct that each product explains.
    members : tuple of (ndarray of int64, ndarray of int64)
        Items of the two constructs, each as long as there are products of items.
    centre : ndarray of float64, shape (n_items,)
        What is taken from the answers before they are multiplied: whole, so that sums stay exact.
    """

    pairs: IntArray
    targets: IntArray
    members: tuple[tuple[IntArray, IntArray], ...]
    centre: FloatArray

    def columns(self, answers: AnyArray) -> FloatArray:
        """Products of items, (n_respondents, n_columns), of complete answers (n_respondents, n_items), one interaction after the other."""
        gaps = answers - self.centre
        return np.hstack([gaps[:, left] * gaps[:, right] for left, right in self.members])

    def moderation(self, design: PathDesign, moments: Moments, weights: FloatArray) -> Moderation:
        r"""Paths with products of constructs among the causes; weights are (..., n_items, n_constructs), for constructs of variance 1.

        With answers less a constant, z, and their means d, the product of two constructs is a sum of products of items and of items:

        .. math:: w_a^\prime (z - d)\, (z - d)^\prime w_b = \sum_{jk} w_{aj} w_{bk} z_j z_k - (w_b^\prime d)\, w_a^\prime z - (w_a^\prime d)\, w_b^\prime z + \mathrm{const}

        so that its covariances are functions of moments, in the sample and in every replicate.
        """
        n_items, n_constructs = weights.shape[-2:]
        means = moments.mean[..., :n_items] - self.centre
        level = np.einsum("...jl,...j->...l", weights, means)
        combined = np.zeros((*weights.shape[:-2], moments.mean.shape[-1], n_constructs + len(self.pairs)))
        combined[..., :n_items, :n_constructs] = weights
        start = n_items
        for product, ((first, second), (left, right)) in enumerate(zip(self.pairs, self.members, strict=True)):
            own = n_constructs + product
            combined[..., start : start + len(left), own] = weights[..., left, first] * weights[..., right, second]
            combined[..., :n_items, own] -= (
                level[..., [second]] * weights[..., first] + level[..., [first]] * weights[..., second]
            )
            start += len(left)
        covariance = np.swapaxes(combined, -1, -2) @ moments.covariance @ combined
        deviations = np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1))
        with np.errstate(invalid="ignore", divide="ignore"):
            correlation = covariance / (deviations[..., :, np.newaxis] * deviations[..., np.newaxis, :])
        larger = interaction_design(design, self.pairs, self.targets)
        found = path_coefficients(larger, correlation)
        return Moderation(found, adjusted_r_squared(larger, found.r_squared, moments.n_observations), larger.paths)


def products_of(
    interactions: Sequence[tuple[str, str, str]],
    modelled: Sequence[str],
    members: Sequence[Sequence[int]],
    ends: tuple[FloatArray, FloatArray],
) -> Products:
    """The products that interactions need; ``members`` are the positions of the items of each construct, ``ends`` (n_items,) each."""
    position = {name: i for i, name in enumerate(modelled)}
    pairs = np.array([(position[first], position[second]) for first, second, _ in interactions], dtype=np.int64)
    targets = np.array([position[target] for _, _, target in interactions], dtype=np.int64)
    grids = [np.meshgrid(members[first], members[second], indexing="ij") for first, second in pairs]
    low, high = ends
    centre = np.where(np.isnan(low), 0.0, np.floor((low + high) / 2.0))
    return Products(pairs, targets, tuple((left.ravel(), right.ravel()) for left, right in grids), centre)
