"""CLV: six components of customer lifetime value that add up, realised and to come."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, ClassVar, Final, Literal, Self

import numpy as np
import pandas as pd

from crmmodels._frozen import seal
from crmmodels._typing import AnyArray, IntArray, Language
from crmmodels.base import BaseModel, Values
from crmmodels.data.accounts import ACCOUNT_COLUMNS, OPTIONAL_COLUMNS, Accounts, accounts_of
from crmmodels.data.benchmarks import Benchmarks
from crmmodels.data.customer_base import CustomerBase
from crmmodels.data.orders import Orders
from crmmodels.data.schema import Column, Conflict, count_of, read_values
from crmmodels.data.tables import Table, open_table
from crmmodels.exceptions import CrmModelsWarning, DataError, OneCohortWarning, ParameterError, warn
from crmmodels.kernels.grouping import group_means, group_sums
from crmmodels.kernels.periods import DAYS_PER_UNIT
from crmmodels.models.beta_geo import BetaGeoModel
from crmmodels.models.clv_claims import claims_of
from crmmodels.models.clv_explain import explain_lines
from crmmodels.models.clv_fit import COMPONENTS, CLVFit
from crmmodels.models.clv_learning import identified_by, learn
from crmmodels.models.clv_sampling import CLVDraws, draw
from crmmodels.models.clv_value import MoneyParameters, Values6, own_values, residual_of, with_referrals
from crmmodels.models.labels import read_labels
from crmmodels.models.modified_beta_geo import ModifiedBetaGeoModel
from crmmodels.models.nbd import NBDModel
from crmmodels.models.parameters import is_number, is_whole
from crmmodels.models.parametric_fit import check_level
from crmmodels.models.pareto_nbd import ParetoNBDModel
from crmmodels.models.purchase import PurchaseModel

_DAYS_PER_YEAR: Final = DAYS_PER_UNIT["Y"]
_VALUE_ROLES: Final = frozenset(
    ("quantity", "list_price", "unit_cost", "category", "sku", "channel", "service_cost", "reference_price")
)
_QUARTILES: Final = ("bronze", "silver", "gold", "platinum")
_CLASSES: Final = ("C", "B", "A")
_CHINESE: Final = {"bronze": "青铜", "silver": "白银", "gold": "黄金", "platinum": "铂金"}


_PURCHASE_MODELS: Final[tuple[type[PurchaseModel[Any]], ...]] = (NBDModel, BetaGeoModel, ModifiedBetaGeoModel, ParetoNBDModel)


def _default_purchase_model() -> PurchaseModel[Any]:
    return ParetoNBDModel(horizon=52, unit="W")


@dataclass(frozen=True, kw_only=True)
class CLVModel(BaseModel[CLVFit]):
    r"""Customer lifetime value in six components that add up to it: CLV = CLV1 + … + CLV6.

    Use it to see where the value of customers comes from: the initial purchase (CLV1), repeat purchases (CLV2), purchases in other
    categories (CLV3), cheaper service (CLV4), customers brought in (CLV5), and a higher price (CLV6). It is accounting of the past and
    expectation of the future, not causal; what the data cannot tell apart is said in ``fitted.identified``, never a silent zero.

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
        Draws of the parameters behind ``lower`` and ``upper``.
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
    Purchase models count the orders of one customer on one day as one. The formulas are in `crmmodels.kernels.value` and `crmmodels.kernels.referral`.

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
        *dict.fromkeys(kind for model in _PURCHASE_MODELS for kind in (model, *model.record_types)),
    )

    def columns(self) -> Sequence[Column]:
        """Columns that the model reads, beside the key; `accounts` makes them of orders."""
        limits: dict[str, dict[str, Any]] = {
            "frequency": {"minimum": 0, "whole": True},
            "age_at_last": {"minimum": 0},
            "age": {"minimum": 0},
            "squares": {"minimum": 0},
        }
        return tuple(Column(name=name, **limits.get(name, {})) for name in ACCOUNT_COLUMNS)

    def score_columns(self) -> Sequence[str]:
        """The six components, how their sum divides, and the interval of the sum."""
        return (*COMPONENTS, "realised", "future", "own", "clv", "retained", "lower", "upper")

    def segment_labels(self) -> Sequence[str]:
        """Segment labels, worst first."""
        return read_labels("CLVModel", self.labels, self._tier_names(), _CHINESE)

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
        benchmarks: Benchmarks | None = None
        roles: frozenset[str] | None = None
        counts: dict[str, int] = {}
        one_cohort = False
        table = data
        if isinstance(data, Orders | CustomerBase):
            base = _as_base(data)
            made = self._accounts(base, None)
            table, benchmarks = base.orders._native(made.frame), made.benchmarks  # noqa: SLF001  (in the kind of the log)
            one_cohort = made.is_one_cohort
            counts = {"n_returns": made.n_returns, "n_above_list": made.n_above_list, "n_below_cost": made.n_below_cost}
            roles = _roles_of(base)
        values = self._read(open_table(table, self.key, "CLVModel"))
        notes = identified_by(roles, self.margin, self.price_reference, counts)
        record = learn(self, values, benchmarks, notes, tuple(sorted(roles or ())))
        for concern in self._concerns(values, record):
            warn(concern)
        if one_cohort:
            warn(
                OneCohortWarning(
                    "CLVModel: there is one cohort only, of one month, so the prices of new customers in later months are not known, and "
                    "those of that month serve for all; clv6 then holds what changed with time, too"
                )
            )
        object.__setattr__(self, "_record", seal(record))
        return self

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
        base = _as_base(data)
        fitted = self._record
        if fitted is not None and (missing := sorted(set(fitted.roles) - _roles_of(base))):
            problem = (
                f"it lacks {', '.join(missing)}, which the model was fitted with; hand them over, or fit a model without them"
            )
            raise DataError("CLVModel", [problem], "customer base")
        made = self._accounts(base, None if fitted is None else fitted.benchmarks)
        return base.orders._native(made.frame)  # noqa: SLF001  (in the kind of the log)

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
        table = self._open(data)
        found = self._values(self._read(table), fitted)
        columns = {
            f"{name}_{when}": part[i]
            for when, part in (("realised", found.realised), ("future", found.future))
            for i, name in enumerate(COMPONENTS)
        }
        return table.answer({**columns, "transfer": found.transfer})

    def sample(self, data: Any, n_draws: int | None = None, rng: np.random.Generator | int | None = 0) -> CLVDraws:
        """Draw the six components of every customer from the uncertainty of the parameters.

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
        """
        fitted = self._fitted_for("sample")
        given = self.n_draws if n_draws is None else n_draws
        if not is_whole(given) or given < 1:
            raise ParameterError.must_be("sample", "n_draws", "a whole number, 1 or more", n_draws)
        table = self._open(data)
        values = self._read(table)
        keys = table.frame[table.key].to_list()
        return CLVDraws(keys, np.stack([part.realised + part.future for part in self._draws(values, fitted, given, rng)]))

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
        values = self._read(self._open(data))
        found = self._values(values, fitted)
        rewards = -float(values["reward"][values["referrer"] >= 0].sum())
        own = float(found.own.sum())
        parts = (found.realised + found.future).sum(axis=1)
        numbers = {
            "own": own,
            "rewards": rewards,
            "customer_equity": own + rewards,
            "future_referrals": float(found.to_be_referred.sum()),
            "sum_of_clv": float(found.clv.sum()),
            **dict(zip(COMPONENTS, parts.tolist(), strict=True)),
            "realised": float(found.realised.sum()),
            "future": float(found.future.sum()),
        }
        return pd.Series(numbers, name="value")

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
        return claims_of(_as_base(data), self.margin, level)

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
            One row per order day, channel and kind of line: ``day, component`` (where the base goes: ``clv1``, ``clv2`` or ``clv3``), ``amount, cost,
            service, reference`` (money that a new customer would have paid), ``new_service``, ``discount_factor``, and ``base, saving, premium``,
            discounted; of the first order ``base`` is its whole contribution. They add up to the realised components before acquisition
            costs and costs without an order.

        Raises
        ------
        DataError
            If there is no such customer.
        """
        base = _as_base(data)
        return explain_lines(base, self, customer, None if self._record is None else self._record.benchmarks)

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
        model = self.purchase_model
        if not isinstance(model, PurchaseModel) or model._whole:  # noqa: SLF001  (models, one concept)
            must = "a purchase model of continuous time, such as ParetoNBDModel(horizon=52, unit='W')"
            raise ParameterError.must_be("CLVModel", "purchase_model", must, model)
        object.__setattr__(self, "purchase_model", type(model)(**model._parameters()))  # noqa: SLF001  (an unfitted copy)
        self._check_numbers()
        self._check_choices()
        check_level("CLVModel", self.level)
        self.segment_labels()

    def _check_numbers(self) -> None:
        low: tuple[tuple[str, Any, bool, str], ...] = (
            (
                "horizon_years",
                self.horizon_years,
                is_number(self.horizon_years) and 0 < self.horizon_years < math.inf,
                "a number above 0",
            ),
            (
                "discount_rate_annual",
                self.discount_rate_annual,
                is_number(self.discount_rate_annual) and 0 <= self.discount_rate_annual < math.inf,
                "a number, 0 or more, such as 0.1 for 10 % a year",
            ),
            (
                "margin",
                self.margin,
                self.margin is None or (is_number(self.margin) and 0 < self.margin <= 1),
                "None, or a share above 0, up to 1",
            ),
            ("theta", self.theta, is_number(self.theta) and 0 <= self.theta <= 1, "a probability from 0 to 1"),
            ("shrinkage", self.shrinkage, is_number(self.shrinkage) and 0 <= self.shrinkage < math.inf, "a number, 0 or more"),
            (
                "kappa",
                self.kappa,
                self.kappa is None or (is_number(self.kappa) and self.kappa >= 0),
                "None, or a number, 0 or more",
            ),
            ("n_draws", self.n_draws, is_whole(self.n_draws) and self.n_draws >= 1, "a whole number, 1 or more"),
        )
        for name, given, is_usable, must in low:
            if not is_usable:
                raise ParameterError.must_be("CLVModel", name, must, given)

    def _check_choices(self) -> None:
        if (
            not isinstance(self.generations, int | str)
            or self.generations not in {1, "all"}
            or isinstance(self.generations, bool)
        ):
            raise ParameterError.must_be("CLVModel", "generations", "1 or 'all'", self.generations)
        reference: Any = self.price_reference
        named = isinstance(reference, str) and reference in {"new_customers", "own_first", "list", "column"}
        if not named and not (is_number(reference) and 0 <= reference < 1):
            must = "'new_customers', 'own_first', 'list', 'column', or a share of the list price from 0 to below 1"
            raise ParameterError.must_be("CLVModel", "price_reference", must, reference)
        tiers: Any = self.tiers
        if isinstance(tiers, str) and tiers in {"quartiles", "abc"}:
            return
        usable = isinstance(tiers, tuple) and 0 < len(tiers) < 100 and all(is_number(t) and math.isfinite(t) for t in tiers)
        if not usable or any(low >= high for low, high in pairwise(tiers)):
            raise ParameterError.must_be("CLVModel", "tiers", "'quartiles', 'abc', or ascending amounts of money", tiers)

    def _tier_names(self) -> Sequence[str]:
        if self.tiers == "quartiles":
            return _QUARTILES
        if self.tiers == "abc":
            return _CLASSES
        return tuple(f"tier {i}" for i in range(len(self.tiers) + 1, 0, -1))

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

    def _open(self, data: Any) -> Table:
        if isinstance(data, Orders | CustomerBase):
            data = self.accounts(data)
            if isinstance(data, pd.DataFrame):
                data = data.set_index(self.key)
        return open_table(data, self.key, "CLVModel")

    def _read(self, table: Table) -> Values:
        """Read the accounts, with 0 in optional columns that are not there, and the position of each customer's referrer."""
        there = [name for name in OPTIONAL_COLUMNS if name in table.frame.columns]
        values = dict(super()._read(table))
        if there:
            values |= read_values(table.frame, [Column(name=name) for name in there], table.key, "CLVModel")
        n = len(values["age"])
        values |= {name: np.zeros(n) for name in OPTIONAL_COLUMNS if name not in there}
        referrer = np.full(n, -1, np.int64)
        if "referrer_id" in table.frame.columns:
            referrer = _positions(table.frame[table.key].to_list(), table.frame["referrer_id"].to_list())
        return {**values, "referrer": referrer.astype(np.float64)}

    def _conflicts(self, values: Values) -> Iterable[Conflict]:
        return self.purchase_model._conflicts(values)  # noqa: SLF001  (the same columns)

    def _fit(self, values: Values) -> CLVFit:
        return learn(self, values, None, identified_by(None, self.margin, self.price_reference, {}))

    def _concerns(self, values: Values, fitted: CLVFit) -> Iterable[CrmModelsWarning]:
        yield from self.purchase_model._concerns(values, fitted.purchase)  # noqa: SLF001

    def _money(self, fitted: CLVFit) -> MoneyParameters:
        return MoneyParameters(
            fitted.kappa,
            fitted.means,
            fitted.service_rates,
            fitted.referral_shape,
            fitted.referral_rate,
            fitted.referral_value,
            self.theta,
        )

    def _horizon(self) -> float:
        """Horizon in the unit of the purchase model."""
        return self.horizon_years * _DAYS_PER_YEAR / DAYS_PER_UNIT[self._unit()]

    def _unit(self) -> Any:
        return self.purchase_model.unit

    def _values_at(self, values: Values, purchase: Any, money: MoneyParameters) -> Values6:
        history = (values["frequency"], values["age_at_last"], values["age"])
        rate = self.purchase_model._rate(self.discount_rate_annual)  # noqa: SLF001
        residual = residual_of(self.purchase_model._process, history, rate, self._horizon(), purchase)  # noqa: SLF001
        realised, future = own_values(values, residual, money)
        referrer: IntArray = values["referrer"].astype(np.int64)
        return with_referrals(realised, future, values, referrer, residual, money=money, generations=self.generations)

    def _values(self, values: Values, fitted: CLVFit) -> Values6:
        return self._values_at(values, fitted.purchase.parameters, self._money(fitted))

    def _draws(self, values: Values, fitted: CLVFit, n_draws: int, rng: np.random.Generator | int | None) -> Iterable[Values6]:
        family = self.purchase_model._family  # noqa: SLF001
        for drawn in draw(fitted, self._money(fitted), n_draws, np.random.default_rng(rng)):
            yield self._values_at(values, family.parameters(*drawn.purchase.tolist()), drawn.money)

    def _score(self, values: Values, fitted: CLVFit) -> Mapping[str, AnyArray]:
        found = self._values(values, fitted)
        totals = found.realised + found.future
        drawn = np.stack([part.clv for part in self._draws(values, fitted, self.n_draws, 0)])
        low, high = np.quantile(drawn, [0.5 - 0.5 * self.level, 0.5 + 0.5 * self.level], axis=0)
        return {
            **dict(zip(COMPONENTS, totals, strict=True)),
            "realised": found.realised.sum(axis=0),
            "future": found.future.sum(axis=0),
            "own": found.own,
            "clv": found.clv,
            "retained": found.retained,
            "lower": low,
            "upper": high,
        }

    def _segment(self, values: Values, fitted: CLVFit) -> IntArray:
        codes: IntArray = np.searchsorted(fitted.tier_bounds, self._values(values, fitted).clv, side="right")
        return codes

    def _measures(self, values: Values, codes: IntArray, fitted: CLVFit) -> Mapping[str, AnyArray]:
        found, n = self._values(values, fitted), len(self.segment_labels())
        totals = found.realised + found.future
        sums = {f"mean_{name}": group_means(codes, totals[i], n) for i, name in enumerate(COMPONENTS)}
        return {"clv": group_sums(codes, found.clv, n), "mean_clv": group_means(codes, found.clv, n), **sums}


