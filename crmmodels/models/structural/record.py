"""What a structural model learned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from crmmodels._domains import (
    Count,
    CountFromOne,
    Matrix,
    MatrixPerhapsMissing,
    NonNegative,
    Share,
    Vector,
    VectorPerhapsMissing,
)
from crmmodels.kernels.pls.quality import fornell_larcker

LIMITS: Final = ("standard_error", "lower", "upper", "lower_bca", "upper_bca")
KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "weights": ("construct", "item"),
    "loadings": ("construct", "item"),
    "index_weights": ("construct", "item"),
    "cross_loadings": ("item", "construct"),
    "paths": ("source", "target"),
    "total_effects": ("source", "target"),
    "unstandardised_effects": ("source", "target"),
    "f_squared": ("source", "target"),
    "vif": ("source", "target"),
    "htmt": ("construct", "other"),
    "correlations": ("construct", "other"),
    "r_squared": ("construct",),
    "r_squared_adjusted": ("construct",),
    "redundancy": ("construct",),
    "alpha": ("construct",),
    "rho_a": ("construct",),
    "rho_c": ("construct",),
    "ave": ("construct",),
    "index": ("construct",),
    "item_means": ("item",),
    "gof": (),
}
"""What names the rows of each quantity."""


@dataclass(frozen=True, slots=True, eq=False)
class Quantity:
    """Estimates of one kind, such as all paths, with their standard errors and limits.

    Attributes
    ----------
    labels : tuple of tuple of str
        What each number belongs to, such as source and target.
    estimate : ndarray of float64, shape (n,)
        The estimates.
    standard_error, lower, upper, lower_bca, upper_bca : ndarray of float64, shape (n,), or None
        Standard deviation of the replicates, percentile limits, and limits corrected for bias and acceleration; None without replicates.
    """

    labels: tuple[tuple[str, ...], ...]
    estimate: VectorPerhapsMissing
    standard_error: VectorPerhapsMissing | None = None
    lower: VectorPerhapsMissing | None = None
    upper: VectorPerhapsMissing | None = None
    lower_bca: VectorPerhapsMissing | None = None
    upper_bca: VectorPerhapsMissing | None = None

    def of(self, *label: str) -> float:
        """Return the estimate that belongs to one label.

        Parameters
        ----------
        *label : str
            Such as source and target.

        Returns
        -------
        float
            The estimate.

        Raises
        ------
        KeyError
            If nothing is labelled so.
        """
        if label not in self.labels:
            msg = f"{label} is not among {list(self.labels)}"
            raise KeyError(msg)
        return float(self.estimate[self.labels.index(label)])


@dataclass(frozen=True, slots=True, eq=False)
class ScoringRule:
    """How answers become scores.

    Attributes
    ----------
    weights : ndarray of float64, shape (n_items, n_constructs)
        Of the deviations of the answers from their means, for constructs of mean 0 and variance 1.
    index_weights : ndarray of float64, shape (n_items, n_constructs)
        Of the way from the lowest to the highest answer, from 0 to 1, for the index from 0 to 100; they add up to 100. NaN where a
        construct has an item without a scale.
    item_means : ndarray of float64, shape (n_items,)
        Means of the answers, weighted by respondent weights.
    covariance : ndarray of float64, shape (n_items, n_items)
        Covariances of the answers.
    """

    weights: Matrix
    index_weights: MatrixPerhapsMissing
    item_means: Vector
    covariance: Matrix


@dataclass(frozen=True, slots=True, eq=False)
class Bootstrap:
    """How the standard errors and limits were made.

    Attributes
    ----------
    kind : {"respondents", "moments"}
        Respondents drawn with replacement, or moments from the normal law that theirs tend to.
    n_replicates : int
        Replicates.
    n_not_converged : int
        Replicates whose weights did not settle; they do not count.
    share_constant : float
        Share of the replicates in which an item had the same answer from all, and was left out.
    level : float
        Share of the replicates between the limits.
    """

    kind: str
    n_replicates: CountFromOne
    n_not_converged: Count
    share_constant: Share
    level: Share


@dataclass(frozen=True, slots=True, eq=False)
class StructuralFit:
    """What a structural model learned. Frames have a row per estimate, with standard errors and limits where there are replicates.

    Attributes
    ----------
    constructs : tuple of str
        Constructs of the structural model, then the parts of those of second order.
    items : tuple of str
        Items by construct.
    n_respondents : int
        Respondents that the estimates rest on.
    n_left_out : int
        Respondents without any answer, or, where ``missing="listwise"``, without all.
    share_replaced : float
        Share of the answers of these respondents that was missing.
    n_iterations : int
        Iterations until the weights settled; of the last stage, where there are two.
    last_change : float
        How much the weights moved in the last of them.
    quantities : mapping of str to Quantity
        Every estimate, by kind.
    rule : ScoringRule
        How answers become scores.
    bootstrap : Bootstrap or None
        How limits were made; None without.
    """

    constructs: tuple[str, ...]
    items: tuple[str, ...]
    n_respondents: CountFromOne
    n_left_out: Count
    share_replaced: Share
    n_iterations: Count
    last_change: NonNegative
    quantities: Mapping[str, Quantity]
    rule: ScoringRule
    bootstrap: Bootstrap | None

    def frame(self, name: str) -> pd.DataFrame:
        """Return one kind of estimate as a table.

        Parameters
        ----------
        name : str
            One of ``quantities``.

        Returns
        -------
        pandas.DataFrame
            What each number belongs to, ``estimate``, and, where there are replicates, ``standard_error``, ``lower``, ``upper``
            (percentiles), ``lower_bca`` and ``upper_bca`` (corrected for bias and acceleration).
        """
        quantity = self.quantities[name]
        keys = {key: [label[i] for label in quantity.labels] for i, key in enumerate(KEYS[name])}
        limits = {column: getattr(quantity, column) for column in LIMITS}
        return pd.DataFrame(
            {**keys, "estimate": quantity.estimate, **{column: x for column, x in limits.items() if x is not None}}
        )

    @property
    def weights(self) -> pd.DataFrame:
        """Outer weights of the items, for constructs of variance 1."""
        return self.frame("weights")

    @property
    def index_weights(self) -> pd.DataFrame:
        """Weights of the unstandardised answers, which add up to 1 within each construct."""
        return self.frame("index_weights")

    @property
    def loadings(self) -> pd.DataFrame:
        """Correlations of the items with their own constructs."""
        return self.frame("loadings")

    @property
    def cross_loadings(self) -> pd.DataFrame:
        """Correlations of all items with all constructs."""
        return self.frame("cross_loadings")

    @property
    def paths(self) -> pd.DataFrame:
        """Path coefficients between standardised constructs."""
        return self.frame("paths")

    @property
    def total_effects(self) -> pd.DataFrame:
        """Direct and indirect effects between standardised constructs."""
        return self.frame("total_effects")

    @property
    def unstandardised_effects(self) -> pd.DataFrame:
        """Points of the index by which a construct rises in all where another rises by one point."""
        return self.frame("unstandardised_effects")

    @property
    def f_squared(self) -> pd.DataFrame:
        """Effect size of each path: unexplained variance without it over that with it, less 1."""
        return self.frame("f_squared")

    @property
    def vif(self) -> pd.DataFrame:
        """Variance inflation of each path by the other causes of its target."""
        return self.frame("vif")

    @property
    def r_squared(self) -> pd.DataFrame:
        """Explained share of the variance of each construct with a cause."""
        return self.frame("r_squared")

    @property
    def r_squared_adjusted(self) -> pd.DataFrame:
        """The same adjusted for the number of causes."""
        return self.frame("r_squared_adjusted")

    @property
    def redundancy(self) -> pd.DataFrame:
        """Share of the variance of a construct's items that its causes explain."""
        return self.frame("redundancy")

    @property
    def reliability(self) -> pd.DataFrame:
        """Cronbach's alpha, ρ_A, ρ_C and the average variance extracted of each construct, side by side, without limits."""
        kinds = ("alpha", "rho_a", "rho_c", "ave")
        return pd.DataFrame(
            {
                kind: pd.Series(self.quantities[kind].estimate, [name for (name,) in self.quantities[kind].labels])
                for kind in kinds
            }
        ).rename_axis("construct")

    @property
    def htmt(self) -> pd.DataFrame:
        """Heterotrait-monotrait ratio of each pair of constructs; above 0.9 they are hard to tell apart."""
        return self.frame("htmt")

    @property
    def correlations(self) -> pd.DataFrame:
        """Correlation of each pair of constructs."""
        return self.frame("correlations")

    @property
    def fornell_larcker(self) -> pd.DataFrame:
        """Correlations of constructs below a diagonal of the root of the average variance extracted, which should exceed them."""
        correlations, ave = self.quantities["correlations"], self.quantities["ave"]
        names = list(dict.fromkeys(name for label in correlations.labels for name in label))
        table = np.full((len(names), len(names)), np.nan)
        for (first, second), value in zip(correlations.labels, correlations.estimate, strict=True):
            table[names.index(second), names.index(first)] = value
        variance = np.array([ave.of(name) for name in names])
        return pd.DataFrame(fornell_larcker(variance, table), index=pd.Index(names), columns=pd.Index(names))

    @property
    def index(self) -> pd.DataFrame:
        """Index of each construct from 0 to 100."""
        return self.frame("index")

    @property
    def item_means(self) -> pd.DataFrame:
        """Mean answer to each item, after reversed items are recoded."""
        return self.frame("item_means")

    @property
    def gof(self) -> float:
        """Goodness of fit: root of mean communality times mean explained variance."""
        return float(self.quantities["gof"].estimate[0])
