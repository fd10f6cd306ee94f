"""BG/BB: how many more orders at discrete opportunities, such as yearly events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import narwhals as nw
import numpy as np

from crmmodels._typing import FloatArray, IntArray
from crmmodels.data.tables.frames import OrderTables, any_frame, in_kind_of
from crmmodels.kernels.inference.estimation import Edge, Family
from crmmodels.kernels.purchase.beta_geo_beta_binom import likelihood
from crmmodels.kernels.purchase.beta_geo_beta_binom import predictions as kernel
from crmmodels.kernels.purchase.beta_geo_beta_binom.likelihood import BetaGeoBetaBinomParameters
from crmmodels.kernels.purchase.histories import PurchaseTable
from crmmodels.kernels.simulation.purchases import OrderTimes, simulate_beta_geo_beta_binom
from crmmodels.models.parametric.priors import GammaPrior, LogNormalPrior
from crmmodels.models.parametric.record import ParametricFit
from crmmodels.models.purchase.model import PurchaseModel
from crmmodels.models.purchase.process import PurchaseProcess, n_customers, sample_of, typical_age, typical_rate


def _start(table: PurchaseTable) -> FloatArray:
    """Customers who take half of what the mean customer lets pass, and half of whom leave in the time observed."""
    chance = min(max(typical_rate(table) / typical_age(table), 0.02), 0.98)
    return np.array([2.0 * chance, 2.0 * (1.0 - chance), 0.7, 0.7 * max(typical_age(table), 2.0)])


_EDGES: Final = (
    Edge(
        "alpha",
        "large",
        "every customer who is alive orders at every opportunity; a model of dropout alone fits as well",
        "beta",
    ),
    Edge(
        "beta",
        "small",
        "every customer who is alive orders at every opportunity; a model of dropout alone fits as well",
        "alpha",
    ),
    Edge("alpha", "small", "almost nobody orders again, and it cannot be told who might", "beta"),
    Edge("beta", "large", "almost nobody orders again, and it cannot be told who might", "alpha"),
    Edge(
        "alpha",
        "large",
        "customers do not differ in how often they order; one common probability fits as well",
        "beta",
        together=True,
    ),
    Edge("alpha", "small", "customers order always or never; two kinds of customers fit as well", "beta", together=True),
    Edge("gamma", "small", "no dropout can be seen, so the beta-binomial model, without dropout, fits as well", "delta"),
    Edge("delta", "large", "no dropout can be seen, so the beta-binomial model, without dropout, fits as well", "gamma"),
    Edge("gamma", "large", "every customer drops out at once; a model of the first order alone fits as well", "delta"),
    Edge("delta", "small", "every customer drops out at once; a model of the first order alone fits as well", "gamma"),
    Edge("gamma", "large", "customers do not differ in dropout; one common probability fits as well", "delta", together=True),
    Edge("gamma", "small", "customers drop out at once or never; two kinds of customers fit as well", "delta", together=True),
)

_FAMILY: Final = Family(
    BetaGeoBetaBinomParameters, likelihood.log_likelihood, _start, sample_of, n_customers, frozenset(), _EDGES
)


def _simulate(duration: FloatArray, parameters: BetaGeoBetaBinomParameters, rng: np.random.Generator) -> OrderTimes:
    return simulate_beta_geo_beta_binom(duration.astype(np.int64), parameters, rng)


_PROCESS: Final = PurchaseProcess(
    parameters=BetaGeoBetaBinomParameters,
    prospects=kernel.prospects,
    probability_alive=kernel.probability_alive,
    expected_purchases=kernel.expected_purchases,
    probability_no_purchase=kernel.probability_no_purchase,
    purchase_distribution=kernel.purchase_distribution,
    discounted_purchases=kernel.discounted_purchases,
    discounted_lifetime=kernel.discounted_lifetime,
    expected_purchases_new=kernel.expected_purchases_new,
    purchase_distribution_new=kernel.purchase_distribution_new,
    simulate=_simulate,
    is_discrete=True,
)


@dataclass(frozen=True, kw_only=True)
class BetaGeoBetaBinomModel(PurchaseModel[BetaGeoBetaBinomParameters]):
    r"""BG/BB: who is alive, how many orders to expect, and until when, at discrete opportunities.

    Use it where customers can order at set times only, such as at yearly events, or where it matters only whether they did in a month. Where
    they can order at any time and the time is known, use `BetaGeoModel` or `ParetoNBDModel`.

    Parameters
    ----------
    horizon : int
        Opportunities ahead that `score` and `segment` look.
    unit : {"D", "W", "M", "Q", "Y"}, default "M"
        Time from one opportunity to the next. An order log is read by these calendar periods: a customer's opportunities are the
        whole periods after that of the first order.
    cut_points : sequence of three floats, default (0.25, 0.5, 0.75)
        Probabilities of no purchase within the horizon that part active from cooling, cooling from at risk, and at risk from lapsed.
    prior : mapping of str to LogNormalPrior or GammaPrior, optional
        Priors of some or all of ``alpha, beta, gamma, delta``; the estimates are then those of largest posterior density of their
        logarithms.
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
    At each opportunity a customer first drops out with probability :math:`\theta`, then, if alive, orders with probability p, where
    :math:`p \sim B(\alpha, \beta)` and :math:`\theta \sim B(\gamma, \delta)` among customers. ``probability_alive`` of `score` is for the end
    of observation; the paper's is for the next opportunity, ``ahead=1``. The formulas are in `crmmodels.kernels.purchase.beta_geo_beta_binom.likelihood`.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Shang, J. (2010). Customer-Base Analysis in a Discrete-Time Noncontractual Setting.
    Marketing Science 29(6), 1086-1108. doi:10.1287/mksc.1100.0580

    Examples
    --------
    >>> import crmmodels as crm
    >>> customers = crm.BetaGeoBetaBinomModel.example(n_customers=500, seed=1)
    >>> model = crm.BetaGeoBetaBinomModel(horizon=5, unit="Y").fit(customers)
    >>> model.score(customers).head(2).round(3)
       probability_alive  expected_purchases  probability_no_purchase
    0              0.089               0.018                    0.984
    1              0.142               0.010                    0.991
    """

    unit: str = "M"

    record_types: ClassVar[tuple[type, ...]] = (ParametricFit, BetaGeoBetaBinomParameters, LogNormalPrior, GammaPrior)
    _family: ClassVar[Family[BetaGeoBetaBinomParameters, PurchaseTable]] = _FAMILY
    process: ClassVar[PurchaseProcess] = _PROCESS
    _is_probability: ClassVar[bool] = True

    @classmethod
    def _example_parameters(cls) -> BetaGeoBetaBinomParameters:
        return BetaGeoBetaBinomParameters(0.6, 2.0, 0.7, 8.0)

    def _table_of(self, orders: OrderTables) -> Any:
        """Count the periods with orders after that of the first, and those that are over."""
        panel = orders.panel(period=self.unit)  # type: ignore[arg-type]
        frame = any_frame(panel)
        rows = frame.collect() if isinstance(frame, nw.LazyFrame) else frame
        if rows is None:  # pragma: no cover  (Orders answers with frames)
            raise TypeError
        return _opportunities(rows.sort("customer_id", "period"), panel)


def _opportunities(rows: nw.DataFrame[Any], origin: Any) -> Any:
    """Frequency, age at last and age in periods, of customers with at least one whole period after the first."""
    is_first = (rows["customer_id"] != rows["customer_id"].shift(1)).fill_null(value=True).to_numpy().astype(np.bool_)
    is_first[0] = True
    customer: IntArray = np.cumsum(is_first) - 1
    starts = np.flatnonzero(is_first)
    number = np.arange(len(is_first)) - starts[customer]
    counts = (number > 0) & (rows["exposure"].to_numpy() >= 1.0)
    ordered = counts & (rows["n_orders"].to_numpy() > 0)
    n = len(starts)
    last = np.zeros(n, np.int64)
    np.maximum.at(last, customer[ordered], number[ordered])
    columns: Mapping[str, IntArray] = {
        "frequency": np.bincount(customer[ordered], minlength=n).astype(np.int64),
        "age_at_last": last,
        "age": np.bincount(customer[counts], minlength=n).astype(np.int64),
    }
    backend: Any = rows.implementation
    keys = nw.maybe_reset_index(rows["customer_id"][starts.tolist()].to_frame())
    table = keys.with_columns(*(nw.new_series(name, column, backend=backend) for name, column in columns.items()))
    return in_kind_of(origin, table)
