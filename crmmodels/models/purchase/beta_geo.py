"""BG/NBD and MBG/NBD: how many more orders, from who may drop out after an order."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Final

import numpy as np

from crmmodels._typing import FloatArray
from crmmodels.kernels.inference.estimation import Edge, Family
from crmmodels.kernels.purchase.beta_geo import discounting as beta_geo_discounting
from crmmodels.kernels.purchase.beta_geo import likelihood as beta_geo
from crmmodels.kernels.purchase.beta_geo import predictions as beta_geo_purchases
from crmmodels.kernels.purchase.beta_geo.likelihood import BetaGeoParameters
from crmmodels.kernels.purchase.histories import PurchaseTable
from crmmodels.kernels.simulation.purchases import simulate_beta_geo
from crmmodels.models.parametric.priors import GammaPrior, LogNormalPrior
from crmmodels.models.parametric.record import ParametricFit
from crmmodels.models.purchase.model import PurchaseModel
from crmmodels.models.purchase.process import RATE_EDGES, PurchaseProcess, n_customers, sample_of, typical_age, typical_rate


def _start(table: PurchaseTable) -> FloatArray:
    """Moderately different customers who order at the mean rate, half of whom drop out sooner or later."""
    orders = typical_rate(table)
    return np.array([0.5, 0.5 * typical_age(table) / orders, 1.0, 2.0 + orders])


_EDGES: Final = (
    *RATE_EDGES,
    Edge("a", "small", "no dropout can be seen, so the NBD model, without dropout, fits as well", "b"),
    Edge("b", "large", "no dropout can be seen, so the NBD model, without dropout, fits as well", "a"),
    Edge("a", "large", "every customer who may drop out does so at once; a model of one order fits as well", "b"),
    Edge("b", "small", "every customer who may drop out does so at once; a model of one order fits as well", "a"),
    Edge("a", "large", "customers do not differ in dropout; one common dropout probability fits as well", "b", together=True),
    Edge("a", "small", "customers drop out at once or never; two kinds of customers fit as well", "b", together=True),
)


def _family(*, modified: bool) -> Family[BetaGeoParameters, PurchaseTable]:
    """Likelihoods of BG/NBD, or of MBG/NBD, where a customer may drop out right after the first order."""
    likelihood = partial(beta_geo.log_likelihood, modified=modified)
    return Family(BetaGeoParameters, likelihood, _start, sample_of, n_customers, frozenset({"alpha"}), _EDGES)


def _process(*, modified: bool) -> PurchaseProcess:
    """Functions of BG/NBD, or of MBG/NBD, where a customer may drop out right after the first order."""
    return PurchaseProcess(
        parameters=BetaGeoParameters,
        prospects=partial(beta_geo_purchases.prospects, modified=modified),
        probability_alive=partial(beta_geo_purchases.probability_alive, modified=modified),
        expected_purchases=partial(beta_geo_purchases.expected_purchases, modified=modified),
        probability_no_purchase=partial(beta_geo_purchases.probability_no_purchase, modified=modified),
        purchase_distribution=partial(beta_geo_purchases.purchase_distribution, modified=modified),
        discounted_purchases=partial(beta_geo_discounting.discounted_purchases, modified=modified),
        discounted_lifetime=partial(beta_geo_discounting.discounted_lifetime, modified=modified),
        expected_purchases_new=partial(beta_geo_purchases.expected_purchases_new, modified=modified),
        purchase_distribution_new=partial(beta_geo_purchases.purchase_distribution_new, modified=modified),
        simulate=partial(simulate_beta_geo, modified=modified),
    )


@dataclass(frozen=True, kw_only=True)
class BetaGeoModel(PurchaseModel[BetaGeoParameters]):
    r"""BG/NBD: who is alive, how many orders to expect, and until when.

    Use it for customers who order at any time and leave without notice. It takes dropout to happen right after an order, which
    makes it the fastest model; who has not ordered again counts as alive, however long ago the first order was. Where that is wrong, use
    `ModifiedBetaGeoModel` or `ParetoNBDModel`; where the end of a contract is seen, `ShiftedBetaGeoModel`.

    Parameters
    ----------
    horizon : float
        Time ahead that `score` and `segment` look, in ``unit``.
    unit : {"D", "W", "M", "Y"}, default "D"
        Unit of the ages and of every time: days, weeks, months (of 30.4375 days) or years (of 365.25). An order log is read in it.
    cut_points : sequence of three floats, default (0.25, 0.5, 0.75)
        Probabilities of no purchase within the horizon that part active from cooling, cooling from at risk, and at risk from lapsed.
    prior : mapping of str to LogNormalPrior or GammaPrior, optional
        Priors of some or all of ``r, alpha, a, b``; the estimates are then those of largest posterior density of their logarithms.
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
    While alive, a customer orders at a rate :math:`\lambda` and drops out after each repeat order with probability p, where
    :math:`\lambda \sim \Gamma(r, \alpha)` and :math:`p \sim B(a, b)` among customers. The formulas are in
    `crmmodels.kernels.purchase.beta_geo.likelihood`.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005). "Counting Your Customers" the Easy Way: An Alternative to the Pareto/NBD
    Model. Marketing Science 24(2), 275-284. doi:10.1287/mksc.1040.0098

    Examples
    --------
    >>> import crmmodels as crm
    >>> customers = crm.BetaGeoModel.example(n_customers=500, seed=1)
    >>> model = crm.BetaGeoModel(horizon=39, unit="W").fit(customers)
    >>> model.score(customers).head(2).round(3)
       probability_alive  expected_purchases  probability_no_purchase
    0                1.0               0.366                     0.75
    1                1.0               0.366                     0.75
    """

    record_types: ClassVar[tuple[type, ...]] = (ParametricFit, BetaGeoParameters, LogNormalPrior, GammaPrior)
    _family: ClassVar[Family[BetaGeoParameters, PurchaseTable]] = _family(modified=False)
    process: ClassVar[PurchaseProcess] = _process(modified=False)

    @classmethod
    def _example_parameters(cls) -> BetaGeoParameters:
        return BetaGeoParameters(0.4, 4.0, 0.8, 2.5)


@dataclass(frozen=True, kw_only=True)
class ModifiedBetaGeoModel(PurchaseModel[BetaGeoParameters]):
    r"""MBG/NBD: who is alive, how many orders to expect, and until when.

    Use it as `BetaGeoModel`, where customers may also leave after their first order: who has not ordered again is then the less
    likely to be alive, the longer the silence.

    Parameters
    ----------
    horizon : float
        Time ahead that `score` and `segment` look, in ``unit``.
    unit : {"D", "W", "M", "Y"}, default "D"
        Unit of the ages and of every time: days, weeks, months (of 30.4375 days) or years (of 365.25). An order log is read in it.
    cut_points : sequence of three floats, default (0.25, 0.5, 0.75)
        Probabilities of no purchase within the horizon that part active from cooling, cooling from at risk, and at risk from lapsed.
    prior : mapping of str to LogNormalPrior or GammaPrior, optional
        Priors of some or all of ``r, alpha, a, b``; the estimates are then those of largest posterior density of their logarithms.
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
    As BG/NBD, but a customer drops out with probability p after the first order, too. The formulas are in
    `crmmodels.kernels.purchase.beta_geo.likelihood`.

    References
    ----------
    Batislam, E. P., Denizel, M. & Filiztekin, A. (2007). Empirical validation and comparison of models for customer base
    analysis. International Journal of Research in Marketing 24(3), 201-209. doi:10.1016/j.ijresmar.2006.12.005

    Wagner, U. & Hoppe, D. (2008). Erratum on the MBG/NBD model. International Journal of Research in Marketing 25(3),
    225-226. doi:10.1016/j.ijresmar.2008.03.002

    Examples
    --------
    >>> import crmmodels as crm
    >>> customers = crm.ModifiedBetaGeoModel.example(n_customers=500, seed=1)
    >>> model = crm.ModifiedBetaGeoModel(horizon=39, unit="W").fit(customers)
    >>> model.score(customers).head(2).round(3)
       probability_alive  expected_purchases  probability_no_purchase
    0              0.745               2.431                    0.302
    1              0.454               0.762                    0.655
    """

    record_types: ClassVar[tuple[type, ...]] = (ParametricFit, BetaGeoParameters, LogNormalPrior, GammaPrior)
    _family: ClassVar[Family[BetaGeoParameters, PurchaseTable]] = _family(modified=True)
    process: ClassVar[PurchaseProcess] = _process(modified=True)

    @classmethod
    def _example_parameters(cls) -> BetaGeoParameters:
        return BetaGeoParameters(0.7, 6.0, 0.9, 1.6)
