"""Moves between stages: how many, how probable, and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crmmodels._typing import BoolArray, FloatArray, IntArray


def transition_counts(stage: IntArray, start: IntArray, n_stages: int, weight: FloatArray | None = None) -> FloatArray:
    """Moves from each stage to each in the next period, over paths of different lengths.

    Parameters
    ----------
    stage : ndarray of int64, shape (n_rows,)
        Stage from 0, by customer and period; -1 where it is not known, which leaves out the moves to it and from it.
    start : ndarray of int64, shape (n_customers + 1,)
        Row at which each customer begins, and the number of rows at the end.
    n_stages : int
        Number of stages.
    weight : ndarray of float64, shape (n_customers,), optional
        How many customers each stands for. Default: one.

    Returns
    -------
    ndarray of float64, shape (n_stages, n_stages)
        Stage before in rows, stage after in columns.

    Examples
    --------
    >>> transition_counts(np.array([0, 1, 1, 0, 0]), np.array([0, 3, 5]), 2)
    array([[1., 1.],
           [0., 1.]])
    """
    within = np.ones(max(len(stage) - 1, 0), np.bool_)
    inner = start[1:-1]
    within[inner[(inner > 0) & (inner < len(stage))] - 1] = False
    before, after = stage[:-1], stage[1:]
    kept = within & (before >= 0) & (after >= 0)
    moves = before[kept] * n_stages + after[kept]
    of_move = None if weight is None else np.repeat(weight, np.diff(start))[:-1][kept]
    counts = np.bincount(moves, weights=of_move, minlength=n_stages * n_stages)
    return counts.reshape(n_stages, n_stages).astype(np.float64)


def transition_probabilities(counts: FloatArray, prior: FloatArray | float = 0.0) -> FloatArray:
    r"""Probability of each stage after each, from counted moves and moves imagined beforehand.

    Parameters
    ----------
    counts : ndarray of float64, shape (..., n_stages, n_stages)
        Moves; they need not be whole.
    prior : float or ndarray of float64, broadcast against ``counts``
        Moves added to each count, at least 0; 0 for a move that cannot be, 1 for one as likely as any other.

    Returns
    -------
    ndarray of float64, shape (..., n_stages, n_stages)
        Rows that add up to 1; a row without moves, counted or imagined, is NaN.

    Notes
    -----
    Posterior mean under a Dirichlet prior of each row:

    .. math:: P_{rs} = \frac{n_{rs} + \alpha_{rs}}{\sum_k (n_{rk} + \alpha_{rk})}

    References
    ----------
    Gelman, A. et al. (2013). Bayesian Data Analysis, 3rd ed., section 3.4. Chapman & Hall/CRC.

    Examples
    --------
    >>> transition_probabilities(np.array([[3.0, 1.0], [0.0, 0.0]]), 1.0)
    array([[0.66666667, 0.33333333],
           [0.5       , 0.5       ]])
    """
    smoothed = counts + prior
    total = smoothed.sum(axis=-1, keepdims=True)
    shares: FloatArray = np.divide(smoothed, total, out=np.full(smoothed.shape, np.nan), where=total > 0)
    return shares


def dwell_times(transition: FloatArray) -> FloatArray:
    r"""Mean number of consecutive periods in each stage, the first included.

    Parameters
    ----------
    transition : ndarray of float64, shape (..., n_stages, n_stages)
        Probabilities; rows add up to 1.

    Returns
    -------
    ndarray of float64, shape (..., n_stages)
        At least 1; infinite for a stage that is never left.

    Notes
    -----
    A stay is geometric, so its mean is

    .. math:: \frac{1}{1 - P_{jj}}

    The difference is summed from the other entries of the row, where it loses no digits.

    Examples
    --------
    >>> dwell_times(np.array([[0.75, 0.25], [0.0, 1.0]]))
    array([ 4., inf])
    """
    n = transition.shape[-1]
    leaving = np.where(np.eye(n, dtype=np.bool_), 0.0, transition).sum(axis=-1)
    times: FloatArray = np.divide(1.0, leaving, out=np.full(leaving.shape, np.inf), where=leaving > 0)
    return times


def n_step_transitions(transition: FloatArray, n_steps: int) -> FloatArray:
    """Probability of each stage after each, some periods later.

    Parameters
    ----------
    transition : ndarray of float64, shape (..., n_stages, n_stages)
        Probabilities of one period; rows add up to 1.
    n_steps : int
        Number of periods, from 0.

    Returns
    -------
    ndarray of float64, shape (..., n_stages, n_stages)
        The matrix's power.

    Examples
    --------
    >>> n_step_transitions(np.array([[0.5, 0.5], [0.0, 1.0]]), 3)
    array([[0.125, 0.875],
           [0.   , 1.   ]])
    """
    power: FloatArray = np.linalg.matrix_power(transition, n_steps)
    return power


def closed_classes(transition: FloatArray) -> IntArray:
    """Sets of stages that lead to each other and nowhere else: where every path ends up.

    Parameters
    ----------
    transition : ndarray of float64, shape (n_stages, n_stages)
        Probabilities; rows add up to 1.

    Returns
    -------
    ndarray of int64, shape (n_stages,)
        Number of the stage's closed class from 0, by its first stage; -1 for a transient stage, which is left for good.

    References
    ----------
    Kemeny, J. G. & Snell, J. L. (1960). Finite Markov Chains, chapter 2. Van Nostrand, Princeton.

    Examples
    --------
    >>> closed_classes(np.array([[0.5, 0.5, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]))
    array([-1,  0,  1])
    """
    n = len(transition)
    reaches = (transition > 0) | np.eye(n, dtype=np.bool_)
    for middle in range(n):
        reaches |= reaches[:, middle : middle + 1] & reaches[middle]
    # A stage is recurrent where whatever it reaches leads back to it.
    is_recurrent = (~reaches | reaches.T).all(axis=1)
    first = np.argmax(reaches & reaches.T, axis=1)
    leads = np.unique(first[is_recurrent])
    return np.where(is_recurrent, np.searchsorted(leads, first), -1)


def stationary_distributions(transition: FloatArray) -> FloatArray:
    r"""Shares of stages that moves leave as they are, one distribution for each closed class.

    A chain with one closed class has one such distribution, which every start approaches on average over time, periodic or
    not. A chain with several has as many, and every mixture of them; where a customer ends depends on the start: see
    `absorption`.

    Parameters
    ----------
    transition : ndarray of float64, shape (n_stages, n_stages)
        Probabilities; rows add up to 1.

    Returns
    -------
    ndarray of float64, shape (n_classes, n_stages)
        Rows that add up to 1, by closed class; 0 for the stages outside.

    Notes
    -----
    .. math:: \pi P = \pi, \quad \sum_j \pi_j = 1

    by the elimination of Grassmann, Taksar & Heyman, which subtracts nothing, so that small shares keep their digits.

    References
    ----------
    Grassmann, W. K., Taksar, M. I. & Heyman, D. P. (1985). Regenerative Analysis and Steady State Distributions for Markov
    Chains. Operations Research 33(5), 1107-1116. doi:10.1287/opre.33.5.1107

    Examples
    --------
    >>> stationary_distributions(np.array([[0.5, 0.5], [0.25, 0.75]]))
    array([[0.33333333, 0.66666667]])
    """
    of_stage = closed_classes(transition)
    n_classes = int(of_stage.max()) + 1
    distributions = np.zeros((n_classes, len(transition)))
    for number in range(n_classes):
        members = np.flatnonzero(of_stage == number)
        distributions[number, members] = _stationary(transition[np.ix_(members, members)])
    return distributions


def _stationary(transition: FloatArray) -> FloatArray:
    """Distribution of an irreducible chain, eliminating its states from the last to the second."""
    reduced = transition.copy()
    for last in range(len(reduced) - 1, 0, -1):
        reduced[:last, last] /= reduced[last, :last].sum()
        reduced[:last, :last] += np.outer(reduced[:last, last], reduced[last, :last])
    share = np.ones(len(reduced))
    for state in range(1, len(reduced)):
        share[state] = share[:state] @ reduced[:state, state]
    normalised: FloatArray = share / share.sum()
    return normalised


@dataclass(frozen=True, slots=True, eq=False)
class Absorption:
    """Where paths from each stage end up, and what they pass until then.

    Attributes
    ----------
    closed_class : ndarray of int64, shape (n_stages,)
        `closed_classes`.
    probability : ndarray of float64, shape (n_stages, n_classes)
        Probability of ending in each closed class; rows add up to 1.
    time : ndarray of float64, shape (n_stages,)
        Mean number of periods until then; 0 within a closed class.
    visits : ndarray of float64, shape (n_stages, n_stages)
        Mean number of periods spent in each transient stage (columns) before, the first period included; 0 from and in closed
        classes. Among the transient stages it is the fundamental matrix.
    """

    closed_class: IntArray
    probability: FloatArray
    time: FloatArray
    visits: FloatArray


def absorption(transition: FloatArray) -> Absorption:
    r"""Where customers of each stage end up in the long run, and after how long.

    Parameters
    ----------
    transition : ndarray of float64, shape (n_stages, n_stages)
        Probabilities; rows add up to 1.

    Returns
    -------
    Absorption
        Probabilities, times and visits. In a chain without transient stages all of it is certain and immediate.

    Notes
    -----
    With :math:`Q` the moves among transient stages and :math:`R` those from them into closed classes

    .. math:: N = (I - Q)^{-1}, \quad B = N R, \quad t = N 1

    References
    ----------
    Kemeny, J. G. & Snell, J. L. (1960). Finite Markov Chains, chapter 3. Van Nostrand, Princeton.

    Examples
    --------
    >>> found = absorption(np.array([[0.5, 0.3, 0.2], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]))
    >>> found.probability[0], found.time[0]
    (array([0.6, 0.4]), np.float64(2.0))
    """
    n = len(transition)
    of_stage = closed_classes(transition)
    transient = np.flatnonzero(of_stage < 0)
    member = (of_stage[:, np.newaxis] == np.arange(of_stage.max() + 1)).astype(np.float64)
    visits = np.zeros((n, n))
    probability = member.copy()
    if len(transient):
        among = transition[np.ix_(transient, transient)]
        fundamental = np.linalg.inv(np.eye(len(transient)) - among)
        visits[np.ix_(transient, transient)] = fundamental
        probability[transient] = fundamental @ transition[transient] @ member
    return Absorption(of_stage, probability, visits.sum(axis=1), visits)


@dataclass(frozen=True, slots=True, eq=False)
class FirstPassage:
    """Whether and when paths from each stage first reach some stages.

    Attributes
    ----------
    probability : ndarray of float64, shape (n_stages,)
        Probability of ever reaching one of them; 1 in them.
    time : ndarray of float64, shape (n_stages,)
        Mean number of periods until then; 0 in them, infinite where it is not certain to happen.
    """

    probability: FloatArray
    time: FloatArray


def first_passage(transition: FloatArray, target: BoolArray) -> FirstPassage:
    """Whether and when customers of each stage first reach some stages, such as decline.

    Parameters
    ----------
    transition : ndarray of float64, shape (n_stages, n_stages)
        Probabilities; rows add up to 1.
    target : ndarray of bool, shape (n_stages,)
        The stages to reach; at least one.

    Returns
    -------
    FirstPassage
        Probabilities and times.

    Notes
    -----
    The chain is stopped in the target stages, which turns the question into one of `absorption`.

    References
    ----------
    Kemeny, J. G. & Snell, J. L. (1960). Finite Markov Chains, chapter 3. Van Nostrand, Princeton.

    Examples
    --------
    >>> found = first_passage(np.array([[0.5, 0.5], [0.25, 0.75]]), np.array([False, True]))
    >>> found.probability, found.time
    (array([1., 1.]), array([2., 0.]))
    """
    stopped = np.where(target[:, np.newaxis], np.eye(len(transition)), transition)
    end = absorption(stopped)
    reached = np.unique(end.closed_class[target])
    elsewhere = np.delete(end.probability, reached, axis=1)
    is_certain = ~(elsewhere > 0).any(axis=1)
    probability = np.where(is_certain, 1.0, end.probability[:, reached].sum(axis=1))
    return FirstPassage(probability, np.where(is_certain, end.time, np.inf))
