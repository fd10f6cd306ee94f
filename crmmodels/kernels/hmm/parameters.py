"""Parameters of a hidden Markov model of counts, and what histories tell of them."""

from __future__ import annotations

from dataclasses import dataclass

from crmmodels._domains import CountFromOne, PositiveOrInfinite, PositiveVector, ShareMatrix
from crmmodels._typing import FloatArray
from crmmodels.kernels.hmm.multipliers import Multipliers, gamma_multipliers


@dataclass(frozen=True, slots=True, eq=False)
class HMMParameters:
    """Parameters of a hidden Markov model of counts.

    Attributes
    ----------
    rate : ndarray of float64, shape (n_stages,)
        Orders per period of a customer whose multiplier is 1.
    moves : ndarray of float64, shape (n_stages, n_stages)
        Probability of the stage of the next period, given that of this one; rows add up to 1.
    shape : float
        Shape of the gamma distribution of customers' multipliers; infinite for customers without differences.
    n_grid : int
        Nodes on which it is integrated; 1 for customers without differences.
    """

    rate: PositiveVector
    moves: ShareMatrix
    shape: PositiveOrInfinite
    n_grid: CountFromOne

    def multipliers(self) -> Multipliers:
        """Nodes and weights of the multipliers.

        Returns
        -------
        Multipliers
            Of shape (n_grid,).
        """
        return gamma_multipliers(self.shape, self.n_grid)


@dataclass(frozen=True, slots=True, eq=False)
class Expectations:
    """What histories tell of the stages behind them, summed over customers.

    Attributes
    ----------
    log_likelihood : ndarray of float64, shape (n_histories,)
        Logarithm of the probability of each history.
    moves : ndarray of float64, shape (n_stages, n_stages)
        Expected moves.
    orders, exposure : ndarray of float64, shape (n_stages, n_grid)
        Expected orders, and time, in each stage for each multiplier.
    customers : ndarray of float64, shape (n_grid,)
        Expected customers with each multiplier.
    """

    log_likelihood: FloatArray
    moves: FloatArray
    orders: FloatArray
    exposure: FloatArray
    customers: FloatArray
