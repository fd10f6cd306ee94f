"""NBD: how many more orders, from customers who never drop out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from crmmodels._typing import FloatArray
from crmmodels.kernels.inference.estimation import Family
from crmmodels.kernels.purchase import nbd
from crmmodels.kernels.purchase.histories import PurchaseTable
from crmmodels.kernels.purchase.nbd import NBDParameters
from crmmodels.kernels.simulation.purchases import simulate_nbd
from crmmodels.models.parametric.priors import GammaPrior, LogNormalPrior
from crmmodels.models.parametric.record import ParametricFit
from crmmodels.models.purchase.model import PurchaseModel
from crmmodels.models.purchase.process import RATE_EDGES, PurchaseProcess, n_customers, sample_of, typical_age, typical_rate


def _start(table: PurchaseTable) -> FloatArray:
    return np.array([0.5, 0.5 * typical_age(table) / typical_rate(table)])


FAMILY: Final = Family(
    NBDParameters,
    nbd.log_likelihood,
    _start,
    sample_of,
    n_customers,
    frozenset({"alpha"}),
    (*RATE_EDGES,),
)

_PROCESS: Final = PurchaseProcess(
    parameters=NBDParameters,
    prospects=nbd.prospects,
    probability_alive=nbd.probability_alive,
    expected_purchases=nbd.expected_purchases,
    probability_no_purchase=nbd.probability_no_purchase,
    purchase_distribution=nbd.purchase_distribution,
    discounted_purchases=nbd.discounted_purchases,
    discounted_lifetime=nbd.discounted_lifetime,
    expected_purchases_new=nbd.expected_purchases_new,
    purchase_distribution_new=nbd.purchase_distribution_new,
    simulate=simulate_nbd,
)


@dataclass(frozen=True, kw_only=True)
class NBDModel(PurchaseModel[NBDParameters]):
    r"""NBD: how many orders to expect of customers who never drop out.

    Use it as the benchmark that every model with dropout must beat, and where no dropout can be seen. Everybody is alive
    for ever, so it expects too much of customers who have left.

    Parameters
    ----------
    horizon : float
        Time ahead that `score` and `segment` look, in ``unit``.
    unit : {"D", "W", "M", "Y"}, default "D"
        Unit of the ages and of every time: days, weeks, months (of 30.4375 days) or years (of 365.25). An order log is read in it.
    cut_points : sequence of three floats, default (0.25, 0.5, 0.75)
        Probabilities of no purchase within the horizon that part active from cooling, cooling from at risk, and at risk from lapsed.
    prior : mapping of str to LogNormalPrior or GammaPrior, optional
        Priors of ``r`` or ``alpha`` or both; the estimates are then those of largest posterior density of their logarithms.
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
    A customer orders at a rate :math:`\lambda \sim \Gamma(r, \alpha)` among customers. The formulas are in `crmmodels.kernels.purchase.nbd`.

    References
    ----------
    Ehrenberg, A. S. C. (1959). The Pattern of Consumer Purchases. Applied Statistics 8(1), 26-41. doi:10.2307/2985810

    Examples
    --------
    >>> import crmmodels as crm
    >>> customers = crm.NBDModel.example(n_customers=500, seed=1)
    >>> model = crm.NBDModel(horizon=39, unit="W").fit(customers)
    >>> model.score(customers).head(2).round(3)
       probability_alive  expected_purchases  probability_no_purchase
    0                1.0               0.414                    0.748
    1                1.0               0.414                    0.748
    """

    record_types: ClassVar[tuple[type, ...]] = (ParametricFit, NBDParameters, LogNormalPrior, GammaPrior)
    _family: ClassVar[Family[NBDParameters, PurchaseTable]] = FAMILY
    process: ClassVar[PurchaseProcess] = _PROCESS

    @classmethod
    def _example_parameters(cls) -> NBDParameters:
        return NBDParameters(0.5, 9.0)
