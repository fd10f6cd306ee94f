"""Counts of a hidden Markov model: Poisson given the stage and the customer's multiplier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from crmmodels._typing import AnyArray, FloatArray
from crmmodels.kernels.hmm.histories import Histories
from crmmodels.kernels.hmm.parameters import HMMParameters

_LARGEST_TABLE: Final = 20_000
"""Pairs of count and exposure whose probabilities are kept for a whole pass."""


@dataclass(frozen=True, slots=True, eq=False)
class Emissions:
    """Probabilities of pairs of count and exposure, over that of the stage in which each is largest.

    Attributes
    ----------
    relative : ndarray of float64, shape (n_stages, n_symbols, n_grid)
        Probability over the largest among the stages.
    log_largest : ndarray of float64, shape (n_symbols, n_grid)
        Logarithm of the largest.
    log : ndarray of float64, shape (n_stages, n_symbols, n_grid)
        Logarithms of the probabilities.
    """

    relative: FloatArray
    log_largest: FloatArray
    log: FloatArray


def emissions(count: FloatArray, exposure: FloatArray, rate: FloatArray, node: FloatArray) -> Emissions:
    r"""Probability of each count in each stage and for each multiplier.

    Parameters
    ----------
    count, exposure : ndarray of float64, shape (n_symbols,)
        Counts, and the shares of a period in which they were observed.
    rate : ndarray of float64, shape (n_stages,)
        Orders per period in each stage, above 0.
    node : ndarray of float64, shape (n_grid,)
        Multipliers.

    Returns
    -------
    Emissions
        Of :math:`y \sim \text{Poisson}(h \lambda_s e)`.
    """
    from scipy.special import gammaln  # noqa: PLC0415

    log_mean = np.log(rate)[:, None, None] + np.log(exposure)[None, :, None] + np.log(node)
    log = count[None, :, None] * log_mean - np.exp(log_mean) - gammaln(count + 1.0)[None, :, None]
    largest = log.max(axis=0)
    return Emissions(np.exp(log - largest), largest, log)


class EmissionTable:
    """Probabilities of the counts of histories, from a table where there are few, and made when asked where there are many.

    Parameters
    ----------
    histories : Histories
        Whose counts.
    parameters : HMMParameters
        Of which model.
    """

    def __init__(self, histories: Histories, parameters: HMMParameters) -> None:
        self._count, self._exposure = histories.count, histories.exposure
        self._rate, self._node = parameters.rate, parameters.multipliers().node
        few = len(self._count) <= _LARGEST_TABLE
        self._table = emissions(self._count, self._exposure, self._rate, self._node) if few else None

    def of(self, symbol: AnyArray) -> tuple[FloatArray, FloatArray]:
        """Relative probabilities and the logarithms of what they are relative to.

        Parameters
        ----------
        symbol : ndarray of int, shape (n,)
            Pairs of count and exposure.

        Returns
        -------
        tuple of ndarray of float64, shapes (n_stages, n, n_grid) and (n, n_grid)
            As in `Emissions`.
        """
        if self._table is None:
            made = self._made(symbol)
            return made.relative, made.log_largest
        return self._table.relative.take(symbol, axis=1, mode="clip"), self._table.log_largest.take(symbol, axis=0, mode="clip")

    def relative(self, symbol: AnyArray) -> FloatArray:
        """Relative probabilities alone.

        Parameters
        ----------
        symbol : ndarray of int, shape (n,)
            Pairs of count and exposure.

        Returns
        -------
        ndarray of float64, shape (n_stages, n, n_grid)
            As in `Emissions`.
        """
        if self._table is None:
            return self._made(symbol).relative
        return self._table.relative.take(symbol, axis=1, mode="clip")

    def logarithms(self, symbol: AnyArray) -> FloatArray:
        """Logarithms of the probabilities.

        Parameters
        ----------
        symbol : ndarray of int, shape (n,)
            Pairs of count and exposure.

        Returns
        -------
        ndarray of float64, shape (n_stages, n, n_grid)
            As in `Emissions`.
        """
        return self._made(symbol).log if self._table is None else self._table.log.take(symbol, axis=1, mode="clip")

    def _made(self, symbol: AnyArray) -> Emissions:
        return emissions(self._count[symbol], self._exposure[symbol], self._rate, self._node)
