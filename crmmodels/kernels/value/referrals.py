"""Referrals: what customers are worth for those whom they brought in, with nobody counted twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from crmmodels._typing import FloatArray, IntArray


def referral_generations(referrer: IntArray) -> IntArray:
    """Number of referrals between each customer and the one at the root of the tree.

    Parameters
    ----------
    referrer : ndarray of int64, shape (n_customers,)
        Code of the referrer of each customer, from 0; -1 for none.

    Returns
    -------
    ndarray of int64, shape (n_customers,)
        0 for who was not referred; -1 for who is on a cycle or below one, which is an error of the data.

    Notes
    -----
    By pointer doubling: in each round every customer that has not arrived looks as far again as so far, so that a chain of n customers
    takes about log2(n) rounds of array operations.

    References
    ----------
    Wyllie, J. C. (1979). The Complexity of Parallel Computations. Ph.D. thesis, Cornell University, TR 79-387.

    Examples
    --------
    >>> referral_generations(np.array([-1, 0, 1, 4, 3]))
    array([ 0,  1,  2, -1, -1])
    """
    distance = (referrer >= 0).astype(np.int64)
    waiting = np.flatnonzero(distance)
    ancestor = referrer.copy()
    while len(waiting):
        above = ancestor[waiting]
        # Both reads come before the writes: all customers look equally far in a round.
        further, beyond = distance[above], ancestor[above]
        distance[waiting] += further
        ancestor[waiting] = beyond
        still = waiting[beyond >= 0]
        if len(still) == len(waiting):
            # Of a tree somebody arrives in every round; these never will.
            break
        waiting = still
    distance[waiting] = -1
    return distance


def cycles(referrer: IntArray) -> IntArray:
    """Customers who, through others or by themselves, referred themselves.

    Parameters
    ----------
    referrer : ndarray of int64, shape (n_customers,)
        Code of the referrer of each customer, from 0; -1 for none.

    Returns
    -------
    ndarray of int64, shape (n_on_cycles,)
        Their codes, ascending; without those who were referred by somebody on a cycle but are on none. Empty where all is well.

    Notes
    -----
    After as many steps up as there are customers, whoever has not arrived at a root is on a cycle, and everybody on a cycle is reached.

    Examples
    --------
    >>> cycles(np.array([-1, 0, 1, 4, 3, 3]))
    array([3, 4])
    """
    suspects = np.flatnonzero(referral_generations(referrer) < 0)
    position = np.empty(len(referrer), np.int64)
    position[suspects] = np.arange(len(suspects))
    reached = position[referrer[suspects]]
    for _ in range(len(suspects).bit_length()):
        reached = reached[reached]
    on_cycle = np.zeros(len(suspects), np.bool_)
    on_cycle[reached] = True
    return suspects[on_cycle]


@dataclass(frozen=True, slots=True, eq=False)
class ReferralValues:
    """Value moved from referred customers to who referred them; each shape (n_customers,) or (n_draws, n_customers).

    Attributes
    ----------
    transfer : ndarray of float64, shape (..., n_customers)
        What each customer's own referrer is credited with for him; 0 for who was not referred.
    clv5 : ndarray of float64, shape (..., n_customers)
        What each customer is credited with for those whom he referred, less their rewards.
    retained : ndarray of float64, shape (..., n_customers)
        Own value plus clv5 less transfer: what may be added up over customers.
    """

    transfer: FloatArray
    clv5: FloatArray
    retained: FloatArray


def referral_values(
    own: FloatArray,
    referrer: IntArray,
    reward: FloatArray,
    acquisition_relief: FloatArray,
    theta: float | FloatArray,
    *,
    generations: Literal[1, "all"],
) -> ReferralValues:
    r"""Value of referrals to who made them, and the value left to each customer so that the total is counted once.

    Parameters
    ----------
    own : ndarray of float64, shape (n_customers,) or (n_draws, n_customers)
        Own value O, less the cost of acquisition, in the currency of the data.
    referrer : ndarray of int64, shape (n_customers,)
        Code of the referrer of each customer, from 0; -1 for none. Without cycles.
    reward : ndarray of float64, shape (n_customers,)
        Discounted reward paid for referring this customer; read for the referred only.
    acquisition_relief : ndarray of float64, shape (n_customers,)
        Discounted saving on the cost of acquiring this customer, against the usual cost; read for the referred only.
    theta : float or ndarray of float64, shape (n_draws,)
        Probability that a referred customer would not have come otherwise, from 0 to 1.
    generations : {1, "all"}
        Whether a customer is credited for whom he referred only, or also for whom these referred, and so on.

    Returns
    -------
    ReferralValues
        With a row per draw if ``own`` or ``theta`` have draws; each row is what it would be alone.

    Notes
    -----
    For customers k who were referred,

    .. math:: T_k = \theta\, G_k + (1 - \theta)\, r_k, \quad
        G_k = O_k \quad \mathrm{or} \quad G_k = O_k + \sum_{j\ \mathrm{referred\ by}\ k} T_j,

    .. math:: \mathrm{CLV5}_i = \sum_{k\ \mathrm{referred\ by}\ i} (T_k - w_k), \quad R_i = O_i + \mathrm{CLV5}_i - T_i, \quad
        \sum_i R_i = \sum_i O_i - \sum_k w_k.

    A transfer is worth to its receiver exactly what it takes from its giver, so that retained values sum to customer equity.
    With all generations T is a linear recursion over the tree, summed by pointer doubling: after round j each customer holds
    :math:`\sum_{d < 2^j} \theta^d` times what is :math:`d` referrals below, and a chain of n takes about log2(n) rounds.

    ============== ======================
    symbol         name
    ============== ======================
    :math:`O`      ``own``
    :math:`w`      ``reward``
    :math:`r`      ``acquisition_relief``
    :math:`T`      ``transfer``
    :math:`R`      ``retained``
    ============== ======================

    References
    ----------
    Kumar, V., Petersen, J. A. & Leone, R. P. (2010). Driving Profitability by Encouraging Customer Referrals: Who, When, and How.
    Journal of Marketing 74(5), 1-17. doi:10.1509/jmkg.74.5.001

    Schmitt, P., Skiera, B. & Van den Bulte, C. (2011). Referral Programs and Customer Value. Journal of Marketing 75(1), 46-59.
    doi:10.1509/jm.75.1.46

    Examples
    --------
    >>> own, reward, relief = np.array([93.0, 20.0]), np.array([0.0, 3.0]), np.array([0.0, 15.0])
    >>> found = referral_values(own, np.array([-1, 0]), reward, relief, 0.5, generations=1)
    >>> found.transfer, found.clv5, found.retained
    (array([ 0. , 17.5]), array([14.5,  0. ]), array([107.5,   2.5]))
    """
    referred = np.flatnonzero(referrer >= 0)
    chance = np.asarray(theta, np.float64)[..., np.newaxis]
    credit = chance * own[..., referred] + (1.0 - chance) * acquisition_relief[referred]
    if generations == "all":
        _add_downstream(credit, _referred_by(referrer, referred), chance)
    shape = (*credit.shape[:-1], len(referrer))
    transfer = np.zeros(shape)
    transfer[..., referred] = credit
    clv5 = np.empty(shape)
    for draw in np.ndindex(shape[:-1]):
        clv5[draw] = np.bincount(referrer[referred], credit[draw] - reward[referred], len(referrer))
    return ReferralValues(transfer, clv5, own + clv5 - transfer)


def _referred_by(referrer: IntArray, referred: IntArray) -> IntArray:
    """Who among the referred referred each of them; -1 for a root of the tree."""
    position = np.full(len(referrer), -1)
    position[referred] = np.arange(len(referred))
    return position[referrer[referred]]


def _add_downstream(credit: FloatArray, parent: IntArray, chance: FloatArray) -> None:
    """Add to each one's credit, in place, that of all below, times the chance once for each referral between."""
    factor = np.broadcast_to(chance, (*credit.shape[:-1], 1))[..., 0].copy()
    for below, above in _jumps(parent):
        for draw in np.ndindex(credit.shape[:-1]):
            # The sums are complete before anything is added: what was added in this round must not travel on.
            credit[draw] += factor[draw] * np.bincount(above, credit[draw][below], len(parent))
        factor **= 2
        if not factor.any():
            break


def _jumps(parent: IntArray) -> Iterator[tuple[IntArray, IntArray]]:
    """Pairs of those who are 1, 2, 4, ... referrals apart, as long as there are any."""
    ancestor = parent.copy()
    below = np.flatnonzero(ancestor >= 0)
    for _ in range(len(parent).bit_length()):
        if not len(below):
            return
        above = ancestor[below]
        yield below, above
        ancestor[below] = ancestor[above]
        below = below[ancestor[below] >= 0]
