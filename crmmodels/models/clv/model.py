"""CLV: six components of customer lifetime value that add up, realised and to come."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal, overload

import numpy as np
import pandas as pd

from crmmodels._domains import require
from crmmodels._typing import AnyArray, IntArray, Language
from crmmodels.base import BaseModel, FrameT, Inside, Values
from crmmodels.data.accounts.accounts import ACCOUNT_COLUMNS, Accounts, accounts_of
from crmmodels.data.accounts.customer_base import CustomerBase
from crmmodels.data.accounts.reference_prices import Benchmarks
from crmmodels.data.orders.bounded import log_of
from crmmodels.data.orders.orders import Orders
from crmmodels.data.tables.frames import OrderTables, Table, open_table
from crmmodels.data.tables.hints import call_for_log
from crmmodels.data.tables.schema import LARGEST_COUNT, LARGEST_FREQUENCY, LARGEST_MONEY, Column, Conflict
from crmmodels.engines.engine import engine_of
from crmmodels.exceptions import CrmModelsWarning, DataError, OneCohortWarning, ParameterError
from crmmodels.kernels.arrays.grouping import group_means, group_sums
from crmmodels.kernels.orders.periods import DAYS_PER_UNIT
from crmmodels.kernels.value.contribution import growth_split
from crmmodels.models.clv.fit import learn
from crmmodels.models.clv.identification import identified_by, notes_of_accounts, notes_table, with_notes
from crmmodels.models.clv.loyalty_claims import claims_of
from crmmodels.models.clv.order_lines import Pricing, explain_lines, repeat_orders
from crmmodels.models.clv.reading import AccountsRead, AccountsTable, Origin, as_base, linked, roles_of
from crmmodels.models.clv.record import COMPONENTS, CLVFit, ReferralOutlook, check_record
from crmmodels.models.clv.tiers import are_tiers, tier_labels, tier_table
from crmmodels.models.clv.uncertainty import CLVDraws, ParameterDraw, draw, limits_of
from crmmodels.models.clv.valuation import Valuation, Values6, money_of, valuation_of
from crmmodels.models.purchase.beta_geo import BetaGeoModel, ModifiedBetaGeoModel
from crmmodels.models.purchase.model import PurchaseModel
from crmmodels.models.purchase.nbd import NBDModel
from crmmodels.models.purchase.pareto_nbd import ParetoNBDModel
from crmmodels.parameters import check_level, is_number, is_whole
from crmmodels.progress import Progress

_PURCHASE_MODELS: Final[tuple[type[PurchaseModel[Any]], ...]] = (NBDModel, BetaGeoModel, ModifiedBetaGeoModel, ParetoNBDModel)
_DAYS_PER_YEAR: Final = DAYS_PER_UNIT["Y"]
_REFERENCES: Final = frozenset(("new_customers", "own_first", "list", "column"))
_MOST_DRAWS: Final = 100_000
_OF_THETA: Final = ("clv5", "own", "customer_equity", "sum_of_clv", "retained")
_ONE_COHORT: Final = (
    "CLVModel: there is one cohort only, of one month, so the prices of new customers in later months are not known, and "
    "those of that month serve for all; clv6 then holds what changed with time, too"
)


def _default_purchase_model() -> PurchaseModel[Any]:
    return ParetoNBDModel(horizon=52, unit="W")


@dataclass(frozen=True, kw_only=True)
class CLVModel(BaseModel[AccountsRead, CLVFit]):
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
        """The six components, how their sum divides, and the interval of the sum.

        ``clv1, …, clv6``; ``realised`` and ``future``, into which their sum divides; ``own``, the sum without clv5; ``clv``; ``retained``,
        which alone may be added up over customers; ``lower`` and ``upper``, limits of ``clv`` over the draws. All are in the currency of
        the data. A component that is not identified is 0: `notes` says which, and so does ``attrs["identified"]`` of an answer in pandas;
        a column of text would repeat one sentence in every row. Of customers who were referred the referrer must be among those scored.

        Returns
        -------
        sequence of str
            Their names.
        """
        return (*COMPONENTS, "realised", "future", "own", "clv", "retained", "lower", "upper")

    def segment_labels(self) -> Sequence[str]:
        """Segment labels, worst first."""
        return tier_labels(self.tiers, self.labels)

    def accounts(self, data: Any) -> Any:
        """Make one account per customer of an order log: the money of the past, split as the components are.

        Parameters
        ----------
        data : Orders or CustomerBase
            The orders, and what else is known.

        Returns
        -------
        dataframe of the kind of the log
            One row per customer; `fit` and `score` read it, with the benchmarks of these data.

        Raises
        ------
        DataError
            If the data cannot be used.
        """
        base = as_base(data)
        return log_of(base.orders).native(self._made(base, self._record).frame)

    @overload
    def components(self, data: OrderTables) -> Any: ...
    @overload
    def components(self, data: FrameT) -> FrameT: ...
    def components(self, data: Any) -> Any:
        """Return the six components of every customer, realised and to come.

        Parameters
        ----------
        data : Orders, CustomerBase or dataframe
            The customers.

        Returns
        -------
        dataframe
            ``clv1_realised, …, clv6_realised, clv1_future, …, clv6_future, transfer`` in the currency and the kind of the data.

        Raises
        ------
        NotFittedError
            Before `fit`.
        DataError
            If the data cannot be used.
        """
        fitted = self._fitted_for("components")
        table = self._open(data, fitted)
        read = self._read(table)
        found = self._values(read.columns, fitted)
        columns = {
            f"{name}_{when}": part[i]
            for when, part in (("realised", found.realised), ("future", found.future))
            for i, name in enumerate(COMPONENTS)
        }
        return self._noted(table.answer({**columns, "transfer": found.transfer}), read, fitted)

    def notes(self) -> pd.DataFrame:
        """What is behind each component, and which the data of the fit cannot tell apart.

        The same notes are in ``fitted.identified``, in the repr, and in ``attrs["identified"]`` of what `score`, `components`, `summary`,
        `customer_equity` and `theta_sensitivity` return in pandas; of a model that was fitted to accounts these are those of the customers
        in hand.

        Returns
        -------
        pandas.DataFrame
            One row for "basis", which says whether money is contribution, margin or revenue, and one per component: ``column,
            is_identified, note``. A component that is not identified is 0 in `score`, and its money is where the note says.

        Raises
        ------
        NotFittedError
            Before `fit`.
        """
        return notes_table(self._fitted_for("notes").identified)

    def segment_table(self) -> pd.DataFrame:
        """Tiers with the values that bound them: every value is in one of them, and in no other.

        Returns
        -------
        pandas.DataFrame
            One row per tier, best first: ``segment``, and ``at_least`` and ``below``, between which CLV lies. A tier that nobody can be
            in, as tied values make it, has equal bounds.

        Raises
        ------
        NotFittedError
            Before `fit`.
        """
        return tier_table(self.segment_labels(), self._fitted_for("segment_table").tier_bounds)

    def summary(self, data: Any) -> Any:
        """Describe the tiers: one row each, best first.

        Parameters
        ----------
        data : Orders, CustomerBase or dataframe
            The customers to describe.

        Returns
        -------
        dataframe
            ``segment, n_customers, share_of_customers, clv, mean_clv, mean_clv1, …, mean_clv6``, in the kind of ``data``.

        Raises
        ------
        NotFittedError
            Before `fit`.
        DataError
            If the data cannot be used.
        """
        fitted = self._fitted_for("summary")
        return with_notes(super().summary(data), fitted.identified)

    def sample(self, data: Any, n_draws: int | None = None, rng: np.random.Generator | int | None = 0) -> CLVDraws:
        """Draw the six components of every customer from the uncertainty of the parameters.

        All draws are held in memory: six numbers per customer and draw. For limits of CLV alone `score` needs far less.

        Parameters
        ----------
        data : Orders, CustomerBase or dataframe
            The customers.
        n_draws : int, optional
            Draws. Default: those of the model.
        rng : numpy.random.Generator or int, default 0
            Source of chance, or its seed.

        Returns
        -------
        CLVDraws
            Components add up in every draw; quantiles of components need not.

        Raises
        ------
        NotFittedError
            Before `fit`.
        DataError
            If the data cannot be used.
        ParameterError
            If ``n_draws`` is not a whole number above 0.

        Notes
        -----
        Drawn are the parameters of the purchase model, the means of money per order, kappa where it was estimated, theta as if it had been
        learned from ten referrals, the rate of referrals, and what follows from them for the value of a referred customer. Benchmarks and the
        rates of costs without an order are held fixed, so that realised components other than CLV5 do not vary. What single customers do by
        chance is no part of it either: limits are those of expectations.
        """
        fitted = self._fitted_for("sample")
        given = self.n_draws if n_draws is None else n_draws
        if not is_whole(given) or given < 1:
            raise ParameterError.must_be("sample", "n_draws", "a whole number, 1 or more", n_draws)
        table = self._open(data, fitted)
        values = self._read(table).columns
        keys = table.frame[table.key].to_list()
        with Progress("CLVModel.sample", "draws", given) as progress:
            draws = progress.over(self._draws(values, fitted, given, rng))
            return CLVDraws(keys, np.stack([part.components for part in draws]))

    def customer_equity(self, data: Any) -> pd.Series[float]:
        """Add up what the customer base is worth, each customer counted once.

        Parameters
        ----------
        data : Orders, CustomerBase or dataframe
            The customers.

        Returns
        -------
        pandas.Series
            ``own``, ``rewards`` (paid for referrals, below 0), ``customer_equity``, their sum and the sum of retained values;
            ``future_referrals``, the value of customers still to be brought in, beside it; ``sum_of_clv``, which counts referred
            customers twice; the six components; realised and future.

        Raises
        ------
        NotFittedError
            Before `fit`.
        DataError
            If the data cannot be used.
        """
        fitted = self._fitted_for("customer_equity")
        read = self._read(self._open(data, fitted))
        totals = self._values(read.columns, fitted).totals(read.columns)
        del totals["retained"]
        return with_notes(pd.Series(totals, name="value"), self._notes_on(read, fitted))

    def theta_sensitivity(self, data: Any, thetas: Sequence[float] = (0.0, 0.25, 0.5, 0.75, 1.0)) -> pd.DataFrame:
        r"""What the totals would be at other values of theta, which the data do not tell.

        Parameters
        ----------
        data : Orders, CustomerBase or dataframe
            The customers.
        thetas : sequence of float, default (0, 0.25, 0.5, 0.75, 1)
            Probabilities that a referred customer would not have come otherwise.

        Returns
        -------
        pandas.DataFrame
            One row per theta: ``theta, clv5, own, customer_equity, sum_of_clv, retained``, each added up over customers.

        Raises
        ------
        NotFittedError
            Before `fit`.
        DataError
            If the data cannot be used.
        ParameterError
            If ``thetas`` are no probabilities.

        Notes
        -----
        Theta moves value from referred customers to who referred them, so that CLV5 changes, and own value and customer equity, which is the
        sum of retained values, do not. With one generation, the transfer :math:`T = \theta G + (1 - \theta) r` of `referral_values` and
        with it the sum of CLV5 is a straight line in theta. Tiers and everything else that was learned stay as they are.
        """
        fitted = self._fitted_for("theta_sensitivity")
        read, valuation = self._read(self._open(data, fitted)), self._valuation()
        values = read.columns
        residual = valuation.residual(values, fitted.purchase.values)
        rows = []
        for theta in _check_thetas(thetas):
            totals = valuation.values_with(values, residual, money_of(fitted, self.theta, theta)).totals(values)
            rows.append({"theta": theta, **{name: totals[name] for name in _OF_THETA}})
        return with_notes(pd.DataFrame(rows), self._notes_on(read, fitted))

    def claims(self, data: Any, level: float = 0.95) -> pd.DataFrame:
        """Test whether loyal customers pay more, cost less to serve, and spend more per order.

        Parameters
        ----------
        data : Orders or CustomerBase
            The orders.
        level : float, default 0.95
            Confidence level of the limits.

        Returns
        -------
        pandas.DataFrame
            One row per claim that the data can test: ``claim, slope`` (of the logarithm on the logarithm of the order number, within
            customers), ``standard_error`` (clustered by customer), ``lower, upper, verdict, n_orders, n_customers``.

        Raises
        ------
        DataError
            If the data cannot be used.
        ParameterError
            If the level is not between 0 and 1.

        References
        ----------
        Reinartz, W. J. & Kumar, V. (2002). The Mismanagement of Customer Loyalty. Harvard Business Review 80(7), 86-94.
        """
        return claims_of(as_base(data).orders, self.margin, level)

    def explain(self, data: Any, customer: Any) -> pd.DataFrame:
        """Return the lines behind the realised numbers of one customer.

        Parameters
        ----------
        data : Orders or CustomerBase
            The orders of the whole base, which the benchmarks are learned from before `fit`.
        customer : object
            Name of the customer.

        Returns
        -------
        pandas.DataFrame
            One row per order, day, channel and kind of line, numbered from 1 in this order: ``day``, ``order_id`` and ``channel`` where the log has
            these roles, ``component`` (where the base goes: ``clv1``, ``clv2`` or ``clv3``), ``amount, cost, service, reference`` (money that a
            new customer would have paid), ``new_service``, ``discount_factor``, and ``base, saving, premium``, discounted; of the first order
            ``base`` is its whole contribution. They add up to the realised components before acquisition costs and costs without an order.

        Raises
        ------
        DataError
            If there is no such customer.
        """
        return explain_lines(as_base(data).orders, self._pricing(), customer)

    def growth(self, data: Any) -> Any:
        """Split the realised CLV2 of every customer into repetition of the first order and growth of spending.

        Parameters
        ----------
        data : Orders or CustomerBase
            The orders; accounts do not hold the level of the first order.

        Returns
        -------
        dataframe
            ``clv2a_realised``, as if every later order in the categories of the first had repeated it, and ``clv2b_realised``, what these
            orders brought beyond that; below 0 where spending shrank. They add up to ``clv2_realised`` of `components`. In the kind of the data.

        Raises
        ------
        DataError
            If the data cannot be used.

        Notes
        -----
        Both parts are at the prices and the cost to serve of new customers; see `crmmodels.kernels.value.contribution.growth_split`. Costs without an order
        count in ``clv2b_realised``.
        """
        base = as_base(data)
        table = self._open(base, self._record)
        values = self._read(table).columns
        found = repeat_orders(base.orders, self._pricing(), table.frame[table.key].to_list())
        split = growth_split(values["base_same"] + values["service_base"], found.first_base, found.discounted_orders)
        return table.answer({"clv2a_realised": split.repetition, "clv2b_realised": split.growth})

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
        model: Any = self.purchase_model
        if not isinstance(model, PurchaseModel) or model.process.is_discrete:
            must = "a purchase model of continuous time, such as ParetoNBDModel(horizon=52, unit='W')"
            raise ParameterError.must_be("CLVModel", "purchase_model", must, model)
        for name, is_usable, must in self._ranges():
            if not is_usable:
                raise ParameterError.must_be("CLVModel", name, must, getattr(self, name))
        check_level("CLVModel", self.level)
        object.__setattr__(self, "purchase_model", dataclasses.replace(model))
        self.segment_labels()

    def _ranges(self) -> Iterator[tuple[str, bool, str]]:
        """Parameters, whether they are in range, and what they must be."""
        horizon, rate, margin, theta = self.horizon_years, self.discount_rate_annual, self.margin, self.theta
        generations: Any = self.generations
        reference: Any = self.price_reference
        kappa, shrinkage, n = self.kappa, self.shrinkage, self.n_draws
        yield "horizon_years", is_number(horizon) and 0 < horizon < math.inf, "a number above 0"
        must = "a number, 0 or more, such as 0.1 for 10 % a year"
        yield "discount_rate_annual", is_number(rate) and 0 <= rate < math.inf, must
        yield "margin", margin is None or (is_number(margin) and 0 < margin <= 1), "None, or a share above 0, up to 1"
        yield "theta", is_number(theta) and 0 <= theta <= 1, "a probability from 0 to 1"
        yield "shrinkage", is_number(shrinkage) and 0 <= shrinkage < math.inf, "a number, 0 or more"
        yield "kappa", kappa is None or (is_number(kappa) and kappa >= 0), "None, or a number, 0 or more"
        yield "n_draws", is_whole(n) and 1 <= n <= _MOST_DRAWS, f"a whole number from 1 to {_MOST_DRAWS:,}"
        is_all = isinstance(generations, str) and generations == "all"
        yield "generations", is_all or (is_whole(generations) and generations == 1), "1 or 'all'"
        named = isinstance(reference, str) and reference in _REFERENCES
        must = "'new_customers', 'own_first', 'list', 'column', or a share of the list price from 0 to below 1"
        yield "price_reference", named or (is_number(reference) and 0 <= reference < 1), must
        yield "tiers", are_tiers(self.tiers), "'quartiles', 'abc', or ascending amounts of money"

    def _check_record(self, fitted: CLVFit) -> None:
        Inside(self.purchase_model).check_record(fitted.purchase)
        n = fitted.purchase.n_customers
        is_so = n == fitted.n_customers or self.purchase_model.weight is not None
        require(is_so, f"fitted.purchase.n_customers is {n:g}, and fitted.n_customers {fitted.n_customers}")
        check_record(
            fitted,
            kappa=self.kappa,
            tiers=self.tiers,
            theta=self.theta,
            generations=self.generations,
            price_reference=self.price_reference,
        )

    def _made(self, base: CustomerBase, fitted: CLVFit | None) -> Accounts:
        """Accounts of customers: to fit, or by the benchmarks of a fit, which must have known no more than is known of them."""
        if fitted is not None and (missing := sorted(set(fitted.roles) - roles_of(base))):
            problem = (
                f"it lacks {', '.join(missing)}, which the model was fitted with; hand them over, or fit a model without them"
            )
            raise DataError("CLVModel", [problem], "customer base")
        return self._accounts(base, None if fitted is None else fitted.benchmarks)

    def _accounts(self, base: CustomerBase, benchmarks: Benchmarks | None) -> Accounts:
        return accounts_of(
            base,
            unit=self.purchase_model.unit,
            discount_rate=math.log1p(self.discount_rate_annual) / _DAYS_PER_YEAR,
            margin=self.margin,
            price_reference=self.price_reference,
            shrinkage=self.shrinkage,
            benchmarks=benchmarks,
        )

    def _open(self, data: Any, fitted: CLVFit | None = None) -> AccountsTable:
        source = None
        if isinstance(data, Orders | CustomerBase):
            base = as_base(data)
            # To fit, this is the first of two steps.
            with nullcontext() if fitted is not None else Progress("CLVModel.fit", "steps", 2):
                made, log = self._made(base, fitted), log_of(base.orders)
            data, source = log.native(made.frame), self._source(roles_of(base), made, fitted)
            data = engine_of(data).indexed(data, self.key)
        table = open_table(data, self.key, "CLVModel")
        return AccountsTable(table.frame, table.key, table.origin, table.index, source)

    def _source(self, roles: frozenset[str], made: Accounts, fitted: CLVFit | None) -> Origin:
        """Where accounts of a log come from; what is odd in its lines is said of a fit."""
        counts = {"n_returns": made.n_returns, "n_above_list": made.n_above_list, "n_below_cost": made.n_below_cost}
        notes = identified_by(roles, self.margin, self.price_reference, {} if fitted is not None else counts)
        return Origin(notes, tuple(sorted(roles)), made.benchmarks, made.is_one_cohort)

    def _read(self, table: Table) -> AccountsRead:
        columns = linked(self._columns_of(table), table)
        source = table.source if isinstance(table, AccountsTable) else None
        return AccountsRead(columns, Origin(notes_of_accounts(columns)) if source is None else source)

    def _advice(self, table: Table) -> str:
        call = call_for_log(table.frame, table.key) or "crm.Orders(frame, customer=..., time=..., amount=...)"
        return (
            f"CLVModel reads orders, of which it makes these columns: pass the order log, {call}, or crm.CustomerBase(orders, ...) "
            "with referrals and costs beside it; of tables it reads only what CLVModel.accounts returned"
        )

    def _conflicts(self, values: Values) -> Iterable[Conflict]:
        return Inside(self.purchase_model).conflicts(values)

    def _concerns(self, values: AccountsRead, fitted: CLVFit) -> Iterable[CrmModelsWarning]:
        yield from Inside(self.purchase_model).concerns(values.columns, fitted.purchase)
        if values.origin.is_one_cohort:
            yield OneCohortWarning(_ONE_COHORT)

    def _fit(self, values: AccountsRead) -> CLVFit:
        columns = values.columns
        with Progress("CLVModel.fit", "steps", 2) as progress:
            progress(1)
            purchase, valuation = Inside(self.purchase_model).fit(columns), self._valuation()
            return learn(columns, values.origin, purchase, valuation, kappa=self.kappa, theta=self.theta, tiers=self.tiers)

    def _score(self, values: AccountsRead, fitted: CLVFit) -> Mapping[str, AnyArray]:
        found, drawn = self._values(values.columns, fitted), self._drawn(fitted, self.n_draws, 0)
        with Progress("CLVModel.score", "draws") as progress:
            limits = limits_of(values.columns, self._valuation(), drawn, level=self.level, on_draw=progress)
        return {
            **dict(zip(COMPONENTS, found.components, strict=True)),
            "realised": found.realised.sum(axis=0),
            "future": found.future.sum(axis=0),
            "own": found.own,
            "clv": found.clv,
            "retained": found.retained,
            "lower": limits.lower,
            "upper": limits.upper,
        }

    def _segment(self, values: AccountsRead, fitted: CLVFit) -> IntArray:
        codes: IntArray = np.searchsorted(fitted.tier_bounds, self._values(values.columns, fitted).clv, side="right")
        return codes

    def _measures(self, values: AccountsRead, codes: IntArray, fitted: CLVFit) -> Mapping[str, AnyArray]:
        found, n = self._values(values.columns, fitted), len(self.segment_labels())
        sums = {
            f"mean_{name}": group_means(codes, component, n)
            for name, component in zip(COMPONENTS, found.components, strict=True)
        }
        return {"clv": group_sums(codes, found.clv, n), "mean_clv": group_means(codes, found.clv, n), **sums}

    def _valuation(self) -> Valuation:
        process, unit = self.purchase_model.process, self.purchase_model.unit
        return valuation_of(process, unit, self.discount_rate_annual, self.horizon_years, self.generations)

    def _pricing(self) -> Pricing:
        benchmarks = None if self._record is None else self._record.benchmarks
        return Pricing(self.margin, self.price_reference, self.shrinkage, self.discount_rate_annual, benchmarks)

    def _values(self, values: Values, fitted: CLVFit) -> Values6:
        with self._watched("values"):
            return self._valuation().values(values, fitted.purchase.values, money_of(fitted, self.theta))

    def _drawn(self, fitted: CLVFit, n_draws: int, rng: np.random.Generator | int | None) -> Sequence[ParameterDraw]:
        return draw(fitted, money_of(fitted, self.theta), n_draws, np.random.default_rng(rng))

    def _draws(self, values: Values, fitted: CLVFit, n_draws: int, rng: np.random.Generator | int | None) -> Iterable[Values6]:
        valuation = self._valuation()
        for one in self._drawn(fitted, n_draws, rng):
            yield valuation.values(values, one.purchase, one.money)

    def _noted(self, answer: Any, values: AccountsRead, fitted: CLVFit) -> Any:
        return with_notes(answer, self._notes_on(values, fitted))

    def _notes_on(self, read: AccountsRead, fitted: CLVFit) -> Mapping[str, str]:
        """What is behind each component of these customers: as the fit says, or as they do where accounts were fitted, which say little."""
        return read.origin.identified if fitted.benchmarks is None else fitted.identified


def _check_thetas(thetas: Any) -> list[float]:
    """Probabilities as a list; ParameterError if they are none."""
    must = "probabilities from 0 to 1, at least one, such as (0, 0.5, 1)"
    if isinstance(thetas, str):
        raise ParameterError.must_be("theta_sensitivity", "thetas", must, thetas)
    try:
        given = [value.item() if hasattr(value, "item") else value for value in thetas]
    except TypeError:
        raise ParameterError.must_be("theta_sensitivity", "thetas", must, thetas) from None
    if not given or not all(is_number(value) and 0 <= value <= 1 for value in given):
        raise ParameterError.must_be("theta_sensitivity", "thetas", must, thetas)
    return [float(value) for value in given]
