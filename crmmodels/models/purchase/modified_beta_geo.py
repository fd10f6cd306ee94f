"""MBG/NBD: BG/NBD for customers who may drop out right after the first order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from crmmodels.kernels.inference.estimation import Family
from crmmodels.kernels.purchase.beta_geo.likelihood import BetaGeoParameters
from crmmodels.kernels.purchase.histories import PurchaseTable
from crmmodels.models.parametric.priors import GammaPrior, LogNormalPrior
from crmmodels.models.parametric.record import ParametricFit
from crmmodels.models.purchase import beta_geo
from crmmodels.models.purchase.model import PurchaseModel
from crmmodels.models.purchase.process import PurchaseProcess


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
    _family: ClassVar[Family[BetaGeoParameters, PurchaseTable]] = beta_geo.family(modified=True)
    _process: ClassVar[PurchaseProcess] = beta_geo.process(modified=True)

    @classmethod
    def _example_parameters(cls) -> BetaGeoParameters:
        return BetaGeoParameters(0.7, 6.0, 0.9, 1.6)
