"""Pareto/NBD: how many more orders, from who may drop out at any time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from crmmodels._typing import FloatArray
from crmmodels.kernels.inference.estimation import LARGEST_SHAPE, SMALLEST_SHAPE, Edge, Family, Limit, estimate
from crmmodels.kernels.purchase.histories import PurchaseTable, distinct_rows
from crmmodels.kernels.purchase.pareto_nbd import discounting as pareto_nbd_discounting
from crmmodels.kernels.purchase.pareto_nbd import distribution as pareto_nbd_distribution
from crmmodels.kernels.purchase.pareto_nbd import likelihood as pareto_nbd
from crmmodels.kernels.purchase.pareto_nbd import predictions as pareto_nbd_purchases
from crmmodels.kernels.purchase.pareto_nbd.likelihood import ParetoNBDParameters
from crmmodels.kernels.purchase.pareto_nbd.score import dropout_score
from crmmodels.kernels.simulation.purchases import simulate_pareto_nbd
from crmmodels.models.parametric.priors import GammaPrior, LogNormalPrior
from crmmodels.models.parametric.record import ParametricFit
from crmmodels.models.purchase.model import PurchaseModel
from crmmodels.models.purchase.nbd import FAMILY as NBD_FAMILY
from crmmodels.models.purchase.process import RATE_EDGES, PurchaseProcess, n_customers, sample_of, typical_age, typical_rate


def _start(table: PurchaseTable) -> FloatArray:
    """Moderately different customers who order at the mean rate and live about as long as they were observed."""
    age = typical_age(table)
    return np.array([0.6, 0.6 * age / typical_rate(table), 0.6, 0.6 * age])


_EDGES: Final = (
    *RATE_EDGES,
    Edge("s", "small", "no dropout can be seen, so the NBD model, without dropout, fits as well", "beta"),
    Edge(
        "beta",
        "small",
        "a share of the customers drops out right after the first order, and the others hardly ever; `compare` tells whether the NBD model, "
        "without dropout, is enough",
        "s",
    ),
    Edge("s", "large", "no difference in dropout between customers can be seen; one common dropout rate fits as well", "beta"),
)

_NO_DROPOUT: Final = 1e-3
"""Share of customers of mean age who have dropped out, below which the likelihood hardly tells."""
_AT_ONCE: Final = float(np.log(1e-4))
"""Logarithm of a beta, over the mean age, from which on customers drop out right after the first order or hardly ever."""
_S, _BETA = 2, 3
_BETAS: Final = np.log(10.0) * np.array([-3.0, -2.5, -2.0, -1.5, -1.0, -0.75, -0.5, -0.25, 0.0, 0.5, 1.0, 2.0])
"""Logarithms of the betas, over the mean age, that are tried beside no dropout: their dropout comes at once, or at any time."""
_GAIN: Final = 1e-9
"""Log-likelihood per customer that does not count; it is a guess, which other rates and chance may make a tenth of what it becomes."""


def _without_dropout(table: PurchaseTable, highest: FloatArray) -> FloatArray | None:
    """The NBD model at its best, as Pareto/NBD with next to no dropout."""
    found = estimate(NBD_FAMILY, distinct_rows(table.frequency, np.zeros(len(table.age)), table.age, table.weight).table)
    if found is None:
        return None
    return np.array([*found.optimum.log_parameters, np.log(SMALLEST_SHAPE), highest[_BETA]])


def _is_near_none(point: FloatArray, table: PurchaseTable) -> bool:
    """Whether next to nobody drops out, or those who do so right after the first order."""
    age = typical_age(table)
    share = np.exp(point[_S]) * np.log1p(age / np.exp(point[_BETA]))
    return bool(share < _NO_DROPOUT or point[_BETA] < np.log(age) + _AT_ONCE)


def _with_some_dropout(point: FloatArray, table: PurchaseTable) -> list[FloatArray]:
    """The best point with little dropout, of a few customers early or of more of them at any time, where that is above none and its like."""
    log_betas = np.log(typical_age(table)) + _BETAS
    r, alpha = np.exp(point[:_S]).tolist()
    score = dropout_score(r, alpha, np.exp(log_betas), table)
    gain = np.where(score.gain > _GAIN * n_customers(table), score.gain, 0.0)
    is_top = (gain >= np.append(gain[1:], 0.0)) & (gain > np.append(0.0, gain[:-1]))
    if not is_top.any():
        return []
    best = int(np.argmax(np.where(is_top, gain, 0.0)))
    log_s = np.log(np.clip(score.best[best], SMALLEST_SHAPE, LARGEST_SHAPE))
    start = np.array([*point[:_S], log_s, log_betas[best]])
    # Of dropout at any time the rate alone counts, s over beta, and hardly differs between customers.
    alike = np.array([0.0, 0.0, 1.0, 1.0]) * (np.log(LARGEST_SHAPE) - log_s)
    return [start + alike, start] if _BETAS[best] > 0.0 else [start]


_FAMILY: Final = Family(
    ParetoNBDParameters,
    pareto_nbd.log_likelihood,
    _start,
    sample_of,
    n_customers,
    frozenset({"alpha", "beta"}),
    _EDGES,
    Limit(_without_dropout, _is_near_none, _with_some_dropout),
)

_PROCESS: Final = PurchaseProcess(
    parameters=ParetoNBDParameters,
    prospects=pareto_nbd_purchases.prospects,
    probability_alive=pareto_nbd_purchases.probability_alive,
    expected_purchases=pareto_nbd_purchases.expected_purchases,
    probability_no_purchase=pareto_nbd_purchases.probability_no_purchase,
    purchase_distribution=pareto_nbd_distribution.purchase_distribution,
    discounted_purchases=pareto_nbd_discounting.discounted_purchases,
    discounted_lifetime=pareto_nbd_discounting.discounted_lifetime,
    expected_purchases_new=pareto_nbd_purchases.expected_purchases_new,
    purchase_distribution_new=pareto_nbd_distribution.purchase_distribution_new,
    simulate=simulate_pareto_nbd,
)


@dataclass(frozen=True, kw_only=True)
class ParetoNBDModel(PurchaseModel[ParetoNBDParameters]):
    r"""Pareto/NBD: who is alive, how many orders to expect, and until when.

    Use it for customers who order at any time and may leave at any time, without notice: the model that the others are measured
    by. `BetaGeoModel` fits faster and often as well.

    Parameters
    ----------
    horizon : float
        Time ahead that `score` and `segment` look, in ``unit``.
    unit : {"D", "W", "M", "Y"}, default "D"
        Unit of the ages and of every time: days, weeks, months (of 30.4375 days) or years (of 365.25). An order log is read in it.
    cut_points : sequence of three floats, default (0.25, 0.5, 0.75)
        Probabilities of no purchase within the horizon that part active from cooling, cooling from at risk, and at risk from lapsed.
    prior : mapping of str to LogNormalPrior or GammaPrior, optional
        Priors of some or all of ``r, alpha, s, beta``; the estimates are then those of largest posterior density of their logarithms.
    weight : str, optional
        Column with the number of customers that a row stands for. Default: each row is one customer.
    labels : {"en", "zh"} or mapping of str to str, default "en"
        Language of the segment labels, or own wording for some of them; `segment_labels` lists them.

    Raises
    ------
    ParameterError
        If a parameter is out of range.

    Notes
    -----
    While alive, a customer orders at a rate :math:`\lambda` and drops out at a rate :math:`\mu`, where
    :math:`\lambda \sim \Gamma(r, \alpha)` and :math:`\mu \sim \Gamma(s, \beta)` among customers. The formulas are in
    `crmmodels.kernels.purchase.pareto_nbd.likelihood`.

    References
    ----------
    Schmittlein, D. C., Morrison, D. G. & Colombo, R. (1987). Counting Your Customers: Who Are They and What Will They Do Next?
    Management Science 33(1), 1-24. doi:10.1287/mnsc.33.1.1

    Fader, P. S. & Hardie, B. G. S. (2005). A Note on Deriving the Pareto/NBD Model and Related Expressions. Technical note.

    Examples
    --------
    >>> import crmmodels as crm
    >>> customers = crm.ParetoNBDModel.example(n_customers=500, seed=1)
    >>> model = crm.ParetoNBDModel(horizon=39, unit="W").fit(customers)
    >>> model.score(customers).head(2).round(3)
       probability_alive  expected_purchases  probability_no_purchase
    0              0.313               0.189                    0.892
    1              0.313               0.189                    0.892
    """

    record_types: ClassVar[tuple[type, ...]] = (ParametricFit, ParetoNBDParameters, LogNormalPrior, GammaPrior)
    _family: ClassVar[Family[ParetoNBDParameters, PurchaseTable]] = _FAMILY
    process: ClassVar[PurchaseProcess] = _PROCESS

    @classmethod
    def _example_parameters(cls) -> ParetoNBDParameters:
        return ParetoNBDParameters(0.7, 8.0, 0.6, 12.0)
