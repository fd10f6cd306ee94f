"""BG/NBD and MBG/NBD: what customers are at the end of observation, gone or alive, and what the future then depends on.

=======  ==============  ===============================================
symbol   name            meaning
=======  ==============  ===============================================
x        frequency       repeat orders
t_x      age_at_last     time from the first to the last order
T        age             time from the first order to the end
r, α     r, alpha        shape and rate of the order rates
a, b     a, b            parameters of the dropout probabilities
=======  ==============  ===============================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from crmmodels._typing import FloatArray, IntArray
from crmmodels.kernels.arrays.blocks import in_blocks
from crmmodels.kernels.purchase.beta_geo.chebyshev import Mixtures
from crmmodels.kernels.purchase.beta_geo.likelihood import BetaGeoParameters
from crmmodels.kernels.purchase.histories import distinct

_BLOCK_ROWS: Final = 8192
"""Rows whose arrays fit in a processor's cache."""


@dataclass(frozen=True, slots=True, eq=False)
class AliveStates:
    """What the future of customers who are alive depends on, without repetition.

    Attributes
    ----------
    mixtures : Mixtures
        Order rates and dropout probabilities for each frequency.
    kind : ndarray of int64, shape (n_states,)
        Frequency of each state, as its place in the mixtures.
    rate : ndarray of float64, shape (n_states,)
        Rate parameter ``α + T`` of the order rates.
    row : ndarray of int64, shape (n_customers,)
        State of each customer.
    """

    mixtures: Mixtures
    kind: IntArray
    rate: FloatArray
    row: IntArray


def alive_states(
    frequency: FloatArray, age: FloatArray, parameters: BetaGeoParameters, *, modified: bool = False
) -> AliveStates:
    """Distinct states of customers who are alive.

    Parameters
    ----------
    frequency, age : ndarray of float64, shape (n_customers,)
        Repeat orders x and time T to the end of observation.
    parameters : BetaGeoParameters
        Parameters.
    modified : bool, default False
        Whether a customer may drop out right after the first order (MBG/NBD).

    Returns
    -------
    AliveStates
        In ascending order of frequency and age.
    """
    states = distinct((frequency, age))
    x, t = frequency[states.first], age[states.first]
    new = np.ones(len(x), np.bool_)
    new[1:] = x[1:] != x[:-1]
    kinds = x[new]
    mixtures = Mixtures(parameters.r + kinds, np.full(len(kinds), parameters.a), parameters.b + kinds + int(modified))
    return AliveStates(mixtures, np.cumsum(new) - 1, parameters.alpha + t, states.row)


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """Whether customers have dropped out by the end of observation.

    Attributes
    ----------
    alive, gone : ndarray of float64, shape (n_customers,)
        Probabilities that they have not and that they have, neither as a difference from 1.
    """

    alive: FloatArray
    gone: FloatArray


def standing(
    frequency: FloatArray, age_at_last: FloatArray, age: FloatArray, parameters: BetaGeoParameters, *, modified: bool = False
) -> Standing:
    """Probabilities to be alive and to be gone.

    Parameters
    ----------
    frequency, age_at_last, age : ndarray of float64, shape (n_customers,)
        Repeat orders x, time t_x to the last order and T to the end of observation.
    parameters : BetaGeoParameters
        Parameters.
    modified : bool, default False
        Whether a customer may drop out right after the first order (MBG/NBD).

    Returns
    -------
    Standing
        ``1 / (1 + e^q)`` and ``1 / (1 + e^-q)`` with ``q = log a - log(b + x + m - 1) + (r + x) log((α + T) / (α + t_x))``, which is minus
        infinity where there was no chance to drop out.
    """
    m = int(modified)
    alive, gone = np.empty(len(age)), np.empty(len(age))
    r, alpha, a, b = parameters.r, parameters.alpha, parameters.a, parameters.b

    def block(rows: slice) -> None:
        x, t_x = frequency[rows], age_at_last[rows]
        chances = x + (m - 1.0)
        q = np.log(a / (b + np.maximum(chances, 0.0))) + (r + x) * np.log1p((age[rows] - t_x) / (alpha + t_x))
        # Without a chance to drop out nobody is gone.
        q[chances < 0.0] = -np.inf
        small = np.exp(-np.abs(q))
        likelier = 1.0 / (1.0 + small)
        rather_gone, rarer = q > 0.0, small * likelier
        alive[rows] = np.where(rather_gone, rarer, likelier)
        gone[rows] = np.where(rather_gone, likelier, rarer)

    in_blocks(block, len(age), _BLOCK_ROWS)
    return Standing(alive, gone)
