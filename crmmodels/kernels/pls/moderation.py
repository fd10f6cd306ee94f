"""Moderation: products of constructs as further variables, for the estimate and for replicates."""

from __future__ import annotations

import numpy as np

from crmmodels._typing import FloatArray, IntArray
from crmmodels.kernels.moments.moments import Moments
from crmmodels.kernels.pls.design import Mode, PathDesign

# Scores held at once, over replicates and respondents.
BLOCK_VALUES = 2_000_000


def interaction_design(design: PathDesign, pairs: IntArray, targets: IntArray) -> PathDesign:
    """Second stage of a model with interactions: each construct and each product of two is measured by its score.

    Parameters
    ----------
    design : PathDesign
        The model without interactions.
    pairs : ndarray of int64, shape (n_pairs, 2)
        Constructs multiplied.
    targets : ndarray of int64, shape (n_pairs,)
        Construct that each product explains.

    Returns
    -------
    PathDesign
        Of the constructs, then the products, on the variables of `product_moments`.

    References
    ----------
    Henseler, J. & Chin, W. W. (2010). A comparison of approaches for the analysis of interaction effects between latent variables using
    partial least squares path modeling. Structural Equation Modeling 17, 82-109. doi:10.1080/10705510903439003
    """
    count = design.n_constructs + len(pairs)
    paths = np.zeros((count, count), bool)
    paths[: design.n_constructs, : design.n_constructs] = design.paths
    paths[np.arange(design.n_constructs, count), targets] = True
    mode: Mode = "A"
    return PathDesign(tuple(np.array([k]) for k in range(count)), paths, (mode,) * count, design.scheme, count)


def product_moments(
    items: FloatArray,
    score_weights: FloatArray,
    pairs: IntArray,
    *,
    means: FloatArray | None = None,
    counts: FloatArray | None = None,
) -> Moments:
    r"""Moments of standardised scores of constructs and of products of them.

    Moments of items do not hold those of products, so that this passes over respondents once for each replicate.

    Parameters
    ----------
    items : ndarray of float64, shape (n_respondents, n_items)
        Answers in their units; NaN where missing, which counts as the mean.
    score_weights : ndarray of float64, shape (..., n_items, n_constructs)
        Weights of the items in their units, to scores of variance 1: outer weights by the items' standard deviations.
    pairs : ndarray of int64, shape (n_pairs, 2)
        Constructs multiplied; one twice for its square.
    means : ndarray of float64, shape (..., n_items), optional
        Means of the items in each replicate; reckoned with ``counts`` if None.
    counts : ndarray of float64, shape (..., n_respondents), optional
        How often each respondent counts; once if None.

    Returns
    -------
    Moments
        Of n_constructs scores, then n_pairs products; divisor sum of counts less 1. Products are of centred scores, not centred again.

    Notes
    -----
    .. math:: y = (x - \bar x)' W, \quad p_{ab} = y_a y_b

    In the second stage a product's path is in its own standard deviations where items are standardised: divide by the product's
    deviation for the change of a path per standard deviation of the moderator.

    References
    ----------
    Henseler, J. & Chin, W. W. (2010). A comparison of approaches for the analysis of interaction effects between latent variables using
    partial least squares path modeling. Structural Equation Modeling 17, 82-109. doi:10.1080/10705510903439003
    """
    n_respondents, n_items = items.shape
    lead = score_weights.shape[:-2] if counts is None else np.broadcast_shapes(score_weights.shape[:-2], counts.shape[:-1])
    observed = ~np.isnan(items)
    answers = np.where(observed, items, 0.0)
    n_constructs = score_weights.shape[-1]
    weights = np.broadcast_to(score_weights, (*lead, n_items, n_constructs)).reshape(-1, n_items, n_constructs)
    often = np.broadcast_to(1.0 if counts is None else counts, (*lead, n_respondents)).reshape(-1, n_respondents)
    if means is None:
        with np.errstate(invalid="ignore"):
            centres = (often @ answers) / (often @ observed.astype(np.float64))
    else:
        centres = np.broadcast_to(means, (*lead, n_items)).reshape(-1, n_items)
    centres = np.nan_to_num(centres)
    n_variables = n_constructs + len(pairs)
    mean = np.empty((len(weights), n_variables))
    covariance = np.empty((len(weights), n_variables, n_variables))
    complete = bool(observed.all())
    size = max(1, BLOCK_VALUES // (n_respondents * n_variables))
    for first in range(0, len(weights), size):
        part = slice(first, first + size)
        shift = centres[part, :, np.newaxis] * weights[part]
        taken = shift.sum(axis=1, keepdims=True) if complete else observed.astype(np.float64) @ shift
        scores = answers @ weights[part] - taken
        values = np.concatenate([scores, scores[..., pairs[:, 0]] * scores[..., pairs[:, 1]]], axis=-1)
        share = often[part, :, np.newaxis]
        total = share.sum(axis=1)
        mean[part] = (values * share).sum(axis=1) / total
        values -= mean[part, np.newaxis]
        covariance[part] = np.swapaxes(values * share, -1, -2) @ values / (total[..., np.newaxis] - 1.0)
    n_observations = often.sum(axis=1).reshape(lead)
    return Moments(
        mean.reshape(*lead, n_variables),
        covariance.reshape(*lead, n_variables, n_variables),
        float(n_observations) if not lead else n_observations,
    )
