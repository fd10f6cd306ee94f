"""What first-time buyers pay: the prices that those of loyal customers are compared with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crmmodels._typing import FloatArray, IntArray
from crmmodels.kernels.arrays.grouping import group_sums


@dataclass(frozen=True, slots=True, eq=False)
class ShrunkDiscounts:
    """Discounts of first-time buyers.

    Attributes
    ----------
    cell : ndarray of float64, shape (n_cells,)
        Of the cells, as shares of the list price.
    category : ndarray of float64, shape (n_categories,)
        Of the categories, which is also that of a period without first-time buyers.
    overall : float
        Of all; NaN where there is no first-time buyer.
    """

    cell: FloatArray
    category: FloatArray
    overall: float


def shrunk_discounts(
    category: IntArray, quantity: FloatArray, quantity_discount: FloatArray, n_categories: int, *, shrinkage: float
) -> ShrunkDiscounts:
    r"""Mean discounts of first-time buyers by category and period, drawn towards those of the category and of all.

    The benchmark of CLV6 where list prices are known: the list price less the discount that a new customer would have had.

    Parameters
    ----------
    category : ndarray of int64, shape (n_cells,)
        Category of each cell, from 0; a cell is a category in a period.
    quantity : ndarray of float64, shape (n_cells,)
        Units that first-time buyers bought, at least 0.
    quantity_discount : ndarray of float64, shape (n_cells,)
        Sum of quantity times discount, the discount as a share of the list price.
    n_categories : int
        Number of categories.
    shrinkage : float
        Weight of what is drawn towards, in units bought; at least 0, and 0 for plain means.

    Returns
    -------
    ShrunkDiscounts
        A cell without first-time buyers has the mean of its category, a category without any that of all.

    Notes
    -----
    .. math:: d = \frac{\sum q d}{\sum q}, \quad d_g = \frac{\sum_g q d + \lambda d}{\sum_g q + \lambda}, \quad
        d_{gt} = \frac{\sum_{gt} q d + \lambda d_g}{\sum_{gt} q + \lambda},

    which is credibility with a given weight λ of the prior, ``shrinkage``.

    References
    ----------
    Bühlmann, H. & Gisler, A. (2005). A Course in Credibility Theory and its Applications. Springer, chapter 6 (hierarchical credibility).
    doi:10.1007/3-540-29273-X

    Examples
    --------
    >>> found = shrunk_discounts(np.array([0, 0, 1]), np.array([30.0, 0.0, 10.0]), np.array([3.0, 0.0, 3.0]), 2, shrinkage=10.0)
    >>> found.cell.round(4), found.category.round(4), found.overall
    (array([0.1031, 0.1125, 0.2625]), array([0.1125, 0.225 ]), 0.15)
    """
    units = group_sums(category, quantity, n_categories)
    sums = group_sums(category, quantity_discount, n_categories)
    in_all = float(units.sum())
    overall = float(sums.sum()) / in_all if in_all > 0 else np.nan
    of_category = _shrunk(units, sums, np.full(n_categories, overall), shrinkage)
    return ShrunkDiscounts(_shrunk(quantity, quantity_discount, of_category[category], shrinkage), of_category, overall)


@dataclass(frozen=True, slots=True, eq=False)
class ShrunkMeans:
    """Mean net prices of first-time buyers.

    Attributes
    ----------
    cell : ndarray of float64, shape (n_cells,)
        Of the cells, in the currency of the data; NaN where no first-time buyer ever bought the article.
    sku : ndarray of float64, shape (n_skus,)
        Of the articles, which is also that of a period without first-time buyers; NaN without any.
    """

    cell: FloatArray
    sku: FloatArray


def shrunk_means(
    sku: IntArray, quantity: FloatArray, quantity_price: FloatArray, n_skus: int, *, shrinkage: float
) -> ShrunkMeans:
    r"""Mean net prices of first-time buyers by article and period, drawn towards that of the article.

    The benchmark of CLV6 where list prices are not known but articles are.

    Parameters
    ----------
    sku : ndarray of int64, shape (n_cells,)
        Article of each cell, from 0; a cell is an article in a period.
    quantity : ndarray of float64, shape (n_cells,)
        Units that first-time buyers bought, at least 0.
    quantity_price : ndarray of float64, shape (n_cells,)
        What they paid: the sum of quantity times net price, in the currency of the data.
    n_skus : int
        Number of articles.
    shrinkage : float
        Weight of what is drawn towards, in units bought; at least 0, and 0 for plain means.

    Returns
    -------
    ShrunkMeans
        A cell without first-time buyers has the mean of its article. Articles are not drawn towards each other: unlike discounts,
        their prices have no common level.

    Notes
    -----
    .. math:: b_k = \frac{\sum_k q p}{\sum_k q}, \quad b_{kt} = \frac{\sum_{kt} q p + \lambda b_k}{\sum_{kt} q + \lambda}

    References
    ----------
    Bühlmann, H. & Gisler, A. (2005). A Course in Credibility Theory and its Applications. Springer. doi:10.1007/3-540-29273-X
    """
    units, sums = group_sums(sku, quantity, n_skus), group_sums(sku, quantity_price, n_skus)
    of_sku = _shrunk(units, sums, np.full(n_skus, np.nan), 0.0)
    return ShrunkMeans(_shrunk(quantity, quantity_price, of_sku[sku], shrinkage), of_sku)


def _shrunk(units: FloatArray, sums: FloatArray, target: FloatArray, shrinkage: float) -> FloatArray:
    """Means drawn towards a target; the target where there is nothing to draw."""
    weighed = units + shrinkage
    # A target that does not exist must not spoil a mean that does not need it.
    drawn = sums + shrinkage * target if shrinkage > 0 else sums
    return np.divide(drawn, weighed, out=target.copy(), where=units > 0)
