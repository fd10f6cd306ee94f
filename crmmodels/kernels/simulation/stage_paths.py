"""Customers who move from stage to stage and order at the rate of the stage they are in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crmmodels._typing import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class StagePaths:
    """Drawn paths of stages, and the orders on the way.

    Attributes
    ----------
    start : ndarray of int64, shape (n_customers + 1,)
        Row at which each customer begins, and the number of rows at the end.
    period : ndarray of int64, shape (n_rows,)
        Period number, consecutive within a customer.
    stage : ndarray of int64, shape (n_rows,)
        Stage in the period.
    n_orders : ndarray of int64, shape (n_rows,)
        Orders in the period.
    multiplier : ndarray of float64, shape (n_customers,)
        How many times the rate of the stage each customer orders at.
    """

    start: IntArray
    period: IntArray
    stage: IntArray
    n_orders: IntArray
    multiplier: FloatArray


def draw_stage_paths(
    transition: FloatArray,
    order_rate: FloatArray,
    shape: float,
    first_period: IntArray,
    n_periods: int,
    *,
    rng: np.random.Generator,
) -> StagePaths:
    r"""Draw a path through the stages for each customer, from stage 0 on, and a count of orders for each of its periods.

    Parameters
    ----------
    transition : ndarray of float64, shape (n_stages, n_stages)
        Probability of each move from one period to the next; rows add up to 1.
    order_rate : ndarray of float64, shape (n_stages,)
        Mean orders per period in each stage.
    shape : float
        Shape of the gamma distribution of customers' multipliers, whose mean is 1; infinity makes all of them 1.
    first_period : ndarray of int64, shape (n_customers,)
        Period in which each customer starts, from 0.
    n_periods : int
        Periods up to the end of observation.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    StagePaths
        One row per customer and period from its first on.

    Notes
    -----
    .. math:: h_i \sim \Gamma(\nu, 1 / \nu), \quad z_{i1} = 0, \quad P(z_{it} = s \mid z_{i,t-1} = r) = P_{rs},
        \quad y_{it} \sim \mathrm{Poisson}(h_i \lambda_{z_{it}})

    with :math:`P` ``transition``, :math:`\lambda` ``order_rate``, :math:`\nu` ``shape``.

    References
    ----------
    Netzer, O., Lattin, J. M. & Srinivasan, V. (2008). A Hidden Markov Model of Customer Relationship Dynamics. Marketing
    Science 27(2), 185-204. doi:10.1287/mksc.1070.0294

    Examples
    --------
    >>> moves = np.array([[0.5, 0.5], [0.0, 1.0]])
    >>> draw_stage_paths(moves, np.array([1.0, 4.0]), 2.0, np.array([0, 2]), 4, rng=np.random.default_rng(0)).stage
    array([0, 1, 1, 1, 0, 1])
    """
    n_customers = len(first_period)
    multiplier = np.ones(n_customers) if np.isinf(shape) else rng.gamma(shape, 1.0 / shape, n_customers)
    # The last bound is beyond any draw, however the row's sum was rounded.
    bounds = transition.cumsum(axis=1)
    bounds[:, -1] = 2.0
    stages = np.zeros((n_customers, n_periods), np.int64)
    for period in range(1, n_periods):
        drawn = rng.random(n_customers)
        moved = (drawn[:, np.newaxis] >= bounds[stages[:, period - 1]]).sum(axis=1)
        stages[:, period] = np.where(first_period < period, moved, 0)
    periods = np.arange(n_periods)
    lived = periods >= first_period[:, np.newaxis]
    stage = stages[lived]
    length = n_periods - first_period
    start = np.concatenate([[0], np.cumsum(length)]).astype(np.int64)
    mean = np.repeat(multiplier, length) * order_rate[stage]
    return StagePaths(start, np.broadcast_to(periods, lived.shape)[lived], stage, rng.poisson(mean), multiplier)
