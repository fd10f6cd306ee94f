"""CLV: six components of customer lifetime value that add up, realised and to come."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal, Self

import numpy as np
import pandas as pd

from crmmodels._domains import require
from crmmodels._frozen import seal
from crmmodels._typing import AnyArray, IntArray, Language
from crmmodels.base import Values
from crmmodels.data.accounts.accounts import ACCOUNT_COLUMNS
from crmmodels.data.accounts.customer_base import CustomerBase
from crmmodels.data.accounts.reference_prices import Benchmarks, check_benchmarks
from crmmodels.data.orders.bounded import log_of
from crmmodels.data.orders.orders import Orders
from crmmodels.data.tables.frames import open_table
from crmmodels.data.tables.schema import LARGEST_COUNT, LARGEST_FREQUENCY, LARGEST_MONEY, Column
from crmmodels.exceptions import CrmModelsWarning, OneCohortWarning, warn
from crmmodels.kernels.arrays.grouping import group_means, group_sums
from crmmodels.models.clv.checks import check_bounds, check_kappa, check_money, check_referrals
from crmmodels.models.clv.fit import identified_by, learn
from crmmodels.models.clv.identification import notes_of_accounts, with_notes
from crmmodels.models.clv.order_verbs import CLVOrderVerbs
from crmmodels.models.clv.parameters import check_parameters
from crmmodels.models.clv.reading import as_base, roles_of
from crmmodels.models.clv.record import COMPONENTS, CLVFit
from crmmodels.models.clv.referrals import ReferralOutlook
from crmmodels.models.clv.spread import with_spread
from crmmodels.models.clv.tiers import tier_labels
from crmmodels.models.clv.verbs import CLVVerbs
from crmmodels.models.purchase.beta_geo import BetaGeoModel
from crmmodels.models.purchase.model import PurchaseModel
from crmmodels.models.purchase.modified_beta_geo import ModifiedBetaGeoModel
from crmmodels.models.purchase.nbd import NBDModel
from crmmodels.models.purchase.pareto_nbd import ParetoNBDModel
from crmmodels.progress import Progress

_PURCHASE_MODELS: Final[tuple[type[PurchaseModel[Any]], ...]] = (NBDModel, BetaGeoModel, ModifiedBetaGeoModel, ParetoNBDModel)
_ONE_COHORT: Final = (
    "CLVModel: there is one cohort only, of one month, so the prices of new customers in later months are not known, and "
    "those of that month serve for all; clv6 then holds what changed with time, too"
)


def _default_purchase_model() -> PurchaseModel[Any]:
    return ParetoNBDModel(horizon=52, unit="W")


@dataclass(frozen=True, kw_only=True)
class CLVModel(CLVVerbs, CLVOrderVerbs):
    r"""Customer lifetime value in six components that add up to it: CLV = CLV1 + … + CLV6.

    Use it to see where the value of customers comes from: the initial purchase (CLV1), repeat purchases (CLV2), purchases in other
    categories (CLV3), cheaper service (CLV4), customers brought in (CLV5), and a higher price (CLV6). It is accounting of the past and
    expectation of the future, not causal; what the data cannot tell apart is said in `notes`, never a silent zero.

    Parameters
    ----------
    purchase_model : PurchaseModel, default ``ParetoNBDModel(horizon=52, unit="W")``
        Model of who will order how often, fitted anew by `fit`; its horizon is not read.
    horizon_years : float, default 3
        Years of the future that count.
    discount_rate_annual : float, default 0.1
        Effective rate per year, 0 or more; money counts as of the end of observation.
    margin : float, optional
        Share of an amount that is left after the cost of goods, where unit costs are not known. Default: all of it, and value is revenue.
    theta : float, default 0.5
        Probability that a referred customer would not have come otherwise.
    generations : {1, "all"}, default 1
        Whether a customer is credited for those whom it referred only, or for their referrals, too.
    price_reference : {"new_customers", "own_first", "list", "column"} or float, default "new_customers"
        What a new customer pays: as first-time buyers of the category (or product) and month do, as this customer did at first, the list
        price, the role ``reference_price``, or the list price less this share.
    shrinkage : float, default 20
        Units by which the price of a month is drawn towards that of all months.
    kappa : float, optional
        Orders' worth of prior with which money per order is drawn towards the mean of all. Default: estimated.
    tiers : {"quartiles", "abc"} or sequence of float, default "quartiles"
        Segments: quarters of the reference population by CLV, the customers who hold the first 80 %, the next 15 % and the
        last 5 % of all value, or amounts of money that part tiers.
    n_draws : int, default 200
        Draws of the parameters behind ``lower`` and ``upper``, 100,000 at most; `sample` says which are drawn and which are not.
    level : float, default 0.95
        Share of the draws between them.
    labels : {"en", "zh"} or mapping of str to str, default "en"
        Language of the segment labels, or own wording for some of them; `segment_labels` lists them.

    Raises
    ------
    ParameterError
        If a parameter is out of range.

    Notes
    -----
    Of a line with quantity q, net price p, unit cost c and service cost s, the contribution is
    :math:`m = q(p - c) - s = [q(b - c) - \sigma] + (\sigma - s) + q(p - b)` for any price b and cost to serve σ of a new customer. Summed
    over the lines, CLV1 to CLV4 and CLV6 add up to the discounted contributions less the cost of acquisition, whatever the benchmarks.
    Purchase models count the orders of one customer on one day as one. The formulas are in `crmmodels.kernels.value.contribution` and `crmmodels.kernels.value.referrals`.

    References
    ----------
    Reichheld, F. F. & Sasser, W. E. (1990). Zero Defections: Quality Comes to Services. Harvard Business Review 68(5), 105-111.

    Kumar, V., Aksoy, L., Donkers, B., Venkatesan, R., Wiesel, T. & Tillmanns, S. (2010). Undervalued or Overvalued Customers:
    Capturing Total Customer Engagement Value. Journal of Service Research 13(3), 297-310. doi:10.1177/1094670510375602

    Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005). RFM and CLV: Using Iso-Value Curves for Customer Base
    Analysis. Journal of Marketing Research 42(4), 415-430. doi:10.1509/jmkr.2005.42.4.415

    Examples
    --------
    >>> import crmmodels as crm
    >>> accounts = crm.CLVModel.example(n_customers=300, seed=1)
    >>> model = crm.CLVModel(n_draws=20).fit(accounts)
    >>> scores = model.score(accounts)
    >>> bool(abs(scores[["clv1", "clv2", "clv3", "clv4", "clv5", "clv6"]].sum(axis=1) - scores["clv"]).max() < 1e-9)
    True
    """

    purchase_model: PurchaseModel[Any] = field(default_factory=_default_purchase_model)
    horizon_years: float = 3.0
    discount_rate_annual: float = 0.1
    margin: float | None = None
    theta: float = 0.5
    generations: Literal[1, "all"] = 1
    price_reference: Literal["new_customers", "own_first", "list", "column"] | float = "new_customers"
    shrinkage: float = 20.0
    kappa: float | None = None
    tiers: Literal["quartiles", "abc"] | Sequence[float] = "quartiles"
    n_draws: int = 200
    level: float = 0.95
    labels: Language | Mapping[str, str] = "en"

    record_types: ClassVar[tuple[type, ...]] = (
        CLVFit,
        Benchmarks,
        ReferralOutlook,
        *dict.fromkeys(kind for model in _PURCHASE_MODELS for kind in (model, *model.record_types)),
    )

    def columns(self) -> Sequence[Column]:
        """Columns that the model reads, beside the key; `accounts` makes them of orders."""
        others = {
            "frequency": Column.count("frequency", maximum=LARGEST_FREQUENCY),
            "age_at_last": Column.time("age_at_last", unit=self.purchase_model.unit),
            "age": Column.time("age", unit=self.purchase_model.unit),
            "squares": Column(name="squares", minimum=0, maximum=LARGEST_COUNT * LARGEST_MONEY**2),
        }
        return tuple(others.get(name, Column.money(name)) for name in ACCOUNT_COLUMNS)

    def score_columns(self) -> Sequence[str]:
        """The six components, how their sum divides, and the interval of the sum."""
        return (*COMPONENTS, "realised", "future", "own", "clv", "retained", "lower", "upper")

    def segment_labels(self) -> Sequence[str]:
        """Segment labels, worst first."""
        return tier_labels(self.tiers, self.labels)

    def fit(self, data: Any) -> Self:
        """Learn purchase model, money per order, benchmarks and tiers from a reference population.

        Parameters
        ----------
        data : Orders, CustomerBase or dataframe
            The customers; a dataframe is one that `accounts` returned.

        Returns
        -------
        Self
            The model itself, now fitted.

        Raises
        ------
        DataError
            If the data cannot be used; every problem is named. The model stays as it was.
        ConvergenceError
            If the purchase model has no best parameters.
        """
        if isinstance(data, Orders | CustomerBase):
            with Progress("CLVModel.fit", "steps", 2) as progress:
                base = as_base(data)
                made = self._accounts(base, None)
                progress(1)
                table = log_of(base.orders).native(made.frame)
                values = self._read(open_table(table, self.key, "CLVModel"))
                counts = {"n_returns": made.n_returns, "n_above_list": made.n_above_list, "n_below_cost": made.n_below_cost}
                roles = roles_of(base)
                notes = identified_by(roles, self.margin, self.price_reference, counts)
                record = with_spread(self, values, learn(self, values, made.benchmarks, notes, tuple(sorted(roles))))
                is_one_cohort = made.is_one_cohort
        else:
            values = self._read(open_table(data, self.key, "CLVModel"))
            record, is_one_cohort = self._fit(values), False
        for concern in self._concerns(values, record):
            warn(concern)
        if is_one_cohort:
            warn(OneCohortWarning(_ONE_COHORT))
        object.__setattr__(self, "_record", seal(record))
        return self

    def score(self, data: Any) -> Any:
        """Return value and its components, one row per customer.

        Parameters
        ----------
        data : Orders, CustomerBase or dataframe
            The customers to score; a dataframe is one that `accounts` returned. They need not be those of `fit`, but of who was referred the
            referrer must be among them.

        Returns
        -------
        dataframe
            ``clv1, …, clv6``, ``realised`` and ``future``, into which their sum divides; ``own``, the sum without clv5; ``clv``; ``retained``,
            which alone may be added up over customers; ``lower`` and ``upper``, limits of ``clv`` over the draws. In the currency and the kind of
            the data. A component that is not identified is 0: `notes` says which, and so does ``attrs["identified"]`` of an answer in pandas.

        Raises
        ------
        NotFittedError
            Before `fit`.
        DataError
            If the data cannot be used.

        Notes
        -----
        Columns are numbers, as those of every model. The notes are the same for all customers, so that a column of text would repeat one
        sentence in every row.
        """
        fitted = self._fitted_for("score")
        table = self._open(data)
        values = self._read(table)
        scores = self._score(values, fitted)
        answer = table.answer({name: scores[name] for name in self.score_columns()})
        return with_notes(answer, self._notes_on(data, values, fitted))

    @classmethod
    def example(cls, n_customers: int, seed: int) -> pd.DataFrame:
        """Draw accounts of customers.

        Parameters
        ----------
        n_customers : int
            Number of rows.
        seed : int
            Seed of the draw.

        Returns
        -------
        pandas.DataFrame
            The key and the columns that the model reads.
        """
        rng = np.random.default_rng(seed)
        table = ParetoNBDModel.example(n_customers, seed)
        x = table["frequency"].to_numpy()
        level = rng.lognormal(3.0, 0.4, n_customers)
        money = {
            "base_same": x * level * 0.8,
            "base_new": rng.poisson(0.5, n_customers) * np.minimum(x, 1) * level * 0.3,
            "saving": x * rng.normal(1.0, 0.5, n_customers),
            "premium": x * rng.normal(0.5, 0.4, n_customers),
        }
        whole = sum(money.values())
        squares = whole**2 / np.maximum(x, 1) * np.where(x > 1, 1.0 + rng.gamma(1.0, 0.1, n_customers), 1.0)
        return table.assign(
            first_contribution=level * 0.7,
            **money,
            **{f"total_{name}": values for name, values in money.items()},
            squares=squares,
        )

    def _check_parameters(self) -> None:
        check_parameters(self)
        model = self.purchase_model
        object.__setattr__(self, "purchase_model", type(model)(**model._parameters()))  # noqa: SLF001  (an unfitted copy)
        self.segment_labels()

    def _check_record(self, fitted: CLVFit) -> None:
        self.purchase_model._check_record(fitted.purchase)  # noqa: SLF001  (a part of this model)
        n = fitted.purchase.n_customers
        is_so = n == fitted.n_customers or self.purchase_model.weight is not None
        require(is_so, f"fitted.purchase.n_customers is {n:g}, and fitted.n_customers {fitted.n_customers}")
        check_money(fitted)
        check_kappa(fitted, self.kappa)
        check_bounds(fitted.tier_bounds, self.tiers)
        check_referrals(fitted, self.theta, self.generations)
        if fitted.benchmarks is None:
            require(fitted.roles == (), f"fitted.roles must be empty where there are no fitted.benchmarks; got {fitted.roles}")
            return
        check_benchmarks(fitted.benchmarks, self.price_reference)

    def _fit(self, values: Values) -> CLVFit:
        return with_spread(self, values, learn(self, values, None, notes_of_accounts(values)))

    def _concerns(self, values: Values, fitted: CLVFit) -> Iterable[CrmModelsWarning]:
        yield from self.purchase_model._concerns(values, fitted.purchase)  # noqa: SLF001

    def _score(self, values: Values, fitted: CLVFit) -> Mapping[str, AnyArray]:
        found, limits = self._values(values, fitted), self._limits(values, fitted)
        return {
            **dict(zip(COMPONENTS, found.realised + found.future, strict=True)),
            "realised": found.realised.sum(axis=0),
            "future": found.future.sum(axis=0),
            "own": found.own,
            "clv": found.clv,
            "retained": found.retained,
            "lower": limits.lower,
            "upper": limits.upper,
        }

    def _segment(self, values: Values, fitted: CLVFit) -> IntArray:
        codes: IntArray = np.searchsorted(fitted.tier_bounds, self._values(values, fitted).clv, side="right")
        return codes

    def _measures(self, values: Values, codes: IntArray, fitted: CLVFit) -> Mapping[str, AnyArray]:
        found, n = self._values(values, fitted), len(self.segment_labels())
        totals = found.realised + found.future
        sums = {f"mean_{name}": group_means(codes, totals[i], n) for i, name in enumerate(COMPONENTS)}
        return {"clv": group_sums(codes, found.clv, n), "mean_clv": group_means(codes, found.clv, n), **sums}