def _roles_of(base: CustomerBase) -> frozenset[str]:
    """Roles of the log that value reads, and parts of the base."""
    parts = {name for name in ("referrals", "acquisition_costs", "service_costs") if getattr(base, name) is not None}
    return frozenset(_VALUE_ROLES & set(base.orders.roles)) | parts


def _as_base(data: Any) -> CustomerBase:
    if isinstance(data, CustomerBase):
        return data
    if isinstance(data, Orders):
        return CustomerBase(data)
    must = "an order log (crm.Orders) or a customer base (crm.CustomerBase)"
    raise ParameterError.must_be("CLVModel", "data", must, type(data).__name__)


def _positions(customers: Sequence[Any], referrers: Sequence[Any]) -> IntArray:
    """Position of each customer's referrer among the customers; -1 for nobody."""
    given = pd.Series(list(referrers), dtype=object)
    position = pd.Index(customers).get_indexer(pd.Index(given)).astype(np.int64)
    absent = given.isna().to_numpy()
    lost = (position < 0) & ~absent
    if lost.any():
        shown = given[lost].drop_duplicates().head(3).tolist()
        problem = (
            f"{count_of(int(lost.sum()), 'customer')} whose referrer is not among the customers (such as {shown}); the value of referrals "
            "needs both: hand over the whole base"
        )
        raise DataError("CLVModel", [problem])
    return np.where(absent, -1, position)
